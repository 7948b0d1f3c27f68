/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* The words as typed, separated by blanks: read by people, not by a shell. */
static char *join(int argc, char **argv)
{
    size_t n = 1;

    for (int i = 0; i < argc; i++)
        n += strlen(argv[i]) + 1;
    char *line = calloc(n, 1);
    for (int i = 0; line && i < argc; i++) {
        if (i > 0)
            strcat(line, " ");
        strcat(line, i == 0 ? "cosim" : argv[i]);
    }
    return line;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        (void)print_help(stderr, NULL);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return printf("cosim %s\n", cosim_version()) < 0 ? 4 : 0;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_help(stdout, NULL);
    const struct command *c = find_command(argv[1]);
    if (!c)
        return unknown_command(argv[1]);
    struct args *a = calloc(1, sizeof *a);
    char *line = join(argc, argv);
    int code = 4;
    if (a && line) {
        a->command_line = line;
        if (!args_parse(a, c, argc - 2, argv + 2))
            code = EXIT_USAGE;
        else if (args_has(a, "help"))
            code = print_help(stdout, c);
        else if ((code = check_outputs(a)) == 0)
            code = c->run(a);
    }
    free(line);
    free(a);
    return code;
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error with a message */
    const int code = run(argc, argv);
    if (fflush(stdout) != 0 && code == 0) {
        perror("cosim: standard output");
        return 4;
    }
    return code;
}
