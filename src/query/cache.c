/*
 * Parsed queries by their text. A slot is emptied while its query is in use and filled again
 * afterwards, so that no lock and no count is needed: two threads with one query at one moment cost
 * one of them a parse.
 */
#include "query/cache.h"

#include <stdatomic.h>

#define SLOTS 256
/* Longer texts are parsed each time. */
#define TEXT_BYTES_MAX 8192

struct cached_query {
    struct query *query;
    size_t len;
    char text[];
};

static _Atomic(struct cached_query *) slots[SLOTS];

static void cached_free(struct cached_query *cached)
{
    if (cached == NULL)
        return;
    query_free(cached->query);
    free(cached);
}

static struct bs_str text_of(const struct cached_query *cached)
{
    return bs_str_make(cached->text, cached->len);
}

static size_t slot_of(struct bs_str text)
{
    return (size_t)(edn_hash(edn_string(text)) % SLOTS);
}

static enum bs_code parse_text(struct bs_str text, struct cached_query **ret_cached,
                               struct bs_error *error)
{
    struct query *query = NULL;
    BS_TRY(query_parse(edn_string(text), &query, error));
    struct cached_query *cached = (struct cached_query *)bs_malloc(sizeof(*cached) + text.len + 1);
    cached->query = query;
    cached->len = text.len;
    if (text.len > 0)
        memcpy(cached->text, text.ptr, text.len);
    *ret_cached = cached;
    return BS_OK;
}

enum bs_code query_cache_take(struct bs_str text, struct cached_query **ret_cached,
                              struct bs_error *error)
{
    struct cached_query *cached = atomic_exchange(&slots[slot_of(text)], NULL);
    if (cached != NULL && bs_str_equal(text_of(cached), text)) {
        *ret_cached = cached;
        return BS_OK;
    }
    cached_free(cached);
    return parse_text(text, ret_cached, error);
}

void query_cache_give(struct cached_query *cached)
{
    if (cached->len <= TEXT_BYTES_MAX)
        cached = atomic_exchange(&slots[slot_of(text_of(cached))], cached);
    cached_free(cached);
}

const struct query *query_cache_query(const struct cached_query *cached)
{
    return cached->query;
}

enum bs_code query_run_text(struct bs_str text, const struct edn *inputs, size_t inputs_count,
                            const struct query_options *options, struct bs_arena *arena,
                            struct edn *ret_result, struct bs_error *error)
{
    struct cached_query *cached = NULL;
    BS_TRY(query_cache_take(text, &cached, error));
    enum bs_code code =
        query_run(cached->query, inputs, inputs_count, options, arena, ret_result, error);
    query_cache_give(cached);
    return code;
}
