/*
 * Chance. A universe has a key, a call a number; whatever a call draws is a hash of both. Ids come
 * from a 64-bit seed that stands on the call's transactions, so that a call can be run again;
 * secrets come from the key itself, which no store ever sees, so that nobody who reads a store can
 * make them.
 */

#include "universe/internal.h"

#include <string.h>

void universe_derive(const uint8_t key[UNIVERSE_KEY_BYTES], const char *label, uint64_t a,
                     uint64_t b, uint8_t ret_block[UNIVERSE_KEY_BYTES])
{
    uint8_t text[UNIVERSE_KEY_BYTES + 2 * sizeof(uint64_t) + 16];
    size_t label_size = strlen(label);
    BS_ASSERT(label_size < 16);
    memcpy(text, key, UNIVERSE_KEY_BYTES);
    bs_store_u64(text + UNIVERSE_KEY_BYTES, a);
    bs_store_u64(text + UNIVERSE_KEY_BYTES + sizeof(uint64_t), b);
    memcpy(text + sizeof(text) - 16, label, label_size);
    memset(text + sizeof(text) - 16 + label_size, 0, 16 - label_size);
    universe_sha256(text, sizeof(text), ret_block);
}

static void seed_ids(struct universe *call)
{
    uint8_t block[UNIVERSE_KEY_BYTES];
    universe_derive(call->shared->key, "ids", call->ordinal, 0, block);
    uint64_t seed = bs_load_u64(block) >> 1;
    call->seed = (int64_t)seed;
    bs_random_seed(&call->ids, seed);
    call->has_seed = true;
}

struct bs_str universe_new_id(struct universe *call)
{
    uint8_t bytes[12];
    struct bs_buf text = BS_BUF_INIT(24);
    if (!call->has_seed)
        seed_ids(call);
    bs_random_fill(&call->ids, bytes, sizeof(bytes));
    bs_hex_encode(&text, bytes, sizeof(bytes));
    struct bs_str id = bs_arena_dup(call->arena, bs_str_make(text.ptr, text.len));
    bs_buf_fini(&text);
    return id;
}

void universe_new_secret(struct universe *call, void *ret_bytes, size_t size)
{
    uint8_t *cursor = ret_bytes;
    while (size > 0) {
        uint8_t block[UNIVERSE_KEY_BYTES];
        size_t part = BS_MIN(size, sizeof(block));
        universe_derive(call->shared->key, "secret", call->ordinal, call->secrets_used++, block);
        memcpy(cursor, block, part);
        cursor += part;
        size -= part;
    }
}
