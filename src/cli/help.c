/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

#define COSIM_PAGE_DOC "analytical performance, energy and co-design simulator for language models"

static void print_option(const struct option *o, void *user)
{
    FILE *out = user;
    char left[64];

    (void)snprintf(left, sizeof left, "%s%c%s --%s%s%s", o->letter ? "-" : " ",
                   o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name, o->arg ? "=" : "",
                   o->arg ? o->arg : "");
    if (strlen(left) < 28)
        (void)fprintf(out, "  %-28s %s\n", left, o->doc);
    else
        (void)fprintf(out, "  %s\n  %-28s %s\n", left, "", o->doc);
}

static void print_default(FILE *out)
{
    (void)fprintf(out, "\nDefaults:");
    for (size_t i = 0; cosim_study_key(i); i++)
        if (cosim_study_key(i)->def)
            (void)fprintf(out, " %s=%s", cosim_study_key(i)->key, cosim_study_key(i)->def);
    (void)fputc('\n', out);
}

int print_help(FILE *out, const struct command *c)
{
    if (c) {
        (void)fprintf(out, "usage: cosim %s [OPTION]...%s%s\n%s\n", c->name, c->operands ? " " : "",
                      c->operands ? c->operands : "", c->doc);
        if (c->details)
            (void)fprintf(out, "\n%s\n", c->details);
        (void)fprintf(out, "\nOptions:\n");
        each_option(c, print_option, out);
        if (c->groups & OPTS_STUDY)
            print_default(out);
        return 0;
    }
    (void)fprintf(out,
                  "cosim %s: " COSIM_PAGE_DOC "\n\nusage: cosim COMMAND [OPTION]... [FILE]...\n\n",
                  cosim_version());
    for (const struct command *k = command_table; k->name; k++)
        (void)fprintf(out, "  %-12s %s\n", k->name, k->doc);
    (void)fprintf(
        out, "\n'cosim help COMMAND' tells its options; 'cosim help --man' prints the manual.\n"
             "Exit codes: 0 done, 1 the answer is no, 2 usage, 3 bad input, 4 system, "
             "5 internal, 130 interrupted\n");
    return 0;
}

/* troff: a leading dot or quote and every backslash and hyphen need care. */
static void put_man(FILE *out, const char *s)
{
    if (*s == '.' || *s == '\'')
        (void)fputs("\\&", out);
    for (; *s; s++) {
        if (*s == '\\')
            (void)fputs("\\e", out);
        else if (*s == '-')
            (void)fputs("\\-", out);
        else if (*s == '\n')
            (void)fputs("\n.br\n", out);
        else
            (void)fputc(*s, out);
    }
}

static void man_option(const struct option *o, void *user)
{
    FILE *out = user;

    (void)fputs(".TP\n.B ", out);
    if (o->letter)
        (void)fprintf(out, "\\-%c, ", o->letter);
    (void)fputs("\\-\\-", out);
    put_man(out, o->name);
    if (o->arg) {
        (void)fputs("\\fR=\\fI", out);
        put_man(out, o->arg);
        (void)fputs("\\fR", out);
    }
    (void)fputc('\n', out);
    put_man(out, o->doc);
    (void)fputc('\n', out);
}

static void man_commands(FILE *out)
{
    for (const struct command *c = command_table; c->name; c++) {
        (void)fprintf(out, ".SS cosim %s", c->name);
        (void)fprintf(out, " [OPTION]... %s\n", c->operands ? c->operands : "");
        put_man(out, c->doc);
        (void)fputs(".\n", out);
        if (c->details) {
            (void)fputs(".PP\n", out);
            put_man(out, c->details);
            (void)fputc('\n', out);
        }
        for (const struct option *o = c->option; o && o->name; o++)
            man_option(o, out);
    }
}

static void man_group(FILE *out, const char *title, const struct option *o)
{
    (void)fprintf(out, ".SS %s\n", title);
    for (; o->name; o++)
        man_option(o, out);
}

int print_man(FILE *out)
{
    (void)fprintf(out, ".TH COSIM 1 \"\" \"cosim %s\" \"User Commands\"\n", cosim_version());
    (void)fputs(".SH NAME\ncosim \\- " COSIM_PAGE_DOC "\n.SH SYNOPSIS\n.B cosim\n"
                "COMMAND [OPTION]... [FILE]...\n.SH DESCRIPTION\n",
                out);
    (void)fputs("cosim counts what a model does (flops, bytes), prices the counts on a device "
                "(seconds, joules, dollars), composes prefill and decode into metrics and searches "
                "the space of models, formats, parallel layouts, batches and devices for the "
                "designs that no other design beats.\n.SH COMMANDS\n",
                out);
    man_commands(out);
    (void)fputs(".SH SHARED OPTIONS\n", out);
    man_group(out, "Studies: estimate, explain, sweep, roofline", group_options(OPTS_STUDY));
    man_group(out, "Output", group_options(OPTS_OUTPUT));
    man_group(out, "Pictures", group_options(OPTS_PICTURE));
    man_group(out, "Progress", group_options(OPTS_PROGRESS));
    man_group(out, "Steps of kv", group_options(OPTS_KV));
    man_group(out, "Architectures (arch)", group_options(OPTS_ARCH));
    man_group(out, "All commands", common_options);
    (void)fputs(".SH EXIT STATUS\n", out);
    for (int st = 0; st < COSIM_STATUS_COUNT; st++) {
        (void)fprintf(out, ".TP\n.B %d\n", cosim_status_exit_code((cosim_status)st));
        put_man(out, cosim_status_text((cosim_status)st));
        (void)fputc('\n', out);
    }
    (void)fputs(".SH ENVIRONMENT\nCOSIM_HWDB, COSIM_WORKLOADS, COSIM_REPORTS: data folders. "
                "COSIM_DATA: folder of measured and golden files. NO_COLOR: no colours.\n",
                out);
    return 0;
}

static void bash_option(const struct option *o, void *user)
{
    (void)fprintf(user, " --%s%s", o->name, o->arg ? "=" : "");
}

static void bash(FILE *out)
{
    (void)fputs(
        "_cosim() {\n  local cur=${COMP_WORDS[COMP_CWORD]}\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"",
        out);
    for (const struct command *c = command_table; c->name; c++)
        (void)fprintf(out, "%s ", c->name);
    (void)fputs("\" -- \"$cur\")\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n", out);
    for (const struct command *c = command_table; c->name; c++) {
        (void)fprintf(out, "    %s) mapfile -t COMPREPLY < <(compgen -f -W \"", c->name);
        each_option(c, bash_option, out);
        (void)fputs("\" -- \"$cur\") ;;\n", out);
    }
    (void)fputs("  esac\n}\ncomplete -o nospace -o filenames -F _cosim cosim\n", out);
}

struct fish_line {
    FILE *out;
    const char *command;
};

static void put_single_quoted(FILE *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '\'' || *s == '\\')
            (void)fputc('\\', out);
        (void)fputc(*s, out);
    }
}

static void fish_option(const struct option *o, void *user)
{
    const struct fish_line *f = user;

    (void)fprintf(f->out, "complete -c cosim -n '__fish_seen_subcommand_from %s' -l %s%s -d '",
                  f->command, o->name, o->arg ? " -r" : "");
    put_single_quoted(f->out, o->doc);
    (void)fputs("'\n", f->out);
}

static void fish(FILE *out)
{
    for (const struct command *c = command_table; c->name; c++) {
        struct fish_line f = { out, c->name };
        (void)fprintf(out, "complete -c cosim -n __fish_use_subcommand -a %s -d '", c->name);
        put_single_quoted(out, c->doc);
        (void)fputs("'\n", out);
        each_option(c, fish_option, &f);
    }
}

/* zsh: '[', ']', ':' and quotes end parts of a specification. */
static void zsh_option(const struct option *o, void *user)
{
    FILE *out = user;

    (void)fprintf(out, " '--%s%s[", o->name, o->arg ? "=" : "");
    for (const char *s = o->doc; *s; s++)
        if (!strchr("'[]:", *s))
            (void)fputc(*s, out);
    (void)fprintf(out, "]%s'", o->arg ? ":value:_files" : "");
}

static void zsh(FILE *out)
{
    (void)fputs("#compdef cosim\n_cosim() {\n  if (( CURRENT == 2 )); then\n    compadd", out);
    for (const struct command *c = command_table; c->name; c++)
        (void)fprintf(out, " %s", c->name);
    (void)fputs("\n    return\n  fi\n  case $words[2] in\n", out);
    for (const struct command *c = command_table; c->name; c++) {
        (void)fprintf(out, "    %s) _arguments", c->name);
        each_option(c, zsh_option, out);
        (void)fputs(" '*:file:_files' ;;\n", out);
    }
    (void)fputs("  esac\n}\n_cosim \"$@\"\n", out);
}

int print_completion(FILE *out, const char *shell)
{
    static const struct {
        const char *name;
        void (*print)(FILE *out);
    } shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].print(out);
            return 0;
        }
    return EXIT_USAGE; /* args_parse lets only these through */
}

int cmd_help(const struct args *a)
{
    if (args_has(a, "man"))
        return print_man(stdout);
    if (args_get(a, "completion"))
        return print_completion(stdout, args_get(a, "completion"));
    if (a->n_operands == 0)
        return print_help(stdout, NULL);
    const struct command *c = find_command(a->operand[0]);
    return c ? print_help(stdout, c) : unknown_command(a->operand[0]);
}
