/*
 * Excision: what :db/excise of this transaction names is erased from the body that it makes, as if
 * it had never been said. The unit is a datom's life: its keys in every family, its assertion and
 * its retraction in the log, one of which without the other would contradict it. So the log that is
 * left replays to the indexes that are left, and a replay of the request finds nothing to do. The
 * lives tell which log records are to be written anew.
 */

#include "datom/tx_excise.h"

#include "datom/bootstrap.h"
#include "datom/load.h"

/* A place in the log that speaks of an erased life. */
struct mention {
    uint64_t t;
    const struct datom_life *life;
    bool added;
};

/* ---- erasing ---- */

static void erase_from_indexes(struct tx_excision *excision, const struct datom_life *life)
{
    struct tx *tx = excision->tx;
    const struct datom_attribute *attribute = tx_excise_attribute(excision, life->a);
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
static void touch_keys(struct tx_excision *excision)
{
    struct tx *tx = excision->tx;
    tx->touched = bs_arena_new_array(tx->arena, 10 * excision->erased_count, struct datom_change);
    for (size_t i = 0; i < excision->erased_count; i++) {
        const struct datom_life *life = &excision->erased[i].life;
        const struct datom_attribute *attribute = tx_excise_attribute(excision, life->a);
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

static enum bs_code erase_from_log(struct tx_excision *excision, struct bs_error *error)
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
static enum bs_code settle(struct tx_excision *excision, struct bs_error *error)
{
    struct tx *tx = excision->tx;
    bool is_schema = false;
    tx->uncounted = bs_arena_new_array(tx->arena, excision->erased_count, struct datom);
    for (size_t i = 0; i < excision->erased_count; i++) {
        const struct datom_life *life = &excision->erased[i].life;
        is_schema = is_schema || datom_schema_is_affected_by(life->a);
        if (life->t_retracted == DATOM_LIVE && !excision->erased[i].is_uncounted)
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

static enum bs_code erase(struct tx_excision *excision, struct bs_error *error)
{
    tx_excise_unite(excision);
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
static void collect_ended(struct tx_excision *excision, const struct tx_entry *entry)
{
    struct datom_life life = {.e = entry->e,
                              .a = (uint32_t)entry->attribute->id,
                              .v = entry->v,
                              .t_added = entry->t_added,
                              .t_retracted = DATOM_LIVE};
    tx_excise_add(excision, &(struct tx_erased){.life = life, .is_forgotten = true});
}

static bool is_request(const struct tx_entry *entry)
{
    return entry->attribute->id == DATOM_DB_EXCISE && entry->added && !entry->is_redundant;
}

enum bs_code tx_check_excisions(struct tx *tx, struct bs_error *error)
{
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        if (entry->attribute->id != DATOM_DB_EXCISE_ATTRS || !entry->added)
            continue;
        datom_id id = (datom_id)entry->v.as.integer;
        if (datom_schema_attribute(tx->schema_after, id))
            continue;
        struct bs_str ident = datom_schema_ident(tx->schema_after, id);
        bs_error_set(error, BS_REASON_DB_INVALID_EXCISE,
                     ":db.excise/attrs names entity %llu%s%.*s, which is no attribute: expected "
                     "those whose datoms are to be erased",
                     (unsigned long long)id, ident.len > 0 ? ", :" : "", BS_STR_ARGS(ident));
        return tx_blame_entry(tx, entry, BS_INVALID_ARGUMENT, error);
    }
    return BS_OK;
}

static enum bs_code find(struct tx_excision *excision, struct bs_error *error)
{
    BS_TRY(tx_excise_collect(excision, error));
    BS_TRY(tx_excise_collect_forgotten(excision, error));
    return tx_excise_collect_copies(excision, error);
}

static bool erases(const struct tx *tx)
{
    for (size_t i = 0; i < tx->entries_count; i++)
        if (tx->entries[i].is_erased || is_request(&tx->entries[i]))
            return true;
    return false;
}

enum bs_code tx_excise(struct tx *tx, struct bs_error *error)
{
    if (!erases(tx))
        return BS_OK;
    struct tx_excision excision = {.tx = tx};
    bool any = false;
    enum bs_code code = BS_OK;
    for (size_t i = 0; i < tx->entries_count && code == BS_OK; i++) {
        if (tx->entries[i].is_erased)
            collect_ended(&excision, &tx->entries[i]);
        if (!is_request(&tx->entries[i]))
            continue;
        any = true;
        code = tx_excise_add_request(&excision, &tx->entries[i], error);
    }
    if (any && code == BS_OK)
        code = find(&excision, error);
    if (code == BS_OK && (any || excision.erased_count > 0))
        code = erase(&excision, error);
    free(excision.targets);
    datom_table_fini(&excision.targets_by_e);
    free(excision.refused);
    free(excision.erased);
    free(excision.candidates);
    free(excision.forgetful);
    return code;
}
