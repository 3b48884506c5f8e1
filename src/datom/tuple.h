#ifndef DATOM_TUPLE_H
#define DATOM_TUPLE_H

/*
 * Attributes of type tuple: what their values are made of. A value is a vector of 2 to
 * BS_LIMIT_TUPLE_MAX elements, each of the type of its place or nil, which sorts before everything
 * else; references are longs, as elsewhere.
 *
 *  - composite (:db/tupleAttrs): the values that the entity has of other attributes. The store
 *    keeps it: what a transaction says of a member is what its value follows, and what a
 *    transaction says of the composite itself only helps to find the entity (upsert, lookup ref).
 *  - heterogeneous (:db/tupleTypes): as many elements as types.
 *  - homogeneous (:db/tupleType): elements of one type.
 *
 * Plain values, belonging to the schema of the database value; any thread.
 */

#include "datom/datom.h"

enum datom_tuple_kind {
    DATOM_TUPLE_COMPOSITE,
    DATOM_TUPLE_HETEROGENEOUS,
    DATOM_TUPLE_HOMOGENEOUS,
};

struct datom_tuple {
    enum datom_tuple_kind kind;
    bool is_discontinued; /* a composite that is not kept any more */
    uint32_t count;       /* elements; 0 when homogeneous: 2 to BS_LIMIT_TUPLE_MAX */
    enum datom_type types[BS_LIMIT_TUPLE_MAX]; /* homogeneous: all the same */
    datom_id attributes[BS_LIMIT_TUPLE_MAX];   /* of a composite; DATOM_NO_ID: no attribute */
};

/* Whether the store computes the attribute's values itself. */
static inline bool datom_attribute_is_kept(const struct datom_attribute *attribute)
{
    return attribute->tuple && attribute->tuple->kind == DATOM_TUPLE_COMPOSITE &&
           !attribute->tuple->is_discontinued;
}

#endif
