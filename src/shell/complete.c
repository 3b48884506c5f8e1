/* Completion of attributes, functions, names and methods. */

#include "shell/complete.h"

#include <stdlib.h>

#include "rpc/rpc.h"

struct finder {
    struct bs_arena *arena;
    struct bs_str word;
    struct bs_str *found;
    size_t count;
    size_t capacity;
};

static void offer(struct finder *finder, struct bs_str candidate)
{
    if (!bs_str_starts_with(candidate, finder->word))
        return;
    bs_grow(&finder->found, finder->count, &finder->capacity, sizeof(*finder->found));
    finder->found[finder->count++] = bs_arena_dup(finder->arena, candidate);
}

/* ---- the word ---- */

static bool ends_word(char c)
{
    return strchr(" \t\r\n,()[]{}\"'~;", c) != NULL;
}

static struct bs_str word_of(struct bs_str before)
{
    size_t start = before.len;
    while (start > 0 && !ends_word(before.ptr[start - 1]))
        start--;
    return bs_str_from_offset(before, start);
}

/* ---- candidates ---- */

static void offer_attribute(struct finder *finder, const struct datom_attribute *attribute)
{
    struct edn ident = edn_keyword(attribute->ident);
    offer(finder, bs_arena_printf(finder->arena, ":%.*s", BS_STR_ARGS(attribute->ident)));
    if (attribute->type != DATOM_TYPE_REF || bs_str_find(finder->word, BS_STR("/_")) < 0)
        return;
    offer(finder, bs_arena_printf(finder->arena, ":%.*s/_%.*s", BS_STR_ARGS(edn_namespace(ident)),
                                  BS_STR_ARGS(edn_name(ident))));
}

static void offer_keywords(struct shell *shell, struct finder *finder)
{
    static const char *const others[] = {":eavt", ":aevt", ":avet", ":vaet", ":db/id",
                                         ":find", ":in",   ":with", ":where"};
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(shell->world->conn);
    for (size_t i = 0; datom_db_attribute_at(db, i); i++)
        offer_attribute(finder, datom_db_attribute_at(db, i));
    for (size_t i = 0; i < BS_ARRAY_COUNT(others); i++)
        offer(finder, bs_str_from(others[i]));
}

static void offer_functions(struct finder *finder)
{
    for (size_t i = 0; shell_function_at(i); i++)
        offer(finder, bs_str_from(shell_function_at(i)->name));
}

static void offer_names(struct shell *shell, struct finder *finder)
{
    struct shell_binding *binding;
    struct shell_binding *next;
    HASH_ITER(hh, shell->names, binding, next)
    {
        offer(finder, bs_str_from(binding->name));
    }
    offer(finder, BS_STR("conn"));
    offer(finder, BS_STR("db"));
}

static void offer_methods(struct shell *shell, struct finder *finder)
{
    if (!shell->dispatcher)
        return;
    for (size_t i = 0; i < rpc_dispatcher_services_count(shell->dispatcher); i++) {
        const struct rpc_service *service = rpc_dispatcher_service_at(shell->dispatcher, i);
        for (size_t j = 0; j < service->methods_count; j++)
            offer(finder, bs_str_from(service->methods[j].full_name));
    }
}

/* ---- together ---- */

static int compare(const void *a, const void *b)
{
    return bs_str_compare(*(const struct bs_str *)a, *(const struct bs_str *)b);
}

static void sort(struct finder *finder)
{
    size_t kept = 0;
    if (finder->count == 0)
        return;
    qsort(finder->found, finder->count, sizeof(*finder->found), compare);
    for (size_t i = 0; i < finder->count; i++) {
        if (kept == 0 || !bs_str_equal(finder->found[kept - 1], finder->found[i]))
            finder->found[kept++] = finder->found[i];
    }
    finder->count = kept;
}

static struct bs_str common_of(const struct finder *finder)
{
    if (finder->count == 0)
        return finder->word;
    struct bs_str common = finder->found[0];
    struct bs_str last = finder->found[finder->count - 1]; /* sorted: the two differ the most */
    size_t len = 0;
    while (len < common.len && len < last.len && common.ptr[len] == last.ptr[len])
        len++;
    return bs_str_slice(common, 0, len);
}

struct shell_completion shell_complete(struct shell *shell, struct bs_str before,
                                       struct bs_arena *arena)
{
    struct finder finder = {.arena = arena, .word = word_of(before)};
    struct bs_str head = bs_str_slice(before, 0, before.len - finder.word.len);
    const char *after = " ";
    if (bs_str_ends_with(head, BS_STR("(call \""))) {
        after = "\"";
        offer_methods(shell, &finder);
    } else if (bs_str_starts_with(finder.word, BS_STR(":"))) {
        offer_keywords(shell, &finder);
    } else if (bs_str_ends_with(head, BS_STR("(")) || bs_str_ends_with(head, BS_STR("(help "))) {
        offer_functions(&finder);
    } else {
        offer_names(shell, &finder);
    }
    sort(&finder);
    struct shell_completion completion = {
        .word = finder.word,
        .candidates = bs_arena_new_array(arena, finder.count, struct bs_str),
        .count = finder.count,
        .common = common_of(&finder),
        .after = after,
    };
    if (finder.count > 0)
        memcpy(completion.candidates, finder.found, finder.count * sizeof(*finder.found));
    free(finder.found);
    return completion;
}
