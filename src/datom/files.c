/*
 * Files, read and written in large pieces. What is written is synced before it gets its name, so
 * that a name in a backup stands for a whole file, whenever the process or the machine went away.
 */

#include "datom/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define PIECE_BYTES ((size_t)256 * 1024)

char *datom_file_path(const char *folder, const char *name)
{
    struct bs_buf path = BS_BUF_INIT(0);
    bs_buf_printf(&path, "%s/%s", folder, name);
    return bs_buf_take(&path, NULL);
}

enum bs_code datom_file_error(struct bs_error *error, const char *verb, const char *path)
{
    return bs_error_set(error, BS_REASON_STORE_IO, "can't %s \"%s\": %s", verb, path,
                        strerror(errno));
}

static struct datom_file_facts facts_of(const struct stat *status)
{
    return (struct datom_file_facts){
        .size = (uint64_t)status->st_size,
        .mtime_ns = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec,
    };
}

enum bs_code datom_file_look(const char *path, struct datom_file_facts *ret_facts, bool *ret_found,
                             struct bs_error *error)
{
    struct stat status;
    *ret_found = lstat(path, &status) == 0;
    if (!*ret_found)
        return errno == ENOENT ? BS_OK : datom_file_error(error, "look at", path);
    *ret_facts = facts_of(&status);
    return BS_OK;
}

/* ---- copying ---- */

static enum bs_code write_all(int fd, const char *bytes, size_t size, const char *path,
                              struct bs_error *error)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return datom_file_error(error, "write", path);
        bytes += written;
        size -= (size_t)written;
    }
    return BS_OK;
}

/* From one descriptor to the other (-1: nowhere), hashing. */
static enum bs_code copy_bytes(int from_fd, const char *from, int to_fd, const char *to,
                               const struct datom_file_meter *meter,
                               struct datom_file_copied *copied, struct bs_error *error)
{
    struct stat status;
    if (fstat(from_fd, &status) != 0)
        return datom_file_error(error, "look at", from);
    BS_CLEANUP(bs_freep) char *piece = bs_malloc(PIECE_BYTES);
    XXH3_state_t *hash = XXH3_createState();
    XXH3_128bits_reset(hash);
    enum bs_code code = BS_OK;
    uint64_t left = (uint64_t)status.st_size;
    copied->size = left;
    while (left > 0 && code == BS_OK) {
        ssize_t size = read(from_fd, piece, BS_MIN(left, (uint64_t)PIECE_BYTES));
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0) {
            errno = size == 0 ? EIO : errno;
            code = datom_file_error(error, "read", from);
            break;
        }
        XXH3_128bits_update(hash, piece, (size_t)size);
        if (to_fd >= 0)
            code = write_all(to_fd, piece, (size_t)size, to, error);
        left -= (uint64_t)size;
        if (meter && meter->add)
            meter->add(meter->self, (uint64_t)size);
    }
    XXH128_hash_t digest = XXH3_128bits_digest(hash);
    XXH3_freeState(hash);
    snprintf(copied->hash, sizeof(copied->hash), "%016llx%016llx",
             (unsigned long long)digest.high64, (unsigned long long)digest.low64);
    return code;
}

static enum bs_code finish_copy(int fd, const char *path, int64_t mtime_ns, struct bs_error *error)
{
    struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = mtime_ns / 1000000000, .tv_nsec = mtime_ns % 1000000000},
    };
    if (mtime_ns > 0 && futimens(fd, times) != 0)
        return datom_file_error(error, "set the time of", path);
    if (fsync(fd) != 0)
        return datom_file_error(error, "sync", path);
    return BS_OK;
}

enum bs_code datom_file_copy(const char *from, const char *to, int64_t mtime_ns,
                             const struct datom_file_meter *meter,
                             struct datom_file_copied *ret_copied, struct bs_error *error)
{
    int from_fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from_fd < 0)
        return datom_file_error(error, "open", from);
    int to_fd = -1;
    struct datom_file_copied copied = {0};
    enum bs_code code = BS_OK;
    if (to) {
        to_fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (to_fd < 0)
            code = datom_file_error(error, "make", to);
    }
    if (code == BS_OK)
        code = copy_bytes(from_fd, from, to_fd, to, meter, &copied, error);
    if (code == BS_OK && to)
        code = finish_copy(to_fd, to, mtime_ns, error);
    close(from_fd);
    if (to_fd >= 0 && close(to_fd) != 0 && code == BS_OK)
        code = datom_file_error(error, "close", to);
    if (to_fd >= 0 && code != BS_OK)
        (void)unlink(to); /* the failure that is told is the first one */
    if (code == BS_OK)
        *ret_copied = copied;
    return code;
}

enum bs_code datom_file_link(const char *from, const char *to, bool *ret_found,
                             struct bs_error *error)
{
    *ret_found = true;
    if (link(from, to) == 0)
        return BS_OK;
    if (errno == ENOENT) {
        *ret_found = false;
        return BS_OK;
    }
    if (errno != EPERM && errno != EXDEV && errno != EOPNOTSUPP && errno != EMLINK)
        return datom_file_error(error, "link", from);
    struct datom_file_facts facts;
    struct datom_file_copied copied;
    BS_TRY(datom_file_look(from, &facts, ret_found, error));
    if (!*ret_found)
        return BS_OK;
    return datom_file_copy(from, to, facts.mtime_ns, NULL, &copied, error);
}

/* ---- small files ---- */

static enum bs_code write_new(const char *path, struct bs_str text, struct bs_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return datom_file_error(error, "make", path);
    enum bs_code code = write_all(fd, text.ptr, text.len, path, error);
    if (code == BS_OK)
        code = finish_copy(fd, path, 0, error);
    close(fd);
    return code;
}

enum bs_code datom_file_write(const char *path, struct bs_str text, struct bs_error *error)
{
    struct bs_buf name = BS_BUF_INIT(0);
    bs_buf_printf(&name, "%s.tmp", path);
    BS_CLEANUP(bs_freep) char *temporary = bs_buf_take(&name, NULL);
    enum bs_code code = write_new(temporary, text, error);
    if (code == BS_OK && rename(temporary, path) != 0)
        code = datom_file_error(error, "rename a file to", path);
    if (code != BS_OK)
        (void)unlink(temporary); /* as above */
    return code;
}

enum bs_code datom_file_read(const char *path, struct bs_buf *out, struct bs_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return datom_file_error(error, "open", path);
    enum bs_code code = BS_OK;
    for (;;) {
        char *at = bs_buf_reserve(out, PIECE_BYTES);
        if (!at) {
            code = bs_error_set(error, BS_REASON_LIMIT, "\"%s\" is too large to be read", path);
            break;
        }
        ssize_t size = read(fd, at, PIECE_BYTES);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            code = datom_file_error(error, "read", path);
        if (size <= 0)
            break;
        out->len += (size_t)size;
    }
    close(fd);
    return code;
}

void datom_file_sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd); /* not every file system can; nothing better is to be had there */
    close(fd);
}

enum bs_code datom_file_list(const char *folder, struct bs_arena *arena, const char ***ret_names,
                             size_t *ret_count, struct bs_error *error)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return datom_file_error(error, "open the folder", folder);
    const char **names = NULL;
    size_t count = 0, capacity = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        bs_grow(&names, count, &capacity, sizeof(*names));
        names[count++] =
            bs_arena_dup(arena, bs_str_make(entry->d_name, strlen(entry->d_name) + 1)).ptr;
    }
    closedir(dir);
    *ret_names = bs_arena_new_array(arena, count + 1, const char *);
    if (count > 0)
        memcpy(*ret_names, names, count * sizeof(*names));
    *ret_count = count;
    free(names);
    return BS_OK;
}
