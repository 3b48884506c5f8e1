/*
 * What excisions mean that only the log has: superseded values of attributes that are or were
 * noHistory. Where such an attribute is in scope, and only then, the log is read as a whole: once
 * for what is asked for, and once more for composites that forget, of which only those can have
 * copies whose entity loses a member. What it says of them is sorted, so that each assertion stands
 * before its own retraction.
 */

#include "datom/bootstrap.h"
#include "datom/tx_excise.h"

static enum bs_code find_forgetful_in(struct tx_excision *excision, struct datom_body *body,
                                      enum datom_family family, struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_source source = {0};
    uint8_t prefix[4];
    bs_store_u32(prefix, DATOM_DB_NO_HISTORY);
    struct bs_str begin = bs_str_make((const char *)prefix, sizeof(prefix));
    datom_source_open(&source, body, family, &failure);
    datom_kv_seek(source.iter, begin);
    for (; source.iter->valid && bs_str_starts_with(source.iter->key, begin);
         datom_kv_next(source.iter)) {
        bs_grow(&excision->forgetful, excision->forgetful_count, &excision->forgetful_capacity,
                sizeof(*excision->forgetful));
        excision->forgetful[excision->forgetful_count++] = bs_load_u64(source.iter->key.ptr + 4);
    }
    enum bs_code code = source.iter->code;
    datom_source_close(&source);
    if (code != BS_OK && error)
        *error = failure;
    return code;
}

/* A branch lacks what its base has forgotten, also by a noHistory that the branch never had. */
static enum bs_code find_forgetful(struct tx_excision *excision, struct bs_error *error)
{
    for (struct datom_body *body = excision->tx->body_after; body; body = body->parent) {
        BS_TRY(find_forgetful_in(excision, body, DATOM_FAMILY_AEVT, error));
        BS_TRY(find_forgetful_in(excision, body, DATOM_FAMILY_AEVT_H, error));
    }
    return BS_OK;
}

/* Whether superseded values may be meant that no index has. */
static bool needs_log(const struct tx_excision *excision)
{
    for (size_t i = 0; i < excision->targets_count; i++) {
        const struct tx_excise_request *request = excision->targets[i].request;
        for (size_t j = 0; j < excision->forgetful_count; j++) {
            datom_id a = excision->forgetful[j];
            if (request->is_attribute
                    ? request->target == a
                    : request->attrs_count == 0 ||
                          tx_excise_has_id(request->attrs, request->attrs_count, a))
                return true;
        }
    }
    return false;
}

/* ---- the log ---- */

/* A datom of the log that may begin or end a life that is meant. */
struct said {
    struct datom_life life; /* t_added: when it was said, whether added or retracted */
    bool added;
    bool is_asked_for;
};

struct all_said {
    struct said *items;
    size_t count, capacity;
    size_t asked_count; /* of them, the first, sorted: what is asked for */
    bool is_second;     /* the log is read for copies now */
};

static bool is_composite(const struct tx_excision *excision, datom_id a)
{
    const struct datom_attribute *attribute = tx_excise_attribute(excision, a);
    return attribute && attribute->tuple && attribute->tuple->kind == DATOM_TUPLE_COMPOSITE;
}

/* Whether what is asked for in the log has an entity's attribute. */
static bool is_said_of(const struct all_said *all, datom_id e, datom_id a)
{
    size_t low = 0;
    size_t high = all->asked_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct datom_life *life = &all->items[middle].life;
        if (life->e < e || (life->e == e && life->a < a))
            low = middle + 1;
        else
            high = middle;
    }
    return low < all->asked_count && all->items[low].life.e == e && all->items[low].life.a == a;
}

/* Whether a composite may have a copy of what goes. */
static bool may_be_copy(const struct tx_excision *excision, const struct all_said *all,
                        const struct datom *datom)
{
    if (!is_composite(excision, datom->a))
        return false;
    const struct datom_tuple *tuple = tx_excise_attribute(excision, datom->a)->tuple;
    for (uint32_t i = 0; i < tuple->count; i++) {
        datom_id member = tuple->attributes[i];
        if (tx_excise_has_life_of(excision, excision->erased_count, datom->e, member) ||
            is_said_of(all, datom->e, member))
            return true;
    }
    return false;
}

static void read_datom(struct tx_excision *excision, struct all_said *all, uint64_t t,
                       const struct datom *datom)
{
    if (!tx_excise_has_id(excision->forgetful, excision->forgetful_count, datom->a))
        return;
    /* when the life that a retraction ends began is not known yet */
    struct datom_life life = {.e = datom->e,
                              .a = (uint32_t)datom->a,
                              .v = datom->v,
                              .t_added = datom->added ? t : 0,
                              .t_retracted = DATOM_LIVE};
    bool is_asked_for = tx_excise_is_asked_for(excision, &life, true);
    if (is_asked_for == all->is_second || (all->is_second && !may_be_copy(excision, all, datom)))
        return;
    life.t_added = t;
    life.v = edn_dup(excision->tx->scratch, life.v);
    bs_grow(&all->items, all->count, &all->capacity, sizeof(*all->items));
    all->items[all->count++] =
        (struct said){.life = life, .added = datom->added, .is_asked_for = is_asked_for};
}

static enum bs_code read_log(struct tx_excision *excision, struct datom_db *db,
                             struct all_said *all, struct bs_error *error)
{
    struct datom_log_reader *reader = NULL;
    bool found = true;
    enum bs_code code = datom_log_open(db, DATOM_FIRST_USER_T, UINT64_MAX, &reader, error);
    while (code == BS_OK && found) {
        struct datom_log_entry entry;
        code = datom_log_next(reader, &entry, &found, error);
        for (size_t i = 0; code == BS_OK && found && i < entry.count; i++)
            read_datom(excision, all, entry.t, &entry.datoms[i]);
    }
    datom_log_close(reader);
    return code;
}

static int compare_lives(const struct datom_life *x, const struct datom_life *y)
{
    if (x->e != y->e)
        return x->e < y->e ? -1 : 1;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return edn_compare(x->v, y->v);
}

static int compare_said(const void *a, const void *b)
{
    const struct said *x = a;
    const struct said *y = b;
    int order = compare_lives(&x->life, &y->life);
    return order != 0 ? order
                      : (x->life.t_added > y->life.t_added) - (x->life.t_added < y->life.t_added);
}

static void sort(struct all_said *all)
{
    if (all->count > 1)
        qsort(all->items, all->count, sizeof(*all->items), compare_said);
}

static void add_candidate(struct tx_excision *excision, const struct tx_erased *candidate)
{
    bs_grow(&excision->candidates, excision->candidates_count, &excision->candidates_capacity,
            sizeof(*excision->candidates));
    excision->candidates[excision->candidates_count++] = *candidate;
}

/*
 * Lives that have an end. Those without are in the indexes, but for what a branch of the past lacks
 * as its base has forgotten it since.
 */
static void add_lives(struct tx_excision *excision, struct all_said *all)
{
    bool is_branch = excision->tx->db->body->parent != NULL;
    sort(all);
    for (size_t i = 0; i < all->count; i++) {
        struct said *begun = &all->items[i];
        const struct said *ended = i + 1 < all->count ? &all->items[i + 1] : NULL;
        bool has_end = ended && !ended->added && compare_lives(&begun->life, &ended->life) == 0;
        if (!begun->added || (!has_end && !is_branch))
            continue;
        if (has_end)
            begun->life.t_retracted = ended->life.t_added;
        const struct tx_erased forgotten = {
            .life = begun->life, .is_forgotten = true, .is_uncounted = !has_end};
        if (begun->is_asked_for)
            tx_excise_add(excision, &forgotten);
        else
            add_candidate(excision, &forgotten);
    }
}

static bool has_forgetful_composite(const struct tx_excision *excision)
{
    for (size_t i = 0; i < excision->forgetful_count; i++) {
        if (is_composite(excision, excision->forgetful[i]))
            return true;
    }
    return false;
}

enum bs_code tx_excise_collect_forgotten(struct tx_excision *excision, struct bs_error *error)
{
    BS_TRY(find_forgetful(excision, error));
    if (!needs_log(excision))
        return BS_OK;
    struct datom_db *db = datom_db_new(excision->tx->body_after);
    struct all_said all = {0};
    enum bs_code code = read_log(excision, db, &all, error);
    if (code == BS_OK && has_forgetful_composite(excision)) {
        tx_excise_unite(excision);
        sort(&all);
        all.asked_count = all.count;
        all.is_second = true;
        code = read_log(excision, db, &all, error);
    }
    datom_db_unref(db);
    if (code == BS_OK)
        add_lives(excision, &all);
    free(all.items);
    return code;
}
