/*
 * Running rules, bottom up and only where asked. An evaluation keeps for each rule the facts found
 * so far, and for each set of bound positions the arguments that it was asked about. In rounds,
 * every body is run with the arguments that are new and all facts, and with the old arguments and,
 * in turn for each call of a rule in it, the facts that are new (semi-naive); its own calls ask
 * about more. Facts and arguments are sets of values, so rounds end unless functions make new
 * values for ever, which deadline and budget catch.
 */
#include "query/rules.h"

/* ---- evaluations ---- */

/* What a rule was asked with one set of positions bound. */
struct asked {
    uint64_t mask;
    struct sink arguments;  /* over the bound positions */
    size_t done;            /* arguments that a round has seen */
    size_t end;             /* those of the current round */
    struct row_index facts; /* the facts by these positions */
    struct asked *next;
};

struct known {
    struct rule_instance *instance;
    struct sink facts; /* over the positions */
    size_t done;
    size_t end;
    struct asked *asked;
    struct known *next;
};

struct rule_eval {
    struct known *all;
    struct known **by_instance; /* NULL until the first is known */
};

static struct varset positions(uint64_t mask)
{
    struct varset set = {0};
    set.words[0] = mask;
    return set;
}

static uint64_t all_positions(size_t arity)
{
    return arity == 64 ? UINT64_MAX : (UINT64_C(1) << arity) - 1;
}

static enum bs_code known_get(struct exec *exec, struct rule_eval *eval,
                              struct rule_instance *instance, struct known **ret_known)
{
    if (eval->by_instance == NULL)
        eval->by_instance =
            (struct known **)bs_calloc(exec->rules->instances_count, sizeof(struct known *));
    struct known *known = eval->by_instance[instance->idx];
    *ret_known = known;
    if (known != NULL)
        return BS_OK;
    known = bs_arena_new_item(exec->arena, struct known);
    known->instance = instance;
    known->next = eval->all;
    eval->all = known;
    eval->by_instance[instance->idx] = known;
    *ret_known = known;
    return sink_init(&known->facts, &exec->meter, positions(all_positions(instance->rule->arity)),
                     true);
}

static enum bs_code asked_get(struct exec *exec, struct known *known, uint64_t mask,
                              struct asked **ret_asked)
{
    for (struct asked *asked = known->asked; asked != NULL; asked = asked->next) {
        if (asked->mask == mask) {
            *ret_asked = asked;
            return BS_OK;
        }
    }
    struct asked *asked = bs_arena_new_item(exec->arena, struct asked);
    asked->mask = mask;
    asked->next = known->asked;
    known->asked = asked;
    *ret_asked = asked;
    BS_TRY(sink_init(&asked->arguments, &exec->meter, positions(mask), true));
    return row_index_init(&asked->facts, known->facts.relation, positions(mask));
}

static void eval_fini(struct rule_eval *eval)
{
    for (struct known *known = eval->all; known != NULL; known = known->next) {
        for (struct asked *asked = known->asked; asked != NULL; asked = asked->next) {
            row_index_fini(&asked->facts);
            sink_fini(&asked->arguments);
            relation_free(asked->arguments.relation);
        }
        sink_fini(&known->facts);
        relation_free(known->facts.relation);
    }
    free(eval->by_instance);
}

/* ---- a call ---- */

struct call_run {
    struct exec *exec;
    const struct clause *clause;
    struct known *known;
    struct relation *rows; /* what is bound of the arguments' variables */
    uint64_t mask;
    struct edn constants[RULE_ARITY_MAX];
    size_t columns[RULE_ARITY_MAX]; /* of `rows`; SIZE_MAX: none */
};

/* The constants, as the rule uses them; *ret_found: all of them stand for something. */
static enum bs_code take_constants(struct call_run *run, bool *ret_found)
{
    struct frame heads = {.uses = run->known->instance->uses};
    *ret_found = true;
    for (size_t i = 0; i < run->clause->terms_count; i++) {
        bool found = true;
        if (run->clause->terms[i].kind != TERM_CONST)
            continue;
        run->constants[i] = run->clause->terms[i].value;
        BS_TRY(exec_normalise(run->exec, &heads, (uint16_t)i, true, &run->constants[i], &found));
        *ret_found = *ret_found && found;
    }
    return BS_OK;
}

static void key_of_row(const struct call_run *run, size_t row, struct edn *key)
{
    size_t at = 0;
    for (size_t i = 0; i < run->clause->terms_count; i++) {
        if ((run->mask >> i & 1) == 0)
            continue;
        key[at++] = run->columns[i] == SIZE_MAX ? run->constants[i]
                                                : run->rows->columns[run->columns[i]][row];
    }
}

static enum bs_code ask(struct call_run *run, struct asked *asked)
{
    struct edn key[RULE_ARITY_MAX];
    for (size_t row = 0; row < run->rows->rows; row++) {
        key_of_row(run, row, key);
        BS_TRY(sink_add(&asked->arguments, key));
    }
    return BS_OK;
}

/* Whether a fact agrees with itself where the call names one variable twice. */
static bool repeats_agree(const struct call_run *run, const struct relation *facts, size_t fact)
{
    const struct term *terms = run->clause->terms;
    for (size_t i = 0; i < run->clause->terms_count; i++)
        for (size_t j = 0; j < i && terms[i].kind == TERM_VAR; j++)
            if (terms[j].kind == TERM_VAR && terms[j].var == terms[i].var &&
                !edn_equal(facts->columns[i][fact], facts->columns[j][fact]))
                return false;
    return true;
}

static enum bs_code add_fact_row(struct call_run *run, struct sink *sink, size_t row, size_t fact)
{
    const struct relation *facts = run->known->facts.relation;
    const struct relation *out = sink->relation;
    struct edn cells[QUERY_VARS_MAX];
    if (!repeats_agree(run, facts, fact))
        return BS_OK;
    for (size_t i = 0; i < out->width; i++) {
        size_t column = run->rows != NULL ? relation_column(run->rows, out->vars[i]) : SIZE_MAX;
        if (column != SIZE_MAX) {
            cells[i] = run->rows->columns[column][row];
            continue;
        }
        size_t position = 0;
        while (run->clause->terms[position].kind != TERM_VAR ||
               run->clause->terms[position].var != out->vars[i])
            position++;
        cells[i] = facts->columns[position][fact];
    }
    return sink_add(sink, cells);
}

static enum bs_code join_facts(struct call_run *run, struct asked *asked, struct sink *sink)
{
    struct edn key[RULE_ARITY_MAX];
    BS_TRY(row_index_fill(&asked->facts));
    for (size_t row = 0; row < run->rows->rows; row++) {
        BS_TRY(meter_tick(&run->exec->meter));
        key_of_row(run, row, key);
        for (uint32_t fact = row_index_find(&asked->facts, key); fact != ROW_NONE;
             fact = asked->facts.next[fact])
            BS_TRY(add_fact_row(run, sink, row, fact));
    }
    return BS_OK;
}

static bool constants_agree(const struct call_run *run, size_t fact)
{
    const struct relation *facts = run->known->facts.relation;
    for (size_t i = 0; i < run->clause->terms_count; i++)
        if (run->clause->terms[i].kind == TERM_CONST &&
            !edn_equal(run->constants[i], facts->columns[i][fact]))
            return false;
    return true;
}

/* The call whose new facts this pass is about: those, whoever asked. */
static enum bs_code join_new_facts(struct call_run *run, struct context *context,
                                   struct varset needed)
{
    struct sink sink;
    struct varset wanted = varset_union(needed, context_vars(context));
    BS_TRY(
        sink_init(&sink, &run->exec->meter, varset_intersection(run->clause->vars, wanted), true));
    enum bs_code code = BS_OK;
    for (size_t fact = run->known->done; fact < run->known->end && code == BS_OK; fact++)
        if (constants_agree(run, fact))
            code = add_fact_row(run, &sink, 0, fact);
    sink_fini(&sink);
    if (code != BS_OK)
        return code;
    return context_put(run->exec, context, sink.relation, needed);
}

static enum bs_code fixpoint(struct exec *exec, struct rule_eval *eval);

/* Asks, lets the rounds run when this call stands outside of them, and joins with the facts. */
static enum bs_code ask_and_join(struct call_run *run, struct rule_eval *eval, bool outermost,
                                 struct sink *sink)
{
    struct asked *asked = NULL;
    for (size_t i = 0; i < run->clause->terms_count; i++)
        run->columns[i] = run->clause->terms[i].kind == TERM_VAR
                              ? relation_column(run->rows, run->clause->terms[i].var)
                              : SIZE_MAX;
    BS_TRY(asked_get(run->exec, run->known, run->mask, &asked));
    BS_TRY(ask(run, asked));
    if (outermost)
        BS_TRY(fixpoint(run->exec, eval));
    return join_facts(run, asked, sink);
}

static enum bs_code call_in_eval(struct call_run *run, struct rule_eval *eval, bool outermost,
                                 struct context *context, struct varset needed)
{
    bool found = true;
    BS_TRY(take_constants(run, &found));
    if (run->clause == run->exec->delta_call)
        return join_new_facts(run, context, needed);
    run->mask = rule_mask(run->clause, context_vars(context));
    BS_TRY(context_take(run->exec, context, run->clause->vars, &run->rows));
    struct sink sink;
    struct varset all = varset_union(relation_vars(run->rows), run->clause->vars);
    BS_TRY(sink_init(&sink, &run->exec->meter, varset_intersection(all, needed), true));
    enum bs_code code = found ? ask_and_join(run, eval, outermost, &sink) : BS_OK;
    sink_fini(&sink);
    relation_free(run->rows);
    if (code != BS_OK)
        return code;
    return context_put(run->exec, context, sink.relation, needed);
}

enum bs_code rules_run(struct exec *exec, struct frame *frame, const struct clause *clause,
                       struct context *context, struct varset needed)
{
    struct rule_eval own = {.all = NULL};
    struct rule_eval *eval = frame->eval != NULL ? frame->eval : &own;
    struct call_run run = {.exec = exec, .clause = clause};
    const struct clause *outer_delta = exec->delta_call;
    if (eval == &own)
        exec->delta_call = NULL;
    enum bs_code code = known_get(exec, eval, rule_called(exec, frame, clause), &run.known);
    if (code == BS_OK)
        code = call_in_eval(&run, eval, eval == &own, context, needed);
    exec->delta_call = outer_delta;
    eval_fini(&own);
    return code;
}

/* ---- rounds ---- */

/* A body, with the arguments from `first` to `end`. */
static enum bs_code run_body(struct exec *exec, struct rule_eval *eval, struct known *known,
                             struct asked *asked, size_t def_idx, size_t first, size_t end)
{
    const struct rule_def *def = &known->instance->rule->defs[def_idx];
    size_t arity = known->instance->rule->arity;
    struct varset bound = rule_head_bound(def, arity, asked->mask);
    struct relation *seed = relation_new(&exec->meter, bound);
    struct edn cells[RULE_ARITY_MAX + 1] = {edn_nil()};
    for (size_t row = first; row < end; row++) {
        const struct relation *arguments = asked->arguments.relation;
        for (size_t i = 0; i < arguments->width; i++)
            cells[relation_column(seed, def->head[arguments->vars[i]])] =
                arguments->columns[i][row];
        BS_TRY(relation_add(seed, cells));
    }
    struct context context = {.count = 0};
    BS_TRY(context_put(exec, &context, seed, bound));
    struct frame frame = known->instance->frames[def_idx];
    frame.eval = eval;
    BS_TRY(exec_clauses(exec, &frame, &def->body, &context, def->head_vars, def->head_vars));
    struct relation *rows = NULL;
    BS_TRY(context_take(exec, &context, def->head_vars, &rows));
    for (size_t row = 0; row < rows->rows && !context.failed; row++) {
        for (size_t i = 0; i < arity; i++)
            cells[i] = rows->columns[relation_column(rows, def->head[i])][row];
        BS_TRY(sink_add(&known->facts, cells));
    }
    relation_free(rows);
    return BS_OK;
}

/* The old arguments, with what is new of each rule that the body calls. */
static enum bs_code run_deltas(struct exec *exec, struct rule_eval *eval, struct known *known,
                               struct asked *asked, size_t def_idx)
{
    const struct rule_def *def = &known->instance->rule->defs[def_idx];
    for (size_t i = 0; i < def->calls_count && asked->done > 0; i++) {
        struct known *callee = NULL;
        BS_TRY(known_get(exec, eval,
                         rule_called(exec, &known->instance->frames[def_idx], def->calls[i]),
                         &callee));
        if (callee->done == callee->end)
            continue;
        exec->delta_call = def->calls[i];
        exec->delta_rows = callee->end - callee->done;
        BS_TRY(run_body(exec, eval, known, asked, def_idx, 0, asked->done));
        exec->delta_call = NULL;
    }
    return BS_OK;
}

static enum bs_code run_known(struct exec *exec, struct rule_eval *eval, struct known *known)
{
    for (struct asked *asked = known->asked; asked != NULL; asked = asked->next) {
        for (size_t i = 0; i < known->instance->rule->defs_count; i++) {
            if (asked->end > asked->done)
                BS_TRY(run_body(exec, eval, known, asked, i, asked->done, asked->end));
            BS_TRY(run_deltas(exec, eval, known, asked, i));
        }
    }
    return BS_OK;
}

/* Moves the marks to what there is now; false when nothing is new. */
static bool begin_round(struct rule_eval *eval)
{
    bool any = false;
    for (struct known *known = eval->all; known != NULL; known = known->next) {
        known->done = known->end;
        known->end = known->facts.relation->rows;
        any = any || known->end > known->done;
        for (struct asked *asked = known->asked; asked != NULL; asked = asked->next) {
            asked->done = asked->end;
            asked->end = asked->arguments.relation->rows;
            any = any || asked->end > asked->done;
        }
    }
    return any;
}

static enum bs_code fixpoint(struct exec *exec, struct rule_eval *eval)
{
    bool explained = exec->explains;
    exec->explains = false; /* the steps of a thousand rounds tell nobody anything */
    while (begin_round(eval)) {
        BS_TRY(meter_poll(&exec->meter));
        for (struct known *known = eval->all; known != NULL; known = known->next)
            BS_TRY(run_known(exec, eval, known));
    }
    exec->explains = explained;
    return BS_OK;
}
