/*
 * Random transactions. Names and values are few, so that they meet: conflicts, upserts and refusals
 * are meant to be frequent.
 */

#include "script_source.h"

#define ENTITIES 9
#define TEMPS 3

/* ---- entities and values ---- */

/* Mostly of those that are there from the start. */
static struct edn number(struct script_source *source)
{
    return edn_long(
        (int64_t)script_pick(source, script_chance(source, 12) ? ENTITIES : SCRIPT_FIRST_ENTITIES));
}

struct edn script_new_number(struct script_source *source)
{
    return edn_long(
        (int64_t)(SCRIPT_FIRST_ENTITIES + script_pick(source, ENTITIES - SCRIPT_FIRST_ENTITIES)));
}

struct edn script_temp(struct script_source *source)
{
    if (script_chance(source, 8))
        return script_old_tempid(source);
    return script_chance(source, 8)
               ? edn_long(-1 - (int64_t)script_pick(source, TEMPS))
               : edn_string(bs_arena_printf(source->arena, "t%zu", script_pick(source, TEMPS)));
}

struct edn script_tagged(struct script_source *source, const char *name, size_t n)
{
    struct edn *items = bs_arena_new_array(source->arena, 2, struct edn);
    items[0] = edn_symbol(bs_arena_dup(source->arena, bs_str_from(name)));
    items[1] = edn_long((int64_t)n);
    return (struct edn){.type = EDN_TAGGED, .len = 2, .as.items = items};
}

struct edn script_entity_id(struct script_source *source)
{
    return script_tagged(source, "e", (size_t)number(source).as.integer);
}

static struct edn tuple(struct script_source *source, const struct script_attribute *attribute,
                        bool may_be_new);

/* Mostly by an attribute that is unique at first. */
static struct edn lookup_ref(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    for (size_t i = 0; i < 4 && !a->is_unique; i++)
        a = script_attribute_of(source);
    return SCRIPT_VECTOR(source, a->ident, script_value(source, a, false));
}

struct edn script_entity(struct script_source *source, bool may_be_new)
{
    size_t way = script_pick(source, may_be_new ? 13 : 12);
    if (way < 10)
        return script_entity_id(source);
    if (way == 10 && source->tuple && script_chance(source, 3))
        return SCRIPT_VECTOR(source, source->tuple->ident, tuple(source, source->tuple, false));
    if (way == 10)
        return script_chance(source, 4)
                   ? lookup_ref(source)
                   : SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("m/id"), number(source));
    if (way == 11)
        return script_chance(source, 8) ? script_keyword(source, "e/x") : script_entity_id(source);
    return script_temp(source);
}

const struct script_attribute *script_attribute_of(struct script_source *source)
{
    return &source->attributes[script_pick(source, source->attributes_count)];
}

/* Now and then too short or too long a one. */
static struct edn tuple(struct script_source *source, const struct script_attribute *attribute,
                        bool may_be_new)
{
    struct edn items[BS_LIMIT_TUPLE_MAX + 1];
    size_t count = attribute->members[0]           ? 2
                   : attribute->elements_count > 0 ? attribute->elements_count
                                                   : 2 + script_pick(source, 2);
    if (script_chance(source, 40))
        count = script_chance(source, 2) ? 1 : BS_LIMIT_TUPLE_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        size_t at = BS_MIN(i, SCRIPT_ELEMENTS_MAX - 1);
        struct script_attribute element = {
            .type = attribute->elements[attribute->elements_count > 0 ? at : 0]};
        if (attribute->members[0])
            element = *attribute->members[i % 2];
        items[i] =
            script_chance(source, 5) ? edn_nil() : script_value(source, &element, may_be_new);
    }
    return edn_vector_of(source->arena, items, count);
}

struct edn script_value(struct script_source *source, const struct script_attribute *attribute,
                        bool may_be_new)
{
    enum datom_type type = attribute->type;
    if (script_chance(source, 60))
        type = DATOM_TYPE_KEYWORD; /* often the wrong one */
    if (type == DATOM_TYPE_REF)
        return script_entity(source, may_be_new);
    if (type == DATOM_TYPE_TUPLE)
        return tuple(source, attribute, may_be_new);
    return source->values[type][script_pick(source, source->values_count[type])];
}

static struct edn map_form(struct script_source *source, size_t depth);

static struct edn value(struct script_source *source, const struct script_attribute *attribute,
                        size_t depth)
{
    if (attribute->type == DATOM_TYPE_REF && depth < 2 && script_chance(source, 4))
        return map_form(source, depth + 1);
    if (!attribute->many || script_chance(source, 2))
        return script_value(source, attribute, true);
    struct edn_list values;
    edn_list_init(&values, source->arena);
    for (size_t i = script_pick(source, 4); i > 0; i--)
        edn_list_add(&values, script_value(source, attribute, true));
    return edn_list_finish(&values, EDN_VECTOR);
}

/* ---- forms ---- */

static struct edn reverse(struct script_source *source, const struct script_attribute *attribute)
{
    return edn_keyword(bs_arena_printf(source->arena, "%.*s/_%.*s",
                                       BS_STR_ARGS(edn_namespace(attribute->ident)),
                                       BS_STR_ARGS(edn_name(attribute->ident))));
}

static struct edn map_form(struct script_source *source, size_t depth)
{
    struct edn_list pairs;
    edn_list_init(&pairs, source->arena);
    if (!script_chance(source, 3))
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/id"), script_entity(source, true));
    if (!script_chance(source, 3))
        script_add_pair(&pairs, EDN_KEYWORD_LIT("m/id"), number(source));
    if (script_chance(source, 8)) {
        const struct script_attribute *first = &source->attributes[0];
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/ensure"), script_ensure_value(source));
        script_add_pair(&pairs, first->ident, value(source, first, depth));
    }
    for (size_t i = script_pick(source, 4); i > 0; i--) {
        const struct script_attribute *a = script_attribute_of(source);
        if (a->type == DATOM_TYPE_REF && script_chance(source, 4))
            script_add_pair(&pairs, reverse(source, a), script_entity(source, true));
        else
            script_add_pair(&pairs, a->ident, value(source, a, depth));
    }
    return edn_list_finish(&pairs, EDN_MAP);
}

/* `#v [E A]` */
static struct edn value_before(struct script_source *source, struct edn e, struct edn a)
{
    struct edn *items = bs_arena_new_array(source->arena, 2, struct edn);
    items[0] = EDN_SYMBOL_LIT("v");
    items[1] = SCRIPT_VECTOR(source, e, a);
    return (struct edn){.type = EDN_TAGGED, .len = 2, .as.items = items};
}

/* Mostly of an attribute that can have it, and with what is there. */
static struct edn cas_form(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    struct edn e = script_entity(source, false);
    struct edn op = EDN_KEYWORD_LIT("db/cas");
    if (script_chance(source, 8))
        op = EDN_KEYWORD_LIT("db.fn/cas");
    for (size_t i = 0; i < 4 && (a->many || a->members[0]); i++)
        a = script_attribute_of(source);
    struct edn old = value_before(source, e, a->ident);
    if (script_chance(source, 3))
        old = script_chance(source, 3) ? edn_nil() : script_value(source, a, false);
    return SCRIPT_VECTOR(source, op, e, a->ident, old, script_value(source, a, true));
}

static struct edn retract_form(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    struct edn e = script_entity(source, false);
    struct edn v = script_value(source, a, false);
    if (script_chance(source, 3))
        v = value_before(source, e, a->ident);
    return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db/retract"), e, a->ident, v);
}

static struct edn reset_form(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    struct edn_list values;
    edn_list_init(&values, source->arena);
    for (size_t i = 0; i < 4 && !a->many; i++)
        a = script_attribute_of(source);
    for (size_t i = script_pick(source, 4); i > 0; i--)
        edn_list_add(&values, a->type == DATOM_TYPE_REF && script_chance(source, 4)
                                  ? map_form(source, 1)
                                  : script_value(source, a, true));
    return SCRIPT_VECTOR(
        source, EDN_KEYWORD_LIT("db.fn/reset-to-many"), script_entity(source, true), a->ident,
        script_chance(source, 8) ? edn_nil() : edn_list_finish(&values, EDN_VECTOR));
}

struct edn script_form(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    struct edn e = script_entity(source, true);
    size_t kind = script_pick(source, 39);
    if (kind > 36)
        return script_partition_form(source);
    if (kind > 32)
        return script_function_form(source);
    if (kind == 32)
        return script_ensure_form(source);
    if (kind < 8 || kind >= 24)
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db/add"), e, a->ident,
                             script_value(source, a, true));
    if (kind < 13)
        return map_form(source, 0);
    e = script_entity(source, false);
    if (kind < 17)
        return retract_form(source);
    if (kind == 17)
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db/retract"), e, a->ident);
    if (kind == 18)
        return SCRIPT_VECTOR(source,
                             script_keyword(source, script_chance(source, 8) ? "db.fn/retractEntity"
                                                                             : "db/retractEntity"),
                             e);
    if (kind == 19)
        return reset_form(source);
    if (kind == 20)
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db/add"), e, EDN_KEYWORD_LIT("m/id"),
                             number(source));
    if (kind == 21)
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db/add"), EDN_STRING_LIT("datomic.tx"),
                             a->ident, script_value(source, a, true));
    return cas_form(source);
}

/* ---- transactions ---- */

struct edn script_transaction(struct script_source *source)
{
    struct edn_list forms;
    edn_list_init(&forms, source->arena);
    /* half of them are small: the larger, the more is refused */
    size_t count = script_chance(source, 2) ? 1 : 1 + script_pick(source, 5);
    if (script_chance(source, 25)) {
        edn_list_add(&forms, script_excision(source));
        /* half of them among others */
        for (size_t i = script_chance(source, 2) ? script_pick(source, 3) : 0; i > 0; i--)
            edn_list_add(&forms,
                         script_chance(source, 4) ? script_excision(source) : script_form(source));
    } else if (script_chance(source, 12))
        edn_list_add(&forms, script_alteration(source));
    else if (script_chance(source, 20))
        edn_list_add(&forms, script_check_form(source));
    else if (script_chance(source, 40))
        edn_list_add(&forms, script_installation(source));
    else if (script_chance(source, 30))
        edn_list_add(&forms, script_spec_form(source));
    else
        for (size_t i = 0; i < count; i++)
            edn_list_add(&forms, script_form(source));
    /* at a time of its own: now and then before the last one's, or later than now */
    if (script_chance(source, 25))
        edn_list_add(&forms,
                     SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db/add"), EDN_STRING_LIT("datomic.tx"),
                                   EDN_KEYWORD_LIT("db/txInstant"),
                                   script_tagged(source, "ago", script_pick(source, 4))));
    for (size_t i = 0; i < forms.count; i++)
        forms.items[i] = script_spelled(source, forms.items[i]);
    return edn_list_finish(&forms, EDN_VECTOR);
}
