/*
 * The forms of :db.fn/ that applications need everywhere, after the library datofu: resetting a set
 * of values, defaults, migrations that run once, and cancelling. (Sequences: tx_sequence.c.) What
 * depends on who an entity is becomes an operation of its own, so that tempids that turn out to be
 * old entities are served as well; the rest becomes forms.
 */

#include "datom/bootstrap.h"
#include "datom/tx_expand.h"

static enum bs_code wrong_argument(struct edn form, size_t idx, const char *expected,
                                   struct bs_error *error)
{
    char text[120];
    char op[80];
    return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                        "%s is no argument for %s: expected %s",
                        edn_print_cut(form.as.items[idx], text, sizeof(text)),
                        edn_print_cut(form.as.items[0], op, sizeof(op)), expected);
}

/* ---- values ---- */

static enum bs_code expand_reset_to_many(struct tx *tx, struct edn form, uint32_t form_idx,
                                         struct bs_error *error)
{
    struct tx_place e;
    const struct datom_attribute *attribute;
    BS_TRY(tx_expand_e_a(tx, form, form_idx, &e, &attribute, error));
    if (!attribute->many)
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            ":%.*s has cardinality one: expected an attribute of cardinality many, "
                            "or :db/add",
                            BS_STR_ARGS(attribute->ident));
    struct edn values = form.as.items[3];
    if (!edn_is_nil(values) && !edn_is_collection(values))
        return wrong_argument(form, 3, "a set, vector or list of values", error);
    if (!edn_is_nil(values))
        BS_TRY(tx_expand_values(tx, e, attribute, values, form_idx, error));
    struct tx_op *op = tx_op_new(tx, TX_RESET, form_idx);
    op->attribute = attribute;
    tx_op_set_e(tx, op, e);
    return BS_OK;
}

static enum bs_code expand_add_default(struct tx *tx, struct edn form, uint32_t form_idx,
                                       struct bs_error *error)
{
    struct tx_place e;
    const struct datom_attribute *attribute;
    BS_TRY(tx_expand_e_a(tx, form, form_idx, &e, &attribute, error));
    return tx_add_op(tx, TX_ADD_DEFAULT, form_idx, e, attribute, form.as.items[3], error);
}

/* The entities that have an attribute, each once, as ids. */
static enum bs_code entities_with(struct tx *tx, const struct datom_attribute *attribute,
                                  struct edn_list *entities, struct bs_error *error)
{
    struct datom_range range = {.index = DATOM_AEVT, .has_a = true, .a = attribute->id};
    BS_TRY(tx_walk(tx, &range, error));
    for (;;) {
        const struct datom *datoms;
        size_t count;
        BS_TRY(datom_cursor_next(tx->cursor, &datoms, &count, error));
        if (count == 0)
            return BS_OK;
        for (size_t i = 0; i < count; i++) {
            int64_t e = (int64_t)datoms[i].e;
            if (entities->count == 0 || entities->items[entities->count - 1].as.integer != e)
                edn_list_add(entities, edn_long(e));
        }
    }
}

static enum bs_code expand_add_default_attr_value(struct tx *tx, struct edn form, uint32_t form_idx,
                                                  struct bs_error *error)
{
    const struct datom_attribute *match, *attribute;
    BS_TRY(tx_expand_attribute(tx, form.as.items[1], &match, error));
    BS_TRY(tx_expand_attribute(tx, form.as.items[2], &attribute, error));
    struct edn_list entities;
    edn_list_init(&entities, tx->scratch);
    BS_TRY(entities_with(tx, match, &entities, error));
    for (size_t i = 0; i < entities.count; i++) {
        struct tx_place e = {.id = (datom_id)entities.items[i].as.integer};
        BS_TRY(tx_add_op(tx, TX_ADD_DEFAULT, form_idx, e, attribute, form.as.items[3], error));
    }
    return BS_OK;
}

/* ---- migrations ---- */

static enum bs_code expand_ensure_migration(struct tx *tx, struct edn form, uint32_t form_idx,
                                            struct bs_error *error)
{
    struct edn name = tx_keyword_of_string(form.as.items[1]);
    if (name.type != EDN_KEYWORD)
        return wrong_argument(form, 1, "a keyword, the migration's name", error);
    const struct datom_attribute *attribute =
        datom_schema_attribute(tx->db->body->schema, DATOM_DB_MIGRATION_NAME);
    datom_id holder;
    BS_TRY(tx_lookup(tx, attribute, name, &holder, error));
    if (holder != DATOM_NO_ID)
        return BS_OK;
    struct edn pair[] = {edn_keyword(attribute->ident), name};
    BS_TRY(tx_expand_form(tx, edn_map_of(tx->scratch, pair, 1), form_idx, error));
    return tx_expand_results(tx, form, form.as.items[2], form_idx, error);
}

/* ---- cancelling ---- */

/* By the key of ours or by Datomic's. */
static bool get_of_cancel(struct edn map, const char *name, struct edn *ret_value)
{
    char long_name[64];
    snprintf(long_name, sizeof(long_name), "cognitect.anomalies/%s", name);
    return edn_map_get_keyword(map, bs_str_from(name), ret_value) ||
           edn_map_get_keyword(map, bs_str_from(long_name), ret_value);
}

static bool code_of_category(struct edn category, enum bs_code *ret_code)
{
    static const struct {
        const char *name;
        enum bs_code code;
    } categories[] = {
        {"incorrect", BS_INVALID_ARGUMENT}, {"conflict", BS_ABORTED},
        {"not-found", BS_NOT_FOUND},        {"forbidden", BS_PERMISSION_DENIED},
        {"unsupported", BS_UNIMPLEMENTED},  {"busy", BS_UNAVAILABLE},
        {"unavailable", BS_UNAVAILABLE},    {"exhausted", BS_RESOURCE_EXHAUSTED},
        {"interrupted", BS_CANCELLED},      {"fault", BS_INTERNAL},
    };
    if (category.type != EDN_KEYWORD)
        return false;
    for (size_t i = 0; i < BS_ARRAY_COUNT(categories); i++) {
        if (bs_str_equals(edn_name(category), categories[i].name)) {
            *ret_code = categories[i].code;
            return true;
        }
    }
    return false;
}

static enum bs_code expand_cancel(struct tx *tx, struct edn form, uint32_t form_idx,
                                  struct bs_error *error)
{
    (void)tx;
    (void)form_idx;
    struct edn message = form.as.items[1];
    enum bs_code code = BS_ABORTED;
    if (message.type == EDN_MAP) {
        struct edn map = message;
        struct edn category;
        if (get_of_cancel(map, "category", &category) && !code_of_category(category, &code))
            return wrong_argument(form, 1, "one of the categories of errors as :category", error);
        if (!get_of_cancel(map, "message", &message))
            message = edn_string(BS_STR("cancelled"));
    }
    if (message.type != EDN_STRING)
        return wrong_argument(form, 1, "a text, or a map with :category and :message", error);
    return bs_error_set_code(error, code, BS_REASON_DB_CANCELLED, "%.*s",
                             BS_STR_ARGS(edn_text_of(message)));
}

const struct tx_form tx_forms[] = {
    {"db.fn/reset-to-many", "[:db.fn/reset-to-many entity attribute #{values}]", DATOM_NO_ID, 3, 3,
     expand_reset_to_many},
    {"db.fn/add-default", "[:db.fn/add-default entity attribute value]", DATOM_NO_ID, 3, 3,
     expand_add_default},
    {"db.fn/add-default-attr-value",
     "[:db.fn/add-default-attr-value attribute-that-entities-have attribute value]", DATOM_NO_ID, 3,
     3, expand_add_default_attr_value},
    {"db.fn/ensure-migration", "[:db.fn/ensure-migration :name [forms]]", DATOM_NO_ID, 2, 2,
     expand_ensure_migration},
    {"db.fn/add-sequential-string", "[:db.fn/add-sequential-string entity attribute base]",
     DATOM_NO_ID, 3, 3, tx_form_add_sequential_string},
    {"db.fn/add-sequential-strings",
     "[:db.fn/add-sequential-strings namespace-or-nil base [[entity attribute] ...]]", DATOM_NO_ID,
     3, 3, tx_form_add_sequential_strings},
    {"db.fn/cancel", "[:db.fn/cancel message] or with a map of :category and :message", DATOM_NO_ID,
     1, 1, expand_cancel},
};
const size_t tx_forms_count = BS_ARRAY_COUNT(tx_forms);
