/* Lazy entities: an id in a database value. Every attribute asked for is one read. */
#include "datom/datom.h"
#include "query/attributes.h"
#include "query/query.h"

/* How deep touch follows components. */
#define TOUCH_DEPTH_MAX 200
/* What an entity takes of an arena, without its values. */
#define ENTITY_BYTES ((size_t)512)

struct query_entity {
    struct edn_object object; /* first */
    struct datom_db *db;
    datom_id id;
};

static const struct query_entity *entity_of(const struct edn_object *object)
{
    return (const struct query_entity *)(const void *)object;
}

static void print_entity(const struct edn_object *object, struct bs_buf *out)
{
    bs_buf_printf(out, "{:db/id %llu}", (unsigned long long)entity_of(object)->id);
}

static int compare_entities(const struct edn_object *a, const struct edn_object *b)
{
    const struct query_entity *x = entity_of(a);
    const struct query_entity *y = entity_of(b);
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return ((uintptr_t)x->db > (uintptr_t)y->db) - ((uintptr_t)x->db < (uintptr_t)y->db);
}

static const struct edn_object_class entity_class = {
    .name = "entity",
    .print = print_entity,
    .compare = compare_entities,
};

static void drop_db(void *data)
{
    datom_db_unref((struct datom_db *)data);
}

/* The db must be one that the arena already holds, or be held by `holds`. */
static const struct query_entity *make_entity(struct datom_db *db, datom_id id, bool holds,
                                              struct bs_arena *arena)
{
    struct query_entity *entity = bs_arena_new_item(arena, struct query_entity);
    *entity = (struct query_entity){.object = {.class = &entity_class}, .db = db, .id = id};
    if (holds)
        bs_arena_add_cleanup(arena, drop_db, datom_db_ref(db));
    return entity;
}

enum bs_code query_entity_of(struct datom_db *db, struct edn identifier, struct bs_arena *arena,
                             const struct query_entity **ret_entity, struct bs_error *error)
{
    datom_id id = DATOM_NO_ID;
    if (datom_db_is_history(db))
        return bs_error_set(error, BS_REASON_DB_NOT_ON_HISTORY,
                            "an entity stands at one point in time, and a history has none");
    BS_TRY(datom_db_resolve(db, identifier, &id, error));
    BS_TRY(bs_arena_check(arena, 256, "an entity", error));
    *ret_entity = id == DATOM_NO_ID ? NULL : make_entity(db, id, true, arena);
    return BS_OK;
}

datom_id query_entity_id(const struct query_entity *entity)
{
    return entity->id;
}

struct datom_db *query_entity_db(const struct query_entity *entity)
{
    return entity->db;
}

struct edn query_entity_value(const struct query_entity *entity)
{
    return edn_object_value(&entity->object);
}

const struct query_entity *query_entity_from_edn(struct edn value)
{
    if (value.type != EDN_OBJECT || value.as.object->class != &entity_class)
        return NULL;
    return entity_of(value.as.object);
}

/* ---- reading ---- */

struct reading {
    const struct query_entity *entity;
    struct bs_arena *arena;
    struct bs_error *error;
    bool touch;               /* components as maps */
    unsigned depth;           /* of touch */
    const struct reading *up; /* of touch: the entity above */
};

static enum bs_code touch_into(struct reading *reading, struct edn *ret_map);

/* Another entity of the same database; it lives as long as the one that leads to it may not, so it
 * holds the database itself. */
static struct edn neighbour(const struct reading *reading, datom_id id)
{
    return query_entity_value(make_entity(reading->entity->db, id, true, reading->arena));
}

/* Components may form rings. */
static bool is_on_the_way(const struct reading *reading, datom_id id)
{
    for (; reading != NULL; reading = reading->up)
        if (reading->entity->id == id)
            return true;
    return false;
}

static enum bs_code shape_reference(struct reading *reading,
                                    const struct datom_attribute *attribute, datom_id id,
                                    struct edn *ret_value)
{
    struct bs_str ident = datom_db_ident(reading->entity->db, id);
    if (ident.len > 0) {
        *ret_value = edn_keyword(bs_arena_dup(reading->arena, ident));
        return BS_OK;
    }
    if (!reading->touch || !attribute->is_component || reading->depth >= TOUCH_DEPTH_MAX ||
        is_on_the_way(reading, id)) {
        *ret_value = neighbour(reading, id);
        return BS_OK;
    }
    struct reading below = *reading;
    below.up = reading;
    below.entity = make_entity(reading->entity->db, id, true, reading->arena);
    below.depth++;
    return touch_into(&below, ret_value);
}

static enum bs_code take_value(struct reading *reading, const struct datom_attribute *attribute,
                               const struct datom *datom, bool reverse, struct edn *ret_value)
{
    if (reverse) {
        *ret_value = neighbour(reading, datom->e);
        return BS_OK;
    }
    if (attribute->type == DATOM_TYPE_REF)
        return shape_reference(reading, attribute, (datom_id)datom->v.as.integer, ret_value);
    *ret_value = edn_dup(reading->arena, datom->v);
    return BS_OK;
}

static enum bs_code collect(struct reading *reading, struct datom_cursor *cursor,
                            const struct datom_attribute *attribute, bool reverse,
                            struct edn_list *values)
{
    for (;;) {
        const struct datom *datoms = NULL;
        size_t count = 0;
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, reading->error));
        if (count == 0)
            return BS_OK;
        for (size_t i = 0; i < count; i++) {
            struct edn value = edn_nil();
            BS_TRY(edn_list_check(values, ENTITY_BYTES + edn_dup_bytes(datoms[i].v),
                                  "an entity's values", reading->error));
            BS_TRY(take_value(reading, attribute, &datoms[i], reverse, &value));
            edn_list_add(values, value);
        }
    }
}

static enum bs_code read_attribute(struct reading *reading, const struct datom_attribute *attribute,
                                   bool reverse, struct edn *ret_value)
{
    struct edn id = edn_long((int64_t)reading->entity->id);
    struct datom_range range = {
        .index = DATOM_EAVT, .has_e = true, .e = reading->entity->id, .has_a = true};
    if (reverse)
        range = (struct datom_range){.index = DATOM_VAET, .has_v = true, .v = id, .has_a = true};
    range.a = attribute->id;
    struct datom_cursor *cursor = NULL;
    struct edn_list values;
    edn_list_init(&values, reading->arena);
    BS_TRY(datom_cursor_open(reading->entity->db, &range, &cursor, reading->error));
    enum bs_code code = collect(reading, cursor, attribute, reverse, &values);
    datom_cursor_free(cursor);
    if (code != BS_OK)
        return code;
    bool single = reverse ? attribute->is_component : !attribute->many;
    if (values.count == 0)
        *ret_value = edn_nil();
    else
        *ret_value = single ? values.items[0] : edn_list_finish(&values, EDN_SET);
    return BS_OK;
}

/* ":ns/_a" as its parts; false when the name does not start with an underscore. */
static bool split_reverse(struct bs_str name, struct bs_arena *arena, struct bs_str *ret_name)
{
    struct edn keyword = edn_keyword(name);
    struct bs_str local = edn_name(keyword);
    struct bs_str namespace = edn_namespace(keyword);
    if (local.len < 2 || local.ptr[0] != '_')
        return false;
    local = bs_str_from_offset(local, 1);
    *ret_name = local;
    if (namespace.len > 0)
        *ret_name = bs_arena_printf(arena, "%.*s/%.*s", BS_STR_ARGS(namespace), BS_STR_ARGS(local));
    return true;
}

enum bs_code query_entity_get(const struct query_entity *entity, struct bs_str attribute,
                              struct bs_arena *arena, struct edn *ret_value, struct bs_error *error)
{
    if (bs_str_equals(attribute, "db/id")) {
        *ret_value = edn_long((int64_t)entity->id);
        return BS_OK;
    }
    struct reading reading = {.entity = entity, .arena = arena, .error = error};
    BS_TRY(bs_arena_check(arena, attribute.len + 256, "an attribute's name", error));
    struct bs_str name = attribute;
    const struct datom_attribute *found = datom_db_attribute_named(entity->db, attribute);
    bool reverse = found == NULL && split_reverse(attribute, arena, &name);
    if (reverse)
        found = datom_db_attribute_named(entity->db, name);
    *ret_value = edn_nil();
    if (found == NULL || (reverse && found->type != DATOM_TYPE_REF))
        return BS_OK; /* as in Datomic: an entity is a map, and has no such key */
    return read_attribute(&reading, found, reverse, ret_value);
}

static enum bs_code touch_into(struct reading *reading, struct edn *ret_map)
{
    struct edn_list ids;
    struct edn_list pairs;
    edn_list_init(&ids, reading->arena);
    edn_list_init(&pairs, reading->arena);
    edn_list_add(&pairs, EDN_KEYWORD_LIT("db/id"));
    edn_list_add(&pairs, edn_long((int64_t)reading->entity->id));
    BS_TRY(attributes_list(reading->entity->db, reading->entity->id, NULL, &ids, reading->error));
    for (size_t i = 0; i < ids.count; i++) {
        const struct datom_attribute *attribute =
            datom_db_attribute(reading->entity->db, (datom_id)ids.items[i].as.integer);
        struct edn value = edn_nil();
        if (attribute == NULL)
            continue;
        BS_TRY(read_attribute(reading, attribute, false, &value));
        BS_TRY(edn_list_check(&pairs, ENTITY_BYTES + attribute->ident.len, "an entity's values",
                              reading->error));
        edn_list_add(&pairs, edn_keyword(bs_arena_dup(reading->arena, attribute->ident)));
        edn_list_add(&pairs, value);
    }
    *ret_map = edn_list_finish(&pairs, EDN_MAP);
    return BS_OK;
}

enum bs_code query_entity_touch(const struct query_entity *entity, struct bs_arena *arena,
                                struct edn *ret_map, struct bs_error *error)
{
    struct reading reading = {.entity = entity, .arena = arena, .error = error, .touch = true};
    return touch_into(&reading, ret_map);
}
