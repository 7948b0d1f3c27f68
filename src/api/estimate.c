/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/compat.h"
#include "api/resolve.h"
#include "api/rows.h"

#define ESTIMATE_POINTS_MAX 10000u

static cosim_status fill(struct table *t, const struct resolved *r, cosim_error *e)
{
    struct walker w;
    cosim_status st = walker_init(&w, &r->space, e);

    for (uint64_t id = 0; st == COSIM_OK && id < r->space.n_points; id++)
        st = point_table_add(t, r, &w, id, false, e);
    walker_release(&w);
    return st;
}

static cosim_status estimate(cosim *c, const cosim_study *s, struct resolved *r, cosim_table **t,
                             cosim_error *e)
{
    TRY(resolve(r, c, s, e));
    if (r->space.n_points > ESTIMATE_POINTS_MAX) {
        const cosim_status st = err_set(e, COSIM_ERANGE, "%llu points are too many to list",
                                        (unsigned long long)r->space.n_points);
        err_hint(e, "use 'cosim sweep', which keeps the non-dominated ones");
        return st;
    }
    const struct setting peer = study_get(s, STUDY_COMPAT);
    if (peer.text)
        return compat_estimate(r, peer.text, t, e);
    TRY(point_table_new(t, "estimate", e));
    return fill(*t, r, e);
}

cosim_status cosim_estimate(cosim *c, const cosim_study *s, cosim_table **t, cosim_error *e)
{
    struct resolved r = { 0 };

    *t = NULL;
    const cosim_status st = estimate(c, s, &r, t, e);
    resolved_release(&r);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
