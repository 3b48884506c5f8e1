/* rpc.v1.ReflectionService: what a server can be asked, from the tables of what is registered. */

#include "rpc/dispatcher_internal.h"
#include "rpc/reflection_internal.h"
#include "rpc/v1/reflection.rpc.h"

/* The files of the registered services, each after those that it imports. */
struct files {
    struct bs_arena *arena;
    const struct rpc_file **items;
    size_t count, capacity;
};

/* Imports are not nested deeper than the .proto files are many; the generator refuses circles. */
static void add_file(struct files *files, const struct rpc_file *file)
{
    for (size_t i = 0; i < files->count; i++) {
        if (files->items[i] == file)
            return;
    }
    for (size_t i = 0; file->dependencies && file->dependencies[i]; i++)
        add_file(files, file->dependencies[i]);
    if (files->count == files->capacity) {
        size_t capacity = files->capacity ? files->capacity * 2 : 16;
        const struct rpc_file **items =
            bs_arena_new_array(files->arena, capacity, const struct rpc_file *);
        if (files->count > 0)
            memcpy(items, files->items, files->count * sizeof(*items));
        files->items = items;
        files->capacity = capacity;
    }
    files->items[files->count++] = file;
}

/* Services made by hand have no file. */
static struct files all_files(const struct rpc_call *call)
{
    const struct rpc_dispatcher *dispatcher = call->dispatcher;
    struct files files = {.arena = call->arena};
    for (size_t i = 0; i < dispatcher->registrations_count; i++) {
        if (dispatcher->registrations[i]->service->file)
            add_file(&files, dispatcher->registrations[i]->service->file);
    }
    return files;
}

static const struct rpc_service *find_service(const struct rpc_call *call, struct bs_str name)
{
    const struct rpc_dispatcher *dispatcher = call->dispatcher;
    for (size_t i = 0; i < dispatcher->registrations_count; i++) {
        if (bs_str_equals(name, dispatcher->registrations[i]->service->full_name))
            return dispatcher->registrations[i]->service;
    }
    return NULL;
}

static const struct rpc_message *find_message(const struct rpc_file *file, struct bs_str name)
{
    for (size_t i = 0; file->messages && file->messages[i]; i++) {
        if (bs_str_equals(name, file->messages[i]->full_name))
            return file->messages[i];
    }
    return NULL;
}

static const ProtobufCEnumDescriptor *find_enum(const struct rpc_file *file, struct bs_str name)
{
    for (size_t i = 0; file->enums && file->enums[i]; i++) {
        if (bs_str_equals(name, file->enums[i]->name))
            return file->enums[i];
    }
    return NULL;
}

/* What a name stands for: one of the pointers is set, or none. */
struct symbol {
    const struct rpc_service *service;
    const struct rpc_method *method;
    const struct rpc_message *message;
    const ProtobufCEnumDescriptor *enumeration;
    const struct rpc_file *file;
};

static struct symbol find_symbol(const struct rpc_call *call, struct bs_str name)
{
    struct symbol symbol = {.service = NULL};
    if (name.len > 0 && (name.ptr[0] == '/' || name.ptr[0] == '.'))
        name = bs_str_from_offset(name, 1);
    symbol.method = rpc_dispatcher_find(call->dispatcher, name);
    symbol.service = symbol.method ? NULL : find_service(call, name);
    if (symbol.method)
        symbol.file = symbol.method->service->file;
    else if (symbol.service)
        symbol.file = symbol.service->file;
    if (symbol.method || symbol.service)
        return symbol;
    struct files files = all_files(call);
    for (size_t i = 0; i < files.count; i++) {
        symbol.message = find_message(files.items[i], name);
        symbol.enumeration = symbol.message ? NULL : find_enum(files.items[i], name);
        symbol.file = files.items[i];
        if (symbol.message || symbol.enumeration)
            return symbol;
    }
    return (struct symbol){.service = NULL};
}

/* The registered name that is nearest to one that nobody has; NULL when none is near. */
static const char *nearest_name(const struct rpc_call *call, struct bs_str name)
{
    const struct rpc_dispatcher *dispatcher = call->dispatcher;
    const char *nearest = NULL;
    size_t least = name.len / 3 + 1;
    for (size_t i = 0; i < dispatcher->registrations_count; i++) {
        const struct rpc_service *service = dispatcher->registrations[i]->service;
        for (size_t m = 0; m <= service->methods_count; m++) {
            const char *candidate = m == 0 ? service->full_name : service->methods[m - 1].full_name;
            size_t distance = bs_str_distance(name, bs_str_from(candidate));
            if (distance < least) {
                least = distance;
                nearest = candidate;
            }
        }
    }
    return nearest;
}

static enum bs_code unknown_symbol(const struct rpc_call *call, const char *name,
                                   struct bs_error *error)
{
    const char *nearest = nearest_name(call, bs_str_from(name));
    bs_error_set_code(error, BS_NOT_FOUND, BS_REASON_RPC_UNKNOWN_METHOD,
                      "no service, method, message or enum \"%.200s\" here%s%s%s", name,
                      nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                      nearest ? "\"?" : "");
    return BS_NOT_FOUND;
}

static enum bs_code list_services(struct rpc_call *call,
                                  const Rpc__V1__ListServicesRequest *request,
                                  Rpc__V1__ListServicesResponse *response, struct bs_error *error)
{
    const struct rpc_dispatcher *dispatcher = call->dispatcher;
    (void)request;
    (void)error;
    response->services = bs_arena_new_array(call->arena, dispatcher->registrations_count,
                                            Rpc__V1__ServiceDescription *);
    for (size_t i = 0; i < dispatcher->registrations_count; i++)
        response->services[response->n_services++] =
            rpc_describe_service(dispatcher->registrations[i]->service, call->arena);
    return BS_OK;
}

static enum bs_code get_files(struct rpc_call *call, const Rpc__V1__GetFilesRequest *request,
                              Rpc__V1__GetFilesResponse *response, struct bs_error *error)
{
    struct files files = {.arena = call->arena};
    if (request->symbol[0] == '\0') {
        files = all_files(call);
    } else {
        struct symbol symbol = find_symbol(call, bs_str_from(request->symbol));
        if (!symbol.file)
            return unknown_symbol(call, request->symbol, error);
        add_file(&files, symbol.file);
    }
    response->files = bs_arena_new_array(call->arena, files.count, ProtobufCBinaryData);
    for (size_t i = 0; i < files.count; i++) {
        struct bs_str bytes =
            bs_str_make((const char *)files.items[i]->descriptor, files.items[i]->descriptor_size);
        response->files[response->n_files++] = (ProtobufCBinaryData){
            .len = bytes.len,
            .data = (uint8_t *)bs_arena_dup_cstr(call->arena, bytes),
        };
    }
    return BS_OK;
}

static enum bs_code describe(struct rpc_call *call, const Rpc__V1__DescribeRequest *request,
                             Rpc__V1__DescribeResponse *response, struct bs_error *error)
{
    struct symbol symbol = find_symbol(call, bs_str_from(request->name));
    if (symbol.method) {
        response->description_case = RPC__V1__DESCRIBE_RESPONSE__DESCRIPTION_METHOD;
        response->method = rpc_describe_method(symbol.method, true, call->arena);
    } else if (symbol.service) {
        response->description_case = RPC__V1__DESCRIBE_RESPONSE__DESCRIPTION_SERVICE;
        response->service = rpc_describe_service(symbol.service, call->arena);
    } else if (symbol.message) {
        response->description_case = RPC__V1__DESCRIBE_RESPONSE__DESCRIPTION_MESSAGE;
        response->message = rpc_describe_message(symbol.message, call->arena);
    } else if (symbol.enumeration) {
        response->description_case = RPC__V1__DESCRIBE_RESPONSE__DESCRIPTION_ENUMERATION;
        response->enumeration = rpc_describe_enum(symbol.enumeration, call->arena);
    } else {
        return unknown_symbol(call, request->name, error);
    }
    return BS_OK;
}

static const struct rpc__v1__reflection_service__server server = {
    .list_services = list_services,
    .get_files = get_files,
    .describe = describe,
};

void rpc_reflection_register(struct rpc_dispatcher *dispatcher)
{
    BS_ASSERT(rpc__v1__reflection_service__register(dispatcher, &server, NULL) == BS_OK);
}
