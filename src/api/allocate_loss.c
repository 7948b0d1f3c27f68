/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Added losses of the options, in nats per token. What was measured is the perplexity of the whole
 * model in one format, so a group gets its share of ln(ppl ratio): by weights, or as a sensitivity
 * table divides it. Either way the shares of a uniform plan add up to what was measured.
 */
#include "api/allocate.h"
#include "api/allocate_sensitivity.h"

#include "core/num.h"
#include "law/law.h"
#include "law/precision_law.h"

#include <string.h>

#define WIDE_BITS 16.0

struct losing {
    struct allocation *al;
    struct sensitivity_index table;
    bool have_table, by_table; /* measured losses are shared out as the table says */
    double *sensitivity;       /* [group][format], NaN = not in the table */
    double *total;             /* [format] sums of it */
    const double *law;         /* constants, NULL = no training tokens are given */
};

/* --- the sensitivity table -------------------------------------------------------------------- */

struct adding {
    struct losing *k;
    const struct allocate_group *g;
    size_t format;
    double sum;
};

static int add_tensor(const struct model_tensor *mt, void *user)
{
    struct adding *x = user;
    const struct allocation *al = x->k->al;
    const struct format *f = al->format[x->format].format;

    if (mt->layer < x->g->first || mt->layer > x->g->last
        || !(al->kind[x->g->kind].tensors & (1u << (unsigned)mt->tensor)))
        return 0;
    const double loss = sensitivity_loss(&x->k->table, (enum tensor_id)mt->tensor, mt->layer,
                                         x->format, f, mt->row_elems * mt->n_rows);
    /* 16 bits are what the others are compared with */
    x->sum += !is_known(loss) && f->payload_bits >= WIDE_BITS ? 0.0 : loss;
    return 0;
}

static cosim_status load_table(struct losing *k, cosim_error *e)
{
    struct allocation *al = k->al;
    const struct format *format[ALLOCATE_FORMATS_MAX];
    struct sensitivity rows;
    struct csv_doc doc;

    for (size_t f = 0; f < al->n_formats; f++)
        format[f] = al->format[f].format;
    TRY(csv_load(&doc, al->o->sensitivity, &al->arena, e));
    TRY(sensitivity_parse(&rows, &doc, &al->c->formats, &al->arena, e));
    TRY(sensitivity_bind(&k->table, &rows, al->model->n_layers, format, al->n_formats, &al->arena,
                         e));
    k->have_table = true;
    for (size_t i = 0; i < al->problem.n_groups; i++)
        for (size_t f = 0; f < al->n_formats; f++) {
            struct adding x = { k, &al->group[i], f, 0.0 };
            (void)model_each_tensor(al->model, add_tensor, &x);
            k->sensitivity[i * al->n_formats + f] = x.sum;
            k->total[f] += x.sum;
        }
    return COSIM_OK;
}

/* --- what each source says about one option ----------------------------------------------------
 */

static double measured(const struct losing *k, size_t group, size_t format)
{
    const struct allocation *al = k->al;
    const double whole = al->format[format].measured_nats;

    if (k->by_table && fpclassify(k->total[format]) != FP_ZERO)
        return whole * k->sensitivity[group * al->n_formats + format] / k->total[format];
    return loss_from_law(whole, al->group[group].n_weights, al->n_weights);
}

static double by_law(const struct losing *k, size_t group, size_t format)
{
    const struct allocation *al = k->al;

    if (!k->law)
        return UNKNOWN_F64;
    const double bits = format_nominal_bits(al->format[format].format);
    const double whole =
        precision_ptq_loss(k->law, al->model->n_params, al->o->training_tokens, bits);
    return loss_from_law(bits >= WIDE_BITS ? 0.0 : whole, al->group[group].n_weights,
                         al->n_weights);
}

static struct loss_known known_of(const struct losing *k, size_t group, size_t format)
{
    const size_t at = group * k->al->n_formats + format;

    return (struct loss_known){ {
        [LOSS_MEASURED] = measured(k, group, format),
        [LOSS_SENSITIVITY] = k->have_table ? k->sensitivity[at] : UNKNOWN_F64,
        [LOSS_LAW] = by_law(k, group, format),
    } };
}

/* --- one source for all groups when one knows them all ------------------------------------------
 */

static bool covers_all(const struct allocation *al, const struct loss_known *known, size_t source)
{
    for (size_t i = 0; i < al->problem.n_groups; i++)
        for (size_t f = 0; f < al->n_formats; f++)
            if (!al->problem.group[i].option[f].barred
                && !is_known(known[i * al->n_formats + f].from[source]))
                return false;
    return true;
}

static void keep_only(const struct allocation *al, struct loss_known *known, size_t source)
{
    for (size_t i = 0; i < al->problem.n_groups * al->n_formats; i++)
        for (size_t s = 0; s < N_LOSS_SOURCES; s++)
            if (s != source)
                known[i].from[s] = UNKNOWN_F64;
}

static const char *label(const struct losing *k, const struct alloc_option *o)
{
    const struct allocate_format *f = &k->al->format[o->format];

    if (strcmp(o->source, loss_source_name(LOSS_LAW)) == 0)
        return "law (precision), shared out by weights";
    if (strcmp(o->source, loss_source_name(LOSS_MEASURED)) != 0)
        return "sensitivity table";
    if (f->format->payload_bits >= WIDE_BITS)
        return "reference: 16 bits";
    if (k->by_table)
        return f->proxy ? "measured on a proxy model, shared out by sensitivity"
                        : "measured, shared out by sensitivity";
    return f->proxy ? "measured on a proxy model, shared out by weights"
                    : "measured, shared out by weights";
}

static cosim_status nothing_known(const struct losing *k, cosim_error *own, cosim_error *e)
{
    const struct allocation *al = k->al;
    char names[160] = "";
    size_t n = 0;

    for (size_t f = 0; f < al->n_formats && n < sizeof names; f++)
        if (!is_known(al->format[f].measured_nats) && !al->problem.group[0].option[f].barred)
            n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? "," : "",
                                  al->format[f].format->id);
    const cosim_status st = err_set(e, own->status, "%s", own->msg);
    err_hint(e,
             "not measured on '%s': %s; leave them out, or give --sensitivity, or "
             "--training-tokens for the precision law",
             al->model->id, names);
    return st;
}

static cosim_status choose(struct losing *k, struct loss_known *known, cosim_error *e)
{
    struct allocation *al = k->al;
    const size_t n = al->n_formats;
    size_t source = 0;

    while (source < N_LOSS_SOURCES && !covers_all(al, known, source))
        source++;
    if (source < N_LOSS_SOURCES)
        keep_only(al, known, source);
    for (size_t i = 0; i < al->problem.n_groups; i++) {
        cosim_error own = { 0 };
        struct alloc_option *option = &al->option[i * n];
        if (loss_choose(option, &known[i * n], n, al->problem.group[i].name, &own) != COSIM_OK)
            return nothing_known(k, &own, e);
        for (size_t f = 0; f < n; f++)
            if (!option[f].barred)
                option[f].source = label(k, &option[f]);
    }
    return COSIM_OK;
}

static cosim_status read_share(struct losing *k, cosim_error *e)
{
    const char *share = k->al->o->share ? k->al->o->share : "weights";

    k->by_table = strcmp(share, "sensitivity") == 0;
    if (!k->by_table && strcmp(share, "weights") != 0)
        return err_set(e, COSIM_EUSAGE, "'--share' is weights or sensitivity, not '%.40s'", share);
    if (k->by_table && !k->al->o->sensitivity)
        return err_set(e, COSIM_EUSAGE, "'--share=sensitivity' needs '--sensitivity'");
    return COSIM_OK;
}

cosim_status allocate_losses(struct allocation *al, cosim_error *e)
{
    const size_t n = al->problem.n_groups * al->n_formats;
    struct loss_known *known = ARENA_NEW(&al->arena, struct loss_known, n);
    struct losing k = { .al = al,
                        .sensitivity = ARENA_NEW(&al->arena, double, n),
                        .total = ARENA_NEW(&al->arena, double, al->n_formats) };
    const struct law_constants *constants;

    if (!known || !k.sensitivity || !k.total)
        return err_set(e, COSIM_ENOMEM, "out of memory for losses");
    TRY(read_share(&k, e));
    if (al->o->sensitivity)
        TRY(load_table(&k, e));
    if (al->o->training_tokens > 0.0) {
        TRY(law_constants_find(&constants, &law_precision, NULL, e));
        k.law = constants->p;
    }
    for (size_t i = 0; i < al->problem.n_groups; i++)
        for (size_t f = 0; f < al->n_formats; f++)
            known[i * al->n_formats + f] = known_of(&k, i, f);
    return choose(&k, known, e);
}
