#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A joint search on the command line: what it gives can be used again, an interrupted one goes on.
set -eu
. tests/support/cli.sh

JOINT="--model=llama-3.1-8b --device=h100-sxm,rtx-4090 --w=bf16,int8,int4-g128 --w-blocks=4
    --w-apart=ffn --kv=bf16,kivi-4,kivi-2 --kv-blocks=4 --batch=1..8 --clock=0.6..1:+0.2
    --objectives=e2e_s,j_per_token,ppl_increase_ratio"

# shellcheck disable=SC2086
run 0 search $JOINT --samples=3000 --columns=device,w,kv,clock,e2e_s -f csv
out_has '^h100-sxm,.*ffn@0-'
[ "$(wc -l <"$T/out")" -gt 50 ] || fail "hardly anything is on the frontier"

# the texts of a row are a study again
row=$(grep 'ffn@0-' "$T/out" | head -1)
w=$(echo "$row" | cut -d, -f2)
kv=$(echo "$row" | cut -d, -f3)
run 0 estimate --model=llama-3.1-8b --device="$(echo "$row" | cut -d, -f1)" --w="$w" --kv="$kv" \
    --clock="$(echo "$row" | cut -d, -f4)" --columns=feasible -f csv
out_has '^feasible$'

# an interrupted search with a journal: nothing is priced twice, the result is that of a whole one
LONG="$JOINT --samples=300000 --seed=4 -f csv"
# shellcheck disable=SC2034
command="search with a journal, then SIGTERM"
got=0
# shellcheck disable=SC2086
"$COSIM" search $LONG --journal="$T/journal" -o "$T/part.csv" >"$T/out" 2>"$T/err" &
job=$!
while [ ! -s "$T/journal" ] || [ "$(wc -l <"$T/journal")" -lt 200 ]; do sleep 0.05; done
kill "$job"
wait "$job" || got=$?
[ "$got" -eq 130 ] || fail "exit code $got, expected 130"
grep -q '"partial": true' "$T/part.csv.meta.json" || fail "not marked partial"
before=$(wc -l <"$T/journal")
SHORT="$JOINT --samples=4000 --seed=4 -f csv"
# shellcheck disable=SC2086
run 0 search $SHORT --journal="$T/journal"
cp "$T/out" "$T/resumed.csv"
[ "$(wc -l <"$T/journal")" -ge "$before" ] || fail "the journal lost something"
# shellcheck disable=SC2086
run 0 search $SHORT
cmp -s "$T/out" "$T/resumed.csv" || fail "the journal changed the result"

# another problem, and a file that is none, are refused and left alone
# shellcheck disable=SC2086
refused 3 'another problem' search $SHORT --max=tpot_s=0.1 --journal="$T/journal"
echo precious >"$T/precious"
# shellcheck disable=SC2086
refused 3 'no journal' search $SHORT --journal="$T/precious"
[ "$(cat "$T/precious")" = precious ] || fail "somebody's file was changed"

# places, shapes
run 0 search --model=llama-3.1-70b --platform=rtx-4090-host --w=q4_k_m --prompt=256 --output=16 \
    --samples=2000 --objectives=e2e_s,j_per_token --columns=device,placement,e2e_s -f csv
out_has '^rtx-4090-host,"*prefill .*; decode '
run 0 search --model=qwen2.5-0.5b --device=jetson-agx-orin-64gb --layers=8..24:+8 \
    --width=512,1024,2048 --gqa=1,4 --experts=1:1,8:1 --samples=36 --objectives=e2e_s,loss_nats \
    --columns=model,loss_nats,loss_origin -f csv
out_has '^synth-l.*-e8k1-.*co-design law'

# mistakes
# shellcheck disable=SC2086
refused 2 "only 'cosim search' takes 'kv-blocks'" estimate $POINT --kv-blocks=2
# shellcheck disable=SC2086
refused 2 'mixture' search $POINT --w=q4_k_m --w-blocks=2

# the cache of a row becomes KVTuner's file
run 0 kv preset --cache='kv4+*@0-1=kv8+*@2-4=kv4:kv2' --layers=5 --preset="$T/preset.yaml" -f csv
out_has '^0,K8V2,8,2$'
out_has '^4,K4V2,4,2$'
[ "$(tr -d ' \n' <"$T/preset.yaml" | cut -c1-30)" = '0:nbits_key:8nbits_value:21:nb' ] || fail "another file"
refused 3 '2, 4, 8 and 16' kv preset --cache=q5_0 --layers=4
refused 2 'give --cache' kv preset --cache=kv4
refused 3 'unknown format' kv preset --cache=kv44 --layers=2

# a thinned frontier is part of the whole one
# shellcheck disable=SC2086
run 0 sweep $POINT --w=bf16,int8,int4-g128 --batch=1..64 -f csv -q --columns=w,batch,ttft_s
sort "$T/out" >"$T/whole"
# shellcheck disable=SC2086
run 0 sweep $POINT --w=bf16,int8,int4-g128 --batch=1..64 -f csv -q --columns=w,batch,ttft_s --epsilon=0.3
[ "$(wc -l <"$T/out")" -lt "$(wc -l <"$T/whole")" ] || fail "nothing was thinned"
sort "$T/out" | comm -23 - "$T/whole" >"$T/strange"
[ ! -s "$T/strange" ] || fail "points that are not on the frontier"
# shellcheck disable=SC2086
refused 3 'no ratio' sweep $POINT --epsilon=0
