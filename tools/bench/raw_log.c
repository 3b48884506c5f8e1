/*
 * RocksDB's log (db/log_format.h): blocks of 32 KiB with pieces of records, each behind a head of
 * checksum (4 bytes), length (2) and kind (1); a record is a write batch, whose own head is the
 * number of its first key (8) and how many keys it has (4). Checksums are left to RocksDB; that no
 * batch is missing shows in the numbers.
 */

#include "raw_log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 32768
#define HEAD_BYTES 7
#define BATCH_HEAD_BYTES 12

enum piece {
    PIECE_ZERO, /* nothing was written from here on */
    PIECE_FULL,
    PIECE_FIRST,
    PIECE_MIDDLE,
    PIECE_LAST,
};

struct raw_log {
    char *folder;
    struct dirent **names; /* by number, as they are padded */
    int count, next;       /* files */
    struct bs_buf file;
    size_t at;
    struct bs_buf record; /* of several pieces */
    uint64_t next_key;
};

static int is_log(const struct dirent *entry)
{
    return bs_str_ends_with(bs_str_from(entry->d_name), BS_STR(".log"));
}

static enum bs_code file_error(const char *verb, const char *path, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_CLI_FILE, "%s can't be %s: %s", path, verb,
                        strerror(errno));
}

static void free_names(struct dirent **names, int count)
{
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

enum bs_code raw_log_keep(const char *store, const char *kept, struct bs_error *error)
{
    struct dirent **names = NULL;
    char from[4300], to[4300];
    if (mkdir(kept, 0777) != 0 && errno != EEXIST)
        return file_error("made", kept, error);
    int count = scandir(store, &names, is_log, alphasort);
    if (count < 0)
        return file_error("read", store, error);
    enum bs_code code = BS_OK;
    for (int i = 0; i < count && code == BS_OK; i++) {
        snprintf(from, sizeof(from), "%s/%s", store, names[i]->d_name);
        snprintf(to, sizeof(to), "%s/%s", kept, names[i]->d_name);
        /* what was just dropped was kept before, or is missed later */
        if (link(from, to) != 0 && errno != EEXIST && errno != ENOENT)
            code = file_error("linked", from, error);
    }
    free_names(names, count);
    return code;
}

enum bs_code raw_log_open(const char *kept, struct raw_log **ret_log, struct bs_error *error)
{
    struct dirent **names = NULL;
    int count = scandir(kept, &names, is_log, alphasort);
    if (count < 0)
        return file_error("read", kept, error);
    struct raw_log *log = bs_calloc(1, sizeof(*log));
    log->folder = bs_strdup(kept);
    log->names = names;
    log->count = count;
    log->next_key = 1;
    bs_buf_init(&log->file, 0);
    bs_buf_init(&log->record, 0);
    *ret_log = log;
    return BS_OK;
}

void raw_log_close(struct raw_log *log)
{
    if (!log)
        return;
    free_names(log->names, log->count);
    bs_buf_fini(&log->file);
    bs_buf_fini(&log->record);
    free(log->folder);
    free(log);
}

static enum bs_code read_file(struct raw_log *log, struct bs_error *error)
{
    char path[4300];
    snprintf(path, sizeof(path), "%s/%s", log->folder, log->names[log->next++]->d_name);
    bs_buf_reset(&log->file);
    log->at = 0;
    FILE *file = fopen(path, "rb");
    size_t size = 0;
    if (!file)
        return file_error("read", path, error);
    do {
        size = fread(bs_buf_reserve(&log->file, 1 << 20), 1, 1 << 20, file);
        log->file.len += size;
    } while (size > 0);
    enum bs_code code = ferror(file) ? file_error("read", path, error) : BS_OK;
    fclose(file);
    return code;
}

/* The next piece of the file; false at its end. */
static bool take_piece(struct raw_log *log, enum piece *ret_kind, struct bs_str *ret_bytes)
{
    size_t left = BLOCK_BYTES - log->at % BLOCK_BYTES;
    if (left < HEAD_BYTES)
        log->at += left; /* of a block too little for a head stays empty */
    if (log->at + HEAD_BYTES > log->file.len)
        return false;
    const uint8_t *head = (const uint8_t *)log->file.ptr + log->at;
    size_t size = (size_t)head[4] | (size_t)head[5] << 8;
    *ret_kind = head[6];
    if (*ret_kind == PIECE_ZERO || log->at + HEAD_BYTES + size > log->file.len)
        return false;
    *ret_bytes = bs_str_make(log->file.ptr + log->at + HEAD_BYTES, size);
    log->at += HEAD_BYTES + size;
    return true;
}

/* The next record of the file; false at its end. */
static enum bs_code take_record(struct raw_log *log, struct bs_str *ret_record, bool *ret_found,
                                struct bs_error *error)
{
    enum piece kind;
    struct bs_str bytes;
    *ret_found = false;
    bs_buf_reset(&log->record);
    while (take_piece(log, &kind, &bytes)) {
        if (kind > PIECE_LAST)
            return bs_error_set(error, BS_REASON_STORE_IO,
                                "a log in %s has a piece of kind %d: expected 1 to 4", log->folder,
                                (int)kind);
        bs_buf_append_str(&log->record, bytes);
        *ret_found = kind == PIECE_FULL || kind == PIECE_LAST;
        if (*ret_found) {
            *ret_record = bs_buf_str(&log->record);
            return BS_OK;
        }
    }
    return BS_OK;
}

static uint64_t load_low_first(const char *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = size; i-- > 0;)
        number = number << 8 | (uint8_t)bytes[i];
    return number;
}

enum bs_code raw_log_next(struct raw_log *log, struct bs_str *ret_batch, uint32_t *ret_keys,
                          bool *ret_found, struct bs_error *error)
{
    BS_TRY(take_record(log, ret_batch, ret_found, error));
    while (!*ret_found && log->next < log->count) {
        BS_TRY(read_file(log, error));
        BS_TRY(take_record(log, ret_batch, ret_found, error));
    }
    if (!*ret_found)
        return BS_OK;
    uint64_t key = ret_batch->len < BATCH_HEAD_BYTES ? 0 : load_low_first(ret_batch->ptr, 8);
    if (key != log->next_key)
        return bs_error_set(error, BS_REASON_STORE_IO,
                            "the log kept in %s goes on with key %llu: expected %llu, so a file of "
                            "it was dropped before it was kept",
                            log->folder, (unsigned long long)key,
                            (unsigned long long)log->next_key);
    *ret_keys = (uint32_t)load_low_first(ret_batch->ptr + 8, 4);
    log->next_key += *ret_keys;
    return BS_OK;
}
