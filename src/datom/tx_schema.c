/*
 * What a transaction does to the schema, and whether it may: new attributes must be complete, the
 * built-in ones stay as they are, a value type is for ever. What an alteration means for the datoms
 * that are there already is tx_alter.c's business.
 */

#include "datom/bootstrap.h"
#include "datom/tx.h"

static bool is_written(const struct tx_entry *entry)
{
    return !entry->is_redundant && datom_schema_is_affected_by(entry->attribute->id);
}

/* Retractions before additions, as one value gives way to the next. */
static struct datom *schema_datoms(struct tx *tx, size_t *ret_count)
{
    struct datom *datoms = bs_arena_new_array(tx->scratch, tx->entries_count + 1, struct datom);
    size_t count = 0;
    for (int added = 0; added <= 1; added++) {
        for (size_t i = 0; i < tx->entries_count; i++) {
            const struct tx_entry *entry = &tx->entries[i];
            if (!is_written(entry) || entry->added != (bool)added)
                continue;
            datoms[count++] = (struct datom){
                .e = entry->e,
                .a = entry->attribute->id,
                .v = entry->v,
                .tx = tx->tx_id,
                .added = entry->added,
            };
        }
    }
    *ret_count = count;
    return datoms;
}

enum bs_code tx_refuse_install(const struct tx *tx, const struct tx_entry *entry,
                               enum bs_reason reason, const char *what, struct bs_error *error)
{
    const struct tx_entry *ident = tx_find_added_one(tx, entry->e, DATOM_DB_IDENT);
    struct bs_str name = ident ? edn_text_of(ident->v) : BS_STR_EMPTY;
    if (ident)
        bs_error_set(error, reason, "the attribute :%.*s %s", BS_STR_ARGS(name), what);
    else
        bs_error_set(error, reason, "entity %llu %s", (unsigned long long)entry->e, what);
    bs_error_add_integer(error, "entity", (int64_t)entry->e);
    return tx_blame_entry(tx, entry, BS_INVALID_ARGUMENT, error);
}

static enum bs_code refuse_install(const struct tx *tx, const struct tx_entry *entry,
                                   const char *what, struct bs_error *error)
{
    return tx_refuse_install(tx, entry, BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, what, error);
}

static bool is_reserved(struct bs_str ident)
{
    struct bs_str namespace = edn_namespace(edn_keyword(ident));
    return bs_str_equals(namespace, "db") || bs_str_starts_with(namespace, BS_STR("db."));
}

/* A type of Datomic's for code of the Java machine. */
static enum bs_code refuse_type(const struct tx *tx, const struct tx_entry *entry,
                                struct bs_error *error)
{
    struct bs_str type = datom_schema_ident(tx->db->body->schema, (datom_id)entry->v.as.integer);
    bs_error_set(error, BS_REASON_DB_UNSUPPORTED,
                 "attributes of :%.*s are not supported: expected :db/lang and :db/code on the "
                 "entity that is to be a function",
                 BS_STR_ARGS(type));
    return tx_blame_entry(tx, entry, BS_UNIMPLEMENTED, error);
}

static enum bs_code check_enum_value(const struct tx *tx, const struct tx_entry *entry,
                                     struct bs_error *error)
{
    datom_id v = (datom_id)entry->v.as.integer;
    enum datom_type type;
    switch (entry->attribute->id) {
    case DATOM_DB_VALUE_TYPE:
        if (v == DATOM_DB_TYPE_FN)
            return refuse_type(tx, entry, error);
        if (!datom_bootstrap_type(v, &type))
            return refuse_install(tx, entry,
                                  "has an unknown :db/valueType: expected one such as "
                                  ":db.type/string",
                                  error);
        return BS_OK;
    case DATOM_DB_CARDINALITY:
        if (v != DATOM_DB_CARDINALITY_ONE && v != DATOM_DB_CARDINALITY_MANY)
            return refuse_install(tx, entry,
                                  "has an unknown :db/cardinality: expected "
                                  ":db.cardinality/one or :db.cardinality/many",
                                  error);
        return BS_OK;
    case DATOM_DB_UNIQUE:
        if (v != DATOM_DB_UNIQUE_VALUE && v != DATOM_DB_UNIQUE_IDENTITY)
            return refuse_install(tx, entry,
                                  "has an unknown :db/unique: expected "
                                  ":db.unique/value or :db.unique/identity",
                                  error);
        return BS_OK;
    default:
        return BS_OK;
    }
}

/* What makes no sense in a definition, new or altered; NULL: it makes sense. */
static const char *senseless(const struct datom_attribute *attribute)
{
    if (attribute->is_component && attribute->type != DATOM_TYPE_REF)
        return "would be a component without being a reference: expected :db.type/ref";
    if (attribute->is_fulltext && attribute->type != DATOM_TYPE_STRING)
        return "would have :db/fulltext without being a text: expected :db.type/string";
    if (attribute->unique != DATOM_UNIQUE_NONE && attribute->type == DATOM_TYPE_BYTES)
        return "has type bytes, which can't be unique";
    return NULL;
}

static enum bs_code check_install(struct tx *tx, const struct tx_entry *entry,
                                  struct bs_error *error)
{
    datom_id id = entry->e;
    if (!tx_find_added_one(tx, id, DATOM_DB_VALUE_TYPE))
        return refuse_install(tx, entry,
                              "has no :db/valueType: an attribute needs :db/ident, "
                              ":db/valueType and :db/cardinality together",
                              error);
    if (datom_id_part(id) != DATOM_PART_DB || !tx_is_new_id(tx, id))
        return refuse_install(tx, entry,
                              "exists already and is no attribute: expected a new "
                              "entity",
                              error);
    const struct tx_entry *ident = tx_find_added_one(tx, id, DATOM_DB_IDENT);
    if (!ident)
        return refuse_install(tx, entry, "is to be an attribute, but has no :db/ident", error);
    if (!tx_find_added_one(tx, id, DATOM_DB_CARDINALITY))
        return refuse_install(tx, entry,
                              "has no :db/cardinality: expected :db.cardinality/one or "
                              ":db.cardinality/many",
                              error);
    if (is_reserved(edn_text_of(ident->v)))
        return refuse_install(tx, entry,
                              "has a reserved name: namespaces db and db.* are the "
                              "store's own",
                              error);
    const struct datom_attribute *attribute = datom_schema_attribute(tx->schema_after, id);
    BS_ASSERT(attribute);
    const char *what = senseless(attribute);
    if (what)
        return refuse_install(tx, entry, what, error);
    BS_TRY(tx_check_tuple_install(tx, entry, attribute, error));
    BS_TRY(tx_check_predicate_change(tx, entry, attribute, error));
    struct tx_op install = {
        .kind = TX_ADD,
        .form_idx = entry->form_idx,
        .e = {.id = DATOM_DB_PART_DB},
        .attribute = datom_schema_attribute(tx->db->body->schema, DATOM_DB_INSTALL_ATTRIBUTE),
        .v = edn_long((int64_t)id),
    };
    return tx_add_entry(tx, &install, error);
}

/* Of a value as schemas have it: idents of references by name. */
static struct bs_str value_text(const struct tx *tx, const struct datom_attribute *attribute,
                                struct edn value)
{
    if (attribute->type == DATOM_TYPE_REF && value.type == EDN_LONG) {
        struct bs_str ident = datom_schema_ident(tx->db->body->schema, (datom_id)value.as.integer);
        if (ident.len > 0)
            return bs_arena_printf(tx->scratch, ":%.*s", BS_STR_ARGS(ident));
    }
    return edn_print_short(tx->scratch, value, BS_ERROR_FIELD_TEXT_MAX - 1);
}

/* "from" and "to": what the attribute says now and would say. */
static enum bs_code add_change(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    const struct datom_attribute *attribute = entry->attribute;
    struct edn from = edn_nil(), to = edn_nil();
    if (attribute->many)
        return BS_OK;
    bool is_found;
    BS_TRY(datom_db_get(tx->db, entry->e, attribute, tx->scratch, &from, &is_found, NULL));
    BS_TRY(tx_value_after(tx, entry->e, attribute, &to, NULL));
    bs_error_add_text(error, "from", value_text(tx, attribute, is_found ? from : edn_nil()));
    bs_error_add_text(error, "to", value_text(tx, attribute, to));
    return BS_OK;
}

/* Where one value gives way to another, the new one is to blame. */
static const struct tx_entry *to_blame(const struct tx *tx, const struct tx_entry *entry)
{
    const struct tx_entry *added = tx_find_added_one(tx, entry->e, entry->attribute->id);
    return added && !entry->added ? added : entry;
}

enum bs_code tx_refuse_alter(struct tx *tx, const struct tx_entry *entry,
                             const struct datom_attribute *before, const char *what,
                             struct bs_error *error)
{
    entry = to_blame(tx, entry);
    bs_error_set(error, BS_REASON_DB_INVALID_ALTER_ATTRIBUTE, "the attribute :%.*s %s",
                 BS_STR_ARGS(before->ident), what);
    bs_error_add_integer(error, "entity", (int64_t)before->id);
    bs_error_add_text(error, "attribute", entry->attribute->ident);
    if (add_change(tx, entry, error) != BS_OK) {
        /* the refusal stands without them */
    }
    return tx_blame_entry(tx, entry, BS_INVALID_ARGUMENT, error);
}

static enum bs_code check_alter(struct tx *tx, const struct tx_entry *entry,
                                const struct datom_attribute *before, struct bs_error *error)
{
    const struct datom_attribute *after = datom_schema_attribute(tx->schema_after, before->id);
    if (!after)
        return tx_refuse_alter(tx, entry, before, "would lose its name or type", error);
    if (entry->attribute->id == DATOM_DB_VALUE_TYPE)
        return tx_refuse_alter(tx, entry, before,
                               tx_find_added_one(tx, entry->e, DATOM_DB_VALUE_TYPE)
                                   ? "can't change its :db/valueType"
                                   : "would lose its :db/valueType",
                               error);
    if (entry->attribute->id == DATOM_DB_FULLTEXT && after->is_fulltext != before->is_fulltext)
        return tx_refuse_alter(tx, entry, before, "can't change its :db/fulltext", error);
    if (entry->attribute->id == DATOM_DB_CARDINALITY && !entry->added &&
        !tx_find_added_one(tx, entry->e, DATOM_DB_CARDINALITY))
        return tx_refuse_alter(tx, entry, before, "would lose its :db/cardinality", error);
    if (is_reserved(after->ident))
        return tx_refuse_alter(tx, entry, before, "can't take a name that is reserved", error);
    const char *what = senseless(after);
    if (what)
        return tx_refuse_alter(tx, entry, before, what, error);
    BS_TRY(tx_check_predicate_change(tx, entry, after, error));
    return tx_check_tuple_alter(tx, entry, before, after, error);
}

static enum bs_code check_entry(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    const struct datom_attribute *before = datom_schema_attribute(tx->db->body->schema, entry->e);
    if (before)
        return check_alter(tx, entry, before, error);
    /* an ident is every entity's right */
    if (entry->attribute->id == DATOM_DB_IDENT &&
        !tx_find_added_one(tx, entry->e, DATOM_DB_VALUE_TYPE))
        return BS_OK;
    return check_install(tx, entry, error);
}

/* Of what is built in only the docs may change; :db.part/db takes in what is installed. */
static enum bs_code check_built_in(const struct tx *tx, const struct tx_entry *entry,
                                   struct bs_error *error)
{
    datom_id a = entry->attribute->id;
    bool is_list = a == DATOM_DB_INSTALL_ATTRIBUTE || a == DATOM_DB_INSTALL_PARTITION ||
                   a == DATOM_DB_ALTER_ATTRIBUTE;
    if (entry->e >= DATOM_BOOT_NEXT_ELEMENT || entry->is_redundant || a == DATOM_DB_DOC ||
        (entry->e == DATOM_DB_PART_DB && is_list))
        return BS_OK;
    struct bs_str ident = datom_schema_ident(tx->db->body->schema, entry->e);
    bs_error_set(error, BS_REASON_DB_DATOM_CANNOT_BE_ALTERED,
                 "entity %llu, :%.*s, is built in: its :%.*s can't be changed, only its :db/doc",
                 (unsigned long long)entry->e, BS_STR_ARGS(ident),
                 BS_STR_ARGS(entry->attribute->ident));
    return tx_blame_entry(tx, to_blame(tx, entry), BS_INVALID_ARGUMENT, error);
}

/* An attribute or a partition is listed with :db.part/db from its installation on, and nothing else
 * is. */
static enum bs_code check_listing(const struct tx *tx, const struct tx_entry *entry,
                                  struct bs_error *error)
{
    bool is_partition = entry->attribute->id == DATOM_DB_INSTALL_PARTITION;
    if (entry->is_redundant ||
        (!is_partition && entry->attribute->id != DATOM_DB_INSTALL_ATTRIBUTE))
        return BS_OK;
    if (!entry->added) {
        bs_error_set(error, BS_REASON_DB_DATOM_CANNOT_BE_ALTERED,
                     "%s %lld is installed: its :%.*s can't be retracted",
                     is_partition ? "partition" : "attribute", (long long)entry->v.as.integer,
                     BS_STR_ARGS(entry->attribute->ident));
        return tx_blame_entry(tx, entry, BS_INVALID_ARGUMENT, error);
    }
    if (is_partition)
        return tx_check_partition(tx, entry, error);
    if (entry->e == DATOM_DB_PART_DB &&
        tx_find_added_one(tx, (datom_id)entry->v.as.integer, DATOM_DB_VALUE_TYPE))
        return BS_OK;
    bs_error_set(error, BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE,
                 "entity %lld can't be installed: expected a new attribute, with :db/valueType, "
                 "and :db.part/db to install it",
                 (long long)entry->v.as.integer);
    return tx_blame_entry(tx, entry, BS_INVALID_ARGUMENT, error);
}

/* What can be said of each entry alone; the rest may count on it. */
static enum bs_code check_each(const struct tx *tx, struct bs_error *error)
{
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        BS_TRY(check_built_in(tx, entry, error));
        BS_TRY(check_listing(tx, entry, error));
        if (entry->added && is_written(entry))
            BS_TRY(check_enum_value(tx, entry, error));
    }
    return BS_OK;
}

static bool any_is_written(const struct tx *tx)
{
    for (size_t i = 0; i < tx->entries_count; i++)
        if (is_written(&tx->entries[i]))
            return true;
    return false;
}

enum bs_code tx_check_schema(struct tx *tx, struct bs_error *error)
{
    if (!any_is_written(tx)) {
        tx->schema_after = datom_schema_ref(tx->db->body->schema);
        return check_each(tx, error);
    }
    size_t count;
    struct datom *datoms = schema_datoms(tx, &count);
    tx->schema_after = datom_schema_apply(tx->db->body->schema, datoms, count);
    BS_TRY(check_each(tx, error));
    /* install datoms are added while this goes on, and need no look */
    size_t entries_count = tx->entries_count;
    for (size_t i = 0; i < entries_count; i++) {
        struct tx_entry entry = tx->entries[i];
        if (is_written(&entry))
            BS_TRY(check_entry(tx, &entry, error));
    }
    return BS_OK;
}
