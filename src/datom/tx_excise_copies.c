/*
 * What composite tuples have copied of anything that is erased. An entity's lives of a composite
 * are read once, however many lives of its members go, and sorted by when they began: those that
 * may have a member's value, as they began while it was there, stand together.
 */

#include "datom/tx_excise.h"

struct membership {
    datom_id member;
    const struct datom_attribute *composite;
};

struct copy {
    struct tx_erased erased;
    bool is_found; /* to have what goes */
};

struct copies {
    struct tx_excision *excision;
    size_t members_count; /* of what is erased, the first, united: what is copied */
    struct membership *memberships;
    size_t memberships_count;
    /* lives of one composite of one entity, and their values */
    struct copy *items;
    size_t count, capacity;
    struct bs_arena *arena;
};

/* ---- members ---- */

static int compare_memberships(const void *a, const void *b)
{
    const struct membership *x = a;
    const struct membership *y = b;
    if (x->member != y->member)
        return x->member < y->member ? -1 : 1;
    return (x->composite->id > y->composite->id) - (x->composite->id < y->composite->id);
}

/* Of the composites that are discontinued too: they keep the copies that they have. */
static void list_memberships(struct copies *copies)
{
    const struct datom_schema *schema = copies->excision->tx->schema_after;
    const struct datom_attribute *attribute;
    size_t capacity = 0;
    for (size_t i = 0; (attribute = datom_schema_attribute_at(schema, i)) != NULL; i++) {
        const struct datom_tuple *tuple = attribute->tuple;
        if (!tuple || tuple->kind != DATOM_TUPLE_COMPOSITE)
            continue;
        for (uint32_t j = 0; j < tuple->count; j++) {
            bs_grow(&copies->memberships, copies->memberships_count, &capacity,
                    sizeof(*copies->memberships));
            copies->memberships[copies->memberships_count++] =
                (struct membership){tuple->attributes[j], attribute};
        }
    }
    if (copies->memberships_count > 1)
        qsort(copies->memberships, copies->memberships_count, sizeof(*copies->memberships),
              compare_memberships);
}

static size_t first_membership(const struct copies *copies, datom_id member)
{
    size_t low = 0;
    size_t high = copies->memberships_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (copies->memberships[middle].member < member)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether a lesser member of a composite is erased of an entity: then the composite is done. */
static bool is_done(const struct copies *copies, datom_id e, const struct membership *membership)
{
    const struct datom_tuple *tuple = membership->composite->tuple;
    for (uint32_t i = 0; i < tuple->count; i++) {
        if (tuple->attributes[i] < membership->member &&
            tx_excise_has_life_of(copies->excision, copies->members_count, e, tuple->attributes[i]))
            return true;
    }
    return false;
}

/* ---- one composite of one entity ---- */

static void add_copy(struct copies *copies, const struct tx_erased *erased)
{
    bs_grow(&copies->items, copies->count, &copies->capacity, sizeof(*copies->items));
    copies->items[copies->count++] = (struct copy){.erased = *erased};
}

static void take_copy(void *self, const struct datom_life *life)
{
    struct copies *copies = self;
    struct tx_erased erased = {.life = *life};
    erased.life.v = edn_dup(copies->arena, life->v);
    add_copy(copies, &erased);
}

/* Those that the log alone has. */
static void take_forgotten(struct copies *copies, datom_id e, datom_id composite)
{
    const struct tx_excision *excision = copies->excision;
    size_t low = 0;
    size_t high = excision->candidates_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct datom_life *life = &excision->candidates[middle].life;
        if (life->e < e || (life->e == e && life->a < composite))
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < excision->candidates_count; low++) {
        const struct datom_life *life = &excision->candidates[low].life;
        if (life->e != e || life->a != composite)
            return;
        add_copy(copies, &excision->candidates[low]);
    }
}

static int compare_copies(const void *a, const void *b)
{
    const struct datom_life *x = &((const struct copy *)a)->erased.life;
    const struct datom_life *y = &((const struct copy *)b)->erased.life;
    return (x->t_added > y->t_added) - (x->t_added < y->t_added);
}

/* Now, before, and forgotten; by when they began. */
static enum bs_code gather(struct copies *copies, datom_id e, datom_id composite,
                           struct bs_error *error)
{
    uint8_t bytes[12];
    bs_store_u64(bytes, e);
    bs_store_u32(bytes + 8, (uint32_t)composite);
    struct bs_str prefix = bs_str_make((const char *)bytes, sizeof(bytes));
    struct tx_excision *excision = copies->excision;
    copies->count = 0;
    bs_arena_reset(copies->arena);
    BS_TRY(tx_excise_walk(excision, DATOM_FAMILY_EAVT, prefix, take_copy, copies, error));
    BS_TRY(tx_excise_walk(excision, DATOM_FAMILY_EAVT_H, prefix, take_copy, copies, error));
    take_forgotten(copies, e, composite);
    if (copies->count > 1)
        qsort(copies->items, copies->count, sizeof(*copies->items), compare_copies);
    return BS_OK;
}

/* Those that have a member's value in a place, and began while that was there. */
static void find_copies(struct copies *copies, const struct datom_life *member, uint32_t place)
{
    size_t low = 0;
    size_t high = copies->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (copies->items[middle].erased.life.t_added < member->t_added)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < copies->count; low++) {
        struct copy *copy = &copies->items[low];
        const struct datom_life *life = &copy->erased.life;
        if (life->t_added >= member->t_retracted)
            return;
        if (!copy->is_found && edn_compare(life->v.as.items[place], member->v) == 0)
            copy->is_found = true;
    }
}

/* Whether it is erased anyway, as what was asked for. */
static bool is_erased(const struct copies *copies, const struct copy *copy)
{
    const struct tx_excision *excision = copies->excision;
    const struct datom_life *life = &copy->erased.life;
    size_t at = tx_excise_seek(excision, copies->members_count, life->e, life->a, life->t_added);
    if (at == copies->members_count)
        return false;
    const struct tx_erased *other = &excision->erased[at];
    return other->life.e == life->e && other->life.a == life->a &&
           other->life.t_added == life->t_added &&
           (!other->is_forgotten || copy->erased.is_forgotten);
}

static enum bs_code collect_of(struct copies *copies, datom_id e,
                               const struct datom_attribute *composite, struct bs_error *error)
{
    struct tx_excision *excision = copies->excision;
    const struct datom_tuple *tuple = composite->tuple;
    BS_TRY(gather(copies, e, composite->id, error));
    for (uint32_t i = 0; i < tuple->count; i++) {
        datom_id a = tuple->attributes[i];
        size_t at = tx_excise_seek(excision, copies->members_count, e, a, 0);
        for (; at < copies->members_count && excision->erased[at].life.e == e &&
               excision->erased[at].life.a == a;
             at++)
            find_copies(copies, &excision->erased[at].life, i);
    }
    for (size_t i = 0; i < copies->count; i++) {
        if (copies->items[i].is_found && !is_erased(copies, &copies->items[i]))
            tx_excise_add(excision, &copies->items[i].erased);
    }
    return BS_OK;
}

/* ---- all of them ---- */

static enum bs_code collect_all(struct copies *copies, struct bs_error *error)
{
    const struct tx_excision *excision = copies->excision;
    for (size_t i = 0; i < copies->members_count; i++) {
        datom_id e = excision->erased[i].life.e;
        datom_id a = excision->erased[i].life.a;
        /* an entity's lives of an attribute stand together */
        if (i > 0 && excision->erased[i - 1].life.e == e && excision->erased[i - 1].life.a == a)
            continue;
        for (size_t j = first_membership(copies, a);
             j < copies->memberships_count && copies->memberships[j].member == a; j++) {
            if (!is_done(copies, e, &copies->memberships[j]))
                BS_TRY(collect_of(copies, e, copies->memberships[j].composite, error));
        }
    }
    return BS_OK;
}

enum bs_code tx_excise_collect_copies(struct tx_excision *excision, struct bs_error *error)
{
    struct copies copies = {.excision = excision};
    enum bs_code code = BS_OK;
    list_memberships(&copies);
    if (copies.memberships_count > 0) {
        tx_excise_unite(excision);
        copies.members_count = excision->erased_count;
        copies.arena = bs_arena_new(0);
        code = collect_all(&copies, error);
        bs_arena_free(copies.arena);
    }
    free(copies.memberships);
    free(copies.items);
    return code;
}
