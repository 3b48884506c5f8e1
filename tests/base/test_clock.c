/* Clocks, deadlines, interrupts, and the reference count. */

#include "support.h"

#include "base/clock.h"
#include "base/ref.h"

static void test_fixed__stands_where_it_is_put(void **state)
{
    (void)state;
    struct bs_clock_fixed fixed = {.now_ms = 5};
    struct bs_clock clock = bs_clock_of_fixed(&fixed);
    assert_int_equal(clock.now_ms(clock.self), 5);
    fixed.now_ms = -7;
    assert_int_equal(clock.now_ms(clock.self), -7);
}

static void test_system__is_after_2024(void **state)
{
    (void)state;
    struct bs_clock clock = bs_clock_system();
    assert_true(clock.now_ms(clock.self) > 1704067200000);
}

static void test_deadline__saturates(void **state)
{
    (void)state;
    assert_true(bs_deadline_after_ns(INT64_MAX) == BS_DEADLINE_NONE);
    assert_false(bs_deadline_passed(BS_DEADLINE_NONE));
    assert_true(bs_deadline_left_ns(BS_DEADLINE_NONE) == INT64_MAX);
    bs_deadline past = bs_deadline_after_ns(INT64_MIN);
    assert_true(bs_deadline_passed(past));
    assert_int_equal(bs_deadline_left_ns(past), 0);
    assert_true(bs_deadline_passed(bs_deadline_after_ns(0)));
    bs_deadline later = bs_deadline_after_ns(3600ll * 1000000000);
    assert_false(bs_deadline_passed(later));
    assert_true(bs_deadline_left_ns(later) > 3590ll * 1000000000);
    assert_true(bs_deadline_left_ns(later) <= 3600ll * 1000000000);
}

static void test_interrupt_check__tells_cancelled_from_late(void **state)
{
    (void)state;
    _Atomic bool cancelled = false;
    struct bs_error error = BS_ERROR_INIT;
    struct bs_interrupt interrupt = BS_INTERRUPT_INIT;
    assert_int_equal(bs_interrupt_check(NULL, &error), BS_OK);
    assert_int_equal(bs_interrupt_check(&interrupt, &error), BS_OK);
    interrupt.cancelled = &cancelled;
    assert_int_equal(bs_interrupt_check(&interrupt, &error), BS_OK);
    interrupt.deadline = bs_deadline_after_ns(-1);
    assert_int_equal(bs_interrupt_check(&interrupt, &error), BS_DEADLINE_EXCEEDED);
    assert_int_equal(error.reason, BS_REASON_RPC_DEADLINE);
    cancelled = true;
    assert_int_equal(bs_interrupt_check(&interrupt, &error), BS_CANCELLED);
    assert_int_equal(error.reason, BS_REASON_RPC_CANCELLED);
}

static void test_ref__tells_the_last_holder(void **state)
{
    (void)state;
    struct bs_ref ref;
    bs_ref_init(&ref);
    assert_true(bs_ref_is_sole(&ref));
    bs_ref_get(&ref);
    assert_false(bs_ref_is_sole(&ref));
    assert_false(bs_ref_put(&ref));
    assert_true(bs_ref_put(&ref));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed__stands_where_it_is_put),
        cmocka_unit_test(test_system__is_after_2024),
        cmocka_unit_test(test_deadline__saturates),
        cmocka_unit_test(test_interrupt_check__tells_cancelled_from_late),
        cmocka_unit_test(test_ref__tells_the_last_holder),
    };
    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
