#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# make install below a temporary root, then use what is there: program, libraries, header, pages.
# Environment: BUILD (the build folder to install), COSIM (its program).
set -eu
. tests/support/cli.sh

BUILD=${BUILD:?set BUILD to the build folder}
CC=${CC:-cc}
R=$T/root
step() {
    command=$1
    shift
    "$@" >"$T/out" 2>"$T/err" || fail "$command"
}
install_options="DESTDIR=$R PREFIX=/usr BUILD=$BUILD"

# shellcheck disable=SC2086
step "make install" "${MAKE:-make}" --no-print-directory install $install_options
for f in bin/cosim include/cosim.h lib/libcosim.a lib/libcosim.so lib/pkgconfig/cosim.pc \
    share/man/man1/cosim.1 share/bash-completion/completions/cosim share/zsh/site-functions/_cosim \
    share/fish/vendor_completions.d/cosim.fish share/cosim/hwdb/devices.csv \
    share/cosim/workloads/models.csv share/cosim/reports/pareto.gp share/doc/cosim/README.md; do
    [ -s "$R/usr/$f" ] || fail "$f is not installed"
done
command="grep for build paths"
if grep -rqI -e "$PWD" -e "$R" "$R/usr"; then fail "an installed text names the build folder"; fi

# from another folder, with the data that were installed: no path of the source tree is used
# shellcheck disable=SC2034
COSIM=$R/usr/bin/cosim
data=$R/usr/share/cosim
(
    cd "$T"
    COSIM_HWDB=$data/hwdb COSIM_WORKLOADS=$data/workloads COSIM_REPORTS=$data/reports
    export COSIM_HWDB COSIM_WORKLOADS COSIM_REPORTS
    # shellcheck disable=SC2086
    run 0 sweep $POINT --batch=1..16 -q -f csv -o front.csv --plot=front.gp
    run 0 check hwdb
    run 0 config
)
[ -s "$T/front.csv" ] && [ -s "$T/front.gp" ]
cd "$T"
run 0 config
out_has "^hwdb  *[^ ]*/share/cosim/hwdb (installed"
cd - >/dev/null

# only names of the library leave it
if command -v nm >/dev/null 2>&1; then
    nm -D --defined-only "$R/usr/lib/libcosim.so" | awk '$2 ~ /[TDBRVW]/ { print $3 }' |
        grep -v -e '^cosim_' -e '^_init$' -e '^_fini$' >"$T/out" || true
    command="nm -D libcosim.so"
    [ ! -s "$T/out" ] || fail "other names are exported"
fi

# the header alone, strictly, in both languages
printf '#include <cosim.h>\nint main(void) { return cosim_version() == 0; }\n' >"$T/h.c"
cp "$T/h.c" "$T/h.cc"
strict="-Wall -Wextra -Werror -pedantic -I$R/usr/include"
# shellcheck disable=SC2086
step "header as C11" "$CC" -std=c11 $strict -fsyntax-only "$T/h.c"
if command -v "${CXX:-g++}" >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    step "header as C++17" "${CXX:-g++}" -std=c++17 $strict -fsyntax-only "$T/h.cc"
fi

# the example through pkg-config, with the shared and with the static library
if command -v pkg-config >/dev/null 2>&1; then
    PKG_CONFIG_PATH=$R/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$R
    export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
    flags=$(pkg-config --cflags --libs cosim)
    # shellcheck disable=SC2086
    step "example, shared" "$CC" -std=c11 -Wall -Wextra -Werror -o "$T/shared" examples/sweep.c $flags
    LD_LIBRARY_PATH=$R/usr/lib step "run, shared" "$T/shared" "$data" "$T/shared.csv"
    out_has 'on the frontier'
    flags=$(pkg-config --static --cflags --libs cosim |
        sed "s|-lcosim|$R/usr/lib/libcosim.a|")
    # shellcheck disable=SC2086
    step "example, static" "$CC" -std=c11 -Wall -Wextra -Werror -o "$T/static" examples/sweep.c $flags
    step "run, static" "$T/static" "$data" "$T/static.csv"
    command="shared and static"
    cmp -s "$T/shared.csv" "$T/static.csv" || fail "the results differ"
    got=0
    "$T/static" "$T/none" "$T/x.csv" >"$T/out" 2>"$T/err" || got=$?
    [ "$got" -eq 4 ] || fail "exit code $got without data, expected 4"
    err_has 'devices.csv: cannot open'
    datadir=$(pkg-config --define-variable=prefix="$R/usr" --variable=datadir cosim)
    datadir=$R${datadir#"$R"}
    [ -d "$datadir/hwdb" ] || fail "pkg-config's datadir $datadir is no folder"
fi

# nothing is left
# shellcheck disable=SC2086
step "make uninstall" "${MAKE:-make}" --no-print-directory uninstall $install_options
command="find after uninstall"
find "$R" ! -type d >"$T/out"
[ ! -s "$T/out" ] || fail "files are left"
