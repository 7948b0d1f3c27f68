#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the commands of the README; what it prints is what the README shows.
# To renew it: PATH=$PWD/build/latest:$PATH awk -f tools/readme.awk README.md > new && mv new README.md
set -eu

unset COSIM_HWDB COSIM_WORKLOADS COSIM_REPORTS NO_COLOR
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
mkdir "$T/bin"
ln -s "$COSIM" "$T/bin/cosim"
PATH=$T/bin:$PATH

if ! awk -f tools/readme.awk README.md >"$T/new" 2>"$T/err"; then
    echo "a command of README.md fails:" >&2
    cat "$T/err" >&2
    exit 1
fi
diff -u README.md "$T/new" >&2
