/*
 * Browsers keep the session's token in a cookie that no script can read. A request that may change
 * something must also bring, in a header, what only a script of our own pages can have read: a
 * second cookie's text, which is a hash of the token. So nothing is kept here, and a cookie that a
 * neighbouring host has planted is worth nothing.
 */

#include <openssl/sha.h>

#include "base/encoding.h"
#include "bridge/internal.h"

#define SESSION_COOKIE "bandstand_session"
#define XSRF_COOKIE "XSRF-TOKEN"
#define XSRF_HEADER "X-XSRF-TOKEN"
#define XSRF_BYTES 24 /* 32 characters */

void bridge_xsrf_token(struct bs_str token, char ret_text[BRIDGE_XSRF_TEXT_SIZE])
{
    static const char purpose[] = "bandstand xsrf:";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append(&text, purpose, sizeof(purpose) - 1);
    bs_buf_append_str(&text, token);
    SHA256((const unsigned char *)text.ptr, text.len, digest);
    bs_buf_reset(&text);
    bs_base64url_encode(&text, digest, XSRF_BYTES);
    BS_ASSERT(text.len == BRIDGE_XSRF_TEXT_SIZE - 1);
    memcpy(ret_text, bs_buf_cstr(&text), BRIDGE_XSRF_TEXT_SIZE);
}

/* Takes as long for a near miss as for a far one. */
static bool equal_in_constant_time(struct bs_str a, struct bs_str b)
{
    unsigned difference = a.len != b.len;
    for (size_t i = 0; i < a.len && i < b.len; i++)
        difference |= (unsigned char)(a.ptr[i] ^ b.ptr[i]);
    return difference == 0;
}

/* What may stand in a cookie without quotes: RFC 6265's cookie-octet. */
static bool is_cookie_value(struct bs_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= 0x20 || c >= 0x7f || strchr("\",;\\", c))
            return false;
    }
    return text.len > 0;
}

enum bridge_cookie bridge_session_read(const struct http_request *request, struct bs_str *ret_token)
{
    struct bs_str proof = BS_STR_EMPTY;
    char expected[BRIDGE_XSRF_TEXT_SIZE];
    if (!http_cookie_find(request->fields, request->fields_count, SESSION_COOKIE, ret_token) ||
        !is_cookie_value(*ret_token))
        return BRIDGE_COOKIE_NONE;
    if (request->method == HTTP_GET || request->method == HTTP_HEAD)
        return BRIDGE_COOKIE_GOOD;
    if (http_field_find(request->fields, request->fields_count, XSRF_HEADER, &proof) != 1)
        return BRIDGE_COOKIE_UNPROVEN;
    bridge_xsrf_token(*ret_token, expected);
    return equal_in_constant_time(proof, bs_str_from(expected)) ? BRIDGE_COOKIE_GOOD
                                                                : BRIDGE_COOKIE_UNPROVEN;
}

static void set_cookies(struct bs_str token, struct bs_str proof, struct bs_str seconds,
                        bool secure, struct bs_arena *arena, struct bridge_reply *reply)
{
    const char *more = secure ? "; Secure" : "";
    bridge_reply_add(reply, "Set-Cookie",
                     bs_arena_printf(arena,
                                     SESSION_COOKIE
                                     "=%.*s; Path=/; Max-Age=%.*s; SameSite=Strict; HttpOnly%s",
                                     BS_STR_ARGS(token), BS_STR_ARGS(seconds), more));
    bridge_reply_add(reply, "Set-Cookie",
                     bs_arena_printf(arena,
                                     XSRF_COOKIE "=%.*s; Path=/; Max-Age=%.*s; SameSite=Strict%s",
                                     BS_STR_ARGS(proof), BS_STR_ARGS(seconds), more));
}

void bridge_session_clear(bool secure, struct bs_arena *arena, struct bridge_reply *reply)
{
    set_cookies(BS_STR_EMPTY, BS_STR_EMPTY, BS_STR("0"), secure, arena, reply);
}

void bridge_session_set(struct bs_str value, bool secure, struct bs_arena *arena,
                        struct bridge_reply *reply)
{
    struct bs_str token = value, seconds;
    uint64_t number;
    char proof[BRIDGE_XSRF_TEXT_SIZE];
    if (!bs_str_split(&token, ' ', &seconds) || !bs_str_parse_u64(seconds, &number) ||
        number == 0 || !token.ptr || !is_cookie_value(token)) {
        bridge_session_clear(secure, arena, reply);
        return;
    }
    bridge_xsrf_token(token, proof);
    set_cookies(token, bs_str_from(proof), seconds, secure, arena, reply);
}
