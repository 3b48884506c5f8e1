/* The string formats, by hand: each is a few lines, and none needs a regular expression. */

#include "rpc/formats.h"

#include "base/base.h"
#include "rpc/reflect.h"

#define EMAIL_BYTES_MAX 254
#define EMAIL_LOCAL_BYTES_MAX 64
#define LABEL_BYTES_MAX 63

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_alnum(char c)
{
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* Labels of letters, digits and inner hyphens; letters beyond ASCII pass, as in IDNs. */
static bool is_label(struct bs_str label)
{
    if (label.len == 0 || label.len > LABEL_BYTES_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-' && (unsigned char)label.ptr[i] < 0x80)
            return false;
    }
    return true;
}

static bool is_domain(struct bs_str domain)
{
    struct bs_str label;
    bool is_empty = domain.len == 0;
    while (bs_str_split(&domain, '.', &label)) {
        if (!is_label(label))
            return false;
    }
    return !is_empty;
}

static bool is_email_local(struct bs_str local)
{
    if (local.len == 0 || local.len > EMAIL_LOCAL_BYTES_MAX || local.ptr[0] == '.' ||
        local.ptr[local.len - 1] == '.' || bs_str_find(local, BS_STR("..")) >= 0)
        return false;
    for (size_t i = 0; i < local.len; i++) {
        char c = local.ptr[i];
        if ((unsigned char)c <= 0x20 || c == 0x7f || strchr("()<>[]:;@\\,\"", c))
            return false;
    }
    return true;
}

static bool is_email(struct bs_str text)
{
    ptrdiff_t at = bs_str_find_byte(text, '@');
    return at > 0 && text.len <= EMAIL_BYTES_MAX &&
           is_email_local(bs_str_slice(text, 0, (size_t)at)) &&
           is_domain(bs_str_from_offset(text, (size_t)at + 1));
}

static bool is_slug(struct bs_str text)
{
    struct bs_str part;
    bool is_empty = text.len == 0;
    while (bs_str_split(&text, '-', &part)) {
        if (part.len == 0)
            return false;
        for (size_t i = 0; i < part.len; i++) {
            if (!is_lower_alnum(part.ptr[i]))
                return false;
        }
    }
    return !is_empty;
}

static bool is_hex24(struct bs_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]) && !(text.ptr[i] >= 'a' && text.ptr[i] <= 'f'))
            return false;
    }
    return text.len == 24;
}

/* http or https, then a host and what may follow; no user, no bytes that would have to be escaped.
 */
static bool is_url(struct bs_str text)
{
    if (bs_str_starts_with(text, BS_STR("https://")))
        text = bs_str_from_offset(text, 8);
    else if (bs_str_starts_with(text, BS_STR("http://")))
        text = bs_str_from_offset(text, 7);
    else
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if ((unsigned char)c <= 0x20 || c == 0x7f || strchr("<>\"{}|\\^`", c))
            return false;
    }
    size_t end = 0;
    while (end < text.len && !strchr("/?#", text.ptr[end]))
        end++;
    struct bs_str host = bs_str_slice(text, 0, end);
    ptrdiff_t colon = bs_str_find_byte(host, ':');
    uint64_t port = 0;
    if (colon >= 0) {
        struct bs_str digits = bs_str_from_offset(host, (size_t)colon + 1);
        if (!bs_str_parse_u64(digits, &port) || port == 0 || port > 65535)
            return false;
        host.len = (size_t)colon;
    }
    return is_domain(host);
}

bool rpc_format_matches(enum rpc_format format, struct bs_str text)
{
    uint8_t uuid[16];
    switch (format) {
    case RPC_FORMAT_EMAIL:
        return is_email(text);
    case RPC_FORMAT_SLUG:
        return is_slug(text);
    case RPC_FORMAT_HEX24:
        return is_hex24(text);
    case RPC_FORMAT_UUID:
        return bs_uuid_parse(text, uuid);
    case RPC_FORMAT_URL:
        return is_url(text);
    default:
        return true;
    }
}

const char *rpc_format_text(enum rpc_format format)
{
    switch (format) {
    case RPC_FORMAT_EMAIL:
        return "an e-mail address";
    case RPC_FORMAT_SLUG:
        return "a slug (lower-case letters and digits, joined by single hyphens)";
    case RPC_FORMAT_HEX24:
        return "24 lower-case hex digits";
    case RPC_FORMAT_UUID:
        return "a UUID";
    case RPC_FORMAT_URL:
        return "an absolute http or https URL";
    default:
        return "any text";
    }
}

void rpc_append_options(const char *const *options, struct bs_buf *out)
{
    for (size_t i = 0; options[i]; i++) {
        if (i > 0)
            bs_buf_append_cstr(out, ", ");
        rpc_append_quoted(out, bs_str_from(options[i]));
    }
}
