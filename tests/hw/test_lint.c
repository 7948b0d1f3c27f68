/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hw/lint.h"

#include "core/csv.h"
#include "support/close.h"

#include <stdlib.h>
#include <string.h>

#define DEVICES "hwdb/devices.csv"

static struct arena arena;

static const char *text_of(const struct table *t, size_t row, const char *column)
{
    const struct cell *c = table_cell(t, row, table_column(t, column));

    return c->known ? c->as.str : "";
}

static void print_findings(const struct table *t, const char *severity)
{
    for (size_t r = 0; r < t->n_rows; r++)
        if (strcmp(text_of(t, r, "severity"), severity) == 0)
            print_message("%s %s %s %s: %s\n", text_of(t, r, "severity"), text_of(t, r, "device"),
                          text_of(t, r, "rule"), text_of(t, r, "column"), text_of(t, r, "message"));
}

/* One cell of the table as text again, quoted. */
static void put_cell(FILE *f, const char *s)
{
    (void)fputc('"', f);
    for (; *s; s++) {
        if (*s == '"')
            (void)fputc('"', f);
        (void)fputc(*s, f);
    }
    (void)fputc('"', f);
}

/* The shipped table with one cell changed; rows are moved by `swap` (with the next one). */
static char *corrupted(const struct csv_doc *doc, const char *id, const char *column,
                       const char *value, size_t *n)
{
    const size_t col = csv_column(doc, column);
    bool found = false;
    char *text = NULL;
    FILE *f = open_memstream(&text, n);

    assert_non_null(f);
    if (col >= doc->n_cols)
        fail_msg("no column '%s'", column);
    for (size_t c = 0; c < doc->n_cols; c++) {
        put_cell(f, doc->header[c].text);
        (void)fputc(c + 1 < doc->n_cols ? ',' : '\n', f);
    }
    for (size_t r = 0; r < doc->n_rows; r++)
        for (size_t c = 0; c < doc->n_cols; c++) {
            const bool hit = c == col && strcmp(csv_cell(doc, r, 0)->text, id) == 0;
            found |= hit;
            put_cell(f, hit ? value : csv_cell(doc, r, c)->text);
            (void)fputc(c + 1 < doc->n_cols ? ',' : '\n', f);
        }
    assert_int_equal(fclose(f), 0);
    if (!found)
        fail_msg("no device '%s'", id);
    return text;
}

static void the_shipped_table_has_no_errors(void **state)
{
    cosim_error e = { 0 };
    struct device_db db;
    struct table *t;

    (void)state;
    if (device_db_load(&db, DEVICES, &arena, &e) != COSIM_OK)
        fail_msg("%s:%u:%u: %s", e.file, e.line, e.col, e.msg);
    assert_true(db.n >= 100);
    assert_int_equal(device_db_lint(&db, &t, &e), COSIM_OK);
    print_findings(t, "error");
    assert_int_equal(lint_errors(t), 0);
    table_free(t);
}

/* Each row is a known way of misreading a data sheet; exactly one finding must name it. */
static const struct {
    const char *id, *column, *value, *rule, *trap;
} traps[] = {
    { "h100-sxm", "bf16[TFLOP/s]", "1978.8", "sparse", "2:4 sparse bf16" },
    { "h100-sxm", "fp8[TFLOP/s]", "3958", "sparse", "2:4 sparse fp8" },
    { "h100-sxm", "int8[TOP/s]", "3958", "sparse", "2:4 sparse int8" },
    { "h100-sxm", "tf32[TFLOP/s]", "989", "sparse", "2:4 sparse tf32" },
    { "gh200-144gb", "bf16[TFLOP/s]", "1979", "sparse", "the bf16 figure of GenZ is sparse" },
    { "b200-sxm", "fp4[TFLOP/s]", "18000", "sparse", "2:4 sparse fp4" },
    { "cerebras-wse-3", "fp16[TFLOP/s]", "125000", "flop_energy", "the marketed figure is sparse" },
    { "jetson-orin-nano-8gb", "int8[TOP/s]", "40", "sparse", "advertised Jetson int8" },
    { "jetson-agx-orin-64gb", "int8[TOP/s]", "275", "sparse", "advertised, DLA included" },
    { "jetson-agx-thor-t5000", "fp4[TFLOP/s]", "2070", "sparse", "advertised Jetson fp4" },
    { "rtx-4090", "fp16[TFLOP/s]", "330.3", "geforce", "fp16 accumulation" },
    { "rtx-4090", "fp8[TFLOP/s]", "660.6", "geforce", "fp16 accumulation" },
    { "rtx-5090", "bf16[TFLOP/s]", "419", "geforce", "fp16 accumulation" },
    { "epyc-7742", "fp32[TFLOP/s]", "6.96", "base_clock", "boost clock" },
    { "h100-sxm", "fp64[TFLOP/s]", "66.9", "vector", "tensor fp64" },
    { "a100-80gb-sxm", "fp32[TFLOP/s]", "156", "vector", "tf32 as fp32" },
    { "mi210", "fp32[TFLOP/s]", "22.63", "order", "vector fp32 where fp64 is the matrix rate" },
    { "h100-sxm", "bf16[TFLOP/s]", "989400", "scale", "GFLOP/s" },
    { "h100-sxm", "bf16[TFLOP/s]", "0.989", "scale", "PFLOP/s" },
    { "epyc-9654", "fp64[TFLOP/s]", "3700", "scale", "GFLOP/s" },
    { "snapdragon-8-gen-3", "int8[TOP/s]", "45000000", "ridge", "MOP/s" },
    { "h100-sxm", "fp8[TFLOP/s]", "800", "order", "narrower is slower" },
    { "h100-sxm", "mem[GB]", "85.899", "gib", "80 GiB in 10^9" },
    { "h100-sxm", "mem[GB]", "74.506", "gib", "80 GB in GiB" },
    { "h100-sxm", "mem[GB]", "80000", "capacity", "MB" },
    { "epyc-9654", "notes", "", "socket", "mem_GB of a CPU is its maximum" },
    { "h100-sxm", "mem_bw[GB/s]", "26800", "mem_bw", "Gbit/s" },
    { "l4", "mem_bw[GB/s]", "2400", "mem_bw", "Gbit/s" },
    { "jetson-orin-nano-8gb", "mem_bw[GB/s]", "544", "mem_bw", "Gbit/s" },
    { "h100-sxm", "mem_bw[GB/s]", "3.35", "mem_bw", "TB/s" },
    { "xeon-8480-plus", "mem_bw[GB/s]", "614.4", "mem_bw", "two sockets" },
    { "raspberry-pi-5-8gb", "mem_bw[GB/s]", "34.1", "", "" }, /* 64 bits: possible, not a finding */
    { "raspberry-pi-5-8gb", "mem_bw[GB/s]", "25.6", "mem_bw", "not a number of channels" },
    { "h100-sxm", "mem_type", "DRAM", "capacity", "unknown memory" },
    { "h100-sxm", "l2[MB]", "51200", "cache", "KB" },
    { "a100-80gb-sxm", "l2_bw[GB/s]", "5.12", "cache", "TB/s" },
    { "h100-sxm", "link_bw[GB/s]", "900", "link", "both directions" },
    { "gaudi3", "link_bw[GB/s]", "4800", "link", "Gbit/s" },
    { "trainium2", "link_bw[GB/s]", "1280", "link", "both directions" },
    { "mi300x", "link_bw[GB/s]", "896", "link", "both directions" },
    { "a100-80gb-sxm", "host_bw[GB/s]", "64", "host", "both directions" },
    { "l4", "host_bw[GB/s]", "256", "host", "Gbit/s" },
    { "h100-sxm", "tdp[W]", "0.7", "tdp", "kW" },
    { "h100-sxm", "tdp[W]", "10200", "tdp", "a whole server" },
    { "apple-m3", "tdp[W]", "22", "unpublished", "a guessed TDP" },
    { "tpu-v5e", "tdp[W]", "200", "unpublished", "a guessed TDP" },
    { "tpu-v4", "idle[W]", "250", "idle", "idle above TDP" },
    { "core-i9-13900k", "process[nm]", "10", "process", "Intel 7 as 10" },
    { "h100-sxm", "process[nm]", "4.5", "process", "not a marketing node" },
    { "v100-sxm2-32gb", "process[nm]", "5", "process", "before its time" },
    { "h100-sxm", "transistors[1e9]", "80000", "density", "millions" },
    { "h100-sxm", "year", "2032", "year", "a year that has not come" },
    { "epyc-7742", "price[USD]", "695000", "price", "cents" },
    { "h100-sxm", "cloud[USD/h]", "27.92", "price", "a server of 8" },
    { "h100-sxm", "mamf_bf16[TFLOP/s]", "1402.6", "mamf", "the fp8 figure" },
    { "versal-vck190", "tdp[W]", "390", "byte_energy", "a whole board with its host" },
    { "h100-sxm", "source", "?", "source", "no source" },
    { "t4", "from_memory", "int8 int_4", "from_memory", "not a column" },
    { "alveo-u280", "confidence_ratio", "0.9", "from_memory", "too sure" },
    { "h100-sxm", "class", "grafix", "class", "no such class" },
    { "h100-sxm", "id", "h100_sxm", "slug", "not a slug" },
    { "h100-sxm", "id", "zz-top", "sorted", "not in order" },
    { "h100-sxm", "accept", "sparse:fp8", "accept", "nothing to accept" },
};

static void check_trap(const struct csv_doc *doc, size_t i)
{
    cosim_error e = { 0 };
    struct arena a = { 0 };
    struct device_db db;
    struct table *t;
    size_t n;
    char *text = corrupted(doc, traps[i].id, traps[i].column, traps[i].value, &n);

    if (device_db_parse(&db, DEVICES, text, n, &a, &e) != COSIM_OK)
        fail_msg("trap %zu: %s", i, e.msg);
    assert_int_equal(device_db_lint(&db, &t, &e), COSIM_OK);
    const size_t want = traps[i].rule[0] != '\0';
    size_t first = 0;
    while (first < t->n_rows && strcmp(text_of(t, first, "severity"), "error") != 0)
        first++;
    if (lint_errors(t) != want || (want && strcmp(text_of(t, first, "rule"), traps[i].rule) != 0)) {
        print_findings(t, "error");
        fail_msg("trap %zu (%s: %s): want one finding of '%s'", i, traps[i].id, traps[i].trap,
                 traps[i].rule);
    }
    table_free(t);
    free(text);
    arena_release(&a);
}

static void each_misreading_of_a_data_sheet_gives_exactly_its_finding(void **state)
{
    cosim_error e = { 0 };
    struct csv_doc doc;

    (void)state;
    assert_int_equal(csv_load(&doc, DEVICES, &arena, &e), COSIM_OK);
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
        check_trap(&doc, i);
}

static void every_rule_has_a_trap(void **state)
{
    static const char *const rules[] = {
#define RULE_NAME(id, doc) #id,
        LINT_RULES(RULE_NAME)
#undef RULE_NAME
    };

    (void)state;
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        bool found = false;
        for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
            found |= strcmp(traps[i].rule, rules[r]) == 0;
        if (!found)
            fail_msg("no trap for rule '%s'", rules[r]);
    }
}

static void an_unknown_power_is_empty_and_never_zero(void **state)
{
    cosim_error e = { 0 };
    struct csv_doc doc;
    struct device_db db;
    struct arena a = { 0 };
    size_t n;

    (void)state;
    assert_int_equal(csv_load(&doc, DEVICES, &arena, &e), COSIM_OK);
    char *text = corrupted(&doc, "snapdragon-8-elite", "tdp[W]", "0", &n);
    assert_int_equal(device_db_parse(&db, "d.csv", text, n, &a, &e), COSIM_ERANGE);
    assert_non_null(strstr(e.msg, "outside the allowed range"));
    assert_true(e.line > 1 && e.col > 1);
    free(text);
    arena_release(&a);
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_table_has_no_errors),
        cmocka_unit_test(each_misreading_of_a_data_sheet_gives_exactly_its_finding),
        cmocka_unit_test(every_rule_has_a_trap),
        cmocka_unit_test(an_unknown_power_is_empty_and_never_zero),
    };
    return cmocka_run_group_tests_name("hw/lint", tests, NULL, release);
}
