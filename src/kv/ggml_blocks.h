/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ggml block formats to floats. The layouts are those of ggml-common.h (llama.cpp): 32-element
 * blocks with one or two binary16 scales, and 256-element "K" blocks whose sub-block scales are
 * themselves quantised. src holds n_blocks blocks, dst n_blocks * 32 (or 256) floats.
 */
#ifndef KV_GGML_BLOCKS_H
#define KV_GGML_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

/* name, GGUF id, elements and bytes of a block */
#define GGML_DECODED_LIST(X)                                                                       \
    X(q4_0, 2, 32, 18)                                                                             \
    X(q4_1, 3, 32, 20)                                                                             \
    X(q5_0, 6, 32, 22)                                                                             \
    X(q5_1, 7, 32, 24)                                                                             \
    X(q8_0, 8, 32, 34)                                                                             \
    X(q2_k, 10, 256, 84)                                                                           \
    X(q3_k, 11, 256, 110)                                                                          \
    X(q4_k, 12, 256, 144)                                                                          \
    X(q5_k, 13, 256, 176)                                                                          \
    X(q6_k, 14, 256, 210)                                                                          \
    X(iq4_nl, 20, 32, 18)

#define GGML_DECODE(name, id, block, bytes)                                                        \
    void ggml_decode_##name(const uint8_t *src, size_t n_blocks, float *dst);
GGML_DECODED_LIST(GGML_DECODE)
#undef GGML_DECODE

/** The 16 levels of iq4_nl, ascending (ggml-common.h). */
extern const int8_t ggml_iq4_nl_level[16];

#endif
