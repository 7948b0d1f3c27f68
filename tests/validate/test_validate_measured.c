/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Through the public library, against the program's own estimate and, when there, the whole files.
 */
#include "api/context.h"
#include "core/num.h"
#include "support/close.h"
#include "validate/names.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cosim *c;

static int open_data(void **state)
{
    (void)state;
    const cosim_options o = { sizeof o, "hwdb", "workloads", "reports" };

    return cosim_open(&c, &o, NULL) == COSIM_OK ? 0 : -1;
}

static int close_data(void **state)
{
    (void)state;
    cosim_close(c);
    return 0;
}

#define HEADER                                                                                     \
    "metric,value,unit,model,device,n_devices,batch,prompt_len,output_len,weight_format,act_bits," \
    "kv_bits,source,phase,system,threads,use\n"

struct tables {
    cosim_table *summary, *rows, *skipped;
};

static cosim_status run(const char *text, const cosim_validate_options *o, struct tables *t,
                        cosim_error *e)
{
    char path[] = "/tmp/cosim-measured-XXXXXX";
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    const cosim_status st =
        cosim_validate_measured(c, "claims", path, o, &t->summary, &t->rows, &t->skipped, e);
    assert_int_equal(unlink(path), 0);
    return st;
}

static void release(struct tables *t)
{
    cosim_table_free(t->summary);
    cosim_table_free(t->rows);
    cosim_table_free(t->skipped);
}

static double cell(const cosim_table *t, size_t row, const char *column)
{
    return cosim_table_number(t, row, cosim_table_find(t, column));
}

static const char *text_of(const cosim_table *t, size_t row, const char *column)
{
    return cosim_table_text(t, row, cosim_table_find(t, column));
}

/* What `cosim estimate` says of the point behind all the rows below. */
static double estimate(const char *metric)
{
    static const char *const setting[][2] = {
        { "model", "llama-3.1-8b" }, { "device", "h100-sxm" }, { "w", "fp8-block" },
        { "a", "fp8-token" },        { "kv", "fp8" },          { "tp", "2" },
        { "prompt", "1024" },        { "output", "512" },      { "batch", "16" },
    };
    cosim_study *s = NULL;
    cosim_table *t = NULL;

    assert_int_equal(cosim_study_new(&s, NULL), COSIM_OK);
    for (size_t i = 0; i < sizeof setting / sizeof *setting; i++)
        assert_int_equal(cosim_study_set(s, setting[i][0], setting[i][1], NULL, NULL), COSIM_OK);
    assert_int_equal(cosim_estimate(c, s, &t, NULL), COSIM_OK);
    const double v = cell(t, 0, metric);
    cosim_table_free(t);
    cosim_study_free(s);
    return v;
}

#define RUN "Meta-Llama-3.1-8B-Instruct,H100-SXM-80GB,2,16,1024,512,fp8,8,8,s"

/* Rows say twice the time or half the speed: the error is known without looking at a formula. */
static void predictions_are_those_of_estimate(void **state)
{
    (void)state;
    static const struct {
        const char *metric, *unit, *phase, *estimate;
        double factor, error; /* value = factor * estimate */
    } row[] = {
        { "throughput_tok_s", "tok/s", "decode", "decode_tokens_per_s", 0.5, 1.0 },
        { "throughput_tok_s", "tok/s", "serving_out", "tokens_per_s", 0.5, 1.0 },
        { "throughput_tok_s", "tok/s", "e2e_out", "tokens_per_s", 1.0, 0.0 },
        { "throughput_tok_s", "tok/s", "e2e_total", "tokens_per_s", 3.0, 0.0 }, /* 1536 / 512 */
        { "latency_ms", "ms/token", "decode", "tpot_s", 2e3, -0.5 },
        { "latency_ms", "ms", "e2e", "e2e_s", 1e3, 0.0 },
        { "ttft_ms", "ms", "prefill", "ttft_s", 4e3, -0.75 },
        { "memory_gb", "GB", "peak", "memory_bytes", 2e-9, 0.0 }, /* of two devices */
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char text[1024];
        struct tables t;
        (void)snprintf(text, sizeof text, HEADER "%s,%.17g,%s," RUN ",%s,TRT-LLM 1.0,,absolute\n",
                       row[i].metric, row[i].factor * estimate(row[i].estimate), row[i].unit,
                       row[i].phase);
        assert_int_equal(run(text, NULL, &t, NULL), COSIM_OK);
        assert_int_equal(cosim_table_rows(t.rows), 1);
        assert_true(fabs(cell(t.rows, 0, "error_ratio") - row[i].error) < 1e-12);
        assert_string_equal(text_of(t.rows, 0, "runtime"), "TensorRT-LLM");
        assert_string_equal(text_of(t.rows, 0, "layout"), "tp2");
        assert_string_equal(text_of(t.summary, 0, "format"), "fp8");
        assert_rel(cell(t.summary, 0, "n"), 1, 0);
        release(&t);
    }
}

static void prefill_speed_is_prompt_tokens_over_time(void **state)
{
    (void)state;
    char text[1024];
    struct tables t;

    (void)snprintf(text, sizeof text,
                   HEADER "throughput_tok_s,%.17g,tok/s," RUN ",prefill,TRT-LLM,,absolute\n",
                   16 * 1024 / estimate("ttft_s"));
    assert_int_equal(run(text, NULL, &t, NULL), COSIM_OK);
    assert_true(fabs(cell(t.rows, 0, "error_ratio")) < 1e-12);
    assert_string_equal(cosim_table_column_unit(t.rows, cosim_table_find(t.rows, "measured")),
                        "token/s");
    release(&t);
}

/* 16.06e9 parameters-bytes of Llama-3.1-8B at 16 bits; 70e9 * 2 bytes are more than 80 GB. */
static void weights_and_room_need_no_runtime(void **state)
{
    (void)state;
    struct tables t;

    assert_int_equal(
        run(HEADER "memory_gb,16.06,GB,Llama-3.1-8B,,1,,,,fp16,16,16,s,weights,,,memory\n"
                   "feasible,1,bool,Llama-3-70B,H100,1,1,512,128,fp16,16,16,s,memory_fit,,,memory\n"
                   "feasible,1,bool,Llama-3-8B,H100,1,1,512,128,fp16,16,16,s,memory_fit,,,memory\n",
            NULL, &t, NULL),
        COSIM_OK);
    assert_int_equal(cosim_table_rows(t.rows), 3);
    for (size_t i = 0; i < 3; i++) {
        const bool wrong = strcmp(text_of(t.rows, i, "model"), "llama-3-70b") == 0;
        assert_true(fabs(cell(t.rows, i, "error_ratio") + (wrong ? 1.0 : 0.0)) < 1e-3);
    }
    assert_string_equal(text_of(t.rows, 0, "model"), "llama-3-70b"); /* largest error first */
    release(&t);
}

static void the_largest_batch_fits_and_a_larger_one_does_not(void **state)
{
    (void)state;
    struct tables t;

    assert_int_equal(run(HEADER "throughput_tok_s,1000,tok/s,Llama-2-7B,L40S,1,max-fit,1024,512,"
                                "fp16,16,16,s,serving_out,TRT-LLM,,absolute\n",
                         NULL, &t, NULL),
                     COSIM_OK);
    assert_string_equal(text_of(t.rows, 0, "feasible"), "feasible");
    /* 48e9 * 0.9 - 0.5e9 - 13.5e9 bytes for caches of 1536 * 524288 bytes: at most 36 */
    const double batch = cell(t.rows, 0, "batch");
    assert_true(batch >= 32 && batch <= 36);
    release(&t);
}

static void what_cannot_be_predicted_is_counted_by_reason(void **state)
{
    (void)state;
    struct tables t;
    uint64_t n = 0;

#define ROW(model, device, batch, format)                                                          \
    "throughput_tok_s,9,tok/s," model "," device ",1," batch ",64,64," format                      \
    ",16,16,s,decode,x,,absolute\n"
    assert_int_equal(
        run(HEADER ROW("Llama-2-7B", "H100", "1", "fp16") ROW("Llama-2-7B", "Abacus", "1", "fp16")
                ROW("Llama-2-7B", "Abacus", "1", "fp16") ROW("Llama-9-7B", "H100", "1", "fp16")
                    ROW("Llama-2-7B", "H100", "1", "clay") ROW("Llama-2-7B", "H100", "", "fp16")
                        ROW("DeepSeek-V3", "H100", "1", "fp16"),
            NULL, &t, NULL),
        COSIM_OK);
#undef ROW
    assert_int_equal(cosim_table_rows(t.rows), 1);
    for (size_t i = 0; i < cosim_table_rows(t.skipped); i++)
        n += (uint64_t)cell(t.skipped, i, "n");
    assert_int_equal(n, 6);
    assert_true(cosim_table_rows(t.skipped) >= 4);
    release(&t);
}

static void groups_and_phases_are_chosen(void **state)
{
    (void)state;
    const char text[] = HEADER "throughput_tok_s,90,tok/s," RUN ",decode,TRT-LLM,,absolute\n"
                               "ttft_ms,90,ms," RUN ",prefill,TRT-LLM,,order\n";
    const cosim_validate_options by_use = { sizeof by_use, "use", NULL };
    const cosim_validate_options only = { sizeof only, "phase", "ttft" };
    const cosim_validate_options wrong = { sizeof wrong, NULL, "decode,tfft" };
    const cosim_validate_options bad_by = { sizeof bad_by, "devise", NULL };
    struct tables t;

    assert_int_equal(run(text, &by_use, &t, NULL), COSIM_OK);
    assert_int_equal(cosim_table_rows(t.summary), 2);
    assert_string_equal(cosim_table_column_unit(t.rows, cosim_table_find(t.rows, "measured")), "");
    release(&t);
    assert_int_equal(run(text, &only, &t, NULL), COSIM_OK);
    assert_int_equal(cosim_table_rows(t.rows), 1);
    assert_string_equal(text_of(t.rows, 0, "phase"), "ttft");
    release(&t);
    assert_int_equal(run(text, &wrong, &t, NULL), COSIM_EUNKNOWN);
    assert_int_equal(run(text, &bad_by, &t, NULL), COSIM_EUNKNOWN);
    assert_null(t.summary);
}

static void every_mapped_name_leads_somewhere(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct foreign_names f;
    const struct device *d;
    const struct model *m;
    const struct scheme *w;
    const struct format *x;

    assert_int_equal(names_load(&f, "workloads/measured_names.csv", &a, NULL), COSIM_OK);
    for (size_t i = 0; i < f.n; i++) {
        const struct foreign_name *r = &f.row[i];
        cosim_status st = COSIM_OK;
        if (!r->id)
            assert_non_null(r->notes);
        else if (strcmp(r->kind, "device") == 0)
            st = device_find(&c->devices, r->id, &d, NULL);
        else if (strcmp(r->kind, "model") == 0)
            st = model_find(&c->models, r->id, &m, NULL);
        else if (strcmp(r->kind, "a") == 0)
            st = format_find(&c->formats, r->id, ROLE_A, &x, NULL);
        else if (strcmp(r->kind, "kv") == 0)
            st = scheme_parse_kv(&c->schemes, r->id, ROLE_K, &w, &a, NULL);
        else if (strcmp(r->kind, "format") == 0)
            st = scheme_parse(&c->schemes, r->id, &w, &a, NULL);
        if (st == COSIM_OK && r->a)
            st = format_find(&c->formats, r->a, ROLE_A, &x, NULL);
        if (st == COSIM_OK && r->kv)
            st = scheme_parse_kv(&c->schemes, r->kv, ROLE_K, &w, &a, NULL);
        if (st != COSIM_OK)
            fail_msg("%s:%u: '%s' leads nowhere", f.path, r->line, r->name);
    }
    arena_release(&a);
}

/* Loose on purpose: they notice when the engine or a reader breaks, not when it improves. */
static void the_published_files_are_predicted_in_the_right_order(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *file, *only;
        double n_min, median_max, spearman_min;
    } want[] = {
        { "throughput", "facts/measured_throughput.csv", "decode", 340, 0.4, 0.85 },
        { "energy", "facts/measured_energy.csv", "j_per_token", 570, 0.75, 0.85 },
        { "claims", "published/claims.csv", "peak_memory", 170, 0.1, 0.97 },
        { "claims", "published/claims.csv", "weights", 80, 0.05, 0.97 },
        { "claims", "published/claims.csv", "serving", 230, 0.3, 0.9 },
    };
    const char *data = getenv("COSIM_DATA");

    if (!data) {
        print_message("COSIM_DATA is not set: the published files are not compared\n");
        skip();
    }
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const cosim_validate_options o = { sizeof o, "", want[i].only };
        struct tables t;
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", data, want[i].file);
        assert_int_equal(cosim_validate_measured(c, want[i].kind, path, &o, &t.summary, &t.rows,
                                                 &t.skipped, NULL),
                         COSIM_OK);
        assert_true(cell(t.summary, 0, "n") >= want[i].n_min);
        assert_true(cell(t.summary, 0, "median_ape_ratio") <= want[i].median_max);
        assert_true(cell(t.summary, 0, "spearman") >= want[i].spearman_min);
        release(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_are_those_of_estimate),
        cmocka_unit_test(prefill_speed_is_prompt_tokens_over_time),
        cmocka_unit_test(weights_and_room_need_no_runtime),
        cmocka_unit_test(the_largest_batch_fits_and_a_larger_one_does_not),
        cmocka_unit_test(what_cannot_be_predicted_is_counted_by_reason),
        cmocka_unit_test(groups_and_phases_are_chosen),
        cmocka_unit_test(every_mapped_name_leads_somewhere),
        cmocka_unit_test(the_published_files_are_predicted_in_the_right_order),
    };
    return cmocka_run_group_tests(tests, open_data, close_data);
}
