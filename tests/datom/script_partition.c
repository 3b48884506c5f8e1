/*
 * Partitions in random scripts: few, so that entities meet in them, and tempids of all forms that
 * say where their entities go.
 */

#include "script_source.h"

static struct edn part_ident(struct script_source *source)
{
    static const char *const idents[] = {"p/x", "p/y", "p/z"};
    return script_keyword(source, idents[script_pick(source, BS_ARRAY_COUNT(idents))]);
}

/* Now and then one that is none, or that of transactions. */
static struct edn partition(struct script_source *source)
{
    static const int64_t implicit[] = {DATOM_PART_IMPLICIT, DATOM_PART_IMPLICIT + 1,
                                       DATOM_PART_IMPLICIT + DATOM_PART_IMPLICIT_COUNT - 1};
    static const char *const wrong[] = {"db.part/tx", "p/none", "m/id", "e/x"};
    switch (script_pick(source, 24)) {
    case 0:
        return script_keyword(source, wrong[script_pick(source, BS_ARRAY_COUNT(wrong))]);
    case 1:
        return script_chance(source, 2)
                   ? edn_long((int64_t)(DATOM_PART_IMPLICIT + DATOM_PART_IMPLICIT_COUNT))
                   : EDN_STRING_LIT("p/x");
    case 2:
    case 3:
        return EDN_KEYWORD_LIT("db.part/user");
    case 4:
    case 5:
        return EDN_KEYWORD_LIT("db.part/db");
    case 6:
        return part_ident(source);
    case 7:
    case 8:
    case 9:
    case 10:
        return edn_long(implicit[script_pick(source, BS_ARRAY_COUNT(implicit))]);
    default:
        return script_keyword(source, script_chance(source, 3) ? "p/y" : "p/x");
    }
}

/* Twice the same partition is likely, so that forms meet in one tempid. */
struct edn script_old_tempid(struct script_source *source)
{
    struct edn part = script_chance(source, 3) ? partition(source) : EDN_KEYWORD_LIT("p/x");
    struct edn number = edn_long(-1 - (int64_t)script_pick(source, 2));
    if (script_chance(source, 40))
        number = edn_long(1);
    struct edn *items = bs_arena_new_array(source->arena, 2, struct edn);
    items[0] = EDN_SYMBOL_LIT("db/id");
    items[1] = script_chance(source, 8) ? SCRIPT_VECTOR(source, part)
                                        : SCRIPT_VECTOR(source, part, number);
    return (struct edn){.type = EDN_TAGGED, .len = 2, .as.items = items};
}

struct edn script_partition_forms(struct script_source *source)
{
    struct edn forms;
    if (edn_read(BS_STR("[{:db/ident :p/x :db.install/_partition :db.part/db}"
                        " [:db/add \"y\" :db/ident :p/y]"
                        " [:db/add :db.part/db :db.install/partition \"y\"]]"),
                 source->arena, &forms, NULL) != BS_OK)
        BS_UNREACHABLE();
    return forms;
}

/* ---- directives ---- */

/* Mostly of the tempid of the form: others may be of nobody in the transaction. */
static struct edn directive(struct script_source *source, struct edn temp, bool is_force)
{
    struct edn_list pairs;
    edn_list_init(&pairs, source->arena);
    if (script_chance(source, 40))
        return partition(source);
    for (size_t i = script_chance(source, 6) ? 2 : 1; i > 0; i--) {
        struct edn key = script_chance(source, 10) ? script_temp(source) : temp;
        struct edn to = script_entity(source, true);
        if (is_force)
            to = partition(source);
        else if (script_chance(source, 3))
            to = script_temp(source);
        if (script_chance(source, 40))
            key = script_entity(source, false);
        script_add_pair(&pairs, key, to);
    }
    return edn_list_finish(&pairs, EDN_MAP);
}

/* Something of a tempid, so that it is an entity, and where to it is to go. */
struct edn script_partition_form(struct script_source *source)
{
    struct edn_list pairs;
    const struct script_attribute *a = script_attribute_of(source);
    struct edn temp = script_temp(source);
    bool is_force = !script_chance(source, 3);
    edn_list_init(&pairs, source->arena);
    if (!script_chance(source, 8))
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/id"), temp);
    if (script_chance(source, 3))
        script_add_pair(&pairs, EDN_KEYWORD_LIT("m/id"), script_new_number(source));
    script_add_pair(&pairs, a->ident, script_value(source, a, true));
    if (script_chance(source, 2))
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/match-partition"),
                        directive(source, temp, false));
    if (is_force)
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/force-partition"),
                        directive(source, temp, true));
    return edn_list_finish(&pairs, EDN_MAP);
}

/* ---- installing ---- */

static struct edn listing(struct script_source *source, const char *op, struct edn entity)
{
    return SCRIPT_VECTOR(source, script_keyword(source, op), EDN_KEYWORD_LIT("db.part/db"),
                         EDN_KEYWORD_LIT("db.install/partition"), entity);
}

/* Half of them are refused: what is no partition, and what is one for ever. */
struct edn script_installation(struct script_source *source)
{
    struct edn_list pairs;
    struct edn ident = part_ident(source);
    struct edn by = EDN_KEYWORD_LIT("db.part/db");
    switch (script_pick(source, 8)) {
    case 0:
        return listing(source, "db/retract", ident);
    case 1:
        return listing(source, "db/add", script_attribute_of(source)->ident);
    case 2:
        return listing(source, "db/add", script_entity(source, true));
    case 3:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db/retract"), ident,
                             EDN_KEYWORD_LIT("db/ident"), ident);
    case 4:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("db/add"), ident, EDN_KEYWORD_LIT("db/ident"),
                             part_ident(source));
    case 5:
        by = script_entity(source, false);
        break;
    default:
        break;
    }
    edn_list_init(&pairs, source->arena);
    if (!script_chance(source, 6))
        script_add_pair(&pairs, EDN_KEYWORD_LIT("db/ident"), ident);
    else
        script_add_pair(&pairs, EDN_KEYWORD_LIT("m/id"), script_new_number(source));
    script_add_pair(&pairs, EDN_KEYWORD_LIT("db.install/_partition"), by);
    return edn_list_finish(&pairs, EDN_MAP);
}
