/*
 * Random transactions against the naive model: after each the same verdict and the same datoms, in
 * all four indexes, now, at earlier points in time, since them and in history. In memory, in forks
 * of forks, and on disk with reopening. Old values are kept and must not have changed at the end.
 *
 * BANDSTAND_SEED and BANDSTAND_TRANSACTIONS run others, and more of them.
 */

#include "support.h"

#include <unistd.h>

#include "datom/conn.h"
#include "model.h"

#define VALUES_MAX 16
#define ATTRIBUTES_MAX 12
#define ENTITIES_MAX 40
#define OPS_MAX 6
#define TEMPS_MAX 3
#define HELD_MAX 4
#define TS_MAX 4096

static const char schema_text[] =
    "[{:db/ident :m/one :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :m/text :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :m/tags :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}"
    " {:db/ident :m/refs :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :m/part :db/valueType :db.type/ref :db/cardinality :db.cardinality/one"
    "  :db/isComponent true}"
    " {:db/ident :m/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :m/code :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/value}"
    " {:db/ident :m/seen :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/noHistory true :db/index true}"
    " {:db/ident :m/long :db/valueType :db.type/string :db/cardinality :db.cardinality/many"
    "  :db/index true}"
    " {:db/ident :m/price :db/valueType :db.type/bigdec :db/cardinality :db.cardinality/many"
    "  :db/index true}]";

/* What the types draw their values from: few, so that they meet. */
static const char values_text[] =
    "{:db.type/long [0 1 -1 2 9223372036854775807 -9223372036854775808]"
    " :db.type/string [\"\" \"a\" \"a\\u0000b\" \"b\" \"\u00e9\" \"ab\"]"
    " :db.type/keyword [:x :y :x/y :z]"
    " :db.type/bigdec [1.0M 1.00M -2.5M 0M 1e20M 0.001M]}";

struct world {
    struct bs_random random;
    struct bs_arena *arena; /* values; lives as long as the world */
    struct datom_conn *conn;
    struct model model;
    char *dir; /* NULL: in memory */
    const struct datom_attribute *attributes[ATTRIBUTES_MAX];
    size_t attributes_count;
    struct datom_db *schema_db; /* holds the attributes */
    struct edn values[DATOM_TYPE_COUNT][VALUES_MAX];
    size_t values_count[DATOM_TYPE_COUNT];
    datom_id entities[ENTITIES_MAX];
    size_t entities_count;
    uint64_t ts[TS_MAX];
    size_t ts_count;
    struct {
        struct datom_db *db;
        struct model model;
    } held[HELD_MAX];
    uint64_t seed;
    size_t step;
};

static size_t pick(struct world *world, size_t bound)
{
    return (size_t)bs_random_below(&world->random, bound);
}

#define check_world(world, condition, ...)                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error("seed %llu, transaction %zu: ", (unsigned long long)(world)->seed,         \
                        (world)->step);                                                            \
            print_error(__VA_ARGS__);                                                              \
            print_error("\n");                                                                     \
            fail_msg("%s", #condition);                                                            \
        }                                                                                          \
    } while (0)

/* ---- making a world ---- */

static void add_value(struct world *world, enum datom_type type, struct edn value)
{
    BS_ASSERT(world->values_count[type] < VALUES_MAX);
    world->values[type][world->values_count[type]++] = value;
}

/* Strings that are cut in keys: alike in their first 300 bytes, and one that is their beginning. */
static void add_long_values(struct world *world)
{
    char bytes[700];
    memset(bytes, 'q', sizeof(bytes));
    for (size_t i = 0; i < 5; i++) {
        bytes[400] = (char)('a' + (7 * i) % 5);
        add_value(world, DATOM_TYPE_STRING,
                  edn_string(bs_arena_dup(world->arena, bs_str_make(bytes, 300 + 100 * i))));
    }
}

static void make_values(struct world *world)
{
    struct edn map;
    assert_int_equal(edn_read(bs_str_from(values_text), world->arena, &map, NULL), BS_OK);
    for (int type = 0; type < DATOM_TYPE_COUNT; type++) {
        struct edn values;
        if (!edn_map_get_keyword(map, bs_str_from(datom_type_ident((enum datom_type)type)),
                                 &values))
            continue;
        for (uint32_t i = 0; i < values.len; i++)
            add_value(world, (enum datom_type)type, values.as.items[i]);
    }
    add_long_values(world);
}

static void take_attributes(struct world *world)
{
    world->schema_db = datom_conn_db(world->conn);
    const struct datom_attribute *attribute;
    for (size_t i = 0; (attribute = datom_db_attribute_at(world->schema_db, i)) != NULL; i++) {
        if (bs_str_starts_with(attribute->ident, BS_STR("m/")))
            world->attributes[world->attributes_count++] = attribute;
    }
    BS_ASSERT(world->attributes_count == 10);
}

static void open_disk(struct world *world)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_options options = {.create = true, .no_sync = true};
    if (datom_conn_open(bs_str_from(world->dir), &options, &world->conn, &error) != BS_OK)
        fail_msg("open: %s", error.message);
}

static void world_init(struct world *world, const char *dir, uint64_t seed)
{
    *world = (struct world){.arena = bs_arena_new(0), .seed = seed};
    bs_random_seed(&world->random, seed);
    if (dir) {
        world->dir = bs_strdup(dir);
        open_disk(world);
    } else {
        world->conn = datom_conn_new_memory(NULL);
    }
    struct bs_error error = BS_ERROR_INIT;
    if (datom_transact_text(world->conn, bs_str_from(schema_text), NULL, NULL, &error) != BS_OK)
        fail_msg("schema: %s", error.message);
    take_attributes(world);
    make_values(world);
}

static void world_fini(struct world *world)
{
    for (size_t i = 0; i < HELD_MAX; i++) {
        datom_db_unref(world->held[i].db);
        model_fini(&world->held[i].model);
    }
    datom_db_unref(world->schema_db);
    datom_conn_unref(world->conn);
    model_fini(&world->model);
    bs_arena_free(world->arena);
    free(world->dir);
}

/* ---- random transactions ---- */

/* An entity of an operation: one that exists, or a tempid. */
struct place {
    bool is_temp;
    size_t temp;
    datom_id id;
};

struct draft_op {
    struct model_op op; /* with e and refs to be filled in */
    struct place e;
    struct place v; /* of a ref */
};

static struct place pick_place(struct world *world, bool may_be_temp)
{
    if (world->entities_count == 0 || (may_be_temp && pick(world, 4) == 0))
        return (struct place){.is_temp = true, .temp = pick(world, TEMPS_MAX)};
    return (struct place){.id = world->entities[pick(world, world->entities_count)]};
}

static struct edn pick_value(struct world *world, const struct datom_attribute *attribute)
{
    return world->values[attribute->type][pick(world, world->values_count[attribute->type])];
}

static void draft_value(struct world *world, struct draft_op *draft)
{
    if (draft->op.attribute->type == DATOM_TYPE_REF)
        draft->v = pick_place(world, draft->op.kind == MODEL_ADD);
    else
        draft->op.v = pick_value(world, draft->op.attribute);
}

static void draft_op(struct world *world, struct draft_op *draft)
{
    static const enum model_op_kind kinds[] = {
        MODEL_ADD,     MODEL_ADD,     MODEL_ADD,
        MODEL_ADD,     MODEL_ADD,     MODEL_RETRACT,
        MODEL_RETRACT, MODEL_CAS,     MODEL_RETRACT_ATTRIBUTE,
        MODEL_ADD,     MODEL_RETRACT, MODEL_RETRACT_ENTITY,
    };
    *draft = (struct draft_op){.op.kind = kinds[pick(world, BS_ARRAY_COUNT(kinds))]};
    if (world->entities_count == 0)
        draft->op.kind = MODEL_ADD;
    draft->e = pick_place(world, draft->op.kind == MODEL_ADD);
    if (draft->op.kind == MODEL_RETRACT_ENTITY)
        return;
    draft->op.attribute = world->attributes[pick(world, world->attributes_count)];
    if (draft->op.kind == MODEL_CAS &&
        (draft->op.attribute->many || draft->op.attribute->type == DATOM_TYPE_REF))
        draft->op.kind = MODEL_ADD;
    draft_value(world, draft);
    if (draft->op.kind != MODEL_CAS)
        return;
    draft->op.old = edn_nil();
    if (pick(world, 3) > 0)
        model_find(&world->model, draft->e.id, draft->op.attribute->id, &draft->op.old);
}

static struct edn place_form(struct world *world, const struct place *place)
{
    if (!place->is_temp)
        return edn_long((int64_t)place->id);
    return edn_string(bs_arena_printf(world->arena, "t%zu", place->temp));
}

static struct edn draft_form(struct world *world, const struct draft_op *draft)
{
    static const char *const names[] = {"db/add", "db/retract", "db/retract", "db/retractEntity",
                                        "db/cas"};
    struct edn_list form;
    edn_list_init(&form, world->arena);
    edn_list_add(&form, edn_keyword(bs_str_from(names[draft->op.kind])));
    edn_list_add(&form, place_form(world, &draft->e));
    if (draft->op.kind == MODEL_RETRACT_ENTITY)
        return edn_list_finish(&form, EDN_VECTOR);
    edn_list_add(&form, edn_keyword(draft->op.attribute->ident));
    if (draft->op.kind == MODEL_CAS)
        edn_list_add(&form, draft->op.old);
    if (draft->op.kind != MODEL_RETRACT_ATTRIBUTE)
        edn_list_add(&form, draft->op.attribute->type == DATOM_TYPE_REF
                                ? place_form(world, &draft->v)
                                : draft->op.v);
    return edn_list_finish(&form, EDN_VECTOR);
}

/* ---- tempids, as the model sees them ---- */

struct temps {
    size_t root[TEMPS_MAX];
    datom_id id[TEMPS_MAX]; /* of roots */
    bool is_entity[TEMPS_MAX];
    bool is_value[TEMPS_MAX];
    bool conflict;
};

static void temps_bind(struct temps *temps, size_t temp, datom_id id)
{
    datom_id *known = &temps->id[temps->root[temp]];
    if (*known != DATOM_NO_ID && *known != id)
        temps->conflict = true;
    *known = id;
}

static void temps_unite(struct temps *temps, size_t a, size_t b)
{
    size_t to = temps->root[a];
    size_t from = temps->root[b];
    if (to == from)
        return;
    if (temps->id[from] != DATOM_NO_ID)
        temps_bind(temps, to, temps->id[from]);
    temps->is_entity[to] |= temps->is_entity[from];
    for (size_t i = 0; i < TEMPS_MAX; i++) {
        if (temps->root[i] == from)
            temps->root[i] = to;
    }
}

/* Who the tempids are; ids of new ones are taken from the report. */
static void resolve_temps(const struct world *world, const struct draft_op *drafts, size_t count,
                          struct temps *temps)
{
    *temps = (struct temps){0};
    for (size_t i = 0; i < TEMPS_MAX; i++) {
        temps->root[i] = i;
        temps->id[i] = DATOM_NO_ID;
    }
    for (size_t i = 0; i < count; i++) {
        if (drafts[i].e.is_temp)
            temps->is_entity[drafts[i].e.temp] = true;
        if (drafts[i].v.is_temp)
            temps->is_value[drafts[i].v.temp] = true;
    }
    for (size_t i = 0; i < count; i++) {
        const struct model_op *op = &drafts[i].op;
        if (op->kind != MODEL_ADD || !drafts[i].e.is_temp ||
            op->attribute->unique != DATOM_UNIQUE_IDENTITY)
            continue;
        datom_id holder = model_holder(&world->model, op->attribute->id, op->v);
        if (holder != DATOM_NO_ID)
            temps_bind(temps, drafts[i].e.temp, holder);
        for (size_t j = 0; j < i; j++) {
            if (drafts[j].op.kind == MODEL_ADD && drafts[j].e.is_temp &&
                drafts[j].op.attribute->id == op->attribute->id && edn_equal(drafts[j].op.v, op->v))
                temps_unite(temps, drafts[j].e.temp, drafts[i].e.temp);
        }
    }
}

static bool temps_are_good(const struct temps *temps)
{
    for (size_t i = 0; i < TEMPS_MAX; i++) {
        if (temps->is_value[i] && !temps->is_entity[temps->root[i]])
            return false;
    }
    return !temps->conflict;
}

static void remember_entity(struct world *world, datom_id id)
{
    for (size_t i = 0; i < world->entities_count; i++) {
        if (world->entities[i] == id)
            return;
    }
    if (world->entities_count < ENTITIES_MAX)
        world->entities[world->entities_count++] = id;
    else
        world->entities[pick(world, ENTITIES_MAX)] = id;
}

/* The ids that the report gives must be those that are known, and new otherwise. */
static void take_ids(struct world *world, const struct datom_report *report, struct temps *temps)
{
    for (size_t i = 0; i < report->tempids_count; i++) {
        size_t temp = (size_t)(report->tempids[i].name.ptr[1] - '0');
        datom_id id = report->tempids[i].id;
        datom_id *known = &temps->id[temps->root[temp]];
        check_world(world, *known == DATOM_NO_ID || *known == id, "t%zu is %llu", temp,
                    (unsigned long long)id);
        if (*known == DATOM_NO_ID)
            check_world(world, datom_id_counter(id) >= report->t, "t%zu is not new", temp);
        *known = id;
        remember_entity(world, id);
    }
}

static datom_id place_id(const struct temps *temps, const struct place *place)
{
    return place->is_temp ? temps->id[temps->root[place->temp]] : place->id;
}

static void fill_ops(const struct draft_op *drafts, size_t count, const struct temps *temps,
                     struct model_op *ops)
{
    for (size_t i = 0; i < count; i++) {
        ops[i] = drafts[i].op;
        ops[i].e = place_id(temps, &drafts[i].e);
        if (ops[i].attribute && ops[i].attribute->type == DATOM_TYPE_REF)
            ops[i].v = edn_long((int64_t)place_id(temps, &drafts[i].v));
    }
}

/* Ids for tempids of a transaction that the store refused: any that nobody has. */
static void invent_ids(struct temps *temps)
{
    for (size_t i = 0; i < TEMPS_MAX; i++) {
        if (temps->id[i] == DATOM_NO_ID)
            temps->id[i] = datom_id_make(DATOM_PART_USER, DATOM_T_MAX - i);
    }
}

static struct bs_str describe(struct world *world, struct edn tx)
{
    return edn_print_short(world->arena, tx, 2000);
}

static void transact_random(struct world *world)
{
    struct draft_op drafts[OPS_MAX];
    struct model_op ops[OPS_MAX];
    struct temps temps;
    size_t count = 1 + pick(world, OPS_MAX);
    struct edn_list forms;
    edn_list_init(&forms, world->arena);
    for (size_t i = 0; i < count; i++) {
        draft_op(world, &drafts[i]);
        edn_list_add(&forms, draft_form(world, &drafts[i]));
    }
    struct edn tx = edn_list_finish(&forms, EDN_VECTOR);
    resolve_temps(world, drafts, count, &temps);

    struct bs_error error = BS_ERROR_INIT;
    struct datom_report *report = NULL;
    enum bs_code code = datom_transact(world->conn, tx, NULL, &report, &error);
    if (code == BS_OK)
        take_ids(world, report, &temps);
    else
        invent_ids(&temps);
    fill_ops(drafts, count, &temps, ops);
    uint64_t t = report ? report->t : 0;
    /* refused transactions are tried on a copy */
    struct model trial = model_dup(&world->model);
    bool is_good = temps_are_good(&temps) && model_transact(code == BS_OK ? &world->model : &trial,
                                                            world->schema_db, ops, count, t);
    model_fini(&trial);
    check_world(world, is_good == (code == BS_OK), "%.*s: the model says %s, the store: %s",
                BS_STR_ARGS(describe(world, tx)), is_good ? "good" : "bad",
                code == BS_OK ? "good" : error.message);
    if (code == BS_OK && world->ts_count < TS_MAX)
        world->ts[world->ts_count++] = t;
    datom_report_free(report);
}

/* ---- comparing ---- */

static struct datom_db *view_of(struct datom_db *db, const struct model_view *view)
{
    struct datom_db *at = datom_db_ref(db);
    if (view->as_of != UINT64_MAX) {
        struct datom_db *next = datom_db_as_of(at, view->as_of);
        datom_db_unref(at);
        at = next;
    }
    if (view->since > 0) {
        struct datom_db *next = datom_db_since(at, view->since);
        datom_db_unref(at);
        at = next;
    }
    if (view->history) {
        struct datom_db *next = datom_db_history(at);
        datom_db_unref(at);
        at = next;
    }
    return at;
}

static void compare_datom(struct world *world, const struct datom *is, const struct datom *should,
                          enum datom_index index)
{
    char v[100], w[100];
    bool same = is->e == should->e && is->a == should->a && edn_equal(is->v, should->v) &&
                is->tx == should->tx && is->added == should->added;
    check_world(
        world, same, "index %d: is [%llu %llu %s %llu %d], should be [%llu %llu %s %llu %d]",
        (int)index, (unsigned long long)is->e, (unsigned long long)is->a,
        edn_print_cut(is->v, v, sizeof(v)), (unsigned long long)is->tx, is->added,
        (unsigned long long)should->e, (unsigned long long)should->a,
        edn_print_cut(should->v, w, sizeof(w)), (unsigned long long)should->tx, should->added);
}

/* Whether a datom is of the test's own attributes. */
static bool is_ours(const struct world *world, const struct datom *datom)
{
    return datom->a >= world->attributes[0]->id;
}

static void compare_index(struct world *world, struct datom_db *db, const struct model *model,
                          enum datom_index index, const struct model_view *view)
{
    size_t count, at = 0;
    struct datom *should = model_datoms(model, world->schema_db, index, view, &count);
    struct datom_db *seen = view_of(db, view);
    struct datom_cursor *cursor = NULL;
    struct datom_range range = {.index = index};
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(datom_cursor_open(seen, &range, &cursor, &error), BS_OK);
    for (;;) {
        const struct datom *datoms;
        size_t batch;
        assert_int_equal(datom_cursor_next(cursor, &datoms, &batch, &error), BS_OK);
        if (batch == 0)
            break;
        for (size_t i = 0; i < batch; i++) {
            if (!is_ours(world, &datoms[i]))
                continue;
            check_world(world, at < count, "index %d has more than the model's %zu", (int)index,
                        count);
            compare_datom(world, &datoms[i], &should[at++], index);
        }
    }
    check_world(world, at == count, "index %d has %zu of the model's %zu", (int)index, at, count);
    datom_cursor_free(cursor);
    datom_db_unref(seen);
    free(should);
}

static void compare_all(struct world *world, struct datom_db *db, const struct model *model,
                        const struct model_view *view)
{
    for (int index = DATOM_EAVT; index <= DATOM_VAET; index++)
        compare_index(world, db, model, (enum datom_index)index, view);
}

/* One attribute of one entity, by the way that has no cursor. */
static void compare_get(struct world *world, struct datom_db *db, const struct model *model)
{
    if (world->entities_count == 0)
        return;
    datom_id e = world->entities[pick(world, world->entities_count)];
    const struct datom_attribute *attribute =
        world->attributes[pick(world, world->attributes_count)];
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn is, should;
    bool found;
    assert_int_equal(datom_db_get(db, e, attribute, arena, &is, &found, NULL), BS_OK);
    bool expected = model_find(model, e, attribute->id, &should);
    check_world(world, found == expected, "get finds %d", found);
    if (found && !attribute->many)
        check_world(world, edn_equal(is, should), "get gives another value");
}

static uint64_t pick_t(struct world *world)
{
    return world->ts_count == 0 ? DATOM_FIRST_USER_T : world->ts[pick(world, world->ts_count)];
}

static void compare_world(struct world *world)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(world->conn);
    struct model_view views[] = {
        {.as_of = UINT64_MAX},
        {.as_of = pick_t(world)},
        {.as_of = UINT64_MAX, .since = pick_t(world)},
        {.as_of = UINT64_MAX, .history = true},
        {.as_of = pick_t(world), .since = pick_t(world)},
        {.as_of = pick_t(world), .since = pick_t(world), .history = true},
    };
    compare_all(world, db, &world->model, &views[0]);
    compare_all(world, db, &world->model, &views[1 + pick(world, BS_ARRAY_COUNT(views) - 1)]);
    compare_get(world, db, &world->model);
}

/* ---- what else happens to a store ---- */

static void hold(struct world *world)
{
    size_t i = pick(world, HELD_MAX);
    datom_db_unref(world->held[i].db);
    model_fini(&world->held[i].model);
    world->held[i].db = datom_conn_db(world->conn);
    world->held[i].model = model_dup(&world->model);
}

/* On disk values are taken back, and say what the store knows of their time: noHistory forgets. */
static void compare_held(struct world *world)
{
    struct model_view now = {.as_of = UINT64_MAX};
    if (world->conn->store)
        datom_store_expire_older(world->conn->store, 0);
    for (size_t i = 0; i < HELD_MAX; i++) {
        struct datom_db *db = world->held[i].db;
        if (!db)
            continue;
        struct model_view then = {.as_of = datom_db_basis_t(db)};
        if (world->conn->store)
            compare_all(world, db, &world->model, &then);
        else
            compare_all(world, db, &world->held[i].model, &now);
    }
}

static void go_on_in_fork(struct world *world)
{
    struct datom_db *db = datom_conn_db(world->conn);
    struct datom_conn *fork;
    assert_int_equal(datom_conn_fork(db, NULL, &fork, NULL), BS_OK);
    datom_db_unref(db);
    datom_conn_unref(world->conn);
    world->conn = fork;
}

/* A fork of the past: what came after is taken back, and its ids are issued again. */
static void go_on_in_branch(struct world *world)
{
    if (world->ts_count == 0)
        return;
    size_t at = pick(world, world->ts_count);
    struct datom_db *db = datom_conn_db(world->conn);
    struct datom_db *past = datom_db_as_of(db, world->ts[at]);
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *branch;
    if (datom_conn_fork(past, NULL, &branch, &error) != BS_OK)
        fail_msg("branch: %s", error.message);
    datom_db_unref(past);
    datom_db_unref(db);
    datom_conn_unref(world->conn);
    world->conn = branch;
    model_take_back(&world->model, world->ts[at]);
    world->ts_count = at + 1;
    db = datom_conn_db(branch);
    check_world(world, datom_db_basis_t(db) == world->ts[at], "basis of a branch");
    size_t kept = 0;
    for (size_t i = 0; i < world->entities_count; i++) {
        if (datom_id_counter(world->entities[i]) < datom_db_next_t(db))
            world->entities[kept++] = world->entities[i];
    }
    world->entities_count = kept;
    datom_db_unref(db);
}

static void reopen(struct world *world)
{
    for (size_t i = 0; i < HELD_MAX; i++) {
        datom_db_unref(world->held[i].db);
        model_fini(&world->held[i].model);
        world->held[i].db = NULL;
    }
    datom_db_unref(world->schema_db);
    datom_conn_unref(world->conn);
    open_disk(world);
    world->attributes_count = 0;
    take_attributes(world);
}

static void tell_difference(void *self, const char *line)
{
    (void)self;
    print_error("%s\n", line);
}

static void check_store(struct world *world)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(world->conn);
    struct datom_check_report report;
    struct bs_error error = BS_ERROR_INIT;
    if (datom_db_check(db, tell_difference, NULL, &report, &error) != BS_OK)
        fail_msg("check: %s", error.message);
    check_world(world, report.differences == 0, "check finds %llu differences",
                (unsigned long long)report.differences);
}

static void run_world(const char *dir, uint64_t seed, size_t transactions)
{
    struct world world;
    world_init(&world, dir, seed);
    for (world.step = 0; world.step < transactions; world.step++) {
        transact_random(&world);
        compare_world(&world);
        if (pick(&world, 20) == 0)
            hold(&world);
        if (!dir && pick(&world, 50) == 0)
            go_on_in_fork(&world);
        if (!dir && pick(&world, 40) == 0)
            go_on_in_branch(&world);
        /* values that are held lose their snapshots */
        if (dir && pick(&world, 10) == 0)
            datom_store_expire_older(world.conn->store, 0);
        if (dir && pick(&world, 50) == 0)
            reopen(&world);
    }
    compare_held(&world);
    check_store(&world);
    /* at the end every point in time */
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(world.conn);
    for (size_t i = 0; i < world.ts_count; i++) {
        struct model_view view = {.as_of = world.ts[i]};
        compare_all(&world, db, &world.model, &view);
    }
    world_fini(&world);
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t number;
    return text && bs_str_parse_u64(bs_str_from(text), &number) ? number : otherwise;
}

static void test_model__agrees_with_stores_in_memory_and_forks(void **state)
{
    (void)state;
    uint64_t seed = number_from_environment("BANDSTAND_SEED", 1);
    uint64_t transactions = number_from_environment("BANDSTAND_TRANSACTIONS", 250);
    for (uint64_t i = 0; i < 8; i++)
        run_world(NULL, seed + i, transactions);
}

static void test_model__agrees_with_stores_on_disk(void **state)
{
    (void)state;
    uint64_t seed = number_from_environment("BANDSTAND_SEED", 1);
    uint64_t transactions = number_from_environment("BANDSTAND_TRANSACTIONS", 150);
    for (uint64_t i = 0; i < 2; i++) {
        char base[] = "/tmp/bandstand-model-XXXXXX";
        assert_non_null(mkdtemp(base));
        char dir[64];
        snprintf(dir, sizeof(dir), "%s/store", base);
        run_world(dir, seed + 100 + i, transactions);
        char command[96];
        snprintf(command, sizeof(command), "rm -rf %s", base);
        assert_int_equal(system(command), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model__agrees_with_stores_in_memory_and_forks),
        cmocka_unit_test(test_model__agrees_with_stores_on_disk),
    };
    return cmocka_run_group_tests_name("datom/model", tests, NULL, NULL);
}
