/* Golden files; tests/support/golden.h has the rules. */

#include "support.h"

#include "support/golden.h"

#include <stdlib.h>

#include "base/buf.h"

static void make_path(const char *name, struct bs_buf *out)
{
    const char *source = getenv("BANDSTAND_SOURCE");
    bs_buf_printf(out, "%s/tests/golden/%s", source ? source : ".", name);
}

static void update(const char *path, struct bs_str actual)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        fail_msg("can't write %s", path);
    size_t written = fwrite(actual.ptr, 1, actual.len, file);
    if (fclose(file) != 0 || written != actual.len)
        fail_msg("can't write %s", path);
}

/* False when the file can't be read. */
static bool load(const char *path, struct bs_buf *out)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    char chunk[4096];
    size_t size;
    while ((size = fread(chunk, 1, sizeof(chunk), file)) > 0)
        bs_buf_append(out, chunk, size);
    bool whole = !ferror(file);
    fclose(file);
    return whole;
}

static void compare(const char *path, struct bs_str expected, struct bs_str actual)
{
    struct bs_str expected_line = BS_STR_EMPTY;
    struct bs_str actual_line = BS_STR_EMPTY;
    for (int line = 1;; line++) {
        bool has_expected = bs_str_split(&expected, '\n', &expected_line);
        bool has_actual = bs_str_split(&actual, '\n', &actual_line);
        if (!has_expected && !has_actual)
            return;
        if (has_expected != has_actual || !bs_str_equal(expected_line, actual_line))
            fail_msg("%s:%d: the golden file has\n  %.*s\nbut now it is\n  %.*s\n"
                     "(BS_GOLDEN=update rewrites it)",
                     path, line, BS_STR_ARGS(has_expected ? expected_line : BS_STR("its end")),
                     BS_STR_ARGS(has_actual ? actual_line : BS_STR("the end")));
    }
}

void golden_check(const char *name, struct bs_str actual)
{
    struct bs_buf path = BS_BUF_INIT(0);
    struct bs_buf expected = BS_BUF_INIT(0);
    const char *mode = getenv("BS_GOLDEN");
    make_path(name, &path);
    if (mode && bs_str_equals(BS_STR("update"), mode)) {
        update(bs_buf_cstr(&path), actual);
    } else {
        if (!load(bs_buf_cstr(&path), &expected))
            fail_msg("can't read %s (BS_GOLDEN=update writes it)", bs_buf_cstr(&path));
        compare(bs_buf_cstr(&path), bs_buf_str(&expected), actual);
    }
    bs_buf_fini(&expected);
    bs_buf_fini(&path);
}
