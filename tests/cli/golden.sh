#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# validate golden: excerpts of the peers' results are reproduced, a changed number is found.
set -eu
. tests/support/cli.sh

for peer in calculon genz infersim llmanalysis llmviewer; do
    run 0 validate golden "tests/compat/data/$peer.csv" -f csv
    no_errors
    [ "$(wc -l <"$T/out")" -ge 2 ] || fail "nothing was compared"
done
run 0 validate golden tests/compat/data/genz.csv --worst -f csv

# the last number of the last row, a little larger
awk 'BEGIN { FS = OFS = "," } { line[NR] = $0 }
    END {
        n = split(line[NR], cell, ",")
        for (i = n; i > 0 && cell[i] !~ /^[0-9]+\.[0-9]+(e[-+][0-9]+)?$/; i--) {}
        cell[i] *= 1.01
        for (r = 1; r < NR; r++) print line[r]
        for (j = 1; j <= n; j++) printf "%s%s", cell[j], j < n ? "," : "\n"
    }' tests/compat/data/llmviewer.csv >"$T/changed.csv"
run 1 validate golden "$T/changed.csv"
err_has "not reproduced within the tolerance"
run 1 validate golden tests/compat/data/genz.csv "$T/changed.csv"
head -c 700 tests/compat/data/llmviewer.csv >"$T/cut.csv"
refused 3 "$T/cut.csv:[0-9]*:[0-9]*: error: " validate golden "$T/cut.csv"
refused 4 "none.csv: cannot open" validate golden "$T/none.csv"
