/*
 * Slugs: ma2x, ma2x-1, ma2x-2, ... The base is made of a name here; the number is the store's
 * business, which counts in the transaction that takes the slug.
 */

#include "procedures/internal.h"

#define SLUG_MAX 60

struct bs_str slug_of_name(struct bs_arena *arena, struct bs_str name)
{
    struct bs_str rest = fold_text(arena, name);
    struct bs_str word;
    BS_CLEANUP(bs_buf_fini) struct bs_buf slug = BS_BUF_INIT(SLUG_MAX);
    while (next_word(&rest, &word)) {
        bool begins = true;
        for (size_t i = 0; i < word.len; i++) {
            if ((unsigned char)word.ptr[i] >= 0x80)
                continue;
            if (begins && slug.len > 0)
                bs_buf_append_byte(&slug, '-');
            begins = false;
            bs_buf_append_byte(&slug, word.ptr[i]);
        }
    }
    struct bs_str text = bs_str_make(slug.ptr, slug.len);
    while (text.len > 0 && text.ptr[text.len - 1] == '-') /* cut at the maximum */
        text.len--;
    return text.len > 0 ? bs_arena_dup(arena, text) : BS_STR("campaign");
}

void tx_slug(struct universe_tx *tx, struct edn e, struct bs_str base)
{
    const struct edn form[] = {EDN_KEYWORD_LIT("db.fn/add-sequential-string"), e,
                               EDN_KEYWORD_LIT("campaign/slug"), edn_string(base)};
    edn_list_add(&tx->forms, edn_vector_of(tx->forms.arena, form, BS_ARRAY_COUNT(form)));
}
