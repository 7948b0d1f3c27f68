#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# cosim allocate: the plan, its scheme through estimate, fronts, engines, and what it refuses.
set -eu
. tests/support/cli.sh

ON="--model=llama-2-7b --device=rtx-4090"

# the plan keeps to its limit and says where its losses are from
# shellcheck disable=SC2086
run 0 allocate $ON --max weight_bytes=4.2e9
no_errors
out_has 'measured, shared out by weights'
out_has 'note: method dp (picked)'
out_has 'note: scheme: '

# number FILE COLUMN: of the first row
number() {
    tr -d "\r" <"$1" | awk -F, -v want="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) c = i } NR == 2 { print $c }'
}
# same A B SHARE WHAT
same() {
    awk -v a="$1" -v b="$2" -v s="$3" 'BEGIN { d = a - b; exit !(d < 0 ? -d <= s * b : d <= s * b) }' ||
        fail "$4: $1 and $2"
}

# the scheme through the engine: what the plan says of memory, time and energy
for with in "--w=int4-g128,q6_k --max weight_bytes=4.5e9" "--w=q6_k,q8_0 --max tpot_s=0.009" \
    "--by=layer --w=int4-g128,int3 --max memory_bytes=5e9 --batch=4"; do
    # shellcheck disable=SC2086
    run 0 allocate $ON $with --scheme
    no_errors
    scheme=$(cat "$T/out")
    [ "$(printf '%s\n' "$scheme" | wc -l)" -eq 1 ] || fail "more than the scheme"
    # shellcheck disable=SC2086
    run 0 allocate $ON $with
    predicted=$(sed -n 's/^note: predicted: //p' "$T/out")
    batch=$(printf '%s' "$with" | sed -n 's/.*\(--batch=[0-9]*\).*/\1/p')
    # shellcheck disable=SC2086
    run 0 estimate $ON $batch --w="$scheme" --columns memory_bytes,tpot_s,j_per_token --out "$T/e.csv"
    for metric in memory_bytes tpot_s j_per_token; do
        said=$(printf '%s' "$predicted" | sed "s/.*$metric \([^,]*\).*/\1/")
        same "$said" "$(number "$T/e.csv" "$metric")" 1e-5 "$metric of $scheme"
    done
done

# the solvers agree
# shellcheck disable=SC2086
for method in dp ilp; do
    run 0 allocate $ON --w=int4-g128,q6_k,int3 --max weight_bytes=4e9 --method=$method
    sed -n 's/^note: predicted: ppl_increase_ratio \([^,]*\),.*/\1/p' "$T/out" >"$T/$method"
done
same "$(cat "$T/dp")" "$(cat "$T/ilp")" 1e-5 "dp and ilp"

# never worse than a uniform format of its size
# shellcheck disable=SC2086
run 0 allocate $ON --compare --columns added_loss_change_nats --format csv
tr -d '\r' <"$T/out" >"$T/c.csv"
[ "$(awk 'NR > 1 && $1 > 1e-12' "$T/c.csv" | wc -l)" -eq 0 ] || fail "a plan is worse than uniform"
[ "$(awk 'NR > 1 && $1 < -1e-3' "$T/c.csv" | wc -l)" -ge 3 ] || fail "no plan is better"

# shellcheck disable=SC2086
run 0 allocate $ON --front --points=20 --format csv
[ "$(grep -c '^mixed,true' "$T/out")" -eq 20 ] || fail "not 20 points of the front"
# shellcheck disable=SC2086
run 0 allocate $ON --front --points=4 --w=int4-g128,q6_k,q8_0 --objectives ppl_increase_ratio,tpot_s
out_has 'each proved by the integer program'
# shellcheck disable=SC2086
run 0 allocate $ON --w=int4-g128,q6_k,q8_0 --objectives ppl_increase_ratio,tpot_s,memory_bytes --weigh 5,1,1
out_has 'method ilp (picked)'

# engines and hard rules
# shellcheck disable=SC2086
run 0 allocate $ON --engine=llama.cpp --show barred
out_has 'int4-g128 .*no such ggml type'
# shellcheck disable=SC2086
run 0 allocate $ON --engine=llama.cpp --max weight_bytes=7e9 --tensor-types
[ "$(grep -vc '^^blk\\\..*\\\.weight\$=[a-zK0-9_]*$' "$T/out")" -eq 0 ] || fail "no rule of llama-quantize"
run 0 allocate --model=qwen2.5-0.5b --device=rtx-4090 --w=q4_k,q8_0 --training-tokens=18e12
out_has 'law (precision), shared out by weights'
out_has 'q5_0 in rows of 896\|q8_0'

# a sensitivity table
printf 'tensor,layer,scale_nats\n*,0-3,10\n*,4-31,1\n' >"$T/s.csv"
# shellcheck disable=SC2086
run 0 allocate $ON --sensitivity "$T/s.csv" --share sensitivity --w=int4,int3 --max weight_bytes=3.1e9
out_has 'measured, shared out by sensitivity'
out_has 'attn_qkv@0-[0-9]* .* int4 '
printf 'tensor,layer,scale_nats\n*,0-3,10\nattn_x,4-31,1\n' >"$T/s.csv"
# shellcheck disable=SC2086
refused 3 "s.csv:3:1: error: no tensor is called 'attn_x'" allocate $ON --sensitivity "$T/s.csv"

# shellcheck disable=SC2086
{
    refused 3 "'q4_k_m' is a recipe" allocate $ON --w=q4_k_m
    refused 3 "is a scheme, not a format" allocate $ON --w=int4+attn_q=int8
    refused 3 "cannot be used for role 'w'" allocate $ON --w=kv4
    refused 1 "no one source knows the loss" allocate $ON --w=q4_k,q6_k
    err_has "not measured on 'llama-2-7b': q4_k"
    refused 1 "the smallest allocation needs" allocate $ON --max memory_bytes=1e9
    refused 1 "no allocation meets all limits" allocate $ON --max ppl_increase_ratio=0.001 --max weight_bytes=4e9
    refused 3 "not judged by 'ttft_s'" allocate $ON --max ttft_s=1
    refused 2 "upper limits only" allocate $ON --min tpot_s=1
    refused 3 "no engine is called 'vlm'" allocate $ON --engine=vlm
    refused 2 "'--split' is not for it" allocate $ON --engine=vllm --split
    refused 2 "'--method=dp' knows sizes and losses only" allocate $ON --w=q6_k,q8_0 --max tpot_s=0.009 --method=dp
    refused 2 "neither tensor nor layer" allocate $ON --by=head
    refused 2 "one value for each" allocate $ON --batch=1,2
    refused 2 "'tp' stays 1" allocate $ON --tp=2
    refused 2 "'--blocks' needs" allocate $ON --blocks=x
    refused 2 "2 weights for 1 objectives" allocate $ON --weigh 1,2
    refused 2 "needs '--sensitivity'" allocate $ON --share sensitivity
    refused 3 "shows no 'plans'" allocate $ON --show plans
}
cp workloads/*.csv "$T"
sed '5s/,yes,/,maybe,/' workloads/engines.csv >"$T/engines.csv"
# shellcheck disable=SC2086
refused 3 "engines.csv:5:[0-9]*: error: loads is yes or no" allocate $ON --engine=vllm --workloads="$T"
