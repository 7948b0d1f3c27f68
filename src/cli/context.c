/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef COSIM_DATADIR
#define COSIM_DATADIR "/usr/local/share/cosim"
#endif

static const struct {
    const char *option, *variable, *probe;
} folders[] = {
    { "hwdb", "COSIM_HWDB", "devices.csv" },
    { "workloads", "COSIM_WORKLOADS", "models.csv" },
    { "reports", "COSIM_REPORTS", "pareto.gp" },
};

#define PATH_BYTES 4096u

/* Option, then environment, then ./NAME when it holds the data, then the installed folder. */
static const char *choose(const struct args *a, size_t i, char buffer[PATH_BYTES], const char **why)
{
    const char *name = folders[i].option, *value = args_get(a, name);

    *why = "option";
    if (value)
        return value;
    *why = "environment";
    value = getenv(folders[i].variable);
    if (value && *value)
        return value;
    *why = "current folder";
    (void)snprintf(buffer, PATH_BYTES, "%s/%s", name, folders[i].probe);
    if (access(buffer, R_OK) == 0)
        return name;
    *why = "installed";
    (void)snprintf(buffer, PATH_BYTES, "%s/%s", COSIM_DATADIR, name);
    return buffer;
}

int cmd_config(const struct args *a)
{
    char buffer[PATH_BYTES];
    const char *why;

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *path = choose(a, i, buffer, &why);
        (void)printf("%-10s %s (%s; option --%s, variable %s)\n", folders[i].option, path, why,
                     folders[i].option, folders[i].variable);
    }
    const char *data = getenv("COSIM_DATA");
    (void)printf("%-10s %s\n", "data",
                 data && *data ? data
                               : "absent: set COSIM_DATA to the folder of measured and "
                                 "golden files to validate against them");
    return 0;
}

cosim *open_context(const struct args *a, int *exit_code)
{
    char buffer[3][PATH_BYTES];
    const char *path[3], *why;
    cosim_error e = { .status = COSIM_OK };
    cosim *c = NULL;

    for (size_t i = 0; i < 3; i++)
        path[i] = choose(a, i, buffer[i], &why);
    const cosim_options o = { sizeof o, path[0], path[1], path[2] };
    if (cosim_open(&c, &o, &e) != COSIM_OK) {
        *exit_code = report_error(&e);
        if (e.status == COSIM_EIO)
            (void)fprintf(stderr, "hint: 'cosim config' shows where the data are looked for\n");
    }
    return c;
}

/* File first, so that options override it; --max and --min add up. */
cosim_study *open_study(const struct args *a, int *exit_code)
{
    cosim_error e = { .status = COSIM_OK };
    cosim_study *s = NULL;
    cosim_status st = cosim_study_new(&s, &e);

    for (size_t i = 0; st == COSIM_OK && i < a->n_options; i++)
        if (strcmp(a->option[i].name, "study") == 0)
            st = cosim_study_load(s, a->option[i].value, &e);
    for (size_t i = 0; st == COSIM_OK && i < a->n_operands; i++)
        st = cosim_study_load(s, a->operand[i], &e);
    for (size_t i = 0; st == COSIM_OK && i < a->n_options; i++)
        for (size_t k = 0; cosim_study_key(k); k++)
            if (strcmp(a->option[i].name, cosim_study_key(k)->key) == 0) {
                char origin[64];
                (void)snprintf(origin, sizeof origin, "--%s", a->option[i].name);
                st = cosim_study_set(s, a->option[i].name, a->option[i].value, origin, &e);
                break;
            }
    if (st == COSIM_OK)
        return s;
    *exit_code = report_error(&e);
    cosim_study_free(s);
    return NULL;
}

/* The one piece of global state: a signal handler can reach nothing else. */
static cosim *volatile interrupted_context;

static void on_interrupt(int signal_number)
{
    cosim *c = interrupted_context;

    if (c)
        cosim_stop(c);
    (void)signal(signal_number, SIG_DFL); /* a second Ctrl-C ends the program */
}

void catch_interrupts(cosim *c)
{
    interrupted_context = c;
    (void)signal(SIGINT, c ? on_interrupt : SIG_DFL);
    (void)signal(SIGTERM, c ? on_interrupt : SIG_DFL);
}

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_init(struct progress *p, const struct args *a)
{
    const char *when = args_get(a, "progress");

    p->shown = when && strcmp(when, "always") == 0;
    if (!when || strcmp(when, "auto") == 0)
        p->shown = isatty(STDERR_FILENO) && !args_has(a, "quiet");
    p->start_s = p->last_s = now_s();
}

void progress_step(void *user, uint64_t done, uint64_t total)
{
    struct progress *p = user;
    const double now = now_s(), elapsed = now - p->start_s;

    if (!p->shown || now - p->last_s < 0.2 || elapsed <= 0.0)
        return;
    p->last_s = now;
    const double rate = (double)done / elapsed, left = (double)(total - done) / rate;
    (void)fprintf(stderr, "\r%5.1f %%  %.3g points/s  %.0f s left   ",
                  100.0 * (double)done / (double)total, rate, left);
    (void)fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        (void)fprintf(stderr, "\r%60s\r", "");
}
