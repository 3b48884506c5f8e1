/* What the builder says when a value does not fit: the path by JSON names, what was expected, what
 * came, and where the text is known, its line and column. */

#include <stdarg.h>

#include "rpc/build_internal.h"

static void append_frame_path(const struct rpc_frame *frame, struct bs_buf *path)
{
    const ProtobufCFieldDescriptor *field;
    switch (frame->kind) {
    case RPC_FRAME_MESSAGE:
        if (frame->has_key && !frame->skips_value)
            rpc_path_field(path, frame->table->fields[frame->field_idx].json_name);
        break;
    case RPC_FRAME_LIST:
        if (frame->values_count > 0)
            rpc_path_index(path, frame->values_count - 1);
        break;
    case RPC_FRAME_MAP:
        field = &frame->table->descriptor->fields[frame->field_idx];
        if (frame->has_key) {
            const struct rpc_message *entry = frame->table->fields[frame->field_idx].message;
            size_t last = rpc_list_count(field, frame->message) - 1;
            rpc_path_key(path, &entry->descriptor->fields[0],
                         rpc_load_message(rpc_list_at(field, frame->message, last)));
        }
        break;
    default:
        break;
    }
}

static void line_and_column(struct bs_str source, size_t offset, int64_t *ret_line,
                            int64_t *ret_column)
{
    struct bs_str before = bs_str_slice(source, 0, offset);
    int64_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < before.len; i++) {
        if (before.ptr[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    *ret_line = line;
    /* in characters, as editors count; bytes where the text is no UTF-8 */
    struct bs_str head = bs_str_from_offset(before, start);
    *ret_column = 1 + (int64_t)(bs_utf8_is_valid(head) ? bs_utf8_count(head) : head.len);
}

enum bs_code rpc_builder_fail(struct rpc_builder *builder, enum bs_reason reason,
                              struct bs_error *error, const char *format, ...)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf path = BS_BUF_INIT(4096);
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(4096);
    for (unsigned i = 0; i <= builder->depth; i++)
        append_frame_path(&builder->frames[i], &path);
    va_list args;
    va_start(args, format);
    bs_buf_vprintf(&text, format, args);
    va_end(args);
    const char *colon = path.len > 0 ? ": " : "";
    if (builder->source.len == 0) {
        enum bs_code code =
            bs_error_set(error, reason, "%s%s%s", bs_buf_cstr(&path), colon, bs_buf_cstr(&text));
        bs_error_add_text(error, "path", bs_buf_str(&path));
        return code;
    }
    int64_t line;
    int64_t column;
    line_and_column(builder->source, builder->offset, &line, &column);
    enum bs_code code =
        bs_error_set(error, reason, "%s%s%s (line %lld, column %lld)", bs_buf_cstr(&path), colon,
                     bs_buf_cstr(&text), (long long)line, (long long)column);
    bs_error_add_text(error, "path", bs_buf_str(&path));
    bs_error_add_integer(error, "line", line);
    bs_error_add_integer(error, "column", column);
    bs_error_add_integer(error, "offset", (int64_t)builder->offset);
    return code;
}

static void describe_token(const struct rpc_token *token, struct bs_buf *out)
{
    char number[BS_DOUBLE_TEXT_SIZE];
    switch (token->kind) {
    case RPC_TOKEN_NULL:
        bs_buf_append_cstr(out, "null");
        break;
    case RPC_TOKEN_BOOL:
        bs_buf_append_cstr(out, token->boolean ? "true" : "false");
        break;
    case RPC_TOKEN_NUMBER:
        bs_buf_append_str(out, bs_str_slice(token->text, 0, 60));
        bs_buf_append_cstr(out, token->text.len > 60 ? "..." : "");
        break;
    case RPC_TOKEN_DOUBLE:
        bs_buf_append(out, number, bs_double_format(token->number, number));
        break;
    case RPC_TOKEN_STRING:
    case RPC_TOKEN_TEXT:
        rpc_append_quoted(out, token->text);
        break;
    case RPC_TOKEN_BYTES:
        bs_buf_printf(out, "%zu bytes", token->text.len);
        break;
    case RPC_TOKEN_INSTANT:
        bs_buf_append_cstr(out, "an instant");
        break;
    case RPC_TOKEN_OBJECT:
        bs_buf_append_cstr(out, "an object");
        break;
    case RPC_TOKEN_LIST:
        bs_buf_append_cstr(out, "a list");
        break;
    }
}

enum bs_code rpc_builder_expected(struct rpc_builder *builder, const char *expected,
                                  const struct rpc_token *got, struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(1024);
    describe_token(got, &text);
    return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error, "expected %s, got %s", expected,
                            bs_buf_cstr(&text));
}
