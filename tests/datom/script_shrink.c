/*
 * Shrinking by leaving out: of a vector first halves, then quarters, and so on down to single items
 * (delta debugging). First steps, then forms of transactions, then pairs of maps and items of
 * values; again from the start while anything could be left out.
 */

#include "script.h"

struct shrink {
    struct bs_arena *arena;
    const struct script_options *options;
    struct script_difference *difference;
    struct edn script; /* the smallest so far */
    bool changed;
};

/* Where a collection stands in the script: the indexes on the way down. */
struct path {
    uint32_t idx[8];
    size_t depth;
};

static uint32_t items_count(struct edn value)
{
    if (value.type == EDN_MAP)
        return 2 * value.len;
    return edn_is_collection(value) ? value.len : 0;
}

static struct edn at_path(struct edn value, const struct path *path)
{
    for (size_t i = 0; i < path->depth; i++)
        value = value.as.items[path->idx[i]];
    return value;
}

/* The value with another collection at a path. */
static struct edn replaced(struct shrink *shrink, struct edn value, const struct path *path,
                           size_t depth, struct edn by)
{
    if (depth == path->depth)
        return by;
    uint32_t count = items_count(value);
    struct edn *items = bs_arena_new_array(shrink->arena, count, struct edn);
    memcpy(items, value.as.items, count * sizeof(*items));
    items[path->idx[depth]] = replaced(shrink, items[path->idx[depth]], path, depth + 1, by);
    value.as.items = items;
    return value;
}

static struct edn without(struct shrink *shrink, struct edn value, uint32_t from, uint32_t count)
{
    uint32_t width = value.type == EDN_MAP ? 2 : 1;
    struct edn *items = bs_arena_new_array(shrink->arena, items_count(value) + 1, struct edn);
    size_t kept = (size_t)from * width;
    size_t rest = (size_t)(value.len - from - count) * width;
    memcpy(items, value.as.items, kept * sizeof(*items));
    memcpy(items + kept, value.as.items + (size_t)(from + count) * width, rest * sizeof(*items));
    return edn_collection((enum edn_type)value.type, items, value.len - count);
}

static bool try(struct shrink *shrink, struct edn script)
{
    struct script_difference difference;
    struct script_totals totals = {0};
    if (script_run(script, shrink->options, &totals, &difference) ||
        difference.kind != shrink->difference->kind)
        return false;
    shrink->script = script;
    *shrink->difference = difference;
    shrink->changed = true;
    return true;
}

/* Leaves out what can be left out of one collection. */
static void shrink_at(struct shrink *shrink, const struct path *path, uint32_t keep)
{
    uint32_t chunk = BS_MAX(at_path(shrink->script, path).len / 2, 1);
    for (;; chunk /= 2) {
        uint32_t from = keep;
        for (;;) {
            struct edn value = at_path(shrink->script, path);
            if (from >= value.len)
                break;
            uint32_t count = BS_MIN(chunk, value.len - from);
            struct edn less = without(shrink, value, from, count);
            if (!try(shrink, replaced(shrink, shrink->script, path, 0, less)))
                from += count;
        }
        if (chunk <= 1)
            return;
    }
}

static bool is_list_form(struct edn value)
{
    struct edn first = edn_is_sequential(value) && value.len > 0 ? value.as.items[0] : edn_nil();
    return first.type == EDN_KEYWORD || first.type == EDN_SYMBOL || first.type == EDN_TAGGED ||
           (first.type == EDN_STRING && bs_str_starts_with(edn_text_of(first), BS_STR(":")));
}

/* Forms keep their shape: of lists nothing is left out, but of the maps and values in them. */
static void shrink_inside(struct shrink *shrink, struct path *path)
{
    struct edn value = at_path(shrink->script, path);
    if (!is_list_form(value) && (value.type == EDN_MAP || edn_is_collection(value)))
        shrink_at(shrink, path, 0);
    if (path->depth >= BS_ARRAY_COUNT(path->idx))
        return;
    path->depth++;
    for (uint32_t i = 0;; i++) {
        path->depth--;
        bool is_end = i >= items_count(at_path(shrink->script, path));
        path->depth++;
        if (is_end)
            break;
        path->idx[path->depth - 1] = i;
        shrink_inside(shrink, path);
    }
    path->depth--;
}

struct edn script_shrink(struct bs_arena *arena, struct edn script,
                         const struct script_options *options, struct script_difference *difference)
{
    struct shrink shrink = {
        .arena = arena, .options = options, .difference = difference, .script = script};
    struct path whole = {.depth = 0};
    /* nothing after the difference matters */
    if (difference->step + 1 < script.len)
        try(&shrink, without(&shrink, script, (uint32_t)difference->step + 1,
                             script.len - (uint32_t)difference->step - 1));
    do {
        shrink.changed = false;
        shrink_at(&shrink, &whole, 0);
        for (uint32_t i = 0; i < shrink.script.len; i++) {
            struct path forms = {.idx = {i, 1}, .depth = 2};
            if (shrink.script.as.items[i].len < 2 ||
                !edn_is_collection(shrink.script.as.items[i].as.items[1]))
                continue;
            shrink_at(&shrink, &forms, 0);
            shrink_inside(&shrink, &forms);
        }
    } while (shrink.changed);
    return shrink.script;
}

size_t script_count_forms(struct edn script)
{
    size_t count = 0;
    for (uint32_t i = 0; i < script.len; i++) {
        struct edn step = script.as.items[i];
        count += step.len > 1 && edn_is_collection(step.as.items[1]) ? step.as.items[1].len : 0;
    }
    return count;
}
