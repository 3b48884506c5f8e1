/*
 * Values that are held while the store goes on: taken back under their holders they answer as
 * before, through every index, through cursors that stood in the middle, after alterations, and
 * beside writers; and what they pinned is free.
 */

#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "datom/conn.h"
#include "datom/fixture.h"
#include "datom/rocks_store.h"

static const char schema_text[] =
    "[{:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/age :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :p/tag :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many"
    "  :db/index true}"
    " {:db/ident :p/note :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]";

static void add_people(struct datom_conn *conn, int count)
{
    for (int i = 0; i < count; i++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "[{:p/name \"person %03d\" :p/age %d :p/tag [:tag/a :tag/b%d] :p/note \"n%d\""
                 " :p/friend [[:p/name \"person 000\"]]}]",
                 i, 20 + i % 30, i % 7, i);
        if (i == 0)
            fixture_transact(conn, "[{:p/name \"person 000\"}]");
        fixture_transact(conn, text);
    }
}

/* ---- what a value says, as text ---- */

static void print_datom(struct bs_buf *out, const struct datom *datom)
{
    char value[100];
    bs_buf_printf(out, "[%llu %llu %s %llu %d]\n", (unsigned long long)datom->e,
                  (unsigned long long)datom->a, edn_print_cut(datom->v, value, sizeof(value)),
                  (unsigned long long)datom->tx, datom->added);
}

/* Everything in an index, with `pause` between the batches. */
static void print_index(struct datom_db *db, enum datom_index index, struct bs_buf *out,
                        void (*pause)(void *self), void *self)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_cursor *cursor = NULL;
    size_t count = 1;
    assert_int_equal(datom_cursor_open(db, &(struct datom_range){.index = index}, &cursor, &error),
                     BS_OK);
    while (count > 0) {
        const struct datom *datoms;
        if (datom_cursor_next(cursor, &datoms, &count, &error) != BS_OK)
            fail_msg("%s", error.message);
        for (size_t i = 0; i < count; i++)
            print_datom(out, &datoms[i]);
        if (pause)
            pause(self);
    }
    datom_cursor_free(cursor);
}

static void print_log(struct datom_db *db, struct bs_buf *out, void (*pause)(void *self),
                      void *self)
{
    struct datom_log_reader *reader;
    struct datom_log_entry entry;
    bool found = true;
    assert_int_equal(datom_log_open(db, 0, UINT64_MAX, &reader, NULL), BS_OK);
    while (found) {
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
        for (size_t i = 0; found && i < entry.count; i++)
            print_datom(out, &entry.datoms[i]);
        if (pause)
            pause(self);
    }
    datom_log_close(reader);
}

static void print_view(struct datom_db *db, struct bs_buf *out, void (*pause)(void *self),
                       void *self)
{
    for (int index = DATOM_EAVT; index <= DATOM_VAET; index++) {
        bs_buf_printf(out, "-- %d\n", index);
        print_index(db, (enum datom_index)index, out, pause, self);
    }
}

/* The value, its history, its past and its log. */
static void print_value(struct datom_db *db, struct bs_buf *out, void (*pause)(void *self),
                        void *self)
{
    struct datom_db *history = datom_db_history(db);
    uint64_t middle = (DATOM_FIRST_USER_T + datom_db_basis_t(db)) / 2;
    struct datom_db *past = datom_db_as_of(db, middle);
    struct datom_db *since = datom_db_since(db, middle);
    print_view(db, out, pause, self);
    print_view(history, out, pause, self);
    print_view(past, out, pause, self);
    print_view(since, out, pause, self);
    print_log(db, out, pause, self);
    datom_db_unref(history);
    datom_db_unref(past);
    datom_db_unref(since);
}

static void assert_same_lines(const char *what, const struct bs_buf *is,
                              const struct bs_buf *should)
{
    const char *a = is->ptr ? is->ptr : "";
    const char *b = should->ptr ? should->ptr : "";
    size_t size = BS_MIN(is->len, should->len);
    size_t at = 0, line = 0;
    assert_true(should->len > 1000 && !should->overflowed);
    while (at < size && a[at] == b[at]) {
        if (a[at++] == '\n')
            line = at;
    }
    if (at == size && is->len == should->len)
        return;
    fail_msg("%s: after %zu bytes of %zu and %zu: is %.*s should be %.*s", what, at, is->len,
             should->len, (int)BS_MIN(is->len - line, (size_t)80), a + line,
             (int)BS_MIN(should->len - line, (size_t)80), b + line);
}

/* ---- taken back ---- */

struct alteration {
    const char *name;
    const char *texts[6];
};

static const struct alteration alterations[] = {
    {"values change and go",
     {"[{:p/name \"person 001\" :p/age 99 :p/note \"other\"} [:db/retractEntity [:p/name \"person "
      "002\"]]]",
      "[[:db/retract [:p/name \"person 003\"] :p/tag :tag/a]]"}},
    {"one becomes many",
     {"[{:db/id :p/age :db/cardinality :db.cardinality/many}]",
      "[{:p/name \"person 001\" :p/age [1 2 3]}]"}},
    {"many becomes one",
     {"[[:db/retract [:p/name \"person 000\"] :p/tag :tag/a]]",
      "[[:db/retractEntity [:p/name \"person 001\"]] [:db/retractEntity [:p/name \"person 002\"]]"
      " [:db/retractEntity [:p/name \"person 003\"]] [:db/retractEntity [:p/name \"person 004\"]]]",
      "[{:db/id :p/tag :db/cardinality :db.cardinality/one}]",
      "[{:p/name \"person 000\" :p/tag "
      ":tag/z}]"}},
    {"an index is added",
     {"[{:db/id :p/note :db/index true}]", "[{:p/name \"person 001\" :p/note \"zz\"}]"}},
    {"an index is dropped",
     {"[[:db/retract :p/age :db/index true] [:db/retract :p/tag :db/index true]]",
      "[{:p/name \"person 001\" :p/age 7 :p/tag :tag/q}]"}},
    {"uniqueness is dropped, and an index comes back",
     {"[[:db/retract :p/name :db/unique :db.unique/identity]]",
      "[[:db/retract :p/age :db/index true]]", "[{:db/id :p/age :db/index true}]"}},
    {"attributes come and are renamed",
     {"[{:db/ident :p/new :db/valueType :db.type/long :db/cardinality :db.cardinality/one "
      ":db/index true}]",
      "[{:p/name \"person 000\" :p/new 5} {:db/id :p/note :db/ident :p/remark}]"}},
};

static void test_held__values_say_the_same_after_they_were_taken_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(alterations); i++) {
        char name[20];
        snprintf(name, sizeof(name), "same-%zu", i);
        struct datom_conn *conn = fixture_open(name, NULL);
        fixture_transact(conn, schema_text);
        add_people(conn, 5);
        fixture_transact(conn, "[{:p/name \"person 001\" :p/age 50}]");
        struct datom_db *db = datom_conn_db(conn);
        BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(1 << 20);
        print_value(db, &before, NULL, NULL);
        for (size_t j = 0; j < BS_ARRAY_COUNT(alterations[i].texts); j++) {
            if (!alterations[i].texts[j])
                continue;
            fixture_transact(conn, alterations[i].texts[j]);
            datom_store_expire_older(conn->store, 0);
            assert_false(datom_snapshot_is_live(db->body->snapshot));
            BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(1 << 20);
            print_value(db, &after, NULL, NULL);
            assert_same_lines(alterations[i].name, &after, &before);
        }
        datom_db_unref(db);
        datom_conn_unref(conn);
    }
}

static void test_held__single_reads_of_values_that_were_taken_back(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("single", NULL);
    fixture_transact(conn, schema_text);
    add_people(conn, 3);
    struct datom_db *db = datom_conn_db(conn);
    fixture_transact(conn, "[{:p/name \"person 001\" :p/age 99}"
                           " [:db/retractEntity [:p/name \"person 002\"]]"
                           " {:p/name \"person 009\" :p/age 1}]");
    fixture_transact(conn, "[{:db/id :p/age :db/cardinality :db.cardinality/many}]");
    datom_store_expire_older(conn->store, 0);
    const struct datom_attribute *age = datom_db_attribute_named(db, BS_STR("p/age"));
    const struct datom_attribute *name = datom_db_attribute_named(db, BS_STR("p/name"));
    const struct {
        const char *name;
        int64_t age;
    } rows[] = {{"person 000", 20}, {"person 001", 21}, {"person 002", 22}, {"person 009", -1}};
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        datom_id e;
        struct edn value;
        bool found;
        assert_int_equal(datom_db_lookup(db, name, edn_string(bs_str_from(rows[i].name)), &e, NULL),
                         BS_OK);
        assert_int_equal(e == DATOM_NO_ID, rows[i].age < 0);
        if (rows[i].age < 0)
            continue;
        assert_int_equal(datom_db_get(db, e, age, arena, &value, &found, NULL), BS_OK);
        assert_true(found);
        assert_int_equal(value.as.integer, rows[i].age);
    }
    datom_db_unref(db);
    datom_conn_unref(conn);
}

struct disturbance {
    struct datom_conn *conn;
    int count;
};

static void disturb(void *self)
{
    struct disturbance *disturbance = self;
    char text[160];
    int i = disturbance->count++;
    snprintf(text, sizeof(text),
             "[{:p/name \"person %03d\" :p/age %d :p/note \"new %d\"} {:p/name \"q%d\"}]", i % 60,
             i, i, i);
    if (i % 3 == 0)
        fixture_transact(disturbance->conn, text);
    if (i % 2 == 0)
        datom_store_expire_older(disturbance->conn->store, 0);
}

static void test_held__cursors_go_on_where_they_stood(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("cursors", NULL);
    fixture_transact(conn, schema_text);
    add_people(conn, 60);
    struct datom_db *db = datom_conn_db(conn);
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(8 << 20);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(8 << 20);
    print_value(db, &before, NULL, NULL);
    struct disturbance disturbance = {.conn = conn};
    print_value(db, &after, disturb, &disturbance);
    assert_true(disturbance.count > 40);
    assert_same_lines("disturbed", &after, &before);

    /* an overlay over it, too */
    struct datom_conn *fork;
    assert_int_equal(datom_conn_fork(db, NULL, &fork, NULL), BS_OK);
    datom_db_unref(db);
    fixture_transact(fork,
                     "[{:p/name \"person 001\" :p/age 77} [:db/retractEntity [:p/name \"person "
                     "002\"]] {:p/name \"person 000a\"}]");
    db = datom_conn_db(fork);
    before.len = after.len = 0;
    print_value(db, &before, NULL, NULL);
    print_value(db, &after, disturb, &disturbance);
    assert_same_lines("disturbed fork", &after, &before);
    datom_db_unref(db);
    datom_conn_unref(fork);
    datom_conn_unref(conn);
}

static uint64_t native_snapshots(struct datom_conn *conn)
{
    uint64_t count = UINT64_MAX;
    assert_int_equal(rocksdb_property_int_cf(conn->store->db, conn->store->columns[1],
                                             "rocksdb.num-snapshots", &count),
                     0);
    return count;
}

static void test_held__nothing_is_pinned_once_the_time_is_over(void **state)
{
    (void)state;
    struct datom_options options = {.create = true, .hold_ms = 20};
    struct datom_conn *conn = fixture_open("pinned", &options);
    fixture_transact(conn, schema_text);
    struct datom_db *held[5];
    for (size_t i = 0; i < BS_ARRAY_COUNT(held); i++) {
        held[i] = datom_conn_db(conn);
        fixture_transact(conn, "[{:p/name \"one\" :p/note \"x\"}]");
    }
    struct datom_held before = datom_store_held(conn->store);
    assert_true(before.count >= 1 && before.count <= 1 + BS_ARRAY_COUNT(held));
    int64_t until = bs_monotonic_ns() + 60 * INT64_C(1000000);
    while (bs_monotonic_ns() < until)
        usleep(1000);
    datom_db_unref(datom_conn_db(conn));
    assert_int_equal(datom_store_held(conn->store).count, 1);
    assert_int_equal(datom_store_held(conn->store).oldest_ms, 0);
    assert_int_equal(native_snapshots(conn), 1);
    datom_store_stop(conn->store);
    assert_int_equal(native_snapshots(conn), 0);
    datom_store_resume(conn->store);
    /* the newest state reads on, though its own snapshot is gone */
    for (size_t i = 0; i < BS_ARRAY_COUNT(held); i++)
        datom_db_unref(held[i]);
    struct datom_db *db = datom_conn_db(conn);
    datom_id e;
    assert_int_equal(datom_db_lookup(db, datom_db_attribute_named(db, BS_STR("p/name")),
                                     edn_string(BS_STR("one")), &e, NULL),
                     BS_OK);
    assert_true(e != DATOM_NO_ID);
    datom_db_unref(db);
    assert_int_equal(native_snapshots(conn), 0);
    fixture_transact(conn, "[{:p/name \"two\"}]");
    assert_int_equal(native_snapshots(conn), 1);
    datom_conn_unref(conn);
}

static uint64_t sum_of(struct datom_db *db)
{
    const struct datom_attribute *age = datom_db_attribute_named(db, BS_STR("p/age"));
    struct datom_range range = {.index = DATOM_AEVT, .has_a = true, .a = age->id};
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    uint64_t sum = 0;
    size_t count = 1;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    while (count > 0) {
        const struct datom *datoms;
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        for (size_t i = 0; i < count; i++)
            sum += (uint64_t)datoms[i].v.as.integer;
    }
    return sum;
}

static void test_held__nothing_is_pinned_on_a_store_where_nothing_happens(void **state)
{
    (void)state;
    struct datom_conn *conn =
        fixture_open("idle", &(struct datom_options){.create = true, .hold_ms = 30});
    fixture_transact(conn, schema_text);
    for (int round = 0; round < 2; round++) {
        add_people(conn, 2);
        BS_CLEANUP(datom_db_unrefp) struct datom_db *held = datom_conn_db(conn);
        fixture_transact(conn, "[{:p/name \"one more\" :p/age 1}]");
        /* nobody touches the connection: only the engine is asked */
        uint64_t snapshots = native_snapshots(conn);
        for (int i = 0; i < 2000 && snapshots > 1; i++) {
            usleep(5000);
            snapshots = native_snapshots(conn);
        }
        assert_int_equal(snapshots, 1);
        assert_int_equal(sum_of(held) > 0, true);
    }
    datom_conn_unref(conn);
}

static void test_held__values_of_a_closed_store_can_be_taken_back(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("closed", NULL);
    fixture_transact(conn, schema_text);
    add_people(conn, 5);
    struct datom_db *old = datom_conn_db(conn);
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(1 << 20);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(1 << 20);
    print_value(old, &before, NULL, NULL);
    fixture_transact(conn, "[{:p/name \"person 001\" :p/age 50}]");
    struct datom_store *store = conn->store;
    datom_conn_unref(conn);
    datom_store_stop(store);
    datom_store_resume(store);
    print_value(old, &after, NULL, NULL);
    assert_same_lines("closed", &after, &before);
    datom_db_unref(old);
}

/* ---- beside a writer ---- */

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
            if (sum_of(db) != 100)
                atomic_fetch_add(&race->wrong, 1);
            atomic_fetch_add(&race->reads, 1);
        }
    }
    return NULL;
}

static void test_held__eight_readers_while_values_are_taken_back(void **state)
{
    (void)state;
    struct datom_options options = {.create = true, .no_sync = true, .hold_ms = 1};
    struct race race = {.conn = fixture_open("race", &options)};
    pthread_t threads[THREADS];
    fixture_transact(race.conn, schema_text);
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

static void test_held__values_of_a_reader_stay_when_it_catches_up(void **state)
{
    (void)state;
    struct datom_conn *writer = fixture_open("secondary", NULL);
    fixture_transact(writer, schema_text);
    add_people(writer, 20);
    struct datom_conn *reader =
        fixture_open("secondary", &(struct datom_options){.read_only = true});
    struct datom_db *old = datom_conn_db(reader);
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(4 << 20);
    print_value(old, &before, NULL, NULL);
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
        print_value(old, &after, NULL, NULL);
        assert_same_lines("caught up", &after, &before);
    }
    BS_CLEANUP(bs_buf_fini) struct bs_buf ours = BS_BUF_INIT(4 << 20);
    BS_CLEANUP(bs_buf_fini) struct bs_buf theirs = BS_BUF_INIT(4 << 20);
    struct datom_db *newest = datom_conn_db(reader);
    print_value(newest, &ours, NULL, NULL);
    datom_db_unref(newest);
    newest = datom_conn_db(writer);
    print_value(newest, &theirs, NULL, NULL);
    datom_db_unref(newest);
    assert_same_lines("newest", &ours, &theirs);
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

static void test_held__a_reader_that_can_not_load_what_it_caught_up_with_reads_nothing(void **state)
{
    (void)state;
    struct datom_conn *writer = fixture_open("unknown", NULL);
    fixture_transact(writer, schema_text);
    add_people(writer, 5);
    struct datom_conn *reader = fixture_open("unknown", &(struct datom_options){.read_only = true});
    BS_CLEANUP(datom_db_unrefp) struct datom_db *old = datom_conn_db(reader);
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(1 << 20);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(1 << 20);
    print_value(old, &before, NULL, NULL);
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
    print_value(old, &after, NULL, NULL);
    assert_same_lines("loaded", &after, &before);
    datom_conn_health(reader, &health);
    assert_true(health.is_readable);
    datom_conn_unref(reader);
    datom_conn_unref(writer);
}

/* ---- forks ---- */

static void test_held__forks_branch_from_before_alterations(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(alterations); i++) {
        char name[20];
        snprintf(name, sizeof(name), "fork-%zu", i);
        struct datom_conn *conn = fixture_open(name, NULL);
        fixture_transact(conn, schema_text);
        add_people(conn, 5);
        struct datom_db *db = datom_conn_db(conn);
        uint64_t t = datom_db_basis_t(db);
        BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(1 << 20);
        print_value(db, &before, NULL, NULL);
        datom_db_unref(db);
        for (size_t j = 0; j < BS_ARRAY_COUNT(alterations[i].texts); j++) {
            if (alterations[i].texts[j])
                fixture_transact(conn, alterations[i].texts[j]);
        }
        db = datom_conn_db(conn);
        struct datom_db *past = datom_db_as_of(db, t);
        datom_db_unref(db);
        struct datom_conn *fork;
        struct bs_error error = BS_ERROR_INIT;
        if (datom_conn_fork(past, NULL, &fork, &error) != BS_OK)
            fail_msg("%s: %s", alterations[i].name, error.message);
        datom_db_unref(past);
        BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(1 << 20);
        db = datom_conn_db(fork);
        print_value(db, &after, NULL, NULL);
        assert_same_lines(alterations[i].name, &after, &before);
        datom_db_unref(db);

        /* the same alterations there, then a fork of that past, with the base taken back */
        for (size_t j = 0; j < BS_ARRAY_COUNT(alterations[i].texts); j++) {
            if (alterations[i].texts[j])
                fixture_transact(fork, alterations[i].texts[j]);
        }
        fixture_transact(conn, "[{:db/doc \"on\"}]");
        datom_store_expire_older(conn->store, 0);
        fixture_check(fork);
        db = datom_conn_db(fork);
        past = datom_db_as_of(db, t);
        datom_db_unref(db);
        struct datom_conn *again;
        assert_int_equal(datom_conn_fork(past, NULL, &again, NULL), BS_OK);
        datom_db_unref(past);
        after.len = 0;
        db = datom_conn_db(again);
        print_value(db, &after, NULL, NULL);
        assert_same_lines(alterations[i].name, &after, &before);
        datom_db_unref(db);
        fixture_transact(again, "[{:p/name \"person 001\" :p/age 31 :p/tag [:tag/x :tag/y]}]");
        fixture_check(again);
        datom_conn_unref(again);
        datom_conn_unref(fork);
        datom_conn_unref(conn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held__values_say_the_same_after_they_were_taken_back),
        cmocka_unit_test(test_held__single_reads_of_values_that_were_taken_back),
        cmocka_unit_test(test_held__cursors_go_on_where_they_stood),
        cmocka_unit_test(test_held__nothing_is_pinned_once_the_time_is_over),
        cmocka_unit_test(test_held__nothing_is_pinned_on_a_store_where_nothing_happens),
        cmocka_unit_test(test_held__values_of_a_closed_store_can_be_taken_back),
        cmocka_unit_test(test_held__eight_readers_while_values_are_taken_back),
        cmocka_unit_test(test_held__values_of_a_reader_stay_when_it_catches_up),
        cmocka_unit_test(
            test_held__a_reader_that_can_not_load_what_it_caught_up_with_reads_nothing),
        cmocka_unit_test(test_held__forks_branch_from_before_alterations),
    };
    return cmocka_run_group_tests_name("datom/held", tests, fixture_setup, fixture_teardown);
}
