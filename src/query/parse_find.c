/* The :find of a query, and what says how its rows come out: :with, :keys, :order-by. */
#include "query/aggregate.h"
#include "query/parse.h"

static enum bs_code find_var(struct parser *p, struct query *query, struct edn form,
                             uint16_t *ret_var)
{
    BS_TRY(parse_var(p, form, ret_var));
    varset_add(&query->find_vars, *ret_var);
    return BS_OK;
}

static enum bs_code parse_find_pull(struct parser *p, struct query *query, struct edn form,
                                    struct find_element *element)
{
    const struct edn *items = form.as.items;
    size_t at = 1;
    element->kind = FIND_PULL;
    query->has_pull = true;
    if (at < form.len && parse_is_source(items[at]))
        BS_TRY(parse_source(p, items[at++], &element->source));
    if (form.len != at + 2 || !parse_is_var(items[at]))
        return parse_fail(p, form,
                          "a pull in :find is (pull ?e pattern) or (pull $src ?e pattern)");
    BS_TRY(find_var(p, query, items[at++], &element->var));
    if (items[at].type != EDN_SYMBOL) {
        struct query_pattern *pattern = NULL;
        BS_TRY(query_pattern_parse(items[at], &pattern, p->error));
        element->pattern = pattern;
        return BS_OK;
    }
    for (size_t i = 0; i < query->inputs_count; i++) {
        if (query->inputs[i].kind == INPUT_PATTERN && edn_equal(query->inputs[i].form, items[at])) {
            element->pattern_input = i;
            return BS_OK;
        }
    }
    return parse_fail(p, items[at], "no such pull pattern in :in");
}

static enum bs_code parse_find_aggregate(struct parser *p, struct query *query, struct edn form,
                                         struct find_element *element)
{
    const struct edn *items = form.as.items;
    element->kind = FIND_AGGREGATE;
    query->has_aggregate = true;
    BS_TRY(aggregate_find(edn_text_of(items[0]), &element->aggregate, p->error));
    if (form.len < 2 || form.len > 3 || !parse_is_var(items[form.len - 1]))
        return parse_fail(p, form, "an aggregate is (name ?x) or (name n ?x)");
    if (form.len == 3) {
        if (items[1].type != EDN_LONG || items[1].as.integer < 0)
            return parse_fail(p, form, "the first argument of an aggregate is a number from 0");
        element->n = items[1].as.integer;
    }
    BS_TRY(aggregate_check(element->aggregate, element->n, form, p->error));
    return find_var(p, query, items[form.len - 1], &element->var);
}

static enum bs_code parse_find_element(struct parser *p, struct query *query, struct edn form,
                                       struct find_element *element)
{
    *element = (struct find_element){.form = form, .n = -1};
    if (parse_is_var(form)) {
        element->kind = FIND_VAR;
        return find_var(p, query, form, &element->var);
    }
    if (form.type != EDN_LIST || form.len == 0 || form.as.items[0].type != EDN_SYMBOL)
        return parse_fail(p, form,
                          "an element of :find is ?x, (aggregate ?x) or (pull ?e pattern)");
    if (edn_is_symbol(form.as.items[0], "pull"))
        return parse_find_pull(p, query, form, element);
    return parse_find_aggregate(p, query, form, element);
}

/* Which shape the find spec has, and the elements in it. */
static enum bs_code parse_shape(struct parser *p, struct query *query, struct edn find,
                                const struct edn **ret_items, size_t *ret_count)
{
    *ret_items = find.as.items;
    *ret_count = find.len;
    query->shape = QUERY_RELATION;
    if (find.len == 0)
        return parse_fail(p, find, ":find names at least one element");
    if (find.len == 2 && edn_is_symbol(find.as.items[1], ".")) {
        query->shape = QUERY_SCALAR;
        *ret_count = 1;
        return BS_OK;
    }
    if (find.len != 1 || find.as.items[0].type != EDN_VECTOR)
        return BS_OK;
    struct edn inner = find.as.items[0];
    *ret_items = inner.as.items;
    *ret_count = inner.len;
    query->shape = QUERY_TUPLE;
    if (inner.len == 0)
        return parse_fail(p, find, ":find names at least one element");
    if (inner.len == 2 && edn_is_symbol(inner.as.items[1], "...")) {
        query->shape = QUERY_COLLECTION;
        *ret_count = 1;
    }
    return BS_OK;
}

enum bs_code parse_find(struct parser *p, struct query *query, struct edn find, struct edn with)
{
    const struct edn *items = NULL;
    size_t count = 0;
    BS_TRY(parse_shape(p, query, find, &items, &count));
    struct find_element *elements = bs_arena_new_array(p->arena, count, struct find_element);
    query->columns = bs_arena_new_array(p->arena, count, struct bs_str);
    query->find = elements;
    for (size_t i = 0; i < count; i++) {
        BS_TRY(parse_find_element(p, query, items[i], &elements[i]));
        query->find_count = i + 1;
        query->columns[i] = edn_print_short(p->arena, items[i], 0);
    }
    for (size_t i = 0; i < with.len; i++) {
        uint16_t var = 0;
        if (!parse_is_var(with.as.items[i]))
            return parse_fail(p, with.as.items[i], ":with takes variables");
        BS_TRY(find_var(p, query, with.as.items[i], &var));
    }
    return BS_OK;
}

enum bs_code parse_return_map(struct parser *p, struct query *query, enum return_map kind,
                              struct edn names)
{
    static const enum edn_type types[] = {
        [RETURN_KEYS] = EDN_KEYWORD, [RETURN_STRS] = EDN_STRING, [RETURN_SYMS] = EDN_SYMBOL};
    if (query->shape == QUERY_COLLECTION || query->shape == QUERY_SCALAR)
        return parse_fail(p, names,
                          ":keys, :strs and :syms go with a relation or a tuple in :find");
    if (names.len != query->find_count)
        return parse_fail(p, names, "%u names for %zu elements of :find", names.len,
                          query->find_count);
    query->return_map = kind;
    query->return_keys = bs_arena_new_array(p->arena, names.len, struct edn);
    for (size_t i = 0; i < names.len; i++) {
        struct edn name = names.as.items[i];
        if (name.type != EDN_SYMBOL && name.type != EDN_KEYWORD && name.type != EDN_STRING)
            return parse_fail(p, name, "the name of a result is a symbol");
        query->return_keys[i] = edn_text(types[kind], edn_text_of(name));
        query->columns[i] = edn_text_of(name);
        if (edn_contains(edn_collection(EDN_VECTOR, query->return_keys, i), query->return_keys[i]))
            return parse_fail(p, name, "the name of a result stands twice");
    }
    return BS_OK;
}

static enum bs_code order_element(struct parser *p, const struct query *query, struct edn form,
                                  size_t *ret_element)
{
    for (size_t i = 0; i < query->find_count; i++) {
        if (query->find[i].kind != FIND_PULL && edn_equal(query->find[i].form, form)) {
            *ret_element = i;
            return BS_OK;
        }
    }
    return parse_fail(p, form,
                      ":order-by takes variables and aggregates that stand in :find, each "
                      "with :asc or :desc after it or none");
}

enum bs_code parse_order(struct parser *p, struct query *query, struct edn order)
{
    if (order.len == 1 && order.as.items[0].type == EDN_VECTOR)
        order = order.as.items[0];
    struct order_key *keys = bs_arena_new_array(p->arena, order.len, struct order_key);
    size_t count = 0;
    for (size_t i = 0; i < order.len; i++) {
        struct edn item = order.as.items[i];
        if (item.type == EDN_KEYWORD && count > 0 && i > 0 &&
            order.as.items[i - 1].type != EDN_KEYWORD) {
            if (!edn_is_keyword(item, "asc") && !edn_is_keyword(item, "desc"))
                return parse_fail(p, item, "a direction is :asc or :desc");
            keys[count - 1].descending = edn_is_keyword(item, "desc");
            continue;
        }
        keys[count] = (struct order_key){0};
        BS_TRY(order_element(p, query, item, &keys[count].element));
        count++;
    }
    if (count == 0)
        return parse_fail(p, order, ":order-by names at least one element");
    query->order = keys;
    query->order_count = count;
    return BS_OK;
}
