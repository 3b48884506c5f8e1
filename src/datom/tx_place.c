/*
 * Entities as forms name them: what names an existing one is resolved by db-before; tempids are
 * collected in the order in which they are met, which is the order in which they get ids.
 */

#include "datom/tx_expand.h"

/* ---- tempids ---- */

static bool temp_has_name(const void *self, uint32_t idx, const void *key)
{
    const struct tx *tx = self;
    const struct bs_str *name = key;
    return bs_str_equal(tx->temps[idx].name, *name);
}

uint32_t tx_temp_new(struct tx *tx, struct bs_str name, uint32_t form_idx)
{
    bs_grow(&tx->temps, tx->temps_count, &tx->temps_capacity, sizeof(*tx->temps));
    uint32_t temp = (uint32_t)tx->temps_count++;
    tx->temps[temp] = (struct tx_temp){
        .name = name,
        .parent = temp,
        .form_idx = form_idx,
        .id = DATOM_NO_ID,
    };
    return temp;
}

static uint32_t temp_named(struct tx *tx, struct bs_str name, uint32_t form_idx)
{
    uint64_t hash = tx_hash(name.ptr, name.len, 0);
    uint32_t temp = datom_table_find(&tx->temps_by_name, hash, temp_has_name, tx, &name);
    if (temp == DATOM_TABLE_NONE) {
        temp = tx_temp_new(tx, bs_arena_dup(tx->arena, name), form_idx);
        datom_table_add(&tx->temps_by_name, hash, temp);
    }
    return temp;
}

struct tx_place tx_place_of_temp(uint32_t temp)
{
    return (struct tx_place){.is_temp = true, .temp = temp};
}

static bool is_tagged_id(struct edn form)
{
    return form.type == EDN_TAGGED && edn_is_symbol(form.as.items[0], "db/id");
}

/*
 * #db/id[:db.part/user -1], as older schemas have it: a tempid with its partition. The number
 * counts inside of the partition; that of :db.part/user is the same tempid as the number alone.
 */
static enum bs_code place_of_tagged_id(struct tx *tx, struct edn form, uint32_t form_idx,
                                       struct tx_place *ret_place, struct bs_error *error)
{
    char text[120];
    struct edn parts = form.as.items[1];
    bool is_good = edn_is_sequential(parts) && (parts.len == 1 || parts.len == 2) &&
                   (parts.len == 1 ||
                    (parts.as.items[1].type == EDN_LONG && parts.as.items[1].as.integer < 0));
    if (!is_good)
        return bs_error_set(error, BS_REASON_DB_INVALID_TEMPID,
                            "%s is no tempid: expected #db/id[partition] or "
                            "#db/id[partition -1], with any negative number",
                            edn_print_cut(form, text, sizeof(text)));
    struct edn partition = tx_keyword_of_string(parts.as.items[0]);
    if (edn_is_keyword(partition, "db.part/tx")) {
        *ret_place = tx_place_of_temp(TX_TEMP_TX);
        return BS_OK;
    }
    struct bs_str name = BS_STR_EMPTY;
    if (parts.len == 2 && edn_is_keyword(partition, "db.part/user"))
        name = bs_arena_printf(tx->scratch, "%lld", (long long)parts.as.items[1].as.integer);
    else if (parts.len == 2)
        name = edn_print_short(tx->scratch, form, BS_LIMIT_KEYWORD_BYTES);
    uint32_t temp = name.len > 0 ? temp_named(tx, name, form_idx) : tx_temp_new(tx, name, form_idx);
    *ret_place = tx_place_of_temp(temp);
    return tx_tag_partition(tx, temp, partition, error);
}

static enum bs_code place_of_string(struct tx *tx, struct bs_str name, uint32_t form_idx,
                                    struct tx_place *ret_place, struct bs_error *error)
{
    if (bs_str_equals(name, "datomic.tx")) {
        *ret_place = tx_place_of_temp(TX_TEMP_TX);
        return BS_OK;
    }
    if (name.len == 0 || bs_str_starts_with(name, BS_STR("datomic")))
        return bs_error_set(error, BS_REASON_DB_INVALID_TEMPID,
                            "\"%.*s\" can't be a tempid: names that begin with \"datomic\" are "
                            "reserved, and an empty one is none",
                            BS_STR_ARGS(name));
    *ret_place = tx_place_of_temp(temp_named(tx, name, form_idx));
    return BS_OK;
}

/* ---- places ---- */

static bool id_was_issued(const struct tx *tx, datom_id id)
{
    if (datom_id_part(id) == DATOM_PART_DB)
        return id < tx->db->body->next_element;
    return datom_id_counter(id) < tx->db->body->next_t;
}

/* ":ns/name" where a keyword may stand; everything else as it is. */
struct edn tx_keyword_of_string(struct edn form)
{
    if (form.type == EDN_STRING && form.len > 0 && form.as.text[0] == ':')
        return edn_keyword(bs_str_from_offset(edn_text_of(form), 1));
    return form;
}

/* An entity as it may stand in E or in V of a reference (maps aside). */
enum bs_code tx_expand_place(struct tx *tx, struct edn form, uint32_t form_idx,
                             struct tx_place *ret_place, struct bs_error *error)
{
    char text[120];
    form = tx_keyword_of_string(form);
    if (form.type == EDN_STRING)
        return place_of_string(tx, edn_text_of(form), form_idx, ret_place, error);
    if (form.type == EDN_LONG && form.as.integer < 0) {
        struct bs_str name = bs_arena_printf(tx->scratch, "%lld", (long long)form.as.integer);
        *ret_place = tx_place_of_temp(temp_named(tx, name, form_idx));
        return BS_OK;
    }
    if (is_tagged_id(form))
        return place_of_tagged_id(tx, form, form_idx, ret_place, error);
    datom_id id;
    BS_TRY(datom_db_resolve(tx->db, form, &id, error));
    if (id == DATOM_NO_ID)
        return bs_error_set(error, BS_REASON_DB_NOT_AN_ENTITY,
                            "%s names no entity of the database before this transaction",
                            edn_print_cut(form, text, sizeof(text)));
    if (form.type == EDN_LONG && !id_was_issued(tx, id))
        return bs_error_set(error, BS_REASON_DB_INVALID_ENTITY_ID,
                            "%s is an entity id that was never issued: use a tempid for a new "
                            "entity",
                            edn_print_cut(form, text, sizeof(text)));
    *ret_place = (struct tx_place){.id = id};
    return BS_OK;
}

enum bs_code tx_expand_e(struct tx *tx, struct edn form, uint32_t form_idx,
                         struct tx_place *ret_place, struct bs_error *error)
{
    enum bs_code code = tx_expand_place(tx, form, form_idx, ret_place, error);
    if (code != BS_OK)
        tx_note_value(error, "entity", form);
    return code;
}
