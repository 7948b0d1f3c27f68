# SPDX-License-Identifier: GPL-3.0-or-later
# A frontier before the points it dominates.
#   $cloud x y   $edge x y (the stair)   $front x y group number   HOVER_TEXT[number]
#   GROUP[1..N_GROUP]   N_CLOUD N_FRONT HOVER   XLABEL YLABEL X_BETTER Y_BETTER

if (TEXT) {
    set xlabel XLABEL.', '.X_BETTER
    set label YLABEL.', '.Y_BETTER at screen 0, 1 - 1.0 / HEIGHT left
    plot $cloud using 1:2 with dots notitle, \
         for [i = 1:N_GROUP] $front using ($3 == i ? $1 : NaN):2 with points pointtype i \
             title GROUP[i]
} else {
    set xlabel XLABEL.' — '.X_BETTER textcolor rgb INK offset 0,-0.3
    set ylabel YLABEL.' — '.Y_BETTER textcolor rgb INK
    plot $cloud using 1:2 with points pointtype 7 pointsize 0.28 linecolor rgb CLOUD notitle, \
         $edge using 1:2 with lines linewidth 1.6 linecolor rgb '#8a8a8a' notitle, \
         for [i = 1:N_GROUP] $front using ($3 == i ? $1 : NaN):2 with points \
             pointtype shape(i) pointsize 1.05 linecolor rgb colour(i) title GROUP[i], \
         for [i = 1:(HOVER && N_FRONT > 0)] $front using 1:2:(HOVER_TEXT[int($4)]) \
             with labels hypertext point pointtype 7 pointsize 1.2 linecolor rgb '#ff000000' notitle
}
