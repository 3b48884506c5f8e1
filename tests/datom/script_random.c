/*
 * Random scripts. Names and values are few, so that they meet: conflicts, upserts and refusals are
 * meant to be frequent. What a script says does not depend on what it does when it is run.
 */

#include "script.h"

#define ATTRIBUTES_MAX 8
#define ENTITIES 9
#define FIRST_ENTITIES 5
#define VALUES_MAX 16
#define TEMPS 3

/* Few of each type; the long strings are alike in their first 300 bytes, and one is the beginning
 * of others: keys hold cut values. */
static const char values_text[] =
    "{:db.type/long [0 1 -1 2 9223372036854775807 -9223372036854775808]"
    " :db.type/string [\"\" \"a\" \"a\\u0000b\" \"b\" \"\u00e9\" \"ab\"]"
    " :db.type/keyword [:x :y :x/y :z]"
    " :db.type/boolean [true false]"
    " :db.type/double [0.0 -0.0 1.5 -1e300 3]"
    " :db.type/instant [#inst \"1970\" #inst \"2020-01-02\" #inst \"1969-12-31T23:59:59.999\"]"
    " :db.type/bigdec [1.0M 1.00M -2.5M 0M 1e20M 0.001M 7]}";

static const enum datom_type types[] = {
    DATOM_TYPE_LONG,   DATOM_TYPE_STRING,  DATOM_TYPE_REF,
    DATOM_TYPE_REF,    DATOM_TYPE_KEYWORD, DATOM_TYPE_BOOLEAN,
    DATOM_TYPE_DOUBLE, DATOM_TYPE_INSTANT, DATOM_TYPE_BIGDEC,
};

/* As installed; alterations are not followed. */
struct attribute {
    struct edn ident;
    enum datom_type type;
    bool many;
    bool is_component;
    bool is_unique;
};

struct source {
    struct bs_random random;
    struct bs_arena *arena;
    struct attribute attributes[ATTRIBUTES_MAX];
    size_t attributes_count;
    struct edn values[DATOM_TYPE_COUNT][VALUES_MAX];
    size_t values_count[DATOM_TYPE_COUNT];
};

static size_t pick(struct source *source, size_t bound)
{
    return (size_t)bs_random_below(&source->random, bound);
}

static bool chance(struct source *source, size_t one_in)
{
    return pick(source, one_in) == 0;
}

static struct edn keyword(struct source *source, const char *text)
{
    return edn_keyword(bs_arena_dup(source->arena, bs_str_from(text)));
}

static struct edn vector_of(struct source *source, size_t count, const struct edn *items)
{
    return edn_vector_of(source->arena, items, count);
}

#define VECTOR(source, ...)                                                                        \
    vector_of((source), sizeof((struct edn[]){__VA_ARGS__}) / sizeof(struct edn),                  \
              (struct edn[]){__VA_ARGS__})

/* ---- values ---- */

static void add_value(struct source *source, enum datom_type type, struct edn value)
{
    BS_ASSERT(source->values_count[type] < VALUES_MAX);
    source->values[type][source->values_count[type]++] = value;
}

static void make_values(struct source *source)
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
        add_value(source, DATOM_TYPE_STRING,
                  edn_string(bs_arena_dup(source->arena, bs_str_make(bytes, 300 + 100 * i))));
    }
}

/* Mostly of those that are there from the start. */
static struct edn number(struct source *source)
{
    return edn_long((int64_t)pick(source, chance(source, 12) ? ENTITIES : FIRST_ENTITIES));
}

static struct edn temp(struct source *source)
{
    return chance(source, 8)
               ? edn_long(-1 - (int64_t)pick(source, TEMPS))
               : edn_string(bs_arena_printf(source->arena, "t%zu", pick(source, TEMPS)));
}

static struct edn entity_id(struct source *source)
{
    struct edn *items = bs_arena_new_array(source->arena, 2, struct edn);
    items[0] = EDN_SYMBOL_LIT("e");
    items[1] = number(source);
    return (struct edn){.type = EDN_TAGGED, .len = 2, .as.items = items};
}

static struct edn entity(struct source *source, bool may_be_new)
{
    size_t way = pick(source, may_be_new ? 13 : 12);
    if (way < 10)
        return entity_id(source);
    if (way == 10)
        return VECTOR(source, EDN_KEYWORD_LIT("m/id"), number(source));
    if (way == 11)
        return chance(source, 8) ? keyword(source, "e/x") : entity_id(source);
    return temp(source);
}

static const struct attribute *attribute(struct source *source)
{
    return &source->attributes[pick(source, source->attributes_count)];
}

static struct edn plain_value(struct source *source, const struct attribute *attribute,
                              bool may_be_new)
{
    enum datom_type type = attribute->type;
    if (chance(source, 60))
        type = DATOM_TYPE_KEYWORD; /* often the wrong one */
    if (type == DATOM_TYPE_REF)
        return entity(source, may_be_new);
    return source->values[type][pick(source, source->values_count[type])];
}

static struct edn map_form(struct source *source, size_t depth);

static struct edn value(struct source *source, const struct attribute *attribute, size_t depth)
{
    if (attribute->type == DATOM_TYPE_REF && depth < 2 && chance(source, 4))
        return map_form(source, depth + 1);
    if (!attribute->many || chance(source, 2))
        return plain_value(source, attribute, true);
    struct edn_list values;
    edn_list_init(&values, source->arena);
    for (size_t i = pick(source, 4); i > 0; i--)
        edn_list_add(&values, plain_value(source, attribute, true));
    return edn_list_finish(&values, EDN_VECTOR);
}

/* ---- forms ---- */

static struct edn reverse(struct source *source, const struct attribute *attribute)
{
    return edn_keyword(bs_arena_printf(source->arena, "%.*s/_%.*s",
                                       BS_STR_ARGS(edn_namespace(attribute->ident)),
                                       BS_STR_ARGS(edn_name(attribute->ident))));
}

static bool has_key(const struct edn_list *pairs, struct edn key)
{
    for (size_t i = 0; i < pairs->count; i += 2) {
        if (edn_equal(pairs->items[i], key))
            return true;
    }
    return false;
}

static void add_pair(struct edn_list *pairs, struct edn key, struct edn value)
{
    if (has_key(pairs, key))
        return;
    edn_list_add(pairs, key);
    edn_list_add(pairs, value);
}

static struct edn map_form(struct source *source, size_t depth)
{
    struct edn_list pairs;
    edn_list_init(&pairs, source->arena);
    if (!chance(source, 3))
        add_pair(&pairs, EDN_KEYWORD_LIT("db/id"), entity(source, true));
    if (!chance(source, 3))
        add_pair(&pairs, EDN_KEYWORD_LIT("m/id"), number(source));
    for (size_t i = pick(source, 4); i > 0; i--) {
        const struct attribute *a = attribute(source);
        if (a->type == DATOM_TYPE_REF && chance(source, 4))
            add_pair(&pairs, reverse(source, a), entity(source, true));
        else
            add_pair(&pairs, a->ident, value(source, a, depth));
    }
    return edn_list_finish(&pairs, EDN_MAP);
}

static struct edn cas_form(struct source *source)
{
    const struct attribute *a = attribute(source);
    struct edn old = chance(source, 3) ? edn_nil() : plain_value(source, a, false);
    return VECTOR(source, EDN_KEYWORD_LIT("db/cas"), entity(source, false), a->ident, old,
                  plain_value(source, a, true));
}

static struct edn reset_form(struct source *source)
{
    const struct attribute *a = attribute(source);
    struct edn_list values;
    edn_list_init(&values, source->arena);
    for (size_t i = pick(source, 4); i > 0; i--)
        edn_list_add(&values, plain_value(source, a, true));
    return VECTOR(source, EDN_KEYWORD_LIT("db.fn/reset-to-many"), entity(source, true), a->ident,
                  edn_list_finish(&values, EDN_VECTOR));
}

static struct edn form(struct source *source)
{
    const struct attribute *a = attribute(source);
    struct edn e = entity(source, true);
    size_t kind = pick(source, 32);
    if (kind < 8 || kind >= 24)
        return VECTOR(source, EDN_KEYWORD_LIT("db/add"), e, a->ident, plain_value(source, a, true));
    if (kind < 13)
        return map_form(source, 0);
    e = entity(source, false);
    if (kind < 17)
        return VECTOR(source, EDN_KEYWORD_LIT("db/retract"), e, a->ident,
                      plain_value(source, a, false));
    if (kind == 17)
        return VECTOR(source, EDN_KEYWORD_LIT("db/retract"), e, a->ident);
    if (kind == 18)
        return VECTOR(source, EDN_KEYWORD_LIT("db/retractEntity"), e);
    if (kind == 19)
        return reset_form(source);
    if (kind == 20)
        return VECTOR(source, EDN_KEYWORD_LIT("db/add"), e, EDN_KEYWORD_LIT("m/id"),
                      number(source));
    if (kind == 21)
        return VECTOR(source, EDN_KEYWORD_LIT("db/add"), EDN_STRING_LIT("datomic.tx"), a->ident,
                      plain_value(source, a, true));
    return cas_form(source);
}

/* ---- schema ---- */

static void describe(struct source *source, struct edn_list *pairs, struct attribute *attribute)
{
    const char *unique = NULL;
    bool is_ref = attribute->type == DATOM_TYPE_REF;
    add_pair(pairs, EDN_KEYWORD_LIT("db/ident"), attribute->ident);
    add_pair(pairs, EDN_KEYWORD_LIT("db/valueType"),
             keyword(source, datom_type_ident(attribute->type)));
    add_pair(pairs, EDN_KEYWORD_LIT("db/cardinality"),
             keyword(source, attribute->many ? "db.cardinality/many" : "db.cardinality/one"));
    if (!is_ref && chance(source, 3))
        unique = chance(source, 2) ? "db.unique/value" : "db.unique/identity";
    if (unique)
        add_pair(pairs, EDN_KEYWORD_LIT("db/unique"), keyword(source, unique));
    attribute->is_unique = unique != NULL;
    if (chance(source, 2))
        add_pair(pairs, EDN_KEYWORD_LIT("db/index"), edn_boolean(true));
    attribute->is_component = is_ref && chance(source, 2);
    if (attribute->is_component)
        add_pair(pairs, EDN_KEYWORD_LIT("db/isComponent"), edn_boolean(true));
    if (chance(source, 6))
        add_pair(pairs, EDN_KEYWORD_LIT("db/noHistory"), edn_boolean(true));
}

static struct edn schema_forms(struct source *source)
{
    struct edn_list forms;
    edn_list_init(&forms, source->arena);
    struct edn id;
    if (edn_read(BS_STR("{:db/ident :m/id :db/valueType :db.type/long :db/cardinality "
                        ":db.cardinality/one :db/unique :db.unique/identity}"),
                 source->arena, &id, NULL) != BS_OK)
        BS_UNREACHABLE();
    edn_list_add(&forms, id);
    source->attributes_count = 2 + pick(source, ATTRIBUTES_MAX - 1);
    for (size_t i = 0; i < source->attributes_count; i++) {
        struct attribute *attribute = &source->attributes[i];
        struct edn_list pairs;
        edn_list_init(&pairs, source->arena);
        attribute->ident = edn_keyword(bs_arena_printf(source->arena, "m/a%zu", i));
        attribute->type = types[pick(source, BS_ARRAY_COUNT(types))];
        attribute->many = chance(source, 2);
        describe(source, &pairs, attribute);
        edn_list_add(&forms, edn_list_finish(&pairs, EDN_MAP));
    }
    return edn_list_finish(&forms, EDN_VECTOR);
}

static struct edn alteration(struct source *source)
{
    const struct attribute *a = attribute(source);
    struct edn add = EDN_KEYWORD_LIT("db/add");
    struct edn retract = EDN_KEYWORD_LIT("db/retract");
    struct edn unique = EDN_KEYWORD_LIT("db/unique");
    struct edn index = EDN_KEYWORD_LIT("db/index");
    struct edn identity = EDN_KEYWORD_LIT("db.unique/identity");
    switch (pick(source, 10)) {
    case 0:
    case 1:
        return VECTOR(
            source, add, a->ident, EDN_KEYWORD_LIT("db/cardinality"),
            keyword(source, chance(source, 2) ? "db.cardinality/many" : "db.cardinality/one"));
    case 2:
        if (a->type == DATOM_TYPE_REF)
            identity = EDN_KEYWORD_LIT("db.unique/value");
        return VECTOR(source, add, a->ident, unique, identity);
    case 3:
        return VECTOR(source, add, a->ident, unique, EDN_KEYWORD_LIT("db.unique/value"));
    case 4:
        return VECTOR(source, retract, a->ident, unique);
    case 5:
        return VECTOR(source, add, a->ident, index, edn_boolean(true));
    case 6:
        return VECTOR(source, add, a->ident, index, edn_boolean(false));
    case 7:
        return VECTOR(source, add, a->ident, EDN_KEYWORD_LIT("db/ident"),
                      edn_keyword(bs_arena_printf(source->arena, "m/b%zu", pick(source, 3))));
    case 8:
        return VECTOR(source, add, a->ident, EDN_KEYWORD_LIT("db/isComponent"),
                      edn_boolean(chance(source, 2)));
    default:
        return VECTOR(source, add, entity(source, false), EDN_KEYWORD_LIT("db/ident"),
                      keyword(source, chance(source, 2) ? "e/x" : "e/y"));
    }
}

static struct edn excision(struct source *source)
{
    struct edn_list pairs;
    edn_list_init(&pairs, source->arena);
    bool is_attribute = chance(source, 4);
    add_pair(&pairs, EDN_KEYWORD_LIT("db/excise"),
             is_attribute ? attribute(source)->ident : entity_id(source));
    if (!is_attribute && chance(source, 3))
        add_pair(&pairs, EDN_KEYWORD_LIT("db.excise/attrs"),
                 VECTOR(source, attribute(source)->ident, attribute(source)->ident));
    return edn_list_finish(&pairs, EDN_MAP);
}

/* ---- steps ---- */

static struct edn transaction(struct source *source)
{
    struct edn_list forms;
    edn_list_init(&forms, source->arena);
    /* half of them are small: the larger, the more is refused */
    size_t count = chance(source, 2) ? 1 : 1 + pick(source, 5);
    if (chance(source, 25))
        edn_list_add(&forms, excision(source));
    else if (chance(source, 12))
        edn_list_add(&forms, alteration(source));
    else
        for (size_t i = 0; i < count; i++)
            edn_list_add(&forms, form(source));
    return edn_list_finish(&forms, EDN_VECTOR);
}

/* The first entities, so that there is something to speak of. */
static struct edn first_entities(struct source *source)
{
    struct edn_list forms;
    edn_list_init(&forms, source->arena);
    for (size_t i = 0; i < FIRST_ENTITIES; i++) {
        struct edn items[2] = {EDN_KEYWORD_LIT("m/id"), edn_long((int64_t)i)};
        edn_list_add(&forms, edn_map_of(source->arena, items, 1));
    }
    return edn_list_finish(&forms, EDN_VECTOR);
}

static struct edn other_step(struct source *source)
{
    switch (pick(source, 10)) {
    case 0:
    case 1:
        return VECTOR(source, EDN_KEYWORD_LIT("fork"));
    case 2:
        return VECTOR(source, EDN_KEYWORD_LIT("branch"), edn_long((int64_t)pick(source, 40)));
    case 3:
    case 4:
    case 5:
        return VECTOR(source, EDN_KEYWORD_LIT("back"));
    case 6:
    case 7:
        return VECTOR(source, EDN_KEYWORD_LIT("hold"));
    case 8:
        return VECTOR(source, EDN_KEYWORD_LIT("expire"));
    default:
        return VECTOR(source, EDN_KEYWORD_LIT("reopen"));
    }
}

struct edn script_random(struct bs_arena *arena, uint64_t seed, size_t transactions)
{
    struct source source = {.arena = arena};
    struct edn_list steps;
    bs_random_seed(&source.random, seed);
    make_values(&source);
    edn_list_init(&steps, arena);
    struct edn transact = EDN_KEYWORD_LIT("transact");
    edn_list_add(&steps, VECTOR(&source, transact, schema_forms(&source)));
    edn_list_add(&steps, VECTOR(&source, transact, first_entities(&source)));
    for (size_t i = 2; i < transactions; i++) {
        if (chance(&source, 7))
            edn_list_add(&steps, other_step(&source));
        struct edn how = chance(&source, 20) ? EDN_KEYWORD_LIT("with") : transact;
        edn_list_add(&steps, VECTOR(&source, how, transaction(&source)));
    }
    return edn_list_finish(&steps, EDN_VECTOR);
}
