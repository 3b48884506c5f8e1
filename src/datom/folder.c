/*
 * The folder of a store. The lock file is never removed: a process that waits for it could hold a
 * lock on a file that has no name any more. Its content is only read while somebody holds the lock.
 */

#include "datom/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* RocksDB moves this file into place when everything else that a new database needs is there. */
#define CURRENT_FILE "CURRENT"

/* How often, and with what pause, a lock is looked at whose holder has not yet written its pid. */
#define LOCK_TRIES 50
#define LOCK_PAUSE_NS 2000000
#define LOCK_TEXT_BYTES 48

static char *path_join(const char *folder, const char *name)
{
    struct bs_buf path = BS_BUF_INIT(0);
    bs_buf_printf(&path, "%s/%s", folder, name);
    return bs_buf_take(&path, NULL);
}

static enum bs_code io_error(struct bs_error *error, const char *verb, const char *path)
{
    return bs_error_set(error, BS_REASON_STORE_IO, "can't %s \"%s\": %s", verb, path,
                        strerror(errno));
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

enum bs_code datom_folder_look(const char *path, enum datom_folder_kind *ret_kind,
                               struct bs_error *error)
{
    DIR *dir = opendir(path);
    if (!dir && errno == ENOENT) {
        *ret_kind = DATOM_FOLDER_MISSING;
        return BS_OK;
    }
    if (!dir && errno == ENOTDIR)
        return bs_error_set(error, BS_REASON_STORE_FORMAT,
                            "\"%s\" is not a folder; a store is a folder", path);
    if (!dir)
        return io_error(error, "open the folder", path);
    bool has_lock = false;
    bool has_database = false;
    bool has_data = false;
    bool has_other = false;
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (strcmp(entry->d_name, DATOM_LOCK_FILE) == 0)
            has_lock = true;
        else if (strcmp(entry->d_name, CURRENT_FILE) == 0)
            has_database = true;
        else if (ends_with(entry->d_name, ".sst") || ends_with(entry->d_name, ".log"))
            has_data = true; /* RocksDB makes these after CURRENT only */
        else
            has_other = true;
    }
    closedir(dir);
    if (has_database)
        *ret_kind = has_lock ? DATOM_FOLDER_STORE : DATOM_FOLDER_ROCKSDB;
    else if (has_lock)
        *ret_kind = has_data ? DATOM_FOLDER_DAMAGED : DATOM_FOLDER_EMPTY;
    else
        *ret_kind = has_data || has_other ? DATOM_FOLDER_OTHER : DATOM_FOLDER_EMPTY;
    return BS_OK;
}

/* So that the entry of a new folder survives a power loss. */
static void sync_parent(const char *path)
{
    char *parent = path_join(path, "..");
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* not every file system can; nothing better is to be had there */
        close(fd);
    }
    free(parent);
}

enum bs_code datom_folder_make(const char *path, struct bs_error *error)
{
    if (mkdir(path, 0777) == 0) {
        sync_parent(path);
        return BS_OK;
    }
    if (errno == EEXIST)
        return BS_OK;
    if (errno == ENOENT)
        return bs_error_set(error, BS_REASON_STORE_NOT_FOUND,
                            "can't make the folder \"%s\": the folder above it does not exist",
                            path);
    return io_error(error, "make the folder", path);
}

/* A decimal number below INT64_MAX / 20; moves *at behind it and one space. 0 when there is none.
 */
static uint64_t read_number(const char **at)
{
    uint64_t number = 0;
    for (; **at >= '0' && **at <= '9' && number < INT64_MAX / 200; (*at)++)
        number = number * 10 + (uint64_t)(**at - '0');
    *at += **at == ' ';
    return number;
}

/* Zeros for what is not there. */
static void read_holder(int fd, int64_t *ret_pid, uint64_t *ret_epoch)
{
    char text[LOCK_TEXT_BYTES + 1] = "";
    const char *at = text;
    *ret_pid = 0;
    *ret_epoch = 0;
    if (pread(fd, text, LOCK_TEXT_BYTES, 0) <= 0)
        return;
    uint64_t pid = read_number(&at);
    *ret_pid = pid < INT32_MAX ? (int64_t)pid : 0;
    *ret_epoch = read_number(&at);
}

static bool write_holder(int fd, int64_t pid, uint64_t epoch)
{
    char text[LOCK_TEXT_BYTES];
    int len =
        snprintf(text, sizeof(text), "%lld %llu\n", (long long)pid, (unsigned long long)epoch);
    /* in this order, as a line that is there is read to its end, and an empty file says nothing */
    return pwrite(fd, text, (size_t)len, 0) == len && ftruncate(fd, len) == 0;
}

/* Whether the pid may be that of a holder: not one left behind by a process that is gone. */
static bool is_alive(int64_t pid)
{
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static bool try_lock(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static enum bs_code locked_error(struct bs_error *error, const char *path, int64_t pid)
{
    if (pid == 0)
        return bs_error_set(error, BS_REASON_STORE_LOCKED,
                            "the store \"%s\" is being written by another process", path);
    enum bs_code code = bs_error_set(
        error, BS_REASON_STORE_LOCKED,
        "the store \"%s\" is being written by the process with pid %lld", path, (long long)pid);
    bs_error_add_integer(error, "pid", pid);
    return code;
}

/* Whether the lock was got; else the pid of who has it (0: unknown), and errno. */
static bool wait_for_lock(int fd, int64_t *ret_pid)
{
    uint64_t epoch;
    *ret_pid = 0;
    for (int i = 0; i < LOCK_TRIES && !is_alive(*ret_pid); i++) {
        if (i > 0)
            nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
        if (try_lock(fd))
            return true;
        if (errno != EAGAIN && errno != EACCES)
            return false;
        read_holder(fd, ret_pid, &epoch);
        errno = EAGAIN;
    }
    errno = EAGAIN;
    return false;
}

enum bs_code datom_folder_lock(const char *path, struct datom_folder_lock *ret_lock,
                               struct bs_error *error)
{
    BS_CLEANUP(bs_freep) char *file = path_join(path, DATOM_LOCK_FILE);
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return io_error(error, "open the lock file", file);
    enum bs_code code = BS_OK;
    int64_t pid;
    uint64_t epoch;
    if (!wait_for_lock(fd, &pid)) {
        code = errno == EAGAIN ? locked_error(error, path, pid) : io_error(error, "lock", file);
    } else {
        read_holder(fd, &pid, &epoch);
        if (!write_holder(fd, getpid(), epoch + 1))
            code = io_error(error, "write the lock file", file);
    }
    if (code != BS_OK) {
        close(fd);
        return code;
    }
    (void)fdatasync(fd); /* an epoch that a power cut takes back is only counted twice */
    *ret_lock = (struct datom_folder_lock){.fd = fd, .epoch = epoch + 1, .was_left = pid != 0};
    return BS_OK;
}

void datom_folder_last_lock(const char *path, struct datom_folder_lock *ret_lock)
{
    BS_CLEANUP(bs_freep) char *file = path_join(path, DATOM_LOCK_FILE);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    int64_t pid = 0;
    *ret_lock = (struct datom_folder_lock){.fd = -1};
    if (fd < 0)
        return;
    read_holder(fd, &pid, &ret_lock->epoch);
    ret_lock->was_left = pid != 0 && !is_alive(pid);
    close(fd);
}

void datom_folder_unlock(struct datom_folder_lock *lock)
{
    if (lock->fd < 0)
        return;
    if (!write_holder(lock->fd, 0, lock->epoch)) {
        /* The pid stays, as after a kill. */
    }
    close(lock->fd);
    lock->fd = -1;
}

const char *datom_folder_temporary(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

enum bs_code datom_folder_make_temporary(char **ret_path, struct bs_error *error)
{
    char *path = path_join(datom_folder_temporary(), "bandstand-XXXXXX");
    if (!mkdtemp(path)) {
        enum bs_code code = io_error(error, "make a temporary folder", path);
        free(path);
        return code;
    }
    *ret_path = path;
    return BS_OK;
}

void datom_folder_remove(const char *path)
{
    DIR *dir = path ? opendir(path) : NULL;
    if (!dir)
        return;
    const struct dirent *entry;
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(path);
}
