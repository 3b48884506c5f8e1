/*
 * Slugs: ma2x, ma2x-1, ma2x-2, ... A counter for each base stands in the store and is moved by
 * compare-and-set in the transaction that takes the slug. A base that looks like a numbered one has
 * its dash doubled, so that no two bases ever give the same slug. (After datofu's sequential
 * strings.)
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

struct bs_str slug_escape(struct bs_arena *arena, struct bs_str base)
{
    size_t digits = 0;
    while (digits < base.len && base.ptr[base.len - 1 - digits] >= '0' &&
           base.ptr[base.len - 1 - digits] <= '9')
        digits++;
    if (digits == 0 || digits == base.len || base.ptr[base.len - 1 - digits] != '-')
        return base;
    struct bs_str front = bs_str_slice(base, 0, base.len - digits);
    return bs_arena_printf(arena, "%.*s-%.*s", BS_STR_ARGS(front),
                           BS_STR_ARGS(bs_str_from_offset(base, front.len)));
}

enum bs_code tx_slug(struct universe *u, struct datom_db *db, struct bs_str base,
                     struct universe_tx *tx, struct bs_str *ret_slug, struct bs_error *error)
{
    struct bs_str escaped = slug_escape(u->arena, base);
    datom_id counter;
    int64_t next;
    bool found;
    BS_TRY(universe_find(db, "slug/base", edn_string(escaped), &counter, error));
    if (counter == DATOM_NO_ID) {
        universe_tx_add(tx, universe_tempid("slug"), "slug/base", edn_string(escaped));
        universe_tx_add(tx, universe_tempid("slug"), "slug/next", edn_long(1));
        *ret_slug = escaped;
        return BS_OK;
    }
    BS_TRY(universe_get_long(db, counter, "slug/next", &next, &found, error));
    universe_tx_cas(tx, universe_entity(counter), "slug/next", edn_long(next), edn_long(next + 1));
    *ret_slug = bs_arena_printf(u->arena, "%.*s-%lld", BS_STR_ARGS(escaped), (long long)next);
    return BS_OK;
}

bool is_slug_taken(enum bs_code code, const struct bs_error *failure)
{
    return is_taken(code, failure, "slug/base") ||
           (code != BS_OK && failure->reason == BS_REASON_DB_CAS_FAILED);
}
