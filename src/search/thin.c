/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/thin.h"

#include "core/num.h"
#include "search/eps_archive.h"

/* How an objective is cut; values are turned into ones that boxes can be made of. */
struct cut {
    double eps;
    int sign; /* 1 all positive, -1 all negative (a maximised one: 1/|f| falls with it), 0 neither
               */
};

static struct cut cut_of(const double *f, size_t n, double eps)
{
    double lo = f[0], hi = f[0];

    for (size_t i = 1; i < n; i++) {
        lo = min_f64(lo, f[i]);
        hi = max_f64(hi, f[i]);
    }
    if (lo > 0.0 || hi < 0.0)
        return (struct cut){ eps, lo > 0.0 ? 1 : -1 };
    return (struct cut){ hi > lo ? eps * (hi - lo) : eps, 0 };
}

static double boxed(const struct cut *c, double f)
{
    return c->sign < 0 ? -1.0 / f : f;
}

static cosim_status fill_boxes(struct eps_archive *boxes, const struct archive *a,
                               const struct cut *cut, cosim_error *e)
{
    double x[ARCHIVE_MAX_OBJ];

    for (size_t i = 0; i < archive_size(a); i++) {
        for (size_t j = 0; j < archive_n_obj(a); j++)
            x[j] = boxed(&cut[j], archive_objective(a, j)[i]);
        TRY(eps_archive_add(boxes, archive_ids(a)[i], x, NULL, e));
    }
    eps_archive_sort(boxes);
    return COSIM_OK;
}

/* Members of `a` whose ids the boxes hold; both are in the order of ids. */
static cosim_status keep(struct archive *thin, const struct eps_archive *boxes,
                         const struct archive *a, cosim_error *e)
{
    double x[ARCHIVE_MAX_OBJ];

    for (size_t i = 0, k = 0; i < archive_size(a) && k < eps_archive_size(boxes); i++) {
        if (archive_ids(a)[i] != eps_archive_id(boxes, k))
            continue;
        for (size_t j = 0; j < archive_n_obj(a); j++)
            x[j] = archive_objective(a, j)[i];
        TRY(archive_add(thin, archive_ids(a)[i], x, NULL, e));
        k++;
    }
    return archive_sort(thin, e);
}

cosim_status archive_thin(struct archive **a, double eps, cosim_error *e)
{
    const size_t m = archive_n_obj(*a);
    struct cut cut[ARCHIVE_MAX_OBJ];
    double width[ARCHIVE_MAX_OBJ];
    bool log_scale[ARCHIVE_MAX_OBJ];
    struct eps_archive *boxes = NULL;
    struct archive *thin = NULL;

    TRY(archive_sort(*a, e));
    if (archive_size(*a) == 0)
        return COSIM_OK;
    for (size_t j = 0; j < m; j++) {
        cut[j] = cut_of(archive_objective(*a, j), archive_size(*a), eps);
        width[j] = cut[j].eps;
        log_scale[j] = cut[j].sign != 0;
    }
    cosim_status st = eps_archive_new(&boxes, m, width, log_scale, e);
    if (st == COSIM_OK)
        st = fill_boxes(boxes, *a, cut, e);
    if (st == COSIM_OK)
        st = archive_new(&thin, m, e);
    if (st == COSIM_OK)
        st = keep(thin, boxes, *a, e);
    eps_archive_free(boxes);
    if (st != COSIM_OK) {
        archive_free(thin);
        return st;
    }
    archive_free(*a);
    *a = thin;
    return COSIM_OK;
}
