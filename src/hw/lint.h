/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Does a device table make sense? Each rule knows one way in which data sheets are misread.
 * hwdb/README.md explains the rules for people who add a device.
 */
#ifndef HW_LINT_H
#define HW_LINT_H

#include "core/table.h"
#include "hw/device.h"

/* id, doc. In this order: a cell that one rule blames is not looked at by the later ones, so that
 * one mistake gives one finding. */
#define LINT_RULES(X)                                                                              \
    X(slug, "an id is lower-case letters and digits joined by single '-'")                         \
    X(sorted, "rows stand in the order of their ids")                                              \
    X(class, "class is one of gpu cpu npu tpu fpga asic soc")                                      \
    X(source, "a source can be looked up")                                                         \
    X(from_memory, "from_memory names columns, and costs confidence")                              \
    X(year, "year of the launch, 2010 to 2028")                                                    \
    X(process, "marketing node, not before the year it was first sold")                            \
    X(density, "transistors per area of silicon")                                                  \
    X(tdp, "watts of one device, by class")                                                        \
    X(unpublished, "the vendor publishes no power: a number is a guess")                           \
    X(idle, "idle power is below the TDP")                                                         \
    X(price, "US dollars for one device or one hour")                                              \
    X(gib, "capacity in vendor GB, not GiB turned into 10^9 or back")                              \
    X(capacity, "capacity, by kind of memory")                                                     \
    X(socket, "the capacity of a socketed CPU is its maximum, and the notes say so")               \
    X(mem_bw, "bandwidth against speed grade, kind and capacity of the memory: GB/s, not Gbit/s")  \
    X(cache, "on-chip memory: sizes, and a cache is not slower than the memory")                   \
    X(link, "one direction, GB/s: against the link's name")                                        \
    X(host, "one direction, GB/s: against PCIe generation and lanes")                              \
    X(scale, "one rate 1000 times away from the others: GFLOP/s or PFLOP/s")                       \
    X(vector, "fp64 and fp32 of NVIDIA are vector rates; vector is never above fp32")              \
    X(geforce, "GeForce fp16 and fp8 with fp32 accumulation: half of the advertised rate")         \
    X(order, "a narrower number is not slower than a wider one")                                   \
    X(sparse, "dense rates: at most twice the next wider one")                                     \
    X(base_clock, "CPU peak rates use the base clock, not the boost clock")                        \
    X(ridge, "flop per byte of memory traffic: 0.1 to 10^4")                                       \
    X(byte_energy, "TDP per byte/s: joules per byte in a physical window")                         \
    X(flop_energy, "TDP per 16-bit flop/s: at least 0.25 pJ (else sparse), at most 300 pJ")        \
    X(mamf, "a measured rate is below the peak")                                                   \
    X(accept, "accepted findings still occur")

/**
 * All findings over all devices: file, line, column (of the CSV), device, rule, message, hint,
 * severity: "error", or "warning" for one that the row's `accept` column names ("order:int8") and
 * so declares checked. Free the table with table_free.
 */
cosim_status device_db_lint(const struct device_db *db, struct table **findings, cosim_error *e);

/** Errors (not warnings) in a table of findings. */
size_t lint_errors(const struct table *findings);

#endif
