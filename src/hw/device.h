/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices as their data sheets state them (hwdb/devices.csv, described in hwdb/README.md), in SI
 * units. NaN and NULL = unknown. Nominal values only: what is achieved of them is hw/rates.h.
 */
#ifndef HW_DEVICE_H
#define HW_DEVICE_H

#include "core/arena.h"
#include "core/err.h"
#include "core/precision.h"

#include <stdbool.h>
#include <stddef.h>

struct device {
    const char *id;                    /* unique: h100-sxm */
    const char *name;                  /* as sources spell it: H100-SXM */
    const char *vendor, *device_class; /* gpu cpu npu tpu fpga asic soc */
    const char *mem_type, *link_type, *host_type, *source, *notes;
    const char *fields_from_memory; /* columns that were recalled, not read; "all" */
    const char *accept;             /* findings of the lint that were checked: "order:int8 ..." */
    double year, process_nm, die_mm2, transistors, n_cores, clock_hz;
    double peak_flops_per_s[N_PREC]; /* dense, nominal; PREC_VECTOR: fp32 outside the matrix unit */
    double l1_bytes_per_core, l2_bytes, l2_bytes_per_s;
    double mem_bytes, mem_bytes_per_s;
    double link_bytes_per_s, host_bytes_per_s; /* one direction */
    double storage_bytes_per_s;
    double tdp_w, idle_w, price_usd, cloud_usd_per_s;
    double mamf_bf16_flops_per_s, mamf_fp8_flops_per_s; /* measured achievable matmul rate */
    double confidence_ratio;
    unsigned line; /* in the file it came from */
};

struct device_alias {
    const char *alias, *id, *notes;
    unsigned line;
};

struct device_db {
    const char *path;
    const struct device *device; /* sorted by id, whatever the order in the file */
    size_t n;
    const struct device_alias *alias; /* other names of devices; none unless loaded */
    size_t n_aliases;
};

/** Reads devices.csv strictly: any bad cell is an error with its place. `db` and the devices point
 * into the arena. Whether the values make sense is for hw/lint.h. */
cosim_status device_db_load(struct device_db *db, const char *path, struct arena *a,
                            cosim_error *e);

/** As device_db_load from n bytes in memory; `name` stands for the path in errors. */
cosim_status device_db_parse(struct device_db *db, const char *name, const void *data, size_t n,
                             struct arena *a, cosim_error *e);

/** Adds the names of aliases.csv (alias, id, notes). EUNKNOWN when an id is not in `db`. */
cosim_status device_alias_load(struct device_db *db, const char *path, struct arena *a,
                               cosim_error *e);

/** By id, name or alias, case-blind; EUNKNOWN with a suggestion. */
cosim_status device_find(const struct device_db *db, const char *id, const struct device **d,
                         cosim_error *e);

/** A number of a device by the offset of its member in struct device. */
static inline double device_f64(const struct device *d, size_t offset)
{
    return *(const double *)(const void *)((const char *)d + offset);
}

#define DEVICE_PEAK(p) (offsetof(struct device, peak_flops_per_s) + (p) * sizeof(double))

/** Header of the column that feeds the member at that offset: "mem_bw[GB/s]". */
const char *device_column(size_t offset);

/** Whether a column has that name (n characters, unit left out). */
bool device_has_column(const char *stem, size_t n);

/** SI value = factor * value in the file, for the column of that member; 1 for text. */
double device_column_scale(size_t offset);

/** Whether that column of this device was recalled instead of read (fields_from_memory). */
bool device_from_memory(const struct device *d, size_t offset);

#endif
