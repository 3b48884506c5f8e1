/*
 * The well-known types whose JSON form is no object of their fields: Timestamp, Duration,
 * FieldMask, Value and the wrappers. Their structs are written by descriptor, fields in the order
 * of their numbers, so that no generated header of theirs is needed.
 */

#include <math.h>

#include "rpc/build_internal.h"

#define DURATION_SECONDS_MAX INT64_C(315576000000)
#define NANOS_MAX 999999999

static bool is_text(const struct rpc_token *token)
{
    return token->kind == RPC_TOKEN_STRING || token->kind == RPC_TOKEN_TEXT;
}

/* Timestamp and Duration: seconds (1), nanos (2). */
static void put_seconds(const struct rpc_message *table, ProtobufCMessage *message, int64_t seconds,
                        int32_t nanos)
{
    const ProtobufCFieldDescriptor *fields = table->descriptor->fields;
    memcpy(rpc_field_place(&fields[0], message), &seconds, sizeof(seconds));
    memcpy(rpc_field_place(&fields[1], message), &nanos, sizeof(nanos));
}

/* ---- Text forms ---- */

/* Takes digits off the front: at most `max` of them; how many. */
static size_t take_digits(struct bs_str *rest, size_t max, int64_t *ret_value)
{
    int64_t value = 0;
    size_t count = 0;
    while (count < max && count < rest->len && rest->ptr[count] >= '0' && rest->ptr[count] <= '9')
        value = value * 10 + (rest->ptr[count++] - '0');
    *rest = bs_str_from_offset(*rest, count);
    *ret_value = value;
    return count;
}

bool rpc_duration_parse(struct bs_str text, int64_t *ret_seconds, int32_t *ret_nanos)
{
    int64_t seconds;
    int64_t nanos = 0;
    bool negative = text.len > 0 && text.ptr[0] == '-';
    if (negative)
        text = bs_str_from_offset(text, 1);
    if (take_digits(&text, 18, &seconds) == 0 || seconds > DURATION_SECONDS_MAX)
        return false;
    if (text.len > 0 && text.ptr[0] == '.') {
        text = bs_str_from_offset(text, 1);
        size_t count = take_digits(&text, 9, &nanos);
        if (count == 0)
            return false;
        for (; count < 9; count++)
            nanos *= 10;
    }
    if (!bs_str_equals(text, "s"))
        return false;
    *ret_seconds = negative ? -seconds : seconds;
    *ret_nanos = (int32_t)(negative ? -nanos : nanos);
    return true;
}

bool rpc_duration_format(int64_t seconds, int32_t nanos, char ret_text[RPC_DURATION_TEXT_SIZE])
{
    if (seconds > DURATION_SECONDS_MAX || seconds < -DURATION_SECONDS_MAX || nanos > NANOS_MAX ||
        nanos < -NANOS_MAX || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0))
        return false;
    const char *sign = seconds < 0 || nanos < 0 ? "-" : "";
    long long whole = seconds < 0 ? -seconds : seconds;
    int part = nanos < 0 ? -nanos : nanos;
    if (part % 1000 != 0)
        snprintf(ret_text, RPC_DURATION_TEXT_SIZE, "%s%lld.%09ds", sign, whole, part);
    else if (part % 1000000 != 0)
        snprintf(ret_text, RPC_DURATION_TEXT_SIZE, "%s%lld.%06ds", sign, whole, part / 1000);
    else if (part != 0)
        snprintf(ret_text, RPC_DURATION_TEXT_SIZE, "%s%lld.%03ds", sign, whole, part / 1000000);
    else
        snprintf(ret_text, RPC_DURATION_TEXT_SIZE, "%s%llds", sign, whole);
    return true;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_mask_byte(char c)
{
    return is_lower(c) || is_upper(c) || (c >= '0' && c <= '9') || c == '.';
}

bool rpc_mask_path_to_snake(struct bs_str path, struct bs_buf *out)
{
    for (size_t i = 0; i < path.len; i++) {
        if (!is_mask_byte(path.ptr[i]))
            return false;
        if (is_upper(path.ptr[i])) {
            bs_buf_append_byte(out, '_');
            bs_buf_append_byte(out, (char)(path.ptr[i] - 'A' + 'a'));
        } else {
            bs_buf_append_byte(out, path.ptr[i]);
        }
    }
    return path.len > 0;
}

bool rpc_mask_path_to_camel(struct bs_str path, struct bs_buf *out)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        if (c == '_') {
            if (++i >= path.len || !is_lower(path.ptr[i]))
                return false;
            c = (char)(path.ptr[i] - 'a' + 'A');
        } else if (!is_mask_byte(c) || is_upper(c)) {
            return false;
        }
        bs_buf_append_byte(out, c);
    }
    return path.len > 0;
}

/* ---- Reading ---- */

static enum bs_code convert_timestamp(struct rpc_builder *builder, const struct rpc_message *table,
                                      ProtobufCMessage *message, const struct rpc_token *token,
                                      struct bs_error *error)
{
    int64_t seconds = token->seconds;
    int32_t nanos = token->nanos;
    if (token->kind != RPC_TOKEN_INSTANT &&
        !(is_text(token) && bs_time_parse(token->text, &seconds, &nanos)))
        return rpc_builder_expected(builder, rpc_expected_of_message(table), token, error);
    if (seconds < RPC_TIMESTAMP_SECONDS_MIN || seconds > RPC_TIMESTAMP_SECONDS_MAX || nanos < 0 ||
        nanos > NANOS_MAX)
        return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error,
                                "expected an instant of the years 0001 to 9999, got %lld s from "
                                "1970",
                                (long long)seconds);
    put_seconds(table, message, seconds, nanos);
    return BS_OK;
}

static enum bs_code convert_duration(struct rpc_builder *builder, const struct rpc_message *table,
                                     ProtobufCMessage *message, const struct rpc_token *token,
                                     struct bs_error *error)
{
    int64_t seconds;
    int32_t nanos;
    if (!is_text(token) || !rpc_duration_parse(token->text, &seconds, &nanos))
        return rpc_builder_expected(builder, rpc_expected_of_message(table), token, error);
    put_seconds(table, message, seconds, nanos);
    return BS_OK;
}

static enum bs_code convert_field_mask(struct rpc_builder *builder, const struct rpc_message *table,
                                       ProtobufCMessage *message, const struct rpc_token *token,
                                       struct bs_error *error)
{
    const ProtobufCFieldDescriptor *paths = &table->descriptor->fields[0];
    BS_CLEANUP(bs_buf_fini) struct bs_buf path = BS_BUF_INIT(0);
    if (!is_text(token))
        return rpc_builder_expected(builder, rpc_expected_of_message(table), token, error);
    struct bs_str rest = token->text;
    struct bs_str part;
    while (token->text.len > 0 && bs_str_split(&rest, ',', &part)) {
        bs_buf_reset(&path);
        if (!rpc_mask_path_to_snake(part, &path))
            return rpc_builder_expected(builder, rpc_expected_of_message(table), token, error);
        char *copy = rpc_copy_string(bs_buf_str(&path), builder->arena);
        void *place = rpc_list_append(paths, message, 1, builder->arena);
        if (!copy || !place)
            return rpc_raise_arena_full(builder->arena, error);
        memcpy(place, &copy, sizeof(copy));
    }
    return BS_OK;
}

/* Value: null_value (1), number_value (2), string_value (3), bool_value (4). */
static enum bs_code convert_value(struct rpc_builder *builder, const struct rpc_message *table,
                                  ProtobufCMessage *message, const struct rpc_token *token,
                                  struct bs_error *error)
{
    unsigned idx;
    switch (token->kind) {
    case RPC_TOKEN_NULL:
        idx = 0;
        break;
    case RPC_TOKEN_DOUBLE:
        if (!isfinite(token->number))
            return rpc_builder_expected(builder, "a finite number", token, error);
        idx = 1;
        break;
    case RPC_TOKEN_NUMBER:
        idx = 1;
        break;
    case RPC_TOKEN_STRING:
        idx = 2;
        break;
    case RPC_TOKEN_BOOL:
        idx = 3;
        break;
    default:
        return rpc_builder_expected(builder, rpc_expected_of_message(table), token, error);
    }
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[idx];
    BS_TRY(rpc_convert(builder, table, idx, token, rpc_field_place(field, message), error));
    rpc_field_mark_set(field, message);
    return BS_OK;
}

enum bs_code rpc_convert_known(struct rpc_builder *builder, const struct rpc_message *table,
                               ProtobufCMessage *message, const struct rpc_token *token,
                               struct bs_error *error)
{
    switch (table->well_known) {
    case RPC_TIMESTAMP:
        return convert_timestamp(builder, table, message, token, error);
    case RPC_DURATION:
        return convert_duration(builder, table, message, token, error);
    case RPC_FIELD_MASK:
        return convert_field_mask(builder, table, message, token, error);
    case RPC_VALUE:
        return convert_value(builder, table, message, token, error);
    case RPC_WRAPPER:
        return rpc_convert(builder, table, 0, token,
                           rpc_field_place(&table->descriptor->fields[0], message), error);
    default:
        return rpc_builder_expected(builder, rpc_expected_of_message(table), token, error);
    }
}
