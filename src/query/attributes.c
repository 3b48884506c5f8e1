/* Which attributes an entity has. */
#include "query/attributes.h"

/* Adds those of a batch; *ret_more false: an entity behind this one has begun. */
static enum bs_code add_batch(const struct datom *datoms, size_t count, datom_id id,
                              struct edn_list *ids, bool *ret_more, struct bs_error *error)
{
    *ret_more = false;
    for (size_t i = 0; i < count; i++) {
        struct edn a = edn_long((int64_t)datoms[i].a);
        if (datoms[i].e != id)
            return BS_OK;
        if (ids->count > 0 && edn_equal(ids->items[ids->count - 1], a))
            continue;
        BS_TRY(edn_list_check(ids, 0, "the attributes of an entity", error));
        edn_list_add(ids, a);
    }
    *ret_more = count > 0;
    return BS_OK;
}

static enum bs_code list(struct datom_cursor *cursor, datom_id id,
                         const struct bs_interrupt *interrupt, struct edn_list *ids,
                         struct bs_error *error)
{
    datom_id run = DATOM_NO_ID; /* the attribute with which the batch before ended */
    for (;;) {
        const struct datom *datoms = NULL;
        size_t count = 0;
        bool more;
        BS_TRY(bs_interrupt_check(interrupt, error));
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        BS_TRY(add_batch(datoms, count, id, ids, &more, error));
        if (!more)
            return BS_OK;
        datom_id last = datoms[count - 1].a;
        bool is_long = datoms[0].a == run && last == run; /* of many values, perhaps of many more */
        run = last;
        if (!is_long)
            continue;
        struct datom_range behind = {.index = DATOM_EAVT,
                                     .has_e = true,
                                     .e = id,
                                     .has_a = true,
                                     .a = last + 1,
                                     .seek = true};
        BS_TRY(datom_cursor_reset(cursor, &behind, error));
    }
}

enum bs_code attributes_list(struct datom_db *db, datom_id id, const struct bs_interrupt *interrupt,
                             struct edn_list *ids, struct bs_error *error)
{
    struct datom_cursor *cursor = NULL;
    struct datom_range range = {.index = DATOM_EAVT, .has_e = true, .e = id};
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    enum bs_code code = list(cursor, id, interrupt, ids, error);
    datom_cursor_free(cursor);
    return code;
}
