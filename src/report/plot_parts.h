/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kinds of plots share: columns, categories, axes, room for labels. Private to report. */
#ifndef REPORT_PLOT_PARTS_H
#define REPORT_PLOT_PARTS_H

#include "core/arena.h"
#include "report/plot.h"

#include <stdint.h>

/* The picture in pixels (text: characters), origin at the bottom left. */
struct canvas {
    bool text;
    double width, height, char_width, char_height;
    double left, right, bottom, top; /* edges of the plotting area */
};

#define PLOT_KEY_SHARE 0.3 /* of the width, at most, for a key; its names are cut to it */

struct plot {
    const struct table *t;
    const struct plot_spec *s;
    struct canvas c;
    struct arena a;
    FILE *script;
    char foot[512]; /* printed small under the picture */
};

cosim_status plot_pareto(struct plot *p, cosim_error *e);
cosim_status plot_roofline(struct plot *p, cosim_error *e);
cosim_status plot_breakdown(struct plot *p, cosim_error *e);
cosim_status plot_heatmap(struct plot *p, cosim_error *e);
cosim_status plot_map(struct plot *p, cosim_error *e);
cosim_status plot_scatter(struct plot *p, cosim_error *e);
cosim_status plot_curve(struct plot *p, cosim_error *e);

/** Adds a sentence to the foot line. */
void plot_foot(struct plot *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- columns ---- */

/** EUNKNOWN with a suggestion; EUSAGE when `name` is NULL ("pareto needs a column for x"). */
cosim_status plot_column(const struct plot *p, const char *role, const char *name, size_t *col,
                         cosim_error *e);

/** As plot_column; a NULL name gives SIZE_MAX. */
cosim_status plot_column_optional(const struct plot *p, const char *role, const char *name,
                                  size_t *col, cosim_error *e);

/** Numeric cell as a double: NaN when unknown, infinite, or not a number (strings). */
double plot_number(const struct table *t, size_t row, size_t col);

/** "latency: 3.2 ms", one part per known cell, for hovering. */
void plot_put_hover(const struct plot *p, size_t row);

/* ---- categories: the distinct values of a column ---- */

struct categories {
    size_t n;
    const char **name; /* numbers in ascending order, strings in order of appearance */
    uint32_t *of_row;  /* CATEGORY_NONE: unknown, or not wanted */
};
#define CATEGORY_NONE UINT32_MAX

/**
 * Only rows with wanted[row] count (NULL = all). More than `max` values: the rest of them share the
 * last place, called "other (count)" when `lump`, else ERANGE. With col == SIZE_MAX all rows are in
 * one category "".
 */
cosim_status categories_of(struct plot *p, size_t col, const bool *wanted, size_t max, bool lump,
                           struct categories *k, cosim_error *e);

/** Emits `array NAME[n] = [...]` and `N_NAME = n` (the array has at least one element). */
void plot_put_names(struct plot *p, const char *name, const char *const *text, size_t n);

/** Emits `set xtics (...)` for categories at 0 .. n-1; every k-th when there is no room. */
void plot_put_x_categories(struct plot *p, const struct categories *k, double room_per_category);

/** The same for y, with names cut to the left margin; from_top: the first one is the highest. */
void plot_put_y_categories(struct plot *p, const struct categories *k, double room_per_category,
                           bool from_top);

/** True when x_categories will be turned to fit; then they need this much height, in pixels. */
bool plot_turned(const struct plot *p, const struct categories *k, double room, double *height);

/** A copy cut with an ellipsis to what fits into so many pixels (characters for text). */
const char *plot_cut(struct plot *p, const char *text, double width);

/** Sets the left edge for names of this length, at most a third of the picture. */
void plot_leave_left(struct plot *p, const char *const *text, size_t n);

/** Widest name in pixels (characters for text). */
double plot_widest(const struct plot *p, const char *const *text, size_t n);

/* ---- numeric axes ---- */

struct axis {
    bool log;
    double lo, hi;         /* SI, padded */
    double scale;          /* plotted = SI / scale */
    const char *label;     /* with the unit, in the arena */
    const char *tick_unit; /* printed with a prefix at each tick; NULL = it is in the label */
};

/** Fits an axis to n values (NaN skipped). ERANGE: none known, or a log axis with a value <= 0. */
cosim_status axis_fit(struct plot *p, const struct plot_axis *spec, size_t col, const double *v,
                      size_t n, struct axis *a, cosim_error *e);

/** Emits range, ticks, format and label (XLABEL, ...) of axis "x", "y" or "cb". */
void axis_put(const struct plot *p, const char *which, const struct axis *a);

/** 0 at lo, 1 at hi. */
double axis_fraction(const struct axis *a, double v);

double plot_px_x(const struct plot *p, const struct axis *x, double v);
double plot_px_y(const struct plot *p, const struct axis *y, double v);

/* ---- levels of a third value ---- */

#define LEVELS_MAX 4u

struct levels {
    size_t n;
    double limit[LEVELS_MAX]; /* the worst value that still belongs, strictest level first */
};

/**
 * Limits that part the known ones of n values about evenly, rounded to 1, 2 or 5 times a power of
 * ten so that the last one holds for all of them; fewer when limits coincide, none without values.
 */
cosim_status levels_of(struct plot *p, const double *v, size_t n, bool maximise, struct levels *l,
                       cosim_error *e);

/** Whether v is as good as the limit; false when unknown. */
bool level_holds(double v, double limit, bool maximise);

/* ---- labels that do not cover each other ---- */

struct box {
    double x0, y0, x1, y1;
};

struct label_room {
    size_t n, cap;
    struct box *taken;
    double side_x, side_y; /* +-1: the side of a point where a text is tried first */
};

/** Room for `cap` boxes; sides right and above. */
cosim_status labels_new(struct plot *p, struct label_room *r, size_t cap, cosim_error *e);

/** Marks a box as used (a point, a key). */
void labels_take(struct label_room *r, struct box b);

/** True when the box lies inside the plotting area and on nothing; then it is taken. */
bool labels_try(const struct plot *p, struct label_room *r, struct box b);

/** Marks small boxes along a straight line between two pixels. */
void labels_take_line(struct label_room *r, double x0, double y0, double x1, double y1);
#define LABEL_LINE_STEP_PX 8.0

/**
 * Finds room for `text` beside the point at pixel (x, y), if need be a few lines away with a thin
 * line to it, and emits `set label` with the property list `how`; false when there is none.
 */
bool labels_put(const struct plot *p, struct label_room *r, double x, double y, const char *text,
                const char *how);

/* ---- marked rows ---- */

/* The column with their names (SIZE_MAX = none) and where the rows lie. */
struct plot_marks {
    size_t col;
    const double *x, *y; /* of each row, NaN = unknown */
    const struct axis *ax, *ay;
};

bool plot_is_mark(const struct plot *p, size_t mark_col, size_t row);

/** Emits $mark, N_MARK and a name beside each marked row. */
void plot_put_marks(const struct plot *p, const struct plot_marks *m, struct label_room *room);

/* ---- layout ---- */

/** Leaves room for a key with these names at the right; emits KEY = 1 when there are two or more.
 */
void plot_put_key_room(struct plot *p, const char *const *text, size_t n);

/** Emits the margins as LEFT, RIGHT, BOTTOM, TOP (fractions of the picture). Last, after layout. */
void plot_put_layout(const struct plot *p);

/** Heading for people: no unit suffix, blanks for underscores. In the arena; NULL without memory.
 */
const char *plot_heading(struct plot *p, const struct plot_axis *spec, size_t col);

#endif
