#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* Every size that a user controls has its limit here, and a test at its edge. */

/* EDN */
#define BS_LIMIT_EDN_DEPTH 200
#define BS_LIMIT_EDN_TOKEN_BYTES (64u * 1024 * 1024) /* one string, symbol or number */
#define BS_LIMIT_EDN_NUMBER_DIGITS 10000

/* Store */
#define BS_LIMIT_STRING_BYTES (16u * 1024 * 1024)
#define BS_LIMIT_BYTES_BYTES (16u * 1024 * 1024)
#define BS_LIMIT_KEYWORD_BYTES 4096
#define BS_LIMIT_BIGINT_BITS 8192
#define BS_LIMIT_BIGDEC_DIGITS 1024
#define BS_LIMIT_TUPLE_MAX 8
#define BS_LIMIT_TUPLE_STRING_CHARS 256
#define BS_LIMIT_TX_DATOMS (1000u * 1000)
/* Of a group of transactions that share a write: at so many others wait for the next. */
#define BS_LIMIT_GROUP_BYTES (32u * 1024 * 1024)
#define BS_LIMIT_TX_BYTES (256u * 1024 * 1024)
#define BS_LIMIT_ELEMENTS (1u << 20) /* attributes, partitions, what else is in :db.part/db */
#define BS_LIMIT_NESTED_MAPS 100
#define BS_LIMIT_ATTR_CHECK_BYTES 65536
#define BS_LIMIT_ATTR_PREDICATES                                                                   \
    64 /* :db.attr/preds and :db.attr/check of one attribute, together */
#define BS_LIMIT_TX_FUNCTION_DEPTH 32 /* functions whose forms call functions */
#define BS_LIMIT_TX_FUNCTION_MS 10000 /* one run of a function that is stored as data */

/* Queries */
#define BS_LIMIT_QUERY_BYTES (1024ull * 1024 * 1024) /* default memory budget of one query */
#define BS_LIMIT_PULL_MANY 1000                      /* default :limit of cardinality many */
#define BS_LIMIT_FILTER_BYTES (64u * 1024 * 1024)    /* what a filter's calls make for one datom */

/* RPC */
#define BS_LIMIT_MESSAGE_RECEIVED_BYTES (4u * 1024 * 1024)
#define BS_LIMIT_MESSAGE_SENT_BYTES (64u * 1024 * 1024)
#define BS_LIMIT_MESSAGE_DEPTH 100
#define BS_LIMIT_MESSAGE_DECODED_BYTES (64u * 1024 * 1024)
#define BS_LIMIT_FRAME_BYTES (64u * 1024)
#define BS_LIMIT_CALLS_CONNECTION 1000
#define BS_LIMIT_CALLS_QUEUED 10000
#define BS_LIMIT_CONNECTIONS 12000
#define BS_LIMIT_METADATA_BYTES (8u * 1024)
#define BS_LIMIT_METADATA_ENTRIES 64
#define BS_LIMIT_METADATA_KEY_BYTES 64
#define BS_LIMIT_METADATA_VALUE_BYTES 4096
#define BS_LIMIT_VIOLATIONS 64
#define BS_LIMIT_BASIS_WAITERS 256 /* calls that wait for a min-basis-t; each holds a thread */
#define BS_LIMIT_CALL_ARENA_BYTES (256u * 1024 * 1024)

/* HTTP */
#define BS_LIMIT_HTTP_TARGET_BYTES (8u * 1024)
#define BS_LIMIT_HTTP_HEAD_BYTES (16u * 1024)
#define BS_LIMIT_HTTP_FIELDS 100
#define BS_LIMIT_HTTP_BODY_BYTES BS_LIMIT_MESSAGE_RECEIVED_BYTES
#define BS_LIMIT_HTTP_CHUNK_EXTENSION_BYTES 256
#define BS_LIMIT_HTTP_TRAILER_BYTES 4096
#define BS_LIMIT_JSON_DEPTH 100

#endif
