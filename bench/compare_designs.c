/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Search algorithms on real design spaces whose exact front is known from a full sweep: share of
 * the exact hypervolume after few evaluations, over seeds, and what pruned search leaves out.
 *
 *   compare_designs [SEEDS [FIRST_SEED [SPACE...]]]     default 31 seeds from 1, all spaces
 *   compare_designs pruned [SPACE...]                   what pruned search visits instead
 *
 * Budget: a hundredth of the points, at most MOST_EVALUATIONS. Prints a markdown table. A mark
 * says whether the Mann-Whitney test (p < 0.05) puts the algorithm before (+) or behind (-)
 * NSGA-II, or does not tell (=).
 */
#include "api/context.h"
#include "api/resolve.h"
#include "core/num.h"
#include "search/front.h"
#include "search/hypervolume.h"
#include "search/stats.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *model, *device, *w, *kv, *a, *tp, *prompt, *output, *batch, *objectives;
} spaces[] = {
    { "8B, all devices", "llama-3.1-8b", "all", "bf16,int8,int4-g128,q8_0,q6_k,q5_k_m,q4_k_m,q4_0",
      "bf16,kv8,kv4,kivi-2", "bf16,int8", "1,2,4,8", "512,2048,8192", "128,512", "1..64",
      "e2e_s,j_per_token,memory_bytes" },
    { "8B, quality", "llama-3.1-8b", "all",
      "bf16,q8_0,q6_k,q5_k_m,q5_0,q4_k_m,q4_0,q3_k_m,q2_k,int4-g128", "bf16,kivi-4,kivi-2", "bf16",
      "1,2,4,8", "512..4096:*2", "256", "1..100", "tpot_s,j_per_token,ppl_increase_ratio" },
    { "70B serving", "llama-3.1-70b", "class:gpu", "bf16,int8,int4-g128,q4_k_m,q8_0",
      "bf16,kv8,kv4", "bf16,int8", "1,2,4,8", "1024,4096", "256,1024", "1..256",
      "tokens_per_s,tpot_s,j_per_token" },
    { "70B cost", "llama-3.1-70b", "all", "bf16,int8,int4-g128,q4_k_m", "bf16,kv8", "bf16",
      "1,2,4,8", "2048", "256,512", "1..512", "usd_per_mtok,ttft_s,tpot_s" },
    { "Mixtral", "mixtral-8x7b", "all", "bf16,int8,int4-g128,q4_k_m", "bf16,kv8", "bf16,int8",
      "1,2,4,8", "512,2048", "128,512", "1..128", "e2e_s,j_per_token,memory_bytes,tokens_per_s" },
    { "edge 1B-3B", "llama-3.2-1b,llama-3.2-3b,qwen2.5-0.5b,qwen2.5-1.5b,qwen2.5-3b", "class:soc",
      "bf16,q8_0,q6_k,q5_k_m,q4_k_m,q4_0,int4-g128", "bf16,kv8,kv4,kivi-2", "bf16,int8", "1",
      "128..4096:*2", "32..512:*2", "1..16", "tpot_s,j_per_token,memory_bytes" },
    { "Qwen family", "qwen2.5-*", "h100-sxm,h200-sxm,b200-sxm,mi300x,l40s,rtx-4090,a100-80gb-sxm",
      "bf16,int8,int4-g128", "bf16,kv8", "bf16", "1,2,4,8", "512..8192:*2", "256", "1..256",
      "tokens_per_s,tpot_s,memory_bytes" },
    { "long context", "llama-3.1-8b", "all", "bf16,int8,int4-g128,q4_k_m",
      "bf16,kv8,kv4,kivi-4,kivi-2", "bf16", "1,2,4,8", "8192..122880:+8192", "512", "1..32",
      "e2e_s,j_per_token,memory_bytes" },
    { "pipeline", "llama-3.1-70b", "class:gpu", "bf16,int8,int4-g128", "bf16,kv8", "bf16", "1,2,4",
      "512,2048,8192", "512", "1..400", "tokens_per_s,tpot_s,j_per_token,usd_per_mtok" },
    { "5 objectives", "llama-3.1-8b", "all", "bf16,q8_0,q5_k_m,q4_k_m,int4-g128",
      "bf16,kivi-4,kivi-2", "bf16", "1,2,4,8", "512,2048", "256", "1..128",
      "ttft_s,tpot_s,j_per_token,memory_bytes,ppl_increase_ratio" },
    { "carbon", "llama-3.1-8b,qwen2.5-7b,mistral-7b-v0.3", "all", "bf16,int8,int4-g128,q4_k_m",
      "bf16,kv8", "bf16", "1,2,4,8", "512..4096:*2", "128..1024:*2", "1..32",
      "carbon_g_per_mtok,e2e_s" },
    { "power", "llama-3.1-8b", "all", "bf16,int8,int4-g128,q8_0,q6_k,q4_k_m", "bf16,kv8,kv4",
      "bf16,int8", "1,2,4,8", "256..8192:*2", "256", "1..64", "power_w,tokens_per_s" },
    { "10^8 points", "llama-3.1-8b", "all", "bf16,int4-g128,int8,q4_0,q4_k_m,q5_k_m,q6_k,q8_0",
      "bf16,kv8,kv4,kivi-2", "bf16,int8", "1,2,4,8", "128..32768:*2", "64..1024:*2", "1..107",
      "e2e_s,j_per_token,memory_bytes,tokens_per_s" },
};

#define N_SPACES (sizeof spaces / sizeof *spaces)

static const char *const algorithms[] = { "pgsam", "nsga2", "moead", "random" };
#define N_ALGORITHMS 4
#define NSGA2 1
#define SEEDS_MAX 64
#define SHARE 0.01
#define MOST_EVALUATIONS 200000u
#define ENOUGH 0.999

static cosim_status fill(cosim_study *s, size_t i, cosim_error *e)
{
    const struct {
        const char *key, *value;
    } set[] = {
        { "model", spaces[i].model },   { "device", spaces[i].device },
        { "w", spaces[i].w },           { "kv", spaces[i].kv },
        { "a", spaces[i].a },           { "tp", spaces[i].tp },
        { "prompt", spaces[i].prompt }, { "output", spaces[i].output },
        { "batch", spaces[i].batch },   { "objectives", spaces[i].objectives },
    };

    for (size_t k = 0; k < sizeof set / sizeof *set; k++)
        TRY(cosim_study_set(s, set[k].key, set[k].value, NULL, e));
    return strcmp(spaces[i].name, "pipeline") == 0 ? cosim_study_set(s, "pp", "1,2,4,8", NULL, e)
                                                   : COSIM_OK;
}

/* Columns of the objectives, minimised and scaled by the exact front's box. */
struct scale {
    size_t m;
    size_t column[5];
    double sign[5], ideal[5], range[5];
};

static cosim_status volume(const cosim_table *t, const struct scale *k, double *v, cosim_error *e)
{
    const size_t n = cosim_table_rows(t);
    double *obj[5] = { NULL }, ref[5];
    cosim_status st = COSIM_OK;

    for (size_t j = 0; j < k->m; j++) {
        obj[j] = malloc((n + 1) * sizeof **obj);
        ref[j] = 1.1;
        if (!obj[j])
            st = err_set(e, COSIM_ENOMEM, "out of memory");
        for (size_t i = 0; st == COSIM_OK && i < n; i++)
            obj[j][i] =
                (k->sign[j] * cosim_table_number(t, i, k->column[j]) - k->ideal[j]) / k->range[j];
    }
    if (st == COSIM_OK)
        st = hypervolume((const double *const *)obj, n, k->m, ref, v, e);
    for (size_t j = 0; j < k->m; j++)
        free(obj[j]);
    return st;
}

static void scale_of(struct scale *k, const cosim_table *t, const struct resolved *r)
{
    k->m = r->request.n_objectives;
    for (size_t j = 0; j < k->m; j++) {
        const struct metric_info *info = &metric_table[r->request.objective[j]];
        double worst = UNKNOWN_F64;
        k->column[j] = cosim_table_find(t, info->name);
        k->sign[j] = info->sense;
        k->ideal[j] = UNKNOWN_F64;
        for (size_t i = 0; i < cosim_table_rows(t); i++) {
            const double v = info->sense * cosim_table_number(t, i, k->column[j]);
            k->ideal[j] = is_known(k->ideal[j]) ? min_f64(k->ideal[j], v) : v;
            worst = is_known(worst) ? max_f64(worst, v) : v;
        }
        k->range[j] = worst > k->ideal[j] ? worst - k->ideal[j] : 1.0;
    }
}

static void print_header(void)
{
    (void)printf("| space | points | exact front | evaluations |");
    for (size_t a = 0; a < N_ALGORITHMS; a++)
        (void)printf(" %s |", algorithms[a]);
    (void)printf("\n|---|---|---|---|");
    for (size_t a = 0; a < N_ALGORITHMS; a++)
        (void)printf("---|");
    (void)printf("\n");
}

/* Mean, worst, verdict against NSGA-II, and how many runs reach enough. */
static cosim_status print_runs(double hv[N_ALGORITHMS][SEEDS_MAX], size_t seeds, cosim_error *e)
{
    for (size_t a = 0; a < N_ALGORITHMS; a++) {
        double least = INF_F64, sum = 0.0;
        size_t enough = 0;
        struct rank_test t;
        for (size_t s = 0; s < seeds; s++) {
            least = min_f64(least, hv[a][s]);
            sum += hv[a][s];
            enough += hv[a][s] >= ENOUGH;
        }
        TRY(stats_rank_test(hv[a], seeds, hv[NSGA2], seeds, &t, e));
        (void)printf(" %.5f (%.5f) %zu/%zu%s |", sum / (double)seeds, least, enough, seeds,
                     a == NSGA2    ? ""
                     : t.p >= 0.05 ? " ="
                     : t.a12 > 0.5 ? " +"
                                   : " -");
    }
    return COSIM_OK;
}

/* Both tables come sorted by the points' numbers. */
static bool same_front(const cosim_table *a, const cosim_table *b, const struct scale *k)
{
    const size_t n = cosim_table_rows(a);

    if (cosim_table_rows(b) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k->m; j++)
            if (cosim_table_number(a, i, k->column[j]) != cosim_table_number(b, i, k->column[j]))
                return false;
    return true;
}

/* The space's study, its exact front, and the frame of the volumes. */
struct exact {
    cosim_study *study;
    cosim_table *front;
    cosim_sweep_info info;
    struct scale scale;
    double volume;
};

static cosim_status enumerate(cosim *c, size_t i, struct exact *x, cosim_error *e)
{
    struct resolved r;

    *x = (struct exact){ .study = NULL };
    TRY(cosim_study_new(&x->study, e));
    TRY(fill(x->study, i, e));
    TRY(cosim_sweep(c, x->study, NULL, NULL, &x->front, &x->info, e));
    TRY(resolve(&r, c, x->study, e));
    scale_of(&x->scale, x->front, &r);
    resolved_release(&r);
    return volume(x->front, &x->scale, &x->volume, e);
}

static cosim_status one_run(cosim *c, struct exact *x, const char *algorithm, uint64_t budget,
                            uint64_t seed, double *share, cosim_error *e)
{
    char text[32];
    cosim_table *t = NULL;

    TRY(cosim_study_set(x->study, "algorithm", algorithm, NULL, e));
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)budget);
    TRY(cosim_study_set(x->study, "samples", text, NULL, e));
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    TRY(cosim_study_set(x->study, "seed", text, NULL, e));
    TRY(cosim_search(c, x->study, &t, e));
    TRY(volume(t, &x->scale, share, e));
    *share /= x->volume;
    cosim_table_free(t);
    return COSIM_OK;
}

static void exact_release(struct exact *x)
{
    cosim_table_free(x->front);
    cosim_study_free(x->study);
}

static cosim_status compare_pruned(cosim *c, size_t i, cosim_error *e)
{
    struct exact x;
    cosim_table *t = NULL;
    cosim_sweep_info info;

    TRY(enumerate(c, i, &x, e));
    TRY(cosim_study_set(x.study, "algorithm", "pruned", NULL, e));
    TRY(cosim_sweep(c, x.study, NULL, NULL, &t, &info, e));
    (void)printf("| %s | %llu | %zu | %.2f %% | %s | %.2f | %.2f |\n", spaces[i].name,
                 (unsigned long long)info.n_points, cosim_table_rows(t),
                 100.0 * (double)info.n_evaluated / (double)info.n_points,
                 same_front(x.front, t, &x.scale) ? "yes" : "NO", x.info.seconds, info.seconds);
    (void)fflush(stdout);
    cosim_table_free(t);
    exact_release(&x);
    return COSIM_OK;
}

static uint64_t budget_for(const struct exact *x)
{
    const uint64_t n = (uint64_t)(SHARE * (double)x->info.n_points);

    return n < MOST_EVALUATIONS ? n : MOST_EVALUATIONS;
}

static cosim_status compare(cosim *c, size_t i, size_t seeds, uint64_t first, cosim_error *e)
{
    struct exact x;
    double hv[N_ALGORITHMS][SEEDS_MAX];

    TRY(enumerate(c, i, &x, e));
    const uint64_t budget = budget_for(&x);
    for (size_t a = 0; a < N_ALGORITHMS; a++)
        for (size_t s = 0; s < seeds; s++)
            TRY(one_run(c, &x, algorithms[a], budget, first + s, &hv[a][s], e));
    (void)printf("| %s | %llu | %llu | %llu |", spaces[i].name, (unsigned long long)x.info.n_points,
                 (unsigned long long)x.info.n_front, (unsigned long long)budget);
    TRY(print_runs(hv, seeds, e));
    (void)printf("\n");
    (void)fflush(stdout);
    exact_release(&x);
    return COSIM_OK;
}

static bool is_wanted(const char *name, int first, int argc, char **argv)
{
    for (int i = first; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc <= first;
}

int main(int argc, char **argv)
{
    const cosim_options o = { sizeof o, "hwdb", "workloads", NULL };
    const bool pruned = argc > 1 && strcmp(argv[1], "pruned") == 0;
    const size_t asked = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    const size_t seeds = asked > 0 && asked <= SEEDS_MAX ? asked : 31;
    const uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    cosim_error e = { .status = COSIM_OK };
    cosim *c = NULL;
    cosim_status st = cosim_open(&c, &o, &e);

    if (pruned)
        (void)printf(
            "| space | points | front | visited | front is exact | sweep, s | pruned, s |\n"
            "|---|---|---|---|---|---|---|\n");
    else
        print_header();
    for (size_t i = 0; st == COSIM_OK && i < N_SPACES; i++)
        if (is_wanted(spaces[i].name, pruned ? 2 : 3, argc, argv))
            st = pruned ? compare_pruned(c, i, &e) : compare(c, i, seeds, first, &e);
    if (st != COSIM_OK)
        (void)fprintf(stderr, "compare_designs: %s: %s\n", e.file, e.msg);
    cosim_close(c);
    return cosim_status_exit_code(st);
}
