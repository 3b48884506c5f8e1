/* The server as a client sees it that does not keep the rules: bytes over plain sockets. */

#include "support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "rpc/fixture.h"
#include "rpc/frame.h"
#include "rpc/nng.h"

static struct test_server server;
static struct rpc_server *listener;

static int setup(void **state)
{
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    test_server_init(&server, NULL);
    test_server_start(&server);
    if (rpc_server_open(server.dispatcher, "tcp://127.0.0.1:0", NULL, &listener, &error) != BS_OK)
        fail_msg("%s", error.message);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_server_release(&server);
    rpc_server_close(listener);
    test_server_fini(&server);
    return 0;
}

/* A client of bytes. */
struct raw {
    int socket;
    struct rpc_decoder decoder;
    bool has_ended;
    struct rpc_frame frame; /* the last read */
};

static void raw_connect(struct raw *raw, int buffer_bytes)
{
    uint64_t port;
    const char *text = strrchr(rpc_server_url(listener), ':') + 1;
    assert_true(bs_str_parse_u64(bs_str_from(text), &port));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *raw = (struct raw){.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    rpc_decoder_init(&raw->decoder, 65536);
    if (buffer_bytes > 0) {
        setsockopt(raw->socket, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
        setsockopt(raw->socket, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
    }
    assert_int_equal(connect(raw->socket, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void raw_close(struct raw *raw)
{
    close(raw->socket);
    rpc_decoder_fini(&raw->decoder);
}

static void raw_send(struct raw *raw, struct bs_str bytes)
{
    while (bytes.len > 0) {
        ssize_t count = send(raw->socket, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (count < 0)
            return; /* closed on us: what is read tells */
        bytes = bs_str_from_offset(bytes, (size_t)count);
    }
}

/* The next hello or frame; at the end of the connection MORE, with has_ended. */
static enum rpc_decoded raw_read(struct raw *raw)
{
    for (;;) {
        enum rpc_decoded decoded = rpc_decoder_next(&raw->decoder, &raw->frame, NULL);
        struct pollfd ready = {.fd = raw->socket, .events = POLLIN};
        size_t room;
        if (decoded != RPC_DECODED_MORE)
            return decoded;
        if (poll(&ready, 1, 10000) != 1)
            fail_msg("nothing came within 10 s");
        char *to = rpc_decoder_room(&raw->decoder, &room);
        ssize_t count = recv(raw->socket, to, room, 0);
        raw->has_ended = count <= 0;
        if (raw->has_ended)
            return RPC_DECODED_MORE;
        rpc_decoder_fed(&raw->decoder, (size_t)count);
    }
}

static void raw_hello(struct raw *raw, uint32_t initial_credit)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    const struct rpc_hello hello = {
        .version = RPC_HELLO_VERSION,
        .max_payload = 65536,
        .initial_credit = initial_credit,
        .max_message = 1 << 20,
    };
    rpc_hello_write(&hello, &bytes);
    raw_send(raw, bs_buf_str(&bytes));
    bs_buf_fini(&bytes);
    assert_int_equal(raw_read(raw), RPC_DECODED_HELLO);
}

static void write_open(uint64_t stream, const char *method, uint8_t flags, struct bs_str body,
                       struct bs_buf *out)
{
    struct bs_buf head = BS_BUF_INIT(0);
    rpc_open_head_write(bs_str_from(method), -1, NULL, &head);
    const struct rpc_frame frame = {
        .type = RPC_FRAME_OPEN,
        .flags = flags,
        .stream = stream,
        .head = bs_buf_str(&head),
        .body = body,
    };
    rpc_frame_write(&frame, out);
    bs_buf_fini(&head);
}

static void write_message(uint64_t stream, uint8_t flags, struct bs_str body, struct bs_buf *out)
{
    const struct rpc_frame frame = {
        .type = RPC_FRAME_MESSAGE, .flags = flags, .stream = stream, .body = body};
    rpc_frame_write(&frame, out);
}

#define WHOLE (RPC_FLAG_MESSAGE | RPC_FLAG_END)
#define ECHO_1                                                                                     \
    BS_STR("\x0a\x06"                                                                              \
           "echo 1")
#define BLOCK                                                                                      \
    BS_STR("\x0a\x05"                                                                              \
           "block")

static void send_open(struct raw *raw, uint64_t stream, uint8_t flags, struct bs_str body)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    write_open(stream, "test.Service/Run", flags, body, &bytes);
    raw_send(raw, bs_buf_str(&bytes));
    bs_buf_fini(&bytes);
}

static void send_message(struct raw *raw, uint64_t stream, uint8_t flags, struct bs_str body)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    write_message(stream, flags, body, &bytes);
    raw_send(raw, bs_buf_str(&bytes));
    bs_buf_fini(&bytes);
}

/* The next frame is a STATUS of the stream; gives its code. */
static int read_status(struct raw *raw, uint64_t stream)
{
    struct rpc_status_head head;
    assert_int_equal(raw_read(raw), RPC_DECODED_FRAME);
    assert_int_equal(raw->frame.type, RPC_FRAME_STATUS);
    assert_int_equal(raw->frame.stream, stream);
    assert_int_equal(rpc_status_head_read(&raw->frame, &head, NULL), BS_OK);
    return head.code;
}

static void assert_alive(struct raw *raw, uint64_t stream)
{
    send_open(raw, stream, WHOLE, ECHO_1);
    assert_int_equal(read_status(raw, stream), 0);
    assert_str_equals(raw->frame.body, "\x08\x01");
}

static void test_server__answers_a_request_cut_at_every_byte(void **state)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    struct raw raw;
    (void)state;
    raw_connect(&raw, 0);
    raw_hello(&raw, 65536);
    write_open(1, "test.Service/Run", WHOLE, ECHO_1, &bytes);
    for (size_t i = 0; i < bytes.len; i++)
        raw_send(&raw, bs_str_make(bytes.ptr + i, 1));
    assert_int_equal(read_status(&raw, 1), 0);
    bs_buf_fini(&bytes);
    raw_close(&raw);
}

static void test_server__counts_request_messages(void **state)
{
    struct raw raw;
    (void)state;
    raw_connect(&raw, 0);
    raw_hello(&raw, 65536);
    send_open(&raw, 1, RPC_FLAG_END, BS_STR_EMPTY);
    assert_int_equal(read_status(&raw, 1), BS_UNIMPLEMENTED);
    send_open(&raw, 2, 0, BS_STR_EMPTY);
    send_message(&raw, 2, RPC_FLAG_END, BS_STR_EMPTY);
    assert_int_equal(read_status(&raw, 2), BS_UNIMPLEMENTED);
    send_open(&raw, 3, RPC_FLAG_MESSAGE, ECHO_1);
    send_message(&raw, 3, WHOLE, ECHO_1);
    assert_int_equal(read_status(&raw, 3), BS_UNIMPLEMENTED);
    send_message(&raw, 3, WHOLE, ECHO_1); /* late: dropped */
    send_open(&raw, 4, RPC_FLAG_MESSAGE, ECHO_1);
    send_message(&raw, 4, RPC_FLAG_END, BS_STR_EMPTY);
    assert_int_equal(read_status(&raw, 4), 0);
    send_open(&raw, 5, RPC_FLAG_MESSAGE | RPC_FLAG_MORE, bs_str_slice(ECHO_1, 0, 3));
    send_message(&raw, 5, WHOLE, bs_str_from_offset(ECHO_1, 3));
    assert_int_equal(read_status(&raw, 5), 0);
    raw_close(&raw);
}

struct fault_row {
    const char *name;
    const char *text; /* in the goaway */
    void (*offend)(struct raw *raw);
};

static void offend_unknown_type(struct raw *raw)
{
    raw_send(raw, bs_str_make("\0\0\0\0\x0b\0\0\0\0\0\0\0\0\0\0\1", 16));
}

static void offend_id_down(struct raw *raw)
{
    send_open(raw, 5, WHOLE, ECHO_1);
    send_open(raw, 4, WHOLE, ECHO_1);
}

static void offend_id_twice(struct raw *raw)
{
    send_open(raw, 5, WHOLE, ECHO_1);
    send_open(raw, 5, WHOLE, ECHO_1);
}

static void offend_unopened(struct raw *raw)
{
    send_message(raw, 7, WHOLE, ECHO_1);
}

static void offend_role(struct raw *raw)
{
    const struct rpc_frame frame = {.type = RPC_FRAME_INITIAL, .stream = 1};
    struct bs_buf bytes = BS_BUF_INIT(0);
    rpc_frame_write(&frame, &bytes);
    raw_send(raw, bs_buf_str(&bytes));
    bs_buf_fini(&bytes);
}

static void offend_half_message(struct raw *raw)
{
    send_open(raw, 1, RPC_FLAG_MESSAGE | RPC_FLAG_MORE, ECHO_1);
    send_message(raw, 1, RPC_FLAG_END, BS_STR_EMPTY);
}

static void offend_no_credit(struct raw *raw)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    rpc_frame_write_credit(1, 0, &bytes);
    send_open(raw, 1, WHOLE, BLOCK);
    raw_send(raw, bs_buf_str(&bytes));
    bs_buf_fini(&bytes);
}

static void offend_head(struct raw *raw)
{
    const struct rpc_frame frame = {
        .type = RPC_FRAME_OPEN, .stream = 1, .head = BS_STR("\0\x09short")};
    struct bs_buf bytes = BS_BUF_INIT(0);
    rpc_frame_write(&frame, &bytes);
    raw_send(raw, bs_buf_str(&bytes));
    bs_buf_fini(&bytes);
}

static void test_server__ends_a_connection_that_breaks_the_format_and_says_why(void **state)
{
    static const struct fault_row rows[] = {
        {"unknown type", "unknown type 11", offend_unknown_type},
        {"id going down", "expected a stream above 5, got 4", offend_id_down},
        {"id again", "expected a stream above 5, got 5", offend_id_twice},
        {"unopened", "stream 7, which was never opened", offend_unopened},
        {"a server's frame", "which only servers send", offend_role},
        {"half a message", "in the middle of a message", offend_half_message},
        {"credit of 0", "expected a credit of 1 to", offend_no_credit},
        {"head", "expected a method's name", offend_head},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct raw raw;
        char text[RPC_GOAWAY_TEXT_MAX + 1] = "";
        raw_connect(&raw, 0);
        raw_hello(&raw, 65536);
        rows[i].offend(&raw);
        while (raw_read(&raw) == RPC_DECODED_FRAME) {
            if (raw.frame.type != RPC_FRAME_GOAWAY)
                continue;
            struct rpc_goaway goaway = rpc_goaway_read(&raw.frame);
            assert_int_equal(goaway.code, RPC_GOAWAY_PROTOCOL);
            snprintf(text, sizeof(text), "%.*s", BS_STR_ARGS(goaway.text));
        }
        test_row(rows[i].name, raw.has_ended && strstr(text, rows[i].text), "\"%s\"", text);
        raw_close(&raw);
    }
    test_rows_end();
    assert_true(rpc_dispatcher_wait(server.dispatcher, 5000));
}

static void test_server__drops_what_is_late_and_answers_pings(void **state)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    struct raw raw;
    (void)state;
    raw_connect(&raw, 0);
    raw_hello(&raw, 65536);
    assert_alive(&raw, 1);
    rpc_frame_write_cancel(1, &bytes);
    rpc_frame_write_credit(1, 5, &bytes);
    write_message(1, WHOLE, ECHO_1, &bytes);
    rpc_frame_write_ping(RPC_FRAME_PING, 77, &bytes);
    raw_send(&raw, bs_buf_str(&bytes));
    assert_int_equal(raw_read(&raw), RPC_DECODED_FRAME);
    assert_int_equal(raw.frame.type, RPC_FRAME_PONG);
    assert_int_equal(rpc_ping_read(&raw.frame), 77);
    assert_alive(&raw, RPC_STREAM_MAX - 1);
    assert_alive(&raw, RPC_STREAM_MAX);
    bs_buf_fini(&bytes);
    raw_close(&raw);
}

static void test_cancel__ends_what_runs_and_what_is_not_whole(void **state)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    struct raw raw;
    (void)state;
    raw_connect(&raw, 0);
    raw_hello(&raw, 65536);
    send_open(&raw, 1, WHOLE, BLOCK);
    test_server_wait_entered(&server, 1);
    send_open(&raw, 2, RPC_FLAG_MESSAGE | RPC_FLAG_MORE, ECHO_1);
    rpc_frame_write_cancel(1, &bytes);
    raw_send(&raw, bs_buf_str(&bytes));
    assert_int_equal(read_status(&raw, 1), BS_CANCELLED);
    bs_buf_reset(&bytes);
    rpc_frame_write_cancel(2, &bytes);
    rpc_frame_write_cancel(2, &bytes);
    raw_send(&raw, bs_buf_str(&bytes));
    assert_int_equal(read_status(&raw, 2), BS_CANCELLED);
    assert_alive(&raw, 3);
    assert_true(rpc_dispatcher_wait(server.dispatcher, 5000));
    bs_buf_fini(&bytes);
    raw_close(&raw);
}

static void test_peer__that_vanishes_in_the_middle_of_anything_leaves_nothing(void **state)
{
    struct raw raw;
    (void)state;
    for (int i = 0; i < 3; i++) {
        raw_connect(&raw, 0);
        if (i > 0)
            raw_hello(&raw, 65536);
        if (i == 1)
            send_open(&raw, 1, RPC_FLAG_MESSAGE | RPC_FLAG_MORE, ECHO_1);
        if (i == 2) {
            send_open(&raw, 1, WHOLE, BLOCK);
            test_server_wait_entered(&server, 1);
        }
        raw_close(&raw);
    }
    assert_true(rpc_dispatcher_wait(server.dispatcher, 5000));
}

static void test_request__in_pieces_is_given_credit_and_never_more_than_the_window(void **state)
{
    static char piece[65536];
    struct raw raw;
    size_t sent = 0, credit = 262144;
    (void)state;
    raw_connect(&raw, 0);
    raw_hello(&raw, 65536);
    memset(piece, ' ', sizeof(piece));
    /* a field of 1 MiB: its length, then blanks */
    send_open(&raw, 1, RPC_FLAG_MESSAGE | RPC_FLAG_MORE, bs_str_make("\x0a\x80\x80\x40", 4));
    credit -= 4;
    while (sent < 1048576) {
        size_t size = BS_MIN(BS_MIN(sizeof(piece), credit), 1048576 - sent);
        if (size == 0) {
            assert_int_equal(raw_read(&raw), RPC_DECODED_FRAME);
            assert_int_equal(raw.frame.type, RPC_FRAME_CREDIT);
            credit += rpc_credit_read(&raw.frame);
            assert_true(credit <= 262144);
            continue;
        }
        sent += size;
        credit -= size;
        send_message(&raw, 1, RPC_FLAG_MESSAGE | (sent < 1048576 ? RPC_FLAG_MORE : RPC_FLAG_END),
                     bs_str_make(piece, size));
    }
    do
        assert_int_equal(raw_read(&raw), RPC_DECODED_FRAME);
    while (raw.frame.type == RPC_FRAME_CREDIT);
    assert_int_equal(raw.frame.type, RPC_FRAME_STATUS);
    assert_alive(&raw, 2);
    raw_close(&raw);
}

static void test_response__waits_for_credit_while_others_pass(void **state)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    struct raw raw;
    (void)state;
    raw_connect(&raw, 0);
    raw_hello(&raw, 1); /* one byte of each response */
    send_open(&raw, 1, WHOLE, ECHO_1);
    assert_int_equal(raw_read(&raw), RPC_DECODED_FRAME);
    assert_int_equal(raw.frame.type, RPC_FRAME_MESSAGE);
    assert_int_equal(raw.frame.flags, RPC_FLAG_MESSAGE | RPC_FLAG_MORE);
    assert_int_equal(raw.frame.body.len, 1);
    /* a status passes, whatever waits */
    send_open(&raw, 2, WHOLE,
              BS_STR("\x0a\x06"
                     "fail 5"));
    assert_int_equal(read_status(&raw, 2), 5);
    rpc_frame_write_credit(1, 100, &bytes);
    raw_send(&raw, bs_buf_str(&bytes));
    assert_int_equal(raw_read(&raw), RPC_DECODED_FRAME);
    assert_int_equal(raw.frame.type, RPC_FRAME_MESSAGE);
    assert_int_equal(raw.frame.flags, RPC_FLAG_MESSAGE);
    assert_int_equal(read_status(&raw, 1), 0);
    bs_buf_fini(&bytes);
    raw_close(&raw);
}

static void test_calls__as_many_as_512_pass_through_the_smallest_buffers(void **state)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    struct raw raw;
    char body[4000];
    int answered = 0;
    (void)state;
    raw_connect(&raw, 1);
    raw_hello(&raw, 65536);
    memset(body, ' ', sizeof(body));
    memcpy(body, "\x0a\x9d\x1f", 3); /* a string of 3997 bytes */
    for (uint64_t stream = 1; stream <= 512; stream++)
        write_open(stream, "test.Service/Run", WHOLE, bs_str_make(body, sizeof(body)), &bytes);
    /* all is written before anything is read: a server that waits for us to read reads no more */
    raw_send(&raw, bs_buf_str(&bytes));
    while (answered < 512) {
        assert_int_equal(raw_read(&raw), RPC_DECODED_FRAME);
        assert_int_equal(raw.frame.type, RPC_FRAME_STATUS);
        answered++;
    }
    bs_buf_fini(&bytes);
    raw_close(&raw);
}

static void test_stranger__is_answered_in_its_words_or_closed(void **state)
{
    static const struct {
        const char *name;
        struct bs_str bytes;
        const char *answer;
    } rows[] = {
        {"HTTP", {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27}, "HTTP/1.1 400 Bad Request\r\n"},
        {"SP", {"\0SP\0\0\x30\0\0", 8}, ""},
        {"TLS", {"\x16\x03\x01\x02\0\1\0\1", 8}, ""},
        {"garbage", {"\xb5\x52\x50what is this", 15}, ""},
        {"old hello", {"\xb5RPC\0\1\0\x08", 8}, ""},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct raw raw;
        struct bs_buf got = BS_BUF_INIT(0);
        char part[512];
        ssize_t count;
        raw_connect(&raw, 0);
        raw_send(&raw, rows[i].bytes);
        while ((count = recv(raw.socket, part, sizeof(part), 0)) > 0)
            bs_buf_append(&got, part, (size_t)count);
        test_row(rows[i].name,
                 bs_str_starts_with(bs_buf_str(&got), bs_str_from(rows[i].answer)) &&
                     (got.len == 0) == (rows[i].answer[0] == '\0'),
                 "\"%s\"", bs_buf_cstr(&got));
        bs_buf_fini(&got);
        raw_close(&raw);
    }
    test_rows_end();
}

static void test_connections__are_bounded_and_say_so(void **state)
{
    const struct rpc_server_options options = {.max_connections = 2, .max_connections_by_peer = 1};
    struct raw first, second;
    (void)state;
    rpc_server_close(listener);
    assert_int_equal(
        rpc_server_open(server.dispatcher, "tcp://127.0.0.1:0", &options, &listener, NULL), BS_OK);
    raw_connect(&first, 0);
    raw_hello(&first, 65536);
    raw_connect(&second, 0);
    raw_hello(&second, 65536);
    assert_int_equal(raw_read(&second), RPC_DECODED_FRAME);
    assert_int_equal(second.frame.type, RPC_FRAME_GOAWAY);
    assert_int_equal(rpc_goaway_read(&second.frame).code, RPC_GOAWAY_LIMIT);
    raw_close(&second);
    assert_alive(&first, 1);
    raw_close(&first);
}

static void test_server__cuts_off_who_says_no_hello(void **state)
{
    struct raw raw;
    char byte;
    (void)state;
    int64_t before = bs_monotonic_ns();
    raw_connect(&raw, 0);
    raw_send(&raw, BS_STR("\xb5"));
    assert_int_equal(recv(raw.socket, &byte, 1, 0), 0);
    int64_t took = bs_monotonic_ns() - before;
    assert_true(took > 4500000000 && took < 9000000000);
    raw_close(&raw);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_server__answers_a_request_cut_at_every_byte),
        EACH(test_server__counts_request_messages),
        EACH(test_server__ends_a_connection_that_breaks_the_format_and_says_why),
        EACH(test_server__drops_what_is_late_and_answers_pings),
        EACH(test_cancel__ends_what_runs_and_what_is_not_whole),
        EACH(test_peer__that_vanishes_in_the_middle_of_anything_leaves_nothing),
        EACH(test_request__in_pieces_is_given_credit_and_never_more_than_the_window),
        EACH(test_response__waits_for_credit_while_others_pass),
        EACH(test_calls__as_many_as_512_pass_through_the_smallest_buffers),
        EACH(test_stranger__is_answered_in_its_words_or_closed),
        EACH(test_connections__are_bounded_and_say_so),
        EACH(test_server__cuts_off_who_says_no_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
