/*
 * Checks, predicates and entity specs in random scripts: few of each for a type, so that the same
 * one is said, met and taken back.
 */

#include "script_source.h"

/* Most of them are good ones for their type; the first are, where there are any. */
static const char checks_text[] =
    "{:db.type/long [(range 0 2) (range nil 1) (range -1 1.5) (one-of 0 1 2) (length 0 1)]"
    " :db.type/string [(length 0 1) (length 1 nil) (matches \"[a-z]+\") (matches \"[^q]*\")"
    "   (matches \"a?b?(ab)?\") (one-of \"a\" \"\u00e9\" \"a\\u0000b\") (range 0 1)]"
    " :db.type/keyword [(one-of :x :y) (length 1 1) (matches \"[xy](/[xyz])?\") (one-of \"x\")]"
    " :db.type/boolean [(one-of true) (one-of true false) (range 0 1)]"
    " :db.type/double [(range 0 nil) (range -1e300 1.5) (one-of 0 1.5) (one-of :x)]"
    " :db.type/instant [(range #inst \"1970\" nil) (range nil #inst \"1999\") (range 0 1)"
    "   (one-of #inst \"2020-01-02\")]"
    " :db.type/bigdec [(range 0 1) (range -2.5M 7) (one-of 1 0.001M 7) (length 0 9)]"
    " :db.type/bigint [(range -1 1) (range nil 9223372036854775808N) (one-of 0 1N) (one-of 0.5)]"
    " :db.type/float [(range 0 nil) (range -0.25 1.5) (one-of 0 1.5) (matches \"a\")]"
    " :db.type/uuid [(one-of #uuid \"00000000-0000-0000-0000-000000000000\") (range 0 1)]"
    " :db.type/uri [(length 0 9) (matches \"http:.*\") (one-of #uri \"http://a/\") (one-of \"a\")]"
    " :db.type/symbol [(length 1 1) (matches \"[xy](/[xyz])?\") (one-of x y) (one-of :x)]"
    " :db.type/ref [(one-of :e/x :e/y) (one-of #e 0 #e 1 :e/x) (range 0 1)]"
    " :db.type/bytes [(length 1 300) (length nil 1) (one-of #base64 \"AA==\") (matches \"a\")]"
    " :db.type/tuple [(length 0 2)]}";

/* None of these is one. */
static const char bad_text[] =
    "[(range 2 1) (range nil nil) (range 1) (length -1 2) (length 0 1.5) (matches \"[\") (one-of)"
    " (one-of nil) (between 0 1) \"range 0 1\" \"(range\" 7]";

static struct edn read_static(struct script_source *source, struct bs_str text)
{
    struct edn value;
    if (edn_read(text, source->arena, &value, NULL) != BS_OK)
        BS_UNREACHABLE();
    return value;
}

static struct edn any_of(struct script_source *source, struct edn values)
{
    return values.as.items[script_pick(source, values.len)];
}

static struct edn checks_for(struct script_source *source, enum datom_type type)
{
    struct edn checks = edn_nil();
    edn_map_get_keyword(read_static(source, bs_str_from(checks_text)),
                        bs_str_from(datom_type_ident(type)), &checks);
    return checks;
}

struct edn script_first_check(struct script_source *source,
                              const struct script_attribute *attribute)
{
    return checks_for(source, attribute->type).as.items[0];
}

static struct edn check_for(struct script_source *source, const struct script_attribute *attribute)
{
    if (script_chance(source, 15))
        return any_of(source, read_static(source, bs_str_from(bad_text)));
    struct edn checks = checks_for(source, attribute->type);
    struct edn check = any_of(source, checks);
    /* as text it is the same */
    if (script_chance(source, 6) && attribute->type != DATOM_TYPE_REF)
        check = edn_string(edn_print_short(source->arena, check, 0));
    return check;
}

static struct edn predicate(struct script_source *source, const char *registered)
{
    struct edn name = script_keyword(source, script_chance(source, 6) ? "model/none" : registered);
    return script_chance(source, 2) ? name : edn_symbol(edn_text_of(name));
}

struct edn script_check_form(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    struct edn op = EDN_KEYWORD_LIT("db/add");
    if (script_chance(source, 2))
        op = EDN_KEYWORD_LIT("db/retract");
    if (script_chance(source, 5))
        return SCRIPT_VECTOR(source, op, a->ident, EDN_KEYWORD_LIT("db.attr/preds"),
                             predicate(source, MODEL_VALUE_PREDICATE));
    /* all of them, so that an attribute takes values again */
    if (edn_is_keyword(op, "db/retract") && script_chance(source, 2))
        return SCRIPT_VECTOR(source, op, a->ident, EDN_KEYWORD_LIT("db.attr/check"));
    return SCRIPT_VECTOR(source, op, a->ident, EDN_KEYWORD_LIT("db.attr/check"),
                         check_for(source, a));
}

/* ---- specs ---- */

struct edn script_spec_forms(struct script_source *source)
{
    struct edn_list forms;
    edn_list_init(&forms, source->arena);
    static const char *const names[] = {"s/x", "s/y"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        const struct script_attribute *a =
            i == 0 ? &source->attributes[0] : script_attribute_of(source);
        struct edn_list pairs;
        edn_list_init(&pairs, source->arena);
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/ident"), script_keyword(source, names[i]));
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db.entity/attrs"), a->ident);
        if (script_chance(source, 2))
            script_add_pair(&pairs, EDN_KEYWORD_LIT("db.entity/preds"),
                            predicate(source, MODEL_ENTITY_PREDICATE));
        edn_list_add(&forms, edn_list_finish(&pairs, EDN_MAP));
    }
    return edn_list_finish(&forms, EDN_VECTOR);
}

static struct edn spec(struct script_source *source)
{
    size_t way = script_pick(source, 12);
    if (way == 0)
        return script_entity(source, true);
    return script_keyword(source, way < 7 ? "s/x" : "s/y");
}

struct edn script_spec_form(struct script_source *source)
{
    struct edn op = EDN_KEYWORD_LIT("db/add");
    if (script_chance(source, 2))
        op = EDN_KEYWORD_LIT("db/retract");
    struct edn s = script_keyword(source, script_chance(source, 2) ? "s/x" : "s/y");
    if (script_chance(source, 4))
        return SCRIPT_VECTOR(source, op, s, EDN_KEYWORD_LIT("db.entity/preds"),
                             predicate(source, MODEL_ENTITY_PREDICATE));
    return SCRIPT_VECTOR(source, op, s, EDN_KEYWORD_LIT("db.entity/attrs"),
                         script_chance(source, 10) ? EDN_KEYWORD_LIT("m/none")
                                                   : script_attribute_of(source)->ident);
}

struct edn script_ensure_value(struct script_source *source)
{
    return script_chance(source, 5) ? SCRIPT_VECTOR(source, spec(source), spec(source))
                                    : spec(source);
}

struct edn script_ensure_form(struct script_source *source)
{
    struct edn op = EDN_KEYWORD_LIT("db/add");
    if (script_chance(source, 10))
        op = EDN_KEYWORD_LIT("db/retract");
    return SCRIPT_VECTOR(source, op, script_entity(source, true), EDN_KEYWORD_LIT("db/ensure"),
                         spec(source));
}
