/*
 * Power cuts: the writer is killed at a random point, and then its folder is put back to what a
 * disk would have kept: what was synced, and of the rest nothing, a part, or zeros. The seed is
 * printed.
 */

#include "support.h"

#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"
#include "lives.h"

#define ROUNDS 120
#define ROUNDS_OF_A_STORE 15
#define KILL_AFTER_MAX 60
#define KILL_DELAY_US_MAX 8000
#define SMALL_BUFFER_BYTES (256 * 1024)

struct fixture {
    char base[64];
    char dir[96];
    char shadow[96];
    struct bs_random random;
    struct lives_acks acks;
};

static int set_up(void **state)
{
    struct fixture *f = bs_calloc(1, sizeof(*f));
    *state = f;
    snprintf(f->base, sizeof(f->base), "%s/bandstand-power-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(f->base))
        return -1;
    snprintf(f->shadow, sizeof(f->shadow), "%s/shadow", f->base);
    bs_random_seed(&f->random, 11);
    return mkdir(f->shadow, 0777);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", f->base);
    free(f->acks.numbers);
    free(f);
    return system(command);
}

static void test_power__what_was_acknowledged_survives_a_cut(void **state)
{
    struct fixture *f = *state;
    size_t acknowledged = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        snprintf(f->dir, sizeof(f->dir), "%s/store-%zu", f->base, round / ROUNDS_OF_A_STORE);
        if (round % ROUNDS_OF_A_STORE == 0) {
            acknowledged += f->acks.count;
            f->acks.count = 0;
            assert_int_equal(mkdir(f->dir, 0777), 0);
        }
        const struct lives_plan plan = {
            .dir = f->dir,
            .first = round * 1000000,
            .kill_after = 1 + bs_random_below(&f->random, KILL_AFTER_MAX),
            .kill_delay_us = (uint32_t)bs_random_below(&f->random, KILL_DELAY_US_MAX),
            .write_buffer_bytes = round % 2 ? SMALL_BUFFER_BYTES : 0,
            .shadow = f->shadow,
        };
        lives_run(&plan, &f->acks);
        enum power_cut cut = (enum power_cut)(round % POWER_CUT_COUNT);
        assert_true(power_cut(f->dir, f->shadow, cut, &f->random));
        lives_check(f->dir, &f->acks, round);
    }
    print_message("# %zu transactions were acknowledged before %d cuts\n",
                  acknowledged + f->acks.count, ROUNDS);
}

/* That a cut really takes something: else the test above would show nothing. */
static void test_power__a_cut_takes_what_was_not_synced(void **state)
{
    struct fixture *f = *state;
    const struct lives_acks none = {0};
    snprintf(f->dir, sizeof(f->dir), "%s/store", f->base);
    assert_int_equal(mkdir(f->dir, 0777), 0);
    const struct lives_plan plan = {
        .dir = f->dir,
        .kill_after = KILL_AFTER_MAX,
        .shadow = f->shadow,
        .no_sync = true,
    };
    lives_run(&plan, &f->acks);
    assert_true(power_cut(f->dir, f->shadow, POWER_CUT_DROP, &f->random));
    assert_true(lives_check(f->dir, &none, 0) < f->acks.count);
}

int main(int argc, char **argv)
{
    int status;
    if (lives_main(argc, argv, &status))
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_power__a_cut_takes_what_was_not_synced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_power__what_was_acknowledged_survives_a_cut, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("datom/power", tests, NULL, NULL);
}
