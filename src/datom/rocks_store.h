#ifndef DATOM_ROCKS_STORE_H
#define DATOM_ROCKS_STORE_H

/* The insides of a store and of its snapshots. Only for the files that know RocksDB. */

#include "datom/folder.h"
#include "datom/gate.h"
#include "datom/rocks.h"
#include "datom/rocks_options.h"
#include "datom/snapshot.h"

struct rocks_iter;

#define ROCKS_T_UNKNOWN UINT64_MAX
/* Kinds of iterators: one for each family, and one of values. */
#define ROCKS_IDLE_OF_VALUE DATOM_FAMILY_COUNT
#define ROCKS_IDLE_COUNT (DATOM_FAMILY_COUNT + 1)

/* How the engine of a store is open; changed with the gate closed. */
enum rocks_mode {
    ROCKS_WRITES,
    ROCKS_READS,  /* since a failure, and without writing anything */
    ROCKS_CLOSED, /* since a failure; db is NULL */
    /* a read-only one that has followed its writer to a state that could not be loaded: what is in
     * which key is not known */
    ROCKS_UNKNOWN,
};

struct datom_store {
    struct bs_ref ref; /* holders: the opener, snapshots */
    enum rocks_mode mode;
    struct datom_options given; /* for opening again; pointers in it are not used */
    bool read_only;
    bool no_sync;
    bool is_new;
    char *dir;
    char *secondary_dir;     /* read-only: a folder of ours that the engine wants for its log */
    uint64_t followed_bytes; /* read-only: of the files when the engine was opened; 0: unknown */
    struct datom_folder_lock lock; /* not of read-only stores */
    rocksdb_t *db;
    rocksdb_column_family_handle_t *columns[DATOM_ROCKS_COLUMNS];
    uint32_t column_ids[DATOM_ROCKS_COLUMNS]; /* of the columns; stay when the engine is closed */
    struct datom_rocks_options options;
    rocksdb_writeoptions_t *write_synced;
    rocksdb_writeoptions_t *write_unsynced;
    uint64_t free_bytes;     /* of the disk, UINT64_MAX: unknown; by the connection's lock */
    int64_t space_looked_ns; /* when that was looked at */

    /* shared: whoever uses the engine for longer than a pass of the gate may take; else: whoever
     * closes and opens it. Taken last, with the gate closed or from outside of it */
    pthread_rwlock_t engine_lock;
    struct datom_gate gate; /* inside: whoever reads; closed: the engine is one thread's */
    uint64_t epoch;         /* how often iterators were taken back; changed with the gate closed */
    /* native iterators, by the lane of the thread that opened them; with the gate closed the locks
     * are not needed */
    struct {
        _Alignas(64) pthread_mutex_t lock;
        struct rocks_iter *first;
    } lanes[DATOM_GATE_LANES];

    int64_t hold_ns;
    pthread_mutex_t held_lock; /* of all that follows */
    /* snapshots that have not been given back, in the order of taking */
    struct datom_snapshot *held_first;
    struct datom_snapshot *held_last;
    /* what was named last, while somebody holds it and it has not been given back; no reference */
    struct datom_snapshot *newest;
    /* what the engine's state is called; ROCKS_T_UNKNOWN: a later one than any that was named */
    uint64_t newest_t;
    struct datom_schema *newest_schema;

    /* Takes back what nobody's publishing or looking does (snapshot_timer.c). */
    pthread_t timer;
    pthread_cond_t timer_changed; /* CLOCK_MONOTONIC */
    bool has_timer;
    bool timer_sleeps; /* without an end: nothing is superseded */
    bool timer_ends;
};

struct datom_snapshot {
    struct bs_ref ref; /* holders: the taker, iterators */
    struct datom_store *store;
    struct datom_schema *schema; /* NULL until named */
    uint64_t t;
    bool is_live;                     /* not given back; changed with the gate closed */
    const rocksdb_snapshot_t *native; /* NULL on read-only stores: secondaries have none */
    rocksdb_readoptions_t *read;
    /* an iterator of each kind that nobody uses, to be used again: making one costs more than a
     * seek. They do not hold the snapshot */
    struct rocks_iter *_Atomic idle[ROCKS_IDLE_COUNT];
    int64_t superseded_ns; /* monotonic, when another became the newest; 0 before */
    struct datom_snapshot *held_prev;
    struct datom_snapshot *held_next;
};

static inline rocksdb_column_family_handle_t *rocks_column(const struct datom_store *store,
                                                           enum datom_family family)
{
    BS_ASSERT((unsigned)family < DATOM_FAMILY_COUNT);
    return store->columns[1 + family];
}

/* Raises what RocksDB said, and frees its text. OK when it said nothing. */
enum bs_code rocks_take_error(char *text, const char *verb, const char *dir,
                              struct bs_error *error);

/* By the mode and what was given. What fails leaves nothing open. */
BS_MUST_CHECK enum bs_code rocks_open_engine(struct datom_store *store, struct bs_error *error);
void rocks_close_engine(struct datom_store *store);
/* Before an ordinary close: when much is in the write-ahead log alone, it goes to sorted files.
 * What fails leaves it in the log. */
void rocks_write_out(struct datom_store *store);
/* What reading says in modes ROCKS_CLOSED and ROCKS_UNKNOWN. */
enum bs_code rocks_closed_error(const struct datom_store *store, struct bs_error *error);

/* Closes the native iterators of snapshots that are not live any more; the gate is closed, and
 * held_lock held. */
void rocks_iter_take_back(struct datom_store *store);

/* Frees the idle iterators of a snapshot that has no holders; held_lock is held. */
void rocks_iter_free_idle(struct datom_snapshot *snapshot);

/* The timer; it is started when the first snapshot is superseded. */
void rocks_timer_init(struct datom_store *store);
/* Without snapshots; ends it. */
void rocks_timer_fini(struct datom_store *store);
/* A snapshot was superseded. held_lock is held. */
void rocks_timer_wake_locked(struct datom_store *store);

/* The snapshots' part of a store that is made, and of one that goes. */
void rocks_snapshots_init(struct datom_store *store, uint64_t hold_ms);
void rocks_snapshots_fini(struct datom_store *store);

/*
 * A body over the newest snapshot, for reading what the store says of the past; inside the gate.
 * *ret_t is ROCKS_T_UNKNOWN when nobody knows which t it has.
 */
struct datom_body *rocks_newest_body(struct datom_store *store, uint64_t *ret_t);

#endif
