/*
 * A log is blocks of 32 KiB; a record is a head (checksum, length, type) and its bytes, and lies in
 * one block. A walk from head to head finds where the readable records end. At the end of the file
 * all is well; before it the log is torn or damaged.
 *
 * A head that a log may have, of a record that the file has not all of, is torn, unless its
 * checksum is that of fewer bytes: its own bytes say nothing, as they may be a user's, and a user
 * may keep logs. A head that no log has was lost; then what follows tells, as the engine writes one
 * group after another: behind one that was not written out no other begins.
 */

#include "datom/wal_damage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 32768
/* Checksum, 4 bytes; length, 2; type, 1: little-endian. */
#define HEAD_BYTES 7
#define LENGTH_AT 4
#define TYPE_AT 6

/* A whole record; the first and the last part of one. Those of files that are used again (5 to 8)
 * are none of ours. */
enum { TYPE_FULL = 1, TYPE_FIRST = 2, TYPE_LAST = 4 };

struct block {
    uint8_t bytes[BLOCK_BYTES];
    size_t size; /* less than all at the end of the file */
};

/* CRC-32C (RFC 3720, appendix B.4) as far as a byte more. Bit by bit: it is asked for of few. */
static uint32_t crc_add(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    return crc;
}

/* Whether the head has this checksum, of a type and bytes, masked as the engine does. */
static bool has_crc(const uint8_t *head, uint32_t crc)
{
    crc = ~crc;
    uint32_t masked = (crc >> 15 | crc << 17) + 0xa282ead8;
    uint32_t given = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
                     (uint32_t)head[3] << 24;
    return masked == given;
}

static size_t length_of(const uint8_t *head)
{
    return (size_t)head[LENGTH_AT] | (size_t)head[LENGTH_AT + 1] << 8;
}

static bool fits(const struct block *block, size_t at, size_t length)
{
    return at + HEAD_BYTES + length <= block->size;
}

/* Whether a log may have such a head, be the record's bytes there or not. */
static bool is_head(const struct block *block, size_t at)
{
    if (!fits(block, at, 0))
        return false;
    const uint8_t *head = block->bytes + at;
    return head[TYPE_AT] >= TYPE_FULL && head[TYPE_AT] <= TYPE_LAST &&
           at + HEAD_BYTES + length_of(head) <= BLOCK_BYTES;
}

static bool is_record(const struct block *block, size_t at)
{
    return is_head(block, at) && fits(block, at, length_of(block->bytes + at));
}

/* Whether the record there is whole, by its checksum. */
static bool is_whole(const struct block *block, size_t at)
{
    const uint8_t *head = block->bytes + at;
    uint32_t crc = crc_add(0xffffffff, head[TYPE_AT]);
    for (size_t i = 0; i < length_of(head); i++)
        crc = crc_add(crc, head[HEAD_BYTES + i]);
    return has_crc(head, crc);
}

/* Where in the block its readable records end. */
static size_t walk(const struct block *block)
{
    size_t at = 0;
    while (is_record(block, at))
        at += HEAD_BYTES + length_of(block->bytes + at);
    /* what is too short for a head fills up a block, or is the beginning of one */
    return fits(block, at, 0) ? at : block->size;
}

/* Whether a record stands there whole, but for its length or its type. */
static bool is_marred(const struct block *block, size_t at)
{
    if (!fits(block, at, 0))
        return false;
    const uint8_t *head = block->bytes + at;
    for (uint8_t type = TYPE_FULL; type <= TYPE_LAST; type++) {
        uint32_t crc = crc_add(0xffffffff, type);
        for (size_t end = at + HEAD_BYTES;; end++) {
            /* of so many lengths one may fit by chance: not one that a head follows, too */
            if (has_crc(head, crc) && (!fits(block, end, 0) || is_head(block, end)))
                return true;
            if (end == block->size)
                break;
            crc = crc_add(crc, block->bytes[end]);
        }
    }
    return false;
}

/* Whether a group of records begins there. */
static bool is_beginning(const struct block *block, size_t at)
{
    uint8_t type = block->bytes[at + TYPE_AT];
    return (type == TYPE_FULL || type == TYPE_FIRST) && is_whole(block, at);
}

/* Whether one begins at `from` or later: nothing says where a head is. */
static bool begins_somewhere(const struct block *block, size_t from)
{
    for (size_t at = from; fits(block, at, 0); at++)
        if (is_record(block, at) && is_beginning(block, at))
            return true;
    return false;
}

/* The same of a block behind: its first head stands at its beginning, and leads to the others. */
static bool begins_by_heads(const struct block *block)
{
    for (size_t at = 0; is_record(block, at); at += HEAD_BYTES + length_of(block->bytes + at))
        if (is_beginning(block, at))
            return true;
    return false;
}

static bool read_block(int fd, int64_t offset, struct block *block)
{
    ssize_t size = pread(fd, block->bytes, BLOCK_BYTES, offset);
    block->size = size > 0 ? (size_t)size : 0;
    return block->size > 0;
}

/* Where the log is damaged; -1 when it is not. */
static int64_t find_in_file(int fd)
{
    BS_CLEANUP(bs_freep) struct block *block = bs_malloc(sizeof(*block));
    int64_t offset = 0;
    size_t end = 0;
    for (; read_block(fd, offset, block); offset += BLOCK_BYTES) {
        end = walk(block);
        if (end < block->size)
            break;
    }
    if (block->size == 0)
        return -1;
    int64_t found = offset + (int64_t)end;
    if (is_marred(block, end))
        return found;
    if (is_head(block, end))
        return -1;
    if (begins_somewhere(block, end + 1))
        return found;
    /* where the file ended in a block, what is behind it now was written since */
    while (block->size == BLOCK_BYTES && read_block(fd, offset += BLOCK_BYTES, block))
        if (begins_by_heads(block))
            return found;
    return -1;
}

bool datom_wal_find_record(int fd, int64_t at, int64_t *ret_end)
{
    if (at <= 0)
        return false;
    BS_CLEANUP(bs_freep) struct block *block = bs_malloc(sizeof(*block));
    int64_t offset = (at - 1) / BLOCK_BYTES * BLOCK_BYTES;
    size_t begin = 0;
    size_t end = 0;
    if (!read_block(fd, offset, block))
        return false;
    while (end < (size_t)(at - offset)) {
        begin = end;
        if (!is_record(block, begin))
            return false;
        end = begin + HEAD_BYTES + length_of(block->bytes + begin);
    }
    *ret_end = offset + (int64_t)end;
    return is_whole(block, begin);
}

static bool is_damaged(int folder, const char *name, struct datom_wal_damage *ret_damage)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ret_damage->offset = find_in_file(fd);
    close(fd);
    snprintf(ret_damage->name, sizeof(ret_damage->name), "%s", name);
    return ret_damage->offset >= 0;
}

/* The MANIFEST that CURRENT names; others are left over. */
static bool read_current(int folder, char ret_name[256])
{
    char text[256];
    int fd = openat(folder, "CURRENT", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? pread(fd, text, sizeof(text) - 1, 0) : -1;
    if (fd >= 0)
        close(fd);
    if (size <= 0)
        return false;
    text[size] = '\0';
    snprintf(ret_name, 256, "%.*s", (int)strcspn(text, "\n"), text);
    return !strchr(ret_name, '/');
}

bool datom_wal_find_damage(const char *dir, struct datom_wal_damage *ret_damage)
{
    char manifest[256];
    const struct dirent *entry;
    DIR *entries = opendir(dir);
    if (!entries)
        return false;
    int folder = dirfd(entries);
    bool found = read_current(folder, manifest) && is_damaged(folder, manifest, ret_damage);
    while (!found && (entry = readdir(entries)))
        if (bs_str_ends_with(bs_str_from(entry->d_name), BS_STR(".log")))
            found = is_damaged(folder, entry->d_name, ret_damage);
    closedir(entries);
    return found;
}
