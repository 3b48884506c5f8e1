/*
 * Stands in for libFuzzer where the compiler has none: gives the target each file named and each
 * file of each folder named, then mutations of each, the same ones in every run (a generator seeded
 * by the mutation's number). $BANDSTAND_FUZZ_RUNS says how many for each file, else RUNS_DEFAULT.
 * When the target dies, the input is kept in ./crash-input, which can be given as a file, and
 * stderr says where it came from.
 */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/random.h"

#define RUNS_DEFAULT 2000u
#define GROWTH_MAX_BYTES 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sanitizers end the process without a signal, but call this before. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* What is being run, for on_death(). */
static struct {
    const char *path;
    uint64_t mutation; /* 0: the file as it is */
    const void *bytes;
    size_t size;
} current;

static int files_count;
static uint64_t runs_count;

/* Only calls that a signal handler may make, but for the line on stderr, which may be lost. */
static void on_death(void)
{
    int file = open("crash-input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file >= 0) {
        (void)!write(file, current.bytes, current.size);
        close(file);
    }
    fprintf(stderr, "died at %s, mutation %llu; its %zu bytes are in crash-input\n", current.path,
            (unsigned long long)current.mutation, current.size);
}

static void on_signal(int signal_number)
{
    on_death();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void run(const void *bytes, size_t size)
{
    /* in memory of exactly its size, so that sanitizers see reads beyond */
    BS_CLEANUP(bs_freep) uint8_t *input = bs_memdup(bytes, size);
    current.bytes = bytes;
    current.size = size;
    LLVMFuzzerTestOneInput(input, size);
    runs_count++;
}

static char random_byte(struct bs_random *random)
{
    static const char often[] = "\0\xff\x7f\x80 \t\r\n0123456789-+.\"\\()[]{}<>:;,=%&#/'~@";
    if (bs_random_below(random, 2) == 0)
        return often[bs_random_below(random, sizeof(often) - 1)];
    return (char)bs_random_below(random, 256);
}

/* Puts `count` bytes, copied from `bytes` or random, at `at`. */
static void insert(struct bs_buf *bytes, size_t at, size_t count, struct bs_random *random)
{
    char piece[GROWTH_MAX_BYTES];
    bool copies = bytes->len > count && bs_random_below(random, 2) == 0;
    if (copies)
        memcpy(piece, bytes->ptr + bs_random_below(random, bytes->len - count), count);
    for (size_t i = 0; !copies && i < count; i++)
        piece[i] = random_byte(random);
    bs_buf_reserve(bytes, count);
    memmove(bytes->ptr + at + count, bytes->ptr + at, bytes->len - at);
    memcpy(bytes->ptr + at, piece, count);
    bytes->len += count;
}

static void erase(struct bs_buf *bytes, size_t at, size_t count)
{
    count = BS_MIN(count, bytes->len - at);
    memmove(bytes->ptr + at, bytes->ptr + at + count, bytes->len - at - count);
    bytes->len -= count;
}

/* One change at a random place. */
static void mutate(struct bs_buf *bytes, struct bs_random *random)
{
    size_t count = 1 + bs_random_below(random, bs_random_below(random, 4) == 0 ? 64 : 4);
    size_t at = bs_random_below(random, bytes->len + 1);
    uint64_t kind = at == bytes->len ? 0 : bs_random_below(random, 6);
    switch (kind) {
    case 0:
    case 1:
        insert(bytes, at, BS_MIN(count, GROWTH_MAX_BYTES), random);
        break;
    case 2:
        erase(bytes, at, count);
        break;
    case 3:
        bytes->ptr[at] = (char)(bytes->ptr[at] ^ (1 << bs_random_below(random, 8)));
        break;
    case 4:
        bytes->len = at;
        break;
    default:
        bytes->ptr[at] = random_byte(random);
    }
}

static uint64_t runs_per_file(void)
{
    const char *text = getenv("BANDSTAND_FUZZ_RUNS");
    uint64_t runs;
    return text && bs_str_parse_u64(bs_str_from(text), &runs) ? runs : RUNS_DEFAULT;
}

static void run_mutations(struct bs_str original)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf bytes = BS_BUF_INIT(0);
    uint64_t runs = runs_per_file();
    for (uint64_t i = 1; i <= runs; i++) {
        struct bs_random random;
        bs_random_seed(&random, i);
        bs_buf_reset(&bytes);
        bs_buf_append_str(&bytes, original);
        for (uint64_t left = 1 + bs_random_below(&random, 4); left > 0; left--)
            mutate(&bytes, &random);
        current.mutation = i;
        run(bytes.ptr, bytes.len);
    }
    current.mutation = 0;
}

static bool run_file(const char *path)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf bytes = BS_BUF_INIT(0);
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
    current.path = path;
    run(bs_buf_str(&bytes).ptr, bytes.len);
    run_mutations(bs_buf_str(&bytes));
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
        BS_CLEANUP(bs_buf_fini) struct bs_buf name = BS_BUF_INIT(0);
        bs_buf_printf(&name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            done = run_file(bs_buf_cstr(&name)) && done;
        free(entries[i]);
    }
    free(entries);
    return done;
}

int main(int argc, char **argv)
{
    signal(SIGABRT, on_signal);
    signal(SIGFPE, on_signal);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(on_death);
    else
        signal(SIGSEGV, on_signal);
    bool done = true;
    for (int i = 1; i < argc; i++)
        done = run_path(argv[i]) && done;
    fprintf(stderr, "%d files, %llu runs\n", files_count, (unsigned long long)runs_count);
    return done && files_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
