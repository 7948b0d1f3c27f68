# SPDX-License-Identifier: GPL-3.0-or-later
# One value over two axes.
#   $cell x y value fraction number   CELL[number] its text   $missing x y
#   CELL_HALF half a cell   N_MISSING   VALUES 1 = the texts fit   XLABEL YLABEL CBLABEL

set xlabel XLABEL
set border 0
set tics scale 0

if (TEXT) {
    set label YLABEL.'; in the cells: '.CBLABEL at screen 0, 1 - 1.0 / HEIGHT left
    plot $cell using 1:2:(CELL[int($5)]) with labels notitle, \
         for [i = 1:(N_MISSING > 0)] $missing using 1:2:('-') with labels notitle
} else {
    unset grid
    set ylabel YLABEL textcolor rgb INK
    # light to dark, so that it also reads in grey and with any kind of colour vision
    set palette defined (0 '#fbf3d5', 0.25 '#b9d8b5', 0.5 '#5fa9a4', 0.75 '#2f6690', 1 '#16244d')
    set colorbox user origin screen RIGHT + px_x(16), BOTTOM size screen px_x(16), TOP - BOTTOM \
        noborder
    set cbtics out scale 0.5 textcolor rgb INK
    set cblabel CBLABEL textcolor rgb INK offset 0.5,0
    set style fill solid 1.0 noborder
    plot for [i = 1:(N_MISSING > 0)] $missing using 1:2:($1 - CELL_HALF):($1 + CELL_HALF):($2 - CELL_HALF):($2 + CELL_HALF) \
             with boxxyerror fillstyle pattern 4 linecolor rgb CLOUD notitle, \
         $cell using 1:2:($1 - CELL_HALF):($1 + CELL_HALF):($2 - CELL_HALF):($2 + CELL_HALF):3 \
             with boxxyerror linecolor palette notitle, \
         for [i = 1:VALUES] $cell using 1:2:($4 > 0.55 ? CELL[int($5)] : '') \
             with labels textcolor rgb '#ffffff' notitle, \
         for [i = 1:VALUES] $cell using 1:2:($4 > 0.55 ? '' : CELL[int($5)]) \
             with labels textcolor rgb '#000000' notitle
}
