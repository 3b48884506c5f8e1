/*
 * Other ways to write the same: names of operations and attributes as texts with a colon, as JSON
 * has them, and by their ids.
 */

#include "script_source.h"

#define SPELLED_ONE_IN 40

static struct edn as_text(struct script_source *source, struct edn keyword)
{
    if (keyword.type != EDN_KEYWORD || !script_chance(source, SPELLED_ONE_IN))
        return keyword;
    return edn_string(bs_arena_printf(source->arena, ":%.*s", BS_STR_ARGS(edn_text_of(keyword))));
}

/* `#id NAME`, which is the number when the script is run. */
static struct edn as_id(struct script_source *source, struct edn keyword)
{
    if (keyword.type != EDN_KEYWORD || !script_chance(source, SPELLED_ONE_IN))
        return keyword;
    struct edn *items = bs_arena_new_array(source->arena, 2, struct edn);
    items[0] = EDN_SYMBOL_LIT("id");
    items[1] = keyword;
    return (struct edn){.type = EDN_TAGGED, .len = 2, .as.items = items};
}

struct edn script_spelled(struct script_source *source, struct edn form)
{
    size_t count = (size_t)form.len * (form.type == EDN_MAP ? 2 : 1);
    struct edn *items = bs_arena_new_array(source->arena, count + 1, struct edn);
    bool is_operation = form.type != EDN_MAP && form.len > 0 &&
                        bs_str_starts_with(edn_text_of(form.as.items[0]), BS_STR("db"));
    for (size_t i = 0; i < count; i++) {
        items[i] = form.as.items[i];
        if (form.type == EDN_MAP ? i % 2 == 0 : is_operation && i == 0)
            items[i] = as_text(source, items[i]);
    }
    /* functions have other names, and other arguments */
    if (is_operation && bs_str_starts_with(edn_text_of(form.as.items[0]), BS_STR("db/"))) {
        items[0] = as_id(source, items[0]);
        if (form.len > 2)
            items[2] = as_id(source, as_text(source, items[2]));
    }
    form.as.items = items;
    return form;
}
