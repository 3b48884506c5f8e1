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
 * e, v of refs, t: 8 bytes big-endian; a: 4. `kv` is the value ordered: a tag byte for the type,
 * then bytes that are prefix-free and order as the values do. A kv of more than DATOM_KEY_VALUE_MAX
 * bytes is cut there, followed by 16 bytes of SHA-256 of its whole ordered bytes. `value` is the
 * whole value (tag, then plain bytes); in brackets: only where kv does not give it back exactly
 * (cut values; a bigdec's scale). A card-one key has 12 bytes, a card-many key more: keys tell
 * which they are.
 *
 * Everything here is pure. Decoders take any bytes and fail with STORE_CORRUPT.
 */

#include "base/base.h"
#include "datom/datom.h"
#include "datom/kv.h"

#define DATOM_KEY_VALUE_MAX 240
/* e a t' kv+hash t, rounded up. */
#define DATOM_KEY_MAX 320

/* A key under construction; on the stack. */
struct datom_key {
    uint16_t len;
    uint8_t bytes[DATOM_KEY_MAX];
};

static inline struct bs_str datom_key_str(const struct datom_key *key)
{
    return bs_str_make((const char *)key->bytes, key->len);
}

/* A value in ordered bytes, cut if too long. Made once for a datom, used in all its keys. */
struct datom_key_value {
    uint16_t len;     /* of bytes: at most 1 + DATOM_KEY_VALUE_MAX + 16 */
    bool is_cut;      /* the bytes end in a hash */
    bool is_complete; /* the bytes alone give the value back: no need of it in the record */
    uint8_t bytes[1 + DATOM_KEY_VALUE_MAX + 16];
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

/* The whole value in plain bytes (tag, payload), appended. */
void datom_value_encode(struct edn value, enum datom_type type, struct bs_buf *out);
/* Text and bytes point into `bytes`; numbers and tuples are made in `arena`. */
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

/* Keys. `value` is not looked at for card-one current keys and vaet (where v_ref is used). */
void datom_key_make(enum datom_family family, const struct datom_life *life, bool many,
                    const struct datom_key_value *value, struct datom_key *ret_key);
/* The record that goes with it, appended. `type` is the attribute's. */
void datom_record_make(enum datom_family family, const struct datom_life *life, bool many,
                       enum datom_type type, const struct datom_key_value *value,
                       struct bs_buf *out);
/*
 * Beginnings of keys, for ranges: as many of the parts as the family's order and `parts` (1 to 3:
 * e.g. for avet 1 is a, 2 is a v, 3 is a v e) say. For history families of eavt and aevt the value
 * is not part of the beginning (t' stands before it): at most e a.
 */
void datom_key_make_prefix(enum datom_family family, datom_id e, uint32_t a,
                           const struct datom_key_value *value, int parts,
                           struct datom_key *ret_key);

/*
 * What a key and its record say. Text and bytes of the value point into key or record where they
 * stand there unescaped, else into `arena`.
 */
BS_MUST_CHECK enum bs_code datom_key_parse(enum datom_family family, struct bs_str key,
                                           struct bs_str record, struct bs_arena *arena,
                                           struct datom_life *ret_life, struct bs_error *error);

/*
 * Log records: all datoms of one transaction, in its order. (varint count; for each: e, a as varint
 * deltas or plain, op, value.) `types` gives the attribute's type for each datom.
 */
void datom_log_encode(const struct datom *datoms, const enum datom_type *types, size_t count,
                      struct bs_buf *out);
/* Datoms in the arena, values pointing into `bytes`; tx is set from t. */
BS_MUST_CHECK enum bs_code datom_log_decode(struct bs_str bytes, uint64_t t, struct bs_arena *arena,
                                            struct datom **ret_datoms, size_t *ret_count,
                                            struct bs_error *error);

#endif
