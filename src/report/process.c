/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Our and the child's ends. Input goes through a socket, because only send() can be told not to
 * raise SIGPIPE in a process whose signals belong to somebody else. */
enum { IN, OUT, ERR, N_PIPES };

struct pipes {
    int ours[N_PIPES], theirs[N_PIPES];
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void close_all(struct pipes *p)
{
    for (int i = 0; i < N_PIPES; i++) {
        close_fd(&p->ours[i]);
        close_fd(&p->theirs[i]);
    }
}

static bool open_all(struct pipes *p)
{
    *p = (struct pipes){ { -1, -1, -1 }, { -1, -1, -1 } };
    for (int i = 0; i < N_PIPES; i++) {
        int fd[2];
        if ((i == IN ? socketpair(AF_UNIX, SOCK_STREAM, 0, fd) : pipe(fd)) != 0)
            return false;
        p->ours[i] = fd[0];
        p->theirs[i] = fd[1];
        if (fcntl(fd[0], F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd[1], F_SETFD, FD_CLOEXEC) < 0)
            return false;
    }
    return true;
}

static int start(char *const argv[], const struct pipes *p, pid_t *pid)
{
    posix_spawn_file_actions_t action;
    int failed = posix_spawn_file_actions_init(&action);

    if (failed)
        return failed;
    for (int i = 0; i < N_PIPES && !failed; i++)
        failed = posix_spawn_file_actions_adddup2(&action, p->theirs[i], i);
    if (!failed)
        failed = posix_spawnp(pid, argv[0], &action, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&action);
    return failed;
}

static cosim_status keep(struct process_result *r, size_t *cap, const char *data, size_t n,
                         cosim_error *e)
{
    if (r->n_out + n >= *cap) {
        const size_t bigger = 2 * *cap + n + 1;
        char *out = realloc(r->out, bigger);
        if (!out)
            return err_set(e, COSIM_ENOMEM, "out of memory for a program's output");
        r->out = out;
        *cap = bigger;
    }
    memcpy(r->out + r->n_out, data, n);
    r->n_out += n;
    r->out[r->n_out] = '\0';
    return COSIM_OK;
}

static void keep_complaint(struct process_result *r, const char *data, size_t n)
{
    const size_t have = strlen(r->complaint), room = sizeof r->complaint - 1 - have;

    memcpy(r->complaint + have, data, n < room ? n : room);
    r->complaint[have + (n < room ? n : room)] = '\0';
}

/* Feeds and drains until the child has closed both outputs. */
static cosim_status exchange(struct pipes *p, const char *input, size_t n, struct process_result *r,
                             cosim_error *e)
{
    size_t sent = 0, cap = 0;
    char piece[16384];

    while (p->ours[OUT] >= 0 || p->ours[ERR] >= 0) {
        struct pollfd fd[N_PIPES] = { { p->ours[IN], POLLOUT, 0 },
                                      { p->ours[OUT], POLLIN, 0 },
                                      { p->ours[ERR], POLLIN, 0 } };
        if (poll(fd, N_PIPES, -1) < 0) {
            if (errno == EINTR)
                continue;
            return err_set(e, COSIM_EIO, "cannot wait for a program: %s", strerror(errno));
        }
        if (fd[IN].revents) {
            const ssize_t w =
                sent < n ? send(p->ours[IN], input + sent, n - sent, MSG_NOSIGNAL | MSG_DONTWAIT)
                         : 0;
            if (w > 0)
                sent += (size_t)w;
            else if (w == 0 || (errno != EAGAIN && errno != EINTR))
                close_fd(&p->ours[IN]);
        }
        for (int i = OUT; i <= ERR; i++) {
            if (!fd[i].revents)
                continue;
            const ssize_t got = read(p->ours[i], piece, sizeof piece);
            if (got == 0 || (got < 0 && errno != EINTR))
                close_fd(&p->ours[i]);
            else if (got > 0 && i == OUT)
                TRY(keep(r, &cap, piece, (size_t)got, e));
            else if (got > 0)
                keep_complaint(r, piece, (size_t)got);
        }
    }
    return COSIM_OK;
}

cosim_status process_run(char *const argv[], const char *input, size_t n, struct process_result *r,
                         cosim_error *e)
{
    struct pipes p;
    pid_t pid;
    int how = 0;

    memset(r, 0, sizeof *r);
    if (!open_all(&p)) {
        const int why = errno;
        close_all(&p);
        return err_set(e, COSIM_EIO, "cannot open a pipe to '%s': %s", argv[0], strerror(why));
    }
    const int failed = start(argv, &p, &pid);
    for (int i = 0; i < N_PIPES; i++)
        close_fd(&p.theirs[i]);
    if (failed) {
        close_all(&p);
        r->missing = failed == ENOENT || failed == EACCES || failed == ENOTDIR;
        return err_set(e, COSIM_EIO, "cannot start '%s': %s", argv[0], strerror(failed));
    }
    const cosim_status st = exchange(&p, input, n, r, e);
    close_all(&p);
    pid_t got;
    while ((got = waitpid(pid, &how, 0)) < 0 && errno == EINTR)
        ;
    r->exit_code = got == pid && WIFEXITED(how) ? WEXITSTATUS(how) : -1;
    if (st != COSIM_OK)
        process_release(r);
    return st;
}

void process_release(struct process_result *r)
{
    free(r->out);
    r->out = NULL;
    r->n_out = 0;
}
