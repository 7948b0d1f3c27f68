/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: tables of commands and options; help, man page and completions come from them.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cosim.h"

#include <stdbool.h>

/* Exit codes besides those of statuses. */
#define EXIT_USAGE 2

struct option {
    const char *name;
    char letter;     /* 0 = none */
    const char *arg; /* NULL = a flag, "N" = a whole number, "a|b" = one of these words */
    const char *doc;
};

#define ARGS_MAX 512u

struct given {
    const char *name, *value; /* value NULL = flag */
};

struct args {
    struct given option[ARGS_MAX];
    size_t n_options;
    const char *operand[ARGS_MAX];
    size_t n_operands;
    const char *command_line; /* as typed, for the metadata */
};

enum option_group {
    OPTS_OUTPUT = 1,
    OPTS_STUDY = 2,
    OPTS_PICTURE = 4,
    OPTS_PROGRESS = 8,
    OPTS_KV = 16,
    OPTS_ARCH = 32,
    OPTS_LAST = OPTS_ARCH
};

struct command {
    const char *name, *operands, *doc; /* operands NULL = it takes none */
    const char *details;               /* more for the man page; may be NULL */
    unsigned groups;                   /* enum option_group bits: shared options it takes */
    const struct option *option;       /* its own, up to a NULL name; may be NULL */
    int (*run)(const struct args *a);
};

/* In src/cli/commands.c, NULL-name terminated. */
extern const struct command command_table[];

/** NULL when there is none; unknown_command then says so and gives the exit code. */
const struct command *find_command(const char *name);
int unknown_command(const char *name);

/** Options that every command takes, and those of a group; NULL-name terminated. */
extern const struct option common_options[];
const struct option *group_options(enum option_group g);

/** Options of the kv steps, and of arch. */
const struct option *kv_options(void);
const struct option *arch_options(void);

/** Calls f for every option of a command, its own first. */
void each_option(const struct command *c, void (*f)(const struct option *o, void *user),
                 void *user);

/** Parses argv behind the command's name. Prints a usage error and returns false. */
bool args_parse(struct args *a, const struct command *c, int argc, char **argv);

/** Last value of an option, or NULL. */
const char *args_get(const struct args *a, const char *name);
bool args_has(const struct args *a, const char *name);

/** Text on stderr without the control characters that a hostile file may hold. */
void print_clean(const char *text);

/** Prints an error the way editors understand: place, message, the line with a caret, hint. */
int report_error(const cosim_error *e);

/** One line about wrong usage on stderr; gives the exit code. */
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Opens the data that the options or the environment name. Prints errors. NULL on failure. */
cosim *open_context(const struct args *a, int *exit_code);

/** A study of the study options and the study files among the operands. NULL after an error. */
cosim_study *open_study(const struct args *a, int *exit_code);

/** Errors of --out, --plot and --size that a long computation should not end with; an exit code. */
int check_outputs(const struct args *a);

/** Writes a table where the options say; `st` is what made it (partial results are marked). */
int write_result(cosim *c, const cosim_table *t, const struct args *a, cosim_status st);

/** Draws the pictures that --plot options ask for. */
int draw_pictures(cosim *c, const cosim_table *t, const struct args *a,
                  const cosim_plot_options *usual);

/** Ctrl-C ends a sweep of `c` with a partial result. NULL restores the default. */
void catch_interrupts(cosim *c);

/* A progress line on a terminal: rate and time left, at most five times a second. */
struct progress {
    bool shown;
    double start_s, last_s;
};
void progress_init(struct progress *p, const struct args *a);
void progress_step(void *user, uint64_t done, uint64_t total);
void progress_end(struct progress *p);

/** Help texts. */
int print_help(FILE *out, const struct command *c); /* NULL = overview */
int print_man(FILE *out);
int print_completion(FILE *out, const char *shell);

int cmd_list(const struct args *a);
int cmd_show(const struct args *a);
int cmd_estimate(const struct args *a);
int cmd_explain(const struct args *a);
int cmd_sweep(const struct args *a);
int cmd_plot(const struct args *a);
int cmd_roofline(const struct args *a);
int cmd_check(const struct args *a);
int cmd_validate(const struct args *a);
int cmd_hypervolume(const struct args *a);
int cmd_choose(const struct args *a);
int cmd_law(const struct args *a);
int cmd_fit(const struct args *a);
int cmd_kv(const struct args *a);
int cmd_arch(const struct args *a);
int cmd_search(const struct args *a);
int cmd_config(const struct args *a);
int cmd_route(const struct args *a);
int cmd_allocate(const struct args *a);
int cmd_help(const struct args *a);

#endif
