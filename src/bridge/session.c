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

enum bridge_cookie bridge_session_read(const struct bridge_session *session,
                                       const struct http_request *request, struct bs_str *ret_token)
{
    struct bs_str proof = BS_STR_EMPTY;
    char expected[BRIDGE_XSRF_TEXT_SIZE];
    if (!session ||
        !http_cookie_find(request->fields, request->fields_count, SESSION_COOKIE, ret_token) ||
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

void bridge_session_set(const struct bridge_session *session, struct bs_str token,
                        struct bs_arena *arena, struct bridge_reply *reply)
{
    const char *secure = session->secure ? "; Secure" : "";
    char proof[BRIDGE_XSRF_TEXT_SIZE];
    if (!is_cookie_value(token))
        return; /* such a token goes by the header only */
    bridge_xsrf_token(token, proof);
    bridge_reply_add(reply, "Set-Cookie",
                     bs_arena_printf(arena,
                                     SESSION_COOKIE "=%.*s; Path=/; HttpOnly; SameSite=Lax%s",
                                     BS_STR_ARGS(token), secure));
    bridge_reply_add(
        reply, "Set-Cookie",
        bs_arena_printf(arena, XSRF_COOKIE "=%s; Path=/; SameSite=Lax%s", proof, secure));
}

void bridge_session_clear(const struct bridge_session *session, struct bs_arena *arena,
                          struct bridge_reply *reply)
{
    const char *secure = session->secure ? "; Secure" : "";
    bridge_reply_add(
        reply, "Set-Cookie",
        bs_arena_printf(arena, SESSION_COOKIE "=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax%s",
                        secure));
    bridge_reply_add(
        reply, "Set-Cookie",
        bs_arena_printf(arena, XSRF_COOKIE "=; Path=/; Max-Age=0; SameSite=Lax%s", secure));
}
