/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/alloc.h"

#include "core/num.h"

static cosim_status finish(struct table **t, cosim_status st)
{
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

static cosim_status plan_rows(struct table *t, const struct alloc_problem *p,
                              const struct alloc_plan *plan, cosim_error *e)
{
    for (size_t i = 0; i < p->n_groups; i++) {
        const struct alloc_option *o = &p->group[i].option[plan->choice[i]];
        size_t row;

        TRY(table_add_row(t, &row, e));
        TRY(table_set_str(t, row, 0, p->group[i].name, e));
        TRY(table_set_str(t, row, 1, o->name, e));
        table_set_u64(t, row, 2, o->bytes);
        table_set_f64(t, row, 3, o->loss);
        TRY(table_set_str(t, row, 4, o->source, e));
        if (p->group[i].fusion)
            table_set_u64(t, row, 5, p->group[i].fusion);
    }
    TRY(table_note(t, e, "%llu bytes, added loss %.6g, by %s", (unsigned long long)plan->bytes,
                   plan->loss, plan->method));
    if (is_known(plan->loss_bound))
        TRY(table_note(t, e, "no plan within the limits adds less than %.6g", plan->loss_bound));
    for (size_t r = 0; r < p->n_resources; r++)
        TRY(table_note(t, e, "%s: %.6g", p->resource[r], plan->use[r]));
    return COSIM_OK;
}

cosim_status alloc_plan_table(struct table **t, const struct alloc_problem *p,
                              const struct alloc_plan *plan, cosim_error *e)
{
    static const struct column column[] = {
        { "group", "", "tensors that share a format", CELL_STR },
        { "format", "", "chosen format", CELL_STR },
        { "size_bytes", "byte", "stored size with scales", CELL_U64 },
        { "added_loss", "", "loss that the format adds", CELL_F64 },
        { "loss_source", "", "where the added loss is from", CELL_STR },
        { "fusion", "", "groups with this number share a format", CELL_U64 },
    };

    TRY(table_new(t, "bit allocation", column, sizeof column / sizeof *column, e));
    return finish(t, plan_rows(*t, p, plan, e));
}

static cosim_status frontier_rows(struct table *t, const struct alloc_frontier *f, cosim_error *e)
{
    for (size_t i = 0; i < f->n; i++) {
        size_t row;

        TRY(table_add_row(t, &row, e));
        table_set_u64(t, row, 0, i);
        table_set_u64(t, row, 1, f->point[i].bytes);
        table_set_f64(t, row, 2, f->point[i].loss);
    }
    if (f->bucket_bytes == 1)
        return table_note(t, e,
                          "exact: every plan is on this front or dominated by it (%zu labels)",
                          f->n_labels);
    return table_note(t, e,
                      "sizes were rounded up to %llu bytes per group while searching: plans and "
                      "their sums are exact, but better ones may be missing",
                      (unsigned long long)f->bucket_bytes);
}

cosim_status alloc_frontier_table(struct table **t, const struct alloc_frontier *f, cosim_error *e)
{
    static const struct column column[] = {
        { "point", "", "index on the front", CELL_U64 },
        { "size_bytes", "byte", "stored size", CELL_U64 },
        { "added_loss", "", "sum of the added losses", CELL_F64 },
    };

    TRY(table_new(t, "size and loss", column, sizeof column / sizeof *column, e));
    return finish(t, frontier_rows(*t, f, e));
}

static cosim_status barred_rows(struct table *t, const struct alloc_problem *p, cosim_error *e)
{
    for (size_t i = 0; i < p->n_groups; i++)
        for (size_t k = 0; k < p->group[i].n_options; k++) {
            const struct alloc_option *o = &p->group[i].option[k];
            size_t row;

            if (!o->barred)
                continue;
            TRY(table_add_row(t, &row, e));
            TRY(table_set_str(t, row, 0, p->group[i].name, e));
            TRY(table_set_str(t, row, 1, o->name, e));
            TRY(table_set_str(t, row, 2, o->barred, e));
        }
    return COSIM_OK;
}

cosim_status alloc_barred_table(struct table **t, const struct alloc_problem *p, cosim_error *e)
{
    static const struct column column[] = {
        { "group", "", "tensors that share a format", CELL_STR },
        { "format", "", "format that is not allowed", CELL_STR },
        { "reason", "", "why", CELL_STR },
    };

    TRY(table_new(t, "formats that the rules exclude", column, sizeof column / sizeof *column, e));
    return finish(t, barred_rows(*t, p, e));
}
