/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096u

static int system_error(const char *path)
{
    (void)fprintf(stderr, "cosim: %s: %s\n", path, strerror(errno));
    return 4;
}

static bool wants_colour(const struct args *a)
{
    const char *when = args_get(a, "color"), *no_color = getenv("NO_COLOR");

    if (when && strcmp(when, "always") == 0)
        return true;
    if (when && strcmp(when, "never") == 0)
        return false;
    return isatty(STDOUT_FILENO) && !args_get(a, "out") && !(no_color && *no_color);
}

static unsigned terminal_width(const struct args *a)
{
    struct winsize size;

    if (args_get(a, "out") || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 40)
        return 0;
    return size.ws_col;
}

static bool is_file(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

/* Files that a result depends on besides the data; other operands are names. */
static size_t input_files(const struct args *a, const char **input)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n_options; i++)
        if ((strcmp(a->option[i].name, "study") == 0
             || strcmp(a->option[i].name, "sensitivity") == 0)
            && is_file(a->option[i].value))
            input[n++] = a->option[i].value;
    for (size_t i = 0; i < a->n_operands; i++)
        if (is_file(a->operand[i]))
            input[n++] = a->operand[i];
    return n;
}

static bool parse_size(const char *text, unsigned *width, unsigned *height)
{
    char *end;

    const unsigned long w = strtoul(text, &end, 10);
    if (end == text || *end != 'x')
        return false;
    const char *rest = end + 1;
    const unsigned long h = strtoul(rest, &end, 10);
    if (end == rest || *end != '\0' || w < 20 || h < 10 || w > 20000 || h > 20000)
        return false;
    *width = (unsigned)w;
    *height = (unsigned)h;
    return true;
}

/* Regular files appear whole or not at all: written beside their name, then renamed to it. */
struct target {
    const char *path; /* NULL = standard output */
    char part[PATH_BYTES];
    FILE *file;
};

static bool is_replaceable(const char *path)
{
    struct stat s;

    return lstat(path, &s) != 0 ? errno == ENOENT : S_ISREG(s.st_mode) != 0;
}

static int target_open(struct target *t, const char *path)
{
    *t = (struct target){ .path = path, .file = stdout };
    if (!path)
        return 0;
    if (is_replaceable(path)
        && snprintf(t->part, sizeof t->part, "%s.part", path) >= (int)sizeof t->part) {
        errno = ENAMETOOLONG;
        return system_error(path);
    }
    t->file = fopen(t->part[0] ? t->part : path, "wb");
    return t->file ? 0 : system_error(path);
}

static int target_close(struct target *t, int code)
{
    if (!t->path)
        return code;
    if (fclose(t->file) != 0 && code == 0)
        code = system_error(t->path);
    if (t->part[0] && code == 0 && rename(t->part, t->path) != 0)
        code = system_error(t->path);
    if (t->part[0] && code != 0)
        (void)remove(t->part);
    return code;
}

static int write_to(const char *path, cosim *c, const cosim_table *t, const cosim_write_options *o,
                    bool meta)
{
    cosim_error e = { .status = COSIM_OK };
    struct target target;
    const int code = target_open(&target, path);

    if (code != 0)
        return code;
    const cosim_status st =
        meta ? cosim_write_meta(c, t, o, target.file, &e) : cosim_write(c, t, o, target.file, &e);
    if (st != COSIM_OK && path && e.file[0] == '\0')
        (void)snprintf(e.file, sizeof e.file, "%s", path);
    return target_close(&target, st == COSIM_OK ? 0 : report_error(&e));
}

static bool folder_exists(const char *path)
{
    char folder[PATH_BYTES];
    struct stat s;
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path)
        return true;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return stat(folder, &s) == 0;
}

int check_outputs(const struct args *a)
{
    unsigned width, height;

    if (args_get(a, "size") && !parse_size(args_get(a, "size"), &width, &height))
        return usage_error("option '--size' needs WIDTHxHEIGHT, for example 1200x800");
    for (size_t i = 0; i < a->n_options; i++) {
        const struct given *o = &a->option[i];
        if ((strcmp(o->name, "out") == 0 || strcmp(o->name, "plot") == 0)
            && !folder_exists(o->value))
            return system_error(o->value);
    }
    return 0;
}

/* The one asked for, else what the ending of the file says, else for people. */
static const char *chosen_format(const char *asked, const char *path)
{
    static const struct {
        const char *ending, *format;
    } by_ending[] = {
        { ".csv", "csv" }, { ".json", "json" }, { ".jsonl", "json" }, { ".md", "markdown" }
    };
    const char *dot = path ? strrchr(path, '.') : NULL;

    for (size_t i = 0; !asked && dot && i < sizeof by_ending / sizeof *by_ending; i++)
        if (strcmp(dot, by_ending[i].ending) == 0)
            return by_ending[i].format;
    return asked ? asked : "table";
}

int write_result(cosim *c, const cosim_table *t, const struct args *a, cosim_status st)
{
    const char *input[2 * ARGS_MAX];
    const char *format = args_get(a, "format"), *path = args_get(a, "out");
    const char *seed = args_get(a, "seed"), *columns = args_get(a, "columns");
    const cosim_write_options o = {
        .size = sizeof o,
        .format = chosen_format(format, path),
        .command_line = a->command_line,
        .input = input,
        .n_inputs = input_files(a, input),
        .seeded = seed != NULL,
        .seed = seed ? strtoull(seed, NULL, 10) : 0,
        .partial = st == COSIM_EINTERRUPTED,
        .colour = wants_colour(a),
        .width = terminal_width(a),
    };
    cosim_table *chosen = NULL;
    char meta[PATH_BYTES];

    if (columns) {
        cosim_error e = { .status = COSIM_OK };
        if (cosim_table_select(t, columns, &chosen, &e) != COSIM_OK)
            return report_error(&e);
        t = chosen;
    }
    int code = write_to(path, c, t, &o, false);
    if (code == 0 && path && strcmp(o.format, "csv") == 0
        && snprintf(meta, sizeof meta, "%s.meta.json", path) < (int)sizeof meta)
        code = write_to(meta, c, t, &o, true);
    cosim_table_free(chosen);
    return code;
}

int draw_pictures(cosim *c, const cosim_table *t, const struct args *a,
                  const cosim_plot_options *usual)
{
    cosim_plot_options o = *usual;
    const struct {
        const char *option, **field;
    } text[] = {
        { "kind", &o.kind },   { "x", &o.x },         { "y", &o.y },
        { "value", &o.value }, { "group", &o.group }, { "title", &o.title },
    };

    o.size = sizeof o;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (args_get(a, text[i].option))
            *text[i].field = args_get(a, text[i].option);
    if (args_get(a, "size"))
        (void)parse_size(args_get(a, "size"), &o.width_px, &o.height_px);
    for (size_t i = 0; i < a->n_options; i++) {
        cosim_error e = { .status = COSIM_OK };
        if (strcmp(a->option[i].name, "plot") == 0
            && cosim_plot(c, t, &o, a->option[i].value, stdout, &e) != COSIM_OK)
            return report_error(&e);
    }
    return 0;
}
