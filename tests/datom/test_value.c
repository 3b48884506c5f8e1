/* Plain values: round trips, and bytes that are none. */

#include "support.h"

#include <stdlib.h>

#include "base/base.h"
#include "datom/key.h"
#include "datom/samples.h"

struct fixture {
    struct bs_arena *arena;
    struct bs_buf bytes;
};

static int set_up(void **state)
{
    struct fixture *fixture = bs_calloc(1, sizeof(*fixture));
    fixture->arena = bs_arena_new(0);
    bs_buf_init(&fixture->bytes, 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    bs_buf_fini(&fixture->bytes);
    bs_arena_free(fixture->arena);
    free(fixture);
    return 0;
}

/* Whether a value comes back from its bytes, with its scale, and gives the same bytes again. */
static bool survives(struct fixture *fixture, struct edn value, enum datom_type type)
{
    struct edn again;
    struct bs_error error = BS_ERROR_INIT;
    bs_buf_reset(&fixture->bytes);
    datom_value_encode(value, type, &fixture->bytes);
    struct bs_str bytes = bs_arena_dup(fixture->arena, bs_buf_str(&fixture->bytes));
    if (datom_value_decode(bytes, fixture->arena, &again, &error) != BS_OK) {
        print_error("%s\n", error.message);
        return false;
    }
    bs_buf_reset(&fixture->bytes);
    datom_value_encode(again, type, &fixture->bytes);
    return edn_equal(value, again) && bs_str_equal(bytes, bs_buf_str(&fixture->bytes)) &&
           (value.type != EDN_BIGDEC || value.as.number->scale == again.as.number->scale);
}

static void test_value__of_every_type_comes_back(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < samples_count; i++) {
        struct edn value = sample_value(&samples[i], fixture->arena);
        test_row(samples[i].text, survives(fixture, value, samples[i].type), "is another");
    }
    test_rows_end();
}

static void test_value__random_ones_come_back(void **state)
{
    struct fixture *fixture = *state;
    struct bs_random random;
    bs_random_seed(&random, random_test_seed());
    for (int i = 0; i < 20000; i++) {
        enum datom_type type = (enum datom_type)(i % DATOM_TYPE_COUNT);
        struct edn value = random_value(&random, type, fixture->arena);
        if (!survives(fixture, value, type))
            fail_msg("round %d, type %d", i, (int)type);
    }
}

static void test_value__borrows_its_text(void **state)
{
    struct fixture *fixture = *state;
    struct edn value;
    datom_value_encode(EDN_STRING_LIT("hello"), DATOM_TYPE_STRING, &fixture->bytes);
    struct bs_str bytes = bs_buf_str(&fixture->bytes);
    assert_int_equal(datom_value_decode(bytes, fixture->arena, &value, NULL), BS_OK);
    assert_ptr_equal(value.as.text, bytes.ptr + 2);
    assert_int_equal(bs_arena_used_bytes(fixture->arena), 0);
}

static void test_value__bytes_that_are_none_are_refused(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        struct bs_str bytes;
    } rows[] = {
        {"nothing", {"", 0}},
        {"unknown tag", BS_STR("\xff")},
        {"the end of a tuple", BS_STR("\x00")},
        {"nil alone", BS_STR("\x01")},
        {"boolean without its byte", BS_STR("\x10")},
        {"boolean of 2", BS_STR("\x10\x02")},
        {"bytes after a boolean", BS_STR("\x10\x01\x00")},
        {"short ref", BS_STR("\x18\x00\x00\x00\x00\x00\x00\x01")},
        {"long without an end", BS_STR("\x20\x80\x80")},
        {"long of 11 bytes", BS_STR("\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")},
        {"long of 65 bits", BS_STR("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")},
        {"long not in its shortest form", BS_STR("\x20\x81\x00")},
        {"bigint shorter than it says", BS_STR("\x28\x04\x01")},
        {"bigint with a leading zero", BS_STR("\x28\x04\x00\x01")},
        {"negative zero bigint", BS_STR("\x28\x01")},
        {"bigint beyond the limit", BS_STR("\x28\x82\x10")},
        {"bigint of 2^63 bytes", BS_STR("\x28\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
        {"short float", BS_STR("\x30\x00\x00\x00")},
        {"float NaN", BS_STR("\x30\x7f\xc0\x00\x00")},
        {"float -0.0", BS_STR("\x30\x80\x00\x00\x00")},
        {"short double", BS_STR("\x38\x00\x00\x00\x00\x00\x00\x00")},
        {"double NaN", BS_STR("\x38\xff\xf8\x00\x00\x00\x00\x00\x00")},
        {"double -0.0", BS_STR("\x38\x80\x00\x00\x00\x00\x00\x00\x00")},
        {"bigdec without a magnitude", BS_STR("\x40\x02")},
        {"bigdec with a scale of 33 bits", BS_STR("\x40\x80\x80\x80\x80\x20\x02\x01")},
        {"string shorter than it says", BS_STR("\x48\x05" "abcd")},
        {"string longer than it says", BS_STR("\x48\x03" "abcd")},
        {"string of 2^64 - 1 bytes", BS_STR("\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
        {"instant without bytes", BS_STR("\x60")},
        {"short uuid", BS_STR("\x68" "0123456789abcde")},
        {"tuple without its count", BS_STR("\x80")},
        {"tuple of 9", BS_STR("\x80\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01")},
        {"tuple shorter than it says", BS_STR("\x80\x02\x01")},
        {"tuple longer than it says", BS_STR("\x80\x01\x01\x01")},
        {"tuple in a tuple", BS_STR("\x80\x01\x80\x01\x01")},
        {"ref in a tuple", BS_STR("\x80\x01\x18\x00\x00\x00\x00\x00\x00\x00\x01")},
    };
    /* clang-format on */
    struct fixture *fixture = *state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct edn value = edn_long(4711);
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = datom_value_decode(rows[i].bytes, fixture->arena, &value, &error);
        test_row(rows[i].name, code == BS_DATA_LOSS, "code %d", (int)code);
        test_row(rows[i].name, error.reason == BS_REASON_STORE_CORRUPT, "%s", error.message);
        test_row(rows[i].name, value.as.integer == 4711, "wrote a value");
    }
    test_rows_end();
}

static void test_value__beyond_the_arena_is_a_limit(void **state)
{
    struct fixture *fixture = *state;
    struct bs_error error = BS_ERROR_INIT;
    struct edn value;
    datom_value_encode(
        random_value(&(struct bs_random){{1, 2, 3, 4}}, DATOM_TYPE_TUPLE, fixture->arena),
        DATOM_TYPE_TUPLE, &fixture->bytes);
    struct bs_arena *tight = bs_arena_new(16);
    enum bs_code code = datom_value_decode(bs_buf_str(&fixture->bytes), tight, &value, &error);
    bs_arena_free(tight);
    assert_int_equal(code, BS_RESOURCE_EXHAUSTED);
    assert_int_equal(error.reason, BS_REASON_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_value__of_every_type_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_value__random_ones_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_value__borrows_its_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_value__bytes_that_are_none_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_value__beyond_the_arena_is_a_limit, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("datom/value", tests, NULL, NULL);
}
