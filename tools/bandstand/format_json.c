/* EDN as JSON. */

#include <math.h>

#include "format.h"
#include "rpc/rpc.h"

static void print_string(struct bs_str text, struct bs_buf *out)
{
    rpc_json_print_string(text, RPC_JSON_DEFAULT, out);
}

/* Of what JSON has no form for: its EDN as a string. */
static void print_as_text(struct edn value, struct bs_buf *out)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    edn_print(value, &text);
    print_string(bs_buf_str(&text), out);
}

/* The text between the quotes of a tagged literal: #uuid "..." */
static void print_quoted_part(struct edn value, struct bs_buf *out)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    edn_print(value, &text);
    struct bs_str printed = bs_buf_str(&text);
    size_t quote = (size_t)bs_str_find_byte(printed, '"') + 1;
    print_string(bs_str_slice(printed, quote, printed.len - quote - 1), out);
}

/* Clojure's way has -00:00 for UTC, RFC 3339's usual one is Z. */
static void print_instant(int64_t ms, struct bs_buf *out)
{
    char text[EDN_INSTANT_TEXT_SIZE];
    edn_instant_format(ms, text);
    struct bs_str printed = bs_str_from(text);
    bs_buf_printf(out, "\"%.*sZ\"", (int)(printed.len - strlen("-00:00")), text);
}

/* Exact numbers without their N or M. */
static void print_exact(struct edn value, struct bs_buf *out)
{
    edn_print(value, out);
    out->len--;
    out->ptr[out->len] = '\0';
}

static void print_double(struct edn value, struct bs_buf *out)
{
    if (isfinite(edn_number_to_double(value)))
        edn_print(value, out);
    else
        print_as_text(value, out);
}

static void print_char(uint32_t code_point, struct bs_buf *out)
{
    char bytes[4];
    size_t size = bs_utf8_encode(code_point, bytes);
    print_string(bs_str_make(bytes, size), out);
}

static void print_list(struct edn list, struct bs_buf *out)
{
    bs_buf_append_byte(out, '[');
    for (size_t i = 0; i < list.len; i++) {
        if (i > 0)
            bs_buf_append_byte(out, ',');
        format_json(list.as.items[i], out);
    }
    bs_buf_append_byte(out, ']');
}

static void print_key(struct edn key, struct bs_buf *out)
{
    bool is_text = key.type == EDN_STRING || key.type == EDN_KEYWORD || key.type == EDN_SYMBOL;
    if (is_text)
        print_string(edn_text_of(key), out);
    else
        print_as_text(key, out);
}

static void print_map(struct edn map, struct bs_buf *out)
{
    bs_buf_append_byte(out, '{');
    for (size_t i = 0; i < map.len; i++) {
        if (i > 0)
            bs_buf_append_byte(out, ',');
        print_key(map.as.items[i * 2], out);
        bs_buf_append_byte(out, ':');
        format_json(map.as.items[i * 2 + 1], out);
    }
    bs_buf_append_byte(out, '}');
}

void format_json(struct edn value, struct bs_buf *out)
{
    switch ((enum edn_type)value.type) {
    case EDN_NIL:
        bs_buf_append_cstr(out, "null");
        return;
    case EDN_BOOLEAN:
    case EDN_LONG:
        edn_print(value, out);
        return;
    case EDN_BIGINT:
    case EDN_BIGDEC:
        print_exact(value, out);
        return;
    case EDN_FLOAT:
    case EDN_DOUBLE:
        print_double(value, out);
        return;
    case EDN_CHAR:
        print_char(value.as.code_point, out);
        return;
    case EDN_STRING:
    case EDN_SYMBOL:
    case EDN_KEYWORD:
    case EDN_URI:
        print_string(edn_text_of(value), out);
        return;
    case EDN_INSTANT:
        print_instant(value.as.integer, out);
        return;
    case EDN_UUID:
    case EDN_BYTES:
        print_quoted_part(value, out);
        return;
    case EDN_LIST:
    case EDN_VECTOR:
    case EDN_SET:
        print_list(value, out);
        return;
    case EDN_MAP:
        print_map(value, out);
        return;
    case EDN_TAGGED:
    case EDN_OBJECT:
    case EDN_TYPE_COUNT:
        print_as_text(value, out);
        return;
    }
    BS_UNREACHABLE();
}
