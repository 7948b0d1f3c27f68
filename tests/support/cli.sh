# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by tests/cli/*.sh, which run from the root of the repository with COSIM=/path/of/cosim.
# Each script makes its files in $T. A failed expectation prints the command, then ends the test.
# shellcheck shell=sh

COSIM=${COSIM:?set COSIM to the program under test}
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
unset COSIM_HWDB COSIM_WORKLOADS COSIM_REPORTS NO_COLOR
LC_ALL=C
export LC_ALL

# one point that every test may ask for
# shellcheck disable=SC2034
POINT="--model=llama-3.1-8b --device=h100-sxm"

fail() {
    echo "FAILED: $*"
    echo "--- command: cosim $command"
    echo "--- stdout:" && head -c 2000 "$T/out"
    echo "--- stderr:" && head -c 2000 "$T/err"
    exit 1
}

# run CODE ARG...: the program must end with this exit code
run() {
    want=$1
    shift
    command=$*
    got=0
    "$COSIM" "$@" >"$T/out" 2>"$T/err" || got=$?
    [ "$got" -eq "$want" ] || fail "exit code $got, expected $want"
}

# input TEXT CODE ARG...: the same with printf'ed standard input
input() {
    printf '%b' "$1" >"$T/in"
    shift
    run "$@" <"$T/in"
}

out_has() {
    tr -d '\r' <"$T/out" | grep -q -e "$1" || fail "no '$1' on stdout"
}

out_lacks() {
    ! tr -d '\r' <"$T/out" | grep -q -e "$1" || fail "'$1' on stdout"
}

err_has() {
    grep -q -e "$1" "$T/err" || fail "no '$1' on stderr"
}

no_output() {
    [ ! -s "$T/out" ] || fail "something on stdout"
}

no_errors() {
    [ ! -s "$T/err" ] || fail "something on stderr"
}

# refused CODE PATTERN ARG...: one error that matches, nothing on stdout, no control characters
refused() {
    code=$1
    pattern=$2
    shift 2
    run "$code" "$@"
    no_output
    err_has "$pattern"
    n=$(grep -c -e '^cosim: ' -e '^[^ ]*:[0-9]*:[0-9]*: error: ' "$T/err" || true)
    [ "$n" -eq 1 ] || fail "$n errors, expected one"
    [ "$(tr -d '\n\t -\376' <"$T/err" | wc -c)" -eq 0 ] || fail "control characters on stderr"
}
