/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/file.h"
#include "core/text.h"
#include "report/gnuplot.h"
#include "report/locale_c.h"
#include "report/plot_parts.h"
#include "report/writer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE_BYTES_MAX (1u << 20)

const struct plot_kind plot_kind_list[] = {
    { "pareto", "x, y; group, flag, label, mark: a frontier before the points it dominates",
      plot_pareto },
    { "roofline", "x (flop/byte), y (flop/s); group, label; ceilings: operators under the roofs",
      plot_roofline },
    { "breakdown", "x (bars), y (amount), group (parts); value: a second panel", plot_breakdown },
    { "heatmap", "x, y (categories), value: a sweep over two axes", plot_heatmap },
    { "map", "x (places), y (things), group (colour); label: what is where", plot_map },
    { "scatter", "x (measured), y (predicted); group: with lines at equality and a factor of two",
      plot_scatter },
    { "curve", "x, y; group, value, mark: one quantity along another", plot_curve },
};
const size_t n_plot_kinds = sizeof plot_kind_list / sizeof *plot_kind_list;

static cosim_status kind_find(const char *name, const struct plot_kind **kind, cosim_error *e)
{
    struct nearest near = { .want = name };

    for (size_t i = 0; i < n_plot_kinds; i++) {
        if (strcmp(plot_kind_list[i].name, name) == 0) {
            *kind = &plot_kind_list[i];
            return COSIM_OK;
        }
        nearest_offer(&near, plot_kind_list[i].name);
    }
    (void)err_set(e, COSIM_EUNKNOWN, "unknown kind of plot '%s'", name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return COSIM_EUNKNOWN;
}

static void canvas_init(struct canvas *c, const struct plot_spec *s, bool text)
{
    *c = (struct canvas){ .text = text };
    c->width = text ? (s->columns ? s->columns : 79) : (s->width ? s->width : 1200);
    c->height = text ? (s->lines ? s->lines : 24) : (s->height ? s->height : 800);
    /* 0.56 em: mean advance of DejaVu Sans, the widest of the fonts that Debian falls back to */
    c->char_width = text ? 1 : 0.56 * GNUPLOT_FONT_PX;
    c->char_height = text ? 1 : 1.25 * GNUPLOT_FONT_PX;
    c->left = (text ? 9 : 6) * c->char_width + (text ? 0 : 2.2 * c->char_height);
    c->right = c->width - 3 * c->char_width;
    c->bottom = (text ? 4 : 5.0) * c->char_height;
    c->top = c->height - (text ? 2 : 4.6) * c->char_height;
}

static cosim_status append_template(const struct plot *p, const char *name, cosim_error *e)
{
    struct file_bytes f;
    char path[4096];

    if (!p->s->template_dir)
        return err_set(e, COSIM_EUSAGE, "no folder given for the plot templates");
    const int n = snprintf(path, sizeof path, "%s/%s.gp", p->s->template_dir, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return err_set(e, COSIM_ERANGE, "the path of the plot templates is too long");
    const cosim_status st = file_read(&f, path, TEMPLATE_BYTES_MAX, e);
    if (st != COSIM_OK) {
        err_hint(e, "plot templates are the reports/*.gp files, installed in share/cosim/reports");
        return st;
    }
    (void)fprintf(p->script, "\n# ---- %s.gp ----\n", name);
    (void)fwrite(f.data, 1, f.n, p->script);
    file_release(&f);
    return COSIM_OK;
}

void plot_foot(struct plot *p, const char *fmt, ...)
{
    const size_t n = strlen(p->foot);
    va_list ap;

    if (n > 0 && n + 3 < sizeof p->foot)
        memcpy(p->foot + n, "; ", 3);
    const size_t at = strlen(p->foot);
    va_start(ap, fmt);
    (void)vsnprintf(p->foot + at, sizeof p->foot - at, fmt, ap);
    va_end(ap);
}

static void put_texts(const struct plot *p)
{
    const struct plot_spec *s = p->s;

    (void)fputs("TITLE = ", p->script);
    gnuplot_put_str(s->title ? s->title : p->t->title, p->script);
    (void)fputs("\nSUBTITLE = ", p->script);
    gnuplot_put_str(s->subtitle ? s->subtitle : "", p->script);
    (void)fputs("\nFOOT = ", p->script);
    gnuplot_put_str(p->foot, p->script);
    (void)fputc('\n', p->script);
}

static cosim_status put_script(struct plot *p, const struct plot_kind *kind,
                               const struct gnuplot_terminal *term, const char *path,
                               cosim_error *e)
{
    (void)fputs("# Made by cosim; complete: gnuplot FILE.gp makes FILE.png.\n"
                "if (GPVAL_VERSION < 5.2) {\n    exit error 'gnuplot 5.2 or newer is needed'\n}\n"
                "set encoding utf8\nset loadpath\n",
                p->script);
    term->setup(p->script, (unsigned)p->c.width, (unsigned)p->c.height);
    if (term->script) {
        char *png = arena_printf(&p->a, "%.*s.png", (int)(strlen(path) - 3), path);
        const char *slash = png ? strrchr(png, '/') : NULL;
        (void)fputs("set output ", p->script);
        gnuplot_put_str(slash ? slash + 1 : png ? png : "plot.png", p->script);
        (void)fputc('\n', p->script);
    }
    (void)fprintf(p->script, "TEXT = %d\nWIDTH = %.0f.\nHEIGHT = %.0f.\n", p->c.text, p->c.width,
                  p->c.height);
    TRY(kind->emit(p, e));
    put_texts(p);
    TRY(append_template(p, "style", e));
    return append_template(p, kind->name, e);
}

static cosim_status save(const char *path, const char *data, size_t n, cosim_error *e)
{
    const struct src_pos at = { path, 0, 0 };
    FILE *f = fopen(path, "wb");

    if (!f)
        return err_at(e, COSIM_EIO, &at, "cannot write: %s", strerror(errno));
    errno = 0;
    const bool wrote = fwrite(data, 1, n, f) == n && fflush(f) == 0;
    const int why = errno;
    if (fclose(f) != 0 || !wrote)
        return err_at(e, COSIM_EIO, &at, "cannot write: %s", strerror(why ? why : EIO));
    return COSIM_OK;
}

/* Text pictures: gnuplot fills every line with blanks and puts empty lines around. */
static size_t strip_blanks(char *text, size_t n)
{
    size_t kept = 0, end = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\f') /* comes in spite of `nofeed` */
            continue;
        if (text[i] == '\n') {
            kept = end;
            if (kept == 0)
                continue;
        }
        text[kept++] = text[i];
        if (text[i] != ' ')
            end = kept;
    }
    while (end > 0 && text[end - 1] == '\n')
        end--;
    text[end++] = '\n'; /* gnuplot ends with a line break: there is room */
    return end;
}

static cosim_status deliver(const struct plot *p, const struct gnuplot_terminal *term,
                            const char *script, size_t n, const char *path, FILE *out,
                            cosim_error *e)
{
    char *image = NULL;
    size_t n_image = 0;

    if (p->s->script_path)
        TRY(save(p->s->script_path, script, n, e));
    if (term->script)
        return save(path, script, n, e);
    TRY(gnuplot_run(script, n, &image, &n_image, e));
    if (term->text)
        n_image = strip_blanks(image, n_image);
    cosim_status st;
    if (path) {
        st = save(path, image, n_image, e);
    } else {
        (void)fwrite(image, 1, n_image, out);
        st = report_flush(out, e);
    }
    free(image);
    return st;
}

static cosim_status draw(struct plot *p, const struct plot_kind *kind,
                         const struct gnuplot_terminal *term, const char *path, FILE *out,
                         cosim_error *e)
{
    char *script = NULL;
    size_t n = 0;

    p->script = open_memstream(&script, &n);
    if (!p->script)
        return err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    cosim_status st = put_script(p, kind, term, path, e);
    const bool lost = ferror(p->script) != 0;
    if ((fclose(p->script) != 0 || lost) && st == COSIM_OK)
        st = err_set(e, COSIM_ENOMEM, "out of memory for a plot");
    if (st == COSIM_OK)
        st = deliver(p, term, script, n, path, out, e);
    free(script);
    return st;
}

cosim_status report_plot(const struct table *t, const struct plot_spec *s, const char *path,
                         FILE *out, cosim_error *e)
{
    const struct gnuplot_terminal *term = NULL;
    const struct plot_kind *kind = NULL;
    struct plot p = { .t = t, .s = s };
    struct locale_c c;

    TRY(kind_find(s->kind, &kind, e));
    TRY(gnuplot_terminal_find(path, &term, e));
    canvas_init(&p.c, s, term->text);
    locale_c_enter(&c);
    const cosim_status st = draw(&p, kind, term, path, out, e);
    locale_c_leave(&c);
    arena_release(&p.a);
    return st;
}
