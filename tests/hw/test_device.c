/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hw/device.h"

#include "core/csv.h"
#include "core/num.h"
#include "support/close.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct device_db db;

static int load(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    if (device_db_load(&db, "hwdb/devices.csv", &arena, &e) != COSIM_OK
        || device_alias_load(&db, "hwdb/aliases.csv", &arena, &e) != COSIM_OK) {
        print_error("%s:%u:%u: %s\n", e.file, e.line, e.col, e.msg);
        return 1;
    }
    return 0;
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void values_are_read_in_si_units(void **state)
{
    cosim_error e = { 0 };
    const struct device *d;

    (void)state;
    assert_int_equal(device_find(&db, "h100-sxm", &d, &e), COSIM_OK);
    assert_rel(d->peak_flops_per_s[PREC_BF16], 989.4e12, 1e-12);
    assert_rel(d->mem_bytes_per_s, 3.35e12, 1e-12);
    assert_rel(d->mem_bytes, 80e9, 1e-12);
    assert_rel(d->clock_hz, 1.83e9, 1e-12);
    assert_rel(d->l1_bytes_per_core, 256e3, 1e-12);
    assert_rel(d->link_bytes_per_s, 450e9, 1e-12);
    assert_rel(d->cloud_usd_per_s, 3.49 / 3600, 1e-12);
    assert_rel(d->mamf_fp8_flops_per_s, 1402.6e12, 1e-12);
    assert_false(is_known(d->idle_w));
    assert_false(is_known(d->peak_flops_per_s[PREC_FP4]));
    assert_string_equal(d->host_type, "PCIe5 x16");
    assert_string_equal(device_column(offsetof(struct device, mem_bytes_per_s)), "mem_bw[GB/s]");
}

static void devices_are_sorted_by_id(void **state)
{
    (void)state;
    for (size_t i = 1; i < db.n; i++)
        assert_true(strcmp(db.device[i - 1].id, db.device[i].id) < 0);
}

static void a_device_is_found_by_id_name_and_alias(void **state)
{
    static const struct {
        const char *name, *id;
    } rows[] = {
        { "h100-sxm", "h100-sxm" },
        { "H100-SXM", "h100-sxm" },
        { "TPU-v7 (Ironwood)", "tpu-v7" },
        { "HNLPU (per chip, 16-chip system)", "hnlpu" },
        { "core-ultra-7-258v-npu4", "core-ultra-7-258v-npu4" },
        { "a100-80GB", "a100-80gb-sxm" },
        { "H20-96GB", "h20" },
        { "OnePlus12", "snapdragon-8-gen-3" },
        { "raspberrypi5", "raspberry-pi-5-8gb" },
        { "Jetson-AGX-Orin-CPU", "jetson-agx-orin-64gb" },
        { "i9-13900K", "core-i9-13900k" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cosim_error e = { 0 };
        const struct device *d;
        if (device_find(&db, rows[i].name, &d, &e) != COSIM_OK)
            fail_msg("%s: %s", rows[i].name, e.msg);
        assert_string_equal(d->id, rows[i].id);
    }
}

static void a_wrong_name_gets_a_suggestion(void **state)
{
    cosim_error e = { 0 };
    const struct device *d;

    (void)state;
    assert_int_equal(device_find(&db, "h100-smx", &d, &e), COSIM_EUNKNOWN);
    assert_null(d);
    assert_string_equal(e.msg, "no device 'h100-smx'");
    assert_string_equal(e.hint, "did you mean 'h100-sxm'?");
    e = (cosim_error){ 0 };
    assert_int_equal(device_find(&db, "zzzzzzzzzzzzzzzzzz", &d, &e), COSIM_EUNKNOWN);
    assert_string_equal(e.hint, "");
}

static void recalled_columns_are_known(void **state)
{
    cosim_error e = { 0 };
    const struct device *d;

    (void)state;
    assert_int_equal(device_find(&db, "h20", &d, &e), COSIM_OK);
    assert_true(device_from_memory(d, offsetof(struct device, tdp_w)));
    assert_true(device_from_memory(d, DEVICE_PEAK(PREC_FP32)));
    assert_false(device_from_memory(d, DEVICE_PEAK(PREC_FP16)));
    assert_int_equal(device_find(&db, "alveo-u280", &d, &e), COSIM_OK);
    assert_true(device_from_memory(d, offsetof(struct device, mem_bytes)));
    assert_int_equal(device_find(&db, "epyc-9755", &d, &e), COSIM_OK); /* all but mem_type */
    assert_true(device_from_memory(d, offsetof(struct device, tdp_w)));
    assert_false(device_from_memory(d, offsetof(struct device, mem_type)));
}

static cosim_status load_text(const char *text, cosim_error *e)
{
    struct arena a = { 0 };
    struct device_db other;
    const cosim_status st = device_db_parse(&other, "d.csv", text, strlen(text), &a, e);

    arena_release(&a);
    return st;
}

static void a_bad_table_is_refused_with_its_place(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(load_text("id,name,vendor,class,mem_bw[GBs]\n", &e), COSIM_EUNKNOWN);
    assert_string_equal(e.hint, "did you mean 'mem_bw[GB/s]'?");
    assert_int_equal(e.col, 22);
    e = (cosim_error){ 0 };
    assert_int_equal(load_text("id,name\nx,y\n", &e), COSIM_ESYNTAX);
    assert_non_null(strstr(e.msg, "is missing"));
}

static cosim_status alias_text(const char *text, cosim_error *e)
{
    struct arena a = { 0 };
    struct device_db copy = db;
    char path[] = "/tmp/cosim-alias-XXXXXX";
    const int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

    assert_non_null(f);
    (void)fputs(text, f);
    assert_int_equal(fclose(f), 0);
    const cosim_status st = device_alias_load(&copy, path, &a, e);
    (void)remove(path);
    arena_release(&a);
    return st;
}

static void aliases_lead_to_devices(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(alias_text("alias,id,notes\nH-100,h100-sxm,\n", &e), COSIM_OK);
    assert_int_equal(alias_text("alias,id,notes\nH-100,h100-smx,\n", &e), COSIM_EUNKNOWN);
    assert_int_equal(e.line, 2);
    assert_string_equal(e.hint, "did you mean 'h100-sxm'?");
    e = (cosim_error){ 0 };
    assert_int_equal(alias_text("alias,id,notes\nH20,h100-sxm,\n", &e), COSIM_ESYNTAX);
}

/* The collected facts: column there, member here. Units are those of the CSV column here. */
static const struct {
    const char *column;
    size_t offset;
} facts[] = {
    { "year", offsetof(struct device, year) },
    { "process_nm", offsetof(struct device, process_nm) },
    { "die_mm2", offsetof(struct device, die_mm2) },
    { "transistors_bn", offsetof(struct device, transistors) },
    { "sm_or_cores", offsetof(struct device, n_cores) },
    { "boost_clock_mhz", offsetof(struct device, clock_hz) },
    { "fp64", DEVICE_PEAK(PREC_FP64) },
    { "fp32", DEVICE_PEAK(PREC_FP32) },
    { "tf32", DEVICE_PEAK(PREC_TF32) },
    { "fp16", DEVICE_PEAK(PREC_FP16) },
    { "bf16", DEVICE_PEAK(PREC_BF16) },
    { "fp8", DEVICE_PEAK(PREC_FP8) },
    { "fp6", DEVICE_PEAK(PREC_FP6) },
    { "fp4", DEVICE_PEAK(PREC_FP4) },
    { "int8", DEVICE_PEAK(PREC_INT8) },
    { "int4", DEVICE_PEAK(PREC_INT4) },
    { "int1", DEVICE_PEAK(PREC_INT1) },
    { "vector_fp32_tflops", DEVICE_PEAK(PREC_VECTOR) },
    { "l1_or_sram_kb_per_core", offsetof(struct device, l1_bytes_per_core) },
    { "l2_mb", offsetof(struct device, l2_bytes) },
    { "l2_bw_GBs", offsetof(struct device, l2_bytes_per_s) },
    { "mem_GB", offsetof(struct device, mem_bytes) },
    { "mem_bw_GBs", offsetof(struct device, mem_bytes_per_s) },
    { "link_bw_GBs_per_dir", offsetof(struct device, link_bytes_per_s) },
    { "host_bw_GBs", offsetof(struct device, host_bytes_per_s) },
    { "tdp_w", offsetof(struct device, tdp_w) },
    { "idle_w", offsetof(struct device, idle_w) },
    { "price_usd", offsetof(struct device, price_usd) },
    { "cloud_usd_per_hour", offsetof(struct device, cloud_usd_per_s) },
    { "storage_bw_GBs", offsetof(struct device, storage_bytes_per_s) },
    { "mamf_bf16_tflops", offsetof(struct device, mamf_bf16_flops_per_s) },
    { "mamf_fp8_tflops", offsetof(struct device, mamf_fp8_flops_per_s) },
};

static void check_fact(const struct csv_doc *doc, size_t row, size_t i, const struct device *d)
{
    const size_t col = csv_column(doc, facts[i].column);
    const double got = device_f64(d, facts[i].offset) / device_column_scale(facts[i].offset);
    cosim_error e = { 0 };
    double want = UNKNOWN_F64;

    assert_true(col < doc->n_cols);
    assert_int_equal(csv_f64(doc, csv_cell(doc, row, col), 0, 0, &want, &e), COSIM_OK);
    if (is_known(want) != is_known(got) || (is_known(want) && fabs(got - want) > 1e-9 * want))
        fail_msg("%s, %s: %g, the facts say %g", d->id, facts[i].column, got, want);
}

static void every_collected_device_is_here_with_its_numbers(void **state)
{
    const char *data = getenv("COSIM_DATA");
    cosim_error e = { 0 };
    struct csv_doc doc;
    char path[4096];

    (void)state;
    if (!data) {
        print_message("COSIM_DATA is not set: the collected facts are not compared\n");
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/facts/devices.csv", data);
    assert_int_equal(csv_load(&doc, path, &arena, &e), COSIM_OK);
    assert_int_equal(doc.n_rows, db.n);
    for (size_t r = 0; r < doc.n_rows; r++) {
        const char *name = csv_cell(&doc, r, csv_column(&doc, "name"))->text;
        const struct device *d;
        if (device_find(&db, name, &d, &e) != COSIM_OK)
            fail_msg("%s", e.msg);
        assert_string_equal(d->name, name);
        for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
            check_fact(&doc, r, i, d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_in_si_units),
        cmocka_unit_test(devices_are_sorted_by_id),
        cmocka_unit_test(a_device_is_found_by_id_name_and_alias),
        cmocka_unit_test(a_wrong_name_gets_a_suggestion),
        cmocka_unit_test(recalled_columns_are_known),
        cmocka_unit_test(a_bad_table_is_refused_with_its_place),
        cmocka_unit_test(aliases_lead_to_devices),
        cmocka_unit_test(every_collected_device_is_here_with_its_numbers),
    };
    return cmocka_run_group_tests_name("hw/device", tests, load, release);
}
