#ifndef QUERY_PULL_H
#define QUERY_PULL_H

/* Pull patterns and their binding to a database. Internal. */

#include "query/query.h"

/* How deep a pull may go, maps in maps. */
#define PULL_DEPTH_MAX 1000
/* How deep a pattern may be nested. */
#define PULL_PATTERN_DEPTH_MAX 64

enum pull_spec_kind {
    PULL_ATTRIBUTE,
    PULL_WILDCARD,
    PULL_DB_ID,
};

enum pull_sub {
    PULL_SUB_NONE,
    PULL_SUB_PATTERN,   /* {:a [...]} */
    PULL_SUB_RECURSION, /* {:a 3} or {:a ...} */
};

enum pull_xform {
    XFORM_NONE,
    XFORM_STR,
    XFORM_KEYWORD,
    XFORM_SYMBOL,
    XFORM_NAME,
    XFORM_NAMESPACE,
    XFORM_IDENTITY,
};

#define PULL_UNLIMITED INT64_MAX

struct pull_spec {
    enum pull_spec_kind kind;
    struct bs_str attribute; /* without colon, without the reverse's underscore */
    bool reverse;            /* unless an attribute has the name with its underscore */
    struct bs_str name;      /* as it stands in the pattern, without colon */
    struct edn key;          /* in the result */
    int64_t limit;           /* PULL_UNLIMITED: all */
    bool has_default;
    struct edn default_value;
    enum pull_xform xform;
    enum pull_sub sub;
    const struct query_pattern *pattern; /* PULL_SUB_PATTERN */
    int64_t recursion;                   /* PULL_SUB_RECURSION: levels; PULL_UNLIMITED */
    size_t ordinal;                      /* among all attribute specs of the outermost pattern */
};

struct query_pattern {
    struct bs_arena *arena; /* of the outermost pattern; NULL in inner ones */
    const struct pull_spec *specs;
    size_t count;
    bool has_wildcard;
    size_t attributes_count; /* outermost: how many ordinals */
};

struct pull_attribute {
    const struct datom_attribute *attribute;
    bool reverse;
};

/* A pattern whose attributes are looked up in a database. */
struct pull {
    struct datom_db *db;
    const struct query_pattern *pattern;
    struct pull_attribute *attributes; /* by ordinal */
    const struct bs_interrupt *interrupt;
    uint64_t budget_bytes;
    struct bs_arena *arena; /* for results */
    struct bs_error *error;
    size_t ticks;
};

/* Finds the attributes; DB_NOT_AN_ATTRIBUTE, DB_NOT_ON_HISTORY. */
enum bs_code pull_init(struct pull *pull, struct datom_db *db, const struct query_pattern *pattern,
                       const struct query_options *options, struct bs_arena *arena,
                       struct bs_error *error);
/* nil when nothing is found. */
enum bs_code pull_entity(struct pull *pull, datom_id id, struct edn *ret_value);

#endif
