/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alloc/glpk_guard.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>

cosim_status glpk_optimise(glp_prob *lp, double seconds, const char *infeasible, cosim_error *e)
{
    glp_iocp how;

    glp_init_iocp(&how);
    how.msg_lev = GLP_MSG_OFF;
    how.presolve = GLP_ON;
    how.mip_gap = 0.0;
    if (seconds > 0.0)
        how.tm_lim = seconds * 1000.0 < (double)INT_MAX ? (int)ceil(seconds * 1000.0) : INT_MAX;
    const int rc = glp_intopt(lp, &how);
    if (rc == GLP_ENOPFS || rc == GLP_ENODFS)
        return err_set(e, COSIM_ENO, "%s", infeasible);
    if (rc == GLP_ETMLIM)
        return err_set(e, COSIM_EINTERRUPTED, "no proved optimum within %g s", seconds);
    if (rc != 0)
        return err_set(e, COSIM_EINTERNAL, "the integer solver failed (GLPK code %d)", rc);
    if (glp_mip_status(lp) == GLP_NOFEAS)
        return err_set(e, COSIM_ENO, "%s", infeasible);
    if (glp_mip_status(lp) != GLP_OPT)
        return err_set(e, COSIM_EINTERNAL, "the integer solver ended in state %d",
                       glp_mip_status(lp));
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
