#include "support.h"

#include "base/limits.h"
#include "rpc/rpc.h"

struct fixture {
    struct bs_arena *arena;
    struct rpc_metadata metadata;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.arena = bs_arena_new(0);
    rpc_metadata_init(&fixture.metadata, fixture.arena);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    bs_arena_free(((struct fixture *)*state)->arena);
    return 0;
}

static void test_metadata__lowers_keys_and_keeps_duplicates_in_order(void **state)
{
    struct rpc_metadata *metadata = &((struct fixture *)*state)->metadata;
    assert_int_equal(rpc_metadata_add(metadata, BS_STR("X-Tag"), BS_STR("  one "), NULL), BS_OK);
    assert_int_equal(rpc_metadata_add(metadata, BS_STR("other"), BS_STR(""), NULL), BS_OK);
    assert_int_equal(rpc_metadata_add(metadata, BS_STR("x-tag"), BS_STR("two"), NULL), BS_OK);
    assert_int_equal(rpc_metadata_count(metadata, BS_STR("x-tag")), 2);
    assert_str_equals(rpc_metadata_get(metadata, BS_STR("x-tag")), "one");
    assert_str_equals(metadata->entries[2].value, "two");
    assert_null(rpc_metadata_get(metadata, BS_STR("absent")).ptr);
    assert_false(rpc_metadata_has(NULL, BS_STR("x")));
    rpc_metadata_set(metadata, BS_STR("x-tag"), BS_STR("three"));
    assert_int_equal(rpc_metadata_count(metadata, BS_STR("x-tag")), 1);
    assert_str_equals(rpc_metadata_get(metadata, BS_STR("x-tag")), "three");
}

static void test_metadata__refuses_what_may_not_stand_on_the_wire(void **state)
{
    static const struct {
        const char *name;
        struct bs_str key, value;
        enum bs_reason reason;
    } rows[] = {
        {"plain", {"key", 3}, {"value", 5}, BS_REASON_NONE},
        {"all characters of keys", {"a0_-.", 5}, {"v", 1}, BS_REASON_NONE},
        {"printable edges", {"k", 1}, {"a ~", 3}, BS_REASON_NONE},
        {"empty key", {"", 0}, {"v", 1}, BS_REASON_RPC_METADATA},
        {"blank in key", {"a b", 3}, {"v", 1}, BS_REASON_RPC_METADATA},
        {"colon in key", {":path", 5}, {"v", 1}, BS_REASON_RPC_METADATA},
        {"NUL in key", {"a\0b", 3}, {"v", 1}, BS_REASON_RPC_METADATA},
        {"control in value", {"k", 1}, {"a\nb", 3}, BS_REASON_RPC_METADATA},
        {"UTF-8 in value", {"k", 1}, {"\xc3\xa9", 2}, BS_REASON_RPC_METADATA},
        {"DEL in value", {"k", 1}, {"\x7f", 1}, BS_REASON_RPC_METADATA},
        {"any bytes in -bin", {"k-bin", 5}, {"\0\xff\n", 3}, BS_REASON_NONE},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct fixture *fixture = *state;
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code =
            rpc_metadata_add(&fixture->metadata, rows[i].key, rows[i].value, &error);
        test_row(rows[i].name, error.reason == rows[i].reason, "%s", error.message);
        test_row(rows[i].name, code == (rows[i].reason ? BS_INVALID_ARGUMENT : BS_OK), "%d", code);
    }
    test_rows_end();
}

static void test_metadata__has_limits_of_keys_values_entries_and_bytes(void **state)
{
    struct fixture *fixture = *state;
    static char text[BS_LIMIT_METADATA_BYTES];
    memset(text, 'a', sizeof(text));
    struct bs_str v = BS_STR("v"), k = BS_STR("k");
    struct bs_str key = bs_str_make(text, BS_LIMIT_METADATA_KEY_BYTES);
    struct bs_str value = bs_str_make(text, BS_LIMIT_METADATA_VALUE_BYTES);
    assert_int_equal(rpc_metadata_add(&fixture->metadata, key, v, NULL), BS_OK);
    assert_int_equal(rpc_metadata_add(&fixture->metadata, k, value, NULL), BS_OK);
    key.len++;
    value.len++;
    assert_int_equal(rpc_metadata_add(&fixture->metadata, key, v, NULL), BS_RESOURCE_EXHAUSTED);
    assert_int_equal(rpc_metadata_add(&fixture->metadata, k, value, NULL), BS_RESOURCE_EXHAUSTED);

    /* exactly 8 KiB in all, then one byte more */
    size_t left = BS_LIMIT_METADATA_BYTES - fixture->metadata.bytes - 33;
    value.len = left;
    assert_int_equal(rpc_metadata_add(&fixture->metadata, k, value, NULL), BS_OK);
    assert_int_equal(fixture->metadata.bytes, BS_LIMIT_METADATA_BYTES);
    assert_int_equal(rpc_metadata_add(&fixture->metadata, k, BS_STR_EMPTY, NULL),
                     BS_RESOURCE_EXHAUSTED);

    struct rpc_metadata many;
    rpc_metadata_init(&many, fixture->arena);
    for (int i = 0; i < BS_LIMIT_METADATA_ENTRIES; i++)
        assert_int_equal(rpc_metadata_add(&many, k, v, NULL), BS_OK);
    assert_int_equal(rpc_metadata_add(&many, k, v, NULL), BS_RESOURCE_EXHAUSTED);
}

static void test_metadata__takes_base64_of_text_transports(void **state)
{
    struct rpc_metadata *metadata = &((struct fixture *)*state)->metadata;
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(rpc_metadata_add_text(metadata, BS_STR("K-Bin"), BS_STR("AAE=, AAE,/w"), NULL),
                     BS_OK);
    assert_int_equal(metadata->count, 3);
    assert_int_equal(metadata->entries[0].value.len, 2);
    assert_memory_equal(metadata->entries[1].value.ptr, "\0\1", 2);
    assert_memory_equal(metadata->entries[2].value.ptr, "\xff", 1);
    assert_int_equal(rpc_metadata_add_text(metadata, BS_STR("k-bin"), BS_STR("A"), &error),
                     BS_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "expected base64"));
    assert_int_equal(rpc_metadata_add_text(metadata, BS_STR("k"), BS_STR("a, b"), NULL), BS_OK);
    assert_str_equals(metadata->entries[3].value, "a, b");
}

static void test_deadline__has_a_grammar(void **state)
{
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
    } rows[] = {
        {"500ms", 500000000},
        {"5s", 5000000000},
        {"500m", 500000000},
        {"1S", 1000000000},
        {"2M", 120000000000},
        {"1h", 3600000000000},
        {"1H", 3600000000000},
        {"7n", 7},
        {"7ns", 7},
        {"7u", 7000},
        {"7us", 7000},
        {"0s", 0},
        {"007ms", 7000000},
        {"9223372036854775807ns", INT64_MAX},
        {"9999999999999999999ns", INT64_MAX},
        {"99999999H", INT64_MAX},
        {"2562048h", INT64_MAX},
        {"", -1},
        {"5", -1},
        {"s", -1},
        {"-5s", -1},
        {"+5s", -1},
        {"1.5s", -1},
        {"5 s", -1},
        {" 5s", -1},
        {"5s ", -1},
        {"5x", -1},
        {"5MS", -1},
        {"10000000000000000000s", -1},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        int64_t ns = -1;
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = rpc_deadline_parse(bs_str_from(rows[i].text), &ns, &error);
        test_row(rows[i].text, ns == rows[i].ns, "%lld", (long long)ns);
        test_row(rows[i].text, code == (rows[i].ns < 0 ? BS_INVALID_ARGUMENT : BS_OK), "%d", code);
    }
    test_rows_end();
}

static void test_deadline__is_rounded_up_when_sent(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {
        {1, "1ms"},       {400000, "1ms"}, {1000000, "1ms"},
        {1000001, "2ms"}, {0, "1ms"},      {INT64_MAX, "9223372036855ms"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        char text[RPC_DEADLINE_TEXT_SIZE];
        rpc_deadline_format(rows[i].ns, text);
        test_row(rows[i].text, strcmp(text, rows[i].text) == 0, "%s", text);
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_metadata__lowers_keys_and_keeps_duplicates_in_order,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_metadata__refuses_what_may_not_stand_on_the_wire,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_metadata__has_limits_of_keys_values_entries_and_bytes,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_metadata__takes_base64_of_text_transports, setup,
                                        teardown),
        cmocka_unit_test(test_deadline__has_a_grammar),
        cmocka_unit_test(test_deadline__is_rounded_up_when_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
