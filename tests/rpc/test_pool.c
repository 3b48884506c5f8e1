/* Calls in time: queue, run slots, deadlines, cancellation, drain. */

#include "support.h"

#include <time.h>

#include "rpc/fixture.h"

#define MS 1000000ll

static struct test_server server;

static int setup(void **state)
{
    (void)state;
    test_server_init(&server, &(struct rpc_dispatcher_options){.workers = 1, .queue_max = 2});
    test_server_start(&server);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_server_fini(&server);
    return 0;
}

static void start(struct test_call *call, const char *text, int64_t deadline_ms)
{
    bs_deadline deadline =
        deadline_ms > 0 ? bs_deadline_after_ns(deadline_ms * MS) : BS_DEADLINE_NONE;
    test_call_init(call, &server, TEST_RUN, text, NULL, deadline);
    test_call_start(call);
}

static void test_queue__refuses_when_full(void **state)
{
    struct test_call running, queued[2], refused;
    (void)state;
    start(&running, "block", 0);
    test_server_wait_entered(&server, 1);
    for (int i = 0; i < 2; i++)
        start(&queued[i], "echo 7", 0);
    start(&refused, "echo 7", 0);
    assert_int_equal(test_call_finish(&refused), BS_RESOURCE_EXHAUSTED);
    assert_int_equal(refused.error.reason, BS_REASON_RPC_OVERLOADED);
    assert_true(refused.retry_after_ms > 0);
    test_server_release(&server);
    assert_int_equal(test_call_finish(&running), BS_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(test_call_finish(&queued[i]), BS_OK);
        assert_int_equal(queued[i].number, 7);
        test_call_fini(&queued[i]);
    }
    test_call_fini(&running);
    test_call_fini(&refused);
}

static void test_deadline__in_the_queue_answers_and_the_handler_never_runs(void **state)
{
    struct test_call running, late;
    struct rpc_counters counters;
    (void)state;
    start(&running, "block", 0);
    test_server_wait_entered(&server, 1);
    start(&late, "echo 1", 20);
    assert_int_equal(test_call_finish(&late), BS_DEADLINE_EXCEEDED);
    rpc_dispatcher_counters(server.dispatcher, &counters);
    assert_int_equal(counters.expired_in_queue, 1);
    assert_int_equal(counters.queued, 0);
    test_server_release(&server);
    assert_int_equal(test_call_finish(&running), BS_OK);
    test_call_fini(&late);
    test_call_fini(&running);
    assert_int_equal(server.entered, 1);
}

static void test_deadline__is_kept_for_a_handler_that_does_not_look(void **state)
{
    struct test_call deaf;
    (void)state;
    int64_t before = bs_monotonic_ns();
    start(&deaf, "deaf", 20);
    assert_int_equal(test_call_finish(&deaf), BS_DEADLINE_EXCEEDED);
    assert_int_equal(server.finished, 0);
    assert_true(deaf.answered_ns - before >= 20 * MS);
    assert_int_equal(deaf.releases, 0); /* its memory stays until the handler has returned */
    test_server_release(&server);
    test_call_fini(&deaf);
    assert_int_equal(server.finished, 1);
}

static void test_deadline__is_the_least_of_clients_methods_and_servers(void **state)
{
    struct test_call call;
    (void)state;
    test_call_init(&call, &server, TEST_SIGNED, "block", NULL, bs_deadline_after_ns(5000 * MS));
    int64_t left = bs_deadline_left_ns(rpc_call_deadline(call.call));
    assert_true(left <= 50 * MS);
    test_call_start(&call);
    assert_int_equal(test_call_finish(&call), BS_DEADLINE_EXCEEDED);
    test_call_fini(&call);
    test_call_init(&call, &server, TEST_RUN, "", NULL, BS_DEADLINE_NONE);
    left = bs_deadline_left_ns(rpc_call_deadline(call.call));
    assert_true(left > 50000ll * MS && left <= 60000ll * MS);
    test_call_start(&call);
    assert_int_equal(test_call_finish(&call), BS_OK);
    test_call_fini(&call);
}

static void test_deadline__that_has_passed_never_reaches_the_handler(void **state)
{
    struct test_call call;
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    int number;
    (void)state;
    test_call_init(&call, &server, TEST_RUN, "", NULL, bs_monotonic_ns() - 1);
    test_call_start(&call);
    assert_int_equal(test_call_finish(&call), BS_DEADLINE_EXCEEDED);
    test_call_fini(&call);
    options.deadline = bs_monotonic_ns() - 1;
    assert_int_equal(test_direct(&server, TEST_RUN, "", &options, &number, NULL),
                     BS_DEADLINE_EXCEEDED);
    assert_int_equal(server.entered, 0);
}

static void test_deadline__holds_for_direct_calls_and_calls_inside_calls(void **state)
{
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct test_call outer;
    int number;
    (void)state;
    options.deadline = bs_deadline_after_ns(10 * MS);
    assert_int_equal(test_direct(&server, TEST_RUN, "block", &options, &number, NULL),
                     BS_DEADLINE_EXCEEDED);
    start(&outer, "inner block", 20);
    assert_int_equal(test_call_finish(&outer), BS_DEADLINE_EXCEEDED);
    test_call_fini(&outer);
    assert_int_equal(server.finished, 3);
}

static void test_deadline__many_at_once_fall_due_in_any_order(void **state)
{
    static struct test_call calls[64];
    (void)state;
    test_server_fini(&server);
    test_server_init(&server, &(struct rpc_dispatcher_options){.workers = 1});
    test_server_start(&server);
    start(&calls[0], "block", 0);
    test_server_wait_entered(&server, 1);
    for (int i = 1; i < 64; i++)
        start(&calls[i], "echo 1", 1 + i * 37 % 64);
    for (int i = 1; i < 64; i++)
        assert_int_equal(test_call_finish(&calls[i]), BS_DEADLINE_EXCEEDED);
    test_server_release(&server);
    assert_int_equal(test_call_finish(&calls[0]), BS_OK);
    for (int i = 0; i < 64; i++)
        test_call_fini(&calls[i]);
    assert_int_equal(server.entered, 1);
}

static void test_cancel__before_the_start_in_the_queue_while_running_and_after(void **state)
{
    struct test_call running, queued, early, done;
    (void)state;
    test_call_init(&early, &server, TEST_RUN, "echo 1", NULL, BS_DEADLINE_NONE);
    rpc_call_cancel(early.call);
    assert_int_equal(test_call_finish(&early), BS_CANCELLED);
    test_call_fini(&early);

    start(&running, "block", 0);
    test_server_wait_entered(&server, 1);
    start(&queued, "echo 1", 0);
    rpc_call_cancel(queued.call);
    rpc_call_cancel(queued.call);
    assert_int_equal(test_call_finish(&queued), BS_CANCELLED);
    test_call_fini(&queued);
    assert_int_equal(server.entered, 1);

    int64_t before = bs_monotonic_ns();
    rpc_call_cancel(running.call);
    assert_int_equal(test_call_finish(&running), BS_CANCELLED);
    test_call_fini(&running); /* waits for the handler, which sees it within 10 ms or so */
    assert_true(bs_monotonic_ns() - before < 1000ll * MS);
    assert_int_equal(server.finished, 1);

    start(&done, "echo 3", 0);
    assert_int_equal(test_call_finish(&done), BS_OK);
    rpc_call_cancel(done.call);
    assert_int_equal(done.number, 3);
    test_call_fini(&done);
}

static void test_cancel__reaches_a_direct_call_by_its_flag(void **state)
{
    _Atomic bool cancelled = true;
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct bs_error error = BS_ERROR_INIT;
    int number;
    (void)state;
    options.cancelled = &cancelled;
    assert_int_equal(test_direct(&server, TEST_RUN, "block", &options, &number, &error),
                     BS_CANCELLED);
    assert_int_equal(error.reason, BS_REASON_RPC_CANCELLED);
}

static void test_wait__gives_the_run_slot_to_another_call(void **state)
{
    struct test_call waiting[8], next;
    struct rpc_counters counters;
    (void)state;
    for (int i = 0; i < 8; i++) { /* one worker: each runs only because those before wait */
        start(&waiting[i], "wait", 0);
        test_server_wait_entered(&server, i + 1);
    }
    start(&next, "echo 5", 0);
    assert_int_equal(test_call_finish(&next), BS_OK);
    rpc_dispatcher_counters(server.dispatcher, &counters);
    assert_int_equal(counters.waiting, 8);
    assert_true(counters.threads >= 9);
    test_server_release(&server);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(test_call_finish(&waiting[i]), BS_OK);
        test_call_fini(&waiting[i]);
    }
    test_call_fini(&next);
}

static void test_drain__refuses_new_calls_and_lets_running_ones_end(void **state)
{
    struct test_call running, queued, refused;
    (void)state;
    start(&running, "block", 0);
    test_server_wait_entered(&server, 1);
    start(&queued, "inner echo 4", 0); /* accepted: so what it calls is accepted too */
    rpc_dispatcher_drain(server.dispatcher);
    assert_true(rpc_dispatcher_is_draining(server.dispatcher));
    start(&refused, "echo 1", 0);
    assert_int_equal(test_call_finish(&refused), BS_UNAVAILABLE);
    assert_int_equal(refused.error.reason, BS_REASON_RPC_DRAINING);
    assert_false(rpc_dispatcher_wait(server.dispatcher, 5));
    test_server_release(&server);
    assert_true(rpc_dispatcher_wait(server.dispatcher, 10000));
    assert_int_equal(test_call_finish(&running), BS_OK);
    assert_int_equal(test_call_finish(&queued), BS_OK);
    assert_int_equal(queued.number, 4);
    test_call_fini(&running);
    test_call_fini(&queued);
    test_call_fini(&refused);
}

static void test_stop__cancels_what_does_not_end_in_time(void **state)
{
    struct test_call running, queued;
    (void)state;
    start(&running, "block", 0);
    test_server_wait_entered(&server, 1);
    start(&queued, "echo 1", 0);
    rpc_dispatcher_stop(server.dispatcher, 10);
    assert_int_equal(test_call_finish(&running), BS_UNAVAILABLE);
    assert_int_equal(test_call_finish(&queued), BS_UNAVAILABLE);
    assert_int_equal(server.finished, 1);
    assert_int_equal(server.entered, 1);
    test_call_fini(&running);
    test_call_fini(&queued);
}

/* Many threads start, cancel and expire calls: each has exactly one answer (test_call_fini
 * asserts). */
static void *storm(void *seed)
{
    unsigned n = (unsigned)(uintptr_t)seed;
    for (int i = 0; i < 300; i++) {
        struct test_call call;
        n = n * 1103515245 + 12345;
        unsigned kind = n >> 16 & 3;
        start(&call, kind == 0 ? "wait" : "echo 2", kind == 1 ? 0 : 1);
        if (kind == 2)
            rpc_call_cancel(call.call);
        test_call_finish(&call);
        test_call_fini(&call);
    }
    return NULL;
}

static void test_calls__have_one_answer_each_in_a_storm(void **state)
{
    pthread_t threads[4];
    struct rpc_counters counters;
    (void)state;
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, storm, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(rpc_dispatcher_wait(server.dispatcher, 10000));
    rpc_dispatcher_counters(server.dispatcher, &counters);
    assert_int_equal(counters.started, 1200);
    assert_int_equal(counters.finished, 1200);
    assert_int_equal(counters.in_flight + counters.running + counters.waiting + counters.queued, 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_queue__refuses_when_full),
        TEST(test_deadline__in_the_queue_answers_and_the_handler_never_runs),
        TEST(test_deadline__is_kept_for_a_handler_that_does_not_look),
        TEST(test_deadline__is_the_least_of_clients_methods_and_servers),
        TEST(test_deadline__that_has_passed_never_reaches_the_handler),
        TEST(test_deadline__holds_for_direct_calls_and_calls_inside_calls),
        TEST(test_deadline__many_at_once_fall_due_in_any_order),
        TEST(test_cancel__before_the_start_in_the_queue_while_running_and_after),
        TEST(test_cancel__reaches_a_direct_call_by_its_flag),
        TEST(test_wait__gives_the_run_slot_to_another_call),
        TEST(test_drain__refuses_new_calls_and_lets_running_ones_end),
        TEST(test_stop__cancels_what_does_not_end_in_time),
        TEST(test_calls__have_one_answer_each_in_a_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
