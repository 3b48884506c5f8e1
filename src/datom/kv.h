#ifndef DATOM_KV_H
#define DATOM_KV_H

/*
 * What an index is made of, below datoms: sorted maps from key bytes to record bytes, one for each
 * family. RocksDB is one (rocks.h), the overlay tree another (tree.h); a database value merges one
 * of each (merge.h). A record in an overlay may be a tombstone that hides the base's key.
 *
 * Iterators: the caller serializes; key and record stand until the next move.
 */

#include "base/base.h"

enum datom_family {
    DATOM_FAMILY_EAVT,
    DATOM_FAMILY_AEVT,
    DATOM_FAMILY_AVET,
    DATOM_FAMILY_VAET,
    DATOM_FAMILY_EAVT_H,
    DATOM_FAMILY_AEVT_H,
    DATOM_FAMILY_AVET_H,
    DATOM_FAMILY_VAET_H,
    DATOM_FAMILY_LOG,
    DATOM_FAMILY_META,
    DATOM_FAMILY_COUNT,
};

/* "eavt", "eavt_h", "log": the column family's name and what stats print. */
const char *datom_family_name(enum datom_family family);

struct datom_kv_iter;

struct datom_kv_ops {
    /* To the first key >= `key`. */
    void (*seek)(struct datom_kv_iter *iter, struct bs_str key);
    void (*next)(struct datom_kv_iter *iter);
    /* To the last key < `key`, as if by seek: next goes on behind it. `key` must not point into the
     * iterator. */
    void (*before)(struct datom_kv_iter *iter, struct bs_str key);
    /* Opens again what was taken back meanwhile (snapshot.h), and stands where it stood: key and
     * record anew. NULL: nothing can be. */
    void (*wake)(struct datom_kv_iter *iter);
    void (*free)(struct datom_kv_iter *iter);
};

/* The common head of every iterator. */
struct datom_kv_iter {
    const struct datom_kv_ops *ops;
    bool valid;        /* stands on a key; false at the end and after a failure */
    bool is_tombstone; /* only from trees */
    struct bs_str key;
    struct bs_str record;
    enum bs_code code;      /* not OK after a failure of the engine; `error` tells */
    struct bs_error *error; /* where the opener asked failures to go; may be NULL */
};

static inline void datom_kv_seek(struct datom_kv_iter *iter, struct bs_str key)
{
    iter->ops->seek(iter, key);
}

static inline void datom_kv_next(struct datom_kv_iter *iter)
{
    iter->ops->next(iter);
}

static inline void datom_kv_before(struct datom_kv_iter *iter, struct bs_str key)
{
    iter->ops->before(iter, key);
}

static inline void datom_kv_wake(struct datom_kv_iter *iter)
{
    if (iter && iter->ops->wake)
        iter->ops->wake(iter);
}

static inline void datom_kv_free(struct datom_kv_iter *iter)
{
    if (iter)
        iter->ops->free(iter);
}

/*
 * A list of changes, in the order made: what one transaction does to the families. The same list is
 * put into overlay trees and into a WriteBatch.
 */
struct datom_change {
    enum datom_family family;
    bool is_delete;
    struct bs_str key;
    struct bs_str record;
};

#endif
