/*
 * Regular expressions on POSIX's extended ones (regex.h), with what people write in Java's that
 * has a plain counterpart: \d \D, (?:...), and (?i) at the start. Everything else of Java's is
 * refused with Q_UNSUPPORTED rather than read as something else. Text is UTF-8; \w and \s are the C
 * library's. A pattern's size and repetitions are bounded, because the matcher expands them in
 * memory.
 */
#include <ctype.h>
#include <locale.h>
#include <regex.h>

#include "query/builtin.h"

#define PATTERN_BYTES_MAX 1000
#define REPEATS_MAX 1000
#define GROUPS_MAX 64
#define CACHE_SLOTS 16

struct compiled {
    struct bs_str text; /* owned; ptr NULL: an empty slot */
    regex_t regex;
    size_t groups_count;            /* those that the user wrote as groups */
    uint8_t groups[GROUPS_MAX + 1]; /* their numbers in `regex` */
};

struct regex_cache {
    locale_t locale;
    size_t next;
    struct compiled slots[CACHE_SLOTS];
};

struct regex_cache *regex_cache_new(void)
{
    struct regex_cache *cache = (struct regex_cache *)bs_calloc(1, sizeof(*cache));
    cache->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    return cache;
}

static void compiled_fini(struct compiled *compiled)
{
    if (compiled->text.ptr == NULL)
        return;
    regfree(&compiled->regex);
    union {
        const char *in;
        char *out;
    } text = {.in = compiled->text.ptr};
    free(text.out);
    *compiled = (struct compiled){.text = {.ptr = NULL}};
}

void regex_cache_free(struct regex_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        compiled_fini(&cache->slots[i]);
    if (cache->locale != (locale_t)0)
        freelocale(cache->locale);
    free(cache);
}

/* ---- from Java's notation ---- */

struct translation {
    struct builtin_env *env;
    struct bs_str pattern;
    size_t at;
    struct bs_buf out;
    struct compiled *compiled;
    size_t group; /* number of the last opened one */
    uint64_t repeats;
    int flags;
};

static enum bs_code refuse_pattern(struct translation *t, const char *what)
{
    return bs_error_set(t->env->error, BS_REASON_Q_UNSUPPORTED,
                        "regular expression \"%.*s\", at %zu: %s", BS_STR_ARGS(t->pattern), t->at,
                        what);
}

static char peek(const struct translation *t, size_t ahead)
{
    return t->at + ahead < t->pattern.len ? t->pattern.ptr[t->at + ahead] : '\0';
}

static enum bs_code translate_escape(struct translation *t, bool in_bracket)
{
    char next = peek(t, 1);
    if (next == '\0')
        return refuse_pattern(t, "a backslash at the end");
    if (next == 'd')
        bs_buf_append_cstr(&t->out, in_bracket ? "0-9" : "[0-9]");
    else if (next == 'w' && in_bracket)
        bs_buf_append_cstr(&t->out, "[:alnum:]_");
    else if (next == 's' && in_bracket)
        bs_buf_append_cstr(&t->out, "[:space:]");
    else if (next == 'D' && !in_bracket)
        bs_buf_append_cstr(&t->out, "[^0-9]");
    else if (next == 'n' || next == 't' || next == 'r')
        bs_buf_append_byte(&t->out, next == 'n' ? '\n' : next == 't' ? '\t' : '\r');
    else if (isalnum((unsigned char)next) && (in_bracket || strchr("wWsSbB", next) == NULL))
        return refuse_pattern(t, "this escape is not supported");
    else if (in_bracket && strchr("]\\^-[", next) != NULL)
        return refuse_pattern(t, "inside [...] put ] first, ^ and - last, without a backslash");
    else {
        if (!in_bracket)
            bs_buf_append_byte(&t->out, '\\');
        bs_buf_append_byte(&t->out, next);
    }
    t->at += 2;
    return BS_OK;
}

static enum bs_code translate_bracket(struct translation *t)
{
    bs_buf_append_byte(&t->out, '[');
    t->at++;
    if (peek(t, 0) == '^') {
        bs_buf_append_byte(&t->out, '^');
        t->at++;
    }
    bool first = true;
    while (t->at < t->pattern.len && (first || peek(t, 0) != ']')) {
        first = false;
        if (peek(t, 0) == '\\') {
            BS_TRY(translate_escape(t, true));
            continue;
        }
        if (peek(t, 0) == '&' && peek(t, 1) == '&')
            return refuse_pattern(t, "&& is not supported");
        if (peek(t, 0) == '[' && peek(t, 1) == ':') {
            do {
                bs_buf_append_byte(&t->out, peek(t, 0));
                t->at++;
            } while (t->at < t->pattern.len && peek(t, 0) != ']');
        }
        bs_buf_append_byte(&t->out, peek(t, 0));
        t->at++;
    }
    bs_buf_append_byte(&t->out, ']');
    t->at++;
    return BS_OK;
}

static enum bs_code translate_group(struct translation *t)
{
    bool captures = true;
    if (peek(t, 1) == '?') {
        if (peek(t, 2) != ':')
            return refuse_pattern(t, "only (?:...), and (?i) at the start, are supported");
        captures = false;
        t->at += 2;
    }
    if (++t->group > GROUPS_MAX)
        return refuse_pattern(t, "more than 64 groups");
    if (captures)
        t->compiled->groups[t->compiled->groups_count++] = (uint8_t)t->group;
    bs_buf_append_byte(&t->out, '(');
    t->at++;
    return BS_OK;
}

static enum bs_code translate_repeat(struct translation *t)
{
    uint64_t number = 0;
    uint64_t most = 1;
    bs_buf_append_byte(&t->out, '{');
    for (t->at++; t->at < t->pattern.len && peek(t, 0) != '}'; t->at++) {
        char c = peek(t, 0);
        if (c == ',')
            number = 0;
        else if (c >= '0' && c <= '9' && number <= REPEATS_MAX)
            number = number * 10 + (uint64_t)(c - '0');
        most = BS_MAX(most, number);
        bs_buf_append_byte(&t->out, c);
    }
    t->repeats *= most;
    if (t->repeats > REPEATS_MAX)
        return refuse_pattern(t, "more than 1000 counted repetitions");
    return BS_OK;
}

static enum bs_code translate_one(struct translation *t)
{
    char c = peek(t, 0);
    if (c == '\0')
        return refuse_pattern(t, "a NUL byte");
    if (c == '\\')
        return translate_escape(t, false);
    if (c == '[')
        return translate_bracket(t);
    if (c == '(')
        return translate_group(t);
    if (c == '{')
        return translate_repeat(t);
    bool repeats = c == '*' || c == '+' || c == '?' || c == '}';
    if (repeats && (peek(t, 1) == '?' || peek(t, 1) == '+'))
        return refuse_pattern(t, "reluctant and possessive repetition is not supported");
    bs_buf_append_byte(&t->out, c);
    t->at++;
    return BS_OK;
}

static enum bs_code translate(struct translation *t)
{
    if (t->pattern.len > PATTERN_BYTES_MAX)
        return refuse_pattern(t, "longer than 1000 bytes");
    if (bs_str_starts_with(t->pattern, BS_STR("(?i)"))) {
        t->flags |= REG_ICASE;
        t->at = 4;
    }
    while (t->at < t->pattern.len)
        BS_TRY(translate_one(t));
    return BS_OK;
}

static enum bs_code compile_translated(struct translation *t)
{
    int failure = regcomp(&t->compiled->regex, bs_buf_cstr(&t->out), t->flags);
    if (failure == 0)
        return BS_OK;
    char text[120];
    regerror(failure, &t->compiled->regex, text, sizeof(text));
    return bs_error_set(t->env->error, BS_REASON_Q_INVALID_ARGUMENT,
                        "regular expression \"%.*s\": %s", BS_STR_ARGS(t->pattern), text);
}

static enum bs_code compile(struct builtin_env *env, struct bs_str pattern,
                            struct compiled **ret_compiled)
{
    struct regex_cache *cache = env->regexes;
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        struct compiled *slot = &cache->slots[i];
        if (slot->text.ptr != NULL && bs_str_equal(slot->text, pattern)) {
            *ret_compiled = slot;
            return BS_OK;
        }
    }
    struct compiled *slot = &cache->slots[cache->next++ % CACHE_SLOTS];
    compiled_fini(slot);
    struct translation t = {
        .env = env,
        .pattern = pattern,
        .out = BS_BUF_INIT(0),
        .compiled = slot,
        .repeats = 1,
        .flags = REG_EXTENDED,
    };
    enum bs_code code = translate(&t);
    if (code == BS_OK)
        code = compile_translated(&t);
    bs_buf_fini(&t.out);
    if (code != BS_OK) {
        *slot = (struct compiled){.text = {.ptr = NULL}};
        return code;
    }
    char *text = (char *)bs_malloc(pattern.len + 1);
    if (pattern.len > 0)
        memcpy(text, pattern.ptr, pattern.len);
    slot->text = bs_str_make(text, pattern.len);
    *ret_compiled = slot;
    return BS_OK;
}

/* ---- searching ---- */

static struct edn matched(struct bs_str text, const regmatch_t *match)
{
    if (match->rm_so < 0)
        return edn_nil();
    return edn_string(
        bs_str_slice(text, (size_t)match->rm_so, (size_t)(match->rm_eo - match->rm_so)));
}

static enum bs_code search(struct builtin_env *env, struct bs_str pattern, struct bs_str text,
                           bool whole, struct edn *ret_value)
{
    struct compiled *compiled = NULL;
    BS_TRY(compile(env, pattern, &compiled));
    regmatch_t matches[GROUPS_MAX + 1] = {{0}};
    matches[0] = (regmatch_t){.rm_so = 0, .rm_eo = (regoff_t)text.len};
    *ret_value = edn_nil();
    if (regexec(&compiled->regex, text.ptr ? text.ptr : "", GROUPS_MAX + 1, matches,
                REG_STARTEND) != 0)
        return BS_OK;
    if (whole && (matches[0].rm_so != 0 || (size_t)matches[0].rm_eo != text.len))
        return BS_OK;
    if (compiled->groups_count == 0) {
        *ret_value = matched(text, &matches[0]);
        return BS_OK;
    }
    struct edn groups[GROUPS_MAX + 1];
    groups[0] = matched(text, &matches[0]);
    for (size_t i = 0; i < compiled->groups_count; i++)
        groups[i + 1] = matched(text, &matches[compiled->groups[i]]);
    *ret_value = edn_vector_of(env->arena, groups, compiled->groups_count + 1);
    return BS_OK;
}

enum bs_code regex_search(struct builtin_env *env, struct bs_str pattern, struct bs_str text,
                          bool whole, struct edn *ret_value)
{
    if (env->regexes->locale == (locale_t)0)
        return search(env, pattern, text, whole, ret_value);
    locale_t before = uselocale(env->regexes->locale);
    enum bs_code code = search(env, pattern, text, whole, ret_value);
    uselocale(before);
    return code;
}

enum bs_code regex_check(struct builtin_env *env, struct bs_str pattern)
{
    struct edn ignored;
    return regex_search(env, pattern, BS_STR(""), false, &ignored);
}
