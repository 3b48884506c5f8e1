#ifndef UNIVERSE_UNIVERSE_H
#define UNIVERSE_UNIVERSE_H

/*
 * Everything that a procedure may touch, in one plain struct: the database, the time, chance, the
 * outside world, and who is calling. A procedure reads no clock, no environment and no global, so
 * it works on any universe that it is handed: the server's, a test's, a fork.
 *
 *     struct universe *world;                          // whoever makes it configures it
 *     BS_TRY(universe_new(&(struct universe_options){.conn = conn}, &world, error));
 *     struct universe call;
 *     universe_begin(world, arena, &call);             // what a procedure gets: newest db, now
 *     ... concert_add(&call, &request, &response, error) ...
 *     universe_end(&call);
 *
 * A fork holds what its parent holds at that moment; from then on neither sees anything of the
 * other, and nothing leaves a fork: its mails go to a double, its time stands until it is put.
 * Forks fork. Ids and ts that are given after a fork mean something in that universe only; never
 * let them out of the process.
 *
 * Threads: a universe from universe_new or universe_fork may be used from any thread; the copy that
 * universe_begin makes belongs to one call.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "datom/datom.h"
#include "rpc/call.h"
#include "services/services.h"

struct universe_shared;

/* Who calls. All zero: nobody that is known. */
struct universe_caller {
    bool is_signed_in;
    bool is_operator;      /* may do as they please with the database */
    datom_id user;         /* the user's entity */
    datom_id session;      /* the session that they came with; DATOM_NO_ID when without */
    struct bs_str user_id; /* :user/id */
};

struct universe {
    /* What there is, the same for all calls. */
    struct datom_conn *conn;
    struct bs_clock clock; /* for universe_begin; procedures take now_ms */
    const struct services_mail *mail;
    struct bs_str public_url;       /* where the public finds us: "https://example.org", no slash */
    struct universe_shared *shared; /* chance, the outbox's state: this room's */

    /* What one call has; zero but in the copies that universe_begin makes. */
    struct datom_db *db; /* the value as the call began; what the call transacts is not in it */
    int64_t now_ms;      /* the only time that a procedure knows, ms since 1970 UTC */
    struct bs_arena *arena;
    const struct bs_interrupt *interrupt; /* deadline and cancellation; may be NULL */
    struct rpc_call *call;                /* NULL when called without a dispatcher */
    struct bs_str procedure;              /* "bandstand.v1.FanService/Subscribe"; may be empty */
    struct universe_caller caller;
    uint64_t
        basis_t; /* of the value that the answer is made from: db's, or the last transaction's */
    bool is_dry; /* a fork that is made for this call alone */

    uint64_t ordinal;      /* of the call, for chance: see universe_random */
    uint64_t secrets_used; /* blocks of secrets that were drawn */
    bool has_seed;
    int64_t seed; /* of `ids`; stands on the call's transactions */
    struct bs_random ids;
};

struct universe_options {
    struct datom_conn *conn;          /* a reference is taken */
    struct bs_clock clock;            /* .now_ms NULL: the machine's */
    const struct services_mail *mail; /* borrowed; NULL: a double of its own */
    struct bs_str public_url;         /* borrowed; for links in mails */
    bool as_it_stands;                /* the store is not written to: its schema may be missing */
    bool has_seed; /* chance repeats from `seed`: for tests. Else from the operating system */
    uint64_t seed;
};

/* Installs this room's schema where it is missing, but for `as_it_stands`. */
BS_API BS_MUST_CHECK enum bs_code universe_new(const struct universe_options *options,
                                               struct universe **ret_universe,
                                               struct bs_error *error);
/* Puts this room's schema (users, sessions, mails, ...) into a store, where missing. */
BS_API BS_MUST_CHECK enum bs_code universe_install_schema(struct datom_conn *conn,
                                                          struct bs_error *error);
/*
 * A fork of the newest state: conn of its own, a double for each service, a clock that stands at
 * the parent's now, chance from the parent's and the number of the fork. The parent may go before
 * it. Mails that the parent has not sent are not the fork's to send. Microseconds.
 */
BS_API BS_MUST_CHECK enum bs_code universe_fork(const struct universe *parent,
                                                struct universe **ret_fork, struct bs_error *error);
/* The same from a value of the parent's (as datom_conn_fork takes them). */
BS_API BS_MUST_CHECK enum bs_code universe_fork_of(const struct universe *parent,
                                                   struct datom_db *db, struct universe **ret_fork,
                                                   struct bs_error *error);
/* Frees what universe_new and universe_fork made; no call may be under way. Takes NULL. */
BS_API void universe_free(struct universe *universe);
BS_API void universe_freep(struct universe **universe); /* for BS_CLEANUP */

/* Forks and universes without a mail service: the double. NULL for others. Borrowed. */
BS_API struct services_mail_double *universe_mail_double(const struct universe *universe);
/* The time now, by the universe's clock. */
BS_API int64_t universe_now_ms(const struct universe *universe);
/* Puts a fork's clock. BS_ASSERTs that the clock is the fork's own. */
BS_API void universe_set_now_ms(struct universe *fork, int64_t now_ms);

/* A call's copy: the newest db, now, a number for chance. `arena` is borrowed for the call. */
BS_API void universe_begin(const struct universe *universe, struct bs_arena *arena,
                           struct universe *ret_call);
BS_API void universe_end(struct universe *call);

/* ---- chance ---- */

/*
 * Both kinds come from the universe's seed and the call's number: the same calls in the same order
 * in a universe with the same seed draw the same.
 */

/* A new public id: 24 hex digits, in the call's arena. Not a secret: its seed is kept. */
BS_API struct bs_str universe_new_id(struct universe *call);
/* Bytes that nobody can guess who does not know the universe's seed, which is kept nowhere. */
BS_API void universe_new_secret(struct universe *call, void *ret_bytes, size_t size);

/* ---- reading ---- */

/*
 * Facts of an entity, copied into the arena. `attribute` is an ident without colon; when the store
 * does not have it, nothing is found (so procedures run on any store).
 */

/* nil when there is none. */
BS_API BS_MUST_CHECK enum bs_code universe_get(struct datom_db *db, struct bs_arena *arena,
                                               datom_id e, const char *attribute,
                                               struct edn *ret_value, struct bs_error *error);
/* With a NUL after it; empty when there is none, or something else than text. */
BS_API BS_MUST_CHECK enum bs_code universe_get_text(struct datom_db *db, struct bs_arena *arena,
                                                    datom_id e, const char *attribute,
                                                    struct bs_str *ret_text,
                                                    struct bs_error *error);
/* Longs, instants (ms) and refs; false in *ret_found when there is none. */
BS_API BS_MUST_CHECK enum bs_code universe_get_long(struct datom_db *db, datom_id e,
                                                    const char *attribute, int64_t *ret_long,
                                                    bool *ret_found, struct bs_error *error);
/* The entity that a ref leads to; DATOM_NO_ID when there is none. */
BS_API BS_MUST_CHECK enum bs_code universe_get_ref(struct datom_db *db, datom_id e,
                                                   const char *attribute, datom_id *ret_id,
                                                   struct bs_error *error);
/* All values of an attribute of cardinality many, added to the list. */
BS_API BS_MUST_CHECK enum bs_code universe_get_all(struct datom_db *db, datom_id e,
                                                   const char *attribute, struct edn_list *list,
                                                   struct bs_error *error);
/* The holder of a value of a unique or indexed attribute; DATOM_NO_ID when there is none. */
BS_API BS_MUST_CHECK enum bs_code universe_find(struct datom_db *db, const char *attribute,
                                                struct edn value, datom_id *ret_id,
                                                struct bs_error *error);

/* Entities, in the order found; growing in an arena. */
struct universe_ids {
    struct bs_arena *arena;
    datom_id *ids;
    size_t count;
    size_t capacity;
};
/* The entities that refer to one by a ref attribute, added to the list. */
BS_API BS_MUST_CHECK enum bs_code universe_find_referring(struct datom_db *db,
                                                          const char *attribute, datom_id target,
                                                          struct universe_ids *ids,
                                                          struct bs_error *error);
BS_API void universe_ids_add(struct universe_ids *ids, datom_id id);

/* ---- writing ---- */

/* The data of one transaction, growing in a call's arena. */
struct universe_tx {
    struct edn_list forms;
};

/* Names an entity in tx-data: one that exists, or a new one by a tempid of this transaction. */
static inline struct edn universe_entity(datom_id id)
{
    return edn_long((int64_t)id);
}
#define universe_tempid(literal) EDN_STRING_LIT(literal)

BS_API void universe_tx_init(struct universe_tx *tx, const struct universe *call);
/* [:db/add e attribute value] */
BS_API void universe_tx_add(struct universe_tx *tx, struct edn e, const char *attribute,
                            struct edn value);
/* [:db/retract e attribute value] */
BS_API void universe_tx_retract(struct universe_tx *tx, struct edn e, const char *attribute,
                                struct edn value);
/* [:db/cas e attribute old new]; `old` nil: there is none yet. */
BS_API void universe_tx_cas(struct universe_tx *tx, struct edn e, const char *attribute,
                            struct edn old, struct edn new);
/* [:db/retractEntity e] */
BS_API void universe_tx_retract_entity(struct universe_tx *tx, datom_id e);

struct universe_mail {
    const char *kind; /* "subscription-confirmation" */
    struct bs_str to;
    struct bs_str subject; /* control characters become blanks: it is one line of a head */
    struct bs_str text;
};
/* A mail to be sent when, and only if, the transaction comes to be. `tempid` is a literal that is
 * not used otherwise in the transaction. */
BS_API void universe_tx_mail(struct universe_tx *tx, struct universe *call, struct edn tempid,
                             const struct universe_mail *mail);

/*
 * Transacts, with who, what, when and the seed of the call on the transaction itself. *ret_db is
 * the value right after it, kept by the arena; may be NULL. The run slot is given up while the disk
 * is waited for. Handle: DB_UNIQUE_CONFLICT, DB_CAS_FAILED.
 */
BS_API BS_MUST_CHECK enum bs_code universe_transact(struct universe *call, struct universe_tx *tx,
                                                    struct datom_db **ret_db,
                                                    struct bs_error *error);
/* The same with the whole report, which the arena keeps. */
BS_API BS_MUST_CHECK enum bs_code universe_transact_report(struct universe *call,
                                                           struct universe_tx *tx,
                                                           const struct datom_report **ret_report,
                                                           struct bs_error *error);
/* The newest value of the call's conn, kept by the arena: to try again after a conflict. */
BS_API struct datom_db *universe_newest_db(struct universe *call);

/*
 * Transacts what is missing or differs of a vector of maps with :db/ident each (a schema); nothing
 * when all is there.
 */
BS_API BS_MUST_CHECK enum bs_code universe_install(struct datom_conn *conn, struct bs_str text,
                                                   struct bs_error *error);

/* ---- passwords, tokens ---- */

/* "scrypt$LOG_N$R$P$SALT$HASH" of a password, in the call's arena, with a salt of the call's. */
BS_API struct bs_str universe_hash_password(struct universe *call, struct bs_str password);
/* Whether a password is the one; takes as long when `hash` is empty, or none of ours. */
BS_API bool universe_check_password(struct bs_str hash, struct bs_str password);
/* A new token (43 characters), in the call's arena. */
BS_API struct bs_str universe_new_token(struct universe *call);
/* What of a token is stored: its SHA-256 as 64 hex digits, in the arena. */
BS_API struct bs_str universe_hash_token(struct bs_arena *arena, struct bs_str token);
/* Tells a browser to keep (or, with an empty token, to forget) the session's token as a cookie. For
 * calls over other transports nothing. */
BS_API void universe_set_session(struct universe *call, struct bs_str token, int64_t expires_ms);

/* ---- on a dispatcher ---- */

/* What an access rule's resource kind means: how its id is found, and whose it is. */
struct universe_resource {
    const char *kind;          /* "campaign" */
    const char *id_attribute;  /* "campaign/id": unique, a string */
    const char *org_attribute; /* "campaign/org": ref to the org; NULL: it is the org */
    enum bs_reason not_found;  /* raised when there is none with the id */
};

/*
 * Registers what rpc leaves to us: credentials to callers, access rules, min-basis-t, as-of and
 * dry-run, and a call's universe (hooks for "struct universe"). Before services are registered.
 * `resources` and `universe` are borrowed and outlive the dispatcher. The kind "database" is ours:
 * the empty name is the server's one database, role "operator".
 *
 * A call inside the process may bring its universe (rpc_client_options.context): a copy made by
 * universe_begin. Then that one's database decides, and its caller, when somebody is signed in
 * there, holds without a token.
 */
BS_API void universe_register(struct universe *universe, struct rpc_dispatcher *dispatcher,
                              const struct universe_resource *resources, size_t resources_count);

/* ---- the outbox ---- */

/*
 * Sends what is due at the universe's now, each at most once more, and records how it ended: sent,
 * to be tried again later, or failed for good. *ret_sent may be NULL. A mail may reach the service
 * twice when a crash lies between sending and recording; its id is the same then.
 */
BS_API BS_MUST_CHECK enum bs_code universe_deliver_due(const struct universe *universe,
                                                       size_t *ret_sent, struct bs_error *error);
/* When the next mail is due; false when none is waiting. */
BS_API BS_MUST_CHECK enum bs_code universe_next_due_ms(const struct universe *universe,
                                                       int64_t *ret_ms, bool *ret_found,
                                                       struct bs_error *error);

/* Delivers as mails become due, on a thread of its own, until it is stopped. */
struct universe_deliverer;
BS_API BS_MUST_CHECK enum bs_code
universe_deliverer_start(const struct universe *universe, struct universe_deliverer **ret_deliverer,
                         struct bs_error *error);
/* Ends after the mail under way. Takes NULL. */
BS_API void universe_deliverer_stop(struct universe_deliverer *deliverer);

#endif
