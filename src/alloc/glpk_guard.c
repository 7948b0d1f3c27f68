/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/glpk_guard.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>

/* What the tree of a search has come to. */
struct watch {
    size_t max_nodes, n_nodes;
    double bound;
};

/* Called when a node is chosen: the least bound of those that are open holds for all. */
static void look(glp_tree *tree, void *info)
{
    struct watch *w = info;

    if (glp_ios_reason(tree) != GLP_ISELECT)
        return;
    const int best = glp_ios_best_node(tree);
    if (best)
        w->bound = glp_ios_node_bound(tree, best);
    if (w->max_nodes > 0 && ++w->n_nodes > w->max_nodes)
        glp_ios_terminate(tree);
}

cosim_status glpk_optimise(glp_prob *lp, const struct glpk_limit *limit, const char *infeasible,
                           double *bound, cosim_error *e)
{
    struct watch watch = { .max_nodes = limit->max_nodes };
    const double ms = limit->seconds * 1000.0;
    glp_iocp how;

    glp_init_iocp(&how);
    how.msg_lev = GLP_MSG_OFF;
    how.presolve = GLP_ON;
    how.mip_gap = 0.0;
    how.cb_func = look;
    how.cb_info = &watch;
    if (ms > 0.0)
        how.tm_lim = ms < (double)INT_MAX ? (int)ceil(ms) : INT_MAX;
    const int rc = glp_intopt(lp, &how);
    const int state = glp_mip_status(lp);
    if (rc == GLP_ENOPFS || rc == GLP_ENODFS || (rc == 0 && state == GLP_NOFEAS))
        return err_set(e, COSIM_ENO, "%s", infeasible);
    if (rc == GLP_ETMLIM)
        return err_set(e, COSIM_EINTERRUPTED, "no proved optimum within %g s", limit->seconds);
    if (rc == GLP_ESTOP && state != GLP_FEAS)
        return err_set(e, COSIM_ERANGE, "the integer solver found nothing in %zu nodes",
                       limit->max_nodes);
    if (rc != 0 && rc != GLP_ESTOP)
        return err_set(e, COSIM_EINTERNAL, "the integer solver failed (GLPK code %d)", rc);
    if (rc == 0 && state != GLP_OPT)
        return err_set(e, COSIM_EINTERNAL, "the integer solver ended in state %d", state);
    if (bound)
        *bound = rc == 0 ? glp_mip_obj_val(lp) : fmin(watch.bound, glp_mip_obj_val(lp));
    return COSIM_OK;
}

static void leave(void *jump)
{
    longjmp(*(jmp_buf *)jump, 1);
}

/* GLPK aborts on its internal errors; the jump turns that into a status. */
cosim_status glpk_guarded(cosim_status (*body)(void *ctx, cosim_error *e), void *ctx,
                          cosim_error *e)
{
    const int had_env = glp_init_env();
    jmp_buf back;

    if (had_env != 0 && had_env != 1)
        return err_set(e, COSIM_EINTERNAL, "the integer solver does not start (%d)", had_env);
    const int had_output = glp_term_out(GLP_OFF);
    if (setjmp(back)) {
        /* its state is lost with the error: all of the thread's GLPK memory goes */
        glp_error_hook(NULL, NULL);
        glp_free_env();
        return err_set(e, COSIM_EINTERNAL, "the integer solver gave up (GLPK internal error)");
    }
    glp_error_hook(leave, &back);
    const cosim_status st = body(ctx, e);
    glp_error_hook(NULL, NULL);
    glp_term_out(had_output);
    if (!had_env)
        glp_free_env();
    return st;
}
