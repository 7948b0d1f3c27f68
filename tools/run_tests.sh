#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs test programs and scripts; prints one line each, the output of those that fail, and a sum.
# usage: tools/run_tests.sh LABEL PROGRAM...
set -u

label=$1
shift
passed=0 failed=0 cases=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

run() {
    case $1 in
    *.sh) sh "$1" ;; # also from a file system without permission bits
    *) "$1" ;;
    esac
}

for program; do
    if run "$program" >"$log" 2>&1; then
        n=$(sed -n 's/^\[==========\] \([0-9]*\) test(s) run\.$/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
        s=$(grep -c '^\[  SKIPPED \] [^0-9]' "$log" || true)
        [ "$n" -gt 0 ] || n=1
        cases=$((cases + n))
        skipped=$((skipped + s))
        passed=$((passed + 1))
        echo "ok    $(basename "$program") ($n)"
    else
        failed=$((failed + 1))
        echo "FAIL  $program"
        sed 's/^/      /' "$log" | tail -n 60
    fi
done

echo "$label: $passed passed, $failed failed; $cases cases, $skipped skipped"
[ "$failed" -eq 0 ]
