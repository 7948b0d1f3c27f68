#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Wrong usage: exit 2, one line, a suggestion; every spelling of an option.
set -eu
. tests/support/cli.sh

run 2
no_output
err_has 'usage: cosim COMMAND'

refused 2 "unknown command 'lsit'; did you mean 'list'" lsit
refused 2 "unknown command 'xyzzy'; see 'cosim help'" xyzzy
refused 2 "unknown command 'swep'; did you mean 'sweep'" help swep
refused 2 "unknown command '?\[31m" "$(printf '\033[31m')"
refused 2 "did you mean '--model'" sweep --modle=llama-3.1-8b
refused 2 "has no option '--plot" list devices --plot=x.png
refused 2 "has no option '-z'" list -z
refused 2 "option '--out' needs FILE" list devices -o
refused 2 "takes no value" list devices --quiet=1
refused 2 "takes no value" list devices -qx
refused 2 "one of table|csv|json|markdown" list devices --format=xml
refused 2 "one of auto|always|never" list devices --color=blue
refused 2 "one of bash|zsh|fish" help --completion=tcsh
refused 2 "needs a whole number" explain --point=-1
refused 2 "needs a whole number" sweep --samples=1e6
refused 2 "needs a whole number" sweep --seed=99999999999999999999999
refused 2 "say what to list" list
refused 2 "did you mean 'devices'" list devics
refused 2 "does not take 'models'" list devices models
refused 2 "does not take 'x'" config x
refused 2 "say what to show" show
refused 2 "no model is given" estimate
refused 2 "no device is given" estimate --model=llama-3.1-8b
refused 2 "there is no check of 'nothing'" check nothing
refused 2 "write: cosim validate" validate golden
refused 2 "write: cosim plot" plot
refused 2 "'--size' needs WIDTHxHEIGHT" roofline --size=3
refused 2 "holds one table" check --out="$T/both"
refused 2 "the space has 2 points" explain --model=llama-3.1-8b --device=h100-sxm,b200-sxm
# shellcheck disable=SC2046
refused 2 "more than 512 operands" check $(yes hwdb | head -600)

# --opt v, --opt=v, -o v, -ov are the same; the last one counts; -- ends options
for how in "--format csv" "--format=csv" "-f csv" "-fcsv" "-fjson -f csv"; do
    # shellcheck disable=SC2086
    run 0 list axes $how
    out_has '^name,order,doc$'
done
run 0 list --format csv -- axes
out_has '^name,order,doc$'
refused 4 "^cosim: -x: cannot open" sweep -- -x
