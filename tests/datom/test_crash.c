/*
 * kill -9 at random points of writing, flushing and compacting: what was acknowledged is there,
 * what was not is there whole or not at all, and the store agrees with its log. Small write buffers
 * make the engine flush and compact all the time.
 */

#include "support.h"

#include <unistd.h>

#include "lives.h"

#define ROUNDS 200
/* A new store now and then keeps the checks short. */
#define ROUNDS_OF_A_STORE 20
#define KILL_AFTER_MAX 60
#define KILL_DELAY_US_MAX 8000
#define SMALL_BUFFER_BYTES (256 * 1024)

static void test_crash__loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    /* a kill takes no page cache away: a disk in memory shows the same, and faster */
    char base[64];
    char dir[96];
    char command[96];
    snprintf(base, sizeof(base), "%s/bandstand-crash-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(base));
    struct bs_random random;
    bs_random_seed(&random, 7);
    struct lives_acks acks = {0};
    size_t acknowledged = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        if (round % ROUNDS_OF_A_STORE == 0) {
            acknowledged += acks.count;
            acks.count = 0;
        }
        snprintf(dir, sizeof(dir), "%s/store-%zu", base, round / ROUNDS_OF_A_STORE);
        const struct lives_plan plan = {
            .dir = dir,
            .first = round * 1000000,
            .kill_after = 1 + bs_random_below(&random, KILL_AFTER_MAX),
            .kill_delay_us = (uint32_t)bs_random_below(&random, KILL_DELAY_US_MAX),
            .write_buffer_bytes = round % 2 ? SMALL_BUFFER_BYTES : 0,
        };
        lives_run(&plan, &acks);
        lives_check(dir, &acks, round);
    }
    print_message("# %zu transactions were acknowledged in %d lives\n", acknowledged + acks.count,
                  ROUNDS);
    free(acks.numbers);
    snprintf(command, sizeof(command), "rm -rf %s", base);
    assert_int_equal(system(command), 0);
}

int main(int argc, char **argv)
{
    int status;
    if (lives_main(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash__loses_nothing_that_was_acknowledged),
    };
    return cmocka_run_group_tests_name("datom/crash", tests, NULL, NULL);
}
