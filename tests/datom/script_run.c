/*
 * Running scripts: each step is done to a store and to the model, then both are compared. Forks
 * stand on a stack, each with its own model; the lowest place is the store itself.
 */

#include "script_compare.h"

#include <unistd.h>

#include "datom/conn.h"

#define PLACES_MAX 5
#define HELD_MAX 3
#define FULL_EVERY 16

struct moment {
    uint64_t t;
    uint64_t next_t;
    datom_id next_element;
};

struct place {
    struct datom_conn *conn;
    struct model model;
    struct moment *moments; /* its transactions */
    size_t moments_count, moments_capacity;
    size_t number; /* of a fork, for its name in print */
};

struct run {
    const struct script_options *options;
    struct script_totals *totals;
    struct script_difference *difference;
    struct bs_arena *arena;
    char base[40]; /* folder of a store on disk */
    struct place places[PLACES_MAX];
    size_t depth; /* the current place */
    size_t forks_count;
    struct {
        struct datom_db *db;
        struct model model;
    } held[HELD_MAX];
    size_t held_count;
    size_t step;
};

static struct place *here(struct run *run)
{
    return &run->places[run->depth];
}

static bool impossible(struct run *run, const char *what, const struct bs_error *error)
{
    return script_differs(run->difference, SCRIPT_IMPOSSIBLE, "%s: %s", what, error->message);
}

/* ---- opening and closing ---- */

static bool open_store(struct run *run)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_options options = {.create = true, .no_sync = true};
    char dir[48];
    snprintf(dir, sizeof(dir), "%s/store", run->base);
    if (!run->options->on_disk)
        run->places[0].conn = datom_conn_new_memory(NULL);
    else if (datom_conn_open(bs_str_from(dir), &options, &run->places[0].conn, &error) != BS_OK)
        return impossible(run, "open", &error);
    return true;
}

static void leave_place(struct run *run)
{
    struct place *place = here(run);
    datom_conn_unref(place->conn);
    model_fini(&place->model);
    free(place->moments);
    *place = (struct place){0};
}

static void let_go(struct run *run)
{
    for (size_t i = 0; i < HELD_MAX; i++) {
        datom_db_unref(run->held[i].db);
        model_fini(&run->held[i].model);
        run->held[i].db = NULL;
    }
}

static bool begin(struct run *run)
{
    if (run->options->on_disk) {
        snprintf(run->base, sizeof(run->base), "/tmp/bandstand-model-XXXXXX");
        BS_ASSERT(mkdtemp(run->base));
    }
    model_init(&run->places[0].model, run->options->mistake);
    return open_store(run);
}

static void end(struct run *run)
{
    let_go(run);
    for (;; run->depth--) {
        leave_place(run);
        if (run->depth == 0)
            break;
    }
    if (run->options->on_disk) {
        char command[64];
        snprintf(command, sizeof(command), "rm -rf %s", run->base);
        BS_ASSERT(system(command) == 0);
    }
    bs_arena_free(run->arena);
}

/* ---- forms with ids in them ---- */

static struct edn id_of_number(struct run *run, struct edn number)
{
    const struct model *model = &here(run)->model;
    const struct model_attribute *attribute = model_attribute_named(model, EDN_KEYWORD_LIT("m/id"));
    datom_id id = attribute ? model_last_holder(model, attribute->id, number) : DATOM_NO_ID;
    if (id != DATOM_NO_ID)
        return edn_long((int64_t)id);
    struct edn items[2] = {EDN_KEYWORD_LIT("m/id"), number};
    return edn_vector_of(run->arena, items, 2);
}

static struct edn with_ids(struct run *run, struct edn form)
{
    if (form.type == EDN_TAGGED)
        return id_of_number(run, form.as.items[1]);
    if (form.type != EDN_MAP && !edn_is_collection(form))
        return form;
    size_t count = (size_t)form.len * (form.type == EDN_MAP ? 2 : 1);
    struct edn *items = bs_arena_new_array(run->arena, count + 1, struct edn);
    for (size_t i = 0; i < count; i++)
        items[i] = with_ids(run, form.as.items[i]);
    form.as.items = items;
    return form;
}

/* ---- printing ---- */

static void print_form(struct run *run, const char *before, const struct edn *form,
                       const char *after)
{
    struct bs_buf *out = run->options->print;
    if (!out)
        return;
    bool is_fork = run->depth > 0;
    if (is_fork)
        bs_buf_printf(out, "(in-fork f%zu ", here(run)->number);
    bs_buf_append_cstr(out, before);
    if (form)
        edn_print(*form, out);
    bs_buf_printf(out, "%s%s\n", after, is_fork ? ")" : "");
}

static void print_remark(struct run *run, const char *text)
{
    if (run->options->print)
        bs_buf_printf(run->options->print, "; %s\n", text);
}

/* ---- transactions ---- */

static bool compare_outcome(struct run *run, const struct model_tx *tx, enum bs_code code,
                            const struct bs_error *error)
{
    bool is_expected = tx->reasons_count == 0 ? code == BS_OK : false;
    for (size_t i = 0; i < tx->reasons_count; i++)
        is_expected = is_expected || (code != BS_OK && error->reason == tx->reasons[i]);
    if (is_expected)
        return true;
    return script_differs(run->difference, SCRIPT_OUTCOME, "the store says %s, the model %s",
                          code == BS_OK ? "good" : error->message,
                          tx->reasons_count == 0 ? "good" : bs_reason_name(tx->reasons[0]));
}

static void note_moment(struct place *place)
{
    bs_grow(&place->moments, place->moments_count, &place->moments_capacity,
            sizeof(*place->moments));
    place->moments[place->moments_count++] = (struct moment){
        .t = place->model.t,
        .next_t = place->model.next_t,
        .next_element = place->model.next_element,
    };
}

static bool transact(struct run *run, struct edn forms, bool is_with)
{
    static const struct model_view now = {.as_of = UINT64_MAX};
    struct place *place = here(run);
    struct model after = {0};
    struct model_tx tx = {.before = &place->model, .arena = run->arena};
    struct datom_report *report = NULL;
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(place->conn);
    forms = with_ids(run, forms);
    print_form(run, is_with ? "(with db " : "(transact ", &forms, ")");
    model_transact(&tx, forms, &after);
    enum bs_code code = is_with ? datom_with(db, forms, NULL, &report, &error)
                                : datom_transact(place->conn, forms, NULL, &report, &error);
    run->totals->transactions++;
    run->totals->forms += forms.len;
    run->totals->refused += code != BS_OK;
    bool agrees = compare_outcome(run, &tx, code, &error);
    if (agrees && code == BS_OK)
        agrees = script_compare_report(report, &tx, &after, run->difference);
    if (agrees && code == BS_OK && is_with)
        agrees = script_compare_view(report->db_after, &after, &now, run->difference);
    if (agrees && code == BS_OK && !is_with) {
        model_fini(&place->model);
        place->model = after;
        note_moment(place);
    } else {
        model_fini(&after);
    }
    model_tx_fini(&tx);
    datom_report_free(report);
    return agrees;
}

/* ---- comparing everything ---- */

static uint64_t some_t(struct run *run, size_t salt)
{
    const struct place *place = here(run);
    if (place->moments_count == 0)
        return DATOM_FIRST_USER_T;
    return place->moments[(run->step * 7 + salt * 13) % place->moments_count].t;
}

/* Every point in time, in four views each. */
static bool compare_every_t(struct run *run, struct datom_db *db)
{
    const struct place *place = here(run);
    for (size_t i = 0; i < place->moments_count; i++) {
        uint64_t t = place->moments[i].t;
        const struct model_view views[] = {
            {.as_of = t},
            {.as_of = UINT64_MAX, .since = t},
            {.as_of = t, .since = some_t(run, i)},
            {.as_of = t, .since = some_t(run, i), .history = true},
        };
        for (size_t j = 0; j < BS_ARRAY_COUNT(views); j++) {
            if (!script_compare_view(db, &place->model, &views[j], run->difference))
                return false;
        }
    }
    return true;
}

static bool compare_everything(struct run *run, bool every_t)
{
    const struct place *place = here(run);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(place->conn);
    const struct model_view views[] = {
        {.as_of = UINT64_MAX},
        {.as_of = UINT64_MAX, .history = true},
        {.as_of = some_t(run, 1)},
        {.as_of = UINT64_MAX, .since = some_t(run, 2)},
        {.as_of = some_t(run, 3), .since = some_t(run, 4), .history = true},
    };
    size_t other = 1 + run->step % (BS_ARRAY_COUNT(views) - 1);
    return script_compare_view(db, &place->model, &views[0], run->difference) &&
           script_compare_counts(db, &place->model, run->difference) &&
           script_compare_view(db, &place->model, &views[every_t ? 1 : other], run->difference) &&
           (!every_t || compare_every_t(run, db));
}

/*
 * Values of memory have what they had. Those of a store are taken back here, and say what the store
 * knows of their time: noHistory forgets, and so does excision.
 */
static bool compare_held(struct run *run)
{
    struct model_view view = {.as_of = UINT64_MAX};
    if (run->options->on_disk)
        datom_store_expire_older(run->places[0].conn->store, 0);
    for (size_t i = 0; i < HELD_MAX; i++) {
        struct datom_db *db = run->held[i].db;
        struct model then = run->held[i].model;
        if (!db)
            continue;
        if (run->options->on_disk) {
            then.lives = run->places[0].model.lives;
            then.count = run->places[0].model.count;
            view.as_of = datom_db_basis_t(db);
            /* the view is the model's; the value has none */
        }
        if (!script_compare_view(db, &then, &view, run->difference)) {
            run->difference->kind = SCRIPT_HELD;
            return false;
        }
    }
    return true;
}

/* ---- the other steps ---- */

static bool fork_of(struct run *run, struct datom_db *db, const struct model *model)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn;
    if (datom_conn_fork(db, NULL, &conn, &error) != BS_OK)
        return impossible(run, "fork", &error);
    const struct place *parent = here(run);
    struct place *place = &run->places[++run->depth];
    *place = (struct place){
        .conn = conn,
        .model = model_dup(model),
        .moments_count = parent->moments_count,
        .moments_capacity = parent->moments_count,
        .number = ++run->forks_count,
    };
    if (parent->moments_count > 0)
        place->moments =
            bs_memdup(parent->moments, parent->moments_count * sizeof(*parent->moments));
    return true;
}

static bool go_on_in_fork(struct run *run)
{
    char text[40];
    if (run->depth + 1 == PLACES_MAX)
        return true;
    snprintf(text, sizeof(text), "(def f%zu (fork))", run->forks_count + 1);
    print_form(run, text, NULL, "");
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(here(run)->conn);
    return fork_of(run, db, &here(run)->model);
}

/* A fork of the past: what came after is taken back, and its ids are issued again. */
static bool go_on_in_branch(struct run *run, uint64_t number)
{
    char text[60];
    if (run->depth + 1 == PLACES_MAX || here(run)->moments_count == 0)
        return true;
    size_t at = (size_t)(number % here(run)->moments_count);
    struct moment moment = here(run)->moments[at];
    snprintf(text, sizeof(text), "(def f%zu (fork %llu))", run->forks_count + 1,
             (unsigned long long)moment.t);
    print_form(run, text, NULL, "");
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(here(run)->conn);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *past = datom_db_as_of(db, moment.t);
    if (!fork_of(run, past, &here(run)->model))
        return false;
    model_take_back(&here(run)->model, moment.t, moment.next_t, moment.next_element);
    here(run)->moments_count = at + 1;
    return compare_everything(run, false);
}

static bool go_back(struct run *run)
{
    if (run->depth == 0)
        return true;
    leave_place(run);
    run->depth--;
    return compare_everything(run, false);
}

static bool hold(struct run *run)
{
    /* what a fork of a store on disk has is not in the store's past */
    if (run->options->on_disk && run->depth > 0)
        return true;
    print_remark(run, "the value is held");
    size_t i = run->held_count++ % HELD_MAX;
    datom_db_unref(run->held[i].db);
    model_fini(&run->held[i].model);
    run->held[i].db = datom_conn_db(here(run)->conn);
    run->held[i].model = model_dup(&here(run)->model);
    return true;
}

static bool reopen(struct run *run)
{
    if (!run->options->on_disk || run->depth > 0)
        return true;
    print_remark(run, "the store is closed and opened");
    let_go(run);
    datom_conn_unref(run->places[0].conn);
    run->places[0].conn = NULL;
    return open_store(run) && compare_everything(run, false);
}

static bool expire(struct run *run)
{
    print_remark(run, "held values lose what they pin");
    return compare_held(run);
}

static bool do_step(struct run *run, struct edn step)
{
    struct edn name = step.as.items[0];
    if (edn_is_keyword(name, "transact") || edn_is_keyword(name, "with"))
        return transact(run, step.as.items[1], edn_is_keyword(name, "with"));
    if (edn_is_keyword(name, "fork"))
        return go_on_in_fork(run);
    if (edn_is_keyword(name, "branch"))
        return go_on_in_branch(run, (uint64_t)step.as.items[1].as.integer);
    if (edn_is_keyword(name, "back"))
        return go_back(run);
    if (edn_is_keyword(name, "hold"))
        return hold(run);
    if (edn_is_keyword(name, "reopen"))
        return reopen(run);
    BS_ASSERT(edn_is_keyword(name, "expire"));
    return expire(run);
}

static bool do_steps(struct run *run, struct edn script)
{
    bool is_thorough = run->options->is_thorough;
    for (run->step = 0; run->step < script.len; run->step++) {
        bool is_full = is_thorough || run->step % FULL_EVERY == FULL_EVERY - 1;
        if (!do_step(run, script.as.items[run->step]) ||
            (is_full && !compare_everything(run, is_thorough)))
            return false;
    }
    run->step = script.len - 1;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(here(run)->conn);
    return compare_held(run) && compare_everything(run, is_thorough) &&
           script_compare_check(db, run->difference);
}

bool script_run(struct edn script, const struct script_options *options,
                struct script_totals *totals, struct script_difference *ret_difference)
{
    *ret_difference = (struct script_difference){.kind = SCRIPT_AGREES};
    struct run run = {
        .options = options,
        .totals = totals,
        .difference = ret_difference,
        .arena = bs_arena_new(0),
    };
    bool agrees = script.len == 0 || (begin(&run) && do_steps(&run, script));
    ret_difference->step = run.step;
    end(&run);
    return agrees;
}
