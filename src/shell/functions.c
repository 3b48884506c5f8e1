/* The table of the shell's functions: one place for names, arities and help. */

#include "shell/session.h"

#define MANY SHELL_ANY_COUNT

static const struct shell_function functions[] = {
    {"def", 2, 2, true, shell_run_def, "(def NAME FORM)",
     "names the value of FORM; ~NAME stands for it inside data",
     "(def ada (:db/id (entity db [:person/email \"ada@example.com\"])))\n"
     "(transact [[:db/add ~ada :person/name \"Ada\"]])"},
    {"transact", 1, 1, false, shell_run_transact, "(transact TX-DATA)",
     "makes a transaction durable; a report",
     "(transact [{:db/ident :person/name :db/valueType :db.type/string\n"
     "            :db/cardinality :db.cardinality/one}])\n"
     "(transact [{:db/id \"ada\" :person/name \"Ada\"}])"},
    {"with", 2, 2, false, shell_run_with, "(with DB TX-DATA)",
     "the report of a transaction as it would be; nothing is written",
     "(q [:find ?n :where [_ :person/name ?n]]\n"
     "   (:db-after (with db [{:person/name \"Bob\"}])))"},
    {"q", 1, MANY, false, shell_run_q, "(q QUERY INPUT...)",
     "runs a Datalog query; inputs in the order of its :in",
     "(q [:find ?e ?n :where [?e :person/name ?n]] db)\n"
     "(q [:find ?e . :in $ ?n :where [?e :person/name ?n]] db \"Ada\")"},
    {"explain", 1, MANY, false, shell_run_explain, "(explain QUERY INPUT...)",
     "runs a query and tells how: the plan, as data",
     "(explain [:find ?e :where [?e :person/name]] db)"},
    {"pull", 3, 3, false, shell_run_pull, "(pull DB PATTERN EID)",
     "a map of an entity, as the pattern says; nil when there is nothing",
     "(pull db [:db/id :person/name {:person/friend [:person/name]}] [:person/email \"a@b.c\"])"},
    {"pull-many", 3, 3, false, shell_run_pull_many, "(pull-many DB PATTERN [EID...])",
     "a vector of maps, one for each EID", "(pull-many db [*] [:db/ident :db/doc])"},
    {"entity", 2, 2, false, shell_run_entity, "(entity DB EID)",
     "a lazy entity; an EID is an id, an ident or a lookup ref",
     "(:person/name (entity db [:person/email \"a@b.c\"]))\n"
     "(:person/_friend (entity db [:person/email \"a@b.c\"]))"},
    {"touch", 1, 1, false, shell_run_touch, "(touch ENTITY)",
     "all attributes of an entity, as a map", "(touch (entity db :db/ident))"},
    {"get", 2, 3, false, shell_run_get, "(get M K)",
     "what stands under K in a map, set, vector or entity; (get M K DEFAULT)",
     "(get {:a 1} :a)\n(get {:a 1} :b 0)"},
    {"count", 1, 1, false, shell_run_count, "(count X)",
     "how many items; of text, how many characters", "(count (datoms db :eavt))"},
    {"first", 1, 1, false, shell_run_first, "(first X)", "the first item, nil when there is none",
     "(first *1)"},
    {"nth", 2, 3, false, shell_run_nth, "(nth X N)", "the item at N, from 0; (nth X N DEFAULT)",
     "(nth [:a :b] 1)"},
    {"keys", 1, 1, false, shell_run_keys, "(keys M)", "the keys of a map or an entity",
     "(keys (pull db [*] :db/ident))"},
    {"datoms", 2, 6, false, shell_run_datoms, "(datoms DB INDEX C...)",
     "the datoms of :eavt, :aevt, :avet or :vaet that have the components",
     "(datoms db :avet :person/name \"Ada\")\n(datoms (history db) :eavt [:person/email "
     "\"a@b.c\"])"},
    {"seek-datoms", 2, 6, false, shell_run_seek_datoms, "(seek-datoms DB INDEX C...)",
     "the datoms of an index from the components on, to its end",
     "(seek-datoms db :avet :person/name \"B\")"},
    {"rseek-datoms", 2, 6, false, shell_run_rseek_datoms, "(rseek-datoms DB INDEX C...)",
     "the same backwards: from what begins with the components to the beginning of the index",
     "(first (rseek-datoms db :avet :person/age 40))"},
    {"index-pull", 2, 2, false, shell_run_index_pull, "(index-pull DB MAP)",
     "pulls along an index: {:index :avet|:aevt :selector PATTERN :start [ATTR ...]}; :reverse, "
     ":offset, :limit",
     "(index-pull db {:index :avet :selector [:person/name] :start [:person/age 18] :limit 10})\n"
     "(index-pull db {:index :aevt :selector [:person/name] :start [:person/friend] :reverse "
     "true})"},
    {"index-range", 4, 4, false, shell_run_index_range, "(index-range DB ATTR START END)",
     "the datoms of an indexed attribute with START <= value < END; nil leaves an end open",
     "(index-range db :person/name \"A\" \"C\")"},
    {"as-of", 2, 2, false, shell_run_as_of, "(as-of DB T)",
     "the database as it was at T: a t, a transaction's id or an instant",
     "(as-of db 1000)\n(as-of db #inst \"2020-01-01\")"},
    {"since", 2, 2, false, shell_run_since, "(since DB T)", "only what was said after T",
     "(since db 1000)"},
    {"history", 1, 1, false, shell_run_history, "(history DB)",
     "everything that was ever said, retractions too",
     "(q [:find ?v ?tx ?added :where [_ :person/name ?v ?tx ?added]] (history db))"},
    {"filter", 2, 2, false, shell_run_filter, "(filter DB [CLAUSE...])",
     "only the datoms of which all clauses hold; ?e ?a ?v ?tx ?added are what a datom has",
     "(filter db [(not [(= ?a :person/email)])])\n"
     "(filter db [(or [(!= ?a :person/age)] [(< ?v 40)])])"},
    {"is-history", 1, 1, false, shell_run_is_history, "(is-history DB)", "true of a history",
     "(is-history (history db))"},
    {"is-filtered", 1, 1, false, shell_run_is_filtered, "(is-filtered DB)",
     "true of what filter gives, and what is made of it",
     "(is-filtered (as-of (filter db [[(= ?a :person/name)]]) 1000))"},
    {"basis-t", 1, 1, false, shell_run_basis_t, "(basis-t DB)", "the t of the newest transaction",
     "(basis-t db)"},
    {"next-t", 1, 1, false, shell_run_next_t, "(next-t DB)", "the t that comes next",
     "(next-t db)"},
    {"as-of-t", 1, 1, false, shell_run_as_of_t, "(as-of-t DB)", "the t of an as-of, or nil",
     "(as-of-t (as-of db 1000))"},
    {"since-t", 1, 1, false, shell_run_since_t, "(since-t DB)", "the t of a since, or nil",
     "(since-t (since db 1000))"},
    {"db-stats", 1, 1, false, shell_run_db_stats, "(db-stats DB)",
     "how many datoms, in all and by attribute", "(:datoms (db-stats db))"},
    {"sync", 0, 1, false, shell_run_sync, "(sync T)",
     "the newest database, having waited until it has reached T", "(sync 1000)"},
    {"sync-index", 1, 1, false, shell_run_sync_index, "(sync-index T)",
     "sync: indexes are part of a transaction", "(sync-index 1000)"},
    {"sync-schema", 1, 1, false, shell_run_sync_schema, "(sync-schema T)",
     "sync: the schema is part of a transaction", "(sync-schema 1000)"},
    {"sync-excise", 1, 1, false, shell_run_sync_excise, "(sync-excise T)",
     "sync: an excision is part of a transaction", "(sync-excise 1000)"},
    {"entid", 2, 2, false, shell_run_entid, "(entid DB IDENT)",
     "the id of an ident or lookup ref, or nil", "(entid db :db/ident)"},
    {"ident", 2, 2, false, shell_run_ident, "(ident DB EID)", "the ident of an entity, or nil",
     "(ident db 10)"},
    {"attribute", 2, 2, false, shell_run_attribute, "(attribute DB ATTR)",
     "what is known of an attribute, or nil", "(attribute db :db/ident)"},
    {"tx-range", 2, 2, false, shell_run_tx_range, "(tx-range START END)",
     "transactions of the log from START up to, not with, END; nil leaves an end open",
     "(tx-range 1000 nil)\n(tx-range #inst \"2020\" #inst \"2021\")"},
    {"t->tx", 1, 1, false, shell_run_t_to_tx, "(t->tx T)", "the transaction's entity id of a t",
     "(t->tx 1000)"},
    {"tx->t", 1, 1, false, shell_run_tx_to_t, "(tx->t TX)", "the t of a transaction's entity id",
     "(tx->t 13194139534312)"},
    {"tempid", 0, 1, false, shell_run_tempid, "(tempid)",
     "a name for a new entity that no other has; (tempid PART) in another partition",
     "(def e (tempid))\n(transact [[:db/add ~e :person/name \"Eve\"]])"},
    {"part", 1, 1, false, shell_run_part, "(part EID)", "the partition of an entity's id",
     "(part 17592186045418)"},
    {"implicit-part", 1, 1, false, shell_run_implicit_part, "(implicit-part N)",
     "the implicit partition N, which needs no installing", "(tempid (implicit-part 7))"},
    {"entid-at", 3, 3, false, shell_run_entid_at, "(entid-at DB PART T)",
     "an id to seek from: entities that were made in PART since T (a t, a transaction's id or an "
     "instant) are at or after it",
     "(seek-datoms db :eavt (entid-at db :db.part/user 1000))"},
    {"squuid", 0, 0, false, shell_run_squuid, "(squuid)",
     "a new uuid that begins with the time, so that later ones sort later", "(squuid)"},
    {"squuid-time-millis", 1, 1, false, shell_run_squuid_time_millis, "(squuid-time-millis UUID)",
     "when such a uuid was made, in milliseconds since 1970, to the second",
     "(squuid-time-millis (squuid))"},
    {"fork", 0, 1, false, shell_run_fork, "(fork)",
     "a branch of the whole universe; nothing done in it is seen outside; (fork T) from an earlier "
     "t",
     "(def f (fork))\n(in-fork f (transact [{:person/name \"Zoe\"}]))"},
    {"in-fork", 2, 2, true, shell_run_in_fork, "(in-fork FORK FORM)",
     "runs FORM in a fork: conn and db are the fork's",
     "(in-fork f (q [:find ?n :where [_ :person/name ?n]] db))"},
    {"call", 1, 3, false, shell_run_call, "(call METHOD MAP)",
     "a procedure, in this process; keys are field names; (call METHOD MAP METADATA)",
     "(call \"bandstand.v1.ArtistService/SearchArtists\" {:query \"beatl\"})"},
    {"check", 0, 0, false, shell_run_check, "(check)",
     "verifies every index against the log, both ways", "(check)"},
    {"help", 0, 1, true, shell_run_help, "(help)", "what there is; (help NAME) tells more of one",
     "(help q)"},
};

const struct shell_function *shell_find_function(struct bs_str name)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(functions); i++) {
        if (bs_str_equals(name, functions[i].name))
            return &functions[i];
    }
    return NULL;
}

const struct shell_function *shell_function_at(size_t idx)
{
    return idx < BS_ARRAY_COUNT(functions) ? &functions[idx] : NULL;
}

/* ---- help ---- */

static struct edn help_on(struct shell *shell, const struct shell_function *function)
{
    return edn_string(bs_arena_printf(shell->arena, "%s\n%s.\n\n%s", function->usage,
                                      function->summary, function->example));
}

static struct edn help_on_all(struct shell *shell)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_cstr(&text, "A list is a call, a bare symbol a name, everything else data; ~NAME "
                              "inside data stands\nfor the value of a name. conn is the open "
                              "database, db its newest value, *1 *2 *3 the\nlatest results. "
                              "(help NAME) tells more, with examples.\n\n");
    for (size_t i = 0; shell_function_at(i); i++) {
        const struct shell_function *function = shell_function_at(i);
        bs_buf_printf(&text, "%-32s %s\n", function->usage, function->summary);
    }
    bs_buf_append_cstr(&text, "(:key MAP)                       what stands under a key; of an "
                              "entity an attribute,\n"
                              "                                 :ns/_attr the other way round");
    return edn_string(bs_arena_dup(shell->arena, bs_buf_str(&text)));
}

SHELL_FUNCTION(help)
{
    if (count == 0) {
        *ret_value = help_on_all(shell);
        return BS_OK;
    }
    struct edn name = arguments[0];
    bool is_name = name.type == EDN_SYMBOL || name.type == EDN_STRING || name.type == EDN_KEYWORD;
    const struct shell_function *function = is_name ? shell_find_function(edn_text_of(name)) : NULL;
    if (function) {
        *ret_value = help_on(shell, function);
        return BS_OK;
    }
    struct bs_str nearest = is_name ? shell_nearest_function(edn_text_of(name)) : BS_STR_EMPTY;
    return bs_error_set(error, BS_REASON_SHELL_UNKNOWN_NAME, "there is no function %s%s%.*s%s",
                        shell_show(shell, name),
                        nearest.len > 0 ? "; did you mean " : ": (help) lists them",
                        BS_STR_ARGS(nearest), nearest.len > 0 ? "?" : "");
}
