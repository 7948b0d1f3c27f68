/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/metric_errors.h"

#include "core/csv.h"
#include "eval/metric.h"

#include <string.h>

static const struct rec_field fields[] = {
    { "metric", REC_STR, offsetof(struct metric_error, metric), 0, 0, 0,
      REC_REQUIRED | REC_UNIQUE },
    { "error_ratio", REC_F64, offsetof(struct metric_error, error_ratio), 0, 0, 0.999,
      REC_REQUIRED },
    { "count", REC_F64, offsetof(struct metric_error, count), 0, 1, 1e9, REC_REQUIRED },
    { "source", REC_STR, offsetof(struct metric_error, source), 0, 0, 0, REC_REQUIRED },
};

cosim_status metric_errors_load(struct metric_errors *m, cosim *c, struct arena *a, cosim_error *e)
{
    const char *path;
    struct csv_doc doc;
    void *rows = NULL;

    TRY(context_path(a, c->hwdb, "metric_errors.csv", &path, e));
    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, fields, sizeof fields / sizeof *fields, sizeof(struct metric_error),
                    &rows, a, e));
    *m = (struct metric_errors){ rows, doc.n_rows };
    for (size_t i = 0; i < m->n; i++) {
        const struct src_pos at = csv_pos(&doc, csv_cell(&doc, i, 0));
        if (metric_find(m->row[i].metric) == N_METRICS)
            return err_at(e, COSIM_EUNKNOWN, &at, "unknown metric '%s'", m->row[i].metric);
    }
    return COSIM_OK;
}

const struct metric_error *metric_error_find(const struct metric_errors *m, const char *metric)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->row[i].metric, metric) == 0)
            return &m->row[i];
    return NULL;
}
