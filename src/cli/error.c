/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <string.h>

void print_clean(const char *text)
{
    for (; *text; text++)
        (void)fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, stderr);
}

/* The line of a text file that an error points at, with a caret under the column. */
static void show_line(const cosim_error *e)
{
    char text[512];
    unsigned line = 0;
    FILE *f = e->line > 0 && e->file[0] ? fopen(e->file, "r") : NULL;

    if (!f)
        return;
    while (line < e->line && fgets(text, sizeof text, f))
        if (strchr(text, '\n') || feof(f))
            line++;
    (void)fclose(f);
    if (line != e->line)
        return;
    text[strcspn(text, "\r\n")] = '\0';
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c == 0x7f)
            *c = ' ';
    const size_t width = 90, start = e->col > width - 20 ? e->col - (width - 20) : 0;
    if (start >= strlen(text) + 1)
        return;
    (void)fprintf(stderr, "%5u | %.*s\n", e->line, (int)width, text + start);
    if (e->col > 0)
        (void)fprintf(stderr, "      | %*s^\n", (int)(e->col - 1 - start), "");
}

int report_error(const cosim_error *e)
{
    char text[sizeof e->file + sizeof e->msg + 64];

    if (e->file[0] && e->line > 0)
        (void)snprintf(text, sizeof text, "%s:%u:%u: error: %s", e->file, e->line, e->col, e->msg);
    else
        (void)snprintf(text, sizeof text, "cosim: %s%s%s", e->file, e->file[0] ? ": " : "", e->msg);
    print_clean(text);
    (void)fputc('\n', stderr);
    show_line(e);
    if (e->hint[0]) {
        (void)fputs("hint: ", stderr);
        print_clean(e->hint);
        (void)fputc('\n', stderr);
    }
    return cosim_status_exit_code(e->status);
}
