#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Hostile data files: CSV tables, tables to plot, config.json. One error with its place, exit 3.
set -eu
. tests/support/cli.sh

D=$T/devices.csv
cp hwdb/*.csv "$T"

# the header and the row of one device, with one column replaced: name, value
edit() {
    awk -v name="$1" -v value="$2" 'BEGIN { FS = OFS = "," }
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; print; next }
        /^t4,/ { $at = value; print }' hwdb/devices.csv >"$D"
}

run 0 list devices --hwdb="$T"

edit tdp[W] -5
refused 3 "$D:2:[0-9]*: error: -5 is outside" list devices --hwdb="$T"
edit tdp[W] 1e999
refused 3 "$D:2:[0-9]*: error: '1e999' is not a finite number" list devices --hwdb="$T"
edit tdp[W] nan
refused 3 "$D:2:[0-9]*: error: 'nan' is not a finite number" list devices --hwdb="$T"
edit tdp[W] 70W
refused 3 "$D:2:[0-9]*: error: '70W' is not a finite number" list devices --hwdb="$T"
err_has 'hint: '
edit id ''
refused 3 "$D:2:1: error: column 'id' must not be empty" list devices --hwdb="$T"
edit tdp[W] 70,1
refused 3 "$D:2:1: error: row has [0-9]* cells, the header has" list devices --hwdb="$T"
err_has 'hint: quote a cell'
edit tdp[W] '7"0'
refused 3 "$D:2:[0-9]*: error: stray quote" list devices --hwdb="$T"
err_has 'hint: put the whole cell in quotes'
printf 'id,name\nt4,"T4\n' >"$D"
refused 3 "$D:2:4: error: quoted cell is not closed" list devices --hwdb="$T"

awk 'NR == 1 || /^t4,/ || /^l4,/' hwdb/devices.csv >"$T/two"
sed 's/^l4,/t4,/' "$T/two" >"$D"
refused 3 "$D:3:1: error: 't4' stands on line 2 already" list devices --hwdb="$T"
sed '1s/tdp\[W\]/tpd[W]/' "$T/two" >"$D"
refused 3 "$D:1:[0-9]*: error: unknown column 'tpd\[W\]'" list devices --hwdb="$T"
err_has "did you mean 'tdp\[W\]'"
sed '1s/,name,/,id,/' "$T/two" >"$D"
refused 3 "$D:1:[0-9]*: error: column 'id' appears twice" list devices --hwdb="$T"
cut -d, -f1 "$T/two" >"$D"
refused 3 "$D:1:1: error: column 'name' is missing" list devices --hwdb="$T"

# a file of another kind, cut, empty, binary, or with one endless line
: >"$D"
refused 3 "$D:1:1: error: empty file" list devices --hwdb="$T"
head -c 200000 "$COSIM" >"$D"
refused 3 "$D:[0-9]*:[0-9]*: error: " list devices --hwdb="$T"
printf 'id,name\0,x\n' >"$D"
refused 3 "$D:1:[0-9]*: error: NUL byte" list devices --hwdb="$T"
head -c 5000 hwdb/devices.csv >"$D"
refused 3 "$D:[0-9]*:[0-9]*: error: " list devices --hwdb="$T"
awk 'BEGIN { for (i = 0; i < 2000; i++) printf "c%d,", i; print "end" }' >"$D"
refused 3 "$D:1:[0-9]*: error: row has more than 1024 cells" list devices --hwdb="$T"
awk 'BEGIN { for (i = 0; i < 300000; i++) printf "abcdefghij"; print "" }' >"$D"
refused 3 "$D:1:1: error: unknown column 'abc" list devices --hwdb="$T"
[ "$(wc -c <"$T/err")" -lt 3000 ] || fail "the whole line is shown"

# harmless dress: byte order mark, CRLF, quotes
{
    printf '\357\273\277'
    sed 's/^t4,/"t4",/; s/$/\r/' "$T/two"
} >"$D"
head -1 hwdb/aliases.csv >"$T/aliases.csv"
run 0 show t4 --hwdb="$T"
no_errors
rm "$D"
refused 4 "^cosim: $D: cannot open" list devices --hwdb="$T"

# the other tables are read as strictly
mkdir "$T/w"
for table in models formats scenarios recipes quality; do
    cp workloads/*.csv "$T/w"
    head -1 "workloads/$table.csv" | sed 's/^/no_such_column,/' >"$T/w/$table.csv"
    refused 3 "$T/w/$table.csv:1:1: error: unknown column 'no_such_column'" list axes --workloads="$T/w"
    cp "$T/w/recipes.csv" "$T/ok"
    printf '\001\002\003' >"$T/w/$table.csv"
    refused 3 "$T/w/$table.csv:1:1: error: " list axes --workloads="$T/w"
done

# config.json
J=$T/config.json
config() {
    printf '%b' "$1" >"$J"
    refused 3 "$J.*$2" estimate --model="$J" --device=h100-sxm
}
good='"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 128, "vocab_size": 256'
printf '{%s}' "$good" >"$J"
run 0 estimate --model="$J" --device=h100-sxm -f csv --columns=feasible
config '' ''
config '[1, 2]' ''
config '{"model_type": "llama"' ''
config '{"model_type": "llama"}' 'hidden_size\|num_hidden_layers'
config "{${good}, \"hidden_size\": -64}" ''
config "{${good}, \"num_hidden_layers\": 1e30}" ''
config "{${good}, \"hidden_size\": 0}" ''
config '{"model_type": "xyzzy"}' ''
config '{"model_type": "\\u0000"}' ''
config '\0\0\0\0' ''
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "[" }' >"$J"
refused 3 "$J" estimate --model="$J" --device=h100-sxm
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "{\"a\":" }' >"$J"
refused 3 "$J" estimate --model="$J" --device=h100-sxm
head -c 100000 "$COSIM" >"$J"
refused 3 "$J" estimate --model="$J" --device=h100-sxm

# tables to draw and to compare
printf 'x,y\n1,2\n3\n' >"$T/t.csv"
refused 3 "$T/t.csv:3:1: error: row has 1 cells" plot "$T/t.csv" --plot="$T/p.gp" --x=x --y=y
printf 'x,y\n1,2\n' >"$T/t.csv"
refused 3 "no column 'z'" plot "$T/t.csv" --plot="$T/p.gp" --x=x --y=z
refused 3 "cannot tell the kind of picture" plot "$T/t.csv" --plot="$T/p.xyz" --x=x --y=y
refused 3 "kind of picture 'xyz'\|plot 'xyz'\|kind 'xyz'" plot "$T/t.csv" --plot="$T/p.gp" --kind=xyz --x=x --y=y
refused 4 "$T/none.csv: cannot open" hypervolume "$T/none.csv"
refused 3 "$T/t.csv:1:1: error: the header is not that of a known simulator" validate golden "$T/t.csv"
[ ! -e "$T/p.gp" ] || fail "half a picture is left"
