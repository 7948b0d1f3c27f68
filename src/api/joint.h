/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One search over everything: weight formats per set of tensors and block of layers, K and V
 * formats per block, the shape of the model, the place of every layer on a platform, clocks, and
 * the axes of a sweep. A candidate is built whole (model, plan, graph, load) and priced by the
 * plain evaluator, so each one can be given to 'cosim estimate' or 'cosim route' again.
 */
#ifndef API_JOINT_H
#define API_JOINT_H

#include "api/joint_place.h"
#include "api/resolve.h"
#include "model/model_synth.h"
#include "search/run.h"

#define JOINT_BLOCKS_MAX 64u
#define JOINT_PARTS_MAX 3u

/* What an axis of the search says. */
enum joint_kind {
    JOINT_SPACE,  /* `index`: enum axis of the space */
    JOINT_WEIGHT, /* part, block: index into space.w */
    JOINT_CACHE,  /* block: index into space.kv */
    JOINT_SHAPE,  /* `index`: enum joint_shape */
    JOINT_CUT,    /* `index`: first node of stage index + 1 */
    JOINT_MEMBER, /* `index`: phase, block: stage; value: member */
    JOINT_CLOCK,  /* `index`: member; value: index into the clocks */
};

/* Lists of the shape: id, study key, lowest, highest value, whole numbers only */
#define JOINT_SHAPE_LIST(X)                                                                        \
    X(LAYERS, STUDY_LAYERS, 1, 512, true)                                                          \
    X(WIDTH, STUDY_WIDTH, 64, 65536, true)                                                         \
    X(FFN, STUDY_FFN_RATIO, 0.05, 64, false)                                                       \
    X(GQA, STUDY_GQA, 1, 256, true)                                                                \
    X(VOCAB, STUDY_VOCAB, 16, 16777216, true)                                                      \
    X(EXPERTS, STUDY_EXPERTS, 1, 65536, true)

enum joint_shape {
#define JOINT_SHAPE_ENUM(id, key, lo, hi, whole) JOINT_##id,
    JOINT_SHAPE_LIST(JOINT_SHAPE_ENUM)
#undef JOINT_SHAPE_ENUM
        N_JOINT_SHAPES
};

struct joint_axis {
    enum joint_kind kind;
    unsigned index, part, block;
};

#define JOINT_AXES_MAX 512u

/* A set of tensors with a format of its own; a later part takes tensors from an earlier one. */
struct joint_part {
    const char *set; /* name in the grammar of schemes */
    unsigned tensors;
};

struct joint {
    struct arena arena;
    cosim *c;
    struct resolved r;
    size_t n_axes;
    struct joint_axis axis[JOINT_AXES_MAX];
    struct search_axis search[JOINT_AXES_MAX];

    size_t n_blocks, n_parts; /* of weights; n_parts 0: the schemes stay whole */
    struct joint_part part[JOINT_PARTS_MAX];
    size_t n_kv_blocks;
    const struct format *const *w_format; /* of space.w, when split */
    const double *w_ln, *kv_ln;           /* ln(1 + increase): [model][w][a] and [model][kv] */
    const double *w_loss, *kv_loss; /* nats: [part][layer][w] and [layer][kv]; NULL = shares */

    bool shaped;
    struct model_shape reference;                 /* the model's own shape: what no list changes */
    const double *shape[N_JOINT_SHAPES], *active; /* active: experts of each pair that are active */
    size_t n_shape[N_JOINT_SHAPES];

    const struct platform *platform; /* NULL = devices */
    struct joint_members members;
    size_t n_stages;
};

/* A row of the search, read. */
struct joint_choice {
    size_t digit[N_AXES];
    size_t w[JOINT_PARTS_MAX][JOINT_BLOCKS_MAX], kv[JOINT_BLOCKS_MAX];
    size_t shape[N_JOINT_SHAPES];
    size_t cut[JOINT_STAGES_MAX], member[2][JOINT_STAGES_MAX], clock[ROUTE_MEMBERS];
};

/* What a candidate is and costs; texts live in the arena that it was made with. */
struct joint_point {
    struct point point;
    double over_ratio; /* memory: needed over usable - 1 when it does not fit */
    const struct model *model;
    const struct rates *rates;          /* of its device; NULL on a platform */
    const char *w, *k, *v, *placement;  /* placement NULL: a device alone */
    const char *quality_doc, *loss_doc; /* where ppl_increase_ratio and loss_nats come from */
    const char *assumed;                /* rates of the device */
};

/** Reads a study into axes. Zero-initialise `j`; joint_release also after an error. */
cosim_status joint_resolve(struct joint *j, cosim *c, const struct study *s, cosim_error *e);
void joint_release(struct joint *j);

/** The part that a tensor belongs to; SIZE_MAX = it keeps its 16 bits. */
size_t joint_part_of(const struct joint *j, int tensor);

/** Block b of n over the layers: [first, last). */
struct joint_span {
    size_t first, last;
};
static inline struct joint_span joint_span_of(size_t b, size_t n_blocks, size_t n_layers)
{
    return (struct joint_span){ b * n_layers / n_blocks, (b + 1) * n_layers / n_blocks };
}

/** Reads the tables of sensitivities that a study names. */
cosim_status joint_sensitivities(struct joint *j, const struct study *s, cosim_error *e);

/** The lists of the shape, for joint_resolve; what is not listed is as the model has it. */
cosim_status joint_pick_shapes(struct joint *j, const struct study *s, cosim_error *e);
const char *joint_shape_name(enum joint_shape k);

/** Whether a study asks for any of this. */
bool joint_wanted(const struct study *s);

/** Labels of the values of an axis, for the journal and for people. */
const char *joint_label(const struct joint *j, size_t axis, size_t value, char buffer[64]);

void joint_read(const struct joint *j, const double *x, struct joint_choice *choice);

/**
 * Builds and prices a candidate; what cannot be built is rejected. for_people: with the texts that
 * a search does not need (placement, docs, assumed).
 */
cosim_status joint_price(const struct joint *j, const struct joint_choice *choice, bool for_people,
                         struct joint_point *p, struct arena *a, cosim_error *e);

/** Scheme texts of a choice for a model of n layers; equal neighbours are one range. */
const char *joint_weight_text(const struct joint *j, const struct joint_choice *c, size_t n_layers,
                              struct arena *a);
const char *joint_cache_text(const struct joint *j, const struct joint_choice *c, size_t n_layers,
                             bool values, struct arena *a);

/** Perplexity increase and predicted loss of a choice, with what they rest on. */
cosim_status joint_judge(const struct joint *j, const struct joint_choice *c,
                         const struct plan *plan, bool for_people, struct joint_point *p,
                         struct arena *a, cosim_error *e);

/** The columns of candidates. */
cosim_status joint_table_new(struct table **t, const struct joint *j, cosim_error *e);
cosim_status joint_table_add(struct table *t, const struct joint *j, const double *x,
                             struct arena *a, cosim_error *e);

#endif
