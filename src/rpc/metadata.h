#ifndef RPC_METADATA_H
#define RPC_METADATA_H

/*
 * Metadata: keys and values beside a message, in order, duplicates allowed. Keys are lower case,
 * `[0-9a-z_.-]+`; values printable ASCII, or any bytes when the key ends in -bin (raw here; base64
 * only on text transports). Entries and their bytes live in the arena. The caller serializes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

struct rpc_metadata_entry {
    struct bs_str key;
    struct bs_str value;
};

struct rpc_metadata {
    struct bs_arena *arena; /* borrowed; NULL: a view of static entries, nothing can be added */
    struct rpc_metadata_entry *entries;
    size_t count;
    size_t capacity;
    size_t bytes; /* sum of key + value + 32, a -bin value counted as base64 */
};

BS_API void rpc_metadata_init(struct rpc_metadata *metadata, struct bs_arena *arena);

/*
 * Appends copies, the key lowered, blanks at the value's ends dropped (not of -bin). RPC_METADATA
 * for a malformed key or value (naming it), RPC_TOO_LARGE beyond BS_LIMIT_METADATA_*.
 */
BS_API BS_MUST_CHECK enum bs_code rpc_metadata_add(struct rpc_metadata *metadata, struct bs_str key,
                                                   struct bs_str value, struct bs_error *error);
/* The same from a text transport: a -bin value is comma-joined base64, padded or not; one entry
 * each. */
BS_API BS_MUST_CHECK enum bs_code rpc_metadata_add_text(struct rpc_metadata *metadata,
                                                        struct bs_str key, struct bs_str value,
                                                        struct bs_error *error);
/* Replaces all values of the key. For keys that are ours: BS_ASSERTs that they fit. */
BS_API void rpc_metadata_set(struct rpc_metadata *metadata, struct bs_str key, struct bs_str value);
BS_API BS_MUST_CHECK enum bs_code rpc_metadata_add_all(struct rpc_metadata *metadata,
                                                       const struct rpc_metadata *from,
                                                       struct bs_error *error);

/* The first value of a key in lower case; NULL ptr when there is none. `metadata` may be NULL. */
BS_API struct bs_str rpc_metadata_get(const struct rpc_metadata *metadata, struct bs_str key);
BS_API bool rpc_metadata_has(const struct rpc_metadata *metadata, struct bs_str key);
BS_API size_t rpc_metadata_count(const struct rpc_metadata *metadata, struct bs_str key);

static inline bool rpc_metadata_key_is_binary(struct bs_str key)
{
    return bs_str_ends_with(key, BS_STR("-bin"));
}

/*
 * Time left as text: digits and a unit: ns us ms s m h, or gRPC's one letter H M S m u n. "500m" is
 * ambiguous: a lone m is gRPC's millisecond. At most 19 digits; saturates. RPC_METADATA when
 * malformed: empty, sign, fraction, blank, no unit. 0 is legal here and has passed already.
 */
BS_API BS_MUST_CHECK enum bs_code rpc_deadline_parse(struct bs_str text, int64_t *ret_ns,
                                                     struct bs_error *error);
/* Rounded up to ms, "1500ms"; at least "1ms". */
#define RPC_DEADLINE_TEXT_SIZE 32
BS_API void rpc_deadline_format(int64_t ns, char ret_text[RPC_DEADLINE_TEXT_SIZE]);

#endif
