#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# cosim kv search on a device: every uniform row is what estimate says of that cache; kv tune --losses.
set -eu
. tests/support/cli.sh

# the published e_o of each pair, alike in all layers
awk -F, 'BEGIN { print "layer,pair,e_k,e_v,e_a,e_o" }
    $2 == "pertoken" && $3 == "e_o" && $1 ~ /Llama-3.1/ { for (l = 0; l < 32; l++) print l "," $4 ",,,," $5 }' \
    workloads/kvtuner/anchors.csv >"$T/sens.csv"

run 0 kv search --sensitivity "$T/sens.csv" --device=h100-sxm --model-id=llama-3.1-8b --w=int4-g128 \
    --context=4096 --no-prune --format csv
tr -d '\r' <"$T/out" >"$T/front.csv"
[ "$(grep -c ',feasible$' "$T/front.csv")" -ge 90 ] || fail "few points of the front"

# row PAIR COLUMN: of the row in which all layers have the pair
row() {
    awk -F, -v pair="$1" -v want="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) { if ($i == want) c = i; if ($i == "pairs") p = i } next }
        { n = split($p, x, " "); same = n == 32; for (i = 1; i <= n; i++) same = same && x[i] == pair }
        same { print $c }' "$T/front.csv"
}
for pair in KV2:kv2 KV8:kv8 K8V4:kv8:kv4; do
    run 0 estimate --model=llama-3.1-8b --device=h100-sxm --w=int4-g128 --kv="${pair#*:}" --prompt=4095 --output=2 \
        --format csv --columns memory_bytes,tpot_s
    want=$(sed -n 2p "$T/out" | tr -d '\r')
    got=$(row "${pair%%:*}" memory_bytes),$(row "${pair%%:*}" tpot_s)
    [ "$got" = "$want" ] || fail "${pair%%:*}: $got, estimate says $want"
done
# the engine's cache is the search's: bytes per token times tokens (a token more is cached at the end)
awk -v a="$(row KV8 memory_bytes)" -v b="$(row KV2 memory_bytes)" -v x="$(row KV8 kv_bytes_per_token)" \
    -v y="$(row KV2 kv_bytes_per_token)" 'BEGIN { d = (a - b) / ((x - y) * 4097) - 1; exit !(d * d < 1e-18) }' ||
    fail "bytes of the cache differ"

refused 3 "opt-125m has 12 layers, the sensitivities 32" kv search --sensitivity "$T/sens.csv" \
    --device=h100-sxm --model-id=opt-125m
refused 2 "go together" kv search --sensitivity "$T/sens.csv" --device=h100-sxm
refused 3 "did you mean 'h100-sxm'" kv search --sensitivity "$T/sens.csv" --device=h100-sxn --model-id=llama-3.1-8b
refused 2 "'--losses' are those of '--weights'" kv tune --model m.gguf --text t.txt --losses "$T/l.csv"

# measured losses of the small real model, through allocate
if [ -n "${COSIM_DATA:-}" ] && [ -f "$COSIM_DATA/models/tiny_lm_f16.gguf" ]; then
    run 0 kv tune --model "$COSIM_DATA/models/tiny_lm_f16.gguf" --text "$COSIM_DATA/models/tiny_lm_eval.txt" \
        --weights --calibration-windows 1 --test-windows 1 --losses "$T/losses.csv"
    [ "$(wc -l <"$T/losses.csv")" -eq 253 ] || fail "not 6 layers of 7 matrices in 6 formats"
    printf '%s\n' '{ "model_type": "llama", "hidden_size": 256, "num_hidden_layers": 6,' \
        '"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64, "intermediate_size": 768,' \
        '"vocab_size": 256, "tie_word_embeddings": false, "max_position_embeddings": 2048 }' >"$T/tiny.json"
    run 0 allocate --model "$T/tiny.json" --device=rtx-4090 --prompt=128 --w=q8_0,q6_k,q5_k,q4_k,q3_k,q2_k \
        --sensitivity "$T/losses.csv" --max weight_bytes=2.99e6
    out_has 'losses: sensitivity table'
else
    echo "no small model in COSIM_DATA: its losses are skipped"
fi
