/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes of models in a joint search: lists of depths, widths and the rest, after one model. */
#include "api/joint.h"

#include "core/num.h"

#include <string.h>

static const struct {
    enum study_key key;
    double lo, hi;
    bool whole;
} shape_table[N_JOINT_SHAPES] = {
#define SHAPE_ROW(id, key, lo, hi, whole) { key, lo, hi, whole },
    JOINT_SHAPE_LIST(SHAPE_ROW)
#undef SHAPE_ROW
};

const char *joint_shape_name(enum joint_shape k)
{
    return study_key_table[shape_table[k].key].key;
}

/* What no list changes is as the model has it, its first layer standing for all. */
static struct model_shape shape_of(const struct model *m)
{
    const struct layer *l = &m->layer[0];
    const bool moe = l->n_experts > 0.0;

    return (struct model_shape){
        .layers = (double)m->n_layers,
        .d_model = m->d_model,
        .head_dim = l->head_dim,
        .gqa = l->n_heads / l->n_kv_heads,
        .ffn_ratio = (moe ? l->n_active_experts * l->d_expert : l->d_ff) / m->d_model,
        .experts = moe ? l->n_experts : 1.0,
        .active_experts = moe ? l->n_active_experts : 1.0,
        .vocab = m->vocab,
        .max_ctx_tokens = m->max_ctx_tokens,
        .tied_embeddings = m->tied_embeddings,
    };
}

static cosim_status one_value(struct joint *j, enum joint_shape k, double value, cosim_error *e)
{
    double *v = ARENA_NEW(&j->arena, double, 1);

    if (!v)
        return err_set(e, COSIM_ENOMEM, "out of memory for shapes");
    *v = value;
    j->shape[k] = v;
    j->n_shape[k] = 1;
    return COSIM_OK;
}

cosim_status joint_pick_shapes(struct joint *j, const struct study *s, cosim_error *e)
{
    const struct setting model = study_get(s, STUDY_MODEL);

    for (int k = 0; k < N_JOINT_SHAPES; k++)
        j->shaped = j->shaped || s->value[shape_table[k].key].text;
    if (!j->shaped)
        return COSIM_OK;
    if (j->r.space.n[AXIS_MODEL] != 1)
        return err_at(e, COSIM_EUSAGE, &model.at, "shapes are made after one model");
    j->reference = shape_of(j->r.space.model[0]);
    const double own[N_JOINT_SHAPES] = { j->reference.layers,    j->reference.d_model,
                                         j->reference.ffn_ratio, j->reference.gqa,
                                         j->reference.vocab,     j->reference.experts };
    j->active = &j->reference.active_experts;
    for (unsigned k = 0; k < N_JOINT_SHAPES; k++) {
        const struct setting list = study_get(s, shape_table[k].key);
        double *values = NULL;
        if (!list.text) {
            TRY(one_value(j, (enum joint_shape)k, own[k], e));
        } else if (k == JOINT_EXPERTS) {
            double *active = NULL;
            TRY(list_pairs(&list, shape_table[k].hi, &values, &active, &j->n_shape[k], &j->arena,
                           e));
            j->shape[k] = values;
            j->active = active;
        } else {
            TRY((shape_table[k].whole ? list_numbers : list_reals)(&list, shape_table[k].lo,
                                                                   shape_table[k].hi, &values,
                                                                   &j->n_shape[k], &j->arena, e));
            j->shape[k] = values;
        }
    }
    return COSIM_OK;
}
