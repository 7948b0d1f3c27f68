/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/gnuplot.h"

#include "core/text.h"
#include "report/process.h"
#include "report/utf8.h"

#include <stdint.h>
#include <string.h>

#define PT_PER_PX 0.75 /* 96 px and 72 pt to the inch */
#define PX_PER_INCH 96.0
#define BIG 1.33 /* titles, foot lines and ridges, in sizes of the other texts */
#define SMALL 0.8

/* Templates ask for FONT_BIG and FONT_SMALL: a size is pixels in SVG and points elsewhere. */
static void put_sizes(FILE *script, double size)
{
    (void)fprintf(script, "FONT_BIG = ',%.4g'\nFONT_SMALL = ',%.4g'\n", BIG * size, SMALL * size);
}

static void setup_png(FILE *script, unsigned w, unsigned h)
{
    const double pt = GNUPLOT_FONT_PX * PT_PER_PX;

    (void)fprintf(script,
                  "if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {\n"
                  "    set terminal pngcairo noenhanced size %u,%u font 'sans,%g' rounded\n"
                  "} else {\n"
                  "    set terminal png noenhanced size %u,%u\n"
                  "}\n",
                  w, h, pt, w, h);
    put_sizes(script, pt);
}

static void setup_svg(FILE *script, unsigned w, unsigned h)
{
    (void)fprintf(script,
                  "set terminal svg noenhanced size %u,%u dynamic mousing standalone "
                  "font 'sans-serif,%g' background '#ffffff' rounded\n",
                  w, h, GNUPLOT_FONT_PX);
    put_sizes(script, GNUPLOT_FONT_PX);
}

static void setup_pdf(FILE *script, unsigned w, unsigned h)
{
    (void)fprintf(script,
                  "if (strstrt(GPVAL_TERMINALS, 'pdfcairo') == 0) {\n"
                  "    exit error 'this gnuplot has no PDF output (terminal pdfcairo)'\n"
                  "}\n"
                  "set terminal pdfcairo noenhanced size %.4fin,%.4fin font 'sans,%g' rounded\n",
                  w / PX_PER_INCH, h / PX_PER_INCH, GNUPLOT_FONT_PX * PT_PER_PX);
    put_sizes(script, GNUPLOT_FONT_PX * PT_PER_PX);
}

static void setup_dumb(FILE *script, unsigned w, unsigned h)
{
    (void)fprintf(script, "set terminal dumb nofeed noenhanced size %u,%u\n", w, h);
}

const struct gnuplot_terminal gnuplot_terminal_list[] = {
    { ".png", "picture", false, false, setup_png },
    { ".svg", "scalable picture; hovering shows the point", false, false, setup_svg },
    { ".pdf", "for print", false, false, setup_pdf },
    { ".txt", "letters, for a terminal", true, false, setup_dumb },
    { ".gp", "the gnuplot script, which makes a PNG", false, true, setup_png },
};
const size_t n_gnuplot_terminals = sizeof gnuplot_terminal_list / sizeof *gnuplot_terminal_list;

cosim_status gnuplot_terminal_find(const char *path, const struct gnuplot_terminal **term,
                                   cosim_error *e)
{
    const char *suffix = path ? strrchr(path, '.') : ".txt";

    for (size_t i = 0; suffix && i < n_gnuplot_terminals; i++) {
        if (text_equal_nocase(suffix, gnuplot_terminal_list[i].suffix)) {
            *term = &gnuplot_terminal_list[i];
            return COSIM_OK;
        }
    }
    (void)err_set(e, COSIM_EUNKNOWN, "cannot tell the kind of picture from the name '%s'", path);
    err_hint(e, "end the name in .png, .svg, .pdf, .txt or .gp");
    return COSIM_EUNKNOWN;
}

/* gnuplot echoes the line it stumbled over; what is wrong comes after the last "line N:". */
static const char *reason(char *complaint)
{
    char *last = complaint, *at = complaint;

    while ((at = strstr(at, "line ")) != NULL) {
        const size_t digits = strspn(at + 5, "0123456789");
        if (digits > 0 && at[5 + digits] == ':')
            last = at + 6 + digits;
        at += 5;
    }
    for (char *c = last; *c; c++)
        if (utf8_is_control((unsigned char)*c) && (unsigned char)*c < 0x80)
            *c = ' ';
    last += strspn(last, " ");
    for (size_t n = strlen(last); n > 0 && last[n - 1] == ' '; n--)
        last[n - 1] = '\0';
    return *last ? last : "it gave no reason";
}

cosim_status gnuplot_run(const char *script, size_t n, char **image, size_t *n_image,
                         cosim_error *e)
{
    char program[] = "gnuplot", no_startup_files[] = "-d";
    char *const argv[] = { program, no_startup_files, NULL };
    struct process_result r;

    *image = NULL;
    *n_image = 0;
    const cosim_status st = process_run(argv, script, n, &r, e);
    if (st != COSIM_OK) {
        if (r.missing)
            err_hint(e, "install gnuplot (Debian: apt install gnuplot-nox), "
                        "or keep the script with a .gp name");
        return st;
    }
    if (r.exit_code != 0 || r.n_out == 0) {
        process_release(&r);
        return err_set(e, COSIM_EIO, "gnuplot failed: %s",
                       r.exit_code < 0 ? "it was killed" : reason(r.complaint));
    }
    *image = r.out;
    *n_image = r.n_out;
    return COSIM_OK;
}

/* Pieces 'in single quotes', each quote of the text as ."'". between them: the documented '' for a
 * quote is read as an empty string where a text begins with it. */
static void put_quoted(const char *s, bool percent_twice, const uint32_t (*swap)[2], FILE *script)
{
    uint32_t c, before = 0, before_that = 0;
    bool open = true;

    (void)putc('\'', script);
    for (size_t step; (step = utf8_next(s, &c)) > 0; s += step) {
        for (size_t i = 0; swap && swap[i][0]; i++)
            if (swap[i][0] == c) {
                c = swap[i][1];
                break;
            }
        /* gnuplot escapes '<' and '&' in an SVG, but this is not allowed in XML text either */
        if (c == '>' && before == ']' && before_that == ']')
            c = 0x203A;
        before_that = before;
        before = c;
        if (c == '\'') {
            (void)fputs(open ? "'.\"'\"" : ".\"'\"", script);
            open = false;
            continue;
        }
        if (!open)
            (void)fputs(".'", script);
        open = true;
        if (c == '%' && percent_twice)
            (void)putc('%', script);
        utf8_put(utf8_is_control(c) ? ' ' : c, script);
    }
    if (open)
        (void)putc('\'', script);
}

void gnuplot_put_str(const char *s, FILE *script)
{
    put_quoted(s, false, NULL, script);
}

void gnuplot_put_tick(const char *s, FILE *script)
{
    put_quoted(s, true, NULL, script);
}

void gnuplot_put_hover(const char *s, FILE *script)
{
    static const uint32_t look_alike[][2] = {
        { '"', 0x201D }, { '\'', 0x2019 }, { '<', 0x2039 }, { '>', 0x203A },
        { '&', 0xFF06 }, { '\\', 0x2216 }, { 0, 0 },
    };

    put_quoted(s, false, look_alike, script);
}
