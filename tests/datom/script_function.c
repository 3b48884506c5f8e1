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
    static const char *const bases[] = {"a", "b", "a-1"};
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
    switch (script_pick(source, 13)) {
    case 0:
    case 1:
    case 2:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/add-sequential-string"),
                             script_entity(source, true), text_attribute(source)->ident,
                             base(source));
    case 3:
    case 4:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/add-default"),
                             script_entity(source, true), a->ident, script_value(source, a, true));
    case 5:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/add-default-attr-value"),
                             script_attribute_of(source)->ident, a->ident,
                             script_value(source, a, false));
    case 6:
    case 7:
        return migration(source);
    case 8:
        return script_chance(source, 6)
                   ? SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db.fn/cancel"), EDN_STRING_LIT("no"))
                   : migration(source);
    default:
        return call(source);
    }
}
