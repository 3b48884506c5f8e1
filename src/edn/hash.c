#include <math.h>
#include <xxhash.h>

#include "edn/exact.h"

/*
 * The hash that agrees with edn_equal: what may be equal hashes from the same kind and the same
 * canonical form. Sets and maps add up the hashes of their items, whose order does not matter.
 * It is the same in every process and release build, but is no format: never store it.
 */

static uint64_t mix(uint64_t value, uint64_t kind)
{
    value ^= kind * 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93u;
    value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93u;
    return value ^ (value >> 32);
}

static uint64_t hash_bytes(const void *bytes, size_t size, uint64_t kind)
{
    return XXH3_64bits_withSeed(bytes ? bytes : "", size, kind);
}

static uint64_t hash_bigint(struct edn value)
{
    int64_t integer;
    if (edn_bigint_to_long(value, &integer))
        return mix((uint64_t)integer, EDN_LONG);
    return hash_bytes(value.as.number->magnitude, value.as.number->magnitude_bytes,
                      value.as.number->negative ? EDN_BIGINT : EDN_LONG);
}

static uint64_t hash_double(double number)
{
    if (isnan(number))
        return mix(1, EDN_DOUBLE);
    number = number == 0 ? 0 : number; /* -0.0 too */
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return mix(bits, EDN_DOUBLE);
}

/* 1.0M and 1.00M are equal: hashed without trailing zeros. */
static uint64_t hash_bigdec(struct edn value)
{
    const struct edn_number *number = value.as.number;
    int64_t scale = number->scale;
    uint64_t hash = 0;
    if (number->magnitude_bytes <= 8) {
        uint64_t magnitude = 0;
        for (uint32_t i = 0; i < number->magnitude_bytes; i++)
            magnitude = magnitude << 8 | number->magnitude[i];
        if (magnitude == 0)
            return mix(0, EDN_BIGDEC);
        for (; magnitude % 10 == 0; scale--)
            magnitude /= 10;
        hash = mix(magnitude, EDN_BIGDEC);
    } else {
        struct edn_exact exact;
        edn_exact_init(&exact);
        edn_exact_set(&exact, value);
        edn_exact_strip(&exact, INT64_MIN);
        scale = exact.scale;
        size_t limbs = mpz_size(exact.integer);
        hash = limbs == 1 ? mix(mpz_getlimbn(exact.integer, 0), EDN_BIGDEC)
                          : hash_bytes(mpz_limbs_read(exact.integer), limbs * sizeof(mp_limb_t),
                                       EDN_BIGDEC);
        edn_exact_fini(&exact);
    }
    return mix(hash + (uint64_t)scale * 2 + number->negative, EDN_BIGDEC);
}

static uint64_t hash_object(const struct edn_object *object)
{
    /* a class with an order of its own may find different addresses equal */
    if (object->class->compare)
        return hash_bytes(object->class->name, strlen(object->class->name), EDN_OBJECT);
    return mix((uint64_t)(uintptr_t)object, EDN_OBJECT);
}

static uint64_t hash_sequence(const struct edn *items, size_t count, uint64_t kind)
{
    uint64_t hash = mix(count, kind);
    for (size_t i = 0; i < count; i++)
        hash = mix(hash + edn_hash(items[i]), kind);
    return hash;
}

static uint64_t hash_set(struct edn set)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < set.len; i++)
        sum += mix(edn_hash(set.as.items[i]), EDN_SET);
    return mix(sum + set.len, EDN_SET);
}

static uint64_t hash_map(struct edn map)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < map.len; i++)
        sum += mix(mix(edn_hash(map.as.items[i * 2]), EDN_MAP) + edn_hash(map.as.items[i * 2 + 1]),
                   EDN_MAP);
    return mix(sum + map.len, EDN_MAP);
}

uint64_t edn_hash(struct edn value)
{
    switch ((enum edn_type)value.type) {
    case EDN_NIL:
        return mix(0, EDN_NIL + 1u);
    case EDN_BOOLEAN:
        return mix(value.as.boolean ? 1 : 2, EDN_BOOLEAN);
    case EDN_LONG:
        return mix((uint64_t)value.as.integer, EDN_LONG);
    case EDN_BIGINT:
        return hash_bigint(value);
    case EDN_FLOAT:
        return hash_double((double)value.as.float32);
    case EDN_DOUBLE:
        return hash_double(value.as.float64);
    case EDN_BIGDEC:
        return hash_bigdec(value);
    case EDN_CHAR:
        return mix(value.as.code_point, EDN_CHAR);
    case EDN_INSTANT:
        return mix((uint64_t)value.as.integer, EDN_INSTANT);
    case EDN_STRING:
    case EDN_SYMBOL:
    case EDN_KEYWORD:
    case EDN_URI:
    case EDN_UUID:
    case EDN_BYTES:
        return hash_bytes(value.as.bytes, value.len, value.type);
    case EDN_LIST:
    case EDN_VECTOR:
        return hash_sequence(value.as.items, value.len, EDN_LIST);
    case EDN_TAGGED:
        return hash_sequence(value.as.items, 2, EDN_TAGGED);
    case EDN_SET:
        return hash_set(value);
    case EDN_MAP:
        return hash_map(value);
    case EDN_OBJECT:
        return hash_object(value.as.object);
    case EDN_TYPE_COUNT:
        break;
    }
    BS_UNREACHABLE();
}
