/*
 * Imports: a store made of an export, in which the script goes on as in a fork; and transactions
 * that come as a text, by an import that is cut off and made again.
 */

#include "script_run.h"

#include "datom/bootstrap.h"
#include "datom/bulk.h"
#include "datom/export.h"
#include "import.h"
#include "import_export.h"

/* ---- exports ---- */

static enum bs_code append(void *self, struct bs_str line, struct bs_error *error)
{
    (void)error;
    bs_buf_append_str(self, line);
    return BS_OK;
}

static enum bs_code load_datoms(struct datom_bulk *bulk, struct datom_db *db,
                                struct bs_error *error)
{
    struct datom_log_reader *reader;
    struct datom_log_entry entry;
    bool found = true;
    BS_TRY(datom_log_open(db, DATOM_FIRST_USER_T, UINT64_MAX, &reader, error));
    enum bs_code code = BS_OK;
    while (code == BS_OK && found) {
        code = datom_log_next(reader, &entry, &found, error);
        if (code == BS_OK && found)
            code = datom_bulk_add(bulk, &entry, error);
    }
    datom_log_close(reader);
    return code;
}

static enum bs_code load(struct datom_db *db, bool by_text, struct bs_str text, struct bs_str dir,
                         struct bs_error *error)
{
    BS_CLEANUP(datom_bulk_freep) struct datom_bulk *bulk = NULL;
    BS_TRY(datom_bulk_open(dir, &(struct datom_options){.no_sync = true}, &bulk, error));
    if (by_text)
        BS_TRY(import_export_text(bulk, "export", text, NULL, NULL, error));
    else
        BS_TRY(load_datoms(bulk, db, error));
    return datom_bulk_finish(bulk, error);
}

/* An export of what was loaded gives the same bytes. */
static bool compare_export(struct script_run *run, struct datom_db *db, struct bs_str should)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf is = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    if (datom_export(db, append, &is, &error) != BS_OK)
        return script_impossible(run, "export", &error);
    return bs_str_equal(bs_buf_str(&is), should) ||
           script_differs(run->difference, SCRIPT_LOG, "the export of what was loaded is another");
}

static bool go_on(struct script_run *run, struct datom_db *db, size_t moment, bool by_text)
{
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    char dir[SCRIPT_DIR_MAX];
    size_t store = ++run->stores_count;
    script_store_dir(run, store, dir);
    if (datom_export(db, append, &text, &error) != BS_OK)
        return script_impossible(run, "export", &error);
    if (load(db, by_text, bs_buf_str(&text), bs_str_from(dir), &error) != BS_OK)
        return script_impossible(run, "load", &error);
    struct model model = model_dup(&script_here(run)->model);
    model_read_log(&model, moment);
    struct script_place *place = &run->places[++run->depth];
    *place = (struct script_place){.model = model, .number = ++run->forks_count, .store = store};
    if (!script_open(run, place))
        return false;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *loaded = datom_conn_db(place->conn);
    return script_compare_everything(run, SCRIPT_SOME_MOMENTS) &&
           script_compare_check(loaded, run->difference) &&
           compare_export(run, loaded, bs_buf_str(&text));
}

bool script_load(struct script_run *run, struct edn step)
{
    const struct model *model = &script_here(run)->model;
    bool by_text = edn_is_keyword(step.as.items[1], "text");
    char print[80];
    if (run->depth + 1 == SCRIPT_PLACES_MAX || model->moments_count == 0)
        return true;
    size_t moment = model->moments_count - 1;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(script_here(run)->conn);
    if (step.len > 2) {
        moment = (uint64_t)step.as.items[2].as.integer % model->moments_count;
        struct datom_db *whole = db;
        db = datom_db_as_of(whole, model->moments[moment].t);
        datom_db_unref(whole);
    }
    snprintf(print, sizeof(print), "(def f%zu (fork %llu)) ; as a store loaded from an export",
             run->forks_count + 1, (unsigned long long)model->moments[moment].t);
    script_print_form(run, print, NULL, "");
    script_count_step(run->totals, "load");
    return go_on(run, db, moment, by_text);
}

/* ---- imports of transactions ---- */

#define TRANSACTIONS_MAX 8

struct text {
    struct edn transactions;
    struct bs_buf bytes;
    size_t ends[TRANSACTIONS_MAX]; /* of each transaction, in the bytes */
};

static void write_text(struct text *text)
{
    for (uint32_t i = 0; i < text->transactions.len; i++) {
        edn_print(text->transactions.as.items[i], &text->bytes);
        text->ends[i] = text->bytes.len;
        bs_buf_append_cstr(&text->bytes, "\n");
    }
}

/* Where the model has that an earlier import of the text was cut off. */
static uint64_t find_begin(const struct model *model, const char *text_id)
{
    struct edn last = edn_nil();
    uint64_t begin = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        if (model_is_live(life) && life->a == DATOM_DB_IMPORT_POSITION &&
            bs_str_starts_with(edn_text_of(life->v), bs_str_from(text_id)) &&
            (edn_is_nil(last) || edn_compare(life->v, last) > 0))
            last = life->v;
    }
    if (edn_is_nil(last))
        return 0;
    struct bs_str rest = bs_str_slice(edn_text_of(last), strlen(text_id) + 1, SIZE_MAX);
    return bs_str_parse_u64(rest, &begin) ? begin : 0;
}

/* What the import makes of one transaction, in the model. False: it is the last that it makes. */
static bool import_one(struct script_run *run, const struct import_position *position,
                       const struct text *text, uint32_t i, struct model_tx *ret_tx)
{
    struct script_place *place = script_here(run);
    struct model after;
    bool is_last = position->is_last_text && i + 1 == text->transactions.len;
    struct edn forms = import_position_note(position, text->transactions.as.items[i], text->ends[i],
                                            is_last, run->arena);
    *ret_tx = (struct model_tx){
        .before = &place->model, .arena = run->arena, .instant_ms = run->clock.now_ms};
    script_print_form(run, "(transact ", &forms, ")");
    bool is_good = model_transact(ret_tx, forms, &after);
    script_count(run->totals, forms, is_good ? BS_REASON_NONE : ret_tx->reasons[0]);
    if (!is_good)
        return false;
    model_fini(&place->model);
    place->model = after;
    return true;
}

/* The first `count` transactions of a text, or what of them is not in yet. */
static bool import(struct script_run *run, struct text *text, uint32_t count, bool *ret_is_refused)
{
    struct bs_error error = BS_ERROR_INIT;
    struct script_place *place = script_here(run);
    struct import import = {.conn = place->conn};
    struct import_position *position = &import.position;
    struct bs_str bytes = bs_buf_str(&text->bytes);
    struct model_tx tx = {0};
    uint64_t good = 0;
    *ret_is_refused = false;
    import_position_add_text(position, bytes);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(place->conn);
    if (import_position_find(position, db, &error) != BS_OK)
        return script_impossible(run, "where an import stands", &error);
    if (position->begin != find_begin(&place->model, position->text_id))
        return script_differs(run->difference, SCRIPT_LOG, "an import goes on at byte %llu",
                              (unsigned long long)position->begin);
    position->is_last_text = count == text->transactions.len;
    for (uint32_t i = 0; i < count && !*ret_is_refused; i++) {
        if (text->ends[i] <= position->begin)
            continue;
        model_tx_fini(&tx);
        *ret_is_refused = !import_one(run, position, text, i, &tx);
        good += !*ret_is_refused;
    }
    bytes = bs_str_slice(bytes, 0, count > 0 ? text->ends[count - 1] : 0);
    enum bs_code code = import_text(&import, "text", bytes, &error);
    bool agrees = script_compare_outcome(run, &tx, code, &error);
    model_tx_fini(&tx);
    if (agrees && import.transactions != good)
        return script_differs(run->difference, SCRIPT_OUTCOME, "%llu of %llu are imported",
                              (unsigned long long)import.transactions, (unsigned long long)good);
    return agrees;
}

bool script_import(struct script_run *run, struct edn step)
{
    struct text text = {
        .transactions = script_with_ids(run, &script_here(run)->model, step.as.items[1]),
        .bytes = BS_BUF_INIT(0),
    };
    uint32_t count = text.transactions.len;
    bool is_refused;
    BS_ASSERT(count <= TRANSACTIONS_MAX);
    write_text(&text);
    script_count_step(run->totals, "import");
    script_print_remark(run, "an import that is cut off, and made again");
    uint32_t cut = (uint32_t)step.as.items[2].as.integer % (count + 1);
    bool agrees = import(run, &text, cut, &is_refused);
    if (agrees && !is_refused)
        agrees = script_compare_everything(run, 0) && import(run, &text, count, &is_refused);
    bs_buf_fini(&text.bytes);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(script_here(run)->conn);
    return agrees && script_compare_everything(run, 0) &&
           script_compare_log(db, &script_here(run)->model, run->difference);
}
