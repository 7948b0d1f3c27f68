# SPDX-License-Identifier: GPL-3.0-or-later
# Stacked horizontal bars in one or two panels.
#   $partK x0 x1 y part percent   $totalK x y bar   $cellK x y part (text terminals)
#   PART[1..N_PART]   TOTALK[bar]   PANEL_HI[K] PANEL_LABEL[K]   N_PANEL BAR_HALF SHARES

panel_left(k) = LEFT + (k - 1) * (RIGHT - LEFT) / N_PANEL
panel_right(k) = panel_left(k) + (RIGHT - LEFT) / N_PANEL * (N_PANEL > 1 ? 0.94 : 1)
set border 1
set tics scale 0.5
if (SHARES) { set xtics 0,20,100 }

if (TEXT) {
    # two panels do not fit a terminal: the first one
    set xrange [0:PANEL_HI[1]]
    set xlabel PANEL_LABEL[1]
    plot for [i = 1:N_PART] $cell1 using ($3 == i ? $1 : NaN):2 with points pointtype i \
        title PART[i]
} else {
    part_colour(i) = COLOUR[int(i)]
    set style fill solid 1.0 border rgb '#ffffff'
    set grid xtics noytics
    set ytics scale 0
    set multiplot
    do for [k = 1:N_PANEL] {
        set lmargin at screen panel_left(k)
        set rmargin at screen panel_right(k)
        set xrange [0:PANEL_HI[k]]
        set xlabel PANEL_LABEL[k] textcolor rgb INK offset 0,-0.3
        if (k == 2) {
            unset ytics
            unset key
            unset label
        }
        if (k == 1) {
            plot for [i = 1:N_PART] $part1 \
                     using (($1 + $2) / 2):($4 == i ? $3 : NaN):1:2:($3 - BAR_HALF):($3 + BAR_HALF) \
                     with boxxyerror linecolor rgb part_colour(i) title PART[i], \
                 for [i = 1:N_PART] $part1 \
                     using (($1 + $2) / 2):($4 == i && $5 > 0 ? $3 : NaN):(sprintf('%d%%', int($5))) \
                     with labels textcolor rgb ON_COLOUR[i] notitle, \
                 $total1 using 1:2:(' '.TOTAL1[int($3)]) with labels left textcolor rgb INK notitle
        } else {
            plot for [i = 1:N_PART] $part2 \
                     using (($1 + $2) / 2):($4 == i ? $3 : NaN):1:2:($3 - BAR_HALF):($3 + BAR_HALF) \
                     with boxxyerror linecolor rgb part_colour(i) notitle, \
                 for [i = 1:N_PART] $part2 \
                     using (($1 + $2) / 2):($4 == i && $5 > 0 ? $3 : NaN):(sprintf('%d%%', int($5))) \
                     with labels textcolor rgb ON_COLOUR[i] notitle, \
                 $total2 using 1:2:(' '.TOTAL2[int($3)]) with labels left textcolor rgb INK notitle
        }
    }
    unset multiplot
}
