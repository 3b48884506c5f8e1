/* Pull and entities, over the people of the fixture. */
#include "support.h"

#include "query/fixture.h"

static enum bs_code pull(struct datom_db *db, const char *pattern_text, const char *id, bool many,
                         struct edn *ret_value, struct bs_error *error)
{
    struct query_pattern *pattern = NULL;
    BS_TRY(query_pattern_parse(fixture_read(&people, pattern_text), &pattern, error));
    struct edn identifier = fixture_read(&people, id);
    enum bs_code code =
        many ? query_pull_many(db, pattern, identifier, NULL, people.arena, ret_value, error)
             : query_pull(db, pattern, identifier, NULL, people.arena, ret_value, error);
    query_pattern_free(pattern);
    return code;
}

struct row {
    const char *pattern;
    const char *id;
    const char *expected; /* or the error's reason */
    bool many;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn value = edn_nil();
        enum bs_code code =
            pull(people.db, rows[i].pattern, rows[i].id, rows[i].many, &value, &error);
        test_row(rows[i].pattern, fixture_is(&people, rows[i].expected, code, value, &error), "%s",
                 fixture_was(&people));
    }
    test_rows_end();
}

#define ALICE "[:person/email \"alice@example.com\"]"
#define BOB "[:person/email \"bob@example.com\"]"
#define CAROL "[:person/email \"carol@example.com\"]"

static void test_pull__gives_what_the_pattern_names(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"[:person/name :person/age :person/nick]", ALICE,
         "{:person/name \"Alice\" :person/age 34 :person/nick [:al :ally]}", false},
        {"[:person/name {:person/friend [:person/name]}]", BOB,
         "{:person/name \"Bob\" :person/friend [{:person/name \"Alice\"}]}", false},
        {"[:person/name {:person/_parent [:person/name]}]", ALICE,
         "{:person/name \"Alice\" :person/_parent [{:person/name \"Carol\"}]}", false},
        {"[{:person/status [:db/ident]}]", ALICE, "{:person/status {:db/ident :status/active}}",
         false},
        {"[(:person/name :as \"name\") [:person/parent :default :none]]", BOB,
         "{\"name\" \"Bob\" :person/parent :none}", false},
        {"[(limit :person/nick 1) (default :person/parent 7)]", ALICE,
         "{:person/nick [:al] :person/parent 7}", false},
        {"[[:person/nick :limit 1] [:person/active :default true]]", BOB, "{:person/active false}",
         false},
        {"[[:person/age :xform str] [:person/nick :xform str :as :s]]", CAROL,
         "{:person/age \"12\" :s \"[:cc]\"}", false},
        {"[{[:person/parent :as :p] [[:person/nick :limit nil] :person/age]}]", CAROL,
         "{:p {:person/nick [:al :ally] :person/age 34}}", false},
        {"[:person/parent]", ALICE, "nil", false},
        {"[:person/name]", "[:person/email \"nobody\"]", "nil", false},
        {"[:person/name]", ":no/ident", "nil", false},
        {"[:db/id]", "17", "{:db/id 17}", false},
        {"[{:person/friend [:person/parent]}]", BOB, "{:person/friend []}", false},
        {"[{:person/parent [:person/parent]}]", CAROL, "nil", false},
        {"[:person/name {:person/parent ...}]", CAROL,
         "{:person/name \"Carol\" :person/parent {:person/name \"Alice\"}}", false},
        {"[:person/name {:person/_parent 1}]", ALICE,
         "{:person/name \"Alice\" :person/_parent [{:person/name \"Carol\"}]}", false},
        {"[:person/name {:person/_parent 2}]", ALICE,
         "{:person/name \"Alice\" :person/_parent [{:person/name \"Carol\""
         " :person/_parent [{:person/name \"Dave\"}]}]}",
         false},
        {"[:person/name]", "[" ALICE " " BOB " 99]",
         "[{:person/name \"Alice\"} {:person/name \"Bob\"} nil]", true},
        {"[:person/nam]", ALICE, "db.error/not-an-attribute", false},
        {"[{:person/name [:db/id]}]", ALICE, "db.error/invalid-pull", false},
        {"[:person/_name]", ALICE, "db.error/invalid-pull", false},
        {"[]", ALICE, "db.error/invalid-pull", false},
        {"[[:person/name :limit 0]]", ALICE, "db.error/invalid-pull", false},
        {"[[:person/name :xform nope]]", ALICE, "db.error/unknown-function", false},
        {"[7]", ALICE, "db.error/invalid-pull", false},
        {"{:a 1}", ALICE, "db.error/invalid-pull", false},
    };
    check_rows(rows, BS_ARRAY_COUNT(rows));
}

static struct edn pull_bob_wild(const char *pattern)
{
    struct bs_error error = BS_ERROR_INIT;
    struct edn value = edn_nil();
    if (pull(people.db, pattern, ALICE, false, &value, &error) != BS_OK)
        fail_msg("%s", error.message);
    return value;
}

static void test_pull__by_wildcard_gives_all_attributes_and_components(void **state)
{
    (void)state;
    struct edn value = pull_bob_wild("[* [:person/name :as :n]]");
    struct edn found;
    struct edn street;
    assert_true(edn_map_get_keyword(value, BS_STR("db/id"), &found));
    assert_true(edn_map_get_keyword(value, BS_STR("n"), &found));
    assert_false(edn_map_get_keyword(value, BS_STR("person/name"), &found));
    assert_true(edn_map_get_keyword(value, BS_STR("person/status"), &found));
    assert_true(edn_map_get_keyword(found, BS_STR("db/ident"), &street));
    assert_true(edn_map_get_keyword(value, BS_STR("person/address"), &found));
    assert_true(edn_map_get_keyword(found, BS_STR("address/street"), &street));
    assert_str_equals(edn_text_of(street), "1 Main St");
    assert_true(edn_map_get_keyword(value, BS_STR("person/phone"), &found));
    assert_int_equal(found.len, 2);
    value = pull_bob_wild("[:person/address]");
    assert_true(edn_map_get_keyword(value, BS_STR("person/address"), &found));
    assert_true(edn_map_get_keyword(found, BS_STR("address/street"), &street));
}

static void test_pull__of_a_ring_ends_with_the_id(void **state)
{
    (void)state;
    struct fixture ring;
    fixture_init(&ring, fixture_people, 1);
    fixture_transact(&ring, "[{:db/id \"a\" :person/name \"A\" :person/parent \"b\"}"
                            " {:db/id \"b\" :person/name \"B\" :person/parent \"a\"}]");
    struct bs_str id = fixture_answer(&ring, "[:find ?e . :where [?e :person/name \"A\"]]", "[$]");
    struct bs_str pulled =
        fixture_answer(&ring,
                       "[:find (pull ?e [:person/name {:person/parent ...}]) . :where"
                       " [?e :person/name \"A\"]]",
                       "[$]");
    struct bs_str expected = bs_arena_printf(
        ring.arena,
        "{:person/name \"A\", :person/parent {:person/name \"B\", :person/parent {:db/id %.*s}}}",
        BS_STR_ARGS(id));
    assert_true(bs_str_equal(pulled, expected));
    fixture_fini(&ring);
}

static void test_pull__of_a_long_chain_is_an_error_and_no_crash(void **state)
{
    (void)state;
    struct fixture chain;
    fixture_init(&chain, fixture_people, 1);
    struct bs_buf buf = BS_BUF_INIT(0);
    bs_buf_append_cstr(&buf, "[");
    for (int i = 0; i < 3000; i++)
        bs_buf_printf(&buf, "{:db/id \"%d\" :person/age %d :person/parent \"%d\"}", i, i, i + 1);
    bs_buf_append_cstr(&buf, "{:db/id \"3000\" :person/age 3000}]");
    fixture_transact(&chain, bs_buf_cstr(&buf));
    bs_buf_fini(&buf);
    struct bs_str answer = fixture_answer(
        &chain, "[:find (pull ?e [:person/age {:person/parent ...}]) . :where [?e :person/age 0]]",
        "[$]");
    assert_true(bs_str_starts_with(answer, BS_STR("bandstand.error/limit")));
    answer = fixture_answer(
        &chain, "[:find (pull ?e [:person/age {:person/parent 2}]) . :where [?e :person/age 0]]",
        "[$]");
    assert_str_equals(answer, "{:person/age 0, :person/parent {:person/age 1, :person/parent "
                              "{:person/age 2}}}");
    answer =
        fixture_answer(&chain, "[:find (count ?a) . :in $ % :where [?e :person/age 0] (up ?e ?a)]",
                       "[$ [[(up ?x ?y) [?x :person/parent ?y]]"
                       " [(up ?x ?y) (up ?x ?z) [?z :person/parent ?y]]]]");
    assert_str_equals(answer, "3000");
    fixture_fini(&chain);
}

/* Values that are passed over by a seek: many of one attribute, of two that are neighbours, at the
 * end of the entity, and at the end of the index. */
static void test_pull__by_wildcard_passes_over_many_values(void **state)
{
    (void)state;
    struct fixture many;
    fixture_init(&many, fixture_people, 1);
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_cstr(&text, "[{:db/id \"b\" :person/age 2} {:db/id \"a\" :person/email \"a\""
                              " :person/age 1 :person/parent \"b\" :person/nick [");
    for (int i = 0; i < 3000; i++)
        bs_buf_printf(&text, ":nick/n%d ", i);
    bs_buf_append_cstr(&text, "] :person/friend [");
    for (int i = 0; i < 3000; i++)
        bs_buf_printf(&text, "\"f%d\" ", i);
    bs_buf_append_cstr(&text, "]}");
    for (int i = 0; i < 3000; i++)
        bs_buf_printf(&text, "{:db/id \"f%d\" :person/age %d}", i, i);
    bs_buf_append_cstr(&text, "{:db/id \"z\" :person/email \"z\" :person/nick [");
    for (int i = 0; i < 3000; i++)
        bs_buf_printf(&text, ":nick/n%d ", i);
    bs_buf_append_cstr(&text, "]}]");
    fixture_transact(&many, bs_buf_cstr(&text));
    static const char *const query = "[:find [?k ...] :in $ ?e :where [?e ?a] [?a :db/ident ?k]]";
    static const char *const emails[] = {"[$ [:person/email \"a\"]]", "[$ [:person/email \"z\"]]"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(emails); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn keys;
        struct edn pulled;
        assert_int_equal(fixture_query(&many, query, emails[i], &keys, &error), BS_OK);
        assert_int_equal(
            fixture_query(&many, "[:find (pull ?e [*]) . :in $ ?e]", emails[i], &pulled, &error),
            BS_OK);
        assert_int_equal(pulled.len, keys.len + 1); /* :db/id too */
        for (uint32_t k = 0; k < keys.len; k++) {
            struct edn value;
            assert_true(edn_map_get(pulled, keys.as.items[k], &value));
        }
    }
    fixture_fini(&many);
}

static void test_pull__is_not_on_a_history(void **state)
{
    (void)state;
    struct datom_db *history = datom_db_history(people.db);
    struct bs_error error = BS_ERROR_INIT;
    struct edn value;
    assert_int_not_equal(pull(history, "[:person/name]", ALICE, false, &value, &error), BS_OK);
    assert_int_equal(error.reason, BS_REASON_DB_NOT_ON_HISTORY);
    datom_db_unref(history);
}

/* ---- entities ---- */

static struct edn get(const struct query_entity *entity, const char *attribute)
{
    struct bs_error error = BS_ERROR_INIT;
    struct edn value = edn_nil();
    if (query_entity_get(entity, bs_str_from(attribute), people.arena, &value, &error) != BS_OK)
        fail_msg("%s", error.message);
    return value;
}

static const struct query_entity *entity_of(const char *identifier)
{
    struct bs_error error = BS_ERROR_INIT;
    const struct query_entity *entity = NULL;
    if (query_entity_of(people.db, fixture_read(&people, identifier), people.arena, &entity,
                        &error) != BS_OK)
        fail_msg("%s", error.message);
    return entity;
}

static void test_entity__navigates_both_ways(void **state)
{
    (void)state;
    const struct query_entity *alice = entity_of(ALICE);
    assert_str_equals(edn_text_of(get(alice, "person/name")), "Alice");
    assert_true(edn_is_keyword(get(alice, "person/status"), "status/active"));
    assert_true(edn_equal(get(alice, "person/nick"), fixture_read(&people, "#{:al :ally}")));
    assert_true(edn_is_nil(get(alice, "person/parent")));
    assert_true(edn_is_nil(get(alice, "no/attribute")));
    struct edn children = get(alice, "person/_parent");
    assert_int_equal(children.type, EDN_SET);
    assert_int_equal(children.len, 1);
    const struct query_entity *carol = query_entity_from_edn(children.as.items[0]);
    assert_non_null(carol);
    assert_str_equals(edn_text_of(get(carol, "person/name")), "Carol");
    const struct query_entity *address = query_entity_from_edn(get(alice, "person/address"));
    assert_non_null(address);
    struct edn back = get(address, "person/_address");
    assert_int_equal(query_entity_id(query_entity_from_edn(back)), query_entity_id(alice));
    assert_int_equal(get(alice, "db/id").as.integer, query_entity_id(alice));
    assert_true(edn_equal(query_entity_value(alice), back));
    assert_null(entity_of("[:person/email \"nobody\"]"));
    assert_non_null(entity_of("99"));
}

static void test_entity__touched_is_a_map_with_its_components(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    struct edn map;
    struct edn found;
    struct edn street;
    assert_int_equal(query_entity_touch(entity_of(ALICE), people.arena, &map, &error), BS_OK);
    assert_true(edn_map_get_keyword(map, BS_STR("person/address"), &found));
    assert_true(edn_map_get_keyword(found, BS_STR("address/street"), &street));
    assert_true(edn_map_get_keyword(map, BS_STR("db/id"), &found));
}

/* Two that hold themselves and each other: the ways down double with each level. */
static void test_entity__touched_ends_where_components_form_a_ring(void **state)
{
    (void)state;
    struct fixture ring;
    fixture_init(&ring, fixture_people, 1);
    fixture_transact(&ring, "[{:db/id \"a\" :person/email \"a\" :person/phone [\"a\" \"b\"]}"
                            " {:db/id \"b\" :phone/number \"b\" :person/phone [\"a\" \"b\"]}]");
    struct bs_error error = BS_ERROR_INIT;
    const struct query_entity *entity = NULL;
    struct edn map;
    struct edn phones;
    assert_int_equal(query_entity_of(ring.db, fixture_read(&ring, "[:person/email \"a\"]"),
                                     ring.arena, &entity, &error),
                     BS_OK);
    assert_int_equal(query_entity_touch(entity, ring.arena, &map, &error), BS_OK);
    assert_true(edn_map_get_keyword(map, BS_STR("person/phone"), &phones));
    assert_int_equal(phones.len, 2);
    for (uint32_t i = 0; i < phones.len; i++) {
        struct edn inner;
        if (phones.as.items[i].type != EDN_MAP)
            continue;
        assert_true(edn_map_get_keyword(phones.as.items[i], BS_STR("person/phone"), &inner));
        for (uint32_t j = 0; j < inner.len; j++)
            assert_non_null(query_entity_from_edn(inner.as.items[j]));
    }
    fixture_fini(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pull__gives_what_the_pattern_names),
        cmocka_unit_test(test_pull__by_wildcard_gives_all_attributes_and_components),
        cmocka_unit_test(test_pull__of_a_ring_ends_with_the_id),
        cmocka_unit_test(test_pull__of_a_long_chain_is_an_error_and_no_crash),
        cmocka_unit_test(test_pull__by_wildcard_passes_over_many_values),
        cmocka_unit_test(test_pull__is_not_on_a_history),
        cmocka_unit_test(test_entity__navigates_both_ways),
        cmocka_unit_test(test_entity__touched_is_a_map_with_its_components),
        cmocka_unit_test(test_entity__touched_ends_where_components_form_a_ring),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
