/* SPDX-License-Identifier: GPL-3.0-or-later */
/* To add an algorithm: write algo_<name>.c and its row here; nothing else changes. */
ALGO(exhaustive)
ALGO(random)
ALGO(sobol)
ALGO(nsga2)
ALGO(moead)
ALGO(pgsam)
ALGO(psa)
ALGO(pls)
ALGO(nlopt)
