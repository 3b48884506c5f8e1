/*
 * Aggregates: functions of a bag of values. Sums and averages go by edn_arithmetic, so that they
 * neither overflow nor lose decimals; order is value_compare's, which orders numbers of different
 * kinds by their value.
 */
#include "query/aggregate.h"

#include <math.h>

#include "query/value.h"

enum arity {
    N_NEVER,
    N_MAYBE,
    N_ALWAYS,
};

struct bag {
    struct edn *values;
    size_t count;
    int64_t n;
    struct bs_random *random;
    struct bs_arena *arena;
    struct bs_error *error;
};

struct aggregate {
    const char *name;
    enum arity arity;
    enum bs_code (*apply)(struct bag *bag, struct edn *ret_value);
};

static int compare_values(const void *a, const void *b)
{
    return value_compare(*(const struct edn *)a, *(const struct edn *)b);
}

static void sort_bag(struct bag *bag)
{
    qsort(bag->values, bag->count, sizeof(struct edn), compare_values);
}

static enum bs_code check_numbers(const struct bag *bag, const char *name)
{
    for (size_t i = 0; i < bag->count; i++) {
        if (edn_is_number(bag->values[i]))
            continue;
        char text[200];
        return bs_error_set(bag->error, BS_REASON_Q_INVALID_ARGUMENT,
                            "%s takes numbers, not %s (a %s)", name,
                            edn_print_cut(bag->values[i], text, sizeof(text)),
                            edn_type_name((enum edn_type)bag->values[i].type));
    }
    return BS_OK;
}

static enum bs_code apply_count(struct bag *bag, struct edn *ret_value)
{
    *ret_value = edn_long((int64_t)bag->count);
    return BS_OK;
}

/* Sorts; the different ones come to the front. */
static size_t distinct_values(struct bag *bag)
{
    sort_bag(bag);
    size_t distinct = 0;
    for (size_t i = 0; i < bag->count; i++)
        if (distinct == 0 || value_compare(bag->values[distinct - 1], bag->values[i]) != 0)
            bag->values[distinct++] = bag->values[i];
    return distinct;
}

static enum bs_code apply_count_distinct(struct bag *bag, struct edn *ret_value)
{
    *ret_value = edn_long((int64_t)distinct_values(bag));
    return BS_OK;
}

static enum bs_code apply_distinct(struct bag *bag, struct edn *ret_value)
{
    size_t count = distinct_values(bag);
    struct edn *items = bs_arena_new_array(bag->arena, count, struct edn);
    memcpy(items, bag->values, count * sizeof(*items));
    *ret_value = edn_collection(EDN_SET, items, count);
    return BS_OK;
}

static enum bs_code sum_values(struct bag *bag, const char *name, struct edn *ret_value)
{
    BS_TRY(check_numbers(bag, name));
    struct edn sum = edn_long(0);
    for (size_t i = 0; i < bag->count; i++)
        BS_TRY(edn_arithmetic(bag->arena, '+', sum, bag->values[i], &sum, bag->error));
    *ret_value = sum;
    return BS_OK;
}

static enum bs_code apply_sum(struct bag *bag, struct edn *ret_value)
{
    return sum_values(bag, "sum", ret_value);
}

static enum bs_code apply_avg(struct bag *bag, struct edn *ret_value)
{
    struct edn sum;
    BS_TRY(sum_values(bag, "avg", &sum));
    *ret_value = edn_double(edn_number_to_double(sum) / (double)bag->count);
    return BS_OK;
}

static enum bs_code apply_variance(struct bag *bag, struct edn *ret_value)
{
    struct edn mean = edn_nil();
    BS_TRY(check_numbers(bag, "variance"));
    BS_TRY(apply_avg(bag, &mean));
    double total = 0;
    for (size_t i = 0; i < bag->count; i++) {
        double distance = edn_number_to_double(bag->values[i]) - mean.as.float64;
        total += distance * distance;
    }
    *ret_value = edn_double(total / (double)bag->count);
    return BS_OK;
}

static enum bs_code apply_stddev(struct bag *bag, struct edn *ret_value)
{
    BS_TRY(check_numbers(bag, "stddev"));
    BS_TRY(apply_variance(bag, ret_value));
    *ret_value = edn_double(sqrt(ret_value->as.float64));
    return BS_OK;
}

static enum bs_code apply_median(struct bag *bag, struct edn *ret_value)
{
    BS_TRY(check_numbers(bag, "median"));
    sort_bag(bag);
    struct edn high = bag->values[bag->count / 2];
    if (bag->count % 2 == 1) {
        *ret_value = high;
        return BS_OK;
    }
    struct edn sum;
    BS_TRY(
        edn_arithmetic(bag->arena, '+', bag->values[bag->count / 2 - 1], high, &sum, bag->error));
    return edn_arithmetic(bag->arena, '/', sum, edn_long(2), ret_value, bag->error);
}

/* The first n of the sorted different values, from the back when `descending`. */
static enum bs_code extremes(struct bag *bag, bool descending, struct edn *ret_value)
{
    size_t distinct = distinct_values(bag);
    size_t count = BS_MIN(distinct, (size_t)bag->n);
    struct edn *items = bs_arena_new_array(bag->arena, count, struct edn);
    for (size_t i = 0; i < count; i++)
        items[i] = bag->values[descending ? distinct - 1 - i : i];
    *ret_value = edn_collection(EDN_VECTOR, items, count);
    return BS_OK;
}

static enum bs_code extreme(struct bag *bag, bool descending, struct edn *ret_value)
{
    if (bag->n >= 0)
        return extremes(bag, descending, ret_value);
    struct edn best = bag->values[0];
    for (size_t i = 1; i < bag->count; i++) {
        int order = value_compare(bag->values[i], best);
        if (descending ? order > 0 : order < 0)
            best = bag->values[i];
    }
    *ret_value = best;
    return BS_OK;
}

static enum bs_code apply_min(struct bag *bag, struct edn *ret_value)
{
    return extreme(bag, false, ret_value);
}

static enum bs_code apply_max(struct bag *bag, struct edn *ret_value)
{
    return extreme(bag, true, ret_value);
}

/* n of them, the same one perhaps more than once; one value when there is no n. */
static enum bs_code apply_rand(struct bag *bag, struct edn *ret_value)
{
    if (bag->n < 0) {
        *ret_value = bag->values[bs_random_below(bag->random, bag->count)];
        return BS_OK;
    }

    if (bag->n > AGGREGATE_N_MAX)
        return bs_error_set(bag->error, BS_REASON_LIMIT, "rand gives at most %d values, not %lld",
                            AGGREGATE_N_MAX, (long long)bag->n);
    struct edn *items = bs_arena_new_array(bag->arena, (size_t)bag->n, struct edn);
    for (int64_t i = 0; i < bag->n; i++)
        items[i] = bag->values[bs_random_below(bag->random, bag->count)];
    *ret_value = edn_collection(EDN_VECTOR, items, (size_t)bag->n);
    return BS_OK;
}

/* Up to n different ones. */
static enum bs_code apply_sample(struct bag *bag, struct edn *ret_value)
{
    size_t distinct = distinct_values(bag);
    size_t count = BS_MIN(distinct, (size_t)bag->n);
    struct edn *items = bs_arena_new_array(bag->arena, count, struct edn);
    for (size_t i = 0; i < count; i++) {
        size_t other = i + (size_t)bs_random_below(bag->random, distinct - i);
        items[i] = bag->values[other];
        bag->values[other] = bag->values[i];
    }
    *ret_value = edn_collection(EDN_VECTOR, items, count);
    return BS_OK;
}

static const struct aggregate aggregates[] = {
    {"avg", N_NEVER, apply_avg},
    {"count", N_NEVER, apply_count},
    {"count-distinct", N_NEVER, apply_count_distinct},
    {"distinct", N_NEVER, apply_distinct},
    {"max", N_MAYBE, apply_max},
    {"median", N_NEVER, apply_median},
    {"min", N_MAYBE, apply_min},
    {"rand", N_MAYBE, apply_rand},
    {"sample", N_ALWAYS, apply_sample},
    {"stddev", N_NEVER, apply_stddev},
    {"sum", N_NEVER, apply_sum},
    {"variance", N_NEVER, apply_variance},
};

enum bs_code aggregate_find(struct bs_str name, const struct aggregate **ret_aggregate,
                            struct bs_error *error)
{
    struct bs_str local = value_function_name(name);
    const char *nearest = aggregates[0].name;
    size_t nearest_distance = SIZE_MAX;
    for (size_t i = 0; i < BS_ARRAY_COUNT(aggregates); i++) {
        if (bs_str_equals(local, aggregates[i].name)) {
            *ret_aggregate = &aggregates[i];
            return BS_OK;
        }
        size_t distance = bs_str_distance(local, bs_str_from(aggregates[i].name));
        if (distance < nearest_distance) {
            nearest = aggregates[i].name;
            nearest_distance = distance;
        }
    }
    return bs_error_set(error, BS_REASON_Q_UNKNOWN_FUNCTION,
                        "no aggregate is called %.*s; did you mean %s?", BS_STR_ARGS(name),
                        nearest);
}

enum bs_code aggregate_check(const struct aggregate *aggregate, int64_t n, struct edn form,
                             struct bs_error *error)
{
    char text[200];
    if (n >= 0 && aggregate->arity == N_NEVER)
        return bs_error_set(error, BS_REASON_Q_WRONG_ARITY, "%s: %s takes a variable only",
                            edn_print_cut(form, text, sizeof(text)), aggregate->name);
    if (n < 0 && aggregate->arity == N_ALWAYS)
        return bs_error_set(
            error, BS_REASON_Q_WRONG_ARITY, "%s: %s takes a number and a variable: (%s 3 ?x)",
            edn_print_cut(form, text, sizeof(text)), aggregate->name, aggregate->name);
    return BS_OK;
}

enum bs_code aggregate_apply(const struct aggregate *aggregate, int64_t n, struct edn *values,
                             size_t count, struct bs_random *random, struct bs_arena *arena,
                             struct edn *ret_value, struct bs_error *error)
{
    struct bag bag = {
        .values = values,
        .count = count,
        .n = n,
        .random = random,
        .arena = arena,
        .error = error,
    };
    return aggregate->apply(&bag, ret_value);
}
