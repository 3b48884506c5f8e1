/*
 * What excisions mean, as the indexes have it: lives are found from the target's keys and those of
 * its components. What only the log has is tx_excise_forgotten.c's.
 */

#include "datom/bootstrap.h"
#include "datom/tx_excise.h"

bool tx_excise_has_id(const datom_id *ids, size_t count, datom_id id)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

/* Schema, what is built in, transactions' instants and the records of excisions stay. */
static bool is_exempt(datom_id e, datom_id a)
{
    return a == DATOM_DB_TX_INSTANT || a == DATOM_DB_EXCISE || a == DATOM_DB_EXCISE_ATTRS ||
           a == DATOM_DB_EXCISE_BEFORE || a == DATOM_DB_EXCISE_BEFORE_T ||
           (datom_id_part(e) == DATOM_PART_DB && a < DATOM_BOOT_NEXT_ELEMENT);
}

/* ---- the requests ---- */

static enum bs_code resolve_before(const struct tx *tx, const struct tx_entry *entry,
                                   uint64_t *ret_t, struct bs_error *error)
{
    uint64_t t;
    enum bs_code code =
        entry->attribute->id == DATOM_DB_EXCISE_BEFORE
            ? datom_log_resolve_bound(tx->db, edn_instant(entry->v.as.integer), &t, error)
            : datom_db_resolve_t(tx->db, edn_long(entry->v.as.integer), &t, error);
    if (code != BS_OK)
        return tx_blame_entry(tx, entry, code, error);
    *ret_t = BS_MIN(*ret_t, t);
    return BS_OK;
}

/* A composite tuple holds copies of its members' values, also when it is discontinued. */
static bool has_member(const struct datom_attribute *attribute, const datom_id *ids, size_t count)
{
    const struct datom_tuple *tuple = attribute->tuple;
    if (!tuple || tuple->kind != DATOM_TUPLE_COMPOSITE)
        return false;
    for (uint32_t i = 0; i < tuple->count; i++) {
        if (tx_excise_has_id(ids, count, tuple->attributes[i]))
            return true;
    }
    return false;
}

/* The composites of the attributes that a request names go with them. */
static void add_composites(const struct tx *tx, datom_id *attrs, struct tx_excise_request *request)
{
    size_t named_count = request->attrs_count;
    const struct datom_attribute *attribute;
    for (size_t i = 0; (attribute = datom_schema_attribute_at(tx->schema_after, i)) != NULL; i++) {
        if (has_member(attribute, attrs, named_count))
            attrs[request->attrs_count++] = attribute->id;
    }
}

/* What else the transaction says of the entity that requests. */
static enum bs_code read_request(struct tx_excision *excision, const struct tx_entry *excise,
                                 struct tx_excise_request *request, struct bs_error *error)
{
    struct tx *tx = excision->tx;
    datom_id *attrs = bs_arena_new_array(
        tx->scratch, tx->entries_count + datom_schema_limit(tx->schema_after), datom_id);
    request->target = (datom_id)excise->v.as.integer;
    request->is_attribute = tx_excise_attribute(excision, request->target) != NULL;
    request->attrs = attrs;
    request->before_t = tx->t;
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        if (!entry->added || entry->e != excise->e)
            continue;
        if (entry->attribute->id == DATOM_DB_EXCISE_ATTRS)
            attrs[request->attrs_count++] = (datom_id)entry->v.as.integer;
        else if (entry->attribute->id == DATOM_DB_EXCISE_BEFORE ||
                 entry->attribute->id == DATOM_DB_EXCISE_BEFORE_T)
            BS_TRY(resolve_before(tx, entry, &request->before_t, error));
    }
    add_composites(tx, attrs, request);
    return BS_OK;
}

/* Of any request when `request` is NULL. */
static bool is_target(const void *self, uint32_t idx, const void *key)
{
    const struct tx_excise_target *target = &((const struct tx_excise_target *)self)[idx];
    const struct tx_excise_target *wanted = key;
    return target->e == wanted->e && (!wanted->request || target->request == wanted->request);
}

static bool has_target(const struct tx_excision *excision, datom_id e,
                       const struct tx_excise_request *request)
{
    struct tx_excise_target wanted = {.e = e, .request = request};
    return datom_table_find(&excision->targets_by_e, tx_hash(&e, sizeof(e), 0), is_target,
                            excision->targets, &wanted) != DATOM_TABLE_NONE;
}

static void add_target(struct tx_excision *excision, datom_id e,
                       const struct tx_excise_request *request)
{
    bs_grow(&excision->targets, excision->targets_count, &excision->targets_capacity,
            sizeof(*excision->targets));
    datom_table_add(&excision->targets_by_e, tx_hash(&e, sizeof(e), 0),
                    (uint32_t)excision->targets_count);
    excision->targets[excision->targets_count++] =
        (struct tx_excise_target){.e = e, .request = request};
}

/* ---- lives in the indexes ---- */

void tx_excise_add(struct tx_excision *excision, const struct datom_life *life, bool is_forgotten)
{
    bs_grow(&excision->erased, excision->erased_count, &excision->erased_capacity,
            sizeof(*excision->erased));
    struct tx_erased *erased = &excision->erased[excision->erased_count++];
    *erased = (struct tx_erased){.life = *life, .is_forgotten = is_forgotten};
    erased->life.v = edn_dup(excision->tx->arena, life->v);
}

bool tx_excise_is_meant(const struct tx_excise_request *request, const struct datom_life *life)
{
    return life->t_added < request->before_t && !is_exempt(life->e, life->a) &&
           (request->is_attribute || request->attrs_count == 0 ||
            tx_excise_has_id(request->attrs, request->attrs_count, life->a));
}

static enum bs_code collect(struct tx_excision *excision, enum datom_family family,
                            struct bs_str prefix, const struct tx_excise_request *request,
                            struct bs_error *error)
{
    struct tx *tx = excision->tx;
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_source source = {0};
    enum bs_code code = BS_OK;
    uint32_t steps = 0;
    datom_source_open(&source, tx->body_after, family, &failure);
    datom_kv_seek(source.iter, prefix);
    while (source.iter->valid && bs_str_starts_with(source.iter->key, prefix)) {
        struct datom_life life;
        code = datom_key_parse(family, source.iter->key, source.iter->record, tx->scratch, &life,
                               error);
        if (code != BS_OK)
            break;
        if (tx_excise_is_meant(request, &life))
            tx_excise_add(excision, &life, false);
        datom_kv_next(source.iter);
        (void)datom_source_breathe(&source, &steps);
    }
    if (code == BS_OK && source.iter->code != BS_OK) {
        code = source.iter->code;
        if (error)
            *error = failure;
    }
    datom_source_close(&source);
    return code;
}

/* Now and before, what begins with an id. */
static enum bs_code collect_id(struct tx_excision *excision, enum datom_family family, uint64_t id,
                               size_t id_bytes, const struct tx_excise_request *request,
                               struct bs_error *error)
{
    uint8_t bytes[8];
    bs_store_u64(bytes, id);
    struct bs_str prefix = bs_str_make((const char *)bytes + 8 - id_bytes, id_bytes);
    enum datom_family past = (enum datom_family)(family + DATOM_FAMILY_EAVT_H - DATOM_FAMILY_EAVT);
    BS_TRY(collect(excision, family, prefix, request, error));
    return collect(excision, past, prefix, request, error);
}

/* ---- copies of references ---- */

/* Whether a composite's value has the reference, and began while that was there. */
static bool is_copy(const struct tx_excision *excision, const struct datom_life *copy,
                    const struct datom_life *ref)
{
    const struct datom_tuple *tuple = tx_excise_attribute(excision, copy->a)->tuple;
    if (copy->t_added < ref->t_added || copy->t_added >= ref->t_retracted)
        return false;
    for (uint32_t i = 0; i < tuple->count; i++) {
        if (tuple->attributes[i] == ref->a && edn_compare(copy->v.as.items[i], ref->v) == 0)
            return true;
    }
    return false;
}

static enum bs_code collect_copies_in(struct tx_excision *excision, enum datom_family family,
                                      const struct datom_life *ref, datom_id composite,
                                      struct bs_error *error)
{
    /* whenever it was said: it goes with the reference */
    static const struct tx_excise_request any = {.before_t = UINT64_MAX};
    size_t first = excision->erased_count;
    size_t kept = first;
    uint8_t prefix[12];
    bs_store_u64(prefix, ref->e);
    bs_store_u32(prefix + 8, (uint32_t)composite);
    BS_TRY(
        collect(excision, family, bs_str_make((const char *)prefix, sizeof(prefix)), &any, error));
    for (size_t i = first; i < excision->erased_count; i++) {
        if (is_copy(excision, &excision->erased[i].life, ref))
            excision->erased[kept++] = excision->erased[i];
    }
    excision->erased_count = kept;
    return BS_OK;
}

enum bs_code tx_excise_collect_copies(struct tx_excision *excision, const struct datom_life *ref,
                                      struct bs_error *error)
{
    const datom_id member = ref->a;
    const struct datom_life life = *ref; /* the array that it may stand in grows */
    const struct datom_attribute *attribute;
    const struct datom_schema *schema = excision->tx->schema_after;
    for (size_t i = 0; (attribute = datom_schema_attribute_at(schema, i)) != NULL; i++) {
        if (!has_member(attribute, &member, 1))
            continue;
        BS_TRY(collect_copies_in(excision, DATOM_FAMILY_EAVT, &life, attribute->id, error));
        BS_TRY(collect_copies_in(excision, DATOM_FAMILY_EAVT_H, &life, attribute->id, error));
    }
    return BS_OK;
}

/* ---- entities and attributes ---- */

/* Whether a component has another parent now, which is not erased with this one. */
static enum bs_code has_other_parent(struct tx_excision *excision, datom_id child, bool *ret_has,
                                     struct bs_error *error)
{
    struct tx *tx = excision->tx;
    struct datom_range range = {.index = DATOM_VAET, .has_v = true, .v = edn_long((int64_t)child)};
    const struct datom *datoms;
    size_t count;
    *ret_has = false;
    BS_TRY(tx_walk(tx, &range, error));
    for (;;) {
        BS_TRY(datom_cursor_next(tx->cursor, &datoms, &count, error));
        if (count == 0)
            return BS_OK;
        for (size_t i = 0; i < count; i++) {
            const struct datom_attribute *attribute = tx_excise_attribute(excision, datoms[i].a);
            *ret_has = *ret_has || (attribute && attribute->is_component &&
                                    !has_target(excision, datoms[i].e, NULL));
        }
    }
}

/* The target's lives, its components as further targets, and what refers to it. */
static enum bs_code collect_entity(struct tx_excision *excision,
                                   const struct tx_excise_target *target,
                                   const struct tx_excise_request *whole, struct bs_error *error)
{
    const struct tx_excise_request *request = target->request;
    size_t first = excision->erased_count;
    datom_id e = target->e;
    BS_TRY(collect_id(excision, DATOM_FAMILY_EAVT, e, 8, request, error));
    for (size_t i = first; i < excision->erased_count; i++) {
        const struct datom_life *life = &excision->erased[i].life;
        datom_id child = (datom_id)life->v.as.integer;
        bool has_other;
        if (!tx_excise_attribute(excision, life->a)->is_component ||
            has_target(excision, child, whole))
            continue;
        BS_TRY(has_other_parent(excision, child, &has_other, error));
        if (!has_other)
            add_target(excision, child, whole);
    }
    if (request->attrs_count > 0)
        return BS_OK;
    first = excision->erased_count;
    BS_TRY(collect_id(excision, DATOM_FAMILY_VAET, e, 8, request, error));
    size_t last = excision->erased_count;
    for (size_t i = first; i < last; i++)
        BS_TRY(tx_excise_collect_copies(excision, &excision->erased[i].life, error));
    return BS_OK;
}

/* All of an attribute, and of the composites that it is a member of. */
static enum bs_code collect_attribute(struct tx_excision *excision,
                                      struct tx_excise_request *request, struct bs_error *error)
{
    add_target(excision, request->target, request);
    if (request->target < DATOM_BOOT_NEXT_ELEMENT)
        return BS_OK;
    BS_TRY(collect_id(excision, DATOM_FAMILY_AEVT, request->target, 4, request, error));
    const struct datom_attribute *attribute;
    const struct datom_schema *schema = excision->tx->schema_after;
    for (size_t i = 0; (attribute = datom_schema_attribute_at(schema, i)) != NULL; i++) {
        if (!has_member(attribute, &request->target, 1))
            continue;
        struct tx_excise_request *composite =
            bs_arena_new_item(excision->tx->scratch, struct tx_excise_request);
        *composite = *request;
        composite->target = attribute->id;
        add_target(excision, composite->target, composite);
        BS_TRY(collect_id(excision, DATOM_FAMILY_AEVT, composite->target, 4, composite, error));
    }
    return BS_OK;
}

enum bs_code tx_excise_collect(struct tx_excision *excision, const struct tx_entry *excise,
                               struct bs_error *error)
{
    struct tx_excise_request *request =
        bs_arena_new_item(excision->tx->scratch, struct tx_excise_request);
    BS_TRY(read_request(excision, excise, request, error));
    if (request->is_attribute)
        return collect_attribute(excision, request, error);
    if (datom_id_part(request->target) == DATOM_PART_DB)
        return BS_OK;
    /* of components nothing is left, whatever the request takes of their parent */
    struct tx_excise_request *whole = request;
    if (request->attrs_count > 0) {
        whole = bs_arena_new_item(excision->tx->scratch, struct tx_excise_request);
        whole->before_t = request->before_t;
    }
    size_t first = excision->targets_count;
    add_target(excision, request->target, request);
    for (size_t i = first; i < excision->targets_count; i++) {
        struct tx_excise_target target = excision->targets[i];
        BS_TRY(collect_entity(excision, &target, whole, error));
    }
    return BS_OK;
}
