/*
 * Excision: what :db/excise of this transaction names is erased from the body that it makes, as if
 * it had never been said. The unit is a datom's life: its keys in every family, its assertion and
 * its retraction in the log, one of which without the other would contradict it. So the log that is
 * left replays to the indexes that are left, and a replay of the request finds nothing to do.
 *
 * Lives are found in the indexes, and tell which log records to write anew. Only superseded values
 * of attributes that are or were noHistory stand nowhere but in the log: where such an attribute is
 * in scope, and only then, the log is read as a whole.
 */

#include "datom/bootstrap.h"
#include "datom/load.h"
#include "datom/tx_apply.h"

struct request {
    datom_id target;
    bool is_attribute; /* its datoms are meant, not those about it */
    const datom_id *attrs;
    size_t attrs_count; /* 0: all, and what refers to it */
    uint64_t before_t;  /* lives that began before it */
};

/* An entity to be erased: the target of a request, or a component of one. */
struct target {
    datom_id e;
    const struct request *request;
};

struct erased {
    struct datom_life life;
    bool is_forgotten; /* no index has it, or none any more */
};

/* A place in the log that speaks of an erased life. */
struct mention {
    uint64_t t;
    const struct datom_life *life;
    bool added;
};

struct excision {
    struct tx *tx;
    struct target *targets;
    size_t targets_count, targets_capacity;
    struct datom_table targets_by_e;
    struct erased *erased;
    size_t erased_count, erased_capacity;
    datom_id *forgetful; /* attributes that are or were noHistory */
    size_t forgetful_count, forgetful_capacity;
};

static const struct datom_attribute *attribute_of(const struct excision *excision, datom_id a)
{
    return datom_schema_attribute(excision->tx->body_after->schema, a);
}

static bool has_id(const datom_id *ids, size_t count, datom_id id)
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
        return tx_blame(tx, entry->form_idx, code, error);
    *ret_t = BS_MIN(*ret_t, t);
    return BS_OK;
}

/* What else the transaction says of the entity that requests. */
static enum bs_code read_request(struct excision *excision, const struct tx_entry *excise,
                                 struct request *request, struct bs_error *error)
{
    struct tx *tx = excision->tx;
    datom_id *attrs = bs_arena_new_array(tx->scratch, tx->entries_count, datom_id);
    request->target = (datom_id)excise->v.as.integer;
    request->is_attribute = attribute_of(excision, request->target) != NULL;
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
    return BS_OK;
}

/* Of any request when `request` is NULL. */
static bool is_target(const void *self, uint32_t idx, const void *key)
{
    const struct target *target = &((const struct target *)self)[idx];
    const struct target *wanted = key;
    return target->e == wanted->e && (!wanted->request || target->request == wanted->request);
}

static bool has_target(const struct excision *excision, datom_id e, const struct request *request)
{
    struct target wanted = {.e = e, .request = request};
    return datom_table_find(&excision->targets_by_e, tx_hash(&e, sizeof(e), 0), is_target,
                            excision->targets, &wanted) != DATOM_TABLE_NONE;
}

static void add_target(struct excision *excision, datom_id e, const struct request *request)
{
    bs_grow(&excision->targets, excision->targets_count, &excision->targets_capacity,
            sizeof(*excision->targets));
    datom_table_add(&excision->targets_by_e, tx_hash(&e, sizeof(e), 0),
                    (uint32_t)excision->targets_count);
    excision->targets[excision->targets_count++] = (struct target){.e = e, .request = request};
}

/* ---- lives in the indexes ---- */

static void add_erased(struct excision *excision, const struct datom_life *life, bool is_forgotten)
{
    bs_grow(&excision->erased, excision->erased_count, &excision->erased_capacity,
            sizeof(*excision->erased));
    struct erased *erased = &excision->erased[excision->erased_count++];
    *erased = (struct erased){.life = *life, .is_forgotten = is_forgotten};
    erased->life.v = edn_dup(excision->tx->arena, life->v);
}

static bool is_meant(const struct request *request, const struct datom_life *life)
{
    return life->t_added < request->before_t && !is_exempt(life->e, life->a) &&
           (request->is_attribute || request->attrs_count == 0 ||
            has_id(request->attrs, request->attrs_count, life->a));
}

static enum bs_code collect(struct excision *excision, enum datom_family family,
                            struct bs_str prefix, const struct request *request,
                            struct bs_error *error)
{
    struct tx *tx = excision->tx;
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_source source = {0};
    enum bs_code code = BS_OK;
    datom_source_open(&source, tx->body_after, family, &failure);
    datom_kv_seek(source.iter, prefix);
    while (source.iter->valid && bs_str_starts_with(source.iter->key, prefix)) {
        struct datom_life life;
        code = datom_key_parse(family, source.iter->key, source.iter->record, tx->scratch, &life,
                               error);
        if (code != BS_OK)
            break;
        if (is_meant(request, &life))
            add_erased(excision, &life, false);
        datom_kv_next(source.iter);
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
static enum bs_code collect_id(struct excision *excision, enum datom_family family, uint64_t id,
                               size_t id_bytes, const struct request *request,
                               struct bs_error *error)
{
    uint8_t bytes[8];
    bs_store_u64(bytes, id);
    struct bs_str prefix = bs_str_make((const char *)bytes + 8 - id_bytes, id_bytes);
    enum datom_family past = (enum datom_family)(family + DATOM_FAMILY_EAVT_H - DATOM_FAMILY_EAVT);
    BS_TRY(collect(excision, family, prefix, request, error));
    return collect(excision, past, prefix, request, error);
}

/* Whether a component has another parent now, which is not erased with this one. */
static enum bs_code has_other_parent(struct excision *excision, datom_id child, bool *ret_has,
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
            const struct datom_attribute *attribute = attribute_of(excision, datoms[i].a);
            *ret_has = *ret_has || (attribute && attribute->is_component &&
                                    !has_target(excision, datoms[i].e, NULL));
        }
    }
}

/* The target's lives, and its components as further targets. */
static enum bs_code collect_entity(struct excision *excision, const struct target *target,
                                   const struct request *whole, struct bs_error *error)
{
    const struct request *request = target->request;
    size_t first = excision->erased_count;
    datom_id e = target->e;
    BS_TRY(collect_id(excision, DATOM_FAMILY_EAVT, e, 8, request, error));
    for (size_t i = first; i < excision->erased_count; i++) {
        const struct datom_life *life = &excision->erased[i].life;
        datom_id child = (datom_id)life->v.as.integer;
        bool has_other;
        if (!attribute_of(excision, life->a)->is_component || has_target(excision, child, whole))
            continue;
        BS_TRY(has_other_parent(excision, child, &has_other, error));
        if (!has_other)
            add_target(excision, child, whole);
    }
    if (request->attrs_count > 0)
        return BS_OK;
    return collect_id(excision, DATOM_FAMILY_VAET, e, 8, request, error);
}

static enum bs_code collect_request(struct excision *excision, const struct tx_entry *excise,
                                    struct bs_error *error)
{
    struct request *request = bs_arena_new_item(excision->tx->scratch, struct request);
    BS_TRY(read_request(excision, excise, request, error));
    if (request->is_attribute) {
        add_target(excision, request->target, request);
        if (request->target < DATOM_BOOT_NEXT_ELEMENT)
            return BS_OK;
        return collect_id(excision, DATOM_FAMILY_AEVT, request->target, 4, request, error);
    }
    if (datom_id_part(request->target) == DATOM_PART_DB)
        return BS_OK;
    /* of components nothing is left, whatever the request takes of their parent */
    struct request *whole = request;
    if (request->attrs_count > 0) {
        whole = bs_arena_new_item(excision->tx->scratch, struct request);
        whole->before_t = request->before_t;
    }
    size_t first = excision->targets_count;
    add_target(excision, request->target, request);
    for (size_t i = first; i < excision->targets_count; i++) {
        struct target target = excision->targets[i];
        BS_TRY(collect_entity(excision, &target, whole, error));
    }
    return BS_OK;
}

/* ---- lives that only the log knows ---- */

static enum bs_code find_forgetful(struct excision *excision, struct bs_error *error)
{
    struct tx *tx = excision->tx;
    for (int past = 0; past <= 1; past++) {
        struct datom_source source = {0};
        uint8_t prefix[4];
        enum datom_family family = past ? DATOM_FAMILY_AEVT_H : DATOM_FAMILY_AEVT;
        bs_store_u32(prefix, DATOM_DB_NO_HISTORY);
        struct bs_str begin = bs_str_make((const char *)prefix, sizeof(prefix));
        datom_source_open(&source, tx->body_after, family, error);
        datom_kv_seek(source.iter, begin);
        for (; source.iter->valid && bs_str_starts_with(source.iter->key, begin);
             datom_kv_next(source.iter)) {
            bs_grow(&excision->forgetful, excision->forgetful_count, &excision->forgetful_capacity,
                    sizeof(*excision->forgetful));
            excision->forgetful[excision->forgetful_count++] =
                bs_load_u64(source.iter->key.ptr + 4);
        }
        enum bs_code code = source.iter->code;
        datom_source_close(&source);
        if (code != BS_OK)
            return code;
    }
    return BS_OK;
}

/* The request that means a datom, if any does. */
static const struct request *request_for(const struct excision *excision, const struct datom *datom,
                                         const struct datom_life *life)
{
    const struct datom_attribute *attribute = attribute_of(excision, datom->a);
    const datom_id speaks_of[] = {datom->a, datom->e,
                                  attribute && attribute->type == DATOM_TYPE_REF
                                      ? (datom_id)datom->v.as.integer
                                      : DATOM_NO_ID};
    for (size_t i = 0; i < BS_ARRAY_COUNT(speaks_of); i++) {
        /* of several requests for one entity each is looked at */
        if (speaks_of[i] == DATOM_NO_ID || !has_target(excision, speaks_of[i], NULL))
            continue;
        for (size_t j = 0; j < excision->targets_count; j++) {
            const struct target *target = &excision->targets[j];
            if (target->e != speaks_of[i] || target->request->is_attribute != (i == 0) ||
                (i == 2 && target->request->attrs_count > 0))
                continue;
            if (is_meant(target->request, life))
                return target->request;
        }
    }
    return NULL;
}

struct open_lives {
    struct datom_life *items;
    size_t count, capacity;
};

static void read_datom(struct excision *excision, struct open_lives *open, uint64_t t,
                       const struct datom *datom)
{
    if (!has_id(excision->forgetful, excision->forgetful_count, datom->a))
        return;
    struct datom_life life = {.e = datom->e,
                              .a = (uint32_t)datom->a,
                              .v = datom->v,
                              .t_added = t,
                              .t_retracted = DATOM_LIVE};
    if (datom->added) {
        if (!request_for(excision, datom, &life))
            return;
        life.v = edn_dup(excision->tx->scratch, life.v);
        bs_grow(&open->items, open->count, &open->capacity, sizeof(*open->items));
        open->items[open->count++] = life;
        return;
    }
    for (size_t i = open->count; i-- > 0;) {
        struct datom_life *begun = &open->items[i];
        if (begun->e != life.e || begun->a != life.a || edn_compare(begun->v, life.v) != 0)
            continue;
        begun->t_retracted = t;
        add_erased(excision, begun, true);
        *begun = open->items[--open->count];
        return;
    }
}

/* Whether superseded values may be meant that no index has. */
static bool needs_log(const struct excision *excision)
{
    for (size_t i = 0; i < excision->targets_count; i++) {
        const struct request *request = excision->targets[i].request;
        for (size_t j = 0; j < excision->forgetful_count; j++) {
            datom_id a = excision->forgetful[j];
            if (request->is_attribute
                    ? request->target == a
                    : request->attrs_count == 0 || has_id(request->attrs, request->attrs_count, a))
                return true;
        }
    }
    return false;
}

static enum bs_code collect_forgotten(struct excision *excision, struct bs_error *error)
{
    BS_TRY(find_forgetful(excision, error));
    if (!needs_log(excision))
        return BS_OK;
    struct datom_db *db = datom_db_new(excision->tx->body_after);
    struct datom_log_reader *reader = NULL;
    struct open_lives open = {0};
    bool found = true;
    enum bs_code code = datom_log_open(db, DATOM_FIRST_USER_T, UINT64_MAX, &reader, error);
    while (code == BS_OK && found) {
        struct datom_log_entry entry;
        code = datom_log_next(reader, &entry, &found, error);
        for (size_t i = 0; code == BS_OK && found && i < entry.count; i++)
            read_datom(excision, &open, entry.t, &entry.datoms[i]);
    }
    datom_log_close(reader);
    datom_db_unref(db);
    free(open.items);
    return code;
}

/* ---- erasing ---- */

static int compare_erased(const void *a, const void *b)
{
    const struct erased *x = a;
    const struct erased *y = b;
    const uint64_t left[] = {x->life.e, x->life.a, x->life.t_added, x->life.t_retracted};
    const uint64_t right[] = {y->life.e, y->life.a, y->life.t_added, y->life.t_retracted};
    for (size_t i = 0; i < BS_ARRAY_COUNT(left); i++) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    int order = edn_compare(x->life.v, y->life.v);
    return order != 0 ? order : (int)x->is_forgotten - (int)y->is_forgotten;
}

/* Each life once; what an index has is not forgotten. */
static void unite(struct excision *excision)
{
    size_t kept = 0;
    if (excision->erased_count > 1)
        qsort(excision->erased, excision->erased_count, sizeof(*excision->erased), compare_erased);
    for (size_t i = 0; i < excision->erased_count; i++) {
        struct erased last = kept > 0 ? excision->erased[kept - 1] : (struct erased){0};
        last.is_forgotten = excision->erased[i].is_forgotten;
        if (kept == 0 || compare_erased(&last, &excision->erased[i]) != 0)
            excision->erased[kept++] = excision->erased[i];
    }
    excision->erased_count = kept;
}

static void erase_from_indexes(struct excision *excision, const struct datom_life *life)
{
    struct tx *tx = excision->tx;
    const struct datom_attribute *attribute = attribute_of(excision, life->a);
    int first = life->t_retracted == DATOM_LIVE ? DATOM_FAMILY_EAVT : DATOM_FAMILY_EAVT_H;
    struct datom_key_value value;
    datom_key_value_encode(life->v, attribute->type, &value);
    for (int i = 0; i <= DATOM_FAMILY_VAET; i++) {
        if ((i == DATOM_FAMILY_AVET && !attribute->has_avet) ||
            (i == DATOM_FAMILY_VAET && attribute->type != DATOM_TYPE_REF))
            continue;
        tx_change_life(tx, (enum datom_family)(first + i), life, attribute, &value, true);
    }
}

static void touch(struct tx *tx, enum datom_family family, struct bs_str key)
{
    tx->touched[tx->touched_count++] = (struct datom_change){
        .family = family, .is_delete = true, .key = bs_arena_dup(tx->arena, key)};
}

/*
 * Keys whose places in files may still have bytes of erased lives: also those of the current
 * families, from when a life that ended was live, and of an index by value that was dropped since.
 */
static void touch_keys(struct excision *excision)
{
    struct tx *tx = excision->tx;
    tx->touched = bs_arena_new_array(tx->arena, 10 * excision->erased_count, struct datom_change);
    for (size_t i = 0; i < excision->erased_count; i++) {
        const struct datom_life *life = &excision->erased[i].life;
        const struct datom_attribute *attribute = attribute_of(excision, life->a);
        struct datom_key_value value;
        struct datom_key key;
        datom_key_value_encode(life->v, attribute->type, &value);
        int last = life->t_retracted == DATOM_LIVE ? DATOM_FAMILY_VAET : DATOM_FAMILY_VAET_H;
        for (int j = 0; j <= last; j++) {
            enum datom_family family = (enum datom_family)j;
            if ((family == DATOM_FAMILY_VAET || family == DATOM_FAMILY_VAET_H) &&
                attribute->type != DATOM_TYPE_REF)
                continue;
            datom_key_make(family, life, attribute->many, &value, &key);
            touch(tx, family, datom_key_str(&key));
        }
        uint8_t log_key[8];
        bs_store_u64(log_key, life->t_added);
        touch(tx, DATOM_FAMILY_LOG, bs_str_make((const char *)log_key, 8));
        bs_store_u64(log_key, life->t_retracted);
        if (life->t_retracted != DATOM_LIVE)
            touch(tx, DATOM_FAMILY_LOG, bs_str_make((const char *)log_key, 8));
    }
}

static int compare_mentions(const void *a, const void *b)
{
    const struct mention *x = a;
    const struct mention *y = b;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    if (x->life->e != y->life->e)
        return x->life->e < y->life->e ? -1 : 1;
    return (x->life->a > y->life->a) - (x->life->a < y->life->a);
}

/* Whether a datom is one of those mentioned in its transaction. */
static bool is_mentioned(const struct mention *mentions, size_t count, const struct datom *datom)
{
    struct datom_life life = {.e = datom->e, .a = (uint32_t)datom->a};
    struct mention wanted = {.t = mentions[0].t, .life = &life};
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_mentions(&mentions[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && compare_mentions(&mentions[low], &wanted) == 0; low++) {
        if (mentions[low].added == datom->added &&
            edn_compare(mentions[low].life->v, datom->v) == 0)
            return true;
    }
    return false;
}

static size_t drop_mentioned(const struct mention *mentions, size_t mentions_count,
                             struct datom *datoms, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_mentioned(mentions, mentions_count, &datoms[i]))
            datoms[kept++] = datoms[i];
    }
    return kept;
}

/* The record of one transaction, without what is mentioned. */
static enum bs_code rewrite_record(struct tx *tx, const struct mention *mentions, size_t count,
                                   struct bs_error *error)
{
    uint64_t t = mentions[0].t;
    uint8_t key_bytes[8];
    bs_store_u64(key_bytes, t);
    struct bs_str key = bs_str_make((const char *)key_bytes, sizeof(key_bytes));
    struct datom_pin pin;
    struct bs_str record;
    bool found;
    BS_TRY(datom_body_get(tx->body_after, DATOM_FAMILY_LOG, key, &pin, &record, &found, error));
    record = bs_arena_dup(tx->scratch, record);
    datom_pin_release(&pin);
    if (!found)
        return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                            "the log lacks transaction %llu, of which the indexes have datoms",
                            (unsigned long long)t);
    struct datom *datoms;
    size_t datoms_count;
    BS_TRY(datom_log_decode(record, t, tx->scratch, &datoms, &datoms_count, error));
    tx_change_log(tx, t, datoms, drop_mentioned(mentions, count, datoms, datoms_count));
    return BS_OK;
}

static enum bs_code erase_from_log(struct excision *excision, struct bs_error *error)
{
    struct tx *tx = excision->tx;
    struct mention *mentions =
        bs_arena_new_array(tx->scratch, 2 * excision->erased_count, struct mention);
    size_t count = 0;
    for (size_t i = 0; i < excision->erased_count; i++) {
        const struct datom_life *life = &excision->erased[i].life;
        mentions[count++] = (struct mention){life->t_added, life, true};
        if (life->t_retracted != DATOM_LIVE)
            mentions[count++] = (struct mention){life->t_retracted, life, false};
    }
    qsort(mentions, count, sizeof(*mentions), compare_mentions);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from; to < count && mentions[to].t == mentions[from].t; to++)
            ;
        BS_TRY(rewrite_record(tx, mentions + from, to - from, error));
        /* what the report says is what the log says */
        if (mentions[from].t == tx->t)
            tx->datoms_count =
                drop_mentioned(mentions + from, to - from, tx->datoms, tx->datoms_count);
    }
    return BS_OK;
}

/* Counters, and the schema where idents went. */
static enum bs_code settle(struct excision *excision, struct bs_error *error)
{
    struct tx *tx = excision->tx;
    bool is_schema = false;
    tx->uncounted = bs_arena_new_array(tx->arena, excision->erased_count, struct datom);
    for (size_t i = 0; i < excision->erased_count; i++) {
        const struct datom_life *life = &excision->erased[i].life;
        is_schema = is_schema || datom_schema_is_affected_by(life->a);
        if (life->t_retracted == DATOM_LIVE)
            tx->uncounted[tx->uncounted_count++] =
                (struct datom){.e = life->e, .a = life->a, .v = life->v, .tx = tx->tx_id};
    }
    if (tx->uncounted_count > 0)
        datom_body_add_counts(tx->body_after, tx->uncounted, tx->uncounted_count);
    if (!is_schema)
        return BS_OK;
    datom_schema_unref(tx->body_after->schema);
    tx->body_after->schema = datom_schema_new_empty();
    return datom_load_schema(tx->body_after, error);
}

static enum bs_code erase(struct excision *excision, struct bs_error *error)
{
    unite(excision);
    for (size_t i = 0; i < excision->erased_count; i++) {
        if (!excision->erased[i].is_forgotten)
            erase_from_indexes(excision, &excision->erased[i].life);
    }
    if (excision->erased_count == 0)
        return BS_OK;
    excision->tx->has_erased = true;
    if (excision->tx->keep_changes)
        touch_keys(excision);
    BS_TRY(erase_from_log(excision, error));
    return settle(excision, error);
}

/* Lives that an erasure ended whose request is yet to be replayed; the indexes are done. */
static void collect_ended(struct excision *excision, const struct tx_entry *entry)
{
    struct datom_life life = {.e = entry->e,
                              .a = (uint32_t)entry->attribute->id,
                              .v = entry->v,
                              .t_added = entry->t_added,
                              .t_retracted = DATOM_LIVE};
    add_erased(excision, &life, true);
}

static bool is_request(const struct tx_entry *entry)
{
    return entry->attribute->id == DATOM_DB_EXCISE && entry->added && !entry->is_redundant;
}

enum bs_code tx_excise(struct tx *tx, struct bs_error *error)
{
    struct excision excision = {.tx = tx};
    bool any = false;
    enum bs_code code = BS_OK;
    for (size_t i = 0; i < tx->entries_count && code == BS_OK; i++) {
        if (tx->entries[i].is_erased)
            collect_ended(&excision, &tx->entries[i]);
        if (!is_request(&tx->entries[i]))
            continue;
        any = true;
        code = collect_request(&excision, &tx->entries[i], error);
    }
    if (any && code == BS_OK)
        code = collect_forgotten(&excision, error);
    if (code == BS_OK && (any || excision.erased_count > 0))
        code = erase(&excision, error);
    free(excision.targets);
    datom_table_fini(&excision.targets_by_e);
    free(excision.erased);
    free(excision.forgetful);
    return code;
}
