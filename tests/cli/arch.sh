#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# cosim arch: what it shows, the config.json it writes, pictures, threads, and what it refuses.
set -eu
. tests/support/cli.sh

ASK="--device=jetson-agx-orin-64gb --prompt=1024 --output=16"

# shellcheck disable=SC2086
run 0 arch $ASK
out_has 'reference qwen2.5-0.5b'
out_has 'best with real depth'
out_has 'of the paper; costs: this engine'

# docs/laws.md shows these
# shellcheck disable=SC2086
run 0 arch $ASK --columns=what,layers,width,ffn_ratio,gqa,experts,active_experts,n_params --format=csv
out_has '^best,17,1792,0.5,4,16,1,1719493888'
# shellcheck disable=SC2086
run 0 arch $ASK --show=front --against=e2e_s --ffn-ratio=.25,.5,1,2,4 --columns=experts --format=csv
[ "$(grep -c '^[0-9]' "$T/out")" -eq 124 ] || fail "another front"
[ "$(tr -d '\r' <"$T/out" | grep -c '^1$')" -eq 2 ] || fail "another number of dense points"

# the best architecture as a config.json: estimate reads it back to the same bytes
metrics=ttft_s,tpot_s,e2e_s,memory_bytes,j_per_token
# shellcheck disable=SC2086
run 0 arch $ASK --w=bf16,q8_0 --max=memory_bytes=3e9 --same=e2e_s --config="$T/best.json" \
    --columns=what,w,$metrics --format=csv
grep '^best,' "$T/out" >"$T/best"
w=$(cut -d, -f2 "$T/best")
# shellcheck disable=SC2086
run 0 estimate --model="$T/best.json" $ASK --w="$w" --columns=$metrics --format=csv
[ "$(tail -n 1 "$T/out")" = "$(cut -d, -f3- "$T/best")" ] || fail "not the numbers of $(cat "$T/best")"

# a design of the grid by its number
# shellcheck disable=SC2086
run 0 arch $ASK --show=front --width=768..2048:+256 --out="$T/front.csv"
point=$(awk -F, '/^searched with experts/ { n = $3; } END { print n }' "$T/front.csv")
# shellcheck disable=SC2086
run 0 arch $ASK --show=front --width=768..2048:+256 --config="$T/pick.json" --pick="$point" \
    --out="$T/again.csv"
cmp -s "$T/front.csv" "$T/again.csv" || fail "the front changed"
grep -q '"model_type": "mixtral"' "$T/pick.json" || fail "no experts in the picked design"

# the same bytes on any number of threads
for show in best front region iso shadow closed; do
    for threads in 1 3; do
        # shellcheck disable=SC2086
        run 0 arch $ASK --show=$show --width=768..2048:+256 --layers=4..32:+4 --w=bf16,int8 \
            --threads=$threads --out="$T/$show.$threads.csv"
    done
    cmp -s "$T/$show.1.csv" "$T/$show.3.csv" || fail "$show depends on threads"
done
out=$(grep -c ',yes,\|,no,' "$T/region.1.csv")
[ "$out" -gt 100 ] || fail "the region has no column extrapolated"

# pictures
for show in front region iso; do
    # shellcheck disable=SC2086
    run 0 arch $ASK --show=$show --width=768..2048:+256 --out="$T/x.csv" --plot="$T/$show.gp"
    grep -q . "$T/$show.gp" || fail "no picture of $show"
done
grep -q "qwen2.5-0.5b" "$T/front.gp" || fail "the reference is not marked"
grep -q '^N_MISSING = [1-9]' "$T/region.gp" || fail "infeasible cells are not blank"
# shellcheck disable=SC2086
run 2 arch $ASK --out="$T/x.csv" --plot="$T/best.gp"
err_has 'has no picture'

# a study file
printf 'device = jetson-orin-nano-8gb\nmodel = llama-3.2-1b\nmax = e2e_s=3\n' >"$T/a.study"
run 0 arch "$T/a.study" --format=csv
out_has '^reference llama-3.2-1b'

# what is refused
# shellcheck disable=SC2086
refused 1 'meets the budgets' arch $ASK --max=e2e_s=1e-5
# shellcheck disable=SC2086
refused 2 'can be no budget' arch $ASK --max=power_w=3
# shellcheck disable=SC2086
refused 2 'is one of best' arch $ASK --show=everything
# shellcheck disable=SC2086
refused 3 'is no pair' arch $ASK --experts=8
# shellcheck disable=SC2086
refused 3 'outside 1 to 4096' arch $ASK --layers=4..5000
# shellcheck disable=SC2086
refused 4 'No such file' arch $ASK --config="$T/nowhere/c.json"
refused 2 'no device is given' arch
