/*
 * Decodes our options. protobuf-c knows no extensions: they arrive as unknown fields of the options
 * messages, whose data includes the length prefix. Parts of one option that were set one by one
 * come as several fields; put behind each other they are one message again. Options that are not
 * ours are refused, because nothing would act on them.
 */

#include "model.h"

enum {
    TAG_CONTEXT = 77001,
    TAG_CONTEXT_HEADER = 77002,
    TAG_SERVICE_CONTEXT = 77011,
    TAG_ACCESS = 77021,
    TAG_HTTP = 77022,
    TAG_LIMITS = 77023,
    TAG_RULES = 77031,
};

static struct bs_str payload(const ProtobufCMessageUnknownField *field)
{
    struct bs_str data = bs_str_make((const char *)field->data, field->len);
    uint64_t len = 0;
    if (field->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
        gen_wire_varint(&data, &len);
    return data;
}

/* The option's bytes, its parts behind each other; false when it is not set. */
static bool find_option(struct gen *gen, const ProtobufCMessage *options, uint32_t tag,
                        struct bs_str *ret)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    bool found = false;
    for (unsigned i = 0; options && i < options->n_unknown_fields; i++) {
        if (options->unknown_fields[i].tag != tag)
            continue;
        found = true;
        bs_buf_append_str(&out, payload(&options->unknown_fields[i]));
    }
    if (found)
        *ret = bs_arena_dup(gen->arena, bs_buf_str(&out));
    return found;
}

static const char *find_text(struct gen *gen, const ProtobufCMessage *options, uint32_t tag)
{
    struct bs_str text;
    return find_option(gen, options, tag, &text) ? text.ptr : NULL;
}

static void *arena_alloc(void *arena, size_t size)
{
    return bs_arena_alloc(arena, size);
}

static void arena_free(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

static ProtobufCMessage *decode(struct gen *gen, const ProtobufCMessageDescriptor *descriptor,
                                struct bs_str bytes, const struct gen_path *path,
                                const char *subject)
{
    ProtobufCAllocator allocator = {arena_alloc, arena_free, gen->arena};
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, bytes.len, (const uint8_t *)bytes.ptr);
    if (!message)
        gen_complain(gen, path, subject, "can't decode its %s: a required field is missing",
                     descriptor->name);
    else if (message->n_unknown_fields > 0)
        gen_complain(gen, path, subject,
                     "unknown field %u in its %s: options.proto is newer than"
                     " this generator",
                     message->unknown_fields[0].tag, descriptor->name);
    return message;
}

static void refuse_unknown(struct gen *gen, const ProtobufCMessage *options, const uint32_t *known,
                           const struct gen_path *path, const char *subject)
{
    for (unsigned i = 0; options && i < options->n_unknown_fields; i++) {
        uint32_t tag = options->unknown_fields[i].tag;
        size_t k = 0;
        while (known[k] != 0 && known[k] != tag)
            k++;
        if (known[k] == 0) {
            struct gen_path place = gen_path_option(path, tag);
            gen_complain(gen, &place, subject,
                         "unknown option, number %u; expected options of rpc/v1/options.proto"
                         " that belong here",
                         tag);
        }
    }
}

/* A oneof that was set part by part may have come twice: count what is on the wire. */
static void check_access(struct gen *gen, struct gen_method *method, struct bs_str bytes)
{
    struct gen_path path = gen_path_option(&method->path, TAG_ACCESS);
    unsigned seen = 0;
    struct bs_str whole, value;
    uint64_t number;
    while (bytes.len > 0 && gen_wire_field(&bytes, &number, &whole, &value))
        seen |= number < 32 ? 1u << number : 0;
    if (__builtin_popcount(seen) != 1) {
        gen_complain(gen, &path, method->full_name,
                     "its access rule says %s of public, signed_in, resource; expected exactly one",
                     seen ? "several" : "none");
        return;
    }
    if ((method->access->rule_case == RPC__V1__ACCESS__RULE_PUBLIC && !method->access->public_) ||
        (method->access->rule_case == RPC__V1__ACCESS__RULE_SIGNED_IN &&
         !method->access->signed_in))
        gen_complain(gen, &path, method->full_name,
                     "its access rule says false; expected true, or another rule");
}

static const struct {
    Rpc__V1__HttpRule__PatternCase pattern;
    const char *verb;
} verbs[] = {
    {RPC__V1__HTTP_RULE__PATTERN_GET, "GET"},     {RPC__V1__HTTP_RULE__PATTERN_PUT, "PUT"},
    {RPC__V1__HTTP_RULE__PATTERN_POST, "POST"},   {RPC__V1__HTTP_RULE__PATTERN_DELETE, "DELETE"},
    {RPC__V1__HTTP_RULE__PATTERN_PATCH, "PATCH"},
};

static void add_http(struct gen *gen, struct gen_method *method, const Rpc__V1__HttpRule *rule,
                     int32_t idx)
{
    struct gen_http *http = &method->http[method->http_count];
    http->method = method;
    http->path = gen_path_option(&method->path, TAG_HTTP);
    http->path.steps[http->path.len++] = idx;
    http->body = rule->body;
    http->response_body = rule->response_body;
    http->text = rule->get; /* the union's members are all texts */
    for (size_t i = 0; i < BS_ARRAY_COUNT(verbs); i++) {
        if (verbs[i].pattern == rule->pattern_case)
            http->verb = verbs[i].verb;
    }
    if (!http->verb || !http->text) {
        gen_complain(gen, &http->path, method->full_name,
                     "its http rule has no path; expected one of get, put, post, delete, patch");
        return;
    }
    method->http_count++;
}

static void read_http_rule(struct gen *gen, struct gen_method *method,
                           const Rpc__V1__HttpRule *rule, int32_t idx)
{
    add_http(gen, method, rule, idx);
    for (size_t i = 0; i < rule->n_additional_bindings; i++) {
        const Rpc__V1__HttpRule *inner = rule->additional_bindings[i];
        if (inner->n_additional_bindings > 0)
            gen_complain(gen, &method->path, method->full_name,
                         "additional_bindings inside additional_bindings; expected one level");
        add_http(gen, method, inner, idx);
    }
}

static void read_http(struct gen *gen, struct gen_method *method, const ProtobufCMessage *options)
{
    size_t count = 0;
    int32_t idx = 0;
    Rpc__V1__HttpRule **rules =
        bs_arena_new_array(gen->arena, options->n_unknown_fields + 1, Rpc__V1__HttpRule *);
    for (unsigned i = 0; i < options->n_unknown_fields; i++) {
        if (options->unknown_fields[i].tag != TAG_HTTP)
            continue;
        ProtobufCMessage *rule =
            decode(gen, &rpc__v1__http_rule__descriptor, payload(&options->unknown_fields[i]),
                   &method->path, method->full_name);
        rules[idx] = (Rpc__V1__HttpRule *)rule;
        if (rule)
            count += 1 + rules[idx++]->n_additional_bindings;
    }
    method->http = bs_arena_zalloc(gen->arena, (count + 1) * sizeof(struct gen_http));
    for (int32_t i = 0; i < idx; i++)
        read_http_rule(gen, method, rules[i], i);
}

static void read_method_options(struct gen *gen, struct gen_method *method)
{
    static const uint32_t known[] = {TAG_ACCESS, TAG_HTTP, TAG_LIMITS, 0};
    const ProtobufCMessage *options = method->proto->options ? &method->proto->options->base : NULL;
    struct bs_str bytes;
    refuse_unknown(gen, options, known, &method->path, method->full_name);
    if (!options)
        return;
    if (find_option(gen, options, TAG_ACCESS, &bytes)) {
        method->access = (const Rpc__V1__Access *)decode(gen, &rpc__v1__access__descriptor, bytes,
                                                         &method->path, method->full_name);
        if (method->access)
            check_access(gen, method, bytes);
    }
    if (find_option(gen, options, TAG_LIMITS, &bytes))
        method->limits = (const Rpc__V1__MethodLimits *)decode(
            gen, &rpc__v1__method_limits__descriptor, bytes, &method->path, method->full_name);
    read_http(gen, method, options);
}

static void read_message_options(struct gen *gen, struct gen_message *message)
{
    static const uint32_t none[] = {0}, known[] = {TAG_RULES, 0};
    const gen_message_proto *proto = message->proto;
    refuse_unknown(gen, proto->options ? &proto->options->base : NULL, none, &message->path,
                   message->full_name);
    for (size_t i = 0; i < proto->n_oneof_decl; i++) {
        struct gen_path path = message->path;
        gen_path_push(&path, 8, (int32_t)i);
        if (proto->oneof_decl[i]->options)
            refuse_unknown(gen, &proto->oneof_decl[i]->options->base, none, &path,
                           message->full_name);
    }
    for (size_t i = 0; i < message->fields_count; i++) {
        struct gen_field *field = &message->fields[i];
        struct bs_str bytes;
        const ProtobufCMessage *options =
            field->proto->options ? &field->proto->options->base : NULL;
        const char *name = gen_field_name(gen, field);
        refuse_unknown(gen, options, known, &field->path, name);
        if (find_option(gen, options, TAG_RULES, &bytes))
            field->rules = (const Rpc__V1__FieldRules *)decode(
                gen, &rpc__v1__field_rules__descriptor, bytes, &field->path, name);
    }
}

static void read_enum_options(struct gen *gen, const struct gen_enum *enumeration)
{
    static const uint32_t none[] = {0};
    const gen_enum_proto *proto = enumeration->proto;
    refuse_unknown(gen, proto->options ? &proto->options->base : NULL, none, &enumeration->path,
                   enumeration->full_name);
    for (size_t i = 0; i < proto->n_value; i++) {
        struct gen_path path = enumeration->path;
        gen_path_push(&path, 2, (int32_t)i);
        if (proto->value[i]->options)
            refuse_unknown(gen, &proto->value[i]->options->base, none, &path,
                           enumeration->full_name);
    }
}

static void read_file_options(struct gen *gen, struct gen_file *file)
{
    static const uint32_t known[] = {TAG_CONTEXT, TAG_CONTEXT_HEADER, 0};
    const ProtobufCMessage *options = file->proto->options ? &file->proto->options->base : NULL;
    struct gen_path path = {.file = file};
    refuse_unknown(gen, options, known, &path, file->proto->name);
    file->context = find_text(gen, options, TAG_CONTEXT);
    file->context_header = find_text(gen, options, TAG_CONTEXT_HEADER);
}

static void read_service_options(struct gen *gen, struct gen_service *service)
{
    static const uint32_t known[] = {TAG_SERVICE_CONTEXT, 0};
    const ProtobufCMessage *options =
        service->proto->options ? &service->proto->options->base : NULL;
    refuse_unknown(gen, options, known, &service->path, service->full_name);
    service->context = find_text(gen, options, TAG_SERVICE_CONTEXT);
    if (!service->context)
        service->context = service->file->context;
    for (size_t i = 0; i < service->methods_count; i++)
        read_method_options(gen, &service->methods[i]);
}

void gen_read_options(struct gen *gen)
{
    for (size_t i = 0; i < gen->files_count; i++) {
        struct gen_file *file = &gen->files[i];
        read_file_options(gen, file);
        for (size_t m = 0; m < file->messages_count; m++)
            read_message_options(gen, file->messages[m]);
        for (size_t e = 0; e < file->enums_count; e++)
            read_enum_options(gen, file->enums[e]);
        for (size_t s = 0; s < file->services_count; s++)
            read_service_options(gen, &file->services[s]);
    }
}
