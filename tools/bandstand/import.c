/*
 * EDN into a store, a transaction for each top-level form. A batch that names itself by a unique
 * attribute on its transaction is skipped when the store has that name.
 */

#include "import.h"

/* ---- batch identities ---- */

/* The pair of a batch-ident map that names the batch: the one that is not :db/id. */
static enum bs_code find_batch_name(struct edn ident, struct edn *ret_attribute,
                                    struct edn *ret_value, struct bs_error *error)
{
    char text[160];
    size_t names = 0;
    if (ident.type == EDN_MAP) {
        for (uint32_t i = 0; i < ident.len; i++) {
            if (edn_is_keyword(ident.as.items[2 * i], "db/id"))
                continue;
            *ret_attribute = ident.as.items[2 * i];
            *ret_value = ident.as.items[2 * i + 1];
            names++;
        }
    }
    if (names == 1 && ret_attribute->type == EDN_KEYWORD)
        return BS_OK;
    return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                        ":batch-ident %s: expected a map of :db/id and one unique attribute",
                        edn_print_cut(ident, text, sizeof(text)));
}

static enum bs_code install_batch_attribute(struct import *import, struct edn attribute,
                                            struct bs_arena *arena, struct bs_error *error)
{
    struct edn map[] = {
        EDN_KEYWORD_LIT("db/ident"),       attribute,
        EDN_KEYWORD_LIT("db/valueType"),   EDN_KEYWORD_LIT("db.type/string"),
        EDN_KEYWORD_LIT("db/cardinality"), EDN_KEYWORD_LIT("db.cardinality/one"),
        EDN_KEYWORD_LIT("db/unique"),      EDN_KEYWORD_LIT("db.unique/identity"),
        EDN_KEYWORD_LIT("db/doc"),         EDN_STRING_LIT("Names an imported batch."),
    };
    struct edn form = edn_map_of(arena, map, BS_ARRAY_COUNT(map) / 2);
    return datom_transact(import->conn, edn_vector_of(arena, &form, 1), NULL, NULL, error);
}

/* Whether the batch is in already; installs the attribute when the store lacks it. */
static enum bs_code look_for_batch(struct import *import, struct edn ident, struct bs_arena *arena,
                                   bool *ret_is_in, struct bs_error *error)
{
    struct edn name[2];
    datom_id id;
    char text[120];
    BS_TRY(find_batch_name(ident, &name[0], &name[1], error));
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(import->conn);
    const struct datom_attribute *attribute = datom_db_attribute_named(db, edn_text_of(name[0]));
    *ret_is_in = false;
    if (!attribute)
        return install_batch_attribute(import, name[0], arena, error);
    if (attribute->unique == DATOM_UNIQUE_NONE)
        return bs_error_set(error, BS_REASON_DB_LOOKUP_REF_ATTR_NOT_UNIQUE,
                            ":batch-ident goes by %s, which is not unique: expected :db/unique",
                            edn_print_cut(name[0], text, sizeof(text)));
    BS_TRY(datom_db_resolve(db, edn_vector_of(arena, name, 2), &id, error));
    *ret_is_in = id != DATOM_NO_ID;
    return BS_OK;
}

/* ---- forms ---- */

static enum bs_code transact_form(struct import *import, struct edn tx_data, struct bs_error *error)
{
    BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
    BS_TRY(datom_transact(import->conn, tx_data, NULL, &report, error));
    import->transactions++;
    import->datoms += report->datoms_count;
    return BS_OK;
}

static enum bs_code import_batch(struct import *import, struct edn form, struct bs_arena *arena,
                                 struct bs_error *error)
{
    char text[120];
    struct edn data, ident;
    bool is_in = false;
    if (!edn_map_get_keyword(form, BS_STR("data"), &data) || !edn_is_collection(data))
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "%s: expected a vector of tx-data, or a map with :data",
                            edn_print_cut(form, text, sizeof(text)));
    if (!edn_map_get_keyword(form, BS_STR("batch-ident"), &ident))
        return transact_form(import, data, error);
    BS_TRY(look_for_batch(import, ident, arena, &is_in, error));
    if (is_in) {
        import->skipped++;
        return BS_OK;
    }
    struct edn *forms = bs_arena_new_array(arena, (size_t)data.len + 1, struct edn);
    if (data.len > 0)
        memcpy(forms, data.as.items, data.len * sizeof(*forms));
    forms[data.len] = ident;
    return transact_form(import, edn_collection(EDN_VECTOR, forms, (size_t)data.len + 1), error);
}

static enum bs_code import_form(struct import *import, struct edn form, struct bs_arena *arena,
                                struct bs_error *error)
{
    char text[120];
    if (edn_is_sequential(form))
        return transact_form(import, form, error);
    if (form.type == EDN_MAP)
        return import_batch(import, form, arena, error);
    return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                        "%s: expected a vector of tx-data, or a map with :data",
                        edn_print_cut(form, text, sizeof(text)));
}

enum bs_code import_text(struct import *import, const char *name, struct bs_str text,
                         struct bs_error *error)
{
    struct edn_reader reader;
    edn_reader_init(&reader, text);
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    for (;;) {
        struct edn form;
        bool found;
        bs_arena_reset(arena);
        enum bs_code code = edn_read_next(&reader, arena, &form, &found, error);
        if (code != BS_OK) {
            bs_error_prefix(error, "%s:%u:%u: ", name, reader.line, reader.column);
            return code;
        }
        if (!found)
            return BS_OK;
        code = import_form(import, form, arena, error);
        if (code != BS_OK) {
            bs_error_prefix(error, "%s: the form that ends at line %u: ", name, reader.line);
            return code;
        }
        if (import->tell)
            import->tell(import->tell_self, reader.offset);
    }
}
