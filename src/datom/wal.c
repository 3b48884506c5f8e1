/*
 * After a power cut a file may have the length that it had, and zeros where its last blocks were
 * never written. The engine takes a log that ends in the middle of a record for torn, and drops
 * that record, which nobody was told of; but a record that is there in its length, with zeros in
 * it, it takes for damage, and refuses the store. So those zeros are cut off: then it is torn.
 * The MANIFEST is a log too, of the same format: of which files there are.
 *
 * A record that is whole keeps the zeros that it ends with. Only zeros go, so that nothing is lost
 * when it was damage after all: they are put back.
 */

#include "datom/wal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datom/wal_damage.h"

/* The unit in which a disk has written or has not. */
#define SECTOR_BYTES 512
#define BLOCK_BYTES 65536

/* The length without the zeros at the end; -1 when it can't be read. */
static int64_t length_without_zeros(int fd, int64_t length)
{
    BS_CLEANUP(bs_freep) char *block = bs_malloc(BLOCK_BYTES);
    while (length > 0) {
        int64_t size = BS_MIN(length, BLOCK_BYTES);
        if (pread(fd, block, (size_t)size, length - size) != size)
            return -1;
        int64_t kept = size;
        while (kept > 0 && block[kept - 1] == '\0')
            kept--;
        length -= size - kept;
        if (kept > 0)
            break;
    }
    return length;
}

/* Whether [from, to) has a whole sector in it, or the beginning of one up to the end of the file.
 */
static bool has_sector(int64_t from, int64_t to)
{
    int64_t begin = (from + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    return begin < to;
}

static void cut_file(const char *dir, const char *name, struct datom_wal_cut *cut)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf path = BS_BUF_INIT(0);
    struct stat file;
    bs_buf_printf(&path, "%s/%s", dir, name);
    int fd = open(bs_buf_cstr(&path), O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    int64_t kept = fstat(fd, &file) == 0 ? length_without_zeros(fd, file.st_size) : -1;
    int64_t end;
    if (datom_wal_find_record(fd, kept, &end))
        kept = end;
    if (kept >= 0 && has_sector(kept, file.st_size) && ftruncate(fd, kept) == 0) {
        cut->files[cut->count].bytes = file.st_size;
        cut->files[cut->count++].path = bs_buf_take(&path, NULL);
    }
    close(fd);
}

static bool is_log(struct bs_str name)
{
    return bs_str_ends_with(name, BS_STR(".log")) || bs_str_starts_with(name, BS_STR("MANIFEST-"));
}

bool datom_wal_cut_zeros(const char *dir, struct datom_wal_cut *cut)
{
    *cut = (struct datom_wal_cut){0};
    DIR *entries = opendir(dir);
    const struct dirent *entry;
    while (entries && cut->count < DATOM_WAL_FILES_MAX && (entry = readdir(entries)))
        if (is_log(bs_str_from(entry->d_name)))
            cut_file(dir, entry->d_name, cut);
    if (entries)
        closedir(entries);
    return cut->count > 0;
}

void datom_wal_restore(const struct datom_wal_cut *cut)
{
    for (size_t i = 0; i < cut->count; i++)
        if (truncate(cut->files[i].path, cut->files[i].bytes) != 0) {
            /* Shorter by zeros that say nothing. */
        }
}

void datom_wal_cut_fini(struct datom_wal_cut *cut)
{
    for (size_t i = 0; i < cut->count; i++)
        free(cut->files[i].path);
    cut->count = 0;
}
