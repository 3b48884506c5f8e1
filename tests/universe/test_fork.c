/* Forks: what they share with their parent and what they do not. */

#include "procedures/fixture.h"

#include <pthread.h>

#define NAME(text) "[{:org/id \"dddddddddddddddddddddddd\" :org/name \"" text "\"}]"
#define RENAME(text) "[[:db/add [:org/id \"dddddddddddddddddddddddd\"] :org/name \"" text "\"]]"

static uint64_t transact(const struct universe *universe, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_report *report = NULL;
    if (datom_transact_text(universe->conn, bs_str_from(text), NULL, &report, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
    uint64_t t = report->t;
    datom_report_free(report);
    return t;
}

/* The name of the org that these tests make; "" when there is none. */
static const char *name_in(struct datom_db *db)
{
    struct bs_error error = BS_ERROR_INIT;
    struct bs_str name = BS_STR_EMPTY;
    datom_id org;
    assert_int_equal(
        universe_find(db, "org/id", EDN_STRING_LIT("dddddddddddddddddddddddd"), &org, &error),
        BS_OK);
    if (org != DATOM_NO_ID)
        assert_int_equal(universe_get_text(db, test_world()->arena, org, "org/name", &name, &error),
                         BS_OK);
    return name.ptr;
}

static const char *name_now(const struct universe *universe)
{
    struct datom_db *db = datom_conn_db(universe->conn);
    const char *name = name_in(db);
    datom_db_unref(db);
    return name;
}

static uint64_t basis_of(const struct universe *universe)
{
    struct datom_db *db = datom_conn_db(universe->conn);
    uint64_t t = datom_db_basis_t(db);
    datom_db_unref(db);
    return t;
}

static size_t count_datoms(const struct universe *universe, enum datom_index index)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_db *db = datom_conn_db(universe->conn);
    const struct datom_range range = {.index = index};
    struct datom_cursor *cursor;
    const struct datom *datoms;
    size_t count, all = 0;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, &error), BS_OK);
    do {
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, &error), BS_OK);
        all += count;
    } while (count > 0);
    datom_cursor_free(cursor);
    datom_db_unref(db);
    return all;
}

/* The last t of a universe's log, and how many transactions it has. */
static uint64_t last_of_log(struct datom_db *db, size_t *ret_count)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_log_reader *reader;
    struct datom_log_entry entry;
    uint64_t last = 0;
    bool found;
    *ret_count = 0;
    assert_int_equal(datom_log_open(db, 0, UINT64_MAX, &reader, &error), BS_OK);
    for (;;) {
        assert_int_equal(datom_log_next(reader, &entry, &found, &error), BS_OK);
        if (!found)
            break;
        last = entry.t;
        (*ret_count)++;
    }
    datom_log_close(reader);
    return last;
}

/* F-1 */
static void test_fork__begins_with_what_its_parent_has(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        static const enum datom_index indexes[] = {DATOM_EAVT, DATOM_AEVT};
        size_t of_parent, of_fork;
        for (size_t i = 0; i < BS_ARRAY_COUNT(indexes); i++)
            assert_int_equal(count_datoms(fork, indexes[i]),
                             count_datoms(world->universe, indexes[i]));
        assert_int_equal(basis_of(fork), basis_of(world->universe));
        struct datom_db *db = datom_conn_db(world->universe->conn);
        struct datom_db *same = datom_conn_db(fork->conn);
        assert_int_equal(last_of_log(db, &of_parent), last_of_log(same, &of_fork));
        assert_int_equal(of_parent, of_fork);
        datom_db_unref(db);
        datom_db_unref(same);
        assert_int_equal(universe_now_ms(fork), TEST_NOW_MS);
    }
}

/* F-2, F-3, F-4, F-6 */
static void test_forks__see_nothing_of_each_other(void **state)
{
    struct test_world *world = *state;
    BRANCH(parent, world->universe)
    {
        transact(parent, NAME("first"));
        BRANCH(child, parent)
        {
            BRANCH(grandchild, child)
            {
                transact(grandchild, RENAME("third"));
                transact(child, RENAME("second"));
                assert_string_equal(name_now(grandchild), "third");
            }
            size_t before, after;
            struct datom_db *db = datom_conn_db(parent->conn);
            last_of_log(db, &before);
            assert_string_equal(name_now(parent), "first");
            transact(parent, RENAME("still first"));
            assert_string_equal(name_now(child), "second");
            last_of_log(db, &after);
            assert_int_equal(before, after);
            datom_db_unref(db);
        }
        BRANCH(sibling, parent)
        assert_string_equal(name_now(sibling), "still first");
    }
    assert_string_equal(name_now(world->universe), "");
}

/* F-5: the same ids for different facts, so ids and ts of a fork mean nothing outside. */
static void test_forks__give_the_same_ts_but_other_public_ids(void **state)
{
    struct test_world *world = *state;
    BRANCH(a, world->universe)
    {
        BRANCH(b, world->universe)
        {
            struct universe call_a, call_b;
            assert_int_equal(transact(a, NAME("a")), transact(b, NAME("b")));
            universe_begin(a, world->arena, &call_a);
            universe_begin(b, world->arena, &call_b);
            assert_false(bs_str_equal(universe_new_id(&call_a), universe_new_id(&call_b)));
            assert_false(bs_str_equal(universe_new_token(&call_a), universe_new_token(&call_b)));
            universe_end(&call_a);
            universe_end(&call_b);
        }
    }
}

static void test_chance__repeats_with_the_seed(void **state)
{
    struct bs_str ids[2], tokens[2];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_conn *conn = datom_conn_new_memory(NULL);
        const struct universe_options options = {.conn = conn, .has_seed = true, .seed = 7};
        struct universe *universe;
        assert_int_equal(universe_new(&options, &universe, &error), BS_OK);
        BRANCH(first, universe)
        {
            BRANCH(second, universe)
            {
                struct universe call;
                universe_begin(second, test_world()->arena, &call);
                ids[i] = universe_new_id(&call);
                tokens[i] = universe_new_token(&call);
                universe_end(&call);
            }
        }
        universe_free(universe);
        datom_conn_unref(conn);
    }
    assert_true(bs_str_equal(ids[0], ids[1]));
    assert_true(bs_str_equal(tokens[0], tokens[1]));
}

/* F-10, F-12 */
static void test_fork__outlives_its_parent_and_values_outlive_both(void **state)
{
    struct test_world *world = *state;
    struct universe *parent = test_fork(world->universe);
    transact(parent, NAME("kept"));
    struct universe *child = test_fork(parent);
    universe_free(parent);
    transact(child, RENAME("changed"));
    struct datom_db *db = datom_conn_db(child->conn);
    universe_free(child);
    assert_string_equal(name_in(db), "changed");
    datom_db_unref(db);
}

/* F-11 */
static void test_fork__looks_back_over_its_parents_past_and_its_own(void **state)
{
    struct test_world *world = *state;
    BRANCH(parent, world->universe)
    {
        uint64_t first = transact(parent, NAME("first"));
        BRANCH(child, parent)
        {
            uint64_t second = transact(child, RENAME("second"));
            transact(child, RENAME("third"));
            struct datom_db *db = datom_conn_db(child->conn);
            struct datom_db *before = datom_db_as_of(db, first - 1);
            struct datom_db *then = datom_db_as_of(db, first);
            struct datom_db *later = datom_db_as_of(db, second);
            assert_string_equal(name_in(before), "");
            assert_string_equal(name_in(then), "first");
            assert_string_equal(name_in(later), "second");
            assert_string_equal(name_in(db), "third");
            datom_db_unref(later);
            datom_db_unref(then);
            datom_db_unref(before);
            datom_db_unref(db);
        }
    }
}

/* F-13 */
static void test_fork_of_a_past_value__branches_from_it(void **state)
{
    struct test_world *world = *state;
    BRANCH(parent, world->universe)
    {
        struct bs_error error = BS_ERROR_INIT;
        struct universe *past = NULL;
        uint64_t first = transact(parent, NAME("first"));
        transact(parent, RENAME("second"));
        struct datom_db *db = datom_conn_db(parent->conn);
        struct datom_db *then = datom_db_as_of(db, first);
        assert_int_equal(universe_fork_of(parent, then, &past, &error), BS_OK);
        assert_string_equal(name_now(past), "first");
        transact(past, RENAME("otherwise"));
        assert_string_equal(name_now(past), "otherwise");
        assert_string_equal(name_now(parent), "second");
        universe_free(past);
        datom_db_unref(then);
        datom_db_unref(db);
    }
}

/* F-9 */
static void test_failed_transaction__leaves_a_fork_as_it_was(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        struct bs_error error = BS_ERROR_INIT;
        uint64_t before = basis_of(fork);
        assert_int_equal(datom_transact_text(fork->conn,
                                             BS_STR("[{:org/id \"" PROCEDURES_DEMO_ORG "\"}]"),
                                             NULL, NULL, &error),
                         BS_ALREADY_EXISTS);
        assert_int_equal(basis_of(fork), before);
    }
}

/* F-14 */
static void test_schema__of_a_fork_stays_there(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        transact(fork, "[{:db/ident :org/motto :db/valueType :db.type/string"
                       " :db/cardinality :db.cardinality/one}]");
        struct datom_db *db = datom_conn_db(fork->conn);
        assert_non_null(datom_db_attribute_named(db, BS_STR("org/motto")));
        datom_db_unref(db);
        db = datom_conn_db(world->universe->conn);
        assert_null(datom_db_attribute_named(db, BS_STR("org/motto")));
        datom_db_unref(db);
    }
}

/* F-18 */
static void test_unique_values__are_found_through_forks(void **state)
{
    struct test_world *world = *state;
    BRANCH(parent, world->universe)
    {
        transact(parent, NAME("first"));
        BRANCH(child, parent)
        {
            transact(child, "[[:db/retract [:org/id \"dddddddddddddddddddddddd\"] :org/id"
                            " \"dddddddddddddddddddddddd\"]]");
            assert_string_equal(name_now(child), "");
            transact(child, NAME("another"));
            assert_string_equal(name_now(child), "another");
        }
        assert_string_equal(name_now(parent), "first");
    }
}

/* F-19 */
static void test_forks_of_forks__stay_right_two_hundred_deep(void **state)
{
    struct test_world *world = *state;
    struct universe *chain[200];
    for (size_t i = 0; i < BS_ARRAY_COUNT(chain); i++) {
        char text[120];
        chain[i] = test_fork(i == 0 ? world->universe : chain[i - 1]);
        snprintf(text, sizeof(text), i == 0 ? NAME("%zu") : RENAME("%zu"), i);
        transact(chain[i], text);
    }
    for (size_t i = 0; i < BS_ARRAY_COUNT(chain); i += 37) {
        char text[24];
        snprintf(text, sizeof(text), "%zu", i);
        assert_string_equal(name_now(chain[i]), text);
    }
    for (size_t i = 0; i < BS_ARRAY_COUNT(chain); i++)
        universe_free(chain[i]);
}

/* F-20; the sanitizer counts the bytes */
static void test_forks__leave_nothing_behind(void **state)
{
    struct test_world *world = *state;
    for (size_t i = 0; i < 10000; i++) {
        struct universe *fork = test_fork(world->universe);
        if (i % 100 == 0)
            transact(fork, NAME("gone"));
        universe_free(fork);
    }
}

/* F-7: a fork's log and its value are of one moment, whatever the parent's writers do. */
static void *write_on(void *universe)
{
    for (size_t i = 0; i < 200; i++)
        transact((struct universe *)universe, "[[:db/add \"e\" :org/name \"busy\"]]");
    return NULL;
}

static void test_fork__is_of_one_moment_while_others_write(void **state)
{
    struct test_world *world = *state;
    BRANCH(parent, world->universe)
    {
        pthread_t writers[2];
        for (size_t i = 0; i < BS_ARRAY_COUNT(writers); i++)
            assert_int_equal(pthread_create(&writers[i], NULL, write_on, parent), 0);
        for (size_t i = 0; i < 200; i++) {
            BRANCH(fork, parent)
            {
                size_t count;
                struct datom_db *db = datom_conn_db(fork->conn);
                assert_int_equal(last_of_log(db, &count), datom_db_basis_t(db));
                datom_db_unref(db);
            }
        }
        for (size_t i = 0; i < BS_ARRAY_COUNT(writers); i++)
            pthread_join(writers[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fork__begins_with_what_its_parent_has),
        cmocka_unit_test(test_forks__see_nothing_of_each_other),
        cmocka_unit_test(test_forks__give_the_same_ts_but_other_public_ids),
        cmocka_unit_test(test_chance__repeats_with_the_seed),
        cmocka_unit_test(test_fork__outlives_its_parent_and_values_outlive_both),
        cmocka_unit_test(test_fork__looks_back_over_its_parents_past_and_its_own),
        cmocka_unit_test(test_fork_of_a_past_value__branches_from_it),
        cmocka_unit_test(test_failed_transaction__leaves_a_fork_as_it_was),
        cmocka_unit_test(test_schema__of_a_fork_stays_there),
        cmocka_unit_test(test_unique_values__are_found_through_forks),
        cmocka_unit_test(test_forks_of_forks__stay_right_two_hundred_deep),
        cmocka_unit_test(test_forks__leave_nothing_behind),
        cmocka_unit_test(test_fork__is_of_one_moment_while_others_write),
    };
    return cmocka_run_group_tests(tests, test_world_setup, test_world_teardown);
}
