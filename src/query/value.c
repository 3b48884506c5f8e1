/* Comparing, typing and measuring values. */
#include "query/value.h"

int value_compare(struct edn a, struct edn b)
{
    if (a.type != b.type && edn_is_number(a) && edn_is_number(b)) {
        int order = edn_compare_numbers(a, b);
        if (order != 0)
            return order;
    }
    return edn_compare(a, b);
}

bool value_equal(struct edn a, struct edn b)
{
    return edn_equal(a, b);
}

struct bs_str value_function_name(struct bs_str name)
{
    static const char *const namespaces[] = {"clojure.core/", "clojure.string/", "datomic.api/"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(namespaces); i++) {
        struct bs_str prefix = bs_str_from(namespaces[i]);
        if (bs_str_starts_with(name, prefix) && name.len > prefix.len)
            return bs_str_from_offset(name, prefix.len);
    }
    return name;
}

bool value_has_type(struct edn value, enum datom_type type)
{
    static const enum edn_type types[DATOM_TYPE_COUNT] = {
        [DATOM_TYPE_REF] = EDN_LONG,        [DATOM_TYPE_KEYWORD] = EDN_KEYWORD,
        [DATOM_TYPE_LONG] = EDN_LONG,       [DATOM_TYPE_STRING] = EDN_STRING,
        [DATOM_TYPE_BOOLEAN] = EDN_BOOLEAN, [DATOM_TYPE_INSTANT] = EDN_INSTANT,
        [DATOM_TYPE_BYTES] = EDN_BYTES,     [DATOM_TYPE_UUID] = EDN_UUID,
        [DATOM_TYPE_DOUBLE] = EDN_DOUBLE,   [DATOM_TYPE_FLOAT] = EDN_FLOAT,
        [DATOM_TYPE_URI] = EDN_URI,         [DATOM_TYPE_BIGINT] = EDN_BIGINT,
        [DATOM_TYPE_BIGDEC] = EDN_BIGDEC,   [DATOM_TYPE_TUPLE] = EDN_VECTOR,
        [DATOM_TYPE_SYMBOL] = EDN_SYMBOL,
    };
    return value.type == (uint8_t)types[type];
}

bool value_as_type(struct edn *value, enum datom_type type, struct bs_arena *arena)
{
    int64_t integer;
    if (value_has_type(*value, type))
        return true;
    switch (type) {
    case DATOM_TYPE_LONG:
    case DATOM_TYPE_REF:
        if (value->type != EDN_BIGINT || !edn_bigint_to_long(*value, &integer))
            return false;
        *value = edn_long(integer);
        return true;
    case DATOM_TYPE_BIGINT:
        if (value->type != EDN_LONG)
            return false;
        *value = edn_bigint_from_long(arena, value->as.integer);
        return true;
    case DATOM_TYPE_DOUBLE:
        if (value->type != EDN_FLOAT)
            return false;
        *value = edn_double((double)value->as.float32);
        return true;
    case DATOM_TYPE_FLOAT:
        if (value->type != EDN_DOUBLE || (double)(float)value->as.float64 != value->as.float64)
            return false;
        *value = edn_float((float)value->as.float64);
        return true;
    default:
        return false;
    }
}

static size_t block_bytes(size_t size)
{
    return (size + 31) & ~(size_t)15;
}

size_t value_bytes(struct edn value)
{
    switch ((enum edn_type)value.type) {
    case EDN_STRING:
    case EDN_SYMBOL:
    case EDN_KEYWORD:
    case EDN_URI:
    case EDN_BYTES:
    case EDN_UUID:
        return block_bytes((size_t)value.len + 1);
    case EDN_BIGINT:
    case EDN_BIGDEC:
        return block_bytes(sizeof(struct edn_number) + value.as.number->magnitude_bytes);
    case EDN_LIST:
    case EDN_VECTOR:
    case EDN_SET:
    case EDN_MAP:
    case EDN_TAGGED:
        break;
    default:
        return 0;
    }
    size_t count = value.type == EDN_MAP      ? 2 * (size_t)value.len
                   : value.type == EDN_TAGGED ? 2
                                              : value.len;
    size_t total = block_bytes(count * sizeof(struct edn));
    for (size_t i = 0; i < count; i++)
        total += value_bytes(value.as.items[i]);
    return total;
}
