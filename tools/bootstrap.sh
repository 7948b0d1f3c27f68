#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the Debian packages that are missing. usage: tools/bootstrap.sh [build|check]
set -eu

build="gcc make libc6-dev pkg-config libgsl-dev libcsv-dev libnlopt-dev libjansson-dev libglpk-dev gnuplot-nox fonts-dejavu-core"
check="$build g++ clang libclang-rt-14-dev libomp-14-dev libcmocka-dev shellcheck man-db"

case "${1:-build}" in
build) wanted=$build ;;
check) wanted=$check ;;
*)
    echo "usage: tools/bootstrap.sh [build|check]" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "bootstrap: no Debian package tools here; install the equivalents of: $wanted" >&2
    exit 0
fi

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "bootstrap: installing$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "bootstrap: neither root nor sudo; ask an administrator to run:" >&2
    echo "  apt-get install --no-install-recommends$missing" >&2
    exit 4
fi

# the lists may be absent or old: refresh them only when the first try fails
install() {
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -q --no-install-recommends $missing
}
if ! install >/dev/null 2>&1; then
    $as_root apt-get update -q >/dev/null
    if ! install; then
        echo "bootstrap: apt could not install:$missing" >&2
        exit 4
    fi
fi
