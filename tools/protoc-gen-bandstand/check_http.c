/* HTTP forms: the template's grammar, what it binds, and that no two forms match the same. */

#include "model.h"

/* Whether a value fits into a path or query parameter. Timestamps and wrappers do in a query, as
 * their JSON form is a text. */
static bool is_scalar(const struct gen_field *field)
{
    return field->proto->type != GEN_TYPE(MESSAGE) && field->proto->type != GEN_TYPE(GROUP);
}

static bool is_text_message(const struct gen_message *message)
{
    static const char *const texts[] = {"RPC_TIMESTAMP", "RPC_DURATION", "RPC_FIELD_MASK",
                                        "RPC_WRAPPER"};
    for (size_t i = 0; message->well_known && i < BS_ARRAY_COUNT(texts); i++) {
        if (strcmp(message->well_known, texts[i]) == 0)
            return true;
    }
    return false;
}

static void bind_variables(struct gen *gen, struct gen_http *http)
{
    const struct gen_method *method = http->method;
    http->variables = bs_arena_zalloc(gen->arena, (http->template.variables_count + 1) *
                                                      sizeof(struct gen_field *));
    for (size_t i = 0; i < http->template.variables_count; i++) {
        struct bs_str path = http->template.variables[i].path;
        struct gen_field *field =
            gen_resolve_path(gen, &http->path, method->full_name, method->request, path, true);
        http->variables[i] = field;
        if (field && (field->is_repeated || !is_scalar(field)))
            gen_complain(gen, &http->path, method->full_name,
                         "path \"%s\" binds %s, which is no single scalar", http->text,
                         gen_field_name(gen, field));
        for (size_t k = 0; field && k < i; k++) {
            if (http->variables[k] == field &&
                (bs_str_find_byte(path, '.') < 0 ||
                 bs_str_equal(path, http->template.variables[k].path)))
                gen_complain(gen, &http->path, method->full_name, "path \"%s\" binds %s twice",
                             http->text, gen_field_name(gen, field));
        }
    }
}

/* The top-level field that a body or response_body names. */
static struct gen_field *body_field(struct gen *gen, const struct gen_http *http,
                                    const struct gen_message *message, const char *option,
                                    const char *name)
{
    struct gen_field *field = gen_find_field(message, bs_str_from(name), true);
    if (!field)
        gen_complain(gen, &http->path, http->method->full_name, "%s \"%s\": %s has no such field",
                     option, name, message->full_name);
    return field;
}

static bool path_enters(const struct gen_http *http, const struct gen_field *field)
{
    for (size_t i = 0; i < http->template.variables_count; i++) {
        struct bs_str rest = http->template.variables[i].path, name;
        if (bs_str_split(&rest, '.', &name) &&
            gen_find_field(http->method->request, name, true) == field)
            return true;
    }
    return false;
}

static void check_body(struct gen *gen, const struct gen_http *http)
{
    const struct gen_method *method = http->method;
    if (http->response_body)
        body_field(gen, http, method->response, "response_body", http->response_body);
    if (!http->body)
        return;
    if (strcmp(http->verb, "GET") == 0 || strcmp(http->verb, "DELETE") == 0) {
        gen_complain(gen, &http->path, method->full_name, "%s has no body; expected no `body`",
                     http->verb);
        return;
    }
    if (strcmp(http->body, "*") != 0) {
        const struct gen_field *field = body_field(gen, http, method->request, "body", http->body);
        if (field && path_enters(http, field))
            gen_complain(gen, &http->path, method->full_name, "body names %s, which the path binds",
                         gen_field_name(gen, field));
    }
}

/* What neither path nor body takes comes from the query: it must be able to. */
static void check_query(struct gen *gen, const struct gen_http *http,
                        const struct gen_message *message, bool top)
{
    if (http->body && strcmp(http->body, "*") == 0)
        return;
    for (size_t i = 0; i < message->fields_count; i++) {
        const struct gen_field *field = &message->fields[i];
        if (is_scalar(field) || (top && path_enters(http, field)) ||
            (top && http->body && gen_find_field(message, bs_str_from(http->body), true) == field))
            continue;
        if (is_text_message(field->message) && !field->is_repeated)
            continue;
        if (field->is_repeated || field->message->well_known)
            gen_complain(gen, &http->path, http->method->full_name,
                         "%s can't come from the query (%s); expected a body that takes it",
                         gen_field_name(gen, field),
                         field->is_map        ? "a map"
                         : field->is_repeated ? "a list of messages"
                                              : field->message->full_name);
        else if (!field->message->visited) {
            field->message->visited = true; /* recursive ones are complained of elsewhere */
            check_query(gen, http, field->message, false);
            field->message->visited = false;
        }
    }
}

static void check_form(struct gen *gen, struct gen_http *http)
{
    const struct gen_method *method = http->method;
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(bs_buf_fini) struct bs_buf shape = BS_BUF_INIT(0);
    if (rpc_http_template_parse(bs_str_from(http->text), gen->arena, &http->template, &error) !=
        BS_OK) {
        gen_complain(gen, &http->path, method->full_name, "%s", error.message);
        return;
    }
    rpc_http_template_shape(&http->template, &shape);
    http->shape = bs_arena_dup_cstr(gen->arena, bs_buf_str(&shape));
    bind_variables(gen, http);
    check_body(gen, http);
    check_query(gen, http, method->request, true);
}

void gen_check_http(struct gen *gen, struct gen_method *method)
{
    for (size_t i = 0; i < method->http_count; i++) {
        if (method->client_streaming)
            gen_complain(gen, &method->http[i].path, method->full_name,
                         "requests that stream have no HTTP form; expected no http rule");
        check_form(gen, &method->http[i]);
    }
}

static void check_against(struct gen *gen, const struct gen_http *earlier,
                          const struct gen_http *later)
{
    if (!earlier->shape || !later->shape || strcmp(earlier->verb, later->verb) != 0 ||
        strcmp(earlier->shape, later->shape) != 0)
        return;
    gen_complain(gen, &later->path, later->method->full_name,
                 "%s \"%s\" matches what \"%s\" of %s (%s:%d) matches", later->verb, later->text,
                 earlier->text, earlier->method->full_name, earlier->path.file->proto->name,
                 gen_line(&earlier->path));
}

/* All forms of a run, in order. */
static size_t collect_forms(const struct gen *gen, const struct gen_http **ret_forms)
{
    size_t count = 0;
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t s = 0; s < gen->files[i].services_count; s++) {
            const struct gen_service *service = &gen->files[i].services[s];
            for (size_t m = 0; m < service->methods_count; m++) {
                for (size_t h = 0; h < service->methods[m].http_count; h++, count++) {
                    if (ret_forms)
                        ret_forms[count] = &service->methods[m].http[h];
                }
            }
        }
    }
    return count;
}

void gen_check_routes(struct gen *gen)
{
    size_t count = collect_forms(gen, NULL);
    const struct gen_http **forms =
        bs_arena_new_array(gen->arena, count + 1, const struct gen_http *);
    collect_forms(gen, forms);
    for (size_t later = 1; later < count; later++) {
        for (size_t earlier = 0; earlier < later; earlier++)
            check_against(gen, forms[earlier], forms[later]);
    }
}
