#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Help, manual page and completions: each holds every command, option and study key.
set -eu
. tests/support/cli.sh

run 0 --help
no_errors
cp "$T/out" "$T/overview"
commands=$(sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' "$T/overview")
run 0 -h
run 0 help
cmp -s "$T/out" "$T/overview" || fail "help is not --help"
run 0 --version
out_has '^cosim [0-9]*\.[0-9]*\.[0-9]*$'

run 0 help --man
cp "$T/out" "$T/cosim.1"
for shell in bash zsh fish; do
    run 0 help --completion="$shell"
    no_errors
    cp "$T/out" "$T/$shell"
done

# the manual as roff: no warnings, found by apropos
if command -v man >/dev/null 2>&1; then
    man -l --warnings=w "$T/cosim.1" >"$T/out" 2>"$T/err" </dev/null || fail "man cannot read the page"
    no_errors
fi
if command -v lexgrog >/dev/null 2>&1; then
    command="help --man"
    lexgrog "$T/cosim.1" >"$T/out" 2>&1 || fail "lexgrog finds no description"
    out_has 'cosim - analytical'
fi
sed 's/\\-/-/g' "$T/cosim.1" >"$T/man"
for code in 0 1 2 3 4 5 130; do
    grep -qx "\.B $code" "$T/man" || fail "exit code $code is not in the manual"
done

# prints what the option names on stdin lack for command $1: in its help, the manual, completions
missing() {
    {
        sed 's/$/ /; s/^/help /' "$T/help"
        sed 's/\\fR=.*/=/; s/$/ /; s/^/man /' "$T/man"
        sed -n "/^    $1) /{s/\"/ /g; s/^/bash /p;}" "$T/bash"
        sed -n "/^    $1) /{s/'--/ --/g; s/\[/ /g; s/^/zsh /p;}" "$T/zsh"
        sed -n "/from $1'/{s/ -l / --/; s/^/fish /p;}" "$T/fish"
        sed 's/^/option /'
    } | awk '{ kind = $1; $1 = "" }
        kind != "option" { text[kind] = text[kind] $0 " " }
        kind == "option" {
            sub(/^ /, "")
            for (k in text)
                if (!index(text[k], " --" $0 " ") && !index(text[k], " --" $0 "="))
                    printf "--%s is not in %s\n", $0, k
            n++
        }
        END { if (length(text) != 5 || n == 0) print "a text is empty" }'
}

all=
for c in $commands; do
    command="$c --help"
    "$COSIM" "$c" --help >"$T/help" 2>"$T/err" || fail "no help"
    no_errors
    "$COSIM" help "$c" | cmp -s - "$T/help" || fail "'help $c' is not '$c --help'"
    grep -q "^usage: cosim $c" "$T/help" || fail "no usage line"
    grep -q "^\.SS cosim $c " "$T/man" || fail "$c is not in the manual"
    options=$(sed -n 's/^  \(-[a-zA-Z],\|   \) --\([a-z0-9-]*\).*/\2/p' "$T/help")
    [ -n "$options" ] || fail "no options"
    echo "$options" | missing "$c" >"$T/out"
    [ ! -s "$T/out" ] || fail "options are missing"
    all="$all $options"
done

# nothing that the sources list is missing
command="the option tables of src/cli and src/api"
rows=$(cat src/cli/*.c | tr '\n' ' ' |
    grep -oE "\{ \"[a-z0-9-]+\", *(0|'.'), *(NULL|\"[^\"]*\"), *\"" | sed 's/^{ "\([a-z0-9-]*\)".*/\1/')
keys=$(sed -n '/define STUDY_KEY_LIST/,/^$/s/^ *X([A-Z_0-9]*, "\([a-z0-9-]*\)".*/\1/p' src/api/study.h)
[ "$(echo "$rows" | wc -l)" -gt 20 ] || fail "the option tables were not found"
[ "$(echo "$keys" | wc -l)" -gt 15 ] || fail "the study keys were not found"
for o in $rows $keys; do
    case " $(echo "$all" | tr '\n' ' ') " in
    *" $o "*) ;;
    *) fail "'$o' is an option, but in no help text" ;;
    esac
done
for c in estimate explain sweep roofline; do
    command="study keys of $c"
    "$COSIM" "$c" --help >"$T/help"
    echo "$keys" | missing "$c" >"$T/out"
    [ ! -s "$T/out" ] || fail "study keys are missing"
done

# the completions are programs of their shells, and they complete
command="help --completion=bash"
if command -v bash >/dev/null 2>&1; then
    bash -n "$T/bash" || fail "bash cannot read its completions"
    bash -c '. "$1"; COMP_WORDS=(cosim swe) COMP_CWORD=1; _cosim; echo "${COMPREPLY[*]}"
             COMP_WORDS=(cosim sweep --obj) COMP_CWORD=2; _cosim; echo "${COMPREPLY[*]}"' \
        - "$T/bash" >"$T/out" 2>"$T/err"
    no_errors
    out_has '^sweep *$'
    out_has '^--objectives=$'
fi
for shell in zsh fish; do
    command="help --completion=$shell"
    if command -v "$shell" >/dev/null 2>&1; then
        "$shell" -n "$T/$shell" >"$T/out" 2>"$T/err" || fail "$shell cannot read its completions"
        no_errors
    fi
done
