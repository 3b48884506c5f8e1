/*
 * Pull: a pattern's attributes are looked up in a database once; then entities are pulled by it
 * (pull_walk.c).
 */
#include "query/pull.h"

#include "query/value.h"

/* ---- attributes of the pattern ---- */

static enum bs_code find_attributes(struct pull *pull, const struct query_pattern *pattern)
{
    for (size_t i = 0; i < pattern->count; i++) {
        const struct pull_spec *spec = &pattern->specs[i];
        if (spec->kind != PULL_ATTRIBUTE)
            continue;
        struct pull_attribute *found = &pull->attributes[spec->ordinal];
        found->reverse = spec->reverse && !datom_db_attribute_named(pull->db, spec->name);
        struct bs_str name = found->reverse ? spec->attribute : spec->name;
        BS_TRY(
            datom_db_find_attribute(pull->db, edn_keyword(name), &found->attribute, pull->error));
        if (found->attribute->type != DATOM_TYPE_REF &&
            (found->reverse || spec->sub != PULL_SUB_NONE))
            return bs_error_set(pull->error, BS_REASON_Q_INVALID_PULL,
                                ":%.*s is no reference: there is nothing %s it", BS_STR_ARGS(name),
                                found->reverse ? "that points by" : "below");
        if (spec->sub == PULL_SUB_PATTERN)
            BS_TRY(find_attributes(pull, spec->pattern));
    }
    return BS_OK;
}

enum bs_code pull_init(struct pull *pull, struct datom_db *db, const struct query_pattern *pattern,
                       const struct query_options *options, struct bs_arena *arena,
                       struct bs_error *error)
{
    *pull = (struct pull){
        .db = db,
        .pattern = pattern,
        .arena = arena,
        .error = error,
        .interrupt = options != NULL ? options->interrupt : NULL,
        .budget_bytes = options != NULL && options->budget_bytes != 0 ? options->budget_bytes
                                                                      : BS_LIMIT_QUERY_BYTES,
    };
    if (datom_db_is_history(db))
        return bs_error_set(error, BS_REASON_DB_NOT_ON_HISTORY,
                            "pull reads one point in time, and a history has none");
    BS_TRY(bs_arena_check(arena, pattern->attributes_count * sizeof(*pull->attributes) + 32,
                          "a pull", error));
    pull->attributes = bs_arena_new_array(arena, pattern->attributes_count, struct pull_attribute);
    return find_attributes(pull, pattern);
}

/* ---- the public functions ---- */

static enum bs_code pull_identifier(struct pull *pull, struct edn identifier, struct edn *ret_value)
{
    datom_id id = DATOM_NO_ID;
    BS_TRY(datom_db_resolve(pull->db, identifier, &id, pull->error));
    *ret_value = edn_nil();
    return id == DATOM_NO_ID ? BS_OK : pull_entity(pull, id, ret_value);
}

/*
 * Pulls into an arena of its own, whose size the budget bounds, and copies what comes out into the
 * caller's, whose cap may be smaller.
 */
static enum bs_code pull_into(struct pull *pull, struct edn ids, bool many, struct bs_arena *arena,
                              struct edn *ret_value)
{
    struct edn result = edn_nil();
    if (many) {
        struct edn *items = bs_arena_new_array(pull->arena, ids.len, struct edn);
        for (size_t i = 0; i < ids.len; i++)
            BS_TRY(pull_identifier(pull, ids.as.items[i], &items[i]));
        result = edn_collection(EDN_VECTOR, items, ids.len);
    } else {
        BS_TRY(pull_identifier(pull, ids, &result));
    }
    BS_TRY(bs_arena_check(arena, edn_dup_bytes(result), "the result of a pull", pull->error));
    *ret_value = edn_dup(arena, result);
    return BS_OK;
}

static enum bs_code pull_any(struct datom_db *db, const struct query_pattern *pattern,
                             struct edn ids, bool many, const struct query_options *options,
                             struct bs_arena *arena, struct edn *ret_value, struct bs_error *error)
{
    struct bs_arena *work = bs_arena_new(0);
    struct pull pull;
    enum bs_code code = pull_init(&pull, db, pattern, options, work, error);
    if (code == BS_OK)
        code = pull_into(&pull, ids, many, arena, ret_value);
    bs_arena_free(work);
    return code;
}

enum bs_code query_pull(struct datom_db *db, const struct query_pattern *pattern, struct edn id,
                        const struct query_options *options, struct bs_arena *arena,
                        struct edn *ret_value, struct bs_error *error)
{
    return pull_any(db, pattern, id, false, options, arena, ret_value, error);
}

enum bs_code query_pull_many(struct datom_db *db, const struct query_pattern *pattern,
                             struct edn ids, const struct query_options *options,
                             struct bs_arena *arena, struct edn *ret_values, struct bs_error *error)
{
    char text[200];
    if (!edn_is_collection(ids))
        return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                            "pull-many takes a vector of entity identifiers, not %s",
                            edn_print_cut(ids, text, sizeof(text)));
    return pull_any(db, pattern, ids, true, options, arena, ret_values, error);
}
