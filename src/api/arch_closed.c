/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The paper's closed forms with the effective rates of the device, beside NLopt's minimum. */
#include "api/arch.h"

#include "core/num.h"
#include "law/codesign_check.h"

#include <math.h>

/* Times of one prefill and of one decode step that the closed forms may use. */
struct times {
    double prefill_s, decode_s;
    bool shared; /* a budget of the whole request, parted as the reference parts it */
};

static cosim_status find_times(struct times *t, const struct arch_study *s, cosim_error *e)
{
    const double *ref = s->reference_facts.metric;
    const double scale = s->max[ARCH_E2E] / ref[METRIC_E2E];

    t->prefill_s = s->max[ARCH_TTFT];
    t->decode_s = s->max[ARCH_TPOT];
    t->shared = is_known(scale) && (!is_known(t->prefill_s) || !is_known(t->decode_s));
    if (!is_known(t->prefill_s))
        t->prefill_s = scale * ref[METRIC_TTFT];
    if (!is_known(t->decode_s))
        t->decode_s = scale * ref[METRIC_TPOT];
    if (is_known(t->prefill_s) && is_known(t->decode_s))
        return COSIM_OK;
    const cosim_status st = err_set(e, COSIM_EUSAGE, "the closed forms need budgets of time");
    err_hint(e, "give --max e2e_s, or ttft_s and tpot_s");
    return st;
}

/* The best whole design, the rates of the device and the bytes of its formats, as the paper counts.
 */
static void make_case(struct codesign_case *c, const struct arch_study *s, const struct times *t,
                      const struct arch_design *a)
{
    const struct space *x = &s->r.space;
    const struct rates *r = &x->rates[0];
    const struct arch_precision *p = &s->precision[a->precision];
    const struct plan *plan = &x->plan[p->w * x->n[AXIS_KV] + p->kv];
    const struct plan_tensor *q = &plan->cls[0].tensor[TENSOR_ATTN_Q];
    const enum precision math = format_math(q->format, x->a[p->a]);
    const double prompt = x->number[AXIS_PROMPT][0], output = x->number[AXIS_OUTPUT][0];
    const double batch = x->number[AXIS_BATCH][0], head = s->shape.head_dim;
    const double mean_kv = prompt + 0.5 * (output + 1.0);
    const double kv_bits = 0.5
                           * (format_kv_bits(plan->cls[0].k_format, head, mean_kv)
                              + format_kv_bits(plan->cls[0].v_format, head, mean_kv));

    *c = (struct codesign_case){
        .p = law_codesign.constants[0].p,
        .gqa = a->gqa,
        .ffn_ratio = a->ffn_ratio,
        .active_ratio = a->active_experts / a->experts,
        .decode = { a->width, q->bits / 8.0, kv_bits / 8.0, batch * mean_kv },
        .flops_per_token = t->prefill_s / r->s_per_flop[math].value / (batch * prompt),
        .bytes_per_token = t->decode_s / r->rate[RATE_S_PER_MEM_BYTE].value,
        .memory_bytes = s->max[ARCH_MEMORY],
    };
}

/* What a reader must know of a value; NULL = nothing. */
static const char *remark(enum codesign_form form, double closed, double numeric)
{
    const bool is_gqa = form == FORM_GQA_PREFILL || form == FORM_GQA_DECODE;
    const bool is_ffn = form == FORM_FFN_PREFILL || form == FORM_FFN_DECODE;

    if (form == FORM_ACTIVE_DECODE_PRINTED)
        return "its algebra slips: it misses the point where both budgets bind";
    if (is_gqa ? closed < 1.0 : !is_ffn && closed > 1.0)
        return "cannot be built: nearest is 1";
    if (form != FORM_ACTIVE_MEMORY && fabs(closed / numeric - 1.0) > 1e-3)
        return "both budgets bind there, but the least loss is where memory alone does";
    return NULL;
}

static cosim_status form_row(struct table *t, enum codesign_form form,
                             const struct codesign_case *c, cosim_error *e)
{
    const struct codesign_form_info *info = &codesign_form_table[form];
    cosim_error why = { .status = COSIM_OK };
    double closed = UNKNOWN_F64, numeric, loss;
    size_t r;

    const cosim_status st = codesign_closed(&closed, form, c, &why);
    if (st != COSIM_OK && st != COSIM_ENO)
        return err_set(e, st, "%s", why.msg);
    TRY(codesign_minimum(&numeric, &loss, form, c, e));
    TRY(table_add_row(t, &r, e));
    TRY(table_set_str(t, r, 0, info->equation, e));
    TRY(table_set_str(t, r, 1, info->budgets, e));
    TRY(table_set_str(t, r, 2, info->variable, e));
    table_set_f64(t, r, 4, numeric);
    table_set_f64(t, r, 7, loss);
    if (st == COSIM_ENO)
        return table_set_str(t, r, 8, why.msg, e);
    table_set_f64(t, r, 3, closed);
    table_set_f64(t, r, 5, closed / numeric - 1.0);
    table_set_f64(t, r, 6, codesign_along(form, c, closed));
    return table_set_str(t, r, 8, remark(form, closed, numeric), e);
}

static cosim_status closed_rows(struct table *t, const struct arch_study *s, cosim_error *e)
{
    struct arch_point best;
    struct codesign_case c;
    struct times times;

    TRY(find_times(&times, s, e));
    TRY(arch_optimum(&best, s, ARCH_DEPTH_WHOLE, e));
    make_case(&c, s, &times, &best.arch);
    for (int form = 0; form < N_CODESIGN_FORMS; form++)
        TRY(form_row(t, (enum codesign_form)form, &c, e));
    TRY(table_note(
        t, e,
        "at the best design: width %g, gqa %g, FFN ratio %g, active share %g; the form's "
        "variable is replaced, depth saturates its budgets",
        c.decode.width, c.gqa, c.ffn_ratio, c.active_ratio));
    TRY(table_note(t, e,
                   "budgets: %.6g flops per prompt token, %.6g bytes per decoded token, %.6g bytes "
                   "of memory; weights of %g bytes, KV of %g bytes",
                   c.flops_per_token, c.bytes_per_token, c.memory_bytes, c.decode.w_bytes,
                   c.decode.kv_bytes));
    TRY(table_note(t, e,
                   "counted as the paper does: no embeddings, no head, no quadratic attention; the "
                   "numeric minimum is of the same loss along the same budgets, by NLopt"));
    if (times.shared)
        TRY(table_note(t, e, "the budget of e2e_s is parted into prefill and decode as %s parts it",
                       s->reference->id));
    return arch_describe(t, s, e);
}

cosim_status arch_show_closed(struct table **t, const struct arch_study *s, cosim_error *e)
{
    static const struct column column[] = {
        { "equation", "", "of the paper, and ours", CELL_STR },
        { "budgets", "", "that bind", CELL_STR },
        { "variable", "", "what is optimal", CELL_STR },
        { "closed", "", "by the closed form", CELL_F64 },
        { "numeric", "", "NLopt's minimum of the loss along the budgets", CELL_F64 },
        { "difference_ratio", "", "closed / numeric - 1", CELL_F64 },
        { "closed_loss", "nat", "loss at the closed form", CELL_F64 },
        { "numeric_loss", "nat", "loss at the minimum", CELL_F64 },
        { "remark", "", "why there is none, or cannot be built", CELL_STR },
    };

    TRY(table_new(t, "closed forms and numeric minima", column, sizeof column / sizeof *column, e));
    const cosim_status st = closed_rows(*t, s, e);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}
