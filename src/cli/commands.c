/* SPDX-License-Identifier: GPL-3.0-or-later */
/* To add a command: src/cli/cmd_<name>.c and a row here. */
#include "cli/cli.h"

#include "core/text.h"

#include <string.h>

static const struct option explain_options[] = {
    { "point", 0, "N", "number of the point in the study's space (column 'point' of a sweep)" },
    { "signature", 0, "HEX", "refuse when the space is not the one the number came from" },
    { NULL, 0, NULL, NULL },
};

static const struct option route_options[] = {
    { "show", 0, "WHAT", "plan, nodes, operators, totals, front, events, pipeline or offload" },
    { "front", 0, NULL, "all placements that no other beats (latency and energy by default)" },
    { "pick", 0, "N", "the placement of that number on the front" },
    { "precision", 0, "SHARE", "let the front be worse by this share; 0 = exact" },
    { "ranges", 0, "COUNT",
      "search algorithms: ranges of layers that are placed alike, or 'nodes'; default 4" },
    { "apart", 0, "LIST",
      "kv, experts or both: off the devices of their layers, side by side (integer problem)" },
    { "split", 0, NULL, "place attention apart from FFN or experts" },
    { "pipeline", 0, NULL, "decode of many requests, one stage a device" },
    { "drop", 0, "MEMBER", "what is lost when it drops out" },
    { "throttle", 0, "MEMBER=SHARE", "what is lost when its clock falls to that share" },
    { "offload", 0, "TO[:FROM]", "the curve of partial offload, layer by layer" },
    { NULL, 0, NULL, NULL },
};

static const struct option allocate_options[] = {
    { "show", 0, "WHAT", "plan, groups, front, compare, barred, scheme or tensor-types" },
    { "front", 0, NULL, "all sizes and the least loss of each" },
    { "compare", 0, NULL, "uniform formats beside the plan of no more bytes" },
    { "scheme", 0, NULL, "print the plan's weight scheme alone, for --w of other commands" },
    { "tensor-types", 0, NULL, "print the plan as llama-quantize --tensor-type-file reads it" },
    { "method", 0, "dp|ilp|lagrange", "solver; default: dp for sizes and losses, else ilp" },
    { "by", 0, "LIST", "what a group is: tensor,layer (default), tensor, or layer" },
    { "blocks", 0, "N", "layers of a group" },
    { "split", 0, NULL, "let q, k, v and gate, up have formats of their own" },
    { "engine", 0, "NAME", "keep to what that engine loads and fuses (cosim list engines)" },
    { "container", 0, "NAME", "kind of checkpoint; default: the one of most candidates" },
    { "sensitivity", 0, "FILE.csv", "losses per tensor, layer and format" },
    { "share", 0, "weights|sensitivity", "how measured losses are shared out over groups" },
    { "training-tokens", 0, "X", "tokens the model was trained on: allows the precision law" },
    { "points", 0, "N", "rows of the front (default 100), or steps of each limit (16)" },
    { "weigh", 0, "NUMBERS", "weights of several objectives, default 1 each" },
    { NULL, 0, NULL, NULL },
};

static const struct option help_options[] = {
    { "man", 0, NULL, "print the manual page (troff)" },
    { "completion", 0, "bash|zsh|fish", "print completions for that shell" },
    { NULL, 0, NULL, NULL },
};

static const struct option validate_options[] = {
    { "on", 0, "DEVICE", "operators: price them on this device, default h200-sxm" },
    { "worst", 0, NULL, "show the largest differences instead of the summary" },
    { "skipped", 0, NULL, "show what could not be predicted, and why (not golden)" },
    { "by", 0, "LIST",
      "columns that make a group (not golden): phase, class, device, runtime, format, model, "
      "system, w, scope, use, ...; default: phase,class,device,runtime,format" },
    { "only", 0, "LIST", "only these phases (not golden): prefill,decode,j_per_token,..." },
    { NULL, 0, NULL, NULL },
};

static const struct option hypervolume_options[] = {
    { "objectives", 0, "LIST", "columns that are objectives; default: all columns of numbers" },
    { "maximise", 0, "LIST", "objectives that are better when larger" },
    { "ref", 0, "NUMBERS", "reference point, one number an objective; default: worst + 10 %" },
    { "truth", 0, "FILE.csv", "reference front with the same columns: IGD+, epsilon, spread" },
    { NULL, 0, NULL, NULL },
};

static const struct option choose_options[] = {
    { "objectives", 0, "LIST", "columns that are objectives" },
    { "maximise", 0, "LIST",
      "objectives that are better when larger, besides metrics that say so" },
    { "by", 0, "knee|regret|robust|weights",
      "what comes first; default knee, or weights if given" },
    { "weights", 0, "NUMBERS", "what an objective counts, one number each; default: all alike" },
    { "errors", 0, "LIST",
      "how wrong objectives may be, METRIC=RATIO; default: hwdb/metric_errors.csv" },
    { "top", 0, "N", "rows to show, 0 = all; default 10" },
    { NULL, 0, NULL, NULL },
};

static const struct option law_options[] = {
    { "input", 'i', "LIST", "name=value,...: the law's value there" },
    { "set", 0, "NAME", "one published set of constants; default: all" },
    { NULL, 0, NULL, NULL },
};

static const struct option fit_options[] = {
    { "seed", 0, "N", "seed of starts and resamples, default 1" },
    { "bootstrap", 0, "N", "resamples for the intervals, default 200" },
    { "no-bootstrap", 0, NULL, "no intervals" },
    { "fold", 0, "INPUT", "input held out value by value; default: the law's size" },
    { "folds", 0, NULL, "show the errors on held-out values instead of the parameters" },
    { "fix", 0, "LIST", "parameters that are not fitted: name=value,..." },
    { NULL, 0, NULL, NULL },
};

static const struct option search_options[] = {
    { "problem", 0, "NAME", "search a standard test problem instead (cosim list problems)" },
    { "evaluations", 0, "N", "points to evaluate: the same as --samples" },
    { NULL, 0, NULL, NULL },
};

const struct command command_table[] = {
    { "list", "KIND",
      "list devices, models, formats, recipes, scenarios, objectives, algorithms, "
      "axes, operators or engines",
      NULL, OPTS_OUTPUT, NULL, cmd_list },
    { "show", "ID", "everything known about a device, model, format or scenario, with sources",
      NULL, OPTS_OUTPUT, NULL, cmd_show },
    { "estimate", "[STUDY-FILE]...", "all metrics of a point, or of every point of a small space",
      "TTFT, TPOT, tokens/s, J/token, memory, USD/Mtoken; infeasible points say why.",
      OPTS_STUDY | OPTS_OUTPUT | OPTS_PICTURE, NULL, cmd_estimate },
    { "explain", "[STUDY-FILE]...", "operators of one point: formula, bytes, times, what bounds it",
      "Column 'flip' tells how much faster the binding resource may become before another binds.",
      OPTS_STUDY | OPTS_OUTPUT | OPTS_PICTURE, explain_options, cmd_explain },
    { "sweep", "[STUDY-FILE]...", "evaluate a space and keep the points that no other point beats",
      "Ctrl-C ends early: what was found is written and marked partial (exit 130).",
      OPTS_STUDY | OPTS_OUTPUT | OPTS_PICTURE | OPTS_PROGRESS, NULL, cmd_sweep },
    { "search", "[STUDY-FILE]...", "search a space that is too large for a sweep",
      "PGSAM unless --algorithm names another; --samples is the number of evaluations.",
      OPTS_STUDY | OPTS_OUTPUT | OPTS_PICTURE, search_options, cmd_search },
    { "plot", "TABLE.csv", "draw a table that cosim or another tool wrote as CSV", NULL,
      OPTS_PICTURE, NULL, cmd_plot },
    { "roofline", "[STUDY-FILE]...", "the roofline of a device with the operators of a model on it",
      NULL, OPTS_STUDY | OPTS_OUTPUT | OPTS_PICTURE, NULL, cmd_roofline },
    { "route", "[PLATFORM [STUDY-FILE]]", "place the layers of a model on unequal devices",
      "Objectives: latency (default), energy, underuse. Without a platform: lists them. "
      "Algorithms: "
      "exact (default), ilp, or any of 'cosim list algorithms' with --samples and --seed.",
      OPTS_STUDY | OPTS_OUTPUT | OPTS_PICTURE, route_options, cmd_route },
    { "allocate", "[STUDY-FILE]...", "choose a weight format for every group of tensors",
      "Candidates are the plain formats of --w; without it all that were measured on the model. "
      "Objectives: ppl_increase_ratio (default), memory_bytes, tpot_s, j_per_token. Limits "
      "(--max): "
      "the same and weight_bytes.",
      OPTS_STUDY | OPTS_OUTPUT | OPTS_PICTURE, allocate_options, cmd_allocate },
    { "check", "[hwdb|workloads]...", "check the data: ranges, order of peaks, sources, counts",
      NULL, OPTS_OUTPUT, NULL, cmd_check },
    { "validate", "golden|throughput|energy|claims|operators FILE...",
      "compare with recorded results of a peer tool, or with published measurements",
      "golden: exit 1 when a difference is above the tolerance. The others print the error of the "
      "prediction per group, whatever it is; pictures show predicted against measured.",
      OPTS_OUTPUT | OPTS_PICTURE, validate_options, cmd_validate },
    { "hypervolume", "FILE.csv", "exact hypervolume and other indicators of the rows of a table",
      NULL, OPTS_OUTPUT, hypervolume_options, cmd_hypervolume },
    { "choose", "FILE.csv", "which point of a frontier: knees, regret, and what model errors leave",
      "knee: bulges most below the plane through the ends. regret: what people with other weights "
      "lose. robust: fewest points that may be better in truth within the stated errors.",
      OPTS_OUTPUT, choose_options, cmd_choose },
    { "kv", "sensitivity|search|preset|presets|measure|tune",
      "choose K and V cache precision per layer (after KVTuner)",
      "sensitivity: attention errors of every layer and pair from dumped tensors or a small model. "
      "search: the front of layer-wise pairs. preset: a cache scheme as pairs. presets: the "
      "published ones against our front. "
      "measure: loss of a small model under formats. tune: the whole loop on a small model.",
      OPTS_KV | OPTS_OUTPUT, NULL, cmd_kv },
    { "arch", "[STUDY-FILE]...",
      "architectures under budgets of a device: least predicted loss, front, feasible region",
      "Loss by the co-design law, costs by the engine. Budgets: --max METRIC=VALUE, and the "
      "reference's own e2e_s unless a time is limited (--same). Shapes without a list: layers "
      "4..32, "
      "width 768..3072:+64, ffn-ratio 0.5,1,2,4, gqa 1,2,4,8, experts 1:1,8:1,8:2,16:1,16:2, the "
      "reference's vocabulary. exit 1: nothing fits.",
      OPTS_ARCH | OPTS_STUDY | OPTS_OUTPUT | OPTS_PICTURE, NULL, cmd_arch },
    { "law", "[NAME]", "scaling laws: their list, published constants, values", NULL, OPTS_OUTPUT,
      law_options, cmd_law },
    { "fit", "LAW FILE.csv",
      "fit a scaling law to measured losses, with intervals and held-out errors",
      "The file has the law's inputs and its result as columns; others are ignored.", OPTS_OUTPUT,
      fit_options, cmd_fit },
    { "config", NULL, "where the data folders are taken from", NULL, 0, NULL, cmd_config },
    { "help", "[COMMAND]", "options of a command, the manual, shell completions", NULL, 0,
      help_options, cmd_help },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL },
};

const struct command *find_command(const char *name)
{
    for (const struct command *c = command_table; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

int unknown_command(const char *name)
{
    struct nearest near = { .want = name };

    for (const struct command *c = command_table; c->name; c++)
        nearest_offer(&near, c->name);
    if (nearest_suggestion(&near))
        return usage_error("unknown command '%s'; did you mean '%s'?", name,
                           nearest_suggestion(&near));
    return usage_error("unknown command '%s'; see 'cosim help'", name);
}
