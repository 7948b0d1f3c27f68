# SPDX-License-Identifier: GPL-3.0-or-later
# usage: awk -f tools/check_layers.awk tools/layers.txt src/*/*.[ch] src/*/*/*.[ch]
# Every #include "room/..." must be an edge of layers.txt. Prints file:line of each that is not.
FILENAME == ARGV[1] {
    sub(/#.*/, "")
    if (NF == 0) next
    known[$1] = 1
    for (i = 2; i <= NF; i++) allowed[$1, $i] = 1
    next
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    split(FILENAME, path, "/")
    split(quoted[2], target, "/")
    room = path[2]
    if (quoted[2] == "cosim.h" || target[1] == room || target[2] == "") next
    if (!(room in known)) {
        printf "%s:%d: room '%s' is not in tools/layers.txt\n", FILENAME, FNR, room
        bad++
    } else if (!((room, target[1]) in allowed) && !((room, quoted[2]) in allowed)) {
        printf "%s:%d: '%s' may not include '%s'\n", FILENAME, FNR, room, quoted[2]
        bad++
    }
    edges++
}
END {
    printf "%d includes between rooms, %d not allowed\n", edges, bad
    exit bad > 0
}
