/*
 * Stands in for libFuzzer where the compiler has none: gives the target each file named, and each
 * file of each folder named. A crash names the file, as it is printed before.
 */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int files_count;

static bool run_file(const char *path)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    char chunk[4096];
    size_t size;
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "can't read %s\n", path);
        return false;
    }
    while ((size = fread(chunk, 1, sizeof(chunk), file)) > 0)
        bs_buf_append(&bytes, chunk, size);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    /* In memory of exactly its size, so that sanitizers see reads beyond. */
    uint8_t *input = malloc(bytes.len > 0 ? bytes.len : 1);
    if (!input)
        abort();
    if (bytes.len > 0)
        memcpy(input, bytes.ptr, bytes.len);
    LLVMFuzzerTestOneInput(input, bytes.len);
    free(input);
    bs_buf_fini(&bytes);
    files_count++;
    return true;
}

static bool run_path(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return run_file(path);
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    bool done = count >= 0;
    for (int i = 0; i < count; i++) {
        struct bs_buf name = BS_BUF_INIT(0);
        bs_buf_printf(&name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            done = run_file(bs_buf_cstr(&name)) && done;
        bs_buf_fini(&name);
        free(entries[i]);
    }
    free(entries);
    return done;
}

int main(int argc, char **argv)
{
    bool done = true;
    for (int i = 1; i < argc; i++)
        done = run_path(argv[i]) && done;
    fprintf(stderr, "%d files\n", files_count);
    return done && files_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
