# SPDX-License-Identifier: GPL-3.0-or-later
# Predicted against measured, both logarithmic and alike.
#   $points x y group number   $equal $above $below: lines at 1, 2 and 1/2
#   GROUP[1..N_GROUP]   XLABEL YLABEL

if (TEXT) {
    set xlabel XLABEL
    set label YLABEL at screen 0, 1 - 1.0 / HEIGHT left
    plot $equal using 1:2 with dots notitle, \
         for [i = 1:N_GROUP] $points using ($3 == i ? $1 : NaN):2 with points pointtype i \
             title GROUP[i]
} else {
    set xlabel XLABEL textcolor rgb INK offset 0,-0.3
    # not 'set ylabel': gnuplot would place it by the width of ticks without their prefixes
    set label YLABEL at screen px_x(9), (BOTTOM + TOP) / 2 center rotate by 90 textcolor rgb INK
    plot $above using 1:2 with lines linewidth 1.2 dashtype 2 linecolor rgb '#8a8a8a' notitle, \
         $below using 1:2 with lines linewidth 1.2 dashtype 2 linecolor rgb '#8a8a8a' notitle, \
         $equal using 1:2 with lines linewidth 1.6 linecolor rgb '#4d4d4d' notitle, \
         for [i = 1:N_GROUP] $points using ($3 == i ? $1 : NaN):2 with points \
             pointtype shape(i) pointsize 0.75 linecolor rgb colour(i) title GROUP[i]
}
