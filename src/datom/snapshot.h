#ifndef DATOM_SNAPSHOT_H
#define DATOM_SNAPSHOT_H

/*
 * Frozen states of a store. A snapshot is named by the t and the schema of its state; from then on
 * it can be taken back under its holders: the engine's snapshot and all iterators on it are closed,
 * and its readers get the same answers "as of its own t" out of the store's newest state (branch.h;
 * what noHistory has forgotten and what was erased since are not there). So values may be held for
 * days without pinning old data, the engine may be closed and opened again behind them, and a
 * read-only store, whose engine has no snapshots, has values too.
 *
 * When that happens: on stores that are written, when a snapshot was superseded for `hold_ms`, by
 * whoever publishes or takes a value then, or by a thread of the store's when nobody does; on
 * read-only stores with each catch-up; for all at once between datom_store_stop and
 * datom_store_resume.
 *
 * Reading counts itself in and out of the store (datom_store_enter, datom_store_leave), around no
 * more than a batch of a cursor; what is said of gate.h holds. Any thread.
 */

#include "base/base.h"
#include "datom/kv.h"

struct datom_schema;
struct datom_snapshot;
struct datom_store;

/* Without a name yet: only its taker reads it. */
struct datom_snapshot *datom_snapshot_take(struct datom_store *store);
/*
 * Says what it is the state of, and makes it the newest. Once, before it is shared. Those who write
 * a store name what they wrote before the next write begins.
 */
void datom_snapshot_name(struct datom_snapshot *snapshot, uint64_t t, struct datom_schema *schema);
struct datom_snapshot *datom_snapshot_ref(struct datom_snapshot *snapshot);
void datom_snapshot_unref(struct datom_snapshot *snapshot);
struct datom_store *datom_snapshot_store(const struct datom_snapshot *snapshot);
/* Of its name, borrowed; NULL without. */
struct datom_schema *datom_snapshot_schema(const struct datom_snapshot *snapshot);
/* False once it was taken back: it answers from the past of the store. Inside the store. */
bool datom_snapshot_is_live(const struct datom_snapshot *snapshot);

/* ---- being inside ---- */

/* NULL (memory): nothing. Iterators are opened, moved, closed inside only. */
void datom_store_enter(struct datom_store *store);
void datom_store_leave(struct datom_store *store);
/* Changes whenever iterators were taken back since: they must be woken before they move. Inside. */
uint64_t datom_store_epoch(const struct datom_store *store);

/* ---- reading ---- */

/*
 * A record, held by a pin that datom_pin_release gives back soon, on the same thread (pins are
 * plain values; release of a zeroed one does nothing). A pin is inside the store.
 */
struct datom_pin {
    void *slice; /* the engine's */
    void *owned; /* or a copy, malloced by whoever filled it in */
    struct datom_store *store;
};
BS_MUST_CHECK enum bs_code datom_snapshot_get(struct datom_snapshot *snapshot,
                                              enum datom_family family, struct bs_str key,
                                              struct datom_pin *ret_pin, struct bs_str *ret_record,
                                              bool *ret_found, struct bs_error *error);
void datom_pin_release(struct datom_pin *pin);

/*
 * An iterator over a family; not valid until the first seek. Holds the snapshot. Freed by its ops.
 * Failures go to iter->code and `error` (may be NULL, must live as long). After it was out of the
 * store it must be woken when the epoch is another.
 */
struct datom_kv_iter *datom_snapshot_iter(struct datom_snapshot *snapshot, enum datom_family family,
                                          struct bs_error *error);

/*
 * The same over avet, for finding the entities of a value: each seek is to a whole key (of the
 * value and the least entity, say), and what is shown from there on counts only while it begins
 * like that key without its last 8 bytes; behind that anything may be missing. What no entity has
 * is known by filters, mostly, without a search.
 */
struct datom_kv_iter *datom_snapshot_iter_of_value(struct datom_snapshot *snapshot,
                                                   struct bs_error *error);

/* ---- taking back ---- */

/*
 * Takes back what was superseded for the store's hold_ms or longer, if anything was. Costs a look;
 * when there is something it waits for batches that are under way. The caller must be outside.
 */
void datom_store_expire(struct datom_store *store);
/* The same for another age; 0: all but the newest. */
void datom_store_expire_older(struct datom_store *store, uint64_t age_ms);
/*
 * Takes everything back, the newest too, and leaves the caller alone with the engine: nothing of
 * it is open but the database and its families, and reads of others wait. The caller counts as
 * inside, and may read; what it takes and reads before `resume` it gives back or names. Between
 * `resume` and the next name nothing may be written: whoever stops a store that is written holds
 * its connection's lock, and publishes a value on a new snapshot.
 */
void datom_store_stop(struct datom_store *store);
void datom_store_resume(struct datom_store *store);

/* What is held: snapshots that were not given back, and how long the oldest was superseded. */
struct datom_held {
    uint64_t count;
    uint64_t oldest_ms;
};
struct datom_held datom_store_held(struct datom_store *store);

#endif
