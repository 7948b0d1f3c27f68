/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many (query, key) pairs attention scores, and which keys it touches: equations 1.1 to 1.4. */
#ifndef MODEL_PAIRS_H
#define MODEL_PAIRS_H

/** Pairs of S new queries after c cached tokens, causal mask (1.1). */
double pairs_causal(double new_tokens, double cached);

/** Without a mask (1.2). */
double pairs_full(double new_tokens, double cached);

/** Causal within a window of W tokens (1.3); W >= S + c equals pairs_causal. */
double pairs_window(double new_tokens, double cached, double window);

/** Distinct keys read: c + S, at most W + S - 1 with a window W > 0. */
double keys_read(double new_tokens, double cached, double window);

/** Tokens that stay resident: n, at most W with a window W > 0. */
double keys_kept(double n_tokens, double window);

/** Expected distinct experts when T tokens pick K of E uniformly (1.10). */
double experts_expected(double experts, double active, double tokens);

/** Load of the fullest of `ranks` ranks over the mean, `mean_load` tokens a rank (section 1.5). */
double experts_imbalance(double ranks, double mean_load);

#endif
