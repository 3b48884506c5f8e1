/*
 * The demo's data: demo.edn read, what is in the store already left out, times put relative to the
 * universe's now, the rest transacted. Running it again adds what is missing and changes nothing.
 */

#include "procedures/internal.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define CONCERTS_BEGIN_MS (20 * HOUR_MS)

/* #demo/days N and #demo/ago N, anywhere inside, become instants. */
static struct edn place_in_time(struct edn form, int64_t now_ms, struct bs_arena *arena)
{
    size_t count = form.type == EDN_MAP ? 2 * (size_t)form.len : form.len;
    if (form.type == EDN_TAGGED && form.as.items[1].type == EDN_LONG) {
        int64_t number = form.as.items[1].as.integer;
        int64_t today_ms = now_ms - now_ms % DAY_MS;
        if (edn_is_symbol(form.as.items[0], "demo/days"))
            return edn_instant(today_ms + number * DAY_MS + CONCERTS_BEGIN_MS);
        if (edn_is_symbol(form.as.items[0], "demo/ago"))
            return edn_instant(now_ms - number * HOUR_MS);
    }
    if (!edn_is_collection(form) && form.type != EDN_MAP)
        return form;
    struct edn *items = bs_arena_new_array(arena, count, struct edn);
    for (size_t i = 0; i < count; i++)
        items[i] = place_in_time(form.as.items[i], now_ms, arena);
    return edn_collection((enum edn_type)form.type, items, form.len);
}

/* Whether some entity has the value of the map's first attribute, which is unique. */
static enum bs_code is_there(struct datom_db *db, struct edn map, struct bs_arena *arena,
                             bool *ret_there, struct bs_error *error)
{
    const struct datom_attribute *attribute;
    struct edn value;
    datom_id e;
    if (map.type != EDN_MAP || map.len == 0)
        return bs_error_set(error, BS_REASON_INTERNAL, "the demo's data: expected maps");
    BS_TRY(datom_db_find_attribute(db, map.as.items[0], &attribute, error));
    BS_TRY(datom_db_coerce(db, attribute, map.as.items[1], arena, &value, error));
    BS_TRY(datom_db_lookup(db, attribute, value, &e, error));
    *ret_there = e != DATOM_NO_ID;
    return BS_OK;
}

static enum bs_code add_missing(struct universe *call, struct edn maps, struct bs_error *error)
{
    struct datom_db *db = universe_newest_db(call);
    struct universe_tx tx;
    universe_tx_init(&tx, call);
    for (uint32_t i = 0; i < maps.len; i++) {
        bool there = false;
        BS_TRY(is_there(db, maps.as.items[i], call->arena, &there, error));
        if (!there)
            edn_list_add(&tx.forms, place_in_time(maps.as.items[i], call->now_ms, call->arena));
    }
    return tx.forms.count > 0 ? universe_transact(call, &tx, NULL, error) : BS_OK;
}

static enum bs_code install(struct universe *call, struct bs_error *error)
{
    struct edn transactions;
    BS_TRY(edn_read(bs_str_from(procedures_demo_text), call->arena, &transactions, error));
    for (uint32_t i = 0; i < transactions.len; i++)
        BS_TRY(add_missing(call, transactions.as.items[i], error));
    return BS_OK;
}

enum bs_code procedures_install_demo(const struct universe *universe, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct universe call;
    BS_TRY(procedures_install_schema(universe->conn, error));
    BS_TRY(universe_install(universe->conn, bs_str_from(procedures_demo_schema_text), error));
    universe_begin(universe, arena, &call);
    call.procedure = BS_STR("procedures_install_demo");
    enum bs_code code = install(&call, error);
    universe_end(&call);
    if (code != BS_OK)
        bs_error_prefix(error, "the demo's data: ");
    return code;
}
