# SPDX-License-Identifier: GPL-3.0-or-later
# The look shared by all pictures. The program sets before this file:
#   TITLE SUBTITLE FOOT   texts            TEXT            1 on a text terminal
#   WIDTH HEIGHT          in pixels        LEFT RIGHT BOTTOM TOP   edges of the plot, 0..1
#   FONT_BIG FONT_SMALL   for titles and foot lines
#   KEY                   1 = there is something to tell apart

# Colours that colour-blind readers can tell apart: M. Okabe and K. Ito, "Color Universal
# Design", 2008; dark ones first, because they also work as thin lines on white.
array COLOUR[9] = ['#0072b2', '#d55e00', '#009e73', '#e69f00', '#cc79a7', '#56b4e9', \
                   '#4d4d4d', '#f0e442', '#b3b3b3']
array ON_COLOUR[9] = ['#ffffff', '#ffffff', '#ffffff', '#000000', '#000000', '#000000', \
                      '#ffffff', '#000000', '#000000']
array SHAPE[5] = [7, 5, 9, 13, 11]
colour(i) = COLOUR[int(i - 1) % 7 + 1]
shape(i) = SHAPE[int(i - 1) % 5 + 1]

INK = '#303030'
SOFT = '#7a7a7a'
GRID = '#e4e6e8'
CLOUD = '#c3c7cc'

set lmargin at screen LEFT
set rmargin at screen RIGHT
set bmargin at screen BOTTOM
set tmargin at screen TOP
unset key

# gnuplot keeps no label text clear of the points: a pale box behind it does.
set style textbox opaque fillcolor '#b0ffffff' noborder margins 0.2,0.2

if (TEXT) {
    set label TITLE at screen 0, 1 left
    set label FOOT at screen 0, 0 left
    set border
    set tics nomirror
    if (KEY) { set key at screen RIGHT + 2.0 / WIDTH, TOP left top Left reverse samplen 1 spacing 1 }
} else {
    px_x(n) = n / WIDTH
    px_y(n) = n / HEIGHT
    set label TITLE at screen px_x(24), 1 - px_y(30) left font FONT_BIG textcolor rgb '#000000'
    set label SUBTITLE at screen px_x(24), 1 - px_y(55) left textcolor rgb SOFT
    set label FOOT at screen px_x(24), px_y(14) left font FONT_SMALL textcolor rgb SOFT
    set border 3 linecolor rgb '#9a9a9a' linewidth 1
    set tics out nomirror textcolor rgb INK
    set grid linetype 1 linecolor rgb GRID linewidth 1
    if (KEY) {
        set key at screen RIGHT + px_x(14), TOP left top Left reverse samplen 1 spacing 1.25 \
            textcolor rgb INK
    }
}
