/*
 * What excisions mean, as the indexes have it: lives are found from the targets' keys and those of
 * their components. All requests of a transaction are known before the first is followed, and who
 * was refused as he has another parent is asked for again as long as targets are added, so that the
 * order of requests changes nothing. What only the log has is tx_excise_forgotten.c's, what
 * composites have copied tx_excise_copies.c's.
 */

#include "datom/bootstrap.h"
#include "datom/tx_excise.h"

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

static size_t count_named(const struct tx *tx, datom_id e)
{
    size_t count = 0;
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        count += entry->added && entry->e == e && entry->attribute->id == DATOM_DB_EXCISE_ATTRS;
    }
    return count;
}

/* What else the transaction says of the entity that requests. */
static enum bs_code read_request(struct tx_excision *excision, const struct tx_entry *excise,
                                 struct tx_excise_request *request, struct bs_error *error)
{
    struct tx *tx = excision->tx;
    datom_id *attrs = NULL;
    /* requests may be many, and most of them name none */
    size_t named_count = count_named(tx, excise->e);
    if (named_count > 0)
        attrs = bs_arena_new_array(tx->scratch, named_count + datom_schema_limit(tx->schema_after),
                                   datom_id);
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
    if (named_count > 0)
        add_composites(tx, attrs, request);
    return BS_OK;
}

/* ---- lives in the indexes ---- */

enum bs_code tx_excise_walk(struct tx_excision *excision, enum datom_family family,
                            struct bs_str prefix, tx_excise_take take, void *self,
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
        take(self, &life);
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

/* Who asks for the lives of a walk. */
struct asking {
    struct tx_excision *excision;
    const struct tx_excise_request *request;
};

static void add_if_meant(void *self, const struct datom_life *life)
{
    const struct asking *asking = self;
    if (tx_excise_is_meant(asking->request, life))
        tx_excise_add(asking->excision, &(struct tx_erased){.life = *life});
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
    struct asking asking = {excision, request};
    BS_TRY(tx_excise_walk(excision, family, prefix, add_if_meant, &asking, error));
    return tx_excise_walk(excision, past, prefix, add_if_meant, &asking, error);
}

/* ---- entities and attributes ---- */

/* Whether a component has a parent after the transaction that is not erased as its parent. */
static enum bs_code has_other_parent(struct tx_excision *excision, datom_id child, bool *ret_has,
                                     struct bs_error *error)
{
    struct datom_range range = {.index = DATOM_VAET, .has_v = true, .v = edn_long((int64_t)child)};
    const struct datom *datoms;
    size_t count = 1;
    *ret_has = false;
    if (excision->cursor)
        BS_TRY(datom_cursor_reset(excision->cursor, &range, error));
    else
        BS_TRY(datom_cursor_open(excision->db_after, &range, &excision->cursor, error));
    while (count > 0 && !*ret_has) {
        BS_TRY(datom_cursor_next(excision->cursor, &datoms, &count, error));
        for (size_t i = 0; i < count; i++) {
            const struct datom_attribute *attribute = tx_excise_attribute(excision, datoms[i].a);
            const struct datom_life life = {.e = datoms[i].e,
                                            .a = (uint32_t)datoms[i].a,
                                            .v = datoms[i].v,
                                            .t_added = datom_tx_to_t(datoms[i].tx)};
            *ret_has = *ret_has || (attribute && attribute->is_component &&
                                    !tx_excise_is_asked_for(excision, &life, false));
        }
    }
    return BS_OK;
}

/* A component becomes a target, or one that is refused for now. */
static enum bs_code add_component(struct tx_excision *excision, datom_id child,
                                  const struct tx_excise_request *whole, struct bs_error *error)
{
    bool has_other;
    if (child < DATOM_BOOT_NEXT_ELEMENT || tx_excise_has_target(excision, child, whole))
        return BS_OK;
    BS_TRY(has_other_parent(excision, child, &has_other, error));
    if (!has_other) {
        tx_excise_add_target(excision, child, whole);
        return BS_OK;
    }
    bs_grow(&excision->refused, excision->refused_count, &excision->refused_capacity,
            sizeof(*excision->refused));
    excision->refused[excision->refused_count++] = (struct tx_excise_target){child, whole};
    return BS_OK;
}

/* Asks again for each that was refused; those that are still are back in the list. */
static enum bs_code ask_again(struct tx_excision *excision, struct bs_error *error)
{
    size_t count = excision->refused_count;
    excision->refused_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct tx_excise_target refused = excision->refused[i];
        BS_TRY(add_component(excision, refused.e, refused.request, error));
    }
    return BS_OK;
}

/* The target's lives, its components as further targets, and what refers to it. Links to components
 * count that ended, too: what was retracted with its parent goes with it. */
static enum bs_code collect_entity(struct tx_excision *excision,
                                   const struct tx_excise_target *target, struct bs_error *error)
{
    const struct tx_excise_request *request = target->request;
    size_t first = excision->erased_count;
    datom_id e = target->e;
    BS_TRY(collect_id(excision, DATOM_FAMILY_EAVT, e, 8, request, error));
    for (size_t i = first; i < excision->erased_count; i++) {
        const struct datom_life *life = &excision->erased[i].life;
        if (tx_excise_attribute(excision, life->a)->is_component)
            BS_TRY(add_component(excision, (datom_id)life->v.as.integer, request->whole, error));
    }
    if (request->attrs_count > 0)
        return BS_OK;
    return collect_id(excision, DATOM_FAMILY_VAET, e, 8, request, error);
}

/* ---- all requests ---- */

/* An attribute, and the composites that it is a member of; none that is built in. */
static void add_attribute(struct tx_excision *excision, const struct tx_excise_request *request)
{
    const struct datom_attribute *attribute;
    const struct datom_schema *schema = excision->tx->schema_after;
    if (request->target < DATOM_BOOT_NEXT_ELEMENT)
        return;
    tx_excise_add_target(excision, request->target, request);
    for (size_t i = 0; (attribute = datom_schema_attribute_at(schema, i)) != NULL; i++) {
        if (!has_member(attribute, &request->target, 1))
            continue;
        struct tx_excise_request *composite =
            bs_arena_new_item(excision->tx->scratch, struct tx_excise_request);
        *composite = *request;
        composite->target = attribute->id;
        tx_excise_add_target(excision, composite->target, composite);
    }
}

enum bs_code tx_excise_add_request(struct tx_excision *excision, const struct tx_entry *excise,
                                   struct bs_error *error)
{
    struct bs_arena *arena = excision->tx->scratch;
    struct tx_excise_request *request = bs_arena_new_item(arena, struct tx_excise_request);
    BS_TRY(read_request(excision, excise, request, error));
    if (request->is_attribute) {
        add_attribute(excision, request);
        return BS_OK;
    }
    /* what is built in stays, and what refers to it too */
    if (request->target < DATOM_BOOT_NEXT_ELEMENT)
        return BS_OK;
    /* of components nothing is left, whatever the request takes of their parent */
    request->whole = request;
    if (request->attrs_count > 0) {
        struct tx_excise_request *whole = bs_arena_new_item(arena, struct tx_excise_request);
        *whole = (struct tx_excise_request){.before_t = request->before_t};
        whole->whole = whole;
        request->whole = whole;
    }
    tx_excise_add_target(excision, request->target, request);
    return BS_OK;
}

static enum bs_code collect_targets(struct tx_excision *excision, struct bs_error *error)
{
    size_t done = 0;
    while (done < excision->targets_count) {
        for (; done < excision->targets_count; done++) {
            const struct tx_excise_target target = excision->targets[done];
            if (target.request->is_attribute)
                BS_TRY(collect_id(excision, DATOM_FAMILY_AEVT, target.e, 4, target.request, error));
            else
                BS_TRY(collect_entity(excision, &target, error));
        }
        BS_TRY(ask_again(excision, error));
    }
    return BS_OK;
}

enum bs_code tx_excise_collect(struct tx_excision *excision, struct bs_error *error)
{
    excision->db_after = datom_db_new(excision->tx->body_after);
    enum bs_code code = collect_targets(excision, error);
    /* what it reads is changed next */
    datom_cursor_free(excision->cursor);
    datom_db_unref(excision->db_after);
    excision->cursor = NULL;
    excision->db_after = NULL;
    return code;
}
