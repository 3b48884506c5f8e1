/*
 * A data pattern over a database. It joins with one relation of the context, its driver: either
 * each group of the driver's rows that agree on the shared variables is looked up by a seek, or one
 * range is scanned and each datom is looked up in a hash table over the driver. What else of the
 * context shares variables is joined afterwards, by context_put.
 *
 * Values compare by edn_equal; a variable bound elsewhere meets an attribute's value only in the
 * attribute's own type. Inside a pattern over an unknown attribute, a constant identifier stands
 * for its entity where the attribute is a ref.
 */
#include "query/pattern.h"

#include <math.h>

#include "query/value.h"

/* ---- preparing ---- */

/* Resolves the constants. pattern->impossible: one of them can't be met. */
static enum bs_code resolve_value(struct exec *exec, struct pattern *pattern, struct edn value)
{
    struct slot *slot = &pattern->slots[PATTERN_V];
    slot->value = value;
    if (pattern->attribute == NULL) {
        datom_id id = DATOM_NO_ID;
        bool names = value.type == EDN_KEYWORD || (value.type == EDN_VECTOR && value.len == 2);
        pattern->has_ref_value =
            names && datom_db_resolve(pattern->db, value, &id, NULL) == BS_OK && id != DATOM_NO_ID;
        pattern->ref_value = (int64_t)id;
        return BS_OK;
    }
    if (pattern->attribute->type == DATOM_TYPE_REF) {
        datom_id id = DATOM_NO_ID;
        if (value.type != EDN_LONG && value.type != EDN_KEYWORD && !edn_is_sequential(value)) {
            pattern->impossible = true;
            return BS_OK;
        }
        BS_TRY(datom_db_resolve(pattern->db, value, &id, exec->error));
        pattern->impossible = pattern->impossible || id == DATOM_NO_ID;
        slot->value = edn_long((int64_t)id);
        return BS_OK;
    }
    if (datom_db_coerce(pattern->db, pattern->attribute, value, exec->arena, &slot->value, NULL) !=
        BS_OK)
        pattern->impossible = true;
    return BS_OK;
}

static enum bs_code resolve_entity(struct exec *exec, struct pattern *pattern, size_t position,
                                   struct edn value)
{
    datom_id id = DATOM_NO_ID;
    enum bs_code code = datom_db_resolve(pattern->db, value, &id, exec->error);
    if (code != BS_OK) {
        char text[200];
        bs_error_prefix(exec->error, "%s: ", exec_text(pattern->clause->form, text, sizeof(text)));
        return code;
    }
    if (id == DATOM_NO_ID)
        pattern->impossible = true;
    pattern->slots[position].value = edn_long((int64_t)id);
    return BS_OK;
}

static enum bs_code resolve_constant(struct exec *exec, struct pattern *pattern, size_t position,
                                     struct edn value)
{
    char text[200];
    switch (position) {
    case PATTERN_A:
        BS_TRY(datom_db_find_attribute(pattern->db, value, &pattern->attribute, exec->error));
        pattern->slots[position].value = edn_long((int64_t)pattern->attribute->id);
        return BS_OK;
    case PATTERN_V:
        return resolve_value(exec, pattern, value);
    case PATTERN_OP:
        if (value.type != EDN_BOOLEAN)
            return bs_error_set(exec->error, BS_REASON_Q_INVALID_QUERY,
                                "%s: the fifth place is true, false or a variable",
                                exec_text(pattern->clause->form, text, sizeof(text)));
        pattern->slots[position].value = value;
        return BS_OK;
    default:
        return resolve_entity(exec, pattern, position, value);
    }
}

enum bs_code pattern_prepare(struct exec *exec, const struct frame *frame,
                             const struct clause *clause, struct pattern *pattern)
{
    *pattern = (struct pattern){
        .clause = clause,
        .db = exec_source(exec, frame, clause->source)->db,
    };
    static const size_t order[] = {PATTERN_A, PATTERN_E, PATTERN_V, PATTERN_TX, PATTERN_OP};
    for (size_t i = 0; i < BS_ARRAY_COUNT(order); i++) {
        size_t position = order[i];
        if (position >= clause->terms_count)
            continue;
        const struct term *term = &clause->terms[position];
        struct slot *slot = &pattern->slots[position];
        slot->var = term->var;
        if (term->kind == TERM_CONST) {
            slot->kind = SLOT_CONST;
            BS_TRY(resolve_constant(exec, pattern, position, term->value));
        } else if (term->kind == TERM_VAR) {
            slot->kind = SLOT_NEW;
        }
    }
    for (size_t i = 0; i < PATTERN_SLOTS; i++)
        for (size_t j = 0; j < i; j++)
            if (pattern->slots[i].kind == SLOT_NEW && pattern->slots[j].kind == SLOT_NEW &&
                pattern->slots[i].var == pattern->slots[j].var) {
                pattern->slots[i].kind = SLOT_SAME;
                pattern->slots[i].same_as = j;
            }
    return BS_OK;
}

/* ---- choosing ---- */

static bool is_bound(const struct pattern *pattern, size_t position, struct varset bound)
{
    const struct slot *slot = &pattern->slots[position];
    return slot->kind == SLOT_CONST || (slot->kind == SLOT_NEW && varset_has(&bound, slot->var));
}

/* How many datoms a lookup reads and gives when these variables have values. */
struct lookup {
    double reads;
    double gives;
};

static struct lookup estimate(struct datom_db *db, const struct pattern *pattern,
                              struct varset bound)
{
    const struct datom_attribute *attribute = pattern->attribute;
    bool e = is_bound(pattern, PATTERN_E, bound);
    bool a = is_bound(pattern, PATTERN_A, bound);
    bool v = is_bound(pattern, PATTERN_V, bound);
    double all = attribute != NULL ? (double)datom_db_attribute_count(db, attribute->id) : 1e6;
    if (attribute == NULL && a)
        all = 1e4;
    double many = attribute == NULL ? 4 : attribute->many ? fmin(fmax(all, 1), 8) : 1;
    double same_value = sqrt(all) + 1;
    bool indexed = attribute != NULL && (attribute->has_avet || attribute->type == DATOM_TYPE_REF);
    if (attribute != NULL && attribute->unique != DATOM_UNIQUE_NONE)
        same_value = 1;
    if (e && a)
        return (struct lookup){many, v ? 0.5 : many};
    if (e)
        return (struct lookup){16, v ? 2 : 16};
    if (a && v && indexed)
        return (struct lookup){same_value, same_value};
    if (a)
        return (struct lookup){all, v ? same_value : all};
    return (struct lookup){1e6, v ? 1e3 : 1e6};
}

/* What a seek costs beside the datoms that it reads. */
#define SEEK_COST 4.0

static bool can_seek(const struct pattern *pattern, struct varset bound)
{
    bool e = is_bound(pattern, PATTERN_E, bound);
    bool a = is_bound(pattern, PATTERN_A, bound);
    bool v = is_bound(pattern, PATTERN_V, bound);
    bool by_value = pattern->attribute != NULL
                        ? pattern->attribute->has_avet || pattern->attribute->type == DATOM_TYPE_REF
                        : true;
    struct varset none = {0};
    /* more than the constants give anyway */
    return (e && !is_bound(pattern, PATTERN_E, none)) ||
           (a && !is_bound(pattern, PATTERN_A, none)) ||
           (e && v && !is_bound(pattern, PATTERN_V, none)) ||
           (a && v && by_value && !is_bound(pattern, PATTERN_V, none));
}

/* With a driver, or without when it is SIZE_MAX. */
static struct pattern_choice weigh(const struct pattern *pattern, const struct context *context,
                                   size_t driver)
{
    struct varset none = {0};
    struct lookup scan = estimate(pattern->db, pattern, none);
    struct pattern_choice choice = {
        .driver = driver,
        .cost = scan.reads + SEEK_COST,
        .rows = scan.gives,
    };
    if (driver == SIZE_MAX)
        return choice;
    const struct relation *relation = context->items[driver];
    struct varset bound = relation_vars(relation);
    struct lookup one = estimate(pattern->db, pattern, bound);
    double seeks = (double)relation->rows * (SEEK_COST + one.reads);
    choice.rows = fmin((double)relation->rows * one.gives, (double)relation->rows * scan.gives);
    choice.cost += (double)relation->rows;
    if (can_seek(pattern, bound) && seeks < choice.cost) {
        choice.seeks = true;
        choice.cost = seeks;
    }
    return choice;
}

enum bs_code pattern_choose(struct exec *exec, const struct frame *frame,
                            const struct clause *clause, const struct context *context,
                            struct pattern_choice *ret_choice)
{
    const struct source *source = exec_source(exec, frame, clause->source);
    *ret_choice = (struct pattern_choice){.driver = SIZE_MAX};
    if (source->kind == SOURCE_TUPLES) {
        ret_choice->cost = source->value.len;
        ret_choice->rows = source->value.len;
        for (size_t i = 0; i < context->count; i++) {
            struct varset shared =
                varset_intersection(clause->vars, relation_vars(context->items[i]));
            if (!varset_is_empty(&shared))
                ret_choice->driver = i;
        }
        return BS_OK;
    }
    struct pattern pattern;
    BS_TRY(pattern_prepare(exec, frame, clause, &pattern));
    if (pattern.impossible)
        return BS_OK;
    bool chosen = false;
    for (size_t i = 0; i < context->count; i++) {
        struct varset shared = varset_intersection(clause->vars, relation_vars(context->items[i]));
        if (varset_is_empty(&shared))
            continue;
        struct pattern_choice choice = weigh(&pattern, context, i);
        if (!chosen || choice.cost + choice.rows < ret_choice->cost + ret_choice->rows)
            *ret_choice = choice;
        chosen = true;
    }
    if (!chosen)
        *ret_choice = weigh(&pattern, context, SIZE_MAX);
    return BS_OK;
}
