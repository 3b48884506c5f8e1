/*
 * The writer: four threads that transact numbered entities, with texts of many sizes, and one
 * entity each that they change every time; a number is printed once it is durable.
 */

#include "support.h"

#include "lives.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"

#define WRITERS 4
#define TEXT_BYTES_MAX 1500
/* What a transaction says of its own entity and of the writer's: all or nothing. */
#define DATOMS_EACH 5
#define NO_SHADOW "-"

static const char schema_text[] =
    "[{:db/ident :c/number :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :c/text :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :c/counter :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :c/writer :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :c/latest :db/valueType :db.type/long :db/cardinality :db.cardinality/one}]";

/* ---- the writer ---- */

struct writer {
    struct datom_conn *conn;
    uint64_t idx;
    uint64_t next; /* numbers of this thread: next, next + WRITERS, ... */
};

static void *write_for_ever(void *data)
{
    struct writer *writer = data;
    struct bs_error error = BS_ERROR_INIT;
    char text[TEXT_BYTES_MAX + 1];
    char tx[TEXT_BYTES_MAX + 200];
    char ack[32];
    memset(text, 'x', sizeof(text));
    for (;; writer->next += WRITERS) {
        unsigned long long n = writer->next;
        snprintf(tx, sizeof(tx),
                 "[{:c/number %llu :c/text \"%llu %.*s\" :c/counter %llu}"
                 " {:c/writer %llu :c/latest %llu}]",
                 n, n, (int)(n * 7919 % TEXT_BYTES_MAX), text, n, (unsigned long long)writer->idx,
                 n);
        if (datom_transact_text(writer->conn, bs_str_from(tx), NULL, NULL, &error) != BS_OK) {
            fprintf(stderr, "%s\n", error.message);
            _exit(3);
        }
        int size = snprintf(ack, sizeof(ack), "%llu\n", n);
        if (write(STDOUT_FILENO, ack, (size_t)size) != size)
            _exit(4);
    }
}

static int write_main(const char *dir, uint64_t first, uint64_t buffer_bytes, const char *shadow,
                      bool no_sync)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn;
    const struct datom_options options = {
        .create = true, .write_buffer_bytes = buffer_bytes, .no_sync = no_sync};
    if (strcmp(shadow, NO_SHADOW) != 0) {
        faults_watch(dir);
        faults_record(shadow);
    }
    if (datom_conn_open(bs_str_from(dir), &options, &conn, &error) != BS_OK ||
        datom_transact_text(conn, bs_str_from(schema_text), NULL, NULL, &error) != BS_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    for (uint64_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.conn = conn, .idx = i, .next = first + i};
        pthread_create(&threads[i], NULL, write_for_ever, &writers[i]);
    }
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

bool lives_main(int argc, char **argv, int *ret_status)
{
    uint64_t first;
    uint64_t buffer_bytes;
    if (argc != 7 || strcmp(argv[1], "--write") != 0 ||
        !bs_str_parse_u64(bs_str_from(argv[3]), &first) ||
        !bs_str_parse_u64(bs_str_from(argv[4]), &buffer_bytes))
        return false;
    *ret_status =
        write_main(argv[2], first, buffer_bytes, argv[5], strcmp(argv[6], "no-sync") == 0);
    return true;
}

/* ---- its life ---- */

static pid_t start_writer(const struct lives_plan *plan, FILE **ret_lines)
{
    int pipes[2];
    char first[32];
    char buffer_bytes[32];
    snprintf(first, sizeof(first), "%llu", (unsigned long long)plan->first);
    snprintf(buffer_bytes, sizeof(buffer_bytes), "%llu",
             (unsigned long long)plan->write_buffer_bytes);
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execl("/proc/self/exe", "lives", "--write", plan->dir, first, buffer_bytes,
              plan->shadow ? plan->shadow : NO_SHADOW, plan->no_sync ? "no-sync" : "sync",
              (char *)NULL);
        _exit(9);
    }
    close(pipes[1]);
    *ret_lines = fdopen(pipes[0], "r");
    return pid;
}

void lives_run(const struct lives_plan *plan, struct lives_acks *acks)
{
    FILE *lines;
    pid_t pid = start_writer(plan, &lines);
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
        if (++seen == plan->kill_after) {
            usleep(plan->kill_delay_us);
            kill(pid, SIGKILL);
        }
    }
    fclose(lines);
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- what must hold ---- */

static void assert_acknowledged_is_there(struct datom_db *db, const struct lives_acks *acks,
                                         size_t round)
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
            fail_msg("round %zu: %llu was acknowledged and is lost", round,
                     (unsigned long long)acks->numbers[i]);
        assert_int_equal(datom_db_get(db, id, counter, arena, &value, &found, NULL), BS_OK);
        assert_true(found && value.as.integer == (int64_t)acks->numbers[i]);
    }
    bs_arena_free(arena);
}

/* The schema may be said again, and then says nothing. */
static void assert_nothing_is_halved(struct datom_db *db, size_t round, size_t *ret_count)
{
    struct datom_log_reader *reader;
    bool is_first = true;
    *ret_count = 0;
    assert_int_equal(datom_log_open(db, DATOM_FIRST_USER_T, UINT64_MAX, &reader, NULL), BS_OK);
    for (;; is_first = false) {
        struct datom_log_entry entry;
        bool found;
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
        if (!found)
            break;
        bool is_writers = !is_first && entry.count != 1;
        if (is_writers && entry.count != 1 + DATOMS_EACH)
            fail_msg("round %zu: the transaction %llu has %zu datoms", round,
                     (unsigned long long)entry.t, entry.count);
        *ret_count += is_writers;
    }
    datom_log_close(reader);
}

static void tell(void *self, const char *line)
{
    (void)self;
    print_error("%s\n", line);
}

size_t lives_check(const char *dir, const struct lives_acks *acks, size_t round)
{
    size_t count;
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn;
    if (datom_conn_open(bs_str_from(dir), NULL, &conn, &error) != BS_OK)
        fail_msg("round %zu: %s", round, error.message);
    struct datom_db *db = datom_conn_db(conn);
    struct datom_check_report report;
    assert_acknowledged_is_there(db, acks, round);
    assert_nothing_is_halved(db, round, &count);
    if (datom_db_check(db, tell, NULL, &report, &error) != BS_OK || report.differences > 0)
        fail_msg("round %zu: %llu differences; %s", round, (unsigned long long)report.differences,
                 error.message);
    datom_db_unref(db);
    datom_conn_unref(conn);
    return count;
}
