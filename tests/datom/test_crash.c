/*
 * kill -9 in the middle of writes, in a loop on one store: what was acknowledged is there, what was
 * not is there whole or not at all, and the store agrees with its log.
 *
 * The writer is this program again, with --write DIR: four threads that transact numbered entities
 * and print a number once it is durable.
 */

#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "datom/datom.h"

#define ROUNDS 12
#define WRITERS 4
/* Each transaction says this many things of one entity: all or nothing. */
#define DATOMS_EACH 3

static const char schema_text[] =
    "[{:db/ident :c/number :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :c/text :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :c/counter :db/valueType :db.type/long :db/cardinality :db.cardinality/one}]";

/* ---- the writer ---- */

struct writer {
    struct datom_conn *conn;
    uint64_t next; /* numbers of this thread: next, next + WRITERS, ... */
};

static void *write_for_ever(void *data)
{
    struct writer *writer = data;
    char tx[200];
    char ack[32];
    for (;; writer->next += WRITERS) {
        snprintf(tx, sizeof(tx), "[{:c/number %llu :c/text \"text of %llu\" :c/counter %llu}]",
                 (unsigned long long)writer->next, (unsigned long long)writer->next,
                 (unsigned long long)writer->next);
        if (datom_transact_text(writer->conn, bs_str_from(tx), NULL, NULL, NULL) != BS_OK)
            _exit(3);
        int size = snprintf(ack, sizeof(ack), "%llu\n", (unsigned long long)writer->next);
        if (write(STDOUT_FILENO, ack, (size_t)size) != size)
            _exit(4);
    }
}

static int write_main(const char *dir, uint64_t first)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn;
    if (datom_conn_open(bs_str_from(dir), NULL, &conn, &error) != BS_OK ||
        datom_transact_text(conn, bs_str_from(schema_text), NULL, NULL, &error) != BS_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    for (uint64_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.conn = conn, .next = first + i};
        pthread_create(&threads[i], NULL, write_for_ever, &writers[i]);
    }
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

/* ---- the test ---- */

struct acks {
    uint64_t *numbers;
    size_t count, capacity;
};

/* Starts the writer, reads what it acknowledges, kills it after `kill_after` of them. */
static void run_writer(const char *dir, uint64_t first, size_t kill_after, struct acks *acks)
{
    int pipes[2];
    char first_text[32];
    snprintf(first_text, sizeof(first_text), "%llu", (unsigned long long)first);
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execl("/proc/self/exe", "test_crash", "--write", dir, first_text, (char *)NULL);
        _exit(9);
    }
    close(pipes[1]);
    FILE *lines = fdopen(pipes[0], "r");
    char line[64];
    size_t seen = 0;
    while (fgets(line, sizeof(line), lines)) {
        uint64_t number;
        /* a line may be cut by the kill */
        if (!bs_str_ends_with(bs_str_from(line), BS_STR("\n")) ||
            !bs_str_parse_u64(bs_str_trim(bs_str_from(line)), &number))
            continue;
        bs_grow(&acks->numbers, acks->count, &acks->capacity, sizeof(*acks->numbers));
        acks->numbers[acks->count++] = number;
        if (++seen == kill_after)
            kill(pid, SIGKILL);
    }
    fclose(lines);
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void assert_acknowledged_is_there(struct datom_db *db, const struct acks *acks)
{
    const struct datom_attribute *number = datom_db_attribute_named(db, BS_STR("c/number"));
    const struct datom_attribute *counter = datom_db_attribute_named(db, BS_STR("c/counter"));
    struct bs_arena *arena = bs_arena_new(0);
    for (size_t i = 0; i < acks->count; i++) {
        datom_id id;
        struct edn value;
        bool found;
        assert_int_equal(
            datom_db_lookup(db, number, edn_long((int64_t)acks->numbers[i]), &id, NULL), BS_OK);
        if (id == DATOM_NO_ID)
            fail_msg("%llu was acknowledged and is lost", (unsigned long long)acks->numbers[i]);
        assert_int_equal(datom_db_get(db, id, counter, arena, &value, &found, NULL), BS_OK);
        assert_true(found && value.as.integer == (int64_t)acks->numbers[i]);
    }
    bs_arena_free(arena);
}

static void assert_nothing_is_halved(struct datom_db *db)
{
    uint64_t numbers =
        datom_db_attribute_count(db, datom_db_attribute_named(db, BS_STR("c/number"))->id);
    uint64_t texts =
        datom_db_attribute_count(db, datom_db_attribute_named(db, BS_STR("c/text"))->id);
    assert_int_equal(numbers, texts);
    struct datom_log_reader *reader;
    assert_int_equal(datom_log_open(db, DATOM_FIRST_USER_T, UINT64_MAX, &reader, NULL), BS_OK);
    for (;;) {
        struct datom_log_entry entry;
        bool found;
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
        if (!found)
            break;
        bool is_schema = entry.count > 1 + DATOMS_EACH || entry.count == 1;
        assert_true(is_schema || entry.count == 1 + DATOMS_EACH);
    }
    datom_log_close(reader);
}

static void test_crash__loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    char base[] = "/tmp/bandstand-crash-XXXXXX";
    char dir[64];
    assert_non_null(mkdtemp(base));
    snprintf(dir, sizeof(dir), "%s/store", base);
    struct bs_random random;
    bs_random_seed(&random, 7);
    struct acks acks = {0};
    for (size_t round = 0; round < ROUNDS; round++) {
        run_writer(dir, round * 1000000, 1 + bs_random_below(&random, 300), &acks);
        struct bs_error error = BS_ERROR_INIT;
        struct datom_conn *conn;
        if (datom_conn_open(bs_str_from(dir), NULL, &conn, &error) != BS_OK)
            fail_msg("round %zu: %s", round, error.message);
        struct datom_db *db = datom_conn_db(conn);
        struct datom_check_report report;
        assert_acknowledged_is_there(db, &acks);
        assert_nothing_is_halved(db);
        assert_int_equal(datom_db_check(db, NULL, NULL, &report, &error), BS_OK);
        assert_int_equal(report.differences, 0);
        datom_db_unref(db);
        datom_conn_unref(conn);
    }
    print_message("# %zu transactions were acknowledged in %d lives\n", acks.count, ROUNDS);
    free(acks.numbers);
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", base);
    assert_int_equal(system(command), 0);
}

int main(int argc, char **argv)
{
    uint64_t first;
    if (argc == 4 && strcmp(argv[1], "--write") == 0 &&
        bs_str_parse_u64(bs_str_from(argv[3]), &first))
        return write_main(argv[2], first);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash__loses_nothing_that_was_acknowledged),
    };
    return cmocka_run_group_tests_name("datom/crash", tests, NULL, NULL);
}
