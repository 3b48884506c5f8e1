/* A visitor that writes JSON. */

#include "rpc/build_internal.h"

struct printer {
    struct bs_buf *out;
    unsigned flags;
    unsigned depth;
    bool needs_comma; /* before the next value or key of this container */
    bool after_key;
};

/* ---- Strings ---- */

static void print_control(struct bs_buf *out, unsigned char c)
{
    static const char from[] = "\b\f\n\r\t";
    static const char to[] = "bfnrt";
    const char *found = c == '\0' ? NULL : strchr(from, c);
    if (found)
        bs_buf_printf(out, "\\%c", to[found - from]);
    else
        bs_buf_printf(out, "\\u%04x", c);
}

/* Bytes at the front that stand as they are. */
static size_t plain_prefix(struct bs_str text, bool html_safe)
{
    size_t i = 0;
    for (; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\')
            break;
        if (html_safe && (c == '<' || c == '>' || c == '&' || c == 0xe2))
            break;
    }
    return i;
}

/* One character that may not stand as it is; bytes used. */
static size_t print_special(struct bs_str text, struct bs_buf *out)
{
    unsigned char c = (unsigned char)text.ptr[0];
    uint32_t code_point = 0;
    if (c == '"' || c == '\\') {
        bs_buf_append_byte(out, '\\');
        bs_buf_append_byte(out, (char)c);
    } else if (c < 0x20) {
        print_control(out, c);
    } else if (c < 0x80) {
        bs_buf_printf(out, "\\u%04x", c);
    } else {
        size_t size = bs_utf8_decode(text, &code_point);
        if (code_point == 0x2028 || code_point == 0x2029)
            bs_buf_printf(out, "\\u%04x", code_point);
        else
            bs_buf_append(out, text.ptr, size);
        return size;
    }
    return 1;
}

/* Most strings stand as they are, in one piece. */
static void print_plain(struct bs_str text, struct bs_buf *out)
{
    char *end = bs_buf_reserve(out, text.len + 2);
    if (!end)
        return;
    end[0] = '"';
    if (text.len > 0)
        memcpy(end + 1, text.ptr, text.len);
    end[text.len + 1] = '"';
    end[text.len + 2] = '\0';
    out->len += text.len + 2;
}

void rpc_json_print_string(struct bs_str text, unsigned flags, struct bs_buf *out)
{
    bool html_safe = (flags & RPC_JSON_HTML_SAFE) != 0;
    size_t plain = plain_prefix(text, html_safe);
    if (plain == text.len) {
        print_plain(text, out);
        return;
    }
    bs_buf_append_byte(out, '"');
    while (text.len > 0) {
        bs_buf_append(out, text.ptr, plain);
        text = bs_str_from_offset(text, plain);
        if (text.len > 0)
            text = bs_str_from_offset(text, print_special(text, out));
        plain = plain_prefix(text, html_safe);
    }
    bs_buf_append_byte(out, '"');
}

/* ---- Layout ---- */

static void newline(struct printer *p)
{
    static const char blanks[] = "                                ";
    if (!(p->flags & RPC_JSON_PRETTY))
        return;
    bs_buf_append_byte(p->out, '\n');
    for (size_t left = 2 * (size_t)p->depth; left > 0;) {
        size_t part = BS_MIN(left, sizeof(blanks) - 1);
        bs_buf_append(p->out, blanks, part);
        left -= part;
    }
}

/* What stands between the last value and what comes. */
static void separate(struct printer *p)
{
    if (p->after_key) {
        p->after_key = false;
        return;
    }
    if (p->needs_comma)
        bs_buf_append_byte(p->out, ',');
    if (p->depth > 0)
        newline(p);
    p->needs_comma = true;
}

static void open_bracket(struct printer *p, char bracket)
{
    separate(p);
    bs_buf_append_byte(p->out, bracket);
    p->depth++;
    p->needs_comma = false;
}

static void close_bracket(struct printer *p, char bracket)
{
    p->depth--;
    if (p->needs_comma)
        newline(p);
    bs_buf_append_byte(p->out, bracket);
    p->needs_comma = true;
}

static void print_raw(struct printer *p, struct bs_str text)
{
    separate(p);
    bs_buf_append_str(p->out, text);
}

/* ---- The visitor ---- */

static enum bs_code begin_object(void *self, const struct rpc_message *table,
                                 struct bs_error *error)
{
    (void)table;
    (void)error;
    open_bracket((struct printer *)self, '{');
    return BS_OK;
}

static enum bs_code end_object(void *self, struct bs_error *error)
{
    (void)error;
    close_bracket((struct printer *)self, '}');
    return BS_OK;
}

static enum bs_code begin_list(void *self, size_t count, struct bs_error *error)
{
    (void)count;
    (void)error;
    open_bracket((struct printer *)self, '[');
    return BS_OK;
}

static enum bs_code end_list(void *self, struct bs_error *error)
{
    (void)error;
    close_bracket((struct printer *)self, ']');
    return BS_OK;
}

static enum bs_code print_key(void *self, const struct rpc_field *field, struct bs_str name,
                              struct bs_error *error)
{
    struct printer *p = (struct printer *)self;
    (void)field;
    (void)error;
    separate(p);
    rpc_json_print_string(name, p->flags, p->out);
    bs_buf_append_byte(p->out, ':');
    if (p->flags & RPC_JSON_PRETTY)
        bs_buf_append_byte(p->out, ' ');
    p->after_key = true;
    return BS_OK;
}

static enum bs_code print_null(void *self, struct bs_error *error)
{
    (void)error;
    print_raw((struct printer *)self, BS_STR("null"));
    return BS_OK;
}

static enum bs_code print_boolean(void *self, bool value, struct bs_error *error)
{
    (void)error;
    print_raw((struct printer *)self, value ? BS_STR("true") : BS_STR("false"));
    return BS_OK;
}

static void print_digits(struct printer *p, bool negative, uint64_t magnitude, bool is_long)
{
    char text[24];
    size_t at = sizeof(text);
    if (is_long)
        text[--at] = '"';
    do {
        text[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (negative)
        text[--at] = '-';
    if (is_long)
        text[--at] = '"';
    print_raw(p, bs_str_make(text + at, sizeof(text) - at));
}

static enum bs_code print_integer(void *self, int64_t value, bool is_long, struct bs_error *error)
{
    (void)error;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    print_digits((struct printer *)self, value < 0, magnitude, is_long);
    return BS_OK;
}

static enum bs_code print_natural(void *self, uint64_t value, bool is_long, struct bs_error *error)
{
    (void)error;
    print_digits((struct printer *)self, false, value, is_long);
    return BS_OK;
}

static enum bs_code print_number(void *self, double value, bool is_float, struct bs_error *error)
{
    (void)error;
    char text[BS_DOUBLE_TEXT_SIZE + 2];
    size_t len =
        is_float ? bs_float_format((float)value, text + 1) : bs_double_format(value, text + 1);
    struct bs_str number = bs_str_make(text + 1, len);
    /* NaN, Infinity, -Infinity are strings */
    if (text[len] == 'N' || text[len] == 'y') {
        text[0] = text[len + 1] = '"';
        number = bs_str_make(text, len + 2);
    }
    print_raw((struct printer *)self, number);
    return BS_OK;
}

static enum bs_code print_string(void *self, struct bs_str text, struct bs_error *error)
{
    struct printer *p = (struct printer *)self;
    (void)error;
    separate(p);
    rpc_json_print_string(text, p->flags, p->out);
    return BS_OK;
}

static enum bs_code print_enumeration(void *self, const ProtobufCEnumValue *value,
                                      struct bs_error *error)
{
    return print_string(self, bs_str_from(value->name), error);
}

static enum bs_code print_bytes(void *self, struct bs_str bytes, struct bs_error *error)
{
    struct printer *p = (struct printer *)self;
    (void)error;
    separate(p);
    bs_buf_append_byte(p->out, '"');
    bs_base64_encode(p->out, bytes.ptr, bytes.len);
    bs_buf_append_byte(p->out, '"');
    return BS_OK;
}

static enum bs_code print_instant(void *self, int64_t seconds, int32_t nanos,
                                  struct bs_error *error)
{
    char text[BS_TIME_TEXT_SIZE];
    bs_time_format(seconds, nanos, text);
    return print_string(self, bs_str_from(text), error);
}

static const struct rpc_visitor json_visitor = {
    .begin_object = begin_object,
    .key = print_key,
    .end_object = end_object,
    .begin_list = begin_list,
    .end_list = end_list,
    .null = print_null,
    .boolean = print_boolean,
    .integer = print_integer,
    .natural = print_natural,
    .number = print_number,
    .string = print_string,
    .enumeration = print_enumeration,
    .bytes = print_bytes,
    .instant = print_instant,
};

static enum bs_code check_overflow(const struct rpc_message *table, const struct bs_buf *out,
                                   struct bs_error *error)
{
    if (!out->overflowed)
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_TOO_LARGE, "%s is more than %zu bytes as JSON",
                        table->full_name, out->max_bytes);
}

enum bs_code rpc_json_print(const struct rpc_message *table, const ProtobufCMessage *message,
                            unsigned flags, struct bs_buf *out, struct bs_error *error)
{
    struct printer printer = {.out = out, .flags = flags};
    BS_TRY(rpc_message_visit(table, message, flags, &json_visitor, &printer, error));
    return check_overflow(table, out, error);
}

/* What an unset message field is as a value of its own: {}, or null where that is not its form. */
static struct bs_str unset_message(const struct rpc_message *type)
{
    switch (type->well_known) {
    case RPC_PLAIN:
    case RPC_EMPTY:
    case RPC_ANY:
    case RPC_STRUCT:
        return BS_STR("{}");
    case RPC_LIST_VALUE:
        return BS_STR("[]");
    default:
        return BS_STR("null");
    }
}

enum bs_code rpc_json_print_field(const struct rpc_message *table, const ProtobufCMessage *message,
                                  struct bs_str field_name, unsigned flags, struct bs_buf *out,
                                  struct bs_error *error)
{
    int idx = rpc_message_find_field(table, field_name);
    if (idx < 0)
        return bs_error_set(error, BS_REASON_INTERNAL, "%s has no field \"%.*s\"", table->full_name,
                            BS_STR_ARGS(field_name));
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[idx];
    struct printer printer = {.out = out, .flags = flags};
    ProtobufCMessage *unset = NULL;
    bool is_set = rpc_field_is_set(field, message);
    if (!is_set && field->type == PROTOBUF_C_TYPE_MESSAGE && !rpc_field_is_repeated(field)) {
        bs_buf_append_str(out, unset_message(table->fields[idx].message));
    } else {
        /* another member of a oneof may stand where this one's zero is to be read */
        if (!is_set && rpc_field_is_oneof(field)) {
            unset = bs_calloc(1, table->descriptor->sizeof_message);
            table->descriptor->message_init(unset);
        }
        enum bs_code code = rpc_message_visit_field(table, unset ? unset : message, (unsigned)idx,
                                                    flags, &json_visitor, &printer, error);
        free(unset);
        BS_TRY(code);
    }
    return check_overflow(table, out, error);
}
