/*
 * Passwords by scrypt, tokens by SHA-256. scrypt's cost (N = 2^14, r = 8, p = 5: 16 MiB, see the
 * OWASP password storage cheat sheet) stands in each hash, so it can be raised without touching old
 * ones.
 */

#include "universe/internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define SALT_BYTES 16
#define HASH_BYTES 32
#define TOKEN_BYTES 32
#define MAX_MEMORY_BYTES (256u * 1024 * 1024)

struct cost {
    uint64_t log_n, r, p;
};

static const struct cost current_cost = {.log_n = 14, .r = 8, .p = 5};

static bool compute(struct bs_str password, const uint8_t *salt, size_t salt_size,
                    const struct cost *cost, uint8_t ret_hash[HASH_BYTES])
{
    return EVP_PBE_scrypt(password.ptr, password.len, salt, salt_size, UINT64_C(1) << cost->log_n,
                          cost->r, cost->p, MAX_MEMORY_BYTES, ret_hash, HASH_BYTES) == 1;
}

struct bs_str universe_hash_password(struct universe *call, struct bs_str password)
{
    uint8_t salt[SALT_BYTES];
    uint8_t hash[HASH_BYTES];
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    universe_new_secret(call, salt, sizeof(salt));
    BS_ASSERT(compute(password, salt, sizeof(salt), &current_cost, hash));
    bs_buf_printf(&text, "scrypt$%d$%d$%d$", (int)current_cost.log_n, (int)current_cost.r,
                  (int)current_cost.p);
    bs_base64url_encode(&text, salt, sizeof(salt));
    bs_buf_append_byte(&text, '$');
    bs_base64url_encode(&text, hash, sizeof(hash));
    return bs_arena_dup(call->arena, bs_str_make(text.ptr, text.len));
}

static bool take_number(struct bs_str *rest, uint64_t max, uint64_t *ret_number)
{
    struct bs_str part;
    return bs_str_split(rest, '$', &part) && bs_str_parse_u64(part, ret_number) &&
           *ret_number >= 1 && *ret_number <= max;
}

static bool take_bytes(struct bs_str *rest, struct bs_buf *out)
{
    struct bs_str part;
    return bs_str_split(rest, '$', &part) &&
           bs_base64_decode(part, BS_BASE64_URL | BS_BASE64_OPTIONAL_PAD, out);
}

static bool parse(struct bs_str text, struct cost *ret_cost, struct bs_buf *salt,
                  struct bs_buf *hash)
{
    struct bs_str rest = text;
    struct bs_str name;
    return bs_str_split(&rest, '$', &name) && bs_str_equals(name, "scrypt") &&
           take_number(&rest, 17, &ret_cost->log_n) && take_number(&rest, 16, &ret_cost->r) &&
           take_number(&rest, 16, &ret_cost->p) && take_bytes(&rest, salt) &&
           take_bytes(&rest, hash) && !rest.ptr && hash->len == HASH_BYTES;
}

bool universe_check_password(struct bs_str hash, struct bs_str password)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf salt = BS_BUF_INIT(64);
    BS_CLEANUP(bs_buf_fini) struct bs_buf expected = BS_BUF_INIT(64);
    uint8_t actual[HASH_BYTES];
    struct cost cost;
    if (!parse(hash, &cost, &salt, &expected)) {
        /* the same work, so that nobody learns from the time whether there is an account */
        static const uint8_t no_salt[SALT_BYTES];
        (void)compute(password, no_salt, sizeof(no_salt), &current_cost, actual);
        return false;
    }
    return compute(password, (const uint8_t *)salt.ptr, salt.len, &cost, actual) &&
           CRYPTO_memcmp(actual, expected.ptr, HASH_BYTES) == 0;
}

struct bs_str universe_new_token(struct universe *call)
{
    uint8_t bytes[TOKEN_BYTES];
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    universe_new_secret(call, bytes, sizeof(bytes));
    bs_base64url_encode(&text, bytes, sizeof(bytes));
    return bs_arena_dup(call->arena, bs_str_make(text.ptr, text.len));
}

struct bs_str universe_hash_token(struct bs_arena *arena, struct bs_str token)
{
    uint8_t hash[UNIVERSE_DIGEST_BYTES];
    char text[2 * sizeof(hash) + 1];
    universe_sha256(token.ptr, token.len, hash);
    bs_hex_format(hash, sizeof(hash), text);
    return bs_arena_dup(arena, bs_str_make(text, sizeof(text) - 1));
}
