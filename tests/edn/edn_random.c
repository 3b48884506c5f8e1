#include "edn/edn_random.h"

#include <math.h>
#include <stdlib.h>

#define PICK(random, array) ((array)[bs_random_below((random), BS_ARRAY_COUNT(array))])

uint64_t random_seed_of_run(void)
{
    uint64_t seed = 20240501;
    const char *given = getenv("BANDSTAND_SEED");
    if (given && !bs_str_parse_u64(bs_str_from(given), &seed))
        fail_msg("BANDSTAND_SEED is no number: %s", given);
    print_message("# seed %llu\n", (unsigned long long)seed);
    return seed;
}

static struct edn random_number(struct bs_random *random, struct bs_arena *arena, bool floats)
{
    static const int64_t longs[] = {0, 1, -1, 2, 1000, INT64_MAX, INT64_MIN, 1ll << 53};
    static const double doubles[] = {
        0.0,         -0.0, 1.0,    -1.0, 0.5, 1e300, 5e-324, (double)INFINITY, -(double)INFINITY,
        (double)NAN, 1e21, 123.456};
    static const char *const bigints[] = {"0",
                                          "1",
                                          "-1",
                                          "9223372036854775807",
                                          "9223372036854775808",
                                          "-9223372036854775809",
                                          "123456789012345678901234567890"};
    static const char *const bigdecs[] = {"0",
                                          "0.00",
                                          "1",
                                          "1.0",
                                          "1.00",
                                          "-1.5",
                                          "1E+3",
                                          "1000",
                                          "1e-9",
                                          "0.5",
                                          "-1.50",
                                          "1000.0",
                                          "123456789012345678901234567890.10"};
    struct edn value = edn_nil();
    enum bs_code code = BS_OK;
    switch (bs_random_below(random, floats ? 6 : 5)) {
    case 0:
        return edn_long(PICK(random, longs));
    case 1:
        return edn_long((int64_t)bs_random_next(random) >> bs_random_below(random, 64));
    case 2:
        return edn_double(PICK(random, doubles));
    case 3:
        code = edn_bigint_parse(arena, bs_str_from(PICK(random, bigints)), &value, NULL);
        break;
    case 4:
        code = edn_bigdec_parse(arena, bs_str_from(PICK(random, bigdecs)), &value, NULL);
        break;
    default:
        return edn_float((float)PICK(random, doubles));
    }
    assert_int_equal(code, BS_OK);
    return value;
}

static struct edn random_text(struct bs_random *random, struct bs_arena *arena)
{
    static const char *const strings[] = {"", "a", "b", "ab", "\xce\xbb", "\n\"\\", "\x7f\x01"};
    static const char *const names[] = {"a", "b", "a/b", "a.b/c", "?e", "->", "/", "b/a"};
    uint32_t code_point;
    uint8_t bytes[16];
    switch (bs_random_below(random, 8)) {
    case 0:
        return edn_symbol(bs_str_from(PICK(random, names)));
    case 1:
        return edn_keyword(bs_str_from(PICK(random, names)));
    case 2:
        return edn_text(EDN_URI, bs_str_from(PICK(random, strings)));
    case 3:
        do {
            code_point = (uint32_t)bs_random_below(random, 4) == 0
                             ? (uint32_t)bs_random_below(random, 0x110000)
                             : (uint32_t)bs_random_below(random, 0x100);
        } while (code_point >= 0xd800 && code_point <= 0xdfff);
        return edn_char(code_point);
    case 4:
        memset(bytes, (int)bs_random_below(random, 2), sizeof(bytes));
        bytes[0] = (uint8_t)(bs_random_below(random, 2) * 255);
        return edn_dup(arena, edn_uuid(bytes));
    case 5:
        bs_random_fill(random, bytes, sizeof(bytes));
        return edn_dup(arena, edn_bytes(bytes, bs_random_below(random, 4)));
    default:
        return edn_string(bs_str_from(PICK(random, strings)));
    }
}

static struct edn random_collection(struct bs_random *random, struct bs_arena *arena,
                                    enum random_kind kind, int depth)
{
    struct edn items[40];
    size_t most = bs_random_below(random, 10) == 0 ? 18 : 4;
    size_t count = bs_random_below(random, most + 1);
    for (size_t i = 0; i < count * 2; i++)
        items[i] = random_value(random, arena, kind, depth - 1);
    switch (bs_random_below(random, 5)) {
    case 0:
        return edn_collection(EDN_LIST, edn_vector_of(arena, items, count).as.items, count);
    case 1:
        return edn_set_of(arena, items, count);
    case 2: {
        struct edn keys = edn_set_of(arena, items, count);
        for (size_t i = keys.len; i-- > 0;) {
            items[i * 2 + 1] = items[count + i];
            items[i * 2] = keys.as.items[i];
        }
        return edn_map_of(arena, items, keys.len);
    }
    case 3:
        items[0] = EDN_SYMBOL_LIT("my/tag");
        items[1] = random_value(random, arena, kind, depth - 1);
        return (struct edn){
            .type = EDN_TAGGED, .len = 2, .as.items = edn_vector_of(arena, items, 2).as.items};
    default:
        return edn_vector_of(arena, items, count);
    }
}

struct edn random_value(struct bs_random *random, struct bs_arena *arena, enum random_kind kind,
                        int depth)
{
    switch (bs_random_below(random, depth > 0 ? 8 : 5)) {
    case 0:
        return bs_random_below(random, 2) ? edn_nil()
                                          : edn_boolean((bool)bs_random_below(random, 2));
    case 1:
        return edn_instant((int64_t)bs_random_next(random) >> bs_random_below(random, 64));
    case 2:
    case 3:
        return random_text(random, arena);
    case 4:
        return random_number(random, arena, kind == RANDOM_ANY);
    default:
        return random_collection(random, arena, kind, depth);
    }
}
