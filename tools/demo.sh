#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The flagship question from descriptors to pictures: COSIM=program [OUT=folder] sh tools/demo.sh
set -eu

cosim=${COSIM:?the path of the program}
out=${OUT:-out}
study=workloads/studies/flagship.study
columns=device,w,kv,a,e2e_s,ttft_s,tpot_s,j_per_token,power_w,memory_bytes,ppl_increase_ratio
mkdir -p "$out"

say() {
    printf '\n== %s\n\n' "$*"
}

say "Llama-3.1-8B, 2k prompt, 256 output: which device and which bit-widths? ($study)"
"$cosim" sweep "$study" --cloud 100000 --out "$out/flagship.csv" \
    --x e2e_s --y j_per_token --value ppl_increase_ratio \
    --title 'Llama-3.1-8B: which device and which bit-widths?' \
    --plot "$out/flagship.png" --plot "$out/flagship.svg" --plot -

for loss in 0.01 0.05 0.2; do
    say "fastest to most frugal with at most $loss more perplexity"
    "$cosim" sweep "$study" --quiet --objectives e2e_s,j_per_token \
        --max "ppl_increase_ratio=$loss" --columns "$columns" | sed '1,2d; /^note: /d'
done

say 'what the sweep looked at and what it left out'
"$cosim" sweep "$study" --quiet --out "$out/flagship.txt"
sed -n 's/^note: //p' "$out/flagship.txt"
awk '/^note: / || !/assumed: / { next }
     { n++; additive += /assumed: additive/; proxy += /proxy: / }
     END { printf "quality: of %d points on the frontier with a loss, %d were measured on a sister model of the same shapes, " \
                  "%d add weights and cache measured apart, also there (column quality_origin)\n", n, proxy, additive }' \
    "$out/flagship.txt"

"$cosim" roofline --model llama-3.1-8b --scenario demo --w q4_k_m --device h100-sxm \
    --title 'Llama-3.1-8B as q4_k_m on an H100 SXM, 2k prompt, one user' \
    --out "$out/roofline.csv" --plot "$out/roofline.png" --plot "$out/roofline.svg"
"$cosim" estimate workloads/studies/formats.study --out "$out/heatmap.csv" \
    --kind heatmap --x device --y w --value tpot_s --title 'Time per token by device and weights' \
    --plot "$out/heatmap.png" --plot "$out/heatmap.svg"

say "written to $out/"
cat <<END
flagship.csv .meta.json   every feasible point, the frontier first; how it was made
flagship.txt              the whole frontier as a table
flagship.png .svg         the frontier in three objectives (the svg shows each point on hover)
roofline.png .svg .csv    what bounds each operator on an H100
heatmap.png .svg .csv     time per token over devices and weight formats
END
