/*
 * EDN into a store, a transaction for each top-level form. A batch that names itself by a unique
 * attribute on its transaction is skipped when the store has that name. While a transaction is
 * written, the next ones are read and resolved (import_pipeline.h).
 */

#include "import.h"

#include "import_pipeline.h"

/* A text on its way in. */
struct run {
    struct import *import;
    struct import_pipeline *pipeline;
    struct edn_reader reader;
    bool is_named; /* the form that was read last: by a batch-ident */
};

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

static enum bs_code install_batch_attribute(struct run *run, struct edn attribute,
                                            struct bs_error *error)
{
    struct edn map[] = {
        EDN_KEYWORD_LIT("db/ident"),       attribute,
        EDN_KEYWORD_LIT("db/valueType"),   EDN_KEYWORD_LIT("db.type/string"),
        EDN_KEYWORD_LIT("db/cardinality"), EDN_KEYWORD_LIT("db.cardinality/one"),
        EDN_KEYWORD_LIT("db/unique"),      EDN_KEYWORD_LIT("db.unique/identity"),
        EDN_KEYWORD_LIT("db/doc"),         EDN_STRING_LIT("Names an imported batch."),
    };
    struct edn form = edn_collection(EDN_MAP, map, BS_ARRAY_COUNT(map) / 2);
    return datom_transact(run->import->conn, edn_collection(EDN_VECTOR, &form, 1), NULL, NULL,
                          error);
}

/* Whether the batch is in already; installs the attribute when the store lacks it. */
static enum bs_code look_for_batch(struct run *run, struct edn ident, bool *ret_is_in,
                                   struct bs_error *error)
{
    struct edn name[2];
    datom_id id;
    char text[120];
    BS_TRY(find_batch_name(ident, &name[0], &name[1], error));
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = import_pipeline_db(run->pipeline);
    const struct datom_attribute *attribute = datom_db_attribute_named(db, edn_text_of(name[0]));
    *ret_is_in = false;
    if (!attribute)
        return install_batch_attribute(run, name[0], error);
    if (attribute->unique == DATOM_UNIQUE_NONE)
        return bs_error_set(error, BS_REASON_DB_LOOKUP_REF_ATTR_NOT_UNIQUE,
                            ":batch-ident goes by %s, which is not unique: expected :db/unique",
                            edn_print_cut(name[0], text, sizeof(text)));
    BS_TRY(datom_db_resolve(db, edn_collection(EDN_VECTOR, name, 2), &id, error));
    *ret_is_in = id != DATOM_NO_ID;
    return BS_OK;
}

/* ---- forms ---- */

/* A form's transaction; nil when its batch is in already. */
static enum bs_code batch_data(struct run *run, struct edn form, struct bs_arena *arena,
                               struct edn *ret_data, struct bs_error *error)
{
    char text[120];
    struct edn data, ident;
    bool is_in = false;
    if (!edn_map_get_keyword(form, BS_STR("data"), &data) || !edn_is_collection(data))
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "%s: expected a vector of tx-data, or a map with :data",
                            edn_print_cut(form, text, sizeof(text)));
    *ret_data = data;
    if (!edn_map_get_keyword(form, BS_STR("batch-ident"), &ident))
        return BS_OK;
    run->is_named = true;
    BS_TRY(look_for_batch(run, ident, &is_in, error));
    if (is_in) {
        *ret_data = edn_nil();
        return BS_OK;
    }
    struct edn *forms = bs_arena_new_array(arena, (size_t)data.len + 1, struct edn);
    if (data.len > 0)
        memcpy(forms, data.as.items, data.len * sizeof(*forms));
    forms[data.len] = ident;
    *ret_data = edn_collection(EDN_VECTOR, forms, (size_t)data.len + 1);
    return BS_OK;
}

static enum bs_code form_data(struct run *run, struct edn form, struct bs_arena *arena,
                              struct edn *ret_data, struct bs_error *error)
{
    char text[120];
    *ret_data = form;
    run->is_named = false;
    if (edn_is_sequential(form))
        return BS_OK;
    if (form.type == EDN_MAP)
        return batch_data(run, form, arena, ret_data, error);
    return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                        "%s: expected a vector of tx-data, or a map with :data",
                        edn_print_cut(form, text, sizeof(text)));
}

static enum bs_code import_form(struct run *run, struct edn form, struct bs_arena **arena,
                                struct bs_error *error)
{
    struct edn data;
    BS_TRY(form_data(run, form, *arena, &data, error));
    if (edn_is_nil(data)) {
        run->import->skipped++;
        return BS_OK;
    }
    const struct import_position *position = &run->import->position;
    bool is_last = import_position_is_last(position, &run->reader);
    if (!run->is_named || is_last)
        data = import_position_note(position, data, run->reader.offset, is_last, *arena);
    struct bs_arena *taken = *arena;
    *arena = NULL;
    return import_pipeline_put(run->pipeline, data, taken, run->reader.line, error);
}

/* ---- texts ---- */

static void name_form(const char *name, unsigned line, struct bs_error *error)
{
    bs_error_prefix(error, "%s: the form that ends at line %u: ", name, line);
}

/* One form after another until the end of the text, or a failure. */
static enum bs_code import_forms(struct run *run, const char *name, struct bs_error *error)
{
    struct import *import = run->import;
    for (;;) {
        BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
        struct edn form;
        bool found;
        enum bs_code code = edn_read_next(&run->reader, arena, &form, &found, error);
        if (code != BS_OK) {
            bs_error_prefix(error, "%s:%u:%u: ", name, run->reader.line, run->reader.column);
            return code;
        }
        if (!found)
            return BS_OK;
        code = import_form(run, form, &arena, error);
        if (code != BS_OK) {
            name_form(name, run->reader.line, error);
            return code;
        }
        if (import->tell) {
            struct import_progress progress;
            import_pipeline_progress(run->pipeline, &progress);
            import->tell(import->tell_self, run->reader.offset, progress.transactions,
                         progress.datoms);
        }
    }
}

enum bs_code import_text(struct import *import, const char *name, struct bs_str text,
                         struct bs_error *error)
{
    BS_CLEANUP(import_pipeline_freep) struct import_pipeline *pipeline = NULL;
    BS_TRY(import_pipeline_new(import->conn, &pipeline, error));
    struct run run = {.import = import, .pipeline = pipeline};
    struct import_progress progress;
    edn_reader_init(&run.reader, text);
    import_position_skip(&import->position, &run.reader);
    enum bs_code code = import_forms(&run, name, error);
    struct bs_error failure = BS_ERROR_INIT;
    enum bs_code earlier = import_pipeline_drain(pipeline, &failure);
    import_pipeline_progress(pipeline, &progress);
    import->transactions += progress.transactions;
    import->datoms += progress.datoms;
    import->position.texts_before += text.len;
    if (earlier == BS_OK)
        return code;
    /* what was under way failed before what was being read */
    name_form(name, progress.failed_line, &failure);
    if (error)
        *error = failure;
    return earlier;
}
