/*
 * What values and entities must pass, in the model: checks that are data, predicates by name, and
 * entity specs. A check is read anew each time that a value is tested.
 */

#include <regex.h>

#include "model_apply.h"

#include "datom/bootstrap.h"

/* ---- checks as they are stored ---- */

static bool is_check_form(struct edn form)
{
    return form.type == EDN_LIST && form.len > 0 && form.as.items[0].type == EDN_SYMBOL;
}

bool model_is_one_check(const struct model_attribute *attribute, struct edn v)
{
    return attribute->id == DATOM_DB_ATTR_CHECK && is_check_form(v);
}

struct edn model_predicate_value(struct model_tx *tx, const struct model_attribute *attribute,
                                 struct edn v)
{
    struct edn form = v;
    if ((attribute->id == DATOM_DB_ATTR_PREDS || attribute->id == DATOM_DB_ENTITY_PREDS) &&
        v.type == EDN_KEYWORD)
        return edn_symbol(edn_text_of(v));
    if (attribute->id != DATOM_DB_ATTR_CHECK)
        return v;
    if (v.type == EDN_STRING && edn_read(edn_text_of(v), tx->arena, &form, NULL) != BS_OK)
        return v;
    return is_check_form(form) ? edn_string(edn_print_short(tx->arena, form, 0)) : v;
}

/* ---- the four kinds ---- */

static bool is_text_type(enum datom_type type)
{
    return type == DATOM_TYPE_STRING || type == DATOM_TYPE_KEYWORD || type == DATOM_TYPE_URI ||
           type == DATOM_TYPE_SYMBOL;
}

static bool is_number_type(enum datom_type type)
{
    return type == DATOM_TYPE_LONG || type == DATOM_TYPE_BIGINT || type == DATOM_TYPE_BIGDEC ||
           type == DATOM_TYPE_FLOAT || type == DATOM_TYPE_DOUBLE;
}

static bool is_bound(struct edn bound, enum datom_type type)
{
    return edn_is_nil(bound) ||
           (type == DATOM_TYPE_INSTANT ? bound.type == EDN_INSTANT : edn_is_number(bound));
}

static int compare_bounds(struct edn a, struct edn b)
{
    if (a.type == EDN_INSTANT)
        return (a.as.integer > b.as.integer) - (a.as.integer < b.as.integer);
    return edn_compare_numbers(a, b);
}

/* Two bounds for values of a type, one of which may be nil. */
static bool is_good_range(struct edn form, enum datom_type type)
{
    if (form.len != 3 || !is_bound(form.as.items[1], type) || !is_bound(form.as.items[2], type))
        return false;
    struct edn min = form.as.items[1], max = form.as.items[2];
    if (edn_is_nil(min) || edn_is_nil(max))
        return !edn_is_nil(min) || !edn_is_nil(max);
    return compare_bounds(min, max) <= 0;
}

static bool is_good_length(struct edn form)
{
    for (uint32_t i = 1; i < form.len; i++) {
        struct edn bound = form.as.items[i];
        if (!edn_is_nil(bound) && (bound.type != EDN_LONG || bound.as.integer < 0))
            return false;
    }
    return is_good_range(form, DATOM_TYPE_LONG);
}

static bool compile_whole(struct bs_str pattern, regex_t *ret_regex)
{
    char whole[200];
    snprintf(whole, sizeof(whole), "^(%.*s)$", BS_STR_ARGS(pattern));
    return regcomp(ret_regex, whole, REG_EXTENDED) == 0;
}

static bool is_good_pattern(struct edn form)
{
    regex_t regex;
    if (form.len != 2 || form.as.items[1].type != EDN_STRING ||
        !compile_whole(edn_text_of(form.as.items[1]), &regex))
        return false;
    regfree(&regex);
    return true;
}

static bool is_good_choice(struct edn form, enum datom_type type)
{
    static const enum edn_type types[DATOM_TYPE_COUNT] = {
        [DATOM_TYPE_KEYWORD] = EDN_KEYWORD, [DATOM_TYPE_LONG] = EDN_LONG,
        [DATOM_TYPE_STRING] = EDN_STRING,   [DATOM_TYPE_BOOLEAN] = EDN_BOOLEAN,
        [DATOM_TYPE_INSTANT] = EDN_INSTANT, [DATOM_TYPE_UUID] = EDN_UUID,
        [DATOM_TYPE_URI] = EDN_URI,         [DATOM_TYPE_SYMBOL] = EDN_SYMBOL,
        [DATOM_TYPE_BYTES] = EDN_BYTES,
    };
    bool is_good = form.len > 1 && type != DATOM_TYPE_TUPLE;
    for (uint32_t i = 1; i < form.len && is_good; i++) {
        struct edn choice = form.as.items[i];
        if (type == DATOM_TYPE_REF)
            is_good = choice.type == EDN_KEYWORD || choice.type == EDN_LONG;
        else if (type == DATOM_TYPE_BIGINT)
            is_good = choice.type == EDN_LONG || choice.type == EDN_BIGINT;
        else if (type == DATOM_TYPE_DOUBLE || type == DATOM_TYPE_FLOAT || type == DATOM_TYPE_BIGDEC)
            is_good = edn_is_number(choice);
        else
            is_good = choice.type == types[type];
    }
    return is_good;
}

/* Whether it is a check, and one for values of this type. */
static bool is_good_check(struct edn form, enum datom_type type)
{
    if (!is_check_form(form))
        return false;
    if (edn_is_symbol(form.as.items[0], "range"))
        return (is_number_type(type) || type == DATOM_TYPE_INSTANT) && is_good_range(form, type);
    if (edn_is_symbol(form.as.items[0], "length"))
        return (is_text_type(type) || type == DATOM_TYPE_BYTES) && is_good_length(form);
    if (edn_is_symbol(form.as.items[0], "matches"))
        return is_text_type(type) && is_good_pattern(form);
    return edn_is_symbol(form.as.items[0], "one-of") && is_good_choice(form, type);
}

static size_t length_of(struct edn v)
{
    size_t count = 0;
    struct bs_str text = edn_text_of(v);
    if (v.type == EDN_BYTES)
        return v.len;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

static bool is_within(struct edn form, struct edn v)
{
    struct edn min = form.as.items[1], max = form.as.items[2];
    return (edn_is_nil(min) || compare_bounds(v, min) >= 0) &&
           (edn_is_nil(max) || compare_bounds(v, max) <= 0);
}

static bool is_matched(struct edn form, struct edn v)
{
    regex_t regex;
    struct bs_str text = edn_text_of(v);
    regmatch_t match = {.rm_so = 0, .rm_eo = (regoff_t)text.len};
    BS_ASSERT(compile_whole(edn_text_of(form.as.items[1]), &regex));
    /* texts may have NUL in them */
    bool is_matched = regexec(&regex, text.ptr ? text.ptr : "", 1, &match, REG_STARTEND) == 0;
    regfree(&regex);
    return is_matched;
}

static bool is_chosen(const struct model *model, enum datom_type type, struct edn form,
                      struct edn v)
{
    for (uint32_t i = 1; i < form.len; i++) {
        struct edn choice = form.as.items[i];
        if (type == DATOM_TYPE_REF && choice.type == EDN_KEYWORD)
            choice = edn_long((int64_t)model_entid(model, choice));
        if (is_number_type(type) ? edn_compare_numbers(v, choice) == 0 : edn_equal(v, choice))
            return true;
    }
    return false;
}

static bool passes_check(const struct model *model, enum datom_type type, struct edn form,
                         struct edn v)
{
    if (edn_is_symbol(form.as.items[0], "range"))
        return is_within(form, v);
    if (edn_is_symbol(form.as.items[0], "length"))
        return is_within(form, edn_long((int64_t)length_of(v)));
    if (edn_is_symbol(form.as.items[0], "matches"))
        return is_matched(form, v);
    return is_chosen(model, type, form, v);
}

void model_check_predicate_change(struct model_tx *tx, const struct datom *change,
                                  const struct model_attribute *is)
{
    struct edn form;
    if (change->added && change->a == DATOM_DB_ATTR_CHECK &&
        (edn_read(edn_text_of(change->v), tx->arena, &form, NULL) != BS_OK ||
         !is_good_check(form, is->type)))
        model_tx_refuse(tx, BS_REASON_DB_INVALID_ATTR_CHECK);
}

/* ---- code ---- */

void model_check_code(const struct model_wishes *wishes)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *wish = &wishes->items[i];
        if (!wish->added || wish->attribute->id != DATOM_DB_CODE)
            continue;
        const struct model_wish *added = model_find_wish(wishes, wish->e, DATOM_DB_LANG, true);
        const struct model_life *life =
            model_find(wishes->tx->before, wish->e, DATOM_DB_LANG, NULL);
        struct edn lang = added ? added->v : life ? life->v : edn_nil();
        if (lang.type != EDN_LONG || lang.as.integer != DATOM_DB_LANG_DATALOG)
            model_tx_refuse(wishes->tx, BS_REASON_DB_INVALID_FUNCTION);
    }
}

/* ---- predicates ---- */

bool model_value_passes(struct edn v)
{
    return v.type == EDN_LONG ? v.as.integer % 2 == 0 : v.type != EDN_BOOLEAN || v.as.boolean;
}

static bool has_few(const struct model *model, datom_id e)
{
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++)
        count += model_is_live(&model->lives[i]) && model->lives[i].e == e &&
                 model->lives[i].a >= DATOM_BOOT_NEXT_ELEMENT;
    return count <= MODEL_FEW;
}

static void test_value(struct model_tx *tx, const struct model_wish *wish,
                       const struct model_life *said)
{
    struct edn form;
    if (said->a == DATOM_DB_ATTR_CHECK) {
        /* it was a good one when it was said */
        BS_ASSERT(edn_read(edn_text_of(said->v), tx->arena, &form, NULL) == BS_OK);
        if (!passes_check(tx->before, wish->attribute->type, form, wish->v))
            model_tx_refuse(tx, BS_REASON_DB_ATTR_PRED);
    } else if (!bs_str_equals(edn_text_of(said->v), MODEL_VALUE_PREDICATE)) {
        model_tx_refuse(tx, BS_REASON_DB_NOT_A_PREDICATE);
    } else if (!model_value_passes(wish->v)) {
        model_tx_refuse(tx, BS_REASON_DB_ATTR_PRED);
    }
}

void model_test_values(const struct model_wishes *wishes)
{
    const struct model *model = wishes->tx->before;
    for (size_t i = 0; i < wishes->count && model->mistake != MODEL_MISTAKE_CHECK; i++) {
        const struct model_wish *wish = &wishes->items[i];
        datom_id a = wish->attribute->id;
        if (!wish->added || a < DATOM_BOOT_NEXT_ELEMENT || wish->attribute->members_count > 0 ||
            model_find(model, wish->e, a, &wish->v))
            continue;
        for (size_t j = 0; j < model->count; j++) {
            const struct model_life *life = &model->lives[j];
            if (model_is_live(life) && life->e == a &&
                (life->a == DATOM_DB_ATTR_CHECK || life->a == DATOM_DB_ATTR_PREDS))
                test_value(wishes->tx, wish, life);
        }
    }
}

/* ---- entity specs ---- */

static void ensure(struct model_tx *tx, const struct model *after, datom_id e, datom_id spec)
{
    bool is_spec = false;
    for (size_t i = 0; i < tx->before->count; i++) {
        const struct model_life *life = &tx->before->lives[i];
        if (!model_is_live(life) || life->e != spec)
            continue;
        if (life->a == DATOM_DB_ENTITY_ATTRS) {
            const struct model_attribute *wanted = model_attribute_named(after, life->v);
            is_spec = true;
            if (!wanted || !model_find(after, e, wanted->id, NULL))
                model_tx_refuse(tx, BS_REASON_DB_ENTITY_ATTR);
        } else if (life->a == DATOM_DB_ENTITY_PREDS) {
            is_spec = true;
            if (!bs_str_equals(edn_text_of(life->v), MODEL_ENTITY_PREDICATE))
                model_tx_refuse(tx, BS_REASON_DB_NOT_A_PREDICATE);
            else if (!has_few(after, e))
                model_tx_refuse(tx, BS_REASON_DB_ENTITY_PRED);
        }
    }
    if (!is_spec)
        model_tx_refuse(tx, BS_REASON_DB_INVALID_ENSURE);
}

void model_test_ensures(struct model_tx *tx, const struct model *after)
{
    for (size_t i = 0; i < tx->ops_count && after->mistake != MODEL_MISTAKE_ENSURE; i++) {
        const struct model_op *op = &tx->ops[i];
        if (op->attribute && op->attribute->id == DATOM_DB_ENSURE)
            ensure(tx, after, model_tx_place_id(tx, &op->e), model_tx_place_id(tx, &op->v_place));
    }
}
