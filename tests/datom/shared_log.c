/* The file: for each record t and length, 8 bytes each, and the bytes. */

#include "shared_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void add(struct shared_log *log, uint64_t t, struct bs_str bytes)
{
    log->records = realloc(log->records, (log->count + 1) * sizeof(*log->records));
    log->records[log->count++] =
        (struct datom_log_record){.t = t, .bytes = {bs_memdup(bytes.ptr, bytes.len), bytes.len}};
}

static void load(struct shared_log *log)
{
    FILE *file = fopen(log->path, "r");
    uint64_t head[2];
    if (!file)
        return;
    while (fread(head, sizeof(head), 1, file) == 1) {
        char *bytes = malloc(head[1] + 1);
        if (fread(bytes, 1, head[1], file) != head[1])
            abort();
        add(log, head[0], bs_str_make(bytes, head[1]));
        free(bytes);
    }
    fclose(file);
}

static void save(const struct shared_log *log)
{
    char path[130];
    snprintf(path, sizeof(path), "%s.new", log->path);
    FILE *file = fopen(path, "w");
    if (!file)
        abort();
    for (size_t i = 0; i < log->count; i++) {
        uint64_t head[2] = {log->records[i].t, log->records[i].bytes.len};
        fwrite(head, sizeof(head), 1, file);
        fwrite(log->records[i].bytes.ptr, 1, log->records[i].bytes.len, file);
    }
    if (fflush(file) != 0 || fsync(fileno(file)) != 0 || fclose(file) != 0 ||
        rename(path, log->path) != 0)
        abort();
}

void shared_log_open(struct shared_log *log, const char *path)
{
    *log = (struct shared_log){0};
    snprintf(log->path, sizeof(log->path), "%s", path);
    pthread_mutex_init(&log->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&log->grown, &attributes);
    pthread_condattr_destroy(&attributes);
    load(log);
}

void shared_log_close(struct shared_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        free((void *)(uintptr_t)log->records[i].bytes.ptr);
    free(log->records);
    pthread_cond_destroy(&log->grown);
    pthread_mutex_destroy(&log->lock);
}

static uint64_t last_of(const struct shared_log *log)
{
    return log->count > 0 ? log->records[log->count - 1].t : 0;
}

static enum bs_code append_locked(struct shared_log *log, uint64_t expected_t,
                                  const struct datom_log_record *records, size_t count,
                                  struct bs_error *error)
{
    int fault = log->fail_next_append;
    log->fail_next_append = 0;
    if (fault == 1)
        return bs_error_set(error, BS_REASON_STORE_IO, "the log is away");
    if (last_of(log) != expected_t) {
        log->conflicts++;
        return bs_error_set(error, BS_REASON_DB_LOG_CONFLICT, "the log is at t %llu",
                            (unsigned long long)last_of(log));
    }
    for (size_t i = 0; i < count; i++)
        add(log, records[i].t, records[i].bytes);
    save(log);
    pthread_cond_broadcast(&log->grown);
    if (fault == 2)
        return bs_error_set(error, BS_REASON_STORE_IO, "the log did not answer");
    return BS_OK;
}

static enum bs_code log_append(void *self, uint64_t expected_t,
                               const struct datom_log_record *records, size_t count,
                               bool *ret_is_durable, struct bs_error *error)
{
    struct shared_log *log = self;
    pthread_mutex_lock(&log->lock);
    enum bs_code code = append_locked(log, expected_t, records, count, error);
    pthread_mutex_unlock(&log->lock);
    *ret_is_durable = true;
    if (code == BS_OK && log->after_append)
        log->after_append(log->after_append_self);
    return code;
}

static enum bs_code log_read(void *self, uint64_t from_t, size_t max, struct bs_arena *arena,
                             struct datom_log_record *ret_records, size_t *ret_count,
                             struct bs_error *error)
{
    struct shared_log *log = self;
    (void)error;
    *ret_count = 0;
    if (log->before_read)
        log->before_read(log->before_read_self);
    pthread_mutex_lock(&log->lock);
    for (size_t i = 0; i < log->count && *ret_count < max; i++) {
        if (log->records[i].t >= from_t)
            ret_records[(*ret_count)++] = (struct datom_log_record){
                .t = log->records[i].t, .bytes = bs_arena_dup(arena, log->records[i].bytes)};
    }
    pthread_mutex_unlock(&log->lock);
    return BS_OK;
}

static enum bs_code log_last_t(void *self, uint64_t *ret_t, struct bs_error *error)
{
    struct shared_log *log = self;
    (void)error;
    pthread_mutex_lock(&log->lock);
    *ret_t = last_of(log);
    pthread_mutex_unlock(&log->lock);
    return BS_OK;
}

static enum bs_code log_follow(void *self, uint64_t t, const struct bs_interrupt *interrupt,
                               struct bs_error *error)
{
    struct shared_log *log = self;
    enum bs_code code = BS_OK;
    pthread_mutex_lock(&log->lock);
    while (last_of(log) <= t) {
        code = bs_interrupt_check(interrupt, error);
        if (code != BS_OK)
            break;
        int64_t until = bs_deadline_after_ns(1000000);
        pthread_cond_timedwait(
            &log->grown, &log->lock,
            &(struct timespec){.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000});
    }
    pthread_mutex_unlock(&log->lock);
    return code;
}

static enum bs_code log_replace(void *self, const struct datom_log_record *records, size_t count,
                                bool *ret_is_durable, struct bs_error *error)
{
    struct shared_log *log = self;
    pthread_mutex_lock(&log->lock);
    bool has_failed = log->fail_next_replace;
    log->fail_next_replace = false;
    for (size_t i = 0; i < count && !has_failed; i++) {
        for (size_t j = 0; j < log->count; j++) {
            if (log->records[j].t != records[i].t)
                continue;
            free((void *)(uintptr_t)log->records[j].bytes.ptr);
            log->records[j].bytes = bs_str_make(
                bs_memdup(records[i].bytes.ptr, records[i].bytes.len), records[i].bytes.len);
        }
    }
    save(log);
    pthread_mutex_unlock(&log->lock);
    if (has_failed)
        return bs_error_set(error, BS_REASON_STORE_IO, "the log is away");
    *ret_is_durable = true;
    return BS_OK;
}

struct datom_log_store shared_log_store(struct shared_log *log)
{
    return (struct datom_log_store){
        .self = log,
        .append = log_append,
        .read = log_read,
        .last_t = log_last_t,
        .follow = log_follow,
        .replace = log_replace,
    };
}
