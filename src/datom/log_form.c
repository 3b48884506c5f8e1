/* Reading and printing transactions of a log, datom by datom. */

#include "datom/log_form.h"

#include "datom/key.h"

#define DATOM_FIELDS 5

bool datom_log_form_is(struct edn form)
{
    struct edn t, data;
    return form.type == EDN_MAP && edn_map_get_keyword(form, BS_STR("t"), &t) &&
           edn_map_get_keyword(form, BS_STR("data"), &data);
}

/* ---- reading ---- */

static enum bs_code invalid(struct edn form, const char *what, struct bs_error *error)
{
    char text[160];
    return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM, "%s: expected %s",
                        edn_print_cut(form, text, sizeof(text)), what);
}

static bool take_id(struct edn value, uint64_t *ret_id)
{
    if (value.type != EDN_LONG || value.as.integer < 0)
        return false;
    *ret_id = (uint64_t)value.as.integer;
    return true;
}

static enum bs_code read_datom(struct datom_db *db, struct edn form, uint64_t t,
                               struct bs_arena *arena, struct datom *ret_datom,
                               struct bs_error *error)
{
    const struct edn *fields = form.as.items;
    const struct datom_attribute *attribute;
    if (!edn_is_sequential(form) || form.len != DATOM_FIELDS ||
        !take_id(fields[0], &ret_datom->e) || !take_id(fields[3], &ret_datom->tx) ||
        fields[4].type != EDN_BOOLEAN)
        return invalid(form, "a datom [e attribute v tx added]", error);
    if (ret_datom->tx != datom_t_to_tx(t))
        return invalid(form, "the transaction's own id in tx", error);
    BS_TRY(datom_db_find_attribute(db, fields[1], &attribute, error));
    if (attribute->type == DATOM_TYPE_REF && fields[2].type != EDN_LONG)
        return invalid(form, "an entity id as value of a ref", error);
    ret_datom->a = attribute->id;
    ret_datom->added = fields[4].as.boolean;
    return datom_db_coerce(db, attribute, fields[2], arena, &ret_datom->v, error);
}

enum bs_code datom_log_form_read(struct datom_db *db, struct edn form, struct bs_arena *arena,
                                 struct datom_log_entry *ret_entry, struct bs_error *error)
{
    struct edn t, data;
    if (!datom_log_form_is(form) || !edn_map_get_keyword(form, BS_STR("t"), &t) ||
        !edn_map_get_keyword(form, BS_STR("data"), &data) || !take_id(t, &ret_entry->t) ||
        !edn_is_sequential(data))
        return invalid(form, "a transaction {:t N :data [datom ...]}", error);
    struct datom *datoms = bs_arena_new_array(arena, (size_t)data.len + 1, struct datom);
    for (uint32_t i = 0; i < data.len; i++)
        BS_TRY(read_datom(db, data.as.items[i], ret_entry->t, arena, &datoms[i], error));
    ret_entry->datoms = datoms;
    ret_entry->count = data.len;
    return BS_OK;
}

/* ---- printing ---- */

static void print_attribute(const struct datom_db *db, datom_id a, struct bs_buf *out)
{
    const struct datom_attribute *attribute = datom_db_attribute(db, a);
    if (attribute)
        edn_print(edn_text(EDN_KEYWORD, attribute->ident), out);
    else
        bs_buf_printf(out, "%llu", (unsigned long long)a);
}

void datom_log_form_print(const struct datom_db *db, const struct datom_log_entry *entry,
                          struct bs_buf *out)
{
    bs_buf_printf(out, "{:t %llu, :data [", (unsigned long long)entry->t);
    for (size_t i = 0; i < entry->count; i++) {
        const struct datom *datom = &entry->datoms[i];
        bs_buf_printf(out, "%s[%llu ", i == 0 ? "" : " ", (unsigned long long)datom->e);
        print_attribute(db, datom->a, out);
        bs_buf_append_byte(out, ' ');
        edn_print(datom->v, out);
        bs_buf_printf(out, " %llu %s]", (unsigned long long)datom->tx,
                      datom->added ? "true" : "false");
    }
    bs_buf_append_cstr(out, "]}");
}
