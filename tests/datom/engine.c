#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#include "datom/engine.h"
#include "datom/folder.h"

extern char **environ;

int engine_set_up(void **state)
{
    struct engine *f = bs_calloc(1, sizeof(*f));
    *state = f;
    return datom_folder_make_temporary(&f->dir, &f->error) == BS_OK ? 0 : -1;
}

int engine_tear_down(void **state)
{
    struct engine *f = *state;
    if (f->child > 0) {
        kill(f->child, SIGKILL);
        waitpid(f->child, NULL, 0);
    }
    datom_snapshot_unref(f->snapshot);
    datom_store_unref(f->reader);
    datom_store_unref(f->store);
    datom_folder_remove(f->dir);
    free(f->dir);
    free(f);
    return 0;
}

enum bs_code engine_open_with(struct engine *f, struct datom_options options,
                              struct datom_store **ret_store)
{
    f->error = (struct bs_error)BS_ERROR_INIT;
    return datom_store_open(bs_str_from(f->dir), &options, ret_store, &f->error);
}

void engine_open_writer(struct engine *f)
{
    enum bs_code code = engine_open_with(f, (struct datom_options){.create = true}, &f->store);
    if (code != BS_OK)
        fail_msg("%s", f->error.message);
}

void engine_close_writer(struct engine *f)
{
    datom_store_unref(f->store);
    f->store = NULL;
}

struct datom_change engine_put_of(enum datom_family family, struct bs_str key, struct bs_str record)
{
    return (struct datom_change){.family = family, .key = key, .record = record};
}

enum bs_code engine_write_changes(struct datom_store *store, const struct datom_change *changes,
                                  size_t count, struct bs_error *error)
{
    struct datom_write *write = datom_write_new();
    for (size_t i = 0; i < count; i++)
        datom_write_add(store, write, &changes[i]);
    enum bs_code code = datom_store_write(store, write, true, error);
    datom_write_free(write);
    return code;
}

void engine_write_meta(struct datom_store *store)
{
    struct datom_change change = engine_put_of(DATOM_FAMILY_META, BS_STR("format"), BS_STR("1"));
    struct bs_error error = BS_ERROR_INIT;
    if (engine_write_changes(store, &change, 1, &error) != BS_OK)
        fail_msg("%s", error.message);
}

void engine_put(struct datom_store *store, struct bs_str key, struct bs_str record)
{
    struct datom_change change = engine_put_of(DATOM_FAMILY_EAVT, key, record);
    struct bs_error error = BS_ERROR_INIT;
    if (engine_write_changes(store, &change, 1, &error) != BS_OK)
        fail_msg("%s", error.message);
}

void engine_assert_record(struct datom_snapshot *snapshot, struct bs_str key, const char *expected)
{
    struct datom_pin pin = {0};
    struct bs_str record;
    bool found;
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(
        datom_snapshot_get(snapshot, DATOM_FAMILY_EAVT, key, &pin, &record, &found, &error), BS_OK);
    bool same = bs_str_equals(found ? record : BS_STR("-"), expected);
    datom_pin_release(&pin);
    datom_pin_release(&pin);
    assert_true(same);
}

void engine_assert_now(struct datom_store *store, struct bs_str key, const char *expected)
{
    struct datom_snapshot *snapshot = datom_snapshot_take(store);
    engine_assert_record(snapshot, key, expected);
    datom_snapshot_unref(snapshot);
}

void engine_start_child(struct engine *f, const char *role)
{
    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    char program[] = "/proc/self/exe";
    char *role_arg = bs_strdup(role);
    char *args[] = {program, role_arg, f->dir, NULL};
    int failed = posix_spawn(&f->child, program, &actions, NULL, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    free(role_arg);
    close(out[1]);
    char byte = 0;
    ssize_t len = read(out[0], &byte, 1);
    close(out[0]);
    assert_int_equal(failed, 0);
    assert_true(len == 1 && byte == '!');
}

void engine_kill_child(struct engine *f)
{
    kill(f->child, SIGKILL);
    waitpid(f->child, NULL, 0);
    f->child = 0;
}

int engine_run_child(const char *dir)
{
    struct datom_store *store;
    struct bs_error error = BS_ERROR_INIT;
    if (datom_store_open(bs_str_from(dir), NULL, &store, &error) != BS_OK)
        return 1;
    engine_write_meta(store);
    for (int i = 0; i < 100; i++) {
        char key[16];
        int len = snprintf(key, sizeof(key), "key-%03d", i);
        engine_put(store, bs_str_make(key, (size_t)len), BS_STR("a record of the child"));
    }
    if (write(STDOUT_FILENO, "!", 1) != 1)
        return 1;
    for (;;)
        pause();
}
