/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lint rules on peak rates: dense, nominal, of the right unit and the right clock. */
#include "hw/lint_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_OF(x) (sizeof(x) / sizeof *(x))

static double peak(const struct lint *l, enum precision p)
{
    return lint_value(l, DEVICE_PEAK((size_t)p));
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* fp64 is left out: it may be cut to 1/64 on purpose; int1 runs at 16 times fp16. */
static bool comparable(enum precision p)
{
    return p != PREC_FP64 && p != PREC_INT1;
}

void lint_scale(struct lint *l)
{
    static const double far = 200.0;
    double v[N_PREC], median;
    size_t n = 0;

    for (int p = 0; p < N_PREC; p++)
        if (comparable((enum precision)p) && is_known(peak(l, (enum precision)p)))
            v[n++] = peak(l, (enum precision)p);
    if (n < 3) /* two rates do not say which one is wrong */
        return;
    qsort(v, n, sizeof *v, by_value);
    median = v[n / 2];
    for (int p = 0; p < N_PREC; p++) {
        const double x = peak(l, (enum precision)p);
        if (x > far * median || (comparable((enum precision)p) && x < median / far))
            lint_blame(l, DEVICE_PEAK((size_t)p), "the column is in TFLOP/s (TOP/s)",
                       "%.3g times the median of the other rates", x / median);
    }
}

/* Data sheets of NVIDIA give vector rates for fp32 and fp64 and, beside them, tensor rates. */
void lint_vector(struct lint *l)
{
    const double fp32 = peak(l, PREC_FP32), vector = peak(l, PREC_VECTOR);
    const bool nvidia = strcmp(l->d->vendor, "NVIDIA") == 0;

    if (nvidia && fabs(fp32 / vector - 1.0) > 0.03)
        lint_blame(l, DEVICE_PEAK(PREC_FP32), "the tf32 rate has its own column",
                   "fp32 is not the vector rate (%.3g of it)", fp32 / vector);
    else if (vector > 1.02 * fp32)
        lint_blame(l, DEVICE_PEAK(PREC_VECTOR), NULL, "%.3g times the fp32 rate", vector / fp32);
    if (nvidia && peak(l, PREC_FP64) > 0.55 * vector)
        lint_blame(l, DEVICE_PEAK(PREC_FP64), "the fp64 tensor rate goes into the notes",
                   "fp64 is more than half of the fp32 vector rate");
}

/* "rtx-4090" but not "rtx-6000-ada" or "rtx-a6000". */
static bool is_geforce(const char *id)
{
    return lint_begins(id, "rtx-") && strspn(id + 4, "0123456789") == 4 && id[5] == '0'
           && id[6] != '0';
}

void lint_geforce(struct lint *l)
{
    static const struct {
        enum precision p;
        double most; /* times the vector rate, with fp32 accumulation */
    } limit[] = { { PREC_FP16, 2.2 }, { PREC_BF16, 2.2 }, { PREC_FP8, 4.4 } };
    const double vector = peak(l, PREC_VECTOR);

    if (!is_geforce(l->d->id))
        return;
    for (size_t i = 0; i < N_OF(limit); i++)
        if (peak(l, limit[i].p) > limit[i].most * vector)
            lint_blame(l, DEVICE_PEAK((size_t)limit[i].p), "half of it: fp32 accumulation",
                       "%.3g times the vector rate: with fp16 accumulation or sparse",
                       peak(l, limit[i].p) / vector);
}

/* Wider and narrower formats of one kind of unit. */
static const struct {
    enum precision wide, narrow;
    bool dense; /* at most twice as fast: the width halves, or stays */
} pairs[] = {
    { PREC_FP64, PREC_FP32, false }, { PREC_FP32, PREC_TF32, false },
    { PREC_TF32, PREC_FP16, true },  { PREC_TF32, PREC_BF16, true },
    { PREC_FP16, PREC_FP8, false },  { PREC_BF16, PREC_FP8, true },
    { PREC_FP8, PREC_FP6, true },    { PREC_FP8, PREC_FP4, true },
    { PREC_FP6, PREC_FP4, false },   { PREC_FP16, PREC_INT8, true },
    { PREC_BF16, PREC_INT8, true },  { PREC_INT8, PREC_INT4, true },
    { PREC_INT4, PREC_INT1, true },
};

void lint_order(struct lint *l)
{
    for (size_t i = 0; i < N_OF(pairs); i++)
        if (peak(l, pairs[i].narrow) < 0.99 * peak(l, pairs[i].wide))
            lint_blame(l, DEVICE_PEAK((size_t)pairs[i].narrow), NULL, "slower than %s: %.3g of it",
                       precision_name(pairs[i].wide),
                       peak(l, pairs[i].narrow) / peak(l, pairs[i].wide));
}

void lint_sparse(struct lint *l)
{
    static const double most = 2.2;

    if (strcmp(l->d->vendor, "NVIDIA") == 0
        && peak(l, PREC_TF32) > 0.53 * max_f64(peak(l, PREC_FP16), peak(l, PREC_BF16)))
        lint_blame(l, DEVICE_PEAK(PREC_TF32), "half of it without sparsity",
                   "tf32 is more than half of fp16");
    for (size_t i = 0; i < N_OF(pairs); i++) {
        const double ratio = peak(l, pairs[i].narrow) / peak(l, pairs[i].wide);
        if (pairs[i].dense && ratio > most)
            lint_blame(l, DEVICE_PEAK((size_t)pairs[i].narrow),
                       "data sheets advertise 2:4 sparsity: half of it is dense",
                       "%.3g times the %s rate", ratio, precision_name(pairs[i].wide));
    }
}

void lint_base_clock(struct lint *l)
{
    const double flops = peak(l, PREC_FP32) / (l->d->n_cores * l->d->clock_hz);

    if (strcmp(l->d->device_class, "cpu") != 0 || !is_known(flops))
        return;
    for (double whole = 8.0; whole <= 128.0; whole *= 2.0)
        if (fabs(flops / whole - 1.0) < 0.008)
            lint_blame(l, DEVICE_PEAK(PREC_FP32), "flop/cycle * cores * base clock",
                       "%g flop per core and cycle at the boost clock", whole);
}

void lint_ridge(struct lint *l)
{
    for (int p = 0; p < N_PREC; p++) {
        const double ridge = peak(l, (enum precision)p) / lint_value(l, AT(mem_bytes_per_s));
        if (ridge < 0.1 || ridge > 1e4)
            lint_blame(l, DEVICE_PEAK((size_t)p), "the column is in TFLOP/s (TOP/s)",
                       "%.3g flop per byte of memory traffic", ridge);
    }
}

void lint_byte_energy(struct lint *l)
{
    const double j_per_byte = lint_value(l, AT(tdp_w)) / lint_value(l, AT(mem_bytes_per_s));
    const bool sram = lint_begins(l->d->mem_type, "SRAM");

    if (j_per_byte < (sram ? 0.3e-12 : 50e-12) || j_per_byte > (sram ? 50e-12 : 10e-9))
        lint_blame(l, AT(mem_bytes_per_s), "check W and GB/s", "%.3g pJ of TDP per byte moved",
                   j_per_byte * 1e12);
}

void lint_flop_energy(struct lint *l)
{
    /* Energy of an operation relative to fp16. */
    static const struct {
        enum precision p;
        double ratio;
    } formats[] = { { PREC_FP16, 1 },   { PREC_BF16, 1 },   { PREC_FP8, 0.5 },   { PREC_FP6, 0.5 },
                    { PREC_FP4, 0.25 }, { PREC_INT8, 0.5 }, { PREC_INT4, 0.25 }, { PREC_FP32, 2 } };

    for (size_t i = 0; i < N_OF(formats); i++) {
        const double j = lint_value(l, AT(tdp_w)) / (peak(l, formats[i].p) * formats[i].ratio);
        if (j < 0.25e-12 || j > 300e-12)
            lint_blame(l, DEVICE_PEAK((size_t)formats[i].p), "dense TFLOP/s, and W of one device",
                       "%.3g pJ of TDP per fp16-like flop", j * 1e12);
    }
}

void lint_mamf(struct lint *l)
{
    const double bf16 = lint_value(l, AT(mamf_bf16_flops_per_s)) / peak(l, PREC_BF16);
    const double fp8 = lint_value(l, AT(mamf_fp8_flops_per_s)) / peak(l, PREC_FP8);

    if (bf16 > 1.0 || bf16 < 0.2)
        lint_blame(l, AT(mamf_bf16_flops_per_s), NULL, "%.3g of the bf16 peak", bf16);
    if (fp8 > 1.0 || fp8 < 0.2)
        lint_blame(l, AT(mamf_fp8_flops_per_s), NULL, "%.3g of the fp8 peak", fp8);
}
