/* Rules in words, for documentation and for people who ask by reflection. */

#include "base/base.h"
#include "rpc/formats.h"
#include "rpc/reflect.h"
#include "rpc/validate.h"

static bool has_rule(const struct rpc_rules *rules, enum rpc_rule rule)
{
    return (rules->set & (uint32_t)rule) != 0;
}

static void comma(size_t start, struct bs_buf *out)
{
    if (out->len > start)
        bs_buf_append_cstr(out, ", ");
}

/* "at least 3 characters" when the rule is given. */
static void describe_size(const struct rpc_rules *rules, enum rpc_rule rule, uint32_t limit,
                          size_t start, struct bs_buf *out)
{
    const char *bound = "at most";
    const char *unit = "items";
    if (!has_rule(rules, rule))
        return;
    if (rule & (RPC_RULE_MIN_LEN | RPC_RULE_MIN_BYTES | RPC_RULE_MIN_ITEMS))
        bound = "at least";
    if (rule & (RPC_RULE_MIN_LEN | RPC_RULE_MAX_LEN))
        unit = "characters";
    else if (rule & (RPC_RULE_MIN_BYTES | RPC_RULE_MAX_BYTES))
        unit = "bytes";
    comma(start, out);
    bs_buf_printf(out, "%s %u %s", bound, limit, unit);
}

static void describe_integer(const struct rpc_rules *rules, enum rpc_rule rule, const char *bound,
                             int64_t limit, struct bs_buf *out)
{
    if (has_rule(rules, rule))
        bs_buf_printf(out, ", %s %lld", bound, (long long)limit);
}

static void describe_number(const struct rpc_rules *rules, enum rpc_rule rule, const char *bound,
                            double limit, struct bs_buf *out)
{
    char text[BS_DOUBLE_TEXT_SIZE];
    if (!has_rule(rules, rule))
        return;
    bs_double_format(limit, text);
    bs_buf_printf(out, ", %s %s", bound, text);
}

static void describe_ranges(const struct rpc_rules *rules, size_t start, struct bs_buf *out)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(1024);
    describe_integer(rules, RPC_RULE_GE, "at least", rules->ge, &text);
    describe_integer(rules, RPC_RULE_GT, "more than", rules->gt, &text);
    describe_integer(rules, RPC_RULE_LE, "at most", rules->le, &text);
    describe_integer(rules, RPC_RULE_LT, "less than", rules->lt, &text);
    describe_number(rules, RPC_RULE_NUMBER_GE, "at least", rules->number_ge, &text);
    describe_number(rules, RPC_RULE_NUMBER_GT, "more than", rules->number_gt, &text);
    describe_number(rules, RPC_RULE_NUMBER_LE, "at most", rules->number_le, &text);
    describe_number(rules, RPC_RULE_NUMBER_LT, "less than", rules->number_lt, &text);
    bs_buf_append_str(out, bs_str_from_offset(bs_buf_str(&text), out->len > start ? 0 : 2));
}

void rpc_rules_describe(const struct rpc_rules *rules, struct bs_buf *out)
{
    size_t start = out->len;
    if (has_rule(rules, RPC_RULE_REQUIRED))
        bs_buf_append_cstr(out, "required");
    describe_size(rules, RPC_RULE_MIN_LEN, rules->min_len, start, out);
    describe_size(rules, RPC_RULE_MAX_LEN, rules->max_len, start, out);
    describe_size(rules, RPC_RULE_MIN_BYTES, rules->min_bytes, start, out);
    describe_size(rules, RPC_RULE_MAX_BYTES, rules->max_bytes, start, out);
    describe_size(rules, RPC_RULE_MIN_ITEMS, rules->min_items, start, out);
    describe_size(rules, RPC_RULE_MAX_ITEMS, rules->max_items, start, out);
    describe_ranges(rules, start, out);
    if (has_rule(rules, RPC_RULE_IN)) {
        comma(start, out);
        bs_buf_append_cstr(out, "one of ");
        rpc_append_options(rules->in, out);
    }
    if (has_rule(rules, RPC_RULE_FORMAT)) {
        comma(start, out);
        bs_buf_append_cstr(out, rpc_format_text(rules->format));
    }
    if (has_rule(rules, RPC_RULE_PATTERN)) {
        comma(start, out);
        bs_buf_printf(out, "matching %s", rules->pattern);
    }
    if (has_rule(rules, RPC_RULE_DEFINED_ONLY)) {
        comma(start, out);
        bs_buf_append_cstr(out, "a declared value");
    }
    if (has_rule(rules, RPC_RULE_IGNORE_EMPTY)) {
        comma(start, out);
        bs_buf_append_cstr(out, "or empty");
    }
}
