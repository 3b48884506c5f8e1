/*
 * Manifests as text: EDN, so that people can read what a backup holds, and a checksum in the second
 * line, so that a manifest that was damaged is refused before it misleads anybody.
 */

#include "datom/backup_manifest.h"

#include <unistd.h>
#include <xxhash.h>

#define MANIFEST_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define FILE_FIELDS 5
#define MANIFEST_PREFIX "backup-"
#define MANIFEST_SUFFIX ".edn"

const char *backup_manifest_path(struct bs_arena *arena, const char *folder, uint64_t generation)
{
    struct bs_str path =
        bs_arena_printf(arena, "%s/backup-%06llu.edn", folder, (unsigned long long)generation);
    return bs_arena_dup_cstr(arena, path);
}

struct datom_backup_report backup_manifest_report(const struct backup_manifest *manifest)
{
    struct datom_backup_report report = {
        .generation = manifest->generation,
        .basis_t = manifest->basis_t,
        .instant_ms = manifest->instant_ms,
        .files = manifest->files_count,
    };
    for (size_t i = 0; i < manifest->files_count; i++)
        report.bytes += manifest->files[i].facts.size;
    return report;
}

/* ---- writing ---- */

static struct edn text_value(const char *text)
{
    return edn_text(EDN_STRING, bs_str_from(text));
}

static struct edn file_value(struct bs_arena *arena, const struct backup_file *file)
{
    const struct edn fields[FILE_FIELDS] = {
        text_value(file->name),         edn_long((int64_t)file->facts.size),
        edn_long(file->facts.mtime_ns), text_value(file->hash),
        text_value(file->stored),
    };
    return edn_vector_of(arena, fields, FILE_FIELDS);
}

static void append_hash(struct bs_buf *out, struct bs_str line)
{
    XXH128_hash_t hash = XXH3_128bits(line.ptr, line.len);
    bs_buf_printf(out, "%016llx%016llx", (unsigned long long)hash.high64,
                  (unsigned long long)hash.low64);
}

enum bs_code backup_manifest_write(const struct backup_manifest *manifest, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    struct edn_list files;
    edn_list_init(&files, arena);
    for (size_t i = 0; i < manifest->files_count; i++)
        edn_list_add(&files, file_value(arena, &manifest->files[i]));
    const struct edn pairs[] = {
        EDN_KEYWORD_LIT("format"),     edn_long(BACKUP_FORMAT),
        EDN_KEYWORD_LIT("generation"), edn_long((int64_t)manifest->generation),
        EDN_KEYWORD_LIT("store"),      text_value(manifest->store),
        EDN_KEYWORD_LIT("basis-t"),    edn_long((int64_t)manifest->basis_t),
        EDN_KEYWORD_LIT("instant"),    edn_instant(manifest->instant_ms),
        EDN_KEYWORD_LIT("files"),      edn_list_finish(&files, EDN_VECTOR),
    };
    edn_print(edn_map_of(arena, pairs, BS_ARRAY_COUNT(pairs) / 2), &text);
    struct bs_str line = bs_arena_dup(arena, bs_buf_str(&text));
    bs_buf_append_byte(&text, '\n');
    append_hash(&text, line);
    bs_buf_append_byte(&text, '\n');
    return datom_file_write(manifest->path, bs_buf_str(&text), error);
}

/* ---- reading ---- */

static enum bs_code damaged(const char *path, const char *what, struct bs_error *error)
{
    bs_error_set(error, BS_REASON_STORE_CORRUPT, "the backup's manifest \"%s\" is damaged: %s",
                 path, what);
    bs_error_add_text(error, "file", bs_str_from(path));
    return BS_DATA_LOSS;
}

static bool take_number(struct edn value, uint64_t *ret_number)
{
    if (value.type != EDN_LONG || value.as.integer < 0)
        return false;
    *ret_number = (uint64_t)value.as.integer;
    return true;
}

static bool take_text(struct edn value, struct bs_arena *arena, const char **ret_text)
{
    if (value.type != EDN_STRING)
        return false;
    *ret_text = bs_arena_dup_cstr(arena, edn_text_of(value));
    return strlen(*ret_text) == value.len;
}

/* A name of a file in a folder, and no way out of it. */
static bool take_name(struct edn value, struct bs_arena *arena, const char **ret_name)
{
    return take_text(value, arena, ret_name) && (*ret_name)[0] != '\0' && (*ret_name)[0] != '.' &&
           !strchr(*ret_name, '/');
}

static bool take_file(struct edn value, struct bs_arena *arena, struct backup_file *ret_file)
{
    if (value.type != EDN_VECTOR || value.len != FILE_FIELDS)
        return false;
    const struct edn *fields = value.as.items;
    if (fields[2].type != EDN_LONG)
        return false;
    ret_file->facts.mtime_ns = fields[2].as.integer;
    return take_name(fields[0], arena, &ret_file->name) &&
           take_number(fields[1], &ret_file->facts.size) &&
           take_text(fields[3], arena, &ret_file->hash) &&
           take_name(fields[4], arena, &ret_file->stored);
}

static bool take_manifest(struct edn map, struct bs_arena *arena, struct backup_manifest *manifest)
{
    struct edn generation, store, basis_t, instant, files;
    if (!edn_map_get_keyword(map, BS_STR("generation"), &generation) ||
        !edn_map_get_keyword(map, BS_STR("store"), &store) ||
        !edn_map_get_keyword(map, BS_STR("basis-t"), &basis_t) ||
        !edn_map_get_keyword(map, BS_STR("instant"), &instant) ||
        !edn_map_get_keyword(map, BS_STR("files"), &files))
        return false;
    if (!take_number(generation, &manifest->generation) ||
        !take_number(basis_t, &manifest->basis_t) || !take_text(store, arena, &manifest->store) ||
        instant.type != EDN_INSTANT || files.type != EDN_VECTOR)
        return false;
    manifest->instant_ms = instant.as.integer;
    manifest->files_count = files.len;
    manifest->files = bs_arena_new_array(arena, (size_t)files.len + 1, struct backup_file);
    for (uint32_t i = 0; i < files.len; i++) {
        if (!take_file(files.as.items[i], arena, &manifest->files[i]))
            return false;
    }
    return true;
}

static enum bs_code read_manifest(const char *path, struct bs_arena *arena,
                                  struct backup_manifest *ret_manifest, struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(MANIFEST_BYTES_MAX);
    BS_CLEANUP(bs_buf_fini) struct bs_buf hash = BS_BUF_INIT(0);
    BS_TRY(datom_file_read(path, &text, error));
    struct bs_str rest = bs_buf_str(&text);
    struct bs_str line, given;
    if (!bs_str_ends_with(rest, BS_STR("\n")) || !bs_str_split(&rest, '\n', &line) ||
        !bs_str_split(&rest, '\n', &given))
        return damaged(path, "expected two whole lines", error);
    append_hash(&hash, line);
    if (!bs_str_equal(bs_buf_str(&hash), given))
        return damaged(path, "it differs from its checksum", error);
    struct edn map, format;
    uint64_t version = 0;
    if (edn_read(bs_arena_dup(arena, line), arena, &map, NULL) != BS_OK || map.type != EDN_MAP ||
        !edn_map_get_keyword(map, BS_STR("format"), &format) || !take_number(format, &version))
        return damaged(path, "expected a map with :format", error);
    if (version != BACKUP_FORMAT)
        return bs_error_set(error, BS_REASON_STORE_FORMAT,
                            "the backup's manifest \"%s\" has format %llu, and this program knows "
                            "format %d: use the program that made it, or a newer one",
                            path, (unsigned long long)version, BACKUP_FORMAT);
    ret_manifest->path = path;
    if (!take_manifest(map, arena, ret_manifest))
        return damaged(path, "expected :generation, :store, :basis-t, :instant and :files", error);
    return BS_OK;
}

/* Of "backup-000012.edn"; 0 when it has none. */
static uint64_t generation_of(const char *name)
{
    struct bs_str number = bs_str_from(name);
    uint64_t generation = 0;
    number = bs_str_make(number.ptr + sizeof(MANIFEST_PREFIX) - 1,
                         number.len - (sizeof(MANIFEST_PREFIX MANIFEST_SUFFIX) - 1));
    return bs_str_parse_u64(number, &generation) ? generation : 0;
}

static enum bs_code add_manifest(const char *folder, const char *name, struct bs_arena *arena,
                                 struct backup_manifests *manifests, struct bs_error *error)
{
    const char *path = bs_arena_dup_cstr(arena, bs_arena_printf(arena, "%s/%s", folder, name));
    struct backup_damaged *damaged = &manifests->damaged[manifests->damaged_count];
    struct backup_manifest *manifest = &manifests->items[manifests->count];
    *damaged = (struct backup_damaged){.generation = generation_of(name)};
    enum bs_code code = read_manifest(path, arena, manifest, &damaged->error);
    if (code == BS_OK)
        manifests->count++;
    else if (damaged->error.reason == BS_REASON_STORE_CORRUPT)
        manifests->damaged_count++;
    else if (error)
        *error = damaged->error;
    manifests->newest =
        BS_MAX(manifests->newest, code == BS_OK ? manifest->generation : damaged->generation);
    return code == BS_OK || damaged->error.reason == BS_REASON_STORE_CORRUPT ? BS_OK : code;
}

static int compare_generations(const void *a, const void *b)
{
    const struct backup_manifest *x = a;
    const struct backup_manifest *y = b;
    return (x->generation > y->generation) - (x->generation < y->generation);
}

static bool is_manifest(const char *name)
{
    struct bs_str s = bs_str_from(name);
    return s.len > sizeof(MANIFEST_PREFIX MANIFEST_SUFFIX) - 1 &&
           bs_str_starts_with(s, BS_STR(MANIFEST_PREFIX)) &&
           bs_str_ends_with(s, BS_STR(MANIFEST_SUFFIX));
}

enum bs_code backup_manifests_read(const char *folder, struct bs_arena *arena,
                                   struct backup_manifests *ret_manifests, struct bs_error *error)
{
    const char **names;
    size_t count;
    if (access(folder, F_OK) != 0)
        return bs_error_set(error, BS_REASON_STORE_NOT_FOUND, "there is no backup at \"%s\"",
                            folder);
    BS_TRY(datom_file_list(folder, arena, &names, &count, error));
    struct backup_manifests manifests = {
        .items = bs_arena_zalloc(arena, (count + 1) * sizeof(*manifests.items)),
        .damaged = bs_arena_zalloc(arena, (count + 1) * sizeof(*manifests.damaged)),
    };
    for (size_t i = 0; i < count; i++) {
        if (is_manifest(names[i]))
            BS_TRY(add_manifest(folder, names[i], arena, &manifests, error));
    }
    if (manifests.count > 1)
        qsort(manifests.items, manifests.count, sizeof(*manifests.items), compare_generations);
    *ret_manifests = manifests;
    return BS_OK;
}
