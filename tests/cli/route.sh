#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# cosim route: platforms, plans, events, curves, and what it refuses.
set -eu
. tests/support/cli.sh

STUDY="--model=llama-3.1-8b --w=q4_k_m"

run 0 route --format csv
grep -q '^jetson-agx-orin,cpu,' "$T/out" || fail "a platform is missing"

# shellcheck disable=SC2086
run 0 route rtx-4090-host $STUDY
grep -q 'gpu alone' "$T/out" || fail "no comparison with a single device"
grep -q 'only named after QEIL' "$T/out" || fail "the origin of the metrics is not said"

# shellcheck disable=SC2086
run 0 route rtx-4090-host $STUDY --show nodes --format csv --out "$T/nodes.csv"
[ "$(grep -c '^prefill,layer' "$T/nodes.csv")" -eq 32 ] || fail "not one row per layer"

# shellcheck disable=SC2086
run 0 route core-ultra-7-258v $STUDY --drop gpu --throttle gpu=0.25
grep -q 'gpu is gone.*routed anew *yes' "$T/out" || fail "no plan without the gpu"

# shellcheck disable=SC2086
run 0 route rtx-4090-3090 $STUDY --pipeline
# shellcheck disable=SC2086
run 0 route rtx-4090-3090 $STUDY --front --objectives latency,energy --precision 0.01
# shellcheck disable=SC2086
run 0 route rtx-3090-ti-host $STUDY --offload gpu:cpu --format csv
[ "$(grep -c '^[0-9]' "$T/out")" -eq 34 ] || fail "the curve has not one row per layer, none and head"

# search algorithms come to the exact plan, the same with the same seed
# shellcheck disable=SC2086
run 0 route rtx-4090-host $STUDY --prompt 64 --front --algorithm pgsam --samples 2000 --seed 7 --out "$T/a.csv"
# shellcheck disable=SC2086
run 0 route rtx-4090-host $STUDY --prompt 64 --front --algorithm pgsam --samples 2000 --seed 7 --out "$T/b.csv"
cmp "$T/a.csv" "$T/b.csv" || fail "the same seed gives another front"
# shellcheck disable=SC2086
run 0 route rtx-4090-host $STUDY --show plan --algorithm nsga2 --samples 500 --ranges nodes
grep -q 'nsga2, every node apart, seed 1: 500 evaluations' "$T/out" || fail "the run is not told"

# what is apart
run 0 route rtx-4090-host --model=mixtral-8x7b --w=q8_0 --apart experts
grep -q 'gap 0' "$T/out" || fail "nothing is proved"
grep -q 'chain, layers in two parts' "$T/out" || fail "no comparison with the chain"
run 0 route rtx-4090-host --model=llama-3.1-8b --w=q8_0 --prompt=130000 --output=1024 --apart kv --show nodes --format csv
grep -q '^decode,layer [0-9]* KV,gpu' "$T/out" || fail "no layer of the long context has its KV elsewhere"
refused 2 "apart can be 'kv', 'experts' or both" route rtx-4090-host --model=llama-3.1-8b --apart ffn
refused 2 "needs algorithm 'ilp'" route rtx-4090-host --model=llama-3.1-8b --apart kv --algorithm pgsam
refused 3 "no objective 'underuse'" route rtx-4090-host --model=llama-3.1-8b --apart kv --objectives underuse
refused 3 "shows plan, nodes and totals" route rtx-4090-host --model=llama-3.1-8b --algorithm ilp --front
refused 3 "did you mean 'pgsam'" route rtx-4090-host --model=llama-3.1-8b --algorithm pgsan
refused 3 "too many placements to price them all" route rtx-4090-host --model=llama-3.1-8b --algorithm exhaustive
refused 2 "'--ranges' needs 1 to 64, or 'nodes'" route rtx-4090-host --model=llama-3.1-8b --ranges many

# shellcheck disable=SC2086
run 0 route rtx-4090-host $STUDY --show operators --format csv
grep -q '^decode,gate_up,gpu' "$T/out" || fail "an operator is missing"

# keys and values that stay on the host make every decode pass go there
# shellcheck disable=SC2086
run 0 route rtx-3090-ti-host $STUDY --offload gpu:cpu --format csv
with=$(awk -F, '$1 == 20 { print $5 }' "$T/out")
# shellcheck disable=SC2086
run 0 route rtx-3090-ti-host $STUDY --offload gpu:cpu --apart kv --format csv
awk -F, -v with="$with" '$1 == 20 { exit !($5 > with) }' "$T/out" || fail "KV apart costs nothing"
refused 2 "of an offload, only 'kv' can be apart" route rtx-3090-ti-host --model=llama-3.1-8b --offload gpu:cpu --apart experts

run 1 route snapdragon-8-gen-3 --model=llama-3.1-405b --w=bf16
refused 3 "no platform 'jetson-orin-agx'" route jetson-orin-agx --model=llama-3.1-8b
refused 3 "no member 'npu'" route rtx-4090-host --model=llama-3.1-8b --drop npu
refused 3 "no objective 'speed'" route rtx-4090-host --model=llama-3.1-8b --objectives speed
refused 2 "devices are those of the platform" route rtx-4090-host --model=llama-3.1-8b --device=a10
refused 2 "not MEMBER=SHARE" route rtx-4090-host --model=llama-3.1-8b --throttle gpu
refused 2 "'--pick' needs" route rtx-4090-host --model=llama-3.1-8b --pick x

cp hwdb/*.csv "$T"
sed 's/^rtx-4090-3090,gpu1,rtx-3090/rtx-4090-3090,gpu1,rtx-3091/' hwdb/platforms.csv >"$T/platforms.csv"
refused 3 "platforms.csv:[0-9]*:[0-9]*: error: no device 'rtx-3091'" check hwdb --hwdb="$T"
