/* Starting and ending other programs. */

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool child_find(const char *program, char *ret_path, size_t size)
{
    static const char also[] = "/usr/sbin:/sbin";
    char folders[4096];
    const char *path = getenv("PATH");
    snprintf(folders, sizeof(folders), "%s:%s", path ? path : "/usr/bin:/bin", also);
    struct bs_str rest = bs_str_from(folders);
    struct bs_str folder;
    while (bs_str_split(&rest, ':', &folder)) {
        snprintf(ret_path, size, "%.*s/%s", BS_STR_ARGS(folder), program);
        if (access(ret_path, X_OK) == 0)
            return true;
    }
    return false;
}

/* With the child's `fd` at the other end of a pipe. */
static enum bs_code start(char *const argv[], int fd, pid_t *ret_pid, FILE **ret_pipe,
                          struct bs_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return bs_error_set(error, BS_REASON_CLI_FILE, "no pipe can be had: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (fd != STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], fd);
    int failure = posix_spawn(ret_pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failure != 0) {
        close(ends[0]);
        return bs_error_set(error, BS_REASON_CLI_FILE, "%s can't be started: %s", argv[0],
                            strerror(failure));
    }
    *ret_pipe = fdopen(ends[0], "r");
    BS_ASSERT(*ret_pipe);
    return BS_OK;
}

static int wait_for(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

enum bs_code child_start(char *const argv[], struct child *ret_child, struct bs_error *error)
{
    struct child child = {0};
    BS_TRY(start(argv, STDERR_FILENO, &child.pid, &child.errors, error));
    *ret_child = child;
    return BS_OK;
}

int child_stop(struct child *child)
{
    if (child->pid == 0)
        return 0;
    kill(child->pid, SIGTERM);
    int status = wait_for(child->pid);
    fclose(child->errors);
    *child = (struct child){0};
    return status;
}

enum bs_code child_output(char *const argv[], struct bs_buf *out, struct bs_error *error)
{
    pid_t pid;
    FILE *pipe;
    BS_TRY(start(argv, STDOUT_FILENO, &pid, &pipe, error));
    size_t size;
    do {
        size = fread(bs_buf_reserve(out, 4096), 1, 4096, pipe);
        out->len += size;
    } while (size > 0);
    fclose(pipe);
    int status = wait_for(pid);
    if (status == 0)
        return BS_OK;
    return bs_error_set(error, BS_REASON_CLI_FILE, "%s failed: wait status %d", argv[0], status);
}

enum bs_code child_serve(struct child *ret_child, char *ret_url, size_t size,
                         struct bs_error *error)
{
    char program[] = "/proc/self/exe";
    char resolved[4096];
    ssize_t len = readlink(program, resolved, sizeof(resolved) - 1);
    if (len < 0)
        return bs_error_set(error, BS_REASON_CLI_FILE, "%s can't be read: %s", program,
                            strerror(errno));
    resolved[len] = '\0';
    char serve[] = "serve", memory[] = "--memory", demo[] = "--demo";
    char http[] = "--http=127.0.0.1:0", rpc[] = "--rpc=tcp://127.0.0.1:0", log[] = "--log=error";
    char *argv[] = {resolved, serve, memory, demo, http, rpc, log, NULL};
    BS_TRY(child_start(argv, ret_child, error));
    static const char ready[] = "ready http ";
    char line[1024] = "";
    while (fgets(line, sizeof(line), ret_child->errors)) {
        if (strncmp(line, ready, strlen(ready)) != 0)
            continue;
        struct bs_str url = bs_str_trim(bs_str_from(line + strlen(ready)));
        snprintf(ret_url, size, "%.*s", BS_STR_ARGS(url));
        return BS_OK;
    }
    (void)child_stop(ret_child);
    return bs_error_set(error, BS_REASON_RPC_CONNECTION,
                        "bandstand serve did not get ready; it said last: %s", line);
}
