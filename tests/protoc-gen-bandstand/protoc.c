#include "support.h"

#include "protoc.h"

#include <sys/wait.h>
#include <unistd.h>

void protoc_init(struct protoc *protoc)
{
    *protoc = (struct protoc){.directory = "/tmp/bandstand-generator-XXXXXX"};
    bs_buf_init(&protoc->says, 1 << 20);
    assert_non_null(mkdtemp(protoc->directory));
}

/* Runs a command of the shell; its output is appended to `out`. */
static int run(const char *command, struct bs_buf *out)
{
    char chunk[4096];
    size_t got;
    int status;
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((got = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
        bs_buf_append(out, chunk, got);
    status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void protoc_fini(struct protoc *protoc)
{
    struct bs_buf command = BS_BUF_INIT(0);
    bs_buf_printf(&command, "rm -rf '%s'", protoc->directory);
    assert_int_equal(run(bs_buf_cstr(&command), &protoc->says), 0);
    bs_buf_fini(&command);
    bs_buf_fini(&protoc->says);
}

static FILE *open_file(struct protoc *protoc, const char *name, const char *mode)
{
    char path[256];
    FILE *file;
    snprintf(path, sizeof(path), "%s/%s", protoc->directory, name);
    file = fopen(path, mode);
    if (!file)
        fail_msg("can't open %s; protoc said: %s", path, bs_buf_cstr(&protoc->says));
    return file;
}

void protoc_write(struct protoc *protoc, const char *name, const char *text)
{
    FILE *file = open_file(protoc, name, "w");
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

void protoc_read(struct protoc *protoc, const char *name, struct bs_buf *out)
{
    char chunk[4096];
    size_t got;
    FILE *file = open_file(protoc, name, "r");
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        bs_buf_append(out, chunk, got);
    fclose(file);
}

int protoc_run(struct protoc *protoc, const char *parameter, const char *files)
{
    const char *source = getenv("BANDSTAND_SOURCE"), *plugin = getenv("BANDSTAND_GENERATOR");
    struct bs_buf command = BS_BUF_INIT(0);
    int status;
    assert_non_null(source);
    assert_non_null(plugin);
    bs_buf_printf(&command,
                  "protoc -I'%s' -I'%s/proto' -I'%s/tests/protoc-gen-bandstand/good' "
                  "--plugin=protoc-gen-bandstand='%s' --bandstand_opt=%s --bandstand_out='%s' %s "
                  "2>&1",
                  protoc->directory, source, source, plugin, parameter, protoc->directory, files);
    bs_buf_reset(&protoc->says);
    status = run(bs_buf_cstr(&command), &protoc->says);
    bs_buf_fini(&command);
    return status;
}
