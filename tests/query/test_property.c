/*
 * Random conjunctive queries over random small databases, with not and or, against an evaluator
 * that tries everything; and every order of the clauses gives one result.
 */
#include "support.h"

#include "query/fixture.h"

#define VARS 5
#define CLAUSES_MAX 5
#define ROUNDS 150
#define SHUFFLES 3

static const char *const schema =
    "[{:db/ident :n/ref :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :n/one :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :n/long :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :n/key :db/valueType :db.type/long :db/cardinality :db.cardinality/many"
    "  :db/index true}"
    " {:db/ident :n/text :db/valueType :db.type/string :db/cardinality :db.cardinality/many}]";
static const char *const attributes[] = {":n/ref", ":n/one", ":n/long", ":n/key", ":n/text"};

/* A place of a pattern: a variable, a constant, or nothing. */
struct place {
    int var; /* -1: none */
    bool is_const;
    struct edn value; /* as the datom has it */
    char text[40];
};

enum kind {
    KIND_PATTERN,
    KIND_DIFFERENT, /* [(!= ?x ?y)] */
    KIND_NOT,       /* of one pattern */
    KIND_OR,        /* of two patterns with the same variables */
};

struct pattern {
    struct place places[5];
    size_t count;
};

struct clause {
    enum kind kind;
    struct pattern patterns[2];
    int vars[2];
};

struct world {
    struct fixture fixture;
    struct bs_random random;
    struct datom *datoms;
    size_t datoms_count;
    struct datom_db *db;
    bool is_history;
    datom_id ids[8];
    struct clause clauses[CLAUSES_MAX + 1];
    size_t clauses_count;
    bool bound[VARS]; /* by patterns and ors */
    size_t rows;      /* of all results */
};

static uint64_t below(struct world *world, uint64_t bound)
{
    return bs_random_below(&world->random, bound);
}

/* ---- databases ---- */

/* A tempid before the entities are there, their id afterwards. */
static void name_entity(const struct world *world, bool first, int entity, char *ret_text,
                        size_t size)
{
    if (first)
        snprintf(ret_text, size, "\"%d\"", entity);
    else
        snprintf(ret_text, size, "%llu", (unsigned long long)world->ids[entity]);
}

static void transact_random(struct world *world, bool first)
{
    struct bs_buf buf = BS_BUF_INIT(0);
    bs_buf_append_cstr(&buf, "[");
    for (int i = 0; i < 8; i++) {
        if (first)
            bs_buf_printf(&buf, "{:db/id \"%d\" :n/key %d}", i, (int)below(world, 4));
        for (int j = 0; j < 2; j++) {
            char e[30];
            char v[30];
            int other = (int)below(world, 8);
            name_entity(world, first, i, e, sizeof(e));
            name_entity(world, first, other, v, sizeof(v));
            if (below(world, 3) == 0)
                bs_buf_printf(&buf, "[:db/add %s :n/ref %s]", e, v);
            if (j == 0 && below(world, 2) == 0)
                bs_buf_printf(&buf, "[:db/add %s :n/one %s]", e, v);
            if (j == 0 && below(world, 2) == 0)
                bs_buf_printf(&buf, "[:db/add %s :n/long %d]", e, (int)below(world, 4));
            if (below(world, 3) == 0)
                bs_buf_printf(&buf, "[:db/add %s :n/text \"t%d\"]", e, (int)below(world, 3));
        }
    }
    bs_buf_append_cstr(&buf, "]");
    fixture_transact(&world->fixture, bs_buf_cstr(&buf));
    bs_buf_fini(&buf);
}

static void find_ids(struct world *world)
{
    struct datom_db *db = world->fixture.db;
    uint64_t t = datom_db_next_t(db);
    for (size_t i = 0; i < 8; i++)
        world->ids[i] = datom_id_make(DATOM_PART_USER, t - 8 + i);
}

static void read_datoms(struct world *world)
{
    struct datom_cursor *cursor = NULL;
    struct datom_range range = {.index = DATOM_EAVT};
    struct bs_error error = BS_ERROR_INIT;
    world->datoms = bs_arena_new_array(world->fixture.arena, 20000, struct datom);
    world->datoms_count = 0;
    assert_int_equal(datom_cursor_open(world->db, &range, &cursor, &error), BS_OK);
    for (;;) {
        const struct datom *datoms = NULL;
        size_t count = 0;
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, &error), BS_OK);
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            assert_true(world->datoms_count < 20000);
            struct datom *copy = &world->datoms[world->datoms_count++];
            *copy = datoms[i];
            copy->v = edn_dup(world->fixture.arena, datoms[i].v);
        }
    }
    datom_cursor_free(cursor);
}

/* ---- queries ---- */

static struct place variable(struct world *world)
{
    struct place place = {.var = (int)below(world, VARS)};
    snprintf(place.text, sizeof(place.text), "?%c", 'a' + place.var);
    return place;
}

static struct place blank(void)
{
    return (struct place){.var = -1, .text = "_"};
}

static struct place constant(struct world *world, size_t attribute)
{
    struct place place = {.var = -1, .is_const = true};
    int number = (int)below(world, 4);
    if (attribute <= 1) {
        place.value = edn_long((int64_t)world->ids[number]);
        snprintf(place.text, sizeof(place.text), "%llu", (unsigned long long)world->ids[number]);
    } else if (attribute == 4) {
        struct bs_str text = bs_arena_printf(world->fixture.arena, "t%d", number);
        place.value = edn_string(text);
        snprintf(place.text, sizeof(place.text), "\"t%d\"", number);
    } else {
        place.value = edn_long(number);
        snprintf(place.text, sizeof(place.text), "%d", number);
    }
    return place;
}

static void make_pattern(struct world *world, struct pattern *pattern)
{
    size_t attribute = (size_t)below(world, BS_ARRAY_COUNT(attributes));
    pattern->places[0] = below(world, 6) == 0 ? constant(world, 0) : variable(world);
    pattern->places[1] = (struct place){.var = -1, .is_const = true};
    const struct datom_attribute *found =
        datom_db_attribute_named(world->db, bs_str_from(attributes[attribute] + 1));
    pattern->places[1].value = edn_long((int64_t)found->id);
    snprintf(pattern->places[1].text, sizeof(pattern->places[1].text), "%s", attributes[attribute]);
    uint64_t dice = below(world, 6);
    pattern->places[2] = dice == 0   ? constant(world, attribute)
                         : dice == 1 ? blank()
                                     : variable(world);
    pattern->count = 3;
    if (below(world, 6) == 0) {
        pattern->places[3] = below(world, 2) == 0 ? blank() : variable(world);
        pattern->places[4] = below(world, 2) == 0 ? blank() : variable(world);
        pattern->count = 3 + (size_t)below(world, 3);
    }
}

/* The same variables at other places: e and v change places. */
static void make_mirror(struct pattern *pattern, struct world *world)
{
    size_t attribute = (size_t)below(world, BS_ARRAY_COUNT(attributes));
    const struct datom_attribute *found =
        datom_db_attribute_named(world->db, bs_str_from(attributes[attribute] + 1));
    pattern->places[1].value = edn_long((int64_t)found->id);
    snprintf(pattern->places[1].text, sizeof(pattern->places[1].text), "%s", attributes[attribute]);
    if (pattern->places[0].var >= 0 && pattern->places[2].var >= 0 && below(world, 2) == 0) {
        struct place place = pattern->places[0];
        pattern->places[0] = pattern->places[2];
        pattern->places[2] = place;
    }
    if (pattern->places[2].is_const)
        pattern->places[2] = constant(world, attribute);
}

static void note_bound(struct world *world, const struct pattern *pattern)
{
    for (size_t i = 0; i < pattern->count; i++)
        if (pattern->places[i].var >= 0)
            world->bound[pattern->places[i].var] = true;
}

static void make_query(struct world *world)
{
    memset(world->bound, 0, sizeof(world->bound));
    world->clauses_count = 2 + (size_t)below(world, 3);
    for (size_t i = 0; i < world->clauses_count; i++) {
        struct clause *clause = &world->clauses[i];
        *clause = (struct clause){.kind = KIND_PATTERN};
        if (i > 0 && below(world, 3) == 0)
            clause->kind = below(world, 2) == 0 ? KIND_NOT : KIND_OR;
        make_pattern(world, &clause->patterns[0]);
        clause->patterns[1] = clause->patterns[0];
        make_mirror(&clause->patterns[1], world);
        if (clause->kind != KIND_NOT)
            note_bound(world, &clause->patterns[0]);
    }
    struct clause different = {.kind = KIND_DIFFERENT};
    different.vars[0] = (int)below(world, VARS);
    different.vars[1] = (int)below(world, VARS);
    if (below(world, 2) == 0 && world->bound[different.vars[0]] && world->bound[different.vars[1]])
        world->clauses[world->clauses_count++] = different;
}

static void print_pattern(struct bs_buf *out, const struct pattern *pattern)
{
    bs_buf_append_cstr(out, "[");
    for (size_t i = 0; i < pattern->count; i++)
        bs_buf_printf(out, "%s ", pattern->places[i].text);
    bs_buf_append_cstr(out, "]");
}

static void print_query(struct bs_buf *out, const struct world *world, const size_t *order)
{
    bs_buf_append_cstr(out, "[:find ");
    bool any = false;
    for (int i = 0; i < VARS; i++) {
        if (world->bound[i])
            bs_buf_printf(out, "?%c ", 'a' + i);
        any = any || world->bound[i];
    }
    if (!any)
        bs_buf_append_cstr(out, "?x ");
    bs_buf_append_cstr(out, ":where ");
    if (!any)
        bs_buf_append_cstr(out, "[(ground 1) ?x] ");
    for (size_t i = 0; i < world->clauses_count; i++) {
        const struct clause *clause = &world->clauses[order[i]];
        if (clause->kind == KIND_DIFFERENT) {
            bs_buf_printf(out, "[(!= ?%c ?%c)] ", 'a' + clause->vars[0], 'a' + clause->vars[1]);
            continue;
        }
        if (clause->kind != KIND_PATTERN)
            bs_buf_append_cstr(out, clause->kind == KIND_NOT ? "(not " : "(or ");
        print_pattern(out, &clause->patterns[0]);
        if (clause->kind == KIND_OR)
            print_pattern(out, &clause->patterns[1]);
        if (clause->kind != KIND_PATTERN)
            bs_buf_append_cstr(out, ")");
    }
    bs_buf_append_cstr(out, "]");
}

/* ---- trying everything ---- */

struct row {
    bool set[VARS];
    struct edn values[VARS];
};

static bool extend(const struct pattern *pattern, const struct datom *datom, struct row *row)
{
    struct edn values[] = {edn_long((int64_t)datom->e), edn_long((int64_t)datom->a), datom->v,
                           edn_long((int64_t)datom->tx), edn_boolean(datom->added)};
    for (size_t i = 0; i < pattern->count; i++) {
        const struct place *place = &pattern->places[i];
        if (place->is_const && !edn_equal(place->value, values[i]))
            return false;
        if (place->var < 0)
            continue;
        if (row->set[place->var] && !edn_equal(row->values[place->var], values[i]))
            return false;
        row->set[place->var] = true;
        row->values[place->var] = values[i];
    }
    return true;
}

static bool filters_hold(const struct world *world, const struct row *row)
{
    for (size_t i = 0; i < world->clauses_count; i++) {
        const struct clause *clause = &world->clauses[i];
        if (clause->kind == KIND_DIFFERENT &&
            edn_equal(row->values[clause->vars[0]], row->values[clause->vars[1]]))
            return false;
        for (size_t j = 0; clause->kind == KIND_NOT && j < world->datoms_count; j++) {
            struct row copy = *row;
            if (extend(&clause->patterns[0], &world->datoms[j], &copy))
                return false;
        }
    }
    return true;
}

static void try_all(struct world *world, size_t clause_idx, const struct row *row,
                    struct edn_list *found)
{
    while (clause_idx < world->clauses_count && world->clauses[clause_idx].kind != KIND_PATTERN &&
           world->clauses[clause_idx].kind != KIND_OR)
        clause_idx++;
    if (clause_idx == world->clauses_count) {
        struct edn values[VARS];
        size_t count = 0;
        if (!filters_hold(world, row))
            return;
        for (int i = 0; i < VARS; i++)
            if (world->bound[i])
                values[count++] = row->values[i];
        if (count == 0)
            values[count++] = edn_long(1);
        edn_list_add(found, edn_vector_of(world->fixture.arena, values, count));
        return;
    }
    const struct clause *clause = &world->clauses[clause_idx];
    for (size_t p = 0; p < (clause->kind == KIND_OR ? 2u : 1u); p++) {
        for (size_t i = 0; i < world->datoms_count; i++) {
            struct row copy = *row;
            if (world->datoms[i].a == (datom_id)clause->patterns[p].places[1].value.as.integer &&
                extend(&clause->patterns[p], &world->datoms[i], &copy))
                try_all(world, clause_idx + 1, &copy, found);
        }
    }
}

/* ---- the property ---- */

/* With any budget: the same result, or an error that gives back all that it had. */
static void check_budgets(struct world *world, struct bs_str text, const struct edn *inputs,
                          struct edn expected)
{
    enum bs_code code = BS_RESOURCE_EXHAUSTED;
    for (uint64_t budget = 1000; code != BS_OK; budget += budget / 3) {
        struct query_options options = {.budget_bytes = budget};
        struct bs_error error = BS_ERROR_INIT;
        struct edn result = edn_nil();
        code = query_run_text(text, inputs, 1, &options, world->fixture.arena, &result, &error);
        if (code == BS_OK)
            assert_true(edn_equal(result, expected));
        else
            assert_int_equal(error.reason, BS_REASON_Q_BUDGET);
    }
}

static void check_query(struct world *world, uint64_t round)
{
    struct row empty = {0};
    struct edn_list found;
    edn_list_init(&found, world->fixture.arena);
    make_query(world);
    try_all(world, 0, &empty, &found);
    struct edn expected = edn_set_of(world->fixture.arena, found.items, found.count);
    world->rows += expected.len;
    size_t order[CLAUSES_MAX + 1];
    for (size_t i = 0; i < world->clauses_count; i++)
        order[i] = i;
    for (int shuffle = 0; shuffle < SHUFFLES; shuffle++) {
        struct bs_buf text = BS_BUF_INIT(0);
        struct bs_error error = BS_ERROR_INIT;
        struct edn result = edn_nil();
        struct edn inputs[] = {fixture_db(world->db)};
        print_query(&text, world, order);
        enum bs_code code = query_run_text(bs_buf_str(&text), inputs, 1, NULL, world->fixture.arena,
                                           &result, &error);
        bool same = code == BS_OK && edn_equal(result, expected);
        if (!same)
            print_error("round %llu: %s: %s\n is %.*s\nnot %.*s\n", (unsigned long long)round,
                        bs_buf_cstr(&text), error.message,
                        BS_STR_ARGS(edn_print_short(world->fixture.arena, result, 600)),
                        BS_STR_ARGS(edn_print_short(world->fixture.arena, expected, 600)));
        assert_true(same);
        if (shuffle == 0)
            check_budgets(world, bs_buf_str(&text), inputs, expected);
        bs_buf_fini(&text);
        for (size_t i = world->clauses_count - 1; i > 0; i--) {
            size_t other = (size_t)below(world, i + 1);
            size_t swapped = order[i];
            order[i] = order[other];
            order[other] = swapped;
        }
    }
}

static void test_query__agrees_with_trying_everything_in_any_order(void **state)
{
    (void)state;
    size_t rows = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct world world = {.is_history = round % 3 == 0};
        bs_random_seed(&world.random, round);
        fixture_init(&world.fixture, &schema, 1);
        transact_random(&world, true);
        find_ids(&world);
        transact_random(&world, false);
        transact_random(&world, false);
        world.db =
            world.is_history ? datom_db_history(world.fixture.db) : datom_db_ref(world.fixture.db);
        read_datoms(&world);
        for (int i = 0; i < 4; i++)
            check_query(&world, round);
        rows += world.rows;
        datom_db_unref(world.db);
        fixture_fini(&world.fixture);
    }
    assert_true(rows > 10 * ROUNDS); /* most queries find something */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query__agrees_with_trying_everything_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
