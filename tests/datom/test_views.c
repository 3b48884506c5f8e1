/*
 * Views on views, against a naive computation from the log: as-of, since, history and predicates in
 * all orders, through every index, and what each of them refuses (the reference's rows 83 to 86 and
 * 88 to 90).
 */

#include "support.h"

#include "datom/datom.h"

static const char *const texts[] = {
    "[{:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/age :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :p/tag :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]",
    "[{:db/id \"a\" :p/name \"ann\" :p/age 30 :p/tag [:x :y]}"
    " {:p/name \"bob\" :p/age 31 :p/friend \"a\"}]",
    "[{:p/name \"ann\" :p/age 31} [:db/retract [:p/name \"ann\"] :p/tag :x]]",
    "[{:p/name \"ann\" :p/age 30 :p/tag [:x :z]} {:p/name \"cat\" :p/age 31}]",
    "[[:db/retractEntity [:p/name \"bob\"]]]",
    "[{:p/name \"bob\" :p/age 5 :p/friend [[:p/name \"cat\"] [:p/name \"ann\"]]}]",
};

struct fixture {
    struct datom_conn *conn;
    uint64_t ts[BS_ARRAY_COUNT(texts)];
};

static void fixture_init(struct fixture *fixture)
{
    fixture->conn = datom_conn_new_memory(NULL);
    for (size_t i = 0; i < BS_ARRAY_COUNT(texts); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_report *report = NULL;
        if (datom_transact_text(fixture->conn, bs_str_from(texts[i]), NULL, &report, &error) !=
            BS_OK)
            fail_msg("%s: %s", texts[i], error.message);
        fixture->ts[i] = report->t;
        datom_report_free(report);
    }
}

/* ---- predicates ---- */

static bool is_no_x(void *self, struct datom_db *db, const struct datom *datom)
{
    (void)self;
    (void)db;
    return !(datom->v.type == EDN_KEYWORD && bs_str_equal(edn_text_of(datom->v), BS_STR("x")));
}

/* Ages above 5, asking the value for the attribute, as an application would. */
static bool is_grown(void *self, struct datom_db *db, const struct datom *datom)
{
    (void)self;
    const struct datom_attribute *age = datom_db_attribute_named(db, BS_STR("p/age"));
    return !age || datom->a != age->id || datom->v.as.integer > 5;
}

static void count_free(void *self)
{
    ++*(int *)self;
}

/* ---- the naive computation ---- */

struct view {
    uint64_t as_of, since;
    bool history, no_x, grown;
};

struct said {
    struct datom datom;
    uint64_t t_retracted; /* of an addition; UINT64_MAX */
};

struct naive {
    struct bs_arena *arena;
    struct said items[400];
    size_t count;
};

static void naive_read(struct naive *naive, struct datom_db *db)
{
    struct datom_log_reader *reader;
    struct datom_log_entry entry;
    bool found = true;
    assert_int_equal(datom_log_open(db, 0, UINT64_MAX, &reader, NULL), BS_OK);
    while (found) {
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
        for (size_t i = 0; found && i < entry.count; i++) {
            assert_true(naive->count < BS_ARRAY_COUNT(naive->items));
            struct said *said = &naive->items[naive->count++];
            said->datom = entry.datoms[i];
            said->datom.v = edn_dup(naive->arena, said->datom.v);
            said->t_retracted = UINT64_MAX;
            for (size_t j = 0; j + 1 < naive->count && !said->datom.added; j++) {
                struct said *before = &naive->items[j];
                if (before->datom.added && before->t_retracted == UINT64_MAX &&
                    before->datom.e == said->datom.e && before->datom.a == said->datom.a &&
                    edn_equal(before->datom.v, said->datom.v))
                    before->t_retracted = entry.t;
            }
        }
    }
    datom_log_close(reader);
}

static bool naive_shows(const struct said *said, const struct view *view, struct datom_db *db,
                        enum datom_index index)
{
    const struct datom *datom = &said->datom;
    const struct datom_attribute *attribute = datom_db_attribute(db, datom->a);
    uint64_t t = datom_tx_to_t(datom->tx);
    if (t > view->as_of || t <= view->since)
        return false;
    if (!view->history &&
        (!datom->added || (said->t_retracted != UINT64_MAX && said->t_retracted <= view->as_of)))
        return false;
    if ((view->no_x && !is_no_x(NULL, db, datom)) || (view->grown && !is_grown(NULL, db, datom)))
        return false;
    return (index != DATOM_AVET || attribute->has_avet) &&
           (index != DATOM_VAET || attribute->type == DATOM_TYPE_REF);
}

/* ---- comparing ---- */

static int compare_datoms(const void *a, const void *b)
{
    const struct datom *x = a;
    const struct datom *y = b;
    uint64_t left[] = {x->e, x->a, x->tx, x->added};
    uint64_t right[] = {y->e, y->a, y->tx, y->added};
    for (size_t i = 0; i < BS_ARRAY_COUNT(left); i++) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    return edn_compare(x->v, y->v);
}

static size_t read_index(struct datom_db *db, enum datom_index index, struct bs_arena *arena,
                         struct datom *ret_datoms, size_t max)
{
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    size_t total = 0, count = 1;
    assert_int_equal(datom_cursor_open(db, &(struct datom_range){.index = index}, &cursor, NULL),
                     BS_OK);
    while (count > 0) {
        const struct datom *datoms;
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        for (size_t i = 0; i < count; i++) {
            assert_true(total < max);
            ret_datoms[total] = datoms[i];
            ret_datoms[total++].v = edn_dup(arena, datoms[i].v);
        }
    }
    return total;
}

static void compare_view(const char *name, struct datom_db *db, const struct view *view,
                         const struct naive *naive)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    for (int index = DATOM_EAVT; index <= DATOM_VAET; index++) {
        struct datom is[400], should[400];
        size_t should_count = 0;
        size_t count = read_index(db, (enum datom_index)index, arena, is, BS_ARRAY_COUNT(is));
        for (size_t i = 0; i < naive->count; i++) {
            if (naive_shows(&naive->items[i], view, db, (enum datom_index)index))
                should[should_count++] = naive->items[i].datom;
        }
        if (count != should_count)
            fail_msg("%s, index %d: %zu datoms, should be %zu", name, index, count, should_count);
        qsort(is, count, sizeof(is[0]), compare_datoms);
        qsort(should, count, sizeof(should[0]), compare_datoms);
        for (size_t i = 0; i < count; i++) {
            if (compare_datoms(&is[i], &should[i]) != 0)
                fail_msg("%s, index %d: datom %zu differs", name, index, i);
        }
    }
}

/* One step: a<i> as-of texts[i], s<i> since it, h history, x no :x, g grown. */
static struct datom_db *apply(const struct fixture *fixture, struct datom_db *db, const char *step,
                              struct view *view)
{
    uint64_t t = step[1] >= '0' && step[1] <= '9' ? fixture->ts[step[1] - '0'] : 0;
    switch (step[0]) {
    case 'a':
        view->as_of = BS_MIN(view->as_of, t);
        return datom_db_as_of(db, t);
    case 's':
        view->since = BS_MAX(view->since, t);
        return datom_db_since(db, t);
    case 'h':
        view->history = true;
        return datom_db_history(db);
    case 'x':
        view->no_x = true;
        return datom_db_filter(db, is_no_x, NULL, NULL);
    default:
        view->grown = true;
        return datom_db_filter(db, is_grown, NULL, NULL);
    }
}

static void test_views__compose_in_every_order(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",         "a2",       "s2",          "h",         "x",           "g x",       "a3 a1",
        "a1 a3",    "s1 s3",    "s3 s1",       "a4 s1",     "s1 a4",       "s4 a1",     "h a3",
        "a3 h",     "h s2",     "s2 h",        "a4 s1 h",   "h s1 a4",     "s1 h a4",   "x a2",
        "a2 x",     "h x",      "x h",         "x h a3 s1", "a3 x s1 g h", "g s1",      "s1 g",
        "x a4 x g", "h g a4 s", "s0 a5 g x h", "a0",        "a0 h",        "h h a5 a5",
    };
    struct fixture fixture;
    fixture_init(&fixture);
    struct naive naive = {.arena = bs_arena_new(0)};
    struct datom_db *whole = datom_conn_db(fixture.conn);
    naive_read(&naive, whole);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct view view = {.as_of = UINT64_MAX};
        struct datom_db *db = datom_db_ref(whole);
        for (const char *at = rows[i]; *at; at++) {
            if (at != rows[i] && at[-1] != ' ')
                continue;
            struct datom_db *next = apply(&fixture, db, at, &view);
            datom_db_unref(db);
            db = next;
        }
        compare_view(rows[i], db, &view, &naive);
        uint64_t t = 0;
        assert_int_equal(datom_db_basis_t(db), datom_db_basis_t(whole));
        assert_int_equal(datom_db_next_t(db), datom_db_next_t(whole));
        assert_int_equal(datom_db_as_of_t(db, &t), view.as_of != UINT64_MAX);
        assert_true(view.as_of == UINT64_MAX || t == view.as_of);
        assert_int_equal(datom_db_is_history(db), view.history);
        assert_int_equal(datom_db_is_filtered(db), view.no_x || view.grown);
        datom_db_unref(db);
    }
    datom_db_unref(whole);
    bs_arena_free(naive.arena);
    datom_conn_unref(fixture.conn);
}

/* Chains of as-of, since, history and filter, on the value and on that of a fork. */
static void test_views__compose_at_random(void **state)
{
    (void)state;
    static const char *const steps[] = {"a0", "a1", "a2", "a3", "a4", "a5", "s0", "s1",
                                        "s2", "s3", "s4", "s5", "h",  "x",  "g"};
    struct bs_random random;
    struct fixture fixture;
    fixture_init(&fixture);
    bs_random_seed(&random, 84);
    struct naive naive = {.arena = bs_arena_new(0)};
    struct datom_db *whole = datom_conn_db(fixture.conn);
    struct datom_conn *fork = NULL;
    naive_read(&naive, whole);
    assert_int_equal(datom_conn_fork(whole, NULL, &fork, NULL), BS_OK);
    for (int round = 0; round < 400; round++) {
        char name[80] = "";
        struct view view = {.as_of = UINT64_MAX};
        struct datom_db *db = round % 2 == 0 ? datom_db_ref(whole) : datom_conn_db(fork);
        for (uint64_t left = bs_random_below(&random, 7); left > 0; left--) {
            const char *step = steps[bs_random_below(&random, BS_ARRAY_COUNT(steps))];
            struct datom_db *next = apply(&fixture, db, step, &view);
            datom_db_unref(db);
            db = next;
            snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s ", step);
        }
        compare_view(name, db, &view, &naive);
        datom_db_unref(db);
    }
    datom_conn_unref(fork);
    datom_db_unref(whole);
    bs_arena_free(naive.arena);
    datom_conn_unref(fixture.conn);
}

static void test_views__predicates_stand_before_every_read(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    int freed = 0;
    struct datom_db *whole = datom_conn_db(fixture.conn);
    struct datom_db *db = datom_db_filter(whole, is_grown, &freed, count_free);
    const struct datom_attribute *name = datom_db_attribute_named(db, BS_STR("p/name"));
    const struct datom_attribute *age = datom_db_attribute_named(db, BS_STR("p/age"));
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    datom_id bob, found_id;
    struct edn value;
    bool found;
    assert_int_equal(datom_db_lookup(db, name, edn_string(BS_STR("bob")), &bob, NULL), BS_OK);
    assert_true(bob != DATOM_NO_ID);
    assert_int_equal(datom_db_get(whole, bob, age, arena, &value, &found, NULL), BS_OK);
    assert_true(found);
    assert_int_equal(datom_db_get(db, bob, age, arena, &value, &found, NULL), BS_OK);
    assert_false(found);
    assert_int_equal(datom_db_lookup(db, age, edn_long(5), &found_id, NULL), BS_OK);
    assert_int_equal(found_id, DATOM_NO_ID);

    /* with sees all, and its value keeps the predicate */
    struct datom_report *report = NULL;
    struct edn tx_data;
    assert_int_equal(
        edn_read(BS_STR("[[:db/cas [:p/name \"bob\"] :p/age 5 4]]"), arena, &tx_data, NULL), BS_OK);
    assert_int_equal(datom_with(db, tx_data, NULL, &report, NULL), BS_OK);
    assert_true(datom_db_is_filtered(report->db_after));
    assert_int_equal(datom_db_get(report->db_after, bob, age, arena, &value, &found, NULL), BS_OK);
    assert_false(found);
    datom_report_free(report);

    struct datom_conn *fork = NULL;
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(datom_conn_fork(db, NULL, &fork, &error), BS_UNIMPLEMENTED);
    assert_int_equal(error.reason, BS_REASON_DB_UNSUPPORTED);

    struct datom_db *view = datom_db_as_of(db, fixture.ts[3]);
    datom_db_unref(db);
    assert_int_equal(freed, 0);
    datom_db_unref(view);
    assert_int_equal(freed, 1);
    datom_db_unref(whole);
    datom_conn_unref(fixture.conn);
}

static void test_views__since_the_end_of_time_there_is_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    struct datom_db *whole = datom_conn_db(fixture.conn);
    struct datom_db *since = datom_db_since(whole, UINT64_MAX);
    struct datom_log_reader *reader;
    struct datom_log_entry entry;
    bool found;
    assert_int_equal(datom_log_open(since, 0, UINT64_MAX, &reader, NULL), BS_OK);
    assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
    assert_false(found);
    datom_log_close(reader);
    datom_db_unref(since);
    datom_db_unref(whole);
    datom_conn_unref(fixture.conn);
}

static void test_views__a_history_refuses_what_needs_one_value(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    struct datom_db *whole = datom_conn_db(fixture.conn);
    struct datom_db *history = datom_db_history(whole);
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    struct edn value;
    bool found;
    assert_int_equal(datom_db_get(history, DATOM_FIRST_USER_T,
                                  datom_db_attribute_named(history, BS_STR("p/age")), arena, &value,
                                  &found, &error),
                     BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_NOT_ON_HISTORY);
    struct datom_report *report = NULL;
    struct edn nothing;
    assert_int_equal(edn_read(BS_STR("[]"), arena, &nothing, NULL), BS_OK);
    assert_int_equal(datom_with(history, nothing, NULL, &report, &error), BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_NOT_ON_HISTORY);
    struct datom_conn *fork = NULL;
    assert_int_equal(datom_conn_fork(history, NULL, &fork, &error), BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_NOT_ON_HISTORY);
    datom_db_unref(history);
    datom_db_unref(whole);
    datom_conn_unref(fixture.conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views__compose_in_every_order),
        cmocka_unit_test(test_views__compose_at_random),
        cmocka_unit_test(test_views__predicates_stand_before_every_read),
        cmocka_unit_test(test_views__since_the_end_of_time_there_is_nothing),
        cmocka_unit_test(test_views__a_history_refuses_what_needs_one_value),
    };
    return cmocka_run_group_tests_name("datom/views", tests, NULL, NULL);
}
