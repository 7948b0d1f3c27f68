/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/allocate.h"

#include "core/num.h"

#include <string.h>

/* --- the plan ----------------------------------------------------------------------------------
 */

enum {
    PLAN_GROUP,
    PLAN_TENSORS,
    PLAN_LAYERS,
    PLAN_FORMAT,
    PLAN_STORED_AS,
    PLAN_BYTES,
    PLAN_BITS,
    PLAN_DECODE_S,
    PLAN_DECODE_J,
    PLAN_LOSS,
    PLAN_SOURCE
};

static const struct column plan_columns[] = {
    [PLAN_GROUP] = { "group", "", "tensors that share a format", CELL_STR },
    [PLAN_TENSORS] = { "tensors", "", "fusion set or tensor class", CELL_STR },
    [PLAN_LAYERS] = { "layers", "", "layers of the group", CELL_STR },
    [PLAN_FORMAT] = { "format", "", "chosen format", CELL_STR },
    [PLAN_STORED_AS] = { "stored_as", "", "where rows do not divide: the format used instead",
                         CELL_STR },
    [PLAN_BYTES] = { "size_bytes", "byte", "stored size with scales", CELL_U64 },
    [PLAN_BITS] = { "bits_per_weight", "bit", "stored, with scales", CELL_F64 },
    [PLAN_DECODE_S] = { "decode_s", "s", "its operators in one decode step", CELL_F64 },
    [PLAN_DECODE_J] = { "decode_j", "J", "dynamic energy of them in one decode step", CELL_F64 },
    [PLAN_LOSS] = { "added_loss_nats", "nat", "loss that the format adds", CELL_F64 },
    [PLAN_SOURCE] = { "loss_source", "", "where the added loss is from", CELL_STR },
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

/* Groups first..last of one kind that lie next to each other and are stored alike. */
struct run {
    size_t kind, choice, first, last; /* layers */
    uint64_t bytes;
    double n_weights, decode_s, decode_j, loss;
    const char *name, *stored_as, *source;
    bool done; /* this group is in an earlier run */
};

static struct run run_of(const struct allocation *al, const struct alloc_plan *plan, size_t i)
{
    const struct allocate_group *g = &al->group[i];
    const size_t f = plan->choice[i];
    const struct alloc_option *o = &al->problem.group[i].option[f];
    const struct allocate_cost *cost = allocate_cost_at(al, i, f);

    return (struct run){ g->kind,
                         f,
                         g->first,
                         g->last,
                         o->bytes,
                         g->n_weights,
                         cost->decode_s,
                         cost->decode_j,
                         o->loss,
                         al->problem.group[i].name,
                         al->stored_as[i * al->n_formats + f],
                         o->source,
                         false };
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool joins(const struct run *a, const struct run *b)
{
    return a->kind == b->kind && a->choice == b->choice && b->first == a->last + 1
           && same_text(a->stored_as, b->stored_as) && same_text(a->source, b->source);
}

static void join(struct run *a, const struct run *b)
{
    a->last = b->last;
    a->bytes += b->bytes;
    a->n_weights += b->n_weights;
    a->decode_s += b->decode_s;
    a->decode_j += b->decode_j;
    a->loss += b->loss;
    a->name = NULL;
}

static cosim_status run_row(struct allocation *al, const struct run *r, struct table *t,
                            cosim_error *e)
{
    const char *kind = al->kind[r->kind].name;
    const char *layers =
        arena_printf(&al->arena, r->first == r->last ? "%zu" : "%zu-%zu", r->first, r->last);
    const char *name =
        r->name ? r->name : arena_printf(&al->arena, "%s@%s", kind, layers ? layers : "");
    size_t row;

    TRY(table_add_row(t, &row, e));
    TRY(table_set_str(t, row, PLAN_GROUP, name, e));
    TRY(table_set_str(t, row, PLAN_TENSORS, kind, e));
    TRY(table_set_str(t, row, PLAN_LAYERS, layers, e));
    TRY(table_set_str(t, row, PLAN_FORMAT, al->format[r->choice].format->id, e));
    TRY(table_set_str(t, row, PLAN_STORED_AS, r->stored_as, e));
    table_set_u64(t, row, PLAN_BYTES, r->bytes);
    table_set_f64(t, row, PLAN_BITS, 8.0 * (double)r->bytes / r->n_weights);
    table_set_f64(t, row, PLAN_DECODE_S, r->decode_s);
    table_set_f64(t, row, PLAN_DECODE_J, r->decode_j);
    table_set_f64(t, row, PLAN_LOSS, r->loss);
    return table_set_str(t, row, PLAN_SOURCE, r->source, e);
}

/* Groups stand layer by layer: the next one of the same kind is some places on. */
static cosim_status plan_rows(struct allocation *al, const struct alloc_plan *plan, bool merged,
                              struct table *t, cosim_error *e)
{
    const size_t n = al->problem.n_groups;
    struct run *r = ARENA_NEW(&al->arena, struct run, n);

    if (!r)
        return err_set(e, COSIM_ENOMEM, "out of memory for %zu rows", n);
    for (size_t i = 0; i < n; i++)
        r[i] = run_of(al, plan, i);
    for (size_t kind = 0; kind < al->n_kinds; kind++)
        for (size_t i = 0; i < n; i++) {
            if (r[i].kind != kind || r[i].done || !merged)
                continue;
            for (size_t k = i + 1; k < n; k++)
                if (!r[k].done && joins(&r[i], &r[k])) {
                    join(&r[i], &r[k]);
                    r[k].done = true;
                }
            TRY(run_row(al, &r[i], t, e));
        }
    for (size_t i = 0; i < n && !merged; i++)
        TRY(run_row(al, &r[i], t, e));
    return COSIM_OK;
}

static cosim_status note_method(const struct allocation *al, const struct alloc_plan *plan,
                                struct table *t, cosim_error *e)
{
    static const struct {
        const char *name, *doc;
    } methods[] = {
        { "dp", "dynamic programming over sizes" },
        { "ilp", "integer program (GLPK), proved optimal" },
        { "lagrange", "Lagrangian relaxation: a corner of the hull" },
    };
    const char *doc = "";

    for (size_t i = 0; i < COUNT(methods); i++)
        if (strcmp(methods[i].name, plan->method) == 0)
            doc = methods[i].doc;
    TRY(table_note(t, e, "method %s%s: %s", plan->method, al->o->method ? "" : " (picked)", doc));
    if (is_known(plan->loss_bound) && plan->loss > plan->loss_bound * (1.0 + 1e-9))
        TRY(table_note(t, e, "no plan within the limits adds less than %.6g nats",
                       plan->loss_bound));
    return COSIM_OK;
}

static cosim_status note_values(const struct allocation *al, const struct alloc_plan *plan,
                                struct table *t, cosim_error *e)
{
    TRY(table_note(t, e,
                   "weights %.6g GB: allocated %llu bytes (%.4f bits per weight), the rest "
                   "stays at 16 bits, %.6g GB",
                   (al->fixed.bytes + (double)plan->bytes) / 1e9, (unsigned long long)plan->bytes,
                   8.0 * (double)plan->bytes / al->n_weights, al->fixed.bytes / 1e9));
    return table_note(
        t, e,
        "predicted: ppl_increase_ratio %.6g, memory_bytes %.6g, tpot_s %.6g, "
        "j_per_token %.6g",
        allocate_value(al, plan, ALLOCATE_PPL), allocate_value(al, plan, ALLOCATE_MEMORY),
        allocate_value(al, plan, ALLOCATE_TPOT), allocate_value(al, plan, ALLOCATE_ENERGY));
}

/* Every label that occurs, with what it means. */
cosim_status allocate_note_losses(const struct allocation *al, struct table *t, cosim_error *e)
{
    const char *seen[8];
    size_t n = 0;

    for (size_t i = 0; i < al->problem.n_groups * al->n_formats && n < COUNT(seen); i++) {
        const char *source = al->option[i].barred ? NULL : al->option[i].source;
        size_t k = 0;
        while (source && k < n && strcmp(seen[k], source) != 0)
            k++;
        if (source && k == n) {
            seen[n++] = source;
            TRY(table_note(t, e, "losses: %s", source));
        }
    }
    for (size_t k = 0; k < n; k++)
        if (strcmp(seen[k], "sensitivity table") == 0)
            TRY(table_note(t, e,
                           "assumed: a table's nats are the logarithm of the perplexity ratio"));
    return table_note(t, e, "assumed: losses of groups add up (small losses)");
}

/* What the sums over groups cannot say exactly. */
static cosim_status note_engine(struct allocation *al, const struct alloc_plan *plan,
                                const char *scheme, struct table *t, cosim_error *e)
{
    const double summed = allocate_value(al, plan, ALLOCATE_TPOT);
    size_t forms[N_ALLOCATE_METRICS] = { 0 };
    struct point p;

    TRY(allocate_engine_point(al, scheme, &p, e));
    if (p.metric[METRIC_TPOT] < summed * (1.0 - 1e-9))
        TRY(table_note(t, e,
                       "products of equal formats are joined when it runs: tpot_s %.6g, not %.6g",
                       p.metric[METRIC_TPOT], summed));
    for (size_t r = 0; r < al->problem.n_resources; r++)
        forms[al->form[r].metric]++;
    for (int m = 0; m < N_ALLOCATE_METRICS; m++)
        if (forms[m] > 1 && al->ask.weight[m] > 0.0)
            TRY(table_note(t, e, "launches may bind: %s was weighed as if they did not",
                           allocate_metric_name((enum allocate_metric)m)));
    return COSIM_OK;
}

static cosim_status show_plan(struct allocation *al, bool merged, struct table **t, cosim_error *e)
{
    struct alloc_plan plan;
    const char *scheme;

    TRY(allocate_solve(al, &plan, e));
    const char *title = arena_printf(&al->arena, "weight formats of %s on %s", al->model->id,
                                     al->rates->device->id);
    TRY(table_new(t, title ? title : "weight formats", plan_columns, COUNT(plan_columns), e));
    TRY(plan_rows(al, &plan, merged, *t, e));
    TRY(note_method(al, &plan, *t, e));
    TRY(note_values(al, &plan, *t, e));
    TRY(allocate_note_losses(al, *t, e));
    TRY(allocate_scheme(al, &plan, &scheme, e));
    TRY(note_engine(al, &plan, scheme, *t, e));
    if (strlen(scheme) >= sizeof((struct list_walk *)NULL)->token)
        TRY(table_note(*t, e,
                       "the scheme has %zu characters, --w takes %zu: --blocks makes it shorter",
                       strlen(scheme), sizeof((struct list_walk *)NULL)->token - 1));
    return table_note(*t, e, "scheme: %s", scheme);
}

cosim_status allocate_table_plan(struct allocation *al, struct table **t, cosim_error *e)
{
    return show_plan(al, true, t, e);
}

cosim_status allocate_table_groups(struct allocation *al, struct table **t, cosim_error *e)
{
    return show_plan(al, false, t, e);
}

cosim_status allocate_table_scheme(struct allocation *al, struct table **t, cosim_error *e)
{
    static const struct column columns[] = {
        { "scheme", "", "for --w of the other commands", CELL_STR },
    };
    struct alloc_plan plan;
    const char *scheme;
    size_t row;

    TRY(allocate_solve(al, &plan, e));
    TRY(allocate_scheme(al, &plan, &scheme, e));
    TRY(table_new(t, "weight scheme", columns, COUNT(columns), e));
    TRY(table_add_row(*t, &row, e));
    return table_set_str(*t, row, 0, scheme, e);
}

/* --- barred options -----------------------------------------------------------------------------
 */

cosim_status allocate_table_barred(struct allocation *al, struct table **t, cosim_error *e)
{
    static const struct column columns[] = {
        { "format", "", "format that is not allowed", CELL_STR },
        { "reason", "", "why", CELL_STR },
        { "groups", "", "groups that may not take it", CELL_U64 },
        { "first_group", "", "one of them", CELL_STR },
    };

    TRY(table_new(t, "formats that the rules exclude", columns, COUNT(columns), e));
    for (size_t f = 0; f < al->n_formats; f++)
        for (size_t i = 0; i < al->problem.n_groups; i++) {
            const char *why = al->problem.group[i].option[f].barred;
            size_t row = 0;
            if (!why)
                continue;
            while (row < (*t)->n_rows
                   && (strcmp(table_cell(*t, row, 0)->as.str, al->format[f].format->id) != 0
                       || strcmp(table_cell(*t, row, 1)->as.str, why) != 0))
                row++;
            if (row < (*t)->n_rows) {
                table_set_u64(*t, row, 2, table_cell(*t, row, 2)->as.u64 + 1);
                continue;
            }
            TRY(table_add_row(*t, &row, e));
            TRY(table_set_str(*t, row, 0, al->format[f].format->id, e));
            TRY(table_set_str(*t, row, 1, why, e));
            table_set_u64(*t, row, 2, 1);
            TRY(table_set_str(*t, row, 3, al->problem.group[i].name, e));
        }
    return COSIM_OK;
}
