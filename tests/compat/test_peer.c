/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compat/peer.h"
#include "core/file.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

#define DATA "tests/compat/data/"

/* Rows and values are those of the excerpts; the full files are read when COSIM_DATA is set. */
static const struct {
    const char *file, *peer;
    size_t n_values; /* at least, in the excerpt */
} golden[] = {
    { "genz.csv", "genz", 400 },         { "llmviewer.csv", "llm-viewer", 100 },
    { "calculon.csv", "calculon", 280 }, { "llmanalysis.csv", "llm-analysis", 110 },
    { "infersim.csv", "infersim", 40 },
};

#define N_GOLDEN (sizeof golden / sizeof *golden)

struct result {
    struct table *summary, *worst;
    bool ok;
    cosim_error e;
    cosim_status st;
};

static void result_free(struct result *r)
{
    table_free(r->summary);
    table_free(r->worst);
}

static const struct cell *at(const struct table *t, size_t row, const char *column)
{
    const size_t c = table_column(t, column);

    assert_true(c != SIZE_MAX && row < t->n_rows);
    return table_cell(t, row, c);
}

static size_t sum_of(const struct table *t, const char *column)
{
    size_t n = 0;

    for (size_t r = 0; r < t->n_rows; r++)
        if (at(t, r, column)->known)
            n += at(t, r, column)->as.u64;
    return n;
}

/* The excerpt with the first `from` after the text `after` replaced by `to`. */
static struct result validate_edited(const char *file, const char *after, const char *from,
                                     const char *to)
{
    char path[80];
    struct file_bytes f;
    struct arena a = { 0 };
    struct csv_doc doc;
    struct result r = { 0 };

    (void)snprintf(path, sizeof path, DATA "%s", file);
    assert_int_equal(file_read(&f, path, 1 << 20, NULL), COSIM_OK);
    char *hit = strstr((char *)f.data, after);
    assert_non_null(hit);
    hit = strstr(hit, from);
    assert_non_null(hit);
    const size_t head = (size_t)(hit - (char *)f.data), size = f.n + strlen(to) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    (void)snprintf(text, size, "%.*s%s%s", (int)head, (char *)f.data, to, hit + strlen(from));
    r.st = csv_doc_parse(&doc, path, text, strlen(text), &a, &r.e);
    if (r.st == COSIM_OK)
        r.st = peer_validate_doc(&doc, &r.summary, &r.worst, &r.ok, &r.e);
    free(text);
    file_release(&f);
    arena_release(&a);
    return r;
}

static void check_file(const char *path, const char *peer, size_t n_values)
{
    struct result r = { 0 };

    r.st = peer_validate(path, &r.summary, &r.worst, &r.ok, &r.e);
    if (r.st != COSIM_OK)
        fail_msg("%s:%u:%u: %s", r.e.file, r.e.line, r.e.col, r.e.msg);
    if (!r.ok)
        fail_msg("%s, column %s: peer %s, rules %s", at(r.worst, 0, "place")->as.str,
                 at(r.worst, 0, "column")->as.str, at(r.worst, 0, "peer_value")->as.str,
                 at(r.worst, 0, "value")->as.str);
    assert_string_equal(at(r.summary, 0, "peer")->as.str, peer);
    assert_true(sum_of(r.summary, "values") >= n_values);
    result_free(&r);
}

static void the_excerpts_are_reproduced_from_their_inputs(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_GOLDEN; i++) {
        char path[80];

        (void)snprintf(path, sizeof path, DATA "%s", golden[i].file);
        check_file(path, golden[i].peer, golden[i].n_values);
    }
}

static void the_full_files_are_reproduced_when_present(void **state)
{
    const char *dir = getenv("COSIM_DATA");

    (void)state;
    if (!dir) {
        print_message("COSIM_DATA is not set: the full golden files are not checked\n");
        skip();
    }
    for (size_t i = 0; i < N_GOLDEN; i++) {
        char path[512];

        (void)snprintf(path, sizeof path, "%.400s/golden/%s", dir, golden[i].file);
        check_file(path, golden[i].peer, golden[i].n_values);
    }
}

static void a_changed_value_is_found_with_its_place(void **state)
{
    static const struct {
        const char *file, *after, *from, *to, *column;
        unsigned line;
    } row[] = {
        /* outputs: the same digits but one */
        { "genz.csv", "op,g004,", "100663296.0,8192.0", "100663297.0,8192.0", "flops", 2 },
        { "genz.csv", "op,g004,", ",Memory,", ",Compute,", "bound", 2 },
        { "genz.csv", "\ne2e,g004,", "6.0742799612255975", "6.0743799612255975", "e2e_latency_ms",
          11 },
        { "genz.csv", "\ne2e,g004,", "8.485188479233207e-05", "8.485188479233207e-07",
          "energy_kwh_as_reported", 11 },
        { "genz.csv", "op,g004,", "1,QKV", "99,QKV", "op_index", 2 },
        { "llmviewer.csv", "fused_attention", "memory", "compute", "bound", 2 },
        { "llmviewer.csv", "op,v012,", "fused_attention", "fused_attentiom", "op", 2 },
        { "calculon.csv", "\nk019", "0.810987636008421", "0.810887636008421", "out_bubble_time",
          3 },
        { "llmanalysis.csv", "\nl000", "13147578368.0", "13147578369000.0",
          "out_weight_memory_per_gpu", 2 },
        { "infersim.csv", "\ni012", "20.00", "20.01", "one_attn_params_size_mb", 2 },
        /* inputs: another model gives other numbers */
        { "genz.csv", "op,g004,", "4096,11008", "4097,11008", "dims", 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct result r = validate_edited(row[i].file, row[i].after, row[i].from, row[i].to);

        if (r.st != COSIM_OK)
            fail_msg("row %zu: %s", i, r.e.msg);
        assert_false(r.ok);
        assert_string_equal(at(r.worst, 0, "verdict")->as.str, "different");
        assert_string_equal(at(r.worst, 0, "column")->as.str, row[i].column);
        assert_int_equal(at(r.worst, 0, "line")->as.u64, row[i].line);
        assert_true(sum_of(r.summary, "values_failed") > 0);
        result_free(&r);
    }
}

static void small_differences_within_the_tolerance_pass(void **state)
{
    struct result r =
        validate_edited("genz.csv", "\ne2e,g004,", "6.0742799612255975", "6.0742800012255975");

    (void)state;
    assert_int_equal(r.st, COSIM_OK);
    assert_true(r.ok); /* 7e-9, and times may differ by 1e-6 */
    result_free(&r);
}

static void an_empty_output_is_not_compared(void **state)
{
    struct result full = validate_edited("genz.csv", "op,g004,", ",Memory,", ",Memory,");
    struct result less = validate_edited("genz.csv", "op,g004,", ",Memory,", ",,");

    (void)state;
    assert_true(full.ok && less.ok);
    assert_int_equal(sum_of(full.summary, "values"), sum_of(less.summary, "values") + 1);
    result_free(&full);
    result_free(&less);
}

static void what_has_no_rule_is_skipped_with_its_reason(void **state)
{
    static const struct {
        const char *file, *after, *from, *to, *reason;
    } row[] = {
        { "calculon.csv", "\nk019", ",none,False,", ",ring,False,",
          "overlapped communication: not covered yet" },
        { "calculon.csv", "\nk019", "a100_80g", "b200",
          "the description of this system is not known" },
        { "infersim.csv", "\ni012", "qwen3-8B", "other",
          "the dimensions of this model are not known" },
        { "infersim.csv", "\ni012", "H800", "X", "the memory of this device is not known" },
        { "llmviewer.csv", "op,v012", "5120", "5121", "hidden is no multiple of heads" },
        { "llmanalysis.csv", "\nl000", "w16a16", "w16a32",
          "the wider of weights and activations has no rate (4, 8 or 16 bits)" },
        { "llmanalysis.csv", "\nl000", "sxm-80gb", "sxm",
          "the name of the device does not end in its capacity" },
        { "genz.csv", "op,g087", "mistralai/Mixtral-8x7B,4096,14336,2,32,32,8",
          "m,4096,14336,2,32,32,48", "heads per rank are no multiple of the kv heads per rank" },
        { "genz.csv", "op,g087", "mistralai/Mixtral-8x7B", "deepseek-ai/DeepSeek-V3",
          "shared experts: their number and width are not among the columns" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct result r = validate_edited(row[i].file, row[i].after, row[i].from, row[i].to);
        bool found = false;

        if (r.st != COSIM_OK)
            fail_msg("row %zu: %s", i, r.e.msg);
        for (size_t k = 0; k < r.summary->n_rows; k++)
            if (at(r.summary, k, "reason")->known)
                found |= strcmp(at(r.summary, k, "reason")->as.str, row[i].reason) == 0;
        if (!found)
            fail_msg("row %zu: nothing was skipped because '%s'", i, row[i].reason);
        assert_true(sum_of(r.summary, "rows_skipped") > 0);
        result_free(&r);
    }
}

static void malformed_cells_have_their_place(void **state)
{
    static const struct {
        const char *file, *after, *from, *to, *msg;
        unsigned line;
        cosim_status st;
    } row[] = {
        { "genz.csv", "op,g004,", "4096", "x", "'x' is not", 2, COSIM_ESYNTAX },
        { "genz.csv", "op,g004,", "4096", "", "column 'hidden'", 2, COSIM_ESYNTAX },
        { "genz.csv", "op,g004,", "4096", "4096.5", "not a whole number", 2, COSIM_ERANGE },
        { "genz.csv", "op,g004,", "4096", "-1", "outside the allowed range", 2, COSIM_ERANGE },
        { "genz.csv", "op,g004,", "bf16", "bf17", "is no format of GenZ", 2, COSIM_ESYNTAX },
        { "genz.csv", "op,g004,", "decode", "decoding", "is none of", 2, COSIM_ESYNTAX },
        { "genz.csv", "op,g004,", "op", "Op", "is neither op nor e2e", 2, COSIM_ESYNTAX },
        { "genz.csv", "op,g004,", "1,QKV", "one,QKV", "not a whole number", 2, COSIM_ESYNTAX },
        { "genz.csv", "\ne2e,g145", "0+1024", "0+1024;", "is not past+new", 0, COSIM_ESYNTAX },
        { "genz.csv", "\ne2e,g145", "16x2048", "16x", "is not COUNTxCONTEXT", 0, COSIM_ESYNTAX },
        { "genz.csv", "op,g004,", "100663296.0,8192.0", "10066E,8192.0", "is not a number", 2,
          COSIM_ESYNTAX },
        { "genz.csv", "row,", ",layers,", ",layerz,", "'layers': this column is missing", 1,
          COSIM_ESYNTAX },
        { "genz.csv", "row,", "peak_tflops", "tflops", "not that of a known simulator", 1,
          COSIM_ESYNTAX },
        { "llmviewer.csv", "op,v012", "prefill", "fill", "neither prefill nor decode", 2,
          COSIM_ESYNTAX },
        { "calculon.csv", "\nk019", "float16,True", "float16,yes", "neither True nor False", 3,
          COSIM_ESYNTAX },
        { "calculon.csv", "\nk019", "multihead", "mla", "is no setting of calculon", 3,
          COSIM_ESYNTAX },
        { "llmanalysis.csv", "\nl000", "w16a16e16", "fp8", "is not like w4a16e16", 2,
          COSIM_ESYNTAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct result r = validate_edited(row[i].file, row[i].after, row[i].from, row[i].to);

        if (r.st != row[i].st || !strstr(r.e.msg, row[i].msg))
            fail_msg("row %zu: status %d, '%s'", i, (int)r.st, r.e.msg);
        if (row[i].line)
            assert_int_equal(r.e.line, row[i].line);
        assert_null(r.summary);
        assert_null(r.worst);
    }
}

static void unknown_files_and_schemas_say_what_is_known(void **state)
{
    struct result r = validate_edited("genz.csv", "row,", "ffn_in", "x");

    (void)state;
    assert_int_equal(r.st, COSIM_ESYNTAX);
    assert_non_null(strstr(r.e.hint, "genz, llm-viewer, calculon, llm-analysis, infersim"));
    r = (struct result){ 0 };
    r.st = peer_validate(DATA "none.csv", &r.summary, &r.worst, &r.ok, &r.e);
    assert_int_equal(r.st, COSIM_EIO);
}

static void every_peer_is_documented_and_found_by_name(void **state)
{
    size_t n;
    const struct peer *const *list = peer_list(&n);
    const struct peer *p;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(n, N_GOLDEN);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(peer_find(list[i]->name, &p, NULL), COSIM_OK);
        assert_ptr_equal(p, list[i]);
        assert_true(p->doc && p->source && p->quirk && p->column[0]);
    }
    assert_int_equal(peer_find("gens", &p, &e), COSIM_EUNKNOWN);
    assert_non_null(strstr(e.hint, "genz"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_excerpts_are_reproduced_from_their_inputs),
        cmocka_unit_test(the_full_files_are_reproduced_when_present),
        cmocka_unit_test(a_changed_value_is_found_with_its_place),
        cmocka_unit_test(small_differences_within_the_tolerance_pass),
        cmocka_unit_test(an_empty_output_is_not_compared),
        cmocka_unit_test(what_has_no_rule_is_skipped_with_its_reason),
        cmocka_unit_test(malformed_cells_have_their_place),
        cmocka_unit_test(unknown_files_and_schemas_say_what_is_known),
        cmocka_unit_test(every_peer_is_documented_and_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
