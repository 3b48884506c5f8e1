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
