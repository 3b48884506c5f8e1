#include "support.h"

#include "base/limits.h"
#include "rpc/rpc.h"
#include "rpc/v1/status.pb-c.h"

static void test_status__comes_back_as_it_was_raised(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT, back = BS_ERROR_INIT;
    struct rpc_violations sent, got;
    struct bs_buf bytes = BS_BUF_INIT(0);
    int64_t retry = 0;
    (void)state;
    rpc_violations_init(&sent, arena);
    rpc_violations_init(&got, arena);
    rpc_violations_add(&sent, BS_STR("concerts[2].startsAt"), BS_STR("required"), "expected %s",
                       "a time");
    bs_error_set(&error, BS_REASON_DB_CAS_FAILED, "guitar \xf0\x9f\x8e\xb8 100%%\nline");
    bs_error_add_integer(&error, "line", 3);
    bs_error_add_text(&error, "attribute", BS_STR(":fan/email"));
    rpc_status_pack(&error,
                    &(struct rpc_status_extra){.violations = &sent,
                                               .retry_after_ms = 250,
                                               .request_id = BS_STR("0123456789abcdef")},
                    &bytes);
    assert_int_equal(rpc_status_unpack(bs_buf_str(&bytes), &back, &got, &retry, NULL), BS_OK);
    assert_int_equal(back.code, BS_ABORTED);
    assert_int_equal(back.reason, BS_REASON_DB_CAS_FAILED);
    assert_string_equal(back.message, error.message);
    assert_int_equal(bs_error_find(&back, "line")->integer, 3);
    assert_string_equal(bs_error_find(&back, "attribute")->text, ":fan/email");
    assert_int_equal(retry, 250);
    assert_int_equal(got.count, 1);
    assert_str_equals(got.items[0].field, "concerts[2].startsAt");
    assert_str_equals(got.items[0].rule, "required");
    assert_str_equals(got.items[0].description, "expected a time");
    bs_buf_fini(&bytes);
    bs_arena_free(arena);
}

static struct bs_error pass_on(int32_t code, const char *reason)
{
    Rpc__V1__Status status = RPC__V1__STATUS__INIT;
    Rpc__V1__Detail detail = RPC__V1__DETAIL__INIT, *details[] = {&detail};
    Rpc__V1__ErrorInfo info = RPC__V1__ERROR_INFO__INIT;
    uint8_t bytes[256];
    struct bs_error error = BS_ERROR_INIT;
    status.code = code;
    status.message = (char *)(uintptr_t) "said";
    detail.detail_case = RPC__V1__DETAIL__DETAIL_ERROR_INFO;
    detail.error_info = &info;
    info.reason = (char *)(uintptr_t)reason;
    status.n_details = 1;
    status.details = details;
    size_t size = rpc__v1__status__pack(&status, bytes);
    assert_int_equal(rpc_status_unpack(bs_str_make((char *)bytes, size), &error, NULL, NULL, NULL),
                     BS_OK);
    return error;
}

static void test_status__of_a_foreign_server_keeps_its_reason_and_number(void **state)
{
    (void)state;
    for (int32_t code = 1; code <= 16; code++)
        assert_int_equal(pass_on(code, "x").code, code);
    struct bs_error error = pass_on(5, "their.error/lost");
    assert_string_equal(bs_error_reason_name(&error), "their.error/lost");
    assert_string_equal(error.message, "said");
    error = pass_on(77, "");
    assert_int_equal(error.code, BS_UNKNOWN);
    assert_string_equal(error.message, "status 77: said");
    assert_int_equal(pass_on(0, "").code, BS_UNKNOWN);
    assert_int_equal(pass_on(-1, "").code, BS_UNKNOWN);
}

static void test_status__refuses_bytes_that_are_none(void **state)
{
    struct bs_error out = BS_ERROR_INIT, error = BS_ERROR_INIT;
    (void)state;
    assert_int_equal(rpc_status_unpack(BS_STR("\x0a\xff\xff"), &out, NULL, NULL, &error),
                     BS_INTERNAL);
    assert_int_equal(error.reason, BS_REASON_RPC_PROTOCOL);
    assert_int_equal(out.code, BS_OK);
}

static void test_status__drops_details_before_it_grows_too_large(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct rpc_violations many;
    struct bs_error error = BS_ERROR_INIT;
    struct bs_buf bytes = BS_BUF_INIT(0);
    (void)state;
    rpc_violations_init(&many, arena);
    assert_int_equal(rpc_violations_check(&many, &error), BS_OK);
    for (int i = 0; i < BS_LIMIT_VIOLATIONS + 10; i++)
        rpc_violations_add(&many, BS_STR("field"), BS_STR("rule"), "%0400d", i);
    assert_int_equal(many.count, BS_LIMIT_VIOLATIONS);
    assert_int_equal(many.dropped_count, 10);
    assert_int_equal(rpc_violations_check(&many, &error), BS_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "(and 73 more)"));
    rpc_status_pack(&error, &(struct rpc_status_extra){.violations = &many}, &bytes);
    assert_true(bytes.len <= 4096 + BS_ERROR_MESSAGE_MAX);
    struct bs_error back = BS_ERROR_INIT;
    struct rpc_violations got;
    rpc_violations_init(&got, arena);
    assert_int_equal(rpc_status_unpack(bs_buf_str(&bytes), &back, &got, NULL, NULL), BS_OK);
    assert_true(got.count > 3 && got.count < BS_LIMIT_VIOLATIONS);
    bs_buf_fini(&bytes);
    bs_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status__comes_back_as_it_was_raised),
        cmocka_unit_test(test_status__of_a_foreign_server_keeps_its_reason_and_number),
        cmocka_unit_test(test_status__refuses_bytes_that_are_none),
        cmocka_unit_test(test_status__drops_details_before_it_grows_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
