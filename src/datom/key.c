/*
 * Keys and records of the index families (docs/format.md, section 5): the parts of a datom's life
 * put one after another, and taken apart again. What a family's key is made of stands in one table.
 */

#include "datom/codec.h"

#define ID_BYTES 8
#define ATTRIBUTE_BYTES 4
#define CARD_ONE_KEY_BYTES (ID_BYTES + ATTRIBUTE_BYTES)
#define VALUE_KEY_BYTES_MAX (DATOM_KEY_VALUE_MAX + DATOM_KEY_VALUE_HASH)

_Static_assert(3 * ID_BYTES + ATTRIBUTE_BYTES + VALUE_KEY_BYTES_MAX <= DATOM_KEY_MAX,
               "the longest key fits");

/* One part of a key. */
enum part {
    PART_END = 0,
    PART_E,
    PART_A,
    PART_VALUE,       /* ordered, any length: what the other parts leave */
    PART_REF,         /* a ref's 8 bytes */
    PART_T_RETRACTED, /* t' */
    PART_T_ADDED,     /* t */
};

#define PARTS_MAX 6

struct layout {
    uint8_t parts[PARTS_MAX];
    uint8_t prefix_parts; /* how many stand for the index's components */
    uint8_t fixed_bytes;  /* of all parts but the value */
    bool is_current;      /* the record begins with t */
    bool has_many;        /* without `many` the key stops before the value, the record has it */
};

/* clang-format off */
static const struct layout layouts[DATOM_FAMILY_COUNT] = {
    [DATOM_FAMILY_EAVT] = {{PART_E, PART_A, PART_VALUE}, 3, 12, true, true},
    [DATOM_FAMILY_AEVT] = {{PART_A, PART_E, PART_VALUE}, 3, 12, true, true},
    [DATOM_FAMILY_AVET] = {{PART_A, PART_VALUE, PART_E}, 3, 12, true, false},
    [DATOM_FAMILY_VAET] = {{PART_REF, PART_A, PART_E}, 3, 20, true, false},
    [DATOM_FAMILY_EAVT_H] =
        {{PART_E, PART_A, PART_T_RETRACTED, PART_VALUE, PART_T_ADDED}, 2, 28, false, false},
    [DATOM_FAMILY_AEVT_H] =
        {{PART_A, PART_E, PART_T_RETRACTED, PART_VALUE, PART_T_ADDED}, 2, 28, false, false},
    [DATOM_FAMILY_AVET_H] =
        {{PART_A, PART_VALUE, PART_E, PART_T_RETRACTED, PART_T_ADDED}, 3, 28, false, false},
    [DATOM_FAMILY_VAET_H] =
        {{PART_REF, PART_A, PART_E, PART_T_RETRACTED, PART_T_ADDED}, 3, 36, false, false},
};

/* For messages. */
static const char *const key_names[DATOM_FAMILY_COUNT] = {
    [DATOM_FAMILY_EAVT] = "key of eavt",     [DATOM_FAMILY_AEVT] = "key of aevt",
    [DATOM_FAMILY_AVET] = "key of avet",     [DATOM_FAMILY_VAET] = "key of vaet",
    [DATOM_FAMILY_EAVT_H] = "key of eavt_h", [DATOM_FAMILY_AEVT_H] = "key of aevt_h",
    [DATOM_FAMILY_AVET_H] = "key of avet_h", [DATOM_FAMILY_VAET_H] = "key of vaet_h",
};

static const char *const record_names[DATOM_FAMILY_COUNT] = {
    [DATOM_FAMILY_EAVT] = "record of eavt",     [DATOM_FAMILY_AEVT] = "record of aevt",
    [DATOM_FAMILY_AVET] = "record of avet",     [DATOM_FAMILY_VAET] = "record of vaet",
    [DATOM_FAMILY_EAVT_H] = "record of eavt_h", [DATOM_FAMILY_AEVT_H] = "record of aevt_h",
    [DATOM_FAMILY_AVET_H] = "record of avet_h", [DATOM_FAMILY_VAET_H] = "record of vaet_h",
};
/* clang-format on */

static const struct layout *layout_of(enum datom_family family)
{
    BS_ASSERT(family < DATOM_FAMILY_LOG);
    return &layouts[family];
}

/* ---- making ---- */

static inline uint8_t *put_id(uint8_t *at, uint64_t id)
{
    bs_store_u64(at, id);
    return at + ID_BYTES;
}

/* Returns the part's end. */
static inline uint8_t *put_part(uint8_t *at, enum part part, const struct datom_life *life,
                                const struct datom_key_value *value)
{
    switch (part) {
    case PART_E:
        return put_id(at, life->e);
    case PART_A:
        bs_store_u32(at, life->a);
        return at + ATTRIBUTE_BYTES;
    case PART_VALUE:
        memcpy(at, value->bytes, value->len);
        return at + value->len;
    case PART_REF:
        return put_id(at, (uint64_t)life->v.as.integer);
    case PART_T_RETRACTED:
        return put_id(at, life->t_retracted);
    case PART_T_ADDED:
        return put_id(at, life->t_added);
    case PART_END:
        break;
    }
    return at;
}

/* What eavt and aevt begin with: apart from the rest, as most keys that are made are theirs. */
static inline uint8_t *put_e_a(uint8_t *at, bool is_by_entity, const struct datom_life *life)
{
    bs_store_u64(at + (is_by_entity ? 0 : ATTRIBUTE_BYTES), life->e);
    bs_store_u32(at + (is_by_entity ? ID_BYTES : 0), life->a);
    return at + CARD_ONE_KEY_BYTES;
}

void datom_key_make(enum datom_family family, const struct datom_life *life, bool many,
                    const struct datom_key_value *value, struct datom_key *ret_key)
{
    uint8_t *at = ret_key->bytes;
    if (family == DATOM_FAMILY_EAVT || family == DATOM_FAMILY_AEVT) {
        at = put_e_a(at, family == DATOM_FAMILY_EAVT, life);
        if (many)
            at = put_part(at, PART_VALUE, life, value);
    } else if (family == DATOM_FAMILY_EAVT_H || family == DATOM_FAMILY_AEVT_H) {
        at = put_e_a(at, family == DATOM_FAMILY_EAVT_H, life);
        at = put_id(at, life->t_retracted);
        at = put_part(at, PART_VALUE, life, value);
        at = put_id(at, life->t_added);
    } else if (family == DATOM_FAMILY_LOG) {
        at = put_id(at, life->t_added);
    } else {
        const struct layout *layout = layout_of(family);
        for (int i = 0; i < PARTS_MAX && layout->parts[i] != PART_END; i++)
            at = put_part(at, layout->parts[i], life, value);
    }
    ret_key->len = (uint16_t)(at - ret_key->bytes);
}

void datom_key_make_prefix(enum datom_family family, datom_id e, uint32_t a,
                           const struct datom_key_value *value, int parts,
                           struct datom_key *ret_key)
{
    const struct layout *layout = layout_of(family);
    BS_ASSERT(parts >= 1 && parts <= layout->prefix_parts);
    struct datom_life life = {.e = e, .a = a};
    if (layout->parts[0] == PART_REF) {
        BS_ASSERT(value->len == 1 + ID_BYTES && value->bytes[0] == DATOM_TAG_REF);
        life.v = edn_long((int64_t)bs_load_u64(value->bytes + 1));
    }
    uint8_t *at = ret_key->bytes;
    for (int i = 0; i < parts; i++)
        at = put_part(at, layout->parts[i], &life, value);
    ret_key->len = (uint16_t)(at - ret_key->bytes);
}

/* The record's beginning; whether the value follows. */
static bool begin_record(enum datom_family family, const struct datom_life *life, bool many,
                         const struct datom_key_value *value, struct bs_buf *out)
{
    const struct layout *layout = layout_of(family);
    if (layout->is_current)
        bs_buf_append_u64(out, life->t_added);
    if (layout->parts[0] == PART_REF)
        return false;
    return (layout->has_many && !many) || !value->is_complete;
}

void datom_record_make(enum datom_family family, const struct datom_life *life, bool many,
                       enum datom_type type, const struct datom_key_value *value,
                       struct bs_buf *out)
{
    if (begin_record(family, life, many, value, out))
        datom_value_encode(life->v, type, out);
}

void datom_record_make_plain(enum datom_family family, const struct datom_life *life, bool many,
                             struct bs_str plain, const struct datom_key_value *value,
                             struct bs_buf *out)
{
    if (begin_record(family, life, many, value, out))
        bs_buf_append_str(out, plain);
}

/* ---- taking apart ---- */

static inline uint64_t take_id(struct datom_reader *reader)
{
    uint64_t id = bs_load_u64(reader->at);
    reader->at += ID_BYTES;
    return id;
}

/* Whether ordered bytes of this tag may need the record's value though they are not cut. */
static bool may_be_incomplete(uint8_t tag)
{
    return tag == DATOM_TAG_BIGDEC || tag == DATOM_TAG_TUPLE;
}

/* A value that stands in the record, to its end. `kv` is what the key has of it, may be empty. */
static enum bs_code take_recorded_value(struct datom_reader *record, struct bs_str kv,
                                        struct edn *ret_value)
{
    uint8_t tag = (uint8_t)(kv.len > 0 ? kv.ptr[0] : 0);
    if (kv.len > 0 && datom_reader_left(record) > 0 && *record->at != tag)
        return datom_reader_fail(record, "a value of the same type as the key's");
    BS_TRY(datom_value_take(record, ret_value));
    if (record->at != record->end)
        return datom_reader_fail(record, "the end of the record");
    return BS_OK;
}

/* The value of a key that has a kv: from the record if it is there, else from the kv. */
static enum bs_code take_value(struct datom_reader *key, size_t size, struct datom_reader *record,
                               struct edn *ret_value)
{
    struct bs_str kv = {.ptr = (const char *)key->at, .len = size};
    bool is_cut = size > DATOM_KEY_VALUE_MAX;
    if (size == 0 || (is_cut && size != VALUE_KEY_BYTES_MAX))
        return datom_reader_fail(key, "a value of another length");
    if (record->at == record->end && !is_cut) {
        struct datom_reader value = *key;
        value.end = key->at + size;
        BS_TRY(datom_key_value_take(&value, ret_value));
        if (value.at != value.end)
            return datom_reader_fail(&value, "the end of the value");
    } else {
        if (!is_cut && !may_be_incomplete(*key->at))
            return datom_reader_fail(record, "no value, as the key has it whole");
        BS_TRY(take_recorded_value(record, kv, ret_value));
    }
    key->at += size;
    return BS_OK;
}

/* One part of a key whose length was found to be right. */
static enum bs_code take_part(struct datom_reader *key, enum part part, size_t value_size,
                              struct datom_reader *record, struct datom_life *life)
{
    switch (part) {
    case PART_E:
        life->e = take_id(key);
        break;
    case PART_A:
        life->a = bs_load_u32(key->at);
        key->at += ATTRIBUTE_BYTES;
        break;
    case PART_VALUE:
        return take_value(key, value_size, record, &life->v);
    case PART_REF:
        life->v = edn_long((int64_t)take_id(key));
        break;
    case PART_T_RETRACTED:
        life->t_retracted = take_id(key);
        break;
    case PART_T_ADDED:
        life->t_added = take_id(key);
        break;
    case PART_END:
        break;
    }
    return BS_OK;
}

/* What eavt and aevt say now, whose keys are long enough and records have a t: apart from the
 * others as most that is read is one of these. */
static inline enum bs_code parse_current(enum datom_family family, struct datom_reader *key,
                                         struct datom_reader *record, struct datom_life *ret_life)
{
    size_t value_size = (size_t)(key->end - key->at) - CARD_ONE_KEY_BYTES;
    struct datom_life life = {.t_added = take_id(record), .t_retracted = DATOM_LIVE};
    bool is_by_entity = family == DATOM_FAMILY_EAVT;
    life.e = bs_load_u64(key->at + (is_by_entity ? 0 : ATTRIBUTE_BYTES));
    life.a = bs_load_u32(key->at + (is_by_entity ? ID_BYTES : 0));
    life.is_one = value_size == 0;
    key->at += CARD_ONE_KEY_BYTES;
    BS_TRY(life.is_one ? take_recorded_value(record, BS_STR_EMPTY, &life.v)
                       : take_value(key, value_size, record, &life.v));
    if (record->at != record->end)
        return datom_reader_fail(record, "the end of the record");
    *ret_life = life;
    return BS_OK;
}

enum bs_code datom_key_parse(enum datom_family family, struct bs_str key, struct bs_str record,
                             struct bs_arena *arena, struct datom_life *ret_life,
                             struct bs_error *error)
{
    const struct layout *layout = layout_of(family);
    struct datom_reader keys = datom_reader_make(key, key_names[family], arena, error);
    struct datom_reader records = datom_reader_make(record, record_names[family], arena, error);
    bool has_value = layout->parts[0] != PART_REF;
    if (key.len < layout->fixed_bytes || (!has_value && key.len != layout->fixed_bytes))
        return datom_reader_fail(&keys, "a key of another length");

    if (layout->is_current && record.len < ID_BYTES)
        return datom_reader_fail(&records, "8 bytes of t");
    if (family <= DATOM_FAMILY_AEVT)
        return parse_current(family, &keys, &records, ret_life);
    struct datom_life life = {.t_retracted = DATOM_LIVE};
    if (layout->is_current)
        life.t_added = take_id(&records);
    for (int i = 0; i < PARTS_MAX && layout->parts[i] != PART_END; i++) {
        BS_TRY(take_part(&keys, layout->parts[i], key.len - layout->fixed_bytes, &records, &life));
    }
    if (records.at != records.end)
        return datom_reader_fail(&records, "the end of the record");
    *ret_life = life;
    return BS_OK;
}
