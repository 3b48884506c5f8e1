/*
 * bandstand.v1.ArtistService, over the attributes of MusicBrainz, which is imported as it stands:
 * no index of words is kept beside it. A search walks the names (a run of one index), folds and
 * compares them; docs/procedures.md has the figures.
 */

#include "procedures/internal.h"

#define DEFAULT_LIMIT 20
#define RELEASES_MAX 200
#define QUERY_WORDS_MAX 16

/* ---- finding ---- */

struct search {
    struct bs_str words[QUERY_WORDS_MAX]; /* folded */
    size_t words_count;
    bool has_country;
    datom_id country;           /* DATOM_NO_ID: one that nobody is from */
    int64_t from_year, to_year; /* 0: any */
};

struct match {
    datom_id e;
    struct bs_str name; /* folded */
};

struct matches {
    struct match *items;
    size_t count, capacity;
};

enum bs_code find_artist(struct datom_db *db, const char *artist_id, datom_id *ret_artist,
                         struct bs_error *error)
{
    uint8_t uuid[16];
    *ret_artist = DATOM_NO_ID;
    if (bs_uuid_parse(bs_str_from(artist_id), uuid))
        BS_TRY(universe_find(db, "artist/gid", edn_uuid(uuid), ret_artist, error));
    if (*ret_artist == DATOM_NO_ID)
        return bs_error_set(error, BS_REASON_ARTIST_NOT_FOUND, "no artist has the id \"%s\"",
                            artist_id);
    return BS_OK;
}

static void split_query(struct bs_arena *arena, const char *query, struct search *search)
{
    struct bs_str rest = fold_text(arena, bs_str_from(query));
    while (search->words_count < QUERY_WORDS_MAX &&
           next_word(&rest, &search->words[search->words_count]))
        search->words_count++;
}

/* Every word of the query begins some word of the name. */
static bool matches_name(const struct search *search, struct bs_str name)
{
    for (size_t i = 0; i < search->words_count; i++) {
        struct bs_str rest = name;
        struct bs_str word;
        bool found = false;
        while (!found && next_word(&rest, &word))
            found = bs_str_starts_with(word, search->words[i]);
        if (!found)
            return false;
    }
    return true;
}

/* The country with a name or code, by walking the few that there are. */
static enum bs_code find_country_by(struct universe *u, const char *attribute, struct bs_str wanted,
                                    datom_id *ret_country, struct bs_error *error)
{
    const struct datom_attribute *found = datom_db_attribute_named(u->db, bs_str_from(attribute));
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    const struct datom *datoms;
    size_t count;
    if (!found || *ret_country != DATOM_NO_ID)
        return BS_OK;
    const struct datom_range range = {.index = DATOM_AEVT, .has_a = true, .a = found->id};
    BS_TRY(datom_cursor_open(u->db, &range, &cursor, error));
    do {
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        for (size_t i = 0; i < count; i++) {
            if (datoms[i].v.type == EDN_STRING &&
                bs_str_equal(fold_text(u->arena, edn_text_of(datoms[i].v)), wanted)) {
                *ret_country = datoms[i].e;
                return BS_OK;
            }
        }
    } while (count > 0);
    return BS_OK;
}

static enum bs_code read_search(struct universe *u,
                                const Bandstand__V1__SearchArtistsRequest *request,
                                struct search *ret_search, struct bs_error *error)
{
    *ret_search = (struct search){
        .country = DATOM_NO_ID,
        .from_year = request->from_year,
        .to_year = request->to_year,
    };
    split_query(u->arena, request->query, ret_search);
    if (!*request->country)
        return BS_OK;
    struct bs_str wanted = fold_text(u->arena, bs_str_trim(bs_str_from(request->country)));
    ret_search->has_country = true;
    BS_TRY(find_country_by(u, "country/code", wanted, &ret_search->country, error));
    return find_country_by(u, "country/name", wanted, &ret_search->country, error);
}

/* What is asked of an artist beside the name. Somebody whose years nobody knows was active in none.
 */
static enum bs_code matches_facts(struct datom_db *db, const struct search *search, datom_id e,
                                  bool *ret_matches, struct bs_error *error)
{
    *ret_matches = true;
    if (search->has_country) {
        datom_id country;
        BS_TRY(universe_get_ref(db, e, "artist/country", &country, error));
        *ret_matches = country != DATOM_NO_ID && country == search->country;
    }
    if (*ret_matches && (search->from_year || search->to_year)) {
        int64_t start, end;
        bool has_start, has_end;
        BS_TRY(universe_get_long(db, e, "artist/startYear", &start, &has_start, error));
        BS_TRY(universe_get_long(db, e, "artist/endYear", &end, &has_end, error));
        *ret_matches = has_start && (!search->to_year || start <= search->to_year) &&
                       (!search->from_year || !has_end || end >= search->from_year);
    }
    return BS_OK;
}

static void add_match(struct bs_arena *arena, struct matches *matches, struct match match)
{
    if (matches->count == matches->capacity) {
        size_t capacity = matches->capacity ? 2 * matches->capacity : 64;
        struct match *grown = bs_arena_new_array(arena, capacity, struct match);
        if (matches->count > 0)
            memcpy(grown, matches->items, matches->count * sizeof(*grown));
        matches->items = grown;
        matches->capacity = capacity;
    }
    matches->items[matches->count++] = match;
}

static enum bs_code find_matches(struct universe *u, const struct search *search,
                                 struct matches *matches, struct bs_error *error)
{
    const struct datom_attribute *name = datom_db_attribute_named(u->db, BS_STR("artist/name"));
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *scratch = bs_arena_new(0);
    const struct datom *datoms;
    size_t count;
    if (!name)
        return BS_OK;
    const struct datom_range range = {.index = DATOM_AEVT, .has_a = true, .a = name->id};
    BS_TRY(datom_cursor_open(u->db, &range, &cursor, error));
    do {
        BS_TRY(bs_interrupt_check(u->interrupt, error));
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        bs_arena_reset(scratch);
        for (size_t i = 0; i < count; i++) {
            bool matches_too;
            if (datoms[i].v.type != EDN_STRING)
                continue;
            struct bs_str folded = fold_text(scratch, edn_text_of(datoms[i].v));
            if (!matches_name(search, folded))
                continue;
            BS_TRY(matches_facts(u->db, search, datoms[i].e, &matches_too, error));
            if (matches_too)
                add_match(u->arena, matches,
                          (struct match){datoms[i].e, bs_arena_dup(u->arena, folded)});
        }
    } while (count > 0);
    return BS_OK;
}

static int compare_matches(const void *a, const void *b)
{
    const struct match *x = a;
    const struct match *y = b;
    int order = bs_str_compare(x->name, y->name);
    return order ? order : (x->e > y->e) - (x->e < y->e);
}

struct release {
    datom_id e;
    int32_t year, month, day;
};

static int compare_releases(const void *a, const void *b)
{
    const struct release *x = a;
    const struct release *y = b;
    if (x->year != y->year)
        return x->year < y->year ? -1 : 1;
    if (x->month != y->month)
        return x->month < y->month ? -1 : 1;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return (x->e > y->e) - (x->e < y->e);
}

/* Oldest first. */
static enum bs_code find_releases(struct universe *u, datom_id artist,
                                  struct release **ret_releases, size_t *ret_count,
                                  struct bs_error *error)
{
    struct universe_ids ids = {.arena = u->arena};
    BS_TRY(universe_find_referring(u->db, "release/artists", artist, &ids, error));
    struct release *releases = bs_arena_new_array(u->arena, ids.count, struct release);
    for (size_t i = 0; i < ids.count; i++) {
        releases[i].e = ids.ids[i];
        BS_TRY(cl_int_fact(u->db, ids.ids[i], "release/year", &releases[i].year, error));
        BS_TRY(cl_int_fact(u->db, ids.ids[i], "release/month", &releases[i].month, error));
        BS_TRY(cl_int_fact(u->db, ids.ids[i], "release/day", &releases[i].day, error));
    }
    qsort(releases, ids.count, sizeof(*releases), compare_releases);
    *ret_releases = releases;
    *ret_count = ids.count;
    return BS_OK;
}

/* ---- for clients ---- */

static enum bs_code cl_gid(struct datom_db *db, struct bs_arena *arena, datom_id e,
                           const char *attribute, char **ret_text, struct bs_error *error)
{
    struct edn value;
    BS_TRY(universe_get(db, arena, e, attribute, &value, error));
    if (value.type != EDN_UUID)
        return BS_OK;
    *ret_text = bs_arena_alloc(arena, BS_UUID_TEXT_SIZE);
    bs_uuid_format(value.as.bytes, *ret_text);
    return BS_OK;
}

enum bs_code cl_artist(struct datom_db *db, struct bs_arena *arena, datom_id artist,
                       Bandstand__V1__Artist **ret, struct bs_error *error)
{
    Bandstand__V1__Artist *message = bs_arena_new_item(arena, Bandstand__V1__Artist);
    datom_id country, type;
    bandstand__v1__artist__init(message);
    BS_TRY(cl_gid(db, arena, artist, "artist/gid", &message->id, error));
    BS_TRY(cl_fact(db, arena, artist, "artist/name", &message->name, error));
    BS_TRY(cl_fact(db, arena, artist, "artist/sortName", &message->sort_name, error));
    BS_TRY(universe_get_ref(db, artist, "artist/type", &type, error));
    if (type != DATOM_NO_ID) /* :artist.type/group -> "group" */
        message->type = cl_text(arena, edn_name(edn_keyword(datom_db_ident(db, type))));
    BS_TRY(universe_get_ref(db, artist, "artist/country", &country, error));
    if (country != DATOM_NO_ID) {
        BS_TRY(cl_fact(db, arena, country, "country/name", &message->country, error));
        BS_TRY(cl_fact(db, arena, country, "country/code", &message->country_code, error));
    }
    BS_TRY(cl_int_fact(db, artist, "artist/startYear", &message->start_year, error));
    BS_TRY(cl_int_fact(db, artist, "artist/endYear", &message->end_year, error));
    *ret = message;
    return BS_OK;
}

static int compare_labels(const void *a, const void *b)
{
    const Bandstand__V1__Label *const *x = a;
    const Bandstand__V1__Label *const *y = b;
    int order = strcmp((*x)->name, (*y)->name);
    return order ? order : strcmp((*x)->id, (*y)->id);
}

static enum bs_code cl_labels(struct datom_db *db, struct bs_arena *arena, datom_id release,
                              Bandstand__V1__Release *message, struct bs_error *error)
{
    struct edn_list labels;
    edn_list_init(&labels, arena);
    BS_TRY(universe_get_all(db, release, "release/labels", &labels, error));
    message->labels = bs_arena_new_array(arena, labels.count, Bandstand__V1__Label *);
    for (size_t i = 0; i < labels.count; i++) {
        datom_id e = (datom_id)labels.items[i].as.integer;
        Bandstand__V1__Label *label = bs_arena_new_item(arena, Bandstand__V1__Label);
        bandstand__v1__label__init(label);
        BS_TRY(cl_gid(db, arena, e, "label/gid", &label->id, error));
        BS_TRY(cl_fact(db, arena, e, "label/name", &label->name, error));
        message->labels[i] = label;
    }
    message->n_labels = labels.count;
    qsort(message->labels, labels.count, sizeof(Bandstand__V1__Label *), compare_labels);
    return BS_OK;
}

static enum bs_code cl_release(struct datom_db *db, struct bs_arena *arena,
                               const struct release *release, Bandstand__V1__Release **ret,
                               struct bs_error *error)
{
    Bandstand__V1__Release *message = bs_arena_new_item(arena, Bandstand__V1__Release);
    datom_id e = release->e;
    datom_id country;
    bandstand__v1__release__init(message);
    BS_TRY(cl_gid(db, arena, e, "release/gid", &message->id, error));
    BS_TRY(cl_fact(db, arena, e, "release/name", &message->name, error));
    BS_TRY(cl_fact(db, arena, e, "release/artistCredit", &message->artist_credit, error));
    BS_TRY(cl_fact(db, arena, e, "release/status", &message->status, error));
    message->year = release->year;
    message->month = release->month;
    message->day = release->day;
    BS_TRY(universe_get_ref(db, e, "release/country", &country, error));
    if (country != DATOM_NO_ID)
        BS_TRY(cl_fact(db, arena, country, "country/name", &message->country, error));
    *ret = message;
    return cl_labels(db, arena, e, message, error);
}

/* ---- procedures ---- */

static enum bs_code search_artists(struct universe *u,
                                   const Bandstand__V1__SearchArtistsRequest *request,
                                   Bandstand__V1__SearchArtistsResponse *response,
                                   struct bs_error *error)
{
    struct search search;
    struct matches matches = {0};
    size_t limit = request->limit > 0 ? (size_t)request->limit : DEFAULT_LIMIT;
    BS_TRY(read_search(u, request, &search, error));
    BS_TRY(find_matches(u, &search, &matches, error));
    if (matches.count > 0)
        qsort(matches.items, matches.count, sizeof(*matches.items), compare_matches);
    size_t count = BS_MIN(limit, matches.count);
    response->artists = bs_arena_new_array(u->arena, count, Bandstand__V1__Artist *);
    for (size_t i = 0; i < count; i++)
        BS_TRY(cl_artist(u->db, u->arena, matches.items[i].e, &response->artists[i], error));
    response->n_artists = count;
    response->more = matches.count > count;
    return BS_OK;
}

static enum bs_code get_artist(struct universe *u, const Bandstand__V1__GetArtistRequest *request,
                               Bandstand__V1__GetArtistResponse *response, struct bs_error *error)
{
    struct release *releases;
    datom_id artist;
    size_t count;
    BS_TRY(find_artist(u->db, request->artist_id, &artist, error));
    BS_TRY(cl_artist(u->db, u->arena, artist, &response->artist, error));
    BS_TRY(find_releases(u, artist, &releases, &count, error));
    response->more_releases = count > RELEASES_MAX;
    count = BS_MIN(count, RELEASES_MAX);
    response->releases = bs_arena_new_array(u->arena, count, Bandstand__V1__Release *);
    for (size_t i = 0; i < count; i++)
        BS_TRY(cl_release(u->db, u->arena, &releases[i], &response->releases[i], error));
    response->n_releases = count;
    return BS_OK;
}

const struct bandstand__v1__artist_service__server procedures_artist = {
    .search_artists = search_artists,
    .get_artist = get_artist,
};
