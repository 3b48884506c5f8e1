/*
 * Two sorts. The first brings the events of each [e a v] together, by t: an addition opens a life,
 * a retraction closes it. The second puts the keys of the lives into the order of each family.
 * Which families and which keys is a matter of the last schema, as alterations write attributes
 * anew; only whether an ended life was forgotten (noHistory) is one of the moment that it ended.
 */

#include "datom/derive.h"

#include "datom/bootstrap.h"
#include "datom/branch.h"
#include "datom/db.h"
#include "datom/load.h"
#include "datom/sorter.h"

#define FAMILIES (DATOM_FAMILY_VAET_H + 1)
/* Of the memory: the events' share, the rest is for the families. */
#define EVENTS_SHARE 3

/* Of an event's record; the value follows for additions. */
#define EVENT_IS_COMPLETE 1u  /* the kv gives the value back */
#define EVENT_IS_FORGOTTEN 2u /* the ended life is not kept */
/* After the kv in an event's key: t, then retractions before additions. */
#define EVENT_TAIL 9
#define EVENT_HEAD 12

struct datom_derive {
    enum bs_reason reason;
    struct datom_body *branch; /* whose log it is; NULL: of no branch */
    bool *is_forgetful;        /* by attribute, of a branch's */
    struct datom_body *body;
    struct datom_db *db; /* of the body */
    struct datom_sorter *events;
    struct datom_sorter *families[FAMILIES];
    struct bs_buf last_keys[FAMILIES]; /* what datom_derive_next gave last */
    struct bs_arena *arena;            /* of one transaction, or of one life */
    const struct datom *datoms;        /* of the last transaction */
    size_t datoms_count;
    struct bs_buf record;
};

static void add_boot_events(struct datom_derive *derive);

struct datom_derive *datom_derive_new(const char *folder, size_t memory_bytes,
                                      enum bs_reason reason)
{
    struct datom_derive *derive = bs_calloc(1, sizeof(*derive));
    size_t share = memory_bytes / EVENTS_SHARE;
    derive->reason = reason;
    derive->body = datom_load_bootstrap(NULL, NULL, NULL);
    derive->db = datom_db_new(derive->body);
    derive->events = datom_sorter_new(folder, share);
    for (int i = 0; i < FAMILIES; i++) {
        derive->families[i] = datom_sorter_new(folder, (memory_bytes - share) / FAMILIES);
        bs_buf_init(&derive->last_keys[i], 0);
    }
    derive->arena = bs_arena_new(0);
    bs_buf_init(&derive->record, 0);
    add_boot_events(derive);
    return derive;
}

void datom_derive_skip_forgotten(struct datom_derive *derive, struct datom_body *branch)
{
    derive->branch = branch;
}

void datom_derive_free(struct datom_derive *derive)
{
    if (!derive)
        return;
    datom_sorter_free(derive->events);
    for (int i = 0; i < FAMILIES; i++) {
        datom_sorter_free(derive->families[i]);
        bs_buf_fini(&derive->last_keys[i]);
    }
    datom_db_unref(derive->db);
    datom_body_unref(derive->body);
    bs_arena_free(derive->arena);
    bs_buf_fini(&derive->record);
    free(derive->is_forgetful);
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

static enum bs_code add_event(struct datom_derive *derive, const struct datom *datom, uint64_t t,
                              const struct datom_attribute *attribute, struct bs_error *error)
{
    struct datom_key_value value;
    uint8_t key[EVENT_HEAD + sizeof(value.bytes) + EVENT_TAIL];
    datom_key_value_encode(datom->v, attribute->type, &value);
    bs_store_u64(key, datom->e);
    bs_store_u32(key + 8, (uint32_t)datom->a);
    memcpy(key + EVENT_HEAD, value.bytes, value.len);
    bs_store_u64(key + EVENT_HEAD + value.len, t);
    key[EVENT_HEAD + value.len + 8] = datom->added;
    bs_buf_reset(&derive->record);
    bs_buf_append_byte(&derive->record, (char)((value.is_complete ? EVENT_IS_COMPLETE : 0) |
                                               (attribute->no_history ? EVENT_IS_FORGOTTEN : 0)));
    if (datom->added)
        datom_value_encode(datom->v, attribute->type, &derive->record);
    return datom_sorter_add(
        derive->events, bs_str_make((const char *)key, (size_t)EVENT_HEAD + value.len + EVENT_TAIL),
        bs_buf_str(&derive->record), error);
}

static void add_boot_events(struct datom_derive *derive)
{
    size_t count;
    const struct datom *datoms = datom_bootstrap_datoms(&count);
    for (size_t i = 0; i < count; i++) {
        const struct datom_attribute *attribute =
            datom_schema_attribute(derive->body->schema, datoms[i].a);
        /* they fit the least memory, so no file is written */
        enum bs_code code = add_event(derive, &datoms[i], DATOM_BOOT_T, attribute, NULL);
        BS_ASSERT(code == BS_OK);
    }
}

static enum bs_code contradiction(const struct datom_derive *derive, uint64_t t,
                                  const struct datom *datom, const char *what,
                                  struct bs_error *error)
{
    return bs_error_set(
        error, derive->reason, "transaction %llu speaks of attribute %llu of entity %llu, %s",
        (unsigned long long)t, (unsigned long long)datom->a, (unsigned long long)datom->e, what);
}

/* The counters after a transaction: above every id that it speaks of. */
static void count(struct datom_body *body, const struct datom *datoms, size_t datoms_count,
                  uint64_t t)
{
    body->basis_t = t;
    body->next_t = BS_MAX(body->next_t, t + 1);
    for (size_t i = 0; i < datoms_count; i++) {
        datom_id e = datoms[i].e;
        if (datom_id_part(e) == DATOM_PART_DB)
            body->next_element = BS_MAX(body->next_element, e + 1);
        else
            body->next_t = BS_MAX(body->next_t, datom_id_counter(e) + 1);
        if (e == datom_t_to_tx(t) && datoms[i].a == DATOM_DB_TX_INSTANT && datoms[i].added)
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
            return contradiction(derive, entry->t, &datoms[i], "which is not installed before it",
                                 error);
        struct bs_error failure = BS_ERROR_INIT;
        if (datom_db_coerce(derive->db, attribute, datoms[i].v, derive->arena, &datoms[i].v,
                            &failure) != BS_OK)
            return contradiction(derive, entry->t, &datoms[i], failure.message, error);
        BS_TRY(add_event(derive, &datoms[i], entry->t, attribute, error));
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

/* ---- lives ---- */

/* One [e a v]; its events come one after another. */
struct track {
    struct bs_buf key; /* e a kv */
    struct datom_life life;
    struct datom_key_value value;
    const struct datom_attribute *attribute;
    bool is_open;
    bool is_skipped;
};

static bool is_in_family(const struct datom_attribute *attribute, int family)
{
    int current = family >= DATOM_FAMILY_EAVT_H ? family - DATOM_FAMILY_EAVT_H : family;
    if (current == DATOM_FAMILY_AVET)
        return attribute->has_avet;
    return current != DATOM_FAMILY_VAET || attribute->type == DATOM_TYPE_REF;
}

static enum bs_code give_life(struct datom_derive *derive, const struct track *track,
                              struct bs_error *error)
{
    const struct datom_attribute *attribute = track->attribute;
    bool is_live = track->life.t_retracted == DATOM_LIVE;
    int first = is_live ? DATOM_FAMILY_EAVT : DATOM_FAMILY_EAVT_H;
    for (int family = first; family < first + 4; family++) {
        struct datom_key key;
        if (!is_in_family(attribute, family))
            continue;
        datom_key_make((enum datom_family)family, &track->life, attribute->many, &track->value,
                       &key);
        bs_buf_reset(&derive->record);
        datom_record_make((enum datom_family)family, &track->life, attribute->many, attribute->type,
                          &track->value, &derive->record);
        BS_TRY(datom_sorter_add(derive->families[family], datom_key_str(&key),
                                bs_buf_str(&derive->record), error));
    }
    return BS_OK;
}

static enum bs_code begin_track(struct datom_derive *derive, struct track *track, struct bs_str key,
                                struct bs_error *error)
{
    bs_buf_reset(&track->key);
    bs_buf_append_str(&track->key, key);
    track->is_open = false;
    track->is_skipped = derive->branch && derive->is_forgetful[bs_load_u32(key.ptr + 8)];
    track->life.e = bs_load_u64(key.ptr);
    track->life.a = bs_load_u32(key.ptr + 8);
    track->attribute = datom_schema_attribute(derive->body->schema, track->life.a);
    if (!track->attribute)
        return bs_error_set(error, derive->reason,
                            "attribute %u has datoms and is no attribute at the end",
                            track->life.a);
    track->value.len = (uint16_t)(key.len - EVENT_HEAD);
    track->value.is_cut = track->value.len > DATOM_KEY_VALUE_MAX;
    memcpy(track->value.bytes, key.ptr + EVENT_HEAD, track->value.len);
    return BS_OK;
}

/* `tail` is the end of the event's key. */
static enum bs_code take_event(struct datom_derive *derive, struct track *track, const char *tail,
                               struct bs_str record, struct bs_error *error)
{
    uint64_t t = bs_load_u64(tail);
    bool added = tail[8] != 0;
    struct datom datom = {.e = track->life.e, .a = track->life.a};
    if (track->is_skipped)
        return BS_OK;
    if (added == track->is_open)
        return contradiction(derive, t, &datom,
                             added ? "adding a value that is there already"
                                   : "retracting a value that is not there",
                             error);
    track->is_open = added;
    if (!added) {
        track->life.t_retracted = t;
        return record.ptr[0] & EVENT_IS_FORGOTTEN ? BS_OK : give_life(derive, track, error);
    }
    bs_arena_reset(derive->arena);
    struct bs_str bytes = bs_arena_dup(derive->arena, bs_str_from_offset(record, 1));
    BS_TRY(datom_value_decode(bytes, derive->arena, &track->life.v, error));
    track->value.is_complete = record.ptr[0] & EVENT_IS_COMPLETE;
    track->life.t_added = t;
    track->life.t_retracted = DATOM_LIVE;
    return BS_OK;
}

static enum bs_code end_track(struct datom_derive *derive, struct track *track,
                              struct bs_error *error)
{
    bool is_open = track->is_open;
    track->is_open = false;
    return is_open ? give_life(derive, track, error) : BS_OK;
}

static enum bs_code pair_events(struct datom_derive *derive, struct track *track,
                                struct bs_error *error)
{
    for (;;) {
        struct bs_str key, record;
        bool found;
        BS_TRY(datom_sorter_next(derive->events, &key, &record, &found, error));
        struct bs_str head = found ? bs_str_slice(key, 0, key.len - EVENT_TAIL) : BS_STR_EMPTY;
        if (!bs_str_equal(head, bs_buf_str(&track->key))) {
            BS_TRY(end_track(derive, track, error));
            if (found)
                BS_TRY(begin_track(derive, track, head, error));
        }
        if (!found)
            return BS_OK;
        BS_TRY(take_event(derive, track, key.ptr + head.len, record, error));
    }
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
    return BS_OK;
}

enum bs_code datom_derive_finish(struct datom_derive *derive, struct bs_error *error)
{
    struct track track = {.key = BS_BUF_INIT(0)};
    if (derive->branch)
        BS_TRY(find_forgetful(derive, error));
    enum bs_code code = pair_events(derive, &track, error);
    bs_buf_fini(&track.key);
    datom_sorter_free(derive->events);
    derive->events = NULL;
    return code;
}

/* ---- families ---- */

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
    BS_ASSERT(family < FAMILIES && !derive->events);
    struct bs_buf *last = &derive->last_keys[family];
    BS_TRY(datom_sorter_next(derive->families[family], ret_key, ret_record, ret_found, error));
    if (!*ret_found)
        return BS_OK;
    BS_TRY(check_neighbours(derive, family, bs_buf_str(last), *ret_key, error));
    bs_buf_reset(last);
    bs_buf_append_str(last, *ret_key);
    return BS_OK;
}
