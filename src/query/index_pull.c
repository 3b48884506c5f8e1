/*
 * Pulls along an index: a cursor that starts at the given components and ends with the attribute,
 * and a pull for each datom that it meets. Nothing is read ahead but the cursor's batch.
 */
#include "query/query.h"

struct query_index_pull {
    struct datom_db *db; /* held */
    const struct query_pattern *pattern;
    struct query_options options;
    struct datom_cursor *cursor;
    struct bs_arena *arena; /* of the start's values */
    datom_id a;             /* the walk ends with it */
    bool pulls_values;      /* aevt */
    uint64_t skip, left;
    const struct datom *datoms; /* the cursor's batch */
    size_t count, at;
    bool is_done;
};

static enum bs_code check_request(struct datom_db *db, const struct query_index_request *request,
                                  const struct datom_range *range, struct bs_error *error)
{
    const struct datom_attribute *attribute = datom_db_attribute(db, range->a);
    if (datom_db_is_history(db))
        return bs_error_set(error, BS_REASON_DB_NOT_ON_HISTORY,
                            "index-pull reads one point in time, and a history has none");
    if (request->index == DATOM_AEVT && (attribute->type != DATOM_TYPE_REF || !attribute->many))
        return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                            "index-pull of :aevt pulls what values refer to, and :%.*s is no "
                            ":db.type/ref of :db.cardinality/many: expected one that is, or :avet",
                            BS_STR_ARGS(attribute->ident));
    if (request->index == DATOM_AVET && attribute->many && !range->has_v)
        return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                            "an entity stands under each value of :%.*s in :avet: expected a value "
                            "in :start, [:%.*s VALUE]",
                            BS_STR_ARGS(attribute->ident), BS_STR_ARGS(attribute->ident));
    return BS_OK;
}

static enum bs_code open_cursor(struct query_index_pull *walk,
                                const struct query_index_request *request, struct bs_error *error)
{
    char text[120];
    struct datom_range range;
    if (request->index != DATOM_AVET && request->index != DATOM_AEVT)
        return bs_error_set(error, BS_REASON_DB_INVALID_INDEX,
                            "index-pull walks :avet or :aevt, no other index");
    if (!edn_is_sequential(request->start) || request->start.len < 1 || request->start.len > 3)
        return bs_error_set(
            error, BS_REASON_Q_INVALID_ARGUMENT,
            "index-pull: %s can't be where it starts: expected [ATTR], [ATTR VALUE] "
            "of :avet or [ATTR EID] of :aevt",
            edn_print_cut(request->start, text, sizeof(text)));
    BS_TRY(query_range_of(walk->db, request->index, request->start.as.items, request->start.len,
                          walk->arena, &range, error));
    BS_TRY(check_request(walk->db, request, &range, error));
    range.seek = true;
    range.reverse = request->reverse;
    walk->a = range.a;
    return datom_cursor_open(walk->db, &range, &walk->cursor, error);
}

enum bs_code query_index_pull_open(struct datom_db *db, const struct query_index_request *request,
                                   const struct query_options *options,
                                   struct query_index_pull **ret_walk, struct bs_error *error)
{
    struct query_index_pull *walk = bs_calloc(1, sizeof(*walk));
    walk->db = datom_db_ref(db);
    walk->pattern = request->pattern;
    walk->options = options ? *options : (struct query_options){0};
    walk->arena = bs_arena_new(0);
    walk->pulls_values = request->index == DATOM_AEVT;
    walk->skip = request->offset;
    walk->left = request->has_limit ? request->limit : UINT64_MAX;
    enum bs_code code = open_cursor(walk, request, error);
    if (code != BS_OK) {
        query_index_pull_close(walk);
        return code;
    }
    *ret_walk = walk;
    return BS_OK;
}

/* The next datom of the attribute; NULL at the end. It stands until the next call. */
static enum bs_code next_datom(struct query_index_pull *walk, const struct datom **ret_datom,
                               struct bs_error *error)
{
    *ret_datom = NULL;
    if (walk->is_done)
        return BS_OK;
    if (walk->at == walk->count) {
        BS_TRY(bs_interrupt_check(walk->options.interrupt, error));
        walk->at = 0;
        BS_TRY(datom_cursor_next(walk->cursor, &walk->datoms, &walk->count, error));
    }
    walk->is_done = walk->count == 0 || walk->datoms[walk->at].a != walk->a;
    if (!walk->is_done)
        *ret_datom = &walk->datoms[walk->at++];
    return BS_OK;
}

enum bs_code query_index_pull_next(struct query_index_pull *walk, struct bs_arena *arena,
                                   struct edn *ret_value, bool *ret_found, struct bs_error *error)
{
    const struct datom *datom;
    *ret_found = false;
    if (walk->left == 0)
        return BS_OK;
    do
        BS_TRY(next_datom(walk, &datom, error));
    while (datom && walk->skip > 0 && walk->skip-- > 0);
    if (!datom)
        return BS_OK;
    struct edn id = walk->pulls_values ? datom->v : edn_long((int64_t)datom->e);
    BS_TRY(query_pull(walk->db, walk->pattern, id, &walk->options, arena, ret_value, error));
    walk->left--;
    *ret_found = true;
    return BS_OK;
}

void query_index_pull_close(struct query_index_pull *walk)
{
    if (!walk)
        return;
    datom_cursor_free(walk->cursor);
    bs_arena_free(walk->arena);
    datom_db_unref(walk->db);
    free(walk);
}

/* ---- as data ---- */

static enum bs_code take_count(const char *key, struct edn value, uint64_t *ret_count,
                               struct bs_error *error)
{
    char text[120];
    if (value.type != EDN_LONG || value.as.integer < 0)
        return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                            "index-pull: %s is %s: expected a number from 0", key,
                            edn_print_cut(value, text, sizeof(text)));
    *ret_count = (uint64_t)value.as.integer;
    return BS_OK;
}

static enum bs_code take_index(struct edn value, enum datom_index *ret_index,
                               struct bs_error *error)
{
    char text[120];
    if (value.type == EDN_KEYWORD)
        return query_index_of(edn_text_of(value), ret_index, error);
    return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                        "index-pull: :index is %s: expected :avet or :aevt",
                        edn_print_cut(value, text, sizeof(text)));
}

/* One entry of the map; the selector is kept as a form. */
static enum bs_code take_entry(struct edn key, struct edn value,
                               struct query_index_request *request, struct edn *selector,
                               bool *has_index, struct bs_error *error)
{
    char text[120];
    if (edn_is_keyword(key, "index")) {
        *has_index = true;
        return take_index(value, &request->index, error);
    }
    if (edn_is_keyword(key, "selector")) {
        *selector = value;
        return BS_OK;
    }
    if (edn_is_keyword(key, "start")) {
        request->start = value;
        return BS_OK;
    }
    if (edn_is_keyword(key, "reverse")) {
        request->reverse = edn_is_truthy(value);
        return BS_OK;
    }
    if (edn_is_keyword(key, "offset"))
        return edn_is_nil(value) ? BS_OK : take_count(":offset", value, &request->offset, error);
    if (edn_is_keyword(key, "limit")) {
        request->has_limit =
            !edn_is_nil(value) && !(value.type == EDN_LONG && value.as.integer == -1);
        return request->has_limit ? take_count(":limit", value, &request->limit, error) : BS_OK;
    }
    return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                        "index-pull has no %s: expected :index, :selector, :start, :reverse, "
                        ":offset, :limit",
                        edn_print_cut(key, text, sizeof(text)));
}

static enum bs_code read_request(struct edn form, struct query_index_request *request,
                                 struct edn *ret_selector, struct bs_error *error)
{
    char text[120];
    bool has_index = false;
    *ret_selector = edn_nil();
    if (form.type != EDN_MAP)
        return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                            "index-pull: expected a map with :index, :selector and :start, not %s",
                            edn_print_cut(form, text, sizeof(text)));
    for (size_t i = 0; i < form.len; i++)
        BS_TRY(take_entry(form.as.items[2 * i], form.as.items[2 * i + 1], request, ret_selector,
                          &has_index, error));
    if (!has_index || edn_is_nil(*ret_selector) || edn_is_nil(request->start))
        return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                            "index-pull: %s is missing: expected a map with :index, :selector and "
                            ":start",
                            !has_index                   ? ":index"
                            : edn_is_nil(request->start) ? ":start"
                                                         : ":selector");
    return BS_OK;
}

enum bs_code query_index_pull(struct datom_db *db, struct edn form,
                              const struct query_options *options, struct bs_arena *arena,
                              struct edn *ret_values, struct bs_error *error)
{
    struct query_index_request request = {.start = edn_nil()};
    struct query_pattern *pattern = NULL;
    struct query_index_pull *walk = NULL;
    struct edn selector;
    struct edn_list list;
    bool found = true;
    edn_list_init(&list, arena);
    BS_TRY(read_request(form, &request, &selector, error));
    BS_TRY(query_pattern_parse(selector, &pattern, error));
    request.pattern = pattern;
    enum bs_code code = query_index_pull_open(db, &request, options, &walk, error);
    while (code == BS_OK && found) {
        struct edn value;
        code = query_index_pull_next(walk, arena, &value, &found, error);
        if (code == BS_OK && found)
            code = edn_list_check(&list, 0, "the result of index-pull", error);
        if (code == BS_OK && found)
            edn_list_add(&list, value);
    }
    query_index_pull_close(walk);
    query_pattern_free(pattern);
    if (code == BS_OK)
        *ret_values = edn_list_finish(&list, EDN_VECTOR);
    return code;
}
