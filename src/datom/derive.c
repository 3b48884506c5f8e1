/*
 * Two sorts. The first gives lives (derive_lives.h). Each family walks them by itself, so that
 * families can be made side by side, and puts its keys into its order by a second sort; those of
 * eavt come in order. Which families and which keys is a matter of the last schema, as alterations
 * write attributes anew; only whether an ended life was forgotten (noHistory) is one of the moment
 * that it ended.
 */

#include "datom/derive.h"

#include "datom/bootstrap.h"
#include "datom/branch.h"
#include "datom/db.h"
#include "datom/derive_lives.h"
#include "datom/load.h"
#include "datom/sorter.h"

#define FAMILIES (DATOM_FAMILY_VAET_H + 1)
/* Of the memory: the lives' share; the rest is for the families that are taken at once. */
#define LIVES_SHARE 3
#define FAMILIES_AT_ONCE 2

/* What datom_derive_next knows of a family. */
struct taking {
    enum datom_family family;
    bool is_begun, is_done;
    struct datom_lives_walk *lives;
    struct datom_sorter *sorter;     /* of keys; NULL for eavt, whose order is that of lives */
    struct datom_sorter_walk *pairs; /* of the sorter */
    struct datom_key key;
    struct bs_buf record;
    struct bs_buf last_key; /* that was given */
};

struct datom_derive {
    enum bs_reason reason;
    struct datom_body *branch; /* whose log it is; NULL: of no branch */
    bool *is_forgetful;        /* by attribute, of a branch's */
    char *folder;
    size_t family_bytes; /* memory of one */
    struct datom_body *body;
    struct datom_db *db; /* of the body */
    struct datom_lives *lives;
    bool is_finished;
    struct taking families[FAMILIES];
    struct bs_arena *arena;     /* of one transaction */
    const struct datom *datoms; /* of the last transaction */
    size_t datoms_count;
};

static void add_boot_events(struct datom_derive *derive);

struct datom_derive *datom_derive_new(const char *folder, size_t memory_bytes,
                                      enum bs_reason reason)
{
    struct datom_derive *derive = bs_calloc(1, sizeof(*derive));
    size_t share = memory_bytes / LIVES_SHARE;
    derive->reason = reason;
    derive->folder = bs_strdup(folder);
    derive->family_bytes = (memory_bytes - share) / FAMILIES_AT_ONCE;
    derive->body = datom_load_bootstrap(NULL, NULL, NULL);
    derive->db = datom_db_new(derive->body);
    derive->lives = datom_lives_new(folder, share, reason);
    derive->arena = bs_arena_new(0);
    for (int i = 0; i < FAMILIES; i++) {
        derive->families[i].family = (enum datom_family)i;
        bs_buf_init(&derive->families[i].record, 0);
        bs_buf_init(&derive->families[i].last_key, 0);
    }
    add_boot_events(derive);
    return derive;
}

void datom_derive_skip_forgotten(struct datom_derive *derive, struct datom_body *branch)
{
    derive->branch = branch;
}

/* Gives back what a family takes most of. */
static void taking_end(struct taking *taking)
{
    datom_lives_walk_free(taking->lives);
    datom_sorter_walk_free(taking->pairs);
    datom_sorter_free(taking->sorter);
    taking->lives = NULL;
    taking->pairs = NULL;
    taking->sorter = NULL;
    taking->is_done = true;
}

void datom_derive_free(struct datom_derive *derive)
{
    if (!derive)
        return;
    for (int i = 0; i < FAMILIES; i++) {
        taking_end(&derive->families[i]);
        bs_buf_fini(&derive->families[i].record);
        bs_buf_fini(&derive->families[i].last_key);
    }
    datom_lives_free(derive->lives);
    datom_db_unref(derive->db);
    datom_body_unref(derive->body);
    bs_arena_free(derive->arena);
    free(derive->is_forgetful);
    free(derive->folder);
    free(derive);
}

struct datom_body *datom_derive_body(struct datom_derive *derive)
{
    return derive->body;
}

struct datom_db *datom_derive_db(struct datom_derive *derive)
{
    return derive->db;
}

/* ---- events ---- */

static void add_boot_events(struct datom_derive *derive)
{
    size_t count;
    const struct datom *datoms = datom_bootstrap_datoms(&count);
    for (size_t i = 0; i < count; i++) {
        const struct datom_attribute *attribute =
            datom_schema_attribute(derive->body->schema, datoms[i].a);
        /* they fit the least memory, so no file is written */
        enum bs_code code =
            datom_lives_add(derive->lives, &datoms[i], DATOM_BOOT_T, attribute, NULL);
        BS_ASSERT(code == BS_OK);
    }
}

/* The counters after a transaction: above every id that it speaks of. */
static void count(struct datom_body *body, const struct datom *datoms, size_t datoms_count,
                  uint64_t t)
{
    body->basis_t = t;
    body->next_t = BS_MAX(body->next_t, t + 1);
    for (size_t i = 0; i < datoms_count; i++) {
        datom_ids_pass(&datoms[i], datom_schema_attribute(body->schema, datoms[i].a), &body->next_t,
                       &body->next_element);
        if (datoms[i].e == datom_t_to_tx(t) && datoms[i].a == DATOM_DB_TX_INSTANT &&
            datoms[i].added)
            body->last_instant_ms = datoms[i].v.as.integer;
    }
    datom_body_add_counts(body, datoms, datoms_count);
}

enum bs_code datom_derive_add(struct datom_derive *derive, const struct datom_log_entry *entry,
                              struct bs_error *error)
{
    struct datom_body *body = derive->body;
    bs_arena_reset(derive->arena);
    if (entry->t <= body->basis_t || entry->t > DATOM_T_MAX)
        return bs_error_set(error, derive->reason,
                            "transaction %llu follows transaction %llu: expected ascending ts",
                            (unsigned long long)entry->t, (unsigned long long)body->basis_t);
    struct datom *datoms = bs_arena_new_array(derive->arena, entry->count + 1, struct datom);
    for (size_t i = 0; i < entry->count; i++) {
        datoms[i] = entry->datoms[i];
        const struct datom_attribute *attribute = datom_schema_attribute(body->schema, datoms[i].a);
        if (!attribute)
            return datom_lives_contradiction(derive->reason, entry->t, &datoms[i],
                                             "which is not installed before it", error);
        struct bs_error failure = BS_ERROR_INIT;
        if (datom_db_coerce(derive->db, attribute, datoms[i].v, derive->arena, &datoms[i].v,
                            &failure) != BS_OK)
            return datom_lives_contradiction(derive->reason, entry->t, &datoms[i], failure.message,
                                             error);
        BS_TRY(datom_lives_add(derive->lives, &datoms[i], entry->t, attribute, error));
    }
    count(body, datoms, entry->count, entry->t);
    struct datom_schema *before = body->schema;
    body->schema = datom_schema_apply(before, datoms, entry->count);
    datom_schema_unref(before);
    derive->datoms = datoms;
    derive->datoms_count = entry->count;
    return BS_OK;
}

const struct datom *datom_derive_datoms(const struct datom_derive *derive, size_t *ret_count)
{
    *ret_count = derive->datoms_count;
    return derive->datoms;
}

/* Which attributes the branch knows less of than its log says. */
static enum bs_code find_forgetful(struct datom_derive *derive, struct bs_error *error)
{
    const struct datom_attribute *attribute;
    struct datom_schema *schema = derive->body->schema;
    derive->is_forgetful = bs_calloc(datom_schema_limit(schema) + 1, sizeof(bool));
    for (size_t i = 0; (attribute = datom_schema_attribute_at(schema, i)) != NULL; i++)
        BS_TRY(datom_branch_forgets(derive->branch, attribute->id,
                                    &derive->is_forgetful[attribute->id], error));
    datom_lives_leave_out(derive->lives, derive->is_forgetful);
    return BS_OK;
}

enum bs_code datom_derive_finish(struct datom_derive *derive, struct bs_error *error)
{
    if (derive->branch)
        BS_TRY(find_forgetful(derive, error));
    datom_lives_finish(derive->lives);
    derive->is_finished = true;
    return BS_OK;
}

/* ---- families ---- */

/* The next pair in the order of lives, in taking->key and ->record. */
static enum bs_code make_pair(struct taking *taking, bool *ret_found, struct bs_error *error)
{
    bs_buf_reset(&taking->record);
    return datom_lives_walk_next(taking->lives, &taking->key, &taking->record, ret_found, error);
}

static enum bs_code sort_pairs(const struct datom_derive *derive, struct taking *taking,
                               struct bs_error *error)
{
    taking->sorter = datom_sorter_new(derive->folder, derive->family_bytes);
    for (;;) {
        bool found;
        BS_TRY(make_pair(taking, &found, error));
        if (!found)
            break;
        BS_TRY(datom_sorter_add(taking->sorter, datom_key_str(&taking->key),
                                bs_buf_str(&taking->record), error));
    }
    datom_sorter_finish(taking->sorter);
    taking->pairs = datom_sorter_walk_new(taking->sorter);
    return BS_OK;
}

static enum bs_code take_pair(const struct datom_derive *derive, struct taking *taking,
                              struct bs_str *ret_key, struct bs_str *ret_record, bool *ret_found,
                              struct bs_error *error)
{
    if (!taking->is_begun) {
        taking->is_begun = true;
        taking->lives = datom_lives_walk_new(derive->lives, derive->body->schema, taking->family);
        if (taking->family != DATOM_FAMILY_EAVT)
            BS_TRY(sort_pairs(derive, taking, error));
    }
    if (taking->family != DATOM_FAMILY_EAVT)
        return datom_sorter_walk_next(taking->pairs, ret_key, ret_record, ret_found, error);
    BS_TRY(make_pair(taking, ret_found, error));
    *ret_key = datom_key_str(&taking->key);
    *ret_record = bs_buf_str(&taking->record);
    return BS_OK;
}

static bool is_unique(const struct datom_derive *derive, struct bs_str avet_key)
{
    const struct datom_attribute *attribute =
        datom_schema_attribute(derive->body->schema, bs_load_u32(avet_key.ptr));
    return attribute && attribute->unique != DATOM_UNIQUE_NONE;
}

/* Two values where the schema lets one be stand side by side. */
static enum bs_code check_neighbours(const struct datom_derive *derive, enum datom_family family,
                                     struct bs_str last, struct bs_str key, struct bs_error *error)
{
    if (bs_str_equal(last, key))
        return bs_error_set(error, derive->reason,
                            "an entity has two values of an attribute of cardinality one: the key "
                            "of %s begins with %016llx",
                            datom_family_name(family), (unsigned long long)bs_load_u64(key.ptr));
    if (family != DATOM_FAMILY_AVET || last.len != key.len)
        return BS_OK;
    size_t value_end = key.len - 8;
    if (memcmp(last.ptr, key.ptr, value_end) != 0 || !is_unique(derive, key))
        return BS_OK;
    return bs_error_set(error, derive->reason,
                        "entities %llu and %llu both have a value of attribute %u, which is unique",
                        (unsigned long long)bs_load_u64(last.ptr + value_end),
                        (unsigned long long)bs_load_u64(key.ptr + value_end), bs_load_u32(key.ptr));
}

enum bs_code datom_derive_next(struct datom_derive *derive, enum datom_family family,
                               struct bs_str *ret_key, struct bs_str *ret_record, bool *ret_found,
                               struct bs_error *error)
{
    BS_ASSERT(family < FAMILIES && derive->is_finished);
    struct taking *taking = &derive->families[family];
    *ret_found = false;
    if (taking->is_done)
        return BS_OK;
    BS_TRY(take_pair(derive, taking, ret_key, ret_record, ret_found, error));
    if (!*ret_found) {
        taking_end(taking);
        return BS_OK;
    }
    BS_TRY(check_neighbours(derive, family, bs_buf_str(&taking->last_key), *ret_key, error));
    bs_buf_reset(&taking->last_key);
    bs_buf_append_str(&taking->last_key, *ret_key);
    return BS_OK;
}
