/* SPDX-License-Identifier: GPL-3.0-or-later */
/**
 * Every closed-form optimum of law/codesign.h beside a minimum of the loss that NLopt finds along
 * the same budgets: what the algebra says against what the law says.
 */
#ifndef LAW_CODESIGN_CHECK_H
#define LAW_CODESIGN_CHECK_H

#include "law/codesign.h"

/* id, equation, variable, budgets that bind */
#define CODESIGN_FORM_LIST(X)                                                                      \
    X(ACTIVE_MEMORY, "(8.5) Eq 162", "active_ratio", "memory")                                     \
    X(ACTIVE_PREFILL, "(8.6) Eq 10", "active_ratio", "prefill and memory")                         \
    X(FFN_PREFILL, "(8.7) Eq 12", "ffn_ratio", "prefill")                                          \
    X(GQA_PREFILL, "(8.8) Eq 13", "gqa", "prefill")                                                \
    X(FFN_DECODE, "(8.9) Eq 73", "ffn_ratio", "decode")                                            \
    X(GQA_DECODE, "(8.10) Eq 74", "gqa", "decode")                                                 \
    X(ACTIVE_DECODE, "(8.11) ours", "active_ratio", "decode and memory")                           \
    X(ACTIVE_DECODE_PRINTED, "Eq 11 as printed", "active_ratio", "decode and memory")

enum codesign_form {
#define CODESIGN_FORM_ENUM(id, equation, variable, budgets) FORM_##id,
    CODESIGN_FORM_LIST(CODESIGN_FORM_ENUM)
#undef CODESIGN_FORM_ENUM
        N_CODESIGN_FORMS
};

struct codesign_form_info {
    const char *equation, *variable, *budgets;
};
extern const struct codesign_form_info codesign_form_table[N_CODESIGN_FORMS];

/* A design and its budgets in the paper's counting; a form replaces its variable and the depth. */
struct codesign_case {
    const double *p; /* parameters of the law */
    double gqa, ffn_ratio, active_ratio;
    struct codesign_decode decode; /* width, bytes, mean KV length */
    double flops_per_token, bytes_per_token, memory_bytes;
};

/** The closed form; ENO when it has none here. */
cosim_status codesign_closed(double *x, enum codesign_form form, const struct codesign_case *c,
                             cosim_error *e);

/**
 * The loss with the form's variable at x and the depth that saturates its budgets (the scarcer of
 * two). ACTIVE_MEMORY: the depth is kept and the FFN ratio grows with x, so that the stored
 * parameters stay the same, as in Theorem 5.2.
 */
double codesign_along(enum codesign_form form, const struct codesign_case *c, double x);

/** The least of codesign_along, by NLopt (Nelder-Mead on ln x, several starts) for x in 1e-4 ..
 * 1e3. ENO: NLopt fails. */
cosim_status codesign_minimum(double *x, double *loss, enum codesign_form form,
                              const struct codesign_case *c, cosim_error *e);

#endif
