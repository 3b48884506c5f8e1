/* The table of cases over the transport that is none. */

#include "procedures/cases.h"

static void test_cases__hold_directly(void **state)
{
    (void)state;
    test_cases_run(test_transport_direct, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases__hold_directly)};
    return cmocka_run_group_tests(tests, test_world_setup, test_world_teardown);
}
