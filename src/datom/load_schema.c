/*
 * The schema out of its own datoms: those of the attributes that say what an attribute is, what
 * lives and what ended, in the order in which they were said.
 */

#include "datom/load.h"

#include "datom/bootstrap.h"

struct schema_datoms {
    struct datom *items;
    size_t count, capacity;
};

static void schema_add(struct schema_datoms *datoms, const struct datom_life *life, uint64_t t,
                       bool added)
{
    bs_grow(&datoms->items, datoms->count, &datoms->capacity, sizeof(*datoms->items));
    datoms->items[datoms->count++] = (struct datom){
        .e = life->e, .a = life->a, .v = life->v, .tx = datom_t_to_tx(t), .added = added};
}

/* All that was ever said of an attribute that makes schema, from one family. */
static enum bs_code collect_schema(struct datom_body *body, enum datom_family family, uint32_t a,
                                   struct bs_arena *arena, struct schema_datoms *datoms,
                                   struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_source source = {0};
    uint8_t prefix[4];
    bs_store_u32(prefix, a);
    struct bs_str begin = bs_str_make((const char *)prefix, sizeof(prefix));
    enum bs_code code = BS_OK;
    datom_source_open(&source, body, family, &failure);
    datom_kv_seek(source.iter, begin);
    while (source.iter->valid && bs_str_starts_with(source.iter->key, begin)) {
        struct datom_life life;
        code = datom_key_parse(family, source.iter->key, source.iter->record, arena, &life, error);
        if (code != BS_OK)
            break;
        life.v = edn_dup(arena, life.v);
        schema_add(datoms, &life, life.t_added, true);
        if (life.t_retracted != DATOM_LIVE)
            schema_add(datoms, &life, life.t_retracted, false);
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

/* By t; inside a transaction retractions first. */
static int compare_by_time(const void *a, const void *b)
{
    const struct datom *x = a;
    const struct datom *y = b;
    if (x->tx != y->tx)
        return x->tx < y->tx ? -1 : 1;
    return (int)x->added - (int)y->added;
}

enum bs_code datom_load_schema(struct datom_body *body, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct schema_datoms datoms = {0};
    enum bs_code code = BS_OK;
    for (uint32_t a = 0; a < DATOM_BOOT_NEXT_ELEMENT && code == BS_OK; a++) {
        if (!datom_schema_is_affected_by(a))
            continue;
        code = collect_schema(body, DATOM_FAMILY_AEVT, a, arena, &datoms, error);
        if (code == BS_OK)
            code = collect_schema(body, DATOM_FAMILY_AEVT_H, a, arena, &datoms, error);
    }
    if (code == BS_OK && datoms.count > 0) {
        qsort(datoms.items, datoms.count, sizeof(*datoms.items), compare_by_time);
        struct datom_schema *empty = body->schema;
        body->schema = datom_schema_apply(empty, datoms.items, datoms.count);
        datom_schema_unref(empty);
    }
    free(datoms.items);
    return code;
}
