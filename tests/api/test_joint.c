/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A joint search against estimate, route and measured numbers, which know nothing of it. */
#include "api/joint.h"

#include "core/num.h"
#include "core/table.h"
#include "support/close.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cosim *c;

static int open_all(void **state)
{
    const cosim_options o = { sizeof o, "hwdb", "workloads", NULL };
    cosim_error e = { 0 };

    (void)state;
    if (cosim_open(&c, &o, &e) == COSIM_OK)
        return 0;
    print_error("%s\n", e.msg);
    return 1;
}

static int close_all(void **state)
{
    (void)state;
    cosim_close(c);
    return 0;
}

static cosim_study *study_of(const char *text)
{
    cosim_study *s;
    cosim_error e = { 0 };

    assert_int_equal(cosim_study_new(&s, &e), COSIM_OK);
    if (study_parse(s, "test", text, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    return s;
}

static cosim_table *search(const char *text)
{
    cosim_study *s = study_of(text);
    cosim_table *t = NULL;
    cosim_error e = { 0 };

    if (cosim_search(c, s, &t, &e) != COSIM_OK)
        fail_msg("%s: %s", text, e.msg);
    cosim_study_free(s);
    return t;
}

static const char *text_at(const cosim_table *t, size_t row, const char *column)
{
    const char *s = cosim_table_text(t, row, cosim_table_find(t, column));

    return s ? s : "";
}

static double number_at(const cosim_table *t, size_t row, const char *column)
{
    return cosim_table_number(t, row, cosim_table_find(t, column));
}

static bool same(double x, double y)
{
    return (is_known(x) || is_known(y)) ? x <= y && x >= y : true;
}

static const char *const shared_metrics[] = { "ttft_s",       "tpot_s",       "e2e_s",
                                              "tokens_per_s", "j_per_token",  "power_w",
                                              "memory_bytes", "usd_per_mtok", "carbon_g_per_mtok",
                                              "price_usd",    "n_devices" };

/* Every row is a study of one point: estimate gives the same bits. */
static void compare_with_estimate(const cosim_table *t, const char *model)
{
    static const char *const numbers[] = { "tp",     "pp",    "ep",     "dp",
                                           "prompt", "batch", "output", "clock" };
    static const char *const texts[] = { "device", "w", "kv", "a" };

    assert_true(cosim_table_rows(t) > 0);
    for (size_t row = 0; row < cosim_table_rows(t); row++) {
        cosim_study *s = study_of("objectives = ttft_s,tpot_s");
        cosim_table *one = NULL;
        cosim_error e = { 0 };
        char value[32];
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(cosim_study_set(s, texts[i], text_at(t, row, texts[i]), NULL, &e),
                             COSIM_OK);
        for (size_t i = 0; i < 8; i++) {
            (void)snprintf(value, sizeof value, "%.17g", number_at(t, row, numbers[i]));
            assert_int_equal(cosim_study_set(s, numbers[i], value, NULL, &e), COSIM_OK);
        }
        assert_int_equal(
            cosim_study_set(s, "model", model ? model : text_at(t, row, "model"), NULL, &e),
            COSIM_OK);
        if (cosim_estimate(c, s, &one, &e) != COSIM_OK)
            fail_msg("row %zu: %s", row, e.msg);
        assert_string_equal(text_at(one, 0, "feasible"), "feasible");
        for (size_t i = 0; i < sizeof shared_metrics / sizeof *shared_metrics; i++)
            if (!same(number_at(one, 0, shared_metrics[i]), number_at(t, row, shared_metrics[i])))
                fail_msg("row %zu, %s: %.17g, estimate %.17g", row, shared_metrics[i],
                         number_at(t, row, shared_metrics[i]),
                         number_at(one, 0, shared_metrics[i]));
        cosim_table_free(one);
        cosim_study_free(s);
    }
}

static void every_member_is_what_estimate_says(void **state)
{
    cosim_table *t =
        search("model = llama-3.1-8b, qwen2.5-7b\ndevice = h100-sxm, rtx-4090\n"
               "w = bf16, int8, int4-g128\nw-blocks = 3\nw-apart = ffn\n"
               "kv = bf16, kv8:kv4, kivi-2\nkv-blocks = 5\ntp = 1,2\nbatch = 1..4\n"
               "clock = 0.5..1:+0.25\nobjectives = e2e_s, j_per_token, ppl_increase_ratio\n"
               "samples = 1500");

    (void)state;
    assert_true(cosim_table_rows(t) > 20);
    compare_with_estimate(t, NULL);
    cosim_table_free(t);
}

/* A mixture of experts has its experts apart. */
static void experts_have_formats_of_their_own(void **state)
{
    cosim_table *t = search("model = mixtral-8x7b\ndevice = h200-sxm\nw = bf16, int8, int4-g128\n"
                            "w-apart = attn, ffn, experts\nep = 1,2\n"
                            "objectives = tpot_s, memory_bytes\nsamples = 400");
    bool mixed = false;

    (void)state;
    compare_with_estimate(t, NULL);
    for (size_t row = 0; row < cosim_table_rows(t); row++)
        mixed = mixed || strstr(text_at(t, row, "w"), "+experts=int4-g128") != NULL;
    assert_true(mixed);
    cosim_table_free(t);
}

/* The only shape in the lists is that of the model itself. */
static void the_shape_of_a_model_costs_what_the_model_costs(void **state)
{
    cosim_table *t = search("model = llama-3.2-1b\ndevice = jetson-agx-orin-64gb, h100-sxm\n"
                            "layers = 16\nwidth = 2048\nffn-ratio = 4\ngqa = 4\nvocab = 128256\n"
                            "experts = 1:1\nbatch = 1..8\nobjectives = e2e_s, tokens_per_s\n"
                            "samples = 50");

    (void)state;
    compare_with_estimate(t, "llama-3.2-1b");
    assert_string_equal(text_at(t, 0, "model"), "synth-l16-d2048-h64-r4-g4-v128256");
    cosim_table_free(t);
}

/* Law (8.3) at l 24, d 896, r 4864/896, gqa 7: 3.475358364 (T8.2). */
static void the_loss_of_a_shape_is_the_law_s(void **state)
{
    cosim_table *t = search("model = qwen2.5-0.5b\ndevice = jetson-agx-orin-64gb\nlayers = 24\n"
                            "objectives = e2e_s, loss_nats\nalgorithm = exhaustive");

    (void)state;
    assert_int_equal(cosim_table_rows(t), 1);
    assert_rel(number_at(t, 0, "loss_nats"), 3.475358364, 1e-9);
    assert_non_null(strstr(text_at(t, 0, "loss_origin"), "2602.10377"));
    cosim_table_free(t);
    t = search("model = qwen2.5-0.5b\ndevice = jetson-agx-orin-64gb\nlayers = 40\n"
               "objectives = e2e_s, loss_nats\nalgorithm = exhaustive");
    assert_non_null(strstr(text_at(t, 0, "loss_origin"), "extrapolated"));
    cosim_table_free(t);
}

/* Nobody measured int4 on the reference: the law's loss of quantising afterwards, T8.6 with 10^10
 * tokens: C_T D^gamma_D / N^gamma_N exp(-4 / gamma_post), and the cache as it is. */
static void formats_that_nobody_measured_cost_what_the_law_says(void **state)
{
    cosim_table *t = search("model = qwen2.5-0.5b\ndevice = jetson-agx-orin-64gb\nlayers = 24\n"
                            "w = bf16, int4-g128\nobjectives = memory_bytes, loss_nats\n"
                            "algorithm = exhaustive");

    (void)state;
    assert_int_equal(cosim_table_rows(t), 2);
    const double added = number_at(t, 0, "loss_nats") - number_at(t, 1, "loss_nats");
    const double want = 0.0598 * pow(1e10, 0.5068) / pow(494e6, 0.3439) * exp(-4 / 0.5907);
    assert_true(fabs(added / want - 1.0) < 1e-3);
    assert_non_null(strstr(text_at(t, 0, "loss_origin"), "precision law"));
    cosim_table_free(t);
}

/* --- quality ------------------------------------------------------------------------------- */

static double increase_of(const char *text)
{
    cosim_study *s = study_of(text);
    cosim_table *t = NULL;
    cosim_error e = { 0 };

    if (cosim_estimate(c, s, &t, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    const double v = number_at(t, 0, "ppl_increase_ratio");
    cosim_table_free(t);
    cosim_study_free(s);
    return v;
}

#define POINT "model = llama-3.1-8b\ndevice = h200-sxm\n"

/* Half of the layers in 4 bits lose half of the measured logarithm, and so does half of a cache. */
static void blocks_lose_their_share_of_what_was_measured(void **state)
{
    const double w = log1p(increase_of(POINT "w = int4-g128")),
                 kv = log1p(increase_of(POINT "kv = kivi-2"));
    cosim_table *t = search(POINT "w = bf16, int4-g128\nw-blocks = 2\nkv = bf16, kivi-2\n"
                                  "kv-blocks = 4\nobjectives = memory_bytes, ppl_increase_ratio\n"
                                  "samples = 1000");
    unsigned seen = 0;

    (void)state;
    assert_true(w > 0.01 && kv > 0.1);
    for (size_t row = 0; row < cosim_table_rows(t); row++) {
        const char *const texts[] = { text_at(t, row, "w"), text_at(t, row, "kv") };
        const double got = log1p(number_at(t, row, "ppl_increase_ratio"));
        if (strstr(texts[0], "linear@0-15=bf16+linear@16-31=int4-g128")
            && strcmp(texts[1], "bf16") == 0) {
            assert_rel(got, w / 2.0, 1e-9);
            seen |= 1;
        }
        if (strstr(texts[0], "linear=int4-g128") && strchr(texts[1], '+')) {
            unsigned blocks = 0; /* of 8 layers each */
            for (const char *s = texts[1]; (s = strstr(s, "=kivi-2")); s++) {
                const char *at = s;
                while (*at != '@')
                    at--;
                unsigned first = 0, last = 0;
                assert_int_equal(sscanf(at, "@%u-%u", &first, &last), 2);
                blocks += (last - first + 1) / 8;
            }
            assert_rel(got, w + kv * blocks / 4.0, 1e-9);
            seen |= 2;
        }
        if (strstr(texts[0], "linear=int4-g128") && strcmp(texts[1], "kivi-2") == 0) {
            assert_rel(got, log1p(increase_of(POINT "w = int4-g128\nkv = kivi-2")), 1e-12);
            seen |= 4;
        }
    }
    assert_int_equal(seen & 6, 6);
    cosim_table_free(t);
}

static void what_nobody_measured_stays_unknown(void **state)
{
    cosim_table *t = search(POINT "w = bf16, q4_k\nw-blocks = 2\n"
                                  "objectives = memory_bytes, ppl_increase_ratio\nsamples = 100");

    (void)state;
    assert_int_equal(cosim_table_rows(t), 1); /* 16 bits everywhere */
    assert_rel(number_at(t, 0, "ppl_increase_ratio"), 0.0, 0);
    cosim_table_free(t);
}

/* --- sensitivities ------------------------------------------------------------------------- */

static char kv_path[] = "/tmp/cosim-kv-XXXXXX", w_path[] = "/tmp/cosim-w-XXXXXX";

/* Layer l loses (l + 1) 1e-4 nats by 2 bits of K and V, and half of that by 8; a tensor of it
 * 1e-5 (l + 1) by int4. */
static void write_sensitivities(void)
{
    const int kv_file = mkstemp(kv_path), w_file = mkstemp(w_path);
    FILE *kv = fdopen(kv_file, "w"), *w = fdopen(w_file, "w");

    assert_true(kv && w);
    (void)fprintf(kv, "layer,pair,e_k,e_v,e_a,e_o,kl_nats\n");
    (void)fprintf(w, "tensor,layer,format,loss_nats\n");
    for (unsigned l = 0; l < 32; l++) {
        (void)fprintf(kv, "%u,KV2,0,0,0,0,%.17g\n%u,KV8,0,0,0,0,%.17g\n", l, 1e-4 * (l + 1), l,
                      5e-5 * (l + 1));
        (void)fprintf(w, "*,%u,int4-g128,%.17g\n", l, 1e-5 * (l + 1));
    }
    (void)fclose(kv);
    (void)fclose(w);
}

/* Sum of per_layer (l + 1) over the layers that a scheme gives `format` in `set`. */
static double sum_of(const char *text, const char *set, const char *format, double per_layer)
{
    char whole[64], run[64];
    double sum = 0.0;

    (void)snprintf(whole, sizeof whole, "+%s=%s", set, format);
    (void)snprintf(run, sizeof run, "+%s@", set);
    if (strstr(text, whole) || strcmp(text, format) == 0)
        return per_layer * 32 * 33 / 2;
    for (const char *at = text; (at = strstr(at, run)) != NULL; at++) {
        unsigned first = 0, last = 0;
        char name[32];
        assert_int_equal(sscanf(at + strlen(run), "%u-%u=%31[^+]", &first, &last, name), 3);
        for (unsigned l = first; strcmp(name, format) == 0 && l <= last; l++)
            sum += per_layer * (l + 1);
    }
    return sum;
}

static void tables_of_sensitivities_are_added_up_layer_by_layer(void **state)
{
    char text[512];
    unsigned mixed = 0;

    (void)state;
    write_sensitivities();
    (void)snprintf(text, sizeof text,
                   POINT "w = bf16, int4-g128\nw-blocks = 5\nw-apart = ffn\nkv = bf16, kv8, kv2\n"
                         "kv-blocks = 32\nw-sensitivity = %s\nkv-sensitivity = %s\n"
                         "objectives = memory_bytes, ppl_increase_ratio\nsamples = 4000",
                   w_path, kv_path);
    cosim_table *t = search(text);
    assert_true(cosim_table_rows(t) > 50);
    for (size_t row = 0; row < cosim_table_rows(t); row++) {
        const char *w = text_at(t, row, "w"), *kv = text_at(t, row, "kv");
        const double want = sum_of(w, "attn", "int4-g128", 4e-5)
                            + sum_of(w, "ffn", "int4-g128", 3e-5) + sum_of(kv, "*", "kv2", 1e-4)
                            + sum_of(kv, "*", "kv8", 5e-5);
        assert_true(fabs(log1p(number_at(t, row, "ppl_increase_ratio")) - want) < 1e-9);
        mixed += strchr(kv, '+') != NULL;
        if (want > 0.0)
            assert_non_null(strstr(text_at(t, row, "quality_origin"), "sensitivity tables"));
    }
    assert_true(mixed > 10);
    cosim_table_free(t);
}

static void sensitivities_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *text, *msg;
    } rows[] = {
        { POINT "kv-blocks = 2\nkv = bf16, kv4", "kl_nats" },
        { POINT "kv = bf16, kv8", "kv-blocks" },
        { "model = qwen2.5-7b\ndevice = h200-sxm\nkv-blocks = 2", "28" },
        { POINT "kv-blocks = 2\nkv = bf16, q5_0", "no pair" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        cosim_table *t = NULL;
        cosim_error e = { 0 };
        (void)snprintf(text, sizeof text, "%s\nkv-sensitivity = %s", rows[i].text, kv_path);
        cosim_study *s = study_of(text);
        if (cosim_search(c, s, &t, &e) == COSIM_OK || !strstr(e.msg, rows[i].msg))
            fail_msg("%zu: %s", i, e.msg);
        cosim_study_free(s);
    }
    (void)unlink(kv_path);
    (void)unlink(w_path);
}

/* --- places -------------------------------------------------------------------------------- */

/* "prefill gpu 0-33; decode ..." into members per node. */
static void read_places(const char *text, const struct platform *pf, struct placement *plan)
{
    for (int f = 0; f < N_ROUTE_PHASES; f++) {
        const char *at = strstr(text, f ? "decode " : "prefill ");
        assert_non_null(at);
        at += f ? 7 : 8;
        for (;;) {
            char name[32];
            unsigned first, last, length;
            size_t member;
            assert_int_equal(sscanf(at, "%31s %u-%u%n", name, &first, &last, (int *)&length), 3);
            assert_int_equal(platform_member_find(pf, name, &member, NULL), COSIM_OK);
            memset(plan->place[f] + first, (int)member, last - first + 1);
            at += length;
            if (*at != ',')
                break;
            at += 2;
        }
    }
}

static void a_placement_costs_what_routing_says(void **state)
{
    static const char fixed[] = "model = llama-3.1-8b\nprompt = 300\noutput = 40\nbatch = 2\n";
    struct arena a = { NULL };
    struct platform_db db;
    const struct platform *pf = NULL;
    struct route_setup u;
    char text[1024];

    (void)state;
    (void)snprintf(text, sizeof text,
                   "%sw = int4-g128\nplatform = rtx-4090-host\nstages = 3\nsamples = 3000\n"
                   "objectives = e2e_s, j_per_token, memory_bytes, underuse_ratio",
                   fixed);
    cosim_table *t = search(text);
    (void)snprintf(text, sizeof text, "%sw = int4-g128", fixed);
    cosim_study *s = study_of(text);
    assert_int_equal(route_platforms(&db, c, &a, NULL), COSIM_OK);
    assert_int_equal(platform_find(&db, "rtx-4090-host", &pf, NULL), COSIM_OK);
    assert_int_equal(route_setup_make(&u, c, s, pf, false, NULL, &a, NULL), COSIM_OK);
    assert_true(cosim_table_rows(t) > 10);
    for (size_t row = 0; row < cosim_table_rows(t); row++) {
        struct placement *plan = route_plan_new(&u.problem, 0, &a);
        read_places(text_at(t, row, "placement"), pf, plan);
        route_plan_sum(&u.problem, plan);
        assert_true(plan->fits && plan->runs);
        assert_rel(number_at(t, row, "e2e_s"), plan->objective[ROUTE_LATENCY], 1e-12);
        assert_rel(number_at(t, row, "j_per_token"), plan->objective[ROUTE_ENERGY] / 80.0, 1e-12);
        assert_rel(number_at(t, row, "underuse_ratio"), plan->objective[ROUTE_UNDERUSE], 1e-12);
        assert_rel(number_at(t, row, "ttft_s"), plan->ttft_s, 1e-12);
        assert_rel(number_at(t, row, "tpot_s"), plan->tpot_s, 1e-12);
    }
    cosim_study_free(s);
    cosim_table_free(t);
    arena_release(&a);
}

/* A model that the card cannot hold is placed so that every memory suffices. */
static void memories_of_a_platform_are_respected(void **state)
{
    cosim_table *t = search("model = llama-3.1-70b\nplatform = rtx-4090-host\nw = int4-g128\n"
                            "prompt = 256\noutput = 16\nsamples = 3000\n"
                            "objectives = e2e_s, j_per_token");

    (void)state;
    assert_true(cosim_table_rows(t) > 0);
    assert_null(strstr(text_at(t, 0, "placement"), "decode gpu 0-81"));
    assert_true(number_at(t, 0, "e2e_s") > 1.0);
    cosim_table_free(t);
}

/* --- search -------------------------------------------------------------------------------- */

static void write_text(const cosim_table *t, char *out, size_t size)
{
    const cosim_write_options o = { .size = sizeof o, .format = "csv" };
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_int_equal(cosim_write(c, t, &o, f, NULL), COSIM_OK);
    rewind(f);
    const size_t n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    (void)fclose(f);
}

#define SMALL                                                                                      \
    "model = llama-3.1-8b\ndevice = rtx-4090\nw = bf16, int8, int4-g128\nw-blocks = 3\n"           \
    "kv = bf16, kivi-2\nkv-blocks = 2\nclock = 0.6, 1\nbatch = 1, 8\n"                             \
    "objectives = e2e_s, j_per_token, ppl_increase_ratio\n"

static void the_number_of_threads_changes_nothing(void **state)
{
    static char one[1 << 18], two[1 << 18];
    cosim_table *x = search(SMALL "algorithm = nsga2\nsamples = 600\nthreads = 1"),
                *y = search(SMALL "algorithm = nsga2\nsamples = 600\nthreads = 2");

    (void)state;
    write_text(x, one, sizeof one);
    write_text(y, two, sizeof two);
    assert_string_equal(one, two);
    cosim_table_free(x);
    cosim_table_free(y);
}

static void guided_search_finds_the_exact_front(void **state)
{
    static char exact[1 << 18], found[1 << 18];
    cosim_table *x = search(SMALL "algorithm = exhaustive\nsamples = 100000"),
                *y = search(SMALL "algorithm = pgsam\nsamples = 432"); /* all points there are */

    (void)state;
    write_text(x, exact, sizeof exact);
    write_text(y, found, sizeof found);
    assert_string_equal(exact, found);
    cosim_table_free(x);
    cosim_table_free(y);
}

static void limits_hold(void **state)
{
    cosim_table *t = search(SMALL "samples = 400\nmax = memory_bytes=9e9\nmin = tokens_per_s=100");

    (void)state;
    assert_true(cosim_table_rows(t) > 0);
    for (size_t i = 0; i < cosim_table_rows(t); i++)
        assert_true(number_at(t, i, "memory_bytes") <= 9e9
                    && number_at(t, i, "tokens_per_s") >= 100);
    cosim_table_free(t);
}

static void members_come_in_the_order_of_the_first_objective(void **state)
{
    cosim_table *t = search(SMALL "samples = 400");

    (void)state;
    for (size_t i = 1; i < cosim_table_rows(t); i++)
        assert_true(number_at(t, i - 1, "e2e_s") <= number_at(t, i, "e2e_s") * (1 + 1e-11));
    cosim_table_free(t);
}

static void mistakes_are_named_with_their_place(void **state)
{
#define DEVICE "model = llama-3.1-8b\ndevice = h100-sxm\n"
#define LAPTOP "model = llama-3.1-8b\nplatform = core-ultra-7-258v\n"
    static const struct {
        const char *text;
        cosim_status st;
        unsigned line;
        const char *msg;
    } rows[] = {
        { DEVICE "w = q4_k_m\nw-blocks = 2", COSIM_EUSAGE, 3, "mixture" },
        { DEVICE "w = int8+ffn=bf16\nw-blocks = 2", COSIM_EUSAGE, 3, "cannot be split" },
        { DEVICE "kv = kv4+*@0=kv8\nkv-blocks = 2", COSIM_EUSAGE, 3, "cannot be split" },
        { DEVICE "w-apart = fnn", COSIM_EUNKNOWN, 3, "fnn" },
        { DEVICE "w-blocks = 65", COSIM_ERANGE, 3, "65" },
        { DEVICE "w = int4-g128-actorder\nw-blocks = 64\nw-apart = ffn", COSIM_ERANGE, 4,
          "characters" },
        { DEVICE "w-blocks = 0", COSIM_ERANGE, 3, "0" },
        { DEVICE "stages = 2", COSIM_EUSAGE, 3, "platform" },
        { DEVICE "experts = 8", COSIM_ESYNTAX, 3, "pair" },
        { DEVICE "experts = 2:4", COSIM_ESYNTAX, 3, "pair" },
        { DEVICE "ffn-ratio = x", COSIM_ESYNTAX, 3, "number" },
        { "model = llama-3.1-8b,qwen2.5-7b\ndevice = t4\nlayers = 8", COSIM_EUSAGE, 1,
          "one model" },
        { LAPTOP "device = t4", COSIM_EUSAGE, 3, "platform" },
        { LAPTOP "tp = 1,2", COSIM_EUSAGE, 3, "stays 1" },
        { "model = llama-3.1-8b\nplatform = core-ultra", COSIM_EUNKNOWN, 2, "core-ultra" },
        { LAPTOP "algorithm = pgsan", COSIM_EUNKNOWN, 3, "pgsan" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cosim_study *s = study_of(rows[i].text);
        cosim_table *t = NULL;
        cosim_error e = { 0 };
        if (cosim_search(c, s, &t, &e) != rows[i].st || e.line != rows[i].line
            || !strstr(e.msg, rows[i].msg))
            fail_msg("%s: %s, line %u: %s", rows[i].text, cosim_status_name(e.status), e.line,
                     e.msg);
        assert_null(t);
        cosim_study_free(s);
    }
}

static void other_commands_say_that_only_a_search_takes_these(void **state)
{
    cosim_study *s = study_of(DEVICE "w-blocks = 2");
    cosim_table *t = NULL;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(cosim_estimate(c, s, &t, &e), COSIM_EUSAGE);
    assert_non_null(strstr(e.msg, "w-blocks"));
    assert_int_equal(e.line, 3);
    cosim_study_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_what_estimate_says),
        cmocka_unit_test(experts_have_formats_of_their_own),
        cmocka_unit_test(the_shape_of_a_model_costs_what_the_model_costs),
        cmocka_unit_test(the_loss_of_a_shape_is_the_law_s),
        cmocka_unit_test(formats_that_nobody_measured_cost_what_the_law_says),
        cmocka_unit_test(blocks_lose_their_share_of_what_was_measured),
        cmocka_unit_test(what_nobody_measured_stays_unknown),
        cmocka_unit_test(tables_of_sensitivities_are_added_up_layer_by_layer),
        cmocka_unit_test(sensitivities_that_do_not_fit_are_refused),
        cmocka_unit_test(a_placement_costs_what_routing_says),
        cmocka_unit_test(memories_of_a_platform_are_respected),
        cmocka_unit_test(the_number_of_threads_changes_nothing),
        cmocka_unit_test(guided_search_finds_the_exact_front),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(members_come_in_the_order_of_the_first_objective),
        cmocka_unit_test(mistakes_are_named_with_their_place),
        cmocka_unit_test(other_commands_say_that_only_a_search_takes_these),
    };

    return cmocka_run_group_tests_name("api/joint", tests, open_all, close_all);
}
