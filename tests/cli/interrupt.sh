#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Ctrl-C in a long sweep: exit 130, what was found is written whole and marked partial.
set -eu
. tests/support/cli.sh

# far more points than a minute can hold
SPACE="--model=llama-3.1-8b --device=all --w=bf16,int8,q4_k_m,q8_0 --tp=1,2,4,8 --batch=1..100000
    --prompt=128..32768:*2 --output=64..1024:*2"

# a background job of a script ignores Ctrl-C, so the signal that every shell can send is SIGTERM;
# 'env' resets nothing: where the tool exists, SIGINT is tried as well
signals=TERM
command -v setsid >/dev/null 2>&1 && command -v bash >/dev/null 2>&1 && signals="TERM INT"
for signal in $signals; do
    command="sweep (long), then SIG$signal"
    rm -f "$T"/part*
    got=0
    # shellcheck disable=SC2086
    case $signal in
    TERM) "$COSIM" sweep $SPACE -f csv -o "$T/part.csv" >"$T/out" 2>"$T/err" & ;;
    INT) setsid bash -c 'trap - INT; exec "$@"' - "$COSIM" sweep $SPACE -f csv -o "$T/part.csv" \
        >"$T/out" 2>"$T/err" & ;;
    esac
    job=$!
    sleep 1
    kill -s "$signal" "$job"
    wait "$job" || got=$?
    [ "$got" -eq 130 ] || fail "exit code $got, expected 130"
    err_has 'partial'
    [ -s "$T/part.csv" ] || fail "nothing was written"
    grep -q '"partial": true' "$T/part.csv.meta.json" || fail "not marked partial"
    [ "$(tail -c 1 "$T/part.csv" | od -An -tx1 | tr -d ' ')" = 0a ] || fail "the last line is cut"
    [ ! -e "$T/part.csv.part" ] || fail "an unfinished file is left"
done

# no progress line unless someone watches; asked for, it has rate and time left
SMALL="--model=llama-3.1-8b --device=class:gpu --batch=1..64"
# shellcheck disable=SC2086
run 0 sweep $SMALL
if grep -q 'left' "$T/err" || [ "$(wc -l <"$T/err")" -ne 1 ]; then fail "progress without a terminal"; fi
# shellcheck disable=SC2086
run 0 sweep $SMALL -q
no_errors
command="sweep --progress=always, then SIGTERM"
# shellcheck disable=SC2086
"$COSIM" sweep $SPACE --progress=always >"$T/out" 2>"$T/err" &
job=$!
sleep 1
kill "$job"
wait "$job" || true
err_has 'points/s .* s left'
