/* Schemas put into whatever store there is: what differs from the text is transacted, at once. */

#include "universe/universe.h"

/* Whether the entity has this value of this attribute. */
static enum bs_code has_value(struct datom_db *db, datom_id e, struct edn key, struct edn value,
                              struct bs_arena *arena, bool *ret_has, struct bs_error *error)
{
    const struct datom_attribute *attribute;
    struct edn wanted, there;
    bool found = false;
    BS_TRY(datom_db_find_attribute(db, key, &attribute, error));
    BS_TRY(datom_db_coerce(db, attribute, value, arena, &wanted, error));
    BS_TRY(datom_db_get(db, e, attribute, arena, &there, &found, error));
    *ret_has = found && edn_equal(wanted, there);
    return BS_OK;
}

static enum bs_code is_installed(struct datom_db *db, struct edn form, struct bs_arena *arena,
                                 bool *ret_installed, struct bs_error *error)
{
    struct edn ident;
    char text[120];
    *ret_installed = false;
    if (!edn_map_get_keyword(form, BS_STR("db/ident"), &ident) || ident.type != EDN_KEYWORD)
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "%s can't be installed: expected a map with :db/ident, a keyword",
                            edn_print_cut(form, text, sizeof(text)));
    datom_id e = datom_db_entid(db, edn_text_of(ident));
    if (e == DATOM_NO_ID)
        return BS_OK;
    for (uint32_t i = 0; i < form.len; i++) {
        bool has;
        BS_TRY(
            has_value(db, e, form.as.items[2 * i], form.as.items[2 * i + 1], arena, &has, error));
        if (!has)
            return BS_OK;
    }
    *ret_installed = true;
    return BS_OK;
}

enum bs_code universe_install(struct datom_conn *conn, struct bs_str text, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    struct edn forms;
    struct edn_list missing;
    BS_TRY(edn_read(text, arena, &forms, error));
    edn_list_init(&missing, arena);
    for (uint32_t i = 0; edn_is_sequential(forms) && i < forms.len; i++) {
        bool installed;
        BS_TRY(is_installed(db, forms.as.items[i], arena, &installed, error));
        if (!installed)
            edn_list_add(&missing, forms.as.items[i]);
    }
    if (missing.count == 0)
        return BS_OK;
    return datom_transact(conn, edn_list_finish(&missing, EDN_VECTOR), NULL, NULL, error);
}
