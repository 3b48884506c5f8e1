/*
 * Where an import stands. That of a text is looked up once, at the beginning, by the order of the
 * attribute's index: the greatest position of a checksum is the last one.
 */

#include "import_position.h"

#include <xxhash.h>

#define ATTRIBUTE "db.import/position"
#define END " end"

void import_position_add_text(struct import_position *position, struct bs_str text)
{
    XXH3_state_t *state = XXH3_createState();
    BS_ASSERT(state);
    XXH3_128bits_reset(state);
    XXH3_128bits_update(state, position->text_id, strlen(position->text_id));
    XXH3_128bits_update(state, text.ptr, text.len);
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(position->text_id, sizeof(position->text_id), "%016llx%016llx",
             (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

/* "TEXTS 00000000000000000123[ end]" */
static void parse(struct import_position *position, struct bs_str value)
{
    struct bs_str rest = bs_str_slice(value, strlen(position->text_id) + 1, SIZE_MAX);
    uint64_t offset = 0;
    position->begin = bs_str_parse_u64(rest, &offset) ? offset : 0; /* 0 with an end behind it */
}

enum bs_code import_position_find(struct import_position *position, struct datom_db *db,
                                  struct bs_error *error)
{
    const struct datom_attribute *attribute = datom_db_attribute_named(db, BS_STR(ATTRIBUTE));
    BS_ASSERT(attribute);
    char start[40], end[40];
    snprintf(start, sizeof(start), "%s ", position->text_id);
    snprintf(end, sizeof(end), "%s!", position->text_id); /* what comes after a blank */
    const struct datom_range range = {.index = DATOM_AVET,
                                      .has_a = true,
                                      .a = attribute->id,
                                      .has_start = true,
                                      .v_start = edn_string(bs_str_from(start)),
                                      .has_end = true,
                                      .v_end = edn_string(bs_str_from(end))};
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    for (;;) {
        const struct datom *datoms;
        size_t count;
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        if (count == 0)
            return BS_OK;
        parse(position, edn_text_of(datoms[count - 1].v));
    }
}

void import_position_skip(const struct import_position *position, struct edn_reader *reader)
{
    if (position->begin <= position->texts_before)
        return;
    size_t end = (size_t)BS_MIN(position->begin - position->texts_before, reader->text.len);
    for (; reader->offset < end; reader->offset++) {
        unsigned char byte = (unsigned char)reader->text.ptr[reader->offset];
        if (byte == '\n') {
            reader->line++;
            reader->column = 1;
        } else if ((byte & 0xc0) != 0x80) {
            reader->column++;
        }
    }
}

/* Past blanks and comments. */
static size_t skip_blanks(struct bs_str text, size_t at)
{
    bool in_comment = false;
    for (; at < text.len; at++) {
        if (text.ptr[at] == ';')
            in_comment = true;
        else if (text.ptr[at] == '\n')
            in_comment = false;
        else if (!in_comment && !strchr(" \t\r\f,", text.ptr[at]))
            break;
    }
    return at;
}

bool import_position_is_last(const struct import_position *position,
                             const struct edn_reader *reader)
{
    if (!position->is_last_text)
        return false;
    size_t at = skip_blanks(reader->text, reader->offset);
    struct bs_str rest = bs_str_slice(reader->text, at, reader->text.len);
    if (rest.len == 0)
        return true;
    if (!bs_str_starts_with(rest, BS_STR("#_")))
        return false;
    /* forms that are discarded: only reading tells whether one follows that is not */
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn_reader ahead = *reader;
    struct edn form;
    bool found;
    return edn_read_next(&ahead, arena, &form, &found, NULL) == BS_OK && !found;
}

struct edn import_position_note(const struct import_position *position, struct edn data,
                                size_t offset, bool is_last, struct bs_arena *arena)
{
    if (position->text_id[0] == 0)
        return data;
    char text[80];
    snprintf(text, sizeof(text), "%s %020llu%s", position->text_id,
             (unsigned long long)(position->texts_before + offset), is_last ? END : "");
    struct edn *map = bs_arena_new_array(arena, 4, struct edn);
    map[0] = EDN_KEYWORD_LIT("db/id");
    map[1] = EDN_STRING_LIT("datomic.tx");
    map[2] = EDN_KEYWORD_LIT(ATTRIBUTE);
    map[3] = edn_string(bs_arena_dup(arena, bs_str_from(text)));
    struct edn *forms = bs_arena_new_array(arena, (size_t)data.len + 1, struct edn);
    if (data.len > 0)
        memcpy(forms, data.as.items, data.len * sizeof(*forms));
    forms[data.len] = edn_collection(EDN_MAP, map, 2);
    return edn_collection(EDN_VECTOR, forms, (size_t)data.len + 1);
}
