/*
 * Regular expressions in queries (base/regexp.h), with the last patterns kept compiled: a query has
 * few of them and many texts.
 */
#include "base/regexp.h"

#include "query/builtin.h"

struct slot {
    struct bs_str text; /* owned; ptr NULL: an empty slot */
    bool whole;
    struct bs_regexp *regex;
};

struct regex_cache {
    size_t next;
    size_t count; /* of slots */
    struct slot slots[];
};

struct regex_cache *regex_cache_new(size_t slots_count)
{
    struct regex_cache *cache = (struct regex_cache *)bs_calloc(
        1, sizeof(struct regex_cache) + slots_count * sizeof(struct slot));
    cache->count = slots_count;
    return cache;
}

static void slot_fini(struct slot *slot)
{
    if (slot->text.ptr == NULL)
        return;
    bs_regexp_free(slot->regex);
    union {
        const char *in;
        char *out;
    } text = {.in = slot->text.ptr};
    free(text.out);
    *slot = (struct slot){.text = {.ptr = NULL}};
}

void regex_cache_free(struct regex_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->count; i++)
        slot_fini(&cache->slots[i]);
    free(cache);
}

static enum bs_code compile(struct builtin_env *env, struct bs_str pattern, bool whole,
                            const struct bs_regexp **ret_regex)
{
    struct regex_cache *cache = env->regexes;
    for (size_t i = 0; i < cache->count; i++) {
        const struct slot *slot = &cache->slots[i];
        if (slot->text.ptr != NULL && slot->whole == whole && bs_str_equal(slot->text, pattern)) {
            *ret_regex = slot->regex;
            return BS_OK;
        }
    }
    struct bs_regexp *regex;
    BS_TRY(bs_regexp_new(pattern, whole, &regex, env->error));
    struct slot *slot = &cache->slots[cache->next++ % cache->count];
    slot_fini(slot);
    char *text = (char *)bs_malloc(pattern.len + 1);
    if (pattern.len > 0)
        memcpy(text, pattern.ptr, pattern.len);
    *slot = (struct slot){.text = bs_str_make(text, pattern.len), .whole = whole, .regex = regex};
    *ret_regex = regex;
    return BS_OK;
}

static struct edn matched(struct bs_str text, const struct bs_regexp_span *span)
{
    if (span->begin < 0)
        return edn_nil();
    return edn_string(bs_str_slice(text, (size_t)span->begin, (size_t)(span->end - span->begin)));
}

enum bs_code regex_search(struct builtin_env *env, struct bs_str pattern, struct bs_str text,
                          bool whole, struct edn *ret_value)
{
    const struct bs_regexp *regex = NULL;
    struct bs_regexp_span spans[BS_REGEXP_GROUPS_MAX + 1];
    BS_TRY(compile(env, pattern, whole, &regex));
    *ret_value = edn_nil();
    bool found = false;
    BS_TRY(bs_regexp_search(regex, text, env->interrupt, &found, spans, env->error));
    if (!found)
        return BS_OK;
    size_t count = bs_regexp_groups_count(regex);
    if (count == 0) {
        *ret_value = matched(text, &spans[0]);
        return BS_OK;
    }
    struct edn groups[BS_REGEXP_GROUPS_MAX + 1];
    for (size_t i = 0; i <= count; i++)
        groups[i] = matched(text, &spans[i]);
    *ret_value = edn_vector_of(env->arena, groups, count + 1);
    return BS_OK;
}

enum bs_code regex_check(struct builtin_env *env, struct bs_str pattern)
{
    const struct bs_regexp *ignored;
    return compile(env, pattern, false, &ignored);
}
