#ifndef DATOM_KEY_H
#define DATOM_KEY_H

/*
 * The format of keys and records (docs/format.md, golden files in tests/golden/keys):
 * order-preserving bytes for typed values, so that memcmp on keys is the order of the index.
 *
 *   family        key                     record
 *   eavt, one     e a                     t value
 *   eavt, many    e a kv                  t [value]
 *   aevt, one     a e                     t value
 *   aevt, many    a e kv                  t [value]
 *   avet          a kv e                  t [value]
 *   vaet          v a e                   t
 *   eavt_h        e a t' kv t             [value]       t' is when it was retracted, t when added
 *   aevt_h        a e t' kv t             [value]
 *   avet_h        a kv e t' t             [value]
 *   vaet_h        v a e t' t
 *   log           t                       datoms
 *
 * e, v of refs in vaet, t: 8 bytes big-endian; a: 4. `kv` is the value ordered: a tag byte for the
 * type, then bytes that are prefix-free and order as the values do. A kv of more than
 * DATOM_KEY_VALUE_MAX bytes is cut there, followed by 16 bytes of SHA-256 of its whole ordered
 * bytes: so values that agree in their first DATOM_KEY_VALUE_MAX ordered bytes stand together, but
 * in no order among them that means anything. `value` is the whole value (tag, then plain bytes);
 * in brackets: only where kv does not give it back exactly (cut values; a bigdec's scale). A
 * card-one key has 12 bytes, a card-many key more: keys tell which they are.
 *
 * Tuples carry the types of their elements; an element that is a ref is a long there.
 *
 * Everything here is pure, any thread. Decoders take any bytes and fail with STORE_CORRUPT, or
 * with LIMIT when the arena's cap is met; text is not checked for UTF-8 again.
 */

#include "base/base.h"
#include "datom/datom.h"
#include "datom/kv.h"

/* Ordered bytes of a value that are kept, its tag too, and of the hash after them when it is cut.
 */
#define DATOM_KEY_VALUE_MAX 240
#define DATOM_KEY_VALUE_HASH 16
/* e a t' kv+hash t, rounded up. */
#define DATOM_KEY_MAX 288

/* A key under construction; on the stack. */
struct datom_key {
    uint16_t len;
    uint8_t bytes[DATOM_KEY_MAX];
};

static inline struct bs_str datom_key_str(const struct datom_key *key)
{
    return bs_str_make((const char *)key->bytes, key->len);
}

/* A key of bytes that are there; of at most DATOM_KEY_MAX. */
static inline void datom_key_set(struct datom_key *key, struct bs_str bytes)
{
    BS_ASSERT(bytes.len <= sizeof(key->bytes));
    if (bytes.len > 0)
        memmove(key->bytes, bytes.ptr, bytes.len);
    key->len = (uint16_t)bytes.len;
}

/* A value in ordered bytes, cut if too long. Made once for a datom, used in all its keys. */
struct datom_key_value {
    uint16_t len;     /* of bytes; more than DATOM_KEY_VALUE_MAX: cut */
    bool is_cut;      /* the bytes end in a hash */
    bool is_complete; /* the bytes alone give the value back: no need of it in the record */
    uint8_t bytes[DATOM_KEY_VALUE_MAX + DATOM_KEY_VALUE_HASH];
};

/*
 * The ordered bytes of a coerced value of a type. -0.0 becomes 0.0. NaN, and types that don't
 * match, are bugs of the caller (asserted).
 */
void datom_key_value_encode(struct edn value, enum datom_type type,
                            struct datom_key_value *ret_value);
/*
 * The same without the hash at the end of a cut value: where a walk from `value` must begin.
 */
void datom_key_value_encode_start(struct edn value, enum datom_type type,
                                  struct datom_key_value *ret_value);

/* The value of ordered bytes that are not cut; a bigdec without trailing zeros. Text and bytes
 * point into `bytes` where nothing is escaped; the rest is made in `arena`. */
BS_MUST_CHECK enum bs_code datom_key_value_decode(struct bs_str bytes, struct bs_arena *arena,
                                                  struct edn *ret_value, struct bs_error *error);

/* The whole value in plain bytes (tag, payload; self-delimiting), appended. -0.0 becomes 0.0; what
 * is asserted is as above. */
void datom_value_encode(struct edn value, enum datom_type type, struct bs_buf *out);
/* Text, bytes and uuids point into `bytes`; bigints, bigdecs and tuples are made in `arena`. */
BS_MUST_CHECK enum bs_code datom_value_decode(struct bs_str bytes, struct bs_arena *arena,
                                              struct edn *ret_value, struct bs_error *error);

/* A datom's life: live when t_retracted is DATOM_LIVE. */
#define DATOM_LIVE UINT64_MAX
struct datom_life {
    datom_id e;
    uint32_t a;
    struct edn v;
    uint64_t t_added;
    uint64_t t_retracted;
    bool is_one; /* from a card-one key */
};

/*
 * Keys. `value` is only looked at where the key has a kv (may be NULL elsewhere); vaet takes
 * life->v. `many` matters for eavt and aevt. For the log the key is t_added; not for meta.
 */
void datom_key_make(enum datom_family family, const struct datom_life *life, bool many,
                    const struct datom_key_value *value, struct datom_key *ret_key);
/* The record that goes with it, appended. `type` is the attribute's. Not for log and meta. `value`
 * may be NULL for card-one current records and for vaet. */
void datom_record_make(enum datom_family family, const struct datom_life *life, bool many,
                       enum datom_type type, const struct datom_key_value *value,
                       struct bs_buf *out);
/* The same where the value is there in plain bytes (datom_value_encode); life->v is not looked at.
 */
void datom_record_make_plain(enum datom_family family, const struct datom_life *life, bool many,
                             struct bs_str plain, const struct datom_key_value *value,
                             struct bs_buf *out);
/*
 * Beginnings of keys, for ranges: as many of the parts as the family's order and `parts` (1 to 3:
 * e.g. for avet 1 is a, 2 is a v, 3 is a v e) say. For history families of eavt and aevt the value
 * is not part of the beginning (t' stands before it): at most e a. `value` is looked at when the
 * value is among the parts (vaet: of a ref). Not for log and meta.
 */
void datom_key_make_prefix(enum datom_family family, datom_id e, uint32_t a,
                           const struct datom_key_value *value, int parts,
                           struct datom_key *ret_key);

/*
 * What a key and its record say, of every family but log and meta. Text and bytes of the value
 * point into key or record where they stand there unescaped, else into `arena`. No copy of either
 * is made: both must stay while the life is used.
 */
BS_MUST_CHECK enum bs_code datom_key_parse(enum datom_family family, struct bs_str key,
                                           struct bs_str record, struct bs_arena *arena,
                                           struct datom_life *ret_life, struct bs_error *error);

/*
 * Log records: all datoms of one transaction, in its order. `types` gives the attribute's type for
 * each datom; their tx is not stored (the key has t), `a` must fit 32 bits (asserted).
 */
void datom_log_encode(const struct datom *datoms, const enum datom_type *types, size_t count,
                      uint64_t t, struct bs_buf *out);
/* Datoms in the arena, values pointing into `bytes`; tx is set from t, which must be the one that
 * the record was made with. */
BS_MUST_CHECK enum bs_code datom_log_decode(struct bs_str bytes, uint64_t t, struct bs_arena *arena,
                                            struct datom **ret_datoms, size_t *ret_count,
                                            struct bs_error *error);

#endif
