#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Study files and values: good ones work, each bad one is one error with its place.
set -eu
. tests/support/cli.sh

S=$T/s.study
base='model = llama-3.1-8b\ndevice = h100-sxm\n'

# a study file in the usual dress, and in a strange one
for text in "${base}batch = 1, 2\nprompt=128 # tokens\n\n# end" \
    '\357\273\277model = llama-3.1-8b\r\ndevice = h100-sxm\r\nbatch = 1, 2\r\n' \
    '  model\t=\tllama-3.1-8b\n\tdevice=h100-sxm,\nbatch=1..2\n'; do
    printf '%b' "$text" >"$S"
    case $text in
    *'sxm,'*) refused 3 "$S:2:[0-9]*: error: empty entry" estimate "$S" ;;
    *)
        run 0 estimate "$S" -f csv --columns=batch
        [ "$(wc -l <"$T/out")" -eq 3 ] || fail "not two points"
        ;;
    esac
done
printf '%b' "$base" >"$S"
run 0 estimate "$S" --batch=7 -f csv --columns=batch
out_has '^7$'
run 0 estimate -s "$S" --batch 7 -f csv --columns=batch
out_has '^7$'
input "$base" 0 estimate - -f csv --columns=model
out_has '^llama-3.1-8b$'

# text of the file behind $base, line:column, what the error says
bad() {
    printf '%b' "$base$1" >"$S"
    refused 3 "$S:$2: error: .*$3" "${verb:-estimate}" "$S"
    grep -q '^ *[0-9]* | ' "$T/err" || fail "the line is not shown"
}
bad 'modle = x' 3:1 "unknown key 'modle'"
err_has "hint: did you mean 'model'?"
bad 'batch' 3:1 "no '='"
bad 'batch =' 3:[0-9]* "has no value"
bad 'batch = # 4' 3:[0-9]* "has no value"
bad '= 4' 3:[0-9]* "unknown key ''"
bad '\n\nbatch = 1, two' 5:12 "'two'"
bad 'batch = 1,,2' 3:[0-9]* "empty entry"
bad 'batch = 0' 3:9 "0 is outside 1 to"
bad 'batch = -1' 3:9 "'-1'"
bad 'batch = 1.5' 3:9 "'1.5'"
bad 'batch = nan' 3:9 "'nan'"
bad 'batch = 99999999999999999999' 3:9 "99999999999999999999"
bad 'batch = 9..1' 3:9 "9"
bad 'batch = 1..4:*1' 3:9 "1"
bad 'batch = 1..4:+0' 3:9 "0"
bad 'batch = 1..2..3' 3:9 "3"
bad 'prompt = 1..100000000' 3:10 "more than 100000 values"
bad 'tp = 4294967297' 3:6 "outside"
bad 'device = h100-sxn' 3:10 "h100-sxn"
err_has "did you mean 'h100-sxm'"
bad 'device = h100-sxm, zzz*' 3:20 "nothing matches 'zzz\*'"
bad 'model = llama-3.1-8' 3:9 "llama-3.1-8"
bad 'w = int5x' 3:5 "int5x"
bad 'w = bf16, int4-g128@0-3' 3:[0-9]* "int4-g128"
bad 'kv = kv8:kv44' 3:[0-9]* "kv44"
bad 'a = int7' 3:5 "int7"
bad 'scenario = chatt' 3:12 "chatt"
err_has "did you mean 'chat'"
verb=sweep bad 'algorithm = exhaustiv' 3:13 "exhaustiv"
bad 'objectives = ttft_s' 3:[0-9]* "needs 2 to 5"
bad 'objectives = ttft_s, ttft_s' 3:22 "twice"
bad 'objectives = ttft_s, tpot' 3:22 "unknown metric 'tpot'"
bad 'max = ttft_s' 3:7 "METRIC=VALUE"
bad 'max = ttft_s=1e999' 3:7 "1e999"
bad 'max = ttft_s=nan' 3:7 "nan"
bad 'max = ttfts=1' 3:7 "unknown metric 'ttfts'"
bad "$(awk 'BEGIN { for (i = 0; i < 40; i++) printf "max = ttft_s=1\\n" }')" 35:7 "more than 32"
bad "w = $(awk 'BEGIN { for (i = 0; i < 300; i++) printf "x" }')" 3:5 "too long"

# the same in options: the option is the place
opt() {
    refused "$1" "^cosim: $2: .*$3" sweep --model=llama-3.1-8b --device=h100-sxm "$4"
}
opt 3 --batch "0 is outside" --batch=0
opt 3 --batch "empty entry" --batch=
opt 3 --w "int5x" --w=int5x
opt 3 --max "abc" --max=ttft_s=abc
opt 3 --threads "outside" --threads=5000
opt 3 --samples "outside" --samples=0

# files that are no study files
head -c 100000 "$COSIM" >"$S"
refused 3 "$S: " estimate "$S"
printf 'model = a\0b\n' >"$S"
refused 3 "$S: NUL byte" estimate "$S"
err_has "hint: a study file has lines"
awk 'BEGIN { for (i = 0; i < 200000; i++) print "# comment" }' >"$S"
refused 3 "$S: file is larger than" estimate "$S"
awk 'BEGIN { printf "batch = "; for (i = 0; i < 100000; i++) printf "1,"; print "x" }' >"$S"
refused 3 "$S:1:200009: error: " estimate "$S" --model=llama-3.1-8b --device=h100-sxm
[ "$(wc -c <"$T/err")" -lt 2000 ] || fail "the whole line is shown"
: >"$S"
refused 2 "no model is given" estimate "$S"
refused 4 "$T/none.study: cannot open" estimate "$T/none.study"
refused 4 "$T: cannot read" estimate "$T"

# too much to list, or nothing that fits: said, not crashed
refused 3 "too many to list" estimate --batch=1..20000 --model=llama-3.1-8b --device=h100-sxm
refused 3 "is not in a space of 1" explain --point=5 --model=llama-3.1-8b --device=h100-sxm
refused 3 "signature" explain --signature=00 --model=llama-3.1-8b --device=h100-sxm
run 0 estimate --prompt=100000000 --batch=1000000 --model=llama-3.1-8b --device=h100-sxm \
    -f csv --columns=feasible
