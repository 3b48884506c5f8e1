/* See fixture.h. The tables stand here by hand, as the generator would write them. */

#include "rpc/fixture.h"

#include <stdarg.h>
#include <time.h>

/* The handlers find their server by this: each test has one at a time. */
static struct test_server *_Atomic the_server;

static const struct rpc_field request_fields[] = {{.json_name = "service"}};
static const struct rpc_field response_fields[] = {{.json_name = "status"}};
static const uint16_t one_name[] = {0};
static const struct rpc_message request_table = {
    .full_name = "rpc.v1.HealthCheckRequest",
    .descriptor = &rpc__v1__health_check_request__descriptor,
    .fields = request_fields,
    .fields_by_json_name = one_name,
};
static const struct rpc_message response_table = {
    .full_name = "rpc.v1.HealthCheckResponse",
    .descriptor = &rpc__v1__health_check_response__descriptor,
    .fields = response_fields,
    .fields_by_json_name = one_name,
};

static const char *text_of(const ProtobufCMessage *request)
{
    return ((const Rpc__V1__HealthCheckRequest *)request)->service;
}

static void set_number(ProtobufCMessage *response, int64_t number)
{
    ((Rpc__V1__HealthCheckResponse *)response)->status =
        (Rpc__V1__HealthCheckResponse__ServingStatus)number;
}

static int64_t number_in(struct bs_str text)
{
    int64_t number = 0;
    (void)bs_str_parse_i64(text, &number);
    return number;
}

static void enter(struct test_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->entered++;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static enum bs_code block(struct test_server *server, const struct bs_interrupt *interrupt,
                          struct bs_error *error)
{
    enum bs_code code = BS_OK;
    pthread_mutex_lock(&server->lock);
    while (!server->released && code == BS_OK) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 1000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&server->changed, &server->lock, &until);
        code = bs_interrupt_check(interrupt, error);
    }
    pthread_mutex_unlock(&server->lock);
    return code;
}

static enum bs_code fail(int64_t code, struct bs_error *error)
{
    enum bs_code failed =
        bs_error_set_code(error, bs_code_from_number(code), BS_REASON_DB_CAS_FAILED,
                          "failed as told: \xf0\x9f\x8e\xb8 100%%\nsecond line");
    bs_error_add_integer(error, "line", 7);
    return failed;
}

static enum bs_code inner(struct test_server *server, struct rpc_call *call, const char *text,
                          ProtobufCMessage *response, struct bs_error *error)
{
    Rpc__V1__HealthCheckRequest request = RPC__V1__HEALTH_CHECK_REQUEST__INIT;
    ProtobufCMessage *answer;
    request.service = (char *)(uintptr_t)text;
    BS_TRY(rpc_channel_call(server->direct, test_method(TEST_RUN), NULL, &request.base,
                            rpc_call_arena(call), &answer, error));
    set_number(response, (int64_t)((Rpc__V1__HealthCheckResponse *)answer)->status);
    return BS_OK;
}

static enum bs_code obey(struct test_server *server, struct rpc_call *call, struct bs_str text,
                         ProtobufCMessage *response, struct bs_error *error)
{
    struct bs_str word = text;
    struct bs_str rest = text;
    (void)bs_str_split(&rest, ' ', &word);
    rpc_call_set_basis_t(call, 1000);
    if (bs_str_equals(word, "echo"))
        set_number(response, number_in(rest));
    else if (bs_str_equals(word, "fail"))
        return fail(number_in(rest), error);
    else if (bs_str_equals(word, "block"))
        return block(server, rpc_call_interrupt(call), error);
    else if (bs_str_equals(word, "deaf"))
        return block(server, NULL, error);
    else if (bs_str_equals(word, "inner"))
        return inner(server, call, rest.ptr, response, error);
    else if (bs_str_equals(word, "memory"))
        return bs_arena_try_alloc(rpc_call_arena(call), (size_t)number_in(rest))
                   ? BS_OK
                   : bs_error_set(error, BS_REASON_LIMIT, "no memory");
    else if (bs_str_equals(word, "wait")) {
        rpc_call_wait_begin(call);
        enum bs_code code = block(server, rpc_call_interrupt(call), error);
        rpc_call_wait_end(call);
        return code;
    }
    return BS_OK;
}

static enum bs_code run(const void *functions, void *context, const ProtobufCMessage *request,
                        ProtobufCMessage *response, struct rpc_stream *stream,
                        struct bs_error *error)
{
    struct test_server *server = the_server;
    (void)functions;
    (void)stream;
    enter(server);
    test_server_trace(server, "handler;");
    enum bs_code code =
        obey(server, (struct rpc_call *)context, bs_str_from(text_of(request)), response, error);
    pthread_mutex_lock(&server->lock);
    server->finished++;
    pthread_mutex_unlock(&server->lock);
    return code;
}

static enum bs_code run_in_context(const void *functions, void *context,
                                   const ProtobufCMessage *request, ProtobufCMessage *response,
                                   struct rpc_stream *stream, struct bs_error *error)
{
    (void)functions;
    (void)request;
    (void)stream;
    (void)error;
    test_server_trace(the_server, "handler;");
    set_number(response, ((struct test_context *)context)->number);
    return BS_OK;
}

static enum bs_code count(const void *functions, void *context, const ProtobufCMessage *request,
                          ProtobufCMessage *response, struct rpc_stream *stream,
                          struct bs_error *error)
{
    Rpc__V1__HealthCheckResponse next = RPC__V1__HEALTH_CHECK_RESPONSE__INIT;
    int64_t last = number_in(bs_str_from(text_of(request)));
    (void)functions;
    (void)context;
    (void)response;
    for (int64_t i = 1; i <= last; i++) {
        set_number(&next.base, i);
        BS_TRY(rpc_stream_send(stream, &next.base, error));
    }
    return BS_OK;
}

static enum bs_code sum(const void *functions, void *context, const ProtobufCMessage *request,
                        ProtobufCMessage *response, struct rpc_stream *stream,
                        struct bs_error *error)
{
    int64_t total = 0;
    (void)functions;
    (void)request;
    for (;;) {
        ProtobufCMessage *message;
        BS_TRY(rpc_stream_receive(stream, rpc_call_arena((struct rpc_call *)context), &message,
                                  error));
        if (!message)
            break;
        total += number_in(bs_str_from(text_of(message)));
    }
    set_number(response, total);
    return BS_OK;
}

static enum bs_code chat(const void *functions, void *context, const ProtobufCMessage *request,
                         ProtobufCMessage *response, struct rpc_stream *stream,
                         struct bs_error *error)
{
    Rpc__V1__HealthCheckResponse next = RPC__V1__HEALTH_CHECK_RESPONSE__INIT;
    (void)functions;
    (void)request;
    (void)response;
    for (;;) {
        ProtobufCMessage *message;
        BS_TRY(rpc_stream_receive(stream, rpc_call_arena((struct rpc_call *)context), &message,
                                  error));
        if (!message)
            return BS_OK;
        set_number(&next.base, number_in(bs_str_from(text_of(message))));
        BS_TRY(rpc_stream_send(stream, &next.base, error));
    }
}

#define METHOD(of, short_name, its_kind, function)                                                 \
    .name = short_name, .full_name = of "/" short_name, .kind = its_kind,                          \
    .request = &request_table, .response = &response_table, .invoke = function

static const struct rpc_method methods[] = {
    {METHOD("test.Service", "Run", RPC_UNARY, run), .service = &test_service,
     .access = {.kind = RPC_ACCESS_PUBLIC}},
    {METHOD("test.Service", "Signed", RPC_UNARY, run), .service = &test_service,
     .access = {.kind = RPC_ACCESS_SIGNED_IN}, .idempotency = RPC_NO_SIDE_EFFECTS,
     .deadline_ms = 50, .max_request_bytes = 64},
    {METHOD("test.Service", "Count", RPC_SERVER_STREAM, count), .service = &test_service,
     .access = {.kind = RPC_ACCESS_PUBLIC}},
    {METHOD("test.Service", "Sum", RPC_CLIENT_STREAM, sum), .service = &test_service,
     .access = {.kind = RPC_ACCESS_PUBLIC}},
    {METHOD("test.Service", "Chat", RPC_BOTH_STREAM, chat), .service = &test_service,
     .access = {.kind = RPC_ACCESS_PUBLIC}},
};
const struct rpc_service test_service = {
    .full_name = "test.Service",
    .methods = methods,
    .methods_count = BS_ARRAY_COUNT(methods),
};
static const struct rpc_method context_methods[] = {
    {METHOD("test.ContextService", "Run", RPC_UNARY, run_in_context),
     .service = &test_context_service, .access = {.kind = RPC_ACCESS_PUBLIC}},
};
const struct rpc_service test_context_service = {
    .full_name = "test.ContextService",
    .methods = context_methods,
    .methods_count = 1,
    .context_type = "struct test_context",
};

const struct rpc_method *test_method(int which)
{
    return which == TEST_CONTEXT ? &context_methods[0] : &methods[which];
}

static enum bs_code open_context(void *self, struct rpc_call *call, void **ret_context,
                                 struct bs_error *error)
{
    struct test_server *server = self;
    test_server_trace(server, "open;");
    server->opened++;
    if (server->open_fails != BS_OK)
        return bs_error_set_code(error, server->open_fails, BS_REASON_DB_INVALID_TIME_POINT,
                                 "no such time");
    struct test_context *context = bs_arena_new_item(rpc_call_arena(call), struct test_context);
    context->number = 5;
    *ret_context = context;
    return BS_OK;
}

static void close_context(void *self, struct rpc_call *call, void *context)
{
    struct test_server *server = self;
    (void)call;
    (void)context;
    test_server_trace(server, "close;");
    server->closed++;
}

static void observe(void *self, const struct rpc_call *call, enum bs_code code,
                    const struct bs_error *error)
{
    struct test_server *server = self;
    BS_ASSERT((error == NULL) == (code == BS_OK));
    BS_ASSERT(rpc_call_method_name(call).ptr != NULL);
    pthread_mutex_lock(&server->lock);
    server->observed[code]++;
    pthread_mutex_unlock(&server->lock);
}

void test_server_init(struct test_server *server, const struct rpc_dispatcher_options *options)
{
    *server = (struct test_server){.released = false};
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    server->dispatcher = rpc_dispatcher_new(options);
    static const char *const claims[] = {"as-of", NULL};
    rpc_dispatcher_set_context(server->dispatcher, &(struct rpc_context_hooks){
                                                       .type = "struct test_context",
                                                       .open = open_context,
                                                       .close = close_context,
                                                       .claims = claims,
                                                       .self = server,
                                                   });
    rpc_dispatcher_set_observer(server->dispatcher, observe, server);
    BS_ASSERT(!rpc_dispatcher_register(server->dispatcher, &test_service, server, NULL));
    BS_ASSERT(!rpc_dispatcher_register(server->dispatcher, &test_context_service, server, NULL));
    server->direct = rpc_direct_channel_new(server->dispatcher);
    the_server = server;
}

void test_server_start(struct test_server *server)
{
    BS_ASSERT(rpc_dispatcher_start(server->dispatcher, NULL) == BS_OK);
}

void test_server_fini(struct test_server *server)
{
    test_server_release(server);
    rpc_channel_close(server->direct);
    rpc_dispatcher_free(server->dispatcher);
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->changed);
}

void test_server_release(struct test_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->released = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void test_server_wait_entered(struct test_server *server, int entered)
{
    pthread_mutex_lock(&server->lock);
    while (server->entered < entered)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

void test_server_trace(struct test_server *server, const char *format, ...)
{
    va_list args;
    pthread_mutex_lock(&server->lock);
    size_t len = strlen(server->trace);
    va_start(args, format);
    vsnprintf(server->trace + len, sizeof(server->trace) - len, format, args);
    va_end(args);
    pthread_mutex_unlock(&server->lock);
}

static void keep_answer(void *self, struct rpc_call *rpc, const struct rpc_answer *answer)
{
    struct test_call *call = self;
    (void)rpc;
    pthread_mutex_lock(&call->lock);
    call->answers++;
    call->code = answer->code;
    if (answer->error)
        call->error = *answer->error;
    if (answer->response)
        call->number = (int)((const Rpc__V1__HealthCheckResponse *)answer->response)->status;
    call->retry_after_ms = answer->extra->retry_after_ms;
    call->violations = answer->extra->violations ? answer->extra->violations->count : 0;
    struct bs_str basis = rpc_metadata_get(answer->trailing, BS_STR("basis-t"));
    snprintf(call->basis_t, sizeof(call->basis_t), "%.*s", BS_STR_ARGS(basis));
    call->answered_ns = bs_monotonic_ns();
    pthread_cond_broadcast(&call->changed);
    pthread_mutex_unlock(&call->lock);
}

static void note_release(void *self)
{
    struct test_call *call = self;
    pthread_mutex_lock(&call->lock);
    call->releases++;
    pthread_cond_broadcast(&call->changed);
    pthread_mutex_unlock(&call->lock);
}

static void init_call(struct test_call *call, struct test_server *server, const char *name,
                      const struct rpc_metadata *metadata, bs_deadline deadline)
{
    *call = (struct test_call){.number = -1};
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->changed, NULL);
    bs_buf_init(&call->request, 0);
    call->call =
        rpc_call_new(server->dispatcher,
                     &(struct rpc_call_options){
                         .method = bs_str_from(name),
                         .metadata = metadata,
                         .deadline = deadline,
                         .transport = "test",
                         .peer = BS_STR("somebody"),
                         .sink = {.answer = keep_answer, .release = note_release, .self = call},
                     });
}

void test_call_init(struct test_call *call, struct test_server *server, int method,
                    const char *text, const struct rpc_metadata *metadata, bs_deadline deadline)
{
    Rpc__V1__HealthCheckRequest request = RPC__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)(uintptr_t)text;
    init_call(call, server, test_method(method)->full_name, metadata, deadline);
    BS_ASSERT(rpc_pack(&request.base, 0, &call->request, NULL) == BS_OK);
    rpc_call_set_request_bytes(call->call, bs_buf_str(&call->request));
}

void test_call_init_raw(struct test_call *call, struct test_server *server, const char *name,
                        const char *bytes, size_t size)
{
    init_call(call, server, name, NULL, BS_DEADLINE_NONE);
    if (bytes)
        rpc_call_set_request_bytes(call->call, bs_str_make(bytes, size));
}

void test_call_start(struct test_call *call)
{
    rpc_call_start(call->call);
}

enum bs_code test_call_finish(struct test_call *call)
{
    pthread_mutex_lock(&call->lock);
    while (call->answers == 0)
        pthread_cond_wait(&call->changed, &call->lock);
    pthread_mutex_unlock(&call->lock);
    return call->code;
}

void test_call_fini(struct test_call *call)
{
    rpc_call_unref(call->call);
    pthread_mutex_lock(&call->lock);
    while (call->releases == 0)
        pthread_cond_wait(&call->changed, &call->lock);
    pthread_mutex_unlock(&call->lock);
    BS_ASSERT(call->answers == 1 && call->releases == 1);
    bs_buf_fini(&call->request);
    pthread_mutex_destroy(&call->lock);
    pthread_cond_destroy(&call->changed);
}

enum bs_code test_call_do(struct test_call *call, struct test_server *server, int method,
                          const char *text)
{
    test_call_init(call, server, method, text, NULL, BS_DEADLINE_NONE);
    test_call_start(call);
    return test_call_finish(call);
}

enum bs_code test_direct(struct test_server *server, int method, const char *text,
                         const struct rpc_client_options *options, int *ret_number,
                         struct bs_error *error)
{
    Rpc__V1__HealthCheckRequest request = RPC__V1__HEALTH_CHECK_REQUEST__INIT;
    struct bs_arena *arena = bs_arena_new(0);
    ProtobufCMessage *response = NULL;
    request.service = (char *)(uintptr_t)text;
    enum bs_code code = rpc_channel_call(server->direct, test_method(method), options,
                                         &request.base, arena, &response, error);
    *ret_number = code == BS_OK ? (int)((Rpc__V1__HealthCheckResponse *)response)->status : -1;
    bs_arena_free(arena);
    return code;
}
