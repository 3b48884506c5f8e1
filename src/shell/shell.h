#ifndef SHELL_SHELL_H
#define SHELL_SHELL_H

/*
 * The shell's language (docs/shell.md): EDN forms of which lists are calls and bare symbols are
 * names, over one open database and, where there are any, its procedures.
 *
 *     struct shell *shell = shell_new(&(struct shell_options){.conn = conn});
 *     bool failed = shell_run_batch(shell, STDIN_FILENO, STDOUT_FILENO);
 *     shell_free(shell);
 *
 * The caller serializes; shell_interrupt alone may come from anywhere, signal handlers too.
 */

#include <stdbool.h>

#include "base/base.h"
#include "datom/datom.h"
#include "edn/edn.h"
#include "shell/value.h"

struct rpc_dispatcher;
struct universe;
struct shell;

/* Where procedures come from, when the first call or fork asks for them. */
struct shell_procedures {
    /* Makes a universe over the shell's connection, and a dispatcher, started, with services on it.
     * Nothing is written to the store. Both outlive the shell. */
    enum bs_code (*open)(void *self, struct datom_conn *conn, struct universe **ret_universe,
                         struct rpc_dispatcher **ret_dispatcher, struct bs_error *error);
    /* Puts the schema that procedures need into a store or a fork of it, where missing: before the
     * first call there that may write. */
    enum bs_code (*install)(void *self, struct datom_conn *conn, struct bs_error *error);
    void *self;
};

struct shell_options {
    struct datom_conn *conn;                   /* a reference is taken */
    const struct shell_procedures *procedures; /* borrowed; NULL: there are none */
};

/* Never NULL. shell_free takes NULL. */
BS_API struct shell *shell_new(const struct shell_options *options);
BS_API void shell_free(struct shell *shell);
BS_API void shell_freep(struct shell **shell); /* for BS_CLEANUP */

/* ---- evaluating ---- */

/*
 * Runs one form that was read (by a reader with allow_unquote). The result lives until the next
 * form is run; it is *1 then. A failure carries the reason, and as fields what is known of the
 * place. Texts that the form borrows must stand until this returns.
 */
BS_API BS_MUST_CHECK enum bs_code shell_eval(struct shell *shell, struct edn form,
                                             struct edn *ret_value, struct bs_error *error);
/* The same from text that holds exactly one form. */
BS_API BS_MUST_CHECK enum bs_code shell_eval_text(struct shell *shell, struct bs_str text,
                                                  struct edn *ret_value, struct bs_error *error);

/* Makes the query, walk, call or sync of the form under way (else of the next) end as
 * RPC_CANCELLED. Async-signal-safe. */
BS_API void shell_interrupt(struct shell *shell);

/* Appends `#error {:code :db.error/cas-failed, :category :conflict, :message "...", ...}`. */
BS_API void shell_print_error(const struct bs_error *error, struct bs_buf *out);

/* ---- running ---- */

/*
 * Reads forms from a file descriptor to its end; each prints one line of EDN to the other, written
 * before the next is run. After a syntax error the next line goes on. Returns whether any form
 * failed; *ret_code says how reading or writing failed (EPIPE is an ordinary end).
 */
BS_API BS_MUST_CHECK enum bs_code shell_run_batch(struct shell *shell, int input, int output,
                                                  bool *ret_any_failed, struct bs_error *error);

/*
 * The same for a person at a terminal, on stdin and stdout: line editing, history, completion,
 * pretty results. Ends at Ctrl-D. Takes over SIGINT while it runs.
 */
BS_API void shell_run_terminal(struct shell *shell);

#endif
