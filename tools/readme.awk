# SPDX-License-Identifier: GPL-3.0-or-later
# Prints a Markdown file with the outputs of its ```console blocks made anew: lines "$ command"
# (a backslash continues one) are run by the shell, what stood below them is dropped.
#   awk -f tools/readme.awk README.md > README.new

function run(line) {
    while ((command | getline line) > 0) {
        sub(/[ \t]+$/, "", line)
        if (line != "" || printed) {
            held = held line "\n"
            if (line != "") {
                printf "%s", held
                held = ""
            }
            printed = 1
        }
    }
    if (close(command) != 0)
        failed = 1
    held = ""
    printed = 0
}

/^```console$/ { inside = 1; print; next }
/^```$/ && inside { inside = 0; print; next }
!inside { print; next }
/^\$ / || continued {
    print
    text = continued ? text "\n" $0 : substr($0, 3)
    continued = /\\$/
    if (!continued) {
        command = text
        fflush()
        run()
    }
}
END { exit failed }
