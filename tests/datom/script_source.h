#ifndef TESTS_DATOM_SCRIPT_SOURCE_H
#define TESTS_DATOM_SCRIPT_SOURCE_H

/* Where random scripts come from: between script_random.c, which makes transactions and steps, and
 * script_schema.c, which makes schemas, their alterations, and the values to choose from. */

#include "script.h"

#define SCRIPT_ATTRIBUTES_MAX 8
#define SCRIPT_VALUES_MAX 16
#define SCRIPT_ELEMENTS_MAX 3
/* Entities that scripts make first, so that there is something to speak of. */
#define SCRIPT_FIRST_ENTITIES 5

/* As installed; alterations are not followed. */
struct script_attribute {
    struct edn ident;
    enum datom_type type;
    bool many;
    bool is_component;
    bool is_unique;
    const struct script_attribute *members[2];     /* of a composite tuple */
    enum datom_type elements[SCRIPT_ELEMENTS_MAX]; /* of another; the first of a homogeneous one */
    size_t elements_count;
};

struct script_source {
    struct bs_random random;
    struct bs_arena *arena;
    struct script_attribute attributes[SCRIPT_ATTRIBUTES_MAX + 1]; /* and the composite */
    size_t attributes_count;
    const struct script_attribute *tuple; /* one of them, by which entities are named; NULL */
    struct edn values[DATOM_TYPE_COUNT][SCRIPT_VALUES_MAX];
    size_t values_count[DATOM_TYPE_COUNT];
};

static inline size_t script_pick(struct script_source *source, size_t bound)
{
    return (size_t)bs_random_below(&source->random, bound);
}

static inline bool script_chance(struct script_source *source, size_t one_in)
{
    return script_pick(source, one_in) == 0;
}

static inline struct edn script_keyword(struct script_source *source, const char *text)
{
    return edn_keyword(bs_arena_dup(source->arena, bs_str_from(text)));
}

static inline struct edn script_vector_of(struct script_source *source, size_t count,
                                          const struct edn *items)
{
    return edn_vector_of(source->arena, items, count);
}

#define SCRIPT_VECTOR(source, ...)                                                                 \
    script_vector_of((source), sizeof((struct edn[]){__VA_ARGS__}) / sizeof(struct edn),           \
                     (struct edn[]){__VA_ARGS__})

/* Adds a pair to those of a map, unless it has the key. */
void script_add_pair(struct edn_list *pairs, struct edn key, struct edn value);
/* One of those there are. */
const struct script_attribute *script_attribute_of(struct script_source *source);
/* `#NAME N` */
struct edn script_tagged(struct script_source *source, const char *name, size_t n);
/* `#e N` */
struct edn script_entity_id(struct script_source *source);
/* A tempid, of any form. */
struct edn script_temp(struct script_source *source);
/* A value of :m/id that hardly anybody has. */
struct edn script_new_number(struct script_source *source);
/* Whatever may stand for an entity; tempids too. */
struct edn script_entity(struct script_source *source, bool may_be_new);

void script_make_values(struct script_source *source);
/* A vector of definitions, which become the source's attributes; a composite of them. */
struct edn script_schema_forms(struct script_source *source);
struct edn script_composite_forms(struct script_source *source);
/* script_forms.c: a transaction, any form of one, a value of an attribute. */
struct edn script_transaction(struct script_source *source);
struct edn script_form(struct script_source *source);
struct edn script_value(struct script_source *source, const struct script_attribute *attribute,
                        bool may_be_new);

/* script_function.c: functions that are data, which scripts have from the start; what calls them,
 * and the forms of :db.fn/. */
struct edn script_function_forms(struct script_source *source);
struct edn script_function_form(struct script_source *source);

/* script_spelling.c: a form in which some names stand as texts, or as numbers. */
struct edn script_spelled(struct script_source *source, struct edn form);

/* script_partition.c: partitions, which scripts have from the start; what installs or names others,
 * and says where tempids go. */
struct edn script_partition_forms(struct script_source *source);
struct edn script_installation(struct script_source *source);
struct edn script_old_tempid(struct script_source *source);
struct edn script_partition_form(struct script_source *source);

/* script_check.c: entity specs, which scripts have from the start; :s/x wants the first attribute.
 */
struct edn script_spec_forms(struct script_source *source);
/* A good check for an attribute's values. */
struct edn script_first_check(struct script_source *source,
                              const struct script_attribute *attribute);
/* What changes checks and predicates, a spec; what asks for a spec. */
struct edn script_check_form(struct script_source *source);
struct edn script_spec_form(struct script_source *source);
struct edn script_ensure_form(struct script_source *source);
struct edn script_ensure_value(struct script_source *source);

/* One form. */
struct edn script_alteration(struct script_source *source);
struct edn script_excision(struct script_source *source);

#endif
