/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "kv/kv.h"
#include "kv/search.h"
#include "kv/sens_table.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIR "workloads/kvtuner"

static kv_pair_set set_of(const char *pairs)
{
    size_t pair[KV_N_PAIRS], n;
    kv_pair_set s = 0;

    assert_int_equal(kv_pairs_parse(pairs, NULL, pair, KV_N_PAIRS, &n, NULL), COSIM_OK);
    for (size_t i = 0; i < n; i++)
        s = (kv_pair_set)(s | 1u << pair[i]);
    return s;
}

static void the_published_anchors_prune_to_the_published_set(void **state)
{
    struct arena a = { 0 };
    struct kv_anchors k;

    (void)state;
    assert_int_equal(kv_anchors_load(&k, DIR "/anchors.csv", &a, NULL), COSIM_OK);
    const struct kv_anchor *x = kv_anchor_find(&k, "Meta-Llama-3.1-8B-Instruct", "pertoken", "e_o");
    assert_non_null(x); /* T7.10 */
    assert_int_equal(kv_prune(x->value, KV_SET_KVTUNER), set_of("KV2 K4V2 KV4 K8V4 KV8"));
    arena_release(&a);
}

static void the_worked_layer_prunes_to_its_set(void **state)
{
    double e[KV_N_PAIRS];

    (void)state;
    for (size_t i = 0; i < KV_N_PAIRS; i++)
        e[i] = 9;
    /* T7.9c; the pairs that it does not list are worse than all it lists */
    e[kv_pair_parse("KV8")] = .004041342357;
    e[kv_pair_parse("K8V4")] = .02060610423;
    e[kv_pair_parse("KV4")] = .0330677477;
    e[kv_pair_parse("K4V2")] = .3399673835;
    e[kv_pair_parse("K2V4")] = .1237444141;
    e[kv_pair_parse("KV2")] = .2961436095;
    assert_int_equal(kv_prune(e, KV_SET_KVTUNER), set_of("KV2 K2V4 KV4 K8V4 KV8")); /* T7.9d */
}

static void equal_pairs_keep_the_balanced_one(void **state)
{
    double e[KV_N_PAIRS];

    (void)state;
    for (size_t i = 0; i < KV_N_PAIRS; i++)
        e[i] = 1;
    assert_int_equal(kv_prune(e, set_of("K8V2 K2V8")), set_of("K8V2"));
    assert_int_equal(kv_prune(e, set_of("K8V4 K16V2 KV8")), set_of("K8V4"));
}

static void dbscan_finds_the_worked_clusters(void **state)
{
    const double x[6] = { .10, .12, .14, .30, .33, .90 };
    const size_t want[6] = { 0, 0, 0, 1, 1, KV_NOISE };
    size_t got[6];

    (void)state; /* T7.11 */
    assert_int_equal(kv_dbscan(x, 6, 1, .05, 2, got, NULL), COSIM_OK);
    assert_memory_equal(got, want, sizeof want);
}

static void layers_group_by_set_then_by_error_and_noise_stands_alone(void **state)
{
    const double e_o[7] = { .1, .5, .12, .11, .52, .9, .13 };
    const size_t want[7] = { 0, 1, 0, 2, 1, 3, 2 }; /* 3 and 6 have another set */
    double error[7 * KV_N_PAIRS] = { 0 };
    kv_pair_set set[7];
    size_t group[7], n;

    (void)state;
    for (size_t l = 0; l < 7; l++) {
        set[l] = l == 3 || l == 6 ? set_of("KV8 KV2") : set_of("KV8 KV4");
        error[l * KV_N_PAIRS + kv_pair_parse("KV8")] = e_o[l];
    }
    assert_int_equal(kv_group_layers(error, set, 7, .05, 2, group, &n, NULL), COSIM_OK);
    assert_int_equal(n, 4);
    assert_memory_equal(group, want, sizeof want);
}

static void the_published_spaces_have_their_published_sizes(void **state)
{
    static const struct {
        const char *model, *mode;
        double combinations;
    } row[] = {
        { "Meta-Llama-3.1-8B-Instruct", "pertoken", 15625 },
        { "Meta-Llama-3.1-8B-Instruct", "kivi", 15625 },
        { "Mistral-7B-Instruct-v0.3", "pertoken", 3125 },
        { "Mistral-7B-Instruct-v0.3", "kivi", 390625 },
        { "Qwen2.5-3B-Instruct", "pertoken", 468750 },
        { "Qwen2.5-3B-Instruct", "kivi", 390625 },
        { "Qwen2.5-7B-Instruct", "pertoken", 468750 },
        { "Qwen2.5-7B-Instruct", "kivi", 78125 },
    };
    struct arena a = { 0 };
    struct kv_groupings g;

    (void)state;
    assert_int_equal(kv_groupings_load(&g, DIR "/groups.csv", &a, NULL), COSIM_OK);
    assert_int_equal(g.n, sizeof row / sizeof *row);
    for (size_t i = 0; i < g.n; i++)
        assert_rel(kv_combinations(kv_grouping_find(&g, row[i].model, row[i].mode)),
                   row[i].combinations, 0);
    /* T7.14: one group per layer */
    struct kv_group each[32];
    for (size_t i = 0; i < 32; i++)
        each[i] = (struct kv_group){ 1, NULL, KV_SET_KVTUNER };
    struct kv_grouping all = { .n_groups = 32, .group = each };
    assert_rel(kv_combinations(&all), 3.43368382e30, 1e-8);
    for (size_t i = 0; i < 32; i++)
        each[i].set = set_of("KV8 K8V4 KV4 K4V2 KV2");
    assert_rel(kv_combinations(&all), 2.328306437e22, 1e-9);
    all.n_groups = 6;
    assert_rel(kv_combinations(&all), 15625, 0);
    arena_release(&a);
}

/* A file of these bytes; the caller unlinks `path`. */
static void temporary(char *path, const char *text)
{
    strcpy(path, "/tmp/cosim-kv-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !close(fd));
}

static void broken_group_lists_are_refused_at_the_cell(void **state)
{
    static const struct {
        const char *rows, *msg;
        unsigned line, col;
    } row[] = {
        { "m,kivi,4,0-2,KV8,s\nm,kivi,4,\"2,3\",KV8,s\n", "layer 2 stands in two groups", 3, 10 },
        { "m,kivi,4,0-2,KV8,s\n", "layer 3 of m kivi stands in no group", 2, 10 },
        { "m,kivi,4,0-4,KV8,s\n", "layers 0 to 4 of a model with 4", 2, 10 },
        { "m,kivi,4,0-,KV8,s\n", "is no list of layers", 2, 10 },
        { "m,kivi,1,0,KV8 K9V1,s\n", "'K9V1' is no precision pair", 2, 12 },
        { "m,kivi,2,0,KV8,s\nm,kivi,3,1,KV8,s\n", "another number of layers", 3, 8 },
        { "m,kivi,1,0,KV8,s\nn,kivi,1,0,KV8,s\nm,kivi,1,0,KV8,s\n", "do not follow", 4, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char path[32], text[256] = "model,mode,n_layers,layers,pairs,source\n";
        struct arena a = { 0 };
        struct kv_groupings g;
        cosim_error e = { 0 };
        temporary(path, strcat(text, row[i].rows));
        assert_int_not_equal(kv_groupings_load(&g, path, &a, &e), COSIM_OK);
        if (!strstr(e.msg, row[i].msg) || e.line != row[i].line || e.col != row[i].col)
            fail_msg("%zu: %u:%u: %s", i, e.line, e.col, e.msg);
        assert_int_equal(unlink(path), 0);
        arena_release(&a);
    }
}

static unsigned long long bits = 1234567;

static double noise(void)
{
    bits = bits * 6364136223846793005ull + 1442695040888963407ull;
    return (double)(bits >> 11) / 0x1p53;
}

/* A random additive space of six groups over ten layers. */
static void random_space(struct kv_space *s, double *cost, double *loss, struct kv_group *g,
                         size_t *layer)
{
    static const size_t size[6] = { 1, 3, 1, 2, 2, 1 };
    size_t at = 0;

    for (size_t i = 0; i < 10 * KV_N_PAIRS; i++) {
        cost[i] = (double)kv_pair_bits(kv_pair_of(i % KV_N_PAIRS));
        loss[i] = noise() / cost[i];
    }
    for (size_t i = 0; i < 10; i++)
        layer[i] = i;
    for (size_t i = 0; i < 6; at += size[i++])
        g[i] = (struct kv_group){ size[i], layer + at,
                                  (kv_pair_set)(1u << 15 | (unsigned)(noise() * 65536)) };
    *s = (struct kv_space){ 10, 6, g, cost, loss, 0 };
}

static void enumeration_dynamic_programming_and_brute_force_agree(void **state)
{
    static double cost[10 * KV_N_PAIRS], loss[10 * KV_N_PAIRS];
    struct kv_group g[6];
    size_t layer[10], pair[10];
    struct kv_space s;

    (void)state;
    for (int round = 0; round < 5; round++) {
        struct arena a = { 0 };
        struct kv_front f, d;
        random_space(&s, cost, loss, g, layer);
        assert_int_equal(kv_search_enumerate(&s, &f, &a, NULL), COSIM_OK);
        assert_int_equal(kv_search_dp(&s, &d, &a, NULL), COSIM_OK);
        assert_int_equal(f.n, d.n);
        for (size_t i = 0; i < f.n; i++) {
            double c, l;
            assert_memory_equal(f.point[i].choice, d.point[i].choice, 6);
            kv_point_layers(&s, &f.point[i], pair);
            kv_space_evaluate(&s, pair, &c, &l);
            assert_rel(c, f.point[i].cost, 0);
            assert_rel(l, f.point[i].loss, 1e-12);
            assert_true(!i
                        || (f.point[i].cost > f.point[i - 1].cost
                            && f.point[i].loss < f.point[i - 1].loss));
        }
        for (int k = 0; k < 2000; k++) { /* nothing beats the front */
            double c, l;
            for (size_t i = 0; i < 6; i++) {
                size_t p = (size_t)(noise() * KV_N_PAIRS);
                while (!(g[i].set >> p & 1u))
                    p = (p + 1) % KV_N_PAIRS;
                for (size_t m = 0; m < g[i].n_layers; m++)
                    pair[g[i].layer[m]] = p;
            }
            kv_space_evaluate(&s, pair, &c, &l);
            assert_true(kv_front_within(&f, c)->loss <= l * (1 + 1e-12));
        }
        arena_release(&a);
    }
}

static void growing_errors_need_enumeration_and_cost_more(void **state)
{
    static double cost[10 * KV_N_PAIRS], loss[10 * KV_N_PAIRS];
    struct arena a = { 0 };
    struct kv_group g[6];
    size_t layer[10];
    struct kv_space s;
    struct kv_front flat, grown;

    (void)state;
    random_space(&s, cost, loss, g, layer);
    for (size_t i = 0; i < 6; i++)
        g[i].set = set_of("KV8 KV4 KV2");
    assert_int_equal(kv_search_enumerate(&s, &flat, &a, NULL), COSIM_OK);
    assert_rel(flat.n_visited, 729, 0);
    s.gamma = .5;
    assert_int_equal(kv_search_enumerate(&s, &grown, &a, NULL), COSIM_OK);
    assert_int_equal(kv_search_dp(&s, &flat, &a, NULL), COSIM_ERANGE);
    assert_int_equal(kv_search_enumerate(&s, &grown, &a, NULL), COSIM_OK);
    s.gamma = 0;
    assert_int_equal(kv_search_enumerate(&s, &flat, &a, NULL), COSIM_OK);
    for (size_t i = 0; i < grown.n; i++)
        assert_true(grown.point[i].loss >= kv_front_within(&flat, grown.point[i].cost)->loss);
    arena_release(&a);
}

static void all_32_presets_lie_on_the_front_or_are_dominated(void **state)
{
    struct table *t;
    size_t by_error = 0, on_front = 0;

    (void)state;
    assert_int_equal(kv_presets_check(DIR, &t, NULL), COSIM_OK);
    for (size_t r = 0; r < t->n_rows; r++) {
        const char *verdict = table_cell(t, r, table_column(t, "verdict"))->as.str;
        const double loss = table_cell(t, r, table_column(t, "loss"))->as.f64;
        assert_true(table_cell(t, r, table_column(t, "in_space"))->as.flag);
        assert_true(!strcmp(verdict, "dominated") || !strcmp(verdict, "on the front"));
        assert_true(table_cell(t, r, table_column(t, "loss_same_bits"))->as.f64
                    <= loss * (1 + 1e-12));
        by_error += !strncmp(table_cell(t, r, table_column(t, "surrogate"))->as.str, "e_o", 3);
        on_front += !strcmp(verdict, "on the front");
    }
    assert_int_equal(by_error, 32);
    assert_int_equal(t->n_rows, 48); /* 16 KIVI presets under perplexity as well */
    assert_int_equal(on_front, 1);   /* Llama per token, 5.4375 bits, under Table 3 */
    table_free(t);
}

static void preset_facts_are_the_published_ones(void **state)
{
    struct arena a = { 0 };
    struct kv_presets p;
    size_t keys_ahead = 0;

    (void)state;
    assert_int_equal(kv_presets_load(&p, DIR "/presets.csv", &a, NULL), COSIM_OK);
    assert_int_equal(p.n, 32);
    for (size_t i = 0; i < p.n; i++) {
        double k = 0, v = 0;
        size_t count[KV_N_PAIRS] = { 0 };
        for (size_t l = 0; l < p.preset[i].n_layers; l++) {
            k += kv_pair_of(p.preset[i].pair[l]).k_bits;
            v += kv_pair_of(p.preset[i].pair[l]).v_bits;
            count[p.preset[i].pair[l]]++;
        }
        keys_ahead += k > v;
        if (!strcmp(p.preset[i].model, "Meta-Llama-3.1-8B-Instruct")
            && p.preset[i].average_bits < 3.26 && p.preset[i].average_bits > 3.24) {
            assert_int_equal(count[kv_pair_parse("KV2")], 4); /* docs/kvtuner.md */
            assert_int_equal(count[kv_pair_parse("KV4")], 6);
            assert_int_equal(count[kv_pair_parse("K4V2")], 20);
            assert_int_equal(count[kv_pair_parse("K8V4")], 2);
        }
    }
    assert_int_equal(keys_ahead, 29);
    arena_release(&a);
}

static void sensitivities_survive_writing_and_reading(void **state)
{
    struct arena a = { 0 };
    struct kv_sens s, back;
    char *text = NULL, path[32];
    size_t n = 0;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(kv_sens_new(&s, 2, &a, NULL), COSIM_OK);
    for (size_t i = 0; i < 2 * KV_N_PAIRS; i++)
        if (i % KV_N_PAIRS)
            s.error[i] = (struct kv_errors){ noise(), noise(), noise(), noise(), noise() };
    FILE *f = open_memstream(&text, &n);
    assert_int_equal(kv_sens_write(f, &s, NULL), COSIM_OK);
    assert_int_equal(fclose(f), 0);
    temporary(path, text);
    assert_int_equal(kv_sens_load(&back, path, &a, NULL), COSIM_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(back.n_layers, 2);
    for (size_t i = 1; i < KV_N_PAIRS; i++)
        assert_memory_equal(&back.error[i], &s.error[i], sizeof *s.error);
    assert_int_equal(kv_sens_known(&back.error[0].e_o, 0), KV_SET_ALL);
    temporary(path, "layer,pair,e_k,e_v,e_a,e_o\n1,KV8,1,1,1,1\n");
    assert_int_equal(kv_sens_load(&back, path, &a, &e), COSIM_ESYNTAX);
    assert_non_null(strstr(e.msg, "layer 0 is missing"));
    assert_int_equal(unlink(path), 0);
    free(text);
    arena_release(&a);
}

static void a_search_from_a_table_writes_its_preset(void **state)
{
    char sens[32], preset[32], text[4096] = "layer,pair,e_k,e_v,e_a,e_o\n";
    struct table *t;
    size_t within = 0;

    (void)state;
    for (size_t l = 0; l < 3; l++)
        for (size_t p = 0; p < KV_N_PAIRS; p++)
            if (KV_SET_KVTUNER >> p & 1u)
                (void)sprintf(text + strlen(text), "%zu,%s,,,,%g\n", l, kv_pair_name(p),
                              (l == 1 ? .9 : .1) / kv_pair_of(p).k_bits
                                  + .05 / kv_pair_of(p).v_bits);
    temporary(sens, text);
    temporary(preset, "");
    const struct kv_search_options o = { .sensitivity = sens,
                                         .limit_bits = 4,
                                         .preset_out = preset,
                                         .bytes_per_s = 1e12,
                                         .head_dim = 128,
                                         .n_kv_heads = 8,
                                         .context_tokens = 4096 };
    assert_int_equal(kv_search_run(&o, &t, NULL), COSIM_OK);
    for (size_t r = 0; r < t->n_rows; r++) {
        const double bits_avg = table_cell(t, r, 0)->as.f64, bytes = table_cell(t, r, 1)->as.f64;
        /* 3 layers, K and V of 8 heads of 128, 32 metadata bits per head vector */
        assert_rel(bytes, 3 * 2 * 8 * 128 * (bits_avg + .25) / 8, 1e-12);
        assert_rel(table_cell(t, r, 3)->as.f64, bytes * 4096 / 1e12, 1e-12);
        assert_false(table_cell(t, r, 4)->known);
        if (table_cell(t, r, 5)->as.flag) {
            within++;
            assert_true(bits_avg <= 4);
            /* the sensitive middle layer gets the most key bits */
            assert_non_null(strstr(table_cell(t, r, 6)->as.str, " K8V"));
        }
    }
    assert_int_equal(within, 1);
    table_free(t);
    assert_int_equal(unlink(sens) + unlink(preset), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_anchors_prune_to_the_published_set),
        cmocka_unit_test(the_worked_layer_prunes_to_its_set),
        cmocka_unit_test(equal_pairs_keep_the_balanced_one),
        cmocka_unit_test(dbscan_finds_the_worked_clusters),
        cmocka_unit_test(layers_group_by_set_then_by_error_and_noise_stands_alone),
        cmocka_unit_test(the_published_spaces_have_their_published_sizes),
        cmocka_unit_test(broken_group_lists_are_refused_at_the_cell),
        cmocka_unit_test(enumeration_dynamic_programming_and_brute_force_agree),
        cmocka_unit_test(growing_errors_need_enumeration_and_cost_more),
        cmocka_unit_test(all_32_presets_lie_on_the_front_or_are_dominated),
        cmocka_unit_test(preset_facts_are_the_published_ones),
        cmocka_unit_test(sensitivities_survive_writing_and_reading),
        cmocka_unit_test(a_search_from_a_table_writes_its_preset),
    };
    return cmocka_run_group_tests_name("kv/search", tests, NULL, NULL);
}
