/*
 * Values that are held beside writers: by many threads while their snapshots are taken back, and by
 * a process that reads what another one writes.
 */

#include "support.h"

#include <pthread.h>
#include <stdatomic.h>

#include "datom/conn.h"
#include "datom/fixture.h"
#include "datom/held.h"
#include "datom/rocks_store.h"

#define THREADS 8

struct race {
    struct datom_conn *conn;
    _Atomic bool stop;
    _Atomic uint64_t reads;
    _Atomic uint64_t wrong;
};

/* The ages of two people always add up to the same. */
static void *read_on(void *argument)
{
    struct race *race = argument;
    while (!atomic_load(&race->stop)) {
        BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(race->conn);
        for (int i = 0; i < 20; i++) {
            if (held_sum_of_ages(db) != 100)
                atomic_fetch_add(&race->wrong, 1);
            atomic_fetch_add(&race->reads, 1);
        }
    }
    return NULL;
}

static void test_held_beside__eight_readers_while_values_are_taken_back(void **state)
{
    (void)state;
    struct datom_options options = {.create = true, .no_sync = true, .hold_ms = 1};
    struct race race = {.conn = fixture_open("race", &options)};
    pthread_t threads[THREADS];
    fixture_transact(race.conn, held_schema);
    fixture_transact(race.conn, "[{:p/name \"a\" :p/age 50} {:p/name \"b\" :p/age 50}]");
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &race), 0);
    for (int i = 0; i < 300 || (atomic_load(&race.reads) < 2000 && i < 3000); i++) {
        char text[100];
        snprintf(text, sizeof(text), "[{:p/name \"a\" :p/age %d} {:p/name \"b\" :p/age %d}]",
                 i % 100, 100 - i % 100);
        fixture_transact(race.conn, text);
        if (i % 16 == 0)
            datom_store_expire_older(race.conn->store, 0);
        if (i % 64 == 0) {
            /* as a reopening of the engine does */
            pthread_mutex_lock(&race.conn->lock);
            datom_store_stop(race.conn->store);
            datom_store_resume(race.conn->store);
            pthread_mutex_unlock(&race.conn->lock);
        }
    }
    atomic_store(&race.stop, true);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&race.wrong), 0);
    datom_conn_unref(race.conn);
}

static void test_held_beside__values_of_a_reader_stay_when_it_catches_up(void **state)
{
    (void)state;
    struct datom_conn *writer = fixture_open("secondary", NULL);
    fixture_transact(writer, held_schema);
    held_add_people(writer, 20);
    struct datom_conn *reader =
        fixture_open("secondary", &(struct datom_options){.read_only = true});
    struct datom_db *old = datom_conn_db(reader);
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(4 << 20);
    held_print(old, &before, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        char text[160];
        snprintf(text, sizeof(text),
                 "[{:p/name \"person 001\" :p/age %d :p/tag :tag/new%d}"
                 " [:db/retractEntity [:p/name \"person 00%d\"]]]",
                 i, i, i + 2);
        fixture_transact(writer, text);
        if (i == 1)
            fixture_transact(writer, "[{:db/id :p/note :db/cardinality :db.cardinality/many}]");
        assert_int_equal(datom_conn_catch_up(reader, NULL), BS_OK);
        BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(4 << 20);
        held_print(old, &after, NULL, NULL);
        held_assert_same("caught up", &after, &before);
    }
    BS_CLEANUP(bs_buf_fini) struct bs_buf ours = BS_BUF_INIT(4 << 20);
    BS_CLEANUP(bs_buf_fini) struct bs_buf theirs = BS_BUF_INIT(4 << 20);
    struct datom_db *newest = datom_conn_db(reader);
    held_print(newest, &ours, NULL, NULL);
    datom_db_unref(newest);
    newest = datom_conn_db(writer);
    held_print(newest, &theirs, NULL, NULL);
    datom_db_unref(newest);
    held_assert_same("newest", &ours, &theirs);
    datom_db_unref(old);
    datom_conn_unref(reader);
    datom_conn_unref(writer);
}

/* Takes the counters out of a store, or puts them back. */
static void write_counters(struct datom_conn *writer, struct bs_str record)
{
    struct datom_write *write = datom_write_new();
    datom_write_add(writer->store, write,
                    &(struct datom_change){
                        .family = DATOM_FAMILY_META, .key = BS_STR("counters"), .record = record});
    assert_int_equal(datom_store_write(writer->store, write, true, NULL), BS_OK);
    datom_write_free(write);
}

static void
test_held_beside__a_reader_that_can_not_load_what_it_caught_up_with_reads_nothing(void **state)
{
    (void)state;
    struct datom_conn *writer = fixture_open("unknown", NULL);
    fixture_transact(writer, held_schema);
    held_add_people(writer, 5);
    struct datom_conn *reader = fixture_open("unknown", &(struct datom_options){.read_only = true});
    BS_CLEANUP(datom_db_unrefp) struct datom_db *old = datom_conn_db(reader);
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(1 << 20);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(1 << 20);
    held_print(old, &before, NULL, NULL);
    /* keys of :p/note have another form now, which the old schema does not know */
    fixture_transact(writer, "[{:db/id :p/note :db/cardinality :db.cardinality/many}]");
    struct datom_pin pin;
    struct bs_str record;
    bool found;
    struct datom_db *newest = datom_conn_db(writer);
    assert_int_equal(datom_body_get(newest->body, DATOM_FAMILY_META, BS_STR("counters"), &pin,
                                    &record, &found, NULL),
                     BS_OK);
    assert_true(found);
    BS_CLEANUP(bs_freep) char *counters = bs_memdup(record.ptr, record.len);
    size_t counters_len = record.len;
    datom_pin_release(&pin);
    datom_db_unref(newest);
    write_counters(writer, BS_STR("broken"));

    struct bs_error error = BS_ERROR_INIT;
    struct datom_cursor *cursor = NULL;
    struct datom_health health;
    assert_int_equal(datom_conn_catch_up(reader, &error), BS_DATA_LOSS);
    const struct datom *datoms;
    size_t count;
    enum bs_code code =
        datom_cursor_open(old, &(struct datom_range){.index = DATOM_EAVT}, &cursor, &error);
    if (code == BS_OK)
        code = datom_cursor_next(cursor, &datoms, &count, &error);
    datom_cursor_free(cursor);
    assert_int_not_equal(code, BS_OK);
    assert_non_null(strstr(error.message, "could not be loaded"));
    datom_conn_health(reader, &health);
    assert_false(health.is_readable);

    write_counters(writer, bs_str_make(counters, counters_len));
    assert_int_equal(datom_conn_catch_up(reader, NULL), BS_OK);
    held_print(old, &after, NULL, NULL);
    held_assert_same("loaded", &after, &before);
    datom_conn_health(reader, &health);
    assert_true(health.is_readable);
    datom_conn_unref(reader);
    datom_conn_unref(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_beside__eight_readers_while_values_are_taken_back),
        cmocka_unit_test(test_held_beside__values_of_a_reader_stay_when_it_catches_up),
        cmocka_unit_test(
            test_held_beside__a_reader_that_can_not_load_what_it_caught_up_with_reads_nothing),
    };
    return cmocka_run_group_tests_name("datom/held_beside", tests, fixture_setup, fixture_teardown);
}
