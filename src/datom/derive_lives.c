/*
 * Events are pairs of a sorter: the key is e a kv, then t and whether it is an addition, so that
 * the sorter has the events of an [e a v] one after another, by time; the record has the value. A
 * walk makes the keys of one family out of them. What the family has no keys of it passes over, so
 * contradictions there are found by the walk of eavt, which has all attributes.
 */

#include "datom/derive_lives.h"

#include "datom/key.h"
#include "datom/sorter.h"

/* Of an event's record; the value follows for additions. */
#define EVENT_IS_COMPLETE 1u  /* the kv gives the value back */
#define EVENT_IS_FORGOTTEN 2u /* the ended life is not kept */
/* e and a, in an event's key. */
#define EVENT_HEAD 12
/* After the kv: t, then retractions before additions. */
#define EVENT_TAIL 9

struct datom_lives {
    enum bs_reason reason;
    const bool *is_left_out; /* by attribute; NULL: none is */
    bool has_retractions;    /* else no life has ended */
    struct datom_sorter *events;
    struct bs_buf record;
};

struct datom_lives_walk {
    const struct datom_lives *lives;
    const struct datom_schema *schema;
    enum datom_family family;
    struct datom_sorter_walk *events;
    struct bs_str key, record; /* the event in front; no key: it was taken */
    bool is_at_end;
    const struct datom_attribute *front; /* of the last event that was read; NULL: none yet */
    bool is_wanted;                      /* the family has keys of it */
    /* one [e a v] */
    const struct datom_attribute *attribute;
    struct datom_life life;
    struct datom_key_value value;
    struct bs_buf plain; /* the whole value, where a record may need it */
    bool is_open;        /* a life of it began and did not end yet */
};

struct datom_lives *datom_lives_new(const char *folder, size_t memory_bytes, enum bs_reason reason)
{
    struct datom_lives *lives = bs_calloc(1, sizeof(*lives));
    lives->reason = reason;
    lives->events = datom_sorter_new(folder, memory_bytes);
    bs_buf_init(&lives->record, 0);
    return lives;
}

void datom_lives_free(struct datom_lives *lives)
{
    if (!lives)
        return;
    datom_sorter_free(lives->events);
    bs_buf_fini(&lives->record);
    free(lives);
}

void datom_lives_leave_out(struct datom_lives *lives, const bool *is_left_out)
{
    lives->is_left_out = is_left_out;
}

enum bs_code datom_lives_add(struct datom_lives *lives, const struct datom *datom, uint64_t t,
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
    lives->has_retractions |= !datom->added;
    bs_buf_reset(&lives->record);
    bs_buf_append_byte(&lives->record, (char)((value.is_complete ? EVENT_IS_COMPLETE : 0) |
                                              (attribute->no_history ? EVENT_IS_FORGOTTEN : 0)));
    if (datom->added)
        datom_value_encode(datom->v, attribute->type, &lives->record);
    return datom_sorter_add(
        lives->events, bs_str_make((const char *)key, (size_t)EVENT_HEAD + value.len + EVENT_TAIL),
        bs_buf_str(&lives->record), error);
}

void datom_lives_finish(struct datom_lives *lives)
{
    datom_sorter_finish(lives->events);
}

enum bs_code datom_lives_contradiction(enum bs_reason reason, uint64_t t, const struct datom *datom,
                                       const char *what, struct bs_error *error)
{
    return bs_error_set(
        error, reason, "transaction %llu speaks of attribute %llu of entity %llu, %s",
        (unsigned long long)t, (unsigned long long)datom->a, (unsigned long long)datom->e, what);
}

/* ---- walking ---- */

static bool is_history(enum datom_family family)
{
    return family >= DATOM_FAMILY_EAVT_H;
}

struct datom_lives_walk *datom_lives_walk_new(const struct datom_lives *lives,
                                              const struct datom_schema *schema,
                                              enum datom_family family)
{
    struct datom_lives_walk *walk = bs_calloc(1, sizeof(*walk));
    walk->lives = lives;
    walk->schema = schema;
    walk->family = family;
    walk->is_at_end = is_history(family) && !lives->has_retractions;
    walk->events = datom_sorter_walk_new(lives->events);
    bs_buf_init(&walk->plain, 0);
    return walk;
}

void datom_lives_walk_free(struct datom_lives_walk *walk)
{
    if (!walk)
        return;
    datom_sorter_walk_free(walk->events);
    bs_buf_fini(&walk->plain);
    free(walk);
}

/* Looks at the attribute of an event, unless it is that of the event before. */
static enum bs_code find_attribute(struct datom_lives_walk *walk, uint32_t a,
                                   struct bs_error *error)
{
    if (walk->front && walk->front->id == a)
        return BS_OK;
    walk->front = datom_schema_attribute(walk->schema, a);
    if (!walk->front)
        return bs_error_set(error, walk->lives->reason,
                            "attribute %u has datoms and is no attribute at the end", a);
    enum datom_family current =
        is_history(walk->family) ? walk->family - DATOM_FAMILY_EAVT_H : walk->family;
    walk->is_wanted = !walk->lives->is_left_out || !walk->lives->is_left_out[a];
    if (current == DATOM_FAMILY_AVET)
        walk->is_wanted &= walk->front->has_avet;
    else if (current == DATOM_FAMILY_VAET)
        walk->is_wanted &= walk->front->type == DATOM_TYPE_REF;
    return BS_OK;
}

/* The next event that matters to the front, if none is there. */
static enum bs_code read_event(struct datom_lives_walk *walk, struct bs_error *error)
{
    while (walk->key.len == 0 && !walk->is_at_end) {
        bool found;
        BS_TRY(datom_sorter_walk_next(walk->events, &walk->key, &walk->record, &found, error));
        walk->is_at_end = !found;
        if (found)
            BS_TRY(find_attribute(walk, bs_load_u32(walk->key.ptr + 8), error));
        if (!found || !walk->is_wanted)
            walk->key = BS_STR_EMPTY;
    }
    return BS_OK;
}

static bool is_same(const struct datom_lives_walk *walk, struct bs_str kv)
{
    return bs_load_u64(walk->key.ptr) == walk->life.e &&
           bs_load_u32(walk->key.ptr + 8) == walk->life.a && kv.len == walk->value.len &&
           memcmp(kv.ptr, walk->value.bytes, kv.len) == 0;
}

/* Another [e a v], that of the event in front. */
static void begin(struct datom_lives_walk *walk, struct bs_str kv)
{
    walk->attribute = walk->front;
    walk->life.e = bs_load_u64(walk->key.ptr);
    walk->life.a = bs_load_u32(walk->key.ptr + 8);
    walk->value.len = (uint16_t)kv.len;
    walk->value.is_cut = kv.len > DATOM_KEY_VALUE_MAX;
    memcpy(walk->value.bytes, kv.ptr, kv.len);
    if (walk->attribute->type == DATOM_TYPE_REF) /* a tag, then the id */
        walk->life.v = edn_long((int64_t)bs_load_u64(kv.ptr + 1));
}

/* The event in front, of this [e a v]; *ret_ended when it ends a life that is kept. */
static enum bs_code take_event(struct datom_lives_walk *walk, bool *ret_ended,
                               struct bs_error *error)
{
    const char *tail = walk->key.ptr + walk->key.len - EVENT_TAIL;
    struct bs_str record = walk->record;
    uint64_t t = bs_load_u64(tail);
    bool added = tail[8] != 0;
    *ret_ended = false;
    walk->key = BS_STR_EMPTY;
    if (added == walk->is_open)
        return datom_lives_contradiction(
            walk->lives->reason, t, &(struct datom){.e = walk->life.e, .a = walk->life.a},
            added ? "adding a value that is there already" : "retracting a value that is not there",
            error);
    walk->is_open = added;
    if (!added) {
        walk->life.t_retracted = t;
        *ret_ended = is_history(walk->family) && !((uint8_t)record.ptr[0] & EVENT_IS_FORGOTTEN);
        return BS_OK;
    }
    walk->value.is_complete = (uint8_t)record.ptr[0] & EVENT_IS_COMPLETE;
    walk->life.t_added = t;
    walk->life.t_retracted = DATOM_LIVE;
    bs_buf_reset(&walk->plain);
    if (!walk->attribute->many || !walk->value.is_complete)
        bs_buf_append_str(&walk->plain, bs_str_from_offset(record, 1));
    return BS_OK;
}

/* The next life that the family has. */
static enum bs_code next_life(struct datom_lives_walk *walk, bool *ret_found,
                              struct bs_error *error)
{
    *ret_found = false;
    while (!*ret_found) {
        BS_TRY(read_event(walk, error));
        struct bs_str kv = BS_STR_EMPTY;
        if (!walk->is_at_end)
            kv = bs_str_slice(walk->key, EVENT_HEAD, walk->key.len - EVENT_HEAD - EVENT_TAIL);
        if (kv.len > 0 && is_same(walk, kv)) {
            BS_TRY(take_event(walk, ret_found, error));
            continue;
        }
        /* the event stays in front until this [e a v] is done */
        *ret_found = walk->is_open && !is_history(walk->family);
        walk->is_open = false;
        if (walk->is_at_end)
            return BS_OK;
        if (!*ret_found)
            begin(walk, kv);
    }
    return BS_OK;
}

enum bs_code datom_lives_walk_next(struct datom_lives_walk *walk, struct datom_key *ret_key,
                                   struct bs_buf *record, bool *ret_found, struct bs_error *error)
{
    BS_TRY(next_life(walk, ret_found, error));
    if (!*ret_found)
        return BS_OK;
    bool many = walk->attribute->many;
    datom_key_make(walk->family, &walk->life, many, &walk->value, ret_key);
    datom_record_make_plain(walk->family, &walk->life, many, bs_buf_str(&walk->plain), &walk->value,
                            record);
    return BS_OK;
}
