/* Errors with what stands beside them, and their form on the wire, rpc.v1.Status. */

#include "rpc/status.h"

#include "base/limits.h"
#include "rpc/v1/status.rpc.h"
#include "rpc/wire.h"

/* Details beyond this are dropped, the status never: it shares the metadata's limit. */
#define DETAILS_MAX_BYTES 4096
#define DETAILS_MAX 4

void rpc_violations_init(struct rpc_violations *violations, struct bs_arena *arena)
{
    *violations = (struct rpc_violations){.arena = arena};
}

static struct rpc_violation *violations_next(struct rpc_violations *violations)
{
    if (violations->count >= BS_LIMIT_VIOLATIONS) {
        violations->dropped_count++;
        return NULL;
    }
    if (violations->count == violations->capacity) {
        size_t capacity = violations->capacity ? violations->capacity * 2 : 4;
        struct rpc_violation *items =
            bs_arena_new_array(violations->arena, capacity, struct rpc_violation);
        if (violations->count > 0)
            memcpy(items, violations->items, violations->count * sizeof(*items));
        violations->items = items;
        violations->capacity = capacity;
    }
    return &violations->items[violations->count++];
}

void rpc_violations_add(struct rpc_violations *violations, struct bs_str field, struct bs_str rule,
                        const char *description_format, ...)
{
    va_list args;
    struct rpc_violation *violation = violations_next(violations);
    if (!violation)
        return;
    va_start(args, description_format);
    *violation = (struct rpc_violation){
        .field = bs_arena_dup(violations->arena, field),
        .rule = bs_arena_dup(violations->arena, rule),
        .description = bs_arena_vprintf(violations->arena, description_format, args),
    };
    va_end(args);
}

enum bs_code rpc_violations_check(const struct rpc_violations *violations, struct bs_error *error)
{
    size_t total = violations->count + violations->dropped_count;
    if (total == 0)
        return BS_OK;
    const struct rpc_violation *first = &violations->items[0];
    if (total == 1)
        return bs_error_set(error, BS_REASON_RPC_VALIDATION, "%.*s: %.*s",
                            BS_STR_ARGS(first->field), BS_STR_ARGS(first->description));
    return bs_error_set(error, BS_REASON_RPC_VALIDATION, "%.*s: %.*s (and %zu more)",
                        BS_STR_ARGS(first->field), BS_STR_ARGS(first->description), total - 1);
}

static Rpc__V1__Detail *new_detail(struct bs_arena *arena, Rpc__V1__Detail__DetailCase which)
{
    Rpc__V1__Detail *detail = bs_arena_new_item(arena, Rpc__V1__Detail);
    rpc__v1__detail__init(detail);
    detail->detail_case = which;
    return detail;
}

static Rpc__V1__Detail *error_info(const struct bs_error *error, struct bs_arena *arena)
{
    Rpc__V1__Detail *detail = new_detail(arena, RPC__V1__DETAIL__DETAIL_ERROR_INFO);
    Rpc__V1__ErrorInfo *info = bs_arena_new_item(arena, Rpc__V1__ErrorInfo);
    rpc__v1__error_info__init(info);
    detail->error_info = info;
    info->reason = bs_arena_dup_cstr(arena, bs_str_from(bs_error_reason_name(error)));
    info->retryable = bs_reason_retryable(error->reason);
    info->n_data = error->fields_count;
    info->data = bs_arena_new_array(arena, error->fields_count, Rpc__V1__Datum *);
    for (size_t i = 0; i < error->fields_count; i++) {
        const struct bs_error_field *field = &error->fields[i];
        Rpc__V1__Datum *datum = bs_arena_new_item(arena, Rpc__V1__Datum);
        rpc__v1__datum__init(datum);
        datum->key = bs_arena_dup_cstr(arena, bs_str_from(field->key));
        if (field->is_text) {
            datum->value_case = RPC__V1__DATUM__VALUE_TEXT;
            datum->text = bs_arena_dup_cstr(arena, bs_str_from(field->text));
        } else {
            datum->value_case = RPC__V1__DATUM__VALUE_INTEGER;
            datum->integer = field->integer;
        }
        info->data[i] = datum;
    }
    return detail;
}

static Rpc__V1__Detail *bad_request(const struct rpc_violations *violations, struct bs_arena *arena)
{
    Rpc__V1__Detail *detail = new_detail(arena, RPC__V1__DETAIL__DETAIL_BAD_REQUEST);
    Rpc__V1__BadRequest *bad = bs_arena_new_item(arena, Rpc__V1__BadRequest);
    rpc__v1__bad_request__init(bad);
    detail->bad_request = bad;
    bad->field_violations = bs_arena_new_array(arena, violations->count, Rpc__V1__FieldViolation *);
    /* as many as fit, leaving room for the other details */
    size_t bytes = 0;
    for (size_t i = 0; i < violations->count; i++) {
        const struct rpc_violation *from = &violations->items[i];
        bytes += from->field.len + from->rule.len + from->description.len + 16;
        if (bytes > DETAILS_MAX_BYTES * 3 / 4)
            break;
        Rpc__V1__FieldViolation *to = bs_arena_new_item(arena, Rpc__V1__FieldViolation);
        rpc__v1__field_violation__init(to);
        to->field = bs_arena_dup_cstr(arena, from->field);
        to->rule = bs_arena_dup_cstr(arena, from->rule);
        to->description = bs_arena_dup_cstr(arena, from->description);
        bad->field_violations[bad->n_field_violations++] = to;
    }
    return detail;
}

static Rpc__V1__Detail *retry_info(int64_t delay_ms, struct bs_arena *arena)
{
    Rpc__V1__Detail *detail = new_detail(arena, RPC__V1__DETAIL__DETAIL_RETRY_INFO);
    detail->retry_info = bs_arena_new_item(arena, Rpc__V1__RetryInfo);
    rpc__v1__retry_info__init(detail->retry_info);
    detail->retry_info->delay_ms = delay_ms;
    return detail;
}

static Rpc__V1__Detail *request_info(struct bs_str request_id, struct bs_arena *arena)
{
    Rpc__V1__Detail *detail = new_detail(arena, RPC__V1__DETAIL__DETAIL_REQUEST_INFO);
    detail->request_info = bs_arena_new_item(arena, Rpc__V1__RequestInfo);
    rpc__v1__request_info__init(detail->request_info);
    detail->request_info->request_id = bs_arena_dup_cstr(arena, request_id);
    return detail;
}

Rpc__V1__Status *rpc_status_from_error(const struct bs_error *error,
                                       const struct rpc_status_extra *extra, struct bs_arena *arena)
{
    Rpc__V1__Status *status = bs_arena_new_item(arena, Rpc__V1__Status);
    Rpc__V1__Detail **details = bs_arena_new_array(arena, DETAILS_MAX, Rpc__V1__Detail *);
    rpc__v1__status__init(status);
    status->code = (int32_t)error->code;
    status->status = bs_arena_dup_cstr(arena, bs_str_from(bs_code_name(error->code)));
    status->message = bs_arena_dup_cstr(arena, bs_str_from(error->message));
    status->details = details;
    if (bs_error_reason_name(error)[0] != '\0' || error->fields_count > 0)
        details[status->n_details++] = error_info(error, arena);
    if (extra->retry_after_ms > 0)
        details[status->n_details++] = retry_info(extra->retry_after_ms, arena);
    if (extra->violations && extra->violations->count > 0)
        details[status->n_details++] = bad_request(extra->violations, arena);
    if (extra->request_id.len > 0)
        details[status->n_details++] = request_info(extra->request_id, arena);
    while (status->n_details > 0 &&
           rpc__v1__status__get_packed_size(status) > DETAILS_MAX_BYTES + BS_ERROR_MESSAGE_MAX)
        status->n_details--;
    return status;
}

void rpc_status_pack(const struct bs_error *error, const struct rpc_status_extra *extra,
                     struct bs_buf *out)
{
    struct bs_arena *arena = bs_arena_new(0);
    Rpc__V1__Status *status = rpc_status_from_error(error, extra, arena);
    size_t size = rpc__v1__status__get_packed_size(status);
    char *bytes = bs_buf_reserve(out, size);
    if (bytes)
        out->len += rpc__v1__status__pack(status, (uint8_t *)bytes);
    bs_arena_free(arena);
}

/* Keys of an error's data are static text: those that peers may send are these, others are dropped.
 */
static const char *static_key(const char *key)
{
    static const char *const keys[] = {
        "line",     "column",     "offset",  "path",      "retry-after-ms",
        "limit",    "size",       "e",       "attribute", "value",
        "expected", "t",          "tx",      "name",      "method",
        "field",    "id",         "nearest", "form",      "entity",
        "holder",   "v",          "v-old",   "d1",        "d2",
        "function", "pred-return"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(keys); i++) {
        if (strcmp(key, keys[i]) == 0)
            return keys[i];
    }
    return NULL;
}

static void take_error_info(const Rpc__V1__ErrorInfo *info, struct bs_error *error)
{
    error->reason = bs_reason_from_name(bs_str_from(info->reason));
    if (error->reason == BS_REASON_NONE)
        snprintf(error->remote_reason, sizeof(error->remote_reason), "%s", info->reason);
    for (size_t i = 0; i < info->n_data; i++) {
        const Rpc__V1__Datum *datum = info->data[i];
        const char *key = static_key(datum->key);
        if (key && datum->value_case == RPC__V1__DATUM__VALUE_TEXT)
            bs_error_add_text(error, key, bs_str_from(datum->text));
        else if (key && datum->value_case == RPC__V1__DATUM__VALUE_INTEGER)
            bs_error_add_integer(error, key, datum->integer);
    }
}

static void take_violations(const Rpc__V1__BadRequest *bad, struct rpc_violations *violations)
{
    for (size_t i = 0; violations && i < bad->n_field_violations; i++) {
        const Rpc__V1__FieldViolation *from = bad->field_violations[i];
        rpc_violations_add(violations, bs_str_from(from->field), bs_str_from(from->rule), "%s",
                           from->description);
    }
}

static void take_code(const Rpc__V1__Status *status, struct bs_error *error)
{
    if (status->code >= 1 && status->code <= 16)
        bs_error_set_code(error, bs_code_from_number(status->code), BS_REASON_RPC_REMOTE, "%s",
                          status->message);
    else
        bs_error_set_code(error, BS_UNKNOWN, BS_REASON_RPC_REMOTE, "status %d: %s", status->code,
                          status->message);
    error->reason = BS_REASON_NONE;
}

enum bs_code rpc_status_unpack(struct bs_str bytes, struct bs_error *ret_error,
                               struct rpc_violations *ret_violations, int64_t *ret_retry_after_ms,
                               struct bs_error *error)
{
    struct bs_arena *arena = bs_arena_new(BS_LIMIT_MESSAGE_DECODED_BYTES);
    ProtobufCMessage *message;
    struct bs_error reason = BS_ERROR_INIT;
    if (rpc_unpack(&rpc__v1__status__table, bytes, NULL, arena, &message, &reason) != BS_OK) {
        bs_arena_free(arena);
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "the peer's status: expected an rpc.v1.Status: %s", reason.message);
    }
    const Rpc__V1__Status *status = (const Rpc__V1__Status *)message;
    struct bs_error found = BS_ERROR_INIT;
    take_code(status, &found);
    for (size_t i = 0; i < status->n_details; i++) {
        const Rpc__V1__Detail *detail = status->details[i];
        if (detail->detail_case == RPC__V1__DETAIL__DETAIL_ERROR_INFO)
            take_error_info(detail->error_info, &found);
        else if (detail->detail_case == RPC__V1__DETAIL__DETAIL_BAD_REQUEST)
            take_violations(detail->bad_request, ret_violations);
        else if (detail->detail_case == RPC__V1__DETAIL__DETAIL_RETRY_INFO && ret_retry_after_ms)
            *ret_retry_after_ms = detail->retry_info->delay_ms;
    }
    bs_arena_free(arena);
    *ret_error = found;
    return BS_OK;
}
