#include "edn/print_token.h"

#include <math.h>

#include "edn/chars.h"
#include "edn/number.h"

/*
 * Printing of scalars, each so that the reader gives the same value back. Control characters are
 * escaped, so that a printed value never has a line break in it.
 */

static void print_escape(unsigned char c, struct bs_buf *out)
{
    static const char letters[256] = {
        ['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r',  ['\b'] = 'b',
        ['\f'] = 'f', ['"'] = '"',  ['\\'] = '\\',
    };
    if (letters[c]) {
        const char escape[2] = {'\\', letters[c]};
        bs_buf_append(out, escape, 2);
    } else {
        bs_buf_printf(out, "\\u%04x", c);
    }
}

static void print_string(struct bs_str text, struct bs_buf *out)
{
    bs_buf_append_byte(out, '"');
    size_t plain = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        bs_buf_append(out, text.ptr + plain, i - plain);
        print_escape(c, out);
        plain = i + 1;
    }
    bs_buf_append(out, text.ptr + plain, text.len - plain);
    bs_buf_append_byte(out, '"');
}

static void print_char(uint32_t code_point, struct bs_buf *out)
{
    bs_buf_append_byte(out, '\\');
    const char *name = edn_char_name(code_point);
    char bytes[4];
    size_t size = bs_utf8_encode(code_point, bytes);
    if (name)
        bs_buf_append_cstr(out, name);
    else if (code_point < 0x20 || code_point == 0x7f || edn_is_foreign_blank(code_point) ||
             size == 0)
        bs_buf_printf(out, "u%04x", code_point);
    else
        bs_buf_append(out, bytes, size);
}

static void print_double_text(double number, const char *text, struct bs_buf *out)
{
    if (isnan(number)) {
        bs_buf_append_cstr(out, "##NaN");
    } else if (isinf(number)) {
        bs_buf_append_cstr(out, number < 0 ? "##-Inf" : "##Inf");
    } else {
        bs_buf_append_cstr(out, text);
        if (!strpbrk(text, ".eE"))
            bs_buf_append_cstr(out, ".0");
    }
}

/* Java's form: plain while the point stands near the digits, else scientific. */
static void print_scaled(const char *digits, int64_t scale, struct bs_buf *out)
{
    int64_t count = (int64_t)strlen(digits);
    int64_t exponent = count - 1 - scale;
    if (scale == 0) {
        bs_buf_append_cstr(out, digits);
    } else if (scale > 0 && exponent >= -6) {
        if (count > scale) {
            bs_buf_append(out, digits, (size_t)(count - scale));
        } else {
            bs_buf_append_cstr(out, "0");
        }
        bs_buf_append_byte(out, '.');
        for (int64_t i = count; i < scale; i++)
            bs_buf_append_byte(out, '0');
        bs_buf_append_cstr(out, digits + BS_MAX(count - scale, 0));
    } else {
        bs_buf_append_byte(out, digits[0]);
        if (count > 1) {
            bs_buf_append_byte(out, '.');
            bs_buf_append_cstr(out, digits + 1);
        }
        bs_buf_printf(out, "E%+lld", (long long)exponent);
    }
}

void edn_exact_print(struct edn value, struct bs_buf *out)
{
    struct edn_exact exact;
    edn_exact_init(&exact);
    edn_exact_set(&exact, value);
    if (mpz_sgn(exact.integer) < 0)
        bs_buf_append_byte(out, '-');
    mpz_abs(exact.integer, exact.integer);
    char *digits BS_CLEANUP(bs_freep) = (char *)bs_malloc(mpz_sizeinbase(exact.integer, 10) + 2);
    mpz_get_str(digits, 10, exact.integer);
    print_scaled(digits, exact.scale, out);
    edn_exact_fini(&exact);
}

static void print_object(const struct edn_object *object, struct bs_buf *out)
{
    if (object->class->print)
        object->class->print(object, out);
    else
        bs_buf_printf(out, "#%s {}", object->class->name);
}

static void print_instant(int64_t ms, struct bs_buf *out)
{
    char text[EDN_INSTANT_TEXT_SIZE];
    edn_instant_format(ms, text);
    bs_buf_printf(out, "#inst \"%s\"", text);
}

static void print_uuid(const uint8_t *bytes, struct bs_buf *out)
{
    char text[BS_UUID_TEXT_SIZE];
    bs_uuid_format(bytes, text);
    bs_buf_printf(out, "#uuid \"%s\"", text);
}

static void print_number(struct edn value, struct bs_buf *out)
{
    char text[BS_DOUBLE_TEXT_SIZE];
    switch ((enum edn_type)value.type) {
    case EDN_LONG:
        bs_buf_printf(out, "%lld", (long long)value.as.integer);
        break;
    case EDN_FLOAT:
        bs_float_format(value.as.float32, text);
        print_double_text((double)value.as.float32, text, out);
        break;
    case EDN_DOUBLE:
        bs_double_format(value.as.float64, text);
        print_double_text(value.as.float64, text, out);
        break;
    default:
        edn_exact_print(value, out);
        bs_buf_append_byte(out, value.type == EDN_BIGINT ? 'N' : 'M');
        break;
    }
}

void edn_print_token(struct edn value, struct bs_buf *out)
{
    switch ((enum edn_type)value.type) {
    case EDN_NIL:
        bs_buf_append_cstr(out, "nil");
        break;
    case EDN_BOOLEAN:
        bs_buf_append_cstr(out, value.as.boolean ? "true" : "false");
        break;
    case EDN_CHAR:
        print_char(value.as.code_point, out);
        break;
    case EDN_STRING:
        print_string(edn_text_of(value), out);
        break;
    case EDN_KEYWORD:
        bs_buf_append_byte(out, ':');
        bs_buf_append_str(out, edn_text_of(value));
        break;
    case EDN_SYMBOL:
        bs_buf_append_str(out, edn_text_of(value));
        break;
    case EDN_INSTANT:
        print_instant(value.as.integer, out);
        break;
    case EDN_UUID:
        print_uuid(value.as.bytes, out);
        break;
    case EDN_URI:
        bs_buf_append_cstr(out, "#uri ");
        print_string(edn_text_of(value), out);
        break;
    case EDN_BYTES:
        bs_buf_append_cstr(out, "#base64 \"");
        bs_base64_encode(out, value.as.bytes, value.len);
        bs_buf_append_byte(out, '"');
        break;
    case EDN_OBJECT:
        print_object(value.as.object, out);
        break;
    default:
        print_number(value, out);
        break;
    }
}
