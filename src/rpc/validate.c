/*
 * The field rules, by the tables. Every violation is told, in the order of the fields' numbers; the
 * cheap rules of a field come before its pattern, which is not tried on a text whose length is
 * refused already.
 */

#include "rpc/validate.h"

#include <pthread.h>
#include <regex.h>
#include <stdatomic.h>

#include "base/base.h"
#include "rpc/formats.h"
#include "rpc/reflect.h"

struct validation {
    struct rpc_violations *violations;
};

/* ---- Patterns, compiled once ---- */

struct pattern {
    const struct rpc_rules *rules; /* the key: tables are static */
    regex_t regex;
    struct pattern *next;
};

#define PATTERN_BUCKETS 256

/* Nodes are only added, under the lock, and never freed: reading needs none. */
static _Atomic(struct pattern *) patterns[PATTERN_BUCKETS];
static pthread_mutex_t patterns_lock = PTHREAD_MUTEX_INITIALIZER;

static struct pattern *find_pattern(const struct rpc_rules *rules, size_t bucket)
{
    struct pattern *pattern = atomic_load_explicit(&patterns[bucket], memory_order_acquire);
    while (pattern && pattern->rules != rules)
        pattern = pattern->next;
    return pattern;
}

static const regex_t *compiled_pattern(const struct rpc_rules *rules)
{
    size_t bucket = ((uintptr_t)rules >> 4) % PATTERN_BUCKETS;
    struct pattern *pattern = find_pattern(rules, bucket);
    if (pattern)
        return &pattern->regex;
    pthread_mutex_lock(&patterns_lock);
    pattern = find_pattern(rules, bucket);
    if (!pattern) {
        pattern = bs_calloc(1, sizeof(*pattern));
        pattern->rules = rules;
        /* the generator has tried it */
        BS_ASSERT(regcomp(&pattern->regex, rules->pattern, REG_EXTENDED | REG_NOSUB) == 0);
        pattern->next = atomic_load_explicit(&patterns[bucket], memory_order_relaxed);
        atomic_store_explicit(&patterns[bucket], pattern, memory_order_release);
    }
    pthread_mutex_unlock(&patterns_lock);
    return &pattern->regex;
}

/* ---- Violations ---- */

#define violate(v, place, rule, ...)                                                               \
    do {                                                                                           \
        BS_CLEANUP(bs_buf_fini) struct bs_buf violate_path_ = BS_BUF_INIT(4096);                   \
        rpc_place_path((place), &violate_path_);                                                   \
        rpc_violations_add((v)->violations, bs_buf_str(&violate_path_), BS_STR(rule),              \
                           __VA_ARGS__);                                                           \
    } while (0)

static bool has_rule(const struct rpc_rules *rules, enum rpc_rule rule)
{
    return (rules->set & (uint32_t)rule) != 0;
}

/* ---- Strings and bytes ---- */

static bool check_lengths(struct validation *v, const struct rpc_rules *rules, struct bs_str text,
                          bool is_string, const struct rpc_place *place)
{
    size_t before = v->violations->count + v->violations->dropped_count;
    size_t characters = is_string ? bs_utf8_count(text) : text.len;
    if (has_rule(rules, RPC_RULE_MIN_LEN) && characters < rules->min_len)
        violate(v, place, "min_len", "expected at least %u characters, got %zu", rules->min_len,
                characters);
    if (has_rule(rules, RPC_RULE_MAX_LEN) && characters > rules->max_len)
        violate(v, place, "max_len", "expected at most %u characters, got %zu", rules->max_len,
                characters);
    if (has_rule(rules, RPC_RULE_MIN_BYTES) && text.len < rules->min_bytes)
        violate(v, place, "min_bytes", "expected at least %u bytes, got %zu", rules->min_bytes,
                text.len);
    if (has_rule(rules, RPC_RULE_MAX_BYTES) && text.len > rules->max_bytes)
        violate(v, place, "max_bytes", "expected at most %u bytes, got %zu", rules->max_bytes,
                text.len);
    return v->violations->count + v->violations->dropped_count == before;
}

static bool is_in(const char *const *options, struct bs_str text)
{
    for (; *options; options++) {
        if (bs_str_equals(text, *options))
            return true;
    }
    return false;
}

/* A text as messages show it; made only for a text that is refused. */
static const char *quoted(struct bs_buf *buf, struct bs_str text)
{
    bs_buf_reset(buf);
    rpc_append_quoted(buf, text);
    return bs_buf_cstr(buf);
}

static void check_string(struct validation *v, const struct rpc_rules *rules, struct bs_str text,
                         const struct rpc_place *place)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf got = BS_BUF_INIT(1024);
    bool is_length_fine = check_lengths(v, rules, text, true, place);
    if (has_rule(rules, RPC_RULE_IN) && !is_in(rules->in, text)) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf options = BS_BUF_INIT(1024);
        rpc_append_options(rules->in, &options);
        violate(v, place, "in", "expected one of %s, got %s", bs_buf_cstr(&options),
                quoted(&got, text));
    }
    if (has_rule(rules, RPC_RULE_FORMAT) && !rpc_format_matches(rules->format, text))
        violate(v, place, "format", "expected %s, got %s", rpc_format_text(rules->format),
                quoted(&got, text));
    if (has_rule(rules, RPC_RULE_PATTERN) && is_length_fine &&
        regexec(compiled_pattern(rules), text.ptr, 0, NULL, 0) != 0)
        violate(v, place, "pattern", "expected text that matches %s, got %s", rules->pattern,
                quoted(&got, text));
}

/* ---- Numbers ---- */

/* Limits are signed 64 bits; a number above INT64_MAX is above all of them. */
static void check_integer(struct validation *v, const struct rpc_rules *rules, int64_t value,
                          bool is_huge, const struct rpc_place *place)
{
    char got[24];
    if (is_huge)
        snprintf(got, sizeof(got), "%llu", (unsigned long long)value);
    else
        snprintf(got, sizeof(got), "%lld", (long long)value);
    if (has_rule(rules, RPC_RULE_GE) && !is_huge && value < rules->ge)
        violate(v, place, "ge", "expected at least %lld, got %s", (long long)rules->ge, got);
    if (has_rule(rules, RPC_RULE_GT) && !is_huge && value <= rules->gt)
        violate(v, place, "gt", "expected more than %lld, got %s", (long long)rules->gt, got);
    if (has_rule(rules, RPC_RULE_LE) && (is_huge || value > rules->le))
        violate(v, place, "le", "expected at most %lld, got %s", (long long)rules->le, got);
    if (has_rule(rules, RPC_RULE_LT) && (is_huge || value >= rules->lt))
        violate(v, place, "lt", "expected less than %lld, got %s", (long long)rules->lt, got);
}

/* Written so that NaN breaks each rule. */
static void check_number(struct validation *v, const struct rpc_rules *rules, double value,
                         const struct rpc_place *place)
{
    char got[BS_DOUBLE_TEXT_SIZE];
    char limit[BS_DOUBLE_TEXT_SIZE];
    bs_double_format(value, got);
    if (has_rule(rules, RPC_RULE_NUMBER_GE) && !(value >= rules->number_ge)) {
        bs_double_format(rules->number_ge, limit);
        violate(v, place, "number_ge", "expected at least %s, got %s", limit, got);
    }
    if (has_rule(rules, RPC_RULE_NUMBER_GT) && !(value > rules->number_gt)) {
        bs_double_format(rules->number_gt, limit);
        violate(v, place, "number_gt", "expected more than %s, got %s", limit, got);
    }
    if (has_rule(rules, RPC_RULE_NUMBER_LE) && !(value <= rules->number_le)) {
        bs_double_format(rules->number_le, limit);
        violate(v, place, "number_le", "expected at most %s, got %s", limit, got);
    }
    if (has_rule(rules, RPC_RULE_NUMBER_LT) && !(value < rules->number_lt)) {
        bs_double_format(rules->number_lt, limit);
        violate(v, place, "number_lt", "expected less than %s, got %s", limit, got);
    }
}

static void check_enum(struct validation *v, const struct rpc_rules *rules,
                       const ProtobufCFieldDescriptor *field, int32_t number,
                       const struct rpc_place *place)
{
    const ProtobufCEnumDescriptor *type = (const ProtobufCEnumDescriptor *)field->descriptor;
    if (has_rule(rules, RPC_RULE_DEFINED_ONLY) &&
        !protobuf_c_enum_descriptor_get_value(type, number))
        violate(v, place, "defined_only", "expected a value of %s, got %d", type->name, number);
}

static void check_scalar(struct validation *v, const struct rpc_rules *rules,
                         const ProtobufCFieldDescriptor *field, const void *value,
                         const struct rpc_place *place)
{
    int32_t small;
    int64_t large;
    float single;
    double number;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        check_string(v, rules, rpc_load_string(value), place);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        check_lengths(v, rules, rpc_load_bytes(value), false, place);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        memcpy(&single, value, sizeof(single));
        check_number(v, rules, (double)single, place);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        memcpy(&number, value, sizeof(number));
        check_number(v, rules, number, place);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        break;
    case PROTOBUF_C_TYPE_ENUM:
        memcpy(&small, value, sizeof(small));
        check_enum(v, rules, field, small, place);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        memcpy(&small, value, sizeof(small));
        check_integer(v, rules, (uint32_t)small, false, place);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        memcpy(&small, value, sizeof(small));
        check_integer(v, rules, small, false, place);
        break;
    default:
        memcpy(&large, value, sizeof(large));
        bool is_unsigned =
            field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_FIXED64;
        check_integer(v, rules, large, is_unsigned && large < 0, place);
        break;
    }
}

/* ---- Fields ---- */

static void check_message(struct validation *v, const struct rpc_message *table,
                          const ProtobufCMessage *message, const struct rpc_place *parent);

/* One value: a singular field's, an item of a list, the value of a map's entry. */
static void check_value(struct validation *v, const struct rpc_rules *rules,
                        const struct rpc_message *table, unsigned field_idx, const void *value,
                        const struct rpc_place *place)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    const struct rpc_message *type = table->fields[field_idx].message;
    if (!type) {
        bool passes = rules && has_rule(rules, RPC_RULE_IGNORE_EMPTY) &&
                      rpc_value_is_zero(field->type, value);
        if (rules && !passes)
            check_scalar(v, rules, field, value, place);
        return;
    }
    const ProtobufCMessage *message = rpc_load_message(value);
    if (message && type->has_rules)
        check_message(v, type, message, place);
}

static void check_list(struct validation *v, const struct rpc_message *table, unsigned field_idx,
                       const ProtobufCMessage *message, const struct rpc_place *parent)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    const struct rpc_rules *rules = table->fields[field_idx].rules;
    const struct rpc_message *entry_type =
        table->fields[field_idx].is_map ? table->fields[field_idx].message : NULL;
    size_t count = rpc_list_count(field, message);
    if (rules && has_rule(rules, RPC_RULE_MIN_ITEMS) && count < rules->min_items)
        violate(v, parent, "min_items", "expected at least %u items, got %zu", rules->min_items,
                count);
    if (rules && has_rule(rules, RPC_RULE_MAX_ITEMS) && count > rules->max_items)
        violate(v, parent, "max_items", "expected at most %u items, got %zu", rules->max_items,
                count);
    struct rpc_place place = {.parent = parent, .idx = -1};
    for (size_t i = 0; i < count; i++) {
        const void *item = rpc_list_at(field, message, i);
        if (!entry_type) {
            place.idx = (ptrdiff_t)i;
            check_value(v, rules, table, field_idx, item, &place);
            continue;
        }
        const ProtobufCFieldDescriptor *fields = entry_type->descriptor->fields;
        place.map_entry = rpc_load_message(item);
        place.map_key = &fields[0];
        check_value(v, rules, entry_type, 1, rpc_field_at(&fields[1], place.map_entry), &place);
    }
}

static void check_field(struct validation *v, const struct rpc_message *table, unsigned field_idx,
                        const ProtobufCMessage *message, const struct rpc_place *parent)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    const struct rpc_field *extra = &table->fields[field_idx];
    const struct rpc_rules *rules = extra->rules;
    struct rpc_place place = {.parent = parent, .name = extra->json_name, .idx = -1};
    if (!rpc_field_is_set(field, message)) {
        if (rules && has_rule(rules, RPC_RULE_IGNORE_EMPTY))
            return;
        if (rules && has_rule(rules, RPC_RULE_REQUIRED)) {
            violate(v, &place, "required", "is required");
            return;
        }
        if (extra->has_presence)
            return;
    }
    if (rpc_field_is_repeated(field))
        check_list(v, table, field_idx, message, &place);
    else
        check_value(v, rules, table, field_idx, rpc_field_at(field, message), &place);
}

static void check_message(struct validation *v, const struct rpc_message *table,
                          const ProtobufCMessage *message, const struct rpc_place *parent)
{
    for (unsigned i = 0; i < table->descriptor->n_fields; i++) {
        const struct rpc_message *type = table->fields[i].message;
        if (table->fields[i].rules || (type && type->has_rules))
            check_field(v, table, i, message, parent);
    }
}

enum bs_code rpc_validate(const struct rpc_message *table, const ProtobufCMessage *message,
                          struct rpc_violations *violations, struct bs_error *error)
{
    struct validation v = {.violations = violations};
    if (table->has_rules)
        check_message(&v, table, message, NULL);
    return rpc_violations_check(violations, error);
}
