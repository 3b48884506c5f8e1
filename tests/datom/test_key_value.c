/* Ordered values: order, prefixes, cutting, round trips, and bytes that are none. */

#include "support.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "base/base.h"
#include "datom/key.h"
#include "datom/samples.h"

static int set_up(void **state)
{
    *state = bs_arena_new(0);
    return 0;
}

static int tear_down(void **state)
{
    bs_arena_free(*state);
    return 0;
}

static struct bs_str str_of(const struct datom_key_value *value)
{
    return bs_str_make((const char *)value->bytes, value->len);
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static struct edn read_value(struct bs_arena *arena, enum datom_type type, const char *text)
{
    return sample_value(&(struct sample){.type = type, .text = text}, arena);
}

/* ---- order ---- */

/* Says which pair is wrong. */
static void check_pair(struct edn a, struct edn b, enum datom_type type, const char *what)
{
    struct datom_key_value kv_a, kv_b;
    datom_key_value_encode(a, type, &kv_a);
    datom_key_value_encode(b, type, &kv_b);
    int expected = sign(edn_compare(a, b));
    if (kv_a.is_cut && kv_b.is_cut) {
        kv_a.len = kv_b.len = DATOM_KEY_VALUE_MAX;
        int got = sign(bs_str_compare(str_of(&kv_a), str_of(&kv_b)));
        if (got == 0 || got == expected)
            return;
    }
    int got = sign(bs_str_compare(str_of(&kv_a), str_of(&kv_b)));
    bool prefix = got != 0 && (bs_str_starts_with(str_of(&kv_a), str_of(&kv_b)) ||
                               bs_str_starts_with(str_of(&kv_b), str_of(&kv_a)));
    if (got == expected && !prefix)
        return;
    char text_a[200];
    char text_b[200];
    fail_msg("%s, type %d: %s and %s: keys order %d, values %d%s", what, (int)type,
             edn_print_cut(a, text_a, sizeof(text_a)), edn_print_cut(b, text_b, sizeof(text_b)),
             got, expected, prefix ? ", one is the other's beginning" : "");
}

static void test_key_value__orders_as_values_do_in_every_type(void **state)
{
    struct bs_arena *arena = *state;
    struct bs_random random;
    bs_random_seed(&random, random_test_seed());
    for (int i = 0; i < 60000; i++) {
        enum datom_type type = (enum datom_type)(i % DATOM_TYPE_COUNT);
        struct edn a = random_value(&random, type, arena);
        struct edn b = random_value(&random, type, arena);
        check_pair(a, b, type, "random");
        if (i % 1000 == 0)
            bs_arena_reset(arena);
    }
}

static void test_key_value__samples_order_as_values_do(void **state)
{
    for (size_t i = 0; i < samples_count; i++) {
        for (size_t j = 0; j < samples_count; j++) {
            struct edn a = sample_value(&samples[i], *state);
            struct edn b = sample_value(&samples[j], *state);
            if (samples[i].type == samples[j].type && samples[i].type != DATOM_TYPE_TUPLE)
                check_pair(a, b, samples[i].type, samples[i].text);
        }
    }
}

static void test_key_value__rows_stand_in_order(void **state)
{
    static const struct {
        const char *name;
        enum datom_type type;
        const char *texts[8]; /* ascending */
    } rows[] = {
        {"booleans", DATOM_TYPE_BOOLEAN, {"false", "true"}},
        {"longs", DATOM_TYPE_LONG, {"-300", "-2", "-1", "0", "1", "255", "256"}},
        {"doubles", DATOM_TYPE_DOUBLE, {"-1e10", "-1.0", "-1e-10", "0.0", "1e-10", "1.0", "1e10"}},
        {"strings by code point",
         DATOM_TYPE_STRING,
         {"\"\"", "\"\\u0000\"", "\"\\u0000a\"", "\"\\u0001\"", "\"a\"", "\"a\\u0000\"",
          "\"\\uffff\"", "\"\xf0\x90\x80\x80\""}},
        {"uuids as 128 unsigned bits",
         DATOM_TYPE_UUID,
         {"#uuid \"00000000-0000-0000-0000-000000000001\"",
          "#uuid \"7fffffff-ffff-ffff-ffff-ffffffffffff\"",
          "#uuid \"80000000-0000-0000-0000-000000000000\"",
          "#uuid \"80000000-0000-0000-8000-000000000000\""}},
        {"bigints",
         DATOM_TYPE_BIGINT,
         {"-100000000000000000000N", "-256N", "-255N", "-1N", "0N", "1N", "256N",
          "100000000000000000000N"}},
        {"decimals by value",
         DATOM_TYPE_BIGDEC,
         {"-12.55M", "-12.5M", "-0.001M", "0M", "0.00001M", "0.1M", "1M", "1.01M"}},
        {"large decimals",
         DATOM_TYPE_BIGDEC,
         {"-1E+40M", "-99999999999999999999.9M", "9.99M", "10M", "10.001M",
          "99999999999999999999.98M", "99999999999999999999.99M", "1E+40M"}},
        {"tuples, nil lowest",
         DATOM_TYPE_TUPLE,
         {"[nil nil]", "[nil -5]", "[nil 0]", "[-5 nil]", "[-5 -5]", "[0 nil]", "[0 \"\"]",
          "[0 \"\\u0000\"]"}},
        {"tuples, the shorter first",
         DATOM_TYPE_TUPLE,
         {"[1]", "[1 nil]", "[1 1]", "[1 1 nil]", "[2]"}},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        for (size_t j = 1; j < BS_ARRAY_COUNT(rows[i].texts) && rows[i].texts[j]; j++) {
            struct datom_key_value low, high;
            datom_key_value_encode(read_value(*state, rows[i].type, rows[i].texts[j - 1]),
                                   rows[i].type, &low);
            datom_key_value_encode(read_value(*state, rows[i].type, rows[i].texts[j]), rows[i].type,
                                   &high);
            test_row(rows[i].name, bs_str_compare(str_of(&low), str_of(&high)) < 0,
                     "%s is not before %s", rows[i].texts[j - 1], rows[i].texts[j]);
        }
    }
    test_rows_end();
}

static void test_key_value__equal_values_have_equal_bytes(void **state)
{
    static const struct {
        enum datom_type type;
        const char *a, *b;
    } rows[] = {
        {DATOM_TYPE_BIGDEC, "1.0M", "1.00M"},
        {DATOM_TYPE_BIGDEC, "100M", "1E+2M"},
        {DATOM_TYPE_BIGDEC, "0M", "0.000M"},
        {DATOM_TYPE_BIGDEC, "-0.50M", "-0.5M"},
        {DATOM_TYPE_DOUBLE, "-0.0", "0.0"},
        {DATOM_TYPE_FLOAT, "-0.0", "0.0"},
        {DATOM_TYPE_TUPLE, "[1.0M]", "[1.00M]"},
        {DATOM_TYPE_TUPLE, "[-0.0]", "[0.0]"},
        {DATOM_TYPE_BIGDEC, "99999999999999999999.90M", "99999999999999999999.9M"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct datom_key_value a, b;
        datom_key_value_encode(read_value(*state, rows[i].type, rows[i].a), rows[i].type, &a);
        datom_key_value_encode(read_value(*state, rows[i].type, rows[i].b), rows[i].type, &b);
        test_row(rows[i].a, bs_str_equal(str_of(&a), str_of(&b)), "is not %s", rows[i].b);
    }
    test_rows_end();
}

/* ---- round trips ---- */

static void check_round_trip(struct edn value, enum datom_type type, struct bs_arena *arena,
                             const char *name)
{
    struct datom_key_value kv, kv_again;
    struct edn again;
    struct bs_error error = BS_ERROR_INIT;
    datom_key_value_encode(value, type, &kv);
    if (kv.is_cut) {
        test_row(name, !kv.is_complete, "a cut value can't be complete");
        test_row(name, kv.len == DATOM_KEY_VALUE_MAX + DATOM_KEY_VALUE_HASH, "len %d", kv.len);
        return;
    }
    enum bs_code code = datom_key_value_decode(str_of(&kv), arena, &again, &error);
    test_row(name, code == BS_OK, "%s", error.message);
    if (code != BS_OK)
        return;
    test_row(name, edn_equal(value, again), "is another");
    datom_key_value_encode(again, type, &kv_again);
    test_row(name, bs_str_equal(str_of(&kv), str_of(&kv_again)), "encodes to other bytes");
    if (type == DATOM_TYPE_BIGDEC)
        test_row(name, kv.is_complete == (value.as.number->scale == again.as.number->scale),
                 "complete %d", kv.is_complete);
    else if (type != DATOM_TYPE_TUPLE)
        test_row(name, kv.is_complete, "is not complete");
}

static void test_key_value__comes_back_when_it_is_not_cut(void **state)
{
    struct bs_random random;
    bs_random_seed(&random, random_test_seed());
    for (size_t i = 0; i < samples_count; i++)
        check_round_trip(sample_value(&samples[i], *state), samples[i].type, *state,
                         samples[i].text);
    for (int i = 0; i < 20000; i++) {
        enum datom_type type = (enum datom_type)(i % DATOM_TYPE_COUNT);
        check_round_trip(random_value(&random, type, *state), type, *state, "random");
    }
    test_rows_end();
}

static void test_key_value__largest_numbers_come_back(void **state)
{
    static const uint8_t tops[] = {0x01, 0x80, 0xff};
    struct bs_arena *arena = *state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(tops); i++) {
        struct edn_number *number = bs_arena_zalloc(arena, sizeof(*number) + 1024);
        number->magnitude_bytes = 1024;
        memset(number->magnitude, 0xff, 1024);
        number->magnitude[0] = tops[i];
        struct datom_key_value kv;
        struct edn value = {.type = EDN_BIGINT, .as.number = number};
        datom_key_value_encode(value, DATOM_TYPE_BIGINT, &kv);
        assert_true(kv.is_cut);
        value.type = EDN_BIGDEC;
        for (size_t scale = 0; scale < 2; scale++) {
            number->scale = scale == 0 ? INT32_MIN : INT32_MAX;
            datom_key_value_encode(value, DATOM_TYPE_BIGDEC, &kv);
            assert_true(kv.is_cut);
            number->magnitude_bytes = 90; /* 217 digits: not cut */
            check_round_trip(value, DATOM_TYPE_BIGDEC, arena, "of 90 bytes");
            number->magnitude_bytes = 1024;
        }
    }
    test_rows_end();
}

static void test_key_value__borrows_text_without_escapes(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct datom_key_value kv;
    struct edn value;
    (void)state;
    datom_key_value_encode(EDN_KEYWORD_LIT("artist/name"), DATOM_TYPE_KEYWORD, &kv);
    assert_int_equal(datom_key_value_decode(str_of(&kv), arena, &value, NULL), BS_OK);
    assert_ptr_equal(value.as.text, kv.bytes + 1);
    assert_int_equal(bs_arena_used_bytes(arena), 0);
    bs_arena_free(arena);
}

/* ---- cutting ---- */

/* A string's whole ordered bytes, the slow way. */
static struct bs_str ordered_text(struct bs_str text, struct bs_arena *arena)
{
    char *bytes = bs_arena_alloc(arena, 2 * text.len + 2);
    size_t len = 0;
    bytes[len++] = 0x48;
    for (size_t i = 0; i < text.len; i++) {
        if ((uint8_t)text.ptr[i] < 2)
            bytes[len++] = 1;
        bytes[len++] = (char)(text.ptr[i] + ((uint8_t)text.ptr[i] < 2));
    }
    bytes[len++] = 0;
    return bs_str_make(bytes, len);
}

static void test_key_value__is_cut_where_the_format_says(void **state)
{
    struct bs_arena *arena = *state;
    struct bs_random random;
    bs_random_seed(&random, random_test_seed());
    for (size_t size = 200; size < 500; size++) {
        char *text = bs_arena_alloc(arena, size);
        for (size_t i = 0; i < size; i++)
            text[i] = bs_random_below(&random, 40) == 0 ? (char)bs_random_below(&random, 3) : 'x';
        struct bs_str whole = ordered_text(bs_str_make(text, size), arena);
        uint8_t digest[SHA256_DIGEST_LENGTH];
        SHA256((const unsigned char *)whole.ptr, whole.len, digest);

        struct datom_key_value kv, start;
        struct edn value = edn_string(bs_str_make(text, size));
        datom_key_value_encode(value, DATOM_TYPE_STRING, &kv);
        datom_key_value_encode_start(value, DATOM_TYPE_STRING, &start);
        assert_int_equal(kv.is_cut, whole.len > DATOM_KEY_VALUE_MAX);
        assert_int_equal(start.is_cut, kv.is_cut);
        if (!kv.is_cut) {
            assert_true(bs_str_equal(str_of(&kv), whole));
            assert_true(bs_str_equal(str_of(&start), whole));
            continue;
        }
        assert_int_equal(kv.len, DATOM_KEY_VALUE_MAX + DATOM_KEY_VALUE_HASH);
        assert_memory_equal(kv.bytes, whole.ptr, DATOM_KEY_VALUE_MAX);
        assert_memory_equal(kv.bytes + DATOM_KEY_VALUE_MAX, digest, DATOM_KEY_VALUE_HASH);
        assert_int_equal(start.len, DATOM_KEY_VALUE_MAX);
        assert_memory_equal(start.bytes, whole.ptr, DATOM_KEY_VALUE_MAX);
    }
}

static void test_key_value__cut_values_differ_by_their_ends(void **state)
{
    char a[1000];
    char b[1000];
    (void)state;
    memset(a, 'x', sizeof(a));
    memset(b, 'x', sizeof(b));
    b[999] = 'y';
    struct datom_key_value kv_a, kv_b;
    datom_key_value_encode(edn_string(bs_str_make(a, 1000)), DATOM_TYPE_STRING, &kv_a);
    datom_key_value_encode(edn_string(bs_str_make(b, 1000)), DATOM_TYPE_STRING, &kv_b);
    assert_memory_equal(kv_a.bytes, kv_b.bytes, DATOM_KEY_VALUE_MAX);
    assert_memory_not_equal(kv_a.bytes, kv_b.bytes, kv_a.len);
}

static void test_key_value__of_many_escapes_is_linear(void **state)
{
    /* 16 MiB of escapes: a quadratic encoder would not come back. */
    char *bytes = bs_arena_alloc(*state, BS_LIMIT_BYTES_BYTES);
    memset(bytes, 1, BS_LIMIT_BYTES_BYTES);
    struct datom_key_value kv;
    datom_key_value_encode(edn_bytes(bytes, BS_LIMIT_BYTES_BYTES), DATOM_TYPE_BYTES, &kv);
    assert_true(kv.is_cut);
}

/* ---- bytes that are none ---- */

static void test_key_value__bytes_that_are_none_are_refused(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        struct bs_str bytes;
    } rows[] = {
        {"nothing", {"", 0}},
        {"unknown tag", BS_STR("\x11")},
        {"nil alone", BS_STR("\x01")},
        {"boolean of 2", BS_STR("\x10\x02")},
        {"short ref", BS_STR("\x18\x00\x00\x00")},
        {"short long", BS_STR("\x20\x80\x00\x00\x00\x00\x00\x00")},
        {"long with more behind", BS_STR("\x20\x80\x00\x00\x00\x00\x00\x00\x00\x00")},
        {"bigint without its head", BS_STR("\x28\x80")},
        {"bigint shorter than it says", BS_STR("\x28\x80\x02\x01")},
        {"bigint with a leading zero", BS_STR("\x28\x80\x02\x00\x01")},
        {"negative bigint with a leading zero", BS_STR("\x28\x7f\xfe\xff\x01")},
        {"bigint beyond the limit", BS_STR("\x28\xff\xff\x01")},
        {"float NaN", BS_STR("\x30\xff\xc0\x00\x00")},
        {"float -0.0", BS_STR("\x30\x7f\xff\xff\xff")},
        {"double NaN", BS_STR("\x38\xff\xf8\x00\x00\x00\x00\x00\x00")},
        {"double -0.0", BS_STR("\x38\x7f\xff\xff\xff\xff\xff\xff\xff")},
        {"bigdec with sign 3", BS_STR("\x40\x03\x80\x00\x00\x00\x01\x0b\x00")},
        {"bigdec without digits", BS_STR("\x40\x02\x80\x00\x00\x00\x01\x00")},
        {"bigdec without an end", BS_STR("\x40\x02\x80\x00\x00\x00\x01\x0b")},
        {"bigdec with a pair of 100", BS_STR("\x40\x02\x80\x00\x00\x00\x01\x65\x00")},
        {"bigdec with a leading zero", BS_STR("\x40\x02\x80\x00\x00\x00\x01\x06\x00")},
        {"bigdec with trailing zeros", BS_STR("\x40\x02\x80\x00\x00\x00\x01\x0b\x01\x00")},
        {"bigdec with a large exponent", BS_STR("\x40\x02\xff\x00\x00\x00\x01\x0b\x00")},
        {"string without an end", BS_STR("\x48" "abc")},
        {"empty string without an end", BS_STR("\x48")},
        {"string with more behind", BS_STR("\x48" "a\x00" "b")},
        {"escape at the end", BS_STR("\x48" "a\x01\x00")},
        {"escape of nothing known", BS_STR("\x48" "a\x01\x03\x00")},
        {"short uuid", BS_STR("\x68\x01\x02")},
        {"tuple without an end", BS_STR("\x80\x01")},
        {"tuple of 9", BS_STR("\x80\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00")},
        {"tuple in a tuple", BS_STR("\x80\x80\x01\x00\x00")},
        {"ref in a tuple", BS_STR("\x80\x18\x00\x00\x00\x00\x00\x00\x00\x01\x00")},
    };
    /* clang-format on */
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct edn value = edn_long(4711);
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = datom_key_value_decode(rows[i].bytes, *state, &value, &error);
        test_row(rows[i].name, code == BS_DATA_LOSS, "code %d", (int)code);
        test_row(rows[i].name, error.reason == BS_REASON_STORE_CORRUPT, "%s", error.message);
        test_row(rows[i].name, value.as.integer == 4711, "wrote a value");
    }
    test_rows_end();
}

static void test_key_value__says_what_is_damaged(void **state)
{
    struct edn value;
    struct bs_error error = BS_ERROR_INIT;
    enum bs_code code = datom_key_value_decode(BS_STR("\x48"
                                                      "a\x01\x03\x00"),
                                               *state, &value, &error);
    assert_int_equal(code, BS_DATA_LOSS);
    assert_string_equal(error.message, "ordered value of 5 bytes is damaged at byte 3: expected "
                                       "01 or 02 after an escape, found 0300");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_key_value__orders_as_values_do_in_every_type),
        TEST(test_key_value__samples_order_as_values_do),
        TEST(test_key_value__rows_stand_in_order),
        TEST(test_key_value__equal_values_have_equal_bytes),
        TEST(test_key_value__comes_back_when_it_is_not_cut),
        TEST(test_key_value__largest_numbers_come_back),
        TEST(test_key_value__borrows_text_without_escapes),
        TEST(test_key_value__is_cut_where_the_format_says),
        TEST(test_key_value__cut_values_differ_by_their_ends),
        TEST(test_key_value__of_many_escapes_is_linear),
        TEST(test_key_value__bytes_that_are_none_are_refused),
        TEST(test_key_value__says_what_is_damaged),
    };
    return cmocka_run_group_tests_name("datom/key_value", tests, NULL, NULL);
}
