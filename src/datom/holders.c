/*
 * A table of slots in which each value has one place by its hash, and the last to come stays. The
 * whole value stands there, since a hash alone could name the holder of another one.
 */

#include "datom/holders.h"

#include <xxhash.h>

/* With the slots, 1.5 MiB, of which the system gives what is touched. */
#define SLOTS 32768u
/* Every scalar but long text and bytes. */
#define VALUE_MAX 31u

struct slot {
    datom_id id;
    uint32_t attribute;
    uint32_t epoch; /* another than the table's: free */
    uint8_t len;    /* of bytes; 0: free, as no value is empty */
    uint8_t bytes[VALUE_MAX];
};

struct datom_holders {
    uint64_t t;
    uint32_t epoch;     /* how often all was forgotten, so that this costs nothing */
    struct slot *slots; /* NULL: all are free */
};

struct datom_holders *datom_holders_new(void)
{
    return bs_calloc(1, sizeof(struct datom_holders));
}

void datom_holders_free(struct datom_holders *holders)
{
    if (!holders)
        return;
    free(holders->slots);
    free(holders);
}

void datom_holders_clear(struct datom_holders *holders)
{
    if (++holders->epoch > 0)
        return;
    free(holders->slots); /* once round: slots of the first epoch would seem to be of this one */
    holders->slots = NULL;
}

void datom_holders_expect(struct datom_holders *holders, uint64_t t)
{
    if (holders->t != t)
        datom_holders_clear(holders);
    holders->t = t;
}

void datom_holders_advance(struct datom_holders *holders, uint64_t t)
{
    holders->t = t;
}

static bool fits(const struct datom_key_value *value)
{
    return value->len > 0 && value->len <= VALUE_MAX;
}

static struct slot *place_of(const struct datom_holders *holders, datom_id attribute,
                             const struct datom_key_value *value)
{
    return &holders->slots[XXH3_64bits_withSeed(value->bytes, value->len, attribute) % SLOTS];
}

static bool is_of(const struct datom_holders *holders, const struct slot *slot, datom_id attribute,
                  const struct datom_key_value *value)
{
    return slot->len == value->len && slot->epoch == holders->epoch &&
           slot->attribute == attribute && memcmp(slot->bytes, value->bytes, value->len) == 0;
}

bool datom_holders_find(const struct datom_holders *holders, datom_id attribute,
                        const struct datom_key_value *value, datom_id *ret_id)
{
    if (!holders->slots || !fits(value))
        return false;
    const struct slot *slot = place_of(holders, attribute, value);
    if (!is_of(holders, slot, attribute, value))
        return false;
    *ret_id = slot->id;
    return true;
}

void datom_holders_put(struct datom_holders *holders, datom_id attribute,
                       const struct datom_key_value *value, datom_id id)
{
    if (!fits(value))
        return;
    if (!holders->slots)
        holders->slots = bs_calloc(SLOTS, sizeof(*holders->slots));
    struct slot *slot = place_of(holders, attribute, value);
    slot->id = id;
    slot->attribute = (uint32_t)attribute;
    slot->epoch = holders->epoch;
    slot->len = (uint8_t)value->len;
    memcpy(slot->bytes, value->bytes, value->len);
}

void datom_holders_remove(struct datom_holders *holders, datom_id attribute,
                          const struct datom_key_value *value)
{
    if (!holders->slots || !fits(value))
        return;
    struct slot *slot = place_of(holders, attribute, value);
    if (is_of(holders, slot, attribute, value))
        slot->len = 0;
}
