/*
 * The registry of named functions: one growing table, searched from end to end. A registry has a
 * few dozen names at most and a form looks up one, which costs less than resolving its entity.
 */

#include "datom/functions.h"

#include "datom/db.h"

struct named_function {
    enum datom_function_kind kind;
    char *name; /* without NUL */
    size_t name_len;
    union {
        struct datom_tx_function tx;
        struct datom_value_predicate value_predicate;
        struct datom_entity_predicate entity_predicate;
    } as;
};

struct datom_functions {
    struct bs_ref ref;
    struct named_function *items;
    size_t count, capacity;
    bool has_evaluator;
    struct datom_evaluator evaluator;
};

struct datom_functions *datom_functions_new(void)
{
    struct datom_functions *functions = bs_calloc(1, sizeof(*functions));
    bs_ref_init(&functions->ref);
    return functions;
}

struct datom_functions *datom_functions_ref(struct datom_functions *functions)
{
    bs_ref_get(&functions->ref);
    return functions;
}

void datom_functions_unref(struct datom_functions *functions)
{
    if (!functions || !bs_ref_put(&functions->ref))
        return;
    for (size_t i = 0; i < functions->count; i++)
        free(functions->items[i].name);
    free(functions->items);
    free(functions);
}

void datom_functions_unrefp(struct datom_functions **functions)
{
    datom_functions_unref(*functions);
}

static struct bs_str name_of(const struct named_function *item)
{
    return bs_str_make(item->name, item->name_len);
}

static const struct named_function *find(const struct datom_functions *functions,
                                         enum datom_function_kind kind, struct bs_str name)
{
    for (size_t i = 0; functions && i < functions->count; i++) {
        const struct named_function *item = &functions->items[i];
        if (item->kind == kind && bs_str_equal(name_of(item), name))
            return item;
    }
    return NULL;
}

static bool is_reserved(struct bs_str name)
{
    return name.len == 0 || bs_str_starts_with(name, BS_STR("db/")) ||
           bs_str_starts_with(name, BS_STR("db."));
}

static struct named_function *add(struct datom_functions *functions, enum datom_function_kind kind,
                                  struct bs_str name)
{
    BS_ASSERT(bs_ref_is_sole(&functions->ref));
    BS_ASSERT(!is_reserved(name));
    for (size_t i = 0; i < functions->count; i++) {
        if (functions->items[i].kind == kind && bs_str_equal(name_of(&functions->items[i]), name))
            return &functions->items[i];
    }
    bs_grow(&functions->items, functions->count, &functions->capacity, sizeof(*functions->items));
    struct named_function *item = &functions->items[functions->count++];
    *item = (struct named_function){
        .kind = kind,
        .name = bs_memdup(name.ptr, name.len),
        .name_len = name.len,
    };
    return item;
}

void datom_functions_add_tx(struct datom_functions *functions, struct bs_str name,
                            struct datom_tx_function function)
{
    add(functions, DATOM_FUNCTION_TX, name)->as.tx = function;
}

void datom_functions_add_value_predicate(struct datom_functions *functions, struct bs_str name,
                                         struct datom_value_predicate predicate)
{
    add(functions, DATOM_FUNCTION_VALUE_PREDICATE, name)->as.value_predicate = predicate;
}

void datom_functions_add_entity_predicate(struct datom_functions *functions, struct bs_str name,
                                          struct datom_entity_predicate predicate)
{
    add(functions, DATOM_FUNCTION_ENTITY_PREDICATE, name)->as.entity_predicate = predicate;
}

void datom_functions_set_evaluator(struct datom_functions *functions,
                                   struct datom_evaluator evaluator)
{
    BS_ASSERT(bs_ref_is_sole(&functions->ref));
    functions->evaluator = evaluator;
    functions->has_evaluator = true;
}

const struct datom_tx_function *datom_functions_find_tx(const struct datom_functions *functions,
                                                        struct bs_str name)
{
    const struct named_function *item = find(functions, DATOM_FUNCTION_TX, name);
    return item ? &item->as.tx : NULL;
}

const struct datom_value_predicate *
datom_functions_find_value_predicate(const struct datom_functions *functions, struct bs_str name)
{
    const struct named_function *item = find(functions, DATOM_FUNCTION_VALUE_PREDICATE, name);
    return item ? &item->as.value_predicate : NULL;
}

const struct datom_entity_predicate *
datom_functions_find_entity_predicate(const struct datom_functions *functions, struct bs_str name)
{
    const struct named_function *item = find(functions, DATOM_FUNCTION_ENTITY_PREDICATE, name);
    return item ? &item->as.entity_predicate : NULL;
}

const struct datom_evaluator *datom_functions_evaluator(const struct datom_functions *functions)
{
    return functions && functions->has_evaluator ? &functions->evaluator : NULL;
}

struct bs_str datom_functions_name_at(const struct datom_functions *functions,
                                      enum datom_function_kind kind, size_t idx)
{
    for (size_t i = 0; functions && i < functions->count; i++) {
        if (functions->items[i].kind == kind && idx-- == 0)
            return name_of(&functions->items[i]);
    }
    return BS_STR_EMPTY;
}

struct datom_functions *datom_db_functions(const struct datom_db *db)
{
    return db->body->functions;
}
