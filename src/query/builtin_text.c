/*
 * Strings, keywords, symbols. Counts and offsets are in code points; upper and lower case are
 * ASCII's, other letters stay.
 */
#include "query/builtin.h"

static enum bs_code check_string(struct builtin_env *env, struct edn arg)
{
    return arg.type == EDN_STRING ? BS_OK : builtin_refuse(env, arg, "a string");
}

static struct edn take_string(struct builtin_env *env, struct bs_buf *buf)
{
    struct edn value = edn_string(bs_arena_dup(env->arena, bs_buf_str(buf)));
    bs_buf_fini(buf);
    return value;
}

static void append_value(struct bs_buf *buf, struct edn value)
{
    char bytes[4];
    if (value.type == EDN_STRING || value.type == EDN_SYMBOL || value.type == EDN_URI)
        bs_buf_append_str(buf, edn_text_of(value));
    else if (value.type == EDN_CHAR)
        bs_buf_append(buf, bytes, bs_utf8_encode(value.as.code_point, bytes));
    else if (value.type == EDN_BIGINT || value.type == EDN_BIGDEC) {
        edn_print(value, buf);
        if (buf->len > 0 && (buf->ptr[buf->len - 1] == 'N' || buf->ptr[buf->len - 1] == 'M'))
            buf->len--;
    } else if (value.type == EDN_UUID) {
        char text[BS_UUID_TEXT_SIZE];
        bs_uuid_format(value.as.bytes, text);
        bs_buf_append_cstr(buf, text);
    } else if (value.type != EDN_NIL)
        edn_print(value, buf);
}

static enum bs_code text_str(struct builtin_env *env, const struct edn *args, size_t count,
                             struct edn *ret_value)
{
    struct bs_buf buf = BS_BUF_INIT(BS_LIMIT_STRING_BYTES);
    for (size_t i = 0; i < count; i++)
        append_value(&buf, args[i]);
    bool overflowed = buf.overflowed;
    struct edn value = take_string(env, &buf);
    if (overflowed)
        return bs_error_set(env->error, BS_REASON_LIMIT, "str: a string of more than %u bytes",
                            BS_LIMIT_STRING_BYTES);
    *ret_value = value;
    return BS_OK;
}

/* Byte offset of the idx'th code point; false past the end. */
static bool offset_of(struct bs_str text, uint64_t idx, size_t *ret_offset)
{
    size_t offset = 0;
    uint32_t code_point = 0;
    for (uint64_t i = 0; i < idx; i++) {
        size_t used = bs_utf8_decode(bs_str_from_offset(text, offset), &code_point);
        if (used == 0)
            return false;
        offset += used;
    }
    *ret_offset = offset;
    return true;
}

static enum bs_code text_subs(struct builtin_env *env, const struct edn *args, size_t count,
                              struct edn *ret_value)
{
    BS_TRY(check_string(env, args[0]));
    for (size_t i = 1; i < count; i++)
        if (args[i].type != EDN_LONG || args[i].as.integer < 0)
            return builtin_refuse(env, args[i], "an offset from 0");
    struct bs_str text = edn_text_of(args[0]);
    size_t start = 0;
    size_t end = text.len;
    if (!offset_of(text, (uint64_t)args[1].as.integer, &start))
        return builtin_refuse(env, args[1], "an offset inside the string");
    if (count == 3 && (!offset_of(text, (uint64_t)args[2].as.integer, &end) || end < start))
        return builtin_refuse(env, args[2], "an end inside the string, after the start");
    *ret_value = edn_string(bs_str_slice(text, start, end - start));
    return BS_OK;
}

static enum bs_code check_two_strings(struct builtin_env *env, const struct edn *args)
{
    BS_TRY(check_string(env, args[0]));
    return check_string(env, args[1]);
}

static enum bs_code text_starts_with(struct builtin_env *env, const struct edn *args, size_t count,
                                     struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_two_strings(env, args));
    *ret_value = edn_boolean(bs_str_starts_with(edn_text_of(args[0]), edn_text_of(args[1])));
    return BS_OK;
}

static enum bs_code text_ends_with(struct builtin_env *env, const struct edn *args, size_t count,
                                   struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_two_strings(env, args));
    *ret_value = edn_boolean(bs_str_ends_with(edn_text_of(args[0]), edn_text_of(args[1])));
    return BS_OK;
}

static enum bs_code text_includes(struct builtin_env *env, const struct edn *args, size_t count,
                                  struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_two_strings(env, args));
    *ret_value = edn_boolean(bs_str_find(edn_text_of(args[0]), edn_text_of(args[1])) >= 0);
    return BS_OK;
}

static enum bs_code change_case(struct builtin_env *env, struct edn arg, char from, char to,
                                struct edn *ret_value)
{
    BS_TRY(check_string(env, arg));
    struct bs_str text = edn_text_of(arg);
    char *copy = bs_arena_dup_cstr(env->arena, text);
    for (size_t i = 0; i < text.len; i++)
        if (copy[i] >= from && copy[i] <= from + 25)
            copy[i] = (char)(copy[i] - from + to);
    *ret_value = edn_string(bs_str_make(copy, text.len));
    return BS_OK;
}

static enum bs_code text_lower_case(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    (void)count;
    return change_case(env, args[0], 'A', 'a', ret_value);
}

static enum bs_code text_upper_case(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    (void)count;
    return change_case(env, args[0], 'a', 'A', ret_value);
}

static enum bs_code text_trim(struct builtin_env *env, const struct edn *args, size_t count,
                              struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_string(env, args[0]));
    *ret_value = edn_string(bs_str_trim(edn_text_of(args[0])));
    return BS_OK;
}

static enum bs_code text_is_blank(struct builtin_env *env, const struct edn *args, size_t count,
                                  struct edn *ret_value)
{
    (void)count;
    if (!edn_is_nil(args[0]))
        BS_TRY(check_string(env, args[0]));
    *ret_value = edn_boolean(edn_is_nil(args[0]) || bs_str_trim(edn_text_of(args[0])).len == 0);
    return BS_OK;
}

/* ---- keywords and symbols ---- */

static bool is_named(struct edn value)
{
    return value.type == EDN_KEYWORD || value.type == EDN_SYMBOL || value.type == EDN_STRING;
}

static enum bs_code make_named(struct builtin_env *env, const struct edn *args, size_t count,
                               enum edn_type type, struct edn *ret_value)
{
    for (size_t i = 0; i < count; i++)
        if (count == 1 ? !is_named(args[i]) : args[i].type != EDN_STRING)
            return builtin_refuse(env, args[i],
                                  count == 1 ? "a string, keyword or symbol" : "a string");
    if (count == 1) {
        *ret_value = edn_text(type, edn_text_of(args[0]));
        return BS_OK;
    }
    *ret_value =
        edn_text(type, bs_arena_printf(env->arena, "%.*s/%.*s", BS_STR_ARGS(edn_text_of(args[0])),
                                       BS_STR_ARGS(edn_text_of(args[1]))));
    return BS_OK;
}

static enum bs_code text_keyword(struct builtin_env *env, const struct edn *args, size_t count,
                                 struct edn *ret_value)
{
    return make_named(env, args, count, EDN_KEYWORD, ret_value);
}

static enum bs_code text_symbol(struct builtin_env *env, const struct edn *args, size_t count,
                                struct edn *ret_value)
{
    return make_named(env, args, count, EDN_SYMBOL, ret_value);
}

static enum bs_code text_name(struct builtin_env *env, const struct edn *args, size_t count,
                              struct edn *ret_value)
{
    (void)count;
    if (!is_named(args[0]))
        return builtin_refuse(env, args[0], "a keyword, symbol or string");
    *ret_value = edn_string(args[0].type == EDN_STRING ? edn_text_of(args[0]) : edn_name(args[0]));
    return BS_OK;
}

static enum bs_code text_namespace(struct builtin_env *env, const struct edn *args, size_t count,
                                   struct edn *ret_value)
{
    (void)count;
    if (args[0].type != EDN_KEYWORD && args[0].type != EDN_SYMBOL)
        return builtin_refuse(env, args[0], "a keyword or symbol");
    struct bs_str namespace = edn_namespace(args[0]);
    *ret_value = namespace.len == 0 ? edn_nil() : edn_string(namespace);
    return BS_OK;
}

/* ---- regular expressions ---- */

static enum bs_code text_re_pattern(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_string(env, args[0]));
    BS_TRY(regex_check(env, edn_text_of(args[0])));
    *ret_value = args[0];
    return BS_OK;
}

static enum bs_code text_re_find(struct builtin_env *env, const struct edn *args, size_t count,
                                 struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_two_strings(env, args));
    return regex_search(env, edn_text_of(args[0]), edn_text_of(args[1]), false, ret_value);
}

static enum bs_code text_re_matches(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_two_strings(env, args));
    return regex_search(env, edn_text_of(args[0]), edn_text_of(args[1]), true, ret_value);
}

static const struct builtin items[] = {
    {"blank?", 1, 1, text_is_blank, false},
    {"ends-with?", 2, 2, text_ends_with, false},
    {"includes?", 2, 2, text_includes, false},
    {"keyword", 1, 2, text_keyword, false},
    {"lower-case", 1, 1, text_lower_case, false},
    {"name", 1, 1, text_name, false},
    {"namespace", 1, 1, text_namespace, false},
    {"re-find", 2, 2, text_re_find, false},
    {"re-matches", 2, 2, text_re_matches, false},
    {"re-pattern", 1, 1, text_re_pattern, false},
    {"starts-with?", 2, 2, text_starts_with, false},
    {"str", 0, BUILTIN_ANY, text_str, false},
    {"subs", 2, 3, text_subs, false},
    {"symbol", 1, 2, text_symbol, false},
    {"trim", 1, 1, text_trim, false},
    {"upper-case", 1, 1, text_upper_case, false},
};

const struct builtin_list builtins_text = {items, BS_ARRAY_COUNT(items)};
