# SPDX-License-Identifier: GPL-3.0-or-later
# A frontier before the points it dominates.
#   $cloud x y   $edge x y level (stairs)   $front x y group number level   HOVER_TEXT[number]
#   GROUP[1..N_GROUP]   LEVEL[1..N_LEVEL] LEVEL_TITLE[1] (of a third value; N_LEVEL = 0: none)
#   $mark x y   N_MARK N_CLOUD N_FRONT HOVER   XLABEL YLABEL X_BETTER Y_BETTER

# Dark to light, far apart in brightness: levels have an order, also in grey.
array LEVEL_COLOUR[4] = ['#1b0c6b', '#a3196f', '#e8663c', '#f0b429']
level_colour(l) = l < 1 ? '#8a8a8a' : LEVEL_COLOUR[int(l)]

if (TEXT) {
    set xlabel XLABEL.', '.X_BETTER
    set label YLABEL.', '.Y_BETTER at screen 0, 1 - 1.0 / HEIGHT left
    plot $cloud using 1:2 with dots notitle, \
         for [i = 1:N_GROUP] $front using ($3 == i ? $1 : NaN):2 with points pointtype i \
             title GROUP[i], \
         for [i = 1:(N_MARK > 0)] $mark using 1:2 with points pointtype '#' notitle
} else {
    set xlabel XLABEL.' — '.X_BETTER textcolor rgb INK offset 0,-0.3
    # not 'set ylabel': gnuplot would place it by the width of ticks, beyond the edge for 0.0001
    set label YLABEL.' — '.Y_BETTER at screen px_x(16), (BOTTOM + TOP) / 2 center rotate by 90 \
        textcolor rgb INK
    if (N_LEVEL == 0) {
        plot $cloud using 1:2 with points pointtype 7 pointsize 0.28 linecolor rgb CLOUD notitle, \
             $edge using 1:2 with lines linewidth 1.6 linecolor rgb '#8a8a8a' notitle, \
             for [i = 1:N_GROUP] $front using ($3 == i ? $1 : NaN):2 with points \
                 pointtype shape(i) pointsize 1.05 linecolor rgb colour(i) title GROUP[i], \
             for [i = 1:(N_MARK > 0)] $mark using 1:2 with points pointtype 2 pointsize 1.6 \
                 linewidth 2.2 linecolor rgb '#000000' notitle, \
             for [i = 1:(HOVER && N_FRONT > 0)] $front using 1:2:(HOVER_TEXT[int($4)]) \
                 with labels hypertext point pointtype 7 pointsize 1.2 linecolor rgb '#ff000000' \
                 notitle
    } else {
        plot $cloud using 1:2 with points pointtype 7 pointsize 0.28 linecolor rgb CLOUD notitle, \
             for [l = 1:N_LEVEL] $edge using ($3 == l ? $1 : NaN):2 with lines linewidth 1.6 \
                 linecolor rgb level_colour(l) notitle, \
             for [i = 1:N_GROUP] for [l = 0:N_LEVEL] $front \
                 using ($3 == i && $5 == l ? $1 : NaN):2 with points pointtype shape(i) \
                 pointsize 1.05 linecolor rgb level_colour(l) notitle, \
             for [i = 1:(N_GROUP > 1 ? N_GROUP : 0)] NaN with points pointtype shape(i) \
                 pointsize 1.05 linecolor rgb INK title GROUP[i], \
             NaN with dots linecolor rgb '#ffffff' title ' ', \
             NaN with dots linecolor rgb '#ffffff' title LEVEL_TITLE[1], \
             for [l = 1:N_LEVEL] NaN with lines linewidth 5 linecolor rgb level_colour(l) \
                 title LEVEL[l], \
             for [i = 1:(N_MARK > 0)] $mark using 1:2 with points pointtype 2 pointsize 1.6 \
                 linewidth 2.2 linecolor rgb '#000000' notitle, \
             for [i = 1:(HOVER && N_FRONT > 0)] $front using 1:2:(HOVER_TEXT[int($4)]) \
                 with labels hypertext point pointtype 7 pointsize 1.2 linecolor rgb '#ff000000' \
                 notitle
    }
}
