/* One walk over a family of a body, without a view: what is there is wanted. */

#include "datom/tx_lives.h"

enum bs_code tx_lives_collect(struct datom_body *body, enum datom_family family,
                              struct bs_str prefix, struct bs_arena *arena, struct tx_lives *lives,
                              struct bs_error *error)
{
    struct datom_source source;
    enum bs_code code = BS_OK;
    uint32_t steps = 0;
    datom_source_open(&source, body, family, error);
    datom_kv_seek(source.iter, prefix);
    while (code == BS_OK && source.iter->valid && bs_str_starts_with(source.iter->key, prefix)) {
        struct datom_life life;
        code = datom_key_parse(family, source.iter->key, source.iter->record, arena, &life, error);
        if (code != BS_OK)
            break;
        life.v = edn_dup(arena, life.v);
        bs_grow(&lives->items, lives->count, &lives->capacity, sizeof(*lives->items));
        lives->items[lives->count++] = life;
        datom_kv_next(source.iter);
        (void)datom_source_breathe(&source, &steps);
    }
    if (code == BS_OK)
        code = source.iter->code;
    datom_source_close(&source);
    return code;
}
