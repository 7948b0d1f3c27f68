#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# list of every kind, show of one of each, check, config; the CSV is rectangular.
set -eu
. tests/support/cli.sh

for kind in devices models formats recipes scenarios objectives algorithms axes operators engines; do
    run 0 list "$kind"
    no_errors
    run 0 list "$kind" -f csv
    no_errors
    [ "$(wc -l <"$T/out")" -ge 2 ] || fail "an empty list"
    # quoted cells may hold commas: take them out, then every line is equally wide
    sed 's/"[^"]*"//g' "$T/out" | awk -F, 'NR == 1 { n = NF } NF != n { exit 1 }' ||
        fail "rows of different width"
    id=$(sed -n '2s/,.*//p' "$T/out")
    case $kind in
    devices | models | formats | scenarios)
        run 0 show "$id"
        no_errors
        [ -s "$T/out" ] || fail "an empty page"
        ;;
    esac
done

run 0 list devices -f csv --columns=id,tdp_w
out_has '^id,tdp_w$'
[ "$(awk -F, 'NF != 2' "$T/out" | wc -l)" -eq 0 ] || fail "--columns keeps other columns"
refused 3 "there is no column 'tpd_w'" list devices --columns=tpd_w
err_has "did you mean 'tdp_w'"
refused 3 "did you mean 'h100-sxm'" show h100-sxn
refused 3 "is called 'xyzzy-17'" show xyzzy-17

run 0 check hwdb
# the answer is "no" exactly when a row says so
for what in hwdb workloads; do
    command="check $what -f csv"
    got=0
    "$COSIM" check "$what" -f csv --columns=severity >"$T/out" 2>"$T/err" || got=$?
    n=$(grep -c '^error' "$T/out" || true)
    [ "$got" -eq "$((n > 0))" ] || fail "exit code $got with $n errors"
done

run 0 config
out_has '^hwdb  *hwdb (current folder; option --hwdb, variable COSIM_HWDB)$'
COSIM_HWDB=$T run 0 config
out_has "^hwdb  *$T (environment"
COSIM_HWDB=$T run 0 config --hwdb="$T/other"
out_has "^hwdb  *$T/other (option"
COSIM_HWDB=$T refused 4 "^cosim: $T/devices.csv: cannot open" list devices
err_has "hint: 'cosim config'"
