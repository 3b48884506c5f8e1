/*
 * Random schemas: attributes of all kinds, how they are altered and erased, and the values that are
 * given to them.
 */

#include "script_source.h"

/* Few of each type; the long strings are alike in their first 300 bytes, and one is the beginning
 * of others: keys hold cut values. */
static const char values_text[] =
    "{:db.type/long [0 1 -1 2 9223372036854775807 -9223372036854775808]"
    " :db.type/string [\"\" \"a\" \"a\\u0000b\" \"b\" \"\u00e9\" \"ab\"]"
    " :db.type/keyword [:x :y :x/y :z]"
    " :db.type/boolean [true false]"
    " :db.type/double [0.0 -0.0 1.5 -1e300 3]"
    " :db.type/instant [#inst \"1970\" #inst \"2020-01-02\" #inst \"1969-12-31T23:59:59.999\"]"
    " :db.type/bigdec [1.0M 1.00M -2.5M 0M 1e20M 0.001M 7]"
    " :db.type/bigint [0N -1 1N 9223372036854775808N -340282366920938463463374607431768211456N]"
    " :db.type/float [0.0 -0.0 1.5 -0.25 3]"
    " :db.type/uuid [#uuid \"00000000-0000-0000-0000-000000000000\""
    "   #uuid \"7fffffff-ffff-ffff-ffff-ffffffffffff\""
    "   #uuid \"80000000-0000-0000-0000-000000000001\"]"
    " :db.type/uri [#uri \"\" #uri \"http://a/\" #uri \"http://a/b\"]"
    " :db.type/symbol [x y x/y z]"
    " :db.type/bytes [#base64 \"\" #base64 \"AA==\" #base64 \"AAE=\" #base64 \"/w==\"]}";

static const enum datom_type types[] = {
    DATOM_TYPE_LONG,    DATOM_TYPE_STRING,  DATOM_TYPE_REF,    DATOM_TYPE_REF,
    DATOM_TYPE_KEYWORD, DATOM_TYPE_BOOLEAN, DATOM_TYPE_DOUBLE, DATOM_TYPE_INSTANT,
    DATOM_TYPE_BIGDEC,  DATOM_TYPE_BIGINT,  DATOM_TYPE_FLOAT,  DATOM_TYPE_UUID,
    DATOM_TYPE_URI,     DATOM_TYPE_SYMBOL,  DATOM_TYPE_BYTES,  DATOM_TYPE_TUPLE,
};
/* The last ones can't stand in tuples. */
#define ELEMENT_TYPES (BS_ARRAY_COUNT(types) - 2)

static bool may_be_element(enum datom_type type)
{
    return type != DATOM_TYPE_TUPLE && type != DATOM_TYPE_BYTES;
}

/* ---- values ---- */

static void add_value(struct script_source *source, enum datom_type type, struct edn value)
{
    BS_ASSERT(source->values_count[type] < SCRIPT_VALUES_MAX);
    source->values[type][source->values_count[type]++] = value;
}

void script_make_values(struct script_source *source)
{
    struct edn map;
    if (edn_read(bs_str_from(values_text), source->arena, &map, NULL) != BS_OK)
        BS_UNREACHABLE();
    for (int type = 0; type < DATOM_TYPE_COUNT; type++) {
        struct edn values;
        if (!edn_map_get_keyword(map, bs_str_from(datom_type_ident((enum datom_type)type)),
                                 &values))
            continue;
        for (uint32_t i = 0; i < values.len; i++)
            add_value(source, (enum datom_type)type, values.as.items[i]);
    }
    char bytes[700];
    memset(bytes, 'q', sizeof(bytes));
    for (size_t i = 0; i < 4; i++) {
        bytes[400] = (char)('a' + (7 * i) % 5);
        struct bs_str text = bs_arena_dup(source->arena, bs_str_make(bytes, 300 + 100 * i));
        add_value(source, DATOM_TYPE_STRING, edn_string(text));
        add_value(source, DATOM_TYPE_BYTES, edn_text(EDN_BYTES, text));
    }
}

/* ---- definitions ---- */

static bool has_key(const struct edn_list *pairs, struct edn key)
{
    for (size_t i = 0; i < pairs->count; i += 2) {
        if (edn_equal(pairs->items[i], key))
            return true;
    }
    return false;
}

void script_add_pair(struct edn_list *pairs, struct edn key, struct edn value)
{
    if (has_key(pairs, key))
        return;
    edn_list_add(pairs, key);
    edn_list_add(pairs, value);
}

static struct edn type_ident(struct script_source *source, enum datom_type type)
{
    return script_keyword(source, datom_type_ident(type));
}

static void describe(struct script_source *source, struct edn_list *pairs,
                     struct script_attribute *attribute)
{
    const char *unique = NULL;
    bool is_ref = attribute->type == DATOM_TYPE_REF;
    bool may_be_unique =
        attribute->type != DATOM_TYPE_BYTES && (!is_ref || script_chance(source, 3));
    script_add_pair(pairs, EDN_KEYWORD_LIT("db/ident"), attribute->ident);
    script_add_pair(pairs, EDN_KEYWORD_LIT("db/valueType"), type_ident(source, attribute->type));
    script_add_pair(
        pairs, EDN_KEYWORD_LIT("db/cardinality"),
        script_keyword(source, attribute->many ? "db.cardinality/many" : "db.cardinality/one"));
    if (may_be_unique && script_chance(source, 3))
        unique = script_chance(source, 2) ? "db.unique/value" : "db.unique/identity";
    attribute->is_unique = unique;
    if (unique)
        script_add_pair(pairs, EDN_KEYWORD_LIT("db/unique"), script_keyword(source, unique));
    if (script_chance(source, 2))
        script_add_pair(pairs, EDN_KEYWORD_LIT("db/index"), edn_boolean(true));
    attribute->is_component = is_ref && script_chance(source, 2);
    if (attribute->is_component)
        script_add_pair(pairs, EDN_KEYWORD_LIT("db/isComponent"), edn_boolean(true));
    if (script_chance(source, 6))
        script_add_pair(pairs, EDN_KEYWORD_LIT("db/noHistory"), edn_boolean(true));
    if (attribute->type == DATOM_TYPE_STRING && script_chance(source, 4))
        script_add_pair(pairs, EDN_KEYWORD_LIT("db/fulltext"), edn_boolean(true));
    if (script_chance(source, 4))
        script_add_pair(pairs, EDN_KEYWORD_LIT("db/doc"), EDN_STRING_LIT("of the model"));
    if (script_chance(source, 4))
        script_add_pair(pairs, EDN_KEYWORD_LIT("db.install/_attribute"),
                        EDN_KEYWORD_LIT("db.part/db"));
    if (script_chance(source, 8) && !is_ref && attribute->type != DATOM_TYPE_TUPLE)
        script_add_pair(pairs, EDN_KEYWORD_LIT("db.attr/check"),
                        script_first_check(source, attribute));
}

/* What a tuple that is no composite is made of. */
static void add_elements(struct script_source *source, struct edn_list *pairs,
                         struct script_attribute *attribute)
{
    struct edn idents[SCRIPT_ELEMENTS_MAX];
    for (size_t i = 0; i < SCRIPT_ELEMENTS_MAX; i++) {
        attribute->elements[i] = types[script_pick(source, ELEMENT_TYPES)];
        idents[i] = type_ident(source, attribute->elements[i]);
    }
    attribute->elements_count = script_chance(source, 2) ? 2 + script_pick(source, 2) : 0;
    if (attribute->elements_count == 0)
        script_add_pair(pairs, EDN_KEYWORD_LIT("db/tupleType"), idents[0]);
    else
        script_add_pair(pairs, EDN_KEYWORD_LIT("db/tupleTypes"),
                        script_vector_of(source, attribute->elements_count, idents));
    source->tuple = attribute;
}

/* One that is refused: a tuple of two kinds, of none, of no types, or of none that can stand in
 * one; bytes that are unique. */
static struct edn bad_definition(struct script_source *source)
{
    struct edn_list pairs;
    struct script_attribute attribute = {.ident = EDN_KEYWORD_LIT("m/bad"),
                                         .type = DATOM_TYPE_TUPLE};
    edn_list_init(&pairs, source->arena);
    struct edn keyword =
        script_keyword(source, script_chance(source, 2) ? "db.type/tuple" : "db.type/bytes");
    switch (script_pick(source, 6)) {
    case 0:
        break;
    case 5:
        attribute.type = DATOM_TYPE_BYTES;
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/unique"),
                        script_keyword(source, "db.unique/value"));
        break;
    case 1:
        attribute.type = DATOM_TYPE_LONG;
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/tupleType"), keyword);
        break;
    case 2:
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/tupleType"), keyword);
        break;
    case 3:
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/tupleTypes"),
                        SCRIPT_VECTOR(source, script_keyword(source, "db.type/long"),
                                      script_chance(source, 2) ? edn_nil() : keyword));
        break;
    default:
        keyword = script_keyword(source, "db.type/long");
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/tupleType"), keyword);
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/tupleTypes"),
                        SCRIPT_VECTOR(source, keyword, keyword));
        break;
    }
    describe(source, &pairs, &attribute);
    return edn_list_finish(&pairs, EDN_MAP);
}

struct edn script_schema_forms(struct script_source *source)
{
    struct edn_list forms;
    edn_list_init(&forms, source->arena);
    struct edn id;
    if (edn_read(BS_STR("{:db/ident :m/id :db/valueType :db.type/long :db/cardinality "
                        ":db.cardinality/one :db/unique :db.unique/identity}"),
                 source->arena, &id, NULL) != BS_OK)
        BS_UNREACHABLE();
    edn_list_add(&forms, id);
    source->attributes_count = 2 + script_pick(source, SCRIPT_ATTRIBUTES_MAX - 1);
    for (size_t i = 0; i < source->attributes_count; i++) {
        struct script_attribute *attribute = &source->attributes[i];
        struct edn_list pairs;
        edn_list_init(&pairs, source->arena);
        attribute->ident = edn_keyword(bs_arena_printf(source->arena, "m/a%zu", i));
        attribute->type = types[script_pick(source, BS_ARRAY_COUNT(types))];
        attribute->many = script_chance(source, 2);
        describe(source, &pairs, attribute);
        if (attribute->type == DATOM_TYPE_TUPLE)
            add_elements(source, &pairs, attribute);
        edn_list_add(&forms, edn_list_finish(&pairs, EDN_MAP));
    }
    return edn_list_finish(&forms, EDN_VECTOR);
}

/* Mostly one that can be a member of a composite. */
static const struct script_attribute *member(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    for (size_t i = 0; i < 6 && (a->many || !may_be_element(a->type)); i++)
        a = script_attribute_of(source);
    return a;
}

/* A composite of two that were installed before. */
struct edn script_composite_forms(struct script_source *source)
{
    struct edn_list pairs;
    struct script_attribute *composite = &source->attributes[source->attributes_count];
    edn_list_init(&pairs, source->arena);
    *composite = (struct script_attribute){
        .ident = EDN_KEYWORD_LIT("m/c"),
        .type = DATOM_TYPE_TUPLE,
        .members = {member(source), member(source)},
        .many = script_chance(source, 20),
    };
    describe(source, &pairs, composite);
    script_add_pair(
        &pairs, EDN_KEYWORD_LIT("db/tupleAttrs"),
        SCRIPT_VECTOR(source, composite->members[0]->ident, composite->members[1]->ident));
    /* one that will be refused is not spoken of later */
    bool may_be =
        may_be_element(composite->members[0]->type) && may_be_element(composite->members[1]->type);
    if (!composite->many && may_be && composite->members[0] != composite->members[1] &&
        !composite->members[0]->many && !composite->members[1]->many) {
        source->tuple = composite;
        source->attributes_count++;
    }
    struct edn form = edn_list_finish(&pairs, EDN_MAP);
    return edn_vector_of(source->arena, &form, 1);
}

/* Of a composite, where there is one. */
static struct edn discontinuation(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    for (size_t i = 0; i < 8 && !a->members[0]; i++)
        a = script_attribute_of(source);
    return SCRIPT_VECTOR(
        source, script_keyword(source, script_chance(source, 8) ? "db/retract" : "db/add"),
        a->ident, EDN_KEYWORD_LIT("db.tuple/discontinued"), edn_boolean(!script_chance(source, 6)));
}

/* As schemas of old have it. */
static struct edn old_alteration(struct script_source *source)
{
    struct edn_list pairs;
    edn_list_init(&pairs, source->arena);
    script_add_pair(&pairs, EDN_KEYWORD_LIT("db/id"), script_attribute_of(source)->ident);
    script_add_pair(&pairs, EDN_KEYWORD_LIT("db/index"), edn_boolean(script_chance(source, 2)));
    script_add_pair(&pairs, EDN_KEYWORD_LIT("db.alter/_attribute"), EDN_KEYWORD_LIT("db.part/db"));
    return edn_list_finish(&pairs, EDN_MAP);
}

/* What is said of an attribute or an entity for those who read it; words of texts can't be had
 * later. */
static struct edn description(struct script_source *source)
{
    static const char *const attributes[] = {"db/doc", "db/deprecated", "db/fulltext"};
    size_t kind = script_pick(source, BS_ARRAY_COUNT(attributes));
    struct edn e = script_attribute_of(source)->ident;
    if (kind < 2 && script_chance(source, 3))
        e = script_entity(source, false);
    return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db/add"), e,
                         script_keyword(source, attributes[kind]),
                         kind == 2                  ? edn_boolean(script_chance(source, 2))
                         : script_chance(source, 2) ? EDN_STRING_LIT("a")
                                                    : EDN_STRING_LIT("b"));
}

struct edn script_alteration(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    struct edn add = EDN_KEYWORD_LIT("db/add");
    struct edn retract = EDN_KEYWORD_LIT("db/retract");
    struct edn unique = EDN_KEYWORD_LIT("db/unique");
    struct edn index = EDN_KEYWORD_LIT("db/index");
    struct edn identity = EDN_KEYWORD_LIT("db.unique/identity");
    switch (script_pick(source, 15)) {
    case 14:
        return description(source);
    case 13:
        return old_alteration(source);
    case 12:
        return discontinuation(source);
    case 11:
        return bad_definition(source);
    case 0:
    case 1:
        return SCRIPT_VECTOR(source, add, a->ident, EDN_KEYWORD_LIT("db/cardinality"),
                             script_keyword(source, script_chance(source, 2)
                                                        ? "db.cardinality/many"
                                                        : "db.cardinality/one"));
    case 2:
        return SCRIPT_VECTOR(source, add, a->ident, unique, identity);
    case 3:
        return SCRIPT_VECTOR(source, add, a->ident, unique, EDN_KEYWORD_LIT("db.unique/value"));
    case 4:
        return SCRIPT_VECTOR(source, retract, a->ident, unique);
    case 5:
        return SCRIPT_VECTOR(source, add, a->ident, index, edn_boolean(true));
    case 6:
        return SCRIPT_VECTOR(source, add, a->ident, index, edn_boolean(false));
    case 7:
        return SCRIPT_VECTOR(
            source, add, a->ident, EDN_KEYWORD_LIT("db/ident"),
            edn_keyword(bs_arena_printf(source->arena, "m/b%zu", script_pick(source, 3))));
    case 8:
        return SCRIPT_VECTOR(source, add, a->ident, EDN_KEYWORD_LIT("db/isComponent"),
                             edn_boolean(script_chance(source, 2)));
    case 9:
        return SCRIPT_VECTOR(source, add, a->ident, EDN_KEYWORD_LIT("db/noHistory"),
                             edn_boolean(script_chance(source, 2)));
    default:
        return SCRIPT_VECTOR(source, add, script_entity(source, false), EDN_KEYWORD_LIT("db/ident"),
                             script_keyword(source, script_chance(source, 2) ? "e/x" : "e/y"));
    }
}

/* A point in time, in any of its forms; now and then what is none. */
static void add_before(struct script_source *source, struct edn_list *pairs)
{
    size_t n = script_pick(source, 80);
    if (script_chance(source, 3))
        script_add_pair(pairs, EDN_KEYWORD_LIT("db.excise/before"),
                        script_tagged(source, "instant", n));
    else if (script_chance(source, 8))
        script_add_pair(pairs, EDN_KEYWORD_LIT("db.excise/beforeT"),
                        script_chance(source, 2) ? script_entity_id(source) : edn_long(-1));
    else
        script_add_pair(pairs, EDN_KEYWORD_LIT("db.excise/beforeT"),
                        script_tagged(source, script_chance(source, 2) ? "t" : "tx", n));
}

struct edn script_excision(struct script_source *source)
{
    struct edn_list pairs;
    edn_list_init(&pairs, source->arena);
    bool is_attribute = script_chance(source, 3);
    script_add_pair(&pairs, EDN_KEYWORD_LIT("db/excise"),
                    is_attribute ? script_attribute_of(source)->ident : script_entity_id(source));
    if (!is_attribute && script_chance(source, 3))
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db.excise/attrs"),
                        SCRIPT_VECTOR(source, script_attribute_of(source)->ident,
                                      script_chance(source, 12)
                                          ? script_entity_id(source)
                                          : script_attribute_of(source)->ident));
    for (size_t i = script_pick(source, 3); i > 0; i--)
        add_before(source, &pairs);
    return edn_list_finish(&pairs, EDN_MAP);
}
