/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Losses of single layers, read from tables, in place of the shares of what was measured on whole
 * models: nats of each tensor and format (api/allocate_sensitivity.h), and the KL of each layer and
 * pair of the cache ('cosim kv sensitivity --calibrate'). The expected loss of a model that is KL
 * nats away from another is that much higher on text that the other would write; that layers add up
 * is an assumption. [ours]
 */
#include "api/joint.h"

#include "api/allocate_sensitivity.h"
#include "core/num.h"
#include "kv/sens_table.h"

#include <string.h>

#define WIDE_BITS 16.0

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for sensitivities");
}

/* The tables are of one model's layers. */
static cosim_status check_model(const struct joint *j, const struct setting *file, bool split,
                                const char *how, cosim_error *e)
{
    if (j->r.space.n[AXIS_MODEL] != 1 || j->shaped)
        return err_at(e, COSIM_EUSAGE, &file->at, "sensitivities are those of one model");
    if (!split)
        return err_at(e, COSIM_EUSAGE, &file->at, "sensitivities of layers need %s", how);
    return COSIM_OK;
}

/* --- weights ------------------------------------------------------------------------------- */

struct adding {
    const struct joint *j;
    const struct sensitivity_index *table;
    double *loss; /* [part][layer][format] */
};

static int add_tensor(const struct model_tensor *t, void *user)
{
    const struct adding *s = user;
    const struct joint *j = s->j;
    const size_t n_formats = j->r.space.n[AXIS_W], part = joint_part_of(j, t->tensor);

    if (part == SIZE_MAX || t->layer == SIZE_MAX)
        return 0;
    double *loss = s->loss + (part * s->table->n_layers + t->layer) * n_formats;
    for (size_t f = 0; f < n_formats; f++)
        if (j->w_format[f]->payload_bits < WIDE_BITS)
            loss[f] += sensitivity_loss(s->table, (enum tensor_id)t->tensor, t->layer, f,
                                        j->w_format[f], t->row_elems * t->n_rows);
    return 0;
}

static cosim_status read_weights(struct joint *j, const struct setting *file, cosim_error *e)
{
    const struct model *m = j->r.space.model[0];
    const size_t n_formats = j->r.space.n[AXIS_W];
    struct sensitivity rows;
    struct sensitivity_index table;
    struct csv_doc doc;

    TRY(check_model(j, file, j->n_parts > 0, "'w-blocks' or 'w-apart'", e));
    TRY(csv_load(&doc, file->text, &j->arena, e));
    TRY(sensitivity_parse(&rows, &doc, &j->c->formats, &j->arena, e));
    TRY(sensitivity_bind(&table, &rows, m->n_layers, j->w_format, n_formats, &j->arena, e));
    double *loss = ARENA_NEW(&j->arena, double, j->n_parts * m->n_layers * n_formats);
    if (!loss)
        return no_memory(e);
    (void)model_each_tensor(m, add_tensor, &(struct adding){ j, &table, loss });
    j->w_loss = loss;
    return COSIM_OK;
}

/* --- cache --------------------------------------------------------------------------------- */

/* The pair of bits that two formats stand for, or KV_N_PAIRS. */
static size_t pair_of(const struct joint *j, const struct kv_formats *kv)
{
    const struct format *k = NULL, *v = NULL;

    if (format_find(&j->c->formats, scheme_text(kv->k), ROLE_K, &k, NULL) != COSIM_OK
        || format_find(&j->c->formats, scheme_text(kv->v), ROLE_V, &v, NULL) != COSIM_OK)
        return KV_N_PAIRS;
    return kv_pair_id((struct kv_pair){ (unsigned)min_f64(format_nominal_bits(k), WIDE_BITS),
                                        (unsigned)min_f64(format_nominal_bits(v), WIDE_BITS) });
}

static cosim_status read_cache(struct joint *j, const struct setting *file, cosim_error *e)
{
    const size_t n_layers = j->r.space.model[0]->n_layers, n_kv = j->r.space.n[AXIS_KV];
    struct kv_sens sens;

    TRY(check_model(j, file, j->n_kv_blocks > 1, "'kv-blocks'", e));
    TRY(kv_sens_load(&sens, file->text, &j->arena, e));
    if (sens.n_layers != n_layers)
        return err_at(e, COSIM_ERANGE, &file->at, "'%s' has %zu layers, the model has %zu",
                      file->text, sens.n_layers, n_layers);
    double *loss = ARENA_NEW(&j->arena, double, n_layers *n_kv);
    if (!loss)
        return no_memory(e);
    for (size_t i = 0; i < n_kv; i++) {
        const size_t pair = pair_of(j, &j->r.space.kv[i]);
        if (pair == KV_N_PAIRS)
            return err_at(e, COSIM_EUSAGE, &file->at,
                          "'%s' is no pair of 2, 4, 8 or 16 bits: the table cannot know it",
                          j->r.space.kv[i].label);
        for (size_t l = 0; l < n_layers; l++) {
            loss[l * n_kv + i] = sens.kl_nats[l * KV_N_PAIRS + pair];
            if (is_known(loss[l * n_kv + i]))
                continue;
            const cosim_status st =
                err_at(e, COSIM_ERANGE, &file->at, "'%s' has no kl_nats for layer %zu, %s",
                       file->text, l, kv_pair_name(pair));
            err_hint(e, "'cosim kv sensitivity --calibrate' gives them");
            return st;
        }
    }
    j->kv_loss = loss;
    return COSIM_OK;
}

cosim_status joint_sensitivities(struct joint *j, const struct study *s, cosim_error *e)
{
    const struct setting w = study_get(s, STUDY_W_SENSITIVITY),
                         kv = study_get(s, STUDY_KV_SENSITIVITY);

    if (w.text)
        TRY(read_weights(j, &w, e));
    return kv.text ? read_cache(j, &kv, e) : COSIM_OK;
}
