/*
 * Checking a value: its log is replayed into memory, by the code that transactions run, and every
 * family is compared with what came out, key by key, both ways. Takes memory for the whole value.
 */

#include "datom/bootstrap.h"
#include "datom/load.h"
#include "datom/tx.h"

#define DIFFERENCES_TOLD 20

struct check {
    void (*found)(void *self, const char *line);
    void *self;
    struct datom_check_report *report;
};

static void tell(struct check *check, const char *line)
{
    if (check->report->differences++ < DIFFERENCES_TOLD && check->found)
        check->found(check->self, line);
}

static void tell_key(struct check *check, enum datom_family family,
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
    tell(check, bs_buf_cstr(&line));
}

/* On a branch from the past noHistory values are gone that the log of that time still gives. */
static bool is_forgotten(const struct datom_body *body, enum datom_family family,
                         const struct datom_kv_iter *iter)
{
    if (!body->parent || family >= DATOM_FAMILY_LOG)
        return false;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_life life;
    if (datom_key_parse(family, iter->key, iter->record, arena, &life, NULL) != BS_OK)
        return false;
    const struct datom_attribute *attribute = datom_schema_attribute(body->schema, life.a);
    return attribute && attribute->no_history;
}

static enum bs_code compare_family(struct check *check, enum datom_family family,
                                   struct datom_body *is, struct datom_body *should,
                                   struct bs_error *error)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct datom_source left = {0}, right = {0};
    datom_source_open(&left, is, family, &failure);
    datom_source_open(&right, should, family, NULL);
    datom_kv_seek(left.iter, BS_STR_EMPTY);
    datom_kv_seek(right.iter, BS_STR_EMPTY);
    uint32_t steps = 0;
    while (left.iter->valid || right.iter->valid) {
        int order = !left.iter->valid    ? 1
                    : !right.iter->valid ? -1
                                         : bs_str_compare(left.iter->key, right.iter->key);
        if (order < 0)
            tell_key(check, family, left.iter, "stands in the index, but the log does not give it");
        else if (order > 0 && !is_forgotten(is, family, right.iter))
            tell_key(check, family, right.iter, "is given by the log, but the index lacks it");
        else if (order == 0 && !bs_str_equal(left.iter->record, right.iter->record))
            tell_key(check, family, left.iter, "has another record than the log gives it");
        if (order <= 0)
            datom_kv_next(left.iter);
        if (order >= 0)
            datom_kv_next(right.iter);
        (void)datom_source_breathe(&left, &steps);
    }
    enum bs_code code = left.iter->code;
    if (code != BS_OK && error)
        *error = failure;
    datom_source_close(&left);
    datom_source_close(&right);
    return code;
}

static void compare_counters(struct check *check, const struct datom_body *is,
                             const struct datom_body *should)
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
        const struct datom_attribute *attribute = datom_schema_attribute(is->schema, a);
        if (datom_body_count(is, a) == datom_body_count(should, a) ||
            (is->parent && attribute && attribute->no_history))
            continue;
        snprintf(line, sizeof(line), "meta: attribute %llu counts %llu datoms: the log gives %llu",
                 (unsigned long long)a, (unsigned long long)datom_body_count(is, a),
                 (unsigned long long)datom_body_count(should, a));
        tell(check, line);
    }
}

static enum bs_code replay_log(struct check *check, struct datom_db *db,
                               struct datom_body **ret_body, struct bs_error *error)
{
    struct datom_log_reader *reader;
    struct datom_body *body = datom_load_bootstrap(NULL, NULL, NULL);
    BS_TRY(datom_log_open(db, DATOM_BOOT_T + 1, UINT64_MAX, &reader, error));
    enum bs_code code;
    for (;;) {
        struct datom_log_entry entry;
        struct datom_body *next;
        bool found;
        code = datom_log_next(reader, &entry, &found, error);
        if (code != BS_OK || !found)
            break;
        code = tx_replay(body, &entry, &next, error);
        if (code != BS_OK)
            break;
        datom_body_unref(body);
        body = next;
        check->report->transactions++;
        check->report->datoms += entry.count;
    }
    datom_log_close(reader);
    if (code == BS_OK)
        *ret_body = body;
    else
        datom_body_unref(body);
    return code;
}

enum bs_code datom_db_check(struct datom_db *db, void (*found)(void *self, const char *line),
                            void *self, struct datom_check_report *ret_report,
                            struct bs_error *error)
{
    struct datom_check_report report = {0};
    struct check check = {.found = found, .self = self, .report = &report};
    struct datom_db *whole = datom_db_new(db->body);
    struct datom_body *should = NULL;
    struct bs_error failure = BS_ERROR_INIT;
    enum bs_code code = replay_log(&check, whole, &should, &failure);
    datom_db_unref(whole);
    if (code == BS_DATA_LOSS) {
        /* a log that contradicts itself is a difference like others */
        tell(&check, failure.message);
        *ret_report = report;
        return BS_OK;
    }
    if (code != BS_OK && error)
        *error = failure;
    for (int family = 0; family < DATOM_FAMILY_META && code == BS_OK; family++)
        code = compare_family(&check, (enum datom_family)family, db->body, should, error);
    if (code == BS_OK) {
        compare_counters(&check, db->body, should);
        *ret_report = report;
    }
    datom_body_unref(should);
    return code;
}
