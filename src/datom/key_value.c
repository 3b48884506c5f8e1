/*
 * Ordered values, written: bytes whose memcmp order is the order of the values of a type,
 * prefix-free, cut and completed by a hash when long (docs/format.md, section 4). They go straight
 * into the caller's fixed array; only a value that is cut takes memory, for its hash.
 */

#include <openssl/evp.h>
#include <pthread.h>

#include "datom/codec.h"
#include "datom/decimal.h"
#include "datom/ordered.h"

/* ---- the hash of what is cut ---- */

static EVP_MD *sha256; /* fetched once for the process: fetching is what costs */
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    BS_ASSERT(sha256 != NULL);
}

static EVP_MD_CTX *hash_begin(void)
{
    pthread_once(&sha256_once, fetch_sha256);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    int done = hash ? EVP_DigestInit_ex2(hash, sha256, NULL) : 0;
    BS_ASSERT(done == 1);
    return hash;
}

static void hash_add(EVP_MD_CTX *hash, const void *bytes, size_t size)
{
    int done = EVP_DigestUpdate(hash, bytes, size);
    BS_ASSERT(done == 1);
}

static void hash_finish(EVP_MD_CTX *hash, uint8_t ret_bytes[DATOM_KEY_VALUE_HASH])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    int done = EVP_DigestFinal_ex(hash, digest, NULL);
    BS_ASSERT(done == 1);
    memcpy(ret_bytes, digest, DATOM_KEY_VALUE_HASH);
    EVP_MD_CTX_free(hash);
}

/* ---- encoding ---- */

/* Where ordered bytes go: the first DATOM_KEY_VALUE_MAX into the value, all into the hash if there
 * are more. */
struct sink {
    struct datom_key_value *value;
    bool wants_hash;
    bool is_full;     /* of what is kept, when no hash is wanted: the rest does not matter */
    EVP_MD_CTX *hash; /* NULL until the value is cut */
};

static void put_beyond(struct sink *sink, const uint8_t *bytes, size_t size)
{
    struct datom_key_value *value = sink->value;
    if (!value->is_cut) {
        size_t kept = (size_t)(DATOM_KEY_VALUE_MAX - value->len);
        memcpy(value->bytes + value->len, bytes, kept);
        value->len = DATOM_KEY_VALUE_MAX;
        value->is_cut = true;
        bytes += kept;
        size -= kept;
        if (sink->wants_hash) {
            sink->hash = hash_begin();
            hash_add(sink->hash, value->bytes, DATOM_KEY_VALUE_MAX);
        } else {
            sink->is_full = true;
        }
    }
    if (sink->hash)
        hash_add(sink->hash, bytes, size);
}

static inline void put(struct sink *sink, const uint8_t *bytes, size_t size)
{
    struct datom_key_value *value = sink->value;
    if (__builtin_expect(!value->is_cut && size <= (size_t)(DATOM_KEY_VALUE_MAX - value->len), 1)) {
        memcpy(value->bytes + value->len, bytes, size);
        value->len = (uint16_t)(value->len + size);
    } else {
        put_beyond(sink, bytes, size);
    }
}

static inline void put_byte(struct sink *sink, uint8_t byte)
{
    put(sink, &byte, 1);
}

static inline void put_u64(struct sink *sink, uint64_t number)
{
    uint8_t bytes[8];
    bs_store_u64(bytes, number);
    put(sink, bytes, sizeof(bytes));
}

/* How many bytes at the front need no escape. */
static size_t plain_length(const uint8_t *bytes, size_t size)
{
    const uint64_t ones = UINT64_MAX / 255;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof(word));
        if ((word - ones * (DATOM_TEXT_ESCAPE + 1)) & ~word & ones * 0x80) /* has a byte below 2 */
            break;
    }
    while (i < size && bytes[i] > DATOM_TEXT_ESCAPE)
        i++;
    return i;
}

static void put_text(struct sink *sink, const uint8_t *bytes, size_t size)
{
    while (size > 0 && !sink->is_full) {
        size_t plain = plain_length(bytes, size);
        put(sink, bytes, plain);
        if (plain == size)
            break;
        put(sink, (const uint8_t[]){DATOM_TEXT_ESCAPE, (uint8_t)(bytes[plain] + 1)}, 2);
        bytes += plain + 1;
        size -= plain + 1;
    }
    put_byte(sink, DATOM_TEXT_END);
}

/* Bytes, each flipped for a negative number: larger magnitudes go first. */
static void put_flipped(struct sink *sink, uint8_t *bytes, size_t size, bool flip)
{
    for (size_t i = 0; flip && i < size; i++)
        bytes[i] = (uint8_t)~bytes[i];
    put(sink, bytes, size);
}

static void put_bigint(struct sink *sink, const struct edn_number *number)
{
    size_t size = number->magnitude_bytes;
    BS_ASSERT(size <= DATOM_MAGNITUDE_BYTES_MAX);
    uint8_t bytes[2 + DATOM_MAGNITUDE_BYTES_MAX];
    bs_store_u16(bytes, (uint16_t)(DATOM_BIGINT_ZERO + size));
    memcpy(bytes + 2, number->magnitude, size);
    if (number->negative) {
        bs_store_u16(bytes, (uint16_t)(DATOM_BIGINT_ZERO - size));
        put(sink, bytes, 2);
        put_flipped(sink, bytes + 2, size, true);
        return;
    }
    put(sink, bytes, 2 + size);
}

/*
 * The number as 0.d1d2d3... * 10^exponent, d1 and the last digit not 0: equal decimals have the
 * same. Two digits a byte, plus one, so that 0 ends them.
 */
static void put_bigdec(struct sink *sink, const struct edn_number *number)
{
    struct datom_digits digits;
    datom_digits_of(number, &digits);
    uint32_t count = digits.count;
    while (count > 0 && digits.digits[count - 1] == 0)
        count--;
    if (count == 0) {
        put_byte(sink, DATOM_BIGDEC_ZERO);
        sink->value->is_complete &= number->scale == 0;
        return;
    }
    sink->value->is_complete &= count == digits.count;
    put_byte(sink, number->negative ? DATOM_BIGDEC_NEGATIVE : DATOM_BIGDEC_POSITIVE);

    uint8_t bytes[8 + DATOM_DIGITS_MAX / 2 + 2];
    int64_t exponent = (int64_t)digits.count - number->scale;
    bs_store_u64(bytes, (uint64_t)(exponent + DATOM_EXPONENT_BIAS));
    uint8_t *at = bytes + 8;
    for (uint32_t i = 0; i < count; i += 2) {
        unsigned low = i + 1 < count ? digits.digits[i + 1] : 0;
        *at++ = (uint8_t)(digits.digits[i] * 10u + low + 1u);
    }
    *at++ = 0;
    const size_t skip = 8 - DATOM_EXPONENT_BYTES;
    put_flipped(sink, bytes + skip, (size_t)(at - bytes) - skip, number->negative);
}

static void put_scalar(struct sink *sink, enum datom_tag tag, struct edn value)
{
    uint8_t bytes[4];
    uint64_t bits;
    uint32_t bits32;
    put_byte(sink, (uint8_t)tag);
    switch (tag) {
    case DATOM_TAG_NIL:
        break;
    case DATOM_TAG_BOOLEAN:
        put_byte(sink, value.as.boolean);
        break;
    case DATOM_TAG_REF:
        put_u64(sink, (uint64_t)value.as.integer);
        break;
    case DATOM_TAG_LONG:
    case DATOM_TAG_INSTANT:
        put_u64(sink, (uint64_t)value.as.integer ^ DATOM_SIGN_64);
        break;
    case DATOM_TAG_FLOAT:
        bits32 = datom_float_bits(value.as.float32);
        bs_store_u32(bytes, bits32 & DATOM_SIGN_32 ? ~bits32 : bits32 ^ DATOM_SIGN_32);
        put(sink, bytes, sizeof(bytes));
        break;
    case DATOM_TAG_DOUBLE:
        bits = datom_double_bits(value.as.float64);
        put_u64(sink, bits & DATOM_SIGN_64 ? ~bits : bits ^ DATOM_SIGN_64);
        break;
    case DATOM_TAG_UUID:
        put(sink, value.as.bytes, 16);
        break;
    case DATOM_TAG_BIGINT:
        put_bigint(sink, value.as.number);
        break;
    case DATOM_TAG_BIGDEC:
        put_bigdec(sink, value.as.number);
        break;
    default:
        put_text(sink, value.as.bytes, value.len);
        break;
    }
}

static void put_value(struct sink *sink, enum datom_tag tag, struct edn value)
{
    if (tag != DATOM_TAG_TUPLE) {
        put_scalar(sink, tag, value);
        return;
    }
    BS_ASSERT(value.len <= BS_LIMIT_TUPLE_MAX);
    put_byte(sink, DATOM_TAG_TUPLE);
    for (uint32_t i = 0; i < value.len; i++)
        put_scalar(sink, datom_tag_of_element(value.as.items[i]), value.as.items[i]);
    put_byte(sink, DATOM_TAG_END);
}

static void encode(struct edn value, enum datom_type type, bool wants_hash,
                   struct datom_key_value *ret_value)
{
    ret_value->len = 0;
    ret_value->is_cut = false;
    ret_value->is_complete = true;
    struct sink sink = {.value = ret_value, .wants_hash = wants_hash};
    put_value(&sink, datom_tag_of(value, type), value);
    if (!ret_value->is_cut)
        return;
    ret_value->is_complete = false;
    if (sink.hash) {
        hash_finish(sink.hash, ret_value->bytes + DATOM_KEY_VALUE_MAX);
        ret_value->len = DATOM_KEY_VALUE_MAX + DATOM_KEY_VALUE_HASH;
    }
}

void datom_key_value_encode(struct edn value, enum datom_type type,
                            struct datom_key_value *ret_value)
{
    encode(value, type, true, ret_value);
}

void datom_key_value_encode_start(struct edn value, enum datom_type type,
                                  struct datom_key_value *ret_value)
{
    encode(value, type, false, ret_value);
}
