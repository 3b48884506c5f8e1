/*
 * Predicates of attributes: of values that are asserted, by the schema before the transaction; and
 * the forms in which a schema gives them.
 */

#include "datom/bootstrap.h"
#include "datom/schema_pred.h"
#include "datom/tx_expand.h"

/* ---- saying them ---- */

struct edn tx_predicate_form(struct tx *tx, const struct datom_attribute *attribute,
                             struct edn form)
{
    bool is_name = attribute->id == DATOM_DB_ATTR_PREDS || attribute->id == DATOM_DB_ENTITY_PREDS;
    if (is_name && form.type == EDN_KEYWORD)
        return edn_symbol(edn_text_of(form));
    struct edn text;
    if (attribute->id == DATOM_DB_ATTR_CHECK &&
        datom_attr_check_normalize(form, tx->scratch, &text))
        return text;
    return form;
}

static enum bs_code check_change(const struct tx_entry *entry, const struct datom_attribute *after,
                                 struct bs_error *error)
{
    const struct datom_predicates *predicates = after->predicates;
    if (predicates && predicates->names_count + predicates->checks_count > BS_LIMIT_ATTR_PREDICATES)
        return bs_error_set(error, BS_REASON_DB_INVALID_ATTR_CHECK,
                            "it would have more than %d predicates and checks",
                            BS_LIMIT_ATTR_PREDICATES);
    if (entry->attribute->id != DATOM_DB_ATTR_CHECK)
        return BS_OK;
    struct datom_attr_check *check;
    BS_TRY(datom_attr_check_new(edn_text_of(entry->v), &check, error));
    enum bs_code code = datom_attr_check_fits(check, after->type, error);
    datom_attr_check_unref(check);
    return code;
}

enum bs_code tx_check_predicate_change(const struct tx *tx, const struct tx_entry *entry,
                                       const struct datom_attribute *after, struct bs_error *error)
{
    datom_id a = entry->attribute->id;
    if (!entry->added || (a != DATOM_DB_ATTR_CHECK && a != DATOM_DB_ATTR_PREDS))
        return BS_OK;
    enum bs_code code = check_change(entry, after, error);
    if (code == BS_OK)
        return BS_OK;
    bs_error_prefix(error, ":%.*s of the attribute :%.*s: ", BS_STR_ARGS(entry->attribute->ident),
                    BS_STR_ARGS(after->ident));
    return tx_blame_entry(tx, entry, code, error);
}

/* ---- testing values ---- */

void tx_note_predicate(struct bs_error *error, struct bs_str name, struct edn returned)
{
    tx_note_text(error, "pred", name);
    tx_note_value(error, "pred-return", returned);
}

static enum bs_code refuse_value(const struct tx_entry *entry, struct bs_str name,
                                 struct edn returned, struct bs_error *error)
{
    char value[120], text[120], pred[120];
    bs_error_set(
        error, BS_REASON_DB_ATTR_PRED, ":%.*s %s does not pass %s, which gave %s: expected true",
        BS_STR_ARGS(entry->attribute->ident), edn_print_cut(entry->v, value, sizeof(value)),
        edn_print_cut(edn_symbol(name), pred, sizeof(pred)),
        edn_print_cut(returned, text, sizeof(text)));
    tx_note_predicate(error, name, returned);
    return BS_INVALID_ARGUMENT;
}

static enum bs_code test_check(const struct tx *tx, const struct tx_entry *entry,
                               const struct datom_predicate *predicate, struct bs_error *error)
{
    if (!predicate->check)
        return bs_error_set(error, BS_REASON_DB_INVALID_ATTR_CHECK,
                            ":%.*s has the check %.*s, which this version can't read: nothing "
                            "passes it",
                            BS_STR_ARGS(entry->attribute->ident), BS_STR_ARGS(predicate->text));
    if (datom_attr_check_passes(predicate->check, tx->db, entry->v))
        return BS_OK;
    return refuse_value(entry, predicate->text, edn_boolean(false), error);
}

static enum bs_code test_name(const struct tx *tx, const struct tx_entry *entry, struct bs_str name,
                              struct bs_error *error)
{
    const struct datom_value_predicate *found =
        datom_functions_find_value_predicate(tx->db->body->functions, name);
    if (!found) {
        bs_error_set(error, BS_REASON_DB_NOT_A_PREDICATE,
                     "%.*s, a predicate of :%.*s, is not registered: expected datom_options with "
                     "functions that have it (datom_functions_add_value_predicate)",
                     BS_STR_ARGS(name), BS_STR_ARGS(entry->attribute->ident));
        tx_note_text(error, "pred", name);
        return BS_FAILED_PRECONDITION;
    }
    struct edn returned = edn_nil();
    enum bs_code code = found->test(found->self, entry->v, tx->scratch, &returned, error);
    if (code != BS_OK) {
        bs_error_prefix(error, "in the predicate %.*s: ", BS_STR_ARGS(name));
        return code;
    }
    if (returned.type == EDN_BOOLEAN && returned.as.boolean)
        return BS_OK;
    return refuse_value(entry, name, returned, error);
}

static enum bs_code test_entry(const struct tx *tx, const struct tx_entry *entry,
                               struct bs_error *error)
{
    const struct datom_predicates *predicates = entry->attribute->predicates;
    for (size_t i = 0; i < predicates->checks_count; i++)
        BS_TRY(test_check(tx, entry, &predicates->checks[i], error));
    for (size_t i = 0; i < predicates->names_count; i++)
        BS_TRY(test_name(tx, entry, predicates->names[i].text, error));
    return BS_OK;
}

enum bs_code tx_check_predicates(struct tx *tx, struct bs_error *error)
{
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        if (!entry->attribute->predicates || !entry->added || entry->is_redundant ||
            datom_attribute_is_kept(entry->attribute))
            continue;
        enum bs_code code = test_entry(tx, entry, error);
        if (code != BS_OK)
            return tx_blame_entry(tx, entry, code, error);
    }
    return BS_OK;
}
