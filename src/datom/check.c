/*
 * Checking a value: every family is compared with what follows from the log (derive.h), key by key,
 * both ways, and the counters too. Memory is bounded; a large store takes temporary files.
 */

#include "datom/bootstrap.h"
#include "datom/branch.h"
#include "datom/db.h"
#include "datom/derive.h"
#include "datom/folder.h"

#define DIFFERENCES_TOLD 20
#define CHECK_BYTES ((size_t)96 * 1024 * 1024)

struct check {
    void (*found)(void *self, const char *line);
    void *self;
    struct datom_check_report *report;
    struct datom_derive *derive;
};

static void tell(struct check *check, const char *line)
{
    if (check->report->differences++ < DIFFERENCES_TOLD && check->found)
        check->found(check->self, line);
}

/* Outside of the store: whoever is told may use it, and take his time. */
static void tell_key(struct check *check, enum datom_family family, struct datom_source *source,
                     const struct datom_kv_iter *iter, const char *what)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf line = BS_BUF_INIT(2000);
    struct datom_life life;
    bs_buf_printf(&line, "%s: ", datom_family_name(family));
    if (datom_key_parse(family, iter->key, iter->record, arena, &life, NULL) == BS_OK) {
        char value[200];
        bs_buf_printf(&line, "[%llu %u %s] added at t %llu", (unsigned long long)life.e, life.a,
                      edn_print_cut(life.v, value, sizeof(value)),
                      (unsigned long long)life.t_added);
    } else {
        bs_buf_append_cstr(&line, "key ");
        bs_hex_encode(&line, iter->key.ptr, BS_MIN(iter->key.len, (size_t)64));
    }
    bs_buf_printf(&line, " %s", what);
    datom_source_rest(source);
    tell(check, bs_buf_cstr(&line));
    datom_source_wake(source);
}

/* On a branch from the past noHistory values are gone that the log of that time still gives: it
 * tells nothing of them. */
static enum bs_code is_forgotten(struct datom_body *body, enum datom_family family,
                                 const struct datom_kv_iter *iter, bool *ret_forgotten,
                                 struct bs_error *error)
{
    *ret_forgotten = false;
    if (!body->parent)
        return BS_OK;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_life life;
    if (datom_key_parse(family, iter->key, iter->record, arena, &life, NULL) != BS_OK)
        return BS_OK;
    return datom_branch_forgets(body, life.a, ret_forgotten, error);
}

static enum bs_code compare_keys(struct check *check, enum datom_family family,
                                 struct datom_body *body, struct datom_source *source,
                                 struct bs_error *error)
{
    struct datom_kv_iter *is = source->iter;
    /* what the log gives, in the form that walks have */
    struct datom_kv_iter should = {0};
    bool take = true;
    uint32_t steps = 0;
    datom_kv_seek(is, BS_STR_EMPTY);
    for (;;) {
        if (take)
            BS_TRY(datom_derive_next(check->derive, family, &should.key, &should.record,
                                     &should.valid, error));
        if (!is->valid && !should.valid)
            return is->code;
        int order = !is->valid ? 1 : !should.valid ? -1 : bs_str_compare(is->key, should.key);
        bool forgotten = false;
        if (order != 0 && is->code == BS_OK)
            BS_TRY(is_forgotten(body, family, order < 0 ? is : &should, &forgotten, error));
        if (order < 0 && !forgotten)
            tell_key(check, family, source, is,
                     "stands in the index, but the log does not give it");
        else if (order > 0 && is->code == BS_OK && !forgotten)
            tell_key(check, family, source, &should, "is given by the log, but the index lacks it");
        else if (order == 0 && !bs_str_equal(is->record, should.record))
            tell_key(check, family, source, is, "has another record than the log gives it");
        if (order <= 0)
            datom_kv_next(is);
        take = order >= 0;
        (void)datom_source_breathe(source, &steps);
    }
}

static enum bs_code compare_family(struct check *check, enum datom_family family,
                                   struct datom_body *body, struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_source source = {0};
    datom_source_open(&source, body, family, &failure);
    enum bs_code code = compare_keys(check, family, body, &source, error);
    if (source.iter->code != BS_OK && error)
        *error = failure;
    datom_source_close(&source);
    return code;
}

static enum bs_code compare_counters(struct check *check, struct datom_body *is,
                                     const struct datom_body *should, struct bs_error *error)
{
    char line[200];
    const struct {
        const char *name;
        uint64_t is, should;
    } counters[] = {
        {"basis-t", is->basis_t, should->basis_t},
        {"datoms", is->datoms, should->datoms},
        {"last instant", (uint64_t)is->last_instant_ms, (uint64_t)should->last_instant_ms},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(counters); i++) {
        if (counters[i].is == counters[i].should || (is->parent && i == 1))
            continue;
        snprintf(line, sizeof(line), "meta: %s is %llu: the log gives %llu", counters[i].name,
                 (unsigned long long)counters[i].is, (unsigned long long)counters[i].should);
        tell(check, line);
    }
    /* ids that were issued for nothing leave gaps, but none may be issued twice */
    if (is->next_t < should->next_t || is->next_element < should->next_element)
        tell(check, "meta: the next ids are below ids that the log uses");
    for (datom_id a = 0; a < BS_MAX(is->next_element, should->next_element); a++) {
        bool forgotten = false;
        if (datom_body_count(is, a) == datom_body_count(should, a))
            continue;
        if (is->parent)
            BS_TRY(datom_branch_forgets(is, a, &forgotten, error));
        if (forgotten)
            continue;
        snprintf(line, sizeof(line), "meta: attribute %llu counts %llu datoms: the log gives %llu",
                 (unsigned long long)a, (unsigned long long)datom_body_count(is, a),
                 (unsigned long long)datom_body_count(should, a));
        tell(check, line);
    }
    return BS_OK;
}

static enum bs_code read_log(struct check *check, struct datom_db *db, struct bs_error *error)
{
    struct datom_log_reader *reader;
    BS_TRY(datom_log_open(db, DATOM_BOOT_T + 1, UINT64_MAX, &reader, error));
    enum bs_code code;
    for (;;) {
        struct datom_log_entry entry;
        bool found;
        code = datom_log_next(reader, &entry, &found, error);
        if (code == BS_OK && found)
            code = datom_derive_add(check->derive, &entry, error);
        if (code != BS_OK || !found)
            break;
        check->report->transactions++;
        check->report->datoms += entry.count;
    }
    datom_log_close(reader);
    return code == BS_OK ? datom_derive_finish(check->derive, error) : code;
}

static enum bs_code compare_all(struct check *check, struct datom_db *db, struct bs_error *error)
{
    struct datom_db *whole = datom_db_new(db->body);
    enum bs_code code = read_log(check, whole, error);
    datom_db_unref(whole);
    for (int family = 0; family < DATOM_FAMILY_LOG && code == BS_OK; family++)
        code = compare_family(check, (enum datom_family)family, db->body, error);
    if (code == BS_OK)
        code = compare_counters(check, db->body, datom_derive_body(check->derive), error);
    return code;
}

enum bs_code datom_db_check(struct datom_db *db, void (*found)(void *self, const char *line),
                            void *self, struct datom_check_report *ret_report,
                            struct bs_error *error)
{
    struct datom_check_report report = {0};
    struct bs_error failure = BS_ERROR_INIT;
    struct check check = {
        .found = found,
        .self = self,
        .report = &report,
        .derive = datom_derive_new(datom_folder_temporary(), CHECK_BYTES, BS_REASON_STORE_CORRUPT),
    };
    if (db->body->parent)
        datom_derive_skip_forgotten(check.derive, db->body);
    enum bs_code code = compare_all(&check, db, &failure);
    datom_derive_free(check.derive);
    if (code == BS_DATA_LOSS) {
        /* a log that contradicts itself, or a damaged block, is a difference like others */
        tell(&check, failure.message);
        code = BS_OK;
    }
    if (code == BS_OK)
        *ret_report = report;
    else if (error)
        *error = failure;
    return code;
}
