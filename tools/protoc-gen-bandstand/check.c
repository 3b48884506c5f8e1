/*
 * What the tables can't hold or the server could not keep is refused here: methods without access
 * rule, paths that lead nowhere, recursive messages, presence that protobuf-c does not know. Checks
 * of rules and routes are in files of their own.
 */

#include "model.h"

const char *gen_field_name(struct gen *gen, const struct gen_field *field)
{
    return bs_arena_printf(gen->arena, "%s.%s", field->owner->full_name, field->proto->name).ptr;
}

/* "did you mean" by the fewest edits. */
static const char *nearest(const struct gen_message *message, struct bs_str name)
{
    const char *best = NULL;
    size_t best_distance = 4;
    for (size_t i = 0; i < message->fields_count; i++) {
        size_t distance = bs_str_distance(name, bs_str_from(message->fields[i].proto->name));
        if (distance < best_distance) {
            best_distance = distance;
            best = message->fields[i].proto->name;
        }
    }
    return best;
}

struct gen_field *gen_resolve_path(struct gen *gen, const struct gen_path *where,
                                   const char *subject, const struct gen_message *message,
                                   struct bs_str path, bool json)
{
    struct bs_str rest = path, name;
    struct gen_field *field = NULL;
    while (bs_str_split(&rest, '.', &name)) {
        if (field && (!field->message || field->is_repeated || field->message->well_known)) {
            gen_complain(gen, where, subject, "path \"%.*s\": %s is no single message",
                         BS_STR_ARGS(path), gen_field_name(gen, field));
            return NULL;
        }
        if (field)
            message = field->message;
        field = gen_find_field(message, name, json);
        if (!field) {
            const char *near = nearest(message, name);
            gen_complain(gen, where, subject, "path \"%.*s\": %s has no field \"%.*s\"%s%s%s",
                         BS_STR_ARGS(path), message->full_name, BS_STR_ARGS(name),
                         near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
            return NULL;
        }
    }
    return field;
}

static void check_access(struct gen *gen, const struct gen_method *method)
{
    const Rpc__V1__Access *access = method->access;
    struct gen_path path = gen_path_option(&method->path, 77021);
    struct gen_field *field;
    if (!access) {
        gen_complain(gen, &method->path, method->full_name,
                     "has no access rule; expected option (access) = { public: true }, "
                     "{ signed_in: true } or { resource: {...} }");
        return;
    }
    if (access->rule_case != RPC__V1__ACCESS__RULE_RESOURCE)
        return;
    if (method->client_streaming) {
        gen_complain(gen, &path, method->full_name,
                     "its access rule names a field of the request, but requests stream; "
                     "expected public or signed_in");
        return;
    }
    if (!*access->resource->kind)
        gen_complain(gen, &path, method->full_name, "its access rule has an empty kind");
    field = gen_resolve_path(gen, &path, method->full_name, method->request,
                             bs_str_from(access->resource->field), false);
    if (field && (field->proto->type != GEN_TYPE(STRING) || field->is_repeated))
        gen_complain(gen, &path, method->full_name,
                     "its access rule names %s, which is no single string",
                     gen_field_name(gen, field));
}

/* Deep first; returns the field by which `target` is reached again. Well-known ones may recurse:
 * their depth is limited where bytes and JSON are read. */
static const struct gen_field *find_cycle(struct gen_message *message,
                                          const struct gen_message *target)
{
    if (message->visited || message->well_known)
        return NULL;
    message->visited = true;
    for (size_t i = 0; i < message->fields_count; i++) {
        const struct gen_field *field = &message->fields[i];
        if (!field->message)
            continue;
        if (field->message == target || find_cycle(field->message, target))
            return field;
    }
    return NULL;
}

static void clear_visited(struct gen *gen)
{
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t m = 0; m < gen->files[i].messages_count; m++)
            gen->files[i].messages[m]->visited = false;
    }
}

/* proto2 files carry options only: what travels is proto3. */
static void check_message(struct gen *gen, struct gen_message *message)
{
    const struct gen_field *cycle;
    clear_visited(gen);
    cycle = find_cycle(message, message);
    if (cycle)
        gen_complain(gen, &cycle->path, gen_field_name(gen, cycle),
                     "makes %s recursive; expected messages of a fixed depth, as unpacking one "
                     "goes as deep as the bytes say",
                     message->full_name);
    for (size_t i = 0; i < message->fields_count; i++) {
        struct gen_field *field = &message->fields[i];
        const char *name = gen_field_name(gen, field);
        if (field->proto->proto3_optional)
            gen_complain(gen, &field->path, name,
                         "proto3 \"optional\" is not to be had with protobuf-c; expected a oneof "
                         "of this one field, a wrapper (google.protobuf.StringValue) or a message");
        if (field->message && !field->message->file->is_proto3)
            gen_complain(gen, &field->path, name, "%s is a proto2 message; expected proto3",
                         field->message->full_name);
        gen_check_rules(gen, field);
        for (size_t k = 0; k < i; k++) {
            const gen_field_proto *other = message->fields[k].proto;
            if (strcmp(field->proto->json_name, other->json_name) == 0 ||
                strcmp(field->proto->json_name, other->name) == 0 ||
                strcmp(field->proto->name, other->json_name) == 0)
                gen_complain(gen, &field->path, name,
                             "its JSON name \"%s\" meets a name of field %s",
                             field->proto->json_name, other->name);
        }
    }
}

/* Whether `name` is what we or protoc-c call something of the method `other`. */
static bool is_made_of(const char *name, const char *other)
{
    static const char *const prefixes[] = {"call_", "start_", "open_", "invoke_"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(prefixes); i++) {
        size_t len = strlen(prefixes[i]);
        if (strncmp(name, prefixes[i], len) == 0 && strcmp(name + len, other) == 0)
            return true;
    }
    return strcmp(name, other) == 0;
}

/* protoc-c makes functions SERVICE__METHOD too, and does not look out for keywords. */
static void check_method_name(struct gen *gen, const struct gen_method *method)
{
    static const char *const taken[] = {"descriptor", "init", "methods", "register", "table"};
    const struct gen_service *service = method->service;
    bool is_taken = gen_is_keyword(method->c_name);
    for (size_t i = 0; i < BS_ARRAY_COUNT(taken); i++)
        is_taken |= strcmp(method->c_name, taken[i]) == 0;
    if (is_taken)
        gen_complain(gen, &method->path, method->full_name,
                     "\"%s\" can't be a name in C; expected another name", method->c_name);
    for (size_t i = 0; i < service->methods_count; i++) {
        const struct gen_method *other = &service->methods[i];
        if (other != method && is_made_of(method->c_name, other->c_name))
            gen_complain(gen, &method->path, method->full_name,
                         "its C name \"%s\" meets one of %s; expected another name", method->c_name,
                         other->proto->name);
    }
}

static void check_method(struct gen *gen, struct gen_method *method)
{
    check_method_name(gen, method);
    check_access(gen, method);
    if (!method->request->file->is_proto3 || !method->response->file->is_proto3)
        gen_complain(gen, &method->path, method->full_name,
                     "takes or returns a proto2 message; expected proto3");
    clear_visited(gen);
    gen_check_http(gen, method);
}

static bool is_context_type(const char *text)
{
    struct bs_str name = bs_str_from(text);
    if (!bs_str_starts_with(name, BS_STR("struct ")))
        return false;
    name = bs_str_from_offset(name, strlen("struct "));
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
              (i > 0 && c >= '0' && c <= '9')))
            return false;
    }
    return name.len > 0;
}

static void check_file(struct gen *gen, struct gen_file *file)
{
    for (size_t s = 0; s < file->services_count; s++) {
        struct gen_service *service = &file->services[s];
        if (service->context && !is_context_type(service->context))
            gen_complain(gen, &service->path, service->full_name,
                         "takes context \"%s\"; expected \"struct NAME\"", service->context);
        for (size_t m = 0; m < service->methods_count; m++)
            check_method(gen, &service->methods[m]);
    }
    for (size_t m = 0; file->is_proto3 && m < file->messages_count; m++) {
        if (!file->messages[m]->well_known)
            check_message(gen, file->messages[m]);
    }
}

/* Rules count for the messages above them, whatever files they are in. */
static bool reaches_rules(struct gen_message *message)
{
    if (message->visited)
        return false;
    message->visited = true;
    for (size_t i = 0; i < message->fields_count; i++) {
        if (message->fields[i].rules ||
            (message->fields[i].message && reaches_rules(message->fields[i].message)))
            return true;
    }
    return false;
}

void gen_check(struct gen *gen)
{
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t m = 0; m < gen->files[i].messages_count; m++) {
            clear_visited(gen);
            gen->files[i].messages[m]->has_rules = reaches_rules(gen->files[i].messages[m]);
        }
    }
    for (size_t i = 0; i < gen->files_count; i++)
        check_file(gen, &gen->files[i]);
    gen_check_routes(gen);
}
