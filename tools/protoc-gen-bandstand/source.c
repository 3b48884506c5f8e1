/* Places in .proto files: lines for complaints, comments for documents. */

#include "model.h"

void gen_path_push(struct gen_path *path, int32_t a, int32_t b)
{
    BS_ASSERT(path->len + 2 <= GEN_PATH_MAX);
    path->steps[path->len++] = a;
    path->steps[path->len++] = b;
}

struct gen_path gen_path_option(const struct gen_path *path, uint32_t tag)
{
    struct gen_path option = *path;
    /* field `options` of the descriptor: FileOptions 8, message 7, field 8, method 4, service 3 */
    int32_t options = 8;
    int32_t kind = path->len >= 2 ? path->steps[path->len - 2] : 0;
    if (path->len == 2)
        options = kind == 6 ? 3 : kind == 5 ? 3 : 7;
    else if (path->len >= 4)
        options = path->steps[0] == 6 ? 4 : kind == 2 ? 8 : kind == 4 ? 3 : 7;
    gen_path_push(&option, options, (int32_t)tag);
    return option;
}

static const gen_location *exact_location(const struct gen_path *path, size_t len)
{
    const Google__Protobuf__SourceCodeInfo *info = path->file->proto->source_code_info;
    for (size_t i = 0; info && i < info->n_location; i++) {
        const gen_location *location = info->location[i];
        if (location->n_path == len && location->n_span >= 3 &&
            memcmp(location->path, path->steps, len * sizeof(path->steps[0])) == 0)
            return location;
    }
    return NULL;
}

/* An option that is set part by part ("(rules).min_len = 1") has longer paths only. */
static const gen_location *location_below(const struct gen_path *path)
{
    const Google__Protobuf__SourceCodeInfo *info = path->file->proto->source_code_info;
    for (size_t i = 0; info && i < info->n_location; i++) {
        const gen_location *location = info->location[i];
        if (location->n_path > path->len && location->n_span >= 3 &&
            memcmp(location->path, path->steps, path->len * sizeof(path->steps[0])) == 0)
            return location;
    }
    return NULL;
}

int gen_line(const struct gen_path *path)
{
    const gen_location *location = exact_location(path, path->len);
    if (!location && path->len > 0)
        location = location_below(path);
    for (size_t len = path->len; !location && len > 0; len--)
        location = exact_location(path, len - 1);
    return location ? location->span[0] + 1 : 0;
}

const char *gen_comment(struct gen *gen, const struct gen_path *path)
{
    const gen_location *location = exact_location(path, path->len);
    const char *text = !location                    ? NULL
                       : location->leading_comments ? location->leading_comments
                                                    : location->trailing_comments;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct bs_str rest = bs_str_trim(bs_str_from(text)), line;
    while (rest.len > 0 && bs_str_split(&rest, '\n', &line)) {
        if (out.len > 0)
            bs_buf_append_byte(&out, '\n');
        bs_buf_append_str(&out, bs_str_trim(line));
    }
    return bs_arena_dup_cstr(gen->arena, bs_buf_str(&out));
}

void gen_complain(struct gen *gen, const struct gen_path *path, const char *subject,
                  const char *format, ...)
{
    va_list args;
    int line = gen_line(path);
    if (gen->complaints.len > 0)
        bs_buf_append_byte(&gen->complaints, '\n');
    bs_buf_append_cstr(&gen->complaints, path->file->proto->name);
    if (line > 0)
        bs_buf_printf(&gen->complaints, ":%d", line);
    bs_buf_printf(&gen->complaints, ": %s: ", subject);
    va_start(args, format);
    bs_buf_vprintf(&gen->complaints, format, args);
    va_end(args);
}
