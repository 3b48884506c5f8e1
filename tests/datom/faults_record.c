/*
 * What a power cut would leave. The shadow folder: "N" is the synced content of file N; "names" are
 * the names of the folder when it was synced, a line "N NAME" each; "journal" is what happened to
 * names since the beginning, "+N NAME" and "-0 NAME". A process that is killed while it writes here
 * was inside of a sync that never returned, so that any part of it may have survived.
 *
 * Nothing here goes through the calls that faults.c stands before: stdio's own and copy_file_range.
 */

#include "faults_record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "faults.h"

#define FILES_MAX 65536
#define PATH_BYTES 600
#define NAME_BYTES 64
/* A disk has written the whole of it or nothing. */
#define SECTOR_BYTES 512

struct recorded {
    char name[NAME_BYTES]; /* empty: it has none any more */
    off_t synced_bytes;    /* what is before is in the shadow */
};

static struct {
    char dir[PATH_BYTES / 2];
    char shadow[PATH_BYTES / 2];
    FILE *journal; /* NULL: nothing is recorded */
    struct recorded files[FILES_MAX];
    record_file count; /* the next number */
} recording = {.count = 1};

static void fatal(const char *what, const char *path)
{
    fprintf(stderr, "libfaults: %s %s: %s\n", what, path, strerror(errno));
    abort();
}

static int open_or_die(const char *path, int flags)
{
    /* not open(): that one is ours */
    int fd = openat(AT_FDCWD, path, flags | O_CLOEXEC, 0666);
    if (fd < 0)
        fatal("can't open", path);
    return fd;
}

/* close() is ours too. */
static void close_quietly(int fd)
{
    (void)syscall(SYS_close, fd);
}

/* ---- recording ---- */

static void copy_from(int source, int target, off_t from, off_t to)
{
    off_t in = from;
    off_t out = from;
    while (in < to)
        if (copy_file_range(source, &in, target, &out, (size_t)(to - in), 0) <= 0)
            fatal("can't copy into", recording.shadow);
}

static void keep(record_file file, const char *path)
{
    char shadow[PATH_BYTES];
    struct stat stat;
    snprintf(shadow, sizeof(shadow), "%s/%u", recording.shadow, file);
    int source = open_or_die(path, O_RDONLY);
    int target = open_or_die(shadow, O_WRONLY | O_CREAT);
    if (fstat(source, &stat) != 0)
        fatal("can't look at", path);
    copy_from(source, target, BS_MIN(recording.files[file].synced_bytes, stat.st_size),
              stat.st_size);
    if (truncate(shadow, stat.st_size) != 0)
        fatal("can't cut", shadow);
    recording.files[file].synced_bytes = stat.st_size;
    close_quietly(source);
    close_quietly(target);
}

static void journal(char sign, record_file file, const char *name)
{
    fprintf(recording.journal, "%c%u %s\n", sign, file, name);
    fflush(recording.journal); /* one write */
}

static record_file find(const char *name)
{
    for (record_file i = recording.count - 1; i > 0; i--)
        if (strcmp(recording.files[i].name, name) == 0)
            return i;
    return RECORD_NO_FILE;
}

static record_file add(const char *name)
{
    if (recording.count == FILES_MAX)
        fatal("too many files for", recording.shadow);
    record_file file = recording.count++;
    snprintf(recording.files[file].name, NAME_BYTES, "%.*s", NAME_BYTES - 1, name);
    journal('+', file, name);
    return file;
}

void record_begin(const char *dir, const char *shadow)
{
    char path[PATH_BYTES];
    snprintf(recording.dir, sizeof(recording.dir), "%s", dir);
    snprintf(recording.shadow, sizeof(recording.shadow), "%s", shadow);
    snprintf(path, sizeof(path), "%s/journal", shadow);
    recording.journal = fopen(path, "we");
    DIR *entries = opendir(dir);
    if (!recording.journal || !entries)
        fatal("can't begin a recording in", shadow);
    const struct dirent *entry;
    while ((entry = readdir(entries))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        keep(add(entry->d_name), path);
    }
    closedir(entries);
    record_dir_synced();
}

bool record_is_on(void)
{
    return recording.journal != NULL;
}

record_file record_opened(const char *name, bool is_new)
{
    return is_new ? add(name) : find(name);
}

void record_written(record_file file, off_t offset)
{
    if (file != RECORD_NO_FILE && offset < recording.files[file].synced_bytes)
        recording.files[file].synced_bytes = offset;
}

void record_synced(record_file file, int fd)
{
    char path[64];
    if (file == RECORD_NO_FILE)
        return;
    /* `fd` may be for writing only */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    keep(file, path);
}

void record_dir_synced(void)
{
    char path[PATH_BYTES];
    char draft[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/names", recording.shadow);
    snprintf(draft, sizeof(draft), "%s/draft", recording.shadow);
    FILE *names = fopen(draft, "we");
    if (!names)
        fatal("can't write", draft);
    for (record_file i = 1; i < recording.count; i++)
        if (recording.files[i].name[0])
            fprintf(names, "%u %s\n", i, recording.files[i].name);
    fclose(names);
    if (renameat(AT_FDCWD, draft, AT_FDCWD, path) != 0)
        fatal("can't rename", draft);
}

void record_unlinked(const char *name)
{
    record_file file = find(name);
    if (file == RECORD_NO_FILE)
        return;
    recording.files[file].name[0] = '\0';
    journal('-', 0, name);
}

void record_renamed(const char *old_name, const char *new_name)
{
    record_file file = find(old_name);
    if (file == RECORD_NO_FILE)
        return;
    record_unlinked(new_name);
    record_unlinked(old_name);
    snprintf(recording.files[file].name, NAME_BYTES, "%.*s", NAME_BYTES - 1, new_name);
    journal('+', file, new_name);
}

/* ---- the cut ---- */

struct names {
    struct {
        record_file file;
        char name[NAME_BYTES];
    } * items;
    size_t count, capacity;
};

static void names_remove(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i].name, name) == 0)
            names->items[i] = names->items[--names->count];
}

static void names_add(struct names *names, record_file file, const char *name)
{
    names_remove(names, name);
    bs_grow(&names->items, names->count, &names->capacity, sizeof(*names->items));
    names->items[names->count].file = file;
    snprintf(names->items[names->count++].name, NAME_BYTES, "%.*s", NAME_BYTES - 1, name);
}

/* Of "names" or of the journal: a line without a sign adds. A line may be cut by the kill. */
static bool names_read(struct names *names, const char *shadow, const char *list)
{
    char line[2 * NAME_BYTES];
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", shadow, list);
    FILE *lines = fopen(path, "re");
    if (!lines)
        return false;
    while (fgets(line, sizeof(line), lines)) {
        struct bs_str text = bs_str_from(line);
        if (!bs_str_ends_with(text, BS_STR("\n")))
            break;
        line[text.len - 1] = '\0';
        bool is_removal = line[0] == '-';
        char *number = line + (line[0] == '-' || line[0] == '+');
        char *name = strchr(number, ' ');
        uint64_t file;
        if (!name)
            break;
        *name++ = '\0';
        if (is_removal)
            names_remove(names, name);
        else if (bs_str_parse_u64(bs_str_from(number), &file))
            names_add(names, (record_file)file, name);
    }
    fclose(lines);
    return true;
}

static struct bs_buf read_whole(const char *folder, const char *name)
{
    struct bs_buf content = BS_BUF_INIT(0);
    char path[PATH_BYTES];
    char block[65536];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    size_t size;
    while (file && (size = fread(block, 1, sizeof(block), file)) > 0)
        bs_buf_append(&content, block, size);
    if (file)
        fclose(file);
    return content;
}

static void write_whole(const char *folder, const char *name, struct bs_str content)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (!file || fwrite(content.ptr, 1, content.len, file) != content.len || fclose(file) != 0)
        fatal("can't write", path);
}

/* What a file holds after the cut, between what was synced and what was written. */
static struct bs_buf survived(const char *shadow, record_file file, const struct bs_buf *live,
                              enum power_cut cut, struct bs_random *random)
{
    char number[16];
    snprintf(number, sizeof(number), "%u", file);
    struct bs_buf synced = read_whole(shadow, number);
    size_t synced_bytes = bs_buf_str(&synced).len;
    struct bs_str all = live ? bs_buf_str(live) : BS_STR_EMPTY;
    if (cut == POWER_CUT_DROP || all.len <= synced_bytes)
        return synced;
    size_t kept = synced_bytes + bs_random_below(random, all.len - synced_bytes + 1);
    if (cut == POWER_CUT_ZEROS)
        kept = BS_MIN(all.len, (kept + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES);
    struct bs_buf content = BS_BUF_INIT(0);
    bs_buf_append(&content, all.ptr, kept);
    for (size_t i = kept; cut == POWER_CUT_ZEROS && i < all.len; i++)
        bs_buf_append_byte(&content, '\0');
    bs_buf_fini(&synced);
    return content;
}

static const char *live_name(const struct names *live, record_file file)
{
    for (size_t i = 0; i < live->count; i++)
        if (live->items[i].file == file)
            return live->items[i].name;
    return NULL;
}

static void empty_folder(const char *dir)
{
    DIR *entries = opendir(dir);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries)
        closedir(entries);
}

bool power_cut(const char *dir, const char *shadow, enum power_cut cut, struct bs_random *random)
{
    struct names synced = {0};
    struct names live = {0};
    if (!names_read(&synced, shadow, "names") || !names_read(&live, shadow, "journal"))
        return false;
    /* changes of names survive in their order or not at all: here, all or those that were synced */
    bool keeps_names = cut != POWER_CUT_DROP && bs_random_below(random, 2) == 0;
    const struct names *names = keeps_names ? &live : &synced;
    struct bs_buf *contents = bs_calloc(names->count + 1, sizeof(*contents));
    for (size_t i = 0; i < names->count; i++) {
        const char *name = live_name(&live, names->items[i].file);
        struct bs_buf now = name ? read_whole(dir, name) : (struct bs_buf)BS_BUF_INIT(0);
        contents[i] = survived(shadow, names->items[i].file, name ? &now : NULL, cut, random);
        bs_buf_fini(&now);
    }
    empty_folder(dir);
    for (size_t i = 0; i < names->count; i++) {
        write_whole(dir, names->items[i].name, bs_buf_str(&contents[i]));
        bs_buf_fini(&contents[i]);
    }
    empty_folder(shadow);
    free(contents);
    free(synced.items);
    free(live.items);
    return true;
}
