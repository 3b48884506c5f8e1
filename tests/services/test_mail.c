/* The double of the mail service. */

#include "support.h"

#include "services/services.h"

static enum bs_code send(struct services_mail_double *mail, const char *id, const char *to)
{
    const struct services_mail *service = services_mail_double_service(mail);
    const struct services_mail_message message = {
        .id = bs_str_from(id),
        .to = bs_str_from(to),
        .kind = BS_STR("test"),
        .subject = BS_STR("Hello"),
        .text = BS_STR("World"),
    };
    struct bs_error error = BS_ERROR_INIT;
    enum bs_code code = service->send(service->self, &message, &error);
    assert_int_equal(code, error.code);
    return code;
}

static void test_double__keeps_each_message_once_by_its_id(void **state)
{
    struct services_mail_double *mail = services_mail_double_new();
    struct bs_arena *arena = bs_arena_new(0);
    struct services_mail_record record;
    (void)state;
    assert_int_equal(send(mail, "1", "a@b"), BS_OK);
    assert_int_equal(send(mail, "1", "a@b"), BS_OK);
    assert_int_equal(send(mail, "2", "a@b"), BS_OK);
    assert_int_equal(services_mail_double_count(mail), 2);
    assert_int_equal(services_mail_double_asked(mail), 3);
    assert_true(services_mail_double_at(mail, 0, arena, &record));
    assert_str_equals(record.message.id, "1");
    assert_str_equals(record.message.text, "World");
    assert_int_equal(record.attempts, 2);
    assert_false(services_mail_double_at(mail, 2, arena, &record));
    bs_arena_free(arena);
    services_mail_double_free(mail);
}

static void test_double__goes_wrong_as_it_was_told(void **state)
{
    struct services_mail_double *mail = services_mail_double_new();
    struct bs_clock_fixed clock = {.now_ms = 1000};
    (void)state;
    services_mail_double_fail(mail, SERVICES_MAIL_REFUSES, 1);
    services_mail_double_fail(mail, SERVICES_MAIL_FORGETS, 1);
    services_mail_double_fail(mail, SERVICES_MAIL_REJECTS, 1);
    services_mail_double_add_bad_recipient(mail, BS_STR("gone@b"));
    services_mail_double_set_latency(mail, 250, &clock);
    assert_int_equal(send(mail, "1", "a@b"), BS_UNAVAILABLE);
    assert_int_equal(services_mail_double_count(mail), 0);
    assert_int_equal(send(mail, "1", "a@b"), BS_UNAVAILABLE);
    assert_int_equal(services_mail_double_count(mail), 1);
    assert_int_equal(send(mail, "2", "a@b"), BS_INVALID_ARGUMENT);
    assert_int_equal(send(mail, "2", "Gone@b"), BS_INVALID_ARGUMENT);
    assert_int_equal(send(mail, "2", "a@b"), BS_OK);
    assert_int_equal(services_mail_double_count(mail), 2);
    assert_int_equal(clock.now_ms, 1000 + 5 * 250);
    services_mail_double_free(mail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_double__keeps_each_message_once_by_its_id),
        cmocka_unit_test(test_double__goes_wrong_as_it_was_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
