/*
 * Where new entities go in the model. What is forced is stronger than what an old tempid says, that
 * stronger than what is to be matched; who is to be matched may be new as well, so that a partition
 * is found by following matches until one is known.
 */

#include "model_apply.h"
#include "model_read.h"

#include "datom/bootstrap.h"

/* ---- what the forms say ---- */

static bool is_partition(const struct model *model, datom_id id)
{
    struct edn listed = edn_long((int64_t)id);
    return id == DATOM_PART_DB || id == DATOM_PART_TX || id == DATOM_PART_USER ||
           datom_part_is_implicit(id) ||
           model_find(model, DATOM_DB_PART_DB, DATOM_DB_INSTALL_PARTITION, &listed);
}

/* That of another entity than a transaction. */
static bool read_partition(struct model_tx *tx, struct edn form, datom_id *ret_part)
{
    if (form.type == EDN_STRING) {
        model_tx_refuse(tx, BS_REASON_DB_NOT_AN_ENTITY);
        return false;
    }
    *ret_part = form.type == EDN_LONG ? (datom_id)form.as.integer : model_entid(tx->before, form);
    bool is_good = is_partition(tx->before, *ret_part) && *ret_part != DATOM_PART_TX;
    if (!is_good)
        model_tx_refuse(tx, BS_REASON_DB_NOT_A_PARTITION);
    return is_good;
}

/* #db/id[PART N] or #db/id[PART] */
bool model_read_old_tempid(struct model_tx *tx, struct edn form, struct model_place *ret_place)
{
    struct edn parts = form.as.items[1];
    struct bs_str name = BS_STR_EMPTY;
    struct edn part = parts.as.items[0];
    datom_id id;
    if (parts.len == 2 && parts.as.items[1].as.integer >= 0) {
        model_tx_refuse(tx, BS_REASON_DB_INVALID_TEMPID);
        return false;
    }
    if (edn_is_keyword(part, "db.part/tx")) {
        *ret_place = (struct model_place){.is_temp = true, .temp = MODEL_TEMP_TX};
        return true;
    }
    if (parts.len == 2 && edn_is_keyword(part, "db.part/user"))
        name = bs_arena_printf(tx->arena, "%lld", (long long)parts.as.items[1].as.integer);
    else if (parts.len == 2)
        name = edn_print_short(tx->arena, form, 0);
    *ret_place = model_temp_place(tx, name);
    if (!read_partition(tx, part, &id))
        return false;
    tx->temps[ret_place->temp].tagged = id;
    return true;
}

static void read_force(struct model_tx *tx, size_t temp, struct edn form)
{
    datom_id part;
    if (!read_partition(tx, form, &part))
        return;
    if (tx->temps[temp].forced != DATOM_NO_ID && tx->temps[temp].forced != part)
        model_tx_refuse(tx, BS_REASON_DB_PARTITION_CONFLICT);
    tx->temps[temp].forced = part;
}

static void read_match(struct model_tx *tx, size_t temp, struct edn form)
{
    struct model_place to;
    if (!model_read_place(tx, form, &to))
        return;
    if (to.is_temp && to.temp != MODEL_TEMP_TX)
        tx->temps[to.temp].is_value = true;
    bs_grow(&tx->matches, tx->matches_count, &tx->matches_capacity, sizeof(*tx->matches));
    tx->matches[tx->matches_count++] = (struct model_match){.temp = temp, .to = to};
    /* refused whether the tempid turns out to be new or not */
    if (datom_id_part(to.is_temp ? tx->temps[to.temp].id : to.id) == DATOM_PART_TX)
        model_tx_refuse(tx, BS_REASON_DB_NOT_A_PARTITION);
}

bool model_read_directive(struct model_tx *tx, struct edn key, struct edn wishes)
{
    bool is_force = edn_is_keyword(key, "db/force-partition");
    if (!is_force && !edn_is_keyword(key, "db/match-partition"))
        return false;
    if (wishes.type != EDN_MAP) {
        model_tx_refuse(tx, BS_REASON_DB_INVALID_TX_FORM);
        return true;
    }
    for (uint32_t i = 0; i < wishes.len; i++) {
        struct model_place place;
        if (!model_read_place(tx, wishes.as.items[2 * i], &place))
            continue;
        if (!place.is_temp || place.temp == MODEL_TEMP_TX) {
            model_tx_refuse(tx, BS_REASON_DB_INVALID_TX_FORM);
            continue;
        }
        tx->temps[place.temp].is_value = true;
        if (is_force)
            read_force(tx, place.temp, wishes.as.items[2 * i + 1]);
        else
            read_match(tx, place.temp, wishes.as.items[2 * i + 1]);
    }
    return true;
}

/* ---- deciding ---- */

static datom_id partition_of(struct model_tx *tx, size_t root, size_t steps);

/* What all tempids of an entity say, which must be one thing; DATOM_NO_ID: nothing. */
static datom_id said(struct model_tx *tx, size_t root, bool is_forced)
{
    datom_id part = DATOM_NO_ID;
    for (size_t i = 0; i < tx->temps_count; i++) {
        datom_id its = is_forced ? tx->temps[i].forced : tx->temps[i].tagged;
        if (tx->temps[i].root != root || its == DATOM_NO_ID)
            continue;
        if (part != DATOM_NO_ID && part != its)
            model_tx_refuse(tx, BS_REASON_DB_PARTITION_CONFLICT);
        part = its;
    }
    return part;
}

static datom_id matched(struct model_tx *tx, size_t root, size_t steps)
{
    datom_id part = DATOM_NO_ID;
    for (size_t i = 0; i < tx->matches_count; i++) {
        const struct model_match *match = &tx->matches[i];
        if (tx->temps[match->temp].root != root)
            continue;
        datom_id its = match->to.is_temp
                           ? partition_of(tx, tx->temps[match->to.temp].root, steps + 1)
                           : datom_id_part(match->to.id);
        if (its == DATOM_PART_TX)
            model_tx_refuse(tx, BS_REASON_DB_NOT_A_PARTITION);
        if (part != DATOM_NO_ID && its != DATOM_NO_ID && part != its)
            model_tx_refuse(tx, BS_REASON_DB_PARTITION_CONFLICT);
        part = its;
    }
    return part;
}

/* DATOM_NO_ID: it would depend on itself. */
static datom_id partition_of(struct model_tx *tx, size_t root, size_t steps)
{
    const struct model_temp *temp = &tx->temps[root];
    if (temp->id != DATOM_NO_ID)
        return datom_id_part(temp->id);
    if (temp->is_element)
        return DATOM_PART_DB;
    if (steps > tx->temps_count) {
        model_tx_refuse(tx, BS_REASON_DB_CYCLE_IN_AFFINITY);
        return DATOM_NO_ID;
    }
    datom_id part = said(tx, root, true);
    if (tx->before->mistake == MODEL_MISTAKE_PARTITION)
        part = DATOM_NO_ID;
    if (part == DATOM_NO_ID)
        part = said(tx, root, false);
    if (part == DATOM_NO_ID)
        part = matched(tx, root, steps);
    return part == DATOM_NO_ID ? DATOM_PART_USER : part;
}

datom_id model_tx_partition(struct model_tx *tx, size_t root)
{
    return partition_of(tx, root, 0);
}

/* ---- installing ---- */

void model_check_partition(struct model_tx *tx, const struct datom *listing,
                           const struct model *after)
{
    datom_id id = (datom_id)listing->v.as.integer;
    if (listing->e != DATOM_DB_PART_DB || datom_id_part(id) != DATOM_PART_DB ||
        id < DATOM_BOOT_NEXT_ELEMENT || id >= DATOM_PART_IMPLICIT || model_attribute(after, id) ||
        !model_find(after, id, DATOM_DB_IDENT, NULL))
        model_tx_refuse(tx, BS_REASON_DB_NOT_A_PARTITION);
}
