/* Making the body that branches from an earlier t: its counters and its schema. */

#include "datom/bootstrap.h"
#include "datom/branch.h"
#include "datom/db.h"
#include "datom/load.h"

/* Live datoms of the branch, by taking back what the parent's log says after t. */
static void take_back(struct datom_body *body, const struct datom_log_entry *entry)
{
    for (size_t i = 0; i < entry->count; i++) {
        uint64_t *live = &body->counts->live[entry->datoms[i].a];
        *live = entry->datoms[i].added ? *live - 1 : *live + 1;
        body->datoms = entry->datoms[i].added ? body->datoms - 1 : body->datoms + 1;
    }
}

/* The first transaction after t had the next t: every id issued before it is below. */
static enum bs_code walk_back(struct datom_body *body, struct datom_body *parent, uint64_t t,
                              struct bs_error *error)
{
    struct datom_db *db = datom_db_new(parent);
    struct datom_log_reader *reader = NULL;
    enum bs_code code = datom_log_open(db, t + 1, UINT64_MAX, &reader, error);
    bool is_first = true;
    while (code == BS_OK) {
        struct datom_log_entry entry;
        bool found;
        code = datom_log_next(reader, &entry, &found, error);
        if (code != BS_OK || !found)
            break;
        if (is_first)
            body->next_t = entry.t;
        is_first = false;
        take_back(body, &entry);
    }
    datom_log_close(reader);
    datom_db_unref(db);
    return code;
}

/* The last transaction at or before t: looked for backwards in steps that double. */
static enum bs_code find_basis(struct datom_body *body, uint64_t t, struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_source source = {0};
    bool found = false;
    datom_source_open(&source, body, DATOM_FAMILY_LOG, &failure);
    for (uint64_t back = 1; !found; back *= 2) {
        uint8_t key[8];
        uint64_t from = t > back ? t - back : 0;
        bs_store_u64(key, from);
        datom_kv_seek(source.iter, bs_str_make((const char *)key, sizeof(key)));
        for (; source.iter->valid; datom_kv_next(source.iter)) {
            body->basis_t = bs_load_u64(source.iter->key.ptr);
            found = true;
        }
        if (from == 0 || source.iter->code != BS_OK)
            break;
    }
    enum bs_code code = source.iter->code;
    datom_source_close(&source);
    if (code != BS_OK && error)
        *error = failure;
    if (code == BS_OK && !found)
        return bs_error_set(error, BS_REASON_DB_INVALID_TIME_POINT,
                            "there is no transaction at or before t %llu", (unsigned long long)t);
    return code;
}

static enum bs_code find_instant(struct datom_body *body, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_db *db = datom_db_new(body);
    struct edn instant;
    bool found = false;
    enum bs_code code = datom_db_get(db, datom_t_to_tx(body->basis_t),
                                     datom_schema_attribute(body->schema, DATOM_DB_TX_INSTANT),
                                     arena, &instant, &found, error);
    if (code == BS_OK && found)
        body->last_instant_ms = instant.as.integer;
    datom_db_unref(db);
    return code;
}

/* Of :db.part/db every id up to the last of which something is or was said, or that something
 * refers to: above an attribute's or an ident's, which the schema knows, others may stand. */
static enum bs_code find_next_element(struct datom_body *body, struct bs_error *error)
{
    static const enum datom_family families[] = {DATOM_FAMILY_EAVT, DATOM_FAMILY_EAVT_H,
                                                 DATOM_FAMILY_VAET, DATOM_FAMILY_VAET_H};
    uint8_t end[8];
    bs_store_u64(end, datom_id_make(DATOM_PART_DB + 1, 0));
    body->next_element =
        BS_MAX((uint64_t)datom_schema_limit(body->schema), (uint64_t)DATOM_BOOT_NEXT_ELEMENT);
    for (size_t i = 0; i < BS_ARRAY_COUNT(families); i++) {
        struct bs_error failure = BS_ERROR_INIT;
        struct datom_source source = {0};
        datom_source_open(&source, body, families[i], &failure);
        datom_kv_before(source.iter, bs_str_make((const char *)end, sizeof(end)));
        if (source.iter->valid)
            body->next_element = BS_MAX(body->next_element, bs_load_u64(source.iter->key.ptr) + 1);
        enum bs_code code = source.iter->code;
        datom_source_close(&source);
        if (code != BS_OK && error)
            *error = failure;
        BS_TRY(code);
    }
    return BS_OK;
}

/* Whether it says `:db/noHistory true` of the attribute, or once did. */
static enum bs_code was_forgetful(struct datom_body *body, datom_id attribute, bool *ret_was,
                                  struct bs_error *error)
{
    struct datom_db *now = datom_db_new(body);
    struct datom_db *db = datom_db_history(now);
    struct datom_range range = {.index = DATOM_EAVT,
                                .has_e = true,
                                .e = attribute,
                                .has_a = true,
                                .a = DATOM_DB_NO_HISTORY};
    struct datom_cursor *cursor = NULL;
    enum bs_code code = datom_cursor_open(db, &range, &cursor, error);
    *ret_was = false;
    for (size_t count = 1; code == BS_OK && count > 0 && !*ret_was;) {
        const struct datom *datoms;
        code = datom_cursor_next(cursor, &datoms, &count, error);
        for (size_t i = 0; code == BS_OK && i < count; i++)
            *ret_was |= datoms[i].v.as.boolean;
    }
    datom_cursor_free(cursor);
    datom_db_unref(db);
    datom_db_unref(now);
    return code;
}

enum bs_code datom_branch_forgets(struct datom_body *body, datom_id attribute, bool *ret_forgets,
                                  struct bs_error *error)
{
    const struct datom_attribute *here = datom_schema_attribute(body->schema, attribute);
    *ret_forgets = here && here->no_history;
    /* what is built in is not altered */
    if (attribute < DATOM_BOOT_NEXT_ELEMENT)
        return BS_OK;
    for (struct datom_body *parent = body->parent; parent && !*ret_forgets; parent = parent->parent)
        BS_TRY(was_forgetful(parent, attribute, ret_forgets, error));
    return BS_OK;
}

/* What noHistory has forgotten is not live here, whatever the log says. */
static enum bs_code count_forgetful(struct datom_body *body, struct bs_error *error)
{
    struct datom_db *db = datom_db_new(body);
    enum bs_code code = BS_OK;
    const struct datom_attribute *attribute;
    for (size_t i = 0;
         code == BS_OK && (attribute = datom_schema_attribute_at(body->schema, i)) != NULL; i++) {
        bool forgets = false;
        code = datom_branch_forgets(body, attribute->id, &forgets, error);
        /* beyond the limit nothing was ever counted */
        if (code != BS_OK || !forgets || attribute->id >= body->counts->limit)
            continue;
        uint64_t live = 0;
        struct datom_cursor *cursor = NULL;
        struct datom_range range = {.index = DATOM_AEVT, .has_a = true, .a = attribute->id};
        code = datom_cursor_open(db, &range, &cursor, error);
        for (size_t count = 1; code == BS_OK && count > 0; live += count) {
            const struct datom *datoms;
            code = datom_cursor_next(cursor, &datoms, &count, error);
        }
        datom_cursor_free(cursor);
        body->datoms = body->datoms - body->counts->live[attribute->id] + live;
        body->counts->live[attribute->id] = live;
    }
    datom_db_unref(db);
    return code;
}

static enum bs_code fill(struct datom_body *body, struct datom_body *parent, uint64_t t,
                         struct bs_error *error)
{
    BS_TRY(find_basis(body, t, error));
    BS_TRY(walk_back(body, parent, t, error));
    BS_TRY(datom_load_schema(body, error));
    /* until here the parent's served: what makes schema is built in, and is not altered */
    datom_schema_unref(body->parent_schema);
    body->parent_schema = datom_schema_ref(body->schema);
    BS_TRY(find_instant(body, error));
    BS_TRY(find_next_element(body, error));
    return count_forgetful(body, error);
}

enum bs_code datom_branch_body(struct datom_body *parent, uint64_t t, struct datom_body **ret_body,
                               struct bs_error *error)
{
    struct datom_body *body = datom_body_new_empty();
    body->parent = datom_body_ref(parent);
    body->parent_t = t;
    body->parent_schema = datom_schema_ref(parent->schema);
    body->store = parent->store;
    datom_counts_unref(body->counts);
    body->counts = datom_counts_dup(parent->counts);
    body->datoms = parent->datoms;
    body->next_t = parent->next_t;
    datom_body_set_functions(body, parent->functions);
    enum bs_code code = fill(body, parent, t, error);
    if (code != BS_OK) {
        datom_body_unref(body);
        return code;
    }
    *ret_body = body;
    return BS_OK;
}
