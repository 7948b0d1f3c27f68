/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices as their data sheets state them (hwdb/devices.csv). NaN and NULL = unknown. */
#ifndef HW_DEVICE_H
#define HW_DEVICE_H

#include "core/arena.h"
#include "core/err.h"
#include "core/precision.h"

#include <stddef.h>

struct device {
    const char *id;                    /* unique: h100-sxm */
    const char *name;                  /* as sources spell it: H100-SXM */
    const char *vendor, *device_class; /* gpu cpu npu tpu fpga asic soc */
    const char *mem_type, *link_type, *source, *fields_from_memory, *notes;
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

struct device_db {
    const char *path;
    const struct device *device; /* sorted by id */
    size_t n;
};

/** Reads devices.csv strictly: any bad cell is an error with its place. */
cosim_status device_db_load(struct device_db *db, const char *path, struct arena *a,
                            cosim_error *e);

/** By id or by name, case-blind; EUNKNOWN with a suggestion. */
cosim_status device_find(const struct device_db *db, const char *id, const struct device **d,
                         cosim_error *e);

#endif
