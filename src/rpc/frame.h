#ifndef RPC_FRAME_H
#define RPC_FRAME_H

/*
 * The wire's bytes, written and read: docs/wire.md as functions. Nothing here knows sockets or
 * threads. The caller serializes. All integers are big-endian.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "rpc/metadata.h"

#define RPC_HELLO_MAGIC 0xb5525043u /* b5 "RPC": no text, no SP (00), no TLS (16) begins so */
#define RPC_HELLO_VERSION 1
#define RPC_HELLO_SIZE 40 /* of version 1; what follows up to the length is skipped */
#define RPC_HELLO_MAX_SIZE 1024
#define RPC_FRAME_HEADER_SIZE 16
#define RPC_GOAWAY_TEXT_MAX 256
/* The least that a peer may announce: fewer bytes can't hold a head. */
#define RPC_FRAME_MIN_PAYLOAD (16u * 1024)
/* Credit is counted in 31 bits, so that sums of two never wrap. */
#define RPC_CREDIT_MAX 0x7fffffffu
/* Closes the ids: a connection that has used it takes no more calls. */
#define RPC_STREAM_MAX (UINT64_MAX - 1)

enum rpc_frame_type {
    RPC_FRAME_OPEN = 1,
    RPC_FRAME_MESSAGE = 2,
    RPC_FRAME_INITIAL = 3,
    RPC_FRAME_STATUS = 4,
    RPC_FRAME_CREDIT = 5,
    RPC_FRAME_CANCEL = 6,
    RPC_FRAME_PING = 7,
    RPC_FRAME_PONG = 8,
    RPC_FRAME_GOAWAY = 9,
    RPC_FRAME_OPTIONAL = 0x80, /* bit: who does not know the type skips the frame */
};

enum rpc_frame_flag {
    RPC_FLAG_MESSAGE = 0x01,  /* the body is a message or a piece of one, perhaps empty */
    RPC_FLAG_MORE = 0x02,     /* the message goes on in the next MESSAGE frame of the stream */
    RPC_FLAG_END = 0x04,      /* no message comes after this one: half-close */
    RPC_FLAG_DEADLINE = 0x08, /* OPEN: the head begins with the time left */
    RPC_FLAG_REFUSED = 0x10,  /* STATUS: the call was not begun and may be sent again */
};

enum rpc_goaway_code {
    RPC_GOAWAY_DRAINING = 0,
    RPC_GOAWAY_PROTOCOL = 1, /* the peer broke the wire format */
    RPC_GOAWAY_LIMIT = 2,    /* too many connections, or unread answers */
    RPC_GOAWAY_TIMEOUT = 3,  /* no hello in time */
    RPC_GOAWAY_VERSION = 4,
};

/* What each side says first. */
struct rpc_hello {
    uint16_t version;
    uint32_t max_payload;    /* of a frame that the sender of the hello takes */
    uint32_t initial_credit; /* for each stream, of message bytes that it takes */
    uint64_t max_message;    /* that any method takes */
    uint64_t features;       /* none are defined: 0 is sent, bits that come are ignored */
    uint32_t max_calls;      /* under way on the connection */
    uint32_t ping_min_ms;    /* how often the peer may ping */
};

struct rpc_frame {
    uint8_t type;
    uint8_t flags;
    uint64_t stream;
    struct bs_str head;
    struct bs_str body;
};

/* The head of OPEN; views into the frame. */
struct rpc_open_head {
    bool has_deadline;
    uint64_t timeout_ns;
    struct bs_str method;
    struct bs_str metadata; /* for rpc_frame_read_metadata */
};

/* The head of STATUS; views into the frame. */
struct rpc_status_head {
    uint16_t code; /* as it came: may be none of gRPC's */
    struct bs_str status;
    struct bs_str metadata;
};

struct rpc_goaway {
    uint64_t last_stream; /* calls above were not begun and never will be */
    uint16_t code;        /* enum rpc_goaway_code, or one of later versions */
    struct bs_str text;
};

/* Writing. Each appends one whole frame; sizes must fit (asserted). */
void rpc_hello_write(const struct rpc_hello *hello, struct bs_buf *out);
/* Only the 16 bytes; head and body follow by the caller's hand. */
void rpc_frame_write_header(const struct rpc_frame *frame, struct bs_buf *out);
void rpc_frame_store_header(const struct rpc_frame *frame, char ret_bytes[RPC_FRAME_HEADER_SIZE]);
void rpc_frame_write(const struct rpc_frame *frame, struct bs_buf *out);
void rpc_frame_write_credit(uint64_t stream, uint32_t bytes, struct bs_buf *out);
void rpc_frame_write_cancel(uint64_t stream, struct bs_buf *out);
/* PING or PONG. */
void rpc_frame_write_ping(enum rpc_frame_type type, uint64_t payload, struct bs_buf *out);
void rpc_frame_write_goaway(const struct rpc_goaway *goaway, struct bs_buf *out);

/* Heads, without the frame's header. `timeout_ns` negative: no deadline (and no RPC_FLAG_DEADLINE).
 */
void rpc_open_head_write(struct bs_str method, int64_t timeout_ns,
                         const struct rpc_metadata *metadata, struct bs_buf *out);
size_t rpc_open_head_size(struct bs_str method, int64_t timeout_ns,
                          const struct rpc_metadata *metadata);
void rpc_status_head_write(uint16_t code, struct bs_str status, const struct rpc_metadata *trailing,
                           struct bs_buf *out);
void rpc_frame_write_metadata(const struct rpc_metadata *metadata, struct bs_buf *out);
size_t rpc_frame_metadata_size(const struct rpc_metadata *metadata);

/* Reading. RPC_PROTOCOL for bytes that can't be; the connection is then of no more use. */
BS_MUST_CHECK enum bs_code rpc_hello_read(struct bs_str bytes, struct rpc_hello *ret_hello,
                                          struct bs_error *error);
BS_MUST_CHECK enum bs_code rpc_open_head_read(const struct rpc_frame *frame,
                                              struct rpc_open_head *ret_head,
                                              struct bs_error *error);
BS_MUST_CHECK enum bs_code rpc_status_head_read(const struct rpc_frame *frame,
                                                struct rpc_status_head *ret_head,
                                                struct bs_error *error);
/* Whether the lengths of the entries add up; the readers of heads have checked that. */
BS_MUST_CHECK enum bs_code rpc_frame_check_metadata(struct bs_str bytes, struct bs_error *error);
/* Adds the entries of checked bytes: RPC_METADATA, RPC_TOO_LARGE as rpc_metadata_add, which is the
 * call's trouble and not the connection's. */
BS_MUST_CHECK enum bs_code rpc_frame_read_metadata(struct bs_str bytes, struct rpc_metadata *to,
                                                   struct bs_error *error);
uint32_t rpc_credit_read(const struct rpc_frame *frame);
uint64_t rpc_ping_read(const struct rpc_frame *frame);
struct rpc_goaway rpc_goaway_read(const struct rpc_frame *frame);

/*
 * The decoder: bytes in, cut anywhere; a hello, then frames out.
 *
 *     char *to = rpc_decoder_room(&decoder, &size);   // read at most `size` bytes to there
 *     rpc_decoder_fed(&decoder, count);
 *     while ((progress = rpc_decoder_next(&decoder, &frame, &error)) == RPC_DECODED_FRAME) ...
 *
 * The hello comes out as RPC_DECODED_HELLO with its bytes as the frame's body. Frames are views
 * into the decoder's buffer and end with the next rpc_decoder_room. What comes out has a known type
 * (unknown optional ones are skipped), and flags, stream and sizes that its type allows.
 */
struct rpc_decoder {
    char *ptr; /* owned */
    size_t start, end, capacity;
    uint32_t max_payload;
    bool had_hello;
    bool is_broken;
    uint8_t quiet_reads; /* reads in a row that would have fitted the first buffer */
};

enum rpc_decoded {
    RPC_DECODED_MORE, /* feed more bytes */
    RPC_DECODED_HELLO,
    RPC_DECODED_FRAME,
    RPC_DECODED_FAULT, /* RPC_PROTOCOL in error; now and whenever asked again */
};

void rpc_decoder_init(struct rpc_decoder *decoder, uint32_t max_payload);
void rpc_decoder_fini(struct rpc_decoder *decoder);
/* Room for at least one byte; makes place for the frame under way. */
char *rpc_decoder_room(struct rpc_decoder *decoder, size_t *ret_size);
void rpc_decoder_fed(struct rpc_decoder *decoder, size_t count);
enum rpc_decoded rpc_decoder_next(struct rpc_decoder *decoder, struct rpc_frame *ret_frame,
                                  struct bs_error *error);

/* Who speaks, by the first bytes of something that is no hello: to be answered in its own words. */
enum rpc_stranger {
    RPC_STRANGER_UNKNOWN,
    RPC_STRANGER_HTTP,
    RPC_STRANGER_SP,  /* nng's and nanomsg's protocols */
    RPC_STRANGER_TLS, /* a TLS client on a plain port */
};
enum rpc_stranger rpc_stranger_of(struct bs_str first_bytes);
/* Throws away what it holds. */
void rpc_decoder_discard(struct rpc_decoder *decoder);
/* What the decoder has not used: a stranger's words. */
struct bs_str rpc_decoder_rest(const struct rpc_decoder *decoder);

#endif
