/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Architectures under budgets of a real device: the search of law/arch_search.h with the engine as
 * its cost. Private to api/arch_*.c.
 */
#ifndef API_ARCH_H
#define API_ARCH_H

#include "api/resolve.h"
#include "core/table.h"
#include "law/arch_search.h"
#include "model/model_synth.h"

/* Metrics that never fall when a layer is added: only these can be budgets. */
#define ARCH_METRIC_LIST(X)                                                                        \
    X(TTFT)                                                                                        \
    X(TPOT)                                                                                        \
    X(E2E)                                                                                         \
    X(MEMORY)                                                                                      \
    X(J_PER_TOKEN)                                                                                 \
    X(USD_PER_MTOK)                                                                                \
    X(CARBON)
enum arch_metric {
#define ARCH_METRIC_ENUM(id) ARCH_##id,
    ARCH_METRIC_LIST(ARCH_METRIC_ENUM)
#undef ARCH_METRIC_ENUM
        N_ARCH_METRICS
};
extern const enum metric arch_metric[N_ARCH_METRICS];

/* Number formats of a design, and what they cost in loss. */
struct arch_precision {
    size_t w, kv, a; /* digits of the resolved space */
    const char *w_name, *kv_name, *a_name;
    double measured_loss;    /* nats, of the reference; unknown (NaN) = ask the laws */
    const char *loss_origin; /* where loss comes from, the law's part and the precision's */
};

/* What the engine says of a design. */
struct arch_facts {
    bool impossible;
    enum reject reject;
    double metric[N_METRICS], n_params, n_active_params, added_loss;
};

struct arch_study {
    struct resolved r;
    struct arena arena;
    struct arch_axes axes;
    const struct arch_precision *precision;
    struct model_shape shape; /* what all designs share: head size, context, tied embeddings */
    enum metric against[SWEEP_OBJECTIVES_MAX]; /* of the front: what the loss is traded against */
    size_t n_against;
    bool trained; /* formats were trained with: the QAT law where it has a set */
    double max[N_ARCH_METRICS];
    const char *max_from[N_ARCH_METRICS]; /* who set the budget; NULL = none */
    const struct model *reference;
    struct arch_point reference_point; /* with the first of the formats */
    struct arch_facts reference_facts;
    double reference_kv_width;
};

struct arch_given;

/** Makes a study of what was given; arch_study_release also after an error. */
cosim_status arch_study_open(struct arch_study *s, cosim *c, const struct study *study,
                             const struct arch_given *g, cosim_error *e);
void arch_study_release(struct arch_study *s);

/* One a thread: builds the models and remembers those of the last shape by their depth. */
struct arch_engine {
    const struct arch_study *s;
    struct arena arena;
    struct graph graph;
    struct load load;
    struct arch_design shape; /* layers 0; of what `known` holds */
    struct arch_facts *known; /* by whole layers */
    bool *have;
    size_t cap;
};

void arch_engine_init(struct arch_engine *g, const struct arch_study *s);
void arch_engine_release(struct arch_engine *g);

/** Facts of a design; between whole depths on the straight line that joins them. */
cosim_status arch_engine_facts(struct arch_engine *g, const struct arch_design *a,
                               struct arch_facts *f, cosim_error *e);

/** Facts of a model that exists, with formats `p`. */
cosim_status arch_engine_model(struct arch_engine *g, const struct model *m,
                               const struct arch_precision *p, struct arch_facts *f,
                               cosim_error *e);

/** An arch_cost_fn; `user` is an engine. */
cosim_status arch_engine_cost(void *engine, const struct arch_design *a, struct arch_cost *cost,
                              cosim_error *e);

/** The search of a study with one engine. */
struct arch_search arch_search_of(const struct arch_study *s, struct arch_engine *g);

/** The shape that the engine builds for a design. */
struct model_shape arch_shape(const struct arch_study *s, const struct arch_design *a);

/* --- added loss of formats (arch_quality.c) ------------------------------------------------- */

/** Fills measured_loss and loss_origin of a precision. */
cosim_status arch_quality_of(struct arch_precision *p, const struct arch_study *s, struct arena *a,
                             cosim_error *e);

/** Added loss of a model by its plan: measured, else by law. */
double arch_added_loss(const struct arch_precision *p, const struct arch_study *s,
                       const struct plan *plan);

/* --- tables (arch_rows.c) -------------------------------------------------------------------- */

struct arch_row {
    const char *what, *mark; /* mark: name in pictures, NULL = none */
    uint64_t point;          /* UINT64_MAX = none: not a point of the grid */
    bool on_front;
    const struct arch_point *p;
    const struct arch_facts *facts;
};

/** `deltas`: with columns that compare with the reference. */
cosim_status arch_table_new(struct table **t, const struct arch_study *s, const char *title,
                            bool deltas, cosim_error *e);
cosim_status arch_table_add(struct table *t, const struct arch_study *s, const struct arch_row *row,
                            cosim_error *e);
/** The reference as a row of such a table. */
cosim_status arch_table_reference(struct table *t, const struct arch_study *s, cosim_error *e);

/** What was asked and what is whose: budgets, counting, law, vocabulary. */
cosim_status arch_describe(struct table *t, const struct arch_study *s, cosim_error *e);

/* --- what is shown ------------------------------------------------------------------------- */

/** Points of the grid: choices x widths x layers; layers vary fastest. */
uint64_t arch_n_points(const struct arch_study *s);
struct arch_design arch_grid_point(const struct arch_study *s, uint64_t id);

/** Least loss under the budgets; ENO: nothing fits. */
cosim_status arch_optimum(struct arch_point *best, const struct arch_study *s,
                          enum arch_depth depth, cosim_error *e);

cosim_status arch_show_best(struct table **t, const struct arch_study *s, cosim_error *e);
cosim_status arch_show_front(struct table **t, const struct arch_study *s, cosim_error *e);
cosim_status arch_show_region(struct table **t, const struct arch_study *s, cosim_error *e);
cosim_status arch_show_iso(struct table **t, const struct arch_study *s, cosim_error *e);
cosim_status arch_show_shadow(struct table **t, const struct arch_study *s, cosim_error *e);
cosim_status arch_show_closed(struct table **t, const struct arch_study *s, cosim_error *e);

#endif
