/* Metadata: the list itself, and the rules of the wire for what may stand in it. */

#include "rpc/metadata.h"

#include "base/buf.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "rpc/dispatcher_internal.h"

/* What an entry costs beside its texts, as gRPC counts. */
#define ENTRY_OVERHEAD_BYTES 32

void rpc_metadata_init(struct rpc_metadata *metadata, struct bs_arena *arena)
{
    *metadata = (struct rpc_metadata){.arena = arena};
}

static size_t entry_bytes(struct bs_str key, struct bs_str value)
{
    size_t len = rpc_metadata_key_is_binary(key) ? (value.len + 2) / 3 * 4 : value.len;
    return key.len + len + ENTRY_OVERHEAD_BYTES;
}

static bool key_char_is_legal(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* The key in lower case into `ret_text` of BS_LIMIT_METADATA_KEY_BYTES. */
static enum bs_code normalize_key(struct bs_str key, char *ret_text, struct bs_error *error)
{
    if (key.len == 0)
        return bs_error_set(error, BS_REASON_RPC_METADATA, "metadata: expected a key, got none");
    if (key.len > BS_LIMIT_METADATA_KEY_BYTES)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "metadata key %.20s...: expected at most %d bytes, got %zu", key.ptr,
                            BS_LIMIT_METADATA_KEY_BYTES, key.len);
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (!key_char_is_legal(c))
            return bs_error_set(
                error, BS_REASON_RPC_METADATA,
                "metadata key: expected letters, digits, _ - and ., got byte 0x%02x "
                "at %zu",
                (unsigned)(unsigned char)c, i);
        ret_text[i] = c;
    }
    return BS_OK;
}

static enum bs_code check_value(struct bs_str key, struct bs_str value, struct bs_error *error)
{
    if (value.len > BS_LIMIT_METADATA_VALUE_BYTES)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "metadata %.*s: expected a value of at most %d bytes, got %zu",
                            BS_STR_ARGS(key), BS_LIMIT_METADATA_VALUE_BYTES, value.len);
    if (rpc_metadata_key_is_binary(key))
        return BS_OK;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e)
            return bs_error_set(error, BS_REASON_RPC_METADATA,
                                "metadata %.*s: expected printable ASCII (or a key that ends in "
                                "-bin), got byte 0x%02x at %zu",
                                BS_STR_ARGS(key), (unsigned)(unsigned char)value.ptr[i], i);
    }
    return BS_OK;
}

void rpc_metadata_append(struct rpc_metadata *metadata, struct bs_str key, struct bs_str value)
{
    BS_ASSERT(metadata->arena);
    if (metadata->count == metadata->capacity) {
        size_t capacity = metadata->capacity ? metadata->capacity * 2 : 8;
        struct rpc_metadata_entry *entries =
            bs_arena_new_array(metadata->arena, capacity, struct rpc_metadata_entry);
        if (metadata->count > 0)
            memcpy(entries, metadata->entries, metadata->count * sizeof(*entries));
        metadata->entries = entries;
        metadata->capacity = capacity;
    }
    metadata->bytes += entry_bytes(key, value);
    metadata->entries[metadata->count++] = (struct rpc_metadata_entry){
        .key = bs_arena_dup(metadata->arena, key),
        .value = bs_arena_dup(metadata->arena, value),
    };
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

enum bs_code rpc_metadata_add(struct rpc_metadata *metadata, struct bs_str key, struct bs_str value,
                              struct bs_error *error)
{
    char text[BS_LIMIT_METADATA_KEY_BYTES];
    BS_TRY(normalize_key(key, text, error));
    key = bs_str_make(text, key.len);
    if (!rpc_metadata_key_is_binary(key)) {
        while (value.len > 0 && is_blank(value.ptr[0]))
            value = bs_str_from_offset(value, 1);
        while (value.len > 0 && is_blank(value.ptr[value.len - 1]))
            value.len--;
    }
    BS_TRY(check_value(key, value, error));
    if (metadata->count >= BS_LIMIT_METADATA_ENTRIES)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "metadata: expected at most %d entries, got %.*s beyond them",
                            BS_LIMIT_METADATA_ENTRIES, BS_STR_ARGS(key));
    if (metadata->bytes + entry_bytes(key, value) > BS_LIMIT_METADATA_BYTES)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "metadata: expected at most %u bytes in all, got %zu with %.*s",
                            BS_LIMIT_METADATA_BYTES, metadata->bytes + entry_bytes(key, value),
                            BS_STR_ARGS(key));
    rpc_metadata_append(metadata, key, value);
    return BS_OK;
}

enum bs_code rpc_metadata_add_text(struct rpc_metadata *metadata, struct bs_str key,
                                   struct bs_str value, struct bs_error *error)
{
    struct bs_buf BS_CLEANUP(bs_buf_fini) bytes = BS_BUF_INIT(BS_LIMIT_METADATA_BYTES);
    struct bs_str part;
    if (key.len < 4 ||
        !bs_str_equal_ignoring_case(bs_str_from_offset(key, key.len - 4), BS_STR("-bin")))
        return rpc_metadata_add(metadata, key, value, error);
    while (bs_str_split(&value, ',', &part)) {
        part = bs_str_trim(part);
        bs_buf_reset(&bytes);
        if (!bs_base64_decode(part, BS_BASE64_OPTIONAL_PAD, &bytes))
            return bs_error_set(
                error, BS_REASON_RPC_METADATA, "metadata %.*s: expected base64, got \"%.*s\"",
                (int)BS_MIN(key.len, 64u), key.ptr, (int)BS_MIN(part.len, 64u), part.ptr);
        BS_TRY(rpc_metadata_add(metadata, key, bs_buf_str(&bytes), error));
    }
    return BS_OK;
}

void rpc_metadata_set(struct rpc_metadata *metadata, struct bs_str key, struct bs_str value)
{
    size_t kept = 0;
    for (size_t i = 0; i < metadata->count; i++) {
        struct rpc_metadata_entry entry = metadata->entries[i];
        if (bs_str_equal(entry.key, key))
            metadata->bytes -= entry_bytes(entry.key, entry.value);
        else
            metadata->entries[kept++] = entry;
    }
    metadata->count = kept;
    BS_ASSERT(key.len <= BS_LIMIT_METADATA_KEY_BYTES && check_value(key, value, NULL) == BS_OK);
    rpc_metadata_append(metadata, key, value);
}

enum bs_code rpc_metadata_add_all(struct rpc_metadata *metadata, const struct rpc_metadata *from,
                                  struct bs_error *error)
{
    for (size_t i = 0; i < from->count; i++)
        BS_TRY(rpc_metadata_add(metadata, from->entries[i].key, from->entries[i].value, error));
    return BS_OK;
}

struct bs_str rpc_metadata_get(const struct rpc_metadata *metadata, struct bs_str key)
{
    for (size_t i = 0; metadata && i < metadata->count; i++) {
        if (bs_str_equal(metadata->entries[i].key, key))
            return metadata->entries[i].value;
    }
    return (struct bs_str){.ptr = NULL};
}

bool rpc_metadata_has(const struct rpc_metadata *metadata, struct bs_str key)
{
    return rpc_metadata_count(metadata, key) > 0;
}

size_t rpc_metadata_count(const struct rpc_metadata *metadata, struct bs_str key)
{
    size_t count = 0;
    for (size_t i = 0; metadata && i < metadata->count; i++)
        count += bs_str_equal(metadata->entries[i].key, key);
    return count;
}

enum bs_code rpc_deadline_parse(struct bs_str text, int64_t *ret_ns, struct bs_error *error)
{
    static const struct {
        const char *unit;
        int64_t ns;
    } units[] = {
        {"ns", 1},          {"us", 1000},         {"ms", 1000000},
        {"s", 1000000000},  {"h", 3600000000000}, {"n", 1},
        {"u", 1000},        {"m", 1000000},       {"S", 1000000000},
        {"M", 60000000000}, {"H", 3600000000000},
    };
    size_t digits = 0;
    uint64_t number;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    struct bs_str unit = bs_str_from_offset(text, digits);
    for (size_t i = 0; digits > 0 && digits <= 19 && i < BS_ARRAY_COUNT(units); i++) {
        if (!bs_str_equals(unit, units[i].unit))
            continue;
        if (!bs_str_parse_u64(bs_str_slice(text, 0, digits), &number) || number > INT64_MAX ||
            __builtin_mul_overflow((int64_t)number, units[i].ns, ret_ns))
            *ret_ns = INT64_MAX;
        return BS_OK;
    }
    return bs_error_set(error, BS_REASON_RPC_METADATA,
                        "deadline: expected digits and a unit (ns us ms s h, or gRPC's n u m S M "
                        "H), got \"%.*s\"",
                        (int)BS_MIN(text.len, 64u), text.ptr ? text.ptr : "");
}

void rpc_deadline_format(int64_t ns, char ret_text[RPC_DEADLINE_TEXT_SIZE])
{
    int64_t ms = ns <= 0 ? 1 : (ns - 1) / 1000000 + 1;
    snprintf(ret_text, RPC_DEADLINE_TEXT_SIZE, "%lldms", (long long)ms);
}

/* Keys that every server understands: a call has at most one value of each. The first four are
 * features, which somebody must have claimed. */
static const struct {
    const char *key;
    bool is_feature;
} known_keys[] = {
    {"idempotency-key", true}, {"dry-run", true},        {"as-of", true},
    {"min-basis-t", true},     {"authorization", false}, {"traceparent", false},
};

void rpc_metadata_claim(struct rpc_dispatcher *dispatcher, const char *const *keys)
{
    for (; keys && *keys; keys++) {
        for (size_t i = 0; i < BS_ARRAY_COUNT(known_keys); i++) {
            if (bs_str_equals(bs_str_from(*keys), known_keys[i].key))
                dispatcher->claims |= 1u << i;
        }
    }
}

bool rpc_metadata_has_feature(const struct rpc_metadata *metadata)
{
    for (size_t k = 0; k < BS_ARRAY_COUNT(known_keys); k++) {
        if (known_keys[k].is_feature && rpc_metadata_has(metadata, bs_str_from(known_keys[k].key)))
            return true;
    }
    return false;
}

enum bs_code rpc_metadata_check_call(void *self, struct rpc_call *call, struct bs_error *error)
{
    const struct rpc_dispatcher *dispatcher = (const struct rpc_dispatcher *)self;
    unsigned seen = 0;
    for (size_t i = 0; i < call->metadata.count; i++) {
        struct bs_str key = call->metadata.entries[i].key;
        for (size_t k = 0; k < BS_ARRAY_COUNT(known_keys); k++) {
            if (!bs_str_equals(key, known_keys[k].key))
                continue;
            if (seen & 1u << k)
                return bs_error_set(error, BS_REASON_RPC_METADATA,
                                    "metadata %s: expected one value, got several",
                                    known_keys[k].key);
            seen |= 1u << k;
            if (known_keys[k].is_feature && !(dispatcher->claims & 1u << k))
                return bs_error_set(error, BS_REASON_RPC_UNIMPLEMENTED_METADATA,
                                    "metadata %s: not built into this server", known_keys[k].key);
        }
    }
    return BS_OK;
}
