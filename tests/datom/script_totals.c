/* What random scripts are made of, so that nothing is tested by name only. */

#include "script.h"

const char *const script_kinds[] = {
    "db/add",
    "db/retract",
    "db/retractEntity",
    "db/cas",
    "db.fn/cas",
    "db.fn/retractEntity",
    "db.fn/reset-to-many",
    "db/excise",
    "db.excise/attrs",
    "db.excise/before",
    "db.excise/beforeT",
    "db.type/bytes",
    "db/tupleAttrs",
    "db/tupleTypes",
    "db/tupleType",
    "db.fn/add-sequential-string",
    "db.fn/add-sequential-strings",
    "db.fn/add-default",
    "db.fn/add-default-attr-value",
    "db.fn/ensure-migration",
    "model/both",
    "model/next",
    "f/both",
    "f/next",
    "db/noHistory",
    "db/force-partition",
    "db/match-partition",
    "db.install/_partition",
    "db.install/partition",
    "db/txInstant",
    "db.tuple/discontinued",
    "db.install/_attribute",
    "db.alter/_attribute",
    "db/doc",
    "db/deprecated",
    "db/fulltext",
    "db.attr/check",
    "db.attr/preds",
    "db/ensure",
    "db.entity/attrs",
    "db.entity/preds",
    NULL,
};

const char *const script_step_names[] = {
    "fork",    "branch",  "back",   "hold",    "expire", "reopen",
    "rebuild", "restore", "follow", "load",    "import", "reports",
    "with",    "as-of",   "since",  "history", "filter", "fork of a value",
    NULL,
};

void script_count_step(struct script_totals *totals, const char *name)
{
    _Static_assert(BS_ARRAY_COUNT(script_step_names) <= SCRIPT_STEPS_MAX, "steps do not fit");
    size_t i = 0;
    while (script_step_names[i] && strcmp(script_step_names[i], name) != 0)
        i++;
    BS_ASSERT(script_step_names[i]);
    totals->steps[i]++;
}

void script_add_totals(struct script_totals *totals, const struct script_totals *more)
{
    totals->transactions += more->transactions;
    totals->refused += more->refused;
    totals->forms += more->forms;
    for (size_t i = 0; i < BS_ARRAY_COUNT(totals->reasons); i++)
        totals->reasons[i] += more->reasons[i];
    for (size_t i = 0; i < SCRIPT_KINDS_MAX; i++) {
        totals->accepted_kinds[i] += more->accepted_kinds[i];
        totals->refused_kinds[i] += more->refused_kinds[i];
    }
    for (size_t i = 0; i < SCRIPT_STEPS_MAX; i++)
        totals->steps[i] += more->steps[i];
}

static void note_kinds(struct edn value, bool noted[SCRIPT_KINDS_MAX])
{
    size_t count = value.type == EDN_MAP      ? (size_t)value.len * 2
                   : edn_is_collection(value) ? value.len
                                              : 0;
    for (size_t i = 0; i < count; i++)
        note_kinds(value.as.items[i], noted);
    for (size_t i = 0; value.type == EDN_KEYWORD && script_kinds[i]; i++)
        noted[i] = noted[i] || bs_str_equals(edn_text_of(value), script_kinds[i]);
}

void script_count(struct script_totals *totals, struct edn forms, enum bs_reason refused)
{
    bool noted[SCRIPT_KINDS_MAX] = {false};
    _Static_assert(BS_ARRAY_COUNT(script_kinds) <= SCRIPT_KINDS_MAX, "kinds do not fit");
    totals->transactions++;
    totals->forms += forms.len;
    totals->refused += refused != BS_REASON_NONE;
    totals->reasons[refused]++;
    note_kinds(forms, noted);
    for (size_t i = 0; script_kinds[i]; i++) {
        totals->accepted_kinds[i] += noted[i] && refused == BS_REASON_NONE;
        totals->refused_kinds[i] += noted[i] && refused != BS_REASON_NONE;
    }
}

void script_print_counts(const struct script_totals *totals, struct bs_buf *out)
{
    for (size_t i = 0; script_kinds[i]; i++)
        bs_buf_printf(out, "# :%s in %llu transactions that were good, in %llu that were refused\n",
                      script_kinds[i], (unsigned long long)totals->accepted_kinds[i],
                      (unsigned long long)totals->refused_kinds[i]);
    for (size_t i = 0; script_step_names[i]; i++)
        bs_buf_printf(out, "# %s: %llu times\n", script_step_names[i],
                      (unsigned long long)totals->steps[i]);
    for (size_t i = 0; i < BS_REASON_COUNT; i++) {
        if (i != BS_REASON_NONE && totals->reasons[i] > 0)
            bs_buf_printf(out, "# refused as %s: %llu\n", bs_reason_name((enum bs_reason)i),
                          (unsigned long long)totals->reasons[i]);
    }
}
