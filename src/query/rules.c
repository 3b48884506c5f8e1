/* Rules. */
#include "query/exec.h"

enum bs_code rules_parse(struct exec *exec, struct edn rules)
{
    (void)rules;
    return bs_error_set(exec->error, BS_REASON_Q_UNSUPPORTED, "rules (%%) are not supported yet");
}

enum bs_code rules_check_call(struct exec *exec, const struct clause *clause)
{
    return bs_error_set(exec->error, BS_REASON_Q_UNSUPPORTED,
                        "the rule %.*s: rules are not "
                        "supported yet",
                        BS_STR_ARGS(clause->name));
}

bool rules_is_ready(struct exec *exec, const struct clause *clause, struct varset bound)
{
    (void)exec;
    (void)clause;
    (void)bound;
    return true;
}

enum bs_code rules_note_uses(struct exec *exec, struct frame *frame, const struct clause *clause,
                             bool *ret_changed)
{
    (void)frame;
    (void)ret_changed;
    return rules_check_call(exec, clause);
}

enum bs_code rules_run(struct exec *exec, struct frame *frame, const struct clause *clause,
                       struct context *context, struct varset needed)
{
    (void)frame;
    (void)context;
    (void)needed;
    return rules_check_call(exec, clause);
}
