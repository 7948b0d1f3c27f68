# SPDX-License-Identifier: GPL-3.0-or-later
# Operators under the roofs of devices.
#   $roof x y device (lines apart by blank ones)   $ridge x y device   $points x y group number
#   HOVER_TEXT[number]   GROUP[1..N_GROUP]   DEVICE[1..N_DEVICE]   DARK(device) a colour

if (TEXT) {
    set label YLABEL at screen 0, 1 - 1.0 / HEIGHT left
    set xlabel XLABEL
    plot $roof using 1:2 with lines dashtype 1 notitle, \
         for [i = 1:N_GROUP] $points using ($3 == i ? $1 : NaN):2 with points pointtype i \
             title GROUP[i]
} else {
    set xlabel XLABEL textcolor rgb INK offset 0,-0.3
    # not 'set ylabel': gnuplot would place it by the width of ticks without their prefixes
    set label YLABEL at screen px_x(18), (BOTTOM + TOP) / 2 center rotate by 90 textcolor rgb INK
    plot for [d = 1:N_DEVICE] $roof using ($3 == d ? $1 : NaN):2 with lines linewidth 2 \
             linecolor rgb DARK(d) notitle, \
         for [d = 1:N_DEVICE] $ridge using ($3 == d ? $1 : NaN):2 with points pointtype 6 \
             pointsize 1 linewidth 1.5 linecolor rgb DARK(d) notitle, \
         for [i = 1:N_GROUP] $points using ($3 == i ? $1 : NaN):2 with points \
             pointtype shape(i) pointsize 1.2 linecolor rgb colour(i) title GROUP[i], \
         for [i = 1:(N_POINTS > 0)] $points using 1:2:(HOVER_TEXT[int($4)]) \
             with labels hypertext point pointtype 7 pointsize 1.2 linecolor rgb '#ff000000' notitle
}
