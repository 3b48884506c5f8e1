/* The shell's function that shows what is known of an attribute. */

#include "shell/session.h"

static struct edn unique_of(const struct datom_attribute *attribute)
{
    switch (attribute->unique) {
    case DATOM_UNIQUE_VALUE:
        return EDN_KEYWORD_LIT("db.unique/value");
    case DATOM_UNIQUE_IDENTITY:
        return EDN_KEYWORD_LIT("db.unique/identity");
    case DATOM_UNIQUE_NONE:
        break;
    }
    return edn_nil();
}

/* Of a tuple: the members' idents, the types of the places, or the one type of all. */
static struct edn tuple_of(struct shell *shell, const struct datom_attribute *attribute,
                           struct datom_db *db)
{
    const struct datom_tuple *tuple = attribute->tuple;
    uint32_t count = tuple->kind == DATOM_TUPLE_HOMOGENEOUS ? 1 : tuple->count;
    struct edn items[BS_LIMIT_TUPLE_MAX] = {0};
    for (uint32_t i = 0; i < count; i++)
        items[i] = edn_keyword(tuple->kind == DATOM_TUPLE_COMPOSITE
                                   ? datom_db_ident(db, tuple->attributes[i])
                                   : bs_str_from(datom_type_ident(tuple->types[i])));
    return tuple->kind == DATOM_TUPLE_HOMOGENEOUS ? items[0]
                                                  : edn_vector_of(shell->arena, items, count);
}

static struct edn tuple_key(const struct datom_attribute *attribute)
{
    switch (attribute->tuple->kind) {
    case DATOM_TUPLE_COMPOSITE:
        return EDN_KEYWORD_LIT("tuple-attrs");
    case DATOM_TUPLE_HETEROGENEOUS:
        return EDN_KEYWORD_LIT("tuple-types");
    case DATOM_TUPLE_HOMOGENEOUS:
        return EDN_KEYWORD_LIT("tuple-type");
    }
    BS_UNREACHABLE();
}

/* Predicates as symbols, checks as the lists that they are. */
static struct edn predicates_of(struct shell *shell, const struct datom_attribute *attribute,
                                struct bs_str (*at)(const struct datom_attribute *, size_t))
{
    struct edn_list list;
    edn_list_init(&list, shell->arena);
    struct bs_str text;
    for (size_t i = 0; (text = at(attribute, i)).len > 0; i++) {
        struct edn form;
        bool is_read = edn_read(text, shell->arena, &form, NULL) == BS_OK;
        edn_list_add(&list, is_read ? form : edn_string(text));
    }
    return edn_list_finish(&list, EDN_VECTOR);
}

static void add_pair(struct edn_list *pairs, struct edn key, struct edn value)
{
    edn_list_add(pairs, key);
    edn_list_add(pairs, value);
}

/* What most attributes don't have, where this one does. */
static void add_rare(struct shell *shell, struct datom_db *db,
                     const struct datom_attribute *attribute, struct edn_list *pairs)
{
    if (attribute->tuple)
        add_pair(pairs, tuple_key(attribute), tuple_of(shell, attribute, db));
    struct edn preds = predicates_of(shell, attribute, datom_attribute_pred_at);
    struct edn checks = predicates_of(shell, attribute, datom_attribute_check_at);
    if (preds.len > 0)
        add_pair(pairs, EDN_KEYWORD_LIT("preds"), preds);
    if (checks.len > 0)
        add_pair(pairs, EDN_KEYWORD_LIT("checks"), checks);
}

/* Adds what the attribute's entity says by another one of strings, where it does. */
static enum bs_code add_text(struct shell *shell, struct datom_db *db, datom_id id,
                             const char *ident, struct edn_list *pairs, struct bs_error *error)
{
    struct bs_str name = bs_str_from(ident);
    const struct datom_attribute *text = datom_db_attribute_named(db, name);
    struct edn value;
    bool found;
    if (!text)
        return BS_OK;
    BS_TRY(datom_db_get(db, id, text, shell->arena, &value, &found, error));
    if (found)
        add_pair(pairs, edn_keyword(edn_name(edn_keyword(name))), value);
    return BS_OK;
}

static enum bs_code attribute_value(struct shell *shell, struct datom_db *db,
                                    const struct datom_attribute *attribute, struct edn *ret_value,
                                    struct bs_error *error)
{
    struct edn items[] = {
        EDN_KEYWORD_LIT("id"),
        edn_long((int64_t)attribute->id),
        EDN_KEYWORD_LIT("ident"),
        edn_keyword(attribute->ident),
        EDN_KEYWORD_LIT("value-type"),
        edn_keyword(bs_str_from(datom_type_ident(attribute->type))),
        EDN_KEYWORD_LIT("cardinality"),
        attribute->many ? EDN_KEYWORD_LIT("db.cardinality/many")
                        : EDN_KEYWORD_LIT("db.cardinality/one"),
        EDN_KEYWORD_LIT("unique"),
        unique_of(attribute),
        EDN_KEYWORD_LIT("indexed"),
        edn_boolean(attribute->is_index),
        EDN_KEYWORD_LIT("has-avet"),
        edn_boolean(attribute->has_avet),
        EDN_KEYWORD_LIT("is-component"),
        edn_boolean(attribute->is_component),
        EDN_KEYWORD_LIT("no-history"),
        edn_boolean(attribute->no_history),
        EDN_KEYWORD_LIT("fulltext"),
        edn_boolean(attribute->is_fulltext),
    };
    struct edn_list pairs;
    edn_list_init(&pairs, shell->arena);
    for (size_t i = 0; i < BS_ARRAY_COUNT(items); i++)
        edn_list_add(&pairs, items[i]);
    add_rare(shell, db, attribute, &pairs);
    /* on a history an entity has no one value of these */
    if (!datom_db_is_history(db))
        BS_TRY(add_text(shell, db, attribute->id, "db/deprecated", &pairs, error));
    *ret_value = edn_list_finish(&pairs, EDN_MAP);
    return BS_OK;
}

SHELL_FUNCTION(attribute)
{
    (void)count;
    struct datom_db *db;
    datom_id id;
    BS_TRY(shell_take_db(shell, "attribute", arguments[0], &db, error));
    BS_TRY(datom_db_resolve(db, shell_identifier(arguments[1]), &id, error));
    const struct datom_attribute *attribute = id == DATOM_NO_ID ? NULL : datom_db_attribute(db, id);
    if (attribute)
        return attribute_value(shell, db, attribute, ret_value, error);
    *ret_value = edn_nil();
    return BS_OK;
}
