/*
 * The calls that libfaults stands before. Each is: which file is it, does the rule make it fail,
 * the real call, a word to the recording; all under one lock, so that what is recorded of a file is
 * a state that it had. Other folders' files go straight through.
 */

#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults_record.h"

#define FDS_MAX 4096
#define PATH_BYTES 512
#define NAME_BYTES 64

struct open_file {
    bool is_dir;           /* the watched folder */
    char name[NAME_BYTES]; /* empty: not in the watched folder */
    record_file file;
};

static struct {
    pthread_mutex_t lock;
    char dir[PATH_BYTES]; /* empty: nothing is watched */
    struct faults_rule own_rule;
    struct faults_rule *rule; /* own_rule, or one in a file */
    struct open_file open[FDS_MAX];
} faults = {.lock = PTHREAD_MUTEX_INITIALIZER, .rule = &faults.own_rule};

static struct {
    int (*open)(const char *, int, ...);
    int (*close)(int);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    ssize_t (*read)(int, void *, size_t);
    ssize_t (*pread)(int, void *, size_t, off_t);
    int (*fsync)(int);
    int (*fdatasync)(int);
    int (*ftruncate)(int, off_t);
    int (*fallocate)(int, int, off_t, off_t);
    int (*rename)(const char *, const char *);
    int (*unlink)(const char *);
} real;

/* The C library's, or a sanitizer's in between. */
static void find_real(void *ret_function, const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol)
        abort();
    memcpy(ret_function, &symbol, sizeof(symbol));
}

static void find_all_real(void)
{
    find_real(&real.open, "open");
    find_real(&real.close, "close");
    find_real(&real.write, "write");
    find_real(&real.pwrite, "pwrite");
    find_real(&real.read, "read");
    find_real(&real.pread, "pread");
    find_real(&real.fsync, "fsync");
    find_real(&real.fdatasync, "fdatasync");
    find_real(&real.ftruncate, "ftruncate");
    find_real(&real.fallocate, "fallocate");
    find_real(&real.rename, "rename");
    find_real(&real.unlink, "unlink");
}

/* Before main; other libraries' constructors may have written already. */
static pthread_once_t found_real = PTHREAD_ONCE_INIT;

static void lock(void)
{
    pthread_once(&found_real, find_all_real);
    pthread_mutex_lock(&faults.lock);
}

static void unlock(void)
{
    int kept = errno;
    pthread_mutex_unlock(&faults.lock);
    errno = kept;
}

/* ---- what is watched, and the rule ---- */

void faults_watch(const char *dir)
{
    lock();
    snprintf(faults.dir, sizeof(faults.dir), "%s", dir);
    unlock();
}

void faults_set(const struct faults_rule *rule)
{
    lock();
    *faults.rule = *rule;
    faults.rule->matched = 0;
    faults.rule->failed = 0;
    unlock();
}

void faults_heal(void)
{
    faults.rule->kinds = 0;
}

uint64_t faults_matched(void)
{
    return faults.rule->matched;
}

uint64_t faults_failed(void)
{
    return faults.rule->failed;
}

void faults_record(const char *shadow)
{
    lock();
    record_begin(faults.dir, shadow);
    unlock();
}

__attribute__((constructor)) static void take_environment(void)
{
    const char *dir = getenv("FAULTS_DIR");
    const char *rule = getenv("FAULTS_RULE");
    const char *shadow = getenv("FAULTS_SHADOW");
    pthread_once(&found_real, find_all_real);
    if (dir)
        faults_watch(dir);
    int fd = rule ? real.open(rule, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *mapped =
            mmap(NULL, sizeof(struct faults_rule), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        real.close(fd);
        if (mapped == MAP_FAILED)
            abort();
        faults.rule = mapped;
    }
    if (dir && shadow)
        faults_record(shadow);
}

static bool fails(enum faults_kind kind, const char *name)
{
    struct faults_rule *rule = faults.rule;
    if (!(rule->kinds & kind) || !strstr(name, rule->name_part))
        return false;
    uint64_t ordinal = rule->matched++;
    if (ordinal < rule->after || (rule->count > 0 && ordinal >= rule->after + rule->count))
        return false;
    rule->failed++;
    errno = rule->error;
    return true;
}

/* The name of a path in the watched folder; "." is the folder itself; NULL: another place. */
static const char *watched_name(const char *path)
{
    size_t len = strlen(faults.dir);
    if (len == 0 || strncmp(path, faults.dir, len) != 0)
        return NULL;
    const char *name = path + len;
    while (*name == '/')
        name++;
    if (*name == '\0')
        return ".";
    return path[len] == '/' && !strchr(name, '/') && strlen(name) < NAME_BYTES ? name : NULL;
}

/* NULL: not in the watched folder. */
static struct open_file *watched_fd(int fd)
{
    if (fd < 0 || fd >= FDS_MAX || !faults.open[fd].name[0])
        return NULL;
    return &faults.open[fd];
}

/* ---- the calls ---- */

/*
 * Each is exported under the names that the C library gives it, with large files and without, and
 * has one of its own here, so that headers' redirections do not matter.
 */
#define SHIM(name) __asm__(name) __attribute__((visibility("default"), used))

int shim_open(const char *path, int flags, ...) SHIM("open");
int shim_open64(const char *path, int flags, ...) SHIM("open64");
int shim_close(int fd) SHIM("close");
ssize_t shim_write(int fd, const void *bytes, size_t size) SHIM("write");
ssize_t shim_pwrite(int fd, const void *bytes, size_t size, off_t offset) SHIM("pwrite");
ssize_t shim_pwrite64(int fd, const void *bytes, size_t size, off_t offset) SHIM("pwrite64");
ssize_t shim_read(int fd, void *bytes, size_t size) SHIM("read");
ssize_t shim_pread(int fd, void *bytes, size_t size, off_t offset) SHIM("pread");
ssize_t shim_pread64(int fd, void *bytes, size_t size, off_t offset) SHIM("pread64");
int shim_fsync(int fd) SHIM("fsync");
int shim_fdatasync(int fd) SHIM("fdatasync");
int shim_ftruncate(int fd, off_t size) SHIM("ftruncate");
int shim_ftruncate64(int fd, off_t size) SHIM("ftruncate64");
int shim_fallocate(int fd, int mode, off_t offset, off_t size) SHIM("fallocate");
int shim_fallocate64(int fd, int mode, off_t offset, off_t size) SHIM("fallocate64");
int shim_rename(const char *old_path, const char *new_path) SHIM("rename");
int shim_unlink(const char *path) SHIM("unlink");

static int open_watched(const char *path, const char *name, int flags, mode_t mode)
{
    struct stat stat_;
    bool is_dir = strcmp(name, ".") == 0;
    bool is_new = !is_dir && (flags & O_CREAT) && stat(path, &stat_) != 0;
    if (is_new && fails(FAULTS_CREATE, name))
        return -1;
    int fd = real.open(path, flags, mode);
    if (fd < 0 || fd >= FDS_MAX)
        return fd;
    struct open_file *file = &faults.open[fd];
    *file = (struct open_file){.is_dir = is_dir};
    snprintf(file->name, sizeof(file->name), "%s", name);
    if (record_is_on() && !is_dir) {
        file->file = record_opened(name, is_new);
        if (flags & O_TRUNC)
            record_written(file->file, 0);
    }
    return fd;
}

static int open_any(const char *path, int flags, mode_t mode)
{
    lock();
    const char *name = watched_name(path);
    int fd = name ? open_watched(path, name, flags, mode) : real.open(path, flags, mode);
    if (!name && fd >= 0 && fd < FDS_MAX)
        faults.open[fd] = (struct open_file){0};
    unlock();
    return fd;
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int shim_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_any(path, flags, mode);
}

int shim_open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_any(path, flags, mode);
}

int shim_close(int fd)
{
    lock();
    if (fd >= 0 && fd < FDS_MAX)
        faults.open[fd] = (struct open_file){0};
    int result = real.close(fd);
    unlock();
    return result;
}

/* `offset` -1: where the file stands. */
static ssize_t write_watched(const struct open_file *file, int fd, const void *bytes, size_t size,
                             off_t offset)
{
    bool is_positioned = offset >= 0;
    off_t at = is_positioned ? offset : lseek(fd, 0, SEEK_CUR);
    bool is_failure = fails(FAULTS_WRITE, file->name);
    int error = errno;
    if (is_failure && !faults.rule->half)
        return -1;
    size_t part = is_failure ? size / 2 : size;
    record_written(file->file, at);
    ssize_t written =
        is_positioned ? real.pwrite(fd, bytes, part, offset) : real.write(fd, bytes, part);
    if (!is_failure)
        return written;
    errno = error;
    return -1;
}

static ssize_t write_any(int fd, const void *bytes, size_t size, off_t offset)
{
    /* not under the lock: it may be a pipe that is full */
    pthread_once(&found_real, find_all_real);
    if (!watched_fd(fd))
        return offset >= 0 ? real.pwrite(fd, bytes, size, offset) : real.write(fd, bytes, size);
    lock();
    ssize_t written = write_watched(watched_fd(fd), fd, bytes, size, offset);
    unlock();
    return written;
}

ssize_t shim_write(int fd, const void *bytes, size_t size)
{
    return write_any(fd, bytes, size, -1);
}

ssize_t shim_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    return write_any(fd, bytes, size, offset);
}

ssize_t shim_pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
    return write_any(fd, bytes, size, offset);
}

/* Whether a read is to fail; the read itself needs no lock. */
static bool read_fails(int fd)
{
    pthread_once(&found_real, find_all_real);
    if (!watched_fd(fd) || !(faults.rule->kinds & FAULTS_READ))
        return false;
    lock();
    bool is_failure = fails(FAULTS_READ, watched_fd(fd)->name);
    unlock();
    return is_failure;
}

ssize_t shim_read(int fd, void *bytes, size_t size)
{
    return read_fails(fd) ? -1 : real.read(fd, bytes, size);
}

ssize_t shim_pread(int fd, void *bytes, size_t size, off_t offset)
{
    return read_fails(fd) ? -1 : real.pread(fd, bytes, size, offset);
}

ssize_t shim_pread64(int fd, void *bytes, size_t size, off_t offset)
{
    return read_fails(fd) ? -1 : real.pread(fd, bytes, size, offset);
}

static int sync_any(int fd, int (*sync)(int))
{
    const struct open_file *file = watched_fd(fd);
    if (!file)
        return sync(fd);
    lock();
    int result = fails(FAULTS_SYNC, file->name) ? -1 : 0;
    if (result == 0 && !record_is_on())
        result = sync(fd);
    else if (result == 0 && file->is_dir)
        record_dir_synced();
    else if (result == 0)
        record_synced(file->file, fd);
    unlock();
    return result;
}

int shim_fsync(int fd)
{
    pthread_once(&found_real, find_all_real);
    return sync_any(fd, real.fsync);
}

int shim_fdatasync(int fd)
{
    pthread_once(&found_real, find_all_real);
    return sync_any(fd, real.fdatasync);
}

int shim_ftruncate(int fd, off_t size)
{
    lock();
    const struct open_file *file = watched_fd(fd);
    if (file)
        record_written(file->file, size);
    int result = real.ftruncate(fd, size);
    unlock();
    return result;
}

int shim_ftruncate64(int fd, off_t size)
{
    return shim_ftruncate(fd, size);
}

int shim_fallocate(int fd, int mode, off_t offset, off_t size)
{
    lock();
    const struct open_file *file = watched_fd(fd);
    int result =
        file && fails(FAULTS_WRITE, file->name) ? -1 : real.fallocate(fd, mode, offset, size);
    unlock();
    return result;
}

int shim_fallocate64(int fd, int mode, off_t offset, off_t size)
{
    return shim_fallocate(fd, mode, offset, size);
}

int shim_rename(const char *old_path, const char *new_path)
{
    lock();
    const char *old_name = watched_name(old_path);
    const char *new_name = watched_name(new_path);
    int result = old_name && fails(FAULTS_RENAME, old_name) ? -1 : real.rename(old_path, new_path);
    if (result == 0 && old_name && new_name && record_is_on())
        record_renamed(old_name, new_name);
    unlock();
    return result;
}

int shim_unlink(const char *path)
{
    lock();
    const char *name = watched_name(path);
    int result = real.unlink(path);
    if (result == 0 && name && record_is_on())
        record_unlinked(name);
    unlock();
    return result;
}
