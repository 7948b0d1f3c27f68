/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * cosim: analytical performance and co-design simulator for large language models.
 *
 * Every function that can fail returns a cosim_status and fills an optional cosim_error.
 * The library never prints, never exits and keeps no global state: two contexts never
 * interact. A context must not be used by two threads at the same time.
 * Units are in the names: _s seconds, _j joules, _bytes bytes (1 GB = 1e9), _w watts.
 */
#ifndef COSIM_H
#define COSIM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COSIM_VERSION_MAJOR 0
#define COSIM_VERSION_MINOR 1
#define COSIM_VERSION_PATCH 0

#if defined(__GNUC__)
#define COSIM_API __attribute__((visibility("default")))
#else
#define COSIM_API
#endif

/* name, exit code of the command line, text. The one list of statuses: enum, names, texts, man
 * page. */
#define COSIM_STATUS_MAP(X)                                                                        \
    X(OK, 0, "success")                                                                            \
    X(ENO, 1, "the answer is no: infeasible, or a check failed")                                   \
    X(EUSAGE, 2, "wrong usage")                                                                    \
    X(ESYNTAX, 3, "malformed input")                                                               \
    X(ERANGE, 3, "value out of range")                                                             \
    X(EUNKNOWN, 3, "unknown name")                                                                 \
    X(EUNSUPPORTED, 3, "input asks for something not computed yet")                                \
    X(EIO, 4, "input or output failed")                                                            \
    X(ENOMEM, 4, "out of memory")                                                                  \
    X(EINTERNAL, 5, "internal error: please report it")                                            \
    X(EINTERRUPTED, 130, "interrupted: the result is partial")

typedef enum cosim_status {
#define COSIM_STATUS_ENUM(name, exit_code, text) COSIM_##name,
    COSIM_STATUS_MAP(COSIM_STATUS_ENUM)
#undef COSIM_STATUS_ENUM
        COSIM_STATUS_COUNT
} cosim_status;

/** Where and why something failed. line and col are 1-based, 0 = not applicable. */
typedef struct cosim_error {
    cosim_status status;
    unsigned line, col;
    char file[256], msg[512], hint[256];
} cosim_error;

/** Everything loaded from the data folders: devices, models, formats. Opaque. */
typedef struct cosim cosim;

/** A result: named, typed columns with units. Opaque; free with cosim_table_free. */
typedef struct table cosim_table;

/** What is asked: values per axis, objectives, limits. Opaque; free with cosim_study_free. */
typedef struct study cosim_study;

typedef struct cosim_options {
    size_t size;           /* sizeof (cosim_options): the struct may grow */
    const char *hwdb;      /* folder of devices.csv, assumptions.csv */
    const char *workloads; /* folder of models.csv, formats.csv, ... */
    const char *reports;   /* folder of the plot templates; NULL when nothing is plotted */
} cosim_options;

COSIM_API const char *cosim_version(void);

/** "ESYNTAX", its text, and the exit code that the command line gives for it. */
COSIM_API const char *cosim_status_name(cosim_status st);
COSIM_API const char *cosim_status_text(cosim_status st);
COSIM_API int cosim_status_exit_code(cosim_status st);

/** Loads and checks all tables. `*c` is NULL after an error. */
COSIM_API cosim_status cosim_open(cosim **c, const cosim_options *o, cosim_error *e);
COSIM_API void cosim_close(cosim *c); /* NULL is fine */

/** Ends a running sweep soon; what was found so far is given. Safe in a signal handler. */
COSIM_API void cosim_stop(cosim *c);

/* --- studies ------------------------------------------------------------------------------- */

typedef struct cosim_key {
    const char *key, *arg, *def, *doc; /* def NULL = none */
} cosim_key;

/** Key number i, or NULL behind the last one. */
COSIM_API const cosim_key *cosim_study_key(size_t i);

COSIM_API cosim_status cosim_study_new(cosim_study **s, cosim_error *e);
COSIM_API void cosim_study_free(cosim_study *s);

/**
 * Sets a key ("model", "llama-3.1-8b,qwen2.5-7b"; "max", "ttft_s=0.5"). `origin` names where the
 * value was written ("--model"), for error messages; NULL is fine.
 */
COSIM_API cosim_status cosim_study_set(cosim_study *s, const char *key, const char *value,
                                       const char *origin, cosim_error *e);

/** Reads a study file: lines `key = value`, '#' begins a comment. */
COSIM_API cosim_status cosim_study_load(cosim_study *s, const char *path, cosim_error *e);

/* --- results ------------------------------------------------------------------------------- */

/** kind: devices, models, formats, recipes, scenarios, objectives, algorithms, axes, ... */
COSIM_API cosim_status cosim_list(cosim *c, const char *kind, cosim_table **t, cosim_error *e);

/** Everything known about one device, model, format or scenario, with origins and sources. */
COSIM_API cosim_status cosim_show(cosim *c, const char *id, cosim_table **t, cosim_error *e);

/**
 * Compares with a peer tool's recorded results (CSV; the schema is recognised by its header).
 * ENO, with both tables, when a difference is above the tolerance.
 */
COSIM_API cosim_status cosim_validate_golden(const char *path, cosim_table **summary,
                                             cosim_table **worst, cosim_error *e);

typedef struct cosim_validate_options {
    size_t size;      /* sizeof (cosim_validate_options) */
    const char *by;   /* columns of `rows` that make a group; NULL = the usual five */
    const char *only; /* phases to look at, comma-separated; NULL = all */
} cosim_validate_options;

/**
 * Compares the prediction (data sheets and labelled assumptions, nothing fitted) with published
 * measurements. kind: throughput, energy, claims. `summary`: errors per group; `rows`: every value,
 * the largest difference first; `skipped`: what could not be predicted, counted by reason.
 */
COSIM_API cosim_status cosim_validate_measured(cosim *c, const char *kind, const char *path,
                                               const cosim_validate_options *o, /* NULL = usual */
                                               cosim_table **summary, cosim_table **rows,
                                               cosim_table **skipped, cosim_error *e);

typedef struct cosim_operators_options {
    size_t size;        /* sizeof (cosim_operators_options) */
    const char *device; /* priced on it; NULL = h200-sxm */
    const char *by;     /* columns that make a group; NULL = quantity, group, op, dtype */
    const char *only;   /* "time" or "energy"; NULL = both */
} cosim_operators_options;

/**
 * The engine's time and energy of single kernels, layers and a 32-layer stack beside our own
 * measurements in `dir` (reports/measured/h200/README.md has the schema), nothing fitted.
 */
COSIM_API cosim_status cosim_validate_operators(cosim *c, const char *dir,
                                                const cosim_operators_options *o,
                                                cosim_table **summary, cosim_table **rows,
                                                cosim_error *e);

/** Findings of the data checks; ENO (with a table) when one of them is an error. what: hwdb,
 * workloads. */
COSIM_API cosim_status cosim_check(cosim *c, const char *what, cosim_table **t, cosim_error *e);

/** All metrics of the points of a small space (at most 10000); infeasible ones with the reason. */
COSIM_API cosim_status cosim_estimate(cosim *c, const cosim_study *s, cosim_table **t,
                                      cosim_error *e);

/**
 * Operators of one point: formula, bytes by operand and level, times, bound, what would flip it,
 * joules, source. `point` selects from a space of several points (NULL: the space has one).
 */
COSIM_API cosim_status cosim_explain(cosim *c, const cosim_study *s, const uint64_t *point,
                                     cosim_table **t, cosim_error *e);

/** Progress of a long call: points done of total. Called from one thread, often. */
typedef void cosim_progress(void *user, uint64_t done, uint64_t total);

typedef struct cosim_sweep_info {
    uint64_t n_points, n_evaluated, n_feasible, n_front;
    int partial; /* stopped before the end */
    double seconds;
    char signature[17]; /* of the space: point ids mean something only with it */
} cosim_sweep_info;

/**
 * Evaluates a space and gives the non-dominated points (column on_front true) and, when the study
 * asks for a cloud, sampled dominated ones. EINTERRUPTED comes WITH a table: the partial result.
 */
COSIM_API cosim_status cosim_sweep(cosim *c, const cosim_study *s, cosim_progress *progress,
                                   void *user, cosim_table **t, cosim_sweep_info *info,
                                   cosim_error *e);

/** Signature of a study's space (see cosim_sweep_info). */
COSIM_API cosim_status cosim_signature(cosim *c, const cosim_study *s, char signature[17],
                                       cosim_error *e);

/**
 * Searches a space too large to enumerate with an algorithm of 'cosim list algorithms' (pgsam when
 * the study names none), spending `samples` evaluations. The same seed gives the same bytes for
 * any number of threads. EINTERRUPTED comes WITH a table.
 */
COSIM_API cosim_status cosim_search(cosim *c, const cosim_study *s, cosim_table **t,
                                    cosim_error *e);

/** The same on a standard test problem (zdt1, dtlz2, wfg4, mw1, ...): its front and variables. */
COSIM_API cosim_status cosim_search_problem(cosim *c, const char *problem, const char *algorithm,
                                            uint64_t evaluations, uint64_t seed, cosim_table **t,
                                            cosim_error *e);

/** Ceilings of the study's device and the operators of the model on it, for the roofline picture.
 */
COSIM_API cosim_status cosim_roofline(cosim *c, const cosim_study *s, cosim_table **t,
                                      cosim_error *e);

/* --- quality of frontiers ------------------------------------------------------------------ */

typedef struct cosim_front_options {
    size_t size;          /* sizeof (cosim_front_options) */
    const char *columns;  /* objectives, comma-separated; NULL = all columns of numbers */
    const char *maximise; /* those that are better when larger, besides metrics that say so */
    const char
        *reference; /* reference point, one number a column; NULL = worst + 10 % of the range */
    const cosim_table *truth; /* reference front for IGD+, epsilon and spread; NULL = none */
} cosim_front_options;

/**
 * Exact hypervolume of the rows of a table in 1 to 8 columns, with the non-dominated count, and,
 * given a reference front, IGD+, additive epsilon and spread (normalised by its range).
 */
COSIM_API cosim_status cosim_hypervolume(const cosim_table *front, const cosim_front_options *o,
                                         cosim_table **t, cosim_error *e);

typedef struct cosim_choose_options {
    size_t size;          /* sizeof (cosim_choose_options) */
    const char *columns;  /* objectives, comma-separated */
    const char *maximise; /* those that are better when larger, besides metrics that say so */
    const char *weights;  /* what an objective counts, one number each; NULL = all alike */
    const char *errors;   /* "e2e_s=0.2,j_per_token=0.5"; NULL = those of hwdb/metric_errors.csv */
    const char *by;       /* knee, regret, robust or weights; NULL = knee */
    size_t top;           /* rows to give; 0 = all */
} cosim_choose_options;

/**
 * The non-dominated rows of a table, best first, with what speaks for each: how far it bulges
 * (knee), what others lose by it (regret, ratios of the front's range), its value for the weights,
 * and how many rows may be better in truth when each objective is wrong by its relative error.
 */
COSIM_API cosim_status cosim_choose(cosim *c, const cosim_table *front,
                                    const cosim_choose_options *o, cosim_table **t, cosim_error *e);

/* --- scaling laws --------------------------------------------------------------------------- */

/** name NULL: all laws; else the law's constants with their sources. */
COSIM_API cosim_status cosim_law_list(const char *name, cosim_table **t, cosim_error *e);

/** Loss by a law at inputs "name=value,name=value"; constants NULL = the law's first set. */
COSIM_API cosim_status cosim_law_value(const char *name, const char *constants, const char *inputs,
                                       cosim_table **t, cosim_error *e);

typedef struct cosim_fit_options {
    size_t size; /* sizeof (cosim_fit_options) */
    uint64_t seed;
    size_t n_bootstrap; /* 0 = 200 */
    int no_bootstrap;
    const char *fold;  /* input held out value by value; NULL = the law's size */
    const char *fixed; /* "alpha=0.34,beta=0.28"; NULL = none */
} cosim_fit_options;

/** Fits a law to a CSV of its inputs and result: parameters with intervals, held-out errors. */
COSIM_API cosim_status cosim_fit(cosim *c, const char *law, const char *path,
                                 const cosim_fit_options *o, cosim_table **parameters,
                                 cosim_table **folds, cosim_error *e);

/* --- architectures under budgets ------------------------------------------------------------- */

typedef struct cosim_setting {
    const char *name, *value; /* value NULL = a flag that is on */
} cosim_setting;

/** Option number i of cosim_arch besides those of a study; NULL behind the last one. */
COSIM_API const cosim_key *cosim_arch_key(size_t i);

/**
 * Searches decoder architectures (depth, width, FFN ratio, GQA, experts, vocabulary, formats) for
 * the least loss that the co-design law predicts (nats per token), under budgets of one device and
 * one request: seconds, bytes, joules, as the engine computes them. The study's model is the
 * reference (default qwen2.5-0.5b), its device the device; its --max limits are budgets.
 * `show`: best, front, region, iso, shadow, closed. `config` writes a Hugging Face config.json.
 * EUSAGE: a list where one value is wanted, or a limit that can be no budget. ENO: nothing fits.
 */
COSIM_API cosim_status cosim_arch(cosim *c, const cosim_study *s, const cosim_setting *setting,
                                  size_t n, cosim_table **t, cosim_error *e);

/* --- key and value cache precision (KVTuner) -------------------------------------------------- */

/** Option number i of cosim_kv with the steps it belongs to in `def`; NULL behind the last one. */
COSIM_API const cosim_key *cosim_kv_key(size_t i);

/**
 * One step of choosing K and V precision per layer. step: sensitivity (errors of every layer and
 * pair), search (front of layer-wise pairs), preset (a cache scheme as pairs per layer, also as
 * KVTuner's file), presets (the published ones against our front),
 * measure (loss of a small model under formats), tune (the whole loop on a small model).
 */
COSIM_API cosim_status cosim_kv(cosim *c, const char *step, const cosim_setting *setting, size_t n,
                                cosim_table **t, cosim_error *e);

/* --- routing ------------------------------------------------------------------------------- */

#define COSIM_ROUTE_BEST UINT64_MAX
#define COSIM_ROUTE_APART UINT64_MAX

typedef struct cosim_route_options {
    size_t size;          /* sizeof (cosim_route_options) */
    const char *show;     /* plan, nodes, operators, totals, front, events, pipeline, offload */
    int split_layers;     /* attention apart from FFN or experts */
    uint64_t pick;        /* placement of the front, or COSIM_ROUTE_BEST in the first objective */
    double precision;     /* 0 = exact; else the front may be worse by this factor */
    const char *drop;     /* events: member that is gone; NULL = each in turn */
    const char *throttle; /* events: "gpu=0.5" */
    const char *offload;  /* offload: "gpu:cpu" */
    uint64_t ranges;      /* of layers, for search algorithms; 0 = as many as suit, or
                             COSIM_ROUTE_APART: every node has its own places */
    const char *apart;    /* "kv", "experts" or "kv,experts": no chain, algorithm ilp */
} cosim_route_options;

/**
 * Places the nodes of a study's model on the members of a platform (hwdb/platforms.csv), for
 * prefill and decode. Objectives of the study: latency (default), energy, underuse. Its algorithm:
 * exact (default), ilp (plan, nodes and totals; proved by GLPK), or one of cosim_list's algorithms
 * with its samples and seed. ENO: no placement fits, or the algorithm found none.
 */
COSIM_API cosim_status cosim_route(cosim *c, const cosim_study *s, const char *platform,
                                   const cosim_route_options *o, cosim_table **t, cosim_error *e);

/** Members of all platforms, with sources. */
COSIM_API cosim_status cosim_platforms(cosim *c, cosim_table **t, cosim_error *e);

/* --- bit allocation -------------------------------------------------------------------------- */

typedef struct cosim_allocate_options {
    size_t size;             /* sizeof (cosim_allocate_options) */
    const char *show;        /* plan, front, compare, picture (the front to draw), barred, scheme */
    const char *method;      /* dp, ilp, lagrange; NULL = by what is asked */
    const char *by;          /* "tensor,layer" (default), "tensor" or "layer" */
    uint64_t blocks;         /* layers of a group; 0 = 1 */
    int split;               /* q, k, v and gate, up apart */
    const char *engine;      /* of workloads/engines.csv; NULL = any */
    const char *container;   /* kind of checkpoint of that engine; NULL = of most candidates */
    const char *sensitivity; /* CSV of losses per tensor; NULL = none */
    const char *share;      /* how measured losses are shared out: weights (default), sensitivity */
    double training_tokens; /* for the precision law; 0 = the law is not used */
    const char *weigh;      /* one number an objective; NULL = all alike */
    uint64_t points;        /* front: its rows, or steps of each limit; 0 = 100 and 16 */
} cosim_allocate_options;

/**
 * Chooses a weight format per group of tensors of the study's model, from the plain formats of its
 * `w` (not given: all that were measured on the model). Objectives of the study: ppl_increase_ratio
 * (default), memory_bytes, tpot_s, j_per_token; limits: the same and weight_bytes. ENO: no
 * allocation meets the limits.
 */
COSIM_API cosim_status cosim_allocate(cosim *c, const cosim_study *s,
                                      const cosim_allocate_options *o, cosim_table **t,
                                      cosim_error *e);

/* --- output -------------------------------------------------------------------------------- */

typedef struct cosim_write_options {
    size_t size;              /* sizeof (cosim_write_options) */
    const char *format;       /* table, csv, json, markdown */
    const char *command_line; /* for the metadata; may be NULL */
    const char *const *input; /* files whose hashes go into the metadata */
    size_t n_inputs;
    int seeded;
    uint64_t seed;
    int partial;
    int colour;     /* for people only */
    unsigned width; /* of the terminal; 0 = no limit */
} cosim_write_options;

/** Writes a table; everything lost on the way (full disk, closed pipe) is EIO. */
COSIM_API cosim_status cosim_write(cosim *c, const cosim_table *t, const cosim_write_options *o,
                                   FILE *out, cosim_error *e);

/** Writes the metadata alone: for NAME.meta.json beside NAME.csv. */
COSIM_API cosim_status cosim_write_meta(cosim *c, const cosim_table *t,
                                        const cosim_write_options *o, FILE *out, cosim_error *e);

/** A copy with only the columns of a comma-separated list, in that order. */
COSIM_API cosim_status cosim_table_select(const cosim_table *t, const char *columns,
                                          cosim_table **chosen, cosim_error *e);

/** Reads a CSV that cosim or another tool wrote; columns of numbers become numbers. */
COSIM_API cosim_status cosim_table_read(const char *path, cosim_table **t, cosim_error *e);

typedef struct cosim_plot_options {
    size_t size;                       /* sizeof (cosim_plot_options) */
    const char *kind;                  /* pareto, roofline, breakdown, heatmap, map, curve */
    const char *title, *subtitle;      /* NULL = of the table */
    const char *x, *y, *value, *group; /* column names; NULL = the kind's usual ones */
    const char *label;                 /* column written at points; NULL = none */
    unsigned width_px, height_px;      /* 0 = 1200 x 800 */
} cosim_plot_options;

/**
 * Draws a table through gnuplot. The suffix of `path` decides: .png .svg .pdf .txt (characters),
 * .gp (the script itself); "-" writes characters to `out`.
 */
COSIM_API cosim_status cosim_plot(cosim *c, const cosim_table *t, const cosim_plot_options *o,
                                  const char *path, FILE *out, cosim_error *e);

COSIM_API void cosim_table_free(cosim_table *t); /* NULL is fine */
COSIM_API size_t cosim_table_rows(const cosim_table *t);
COSIM_API size_t cosim_table_columns(const cosim_table *t);
COSIM_API const char *cosim_table_column_name(const cosim_table *t, size_t column);
COSIM_API const char *cosim_table_column_unit(const cosim_table *t, size_t column);

/** Index of a column, or SIZE_MAX. */
COSIM_API size_t cosim_table_find(const cosim_table *t, const char *column);

/** Number in a cell; NaN when unknown or text. */
COSIM_API double cosim_table_number(const cosim_table *t, size_t row, size_t column);

/** Text in a cell; NULL when unknown or a number. */
COSIM_API const char *cosim_table_text(const cosim_table *t, size_t row, size_t column);

#ifdef __cplusplus
}
#endif
#endif
