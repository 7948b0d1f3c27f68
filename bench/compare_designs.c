/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Search algorithms on real design spaces whose exact front is known from a full sweep: share of
 * the exact hypervolume after few evaluations, over seeds. Prints a markdown table.
 * usage: compare_designs [SEEDS] [SHARE]   (default 31 seeds, 0.01 of the points)
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
      "bf16,int8,int4-g128", "bf16,kv8", "bf16", "1,2,4,8", "1024,8192", "256", "1..128",
      "tokens_per_s,tpot_s,memory_bytes" },
    { "long context", "llama-3.1-8b", "all", "bf16,int8,int4-g128,q4_k_m",
      "bf16,kv8,kv4,kivi-4,kivi-2", "bf16", "1,2,4,8", "8192..122880:+8192", "512", "1..32",
      "e2e_s,j_per_token,memory_bytes" },
    { "pipeline", "llama-3.1-70b", "class:gpu", "bf16,int8,int4-g128", "bf16,kv8", "bf16", "1,2,4",
      "2048", "512", "1..400", "tokens_per_s,tpot_s,j_per_token,usd_per_mtok" },
    { "5 objectives", "llama-3.1-8b", "all", "bf16,q8_0,q5_k_m,q4_k_m,int4-g128",
      "bf16,kivi-4,kivi-2", "bf16", "1,2,4,8", "512,2048", "256", "1..64",
      "ttft_s,tpot_s,j_per_token,memory_bytes,ppl_increase_ratio" },
    { "carbon", "llama-3.1-8b,qwen2.5-7b,mistral-7b-v0.3", "all", "bf16,int8,int4-g128,q4_k_m",
      "bf16,kv8", "bf16", "1,2,4,8", "512..4096:*2", "128..1024:*2", "1..32",
      "carbon_g_per_mtok,e2e_s" },
    { "power", "llama-3.1-8b", "all", "bf16,int8,int4-g128,q8_0,q6_k,q4_k_m", "bf16,kv8,kv4",
      "bf16,int8", "1,2,4,8", "256..8192:*2", "256", "1..64", "power_w,tokens_per_s" },
};

#define N_SPACES (sizeof spaces / sizeof *spaces)

static const char *const algorithms[] = { "pgsam", "nsga2", "moead", "random" };
#define N_ALGORITHMS 4
#define SEEDS_MAX 64

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

static cosim_status compare(cosim *c, size_t i, size_t seeds, double share, cosim_error *e)
{
    cosim_study *s = NULL;
    cosim_table *exact = NULL;
    cosim_sweep_info info;
    struct resolved r;
    struct scale k;
    double whole = 0.0, hv[N_ALGORITHMS][SEEDS_MAX];
    char text[32];

    TRY(cosim_study_new(&s, e));
    TRY(fill(s, i, e));
    TRY(cosim_sweep(c, s, NULL, NULL, &exact, &info, e));
    TRY(resolve(&r, c, s, e));
    scale_of(&k, exact, &r);
    resolved_release(&r);
    TRY(volume(exact, &k, &whole, e));
    const uint64_t budget = (uint64_t)(share * (double)info.n_points);
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)budget);
    TRY(cosim_study_set(s, "samples", text, NULL, e));
    for (size_t a = 0; a < N_ALGORITHMS; a++) {
        TRY(cosim_study_set(s, "algorithm", algorithms[a], NULL, e));
        for (size_t seed = 0; seed < seeds; seed++) {
            cosim_table *t = NULL;
            (void)snprintf(text, sizeof text, "%zu", seed + 1);
            TRY(cosim_study_set(s, "seed", text, NULL, e));
            TRY(cosim_search(c, s, &t, e));
            TRY(volume(t, &k, &hv[a][seed], e));
            hv[a][seed] /= whole;
            cosim_table_free(t);
        }
    }
    (void)printf("| %s | %llu | %llu | %llu |", spaces[i].name, (unsigned long long)info.n_points,
                 (unsigned long long)info.n_front, (unsigned long long)budget);
    for (size_t a = 0; a < N_ALGORITHMS; a++) {
        double least = 2.0, sum = 0.0;
        for (size_t seed = 0; seed < seeds; seed++) {
            least = min_f64(least, hv[a][seed]);
            sum += hv[a][seed];
        }
        (void)printf(" %.5f (%.5f) |", sum / (double)seeds, least);
    }
    (void)printf("\n");
    (void)fflush(stdout);
    cosim_table_free(exact);
    cosim_study_free(s);
    return COSIM_OK;
}

int main(int argc, char **argv)
{
    const cosim_options o = { sizeof o, "hwdb", "workloads", NULL };
    const size_t seeds = argc > 1 ? strtoul(argv[1], NULL, 10) : 31;
    const double share = argc > 2 ? strtod(argv[2], NULL) : 0.01;
    cosim_error e = { .status = COSIM_OK };
    cosim *c = NULL;
    cosim_status st = cosim_open(&c, &o, &e);

    (void)printf("| space | points | exact front | evaluations | pgsam | nsga2 | moead | random |\n"
                 "|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; st == COSIM_OK && i < N_SPACES; i++)
        st = compare(c, i, seeds > 0 && seeds <= SEEDS_MAX ? seeds : 31, share, &e);
    if (st != COSIM_OK)
        (void)fprintf(stderr, "compare_designs: %s: %s\n", e.file, e.msg);
    cosim_close(c);
    return cosim_status_exit_code(st);
}
