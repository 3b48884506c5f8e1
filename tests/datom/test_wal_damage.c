/*
 * Logs with a flipped bit in a record's head, which the engine takes for a torn end: found wherever
 * it is, in the write-ahead log and in the MANIFEST, and refused at open. What a kill or a power
 * cut leaves is no damage.
 */

#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datom/fixture.h"
#include "datom/wal.h"
#include "datom/wal_damage.h"

#define BLOCK_BYTES 32768
#define HEAD_BYTES 7
/* Of the head: the checksum is the engine's to find. */
#define FIRST_BYTE 4
/* Enough that the log has more than one block: a new store's first transaction is 30,000 bytes. */
#define TRANSACTIONS 30
#define HEADS_MAX 200

struct log {
    char name[64];
    char path[FIXTURE_PATH_MAX + 64];
    struct bs_buf content;
    size_t heads[HEADS_MAX]; /* where its records begin */
    size_t heads_count;
};

static int setup(void **state)
{
    if (fixture_setup(state) != 0)
        return -1;
    struct datom_conn *conn = fixture_open("store", NULL);
    fixture_transact(conn, "[{:db/ident :c/text :db/valueType :db.type/string"
                           "  :db/cardinality :db.cardinality/one}]");
    for (int i = 0; i < TRANSACTIONS; i++)
        fixture_transact(conn, "[{:c/text \"something that is said\"}]");
    datom_conn_unref(conn);
    return 0;
}

static const char *store_dir(char path[FIXTURE_PATH_MAX])
{
    return fixture_path("store", path).ptr;
}

static void find_heads(struct log *log)
{
    const uint8_t *bytes = (const uint8_t *)log->content.ptr;
    for (size_t at = 0; at + HEAD_BYTES <= log->content.len;) {
        size_t left = BLOCK_BYTES - at % BLOCK_BYTES;
        assert_in_range(log->heads_count, 0, HEADS_MAX - 1);
        if (left >= HEAD_BYTES)
            log->heads[log->heads_count++] = at;
        at += left < HEAD_BYTES ? left : HEAD_BYTES + (size_t)(bytes[at + 4] | bytes[at + 5] << 8);
    }
}

/* The first file of that beginning or end of its name that has records. */
static void read_log(struct log *log, const char *begin, const char *end)
{
    char dir[FIXTURE_PATH_MAX];
    char block[4096];
    const struct dirent *entry;
    *log = (struct log){.content = BS_BUF_INIT(0)};
    DIR *entries = opendir(store_dir(dir));
    assert_non_null(entries);
    while (log->content.len == 0 && (entry = readdir(entries))) {
        struct bs_str name = bs_str_from(entry->d_name);
        if (!bs_str_starts_with(name, bs_str_from(begin)) ||
            !bs_str_ends_with(name, bs_str_from(end)))
            continue;
        snprintf(log->name, sizeof(log->name), "%.*s", BS_STR_ARGS(name));
        snprintf(log->path, sizeof(log->path), "%s/%s", dir, log->name);
        FILE *file = fopen(log->path, "re");
        assert_non_null(file);
        for (size_t size; (size = fread(block, 1, sizeof(block), file)) > 0;)
            bs_buf_append(&log->content, block, size);
        fclose(file);
    }
    closedir(entries);
    assert_true(log->content.len > 0);
    find_heads(log);
}

static void write_log(const struct log *log, struct bs_str content)
{
    int fd = open(log->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0 && write(fd, content.ptr, content.len) == (ssize_t)content.len);
    close(fd);
}

static void end_log(struct log *log)
{
    write_log(log, bs_buf_str(&log->content));
    bs_buf_fini(&log->content);
}

static void flip(struct log *log, size_t at, unsigned bit)
{
    log->content.ptr[at] = (char)(log->content.ptr[at] ^ 1 << bit);
}

/* Each bit of each record's length and type. A length that gets shorter leaves a record that the
 * engine finds damaged itself; it is looked at here only where it would not be. */
static void expect_flips_found(const char *begin, const char *end)
{
    char dir[FIXTURE_PATH_MAX];
    struct log log;
    struct datom_wal_damage damage;
    size_t found = 0;
    read_log(&log, begin, end);
    for (size_t i = 0; i < log.heads_count; i++) {
        for (unsigned bit = 0; bit < 8 * (HEAD_BYTES - FIRST_BYTE); bit++) {
            size_t at = log.heads[i] + FIRST_BYTE + bit / 8;
            flip(&log, at, bit % 8);
            write_log(&log, bs_buf_str(&log.content));
            flip(&log, at, bit % 8);
            if (!datom_wal_find_damage(store_dir(dir), &damage))
                continue;
            found++;
            assert_string_equal(damage.name, log.name);
            assert_in_range(damage.offset, log.heads[i], log.content.len);
        }
    }
    print_message("# %s: %zu of %zu flips\n", log.name, found,
                  log.heads_count * 8 * (HEAD_BYTES - FIRST_BYTE));
    assert_true(found > log.heads_count * 8);
    end_log(&log);
}

static void test_damage__is_found_in_every_head(void **state)
{
    (void)state;
    expect_flips_found("", ".log");
    expect_flips_found("MANIFEST-", "");
}

/* What it does not find the engine must: no flip may open a store that lacks something. */
static void expect_flips_refused(const char *begin, const char *end)
{
    char dir[FIXTURE_PATH_MAX];
    struct log log;
    read_log(&log, begin, end);
    /* the first, the last, one in the middle */
    const size_t heads[] = {log.heads[0], log.heads[log.heads_count / 2],
                            log.heads[log.heads_count - 1]};
    for (size_t i = 0; i < BS_ARRAY_COUNT(heads); i++) {
        for (unsigned bit = 0; bit < 8 * (HEAD_BYTES - FIRST_BYTE); bit++) {
            struct bs_error error = BS_ERROR_INIT;
            struct datom_conn *conn = NULL;
            size_t at = heads[i] + FIRST_BYTE + bit / 8;
            flip(&log, at, bit % 8);
            write_log(&log, bs_buf_str(&log.content));
            flip(&log, at, bit % 8);
            if (datom_conn_open(bs_str_from(store_dir(dir)), NULL, &conn, &error) == BS_OK)
                fail_msg("%s: bit %u of the record at %zu is not noticed", log.name, bit, heads[i]);
            assert_int_equal(error.reason, BS_REASON_STORE_CORRUPT);
            assert_non_null(strstr(error.message, dir));
        }
    }
    end_log(&log);
}

static void test_open__refuses_a_flip_in_any_head(void **state)
{
    (void)state;
    expect_flips_refused("", ".log");
    expect_flips_refused("MANIFEST-", "");
    /* as it was before, it opens and lacks nothing */
    struct datom_conn *conn = fixture_open("store", NULL);
    struct datom_db *db = datom_conn_db(conn);
    datom_id text = datom_db_attribute_named(db, BS_STR("c/text"))->id;
    assert_int_equal(datom_db_attribute_count(db, text), TRANSACTIONS);
    datom_db_unref(db);
    fixture_check(conn);
    datom_conn_unref(conn);
}

static void test_damage__is_not_what_a_kill_or_a_power_cut_leaves(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct log log;
    struct datom_wal_damage damage;
    BS_CLEANUP(bs_buf_fini) struct bs_buf cut = BS_BUF_INIT(0);
    read_log(&log, "", ".log");
    for (size_t lost = 0; lost < 1000; lost++) {
        struct bs_str whole = bs_buf_str(&log.content);
        bs_buf_reset(&cut);
        bs_buf_append(&cut, whole.ptr, whole.len - lost);
        write_log(&log, bs_buf_str(&cut));
        if (datom_wal_find_damage(store_dir(dir), &damage))
            fail_msg("%zu bytes less", lost);
        for (size_t i = 0; i < lost; i++)
            bs_buf_append_byte(&cut, '\0');
        write_log(&log, bs_buf_str(&cut));
        if (datom_wal_find_damage(store_dir(dir), &damage))
            fail_msg("%zu bytes that are zeros", lost);
    }
    end_log(&log);
}

/* ---- logs made by hand ---- */

enum { TYPE_FULL = 1, TYPE_FIRST = 2, TYPE_MIDDLE = 3, TYPE_LAST = 4 };

static void append_whole(struct bs_buf *content, uint8_t type, struct bs_str bytes)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i <= bytes.len; i++) {
        crc ^= i == 0 ? type : (uint8_t)bytes.ptr[i - 1];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    crc = ~crc;
    crc = (crc >> 15 | crc << 17) + 0xa282ead8;
    const uint8_t head[HEAD_BYTES] = {(uint8_t)crc,
                                      (uint8_t)(crc >> 8),
                                      (uint8_t)(crc >> 16),
                                      (uint8_t)(crc >> 24),
                                      (uint8_t)(bytes.len & 255),
                                      (uint8_t)(bytes.len >> 8),
                                      type};
    bs_buf_append(content, head, sizeof(head));
    bs_buf_append(content, bytes.ptr, bytes.len);
}

/* A folder that has one log, still empty. */
static void make_log(struct log *log, const char *name, char dir[FIXTURE_PATH_MAX])
{
    *log = (struct log){0};
    fixture_path(name, dir);
    assert_int_equal(mkdir(dir, 0777), 0);
    snprintf(log->path, sizeof(log->path), "%s/000007.log", dir);
    close(open(log->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

/* What stands in a record's bytes may be a user's: a log that he keeps, say. */
static void test_damage__is_not_a_torn_record_with_a_log_in_it(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct log log;
    struct datom_wal_damage damage;
    BS_CLEANUP(bs_buf_fini) struct bs_buf kept = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf content = BS_BUF_INIT(0);
    make_log(&log, "kept", dir);
    for (int i = 0; i < 50; i++)
        append_whole(&kept, TYPE_FULL, BS_STR("something that is said elsewhere"));
    append_whole(&content, TYPE_FULL, BS_STR("something that is said"));
    size_t begin = content.len;
    append_whole(&content, TYPE_FULL, bs_buf_str(&kept));
    for (size_t len = begin; len < content.len; len++) {
        write_log(&log, bs_str_slice(bs_buf_str(&content), 0, len));
        if (datom_wal_find_damage(dir, &damage))
            fail_msg("of %zu bytes %zu", content.len, len);
    }
}

/* The last whole record, with a torn one behind it, seems to end after the file does: by lengths of
 * all kinds. */
static void test_damage__is_a_last_record_of_any_greater_length(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct log log;
    struct datom_wal_damage damage;
    BS_CLEANUP(bs_buf_fini) struct bs_buf content = BS_BUF_INIT(0);
    make_log(&log, "greater", dir);
    append_whole(&content, TYPE_FULL, BS_STR("something that is said"));
    size_t begin = content.len;
    append_whole(&content, TYPE_FULL, BS_STR("and acknowledged"));
    size_t length = content.len - begin - HEAD_BYTES;
    append_whole(&content, TYPE_FULL, BS_STR("and not written"));
    content.len -= 5;
    for (size_t greater = content.len - begin; greater <= UINT16_MAX; greater += 13) {
        content.ptr[begin + FIRST_BYTE] = (char)greater;
        content.ptr[begin + FIRST_BYTE + 1] = (char)(greater >> 8);
        write_log(&log, bs_buf_str(&content));
        if (!datom_wal_find_damage(dir, &damage))
            fail_msg("%zu instead of %zu is not found", greater, length);
        assert_int_equal(damage.offset, begin);
    }
}

#define MANY_BLOCKS 512

/* Small numbers look like heads everywhere: what is behind must not be searched byte by byte. */
static void test_damage__is_not_a_large_group_whose_beginning_was_not_written(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct log log;
    struct datom_wal_damage damage;
    char bytes[BLOCK_BYTES - HEAD_BYTES];
    struct bs_random random;
    BS_CLEANUP(bs_buf_fini) struct bs_buf content = BS_BUF_INIT(0);
    make_log(&log, "large", dir);
    bs_random_seed(&random, 7);
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        bs_buf_append_byte(&content, '\0');
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)bs_random_below(&random, 4);
    for (int i = 1; i < MANY_BLOCKS; i++)
        append_whole(&content, TYPE_MIDDLE, bs_str_make(bytes, sizeof(bytes)));
    append_whole(&content, TYPE_LAST, BS_STR("its end"));
    write_log(&log, bs_buf_str(&content));
    assert_false(datom_wal_find_damage(dir, &damage));
    /* but another that follows tells that it was */
    append_whole(&content, TYPE_FULL, BS_STR("something that is said"));
    write_log(&log, bs_buf_str(&content));
    assert_true(datom_wal_find_damage(dir, &damage));
    assert_int_equal(damage.offset, 0);
}

/* ---- zeros at the end ---- */

/* A record of so many bytes, the first of which are text and the others zeros. */
static void append_record(struct bs_buf *content, size_t text, size_t size)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf bytes = BS_BUF_INIT(0);
    for (size_t i = 0; i < size; i++)
        bs_buf_append_byte(&bytes, i < text ? 'x' : '\0');
    append_whole(content, TYPE_FULL, bs_buf_str(&bytes));
}

struct zeros_row {
    const char *name;
    size_t before;     /* bytes of a record before it; 0: none */
    size_t text, size; /* of the last record */
    size_t more;       /* zeros behind it */
    bool is_torn;
    size_t kept; /* of the last record with its head; its size and HEAD_BYTES: all of it */
};

static const struct zeros_row zeros_rows[] = {
    {"a record that ends with zeros", 0, 10, 3000, 0, false, 3007},
    {"and with zeros behind it", 0, 10, 3000, 5000, false, 3007},
    {"one of zeros only", 0, 0, 3000, 0, false, 3007},
    {"in the second block", 32000, 10, 3000, 0, false, 3007},
    {"with the end of a block between", 32761, 10, 3000, 5000, false, 3007},
    {"a torn one", 0, 10, 3000, 0, true, 17},
    {"a torn one with zeros behind it", 0, 10, 3000, 5000, true, 17},
    {"a torn one behind a whole one", 1000, 10, 3000, 5000, true, 17},
    {"less than a sector behind one", 0, 500, 505, 0, true, 512},
};

/* What is acknowledged may end with zeros: only those of a record that is not whole go. */
static void test_cut__takes_no_zeros_of_a_whole_record(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct log log;
    make_log(&log, "zeros", dir);
    for (size_t i = 0; i < BS_ARRAY_COUNT(zeros_rows); i++) {
        const struct zeros_row *row = &zeros_rows[i];
        BS_CLEANUP(bs_buf_fini) struct bs_buf content = BS_BUF_INIT(0);
        struct datom_wal_cut cut;
        struct stat file;
        if (row->before > 0)
            append_record(&content, row->before, row->before);
        while (content.len % BLOCK_BYTES + HEAD_BYTES + row->size > BLOCK_BYTES)
            bs_buf_append_byte(&content, '\0');
        size_t begin = content.len;
        append_record(&content, row->text, row->size);
        if (row->is_torn)
            content.ptr[begin] ^= 1;
        for (size_t j = 0; j < row->more; j++)
            bs_buf_append_byte(&content, '\0');
        write_log(&log, bs_buf_str(&content));
        bool is_cut = datom_wal_cut_zeros(dir, &cut);
        assert_int_equal(stat(log.path, &file), 0);
        test_row(row->name, (size_t)file.st_size == begin + row->kept, "%lld of %zu are left",
                 (long long)file.st_size, content.len);
        test_row(row->name, is_cut == ((size_t)file.st_size < content.len), "it is said so");
        datom_wal_restore(&cut);
        datom_wal_cut_fini(&cut);
        assert_int_equal(stat(log.path, &file), 0);
        test_row(row->name, (size_t)file.st_size == content.len, "put back");
    }
    test_rows_end();
}

static void test_damage__is_not_in_other_folders(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct datom_wal_damage damage;
    assert_false(datom_wal_find_damage(fixture_path("nothing", dir).ptr, &damage));
    assert_int_equal(mkdir(fixture_path("empty", dir).ptr, 0777), 0);
    assert_false(datom_wal_find_damage(dir, &damage));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damage__is_found_in_every_head),
        cmocka_unit_test(test_damage__is_not_what_a_kill_or_a_power_cut_leaves),
        /* once it has been open its logs are others */
        cmocka_unit_test(test_open__refuses_a_flip_in_any_head),
        cmocka_unit_test(test_damage__is_not_in_other_folders),
        cmocka_unit_test(test_damage__is_not_a_torn_record_with_a_log_in_it),
        cmocka_unit_test(test_damage__is_a_last_record_of_any_greater_length),
        cmocka_unit_test(test_damage__is_not_a_large_group_whose_beginning_was_not_written),
        cmocka_unit_test(test_cut__takes_no_zeros_of_a_whole_record),
    };
    return cmocka_run_group_tests_name("datom/wal_damage", tests, setup, fixture_teardown);
}
