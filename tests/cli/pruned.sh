#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Pruned search: the rows of the sweep, fewer points, the same bytes for any number of threads.
set -eu
. tests/support/cli.sh

set -- --model=llama-3.1-8b --device=all --w=bf16,int8,int4-g128 --kv=bf16,kv8 --tp=1,2,4 \
    --prompt=512,2048
for rest in '--batch=1..32 --objectives=e2e_s,j_per_token,memory_bytes' \
    '--batch=1..8 --objectives=power_w,tokens_per_s --max=power_w=2000' \
    '--batch=1..8 --objectives=usd_per_mtok,ttft_s,tpot_s,price_usd --min=tokens_per_s=50' \
    '--batch=1..64:*2 --objectives=carbon_g_per_mtok,n_devices,decode_tokens_per_s'; do
    # shellcheck disable=SC2086
    run 0 sweep "$@" $rest -f csv
    cp "$T/out" "$T/sweep"
    # shellcheck disable=SC2086
    run 0 sweep "$@" $rest -f csv --algorithm=pruned --threads=1
    cmp -s "$T/out" "$T/sweep" || fail "pruned search finds another front"
done

run 0 sweep "$@" --batch=1..32 --algorithm=pruned --threads=1
out_has '^note: bounds proved [0-9]* points dominated or infeasible'
visited=$(sed -n 's/.*whole blocks (\([0-9]*\).* of the space was visited, after a search of 23[0-9]* eval.*/\1/p' "$T/out")
[ "${visited:-100}" -lt 20 ] || fail "more than a fifth of the space is visited"
cp "$T/out" "$T/one"
run 0 sweep "$@" --batch=1..32 --algorithm=pruned --threads=3
cmp -s "$T/out" "$T/one" || fail "threads change the result or the counts"
