/*
 * Ranges: which are refused, the key where a walk of one begins, what all of its keys begin with,
 * and which datoms belong to it. Keys are coarser than ranges (they may lack the value, or have it
 * cut), so that datoms are compared with the components once more.
 */

#include "datom/cursor.h"

#include "datom/coerce.h"

static bool range_is_narrowed_from_left(const struct datom_range *range)
{
    const bool eav[] = {range->has_e, range->has_a, range->has_v, range->has_tx};
    const bool aev[] = {range->has_a, range->has_e, range->has_v, range->has_tx};
    const bool ave[] = {range->has_a, range->has_v, range->has_e, range->has_tx};
    const bool vae[] = {range->has_v, range->has_a, range->has_e, range->has_tx};
    const bool *order = range->index == DATOM_EAVT   ? eav
                        : range->index == DATOM_AEVT ? aev
                        : range->index == DATOM_AVET ? ave
                                                     : vae;
    for (int i = 1; i < 4; i++) {
        if (order[i] && !order[i - 1])
            return false;
    }
    return true;
}

/* Of a range that has an attribute where it must. */
static enum bs_code check_values(const struct datom_range *range,
                                 const struct datom_attribute *attribute, struct bs_error *error)
{
    if (range->has_v && !attribute && range->v.type != EDN_LONG)
        return bs_error_set(error, BS_REASON_DB_WRONG_TYPE,
                            "a value of vaet is an entity id: expected a long, not a %s",
                            edn_type_name(range->v.type));
    if (range->has_v && attribute)
        BS_TRY(datom_check_stored(attribute, range->v, error));
    if (range->has_start)
        BS_TRY(datom_check_stored(attribute, range->v_start, error));
    return range->has_end ? datom_check_stored(attribute, range->v_end, error) : BS_OK;
}

enum bs_code datom_cursor_check_range(struct datom_cursor *cursor, const struct datom_range *range,
                                      struct bs_error *error)
{
    if (!range_is_narrowed_from_left(range))
        return bs_error_set(error, BS_REASON_DB_INVALID_INDEX,
                            "components must be given from the left of the index: e a v tx in "
                            "eavt, a e v tx in aevt, a v e tx in avet, v a e tx in vaet");
    if ((range->has_start || range->has_end) &&
        (range->index != DATOM_AVET || !range->has_a || range->has_v || range->seek))
        return bs_error_set(error, BS_REASON_DB_INVALID_INDEX,
                            "a range of values needs avet and an attribute, no value and no seek");
    cursor->attribute =
        range->has_a ? datom_schema_attribute(cursor->db->body->schema, range->a) : NULL;
    const struct datom_attribute *attribute = cursor->attribute;
    if (range->has_a && !attribute)
        return bs_error_set(error, BS_REASON_DB_NOT_AN_ATTRIBUTE,
                            "entity %llu is not an attribute of this database",
                            (unsigned long long)range->a);
    if (range->index == DATOM_AVET && attribute && !attribute->has_avet)
        return bs_error_set(error, BS_REASON_DB_ATTRIBUTE_NOT_INDEXED,
                            ":%.*s has no index by value: expected an attribute with :db/index or "
                            ":db/unique",
                            BS_STR_ARGS(attribute->ident));
    if (range->index == DATOM_VAET && attribute && attribute->type != DATOM_TYPE_REF)
        return bs_error_set(error, BS_REASON_DB_ATTRIBUTE_NOT_INDEXED,
                            ":%.*s is not a reference: vaet holds attributes of :db.type/ref only",
                            BS_STR_ARGS(attribute->ident));
    return check_values(range, attribute, error);
}

void datom_cursor_key_append(struct datom_key *key, const void *bytes, size_t size)
{
    BS_ASSERT(key->len + size <= sizeof(key->bytes));
    memcpy(key->bytes + key->len, bytes, size);
    key->len = (uint16_t)(key->len + size);
}

void datom_cursor_key_append_u64(struct datom_key *key, uint64_t value)
{
    uint8_t bytes[8];
    bs_store_u64(bytes, value);
    datom_cursor_key_append(key, bytes, sizeof(bytes));
}

static void key_append_attribute(struct datom_key *key, datom_id a)
{
    uint8_t bytes[4];
    bs_store_u32(bytes, (uint32_t)a);
    datom_cursor_key_append(key, bytes, sizeof(bytes));
}

/*
 * Where the walk of the current family begins; *ret_exact when every datom of the range has a key
 * that begins so. Values stand in the key only where it has them: not in card-one eavt and aevt,
 * and cut ones without their hash.
 */
static void make_start(const struct datom_cursor *cursor, struct datom_key *ret_key)
{
    const struct datom_range *range = &cursor->range;
    const struct datom_attribute *attribute = cursor->attribute;
    struct datom_key_value value = {0};
    const struct edn *v = range->has_v ? &range->v : range->has_start ? &range->v_start : NULL;
    if (v && attribute)
        datom_key_value_encode_start(*v, attribute->type, &value);
    ret_key->len = 0;
    switch (range->index) {
    case DATOM_EAVT:
    case DATOM_AEVT:
        if (range->index == DATOM_EAVT && range->has_e)
            datom_cursor_key_append_u64(ret_key, range->e);
        if (range->has_a)
            key_append_attribute(ret_key, range->a);
        if (range->index == DATOM_AEVT && range->has_e)
            datom_cursor_key_append_u64(ret_key, range->e);
        if (range->has_v && attribute->many && !cursor->needs_past)
            datom_cursor_key_append(ret_key, value.bytes, value.len);
        break;
    case DATOM_AVET:
        if (range->has_a)
            key_append_attribute(ret_key, range->a);
        if (v)
            datom_cursor_key_append(ret_key, value.bytes, value.len);
        if (range->has_v && range->has_e && !value.is_cut)
            datom_cursor_key_append_u64(ret_key, range->e);
        break;
    case DATOM_VAET:
        if (range->has_v)
            datom_cursor_key_append_u64(ret_key, (uint64_t)range->v.as.integer);
        if (range->has_a)
            key_append_attribute(ret_key, range->a);
        if (range->has_e)
            datom_cursor_key_append_u64(ret_key, range->e);
        break;
    }
}

/* What all keys of the range begin with. */
static void make_prefix(struct datom_cursor *cursor, const struct datom_key *start)
{
    cursor->prefix = *start;
    if (cursor->range.seek)
        cursor->prefix.len = 0;
    else if (cursor->range.has_start)
        cursor->prefix.len = 4;
    const struct datom_range *range = &cursor->range;
    bool is_value_bound = range->has_v && range->index != DATOM_VAET;
    cursor->is_exact =
        !range->seek && !is_value_bound && !range->has_tx && !range->has_start && !range->has_end;
}

void datom_cursor_make_bounds(struct datom_cursor *cursor, struct datom_key *ret_start)
{
    make_start(cursor, ret_start);
    make_prefix(cursor, ret_start);
}

bool datom_cursor_is_of_value(const struct datom_cursor *cursor, struct datom_key *start)
{
    const struct datom_range *range = &cursor->range;
    if (range->index != DATOM_AVET || !range->has_v || range->seek || range->reverse)
        return false;
    /* an attribute and then what is left of a value that was cut */
    if (start->len >= 4 + DATOM_KEY_VALUE_MAX)
        return false;
    if (!range->has_e)
        datom_cursor_key_append_u64(start, 0);
    return true;
}

void datom_cursor_key_successor(struct datom_key *key)
{
    while (key->len > 0 && key->bytes[key->len - 1] == UINT8_MAX)
        key->len--;
    if (key->len > 0)
        key->bytes[key->len - 1]++;
    else
        key->bytes[key->len++] = UINT8_MAX; /* no key begins so: ids are positive */
}

void datom_cursor_make_end(const struct datom_cursor *cursor, const struct datom_key *start,
                           struct datom_key *ret_end)
{
    struct datom_key_value value;
    *ret_end = cursor->range.seek ? *start : cursor->prefix;
    if (cursor->range.has_end) {
        datom_key_value_encode_start(cursor->range.v_end, cursor->attribute->type, &value);
        ret_end->len = 0;
        key_append_attribute(ret_end, cursor->range.a);
        datom_cursor_key_append(ret_end, value.bytes, value.len);
        /* values that begin as a cut one may be smaller than it */
        if (!value.is_cut)
            return;
    }
    datom_cursor_key_successor(ret_end);
}

/* ---- comparing with components ---- */

static int compare_ids(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Where a datom stands to the range's components, in the index's order; what is not given is equal.
 */
static int compare_to_components(const struct datom_range *range, const struct datom *datom)
{
    int e = range->has_e ? compare_ids(datom->e, range->e) : 0;
    int a = range->has_a ? compare_ids(datom->a, range->a) : 0;
    int v = range->has_v ? edn_compare(datom->v, range->v) : 0;
    int tx = range->has_tx ? compare_ids(range->tx, datom->tx) : 0;
    const int orders[4][4] = {
        [DATOM_EAVT] = {e, a, v, tx},
        [DATOM_AEVT] = {a, e, v, tx},
        [DATOM_AVET] = {a, v, e, tx},
        [DATOM_VAET] = {v, a, e, tx},
    };
    const int *order = orders[range->index];
    for (int i = 0; i < 3; i++) {
        if (order[i] != 0)
            return order[i];
    }
    return order[3];
}

bool datom_cursor_range_has(struct datom_cursor *cursor, const struct datom *datom)
{
    const struct datom_range *range = &cursor->range;
    if (range->seek) {
        int order = cursor->before_start ? compare_to_components(range, datom) : 0;
        if (range->reverse ? order > 0 : order < 0)
            return false;
        cursor->before_start = false;
        return true;
    }
    if (range->has_start && edn_compare(datom->v, range->v_start) < 0) {
        cursor->done = range->reverse;
        return false;
    }
    if (range->has_end && edn_compare(datom->v, range->v_end) >= 0) {
        cursor->done = !range->reverse;
        return false;
    }
    return compare_to_components(range, datom) == 0;
}
