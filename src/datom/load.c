/*
 * Reading and making the state that transactions start from. A store says it in three places: the
 * counters in meta, the schema in its own datoms, everything else stays where it is.
 */

#include "datom/load.h"

#include "datom/bootstrap.h"
#include "datom/db.h"

#define FORMAT_VERSION 1u
/* next_t, next_element, last instant, datoms, basis_t: 8 bytes each */
#define COUNTERS_SIZE 40

/* ---- meta ---- */

static struct bs_str count_key(datom_id attribute, uint8_t ret_bytes[5])
{
    ret_bytes[0] = 'n';
    bs_store_u32(ret_bytes + 1, (uint32_t)attribute);
    return bs_str_make((const char *)ret_bytes, 5);
}

static struct bs_str u64_record(struct bs_arena *arena, uint64_t value)
{
    char *bytes = bs_arena_alloc(arena, 8);
    bs_store_u64(bytes, value);
    return bs_str_make(bytes, 8);
}

void datom_load_meta_changes(const struct datom_body *body, const struct datom *datoms,
                             size_t datoms_count, struct bs_arena *arena,
                             struct datom_change **ret_changes, size_t *ret_count)
{
    struct datom_change *changes = bs_arena_new_array(arena, datoms_count + 1, struct datom_change);
    size_t count = 0;
    char *counters = bs_arena_alloc(arena, COUNTERS_SIZE);
    const uint64_t values[] = {body->next_t, body->next_element, (uint64_t)body->last_instant_ms,
                               body->datoms, body->basis_t};
    for (size_t i = 0; i < BS_ARRAY_COUNT(values); i++)
        bs_store_u64(counters + 8 * i, values[i]);
    changes[count++] = (struct datom_change){
        .family = DATOM_FAMILY_META,
        .key = BS_STR("counters"),
        .record = bs_str_make(counters, COUNTERS_SIZE),
    };
    size_t limit = body->counts->limit;
    bool *done = bs_arena_zalloc(arena, limit + 1);
    for (size_t i = 0; i < datoms_count; i++) {
        datom_id a = datoms[i].a;
        if (done[a])
            continue;
        done[a] = true;
        uint8_t bytes[5];
        changes[count++] = (struct datom_change){
            .family = DATOM_FAMILY_META,
            .key = bs_arena_dup(arena, count_key(a, bytes)),
            .record = u64_record(arena, body->counts->live[a]),
        };
    }
    *ret_changes = changes;
    *ret_count = count;
}

/* ---- bootstrap ---- */

struct boot {
    struct datom_body *body;
    struct bs_arena *arena; /* NULL: changes are not kept */
    struct datom_change *changes;
    size_t count, capacity;
};

static void boot_change(struct boot *boot, const struct datom_change *change)
{
    if (change->family != DATOM_FAMILY_META)
        datom_body_change(boot->body, change);
    if (!boot->arena)
        return;
    bs_grow(&boot->changes, boot->count, &boot->capacity, sizeof(*boot->changes));
    boot->changes[boot->count] = *change;
    boot->changes[boot->count].key = bs_arena_dup(boot->arena, change->key);
    boot->changes[boot->count++].record = bs_arena_dup(boot->arena, change->record);
}

static void boot_datom(struct boot *boot, const struct datom *datom)
{
    const struct datom_attribute *attribute = datom_schema_attribute(boot->body->schema, datom->a);
    struct datom_life life = {.e = datom->e,
                              .a = (uint32_t)datom->a,
                              .v = datom->v,
                              .t_added = DATOM_BOOT_T,
                              .t_retracted = DATOM_LIVE};
    struct datom_key_value value;
    datom_key_value_encode(datom->v, attribute->type, &value);
    for (int family = DATOM_FAMILY_EAVT; family <= DATOM_FAMILY_VAET; family++) {
        if ((family == DATOM_FAMILY_AVET && !attribute->has_avet) ||
            (family == DATOM_FAMILY_VAET && attribute->type != DATOM_TYPE_REF))
            continue;
        struct datom_key key;
        BS_CLEANUP(bs_buf_fini) struct bs_buf record = BS_BUF_INIT(0);
        datom_key_make((enum datom_family)family, &life, attribute->many, &value, &key);
        datom_record_make((enum datom_family)family, &life, attribute->many, attribute->type,
                          &value, &record);
        boot_change(boot, &(struct datom_change){.family = (enum datom_family)family,
                                                 .key = datom_key_str(&key),
                                                 .record = bs_buf_str(&record)});
    }
}

static void boot_log(struct boot *boot, const struct datom *datoms, size_t count)
{
    enum datom_type *types = bs_malloc(count * sizeof(*types));
    for (size_t i = 0; i < count; i++)
        types[i] = datom_schema_attribute(boot->body->schema, datoms[i].a)->type;
    BS_CLEANUP(bs_buf_fini) struct bs_buf record = BS_BUF_INIT(0);
    datom_log_encode(datoms, types, count, DATOM_BOOT_T, &record);
    free(types);
    uint8_t key[8];
    bs_store_u64(key, DATOM_BOOT_T);
    boot_change(boot, &(struct datom_change){.family = DATOM_FAMILY_LOG,
                                             .key = bs_str_make((const char *)key, sizeof(key)),
                                             .record = bs_buf_str(&record)});
}

struct datom_body *datom_load_bootstrap(struct bs_arena *arena, struct datom_change **ret_changes,
                                        size_t *ret_changes_count)
{
    size_t count;
    const struct datom *datoms = datom_bootstrap_datoms(&count);
    struct boot boot = {.body = datom_body_new_empty(), .arena = ret_changes ? arena : NULL};
    struct datom_body *body = boot.body;
    struct datom_schema *empty = body->schema;
    body->schema = datom_schema_apply(empty, datoms, count);
    datom_schema_unref(empty);
    for (size_t i = 0; i < count; i++)
        boot_datom(&boot, &datoms[i]);
    boot_log(&boot, datoms, count);
    datom_body_add_counts(body, datoms, count);
    body->basis_t = DATOM_BOOT_T;
    body->next_t = DATOM_FIRST_USER_T;
    body->next_element = DATOM_BOOT_NEXT_ELEMENT;
    if (!ret_changes)
        return body;

    struct datom_change *meta;
    size_t meta_count;
    datom_load_meta_changes(body, datoms, count, arena, &meta, &meta_count);
    for (size_t i = 0; i < meta_count; i++)
        boot_change(&boot, &meta[i]);
    boot_change(&boot, &(struct datom_change){.family = DATOM_FAMILY_META,
                                              .key = BS_STR("format"),
                                              .record = BS_STR(BS_STRINGIFY(1))});
    *ret_changes = bs_arena_new_array(arena, boot.count, struct datom_change);
    memcpy(*ret_changes, boot.changes, boot.count * sizeof(*boot.changes));
    *ret_changes_count = boot.count;
    free(boot.changes);
    return body;
}

/* ---- a store ---- */

static enum bs_code corrupt(const char *what, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_STORE_CORRUPT, "the store's meta record \"%s\" is %s",
                        what, "missing or has the wrong size");
}

static enum bs_code check_format(struct datom_body *body, struct bs_error *error)
{
    struct datom_pin pin;
    struct bs_str record;
    bool found;
    BS_TRY(datom_body_get(body, DATOM_FAMILY_META, BS_STR("format"), &pin, &record, &found, error));
    uint64_t version = 0;
    bool is_number = found && bs_str_parse_u64(record, &version);
    datom_pin_release(&pin);
    if (!is_number)
        return corrupt("format", error);
    if (version != FORMAT_VERSION)
        return bs_error_set(error, BS_REASON_STORE_FORMAT,
                            "the store has format %llu, and this program knows format %u: use the "
                            "program that made it, or a newer one",
                            (unsigned long long)version, FORMAT_VERSION);
    return BS_OK;
}

static enum bs_code check_finished(struct datom_body *body, struct bs_error *error)
{
    struct datom_pin pin;
    struct bs_str record;
    bool found;
    BS_TRY(datom_body_get(body, DATOM_FAMILY_META, BS_STR(DATOM_LOAD_REBUILD_KEY), &pin, &record,
                          &found, error));
    datom_pin_release(&pin);
    if (found)
        return bs_error_set(error, BS_REASON_STORE_UNFINISHED,
                            "the store's rebuild was cut off: make it again (bandstand check "
                            "--rebuild)");
    return BS_OK;
}

enum bs_code datom_load_check_format(struct datom_store *store, struct bs_error *error)
{
    struct datom_body *body = datom_body_new_empty();
    body->snapshot = datom_snapshot_take(store);
    body->store = store;
    enum bs_code code = check_format(body, error);
    datom_body_unref(body);
    return code;
}

enum bs_code datom_load_next_ids(struct datom_body *body, uint64_t *ret_next_t,
                                 uint64_t *ret_next_element, struct bs_error *error)
{
    struct datom_pin pin;
    struct bs_str record;
    bool found;
    BS_TRY(
        datom_body_get(body, DATOM_FAMILY_META, BS_STR("counters"), &pin, &record, &found, error));
    bool is_whole = found && record.len == COUNTERS_SIZE;
    *ret_next_t = is_whole ? bs_load_u64(record.ptr) : 0;
    *ret_next_element = is_whole ? bs_load_u64(record.ptr + 8) : 0;
    datom_pin_release(&pin);
    return BS_OK;
}

static enum bs_code load_counters(struct datom_body *body, struct bs_error *error)
{
    struct datom_pin pin;
    struct bs_str record;
    bool found;
    BS_TRY(
        datom_body_get(body, DATOM_FAMILY_META, BS_STR("counters"), &pin, &record, &found, error));
    bool is_whole = found && record.len == COUNTERS_SIZE;
    if (is_whole) {
        body->next_t = bs_load_u64(record.ptr);
        body->next_element = bs_load_u64(record.ptr + 8);
        body->last_instant_ms = (int64_t)bs_load_u64(record.ptr + 16);
        body->datoms = bs_load_u64(record.ptr + 24);
        body->basis_t = bs_load_u64(record.ptr + 32);
    }
    datom_pin_release(&pin);
    return is_whole ? BS_OK : corrupt("counters", error);
}

/* The log ends where the counters say: they are written together, but stand in files of their own,
 * and one that is lost takes what it has with it. A block that can't be read is told to who reads
 * it; what stands elsewhere may be read. */
static enum bs_code check_log_end(struct datom_body *body, struct bs_error *error)
{
    struct datom_source source = {0};
    uint8_t bytes[8];
    bs_store_u64(bytes, body->basis_t);
    struct bs_str key = bs_str_make((const char *)bytes, sizeof(bytes));
    datom_source_open(&source, body, DATOM_FAMILY_LOG, NULL);
    datom_kv_seek(source.iter, key);
    bool is_there = source.iter->valid && bs_str_equal(source.iter->key, key);
    if (is_there)
        datom_kv_next(source.iter);
    bool is_last = is_there && !source.iter->valid;
    bool is_readable = source.iter->code == BS_OK;
    datom_source_close(&source);
    if (is_last || !is_readable)
        return BS_OK;
    return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                        "the store's counters are of t %llu, and its log %s: files of it were "
                        "lost; restore it from a backup, or make of the log what is there "
                        "(bandstand check --rebuild)",
                        (unsigned long long)body->basis_t,
                        is_there ? "goes on behind it" : "does not have that");
}

static enum bs_code load_counts(struct datom_body *body, struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_source source = {0};
    struct datom_counts *counts =
        bs_calloc(1, sizeof(*counts) + body->next_element * sizeof(counts->live[0]));
    bs_ref_init(&counts->ref);
    counts->limit = body->next_element;
    datom_source_open(&source, body, DATOM_FAMILY_META, &failure);
    datom_kv_seek(source.iter, BS_STR("n"));
    for (; source.iter->valid; datom_kv_next(source.iter)) {
        struct bs_str key = source.iter->key;
        if (key.len != 5 || key.ptr[0] != 'n' || source.iter->record.len != 8)
            continue;
        uint32_t a = bs_load_u32(key.ptr + 1);
        if (a < counts->limit)
            counts->live[a] = bs_load_u64(source.iter->record.ptr);
    }
    enum bs_code code = source.iter->code;
    if (code != BS_OK && error)
        *error = failure;
    datom_source_close(&source);
    datom_counts_unref(body->counts);
    body->counts = counts;
    return code;
}

enum bs_code datom_load_store(struct datom_store *store, struct datom_body **ret_body,
                              struct bs_error *error)
{
    struct datom_body *body = datom_body_new_empty();
    body->snapshot = datom_snapshot_take(store);
    body->store = store;
    enum bs_code code = check_format(body, error);
    if (code == BS_OK)
        code = check_finished(body, error);
    if (code == BS_OK)
        code = load_counters(body, error);
    if (code == BS_OK)
        code = check_log_end(body, error);
    if (code == BS_OK)
        code = load_counts(body, error);
    if (code == BS_OK)
        code = datom_load_schema(body, error);
    if (code != BS_OK) {
        datom_body_unref(body);
        return code;
    }
    datom_snapshot_name(body->snapshot, body->basis_t, body->schema);
    *ret_body = body;
    return BS_OK;
}

struct datom_body *datom_load_rebase(const struct datom_body *body, struct datom_snapshot *snapshot)
{
    struct datom_body *next = datom_body_new_empty();
    datom_schema_unref(next->schema);
    datom_counts_unref(next->counts);
    next->snapshot = snapshot;
    next->store = datom_snapshot_store(snapshot);
    next->schema = datom_schema_ref(body->schema);
    next->counts = body->counts;
    bs_ref_get(&next->counts->ref);
    next->datoms = body->datoms;
    next->basis_t = body->basis_t;
    next->next_t = body->next_t;
    next->next_element = body->next_element;
    next->last_instant_ms = body->last_instant_ms;
    datom_body_set_functions(next, body->functions);
    if (!datom_snapshot_schema(snapshot))
        datom_snapshot_name(snapshot, next->basis_t, next->schema);
    return next;
}
