/*
 * The one way to read ranges of datoms. A cursor walks the current family of its index and, when
 * the view asks for the past, the history family beside it, as one sequence of lives; the view then
 * says which datoms of a life it shows. Ranges stand in cursor_range.c, what is made of keys in
 * cursor_step.c; here are batches, the store's gate and predicates.
 */

#include "datom/cursor.h"

#define CURSOR_BATCH_FIRST 16
#define CURSOR_BATCH_MAX 1024
/* Steps that are taken before a cursor looks whether the store is wanted by others. */
#define CURSOR_STEPS_MAX 4096

static void open_sources(struct datom_cursor *cursor, bool is_of_value)
{
    if (!cursor->now.iter || cursor->now_family != cursor->family ||
        cursor->now_is_of_value != is_of_value) {
        datom_source_fini(&cursor->now);
        datom_source_fini(&cursor->past);
        if (is_of_value)
            datom_source_init_of_value(&cursor->now, cursor->db->body, &cursor->failure);
        else
            datom_source_init(&cursor->now, cursor->db->body, cursor->family, &cursor->failure);
        cursor->now_family = cursor->family;
        cursor->now_is_of_value = is_of_value;
    }
    if (cursor->needs_past && !cursor->past.iter)
        datom_source_init(&cursor->past, cursor->db->body, datom_cursor_past_family(cursor->family),
                          &cursor->failure);
}

enum bs_code datom_cursor_reset(struct datom_cursor *cursor, const struct datom_range *range,
                                struct bs_error *error)
{
    BS_TRY(datom_cursor_check_range(cursor, range, error));
    bs_arena_reset(cursor->range_arena);
    cursor->range = *range;
    if (range->has_v)
        cursor->range.v = edn_dup(cursor->range_arena, range->v);
    if (range->has_start)
        cursor->range.v_start = edn_dup(cursor->range_arena, range->v_start);
    if (range->has_end)
        cursor->range.v_end = edn_dup(cursor->range_arena, range->v_end);
    cursor->family = (enum datom_family)(DATOM_FAMILY_EAVT + (int)range->index);
    cursor->done = false;
    cursor->before_start = true;
    cursor->batch_target = CURSOR_BATCH_FIRST;
    struct datom_key start;
    datom_cursor_make_bounds(cursor, &start);
    bool is_of_value = datom_cursor_is_of_value(cursor, &start);
    datom_store_enter(cursor->db->body->store);
    open_sources(cursor, is_of_value);
    if (range->reverse) {
        datom_cursor_make_end(cursor, &start, &cursor->end);
    } else {
        datom_kv_seek(cursor->now.iter, datom_key_str(&start));
        if (cursor->needs_past)
            datom_kv_seek(cursor->past.iter, datom_key_str(&start));
    }
    datom_store_leave(cursor->db->body->store);
    return BS_OK;
}

enum bs_code datom_cursor_open(struct datom_db *db, const struct datom_range *range,
                               struct datom_cursor **ret_cursor, struct bs_error *error)
{
    struct datom_cursor *cursor = bs_calloc(1, sizeof(*cursor));
    cursor->db = datom_db_ref(db);
    cursor->unfiltered = db->filter ? datom_db_unfiltered(db) : NULL;
    cursor->needs_past = datom_db_needs_past(db);
    cursor->arena = bs_arena_new(0);
    cursor->scratch = bs_arena_new(0);
    cursor->range_arena = bs_arena_new(0);
    enum bs_code code = datom_cursor_reset(cursor, range, error);
    if (code != BS_OK) {
        datom_cursor_free(cursor);
        return code;
    }
    *ret_cursor = cursor;
    return BS_OK;
}

/* So many steps at most, that whoever waits for the store to be alone need not wait for a view that
 * shows little of much. */
static enum bs_code fill_batch(struct datom_cursor *cursor, struct bs_error *error)
{
    datom_source_refresh(&cursor->now);
    datom_source_refresh(&cursor->past);
    cursor->steps_left = CURSOR_STEPS_MAX;
    while (cursor->steps_left > 0 && !cursor->done && cursor->batch_count < cursor->batch_target) {
        cursor->steps_left--;
        BS_TRY(cursor->range.reverse ? datom_cursor_step_back(cursor, error)
                                     : datom_cursor_step(cursor, error));
    }
    return BS_OK;
}

/* Outside of the store: a predicate may take its time, and read. */
static void filter_batch(struct datom_cursor *cursor)
{
    size_t kept = 0;
    for (size_t i = 0; i < cursor->batch_count; i++) {
        if (datom_filter_passes(cursor->db->filter, cursor->unfiltered, &cursor->batch[i]))
            cursor->batch[kept++] = cursor->batch[i];
    }
    cursor->batch_count = kept;
}

static enum bs_code next_batch(struct datom_cursor *cursor, struct bs_error *error)
{
    enum bs_code code = BS_OK;
    bs_arena_reset(cursor->arena);
    cursor->batch_count = 0;
    while (code == BS_OK && !cursor->done && cursor->batch_count < cursor->batch_target) {
        datom_store_enter(cursor->db->body->store);
        code = fill_batch(cursor, error);
        datom_store_leave(cursor->db->body->store);
    }
    cursor->batch_target = BS_MIN(cursor->batch_target * 2, (size_t)CURSOR_BATCH_MAX);
    if (code == BS_OK && cursor->unfiltered)
        filter_batch(cursor);
    return code;
}

enum bs_code datom_cursor_next(struct datom_cursor *cursor, const struct datom **ret_datoms,
                               size_t *ret_count, struct bs_error *error)
{
    do
        BS_TRY(next_batch(cursor, error));
    while (cursor->batch_count == 0 && !cursor->done);
    *ret_datoms = cursor->batch;
    *ret_count = cursor->batch_count;
    return BS_OK;
}

void datom_cursor_free(struct datom_cursor *cursor)
{
    if (!cursor)
        return;
    datom_store_enter(cursor->db->body->store);
    datom_source_fini(&cursor->now);
    datom_source_fini(&cursor->past);
    datom_store_leave(cursor->db->body->store);
    bs_arena_free(cursor->arena);
    bs_arena_free(cursor->scratch);
    bs_arena_free(cursor->range_arena);
    free(cursor->batch);
    free(cursor->lives);
    datom_db_unref(cursor->unfiltered);
    datom_db_unref(cursor->db);
    free(cursor);
}

void datom_cursor_freep(struct datom_cursor **cursor)
{
    datom_cursor_free(*cursor);
}
