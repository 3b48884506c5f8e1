#ifndef BANDSTAND_DATABASE_H
#define BANDSTAND_DATABASE_H

/* Naming a database on the command line, and seeing it at a point in time. */

#include "cli.h"
#include "datom/datom.h"

struct database_args {
    const char *dir;
    bool memory;
    const char *url;
};

#define DATABASE_OPTIONS(args)                                                                     \
    {"db", CLI_TEXT, &(args)->dir, "DIR", "a store on disk"},                                      \
        {"memory", CLI_FLAG, &(args)->memory, NULL, "an empty store in memory, gone at exit"},     \
    {                                                                                              \
        "connect", CLI_TEXT, &(args)->url, "URL", "a running server (not built yet)"               \
    }

enum database_mode {
    DATABASE_READ,          /* beside a writing process too */
    DATABASE_WRITE,         /* creates the store; refused while another process writes */
    DATABASE_WRITE_OR_READ, /* writes if it can, else reads and says so on stderr */
};

/* Checks the arguments (exactly one of the three) and opens. *ret_exit is set on failure. */
bool database_open(const struct cli_command *command, const struct database_args *args,
                   enum database_mode mode, struct datom_conn **ret_conn, int *ret_exit);

struct view_args {
    const char *as_of;
    const char *since;
    bool history;
};

#define VIEW_OPTIONS(args)                                                                         \
    {"as-of", CLI_TEXT, &(args)->as_of, "T",                                                       \
     "as it was at T: a t, a transaction's id, or #inst \"...\""},                                 \
        {"since", CLI_TEXT, &(args)->since, "T", "only what was added after T"},                   \
    {                                                                                              \
        "history", CLI_FLAG, &(args)->history, NULL, "everything that ever was said"               \
    }

/* The newest value of a connection through the view. The caller unrefs it. */
BS_MUST_CHECK enum bs_code database_view(struct datom_conn *conn, const struct view_args *args,
                                         struct datom_db **ret_db, struct bs_error *error);

/* The same of any value, which stays the caller's. */
BS_MUST_CHECK enum bs_code database_view_of(struct datom_db *db, const struct view_args *args,
                                            struct datom_db **ret_db, struct bs_error *error);

/* Reads an EDN argument; errors name it. */
BS_MUST_CHECK enum bs_code database_read_edn(const char *what, const char *text,
                                             struct bs_arena *arena, struct edn *ret_value,
                                             struct bs_error *error);

#endif
