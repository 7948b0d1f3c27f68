/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's prediction beside measurements that others published. */
#include "api/predict.h"
#include "core/num.h"
#include "core/table.h"
#include "validate/stats.h"
#include "validate/summary.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_BY "phase,class,device,runtime,format"

enum {
    COL_LINE,
    COL_PHASE,
    COL_CLASS,
    COL_DEVICE,
    COL_MODEL,
    COL_RUNTIME,
    COL_SYSTEM,
    COL_FORMAT,
    COL_W,
    COL_A,
    COL_KV,
    COL_LAYOUT,
    COL_BATCH,
    COL_PROMPT,
    COL_OUTPUT,
    COL_UNIT,
    COL_MEASURED,
    COL_PREDICTED,
    COL_ERROR,
    COL_FEASIBLE,
    COL_ASSUMED,
    COL_SCOPE,
    COL_USE,
    COL_SOURCE,
    N_COLS
};

static const struct column row_columns[N_COLS] = {
    [COL_LINE] = { "line", "", "of the measured file", CELL_U64 },
    [COL_PHASE] = { "phase", "", "what was measured", CELL_STR },
    [COL_CLASS] = { "class", "", "of the device; (CPU): threads of a part whose row is a GPU's",
                    CELL_STR },
    [COL_DEVICE] = { "device", "", "our device", CELL_STR },
    [COL_MODEL] = { "model", "", "our model", CELL_STR },
    [COL_RUNTIME] = { "runtime", "", "family of the runtime", CELL_STR },
    [COL_SYSTEM] = { "system", "", "runtime as the source has it", CELL_STR },
    [COL_FORMAT] = { "format", "", "weights as the source has them", CELL_STR },
    [COL_W] = { "w", "", "our weight scheme", CELL_STR },
    [COL_A] = { "a", "", "our activation format", CELL_STR },
    [COL_KV] = { "kv", "", "our cache format", CELL_STR },
    [COL_LAYOUT] = { "layout", "", "parallel degrees above 1", CELL_STR },
    [COL_BATCH] = { "batch", "", "sequences per replica", CELL_U64 },
    [COL_PROMPT] = { "prompt", "", "prompt tokens", CELL_U64 },
    [COL_OUTPUT] = { "output", "", "output tokens", CELL_U64 },
    [COL_UNIT] = { "unit", "", "of measured and predicted", CELL_STR },
    [COL_MEASURED] = { "measured", "", "as published, in SI", CELL_F64 },
    [COL_PREDICTED] = { "predicted", "", "by the engine, nothing fitted", CELL_F64 },
    [COL_ERROR] = { "error_ratio", "ratio", "predicted / measured - 1", CELL_F64 },
    [COL_FEASIBLE] = { "feasible", "", "what the engine says of a run that took place", CELL_STR },
    [COL_ASSUMED] = { "assumed", "", "lengths that the source does not state", CELL_STR },
    [COL_SCOPE] = { "scope", "", "what a joule covers", CELL_STR },
    [COL_USE] = { "use", "", "how the collection says the row should be used", CELL_STR },
    [COL_SOURCE] = { "source", "", "where it was published", CELL_STR },
};

enum { SKIP_REASON, SKIP_NAME, SKIP_N, N_SKIP_COLS };

static const struct column skip_columns[N_SKIP_COLS] = {
    [SKIP_REASON] = { "reason", "", "why values were not predicted", CELL_STR },
    [SKIP_NAME] = { "name", "", "device, model, format or runtime concerned", CELL_STR },
    [SKIP_N] = { "n", "", "values", CELL_U64 },
};

/* One call: predictions of all observations first, because the table wants to know their unit. */
struct validation {
    struct arena arena;
    struct foreign_names names;
    struct measured measured;
    struct prediction *prediction;
    const struct observation **order; /* predicted ones, largest error first */
    size_t n_predicted;
    const char *only;
};

/* 0 measured: only "fits" has a meaning there, and its error is the difference. */
static double error_of(const struct observation *o, const struct prediction *p)
{
    return o->quantity == QUANTITY_FITS ? p->value - o->value : relative_error(o->value, p->value);
}

/* Half and double are equally wrong. */
static double wrongness(const struct observation *o, const struct prediction *p)
{
    return o->quantity == QUANTITY_FITS ? fabs(p->value - o->value)
                                        : fabs(log(p->value / o->value));
}

static bool is_wanted(const struct validation *v, const struct observation *o)
{
    const char *name = quantity_name(o->quantity);

    for (const char *s = v->only; s && *s;) {
        const size_t n = strcspn(s, ",");
        if (strlen(name) == n && strncmp(s, name, n) == 0)
            return true;
        s += n + (s[n] == ',');
    }
    return !v->only;
}

static cosim_status check_only(const char *only, cosim_error *e)
{
    while (only && *only) {
        const size_t n = strcspn(only, ",");
        bool found = false;
        for (int q = 0; q < N_QUANTITIES; q++) {
            const char *name = quantity_name((enum quantity)q);
            found = found || (strlen(name) == n && strncmp(name, only, n) == 0);
        }
        if (!found) {
            const cosim_status st =
                err_set(e, COSIM_EUNKNOWN, "no phase '%.*s'", n < 60 ? (int)n : 60, only);
            err_hint(e, "there are prefill, decode, output, total, serving, ttft, tpot, "
                        "decode_time, e2e, weights, peak_memory, fits, j_per_token and power");
            return st;
        }
        only += n + (only[n] == ',');
    }
    return COSIM_OK;
}

static cosim_status predict_all(struct validation *v, cosim *c, cosim_error *e)
{
    const size_t n = v->measured.n;

    v->prediction = ARENA_NEW(&v->arena, struct prediction, n + 1);
    v->order = ARENA_NEW(&v->arena, const struct observation *, n + 1);
    if (!v->prediction || !v->order)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu predictions", n);
    for (size_t i = 0; i < n; i++) {
        const struct observation *o = &v->measured.row[i];
        struct prediction *p = &v->prediction[i];
        if (c->stop)
            return err_set(e, COSIM_EINTERRUPTED, "stopped after %zu of %zu values", i, n);
        if (!is_wanted(v, o))
            continue;
        TRY(predict(c, &v->names, o, p, &v->arena, e));
        if (!p->skip && o->value <= 0.0 && o->quantity != QUANTITY_FITS)
            p->skip = "measured as zero", p->skipped_name = o->model;
        if (!p->skip)
            v->order[v->n_predicted++] = o;
    }
    return COSIM_OK;
}

static const struct prediction *prediction_of(const struct validation *v,
                                              const struct observation *o)
{
    return &v->prediction[o - v->measured.row];
}

/* ---- rows, largest error first ---- */

struct ranked {
    double wrong;
    const struct observation *o;
};

static int by_wrongness(const void *a, const void *b)
{
    const struct ranked *s = a, *t = b;

    if (s->wrong < t->wrong || s->wrong > t->wrong)
        return s->wrong > t->wrong ? -1 : 1;
    return (s->o > t->o) - (s->o < t->o);
}

static cosim_status sort_by_error(struct validation *v, cosim_error *e)
{
    struct ranked *r = ARENA_NEW(&v->arena, struct ranked, v->n_predicted + 1);

    if (!r)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu predictions", v->n_predicted);
    for (size_t i = 0; i < v->n_predicted; i++)
        r[i] =
            (struct ranked){ wrongness(v->order[i], prediction_of(v, v->order[i])), v->order[i] };
    qsort(r, v->n_predicted, sizeof *r, by_wrongness);
    for (size_t i = 0; i < v->n_predicted; i++)
        v->order[i] = r[i].o;
    return COSIM_OK;
}

static void layout_text(const struct prediction *p, char *out, size_t size)
{
    const struct {
        const char *name;
        double degree;
    } part[] = { { "tp", p->tp }, { "pp", p->pp }, { "ep", p->ep }, { "dp", p->dp } };
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof part / sizeof *part && n < size; i++)
        if (part[i].degree > 1.0)
            n += (size_t)snprintf(out + n, size - n, "%s%s%.0f", n ? " " : "", part[i].name,
                                  part[i].degree);
}

static cosim_status set_texts(struct table *t, size_t row, const struct observation *o,
                              const struct prediction *p, cosim_error *e)
{
    char class[64], layout[64];
    const bool cpu_run = o->threads[0] && strcmp(p->device->device_class, "cpu") != 0;

    (void)snprintf(class, sizeof class, "%s%s", p->any_device ? "any" : p->device->device_class,
                   cpu_run && !p->any_device ? " (CPU)" : "");
    layout_text(p, layout, sizeof layout);
    const struct {
        size_t col;
        const char *text;
    } cell[] = {
        { COL_PHASE, quantity_name(o->quantity) },
        { COL_CLASS, class },
        { COL_DEVICE, p->any_device ? "any" : p->device->id },
        { COL_MODEL, p->model->id },
        { COL_RUNTIME, p->runtime },
        { COL_SYSTEM, o->runtime },
        { COL_FORMAT, o->format },
        { COL_W, p->w },
        { COL_A, p->a },
        { COL_KV, p->kv },
        { COL_LAYOUT, layout },
        { COL_UNIT, quantity_unit(o->quantity) },
        { COL_FEASIBLE, reject_name(p->reject) },
        { COL_ASSUMED, p->assumed },
        { COL_SCOPE, o->scope },
        { COL_USE, o->use },
        { COL_SOURCE, o->source },
    };
    for (size_t i = 0; i < sizeof cell / sizeof *cell; i++)
        TRY(table_set_str(t, row, cell[i].col, cell[i].text, e));
    return COSIM_OK;
}

static cosim_status add_row(struct table *t, const struct observation *o,
                            const struct prediction *p, cosim_error *e)
{
    size_t row;

    TRY(table_add_row(t, &row, e));
    TRY(set_texts(t, row, o, p, e));
    table_set_u64(t, row, COL_LINE, o->line);
    table_set_u64(t, row, COL_BATCH, (uint64_t)p->batch);
    table_set_u64(t, row, COL_PROMPT, (uint64_t)p->prompt_tokens);
    table_set_u64(t, row, COL_OUTPUT, (uint64_t)p->output_tokens);
    table_set_f64(t, row, COL_MEASURED, o->value);
    table_set_f64(t, row, COL_PREDICTED, p->value);
    table_set_f64(t, row, COL_ERROR, error_of(o, p));
    return COSIM_OK;
}

/* The unit of all rows, or "" when they differ: then the column unit says it row by row. */
static const char *common_unit(const struct validation *v)
{
    const char *unit = v->n_predicted > 0 ? quantity_unit(v->order[0]->quantity) : "";

    for (size_t i = 1; i < v->n_predicted; i++)
        if (strcmp(unit, quantity_unit(v->order[i]->quantity)) != 0)
            return "";
    return unit;
}

static cosim_status make_rows(struct validation *v, const char *title, struct table **t,
                              cosim_error *e)
{
    struct column col[N_COLS];

    TRY(sort_by_error(v, e));
    memcpy(col, row_columns, sizeof col);
    col[COL_MEASURED].unit = col[COL_PREDICTED].unit = common_unit(v);
    TRY(table_new(t, title, col, N_COLS, e));
    for (size_t i = 0; i < v->n_predicted; i++)
        TRY(add_row(*t, v->order[i], prediction_of(v, v->order[i]), e));
    return COSIM_OK;
}

/* ---- what was skipped ---- */

static int by_reason(const void *a, const void *b)
{
    const struct prediction *const *s = a, *const *t = b;
    const int order = strcmp((*s)->skip, (*t)->skip);

    return order != 0 ? order : strcmp((*s)->skipped_name, (*t)->skipped_name);
}

static cosim_status make_skipped(struct validation *v, const char *title, struct table **t,
                                 size_t *n_skipped, cosim_error *e)
{
    const struct prediction **s =
        ARENA_NEW(&v->arena, const struct prediction *, v->measured.n + 1);
    size_t n = 0;

    if (!s)
        return err_set(e, COSIM_ENOMEM, "out of memory for skipped values");
    TRY(table_new(t, title, skip_columns, N_SKIP_COLS, e));
    for (size_t i = 0; i < v->measured.n; i++)
        if (v->prediction[i].skip)
            s[n++] = &v->prediction[i];
    qsort(s, n, sizeof *s, by_reason);
    for (size_t i = 0, end; i < n; i = end) {
        size_t row;
        for (end = i + 1; end < n && by_reason(&s[i], &s[end]) == 0;)
            end++;
        TRY(table_add_row(*t, &row, e));
        TRY(table_set_str(*t, row, SKIP_REASON, s[i]->skip, e));
        TRY(table_set_str(*t, row, SKIP_NAME, s[i]->skipped_name, e));
        table_set_u64(*t, row, SKIP_N, end - i);
    }
    *n_skipped = n;
    return COSIM_OK;
}

/* One line per reason under the summary. */
static cosim_status note_skipped(struct table *summary, const struct table *skipped, cosim_error *e)
{
    for (size_t i = 0, end; i < skipped->n_rows; i = end) {
        const char *reason = table_cell(skipped, i, SKIP_REASON)->as.str;
        uint64_t n = 0;
        for (end = i; end < skipped->n_rows
                      && strcmp(table_cell(skipped, end, SKIP_REASON)->as.str, reason) == 0;
             end++)
            n += table_cell(skipped, end, SKIP_N)->as.u64;
        TRY(table_note(summary, e, "skipped: %llu values, %s", (unsigned long long)n, reason));
    }
    return COSIM_OK;
}

static cosim_status note_counts(struct table *summary, const struct validation *v, size_t n_skipped,
                                cosim_error *e)
{
    size_t n_unfit = 0, n_assumed = 0;

    for (size_t i = 0; i < v->n_predicted; i++) {
        const struct prediction *p = prediction_of(v, v->order[i]);
        n_unfit += v->order[i]->quantity != QUANTITY_FITS && p->reject != REJECT_NONE;
        n_assumed += p->assumed[0] != '\0';
    }
    TRY(table_note(summary, e,
                   "%s: %zu values compared, %zu skipped; %zu with assumed lengths (prompt %.0f, "
                   "output %.0f)",
                   v->measured.path, v->n_predicted, n_skipped, n_assumed, PREDICT_PROMPT_TOKENS,
                   PREDICT_OUTPUT_TOKENS));
    return n_unfit == 0
               ? COSIM_OK
               : table_note(summary, e, "%zu values were measured where the engine sees no room",
                            n_unfit);
}

static cosim_status validate(struct validation *v, cosim *c, const char *kind, const char *path,
                             const cosim_validate_options *o, cosim_table *out[3], cosim_error *e)
{
    const struct measured_kind *k = NULL;
    const char *names_path;
    size_t n_skipped = 0;

    TRY(measured_kind_find(kind, &k, e));
    TRY(check_only(v->only, e));
    TRY(context_path(&v->arena, c->workloads, "measured_names.csv", &names_path, e));
    TRY(names_load(&v->names, names_path, &v->arena, e));
    TRY(k->load(&v->measured, path, &v->arena, e));
    TRY(predict_all(v, c, e));
    TRY(make_rows(v, kind, &out[1], e));
    TRY(make_skipped(v, kind, &out[2], &n_skipped, e));
    TRY(summary_of(out[1], o && o->by ? o->by : DEFAULT_BY, &out[0], e));
    TRY(note_counts(out[0], v, n_skipped, e));
    return note_skipped(out[0], out[2], e);
}

cosim_status cosim_validate_measured(cosim *c, const char *kind, const char *path,
                                     const cosim_validate_options *o, cosim_table **summary,
                                     cosim_table **rows, cosim_table **skipped, cosim_error *e)
{
    struct validation v = { .only = o ? o->only : NULL };
    cosim_table *out[3] = { NULL, NULL, NULL };

    *summary = *rows = *skipped = NULL;
    if (o && o->size < sizeof *o)
        return err_set(e, COSIM_EUSAGE, "cosim_validate_options needs its size");
    const cosim_status st = validate(&v, c, kind, path, o, out, e);
    arena_release(&v.arena);
    if (st != COSIM_OK) {
        for (size_t i = 0; i < 3; i++)
            table_free(out[i]);
        return st;
    }
    *summary = out[0];
    *rows = out[1];
    *skipped = out[2];
    return COSIM_OK;
}
