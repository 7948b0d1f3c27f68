/* SPDX-License-Identifier: GPL-3.0-or-later */
/* To add a law: write law_<id>.c with `const struct law law_<id>` and add its row; nothing else. */
LAW(chinchilla)
LAW(kaplan_n)
LAW(kaplan_d)
LAW(precision)
LAW(qat)
LAW(quartet)
LAW(codesign)
