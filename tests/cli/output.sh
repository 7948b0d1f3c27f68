#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Formats, files, metadata, colours, and outputs that cannot be written.
set -eu
. tests/support/cli.sh

json() { # is standard input JSON, as far as the tools here can tell?
    if command -v jq >/dev/null 2>&1; then
        jq -e . >/dev/null
    else
        awk '!/^[{}\]]|^  "/ { bad = 1 } END { exit bad || NR == 0 }'
    fi
}

# the four formats say the same
for format in table csv json markdown; do
    # shellcheck disable=SC2086
    run 0 estimate $POINT -f $format
    no_errors
    out_has 'llama-3.1-8b'
done
# shellcheck disable=SC2086
run 0 estimate $POINT -f json --columns=model,ttft_s
json <"$T/out" || fail "not JSON"
[ "$(wc -l <"$T/out")" -eq 2 ] || fail "not metadata and one row"
out_has '^{"model": "llama-3.1-8b", "ttft_s": [0-9.e-]*}$'
ttft=$(sed -n 's/.*"ttft_s": \([0-9.e-]*\)}$/\1/p' "$T/out")
# shellcheck disable=SC2086
run 0 estimate $POINT -f csv --columns=model,ttft_s
out_has "^llama-3.1-8b,$ttft$"

# same inputs, same bytes; a written table can be read again
# shellcheck disable=SC2086
run 0 estimate $POINT --device=h100-sxm,a100-80gb-sxm -f csv
cp "$T/out" "$T/first.csv"
# shellcheck disable=SC2086
run 0 estimate $POINT --device=h100-sxm,a100-80gb-sxm -f csv --threads=1
cmp -s "$T/out" "$T/first.csv" || fail "different bytes"
run 0 hypervolume "$T/first.csv" --objectives=ttft_s,j_per_token

# -o: standard output stays empty, a CSV gets its metadata
run 0 list devices -f csv -o "$T/devices.csv"
no_output
no_errors
json <"$T/devices.csv.meta.json" || fail "the metadata are not JSON"
for member in cosim command schema seed partial inputs columns notes; do
    grep -q "\"$member\":" "$T/devices.csv.meta.json" || fail "no $member in the metadata"
done
run 0 list devices -f json -o "$T/devices.jsonl"
[ ! -e "$T/devices.jsonl.meta.json" ] || fail "metadata twice"
json <"$T/devices.jsonl" || fail "not JSON"

# colours only when asked for, or on a terminal
escape=$(printf '\033')
run 0 list devices --color=always
out_has "$escape\["
NO_COLOR=1 run 0 list devices
out_lacks "$escape"
run 0 list devices
out_lacks "$escape"

# an output that cannot be written: exit 4, one error, and what stood there before stays
printf 'precious\n' >"$T/keep.csv"
mkdir "$T/keep.csv.part"
refused 4 "keep.csv: " list devices -f csv -o "$T/keep.csv"
[ "$(cat "$T/keep.csv")" = precious ] || fail "an old file is lost"
rmdir "$T/keep.csv.part"
refused 3 "there is no column" list devices -f csv -o "$T/keep.csv" --columns=nothing
[ "$(cat "$T/keep.csv")" = precious ] || fail "an old file is lost"
run 0 list devices -f csv -o "$T/keep.csv"
grep -q h100-sxm "$T/keep.csv" || fail "an old file is not replaced"
refused 4 "no/such/folder/x.csv: No such file" list devices -o "$T/no/such/folder/x.csv"
refused 4 ": Is a directory" list devices -o "$T"
ln -s "$T/aim.csv" "$T/link.csv"
run 0 list axes -f csv -o "$T/link.csv"
if [ ! -L "$T/link.csv" ] || [ ! -s "$T/aim.csv" ]; then
    fail "a link is replaced"
fi
[ -z "$(find "$T" -name '*.part')" ] || fail "an unfinished file is left"

if [ -c /dev/full ]; then
    refused 4 "/dev/full: cannot write the output" list devices -o /dev/full
    for words in "list devices" "list devices -f csv" "list devices -f json" "help --man" "config" \
        "--help" "--version" "sweep --help" "help --completion=zsh"; do
        command="$words >/dev/full"
        : >"$T/out"
        got=0
        # shellcheck disable=SC2086
        "$COSIM" $words >/dev/full 2>"$T/err" || got=$?
        [ "$got" -eq 4 ] || fail "exit code $got, expected 4"
        [ "$(wc -l <"$T/err")" -eq 1 ] || fail "not one error"
    done
fi

# a reader that goes away: no crash, no flood of messages
command="list devices -f json | head -1"
{ "$COSIM" list devices -f json 2>"$T/err" || echo $? >"$T/code"; } | head -1 >"$T/out"
[ "$(cat "$T/code" 2>/dev/null || echo 0)" -le 4 ] || fail "exit code $(cat "$T/code")"
[ "$(wc -l <"$T/err")" -le 1 ] || fail "more than one message"
command="estimate --model=all | true"
{ "$COSIM" estimate --model=all --device=class:gpu -f csv 2>"$T/err" || echo $? >"$T/code"; } | true
[ "$(cat "$T/code" 2>/dev/null || echo 0)" -le 4 ] || fail "exit code $(cat "$T/code")"
[ "$(wc -l <"$T/err")" -le 1 ] || fail "more than one message"
