/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a candidate of a joint search loses. Perplexity is measured for whole models in one format:
 * ln(1 + increase) of each format is shared out, over the matrices of the layers by parameters and
 * over the cache by layers, and added up. A candidate with one format everywhere so keeps exactly
 * what was measured. That losses add up, and that a share of the parameters makes that share of the
 * loss, are assumptions. [ours] Tables of sensitivities, where given, take the place of the shares.
 */
#include "api/joint.h"

#include "api/law_quality.h"
#include "core/num.h"
#include "law/arch_search.h"

#include <string.h>

/* Parameters of each part and block. */
struct shares {
    const struct joint *j;
    double count[JOINT_PARTS_MAX][JOINT_BLOCKS_MAX], all;
    size_t n_layers;
};

size_t joint_part_of(const struct joint *j, int tensor)
{
    size_t part = j->n_parts;

    while (part > 0 && !(j->part[part - 1].tensors & (1u << (unsigned)tensor)))
        part--;
    return part - 1; /* none: SIZE_MAX */
}

static int add_tensor(const struct model_tensor *t, void *user)
{
    struct shares *s = user;
    const size_t part = joint_part_of(s->j, t->tensor);
    size_t block = 0;

    if (part == SIZE_MAX || t->layer == SIZE_MAX)
        return 0;
    while (joint_span_of(block, s->j->n_blocks, s->n_layers).last <= t->layer)
        block++;
    s->count[part][block] += t->row_elems * t->n_rows;
    s->all += t->row_elems * t->n_rows;
    return 0;
}

static double shared_weights_ln(const struct joint *j, const struct joint_choice *c,
                                const struct model *m)
{
    const struct space *s = &j->r.space;
    const double *ln = j->w_ln + c->digit[AXIS_MODEL] * s->n[AXIS_W] * s->n[AXIS_A];
    const size_t n_a = s->n[AXIS_A], a = c->digit[AXIS_A];
    struct shares share = { .j = j, .n_layers = m->n_layers };
    double sum = 0.0;

    if (j->n_parts == 0)
        return ln[c->digit[AXIS_W] * n_a + a];
    (void)model_each_tensor(m, add_tensor, &share);
    for (size_t p = 0; p < j->n_parts; p++)
        for (size_t b = 0; b < j->n_blocks; b++)
            if (share.count[p][b] > 0.0)
                sum += share.count[p][b] / share.all * ln[c->w[p][b] * n_a + a];
    return sum;
}

static double weights_ln(const struct joint *j, const struct joint_choice *c, const struct model *m)
{
    const size_t n_layers = m->n_layers, n_formats = j->r.space.n[AXIS_W];
    double sum = 0.0;

    if (!j->w_loss)
        return shared_weights_ln(j, c, m);
    for (size_t p = 0; p < j->n_parts; p++)
        for (size_t b = 0; b < j->n_blocks; b++) {
            const struct joint_span s = joint_span_of(b, j->n_blocks, n_layers);
            for (size_t l = s.first; l < s.last; l++)
                sum += j->w_loss[(p * n_layers + l) * n_formats + c->w[p][b]];
        }
    return sum;
}

static double cache_ln(const struct joint *j, const struct joint_choice *c, size_t n_layers)
{
    const size_t n_kv = j->r.space.n[AXIS_KV];
    const double *ln = j->kv_ln + c->digit[AXIS_MODEL] * n_kv;
    double sum = 0.0;

    if (j->n_kv_blocks < 2)
        return ln[c->digit[AXIS_KV]];
    for (size_t b = 0; b < j->n_kv_blocks; b++) {
        const struct joint_span s = joint_span_of(b, j->n_kv_blocks, n_layers);
        if (!j->kv_loss && s.last > s.first)
            sum += (double)(s.last - s.first) / (double)n_layers * ln[c->kv[b]];
        for (size_t l = s.first; j->kv_loss && l < s.last; l++)
            sum += j->kv_loss[l * n_kv + c->kv[b]];
    }
    return sum;
}

/* Whether every block has the format of the first one. */
static bool is_uniform(const struct joint *j, const struct joint_choice *c)
{
    for (size_t p = 0; p < j->n_parts; p++)
        for (size_t b = 0; b < j->n_blocks; b++)
            if (c->w[p][b] != c->w[0][0])
                return false;
    for (size_t b = 1; j->n_kv_blocks > 1 && b < j->n_kv_blocks; b++)
        if (c->kv[b] != c->kv[0])
            return false;
    return true;
}

/* One format everywhere: what was measured of the combination, if anything was. */
static bool measured_whole(const struct joint *j, const struct joint_choice *c, struct quality *q)
{
    size_t digit[N_AXES];

    if (j->w_loss || j->kv_loss || !is_uniform(j, c))
        return false;
    memcpy(digit, c->digit, sizeof digit);
    if (j->n_parts > 0)
        digit[AXIS_W] = c->w[0][0];
    if (j->n_kv_blocks > 1)
        digit[AXIS_KV] = c->kv[0];
    resolved_quality(&j->r, digit, q);
    return is_known(q->ppl_increase_ratio);
}

static cosim_status judge_quality(const struct joint *j, const struct joint_choice *c,
                                  bool for_people, struct joint_point *p, struct arena *a,
                                  cosim_error *e)
{
    double *increase = &p->point.metric[METRIC_PPL_INCREASE];
    struct quality q;
    const bool whole = measured_whole(j, c, &q);

    *increase = whole ? q.ppl_increase_ratio
                      : expm1(weights_ln(j, c, p->model) + cache_ln(j, c, p->model->n_layers));
    if (!for_people)
        return COSIM_OK;
    const char *rests_on = whole                     ? q.doc
                           : !is_known(*increase)    ? "no measurement of one of the formats known"
                           : j->w_loss || j->kv_loss ? "assumed: losses of layers from "
                                                       "sensitivity tables, added"
                                                     : "assumed: measured increases of whole "
                                                       "models, shared out by parameters and "
                                                       "layers, ln ratios added";
    const bool other = j->shaped && *increase > 0.0;
    p->quality_doc =
        arena_printf(a, "%s%s%s%s", other ? "assumed: as on " : "",
                     other ? j->r.space.model[0]->id : "", other ? ": " : "", rests_on);
    return p->quality_doc ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a candidate");
}

/* Loss of the shape after the co-design law, and of its formats: what was measured on the model
 * that the shapes are made after, else by law. */
static void judge_loss(const struct joint *j, const struct joint_choice *c, const struct plan *plan,
                       struct joint_point *p)
{
    const struct model *m = p->model;
    const struct layer *l = &m->layer[0];
    const bool moe = l->n_experts > 0.0;
    const double ffn = moe ? l->n_active_experts * l->d_expert : l->d_ff;
    const struct arch_design d = {
        .layers = (double)m->n_layers,
        .width = m->d_model,
        .ffn_ratio = ffn / m->d_model,
        .gqa = l->n_heads / l->n_kv_heads,
        .experts = moe ? l->n_experts : 1.0,
        .active_experts = moe ? l->n_active_experts : 1.0,
        .vocab = m->vocab,
    };
    const struct arch_search law = { .law = law_codesign.constants[0].p };
    const double measured_nats = log1p(p->point.metric[METRIC_PPL_INCREASE]);
    const bool inside = arch_in_law_range(&d), measured = is_known(measured_nats);
    const double a_bits = format_nominal_bits(j->r.space.a[c->digit[AXIS_A]]);

    p->point.metric[METRIC_LOSS] =
        arch_law_loss(&law, &d) + (measured ? measured_nats : law_added_loss(plan, a_bits, false));
    p->loss_doc = measured
                      ? inside ? "co-design law (arXiv 2602.10377v1, 10^10 tokens) + ln(1 + "
                                 "increase) [ours]"
                               : "extrapolated: co-design law (arXiv 2602.10377v1, 10^10 tokens) + "
                                 "ln(1 + increase) [ours]"
                  : inside ? "co-design law (arXiv 2602.10377v1, 10^10 tokens) + precision law "
                             "by nominal bits [ours]"
                           : "extrapolated: co-design law (arXiv 2602.10377v1, 10^10 tokens) + "
                             "precision law by nominal bits [ours]";
}

cosim_status joint_judge(const struct joint *j, const struct joint_choice *c,
                         const struct plan *plan, bool for_people, struct joint_point *p,
                         struct arena *a, cosim_error *e)
{
    TRY(judge_quality(j, c, for_people, p, a, e));
    if (j->shaped)
        judge_loss(j, c, plan, p);
    return COSIM_OK;
}
