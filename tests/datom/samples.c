/* Values to try the format with. */

#include "support.h"

#include "datom/samples.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

const struct sample samples[] = {
    {DATOM_TYPE_REF, "0", 0},
    {DATOM_TYPE_REF, "73", 0},
    {DATOM_TYPE_REF, "17592186045418", 0},
    {DATOM_TYPE_REF, "4611686018427387903", 0},
    {DATOM_TYPE_KEYWORD, ":a", 0},
    {DATOM_TYPE_KEYWORD, ":artist/name", 0},
    {DATOM_TYPE_LONG, "-9223372036854775808", 0},
    {DATOM_TYPE_LONG, "-65", 0},
    {DATOM_TYPE_LONG, "-1", 0},
    {DATOM_TYPE_LONG, "0", 0},
    {DATOM_TYPE_LONG, "1", 0},
    {DATOM_TYPE_LONG, "63", 0},
    {DATOM_TYPE_LONG, "64", 0},
    {DATOM_TYPE_LONG, "1975", 0},
    {DATOM_TYPE_LONG, "9223372036854775807", 0},
    {DATOM_TYPE_STRING, "\"\"", 0},
    {DATOM_TYPE_STRING, "\"a\"", 0},
    {DATOM_TYPE_STRING, "\"a\\u0000b\"", 0},
    {DATOM_TYPE_STRING, "\"a\\u0001\\u0002\"", 0},
    {DATOM_TYPE_STRING, "\"Björk Guðmundsdóttir\"", 0},
    {DATOM_TYPE_STRING, "\"\xf0\x9f\x8e\xb8\"", 0},
    {DATOM_TYPE_STRING, "a", 238}, /* with tag and end: DATOM_KEY_VALUE_MAX */
    {DATOM_TYPE_STRING, "a", 239}, /* the first that is cut */
    {DATOM_TYPE_STRING, "abc", 100},
    {DATOM_TYPE_BOOLEAN, "false", 0},
    {DATOM_TYPE_BOOLEAN, "true", 0},
    {DATOM_TYPE_INSTANT, "#inst \"1969-12-31T23:59:59.999Z\"", 0},
    {DATOM_TYPE_INSTANT, "#inst \"1970-01-01T00:00:00.000Z\"", 0},
    {DATOM_TYPE_INSTANT, "#inst \"2024-05-01T12:34:56.789Z\"", 0},
    {DATOM_TYPE_BYTES, "#base64 \"\"", 0},
    {DATOM_TYPE_BYTES, "#base64 \"AAEC/w==\"", 0},
    {DATOM_TYPE_BYTES, "\x01", 200},
    {DATOM_TYPE_UUID, "#uuid \"00000000-0000-0000-0000-000000000000\"", 0},
    {DATOM_TYPE_UUID, "#uuid \"7fffffff-ffff-ffff-ffff-ffffffffffff\"", 0},
    {DATOM_TYPE_UUID, "#uuid \"f47ac10b-58cc-4372-a567-0e02b2c3d479\"", 0},
    {DATOM_TYPE_DOUBLE, "-1.5", 0},
    {DATOM_TYPE_DOUBLE, "-0.0", 0},
    {DATOM_TYPE_DOUBLE, "0.0", 0},
    {DATOM_TYPE_DOUBLE, "3.141592653589793", 0},
    {DATOM_TYPE_DOUBLE, "1e300", 0},
    {DATOM_TYPE_FLOAT, "-1.5", 0},
    {DATOM_TYPE_FLOAT, "-0.0", 0},
    {DATOM_TYPE_FLOAT, "0.5", 0},
    {DATOM_TYPE_URI, "#uri \"https://example.com/a?b=c\"", 0},
    {DATOM_TYPE_BIGINT, "-18446744073709551616N", 0},
    {DATOM_TYPE_BIGINT, "-1N", 0},
    {DATOM_TYPE_BIGINT, "0N", 0},
    {DATOM_TYPE_BIGINT, "255N", 0},
    {DATOM_TYPE_BIGINT, "256N", 0},
    {DATOM_TYPE_BIGINT, "123456789012345678901234567890N", 0},
    {DATOM_TYPE_BIGDEC, "-12.5M", 0},
    {DATOM_TYPE_BIGDEC, "0M", 0},
    {DATOM_TYPE_BIGDEC, "0.00M", 0},
    {DATOM_TYPE_BIGDEC, "0.05M", 0},
    {DATOM_TYPE_BIGDEC, "1M", 0},
    {DATOM_TYPE_BIGDEC, "1.0M", 0},
    {DATOM_TYPE_BIGDEC, "1.00M", 0},
    {DATOM_TYPE_BIGDEC, "12.5M", 0},
    {DATOM_TYPE_BIGDEC, "12.55M", 0},
    {DATOM_TYPE_BIGDEC, "100M", 0},
    {DATOM_TYPE_BIGDEC, "9999999999999999999.99M", 0},
    {DATOM_TYPE_BIGDEC, "123456789012345678901234567890.123456789M", 0},
    {DATOM_TYPE_TUPLE, "[nil 1]", 0},
    {DATOM_TYPE_TUPLE, "[1 nil]", 0},
    {DATOM_TYPE_TUPLE, "[1 \"a\\u0000\" :b/c]", 0},
    {DATOM_TYPE_TUPLE, "[1.5 1.50M 2N true nil x #inst \"2024-05-01\"]", 0},
    {DATOM_TYPE_TUPLE,
     "[#uuid \"f47ac10b-58cc-4372-a567-0e02b2c3d479\" #uri \"a:b\" \"\" 0 0.0 false]", 0},
    {DATOM_TYPE_SYMBOL, "clojure.core/+", 0},
};

const size_t samples_count = BS_ARRAY_COUNT(samples);

struct edn sample_value(const struct sample *sample, struct bs_arena *arena)
{
    struct bs_str text = bs_str_from(sample->text);
    struct edn value;
    if (sample->repeat > 0) {
        char *bytes = bs_arena_alloc(arena, text.len * sample->repeat);
        for (uint32_t i = 0; i < sample->repeat; i++)
            memcpy(bytes + i * text.len, text.ptr, text.len);
        value = edn_bytes(bytes, text.len * sample->repeat);
        value.type = sample->type == DATOM_TYPE_STRING ? EDN_STRING : EDN_BYTES;
        return value;
    }
    struct bs_error error = BS_ERROR_INIT;
    if (edn_read(text, arena, &value, &error) != BS_OK)
        fail_msg("sample %s: %s", sample->text, error.message);
    if (sample->type == DATOM_TYPE_FLOAT)
        value = edn_float((float)value.as.float64);
    return value;
}

static const char *const type_names[DATOM_TYPE_COUNT] = {
    "ref",    "keyword", "long", "string", "boolean", "instant", "bytes",  "uuid",
    "double", "float",   "uri",  "bigint", "bigdec",  "tuple",   "symbol",
};

struct bs_str sample_name(const struct sample *sample, struct bs_arena *arena)
{
    const char *type = type_names[sample->type];
    if (sample->repeat == 0)
        return bs_arena_printf(arena, "%s %s", type, sample->text);
    if (sample->text[0] < ' ')
        return bs_arena_printf(arena, "%s %u times \\%03o", type, sample->repeat,
                               (unsigned)sample->text[0]);
    return bs_arena_printf(arena, "%s %u times \"%s\"", type, sample->repeat, sample->text);
}

/* ---- random ones ---- */

static int64_t random_integer(struct bs_random *random)
{
    static const int64_t edges[] = {0, 1, -1, 255, 256, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    switch (bs_random_below(random, 3)) {
    case 0:
        return edges[bs_random_below(random, BS_ARRAY_COUNT(edges))];
    case 1:
        return (int64_t)bs_random_below(random, 100) - 50;
    default:
        return (int64_t)bs_random_next(random);
    }
}

static struct edn random_text(struct bs_random *random, enum edn_type type, struct bs_arena *arena)
{
    static const uint32_t alphabet[] = {0,    1,      2,      'a',    'b',     0x7f,
                                        0xe9, 0x20ac, 0xd7ff, 0xffff, 0x10000, 0x10ffff};
    bool is_long = bs_random_below(random, 4) == 0;
    size_t letters = bs_random_below(random, is_long ? 20 : 6);
    size_t start = is_long ? bs_random_below(random, 2) * 130 + 105 : 0;
    char *text = bs_arena_alloc(arena, start + 4 * letters + 1);
    memset(text, 'x', start);
    size_t len = start;
    for (size_t i = 0; i < letters; i++)
        len +=
            bs_utf8_encode(alphabet[bs_random_below(random, BS_ARRAY_COUNT(alphabet))], text + len);
    return edn_text(type, bs_str_make(text, len));
}

static double random_double(struct bs_random *random)
{
    static const double edges[] = {0.0, -0.0, 1.0, -1.0, HUGE_VAL, -HUGE_VAL, 5e-324, -5e-324};
    if (bs_random_below(random, 2) == 0)
        return edges[bs_random_below(random, BS_ARRAY_COUNT(edges))];
    uint64_t bits = bs_random_next(random);
    double number;
    memcpy(&number, &bits, sizeof(number));
    return isnan(number) ? 0.5 : number;
}

static struct edn random_number(struct bs_random *random, enum edn_type type,
                                struct bs_arena *arena)
{
    size_t size = bs_random_below(random, bs_random_below(random, 8) == 0 ? 200 : 4);
    struct edn_number *number = bs_arena_zalloc(arena, sizeof(*number) + size);
    bs_random_fill(random, number->magnitude, size);
    if (size > 0 && number->magnitude[0] == 0)
        number->magnitude[0] = 1;
    if (size == 1 && bs_random_below(random, 2) == 0)
        number->magnitude[0] = (uint8_t[]){1, 10, 100, 11}[bs_random_below(random, 4)];
    number->magnitude_bytes = (uint32_t)size;
    number->negative = size > 0 && bs_random_below(random, 2);
    if (type == EDN_BIGDEC)
        number->scale = (int32_t)bs_random_below(random, 6) - 3;
    return (struct edn){.type = (uint8_t)type, .as.number = number};
}

static struct edn random_bytes(struct bs_random *random, size_t size, struct bs_arena *arena)
{
    uint8_t *bytes = bs_arena_alloc(arena, size);
    bs_random_fill(random, bytes, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = bytes[i] < 0x80 ? bytes[i] & 3 : bytes[i];
    return edn_bytes(bytes, size);
}

static struct edn random_tuple(struct bs_random *random, struct bs_arena *arena)
{
    static const enum datom_type types[] = {DATOM_TYPE_LONG, DATOM_TYPE_STRING, DATOM_TYPE_BIGDEC};
    struct edn items[BS_ARRAY_COUNT(types)];
    for (size_t i = 0; i < BS_ARRAY_COUNT(types); i++)
        items[i] =
            bs_random_below(random, 3) == 0 ? edn_nil() : random_value(random, types[i], arena);
    return edn_vector_of(arena, items, BS_ARRAY_COUNT(items));
}

struct edn random_value(struct bs_random *random, enum datom_type type, struct bs_arena *arena)
{
    switch (type) {
    case DATOM_TYPE_REF:
        return edn_long((int64_t)(bs_random_next(random) >> (1 + bs_random_below(random, 62))));
    case DATOM_TYPE_LONG:
        return edn_long(random_integer(random));
    case DATOM_TYPE_INSTANT:
        return edn_instant(random_integer(random));
    case DATOM_TYPE_BOOLEAN:
        return edn_boolean(bs_random_below(random, 2));
    case DATOM_TYPE_KEYWORD:
        return random_text(random, EDN_KEYWORD, arena);
    case DATOM_TYPE_STRING:
        return random_text(random, EDN_STRING, arena);
    case DATOM_TYPE_URI:
        return random_text(random, EDN_URI, arena);
    case DATOM_TYPE_SYMBOL:
        return random_text(random, EDN_SYMBOL, arena);
    case DATOM_TYPE_BYTES:
        return random_bytes(random, bs_random_below(random, 6), arena);
    case DATOM_TYPE_UUID:
        return edn_uuid(random_bytes(random, 16, arena).as.bytes);
    case DATOM_TYPE_DOUBLE:
        return edn_double(random_double(random));
    case DATOM_TYPE_FLOAT:
        return edn_float((float)random_double(random));
    case DATOM_TYPE_BIGINT:
        return random_number(random, EDN_BIGINT, arena);
    case DATOM_TYPE_BIGDEC:
        return random_number(random, EDN_BIGDEC, arena);
    case DATOM_TYPE_TUPLE:
        return random_tuple(random, arena);
    case DATOM_TYPE_COUNT:
        break;
    }
    BS_UNREACHABLE();
}

uint64_t random_test_seed(void)
{
    uint64_t seed;
    const char *given = getenv("BS_TEST_SEED");
    if (!given || !bs_str_parse_u64(bs_str_from(given), &seed))
        seed = (uint64_t)bs_monotonic_ns();
    print_message("# BS_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* ---- order ---- */

static int compare_text(struct edn a, struct edn b)
{
    const uint8_t *x = a.as.bytes, *y = b.as.bytes;
    for (uint32_t i = 0; i < a.len && i < b.len; i++) {
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    }
    return (a.len > b.len) - (a.len < b.len);
}

int compare_naively(struct edn a, struct edn b)
{
    switch ((enum edn_type)a.type) {
    case EDN_BOOLEAN:
        return a.as.boolean - b.as.boolean;
    case EDN_LONG:
    case EDN_INSTANT:
        return (a.as.integer > b.as.integer) - (a.as.integer < b.as.integer);
    case EDN_DOUBLE:
        return (a.as.float64 > b.as.float64) - (a.as.float64 < b.as.float64);
    case EDN_FLOAT:
        return (a.as.float32 > b.as.float32) - (a.as.float32 < b.as.float32);
    case EDN_STRING:
    case EDN_KEYWORD:
    case EDN_SYMBOL:
    case EDN_URI:
    case EDN_BYTES:
    case EDN_UUID:
        return compare_text(a, b);
    case EDN_VECTOR:
        for (uint32_t i = 0; i < a.len; i++) {
            struct edn x = a.as.items[i], y = b.as.items[i];
            int order = edn_is_nil(x) || edn_is_nil(y) ? edn_is_nil(y) - edn_is_nil(x)
                                                       : compare_naively(x, y);
            if (order != 0)
                return order;
        }
        return 0;
    default:
        return edn_compare(a, b);
    }
}
