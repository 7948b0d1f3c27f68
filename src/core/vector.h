/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vector units chosen at run time. */
#ifndef CORE_VECTOR_H
#define CORE_VECTOR_H

/** Before a static function with hot loops: one clone per vector width. Contraction is off, so all
 * clones give the same bits. Static only: the chooser of any other would leave the library. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)                                \
    && !defined(__SANITIZE_ADDRESS__)
#define HOT static __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define HOT static
#endif

#endif
