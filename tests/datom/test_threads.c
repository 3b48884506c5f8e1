/*
 * Everything at once: writers, readers of the newest value, of held values and of the past, and
 * forks that come and go; on disk and in memory. And that forks leave nothing behind.
 *
 * Each writer moves one unit between two accounts of its own pair, so that the sum over all
 * accounts is the same in every value, whenever it was taken and however long it was held.
 */

#include "support.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "datom/datom.h"
#include "datom/folder.h"

#define WRITERS 4
#define READERS 8
#define FORKERS 2
#define ACCOUNTS (2 * WRITERS)
#define START_BALANCE 1000
#define RUN_NS (INT64_C(1500) * 1000 * 1000)
/* The engine takes values back that are held longer: readers hold theirs beyond it. */
#define HOLD_MS 20

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define LEAK_FORKS 20000
#else
#define LEAK_FORKS 1000000
#endif
#define LEAK_WARM_UP 2000
/* One in so many forks is written to. */
#define LEAK_TRANSACT_EVERY 16
/* What an allocator may keep in other places than before; one fork's struct alone, leaked each
 * time, would be a hundred times as much. */
#define LEAK_BYTES_MAX (256 * 1024)

static const char schema_text[] =
    "[{:db/ident :a/number :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :a/balance :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/index true}]";

struct shared {
    struct datom_conn *conn;
    bs_deadline end;
    _Atomic uint64_t transactions, reads, forks;
    /* Asserts belong to the test's own thread: the others leave what they found here. */
    _Atomic int failures;
    pthread_mutex_t lock;
    char failure[300]; /* the first; under the lock */
};

struct worker {
    struct shared *shared;
    pthread_t thread;
    unsigned number;
};

static void fail_in_thread(struct shared *shared, const char *format, ...) BS_PRINTF(2, 3);
static void fail_in_thread(struct shared *shared, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&shared->lock);
    if (shared->failures == 0)
        vsnprintf(shared->failure, sizeof(shared->failure), format, arguments);
    shared->failures++;
    pthread_mutex_unlock(&shared->lock);
    va_end(arguments);
}

static bool goes_on(struct shared *shared)
{
    return shared->failures == 0 && !bs_deadline_passed(shared->end);
}

static bool transact(struct shared *shared, struct datom_conn *conn, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    if (datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error) == BS_OK)
        return true;
    fail_in_thread(shared, "%s: %s", text, error.message);
    return false;
}

/* The sum of all balances, through an index; -1 after a failure. */
static int64_t sum_of(struct shared *shared, struct datom_db *db, enum datom_index index)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_cursor *cursor = NULL;
    const struct datom_attribute *balance = datom_db_attribute_named(db, BS_STR("a/balance"));
    const struct datom_range range = {.index = index, .has_a = true, .a = balance->id};
    int64_t sum = 0;
    size_t count = 1;
    enum bs_code code = datom_cursor_open(db, &range, &cursor, &error);
    while (code == BS_OK && count > 0) {
        const struct datom *datoms;
        code = datom_cursor_next(cursor, &datoms, &count, &error);
        for (size_t i = 0; code == BS_OK && i < count; i++)
            sum += datoms[i].v.as.integer;
    }
    datom_cursor_free(cursor);
    if (code == BS_OK)
        return sum;
    fail_in_thread(shared, "a read failed: %s", error.message);
    return -1;
}

static void check_sum(struct shared *shared, struct datom_db *db, enum datom_index index,
                      const char *which)
{
    int64_t sum = sum_of(shared, db, index);
    shared->reads++;
    if (sum != ACCOUNTS * START_BALANCE)
        fail_in_thread(shared, "%s at t %llu: the sum is %lld", which,
                       (unsigned long long)datom_db_basis_t(db), (long long)sum);
}

static void move_text(char text[200], unsigned pair, int64_t moved)
{
    snprintf(text, 200,
             "[{:a/number %u :a/balance %lld} {:a/number %u :a/balance %lld}"
             " [:db/add \"datomic.tx\" :db/doc \"move\"]]",
             2 * pair, (long long)(START_BALANCE - moved), 2 * pair + 1,
             (long long)(START_BALANCE + moved));
}

static void *write_on(void *data)
{
    struct worker *worker = data;
    char text[200];
    for (int64_t moved = 1; goes_on(worker->shared); moved++) {
        move_text(text, worker->number, moved);
        if (transact(worker->shared, worker->shared->conn, text))
            worker->shared->transactions++;
    }
    return NULL;
}

/* The newest value; one that is held over many transactions; a t of the past of both. */
static void *read_on(void *data)
{
    struct worker *worker = data;
    struct shared *shared = worker->shared;
    struct datom_db *held = datom_conn_db(shared->conn);
    struct bs_random random;
    uint64_t first_t = datom_db_basis_t(held);
    bs_random_seed(&random, worker->number);
    for (unsigned i = 0; goes_on(shared); i++) {
        struct datom_db *db = datom_conn_db(shared->conn);
        enum datom_index index = i % 2 ? DATOM_AEVT : DATOM_AVET;
        uint64_t t = first_t + bs_random_below(&random, datom_db_basis_t(db) - first_t + 1);
        check_sum(shared, db, index, "the newest value");
        check_sum(shared, held, index, "a held value");
        struct datom_db *past = datom_db_as_of(i % 3 ? db : held, t);
        check_sum(shared, past, index, "a value of the past");
        datom_db_unref(past);
        if (i % 16 == 15) {
            datom_db_unref(held);
            held = datom_db_ref(db);
        }
        datom_db_unref(db);
    }
    datom_db_unref(held);
    return NULL;
}

/* Forks of the newest value, of the past, and of forks; the store knows nothing of their writes. */
static void *fork_on(void *data)
{
    struct worker *worker = data;
    struct shared *shared = worker->shared;
    char text[200];
    for (unsigned i = 0; goes_on(shared); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_conn *fork = NULL, *second = NULL;
        struct datom_db *db = datom_conn_db(shared->conn);
        struct datom_db *base =
            i % 4 == 3 ? datom_db_as_of(db, datom_db_basis_t(db) - 1) : datom_db_ref(db);
        if (datom_conn_fork(base, NULL, &fork, &error) != BS_OK) {
            fail_in_thread(shared, "a fork: %s", error.message);
        } else {
            move_text(text, i % WRITERS, 1 + i);
            transact(shared, fork, text);
            struct datom_db *forked = datom_conn_db(fork);
            if (datom_conn_fork(forked, NULL, &second, &error) != BS_OK)
                fail_in_thread(shared, "a fork of a fork: %s", error.message);
            else
                transact(shared, second, "[{:a/number 0 :a/balance 0}]");
            check_sum(shared, forked, DATOM_AVET, "a fork");
            datom_conn_unref(fork); /* the value outlives its connection */
            check_sum(shared, forked, DATOM_AEVT, "a fork that is gone");
            datom_db_unref(forked);
            datom_conn_unref(second);
            shared->forks++;
        }
        datom_db_unref(base);
        datom_db_unref(db);
    }
    return NULL;
}

static void make_accounts(struct datom_conn *conn)
{
    assert_int_equal(datom_transact_text(conn, bs_str_from(schema_text), NULL, NULL, NULL), BS_OK);
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_cstr(&text, "[");
    for (int i = 0; i < ACCOUNTS; i++)
        bs_buf_printf(&text, "{:a/number %d :a/balance %d}", i, START_BALANCE);
    bs_buf_append_cstr(&text, "]");
    assert_int_equal(datom_transact_text(conn, bs_buf_str(&text), NULL, NULL, NULL), BS_OK);
    /* so that the past of the first value has the accounts too */
    assert_int_equal(datom_transact_text(conn, BS_STR("[]"), NULL, NULL, NULL), BS_OK);
}

static void run_all(struct shared *shared)
{
    struct worker workers[WRITERS + READERS + FORKERS];
    pthread_mutex_init(&shared->lock, NULL);
    shared->end = bs_deadline_after_ns(RUN_NS);
    for (unsigned i = 0; i < BS_ARRAY_COUNT(workers); i++) {
        workers[i] = (struct worker){.shared = shared, .number = i};
        void *(*run)(void *) = i < WRITERS ? write_on : i < WRITERS + READERS ? read_on : fork_on;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
    }
    for (unsigned i = 0; i < BS_ARRAY_COUNT(workers); i++)
        pthread_join(workers[i].thread, NULL);
    pthread_mutex_destroy(&shared->lock);
    print_message("# %llu transactions, %llu reads, %llu forks\n",
                  (unsigned long long)shared->transactions, (unsigned long long)shared->reads,
                  (unsigned long long)shared->forks);
}

static void check_after(struct shared *shared)
{
    struct datom_check_report report = {0};
    struct bs_error error = BS_ERROR_INIT;
    struct datom_db *db = datom_conn_db(shared->conn);
    if (datom_db_check(db, NULL, NULL, &report, &error) != BS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(report.differences, 0);
    datom_db_unref(db);
    if (shared->failures > 0)
        fail_msg("%d failures; the first: %s", (int)shared->failures, shared->failure);
    assert_true(shared->transactions > 0 && shared->reads > 0 && shared->forks > 0);
}

static void test_threads__every_value_is_whole_in_memory(void **state)
{
    (void)state;
    struct shared shared = {.conn = datom_conn_new_memory(NULL)};
    make_accounts(shared.conn);
    run_all(&shared);
    check_after(&shared);
    datom_conn_unref(shared.conn);
}

static void test_threads__every_value_is_whole_on_disk(void **state)
{
    (void)state;
    char *dir = NULL;
    struct bs_error error = BS_ERROR_INIT;
    struct shared shared = {0};
    const struct datom_options options = {
        .create = true, .write_buffer_bytes = 256 * 1024, .hold_ms = HOLD_MS};
    assert_int_equal(datom_folder_make_temporary(&dir, &error), BS_OK);
    if (datom_conn_open(bs_str_from(dir), &options, &shared.conn, &error) != BS_OK)
        fail_msg("%s", error.message);
    make_accounts(shared.conn);
    run_all(&shared);
    check_after(&shared);
    datom_conn_unref(shared.conn);
    datom_folder_remove(dir);
    free(dir);
}

/* ---- leaks ---- */

static size_t bytes_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void fork_and_drop(struct datom_db *db, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_conn *fork = NULL;
        if (datom_conn_fork(db, NULL, &fork, &error) != BS_OK)
            fail_msg("%s", error.message);
        if (i % LEAK_TRANSACT_EVERY == 0 &&
            datom_transact_text(fork, BS_STR("[{:a/number 0 :a/balance 1}]"), NULL, NULL, &error) !=
                BS_OK)
            fail_msg("%s", error.message);
        datom_conn_unref(fork);
    }
}

static void test_forks__leave_nothing_behind(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    make_accounts(conn);
    struct datom_db *db = datom_conn_db(conn);
    fork_and_drop(db, LEAK_WARM_UP);
    size_t before = bytes_in_use();
    fork_and_drop(db, LEAK_FORKS);
    size_t after = bytes_in_use();
    print_message("# %d forks: %zu bytes before, %zu after\n", LEAK_FORKS, before, after);
    datom_db_unref(db);
    datom_conn_unref(conn);
    /* a sanitizer's allocator does not count here (0 both times), and finds leaks by itself */
    assert_true(after <= before + LEAK_BYTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads__every_value_is_whole_in_memory),
        cmocka_unit_test(test_threads__every_value_is_whole_on_disk),
        cmocka_unit_test(test_forks__leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("datom/threads", tests, NULL, NULL);
}
