/*
 * Entity specs. :db/ensure is said of an entity like an attribute, but it makes no datom: it asks
 * that the entity, in the value after the transaction, has the attributes of the spec and passes
 * its predicates. The spec is the one of the value before, as all names of a transaction are.
 */

#include "datom/bootstrap.h"
#include "datom/tx.h"

struct spec {
    struct edn name; /* its ident, or its id */
    struct edn attrs, preds;
};

enum bs_code tx_take_ensure(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    if (op->kind == TX_ADD) {
        tx->ensures_count++;
        return BS_OK;
    }
    bs_error_set(error, BS_REASON_DB_INVALID_ENSURE,
                 ":db/ensure is not stored: expected it in a map or with :db/add");
    return tx_blame(tx, op->form_idx, BS_INVALID_ARGUMENT, error);
}

/* ---- the spec ---- */

/* The values of an attribute of the spec, in the scratch arena. */
static enum bs_code read_values(struct tx *tx, datom_id e, datom_id a, struct edn *ret_values,
                                struct bs_error *error)
{
    struct datom_range range = {.index = DATOM_EAVT, .has_e = true, .e = e, .has_a = true, .a = a};
    struct edn_list values;
    edn_list_init(&values, tx->scratch);
    BS_TRY(tx_walk(tx, &range, error));
    for (;;) {
        const struct datom *datoms;
        size_t count;
        BS_TRY(datom_cursor_next(tx->cursor, &datoms, &count, error));
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++)
            edn_list_add(&values, edn_dup(tx->scratch, datoms[i].v));
    }
    *ret_values = edn_list_finish(&values, EDN_VECTOR);
    return BS_OK;
}

/* The spec's name is there also on failure. */
static enum bs_code read_spec(struct tx *tx, const struct tx_op *op, struct spec *ret_spec,
                              struct bs_error *error)
{
    datom_id id =
        op->v_is_temp ? tx->temps[tx_temp_root(tx, op->v_temp)].id : (datom_id)op->v.as.integer;
    struct bs_str ident = datom_db_ident(tx->db, id);
    *ret_spec = (struct spec){.name = ident.len > 0 ? edn_keyword(ident) : edn_long((int64_t)id)};
    BS_TRY(read_values(tx, id, DATOM_DB_ENTITY_ATTRS, &ret_spec->attrs, error));
    BS_TRY(read_values(tx, id, DATOM_DB_ENTITY_PREDS, &ret_spec->preds, error));
    if (ret_spec->attrs.len + ret_spec->preds.len > 0)
        return BS_OK;
    char name[120];
    return bs_error_set(error, BS_REASON_DB_INVALID_ENSURE,
                        "%s is no entity spec: expected an entity that has :db.entity/attrs or "
                        ":db.entity/preds in the database before this transaction",
                        edn_print_cut(ret_spec->name, name, sizeof(name)));
}

/* ---- testing an entity ---- */

static enum bs_code has_attribute(struct datom_db *db, datom_id e, struct bs_str ident,
                                  bool *ret_has, struct bs_error *error)
{
    const struct datom_attribute *attribute = datom_db_attribute_named(db, ident);
    *ret_has = false;
    if (!attribute)
        return BS_OK;
    struct datom_range range = {
        .index = DATOM_EAVT, .has_e = true, .e = e, .has_a = true, .a = attribute->id};
    struct datom_cursor *cursor;
    const struct datom *datoms;
    size_t count = 0;
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    enum bs_code code = datom_cursor_next(cursor, &datoms, &count, error);
    datom_cursor_free(cursor);
    *ret_has = count > 0;
    return code;
}

static enum bs_code test_attrs(struct tx *tx, struct datom_db *db_after, datom_id e,
                               const struct spec *spec, struct bs_error *error)
{
    struct edn_list missing;
    edn_list_init(&missing, tx->scratch);
    for (uint32_t i = 0; i < spec->attrs.len; i++) {
        bool has;
        BS_TRY(has_attribute(db_after, e, edn_text_of(spec->attrs.as.items[i]), &has, error));
        if (!has)
            edn_list_add(&missing, spec->attrs.as.items[i]);
    }
    if (missing.count == 0)
        return BS_OK;
    char name[120], list[300];
    bs_error_set(error, BS_REASON_DB_ENTITY_ATTR, "entity %llu lacks %s, which the spec %s wants",
                 (unsigned long long)e,
                 edn_print_cut(edn_list_finish(&missing, EDN_VECTOR), list, sizeof(list)),
                 edn_print_cut(spec->name, name, sizeof(name)));
    tx_note_text(error, "attribute", edn_text_of(missing.items[0]));
    return BS_INVALID_ARGUMENT;
}

static enum bs_code test_pred(struct tx *tx, struct datom_db *db_after, datom_id e,
                              struct bs_str name, struct bs_error *error)
{
    const struct datom_entity_predicate *found =
        datom_functions_find_entity_predicate(tx->db->body->functions, name);
    if (!found) {
        bs_error_set(error, BS_REASON_DB_NOT_A_PREDICATE,
                     "%.*s, a predicate of entities, is not registered: expected datom_options "
                     "with functions that have it (datom_functions_add_entity_predicate)",
                     BS_STR_ARGS(name));
        tx_note_text(error, "pred", name);
        return BS_FAILED_PRECONDITION;
    }
    struct edn returned = edn_nil();
    enum bs_code code = found->test(found->self, db_after, e, tx->scratch, &returned, error);
    if (code != BS_OK) {
        bs_error_prefix(error, "in the predicate %.*s: ", BS_STR_ARGS(name));
        return code;
    }
    if (returned.type == EDN_BOOLEAN && returned.as.boolean)
        return BS_OK;
    char text[120];
    bs_error_set(error, BS_REASON_DB_ENTITY_PRED,
                 "entity %llu does not pass %.*s, which gave %s: expected true",
                 (unsigned long long)e, BS_STR_ARGS(name),
                 edn_print_cut(returned, text, sizeof(text)));
    tx_note_predicate(error, name, returned);
    return BS_INVALID_ARGUMENT;
}

static enum bs_code test_spec(struct tx *tx, struct datom_db *db_after, datom_id e,
                              const struct spec *spec, struct bs_error *error)
{
    BS_TRY(test_attrs(tx, db_after, e, spec, error));
    for (uint32_t i = 0; i < spec->preds.len; i++) {
        BS_TRY(bs_interrupt_check(tx->interrupt, error));
        BS_TRY(test_pred(tx, db_after, e, edn_text_of(spec->preds.as.items[i]), error));
    }
    return BS_OK;
}

static enum bs_code test_entity(struct tx *tx, struct datom_db *db_after, const struct tx_op *op,
                                struct bs_error *error)
{
    struct spec spec;
    datom_id e = tx_place_id(tx, &op->e);
    enum bs_code code = read_spec(tx, op, &spec, error);
    if (code == BS_OK)
        code = test_spec(tx, db_after, e, &spec, error);
    if (code == BS_OK)
        return BS_OK;
    tx_note_value(error, "spec", spec.name);
    tx_note_integer(error, "entity", (int64_t)e);
    return tx_blame(tx, op->form_idx, code, error);
}

enum bs_code tx_check_ensures(struct tx *tx, struct bs_error *error)
{
    if (tx->ensures_count == 0)
        return BS_OK;
    struct datom_db *db_after = datom_db_new(tx->body_after);
    enum bs_code code = BS_OK;
    for (size_t i = 0; i < tx->ops_count && code == BS_OK; i++) {
        const struct tx_op *op = &tx->ops[i];
        if (!op->attribute || op->attribute->id != DATOM_DB_ENSURE)
            continue;
        code = test_entity(tx, db_after, op, error);
    }
    datom_db_unref(db_after);
    return code;
}
