/*
 * Text as the first line of a backup's manifest; its checksum is put behind it, so that what a
 * checksum does not find is read too. What reads names files that stand in the backup's folder;
 * what does not is listed as damaged, or refused as newer.
 */

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "datom/backup_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];

static void remove_folder(void)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/backup-000001.edn", folder);
    unlink(path);
    rmdir(folder);
}

static void make_folder(void)
{
    if (folder[0])
        return;
    snprintf(folder, sizeof(folder), "%s/bandstand-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    BS_ASSERT(mkdtemp(folder));
    atexit(remove_folder);
}

static void write_manifest(const uint8_t *data, size_t size)
{
    char path[96];
    char hash[40];
    XXH128_hash_t sum = XXH3_128bits(data, size);
    snprintf(path, sizeof(path), "%s/backup-000001.edn", folder);
    int length = snprintf(hash, sizeof(hash), "\n%016llx%016llx\n", (unsigned long long)sum.high64,
                          (unsigned long long)sum.low64);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    BS_ASSERT(file >= 0 && write(file, data, size) == (ssize_t)size &&
              write(file, hash, (size_t)length) == length);
    close(file);
}

static void assert_stays_inside(const char *name)
{
    BS_ASSERT(name[0] != '\0' && name[0] != '.' && !strchr(name, '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct backup_manifests manifests;
    struct bs_error error;
    make_folder();
    write_manifest(data, size);
    struct bs_arena *arena = bs_arena_new(0);
    enum bs_code code = backup_manifests_read(folder, arena, &manifests, &error);
    if (code != BS_OK)
        BS_ASSERT(error.reason == BS_REASON_STORE_FORMAT && error.message[0] != '\0');
    else
        BS_ASSERT(manifests.count + manifests.damaged_count == 1);
    for (size_t i = 0; code == BS_OK && manifests.count > 0 && i < manifests.items->files_count;
         i++) {
        assert_stays_inside(manifests.items->files[i].name);
        assert_stays_inside(manifests.items->files[i].stored);
    }
    bs_arena_free(arena);
    return 0;
}
