/* Looking into collections, and making them. */
#include "query/builtin.h"

static enum bs_code collection_identity(struct builtin_env *env, const struct edn *args,
                                        size_t count, struct edn *ret_value)
{
    (void)env;
    (void)count;
    *ret_value = args[0];
    return BS_OK;
}

static bool is_deeper(struct edn value, unsigned levels)
{
    bool has_items = edn_is_collection(value) || value.type == EDN_MAP;
    size_t count = value.type == EDN_MAP ? 2 * (size_t)value.len : value.len;
    if (has_items && levels == 0)
        return true;
    for (size_t i = 0; has_items && i < count; i++)
        if (is_deeper(value.as.items[i], levels - 1))
            return true;
    return false;
}

/* A collection of these stays as shallow as one that can be read: others walk it by recursion. */
static enum bs_code check_depth(struct builtin_env *env, const struct edn *args, size_t count)
{
    char form[200];
    for (size_t i = 0; i < count; i++)
        if (is_deeper(args[i], BS_LIMIT_EDN_DEPTH - 1))
            return bs_error_set(env->error, BS_REASON_LIMIT, "%s: a value nested deeper than %d",
                                edn_print_cut(env->form, form, sizeof(form)), BS_LIMIT_EDN_DEPTH);
    return BS_OK;
}

static enum bs_code collection_vector(struct builtin_env *env, const struct edn *args, size_t count,
                                      struct edn *ret_value)
{
    BS_TRY(check_depth(env, args, count));
    *ret_value = edn_vector_of(env->arena, args, count);
    return BS_OK;
}

static enum bs_code collection_list(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    BS_TRY(check_depth(env, args, count));
    struct edn vector = edn_vector_of(env->arena, args, count);
    *ret_value = edn_collection(EDN_LIST, vector.as.items, count);
    return BS_OK;
}

static enum bs_code collection_hash_set(struct builtin_env *env, const struct edn *args,
                                        size_t count, struct edn *ret_value)
{
    BS_TRY(check_depth(env, args, count));
    *ret_value = edn_set_of(env->arena, args, count);
    return BS_OK;
}

static enum bs_code collection_hash_map(struct builtin_env *env, const struct edn *args,
                                        size_t count, struct edn *ret_value)
{
    if (count % 2 != 0)
        return builtin_refuse(env, args[count - 1], "a value after each key");
    BS_TRY(check_depth(env, args, count));
    struct edn *items = bs_arena_new_array(env->arena, count, struct edn);
    size_t pairs = 0;
    for (size_t i = 0; i < count; i += 2) {
        size_t at = 0;
        while (at < pairs && !edn_equal(items[2 * at], args[i]))
            at++;
        items[2 * at] = args[i];
        items[2 * at + 1] = args[i + 1];
        pairs = BS_MAX(pairs, at + 1);
    }
    *ret_value = edn_collection(EDN_MAP, items, pairs);
    return BS_OK;
}

static enum bs_code collection_untuple(struct builtin_env *env, const struct edn *args,
                                       size_t count, struct edn *ret_value)
{
    (void)count;
    if (args[0].type != EDN_VECTOR)
        return builtin_refuse(env, args[0], "a tuple");
    *ret_value = args[0];
    return BS_OK;
}

static enum bs_code collection_get(struct builtin_env *env, const struct edn *args, size_t count,
                                   struct edn *ret_value)
{
    (void)env;
    *ret_value = count == 3 ? args[2] : edn_nil();
    if (args[0].type == EDN_MAP) {
        struct edn found;
        if (edn_map_get(args[0], args[1], &found))
            *ret_value = found;
    } else if (args[0].type == EDN_SET) {
        if (edn_contains(args[0], args[1]))
            *ret_value = args[1];
    } else if (args[0].type == EDN_VECTOR && args[1].type == EDN_LONG) {
        if (args[1].as.integer >= 0 && args[1].as.integer < (int64_t)args[0].len)
            *ret_value = args[0].as.items[args[1].as.integer];
    }
    return BS_OK;
}

static enum bs_code collection_nth(struct builtin_env *env, const struct edn *args, size_t count,
                                   struct edn *ret_value)
{
    if (!edn_is_sequential(args[0]))
        return builtin_refuse(env, args[0], "a vector or list");
    bool inside = args[1].type == EDN_LONG && args[1].as.integer >= 0 &&
                  args[1].as.integer < (int64_t)args[0].len;
    if (!inside && count < 3)
        return builtin_refuse(env, args[1], "an index inside the collection");
    *ret_value = inside ? args[0].as.items[args[1].as.integer] : args[2];
    return BS_OK;
}

/* nil counts as empty, as in Clojure. */
static enum bs_code check_sequence(struct builtin_env *env, struct edn arg)
{
    if (edn_is_collection(arg) || edn_is_nil(arg))
        return BS_OK;
    return builtin_refuse(env, arg, "a vector, list or set");
}

static enum bs_code collection_first(struct builtin_env *env, const struct edn *args, size_t count,
                                     struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_sequence(env, args[0]));
    *ret_value = args[0].len > 0 ? args[0].as.items[0] : edn_nil();
    return BS_OK;
}

static enum bs_code collection_second(struct builtin_env *env, const struct edn *args, size_t count,
                                      struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_sequence(env, args[0]));
    *ret_value = args[0].len > 1 ? args[0].as.items[1] : edn_nil();
    return BS_OK;
}

static enum bs_code collection_last(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_sequence(env, args[0]));
    *ret_value = args[0].len > 0 ? args[0].as.items[args[0].len - 1] : edn_nil();
    return BS_OK;
}

static bool counted(struct edn value, size_t *ret_count)
{
    if (value.type == EDN_STRING)
        *ret_count = bs_utf8_count(edn_text_of(value));
    else if (edn_is_collection(value) || value.type == EDN_MAP || value.type == EDN_BYTES)
        *ret_count = value.len;
    else if (edn_is_nil(value))
        *ret_count = 0;
    else
        return false;
    return true;
}

static enum bs_code count_of(struct builtin_env *env, struct edn arg, size_t *ret_count)
{
    return counted(arg, ret_count) ? BS_OK : builtin_refuse(env, arg, "a string or collection");
}

static enum bs_code collection_count(struct builtin_env *env, const struct edn *args, size_t count,
                                     struct edn *ret_value)
{
    BS_TRY(count_of(env, args[0], &count));
    *ret_value = edn_long((int64_t)count);
    return BS_OK;
}

static enum bs_code collection_is_empty(struct builtin_env *env, const struct edn *args,
                                        size_t count, struct edn *ret_value)
{
    BS_TRY(count_of(env, args[0], &count));
    *ret_value = edn_boolean(count == 0);
    return BS_OK;
}

static enum bs_code collection_not_empty(struct builtin_env *env, const struct edn *args,
                                         size_t count, struct edn *ret_value)
{
    BS_TRY(count_of(env, args[0], &count));
    *ret_value = count == 0 ? edn_nil() : args[0];
    return BS_OK;
}

static enum bs_code collection_contains(struct builtin_env *env, const struct edn *args,
                                        size_t count, struct edn *ret_value)
{
    (void)count;
    struct edn found;
    bool holds = false;
    if (args[0].type == EDN_MAP)
        holds = edn_map_get(args[0], args[1], &found);
    else if (args[0].type == EDN_SET)
        holds = edn_contains(args[0], args[1]);
    else if (args[0].type == EDN_VECTOR)
        holds = args[1].type == EDN_LONG && args[1].as.integer >= 0 &&
                args[1].as.integer < (int64_t)args[0].len;
    else if (!edn_is_nil(args[0]))
        return builtin_refuse(env, args[0], "a map, set or vector");
    *ret_value = edn_boolean(holds);
    return BS_OK;
}

/* Every second item of a map, from `first`. */
static enum bs_code half_of_map(struct builtin_env *env, struct edn map, size_t first,
                                struct edn *ret_value)
{
    if (map.type != EDN_MAP)
        return builtin_refuse(env, map, "a map");
    struct edn *items = bs_arena_new_array(env->arena, map.len, struct edn);
    for (size_t i = 0; i < map.len; i++)
        items[i] = map.as.items[2 * i + first];
    *ret_value = edn_collection(EDN_LIST, items, map.len);
    return BS_OK;
}

static enum bs_code collection_keys(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    (void)count;
    return half_of_map(env, args[0], 0, ret_value);
}

static enum bs_code collection_vals(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    (void)count;
    return half_of_map(env, args[0], 1, ret_value);
}

#define RANGE_MAX 1000000

static enum bs_code collection_range(struct builtin_env *env, const struct edn *args, size_t count,
                                     struct edn *ret_value)
{
    for (size_t i = 0; i < count; i++)
        if (args[i].type != EDN_LONG)
            return builtin_refuse(env, args[i], "an integer");
    int64_t start = count == 2 ? args[0].as.integer : 0;
    int64_t end = args[count - 1].as.integer;
    int64_t length = 0;
    if (end > start && (__builtin_sub_overflow(end, start, &length) || length > RANGE_MAX))
        return builtin_refuse(env, args[count - 1], "a range of at most 1000000 numbers");
    struct edn *items = bs_arena_new_array(env->arena, (size_t)length, struct edn);
    for (int64_t i = 0; i < length; i++)
        items[i] = edn_long(start + i);
    *ret_value = edn_collection(EDN_LIST, items, (size_t)length);
    return BS_OK;
}

static const struct builtin items[] = {
    {"contains?", 2, 2, collection_contains, false},
    {"count", 1, 1, collection_count, false},
    {"empty?", 1, 1, collection_is_empty, false},
    {"first", 1, 1, collection_first, false},
    {"get", 2, 3, collection_get, false},
    {"ground", 1, 1, collection_identity, false},
    {"hash-map", 0, BUILTIN_ANY, collection_hash_map, false},
    {"hash-set", 0, BUILTIN_ANY, collection_hash_set, false},
    {"identity", 1, 1, collection_identity, false},
    {"keys", 1, 1, collection_keys, false},
    {"last", 1, 1, collection_last, false},
    {"list", 0, BUILTIN_ANY, collection_list, false},
    {"not-empty", 1, 1, collection_not_empty, false},
    {"nth", 2, 3, collection_nth, false},
    {"range", 1, 2, collection_range, false},
    {"second", 1, 1, collection_second, false},
    {"tuple", 1, BUILTIN_ANY, collection_vector, false},
    {"untuple", 1, 1, collection_untuple, false},
    {"vals", 1, 1, collection_vals, false},
    {"vector", 0, BUILTIN_ANY, collection_vector, false},
};

const struct builtin_list builtins_collections = {items, BS_ARRAY_COUNT(items)};
