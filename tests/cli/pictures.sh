#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every command that draws, every kind of file, and what happens without gnuplot.
set -eu
. tests/support/cli.sh

STUDY="--model=llama-3.1-8b --device=h100-sxm,a100-80gb-sxm,l4 --batch=1,4,16"

# scripts need no gnuplot
# shellcheck disable=SC2086
run 0 sweep $STUDY -q -f csv -o "$T/front.csv" --cloud=20 --plot="$T/front.gp"
grep -q h100-sxm "$T/front.csv" || fail "no table"
[ -s "$T/front.gp" ] || fail "no script"
# shellcheck disable=SC2086
run 0 explain $POINT -f csv -o "$T/ops.csv" --plot="$T/ops.gp"
# shellcheck disable=SC2086
run 0 roofline $POINT -f csv -o "$T/roof.csv" --plot="$T/roof.gp"
run 0 plot "$T/front.csv" --plot="$T/again.gp"
run 0 plot "$T/front.csv" --plot="$T/heat.gp" --kind=heatmap --x=batch --y=device --value=ttft_s

# without gnuplot the table is written all the same, and the error names what is missing
mkdir "$T/bin"
command="plot without gnuplot"
got=0
# shellcheck disable=SC2086
PATH=$T/bin "$COSIM" estimate $POINT -f csv --plot="$T/no.png" >"$T/out" 2>"$T/err" || got=$?
[ "$got" -eq 4 ] || fail "exit code $got, expected 4"
err_has 'gnuplot'
out_has 'llama-3.1-8b'
[ ! -e "$T/no.png" ] || fail "an empty picture is left"

command -v gnuplot >/dev/null 2>&1 || exit 0
for suffix in png svg pdf txt; do
    run 0 plot "$T/front.csv" --plot="$T/front.$suffix" --title='50 % "of" {it}' --size=600x400
    [ -s "$T/front.$suffix" ] || fail "an empty picture"
done
head -c 4 "$T/front.png" | grep -q PNG || fail "not a PNG"
head -c 4 "$T/front.pdf" | grep -q '%PDF' || fail "not a PDF"
grep -q '</svg>' "$T/front.svg" || fail "half an SVG"
run 0 plot "$T/front.csv" --plot=-
[ "$(wc -l <"$T/out")" -gt 10 ] || fail "no picture in characters"
refused 4 "No such file" plot "$T/front.csv" --plot="$T/none/front.png"
