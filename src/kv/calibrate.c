/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/calibrate.h"

cosim_status kv_measure_single(const struct lm *m, const struct lm_text *t,
                               const struct lm_reference *ref, const struct kv_scheme *s,
                               size_t layer, struct kv_pair pair, struct lm_kv *kv, double *kl_nats,
                               cosim_error *e)
{
    struct lm_quality q;

    kv[layer] = (struct lm_kv){ .scheme = s, .k_bits = pair.k_bits, .v_bits = pair.v_bits };
    const cosim_status st = lm_measure(m, t, ref, kv, layer, &q, NULL, e);
    kv[layer] = (struct lm_kv){ 0 };
    *kl_nats = q.kl_nats;
    return st;
}

static cosim_status probe_layers(const struct lm *m, const struct lm_text *t,
                                 const struct kv_scheme *s, struct kv_sens *out, struct arena *a,
                                 cosim_error *e)
{
    const size_t n = m->c.n_layers;
    struct lm_kv *kv = ARENA_NEW(a, struct lm_kv, n);
    double *kl = ARENA_NEW(a, double, 2 * n);
    struct lm_reference ref = { 0 };

    if (!kv || !kl)
        return err_set(e, COSIM_ENOMEM, "calibration");
    cosim_status st = lm_reference_new(&ref, m, t, e);
    for (size_t i = 0; st == COSIM_OK && i < 2 * n; i++) {
        const struct kv_pair pair = { i < n ? KV_PROBE_BITS : 16, i < n ? 16 : KV_PROBE_BITS };
        st = kv_measure_single(m, t, &ref, s, i % n, pair, kv, &kl[i], e);
    }
    if (st == COSIM_OK)
        kv_sens_predict(out, KV_PROBE_BITS, kl, kl + n);
    lm_reference_free(&ref);
    return st;
}

cosim_status kv_calibrate(const struct lm *m, const struct lm_text *t, const struct kv_scheme *s,
                          bool probe, struct kv_sens *out, struct arena *a, cosim_error *e)
{
    const size_t n = m->c.n_layers * KV_N_PAIRS;
    struct kv_error_sum *sum = ARENA_NEW(a, struct kv_error_sum, n);

    if (!sum)
        return err_set(e, COSIM_ENOMEM, "calibration");
    TRY(kv_sens_new(out, m->c.n_layers, a, e));
    TRY(lm_sensitivity(m, t, s, sum, e));
    for (size_t i = 0; i < n; i++)
        out->error[i] = kv_errors_of(&sum[i]);
    return probe ? probe_layers(m, t, s, out, a, e) : COSIM_OK;
}
