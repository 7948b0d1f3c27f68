/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const struct option common_options[] = {
    { "hwdb", 0, "DIR", "folder of devices.csv (default: $COSIM_HWDB, ./hwdb, the installed one)" },
    { "workloads", 0, "DIR",
      "folder of models.csv and formats.csv (default: $COSIM_WORKLOADS, ...)" },
    { "reports", 0, "DIR", "folder of the plot templates (default: $COSIM_REPORTS, ...)" },
    { "quiet", 'q', NULL, "no progress, no notes on standard error" },
    { "help", 'h', NULL, "this text" },
    { NULL, 0, NULL, NULL },
};

static const struct option output_options[] = {
    { "format", 'f', "table|csv|json|markdown",
      "default: by the ending of --out, else table; json is one object a line" },
    { "out", 'o', "FILE", "write there instead of standard output; a .csv gets a .meta.json" },
    { "columns", 0, "LIST", "only these columns, in this order" },
    { "color", 0, "auto|always|never", "auto: on a terminal, unless NO_COLOR is set" },
    { NULL, 0, NULL, NULL },
};

static const struct option picture_options[] = {
    { "plot", 'p', "FILE",
      "draw to .png, .svg, .pdf, .txt, .gp (script) or - (characters); repeatable" },
    { "x", 0, "COLUMN", "horizontal axis" },
    { "y", 0, "COLUMN", "vertical axis" },
    { "value", 0, "COLUMN", "colour of a heat map, levels of a frontier, second panel of bars" },
    { "group", 0, "COLUMN", "colour and shape of points" },
    { "title", 0, "TEXT", "title of the picture" },
    { "kind", 0, "KIND",
      "pareto, roofline, breakdown, heatmap, curve; default: the command's usual one" },
    { "size", 0, "WxH", "pixels, default 1200x800" },
    { NULL, 0, NULL, NULL },
};

static const struct option progress_options[] = {
    { "progress", 0, "auto|always|never", "auto: on a terminal, unless --quiet" },
    { NULL, 0, NULL, NULL },
};

#define STUDY_OPTIONS_MAX 64u

/* Study keys are options of the same name, behind a file of them. */
static const struct option *study_options(void)
{
    static struct option table[STUDY_OPTIONS_MAX + 2];

    if (!table[0].name) {
        size_t n = 0;
        for (const cosim_key *k; n < STUDY_OPTIONS_MAX && (k = cosim_study_key(n)) != NULL; n++)
            table[n] = (struct option){ k->key, 0, k->arg, k->doc };
        table[n] = (struct option){ "study", 's', "FILE",
                                    "read key = value lines; options override them" };
    }
    return table;
}

const struct option *group_options(enum option_group g)
{
    switch (g) {
    case OPTS_OUTPUT:
        return output_options;
    case OPTS_STUDY:
        return study_options();
    case OPTS_PICTURE:
        return picture_options;
    case OPTS_KV:
        return kv_options();
    case OPTS_ARCH:
        return arch_options();
    case OPTS_PROGRESS:
        break;
    }
    return progress_options;
}

static void each_of(const struct option *o, void (*f)(const struct option *, void *), void *user)
{
    for (; o && o->name; o++)
        f(o, user);
}

void each_option(const struct command *c, void (*f)(const struct option *o, void *user), void *user)
{
    each_of(c->option, f, user);
    for (unsigned g = OPTS_OUTPUT; g <= OPTS_LAST; g *= 2)
        if (c->groups & g)
            each_of(group_options((enum option_group)g), f, user);
    each_of(common_options, f, user);
}

struct lookup {
    char name[64]; /* cut: no option is that long */
    char letter;
    const struct option *found;
    struct nearest near;
};

static void match(const struct option *o, void *user)
{
    struct lookup *l = user;

    if (l->letter ? o->letter == l->letter : strcmp(o->name, l->name) == 0)
        l->found = l->found ? l->found : o;
    if (!l->letter)
        nearest_offer(&l->near, o->name);
}

int usage_error(const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    (void)fputs("cosim: ", stderr);
    print_clean(text);
    (void)fputc('\n', stderr);
    return EXIT_USAGE;
}

static bool add(struct args *a, const char *name, const char *value)
{
    if (a->n_options == ARGS_MAX) {
        (void)usage_error("more than %u options", ARGS_MAX);
        return false;
    }
    a->option[a->n_options++] = (struct given){ name, value };
    return true;
}

static bool unknown_option(const struct command *c, struct lookup *l, const char *word)
{
    const char *hint = l->letter ? NULL : nearest_suggestion(&l->near);

    if (hint)
        (void)usage_error("'%s' has no option '%.60s'; did you mean '--%s'?", c->name, word, hint);
    else
        (void)usage_error("'%s' has no option '%.60s'; see 'cosim help %s'", c->name, word,
                          c->name);
    return false;
}

/* An option's arg is N (a whole number), words separated by '|' (one of them), or any text. */
static bool value_fits(const struct option *o, const char *value)
{
    uint64_t number;

    if (strcmp(o->arg, "N") == 0) {
        if (text_to_u64(value, &number))
            return true;
        (void)usage_error("option '--%s' needs a whole number, not '%.60s'", o->name, value);
        return false;
    }
    if (!strchr(o->arg, '|'))
        return true;
    for (const char *word = o->arg; *word; word += strcspn(word, "|"), word += *word == '|') {
        char choice[32];
        (void)snprintf(choice, sizeof choice, "%.*s", (int)strcspn(word, "|"), word);
        if (strcmp(choice, value) == 0)
            return true;
    }
    (void)usage_error("option '--%s' is one of %s, not '%.60s'", o->name, o->arg, value);
    return false;
}

static bool add_checked(struct args *a, const struct option *o, const char *value)
{
    return value_fits(o, value) && add(a, o->name, value);
}

/* --name, --name=value, --name value, -n value, -nvalue; *used counts the words taken. */
static bool parse_option(struct args *a, const struct command *c, int argc, char **argv, int *used)
{
    const char *word = argv[0], *value = NULL;
    struct lookup l = { .near.want = l.name };

    *used = 1;
    if (word[1] == '-') {
        const char *equal = strchr(word, '=');
        (void)snprintf(l.name, sizeof l.name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
        value = equal ? equal + 1 : NULL;
    } else {
        l.letter = word[1];
        value = word[2] ? word + 2 : NULL;
    }
    each_option(c, match, &l);
    if (!l.found)
        return unknown_option(c, &l, word);
    if (!l.found->arg) {
        if (value) {
            (void)usage_error("option '--%s' takes no value", l.found->name);
            return false;
        }
        return add(a, l.found->name, NULL);
    }
    if (value)
        return add_checked(a, l.found, value);
    if (argc < 2) {
        (void)usage_error("option '--%s' needs %s", l.found->name, l.found->arg);
        return false;
    }
    *used = 2;
    return add_checked(a, l.found, argv[1]);
}

/* As many operands as the command's usage has words, "..." = any number. */
static bool operands_fit(const struct args *a, const struct command *c)
{
    const char *words = c->operands ? c->operands : "";
    size_t most = *words ? 1 : 0;

    for (const char *s = words; *s; s++)
        most += *s == ' ';
    if (a->n_operands <= most || strstr(words, "...") || args_has(a, "help"))
        return true;
    (void)usage_error("'%s' does not take '%.60s'; see 'cosim help %s'", c->name, a->operand[most],
                      c->name);
    return false;
}

bool args_parse(struct args *a, const struct command *c, int argc, char **argv)
{
    bool options = true;

    for (int i = 0, used = 1; i < argc; i += used) {
        used = 1;
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!parse_option(a, c, argc - i, argv + i, &used))
                return false;
        } else if (a->n_operands == ARGS_MAX) {
            (void)usage_error("more than %u operands", ARGS_MAX);
            return false;
        } else {
            a->operand[a->n_operands++] = argv[i];
        }
    }
    return operands_fit(a, c);
}

const char *args_get(const struct args *a, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < a->n_options; i++)
        if (strcmp(a->option[i].name, name) == 0)
            value = a->option[i].value;
    return value;
}

bool args_has(const struct args *a, const char *name)
{
    for (size_t i = 0; i < a->n_options; i++)
        if (strcmp(a->option[i].name, name) == 0)
            return true;
    return false;
}
