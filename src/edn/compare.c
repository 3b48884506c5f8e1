#include <math.h>
#include <stdlib.h>

#include "edn/exact.h"
#include "edn/index.h"

/*
 * Equality and the total order. Types fall into kinds whose values may be equal to each other
 * (longs and bigints; floats and doubles; lists and vectors); the rest is by kind. Sets and maps
 * are compared without looking at the order of their items: by size, then by hash, and item by
 * item only when hashes agree, so that deep sets of sets can't make a comparison explode.
 */

/* What may be equal to each other has one kind; kinds are ordered as enum edn_type is. */
static uint8_t kind_of(struct edn value)
{
    switch ((enum edn_type)value.type) {
    case EDN_BIGINT:
        return EDN_LONG;
    case EDN_FLOAT:
        return EDN_DOUBLE;
    case EDN_VECTOR:
        return EDN_LIST;
    default:
        return value.type;
    }
}

/* How many values stand behind as.items. */
static size_t items_count(struct edn value)
{
    if (value.type == EDN_MAP)
        return (size_t)value.len * 2;
    return value.type == EDN_TAGGED ? 2 : value.len;
}

/* ---- equality ---- */

/* Both have equal hashes and sizes; now be sure. */
static bool equal_by_index(struct edn a, struct edn b, size_t stride)
{
    struct edn_index index;
    edn_index_init(&index, b.as.items, stride, b.len);
    bool crowded = false;
    for (size_t i = 0; i < b.len && !crowded; i++)
        (void)edn_index_add(&index, i, &crowded);
    bool equal = true;
    for (size_t i = 0; i < a.len && equal && !crowded; i++) {
        size_t found;
        equal = edn_index_find(&index, a.as.items[i * stride], &found) &&
                (stride == 1 || edn_equal(a.as.items[i * 2 + 1], b.as.items[found * 2 + 1]));
    }
    edn_index_fini(&index);
    /* made to collide: the order decides, by sorting */
    return crowded ? edn_compare(a, b) == 0 : equal;
}

static bool equal_by_pairs(struct edn a, struct edn b, size_t stride)
{
    for (size_t i = 0; i < a.len; i++) {
        struct edn key = a.as.items[i * stride];
        size_t j = 0;
        while (j < b.len && !edn_equal(key, b.as.items[j * stride]))
            j++;
        if (j == b.len)
            return false;
        if (stride == 2 && !edn_equal(a.as.items[i * 2 + 1], b.as.items[j * 2 + 1]))
            return false;
    }
    return true;
}

static bool is_flat(struct edn value, size_t stride)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.as.items[i * stride].type >= EDN_LIST)
            return false;
    }
    return true;
}

static bool equal_unordered(struct edn a, struct edn b)
{
    size_t stride = a.type == EDN_MAP ? 2 : 1;
    if (a.len != b.len)
        return false;
    if (a.as.items == b.as.items || a.len == 0)
        return true;
    if (a.len < EDN_INDEX_FROM && is_flat(a, stride))
        return equal_by_pairs(a, b, stride);
    return edn_hash(a) == edn_hash(b) && equal_by_index(a, b, stride);
}

static bool equal_items(struct edn a, struct edn b)
{
    if (a.len != b.len)
        return false;
    if (a.as.items == b.as.items)
        return true;
    size_t count = items_count(a);
    for (size_t i = 0; i < count; i++) {
        if (!edn_equal(a.as.items[i], b.as.items[i]))
            return false;
    }
    return true;
}

bool edn_equal(struct edn a, struct edn b)
{
    uint8_t kind = kind_of(a);
    if (a.type != b.type && kind != kind_of(b))
        return false;
    switch ((enum edn_type)kind) {
    case EDN_STRING:
    case EDN_SYMBOL:
    case EDN_KEYWORD:
    case EDN_URI:
        return a.len == b.len &&
               (a.as.text == b.as.text || memcmp(a.as.text, b.as.text, a.len) == 0);
    case EDN_LIST:
    case EDN_TAGGED:
        return equal_items(a, b);
    case EDN_SET:
    case EDN_MAP:
        return equal_unordered(a, b);
    default:
        return edn_compare(a, b) == 0;
    }
}

/* ---- order ---- */

static int compare_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t size = BS_MIN(a_size, b_size);
    int order = size == 0 ? 0 : memcmp(a, b, size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_items(struct edn a, struct edn b)
{
    size_t a_count = items_count(a), b_count = items_count(b);
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        int order = edn_compare(a.as.items[i], b.as.items[i]);
        if (order != 0)
            return order;
    }
    return (a_count > b_count) - (a_count < b_count);
}

static struct edn *sorted_items(struct edn value, size_t stride)
{
    struct edn *items =
        (struct edn *)bs_realloc_array(NULL, value.len, stride * sizeof(struct edn));
    memcpy(items, value.as.items, value.len * stride * sizeof(struct edn));
    qsort(items, value.len, stride * sizeof(struct edn),
          edn_compare_qsort /* a pair begins with its key */);
    return items;
}

/* All keys in their order, then the values in the order of the keys. */
static int compare_sorted(const struct edn *a, const struct edn *b, size_t count, size_t stride)
{
    for (size_t part = 0; part < stride; part++) {
        for (size_t i = 0; i < count; i++) {
            int order = edn_compare(a[i * stride + part], b[i * stride + part]);
            if (order != 0)
                return order;
        }
    }
    return 0;
}

static int compare_unordered(struct edn a, struct edn b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    if (a.len == 0 || a.as.items == b.as.items)
        return 0;
    uint64_t a_hash = edn_hash(a), b_hash = edn_hash(b);
    if (a_hash != b_hash)
        return a_hash < b_hash ? -1 : 1;
    size_t stride = a.type == EDN_MAP ? 2 : 1;
    struct edn *a_sorted = sorted_items(a, stride);
    struct edn *b_sorted = sorted_items(b, stride);
    int order = compare_sorted(a_sorted, b_sorted, a.len, stride);
    free(a_sorted);
    free(b_sorted);
    return order;
}

static int compare_objects(const struct edn_object *a, const struct edn_object *b)
{
    if (a == b)
        return 0;
    if (a->class == b->class && a->class->compare)
        return a->class->compare(a, b);
    int order = a->class == b->class ? 0 : strcmp(a->class->name, b->class->name);
    if (order != 0)
        return order;
    if (a->class != b->class)
        return (uintptr_t)a->class < (uintptr_t)b->class ? -1 : 1;
    return (uintptr_t)a < (uintptr_t)b ? -1 : 1;
}

int edn_compare(struct edn a, struct edn b)
{
    uint8_t kind = kind_of(a), other = kind_of(b);
    if (kind != other)
        return kind < other ? -1 : 1;
    switch ((enum edn_type)kind) {
    case EDN_NIL:
        return 0;
    case EDN_BOOLEAN:
        return (int)a.as.boolean - (int)b.as.boolean;
    case EDN_CHAR:
        return (a.as.code_point > b.as.code_point) - (a.as.code_point < b.as.code_point);
    case EDN_INSTANT:
        return (a.as.integer > b.as.integer) - (a.as.integer < b.as.integer);
    case EDN_STRING:
    case EDN_SYMBOL:
    case EDN_KEYWORD:
    case EDN_URI:
    case EDN_UUID:
    case EDN_BYTES:
        return compare_bytes(a.as.bytes, a.len, b.as.bytes, b.len);
    case EDN_LIST:
    case EDN_TAGGED:
        return compare_items(a, b);
    case EDN_SET:
    case EDN_MAP:
        return compare_unordered(a, b);
    case EDN_OBJECT:
        return compare_objects(a.as.object, b.as.object);
    default:
        return edn_compare_numbers(a, b);
    }
}

int edn_compare_qsort(const void *a, const void *b)
{
    return edn_compare(*(const struct edn *)a, *(const struct edn *)b);
}
