# SPDX-License-Identifier: GPL-3.0-or-later
# One quantity along another.
#   $curve x y group, a data set each group   $mark x y   N_MARK
#   GROUP[1..N_GROUP]   XLABEL YLABEL

if (TEXT) {
    set xlabel XLABEL
    set label YLABEL at screen 0, 1 - 1.0 / HEIGHT left
    plot for [i = 1:N_GROUP] $curve index i - 1 using 1:2 with points pointtype i title GROUP[i], \
         for [i = 1:(N_MARK > 0)] $mark using 1:2 with points pointtype '#' notitle
} else {
    set xlabel XLABEL textcolor rgb INK offset 0,-0.3
    set ylabel YLABEL textcolor rgb INK
    plot for [i = 1:N_GROUP] $curve index i - 1 using 1:2 with linespoints linewidth 1.6 \
             pointtype shape(i) pointsize 1.05 linecolor rgb colour(i) title GROUP[i], \
         for [i = 1:(N_MARK > 0)] $mark using 1:2 with points pointtype 2 pointsize 1.6 \
             linewidth 2.2 linecolor rgb '#000000' notitle
}
