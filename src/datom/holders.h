#ifndef DATOM_HOLDERS_H
#define DATOM_HOLDERS_H

/*
 * Who holds which unique value: a memory of what the transactions of a connection have found out
 * and said last, so that a value that comes again is not sought in the index again. Of a bounded
 * size: a value may push another one out, and one that is not known may well be held. Long values
 * are not kept.
 *
 * It is true of one state of the database, that of `t`; whoever goes on from another state than
 * the last transaction's says so. The caller serializes (a connection's lock).
 */

#include "datom/key.h"

struct datom_holders;

struct datom_holders *datom_holders_new(void);
void datom_holders_free(struct datom_holders *holders); /* NULL: nothing */

/* Forgets all, unless it knows the state of t. */
void datom_holders_expect(struct datom_holders *holders, uint64_t t);
/* What it knows is true of the state of t from now on. */
void datom_holders_advance(struct datom_holders *holders, uint64_t t);
void datom_holders_clear(struct datom_holders *holders);

/* False: not known. */
bool datom_holders_find(const struct datom_holders *holders, datom_id attribute,
                        const struct datom_key_value *value, datom_id *ret_id);
/* That `id` holds a value, and that whoever held it does no more. */
void datom_holders_put(struct datom_holders *holders, datom_id attribute,
                       const struct datom_key_value *value, datom_id id);
void datom_holders_remove(struct datom_holders *holders, datom_id attribute,
                          const struct datom_key_value *value);

#endif
