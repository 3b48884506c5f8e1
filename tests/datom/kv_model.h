#ifndef TESTS_DATOM_KV_MODEL_H
#define TESTS_DATOM_KV_MODEL_H

/* The naive model of a sorted map: an array of owned pairs, and seeded keys and records for it. */

#include "base/base.h"

struct model_pair {
    char *key;
    size_t key_len;
    char *record;
    size_t record_len;
    bool is_tombstone;
};

struct model {
    struct model_pair *pairs;
    size_t count;
    size_t capacity;
};

static inline struct bs_str model_key(const struct model *model, size_t idx)
{
    return bs_str_make(model->pairs[idx].key, model->pairs[idx].key_len);
}

static inline struct bs_str model_record(const struct model *model, size_t idx)
{
    return bs_str_make(model->pairs[idx].record, model->pairs[idx].record_len);
}

/* The first pair whose key is >= key. */
static inline size_t model_find(const struct model *model, struct bs_str key, bool *ret_equal)
{
    size_t low = 0;
    size_t high = model->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bs_str_compare(model_key(model, middle), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_equal = low < model->count && bs_str_equal(model_key(model, low), key);
    return low;
}

static inline void model_put(struct model *model, struct bs_str key, struct bs_str record,
                             bool is_tombstone)
{
    bool equal;
    size_t idx = model_find(model, key, &equal);
    if (!equal) {
        bs_grow(&model->pairs, model->count, &model->capacity, sizeof(model->pairs[0]));
        memmove(&model->pairs[idx + 1], &model->pairs[idx],
                (model->count - idx) * sizeof(model->pairs[0]));
        model->pairs[idx].key = bs_memdup(key.ptr, key.len);
        model->pairs[idx].key_len = key.len;
        model->count++;
    } else {
        free(model->pairs[idx].record);
    }
    model->pairs[idx].record = bs_memdup(record.ptr, record.len);
    model->pairs[idx].record_len = record.len;
    model->pairs[idx].is_tombstone = is_tombstone;
}

static inline void model_remove(struct model *model, struct bs_str key)
{
    bool equal;
    size_t idx = model_find(model, key, &equal);
    if (!equal)
        return;
    free(model->pairs[idx].key);
    free(model->pairs[idx].record);
    model->count--;
    memmove(&model->pairs[idx], &model->pairs[idx + 1],
            (model->count - idx) * sizeof(model->pairs[0]));
}

static inline struct model model_dup(const struct model *model)
{
    struct model copy = {0};
    for (size_t i = 0; i < model->count; i++)
        model_put(&copy, model_key(model, i), model_record(model, i), model->pairs[i].is_tombstone);
    return copy;
}

static inline void model_fini(struct model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        free(model->pairs[i].key);
        free(model->pairs[i].record);
    }
    free(model->pairs);
    *model = (struct model){0};
}

/*
 * One of `space` keys, shaped as those of the store: common beginnings, keys that are beginnings of
 * others, lengths from 0 to 60. The same ordinal gives the same key.
 */
static inline struct bs_str model_random_key(struct bs_random *random, uint64_t space,
                                             char bytes[64])
{
    struct bs_random shape;
    uint64_t ordinal = bs_random_below(random, space);
    if (ordinal == 0)
        return bs_str_make(bytes, 0);
    bs_random_seed(&shape, ordinal);
    memset(bytes, 0, 64);
    bs_store_u64(bytes, ordinal / 4);
    return bs_str_make(bytes,
                       bs_random_below(&shape, 3) == 0 ? 8 : 9 + bs_random_below(&shape, 52));
}

#define MODEL_RECORD_MAX 3000

/* Mostly short, some empty, some beyond what fits beside its key. */
static inline struct bs_str model_random_record(struct bs_random *random,
                                                char bytes[MODEL_RECORD_MAX])
{
    uint64_t kind = bs_random_below(random, 20);
    size_t len = kind == 0   ? 0
                 : kind == 1 ? (size_t)bs_random_below(random, MODEL_RECORD_MAX)
                             : (size_t)bs_random_below(random, 60);
    bs_random_fill(random, bytes, len);
    return bs_str_make(bytes, len);
}

#endif
