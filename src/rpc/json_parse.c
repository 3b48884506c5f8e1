/*
 * JSON text (RFC 8259) to the builder's events, in one pass without recursion. Strings without
 * escapes are handed over as they stand in the text; UTF-8 is checked where a high bit was seen.
 * What fits where is the builder's to say.
 */

#include "rpc/build_internal.h"

struct parser {
    const char *at;
    const char *end;
    struct rpc_builder *builder;
    struct bs_buf unescaped;
    struct bs_error *error;
    unsigned depth;
    bool in_object[BS_LIMIT_JSON_DEPTH + 1]; /* by depth */
};

/* The builder's place in the text is where errors point. */
static void mark(struct parser *p, const char *at)
{
    p->builder->offset = (size_t)(at - p->builder->source.ptr);
}

static void skip_blanks(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}

static bool is_word_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '+' || c == '-' || c == '.' || c >= 0x80;
}

/* What stands at `at`, for a message: a word or a character. */
static enum bs_code syntax_error(struct parser *p, const char *expected)
{
    mark(p, p->at);
    if (p->at == p->end)
        return rpc_builder_fail(p->builder, BS_REASON_JSON_SYNTAX, p->error,
                                "expected %s, got the end of the text", expected);
    size_t len = 0;
    while (len < 40 && p->at + len < p->end && is_word_byte((unsigned char)p->at[len]))
        len++;
    BS_CLEANUP(bs_buf_fini) struct bs_buf got = BS_BUF_INIT(1024);
    rpc_append_quoted(&got, bs_str_make(p->at, BS_MAX(len, 1)));
    return rpc_builder_fail(p->builder, BS_REASON_JSON_SYNTAX, p->error, "expected %s, got %s",
                            expected, bs_buf_cstr(&got));
}

static enum bs_code string_error(struct parser *p, const char *at, const char *what)
{
    mark(p, at);
    return rpc_builder_fail(p->builder, BS_REASON_JSON_SYNTAX, p->error, "%s", what);
}

/* ---- Strings ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Four hex digits at `at`; -1 when there are none. */
static int32_t hex4(const struct parser *p, const char *at)
{
    int32_t value = 0;
    if (p->end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* \uXXXX, p->at behind the u; a pair of surrogates is one character. */
static enum bs_code take_unicode(struct parser *p)
{
    const char *escape = p->at - 2;
    int32_t code = hex4(p, p->at);
    if (code < 0)
        return string_error(p, escape, "expected four hex digits after \\u");
    p->at += 4;
    if (code >= 0xd800 && code <= 0xdbff && p->end - p->at >= 6 && p->at[0] == '\\' &&
        p->at[1] == 'u') {
        int32_t low = hex4(p, p->at + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            p->at += 6;
        }
    }
    char bytes[4];
    size_t size = bs_utf8_encode((uint32_t)code, bytes);
    if (size == 0)
        return string_error(p, escape, "half of a surrogate pair stands alone");
    bs_buf_append(&p->unescaped, bytes, size);
    return BS_OK;
}

static enum bs_code take_escape(struct parser *p)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char *escape = p->at++;
    const char *found = p->at < p->end && *p->at != '\0' ? strchr(names, *p->at) : NULL;
    if (found) {
        p->at++;
        bs_buf_append_byte(&p->unescaped, values[found - names]);
        return BS_OK;
    }
    if (p->at == p->end || *p->at != 'u')
        return string_error(p, escape, "unknown escape in a string");
    p->at++;
    return take_unicode(p);
}

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))
/* Nonzero when one of the 8 bytes is '"', '\\', below 0x20, or has its high bit set. */
static uint64_t special_bytes(uint64_t word)
{
    uint64_t quote = word ^ EACH_BYTE('"');
    uint64_t backslash = word ^ EACH_BYTE('\\');
    uint64_t zeros = ((quote - EACH_BYTE(1)) & ~quote) | ((backslash - EACH_BYTE(1)) & ~backslash) |
                     ((word - EACH_BYTE(0x20)) & ~word);
    return (zeros | word) & EACH_BYTE(0x80);
}

/* Moves p->at over plain characters, to the end, a quote, a backslash or a control character. */
static void skip_plain(struct parser *p, bool *is_ascii)
{
    for (;;) {
        uint64_t word;
        while (p->end - p->at >= 8) {
            memcpy(&word, p->at, sizeof(word));
            if (special_bytes(word))
                break;
            p->at += 8;
        }
        while (p->at < p->end) {
            unsigned char c = (unsigned char)*p->at;
            if (c == '"' || c == '\\' || c < 0x20)
                return;
            p->at++;
            if (c & 0x80)
                *is_ascii = false;
            else if (((uintptr_t)p->at & 7) == 0)
                break;
        }
        if (p->at == p->end)
            return;
    }
}

/*
 * The string that begins at p->at's quote: its text in the source, or in `unescaped` until the next
 * string is read.
 */
static enum bs_code take_string(struct parser *p, struct bs_str *ret_text)
{
    const char *quote = p->at++;
    const char *start = p->at;
    bool is_ascii = true;
    bool has_escapes = false;
    bs_buf_reset(&p->unescaped);
    for (;;) {
        const char *plain = p->at;
        skip_plain(p, &is_ascii);
        if (has_escapes)
            bs_buf_append(&p->unescaped, plain, (size_t)(p->at - plain));
        if (p->at == p->end)
            return string_error(p, quote, "a string has no end");
        if (*p->at == '"')
            break;
        if (*p->at != '\\')
            return string_error(p, p->at, "a control character in a string must be escaped");
        if (!has_escapes)
            bs_buf_append(&p->unescaped, start, (size_t)(p->at - start));
        has_escapes = true;
        BS_TRY(take_escape(p));
    }
    struct bs_str raw = bs_str_make(start, (size_t)(p->at - start));
    if (!is_ascii && !bs_utf8_is_valid(raw))
        return string_error(p, start + bs_utf8_valid_prefix(raw), "the text is not UTF-8");
    p->at++;
    *ret_text = has_escapes ? bs_buf_str(&p->unescaped) : raw;
    mark(p, quote);
    return BS_OK;
}

/* ---- Values ---- */

static bool take_word(struct parser *p, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0 ||
        (p->at + len < p->end && is_word_byte((unsigned char)p->at[len])))
        return false;
    mark(p, p->at);
    p->at += len;
    return true;
}

static enum bs_code take_scalar(struct parser *p)
{
    struct bs_str text;
    if (p->at < p->end && *p->at == '"') {
        BS_TRY(take_string(p, &text));
        return rpc_build_string(p->builder, text, p->error);
    }
    if (take_word(p, "null"))
        return rpc_build_null(p->builder, p->error);
    if (take_word(p, "true"))
        return rpc_build_bool(p->builder, true, p->error);
    if (take_word(p, "false"))
        return rpc_build_bool(p->builder, false, p->error);
    text = bs_str_make(p->at, (size_t)(p->end - p->at));
    text.len = text.len > 0 ? rpc_number_prefix(text) : 0;
    if (text.len == 0 ||
        (p->at + text.len < p->end && is_word_byte((unsigned char)p->at[text.len])))
        return syntax_error(p, "a value");
    mark(p, p->at);
    p->at += text.len;
    return rpc_build_number(p->builder, text, p->error);
}

/* A member's name and colon. */
static enum bs_code take_key(struct parser *p)
{
    struct bs_str name;
    skip_blanks(p);
    if (p->at == p->end || *p->at != '"')
        return syntax_error(p, "a name in double quotes");
    BS_TRY(take_string(p, &name));
    BS_TRY(rpc_build_key(p->builder, name, p->error));
    skip_blanks(p);
    if (p->at == p->end || *p->at != ':')
        return syntax_error(p, "':'");
    p->at++;
    return BS_OK;
}

static enum bs_code close_container(struct parser *p)
{
    mark(p, p->at);
    p->at++;
    bool is_object = p->in_object[p->depth--];
    return is_object ? rpc_build_end_object(p->builder, p->error)
                     : rpc_build_end_list(p->builder, p->error);
}

/* Opens an object or list; `ret_expects_value` is false when it was empty and is closed again. */
static enum bs_code open_container(struct parser *p, bool *ret_expects_value)
{
    bool is_object = *p->at == '{';
    mark(p, p->at);
    if (is_object)
        BS_TRY(rpc_build_begin_object(p->builder, p->error));
    else
        BS_TRY(rpc_build_begin_list(p->builder, p->error));
    p->at++;
    /* the builder has counted the depth */
    p->in_object[++p->depth] = is_object;
    skip_blanks(p);
    *ret_expects_value = p->at == p->end || *p->at != (is_object ? '}' : ']');
    if (!*ret_expects_value)
        return close_container(p);
    return is_object ? take_key(p) : BS_OK;
}

/* After a value: commas and ends, up to where the next value begins; or the end of all. */
static enum bs_code after_value(struct parser *p, bool *ret_expects_value)
{
    while (p->depth > 0) {
        bool is_object = p->in_object[p->depth];
        skip_blanks(p);
        if (p->at < p->end && *p->at == ',') {
            p->at++;
            *ret_expects_value = true;
            return is_object ? take_key(p) : BS_OK;
        }
        if (p->at == p->end || *p->at != (is_object ? '}' : ']'))
            return syntax_error(p, is_object ? "',' or '}'" : "',' or ']'");
        BS_TRY(close_container(p));
    }
    *ret_expects_value = false;
    return BS_OK;
}

static enum bs_code parse_all(struct parser *p)
{
    bool expects_value = true;
    while (expects_value) {
        skip_blanks(p);
        if (p->at < p->end && (*p->at == '{' || *p->at == '['))
            BS_TRY(open_container(p, &expects_value));
        else {
            BS_TRY(take_scalar(p));
            expects_value = false;
        }
        if (!expects_value)
            BS_TRY(after_value(p, &expects_value));
    }
    skip_blanks(p);
    return p->at == p->end ? BS_OK : syntax_error(p, "the end of the text");
}

static enum bs_code parse(struct rpc_builder *builder, struct bs_str text, struct bs_error *error)
{
    struct parser p;
    p.builder = builder;
    p.error = error;
    p.depth = 0;
    p.at = text.ptr ? text.ptr : "";
    p.end = p.at + text.len;
    builder->source = bs_str_make(p.at, text.len);
    bs_buf_init(&p.unescaped, 0);
    enum bs_code code = parse_all(&p);
    bs_buf_fini(&p.unescaped);
    return code;
}

enum bs_code rpc_json_parse(const struct rpc_message *table, struct bs_str text, unsigned flags,
                            struct bs_arena *arena, ProtobufCMessage **ret_message,
                            struct bs_error *error)
{
    struct rpc_builder builder;
    rpc_builder_init(&builder, table, NULL, flags, arena);
    BS_TRY(parse(&builder, text, error));
    return rpc_builder_finish(&builder, ret_message, error);
}

enum bs_code rpc_json_parse_field(const struct rpc_message *table, ProtobufCMessage *message,
                                  struct bs_str field_name, struct bs_str text, unsigned flags,
                                  struct bs_arena *arena, struct bs_error *error)
{
    struct rpc_builder builder;
    int idx = rpc_message_find_field(table, field_name);
    if (idx < 0) {
        rpc_builder_init(&builder, table, message, flags, arena);
        return rpc_builder_unknown_field(&builder, table, field_name, error);
    }
    rpc_builder_init_field(&builder, table, message, (unsigned)idx, flags, arena);
    return parse(&builder, text, error);
}
