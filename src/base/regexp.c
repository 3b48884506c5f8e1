/*
 * On the C library's matcher (regex.h of POSIX): patterns are translated into its notation. One
 * that must match a whole text stands in ^(...)$, as the matcher then begins at one place only. The
 * matcher looks at the thread's locale when it compiles and when it searches, so both are done in
 * one of UTF-8 that the process makes once.
 */

#include "base/regexp.h"

#include <ctype.h>
#include <locale.h>
#include <pthread.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/memory.h"

struct bs_regexp {
    regex_t posix;
    bool whole;
    size_t groups_count;                      /* those that the user wrote as groups */
    uint8_t groups[BS_REGEXP_GROUPS_MAX + 1]; /* their numbers in `posix` */
};

/* ---- the locale ---- */

static locale_t utf8_locale; /* (locale_t)0: the system has none; then the thread's own is used */
static pthread_once_t utf8_locale_once = PTHREAD_ONCE_INIT;

static void make_locale(void)
{
    utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static locale_t enter_locale(void)
{
    pthread_once(&utf8_locale_once, make_locale);
    return utf8_locale == (locale_t)0 ? (locale_t)0 : uselocale(utf8_locale);
}

static void leave_locale(locale_t before)
{
    if (before != (locale_t)0)
        uselocale(before);
}

/* ---- from Java's notation ---- */

struct translation {
    struct bs_str pattern;
    struct bs_error *error;
    size_t at;
    struct bs_buf out;
    struct bs_regexp *regex;
    size_t group;        /* number of the last opened one */
    size_t group_offset; /* of ours around the pattern */
    size_t depth;        /* of groups that are open */
    uint64_t repeats;
    int flags;
};

static enum bs_code refuse_pattern(struct translation *t, const char *what)
{
    return bs_error_set(t->error, BS_REASON_Q_UNSUPPORTED,
                        "regular expression \"%.*s\", at %zu: %s", BS_STR_ARGS(t->pattern), t->at,
                        what);
}

static enum bs_code refuse_unmatched(struct translation *t, char c)
{
    return bs_error_set(t->error, BS_REASON_Q_INVALID_ARGUMENT,
                        "regular expression \"%.*s\", at %zu: unmatched %c",
                        BS_STR_ARGS(t->pattern), t->at, c);
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
    if (t->at >= t->pattern.len)
        return refuse_unmatched(t, '[');
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
    if (++t->group > BS_REGEXP_GROUPS_MAX + t->group_offset)
        return refuse_pattern(t, "more than 64 groups");
    t->depth++;
    if (captures)
        t->regex->groups[t->regex->groups_count++] = (uint8_t)t->group;
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
        else if (c >= '0' && c <= '9' && number <= BS_REGEXP_REPEATS_MAX)
            number = number * 10 + (uint64_t)(c - '0');
        most = BS_MAX(most, number);
        bs_buf_append_byte(&t->out, c);
    }
    t->repeats *= most;
    if (t->repeats > BS_REGEXP_REPEATS_MAX)
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
    if (c == ')' && t->depth-- == 0)
        return refuse_unmatched(t, c);
    bool repeats = c == '*' || c == '+' || c == '?' || c == '}';
    if (repeats && (peek(t, 1) == '?' || peek(t, 1) == '+'))
        return refuse_pattern(t, "reluctant and possessive repetition is not supported");
    bs_buf_append_byte(&t->out, c);
    t->at++;
    return BS_OK;
}

static enum bs_code translate(struct translation *t)
{
    if (t->pattern.len > BS_REGEXP_PATTERN_BYTES_MAX)
        return refuse_pattern(t, "longer than 1000 bytes");
    if (bs_str_starts_with(t->pattern, BS_STR("(?i)"))) {
        t->flags |= REG_ICASE;
        t->at = 4;
    }
    while (t->at < t->pattern.len)
        BS_TRY(translate_one(t));
    return BS_OK;
}

static int compile(struct translation *t)
{
    locale_t before = enter_locale();
    int failure = regcomp(&t->regex->posix, bs_buf_cstr(&t->out), t->flags);
    leave_locale(before);
    return failure;
}

static enum bs_code compile_translated(struct translation *t)
{
    int failure = compile(t);
    if (failure == 0)
        return BS_OK;
    char text[120];
    regerror(failure, &t->regex->posix, text, sizeof(text));
    return bs_error_set(t->error, BS_REASON_Q_INVALID_ARGUMENT, "regular expression \"%.*s\": %s",
                        BS_STR_ARGS(t->pattern), text);
}

enum bs_code bs_regexp_new(struct bs_str pattern, bool whole, struct bs_regexp **ret_regex,
                           struct bs_error *error)
{
    struct translation t = {
        .pattern = pattern,
        .error = error,
        .out = BS_BUF_INIT(0),
        .regex = (struct bs_regexp *)bs_calloc(1, sizeof(struct bs_regexp)),
        .group = whole ? 1 : 0,
        .group_offset = whole ? 1 : 0,
        .repeats = 1,
        .flags = REG_EXTENDED,
    };
    t.regex->whole = whole;
    if (whole)
        bs_buf_append_cstr(&t.out, "^(");
    enum bs_code code = translate(&t);
    if (whole)
        bs_buf_append_cstr(&t.out, ")$");
    if (code == BS_OK)
        code = compile_translated(&t);
    bs_buf_fini(&t.out);
    if (code == BS_OK)
        *ret_regex = t.regex;
    else
        free(t.regex);
    return code;
}

void bs_regexp_free(struct bs_regexp *regex)
{
    if (!regex)
        return;
    regfree(&regex->posix);
    free(regex);
}

size_t bs_regexp_groups_count(const struct bs_regexp *regex)
{
    return regex->groups_count;
}

/* ---- searching ---- */

/* About so many bytes are looked at between two questions to the interrupt, */
#define SLICE_BYTES (1024 * 1024)
/* and so many places are tried at least: only within a slice the matcher passes over bytes with
 * which no match begins. */
#define SLICE_PLACES_MIN 4096

/*
 * Where the leftmost match begins; -1: there is none. The places where it may begin are tried in
 * slices: at each the matcher may read the text to its end.
 */
static enum bs_code find_begin(const struct bs_regexp *regex, struct bs_str text,
                               const struct bs_interrupt *interrupt, regoff_t *ret_begin,
                               struct bs_error *error)
{
    union {
        const regex_t *in;
        regex_t *out; /* re_search changes nothing that a caller sees when it gives no registers */
    } posix = {.in = &regex->posix};
    regoff_t length = (regoff_t)text.len;
    regoff_t slice = (regoff_t)BS_MAX(SLICE_BYTES / (text.len + 1), (size_t)SLICE_PLACES_MIN);
    *ret_begin = -1;
    for (regoff_t at = 0; at <= length && *ret_begin < 0; at += slice) {
        regoff_t range = BS_MIN(slice - 1, length - at);
        BS_TRY(bs_interrupt_check(interrupt, error));
        *ret_begin = re_search(posix.out, text.ptr, length, at, range, NULL);
    }
    return BS_OK;
}

static enum bs_code search(const struct bs_regexp *regex, struct bs_str text,
                           const struct bs_interrupt *interrupt, bool *ret_found,
                           struct bs_regexp_span *ret_spans, struct bs_error *error)
{
    regmatch_t matches[BS_REGEXP_GROUPS_MAX + 2] = {{0}}; /* all, ours around it, the pattern's */
    regoff_t begin = 0;
    if (!regex->whole)
        BS_TRY(find_begin(regex, text, interrupt, &begin, error));
    *ret_found = false;
    if (begin < 0)
        return BS_OK;
    matches[0] = (regmatch_t){.rm_so = begin, .rm_eo = (regoff_t)text.len};
    *ret_found =
        regexec(&regex->posix, text.ptr, BS_ARRAY_COUNT(matches), matches, REG_STARTEND) == 0;
    for (size_t i = 0; *ret_found && ret_spans && i <= regex->groups_count; i++) {
        const regmatch_t *match = &matches[i == 0 ? 0 : regex->groups[i - 1]];
        ret_spans[i] = (struct bs_regexp_span){.begin = match->rm_so, .end = match->rm_eo};
    }
    return BS_OK;
}

enum bs_code bs_regexp_search(const struct bs_regexp *regex, struct bs_str text,
                              const struct bs_interrupt *interrupt, bool *ret_found,
                              struct bs_regexp_span ret_spans[BS_REGEXP_GROUPS_MAX + 1],
                              struct bs_error *error)
{
    locale_t before = enter_locale();
    if (!text.ptr)
        text = BS_STR("");
    enum bs_code code = search(regex, text, interrupt, ret_found, ret_spans, error);
    leave_locale(before);
    return code;
}
