/*
 * Random scripts on stores and the naive model: the same outcomes and the same datoms, in memory,
 * in forks of forks, and on disk with reopening. Where they differ the smallest script that shows
 * it is printed.
 *
 * BS_MODEL_TRANSACTIONS says how many transactions are to be run (100,000 if not set),
 * BS_MODEL_DISK_EVERY of how many scripts one is run on disk (25, which costs more), BS_MODEL_SEED
 * where the seeds begin; who sets that wants nothing but these.
 */

#include "support.h"

#include "script.h"

/* Sanitized each takes as long as ten. */
#if defined(__SANITIZE_ADDRESS__)
#define TRANSACTIONS 5000
#else
#define TRANSACTIONS 100000
#endif
#define IN_A_SCRIPT 50
/* Of those that are shrunk on purpose, which are compared as a whole after every step. */
#define IN_A_SHORT_SCRIPT 25
#define DISK_EVERY 25

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t number;
    if (!text)
        return otherwise;
    if (!bs_str_parse_u64(bs_str_from(text), &number))
        fail_msg("%s is no number: %s", name, text);
    return number;
}

static void report_difference(uint64_t seed, struct edn script, struct script_options options,
                              struct script_difference *difference)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf print = BS_BUF_INIT(0);
    struct script_totals totals = {0};
    print_error("seed %llu%s, step %zu: %s\n", (unsigned long long)seed,
                options.on_disk ? " on disk" : "", difference->step, difference->text);
    options.is_thorough = true;
    if (script_run(script, &options, &totals, difference)) {
        print_error("it does not show when everything is compared after every step\n");
        return;
    }
    struct edn smallest = script_shrink(arena, script, &options, difference);
    options.print = &print;
    script_run(smallest, &options, &totals, difference);
    print_error("the smallest script, at its end: %s\n", difference->text);
    fputs(bs_buf_cstr(&print), stderr); /* print_error cuts long texts */
}

/* False when they differ. */
static bool run_seed(uint64_t seed, bool on_disk, struct script_totals *totals)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct script_options options = {.on_disk = on_disk};
    struct script_difference difference;
    struct edn script = script_random(arena, seed, IN_A_SCRIPT);
    if (script_run(script, &options, totals, &difference))
        return true;
    report_difference(seed, script, options, &difference);
    return false;
}

static void print_totals(const char *where, const struct script_totals *totals)
{
    print_message(
        "# the model and stores %s: %llu transactions with %llu forms, %llu of them refused\n",
        where, (unsigned long long)totals->transactions, (unsigned long long)totals->forms,
        (unsigned long long)totals->refused);
    if (getenv("BS_MODEL_SEED")) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf counts = BS_BUF_INIT(0);
        script_print_counts(totals, &counts);
        fputs(bs_buf_cstr(&counts), stderr);
    }
}

/* What random transactions are refused for. */
static const enum bs_reason aims[] = {
    BS_REASON_DB_NOT_AN_ENTITY,
    BS_REASON_DB_NOT_AN_ATTRIBUTE,
    BS_REASON_DB_WRONG_TYPE,
    BS_REASON_DB_LOOKUP_REF_ATTR_NOT_UNIQUE,
    BS_REASON_DB_TEMPID_NOT_AN_ENTITY,
    BS_REASON_DB_INVALID_NESTED_ENTITY,
    BS_REASON_DB_UNIQUE_CONFLICT,
    BS_REASON_DB_DATOMS_CONFLICT,
    BS_REASON_DB_CAS_FAILED,
    BS_REASON_DB_INVALID_CAS,
    BS_REASON_DB_INVALID_TX_FORM,
    BS_REASON_DB_INVALID_ALTER_ATTRIBUTE,
    BS_REASON_DB_CARDINALITY_VIOLATION,
    BS_REASON_DB_UNIQUE_VIOLATION,
    BS_REASON_DB_INVALID_TUPLE_VALUE,
    BS_REASON_DB_INVALID_TUPLE_ATTRS,
    BS_REASON_DB_INVALID_TUPLE_KIND,
    BS_REASON_DB_INVALID_TIME_POINT,
    BS_REASON_DB_NOT_ON_HISTORY,
    BS_REASON_DB_INVALID_ATTR_CHECK,
    BS_REASON_DB_ATTR_PRED,
    BS_REASON_DB_NOT_A_PREDICATE,
    BS_REASON_DB_ENTITY_ATTR,
    BS_REASON_DB_ENTITY_PRED,
    BS_REASON_DB_INVALID_ENSURE,
    BS_REASON_DB_CANCELLED,
    BS_REASON_DB_NIL_VALUE,
    BS_REASON_DB_PAST_TX_INSTANT,
    BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE,
    BS_REASON_DB_INVALID_EXCISE,
    BS_REASON_DB_NOT_A_DATA_FUNCTION,
    BS_REASON_DB_NOT_A_PARTITION,
    BS_REASON_DB_PARTITION_CONFLICT,
    BS_REASON_DB_CYCLE_IN_AFFINITY,
    BS_REASON_DB_INVALID_TEMPID,
    BS_REASON_DB_DATOM_CANNOT_BE_ALTERED,
    BS_REASON_Q_WRONG_ARITY,
};
/* From so many transactions on. */
#define AIMS_TRANSACTIONS 20000
/* So many transactions may pass without one that has a kind of form in it and is good, without one
 * that is refused for a reason, and without a step of a kind. */
#define KIND_EVERY 4000
#define REASON_EVERY 50000
#define STEP_EVERY 20000

static void check_floor(const char *name, const char *what, uint64_t count, uint64_t floor)
{
    test_row(name, count >= BS_MAX(floor, 1), "%llu %s: expected %llu or more",
             (unsigned long long)count, what, (unsigned long long)BS_MAX(floor, 1));
}

/* What stops being exercised without a word is as good as untested. */
static void check_aims(const struct script_totals *totals)
{
    uint64_t transactions = totals->transactions;
    if (transactions < AIMS_TRANSACTIONS)
        return;
    for (size_t i = 0; i < BS_ARRAY_COUNT(aims); i++)
        check_floor(bs_reason_name(aims[i]), "transactions are refused for it",
                    totals->reasons[aims[i]], transactions / REASON_EVERY);
    for (size_t i = 0; script_kinds[i]; i++)
        check_floor(script_kinds[i], "good transactions have it", totals->accepted_kinds[i],
                    transactions / KIND_EVERY);
    for (size_t i = 0; script_step_names[i]; i++)
        check_floor(script_step_names[i], "times it is done", totals->steps[i],
                    transactions / STEP_EVERY);
    test_rows_end();
}

static void test_model__agrees_with_stores_in_memory_and_on_disk(void **state)
{
    (void)state;
    uint64_t wanted = number_from_environment("BS_MODEL_TRANSACTIONS", TRANSACTIONS);
    uint64_t first = number_from_environment("BS_MODEL_SEED", 1);
    uint64_t disk_every = BS_MAX(number_from_environment("BS_MODEL_DISK_EVERY", DISK_EVERY), 1);
    struct script_totals memory = {0}, disk = {0};
    size_t differences = 0;
    for (uint64_t i = 0; memory.transactions + disk.transactions < wanted; i++) {
        bool on_disk = (first + i) % disk_every == 1 % disk_every;
        if (!run_seed(first + i, on_disk, on_disk ? &disk : &memory))
            differences++;
        if (differences >= 3)
            break;
    }
    print_totals("in memory", &memory);
    print_totals("on disk", &disk);
    assert_int_equal(differences, 0);
    script_add_totals(&memory, &disk);
    check_aims(&memory);
}

/* ---- the test's own tools ---- */

/* Without comparing all after every step most seeds pass quickly. */
static bool finds_mistake(struct edn script, struct script_options *options,
                          struct script_difference *difference)
{
    struct script_totals totals = {0};
    options->is_thorough = false;
    bool agrees = script_run(script, options, &totals, difference);
    options->is_thorough = true;
    return !agrees && !script_run(script, options, &totals, difference);
}

static void test_model__shrinks_what_a_wrong_model_finds(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum model_mistake mistake;
        size_t forms_max;
    } rows[] = {
        {"values of many stay", MODEL_MISTAKE_RETRACT_MANY, 8},
        {"values are not unique", MODEL_MISTAKE_UNIQUE, 8},
        {"tuples stay when a member goes", MODEL_MISTAKE_COMPOSITE, 8},
        {"components stay", MODEL_MISTAKE_COMPONENT, 8},
        {"erasing knows no before", MODEL_MISTAKE_BEFORE, 8},
        {"values pass every check", MODEL_MISTAKE_CHECK, 8},
        {"entities pass every spec", MODEL_MISTAKE_ENSURE, 8},
        {"tuples that begin with nil are lost", MODEL_MISTAKE_TUPLE, 8},
        {"numbered strings are counted once", MODEL_MISTAKE_SEQUENCE, 8},
        {"defaults are always added", MODEL_MISTAKE_DEFAULT, 10},
        {"nothing is forced into a partition", MODEL_MISTAKE_PARTITION, 8},
        {"a with is seen through as-of", MODEL_MISTAKE_WITH, 8},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
        struct script_options options = {.mistake = rows[i].mistake};
        struct script_difference difference;
        struct script_totals totals = {0};
        struct edn script;
        uint64_t seed = 0;
        do {
            script = script_random(arena, ++seed, IN_A_SHORT_SCRIPT);
        } while (!finds_mistake(script, &options, &difference) && seed < 400);
        test_row(rows[i].name, difference.kind != SCRIPT_AGREES, "no difference was found");
        if (difference.kind == SCRIPT_AGREES)
            continue;
        size_t before = script_count_forms(script);
        struct edn smallest = script_shrink(arena, script, &options, &difference);
        size_t after = script_count_forms(smallest);
        test_row(rows[i].name, after <= rows[i].forms_max, "%zu forms of %zu are left: %.*s", after,
                 before, BS_STR_ARGS(edn_print_short(arena, smallest, 2000)));
        options.mistake = MODEL_MISTAKE_NONE;
        test_row(rows[i].name, script_run(smallest, &options, &totals, &difference),
                 "the right model differs too: %s", difference.text);
    }
    test_rows_end();
}

static void test_model__repeats_a_script_of_a_seed(void **state)
{
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn once = script_random(arena, 7, IN_A_SCRIPT);
    assert_true(edn_equal(once, script_random(arena, 7, IN_A_SCRIPT)));
    assert_false(edn_equal(once, script_random(arena, 8, IN_A_SCRIPT)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model__repeats_a_script_of_a_seed),
        cmocka_unit_test(test_model__shrinks_what_a_wrong_model_finds),
        cmocka_unit_test(test_model__agrees_with_stores_in_memory_and_on_disk),
    };
    if (getenv("BS_MODEL_SEED"))
        cmocka_set_test_filter("test_model__agrees*");
    return cmocka_run_group_tests_name("datom/model", tests, NULL, NULL);
}
