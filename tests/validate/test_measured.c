/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/num.h"
#include "support/close.h"
#include "validate/measured.h"
#include "validate/names.h"

#include <string.h>

#define THROUGHPUT                                                                                 \
    "device,n_devices,model,runtime,format,threads,batch,prompt_len,gen_len,pp_tok_s,tg_tok_s,"    \
    "source,notes\r\n"
#define ENERGY                                                                                     \
    "device,n_devices,model,precision,runtime,task,batch,prompt_len,gen_len,phase,tok_s,power_w,"  \
    "j_per_token,j_per_request,ttft_ms,tpot_ms,power_scope,source,notes\n"
#define CLAIMS                                                                                     \
    "metric,value,unit,model,device,n_devices,batch,prompt_len,output_len,weight_format,act_bits," \
    "kv_bits,source,phase,system,threads,use,extra\n"

static cosim_status parse(const char *kind, const char *text, struct measured *m, struct arena *a,
                          cosim_error *e)
{
    const struct measured_kind *k = NULL;

    assert_int_equal(measured_kind_find(kind, &k, NULL), COSIM_OK);
    return k->parse(m, "test.csv", text, strlen(text), a, e);
}

static void llama_bench_rows_are_two_requests_on_empty_contexts(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct measured m;

    assert_int_equal(parse("throughput",
                           THROUGHPUT "D,1,M,llama.cpp CUDA,Q4_0,,1,512,128,1000,50,s,\r\n"
                                      "D,2,M,vLLM,FP16,4,8,100,200,nan,70,s,\r\n"
                                      "D,1,M,llama.cpp,Q4_0,,1,512,128,900,40,s,context depth 8192 "
                                      "before the test\r\n",
                           &m, &a, NULL),
                     COSIM_OK);
    assert_int_equal(m.n, 5);
    const struct observation *pp = &m.row[0], *tg = &m.row[1], *v = &m.row[2];
    assert_int_equal(pp->quantity, QUANTITY_PREFILL);
    assert_rel(pp->prompt_tokens + pp->output_tokens, 512, 0);
    assert_rel(pp->value, 1000, 0);
    assert_int_equal(tg->quantity, QUANTITY_DECODE);
    assert_rel(tg->prompt_tokens, 1, 0);
    assert_rel(tg->prompt_tokens + tg->output_tokens, 128, 0);
    assert_rel(v->prompt_tokens, 100, 0); /* other runtimes decode behind their prompt */
    assert_rel(v->batch, 8, 0);
    assert_string_equal(v->threads, "4");
    assert_int_equal(v->line, 3);
    assert_non_null(m.row[3].skip);
    assert_null(m.row[4].skip);
    assert_rel(m.row[4].prompt_tokens, 8192, 0);
    arena_release(&a);
}

static void energy_rows_give_joules_watts_and_speed(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct measured m;

    assert_int_equal(parse("energy",
                           ENERGY
                           "D,8,M,fp8,vLLM,chat,31.9,,700,serving steady state,500,4000,8,,,25,GPU "
                           "only,s,TP1 DP8 EP8; max_num_seqs 4\n"
                           "D,1,M,q,ollama,x,1,,,decode,50,200,4,,,,wall,s,\n",
                           &m, &a, NULL),
                     COSIM_OK);
    assert_int_equal(m.n, 7);
    assert_int_equal(m.row[0].quantity, QUANTITY_J_PER_TOKEN);
    assert_rel(m.row[0].dp, 8, 0);
    assert_rel(m.row[0].ep, 8, 0);
    assert_false(is_known(m.row[0].pp));
    assert_false(is_known(m.row[0].prompt_tokens));
    assert_int_equal(m.row[2].quantity, QUANTITY_OUTPUT);
    assert_int_equal(m.row[3].quantity, QUANTITY_TPOT);
    assert_rel(m.row[3].value, 0.025, 1e-15);
    assert_int_equal(m.row[6].quantity, QUANTITY_DECODE);
    assert_string_equal(m.row[6].scope, "wall");
    arena_release(&a);
}

static const struct {
    const char *cells; /* metric,value,unit ... phase */
    const char *phase;
    enum quantity quantity;
    double value;
} claims[] = {
    { "throughput_tok_s,100,tok/s", "decode", QUANTITY_DECODE, 100 },
    { "throughput_tok_s,100,tok/s", "e2e_total", QUANTITY_TOTAL, 100 },
    { "throughput_tok_s,100,tok/s", "serving_out", QUANTITY_SERVING, 100 },
    { "latency_ms,20,ms/token", "decode", QUANTITY_TPOT, 0.02 },
    { "latency_ms,20,ms", "e2e", QUANTITY_E2E, 0.02 },
    { "ttft_ms,30,ms", "prefill", QUANTITY_TTFT, 0.03 },
    { "memory_gb,2,GB", "weights", QUANTITY_WEIGHTS, 2e9 },
    { "memory_gb,2,GiB", "peak", QUANTITY_PEAK, 2147483648.0 },
    { "feasible,0,bool", "memory_fit", QUANTITY_FITS, 0 },
};

static void claims_become_quantities_in_si(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        struct arena a = { 0 };
        struct measured m;
        char text[1024];
        (void)snprintf(text, sizeof text,
                       CLAIMS "%s,M,D,2,max-fit,1024,512,fp8,8,8,s,%s,TRT-LLM 1.0 TP2,,absolute,\n",
                       claims[i].cells, claims[i].phase);
        assert_int_equal(parse("claims", text, &m, &a, NULL), COSIM_OK);
        assert_int_equal(m.n, 1);
        assert_null(m.row[0].skip);
        assert_int_equal(m.row[0].quantity, claims[i].quantity);
        assert_rel(m.row[0].value, claims[i].value, 1e-15);
        assert_true(m.row[0].largest_batch && !is_known(m.row[0].batch));
        assert_rel(m.row[0].tp, 2, 0);
        arena_release(&a);
    }
}

static void other_metrics_are_left_alone_and_odd_phases_say_so(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct measured m;

    assert_int_equal(parse("claims",
                           CLAIMS "speedup_x,2,x,M,D,1,1,,,fp8,8,8,s,decode,T,,ratio,\n"
                                  "latency_ms,2,ms,gemm 1x2x3,D,1,1,,,fp8,8,8,s,kernel,T,,ratio,\n",
                           &m, &a, NULL),
                     COSIM_OK);
    assert_int_equal(m.n, 1);
    assert_string_equal(m.row[0].skip, "a single kernel");
    arena_release(&a);
}

static void a_layout_is_a_word_with_a_number(void **state)
{
    (void)state;
    struct observation o = { .tp = UNKNOWN_F64, .pp = UNKNOWN_F64, .ep = UNKNOWN_F64, .dp = 3 };

    layout_of_text("HTTP2 TPU TP TP99999999999 xPP4 (PP2), EP16", &o);
    assert_false(is_known(o.tp));
    assert_rel(o.pp, 2, 0);
    assert_rel(o.ep, 16, 0);
    assert_rel(o.dp, 3, 0);
}

static void bad_files_are_refused_with_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        cosim_status status;
        unsigned line;
    } bad[] = {
        { "device,model\nD,M\n", COSIM_ESYNTAX, 1 },
        { THROUGHPUT "D,1,M,r,f,,1,512,128,fast,50,s,\n", COSIM_ESYNTAX, 2 },
        { THROUGHPUT "D,1,M,r,f,,1,512,128,9,50,s,\nD,0,M,r,f,,1,512,128,9,50,s,\n", COSIM_ERANGE,
          3 },
        { THROUGHPUT "D,1,M,r,f,,1,-1,128,9,50,s,\n", COSIM_ERANGE, 2 },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct arena a = { 0 };
        struct measured m;
        cosim_error e = { .status = COSIM_OK };
        assert_int_equal(parse("throughput", bad[i].text, &m, &a, &e), bad[i].status);
        assert_int_equal(e.line, bad[i].line);
        assert_string_equal(e.file, "test.csv");
        arena_release(&a);
    }
    cosim_error e = { .status = COSIM_OK };
    const struct measured_kind *k = NULL;
    assert_int_equal(measured_kind_find("thruput", &k, &e), COSIM_EUNKNOWN);
    assert_true(e.hint[0] != '\0');
}

#define NAMES "kind,name,id,a,kv,layout,notes\n"

static void names_are_found_case_blind_and_by_the_longest_beginning(void **state)
{
    (void)state;
    const char text[] = NAMES "device,NVIDIA X,x,,,,\nruntime,HF,hf,,,,\n"
                              "runtime,HF Transformers,transformers,,,pp,eager\n";
    struct arena a = { 0 };
    struct foreign_names f;

    assert_int_equal(names_parse(&f, "n.csv", text, sizeof text - 1, &a, NULL), COSIM_OK);
    assert_string_equal(names_find(&f, "device", "nvidia x")->id, "x");
    assert_null(names_find(&f, "model", "NVIDIA X"));
    assert_null(names_find(&f, "device", "NVIDIA"));
    assert_string_equal(names_prefix(&f, "runtime", "HF transformers 4.51")->id, "transformers");
    assert_string_equal(names_prefix(&f, "runtime", "HF x")->id, "hf");
    assert_null(names_prefix(&f, "runtime", "H"));
    arena_release(&a);
}

static void doubtful_names_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *rows;
        cosim_status status;
    } bad[] = {
        { "gadget,X,x,,,,\n", COSIM_EUNKNOWN },
        { "device,X,x,,,,\ndevice,x,y,,,,\n", COSIM_ESYNTAX },
        { "runtime,X,x,,,ep,\n", COSIM_EUNKNOWN },
        { "device,,x,,,,\n", COSIM_ESYNTAX },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct arena a = { 0 };
        struct foreign_names f;
        cosim_error e = { .status = COSIM_OK };
        char text[256];
        const int n = snprintf(text, sizeof text, NAMES "%s", bad[i].rows);
        assert_int_equal(names_parse(&f, "n.csv", text, (size_t)n, &a, &e), bad[i].status);
        assert_true(e.line >= 2);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llama_bench_rows_are_two_requests_on_empty_contexts),
        cmocka_unit_test(energy_rows_give_joules_watts_and_speed),
        cmocka_unit_test(claims_become_quantities_in_si),
        cmocka_unit_test(other_metrics_are_left_alone_and_odd_phases_say_so),
        cmocka_unit_test(a_layout_is_a_word_with_a_number),
        cmocka_unit_test(bad_files_are_refused_with_a_place),
        cmocka_unit_test(names_are_found_case_blind_and_by_the_longest_beginning),
        cmocka_unit_test(doubtful_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
