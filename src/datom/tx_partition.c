/*
 * Where new entities go. A tempid may be given a partition by #db/id[...], by :db/force-partition,
 * or by :db/match-partition, that of another entity, which may be new itself: so partitions are
 * decided once it is known who is who, each after those that it follows.
 */

#include "datom/bootstrap.h"
#include "datom/partition.h"
#include "datom/tx_expand.h"

/* ---- what the forms say ---- */

static struct bs_str partition_text(const struct tx *tx, uint64_t part)
{
    struct bs_str ident = datom_schema_ident(tx->db->body->schema, part);
    return ident.len > 0 ? bs_arena_printf(tx->scratch, ":%.*s", BS_STR_ARGS(ident))
                         : bs_arena_printf(tx->scratch, "%llu", (unsigned long long)part);
}

static enum bs_code conflict(const struct tx *tx, uint32_t temp, uint64_t a, uint64_t b,
                             struct bs_error *error)
{
    struct bs_str name = tx->temps[temp].name;
    struct bs_str x = partition_text(tx, a);
    struct bs_str y = partition_text(tx, b);
    bs_error_set(error, BS_REASON_DB_PARTITION_CONFLICT,
                 "the tempid \"%.*s\" can't be in two partitions, %.*s and %.*s: expected one",
                 BS_STR_ARGS(name), BS_STR_ARGS(x), BS_STR_ARGS(y));
    tx_note_text(error, "entity", name);
    bs_error_add_text(error, "p1", x);
    bs_error_add_text(error, "p2", y);
    return BS_INVALID_ARGUMENT;
}

/* Transactions have a partition of their own. */
static enum bs_code refuse_tx_partition(struct edn form, struct bs_error *error)
{
    char text[120];
    return bs_error_set(error, BS_REASON_DB_NOT_A_PARTITION,
                        "%s can't be the partition of another entity: :db.part/tx holds "
                        "transactions only",
                        edn_print_cut(form, text, sizeof(text)));
}

enum bs_code tx_tag_partition(struct tx *tx, uint32_t temp, struct edn partition,
                              struct bs_error *error)
{
    uint64_t part;
    BS_TRY(datom_db_partition(tx->db, partition, &part, error));
    if (part == DATOM_PART_TX)
        return refuse_tx_partition(partition, error);
    struct tx_temp *t = &tx->temps[temp];
    if (t->wish == TX_WISH_NONE) {
        t->wish = TX_WISH_TAGGED;
        t->partition = (uint32_t)part;
    }
    return BS_OK;
}

static enum bs_code force(struct tx *tx, uint32_t temp, struct edn partition,
                          struct bs_error *error)
{
    uint64_t part;
    BS_TRY(datom_db_partition(tx->db, tx_keyword_of_string(partition), &part, error));
    if (part == DATOM_PART_TX)
        return refuse_tx_partition(partition, error);
    struct tx_temp *t = &tx->temps[temp];
    if (t->wish == TX_WISH_FORCED && t->partition != part)
        return conflict(tx, temp, t->partition, part, error);
    t->wish = TX_WISH_FORCED;
    t->partition = (uint32_t)part;
    return BS_OK;
}

static enum bs_code match(struct tx *tx, uint32_t temp, struct edn entity, uint32_t form_idx,
                          struct bs_error *error)
{
    struct tx_place to;
    BS_TRY(tx_expand_place(tx, entity, form_idx, &to, error));
    if (to.is_temp && to.temp != TX_TEMP_TX)
        tx->temps[to.temp].is_value = true;
    if (datom_id_part(to.is_temp ? tx->temps[to.temp].id : to.id) == DATOM_PART_TX)
        return refuse_tx_partition(entity, error);
    bs_grow(&tx->matches, tx->matches_count, &tx->matches_capacity, sizeof(*tx->matches));
    tx->matches[tx->matches_count++] =
        (struct tx_match){.temp = temp, .to = to, .form_idx = form_idx};
    return BS_OK;
}

bool tx_is_partition_directive(struct edn key, bool *ret_is_match)
{
    key = tx_keyword_of_string(key);
    *ret_is_match = edn_is_keyword(key, "db/match-partition");
    return *ret_is_match || edn_is_keyword(key, "db/force-partition");
}

enum bs_code tx_expand_partitions(struct tx *tx, bool is_match, struct edn wishes,
                                  uint32_t form_idx, struct bs_error *error)
{
    const char *name = is_match ? ":db/match-partition" : ":db/force-partition";
    char text[120];
    if (wishes.type != EDN_MAP)
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "%s is no argument for %s: expected a map of tempids to %s",
                            edn_print_cut(wishes, text, sizeof(text)), name,
                            is_match ? "entities" : "partitions");
    for (uint32_t i = 0; i < wishes.len; i++) {
        struct edn key = wishes.as.items[2 * i];
        struct edn value = wishes.as.items[2 * i + 1];
        struct tx_place place;
        BS_TRY(tx_expand_e(tx, key, form_idx, &place, error));
        if (!place.is_temp || place.temp == TX_TEMP_TX)
            return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                                "%s of %s, which has its partition: expected the tempid of a new "
                                "entity",
                                name, edn_print_cut(key, text, sizeof(text)));
        tx->temps[place.temp].is_value = true;
        enum bs_code code = is_match ? match(tx, place.temp, value, form_idx, error)
                                     : force(tx, place.temp, value, error);
        if (code != BS_OK)
            return tx_note_place(tx, &place, NULL, &value, code, error);
    }
    return BS_OK;
}

/* Two that differ are a conflict only once it is known that the entity is new. */
void tx_unite_partitions(const struct tx *tx, uint32_t to, uint32_t from, uint32_t form_idx)
{
    struct tx_temp *a = &tx->temps[to];
    const struct tx_temp *b = &tx->temps[from];
    if (b->wish > a->wish) {
        a->wish = b->wish;
        a->partition = b->partition;
        a->is_torn = b->is_torn;
        a->torn_partition = b->torn_partition;
        a->torn_form_idx = b->torn_form_idx;
    } else if (b->wish == a->wish && a->wish != TX_WISH_NONE && !a->is_torn) {
        a->is_torn = b->is_torn || a->partition != b->partition;
        a->torn_partition = a->partition != b->partition ? b->partition : b->torn_partition;
        a->torn_form_idx = b->is_torn ? b->torn_form_idx : form_idx;
    }
}

/* ---- deciding ---- */

#define NO_MATCH UINT32_MAX

struct affinity {
    struct tx *tx;
    uint32_t
        *pending; /* by root: its matches that wait for another's partition, or for their turn */
    uint32_t *waiting; /* by root: the first match that waits for it */
    uint32_t *ready;   /* matches whose partition is known */
    size_t ready_count;
};

/* Of a root: whether its partition does not depend on matches. */
static bool is_settled(const struct tx_temp *temp)
{
    return temp->id != DATOM_NO_ID || temp->wish != TX_WISH_NONE || temp->is_element;
}

static uint64_t partition_of(const struct tx_temp *temp)
{
    if (temp->id != DATOM_NO_ID)
        return datom_id_part(temp->id);
    if (temp->is_element)
        return DATOM_PART_DB;
    return temp->wish != TX_WISH_NONE ? temp->partition : DATOM_PART_USER;
}

static void wait_for_partitions(struct affinity *affinity)
{
    struct tx *tx = affinity->tx;
    for (uint32_t i = 0; i < tx->matches_count; i++) {
        uint32_t root = tx_temp_root(tx, tx->matches[i].temp);
        if (!is_settled(&tx->temps[root]))
            affinity->pending[root]++;
    }
    for (uint32_t i = 0; i < tx->matches_count; i++) {
        struct tx_match *m = &tx->matches[i];
        if (affinity->pending[tx_temp_root(tx, m->temp)] == 0)
            continue;
        uint32_t to = m->to.is_temp ? tx_temp_root(tx, m->to.temp) : TX_NO_TEMP;
        if (to == TX_NO_TEMP || affinity->pending[to] == 0) {
            affinity->ready[affinity->ready_count++] = i;
            continue;
        }
        m->next = affinity->waiting[to];
        affinity->waiting[to] = i;
    }
}

static enum bs_code follow(struct affinity *affinity, uint32_t match_idx, struct bs_error *error)
{
    struct tx *tx = affinity->tx;
    const struct tx_match *m = &tx->matches[match_idx];
    uint32_t root = tx_temp_root(tx, m->temp);
    struct tx_temp *temp = &tx->temps[root];
    uint64_t part = m->to.is_temp ? partition_of(&tx->temps[tx_temp_root(tx, m->to.temp)])
                                  : datom_id_part(m->to.id);
    /* a tempid that turned out to be a transaction */
    if (part == DATOM_PART_TX)
        return tx_blame(tx, m->form_idx,
                        refuse_tx_partition(edn_string(tx->temps[m->to.temp].name), error), error);
    if (temp->wish == TX_WISH_MATCHED && temp->partition != part)
        return tx_blame(tx, m->form_idx, conflict(tx, root, temp->partition, part, error), error);
    temp->wish = TX_WISH_MATCHED;
    temp->partition = (uint32_t)part;
    if (--affinity->pending[root] > 0)
        return BS_OK;
    for (uint32_t i = affinity->waiting[root]; i != NO_MATCH; i = tx->matches[i].next)
        affinity->ready[affinity->ready_count++] = i;
    return BS_OK;
}

/* A match that nothing made ready waits for itself in the end. */
static enum bs_code check_no_cycle(const struct affinity *affinity, struct bs_error *error)
{
    struct tx *tx = affinity->tx;
    for (uint32_t i = 0; i < tx->matches_count; i++) {
        const struct tx_match *m = &tx->matches[i];
        if (affinity->pending[tx_temp_root(tx, m->temp)] == 0)
            continue;
        bs_error_set(error, BS_REASON_DB_CYCLE_IN_AFFINITY,
                     "the partition of the tempid \"%.*s\" would depend on itself: expected a "
                     "chain of :db/match-partition that ends",
                     BS_STR_ARGS(tx->temps[m->temp].name));
        tx_note_text(error, "entity", tx->temps[m->temp].name);
        return tx_blame(tx, m->form_idx, BS_INVALID_ARGUMENT, error);
    }
    return BS_OK;
}

enum bs_code tx_match_partitions(struct tx *tx, struct bs_error *error)
{
    if (tx->matches_count == 0)
        return BS_OK;
    struct affinity affinity = {
        .tx = tx,
        .pending = bs_arena_zalloc(tx->scratch, tx->temps_count * sizeof(uint32_t)),
        .waiting = bs_arena_new_array(tx->scratch, tx->temps_count, uint32_t),
        .ready = bs_arena_new_array(tx->scratch, tx->matches_count, uint32_t),
    };
    for (size_t i = 0; i < tx->temps_count; i++)
        affinity.waiting[i] = NO_MATCH;
    wait_for_partitions(&affinity);
    for (size_t i = 0; i < affinity.ready_count; i++)
        BS_TRY(follow(&affinity, affinity.ready[i], error));
    return check_no_cycle(&affinity, error);
}

enum bs_code tx_issue_id(struct tx *tx, struct tx_temp *temp, struct bs_error *error)
{
    uint64_t part = partition_of(temp);
    if (temp->is_torn && !temp->is_element)
        return tx_blame(tx, temp->torn_form_idx,
                        conflict(tx, (uint32_t)(temp - tx->temps), temp->partition,
                                 temp->torn_partition, error),
                        error);
    temp->is_new = true;
    if (part != DATOM_PART_DB) {
        temp->id = datom_id_make(part, tx->next_t++);
        return BS_OK;
    }
    if (tx->next_element >= BS_LIMIT_ELEMENTS) {
        bs_error_set(error, BS_REASON_LIMIT,
                     "the store has %u attributes, partitions and other entities of :db.part/db, "
                     "which is all that it can have",
                     BS_LIMIT_ELEMENTS);
        return tx_blame(tx, temp->form_idx, BS_RESOURCE_EXHAUSTED, error);
    }
    temp->id = tx->next_element++;
    return BS_OK;
}

/* ---- installing ---- */

enum bs_code tx_check_partition(const struct tx *tx, const struct tx_entry *entry,
                                struct bs_error *error)
{
    datom_id id = (datom_id)entry->v.as.integer;
    const char *what = NULL;
    if (entry->e != DATOM_DB_PART_DB)
        what = "can only be installed by :db.part/db: expected :db.install/_partition :db.part/db";
    else if (datom_id_part(id) != DATOM_PART_DB || id < DATOM_BOOT_NEXT_ELEMENT)
        what = "can't become a partition: expected a new entity";
    else if (datom_schema_attribute(tx->schema_after, id))
        what = "is an attribute: it can't be a partition too";
    else if (id >= DATOM_PART_IMPLICIT)
        what = "has an id that is too high: the first 524288 entities of :db.part/db can be "
               "partitions";
    else if (datom_schema_ident(tx->schema_after, id).len == 0)
        what = "is to be a partition, but has no :db/ident";
    if (!what)
        return BS_OK;
    bs_error_set(error, BS_REASON_DB_NOT_A_PARTITION, "entity %llu %s", (unsigned long long)id,
                 what);
    return tx_blame_entry(tx, entry, BS_INVALID_ARGUMENT, error);
}
