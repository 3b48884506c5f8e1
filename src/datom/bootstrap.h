#ifndef DATOM_BOOTSTRAP_H
#define DATOM_BOOTSTRAP_H

/*
 * What every store starts with: the built-in idents and attributes, with Datomic's entity ids
 * (shared reference 1.1, table "Bootstrap"). One transaction, t 72, at 1970-01-01.
 */

#include "datom/datom.h"

#define DATOM_BOOT_T 72u
/* User attributes continue from here. */
#define DATOM_BOOT_NEXT_ELEMENT 73u

enum datom_boot_id {
    DATOM_DB_PART_DB = 0,
    DATOM_DB_ADD = 1,
    DATOM_DB_RETRACT = 2,
    DATOM_DB_PART_TX = 3,
    DATOM_DB_PART_USER = 4,
    DATOM_DB_IMPORT_POSITION = 5, /* ours, on an id that Datomic does not use */
    DATOM_DB_SYSTEM_TX = 7,
    DATOM_DB_IDENT = 10,
    DATOM_DB_INSTALL_PARTITION = 11,
    DATOM_DB_INSTALL_VALUE_TYPE = 12,
    DATOM_DB_INSTALL_ATTRIBUTE = 13,
    DATOM_DB_INSTALL_FUNCTION = 14,
    DATOM_DB_EXCISE = 15,
    DATOM_DB_EXCISE_ATTRS = 16,
    DATOM_DB_EXCISE_BEFORE_T = 17,
    DATOM_DB_EXCISE_BEFORE = 18,
    DATOM_DB_ALTER_ATTRIBUTE = 19,
    DATOM_DB_TYPE_REF = 20,
    DATOM_DB_TYPE_KEYWORD = 21,
    DATOM_DB_TYPE_LONG = 22,
    DATOM_DB_TYPE_STRING = 23,
    DATOM_DB_TYPE_BOOLEAN = 24,
    DATOM_DB_TYPE_INSTANT = 25,
    DATOM_DB_TYPE_FN = 26,
    DATOM_DB_TYPE_BYTES = 27,
    /* ours, on ids that Datomic does not use */
    DATOM_DB_LANG_DATALOG = 28,
    DATOM_DB_SEQUENCE_ID = 29,
    DATOM_DB_SEQUENCE_NEXT = 30,
    DATOM_DB_MIGRATION_NAME = 31,
    DATOM_DB_DEPRECATED = 33,
    DATOM_DB_ATTR_CHECK = 32,
    DATOM_DB_CARDINALITY_ONE = 35,
    DATOM_DB_CARDINALITY_MANY = 36,
    DATOM_DB_UNIQUE_VALUE = 37,
    DATOM_DB_UNIQUE_IDENTITY = 38,
    DATOM_FRESSIAN_TAG = 39,
    DATOM_DB_VALUE_TYPE = 40,
    DATOM_DB_CARDINALITY = 41,
    DATOM_DB_UNIQUE = 42,
    DATOM_DB_IS_COMPONENT = 43,
    DATOM_DB_INDEX = 44,
    DATOM_DB_NO_HISTORY = 45,
    DATOM_DB_LANG = 46,
    DATOM_DB_CODE = 47,
    DATOM_DB_TX_INSTANT = 50,
    DATOM_DB_FULLTEXT = 51,
    DATOM_DB_FN = 52,
    DATOM_DB_RETRACT_ENTITY = 54,
    DATOM_DB_CAS = 55,
    DATOM_DB_TYPE_UUID = 56,
    DATOM_DB_TYPE_DOUBLE = 57,
    DATOM_DB_TYPE_FLOAT = 58,
    DATOM_DB_TYPE_URI = 59,
    DATOM_DB_TYPE_BIGINT = 60,
    DATOM_DB_TYPE_BIGDEC = 61,
    DATOM_DB_DOC = 62,
    DATOM_DB_TYPE_TUPLE = 63,
    DATOM_DB_TYPE_SYMBOL = 64,
    DATOM_DB_TUPLE_TYPE = 65,
    DATOM_DB_TUPLE_TYPES = 66,
    DATOM_DB_TUPLE_ATTRS = 67,
    DATOM_DB_ENSURE = 68,
    DATOM_DB_ENTITY_ATTRS = 69,
    DATOM_DB_ENTITY_PREDS = 70,
    DATOM_DB_ATTR_PREDS = 71,
    DATOM_DB_TUPLE_DISCONTINUED = 72,
};

/* The bootstrap's datoms (tx set), static; values too. */
const struct datom *datom_bootstrap_datoms(size_t *ret_count);

/* The value type behind :db.type/... ids; false when it is none that a store can hold. */
bool datom_bootstrap_type(datom_id type_id, enum datom_type *ret_type);

#endif
