/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hw/device.h"

#include "core/csv.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(column, member, flags)                                                                \
    {                                                                                              \
        column, REC_STR, offsetof(struct device, member), 0, 0, 0, flags                           \
    }
#define NUM(column, member, scale, lo, hi)                                                         \
    {                                                                                              \
        column, REC_F64, offsetof(struct device, member), scale, lo, hi, 0                         \
    }
#define PEAK(column, id)                                                                           \
    {                                                                                              \
        column, REC_F64, DEVICE_PEAK(PREC_##id), 1e12, 1e-6, 1e9, 0                                \
    }

/* Every column of devices.csv. The ranges keep out what cannot be meant (zero, negative); whether
 * a value is plausible is the business of hw/lint.c. */
static const struct rec_field fields[] = {
    TEXT("id", id, REC_REQUIRED | REC_UNIQUE),
    TEXT("name", name, REC_REQUIRED | REC_UNIQUE),
    TEXT("vendor", vendor, REC_REQUIRED),
    TEXT("class", device_class, REC_REQUIRED),
    NUM("year", year, 1, 1990, 2100),
    NUM("process[nm]", process_nm, 1, 0.1, 1000),
    NUM("die[mm2]", die_mm2, 1, 0.1, 1e6),
    NUM("transistors[1e9]", transistors, 1e9, 1e-3, 1e5),
    NUM("cores", n_cores, 1, 1, 1e8),
    NUM("clock[MHz]", clock_hz, 1e6, 1, 1e5),
    PEAK("fp64[TFLOP/s]", FP64),
    PEAK("fp32[TFLOP/s]", FP32),
    PEAK("tf32[TFLOP/s]", TF32),
    PEAK("fp16[TFLOP/s]", FP16),
    PEAK("bf16[TFLOP/s]", BF16),
    PEAK("fp8[TFLOP/s]", FP8),
    PEAK("fp6[TFLOP/s]", FP6),
    PEAK("fp4[TFLOP/s]", FP4),
    PEAK("int8[TOP/s]", INT8),
    PEAK("int4[TOP/s]", INT4),
    PEAK("int1[TOP/s]", INT1),
    PEAK("vector_fp32[TFLOP/s]", VECTOR),
    NUM("l1_per_core[KB]", l1_bytes_per_core, 1e3, 1e-3, 1e9),
    NUM("l2[MB]", l2_bytes, 1e6, 1e-3, 1e9),
    NUM("l2_bw[GB/s]", l2_bytes_per_s, 1e9, 1e-3, 1e12),
    TEXT("mem_type", mem_type, 0),
    NUM("mem[GB]", mem_bytes, 1e9, 1e-6, 1e9),
    NUM("mem_bw[GB/s]", mem_bytes_per_s, 1e9, 1e-3, 1e12),
    NUM("storage_bw[GB/s]", storage_bytes_per_s, 1e9, 1e-6, 1e6),
    TEXT("link_type", link_type, 0),
    NUM("link_bw[GB/s]", link_bytes_per_s, 1e9, 1e-6, 1e9),
    TEXT("host_type", host_type, 0),
    NUM("host_bw[GB/s]", host_bytes_per_s, 1e9, 1e-6, 1e9),
    NUM("tdp[W]", tdp_w, 1, 1e-6, 1e9),
    NUM("idle[W]", idle_w, 1, 1e-6, 1e9),
    NUM("price[USD]", price_usd, 1, 1e-3, 1e9),
    NUM("cloud[USD/h]", cloud_usd_per_s, 1.0 / 3600.0, 1e-6, 1e6),
    NUM("mamf_bf16[TFLOP/s]", mamf_bf16_flops_per_s, 1e12, 1e-6, 1e9),
    NUM("mamf_fp8[TFLOP/s]", mamf_fp8_flops_per_s, 1e12, 1e-6, 1e9),
    TEXT("source", source, REC_REQUIRED),
    TEXT("from_memory", fields_from_memory, 0),
    NUM("confidence_ratio", confidence_ratio, 1, 0, 1),
    TEXT("accept", accept, 0),
    TEXT("notes", notes, 0),
};

enum { N_FIELDS = sizeof fields / sizeof *fields };

static const struct rec_field *field_at(size_t offset)
{
    for (size_t f = 0; f < N_FIELDS; f++)
        if (fields[f].offset == offset)
            return &fields[f];
    return NULL;
}

const char *device_column(size_t offset)
{
    const struct rec_field *f = field_at(offset);

    return f ? f->column : "";
}

double device_column_scale(size_t offset)
{
    const struct rec_field *f = field_at(offset);

    return f && f->type == REC_F64 ? f->scale : 1.0;
}

/* Names in from_memory are columns without their unit. */
static bool is_stem(const char *word, size_t n, const char *column)
{
    return n == strcspn(column, "[") && strncmp(word, column, n) == 0;
}

bool device_has_column(const char *stem, size_t n)
{
    for (size_t f = 0; f < N_FIELDS; f++)
        if (is_stem(stem, n, fields[f].column))
            return true;
    return false;
}

bool device_from_memory(const struct device *d, size_t offset)
{
    const char *column = device_column(offset);

    if (!d->fields_from_memory)
        return false;
    if (strcmp(d->fields_from_memory, "all") == 0)
        return true;
    for (const char *s = d->fields_from_memory; *s;) {
        const size_t n = strcspn(s, " ");
        if (is_stem(s, n, column))
            return true;
        s += n + strspn(s + n, " ");
    }
    return false;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct device *)a)->id, ((const struct device *)b)->id);
}

static cosim_status devices_of(struct device_db *db, const struct csv_doc *doc, struct arena *a,
                               cosim_error *e)
{
    struct device *device;
    void *rows;

    TRY(csv_records(doc, fields, N_FIELDS, sizeof(struct device), &rows, a, e));
    device = rows;
    for (size_t r = 0; r < doc->n_rows; r++)
        device[r].line = csv_cell(doc, r, 0)->line;
    qsort(device, doc->n_rows, sizeof *device, by_id);
    *db = (struct device_db){ .path = doc->path, .device = device, .n = doc->n_rows };
    return COSIM_OK;
}

cosim_status device_db_parse(struct device_db *db, const char *name, const void *data, size_t n,
                             struct arena *a, cosim_error *e)
{
    struct csv_doc doc;

    *db = (struct device_db){ 0 };
    TRY(csv_doc_parse(&doc, name, data, n, a, e));
    return devices_of(db, &doc, a, e);
}

cosim_status device_db_load(struct device_db *db, const char *path, struct arena *a, cosim_error *e)
{
    struct csv_doc doc;

    *db = (struct device_db){ 0 };
    TRY(csv_load(&doc, path, a, e));
    return devices_of(db, &doc, a, e);
}
