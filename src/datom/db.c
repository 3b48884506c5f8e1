/*
 * Database values: references, views, accessors, and the two reads that are so common that they
 * have ways of their own (one attribute of one entity; the holder of a value). Everything else
 * reads through cursor.c.
 */

#include "datom/db.h"

#include "datom/coerce.h"

static void db_print(const struct edn_object *object, struct bs_buf *out);
static int db_compare(const struct edn_object *a, const struct edn_object *b);

static const struct edn_object_class db_class = {
    .name = "db",
    .print = db_print,
    .compare = db_compare,
};

static struct datom_db *db_of_object(const struct edn_object *object)
{
    /* the object stands inside a value that is never const */
    uintptr_t address = (uintptr_t)object - offsetof(struct datom_db, object);
    return (struct datom_db *)address;
}

static void db_print(const struct edn_object *object, struct bs_buf *out)
{
    const struct datom_db *db = db_of_object(object);
    bs_buf_printf(out, "#db {:basis-t %llu}", (unsigned long long)db->body->basis_t);
}

/* Values of one basis and view are equal; values of different bodies stay apart by address. */
static int db_compare(const struct edn_object *a, const struct edn_object *b)
{
    const struct datom_db *x = db_of_object(a);
    const struct datom_db *y = db_of_object(b);
    uint64_t left[] = {x->body->basis_t, (uintptr_t)x->body, x->as_of_t,
                       x->since_t,       x->is_history,      (uintptr_t)x->filter};
    uint64_t right[] = {y->body->basis_t, (uintptr_t)y->body, y->as_of_t,
                        y->since_t,       y->is_history,      (uintptr_t)y->filter};
    for (size_t i = 0; i < BS_ARRAY_COUNT(left); i++) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    return 0;
}

struct datom_db *datom_db_new(struct datom_body *body)
{
    struct datom_db *db = bs_calloc(1, sizeof(*db));
    bs_ref_init(&db->ref);
    db->object.class = &db_class;
    db->body = datom_body_ref(body);
    db->as_of_t = UINT64_MAX;
    return db;
}

struct datom_db *datom_db_ref(struct datom_db *db)
{
    bs_ref_get(&db->ref);
    return db;
}

void datom_db_unref(struct datom_db *db)
{
    if (!db || !bs_ref_put(&db->ref))
        return;
    datom_body_unref(db->body);
    datom_filter_unref(db->filter);
    free(db);
}

void datom_db_unrefp(struct datom_db **db)
{
    datom_db_unref(*db);
}

uint64_t datom_db_basis_t(const struct datom_db *db)
{
    return db->body->basis_t;
}

uint64_t datom_db_next_t(const struct datom_db *db)
{
    return db->body->next_t;
}

bool datom_db_as_of_t(const struct datom_db *db, uint64_t *ret_t)
{
    if (db->has_as_of)
        *ret_t = db->as_of_t;
    return db->has_as_of;
}

bool datom_db_since_t(const struct datom_db *db, uint64_t *ret_t)
{
    if (db->has_since)
        *ret_t = db->since_t;
    return db->has_since;
}

bool datom_db_is_history(const struct datom_db *db)
{
    return db->is_history;
}

struct datom_db *datom_db_view_of(struct datom_db *db)
{
    struct datom_db *view = datom_db_new(db->body);
    view->has_as_of = db->has_as_of;
    view->as_of_t = db->as_of_t;
    view->has_since = db->has_since;
    view->since_t = db->since_t;
    view->is_history = db->is_history;
    view->filter = datom_filter_ref(db->filter);
    return view;
}

struct datom_db *datom_db_as_of(struct datom_db *db, uint64_t t)
{
    struct datom_db *view = datom_db_view_of(db);
    view->as_of_t = BS_MIN(t, view->as_of_t);
    view->has_as_of = true;
    return view;
}

struct datom_db *datom_db_since(struct datom_db *db, uint64_t t)
{
    struct datom_db *view = datom_db_view_of(db);
    view->since_t = BS_MAX(t, view->since_t);
    view->has_since = true;
    return view;
}

struct datom_db *datom_db_history(struct datom_db *db)
{
    struct datom_db *view = datom_db_view_of(db);
    view->is_history = true;
    return view;
}

const struct edn_object *datom_db_object(struct datom_db *db)
{
    return &db->object;
}

struct datom_db *datom_db_from_edn(struct edn value)
{
    if (value.type != EDN_OBJECT || value.as.object->class != &db_class)
        return NULL;
    return db_of_object(value.as.object);
}

/* ---- attributes and idents ---- */

const struct datom_attribute *datom_db_attribute(const struct datom_db *db, datom_id id)
{
    return datom_schema_attribute(db->body->schema, id);
}

const struct datom_attribute *datom_db_attribute_named(const struct datom_db *db,
                                                       struct bs_str ident)
{
    return datom_schema_attribute_named(db->body->schema, ident);
}

const struct datom_attribute *datom_db_attribute_at(const struct datom_db *db, size_t idx)
{
    return datom_schema_attribute_at(db->body->schema, idx);
}

enum bs_code datom_db_find_attribute(const struct datom_db *db, struct edn attribute,
                                     const struct datom_attribute **ret, struct bs_error *error)
{
    const struct datom_attribute *found = NULL;
    char text[120];
    if (attribute.type == EDN_KEYWORD)
        found = datom_db_attribute_named(db, edn_text_of(attribute));
    else if (attribute.type == EDN_LONG)
        found = datom_db_attribute(db, (datom_id)attribute.as.integer);
    if (found) {
        *ret = found;
        return BS_OK;
    }
    if (attribute.type != EDN_KEYWORD)
        return bs_error_set(error, BS_REASON_DB_NOT_AN_ATTRIBUTE,
                            "%s is not an attribute: expected the ident or id of an installed one",
                            edn_print_cut(attribute, text, sizeof(text)));
    struct bs_str nearest = datom_schema_nearest(db->body->schema, edn_text_of(attribute));
    if (nearest.len > 0)
        return bs_error_set(error, BS_REASON_DB_NOT_AN_ATTRIBUTE,
                            "%s is not an attribute of this database; did you mean :%.*s?",
                            edn_print_cut(attribute, text, sizeof(text)), BS_STR_ARGS(nearest));
    return bs_error_set(error, BS_REASON_DB_NOT_AN_ATTRIBUTE,
                        "%s is not an attribute of this database: expected an installed one",
                        edn_print_cut(attribute, text, sizeof(text)));
}

datom_id datom_db_entid(struct datom_db *db, struct bs_str ident)
{
    return datom_schema_entid(db->body->schema, ident);
}

struct bs_str datom_db_ident(struct datom_db *db, datom_id id)
{
    return datom_schema_ident(db->body->schema, id);
}

uint64_t datom_db_attribute_count(struct datom_db *db, datom_id attribute)
{
    return datom_body_count(db->body, attribute);
}

/* A copy for the caller, whose arena may have a cap. */
static enum bs_code take_value(struct bs_arena *arena, struct edn value, struct edn *ret_value,
                               struct bs_error *error)
{
    BS_TRY(bs_arena_check(arena, edn_dup_bytes(value), "a value", error));
    *ret_value = edn_dup(arena, value);
    return BS_OK;
}

/* ---- one attribute of one entity ---- */

/* The value in a record of a card-one key that the view shows, if it does. */
static enum bs_code get_one_current(struct datom_db *db, struct bs_str key, struct bs_arena *arena,
                                    struct edn *ret_value, bool *ret_found, bool *ret_is_newer,
                                    struct bs_error *error)
{
    struct datom_pin pin;
    struct bs_str record;
    bool found;
    BS_TRY(datom_body_get(db->body, DATOM_FAMILY_EAVT, key, &pin, &record, &found, error));
    enum bs_code code = BS_OK;
    *ret_found = false;
    *ret_is_newer = false;
    if (found) {
        struct datom_life life;
        code = datom_key_parse(DATOM_FAMILY_EAVT, key, record, arena, &life, error);
        if (code == BS_OK && life.t_added > db->as_of_t) {
            *ret_is_newer = true;
        } else if (code == BS_OK && life.t_added > db->since_t) {
            code = take_value(arena, life.v, ret_value, error);
            *ret_found = code == BS_OK;
        }
    }
    datom_pin_release(&pin);
    return code;
}

static enum bs_code get_first(struct datom_db *db, datom_id e, datom_id a, struct bs_arena *arena,
                              struct edn *ret_value, bool *ret_found, struct bs_error *error)
{
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    struct datom_range range = {.index = DATOM_EAVT, .has_e = true, .e = e, .has_a = true, .a = a};
    const struct datom *datoms;
    size_t count;
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
    *ret_found = count > 0;
    return count > 0 ? take_value(arena, datoms[0].v, ret_value, error) : BS_OK;
}

/*
 * What an attribute of cardinality one was at as-of, when it is not so any more: of the lives that
 * ended later the first, as they stand by their ends and do not overlap. *ret_found false when that
 * one began later; nothing is said then, as an attribute that once was many has lives that overlap.
 */
static enum bs_code get_one_past(struct datom_db *db, const struct datom_key *prefix,
                                 struct bs_arena *arena, struct edn *ret_value, bool *ret_found,
                                 struct bs_error *error)
{
    struct datom_source source = {0};
    struct datom_key start = *prefix;
    bs_store_u64(start.bytes + start.len, db->as_of_t + 1);
    start.len = (uint16_t)(start.len + 8);
    datom_source_open(&source, db->body, DATOM_FAMILY_EAVT_H, error);
    const struct datom_kv_iter *iter = source.iter;
    datom_kv_seek(source.iter, datom_key_str(&start));
    enum bs_code code = iter->code;
    *ret_found = false;
    if (iter->valid && bs_str_starts_with(iter->key, datom_key_str(prefix))) {
        struct datom_life life;
        code = datom_key_parse(DATOM_FAMILY_EAVT_H, iter->key, iter->record, arena, &life, error);
        *ret_found = code == BS_OK && datom_db_is_in_view(db, life.t_added);
        if (*ret_found)
            code = take_value(arena, life.v, ret_value, error);
    }
    datom_source_close(&source);
    return code;
}

enum bs_code datom_db_get(struct datom_db *db, datom_id e, const struct datom_attribute *attribute,
                          struct bs_arena *arena, struct edn *ret_value, bool *ret_found,
                          struct bs_error *error)
{
    if (db->is_history)
        return bs_error_set(error, BS_REASON_DB_NOT_ON_HISTORY,
                            "a history value has no single value of :%.*s: read its datoms instead",
                            BS_STR_ARGS(attribute->ident));
    if (attribute->many || db->filter)
        return get_first(db, e, attribute->id, arena, ret_value, ret_found, error);

    struct datom_key key;
    bool is_newer;
    datom_key_make_prefix(DATOM_FAMILY_EAVT, e, (uint32_t)attribute->id, NULL, 2, &key);
    BS_TRY(get_one_current(db, datom_key_str(&key), arena, ret_value, ret_found, &is_newer, error));
    /* what is live and old enough was so at as-of already; anything else may stand in the past */
    if (*ret_found || !datom_db_needs_past(db))
        return BS_OK;
    BS_TRY(get_one_past(db, &key, arena, ret_value, ret_found, error));
    if (*ret_found)
        return BS_OK;
    return get_first(db, e, attribute->id, arena, ret_value, ret_found, error);
}

/*
 * The first live holder of a value that stands whole in keys, without a cursor: the keys of its
 * holders begin with the same bytes, in the order of the holders.
 */
static enum bs_code lookup_live(struct datom_db *db, datom_id a,
                                const struct datom_key_value *value, datom_id *ret_id,
                                struct bs_error *error)
{
    struct datom_source source = {0};
    struct datom_key start; /* of the least entity */
    datom_key_make_prefix(DATOM_FAMILY_AVET, 0, (uint32_t)a, value, 3, &start);
    struct bs_str prefix = bs_str_make((const char *)start.bytes, start.len - sizeof(datom_id));
    datom_source_open_of_value(&source, db->body, error);
    datom_kv_seek(source.iter, datom_key_str(&start));
    enum bs_code code = source.iter->code;
    *ret_id = DATOM_NO_ID;
    if (source.iter->valid && bs_str_starts_with(source.iter->key, prefix) &&
        source.iter->key.len == start.len)
        *ret_id = bs_load_u64(source.iter->key.ptr + prefix.len);
    datom_source_close(&source);
    return code;
}

enum bs_code datom_db_lookup(struct datom_db *db, const struct datom_attribute *attribute,
                             struct edn value, datom_id *ret_id, struct bs_error *error)
{
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    struct datom_range range = {
        .index = DATOM_AVET, .has_a = true, .a = attribute->id, .has_v = true, .v = value};
    const struct datom *datoms;
    size_t count;
    BS_TRY(datom_check_stored(attribute, value, error));
    if (attribute->has_avet && !datom_db_needs_past(db) && !db->has_since && !db->filter) {
        struct datom_key_value kv;
        datom_key_value_encode_start(value, attribute->type, &kv);
        if (!kv.is_cut)
            return lookup_live(db, attribute->id, &kv, ret_id, error);
    }
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
    *ret_id = count > 0 ? datoms[0].e : DATOM_NO_ID;
    return BS_OK;
}
