/*
 * The model's schema: attributes are entities like others, and what they are is read out of their
 * lives. Of what is built in only that is known which scripts say.
 */

#include "model.h"

#include "datom/bootstrap.h"

static const struct {
    const char *ident;
    datom_id id;
} built_in_names[] = {
    {"db.type/ref", DATOM_DB_TYPE_REF},
    {"db.type/keyword", DATOM_DB_TYPE_KEYWORD},
    {"db.type/long", DATOM_DB_TYPE_LONG},
    {"db.type/string", DATOM_DB_TYPE_STRING},
    {"db.type/boolean", DATOM_DB_TYPE_BOOLEAN},
    {"db.type/instant", DATOM_DB_TYPE_INSTANT},
    {"db.type/double", DATOM_DB_TYPE_DOUBLE},
    {"db.type/bigdec", DATOM_DB_TYPE_BIGDEC},
    {"db.type/bigint", DATOM_DB_TYPE_BIGINT},
    {"db.type/float", DATOM_DB_TYPE_FLOAT},
    {"db.type/uuid", DATOM_DB_TYPE_UUID},
    {"db.type/uri", DATOM_DB_TYPE_URI},
    {"db.type/symbol", DATOM_DB_TYPE_SYMBOL},
    {"db.type/bytes", DATOM_DB_TYPE_BYTES},
    {"db.type/tuple", DATOM_DB_TYPE_TUPLE},
    {"db.cardinality/one", DATOM_DB_CARDINALITY_ONE},
    {"db.cardinality/many", DATOM_DB_CARDINALITY_MANY},
    {"db.unique/value", DATOM_DB_UNIQUE_VALUE},
    {"db.unique/identity", DATOM_DB_UNIQUE_IDENTITY},
    {"db.part/db", DATOM_DB_PART_DB},
    {"db.part/tx", DATOM_DB_PART_TX},
    {"db.part/user", DATOM_DB_PART_USER},
    {"db.lang/datalog", DATOM_DB_LANG_DATALOG},
};

#define BUILT_IN(text, built_in_id, built_in_type, ...)                                            \
    {                                                                                              \
        .id = (built_in_id), .ident = {.ptr = (text), .len = sizeof(text) - 1},                    \
        .type = (built_in_type), __VA_ARGS__                                                       \
    }

static const struct model_attribute built_in[] = {
    BUILT_IN("db/ident", DATOM_DB_IDENT, DATOM_TYPE_KEYWORD, .unique = DATOM_UNIQUE_IDENTITY),
    BUILT_IN("db/valueType", DATOM_DB_VALUE_TYPE, DATOM_TYPE_REF, .many = false),
    BUILT_IN("db/cardinality", DATOM_DB_CARDINALITY, DATOM_TYPE_REF, .many = false),
    BUILT_IN("db/unique", DATOM_DB_UNIQUE, DATOM_TYPE_REF, .many = false),
    BUILT_IN("db/isComponent", DATOM_DB_IS_COMPONENT, DATOM_TYPE_BOOLEAN, .many = false),
    BUILT_IN("db/index", DATOM_DB_INDEX, DATOM_TYPE_BOOLEAN, .many = false),
    BUILT_IN("db/noHistory", DATOM_DB_NO_HISTORY, DATOM_TYPE_BOOLEAN, .many = false),
    BUILT_IN("db.install/attribute", DATOM_DB_INSTALL_ATTRIBUTE, DATOM_TYPE_REF, .many = true),
    BUILT_IN("db.install/partition", DATOM_DB_INSTALL_PARTITION, DATOM_TYPE_REF, .many = true),
    BUILT_IN("db.alter/attribute", DATOM_DB_ALTER_ATTRIBUTE, DATOM_TYPE_REF, .many = true),
    BUILT_IN("db/txInstant", DATOM_DB_TX_INSTANT, DATOM_TYPE_INSTANT, .is_index = true),
    BUILT_IN("db/doc", DATOM_DB_DOC, DATOM_TYPE_STRING, .many = false),
    BUILT_IN("db/deprecated", DATOM_DB_DEPRECATED, DATOM_TYPE_STRING, .many = false),
    BUILT_IN("db/fulltext", DATOM_DB_FULLTEXT, DATOM_TYPE_BOOLEAN, .many = false),
    BUILT_IN("db.tuple/discontinued", DATOM_DB_TUPLE_DISCONTINUED, DATOM_TYPE_BOOLEAN,
             .many = false),
    BUILT_IN("db/tupleTypes", DATOM_DB_TUPLE_TYPES, DATOM_TYPE_TUPLE,
             .elements = {DATOM_TYPE_KEYWORD}),
    BUILT_IN("db/tupleType", DATOM_DB_TUPLE_TYPE, DATOM_TYPE_KEYWORD, .many = false),
    BUILT_IN("db/tupleAttrs", DATOM_DB_TUPLE_ATTRS, DATOM_TYPE_TUPLE, .many = false),
    BUILT_IN("db/lang", DATOM_DB_LANG, DATOM_TYPE_REF, .many = false),
    BUILT_IN("db/code", DATOM_DB_CODE, DATOM_TYPE_STRING, .many = false),
    BUILT_IN("db.sequence/id", DATOM_DB_SEQUENCE_ID, DATOM_TYPE_STRING,
             .unique = DATOM_UNIQUE_IDENTITY),
    BUILT_IN("db.sequence/next", DATOM_DB_SEQUENCE_NEXT, DATOM_TYPE_LONG, .many = false),
    BUILT_IN("db.migration/name", DATOM_DB_MIGRATION_NAME, DATOM_TYPE_KEYWORD,
             .unique = DATOM_UNIQUE_IDENTITY),
    BUILT_IN("db.import/position", DATOM_DB_IMPORT_POSITION, DATOM_TYPE_STRING, .is_index = true),
    BUILT_IN("db/ensure", DATOM_DB_ENSURE, DATOM_TYPE_REF, .many = true),
    BUILT_IN("db.attr/check", DATOM_DB_ATTR_CHECK, DATOM_TYPE_STRING, .many = true),
    BUILT_IN("db.attr/preds", DATOM_DB_ATTR_PREDS, DATOM_TYPE_SYMBOL, .many = true),
    BUILT_IN("db.entity/attrs", DATOM_DB_ENTITY_ATTRS, DATOM_TYPE_KEYWORD, .many = true),
    BUILT_IN("db.entity/preds", DATOM_DB_ENTITY_PREDS, DATOM_TYPE_SYMBOL, .many = true),
    BUILT_IN("db/excise", DATOM_DB_EXCISE, DATOM_TYPE_REF, .many = false),
    BUILT_IN("db.excise/attrs", DATOM_DB_EXCISE_ATTRS, DATOM_TYPE_REF, .many = true),
    BUILT_IN("db.excise/before", DATOM_DB_EXCISE_BEFORE, DATOM_TYPE_INSTANT, .many = false),
    BUILT_IN("db.excise/beforeT", DATOM_DB_EXCISE_BEFORE_T, DATOM_TYPE_LONG, .many = false),
};

static datom_id ref_of(const struct model *model, datom_id e, datom_id a)
{
    const struct model_life *life = model_find(model, e, a, NULL);
    return life ? (datom_id)life->v.as.integer : DATOM_NO_ID;
}

static bool flag_of(const struct model *model, datom_id e, datom_id a)
{
    const struct model_life *life = model_find(model, e, a, NULL);
    return life && life->v.as.boolean;
}

bool model_type(datom_id type_id, enum datom_type *ret_type)
{
    return datom_bootstrap_type(type_id, ret_type);
}

static void read_members(const struct model *model, struct model_attribute *attribute)
{
    const struct model_life *life = model_find(model, attribute->id, DATOM_DB_TUPLE_ATTRS, NULL);
    attribute->members_count = life ? life->v.len : 0;
    for (uint32_t i = 0; i < attribute->members_count; i++)
        attribute->members[i] = model_entid(model, life->v.as.items[i]);
}

static enum datom_type type_named(const struct model *model, struct edn ident)
{
    enum datom_type type = DATOM_TYPE_COUNT;
    if (ident.type == EDN_KEYWORD)
        (void)model_type(model_entid(model, ident), &type);
    return type;
}

static void read_elements(const struct model *model, struct model_attribute *attribute)
{
    const struct model_life *types = model_find(model, attribute->id, DATOM_DB_TUPLE_TYPES, NULL);
    const struct model_life *type = model_find(model, attribute->id, DATOM_DB_TUPLE_TYPE, NULL);
    attribute->elements_count = types ? types->v.len : 0;
    for (uint32_t i = 0; i < attribute->elements_count; i++)
        attribute->elements[i] = type_named(model, types->v.as.items[i]);
    if (type)
        attribute->elements[0] = type_named(model, type->v);
}

static void add_attribute(struct model *model, const struct model_attribute *attribute)
{
    bs_grow(&model->attributes, model->attributes_count, &model->attributes_capacity,
            sizeof(*model->attributes));
    model->attributes[model->attributes_count++] = *attribute;
}

void model_read_schema(struct model *model)
{
    model->attributes_count = 0;
    for (size_t i = 0; i < BS_ARRAY_COUNT(built_in); i++)
        add_attribute(model, &built_in[i]);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        datom_id e = life->e;
        struct model_attribute attribute = {.id = e};
        if (!model_is_live(life) || life->a != DATOM_DB_IDENT ||
            datom_id_part(e) != DATOM_PART_DB ||
            !model_type(ref_of(model, e, DATOM_DB_VALUE_TYPE), &attribute.type))
            continue;
        datom_id unique = ref_of(model, e, DATOM_DB_UNIQUE);
        attribute.ident = edn_text_of(life->v);
        attribute.many = ref_of(model, e, DATOM_DB_CARDINALITY) == DATOM_DB_CARDINALITY_MANY;
        attribute.unique = unique == DATOM_DB_UNIQUE_VALUE      ? DATOM_UNIQUE_VALUE
                           : unique == DATOM_DB_UNIQUE_IDENTITY ? DATOM_UNIQUE_IDENTITY
                                                                : DATOM_UNIQUE_NONE;
        attribute.is_component = flag_of(model, e, DATOM_DB_IS_COMPONENT);
        attribute.is_index = flag_of(model, e, DATOM_DB_INDEX);
        attribute.no_history = flag_of(model, e, DATOM_DB_NO_HISTORY);
        attribute.is_fulltext = flag_of(model, e, DATOM_DB_FULLTEXT);
        attribute.is_discontinued = flag_of(model, e, DATOM_DB_TUPLE_DISCONTINUED);
        if (attribute.type == DATOM_TYPE_TUPLE) {
            read_members(model, &attribute);
            read_elements(model, &attribute);
        }
        add_attribute(model, &attribute);
    }
}

const struct model_attribute *model_attribute(const struct model *model, datom_id id)
{
    for (size_t i = 0; i < model->attributes_count; i++) {
        if (model->attributes[i].id == id)
            return &model->attributes[i];
    }
    return NULL;
}

bool model_element_type(const struct model *model, const struct model_attribute *attribute,
                        uint32_t idx, enum datom_type *ret_type)
{
    if (attribute->members_count > 0) {
        if (idx >= attribute->members_count)
            return false;
        const struct model_attribute *member = model_attribute(model, attribute->members[idx]);
        *ret_type = member ? member->type : DATOM_TYPE_COUNT;
        return true;
    }
    if (attribute->elements_count > 0 && idx >= attribute->elements_count)
        return false;
    *ret_type = attribute->elements[attribute->elements_count > 0 ? idx : 0];
    return true;
}

datom_id model_entid(const struct model *model, struct edn ident)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(built_in_names); i++) {
        if (bs_str_equals(edn_text_of(ident), built_in_names[i].ident))
            return built_in_names[i].id;
    }
    for (size_t i = 0; i < BS_ARRAY_COUNT(built_in); i++) {
        if (bs_str_equal(edn_text_of(ident), built_in[i].ident))
            return built_in[i].id;
    }
    return model_last_holder(model, DATOM_DB_IDENT, ident);
}

struct edn model_keyword(struct edn form)
{
    if (form.type == EDN_STRING && form.len > 0 && form.as.text[0] == ':')
        return edn_keyword(bs_str_from_offset(edn_text_of(form), 1));
    return form;
}

const struct model_attribute *model_attribute_named(const struct model *model, struct edn ident)
{
    ident = model_keyword(ident);
    if (ident.type == EDN_LONG)
        return model_attribute(model, (datom_id)ident.as.integer);
    if (ident.type != EDN_KEYWORD)
        return NULL;
    datom_id id = model_entid(model, ident);
    return id == DATOM_NO_ID ? NULL : model_attribute(model, id);
}

bool model_has_avet(const struct model_attribute *attribute)
{
    return attribute->is_index || attribute->unique != DATOM_UNIQUE_NONE;
}
