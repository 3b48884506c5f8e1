#include "edn/edn_support.h"

/* Making values, copying, looking into them. */

static void test_make__collections(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn items[] = {EDN_KEYWORD_LIT("a"), edn_long(1), EDN_KEYWORD_LIT("b"), edn_long(2)};
    assert_string_equal(test_printed(arena, edn_vector_of(arena, items, 4)), "[:a 1 :b 2]");
    assert_string_equal(test_printed(arena, edn_map_of(arena, items, 2)), "{:a 1, :b 2}");
    assert_string_equal(test_printed(arena, edn_vector_of(arena, NULL, 0)), "[]");
    assert_string_equal(test_printed(arena, edn_map_of(arena, NULL, 0)), "{}");
    struct edn vector = edn_vector_of(arena, items, 1);
    items[0] = edn_nil();
    assert_true(edn_is_keyword(vector.as.items[0], "a"));
}

static void test_set_of__keeps_the_first_of_equal_items(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn items[60];
    for (size_t i = 0; i < 60; i++)
        items[i] = edn_long((int64_t)(i * 7 % 20));
    struct edn set = edn_set_of(arena, items, 60);
    assert_int_equal(set.type, EDN_SET);
    assert_int_equal(set.len, 20);
    for (uint32_t i = 0; i < set.len; i++)
        assert_int_equal(set.as.items[i].as.integer, i * 7 % 20);
    assert_int_equal(edn_set_of(arena, items, 1).len, 1);
    assert_int_equal(edn_set_of(arena, NULL, 0).len, 0);
}

struct numbered_object {
    struct edn_object object;
    int number;
};

static int compare_numbered(const struct edn_object *a, const struct edn_object *b)
{
    int x = ((const struct numbered_object *)a)->number;
    int y = ((const struct numbered_object *)b)->number;
    return (x > y) - (x < y);
}

/* Objects with an order of their own all have one hash: what a hostile text would try to make. */
static void test_set_of__finds_duplicates_where_all_hashes_collide(void **state)
{
    static const struct edn_object_class class = {.name = "n", .compare = compare_numbered};
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct numbered_object objects[60];
    struct edn items[60], reversed[60];
    for (int i = 0; i < 60; i++) {
        objects[i] = (struct numbered_object){.object = {&class}, .number = i % 50};
        items[i] = edn_object_value(&objects[i].object);
        reversed[59 - i] = items[i];
    }
    assert_int_equal(edn_set_of(arena, items, 50).len, 50);
    assert_int_equal(edn_set_of(arena, items, 60).len, 50);
    struct edn set = edn_set_of(arena, items, 60), other = edn_set_of(arena, reversed, 60);
    assert_true(edn_equal(set, other));
    assert_int_equal(edn_compare(set, other), 0);
    assert_false(edn_equal(set, edn_set_of(arena, items, 49)));
    objects[0].number = 100; /* shared by both sets, unlike number 50 + 0 of the reversed one */
    assert_false(edn_equal(set, other));
}

static void test_dup__borrows_nothing(void **state)
{
    (void)state;
    struct bs_arena *from = bs_arena_new(0), *to = bs_arena_new(0);
    char text[] = "[nil :a/b \"c\" \"\\n\" 1N 1.5M #uuid \"97ff8689-725a-4340-bd13-b65ab23eed8b\" "
                  "#base64 \"AAEC\" #{(1)} {:x [y]} #t z #uri \"u\" \"\" []]";
    struct edn value = test_read(from, text);
    const char *before = test_printed(to, value);
    struct edn copy = edn_dup(to, value);
    bs_arena_free(from);
    memset(text, '!', sizeof(text));
    assert_string_equal(test_printed(to, copy), before);
    bs_arena_free(to);
}

static void test_names__are_taken_apart(void **state)
{
    static const struct {
        const char *text, *namespace, *name;
    } rows[] = {
        {":db/ident", "db", "ident"}, {":a", "", "a"},      {"a.b/c", "a.b", "c"}, {"/", "", "/"},
        {"core//", "core", "/"},      {":a/_b", "a", "_b"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct edn value = test_read((struct bs_arena *)*state, rows[i].text);
        test_row(rows[i].text, bs_str_equals(edn_namespace(value), rows[i].namespace), "%.*s",
                 BS_STR_ARGS(edn_namespace(value)));
        test_row(rows[i].text, bs_str_equals(edn_name(value), rows[i].name), "%.*s",
                 BS_STR_ARGS(edn_name(value)));
    }
    test_rows_end();
}

static void test_look__into_maps_and_collections(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn map = test_read(arena, "{:a 1, [1 2] 2, nil 3}"), value = edn_nil();
    assert_true(edn_map_get_keyword(map, BS_STR("a"), &value));
    assert_int_equal(value.as.integer, 1);
    assert_true(edn_map_get(map, test_read(arena, "(1 2)"), &value));
    assert_int_equal(value.as.integer, 2);
    assert_true(edn_map_get(map, edn_nil(), &value));
    assert_int_equal(value.as.integer, 3);
    assert_false(edn_map_get_keyword(map, BS_STR("b"), &value));
    assert_false(edn_map_get_keyword(test_read(arena, "[:a 1]"), BS_STR("a"), &value));
    assert_int_equal(value.as.integer, 3);
    assert_true(edn_contains(test_read(arena, "#{1 [2]}"), test_read(arena, "(2)")));
    assert_false(edn_contains(test_read(arena, "[1 2]"), edn_long(3)));
    assert_false(edn_contains(map, EDN_KEYWORD_LIT("a")));
    assert_true(edn_is_truthy(edn_long(0)));
    assert_false(edn_is_truthy(edn_boolean(false)));
    assert_false(edn_is_truthy((struct edn){0}));
}

static void test_list__grows(void **state)
{
    struct edn_list list;
    edn_list_init(&list, (struct bs_arena *)*state);
    assert_int_equal(edn_list_finish(&list, EDN_VECTOR).len, 0);
    for (int64_t i = 0; i < 1000; i++)
        edn_list_add(&list, edn_long(i));
    struct edn vector = edn_list_finish(&list, EDN_VECTOR);
    struct edn map = edn_list_finish(&list, EDN_MAP);
    assert_int_equal(vector.len, 1000);
    assert_int_equal(map.len, 500);
    assert_int_equal(vector.as.items[999].as.integer, 999);
}

static void test_type_names__are_all_there(void **state)
{
    (void)state;
    for (int type = 0; type < EDN_TYPE_COUNT; type++)
        assert_string_not_equal(edn_type_name((enum edn_type)type), "unknown");
    assert_string_equal(edn_type_name(EDN_TYPE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_arena(test_make__collections),
        test_with_arena(test_set_of__keeps_the_first_of_equal_items),
        test_with_arena(test_set_of__finds_duplicates_where_all_hashes_collide),
        test_with_arena(test_dup__borrows_nothing),
        test_with_arena(test_names__are_taken_apart),
        test_with_arena(test_look__into_maps_and_collections),
        test_with_arena(test_list__grows),
        test_with_arena(test_type_names__are_all_there),
    };
    return cmocka_run_group_tests_name("edn/value", tests, NULL, NULL);
}
