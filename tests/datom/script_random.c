/*
 * Random scripts: what they begin with, and their steps. What a script says does not depend on what
 * it does when it is run.
 */

#include "script_source.h"

static struct edn first_entities(struct script_source *source)
{
    struct edn_list forms;
    edn_list_init(&forms, source->arena);
    for (size_t i = 0; i < SCRIPT_FIRST_ENTITIES; i++) {
        struct edn items[2] = {EDN_KEYWORD_LIT("m/id"), edn_long((int64_t)i)};
        edn_list_add(&forms, edn_map_of(source->arena, items, 1));
    }
    return edn_list_finish(&forms, EDN_VECTOR);
}

static struct edn link(struct script_source *source)
{
    struct edn n = edn_long((int64_t)script_pick(source, 40));
    switch (script_pick(source, 10)) {
    case 0:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("as-of"), n);
    case 1:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("since"), n);
    case 2:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("filter"), n);
    case 3:
        return script_chance(source, 2) ? SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("history"))
                                        : SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("fork"));
    default:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("with"), script_transaction(source));
    }
}

static struct edn chain(struct script_source *source)
{
    struct edn_list links;
    edn_list_init(&links, source->arena);
    edn_list_add(&links,
                 SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("with"), script_transaction(source)));
    for (size_t i = script_pick(source, 5); i > 0; i--)
        edn_list_add(&links, link(source));
    return edn_list_finish(&links, EDN_VECTOR);
}

static struct edn load(struct script_source *source)
{
    struct edn way = script_keyword(source, script_chance(source, 2) ? "text" : "datoms");
    struct edn n = edn_long((int64_t)script_pick(source, 40));
    return script_chance(source, 2) ? SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("load"), way)
                                    : SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("load"), way, n);
}

static struct edn import(struct script_source *source)
{
    struct edn_list transactions;
    edn_list_init(&transactions, source->arena);
    for (size_t i = 1 + script_pick(source, 4); i > 0; i--)
        edn_list_add(&transactions, script_transaction(source));
    return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("import"),
                         edn_list_finish(&transactions, EDN_VECTOR),
                         edn_long((int64_t)script_pick(source, 20)));
}

static struct edn other_step(struct script_source *source)
{
    switch (script_pick(source, 14)) {
    case 12:
        return script_chance(source, 2) ? import(source)
                                        : SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("reports"),
                                                        edn_long((int64_t)script_pick(source, 40)));
    case 13:
        return script_chance(source, 12) ? load(source) : import(source);
    case 0:
    case 1:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("fork"));
    case 2:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("branch"),
                             edn_long((int64_t)script_pick(source, 40)));
    case 3:
    case 4:
    case 5:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("back"));
    case 6:
    case 7:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("hold"));
    case 8:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("expire"));
    case 9:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("follow"));
    case 10:
        return script_chance(source, 2) ? SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("rebuild"))
                                        : SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("restore"));
    default:
        return SCRIPT_VECTOR(source, EDN_KEYWORD_LIT("reopen"));
    }
}

struct edn script_random(struct bs_arena *arena, uint64_t seed, size_t transactions)
{
    struct script_source source = {.arena = arena};
    struct edn_list steps;
    bs_random_seed(&source.random, seed);
    script_make_values(&source);
    edn_list_init(&steps, arena);
    struct edn transact = EDN_KEYWORD_LIT("transact");
    edn_list_add(&steps, SCRIPT_VECTOR(&source, transact, script_schema_forms(&source)));
    if (script_chance(&source, 2))
        edn_list_add(&steps, SCRIPT_VECTOR(&source, transact, script_composite_forms(&source)));
    edn_list_add(&steps, SCRIPT_VECTOR(&source, transact, first_entities(&source)));
    edn_list_add(&steps, SCRIPT_VECTOR(&source, transact, script_spec_forms(&source)));
    edn_list_add(&steps, SCRIPT_VECTOR(&source, transact, script_function_forms(&source)));
    edn_list_add(&steps, SCRIPT_VECTOR(&source, transact, script_partition_forms(&source)));
    for (size_t i = steps.count; i < transactions; i++) {
        if (script_chance(&source, 7))
            edn_list_add(&steps, other_step(&source));
        if (script_chance(&source, 20))
            edn_list_add(&steps, SCRIPT_VECTOR(&source, EDN_KEYWORD_LIT("chain"), chain(&source)));
        else
            edn_list_add(&steps, SCRIPT_VECTOR(&source, transact, script_transaction(&source)));
    }
    return edn_list_finish(&steps, EDN_VECTOR);
}
