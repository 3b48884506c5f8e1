/* The outbox: at least once, in the end exactly once, and never from a fork what its parent owes.
 */

#include "procedures/fixture.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SUBSCRIBE "bandstand.v1.FanService/Subscribe"

static void subscribe(const struct universe *universe, const char *email)
{
    const char *request =
        bs_arena_printf(test_world()->arena, "{\"slug\": \"ma2x\", \"email\": \"%s\"}", email).ptr;
    test_ok(universe, NOBODY, SUBSCRIBE, request);
}

static struct services_mail_double *post_of(const struct universe *universe)
{
    return universe_mail_double(universe);
}

static void deliver(const struct universe *universe, size_t expected)
{
    struct bs_error error = BS_ERROR_INIT;
    size_t sent;
    if (universe_deliver_due(universe, &sent, &error) != BS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(sent, expected);
}

/* How many mails have a status. */
static size_t count_status(const struct universe *universe, const char *status)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_db *db = datom_conn_db(universe->conn);
    const struct datom_attribute *attribute = datom_db_attribute_named(db, BS_STR("mail/status"));
    const struct datom_range range = {.index = DATOM_AEVT, .has_a = true, .a = attribute->id};
    struct datom_cursor *cursor;
    const struct datom *datoms;
    size_t count, found = 0;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, &error), BS_OK);
    do {
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, &error), BS_OK);
        for (size_t i = 0; i < count; i++)
            found += edn_is_text(datoms[i].v, EDN_KEYWORD, bs_str_from(status));
    } while (count > 0);
    datom_cursor_free(cursor);
    datom_db_unref(db);
    return found;
}

static void test_mail__is_sent_once_and_says_what_it_must(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct services_mail_record record;
        subscribe(fork, "a@fans.example");
        assert_int_equal(services_mail_double_count(post_of(fork)), 0);
        assert_int_equal(count_status(fork, "pending"), 1);
        deliver(fork, 1);
        deliver(fork, 0);
        assert_int_equal(services_mail_double_asked(post_of(fork)), 1);
        assert_int_equal(count_status(fork, "sent"), 1);
        assert_true(services_mail_double_at(post_of(fork), 0, world->arena, &record));
        assert_str_equals(record.message.to, "a@fans.example");
        assert_str_equals(record.message.kind, "subscription-confirmation");
        assert_str_equals(record.message.subject, "Please confirm: news of MA2X, the tour");
        assert_true(bs_str_find(record.message.text,
                                BS_STR("\nhttps://bandstand.example/campaign/ma2x/landing?"
                                       "confirm=")) > 0);
        assert_int_equal(record.message.id.len, 24);
    }
}

static void test_line_break_in_a_name__begins_no_field_of_a_mail(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct services_mail_record record;
        struct bs_str made =
            test_ok(fork, OWNER, "bandstand.v1.CampaignService/CreateCampaign",
                    "{\"orgId\": \"" PROCEDURES_DEMO_ORG "\", \"slug\": \"two-lines\", "
                    "\"name\": \"Two\\r\\nBcc: everybody@fans.example\"}");
        struct bs_str id = test_json_text(made, "campaign.id");
        test_ok(fork, OWNER, "bandstand.v1.CampaignService/PublishCampaign",
                bs_arena_printf(world->arena, "{\"campaignId\": \"%.*s\"}", BS_STR_ARGS(id)).ptr);
        test_ok(fork, NOBODY, SUBSCRIBE,
                "{\"slug\": \"two-lines\", \"email\": \"a@fans.example\"}");
        deliver(fork, 1);
        assert_true(services_mail_double_at(post_of(fork), 0, world->arena, &record));
        assert_str_equals(record.message.subject,
                          "Please confirm: news of Two  Bcc: everybody@fans.example");
    }
}

static void test_refused_mail__is_tried_again_later_and_later(void **state)
{
    static const int64_t waits_ms[] = {10000, 20000, 40000, 80000, 160000};
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        int64_t now_ms = TEST_NOW_MS;
        subscribe(fork, "a@fans.example");
        services_mail_double_fail(post_of(fork), SERVICES_MAIL_REFUSES, 5);
        for (size_t i = 0; i < BS_ARRAY_COUNT(waits_ms); i++) {
            struct bs_error error = BS_ERROR_INIT;
            int64_t due_ms;
            bool found;
            deliver(fork, 0);
            assert_int_equal(services_mail_double_asked(post_of(fork)), i + 1);
            assert_int_equal(universe_next_due_ms(fork, &due_ms, &found, &error), BS_OK);
            assert_true(found);
            assert_int_equal(due_ms, now_ms + waits_ms[i]);
            universe_set_now_ms(fork, due_ms - 1);
            deliver(fork, 0);
            assert_int_equal(services_mail_double_asked(post_of(fork)), i + 1);
            now_ms = due_ms;
            universe_set_now_ms(fork, now_ms);
        }
        deliver(fork, 1);
        assert_int_equal(services_mail_double_count(post_of(fork)), 1);
    }
}

static void test_mail_whose_answer_is_lost__reaches_the_service_once(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct services_mail_record record;
        subscribe(fork, "a@fans.example");
        services_mail_double_fail(post_of(fork), SERVICES_MAIL_FORGETS, 1);
        deliver(fork, 0);
        universe_set_now_ms(fork, TEST_NOW_MS + 10000);
        deliver(fork, 1);
        assert_int_equal(services_mail_double_asked(post_of(fork)), 2);
        assert_int_equal(services_mail_double_count(post_of(fork)), 1);
        assert_true(services_mail_double_at(post_of(fork), 0, world->arena, &record));
        assert_int_equal(record.attempts, 2);
    }
}

static void test_mail_that_fails_for_good__is_given_up(void **state)
{
    struct test_world *world = *state;
    BRANCH(start, world->universe)
    {
        subscribe(start, "a@fans.example");
        subscribe(start, "b@fans.example");
        BRANCH(unused, start) /* what is pending belongs to the parent */
        deliver(unused, 0);
        services_mail_double_add_bad_recipient(post_of(start), BS_STR("a@fans.example"));
        deliver(start, 1);
        assert_int_equal(count_status(start, "rejected"), 1);
        assert_int_equal(count_status(start, "sent"), 1);
        subscribe(start, "c@fans.example");
        services_mail_double_fail(post_of(start), SERVICES_MAIL_REFUSES, 10);
        for (int i = 0; i < 10; i++) {
            deliver(start, 0);
            universe_set_now_ms(start, universe_now_ms(start) + TEST_DAY_MS);
        }
        deliver(start, 0);
        assert_int_equal(count_status(start, "failed"), 1);
        assert_int_equal(count_status(start, "pending"), 0);
    }
}

/* U-6 */
static void test_fork__sends_its_own_mails_and_not_its_parents(void **state)
{
    struct test_world *world = *state;
    BRANCH(parent, world->universe)
    {
        subscribe(parent, "parent@fans.example");
        BRANCH(child, parent)
        {
            struct bs_error error = BS_ERROR_INIT;
            int64_t due_ms;
            bool found;
            assert_int_equal(universe_next_due_ms(child, &due_ms, &found, &error), BS_OK);
            assert_false(found);
            subscribe(child, "child@fans.example");
            deliver(child, 1);
            assert_int_equal(count_status(child, "pending"), 1);
        }
        assert_int_equal(services_mail_double_count(post_of(parent)), 0);
        deliver(parent, 1);
    }
}

static void test_slow_service__moves_the_time_that_is_recorded(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct bs_error error = BS_ERROR_INIT;
        datom_id user;
        struct universe call;
        int64_t sent_ms = 0;
        bool found;
        struct bs_clock_fixed *clock = fork->clock.self;
        subscribe(fork, "a@fans.example");
        services_mail_double_set_latency(post_of(fork), 1500, clock);
        deliver(fork, 1);
        universe_begin(fork, world->arena, &call);
        struct services_mail_record record;
        assert_true(services_mail_double_at(post_of(fork), 0, world->arena, &record));
        assert_int_equal(
            universe_find(call.db, "mail/id", edn_string(record.message.id), &user, &error), BS_OK);
        assert_int_equal(universe_get_long(call.db, user, "mail/sent-at", &sent_ms, &found, &error),
                         BS_OK);
        assert_int_equal(sent_ms, TEST_NOW_MS + 1500);
        universe_end(&call);
    }
}

/* A service that stops the process's work between sending and recording: the store refuses. */
struct crashing {
    struct services_mail_double *post;
    struct datom_conn *conn;
};

static enum bs_code send_and_crash(void *self, const struct services_mail_message *message,
                                   struct bs_error *error)
{
    struct crashing *crashing = self;
    const struct services_mail *post = services_mail_double_service(crashing->post);
    BS_TRY(post->send(post->self, message, error));
    /* somebody else counts an attempt: the outcome's compare-and-set is refused, as if it had never
     * been written */
    const char *count =
        bs_arena_printf(test_world()->arena, "[[:db/add [:mail/id \"%.*s\"] :mail/attempts 100]]",
                        BS_STR_ARGS(message->id))
            .ptr;
    return datom_transact_text(crashing->conn, bs_str_from(count), NULL, NULL, error);
}

static void test_crash_between_sending_and_recording__sends_the_same_id_again(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct bs_error error = BS_ERROR_INIT;
        struct crashing crashing = {.post = post_of(fork), .conn = fork->conn};
        const struct services_mail crashes = {.send = send_and_crash, .self = &crashing};
        const struct services_mail *good = fork->mail;
        subscribe(fork, "a@fans.example");
        fork->mail = &crashes;
        assert_int_equal(universe_deliver_due(fork, NULL, &error), BS_ABORTED);
        assert_int_equal(count_status(fork, "pending"), 1);
        fork->mail = good;
        deliver(fork, 1);
        assert_int_equal(services_mail_double_asked(post_of(fork)), 2);
        assert_int_equal(services_mail_double_count(post_of(fork)), 1);
    }
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

/* A store on disk that is closed, as by a crash, before the mail is sent. */
static struct universe *open_on_disk(const char *dir, struct datom_conn **ret_conn,
                                     struct bs_clock_fixed *clock)
{
    struct bs_error error = BS_ERROR_INIT;
    struct universe *universe = NULL;
    const struct datom_options options = {.clock = bs_clock_of_fixed(clock), .create = true};
    if (datom_conn_open(bs_str_from(dir), &options, ret_conn, &error) != BS_OK)
        fail_msg("%s", error.message);
    const struct universe_options made = {.conn = *ret_conn, .clock = bs_clock_of_fixed(clock)};
    if (universe_new(&made, &universe, &error) != BS_OK ||
        procedures_install_demo(universe, &error) != BS_OK)
        fail_msg("%s", error.message);
    return universe;
}

static void test_mail__is_sent_after_the_store_is_opened_again(void **state)
{
    char dir[] = "/tmp/bandstand-outbox-XXXXXX";
    struct bs_clock_fixed clock = {.now_ms = TEST_NOW_MS};
    struct datom_conn *conn;
    (void)state;
    assert_non_null(mkdtemp(dir));
    struct universe *first = open_on_disk(dir, &conn, &clock);
    subscribe(first, "a@fans.example");
    universe_free(first);
    datom_conn_unref(conn);
    struct universe *second = open_on_disk(dir, &conn, &clock);
    deliver(second, 1);
    deliver(second, 0);
    assert_int_equal(services_mail_double_count(post_of(second)), 1);
    universe_free(second);
    datom_conn_unref(conn);
    assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void test_deliverer__sends_what_comes_and_stops(void **state)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    struct universe_deliverer *deliverer = NULL;
    struct universe *live;
    struct universe call;
    (void)state;
    assert_int_equal(universe_new(&(struct universe_options){.conn = conn}, &live, &error), BS_OK);
    assert_int_equal(universe_deliverer_start(live, &deliverer, &error), BS_OK);
    for (int i = 0; i < 3; i++) {
        struct universe_tx tx;
        universe_begin(live, test_world()->arena, &call);
        universe_tx_init(&tx, &call);
        const struct universe_mail mail = {
            .kind = "test", .to = BS_STR("a@b"), .subject = BS_STR("s"), .text = BS_STR("t")};
        universe_tx_mail(&tx, &call, universe_tempid("m"), &mail);
        assert_int_equal(universe_transact(&call, &tx, NULL, &error), BS_OK);
        universe_end(&call);
    }
    /* each mail is a transaction here and one more when it was sent */
    const struct bs_interrupt soon = {.deadline = bs_deadline_after_ns(INT64_C(20000000000))};
    while (count_status(live, "sent") < 3 && !bs_deadline_passed(soon.deadline)) {
        struct datom_db *db = datom_conn_db(conn);
        struct datom_db *next = NULL;
        uint64_t basis_t = datom_db_basis_t(db);
        datom_db_unref(db);
        const struct bs_interrupt step = {.deadline = bs_deadline_after_ns(50000000)};
        if (datom_conn_sync(conn, basis_t + 1, &step, &next, &error) == BS_OK)
            datom_db_unref(next);
    }
    assert_int_equal(services_mail_double_count(post_of(live)), 3);
    assert_int_equal(count_status(live, "sent"), 3);
    universe_deliverer_stop(deliverer);
    universe_free(live);
    datom_conn_unref(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mail__is_sent_once_and_says_what_it_must),
        cmocka_unit_test(test_line_break_in_a_name__begins_no_field_of_a_mail),
        cmocka_unit_test(test_refused_mail__is_tried_again_later_and_later),
        cmocka_unit_test(test_mail_whose_answer_is_lost__reaches_the_service_once),
        cmocka_unit_test(test_mail_that_fails_for_good__is_given_up),
        cmocka_unit_test(test_fork__sends_its_own_mails_and_not_its_parents),
        cmocka_unit_test(test_slow_service__moves_the_time_that_is_recorded),
        cmocka_unit_test(test_crash_between_sending_and_recording__sends_the_same_id_again),
        cmocka_unit_test(test_mail__is_sent_after_the_store_is_opened_again),
        cmocka_unit_test(test_deliverer__sends_what_comes_and_stops),
    };
    return cmocka_run_group_tests(tests, test_world_setup, test_world_teardown);
}
