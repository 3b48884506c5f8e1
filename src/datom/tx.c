/* The steps of a transaction in their order, and what they share. */

#include "datom/tx.h"

#include <xxhash.h>

#include "datom/bootstrap.h"
#include "datom/change_sort.h"
#include "datom/tx_expand.h"

uint64_t tx_hash(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}

enum bs_code tx_blame(const struct tx *tx, uint32_t form_idx, enum bs_code code,
                      struct bs_error *error)
{
    char text[160];
    if (form_idx < tx->forms.len) {
        edn_print_cut(tx->forms.as.items[form_idx], text, sizeof(text));
        bs_error_prefix(error, "form %u, %s: ", form_idx, text);
        bs_error_add_integer(error, "form", form_idx);
    }
    return code;
}

void tx_note_integer(struct bs_error *error, const char *key, int64_t value)
{
    if (error && bs_error_find(error, key) == NULL)
        bs_error_add_integer(error, key, value);
}

void tx_note_text(struct bs_error *error, const char *key, struct bs_str text)
{
    if (error && bs_error_find(error, key) == NULL)
        bs_error_add_text(error, key, text);
}

void tx_note_value(struct bs_error *error, const char *key, struct edn value)
{
    char text[BS_ERROR_FIELD_TEXT_MAX];
    if (!error)
        return;
    edn_print_cut(value, text, sizeof(text));
    tx_note_text(error, key, bs_str_from(text));
}

enum bs_code tx_blame_entry(const struct tx *tx, const struct tx_entry *entry, enum bs_code code,
                            struct bs_error *error)
{
    tx_note_integer(error, "entity", (int64_t)entry->e);
    tx_note_text(error, "attribute", entry->attribute->ident);
    tx_note_value(error, "value", entry->v);
    return tx_blame(tx, entry->form_idx, code, error);
}

enum bs_code tx_walk(struct tx *tx, const struct datom_range *range, struct bs_error *error)
{
    if (tx->cursor)
        return datom_cursor_reset(tx->cursor, range, error);
    return datom_cursor_open(tx->db, range, &tx->cursor, error);
}

static enum bs_code seek_holder(struct tx *tx, const struct datom_attribute *attribute,
                                struct edn value, datom_id *ret_id, struct bs_error *error)
{
    struct datom_range range = {
        .index = DATOM_AVET, .has_a = true, .a = attribute->id, .has_v = true, .v = value};
    const struct datom *datoms;
    size_t count;
    BS_TRY(tx_walk(tx, &range, error));
    BS_TRY(datom_cursor_next(tx->cursor, &datoms, &count, error));
    if (count > 0)
        *ret_id = datoms[0].e;
    return BS_OK;
}

enum bs_code tx_lookup(struct tx *tx, const struct datom_attribute *attribute, struct edn value,
                       datom_id *ret_id, struct bs_error *error)
{
    *ret_id = DATOM_NO_ID;
    /* an attribute that becomes unique in this transaction is not indexed in db-before */
    if (datom_body_count(tx->db->body, attribute->id) == 0 || !attribute->has_avet)
        return BS_OK;
    if (!tx->holders || attribute->unique == DATOM_UNIQUE_NONE)
        return seek_holder(tx, attribute, value, ret_id, error);
    struct datom_key_value key_value;
    datom_key_value_encode(value, attribute->type, &key_value);
    if (datom_holders_find(tx->holders, attribute->id, &key_value, ret_id))
        return BS_OK;
    BS_TRY(seek_holder(tx, attribute, value, ret_id, error));
    if (*ret_id != DATOM_NO_ID)
        datom_holders_put(tx->holders, attribute->id, &key_value, *ret_id);
    return BS_OK;
}

static enum bs_code check_instant(const struct tx *tx, const struct tx_entry *entry,
                                  struct bs_error *error)
{
    int64_t ms = entry->v.as.integer;
    int64_t last = tx->db->body->last_instant_ms;
    if (ms >= last && ms <= BS_MAX(tx->now_ms, last))
        return BS_OK;
    char given[64], earliest[64];
    edn_print_cut(entry->v, given, sizeof(given));
    edn_print_cut(edn_instant(last), earliest, sizeof(earliest));
    bs_error_set(error, BS_REASON_DB_PAST_TX_INSTANT,
                 ":db/txInstant %s is %s: expected one from %s, the last transaction's, to now",
                 given, ms < last ? "too early" : "in the future", earliest);
    return tx_blame_entry(tx, entry, BS_INVALID_ARGUMENT, error);
}

/* The transaction's instant: the one that the forms give, or now, never before the last one's. */
static enum bs_code stamp(struct tx *tx, struct bs_error *error)
{
    tx->now_ms = tx->clock.now_ms(tx->clock.self);
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        /* a retraction from this transaction takes nothing away: it has nothing yet */
        if (entry->attribute->id != DATOM_DB_TX_INSTANT || entry->is_redundant)
            continue;
        if (entry->e != tx->tx_id) {
            bs_error_set(error, BS_REASON_DB_DATOM_CANNOT_BE_ALTERED,
                         ":db/txInstant of entity %llu can't be changed: expected the entity of "
                         "this transaction, \"datomic.tx\"",
                         (unsigned long long)entry->e);
            return tx_blame_entry(tx, entry, BS_INVALID_ARGUMENT, error);
        }
        tx->instant_ms = entry->v.as.integer;
        return check_instant(tx, entry, error);
    }
    tx->instant_ms = BS_MAX(tx->now_ms, tx->db->body->last_instant_ms);
    struct tx_op op = {
        .kind = TX_ADD,
        .form_idx = UINT32_MAX,
        .e = {.is_temp = true, .temp = TX_TEMP_TX},
        .attribute = datom_schema_attribute(tx->db->body->schema, DATOM_DB_TX_INSTANT),
        .v = edn_instant(tx->instant_ms),
    };
    return tx_add_entry(tx, &op, error);
}

static void list_tempids(struct tx *tx, struct datom_report *report)
{
    struct datom_tempid *tempids =
        bs_arena_new_array(tx->arena, tx->temps_count + 1, struct datom_tempid);
    size_t count = 0;
    for (uint32_t i = TX_TEMP_TX + 1; i < tx->temps_count; i++) {
        datom_id id = tx->temps[tx_temp_root(tx, i)].id;
        if (tx->temps[i].name.len > 0 && id != DATOM_NO_ID)
            tempids[count++] = (struct datom_tempid){.name = tx->temps[i].name, .id = id};
    }
    report->tempids = tempids;
    report->tempids_count = count;
}

static enum bs_code run_steps(struct tx *tx, struct bs_error *error)
{
    BS_TRY(tx_expand(tx, error));
    BS_TRY(tx_bind_identities(tx, error));
    BS_TRY(tx_make_entries(tx, error));
    BS_TRY(stamp(tx, error));
    BS_TRY(tx_check_functions(tx, error));
    BS_TRY(tx_check_predicates(tx, error));
    BS_TRY(tx_check_schema(tx, error));
    BS_TRY(tx_check_excisions(tx, error));
    BS_TRY(tx_apply(tx, error));
    return tx_check_ensures(tx, error);
}

/* ---- memory ---- */

/* Of its arrays together, and bytes of its arena: what a transaction needed beyond is given back.
 */
#define KEPT_ITEMS_MAX 256u
#define KEPT_BYTES_MAX (16u * 1024)

static void init_memory(struct tx *tx)
{
    *tx = (struct tx){.scratch = bs_arena_new(0), .record = BS_BUF_INIT(0)};
}

static void fini_memory(struct tx *tx)
{
    datom_table_fini(&tx->temps_by_name);
    datom_table_fini(&tx->entries_by_eav);
    datom_table_fini(&tx->adds_by_ea);
    datom_table_fini(&tx->adds_by_av);
    free(tx->temps);
    free(tx->matches);
    free(tx->ops);
    free(tx->entries);
    free(tx->changes);
    bs_buf_fini(&tx->record);
    bs_arena_free(tx->scratch);
}

struct tx *tx_new(void)
{
    struct tx *tx = bs_malloc(sizeof(*tx));
    init_memory(tx);
    return tx;
}

void tx_free(struct tx *tx)
{
    if (!tx)
        return;
    fini_memory(tx);
    free(tx);
}

static bool is_large(const struct tx *tx)
{
    size_t items = tx->temps_capacity + tx->matches_capacity + tx->ops_capacity +
                   tx->entries_capacity + tx->changes_capacity;
    return items > KEPT_ITEMS_MAX || tx->record.capacity > KEPT_BYTES_MAX ||
           bs_arena_used_bytes(tx->scratch) > KEPT_BYTES_MAX;
}

/* Nothing of a transaction is left but its memory. */
static void end(struct tx *tx)
{
    datom_cursor_free(tx->cursor);
    datom_db_unref(tx->db);
    datom_schema_unref(tx->schema_after);
    tx_sequences_free(tx->sequences);
    if (is_large(tx)) {
        fini_memory(tx);
        init_memory(tx);
        return;
    }
    memset(tx, 0, offsetof(struct tx, scratch));
    tx->temps_count = tx->matches_count = tx->ops_count = tx->entries_count = tx->changes_count = 0;
    datom_table_reset(&tx->temps_by_name);
    datom_table_reset(&tx->entries_by_eav);
    datom_table_reset(&tx->adds_by_ea);
    datom_table_reset(&tx->adds_by_av);
    bs_arena_reset(tx->scratch);
}

/* ---- running ---- */

/* Sorted, so that neighbours in an index are written one after another: an import takes a quarter
 * less of the processor than with the changes as they were made. */
static void give_changes(struct tx *tx, struct tx_result *result)
{
    result->changes = bs_arena_new_array(tx->arena, tx->changes_count + 1, struct datom_change);
    datom_changes_sort(tx->changes, tx->changes_count, tx->scratch, result->changes);
    result->changes_count = tx->changes_count;
}

/* An entry of a unique attribute that is no news, or of another attribute, says nothing of holders.
 */
static bool moves_unique(const struct tx_entry *entry, bool added)
{
    return entry->added == added && !entry->is_redundant &&
           entry->attribute->unique != DATOM_UNIQUE_NONE;
}

/* Who holds what after it: a value may be given up by one entity and taken by another. */
static void tell_holders(const struct tx *tx)
{
    if (tx->has_erased || tx->schema_after != tx->db->body->schema)
        datom_holders_clear(tx->holders);
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        if (moves_unique(entry, false))
            datom_holders_remove(tx->holders, entry->attribute->id, entry->key_value);
    }
    for (size_t i = 0; i < tx->entries_count && !tx->has_erased; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        if (moves_unique(entry, true))
            datom_holders_put(tx->holders, entry->attribute->id, entry->key_value, entry->e);
    }
    datom_holders_advance(tx->holders, tx->t);
}

static void give_result(struct tx *tx, struct tx_result *ret_result)
{
    *ret_result = (struct tx_result){
        .body = tx->body_after,
        .now_ms = tx->now_ms,
        .has_erased = tx->has_erased,
        .touched = tx->touched,
        .touched_count = tx->touched_count,
        .uncounted = tx->uncounted,
        .uncounted_count = tx->uncounted_count,
    };
    if (tx->keep_changes)
        give_changes(tx, ret_result);
}

static void begin(struct tx *tx, const struct tx_request *request, struct datom_report *report)
{
    uint64_t t = request->before->next_t;
    tx->db = datom_db_ref(report->db_before);
    tx->forms = request->tx_data;
    tx->clock = request->clock.now_ms ? request->clock : bs_clock_system();
    tx->interrupt = request->interrupt;
    tx->holders = request->holders;
    tx->arena = report->arena;
    tx->t = t;
    tx->tx_id = datom_t_to_tx(t);
    tx->next_t = t + 1;
    tx->next_element = request->before->next_element;
    tx->keep_changes = request->keep_changes;
    if (tx->holders)
        datom_holders_expect(tx->holders, request->before->basis_t);
}

enum bs_code tx_run(struct tx *tx, const struct tx_request *request, struct datom_report *report,
                    struct tx_result *ret_result, struct bs_error *error)
{
    begin(tx, request, report);
    enum bs_code code = run_steps(tx, error);
    if (code == BS_OK) {
        list_tempids(tx, report);
        report->datoms = tx->datoms;
        report->datoms_count = tx->datoms_count;
        report->t = tx->t;
        give_result(tx, ret_result);
        if (tx->holders)
            tell_holders(tx);
    } else {
        datom_body_unref(tx->body_after);
    }
    end(tx);
    return code;
}

/* ---- replaying ---- */

/* The counters after it: above every id that it speaks of. */
static void count_ids(struct tx *tx, const struct datom_log_entry *entry)
{
    tx->next_t = BS_MAX(tx->next_t, tx->t + 1);
    for (size_t i = 0; i < entry->count; i++) {
        const struct datom *datom = &entry->datoms[i];
        datom_ids_pass(datom, datom_schema_attribute(tx->db->body->schema, datom->a), &tx->next_t,
                       &tx->next_element);
    }
}

static enum bs_code replay_steps(struct tx *tx, const struct datom_log_entry *entry,
                                 struct bs_error *error)
{
    tx->instant_ms = tx->db->body->last_instant_ms;
    for (size_t i = 0; i < entry->count; i++) {
        const struct datom *datom = &entry->datoms[i];
        BS_TRY(tx_replay_entry(tx, datom, error));
        if (datom->e == tx->tx_id && datom->a == DATOM_DB_TX_INSTANT)
            tx->instant_ms = datom->v.as.integer;
    }
    tx_replay_end(tx);
    tx->schema_after = datom_schema_apply(tx->db->body->schema, entry->datoms, entry->count);
    return tx_apply(tx, error);
}

enum bs_code tx_replay_changes(struct datom_body *before, const struct datom_log_entry *entry,
                               struct bs_arena *arena, struct tx_result *ret_result,
                               struct bs_error *error)
{
    struct tx *tx = tx_new();
    tx->db = datom_db_new(before);
    tx->arena = arena;
    tx->t = entry->t;
    tx->tx_id = datom_t_to_tx(entry->t);
    tx->next_t = before->next_t;
    tx->next_element = before->next_element;
    tx->keep_changes = true;
    count_ids(tx, entry);
    enum bs_code code = replay_steps(tx, entry, error);
    if (code == BS_OK)
        give_result(tx, ret_result);
    else
        datom_body_unref(tx->body_after);
    end(tx);
    tx_free(tx);
    return code;
}
