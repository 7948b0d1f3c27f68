/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * gnuplot over a pipe: a script goes in, the picture comes back as bytes, so that our own checked
 * writes notice a full disk and no file name ever passes through gnuplot's syntax.
 */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct gnuplot_terminal {
    const char *suffix, *doc;
    bool text;   /* width and height are characters */
    bool script; /* the script itself is the result */
    /* Prints the `set terminal` lines. */
    void (*setup)(FILE *script, unsigned width, unsigned height);
};

extern const struct gnuplot_terminal gnuplot_terminal_list[];
extern const size_t n_gnuplot_terminals;

/** By the end of a file name; EUNKNOWN lists the endings. NULL: text, for a terminal. */
cosim_status gnuplot_terminal_find(const char *path, const struct gnuplot_terminal **term,
                                   cosim_error *e);

/** Text size that every terminal is set up with, in pixels. */
#define GNUPLOT_FONT_PX 15.0

/**
 * Runs a script without the user's start-up files; `*image` (free it) holds what it printed.
 * EIO with a hint: gnuplot is not installed; EIO with gnuplot's own message: it failed.
 */
cosim_status gnuplot_run(const char *script, size_t n, char **image, size_t *n_image,
                         cosim_error *e);

/*
 * Text into a script, as a string expression that gnuplot reads back as it was: nothing in it is
 * ever parsed, expanded or run. Control characters become blanks, malformed UTF-8 U+FFFD.
 */
void gnuplot_put_str(const char *s, FILE *script);

/* The same for tick labels, where gnuplot expands '%'. */
void gnuplot_put_tick(const char *s, FILE *script);

/* The same for hover texts: gnuplot 5.4 pastes them unescaped into a script attribute of the SVG,
 * so quotes, brackets, ampersands and backslashes become look-alikes. */
void gnuplot_put_hover(const char *s, FILE *script);

#endif
