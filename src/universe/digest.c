/*
 * SHA-256, as this room uses it: for tokens at each call, and for chance. The algorithm is fetched
 * once for the process, as fetching costs more than hashing does.
 */

#include "universe/internal.h"

#include <openssl/evp.h>

static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    BS_ASSERT(sha256);
}

void universe_sha256(const void *bytes, size_t size, uint8_t ret_digest[UNIVERSE_DIGEST_BYTES])
{
    pthread_once(&sha256_once, fetch_sha256);
    BS_ASSERT(EVP_Digest(bytes, size, ret_digest, NULL, sha256, NULL) == 1);
}
