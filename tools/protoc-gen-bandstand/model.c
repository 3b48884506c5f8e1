/*
 * Reads descriptors into the model. Two passes: declarations of all files, then links between them,
 * as a file may use what another declares. The bytes of each file are cut out of the request as
 * protoc wrote them, because protobuf-c would not pack options that it does not know unchanged.
 */

#include "model.h"

#define FILE_IN_REQUEST 15 /* CodeGeneratorRequest.proto_file */
#define SOURCE_IN_FILE 9   /* FileDescriptorProto.source_code_info */

bool gen_wire_varint(struct bs_str *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && rest->len > 0; shift += 7) {
        uint8_t byte = (uint8_t)rest->ptr[0];
        *rest = bs_str_from_offset(*rest, 1);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool gen_wire_field(struct bs_str *rest, uint64_t *ret_number, struct bs_str *ret_whole,
                    struct bs_str *ret_value)
{
    const char *start = rest->ptr;
    uint64_t key, skip = 0;
    if (!gen_wire_varint(rest, &key))
        return false;
    *ret_value = BS_STR_EMPTY;
    switch (key & 7) {
    case 0:
        if (!gen_wire_varint(rest, &skip))
            return false;
        skip = 0;
        break;
    case 1:
        skip = 8;
        break;
    case 2:
        if (!gen_wire_varint(rest, &skip))
            return false;
        break;
    case 5:
        skip = 4;
        break;
    default:
        return false;
    }
    if (skip > rest->len)
        return false;
    *ret_value = bs_str_slice(*rest, 0, (size_t)skip);
    *rest = bs_str_from_offset(*rest, (size_t)skip);
    *ret_number = key >> 3;
    *ret_whole = bs_str_make(start, (size_t)(rest->ptr - start));
    return true;
}

/* The bytes of a file as they were, but for the comments and positions. */
static struct bs_str without_source(struct gen *gen, struct bs_str bytes)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct bs_str whole, value;
    uint64_t number;
    while (bytes.len > 0 && gen_wire_field(&bytes, &number, &whole, &value)) {
        if (number != SOURCE_IN_FILE)
            bs_buf_append_str(&out, whole);
    }
    return bs_arena_dup(gen->arena, bs_buf_str(&out));
}

static bool cut_files(struct gen *gen, struct bs_str request)
{
    struct bs_str whole, value;
    uint64_t number;
    size_t idx = 0;
    while (request.len > 0) {
        if (!gen_wire_field(&request, &number, &whole, &value))
            return false;
        if (number == FILE_IN_REQUEST && idx < gen->files_count)
            gen->files[idx++].bytes = without_source(gen, value);
    }
    return idx == gen->files_count;
}

static const char *full_name(struct gen *gen, const char *scope, const char *name)
{
    return *scope ? bs_arena_printf(gen->arena, "%s.%s", scope, name).ptr : name;
}

static const char *well_known(const char *name)
{
    static const char *const known[][2] = {
        {"Timestamp", "RPC_TIMESTAMP"},
        {"Duration", "RPC_DURATION"},
        {"FieldMask", "RPC_FIELD_MASK"},
        {"Empty", "RPC_EMPTY"},
        {"Any", "RPC_ANY"},
        {"Struct", "RPC_STRUCT"},
        {"Value", "RPC_VALUE"},
        {"ListValue", "RPC_LIST_VALUE"},
        {"DoubleValue", "RPC_WRAPPER"},
        {"FloatValue", "RPC_WRAPPER"},
        {"Int64Value", "RPC_WRAPPER"},
        {"UInt64Value", "RPC_WRAPPER"},
        {"Int32Value", "RPC_WRAPPER"},
        {"UInt32Value", "RPC_WRAPPER"},
        {"BoolValue", "RPC_WRAPPER"},
        {"StringValue", "RPC_WRAPPER"},
        {"BytesValue", "RPC_WRAPPER"},
    };
    static const char package[] = "google.protobuf.";
    if (strncmp(name, package, sizeof(package) - 1) != 0)
        return NULL;
    for (size_t i = 0; i < BS_ARRAY_COUNT(known); i++) {
        if (strcmp(name + sizeof(package) - 1, known[i][0]) == 0)
            return known[i][1];
    }
    return NULL;
}

static void add_enum(struct gen_file *file, const gen_enum_proto *proto, const char *scope,
                     const struct gen_path *path)
{
    struct bs_arena *arena = file->gen->arena;
    struct gen_enum *item = bs_arena_new_item(arena, struct gen_enum);
    item->file = file;
    item->proto = proto;
    item->full_name = full_name(file->gen, scope, proto->name);
    item->c_lower = gen_c_lower(arena, item->full_name);
    item->path = *path;
    bs_grow(&file->enums, file->enums_count, &file->enums_capacity, sizeof(struct gen_enum *));
    file->enums[file->enums_count++] = item;
}

static int compare_fields(const void *a, const void *b)
{
    int32_t left = ((const struct gen_field *)a)->proto->number;
    int32_t right = ((const struct gen_field *)b)->proto->number;
    return (left > right) - (left < right);
}

static void read_fields(struct gen_message *message)
{
    const gen_message_proto *proto = message->proto;
    struct bs_arena *arena = message->file->gen->arena;
    message->fields_count = proto->n_field;
    message->fields = bs_arena_zalloc(arena, (proto->n_field + 1) * sizeof(struct gen_field));
    for (size_t i = 0; i < proto->n_field; i++) {
        struct gen_field *field = &message->fields[i];
        field->proto = proto->field[i];
        field->owner = message;
        field->is_repeated = proto->field[i]->label == GEN_REPEATED;
        field->has_presence = !field->is_repeated && (proto->field[i]->has_oneof_index ||
                                                      proto->field[i]->type == GEN_TYPE(MESSAGE));
        field->path = message->path;
        gen_path_push(&field->path, 2, (int32_t)i);
    }
    if (proto->n_field > 1)
        qsort(message->fields, proto->n_field, sizeof(struct gen_field), compare_fields);
}

static void add_message(struct gen_file *file, const gen_message_proto *proto, const char *scope,
                        const struct gen_path *path)
{
    struct bs_arena *arena = file->gen->arena;
    struct gen_message *message = bs_arena_new_item(arena, struct gen_message);
    message->file = file;
    message->proto = proto;
    message->full_name = full_name(file->gen, scope, proto->name);
    message->c_type = gen_c_type(arena, message->full_name);
    message->c_lower = gen_c_lower(arena, message->full_name);
    message->well_known = well_known(message->full_name);
    message->is_map_entry = proto->options && proto->options->map_entry;
    message->path = *path;
    if (path->len + 6 > GEN_PATH_MAX) {
        gen_complain(file->gen, path, message->full_name, "nested too deep");
        return;
    }
    read_fields(message);
    bs_grow(&file->messages, file->messages_count, &file->messages_capacity,
            sizeof(struct gen_message *));
    file->messages[file->messages_count++] = message;
    for (size_t i = 0; i < proto->n_enum_type; i++) {
        struct gen_path inner = *path;
        gen_path_push(&inner, 4, (int32_t)i);
        add_enum(file, proto->enum_type[i], message->full_name, &inner);
    }
    for (size_t i = 0; i < proto->n_nested_type; i++) {
        struct gen_path inner = *path;
        gen_path_push(&inner, 3, (int32_t)i);
        add_message(file, proto->nested_type[i], message->full_name, &inner);
    }
}

static const char *stem_of(struct gen *gen, const char *name)
{
    struct bs_str stem = bs_str_from(name);
    if (bs_str_ends_with(stem, BS_STR(".proto")))
        stem.len -= strlen(".proto");
    return bs_arena_dup_cstr(gen->arena, stem);
}

static const char *c_stem_of(struct gen *gen, const char *stem)
{
    char *c_stem = bs_arena_dup_cstr(gen->arena, bs_str_from(stem));
    for (char *c = c_stem; *c; c++) {
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')))
            *c = '_';
    }
    return c_stem;
}

static void declare_file(struct gen *gen, struct gen_file *file, const gen_file_proto *proto)
{
    file->gen = gen;
    file->proto = proto;
    file->stem = stem_of(gen, proto->name);
    file->c_stem = c_stem_of(gen, file->stem);
    file->is_proto3 = proto->syntax && strcmp(proto->syntax, "proto3") == 0;
    for (size_t i = 0; i < proto->n_message_type; i++) {
        struct gen_path path = {.file = file};
        gen_path_push(&path, 4, (int32_t)i);
        add_message(file, proto->message_type[i], proto->package ? proto->package : "", &path);
    }
    for (size_t i = 0; i < proto->n_enum_type; i++) {
        struct gen_path path = {.file = file};
        gen_path_push(&path, 5, (int32_t)i);
        add_enum(file, proto->enum_type[i], proto->package ? proto->package : "", &path);
    }
}

static void link_method(struct gen_service *service, size_t idx)
{
    struct gen *gen = service->file->gen;
    struct gen_method *method = &service->methods[idx];
    method->service = service;
    method->proto = service->proto->method[idx];
    method->full_name =
        bs_arena_printf(gen->arena, "%s/%s", service->full_name, method->proto->name).ptr;
    method->c_name = gen_c_member(gen->arena, method->proto->name);
    method->request = gen_find_message(gen, method->proto->input_type);
    method->response = gen_find_message(gen, method->proto->output_type);
    method->client_streaming = method->proto->client_streaming;
    method->server_streaming = method->proto->server_streaming;
    method->path = service->path;
    gen_path_push(&method->path, 2, (int32_t)idx);
}

static void link_services(struct gen_file *file)
{
    struct gen *gen = file->gen;
    const gen_file_proto *proto = file->proto;
    file->services_count = proto->n_service;
    file->services =
        bs_arena_zalloc(gen->arena, (proto->n_service + 1) * sizeof(struct gen_service));
    for (size_t i = 0; i < proto->n_service; i++) {
        struct gen_service *service = &file->services[i];
        service->file = file;
        service->proto = proto->service[i];
        service->full_name =
            full_name(gen, proto->package ? proto->package : "", service->proto->name);
        service->c_lower = gen_c_lower(gen->arena, service->full_name);
        service->path.file = file;
        gen_path_push(&service->path, 6, (int32_t)i);
        service->methods_count = service->proto->n_method;
        service->methods =
            bs_arena_zalloc(gen->arena, (service->methods_count + 1) * sizeof(struct gen_method));
        for (size_t m = 0; m < service->methods_count; m++)
            link_method(service, m);
    }
}

static struct gen_file *find_file(const struct gen *gen, const char *name)
{
    for (size_t i = 0; i < gen->files_count; i++) {
        if (strcmp(gen->files[i].proto->name, name) == 0)
            return &gen->files[i];
    }
    return NULL;
}

static void link_file(struct gen_file *file)
{
    struct gen *gen = file->gen;
    file->dependencies_count = file->proto->n_dependency;
    file->dependencies =
        bs_arena_new_array(gen->arena, file->dependencies_count + 1, struct gen_file *);
    for (size_t i = 0; i < file->dependencies_count; i++) {
        file->dependencies[i] = find_file(gen, file->proto->dependency[i]);
        BS_ASSERT(file->dependencies[i]); /* protoc sends imports first */
    }
    for (size_t i = 0; i < file->messages_count; i++) {
        struct gen_message *message = file->messages[i];
        for (size_t f = 0; f < message->fields_count; f++) {
            struct gen_field *field = &message->fields[f];
            if (field->proto->type == GEN_TYPE(MESSAGE))
                field->message = gen_find_message(gen, field->proto->type_name);
            else if (field->proto->type == GEN_TYPE(ENUM))
                field->enumeration = gen_find_enum(gen, field->proto->type_name);
            field->is_map = field->message && field->message->is_map_entry;
        }
    }
    link_services(file);
}

bool gen_read(struct gen *gen, struct bs_str request_bytes,
              const Google__Protobuf__Compiler__CodeGeneratorRequest *request)
{
    gen->files_count = request->n_proto_file;
    gen->files = bs_arena_zalloc(gen->arena, (gen->files_count + 1) * sizeof(struct gen_file));
    for (size_t i = 0; i < gen->files_count; i++)
        declare_file(gen, &gen->files[i], request->proto_file[i]);
    if (!cut_files(gen, request_bytes))
        return false;
    for (size_t i = 0; i < gen->files_count; i++)
        link_file(&gen->files[i]);
    for (size_t i = 0; i < request->n_file_to_generate; i++) {
        struct gen_file *file = find_file(gen, request->file_to_generate[i]);
        if (!file)
            return false;
        file->generate = true;
    }
    return true;
}

struct gen_message *gen_find_message(const struct gen *gen, const char *name)
{
    name += *name == '.';
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t m = 0; m < gen->files[i].messages_count; m++) {
            if (strcmp(gen->files[i].messages[m]->full_name, name) == 0)
                return gen->files[i].messages[m];
        }
    }
    return NULL;
}

struct gen_enum *gen_find_enum(const struct gen *gen, const char *name)
{
    name += *name == '.';
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t e = 0; e < gen->files[i].enums_count; e++) {
            if (strcmp(gen->files[i].enums[e]->full_name, name) == 0)
                return gen->files[i].enums[e];
        }
    }
    return NULL;
}

struct gen_field *gen_find_field(const struct gen_message *message, struct bs_str name, bool json)
{
    for (size_t i = 0; i < message->fields_count; i++) {
        const gen_field_proto *proto = message->fields[i].proto;
        if (bs_str_equals(name, proto->name) || (json && bs_str_equals(name, proto->json_name)))
            return &message->fields[i];
    }
    return NULL;
}
