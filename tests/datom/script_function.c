/* Forms of :db.fn/ and calls in random scripts. */

#include "script_source.h"

struct edn script_function_forms(struct script_source *source)
{
    struct edn forms;
    if (edn_read(BS_STR("[{:db/ident :f/both :db/lang :db.lang/datalog :db/code \"" MODEL_BOTH "\"}"
                        " {:db/ident :f/next :db/lang :db.lang/datalog :db/code \"" MODEL_NEXT
                        "\"}]"),
                 source->arena, &forms, NULL) != BS_OK)
        BS_UNREACHABLE();
    return forms;
}

/* One that looks like a numbered one, too. */
static struct edn base(struct script_source *source)
{
    static const char *const bases[] = {"a", "b", "a-1", "c:d"};
    return edn_string(bs_str_from(bases[script_pick(source, BS_ARRAY_COUNT(bases))]));
}

/* Mostly one that takes texts. */
static const struct script_attribute *text_attribute(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    for (size_t i = 0; i < 8 && a->type != DATOM_TYPE_STRING; i++)
        a = script_attribute_of(source);
    return a;
}

/* In a sequence that attributes share, or each in its own; now and then what is none. */
static struct edn several_numbered(struct script_source *source)
{
    struct edn_list holders;
    struct edn namespace = script_chance(source, 2) ? edn_nil() : EDN_STRING_LIT("n");
    edn_list_init(&holders, source->arena);
    if (script_chance(source, 4))
    namespace = EDN_STRING_LIT("c:");
    for (size_t i = script_pick(source, 4); i > 0; i--) {
        struct edn a = text_attribute(source)->ident;
        struct edn e = script_entity(source, true);
        edn_list_add(&holders, script_chance(source, 40) ? SCRIPT_VECTOR(source, e)
                                                         : SCRIPT_VECTOR(source, e, a));
    }
    return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/add-sequential-strings"), namespace,
                         script_chance(source, 40) ? edn_nil() : base(source),
                         edn_list_finish(&holders, EDN_VECTOR));
}

static struct edn cancellation(struct script_source *source)
{
    struct edn_list pairs;
    edn_list_init(&pairs, source->arena);
    script_add_pair(&pairs, EDN_KEYWORD_LIT("message"), EDN_STRING_LIT("no"));
    if (script_chance(source, 2))
        script_add_pair(&pairs, EDN_KEYWORD_LIT("category"), EDN_KEYWORD_LIT("incorrect"));
    return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/cancel"),
                         script_chance(source, 2) ? EDN_STRING_LIT("no")
                                                  : edn_list_finish(&pairs, EDN_MAP));
}

static struct edn migration(struct script_source *source)
{
    struct edn_list forms;
    edn_list_init(&forms, source->arena);
    for (size_t i = script_pick(source, 3); i > 0; i--)
        edn_list_add(&forms, script_form(source));
    return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/ensure-migration"),
                         script_keyword(source, script_chance(source, 2) ? "g/x" : "g/y"),
                         edn_list_finish(&forms, EDN_VECTOR));
}

static struct edn call(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    struct edn e = script_entity(source, true);
    bool is_data = script_chance(source, 2);
    /* a symbol calls what is registered, as a keyword does */
    if (script_chance(source, 2)) {
        struct edn name = script_keyword(source, is_data ? "f/next" : MODEL_NEXT);
        if (!is_data && script_chance(source, 2))
            name = edn_symbol(edn_text_of(name));
        return script_chance(source, 30) ? SCRIPT_VECTOR(source, name, e)
                                         : SCRIPT_VECTOR(source, name, e, a->ident);
    }
    struct edn name = script_keyword(source, is_data ? "f/both" : MODEL_BOTH);
    if (script_chance(source, 30))
        name = EDN_KEYWORD_LIT("f/none");
    return SCRIPT_VECTOR(source, name, e, a->ident, script_value(source, a, true),
                         script_value(source, a, false));
}

struct edn script_function_form(struct script_source *source)
{
    const struct script_attribute *a = script_attribute_of(source);
    const struct script_attribute *text = text_attribute(source);
    size_t kind = script_pick(source, 14);
    /* where no attribute takes texts, numbered ones are hardly worth it */
    if (kind < 4 && text->type != DATOM_TYPE_STRING && !script_chance(source, 8))
        return call(source);
    switch (kind) {
    case 0:
        return several_numbered(source);
    case 1:
    case 2:
    case 3:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/add-sequential-string"),
                             script_entity(source, true), text->ident, base(source));
    case 4:
    case 5:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/add-default"),
                             script_entity(source, true), a->ident, script_value(source, a, true));
    case 6:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/add-default-attr-value"),
                             script_attribute_of(source)->ident, a->ident,
                             script_value(source, a, false));
    case 7:
    case 8:
        return migration(source);
    case 9:
        return script_chance(source, 6) ? cancellation(source) : migration(source);
    default:
        return call(source);
    }
}
