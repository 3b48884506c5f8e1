/*
 * Predicates of values as data: clauses of a query's functions over one datom. They are parsed once
 * into a tree that is immutable, so that any number of threads may ask it. What asking needs, an
 * arena for what functions make and regular expressions compiled, is lent to one question at a time
 * and kept for the next: there are as many of them as threads that ask at once. (A compiled
 * expression could be shared, but the C library has a lock in each.)
 */
#include <stdatomic.h>

#include "base/regexp.h"
#include "query/builtin.h"
#include "query/query.h"

#define CLAUSE_DEPTH_MAX 32
/* Beyond so many threads at once, what they were lent is not kept. */
#define LOANS_KEPT_MAX 8

/* What a variable of a clause stands for. */
static const char *const variables[] = {"?e", "?a", "?v", "?tx", "?added"};

struct filter_call;

struct argument {
    struct edn value;               /* a constant */
    int variable;                   /* -1: none */
    const struct filter_call *call; /* NULL: none */
};

struct filter_call {
    const struct builtin *builtin;
    struct edn form; /* for messages */
    const struct argument *arguments;
    size_t count;
};

enum clause_kind {
    CLAUSE_CALL,
    CLAUSE_AND,
    CLAUSE_OR,
    CLAUSE_NOT, /* of all of its clauses together */
};

struct clause {
    enum clause_kind kind;
    const struct filter_call *call;
    const struct clause *inner; /* not of a call */
    size_t inner_count;
};

/* What is lent to a question. */
struct loan {
    struct bs_arena *arena;
    struct regex_cache *regexes; /* NULL: no clause needs any */
};

struct filter {
    struct bs_arena *arena; /* of what follows */
    const struct clause *clauses;
    size_t count;
    size_t regexes_count; /* calls that take a regular expression */
    struct loan *_Atomic kept[LOANS_KEPT_MAX];
};

/* ---- parsing ---- */

static enum bs_code parse_all(struct filter *filter, struct edn forms, size_t first, int depth,
                              const struct clause **ret_clauses, size_t *ret_count,
                              struct bs_error *error);

static int variable_of(struct edn symbol)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(variables); i++) {
        if (bs_str_equals(edn_text_of(symbol), variables[i]))
            return (int)i;
    }
    return -1;
}

static enum bs_code refuse(struct edn form, struct bs_error *error)
{
    char text[120];
    return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                        "filter: %s is no clause: expected [(PREDICATE ARGUMENT...)], (not "
                        "CLAUSE...), (or CLAUSE...) or (and CLAUSE...)",
                        edn_print_cut(form, text, sizeof(text)));
}

/* One that is given as it stands is compiled here, to see that it can be. */
static enum bs_code check_regex(struct filter *filter, struct edn call, struct bs_error *error)
{
    struct edn pattern = call.as.items[1];
    struct bs_regexp *regex;
    filter->regexes_count++;
    if (pattern.type != EDN_STRING)
        return BS_OK;
    enum bs_code code = bs_regexp_new(edn_text_of(pattern), false, &regex, error);
    if (code != BS_OK) {
        bs_error_prefix(error, "filter: ");
        return code;
    }
    bs_regexp_free(regex);
    return BS_OK;
}

static enum bs_code parse_call(struct filter *filter, struct edn form, int depth,
                               const struct filter_call **ret_call, struct bs_error *error);

static enum bs_code parse_argument(struct filter *filter, struct edn form, int depth,
                                   struct argument *ret_argument, struct bs_error *error)
{
    char text[120];
    *ret_argument = (struct argument){.value = form, .variable = -1};
    if (form.type == EDN_LIST && form.len > 0 && form.as.items[0].type == EDN_SYMBOL)
        return parse_call(filter, form, depth + 1, &ret_argument->call, error);
    if (form.type != EDN_SYMBOL)
        return BS_OK;
    ret_argument->variable = variable_of(form);
    if (ret_argument->variable >= 0)
        return BS_OK;
    return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                        "filter: nothing is called %s: expected ?e, ?a, ?v, ?tx or ?added",
                        edn_print_cut(form, text, sizeof(text)));
}

static enum bs_code too_deep(struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_LIMIT,
                        "a filter's clauses and calls are nested at most %d deep",
                        CLAUSE_DEPTH_MAX);
}

static enum bs_code parse_call(struct filter *filter, struct edn form, int depth,
                               const struct filter_call **ret_call, struct bs_error *error)
{
    struct bs_str name = edn_text_of(form.as.items[0]);
    struct filter_call *call = bs_arena_new_item(filter->arena, struct filter_call);
    if (depth > CLAUSE_DEPTH_MAX)
        return too_deep(error);
    call->form = form;
    call->count = form.len - 1;
    BS_TRY(builtin_find(name, &call->builtin, error));
    if (builtin_takes_source(call->builtin))
        return bs_error_set(error, BS_REASON_Q_UNSUPPORTED,
                            "filter: %.*s reads a database, and a filter's clause sees one datom "
                            "only",
                            BS_STR_ARGS(name));
    BS_TRY(builtin_check_arity(call->builtin, form, call->count, error));
    struct argument *arguments = bs_arena_new_array(filter->arena, call->count, struct argument);
    for (size_t i = 0; i < call->count; i++)
        BS_TRY(parse_argument(filter, form.as.items[i + 1], depth, &arguments[i], error));
    call->arguments = arguments;
    if (bs_str_starts_with(bs_str_from(call->builtin->name), BS_STR("re-")))
        BS_TRY(check_regex(filter, form, error));
    *ret_call = call;
    return BS_OK;
}

static enum bs_code parse_clause(struct filter *filter, struct edn form, int depth,
                                 struct clause *clause, struct bs_error *error)
{
    static const char *const names[] = {
        [CLAUSE_AND] = "and", [CLAUSE_OR] = "or", [CLAUSE_NOT] = "not"};
    if (depth > CLAUSE_DEPTH_MAX)
        return too_deep(error);
    if (form.type == EDN_VECTOR && form.len == 1 && form.as.items[0].type == EDN_LIST &&
        form.as.items[0].len > 0 && form.as.items[0].as.items[0].type == EDN_SYMBOL)
        return parse_call(filter, form.as.items[0], depth, &clause->call, error);
    if (form.type != EDN_LIST || form.len < 2 || form.as.items[0].type != EDN_SYMBOL)
        return refuse(form, error);
    for (int kind = CLAUSE_AND; kind <= CLAUSE_NOT; kind++) {
        if (!bs_str_equals(edn_text_of(form.as.items[0]), names[kind]))
            continue;
        clause->kind = (enum clause_kind)kind;
        return parse_all(filter, form, 1, depth + 1, &clause->inner, &clause->inner_count, error);
    }
    return refuse(form, error);
}

static enum bs_code parse_all(struct filter *filter, struct edn forms, size_t first, int depth,
                              const struct clause **ret_clauses, size_t *ret_count,
                              struct bs_error *error)
{
    size_t count = forms.len - first;
    struct clause *clauses = bs_arena_new_array(filter->arena, count, struct clause);
    for (size_t i = 0; i < count; i++) {
        clauses[i] = (struct clause){.kind = CLAUSE_CALL};
        BS_TRY(parse_clause(filter, forms.as.items[first + i], depth, &clauses[i], error));
    }
    *ret_clauses = clauses;
    *ret_count = count;
    return BS_OK;
}

/* ---- asking ---- */

static bool all_hold(struct builtin_env *env, const struct edn *values,
                     const struct clause *clauses, size_t count);

static enum bs_code run_call(struct builtin_env *env, const struct edn *values,
                             const struct filter_call *call, struct edn *ret_value)
{
    struct edn *args = bs_arena_new_array(env->arena, call->count, struct edn);
    for (size_t i = 0; i < call->count; i++) {
        const struct argument *argument = &call->arguments[i];
        args[i] = argument->variable >= 0 ? values[argument->variable] : argument->value;
        if (argument->call)
            BS_TRY(run_call(env, values, argument->call, &args[i]));
    }
    env->form = call->form;
    BS_TRY(call->builtin->function(env, args, call->count, ret_value));
    if (bs_arena_used_bytes(env->arena) <= BS_LIMIT_FILTER_BYTES)
        return BS_OK;
    return bs_error_set(env->error, BS_REASON_Q_BUDGET,
                        "the calls of a filter need more than %u bytes for one datom",
                        BS_LIMIT_FILTER_BYTES);
}

/* A call that fails, as one that compares a text with a number or makes too much, does not hold. */
static bool call_holds(struct builtin_env *env, const struct edn *values,
                       const struct clause *clause)
{
    struct edn value = edn_nil();
    return run_call(env, values, clause->call, &value) == BS_OK && edn_is_truthy(value);
}

static bool holds(struct builtin_env *env, const struct edn *values, const struct clause *clause)
{
    switch (clause->kind) {
    case CLAUSE_CALL:
        return call_holds(env, values, clause);
    case CLAUSE_AND:
        return all_hold(env, values, clause->inner, clause->inner_count);
    case CLAUSE_NOT:
        return !all_hold(env, values, clause->inner, clause->inner_count);
    case CLAUSE_OR:
        break;
    }
    for (size_t i = 0; i < clause->inner_count; i++) {
        if (holds(env, values, &clause->inner[i]))
            return true;
    }
    return false;
}

static bool all_hold(struct builtin_env *env, const struct edn *values,
                     const struct clause *clauses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!holds(env, values, &clauses[i]))
            return false;
    }
    return true;
}

static void loan_free(struct loan *loan)
{
    if (!loan)
        return;
    bs_arena_free(loan->arena);
    regex_cache_free(loan->regexes);
    free(loan);
}

static struct loan *borrow(struct filter *filter)
{
    for (size_t i = 0; i < LOANS_KEPT_MAX; i++) {
        struct loan *kept = atomic_exchange(&filter->kept[i], NULL);
        if (kept)
            return kept;
    }
    struct loan *loan = bs_calloc(1, sizeof(*loan));
    loan->arena = bs_arena_new(0);
    if (filter->regexes_count > 0)
        loan->regexes = regex_cache_new(BS_MAX(filter->regexes_count, REGEX_CACHE_SLOTS));
    return loan;
}

static void give_back(struct filter *filter, struct loan *loan)
{
    bs_arena_reset(loan->arena);
    for (size_t i = 0; i < LOANS_KEPT_MAX; i++) {
        struct loan *none = NULL;
        if (atomic_compare_exchange_strong(&filter->kept[i], &none, loan))
            return;
    }
    loan_free(loan);
}

static bool filter_passes(void *self, struct datom_db *db, const struct datom *datom)
{
    struct filter *filter = self;
    struct loan *loan = borrow(filter);
    struct builtin_env env = {.arena = loan->arena, .regexes = loan->regexes};
    struct bs_str ident = datom_db_ident(db, datom->a);
    const struct edn values[] = {
        edn_long((int64_t)datom->e),
        ident.len > 0 ? edn_keyword(ident) : edn_long((int64_t)datom->a),
        datom->v,
        edn_long((int64_t)datom->tx),
        edn_boolean(datom->added),
    };
    /* one that makes too much does not hold; inside a `not` that would show the datom */
    bool passes = all_hold(&env, values, filter->clauses, filter->count) &&
                  bs_arena_used_bytes(loan->arena) <= BS_LIMIT_FILTER_BYTES;
    give_back(filter, loan);
    return passes;
}

static void filter_free(void *self)
{
    struct filter *filter = self;
    for (size_t i = 0; i < LOANS_KEPT_MAX; i++)
        loan_free(atomic_load(&filter->kept[i]));
    bs_arena_free(filter->arena);
    free(filter);
}

/* Objects (databases, entities) are borrowed by data, and a value lives longer than that. */
static bool holds_object(struct edn value)
{
    bool has_items = edn_is_collection(value) || value.type == EDN_MAP || value.type == EDN_TAGGED;
    size_t count = value.type == EDN_MAP      ? (size_t)value.len * 2
                   : value.type == EDN_TAGGED ? 2
                                              : value.len;
    for (size_t i = 0; has_items && i < count; i++) {
        if (holds_object(value.as.items[i]))
            return true;
    }
    return value.type == EDN_OBJECT;
}

enum bs_code query_filter(struct datom_db *db, struct edn clauses, struct datom_db **ret_db,
                          struct bs_error *error)
{
    if (!edn_is_sequential(clauses) || clauses.len == 0)
        return refuse(clauses, error);
    if (holds_object(clauses))
        return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT,
                            "filter: a clause can't hold a database or an entity: give its id");
    struct filter *filter = bs_calloc(1, sizeof(*filter));
    filter->arena = bs_arena_new(0);
    enum bs_code code = parse_all(filter, edn_dup(filter->arena, clauses), 0, 0, &filter->clauses,
                                  &filter->count, error);
    if (code != BS_OK) {
        filter_free(filter);
        return code;
    }
    *ret_db = datom_db_filter(db, filter_passes, filter, filter_free);
    return BS_OK;
}
