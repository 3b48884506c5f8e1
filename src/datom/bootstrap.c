/*
 * The built-in entities as tables, and the datoms made from them once. Nothing here reads a store.
 */

#include "datom/bootstrap.h"

#include <pthread.h>

#define MANY true
#define ONE false

struct boot_ident {
    uint16_t id;
    const char *ident;
};

struct boot_attribute {
    uint16_t id;
    const char *ident;
    uint16_t type_id;
    bool many;
    uint16_t unique_id; /* 0: none */
    bool is_index;
    const char *doc;
    const char *element_type; /* of a homogeneous tuple; NULL otherwise */
};

static const struct boot_ident boot_idents[] = {
    {DATOM_DB_PART_DB, "db.part/db"},
    {DATOM_DB_ADD, "db/add"},
    {DATOM_DB_RETRACT, "db/retract"},
    {DATOM_DB_PART_TX, "db.part/tx"},
    {DATOM_DB_PART_USER, "db.part/user"},
    {DATOM_DB_SYSTEM_TX, "db/system-tx"},
    {DATOM_DB_TYPE_REF, "db.type/ref"},
    {DATOM_DB_TYPE_KEYWORD, "db.type/keyword"},
    {DATOM_DB_TYPE_LONG, "db.type/long"},
    {DATOM_DB_TYPE_STRING, "db.type/string"},
    {DATOM_DB_TYPE_BOOLEAN, "db.type/boolean"},
    {DATOM_DB_TYPE_INSTANT, "db.type/instant"},
    {DATOM_DB_TYPE_FN, "db.type/fn"},
    {DATOM_DB_TYPE_BYTES, "db.type/bytes"},
    {DATOM_DB_LANG_DATALOG, "db.lang/datalog"},
    {DATOM_DB_CARDINALITY_ONE, "db.cardinality/one"},
    {DATOM_DB_CARDINALITY_MANY, "db.cardinality/many"},
    {DATOM_DB_UNIQUE_VALUE, "db.unique/value"},
    {DATOM_DB_UNIQUE_IDENTITY, "db.unique/identity"},
    {DATOM_DB_FN, "db/fn"},
    {DATOM_DB_RETRACT_ENTITY, "db/retractEntity"},
    {DATOM_DB_CAS, "db/cas"},
    {DATOM_DB_TYPE_UUID, "db.type/uuid"},
    {DATOM_DB_TYPE_DOUBLE, "db.type/double"},
    {DATOM_DB_TYPE_FLOAT, "db.type/float"},
    {DATOM_DB_TYPE_URI, "db.type/uri"},
    {DATOM_DB_TYPE_BIGINT, "db.type/bigint"},
    {DATOM_DB_TYPE_BIGDEC, "db.type/bigdec"},
    {DATOM_DB_TYPE_TUPLE, "db.type/tuple"},
    {DATOM_DB_TYPE_SYMBOL, "db.type/symbol"},
};

static const struct boot_attribute boot_attributes[] = {
    {DATOM_DB_IDENT, "db/ident", DATOM_DB_TYPE_KEYWORD, ONE, DATOM_DB_UNIQUE_IDENTITY, false,
     "The name of an entity, usable wherever an entity identifier is."},
    {DATOM_DB_INSTALL_PARTITION, "db.install/partition", DATOM_DB_TYPE_REF, MANY, 0, false,
     "Installs a partition, on the entity :db.part/db."},
    {DATOM_DB_INSTALL_VALUE_TYPE, "db.install/valueType", DATOM_DB_TYPE_REF, MANY, 0, false,
     "Installs a value type, on the entity :db.part/db."},
    {DATOM_DB_INSTALL_ATTRIBUTE, "db.install/attribute", DATOM_DB_TYPE_REF, MANY, 0, false,
     "Installs an attribute, on the entity :db.part/db."},
    {DATOM_DB_INSTALL_FUNCTION, "db.install/function", DATOM_DB_TYPE_REF, MANY, 0, false,
     "Installs a function, on the entity :db.part/db."},
    {DATOM_DB_EXCISE, "db/excise", DATOM_DB_TYPE_REF, ONE, 0, false,
     "The entity or attribute whose datoms are to be excised."},
    {DATOM_DB_EXCISE_ATTRS, "db.excise/attrs", DATOM_DB_TYPE_REF, MANY, 0, false,
     "Limits an excision to these attributes."},
    {DATOM_DB_EXCISE_BEFORE_T, "db.excise/beforeT", DATOM_DB_TYPE_LONG, ONE, 0, false,
     "Limits an excision to datoms before this t."},
    {DATOM_DB_EXCISE_BEFORE, "db.excise/before", DATOM_DB_TYPE_INSTANT, ONE, 0, false,
     "Limits an excision to datoms before this instant."},
    {DATOM_DB_ALTER_ATTRIBUTE, "db.alter/attribute", DATOM_DB_TYPE_REF, MANY, 0, false,
     "Alters an attribute, on the entity :db.part/db."},
    {DATOM_DB_IMPORT_POSITION, "db.import/position", DATOM_DB_TYPE_STRING, ONE, 0, true,
     "Of which texts an imported transaction is, and how far they are in with it."},
    {DATOM_DB_SEQUENCE_ID, "db.sequence/id", DATOM_DB_TYPE_STRING, ONE, DATOM_DB_UNIQUE_IDENTITY,
     false, "Names a counter of :db.fn/add-sequential-strings: its namespace and its base."},
    {DATOM_DB_SEQUENCE_NEXT, "db.sequence/next", DATOM_DB_TYPE_LONG, ONE, 0, false,
     "The number that the next string of a sequence gets."},
    {DATOM_DB_MIGRATION_NAME, "db.migration/name", DATOM_DB_TYPE_KEYWORD, ONE,
     DATOM_DB_UNIQUE_IDENTITY, false, "A migration that :db.fn/ensure-migration has run."},
    {DATOM_DB_DEPRECATED, "db/deprecated", DATOM_DB_TYPE_STRING, ONE, 0, false,
     "That an attribute, an ident or a function is not to be used any more: why, and what "
     "instead."},
    {DATOM_DB_ATTR_CHECK, "db.attr/check", DATOM_DB_TYPE_STRING, MANY, 0, false,
     "Checks that the values of an attribute must pass: (range 0 100), (length 1 20), (matches "
     "\"[a-z]+\"), (one-of :a :b)."},
    {DATOM_FRESSIAN_TAG, "fressian/tag", DATOM_DB_TYPE_KEYWORD, ONE, 0, false,
     "Kept for schemas made for Datomic."},
    {DATOM_DB_VALUE_TYPE, "db/valueType", DATOM_DB_TYPE_REF, ONE, 0, false,
     "The type of an attribute's values."},
    {DATOM_DB_CARDINALITY, "db/cardinality", DATOM_DB_TYPE_REF, ONE, 0, false,
     "Whether an entity has one value of an attribute or a set of them."},
    {DATOM_DB_UNIQUE, "db/unique", DATOM_DB_TYPE_REF, ONE, 0, false,
     "Whether a value of an attribute names one entity: :db.unique/value or :db.unique/identity."},
    {DATOM_DB_IS_COMPONENT, "db/isComponent", DATOM_DB_TYPE_BOOLEAN, ONE, 0, false,
     "Whether the entities that a reference points to are parts of its entity."},
    {DATOM_DB_INDEX, "db/index", DATOM_DB_TYPE_BOOLEAN, ONE, 0, false,
     "Whether an attribute stands in the index by value."},
    {DATOM_DB_NO_HISTORY, "db/noHistory", DATOM_DB_TYPE_BOOLEAN, ONE, 0, false,
     "Whether superseded values of an attribute are forgotten."},
    {DATOM_DB_LANG, "db/lang", DATOM_DB_TYPE_REF, ONE, 0, false,
     "The language of a transaction function's code: :db.lang/datalog."},
    {DATOM_DB_CODE, "db/code", DATOM_DB_TYPE_STRING, ONE, 0, false,
     "The code of a transaction function: a query whose results are transaction forms."},
    {DATOM_DB_TX_INSTANT, "db/txInstant", DATOM_DB_TYPE_INSTANT, ONE, 0, true,
     "The time of a transaction."},
    {DATOM_DB_FULLTEXT, "db/fulltext", DATOM_DB_TYPE_BOOLEAN, ONE, 0, false,
     "Kept for schemas made for Datomic: nothing is indexed by words."},
    {DATOM_DB_DOC, "db/doc", DATOM_DB_TYPE_STRING, ONE, 0, false, "A text about an entity."},
    {DATOM_DB_TUPLE_TYPE, "db/tupleType", DATOM_DB_TYPE_KEYWORD, ONE, 0, false,
     "The type of all elements of a tuple attribute."},
    {DATOM_DB_TUPLE_TYPES, "db/tupleTypes", DATOM_DB_TYPE_TUPLE, ONE, 0, false,
     "The types of the elements of a tuple attribute, one by one.", "db.type/keyword"},
    {DATOM_DB_TUPLE_ATTRS, "db/tupleAttrs", DATOM_DB_TYPE_TUPLE, ONE, 0, false,
     "The attributes whose values make up a composite tuple.", "db.type/keyword"},
    {DATOM_DB_ENSURE, "db/ensure", DATOM_DB_TYPE_REF, MANY, 0, false,
     "Checks an entity against an entity spec in a transaction."},
    {DATOM_DB_ENTITY_ATTRS, "db.entity/attrs", DATOM_DB_TYPE_KEYWORD, MANY, 0, false,
     "Attributes that an entity spec requires."},
    {DATOM_DB_ENTITY_PREDS, "db.entity/preds", DATOM_DB_TYPE_SYMBOL, MANY, 0, false,
     "Predicates that an entity spec requires."},
    {DATOM_DB_ATTR_PREDS, "db.attr/preds", DATOM_DB_TYPE_SYMBOL, MANY, 0, false,
     "Predicates that the values of an attribute must pass."},
    {DATOM_DB_TUPLE_DISCONTINUED, "db.tuple/discontinued", DATOM_DB_TYPE_BOOLEAN, ONE, 0, false,
     "Whether the upkeep of a composite tuple has ended."},
};

static const uint16_t boot_partitions[] = {DATOM_DB_PART_DB, DATOM_DB_PART_TX, DATOM_DB_PART_USER};

#define BOOT_DATOMS_MAX                                                                            \
    (1 + BS_ARRAY_COUNT(boot_idents) + 8 * BS_ARRAY_COUNT(boot_attributes) +                       \
     BS_ARRAY_COUNT(boot_partitions))

static struct datom boot_datoms[BOOT_DATOMS_MAX];
static size_t boot_datoms_count;
static pthread_once_t boot_once = PTHREAD_ONCE_INIT;

static void boot_add(datom_id e, datom_id a, struct edn v)
{
    boot_datoms[boot_datoms_count++] = (struct datom){
        .e = e,
        .a = a,
        .v = v,
        .tx = datom_t_to_tx(DATOM_BOOT_T),
        .added = true,
    };
}

static void boot_add_attribute(const struct boot_attribute *attribute)
{
    boot_add(attribute->id, DATOM_DB_IDENT, edn_keyword(bs_str_from(attribute->ident)));
    boot_add(attribute->id, DATOM_DB_VALUE_TYPE, edn_long(attribute->type_id));
    boot_add(attribute->id, DATOM_DB_CARDINALITY,
             edn_long(attribute->many ? DATOM_DB_CARDINALITY_MANY : DATOM_DB_CARDINALITY_ONE));
    if (attribute->unique_id)
        boot_add(attribute->id, DATOM_DB_UNIQUE, edn_long(attribute->unique_id));
    if (attribute->is_index)
        boot_add(attribute->id, DATOM_DB_INDEX, edn_boolean(true));
    if (attribute->element_type)
        boot_add(attribute->id, DATOM_DB_TUPLE_TYPE,
                 edn_keyword(bs_str_from(attribute->element_type)));
    boot_add(attribute->id, DATOM_DB_DOC, edn_string(bs_str_from(attribute->doc)));
    boot_add(DATOM_DB_PART_DB, DATOM_DB_INSTALL_ATTRIBUTE, edn_long(attribute->id));
}

static void boot_fill(void)
{
    boot_add(datom_t_to_tx(DATOM_BOOT_T), DATOM_DB_TX_INSTANT, edn_instant(0));
    for (size_t i = 0; i < BS_ARRAY_COUNT(boot_idents); i++)
        boot_add(boot_idents[i].id, DATOM_DB_IDENT, edn_keyword(bs_str_from(boot_idents[i].ident)));
    for (size_t i = 0; i < BS_ARRAY_COUNT(boot_attributes); i++)
        boot_add_attribute(&boot_attributes[i]);
    for (size_t i = 0; i < BS_ARRAY_COUNT(boot_partitions); i++)
        boot_add(DATOM_DB_PART_DB, DATOM_DB_INSTALL_PARTITION, edn_long(boot_partitions[i]));
    BS_ASSERT(boot_datoms_count <= BOOT_DATOMS_MAX);
}

const struct datom *datom_bootstrap_datoms(size_t *ret_count)
{
    pthread_once(&boot_once, boot_fill);
    *ret_count = boot_datoms_count;
    return boot_datoms;
}

bool datom_bootstrap_type(datom_id type_id, enum datom_type *ret_type)
{
    static const struct {
        datom_id id;
        enum datom_type type;
    } types[] = {
        {DATOM_DB_TYPE_REF, DATOM_TYPE_REF},         {DATOM_DB_TYPE_KEYWORD, DATOM_TYPE_KEYWORD},
        {DATOM_DB_TYPE_LONG, DATOM_TYPE_LONG},       {DATOM_DB_TYPE_STRING, DATOM_TYPE_STRING},
        {DATOM_DB_TYPE_BOOLEAN, DATOM_TYPE_BOOLEAN}, {DATOM_DB_TYPE_INSTANT, DATOM_TYPE_INSTANT},
        {DATOM_DB_TYPE_BYTES, DATOM_TYPE_BYTES},     {DATOM_DB_TYPE_UUID, DATOM_TYPE_UUID},
        {DATOM_DB_TYPE_DOUBLE, DATOM_TYPE_DOUBLE},   {DATOM_DB_TYPE_FLOAT, DATOM_TYPE_FLOAT},
        {DATOM_DB_TYPE_URI, DATOM_TYPE_URI},         {DATOM_DB_TYPE_BIGINT, DATOM_TYPE_BIGINT},
        {DATOM_DB_TYPE_BIGDEC, DATOM_TYPE_BIGDEC},   {DATOM_DB_TYPE_TUPLE, DATOM_TYPE_TUPLE},
        {DATOM_DB_TYPE_SYMBOL, DATOM_TYPE_SYMBOL},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(types); i++) {
        if (types[i].id == type_id) {
            *ret_type = types[i].type;
            return true;
        }
    }
    return false;
}
