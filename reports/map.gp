# SPDX-License-Identifier: GPL-3.0-or-later
# What is where.
#   $cell middle left right y group number   CELL[number] its text   GROUP[1..N_GROUP]
#   N_X N_Y columns and rows   XLABEL YLABEL

set xlabel XLABEL
set border 0
set tics scale 0

if (TEXT) {
    set label YLABEL at screen 0, 1 - 1.0 / HEIGHT left
    plot for [i = 1:N_GROUP] $cell using ($5 == i ? $1 : NaN):4 with points pointtype i \
        title GROUP[i]
} else {
    unset grid
    set ylabel YLABEL textcolor rgb INK
    set style fill solid 1.0 noborder
    cell_half = N_Y > 40 ? 0.5 : 0.44
    do for [x = 0:N_X - 1] {
        set object rectangle from x - 0.46, -0.5 to x + 0.46, N_Y - 0.5 behind \
            fillcolor rgb '#f3f4f5' fillstyle solid noborder
    }
    plot for [i = 1:N_GROUP] $cell \
             using ($5 == i ? $1 : NaN):4:2:3:($4 - cell_half):($4 + cell_half) \
             with boxxyerror linecolor rgb COLOUR[i] title GROUP[i], \
         for [i = 1:N_GROUP] $cell using ($5 == i ? $1 : NaN):4:(CELL[int($6)]) \
             with labels textcolor rgb ON_COLOUR[i] notitle
}
