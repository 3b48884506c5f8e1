/* Frames as bytes: the golden conversation, cuts at every byte, and all that is refused. */

#include "support.h"

#include "base/memory.h"
#include "rpc/frame.h"
#include "support/golden.h"

static const struct rpc_hello sample_hello = {
    .version = RPC_HELLO_VERSION,
    .max_payload = 65536,
    .initial_credit = 262144,
    .max_message = 4194304,
    .max_calls = 1000,
    .ping_min_ms = 1000,
};

/* One of each frame, as a client and a server would say them. */
static void write_conversation(struct bs_buf *out)
{
    struct bs_buf head = BS_BUF_INIT(0);
    struct bs_arena *arena = bs_arena_new(0);
    struct rpc_metadata metadata;
    rpc_metadata_init(&metadata, arena);
    assert_int_equal(rpc_metadata_add(&metadata, BS_STR("as-of"), BS_STR("7"), NULL), BS_OK);
    assert_int_equal(rpc_metadata_add(&metadata, BS_STR("k-bin"), bs_str_make("\0\xff", 2), NULL),
                     BS_OK);
    rpc_hello_write(&sample_hello, out);
    rpc_open_head_write(BS_STR("pkg.Service/Method"), 1500000000, &metadata, &head);
    assert_int_equal(head.len,
                     rpc_open_head_size(BS_STR("pkg.Service/Method"), 1500000000, &metadata));
    rpc_frame_write(
        &(struct rpc_frame){
            .type = RPC_FRAME_OPEN,
            .flags = RPC_FLAG_MESSAGE | RPC_FLAG_MORE | RPC_FLAG_DEADLINE,
            .stream = 1,
            .head = bs_buf_str(&head),
            .body = BS_STR("first"),
        },
        out);
    rpc_frame_write(&(struct rpc_frame){.type = RPC_FRAME_MESSAGE,
                                        .flags = RPC_FLAG_MESSAGE | RPC_FLAG_END,
                                        .stream = 1,
                                        .body = BS_STR(" second")},
                    out);
    bs_buf_reset(&head);
    rpc_frame_write_metadata(&metadata, &head);
    rpc_frame_write(
        &(struct rpc_frame){.type = RPC_FRAME_INITIAL, .stream = 1, .head = bs_buf_str(&head)},
        out);
    rpc_frame_write_credit(1, 131072, out);
    bs_buf_reset(&head);
    rpc_status_head_write(5, BS_STR("\x08\x05"), &metadata, &head);
    rpc_frame_write(&(struct rpc_frame){.type = RPC_FRAME_STATUS,
                                        .flags = RPC_FLAG_REFUSED,
                                        .stream = 1,
                                        .head = bs_buf_str(&head)},
                    out);
    rpc_frame_write(&(struct rpc_frame){.type = 0x80 | 42, .flags = 0xff, .body = BS_STR("skip")},
                    out);
    rpc_frame_write_cancel(0x123456789abcdef0u, out);
    rpc_frame_write_ping(RPC_FRAME_PING, 0x0102030405060708u, out);
    rpc_frame_write_ping(RPC_FRAME_PONG, 0x0102030405060708u, out);
    rpc_frame_write_goaway(
        &(struct rpc_goaway){.last_stream = 9, .code = RPC_GOAWAY_DRAINING, .text = BS_STR("bye")},
        out);
    bs_arena_free(arena);
    bs_buf_fini(&head);
}

/* A line for each frame. */
static void describe(const struct rpc_frame *frame, struct bs_buf *out)
{
    bs_buf_printf(out, "type %u flags %02x stream %llu head", frame->type, frame->flags,
                  (unsigned long long)frame->stream);
    for (size_t i = 0; i < frame->head.len; i++)
        bs_buf_printf(out, " %02x", (unsigned)(uint8_t)frame->head.ptr[i]);
    bs_buf_append_cstr(out, " body");
    for (size_t i = 0; i < frame->body.len; i++)
        bs_buf_printf(out, " %02x", (unsigned)(uint8_t)frame->body.ptr[i]);
    bs_buf_append_cstr(out, "\n");
}

/* Decodes pieces of `step` bytes, after a first one of `first`; describes what comes out. */
static enum rpc_decoded decode(struct bs_str bytes, size_t first, size_t step, struct bs_buf *out,
                               struct bs_error *error)
{
    struct rpc_decoder decoder;
    struct rpc_frame frame;
    enum rpc_decoded decoded = RPC_DECODED_MORE;
    rpc_decoder_init(&decoder, 65536);
    for (size_t used = 0; used < bytes.len && decoded != RPC_DECODED_FAULT;) {
        size_t room;
        char *to = rpc_decoder_room(&decoder, &room);
        size_t count =
            BS_MIN(BS_MIN(used == 0 && first > 0 ? first : step, room), bytes.len - used);
        memcpy(to, bytes.ptr + used, count);
        rpc_decoder_fed(&decoder, count);
        used += count;
        do {
            decoded = rpc_decoder_next(&decoder, &frame, error);
            if (decoded == RPC_DECODED_FRAME || decoded == RPC_DECODED_HELLO)
                describe(&frame, out);
        } while (decoded == RPC_DECODED_FRAME || decoded == RPC_DECODED_HELLO);
    }
    rpc_decoder_fini(&decoder);
    return decoded;
}

static void test_frame__bytes_are_those_of_the_golden_file(void **state)
{
    struct bs_buf bytes = BS_BUF_INIT(0), text = BS_BUF_INIT(0);
    (void)state;
    write_conversation(&bytes);
    for (size_t i = 0; i < bytes.len; i++)
        bs_buf_printf(&text, "%02x%s", (unsigned)(uint8_t)bytes.ptr[i],
                      i % 16 == 15 || i + 1 == bytes.len ? "\n" : " ");
    assert_int_equal(decode(bs_buf_str(&bytes), 0, SIZE_MAX, &text, NULL), RPC_DECODED_MORE);
    golden_check("rpc/conversation.txt", bs_buf_str(&text));
    bs_buf_fini(&bytes);
    bs_buf_fini(&text);
}

static void test_decoder__gives_the_same_frames_cut_at_every_byte_and_byte_by_byte(void **state)
{
    struct bs_buf bytes = BS_BUF_INIT(0), whole = BS_BUF_INIT(0), cut = BS_BUF_INIT(0);
    (void)state;
    write_conversation(&bytes);
    decode(bs_buf_str(&bytes), 0, SIZE_MAX, &whole, NULL);
    for (size_t first = 1; first <= bytes.len; first++) {
        bs_buf_reset(&cut);
        assert_int_equal(decode(bs_buf_str(&bytes), first, SIZE_MAX, &cut, NULL), RPC_DECODED_MORE);
        assert_true(bs_str_equal(bs_buf_str(&whole), bs_buf_str(&cut)));
    }
    for (size_t step = 1; step < 40; step++) {
        bs_buf_reset(&cut);
        assert_int_equal(decode(bs_buf_str(&bytes), 0, step, &cut, NULL), RPC_DECODED_MORE);
        assert_true(bs_str_equal(bs_buf_str(&whole), bs_buf_str(&cut)));
    }
    bs_buf_fini(&bytes);
    bs_buf_fini(&whole);
    bs_buf_fini(&cut);
}

static void test_hello__reads_what_was_written_and_skips_what_is_newer(void **state)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    struct rpc_hello hello = {.version = 0};
    (void)state;
    rpc_hello_write(&sample_hello, &bytes);
    assert_int_equal(bytes.len, RPC_HELLO_SIZE);
    assert_int_equal(rpc_hello_read(bs_buf_str(&bytes), &hello, NULL), BS_OK);
    assert_int_equal(hello.max_payload, sample_hello.max_payload);
    assert_int_equal(hello.initial_credit, sample_hello.initial_credit);
    assert_int_equal(hello.max_message, sample_hello.max_message);
    assert_int_equal(hello.max_calls, sample_hello.max_calls);
    assert_int_equal(hello.ping_min_ms, sample_hello.ping_min_ms);
    /* longer, and with a ping after it */
    bs_buf_append_cstr(&bytes, "newer");
    bs_store_u16(bytes.ptr + 6, RPC_HELLO_SIZE + 5);
    rpc_frame_write_ping(RPC_FRAME_PING, 1, &bytes);
    struct bs_buf text = BS_BUF_INIT(0);
    assert_int_equal(decode(bs_buf_str(&bytes), 0, 1, &text, NULL), RPC_DECODED_MORE);
    assert_non_null(strstr(bs_buf_cstr(&text), "type 7 flags 00 stream 0"));
    bs_buf_fini(&text);
    bs_buf_fini(&bytes);
}

struct hello_row {
    const char *name;
    size_t at, size;
    uint64_t value;
    const char *message;
};

static void test_hello__refuses_other_versions_and_impossible_numbers(void **state)
{
    static const struct hello_row rows[] = {
        {"version 0", 4, 2, 0, "expected version 1, got 0"},
        {"version 2", 4, 2, 2, "expected version 1, got 2"},
        {"small frames", 8, 4, 16383, "expected frames of at least 16384 bytes, got 16383"},
        {"credit", 12, 4, 0x80000000u, "at most 2147483647 bytes, got 2147483648"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_buf bytes = BS_BUF_INIT(0);
        struct bs_error error = BS_ERROR_INIT;
        struct rpc_hello hello;
        rpc_hello_write(&sample_hello, &bytes);
        if (rows[i].size == 2)
            bs_store_u16(bytes.ptr + rows[i].at, (uint16_t)rows[i].value);
        else
            bs_store_u32(bytes.ptr + rows[i].at, (uint32_t)rows[i].value);
        enum bs_code code = rpc_hello_read(bs_buf_str(&bytes), &hello, &error);
        test_row(rows[i].name, code == BS_INTERNAL && strstr(error.message, rows[i].message), "%s",
                 error.message);
        bs_buf_fini(&bytes);
    }
    test_rows_end();
}

struct fault_row {
    const char *name;
    const char *frame; /* bytes after the hello */
    size_t size;
    const char *message; /* NULL: fine */
};

#define ROW(name, bytes, message)                                                                  \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1, message                                                    \
    }
#define ON_1 "\0\0\0\0\0\0\0\1"
#define ON_0 "\0\0\0\0\0\0\0\0"

static void test_decoder__refuses_frames_that_can_not_be(void **state)
{
    static const struct fault_row rows[] = {
        ROW("longest", "\0\1\0\0\2\1\0\0" ON_1, NULL),
        ROW("too long", "\0\1\0\1\2\1\0\0" ON_1, "expected at most 65536 bytes, got 65537"),
        ROW("4 GiB", "\xff\xff\xff\xff\2\1\0\0" ON_1, "at most 65536 bytes, got 4294967295"),
        ROW("head beyond the frame", "\0\0\0\1\1\0\0\2" ON_1, "head of 2 bytes is longer"),
        ROW("type 0", "\0\0\0\0\0\0\0\0" ON_1, "unknown type 0"),
        ROW("type 10", "\0\0\0\0\x0a\0\0\0" ON_1, "unknown type 10"),
        ROW("optional type", "\0\0\0\0\x8a\xff\0\0" ON_1, NULL),
        ROW("flag of another type", "\0\0\0\0\6\1\0\0" ON_1, "CANCEL: unknown flags 01"),
        ROW("unknown flag", "\0\0\0\0\2\x41\0\0" ON_1, "MESSAGE: unknown flags 40"),
        ROW("stream 0", "\0\0\0\0\2\1\0\0" ON_0, "expected a stream's id, got stream 0"),
        ROW("last id", "\0\0\0\0\6\0\0\0\xff\xff\xff\xff\xff\xff\xff\xfe", NULL),
        ROW("beyond the last id", "\0\0\0\0\6\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
            "expected a stream's id"),
        ROW("ping on a stream", "\0\0\0\x08\7\0\0\0" ON_1 "12345678", "expected stream 0"),
        ROW("short ping", "\0\0\0\x07\7\0\0\0" ON_0 "1234567", "PING: expected a body of 8 to 8"),
        ROW("short credit", "\0\0\0\3\5\0\0\0" ON_1 "123", "CREDIT: expected a body of 4 to 4"),
        ROW("cancel with a body", "\0\0\0\1\6\0\0\0" ON_1 "1", "CANCEL: expected a body of 0 to 0"),
        ROW("message with a head", "\0\0\0\1\2\1\0\1" ON_1 "1", "MESSAGE: expected a head of 0"),
        ROW("open without a head", "\0\0\0\0\1\0\0\0" ON_1, "OPEN: expected a head of 2"),
        ROW("more without message", "\0\0\0\0\2\2\0\0" ON_1, "MORE goes with MESSAGE"),
        ROW("more and end", "\0\0\0\0\2\7\0\0" ON_1, "MORE goes with MESSAGE"),
        ROW("neither message nor end", "\0\0\0\0\2\0\0\0" ON_1, "expected the flag MESSAGE or END"),
        ROW("half-close", "\0\0\0\0\2\4\0\0" ON_1, NULL),
        ROW("half-close with a body", "\0\0\0\1\2\4\0\0" ON_1 "1", "a body without the flag"),
        ROW("open with a stray body", "\0\0\0\3\1\0\0\2" ON_1 "\0\0x", "a body without the flag"),
        ROW("status with a stray body", "\0\0\0\5\4\0\0\4" ON_1 "\0\0\0\0x", "a body without"),
        ROW("initial with a body", "\0\0\0\1\3\0\0\0" ON_1 "1", "INITIAL: expected a body of 0"),
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_buf bytes = BS_BUF_INIT(0), text = BS_BUF_INIT(0);
        struct bs_error error = BS_ERROR_INIT;
        rpc_hello_write(&sample_hello, &bytes);
        bs_buf_append(&bytes, rows[i].frame, rows[i].size);
        enum rpc_decoded decoded = decode(bs_buf_str(&bytes), 0, SIZE_MAX, &text, &error);
        if (rows[i].message)
            test_row(rows[i].name,
                     decoded == RPC_DECODED_FAULT && strstr(error.message, rows[i].message),
                     "%d %s", decoded, error.message);
        else
            test_row(rows[i].name, decoded == RPC_DECODED_MORE, "%s", error.message);
        bs_buf_fini(&bytes);
        bs_buf_fini(&text);
    }
    test_rows_end();
}

static void test_heads__refuse_lengths_that_go_beyond(void **state)
{
    static const struct fault_row rows[] = {
        ROW("open: name", "\0\3ab", "expected a method's name"),
        ROW("open: nothing", "", "expected a method's name"),
        ROW("open: no metadata", "\0\2ab", NULL),
        ROW("open: one entry", "\0\2ab\1\0\1kv", NULL),
        ROW("open: empty value", "\0\2ab\1\0\0k", NULL),
        ROW("open: half an entry", "\0\2ab\1\0", "metadata: the lengths"),
        ROW("open: short value", "\0\2ab\1\0\2kv", "metadata: the lengths"),
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct rpc_open_head head;
        const struct rpc_frame frame = {
            .type = RPC_FRAME_OPEN,
            .stream = 1,
            .head = bs_str_make(rows[i].frame, rows[i].size),
        };
        enum bs_code code = rpc_open_head_read(&frame, &head, &error);
        bool is_right = rows[i].message
                            ? code == BS_INTERNAL && strstr(error.message, rows[i].message)
                            : code == BS_OK && bs_str_equals(head.method, "ab");
        test_row(rows[i].name, is_right, "%s", error.message);
    }
    test_rows_end();
    const struct rpc_frame status = {.type = RPC_FRAME_STATUS, .head = BS_STR("\0\5\0\2a")};
    struct rpc_status_head head;
    assert_int_equal(rpc_status_head_read(&status, &head, NULL), BS_INTERNAL);
}

static void test_decoder__goes_back_to_a_small_buffer_when_reads_are_small(void **state)
{
    struct rpc_decoder decoder;
    struct rpc_frame frame;
    struct bs_buf bytes = BS_BUF_INIT(0);
    char body[60000] = {0};
    size_t room;
    (void)state;
    rpc_decoder_init(&decoder, 65536);
    rpc_hello_write(&sample_hello, &bytes);
    for (int i = 0; i < 3; i++)
        rpc_frame_write(&(struct rpc_frame){.type = RPC_FRAME_MESSAGE,
                                            .flags = RPC_FLAG_MESSAGE,
                                            .stream = 1,
                                            .body = bs_str_make(body, sizeof(body))},
                        &bytes);
    int frames = 0;
    for (size_t used = 0; used < bytes.len;) {
        char *to = rpc_decoder_room(&decoder, &room);
        size_t count = BS_MIN(room, bytes.len - used);
        memcpy(to, bytes.ptr + used, count);
        rpc_decoder_fed(&decoder, count);
        used += count;
        enum rpc_decoded decoded;
        while ((decoded = rpc_decoder_next(&decoder, &frame, NULL)) != RPC_DECODED_MORE)
            frames += decoded == RPC_DECODED_FRAME;
    }
    assert_int_equal(frames, 3);
    assert_true(decoder.capacity > sizeof(body) && decoder.capacity <= 256 * 1024);
    bs_buf_reset(&bytes);
    rpc_frame_write_ping(RPC_FRAME_PING, 1, &bytes);
    for (int i = 0; i < 50; i++) {
        char *to = rpc_decoder_room(&decoder, &room);
        memcpy(to, bytes.ptr, bytes.len);
        rpc_decoder_fed(&decoder, bytes.len);
        assert_int_equal(rpc_decoder_next(&decoder, &frame, NULL), RPC_DECODED_FRAME);
    }
    assert_true(decoder.capacity <= 4096);
    rpc_decoder_fini(&decoder);
    bs_buf_fini(&bytes);
}

static void test_stranger__is_known_by_its_first_bytes(void **state)
{
    (void)state;
    assert_int_equal(rpc_stranger_of(BS_STR("GET / HTTP/1.1\r\n")), RPC_STRANGER_HTTP);
    assert_int_equal(rpc_stranger_of(BS_STR("PRI * HTTP/2.0\r\n")), RPC_STRANGER_HTTP);
    assert_int_equal(rpc_stranger_of(bs_str_make("\0SP\0\0\x30\0\0", 8)), RPC_STRANGER_SP);
    assert_int_equal(rpc_stranger_of(bs_str_make("\x16\x03\x01\x02\0", 5)), RPC_STRANGER_TLS);
    assert_int_equal(rpc_stranger_of(BS_STR("ohai")), RPC_STRANGER_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame__bytes_are_those_of_the_golden_file),
        cmocka_unit_test(test_decoder__gives_the_same_frames_cut_at_every_byte_and_byte_by_byte),
        cmocka_unit_test(test_hello__reads_what_was_written_and_skips_what_is_newer),
        cmocka_unit_test(test_hello__refuses_other_versions_and_impossible_numbers),
        cmocka_unit_test(test_decoder__refuses_frames_that_can_not_be),
        cmocka_unit_test(test_heads__refuse_lengths_that_go_beyond),
        cmocka_unit_test(test_decoder__goes_back_to_a_small_buffer_when_reads_are_small),
        cmocka_unit_test(test_stranger__is_known_by_its_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
