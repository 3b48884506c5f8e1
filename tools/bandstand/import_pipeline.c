/*
 * A ring of transactions under way, and the thread that ends them. After a failure nothing more
 * comes to be: what was resolved on the failed one is cancelled instead of resolved again.
 */

#include "import_pipeline.h"

#include <pthread.h>
#include <string.h>

#define UNDER_WAY_MAX 20

struct item {
    struct datom_pending *pending;
    struct bs_arena *arena;
    unsigned line;
};

struct import_pipeline {
    struct datom_conn *conn;
    struct datom_db *db; /* after the last that was put; the putting thread's */
    struct datom_tx_options options;
    struct bs_interrupt interrupt;
    _Atomic bool has_failed;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_ending;
    struct item items[UNDER_WAY_MAX];
    size_t first, count; /* of items; the first is being ended */
    struct import_progress progress;
    enum bs_code code;
    struct bs_error error;
};

/* The next to be ended, or false at the end of all. */
static bool wait_for_item(struct import_pipeline *pipeline, struct item *ret_item)
{
    pthread_mutex_lock(&pipeline->lock);
    while (pipeline->count == 0 && !pipeline->is_ending)
        pthread_cond_wait(&pipeline->changed, &pipeline->lock);
    bool found = pipeline->count > 0;
    if (found)
        *ret_item = pipeline->items[pipeline->first];
    pthread_mutex_unlock(&pipeline->lock);
    return found;
}

static void note_end(struct import_pipeline *pipeline, const struct item *item, enum bs_code code,
                     const struct datom_report *report, const struct bs_error *error)
{
    pthread_mutex_lock(&pipeline->lock);
    if (code == BS_OK) {
        pipeline->progress.transactions++;
        pipeline->progress.datoms += report->datoms_count;
    } else if (pipeline->code == BS_OK) {
        pipeline->code = code;
        pipeline->error = *error;
        pipeline->progress.failed_line = item->line;
        atomic_store(&pipeline->has_failed, true);
    }
    pipeline->first = (pipeline->first + 1) % UNDER_WAY_MAX;
    pipeline->count--;
    pthread_cond_broadcast(&pipeline->changed);
    pthread_mutex_unlock(&pipeline->lock);
}

static void *end_items(void *self)
{
    struct import_pipeline *pipeline = self;
    struct item item;
    while (wait_for_item(pipeline, &item)) {
        struct datom_report *report = NULL;
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = datom_pending_end(item.pending, &report, &error);
        note_end(pipeline, &item, code, report, &error);
        datom_report_free(report);
        bs_arena_free(item.arena);
    }
    return NULL;
}

static void pipeline_free(struct import_pipeline *pipeline)
{
    datom_db_unref(pipeline->db);
    pthread_cond_destroy(&pipeline->changed);
    pthread_mutex_destroy(&pipeline->lock);
    free(pipeline);
}

enum bs_code import_pipeline_new(struct datom_conn *conn, struct import_pipeline **ret_pipeline,
                                 struct bs_error *error)
{
    struct import_pipeline *pipeline = bs_calloc(1, sizeof(*pipeline));
    pipeline->conn = conn;
    pipeline->interrupt = (struct bs_interrupt)BS_INTERRUPT_INIT;
    pipeline->interrupt.cancelled = &pipeline->has_failed;
    pipeline->options.interrupt = &pipeline->interrupt;
    pthread_mutex_init(&pipeline->lock, NULL);
    pthread_cond_init(&pipeline->changed, NULL);
    int failed = pthread_create(&pipeline->thread, NULL, end_items, pipeline);
    if (failed != 0) {
        pipeline_free(pipeline);
        return bs_error_set(error, BS_REASON_LIMIT,
                            "the system gives the import no thread of its own: %s: expected room "
                            "for one in its limits of processes and memory",
                            strerror(failed));
    }
    *ret_pipeline = pipeline;
    return BS_OK;
}

void import_pipeline_free(struct import_pipeline *pipeline)
{
    if (!pipeline)
        return;
    pthread_mutex_lock(&pipeline->lock);
    pipeline->is_ending = true;
    pthread_cond_broadcast(&pipeline->changed);
    pthread_mutex_unlock(&pipeline->lock);
    pthread_join(pipeline->thread, NULL);
    pipeline_free(pipeline);
}

void import_pipeline_freep(struct import_pipeline **pipeline)
{
    import_pipeline_free(*pipeline);
}

static void wait_for_room(struct import_pipeline *pipeline, size_t count_max)
{
    pthread_mutex_lock(&pipeline->lock);
    while (pipeline->count > count_max)
        pthread_cond_wait(&pipeline->changed, &pipeline->lock);
    pthread_mutex_unlock(&pipeline->lock);
}

enum bs_code import_pipeline_put(struct import_pipeline *pipeline, struct edn tx_data,
                                 struct bs_arena *arena, unsigned line, struct bs_error *error)
{
    struct item item = {.arena = arena, .line = line};
    wait_for_room(pipeline, UNDER_WAY_MAX - 1);
    enum bs_code code =
        datom_transact_begin(pipeline->conn, tx_data, &pipeline->options, &item.pending, error);
    if (code != BS_OK) {
        bs_arena_free(arena);
        return code;
    }
    datom_db_unref(pipeline->db);
    pipeline->db = datom_db_ref(datom_pending_db(item.pending));
    pthread_mutex_lock(&pipeline->lock);
    pipeline->items[(pipeline->first + pipeline->count++) % UNDER_WAY_MAX] = item;
    pthread_cond_broadcast(&pipeline->changed);
    pthread_mutex_unlock(&pipeline->lock);
    return BS_OK;
}

struct datom_db *import_pipeline_db(struct import_pipeline *pipeline)
{
    return pipeline->db ? datom_db_ref(pipeline->db) : datom_conn_db(pipeline->conn);
}

void import_pipeline_progress(struct import_pipeline *pipeline,
                              struct import_progress *ret_progress)
{
    pthread_mutex_lock(&pipeline->lock);
    *ret_progress = pipeline->progress;
    pthread_mutex_unlock(&pipeline->lock);
}

enum bs_code import_pipeline_drain(struct import_pipeline *pipeline, struct bs_error *error)
{
    wait_for_room(pipeline, 0);
    pthread_mutex_lock(&pipeline->lock);
    enum bs_code code = pipeline->code;
    if (code != BS_OK && error)
        *error = pipeline->error;
    pipeline->code = BS_OK;
    pthread_mutex_unlock(&pipeline->lock);
    return code;
}
