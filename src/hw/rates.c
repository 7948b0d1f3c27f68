/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hw/rates.h"

#include "core/num.h"

#include <string.h>

/* Below this label a node name no longer says how much less energy a switch takes: scaling
 * E ~ node stops here. */
#define NODE_FLOOR_NM 5.0

struct maker {
    struct rates *r;
    const struct device *d;
    const struct assumption_db *db;
    struct arena *a;
    const char *class_vendor; /* "gpu NVIDIA": shortened to the class by assumption_best */
    bool no_memory;
};

#define SAY(m, ...) keep(m, arena_printf((m)->a, __VA_ARGS__))

static const char *keep(struct maker *m, const char *s)
{
    m->no_memory |= s == NULL;
    return s ? s : "";
}

static struct sourced unknown(const char *why)
{
    return (struct sourced){ UNKNOWN_F64, ORIGIN_UNKNOWN, why };
}

static struct sourced sheet(struct maker *m, size_t offset, enum origin origin)
{
    const double v = device_f64(m->d, offset);

    if (!is_known(v))
        return unknown(SAY(m, "%s of '%s' is not known", device_column(offset), m->d->id));
    return (struct sourced){ v, origin,
                             SAY(m, "%s of '%s'%s: %s", device_column(offset), m->d->id,
                                 device_from_memory(m->d, offset) ? " (recalled)" : "",
                                 m->d->source) };
}

#define SHEET(m, member) sheet(m, offsetof(struct device, member), ORIGIN_SHEET)

/* The assumption of a key, most special qualifier first: `special` (may be NULL), then the class.
 */
static struct sourced assumed(struct maker *m, const char *key, const char *special)
{
    const char *const qualifier[] = { m->d->id, special, m->class_vendor };
    const struct assumption *row = assumption_best(m->db, key, qualifier, 3);

    if (!row)
        return unknown(SAY(m, "no assumption '%s' for '%s'", key, m->d->id));
    return (struct sourced){ row->value, row->origin,
                             SAY(m, "%s for '%s': %s", key, row->qualifier, row->source) };
}

/* A formula's result is as certain as its least certain input. */
static enum origin origin_of(const struct sourced *a, const struct sourced *b)
{
    if (!is_known(a->value) || !is_known(b->value))
        return ORIGIN_UNKNOWN;
    if (a->origin == ORIGIN_ASSUMED || b->origin == ORIGIN_ASSUMED)
        return ORIGIN_ASSUMED;
    return ORIGIN_DERIVED;
}

static struct sourced formula(struct maker *m, double value, const struct sourced *a,
                              const struct sourced *b)
{
    const enum origin origin = origin_of(a, b);

    if (origin == ORIGIN_UNKNOWN)
        return unknown(is_known(a->value) ? b->source : a->source);
    return (struct sourced){ value, origin, SAY(m, "%s; %s", a->source, b->source) };
}

static struct sourced product(struct maker *m, struct sourced a, struct sourced b)
{
    return formula(m, a.value * b.value, &a, &b);
}

static struct sourced reciprocal(struct maker *m, struct sourced a, struct sourced b)
{
    return formula(m, 1.0 / (a.value * b.value), &a, &b);
}

static void efficiency(struct maker *m)
{
    struct sourced *rate = m->r->rate;
    const double bf16 = m->d->peak_flops_per_s[PREC_BF16], fp16 = m->d->peak_flops_per_s[PREC_FP16];
    const double peak = is_known(bf16) ? bf16 : fp16;
    const double mamf = m->d->mamf_bf16_flops_per_s;

    rate[RATE_ETA_MEMORY] = assumed(m, "eta_memory", m->d->mem_type);
    rate[RATE_ETA_COMPUTE] = assumed(m, "eta_compute", NULL);
    if (is_known(mamf) && is_known(peak))
        rate[RATE_ETA_COMPUTE] = (struct sourced){
            mamf / peak, ORIGIN_MEASURED,
            SAY(m, "measured achievable bf16 matmul / peak (stas00/ml-engineering)")
        };
}

static void memory(struct maker *m)
{
    struct sourced *rate = m->r->rate;
    const struct sourced l2 = SHEET(m, l2_bytes_per_s);
    const struct sourced reserve = assumed(m, "mem_reserve_bytes", NULL);
    const struct sourced share =
        product(m, SHEET(m, mem_bytes), assumed(m, "mem_usable_ratio", NULL));

    rate[RATE_S_PER_MEM_BYTE] = reciprocal(m, SHEET(m, mem_bytes_per_s), rate[RATE_ETA_MEMORY]);
    rate[RATE_S_PER_CACHE_BYTE] =
        is_known(l2.value)
            ? reciprocal(m, l2, rate[RATE_ETA_MEMORY])
            : (struct sourced){ 0.0, ORIGIN_ASSUMED, "cache bandwidth not known: no limit" };
    rate[RATE_MEM_USABLE_BYTES] =
        formula(m, max_f64(share.value - reserve.value, 0.0), &share, &reserve);
    rate[RATE_J_PER_MEM_BYTE] = m->d->mem_type ? assumed(m, "j_per_mem_byte", m->d->mem_type)
                                               : unknown("memory type is not known");
    rate[RATE_J_PER_CACHE_BYTE] = assumed(m, "j_per_cache_byte", NULL);
}

/* Scale-up link, else the host link, else a device that stands alone. */
static void link_rates(struct maker *m)
{
    struct sourced *rate = m->r->rate;
    const bool own = is_known(m->d->link_bytes_per_s), host = is_known(m->d->host_bytes_per_s);
    const char *type = own ? m->d->link_type : m->d->host_type;
    const struct sourced bytes_per_s =
        own ? SHEET(m, link_bytes_per_s) : SHEET(m, host_bytes_per_s);

    rate[RATE_ETA_LINK] = assumed(m, "eta_link", type);
    rate[RATE_S_PER_LINK_BYTE] = reciprocal(m, bytes_per_s, rate[RATE_ETA_LINK]);
    rate[RATE_LINK_LATENCY_S] = assumed(m, "link_latency_s", type);
    rate[RATE_LINK_DOMAIN] =
        own || host ? assumed(m, "link_domain", type)
                    : (struct sourced){ 1.0, ORIGIN_DERIVED, "no link: a device alone" };
    rate[RATE_J_PER_LINK_BYTE] = assumed(m, "j_per_link_byte", type);
    rate[RATE_COLLECTIVE_FLOOR_S] = assumed(m, "collective_floor_s", type);
}

static void static_power(struct maker *m)
{
    struct sourced *w = &m->r->rate[RATE_STATIC_W];

    *w = SHEET(m, idle_w);
    if (!is_known(w->value))
        *w = product(m, SHEET(m, tdp_w), assumed(m, "static_ratio_of_tdp", NULL));
    if (!is_known(w->value))
        *w = assumed(m, "static_w", NULL);
}

static void money_and_carbon(struct maker *m)
{
    struct sourced *rate = m->r->rate;
    const struct sourced pue = assumed(m, "pue_ratio", NULL);
    const struct sourced price = SHEET(m, price_usd), rent = SHEET(m, cloud_usd_per_s);
    const struct sourced used_s =
        product(m, assumed(m, "life_s", NULL), assumed(m, "utilisation_ratio", NULL));

    rate[RATE_CAPEX_USD_PER_S] = formula(m, price.value / used_s.value, &price, &used_s);
    rate[RATE_ELECTRICITY_USD_PER_J] = product(m, assumed(m, "electricity_usd_per_j", NULL), pue);
    rate[RATE_CARBON_G_PER_J] = product(m, assumed(m, "carbon_g_per_j", NULL), pue);
    if (is_known(price.value) || !is_known(rent.value))
        return;
    rate[RATE_CAPEX_USD_PER_S] = rent;
    rate[RATE_ELECTRICITY_USD_PER_J] =
        (struct sourced){ 0.0, ORIGIN_DERIVED, "the cloud rent includes it" };
}

/* What stands in for an absent precision, best first: each can hold the requested numbers. */
#define WIDE_16 PREC_TF32, PREC_FP32, PREC_VECTOR, PREC_FP64
#define WIDE_8 PREC_BF16, PREC_FP16, WIDE_16
#define WIDE_INT8 PREC_FP16, PREC_BF16, WIDE_16
static const struct {
    enum precision with[10];
    unsigned n;
} fallback[N_PREC] = {
    [PREC_FP64] = { { PREC_FP64 }, 1 },
    [PREC_FP32] = { { PREC_FP32, PREC_VECTOR, PREC_FP64 }, 3 },
    [PREC_TF32] = { { WIDE_16 }, 4 },
    [PREC_FP16] = { { PREC_FP16, PREC_BF16, WIDE_16 }, 6 },
    [PREC_BF16] = { { PREC_BF16, PREC_FP16, WIDE_16 }, 6 },
    [PREC_FP8] = { { PREC_FP8, WIDE_8 }, 7 },
    [PREC_FP6] = { { PREC_FP6, PREC_FP8, WIDE_8 }, 8 },
    [PREC_FP4] = { { PREC_FP4, PREC_FP8, WIDE_8 }, 8 },
    [PREC_INT8] = { { PREC_INT8, WIDE_INT8 }, 7 },
    [PREC_INT4] = { { PREC_INT4, PREC_INT8, WIDE_INT8 }, 8 },
    [PREC_INT1] = { { PREC_INT1, PREC_INT4, PREC_INT8, WIDE_INT8 }, 9 },
    [PREC_VECTOR] = { { PREC_VECTOR, PREC_FP32 }, 2 },
};

static enum precision first_known(const struct sourced *peak, enum precision want)
{
    for (unsigned i = 0; i < fallback[want].n; i++)
        if (is_known(peak[fallback[want].with[i]].value))
            return fallback[want].with[i];
    return N_PREC;
}

static void peaks(struct maker *m, struct sourced *peak)
{
    for (int p = 0; p < N_PREC; p++)
        peak[p] = sheet(m, DEVICE_PEAK((size_t)p), ORIGIN_SHEET);
    if (first_known(peak, PREC_FP16) == N_PREC)
        peak[PREC_FP16] = product(m, peak[PREC_INT8], assumed(m, "fp16_ratio_of_int8", NULL));
    if (first_known(peak, PREC_VECTOR) == N_PREC) {
        const enum precision matrix = first_known(peak, PREC_FP16);
        if (matrix != N_PREC)
            peak[PREC_VECTOR] = product(m, peak[matrix], assumed(m, "vector_ratio_of_fp16", NULL));
    }
}

static struct sourced flop_s(struct maker *m, const struct sourced *peak, enum precision used)
{
    const double mamf = m->d->mamf_fp8_flops_per_s;

    if (used == PREC_FP8 && is_known(mamf))
        return (struct sourced){ 1.0 / mamf, ORIGIN_MEASURED,
                                 SAY(m, "measured achievable fp8 matmul (stas00/ml-engineering)") };
    return reciprocal(m, *peak, m->r->rate[RATE_ETA_COMPUTE]);
}

/* Equations 6.1, 6.2: e(fp16, 5 nm) of the class, by node and by precision. */
static struct sourced flop_j(struct maker *m, enum precision used)
{
    const struct sourced base = assumed(m, "j_per_flop_fp16", NULL);
    const struct assumption *ratio =
        assumption_find(m->db, "j_per_flop_ratio", precision_name(used));
    const double node_nm = is_known(m->d->process_nm) ? m->d->process_nm : NODE_FLOOR_NM;

    if (!ratio || !is_known(base.value))
        return unknown("no assumption for the energy of a flop");
    return (struct sourced){ base.value * ratio->value * max_f64(node_nm, NODE_FLOOR_NM)
                                 / NODE_FLOOR_NM,
                             ORIGIN_ASSUMED,
                             SAY(m, "%s; node %g nm%s", base.source, node_nm,
                                 is_known(m->d->process_nm) ? "" : " (not known)") };
}

static void arithmetic(struct maker *m)
{
    struct sourced peak[N_PREC];

    peaks(m, peak);
    for (int p = 0; p < N_PREC; p++) {
        const enum precision used = first_known(peak, (enum precision)p);
        m->r->used[p] = used == N_PREC ? (enum precision)p : used;
        m->r->s_per_flop[p] = used == N_PREC ? peak[p] : flop_s(m, &peak[used], used);
        m->r->j_per_flop[p] = flop_j(m, m->r->used[p]);
    }
}

cosim_status rates_make(struct rates *r, const struct device *d, const struct assumption_db *db,
                        struct arena *a, cosim_error *e)
{
    struct maker m = { .r = r, .d = d, .db = db, .a = a };

    *r = (struct rates){ .device = d };
    m.class_vendor = SAY(&m, "%s %s", d->device_class, d->vendor);
    efficiency(&m);
    memory(&m);
    link_rates(&m);
    r->rate[RATE_OP_FLOOR_S] = assumed(&m, "op_floor_s", NULL);
    r->rate[RATE_LAUNCH_S] = assumed(&m, "launch_s", NULL);
    static_power(&m);
    money_and_carbon(&m);
    arithmetic(&m);
    return m.no_memory ? err_set(e, COSIM_ENOMEM, "out of memory for the rates of '%s'", d->id)
                       : COSIM_OK;
}

static const struct {
    const char *name, *unit, *doc;
} text[N_RATES] = {
#define RATE_TEXT(id, name, unit, doc) { name, unit, doc },
    RATE_LIST(RATE_TEXT)
#undef RATE_TEXT
};

const char *rate_name(enum rate r)
{
    return text[r].name;
}

const char *rate_unit(enum rate r)
{
    return text[r].unit;
}

const char *rate_doc(enum rate r)
{
    return text[r].doc;
}
