#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Choosing from a frontier: order by knee, regret, weights and robustness; errors stated or given.
set -eu
. tests/support/cli.sh

# 1,10 and 10,1 are the ends, 2,2 the knee; 9,9 is dominated, the last row has no energy
cat >"$T/front.csv" <<'CSV'
name,e2e_s,j_per_token,tokens_per_s
fast,1,10,100
knee,2,2,50
lean,10,1,10
bad,9,9,11
none,3,,33
CSV
O="--objectives=e2e_s,j_per_token"

# shellcheck disable=SC2086
run 0 choose "$T/front.csv" $O -f csv --columns=name,knee_bulge,regret_max,certainly_dominated
[ "$(wc -l <"$T/out")" -eq 4 ] || fail "three rows are on the front"
[ "$(sed -n 2p "$T/out" | cut -d, -f1)" = knee ] || fail "the knee is not the first row"
out_has '^knee,0.549'
out_has '^fast,0,1.05,0$'

# the stated errors and where they are from are told
# shellcheck disable=SC2086
run 0 choose "$T/front.csv" $O
out_has 'error of j_per_token: 0.67 (median error .*validate energy'

# weights: nearly all for energy
# shellcheck disable=SC2086
run 0 choose "$T/front.csv" $O --weights=1,50 --top=1 -f csv --columns=name
out_has '^lean$'

# small errors leave the front as it is; with 0.7 every row may be better than the knee
# shellcheck disable=SC2086
run 0 choose "$T/front.csv" $O --errors=e2e_s=0.1,j_per_token=0.1 --by=robust -f csv \
    --columns=name,possibly_dominated,tolerance
out_has '^knee,0,6.6666'
# shellcheck disable=SC2086
run 0 choose "$T/front.csv" $O --errors=e2e_s=0.7,j_per_token=0.7 -f csv \
    --columns=name,possibly_dominated
out_has '^knee,2$'

# metrics know their sense: more tokens per second are better
run 0 choose "$T/front.csv" --objectives=tokens_per_s,j_per_token -f csv --columns=name
out_has '^fast$'
run 0 hypervolume "$T/front.csv" --objectives=tokens_per_s,j_per_token --ref=0,20 -f csv
out_has '^nondominated,3,'

# a real frontier
# shellcheck disable=SC2086
run 0 sweep $POINT --w=bf16,int8,int4-g128 --batch=1..64 --objectives=tpot_s,usd_per_mtok -o "$T/real.csv" -q
run 0 choose "$T/real.csv" --objectives=tpot_s,usd_per_mtok --top=3 -f csv
[ "$(wc -l <"$T/out")" -eq 4 ] || fail "three rows were asked for"

# what other programs call nan is unknown
printf 'e2e_s,j_per_token\n1,2\nNaN,3\n2,1\n' >"$T/nan.csv"
# shellcheck disable=SC2086
run 0 choose "$T/nan.csv" $O
out_has '^note: rows left out because an objective is unknown: 1'
run 0 hypervolume "$T/nan.csv" --ref=3,3 -f csv
out_has '^unknown,1,'

# mistakes
# shellcheck disable=SC2086
refused 2 'speed' choose "$T/front.csv" $O --by=speed
# shellcheck disable=SC2086
refused 2 '2 positive weights' choose "$T/front.csv" $O --weights=1
# shellcheck disable=SC2086
refused 2 '2 positive weights' choose "$T/front.csv" $O --weights=1,0
# shellcheck disable=SC2086
refused 2 'e2e_s=0.2' choose "$T/front.csv" $O --errors=e2e_s=2
# shellcheck disable=SC2086
refused 3 'none of the objectives' choose "$T/front.csv" $O --errors=ttft_s=0.2
refused 3 "no column 'e2e'" choose "$T/front.csv" --objectives=e2e,j_per_token
refused 3 "front.csv: column 'name' has '[a-z]*' in row 1" choose "$T/front.csv" --objectives=name
refused 2 'objectives' choose "$T/front.csv"
refused 2 'two objectives or more, not 1' choose "$T/front.csv" --objectives=e2e_s
printf 'name,e2e_s,j_per_token\nx,1,\ny,,2\n' >"$T/empty.csv"
# shellcheck disable=SC2086
refused 1 'no row' choose "$T/empty.csv" $O
