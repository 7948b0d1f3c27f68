/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the evaluator multiplies by: prices of work on one device, each with its origin.
 * Made from a device and hwdb/assumptions.csv (key, qualifier, value, unit, origin, source).
 */
#ifndef HW_RATES_H
#define HW_RATES_H

#include "core/sourced.h"
#include "hw/device.h"

/* id, name, unit, doc. "cosim show DEVICE" prints them in this order. */
#define RATE_LIST(X)                                                                               \
    X(ETA_COMPUTE, "eta_compute", "ratio",                                                         \
      "achieved share of the peak rate (large matrix products)")                                   \
    X(ETA_MEMORY, "eta_memory", "ratio", "achieved share of the memory bandwidth (streaming)")     \
    X(ETA_LINK, "eta_link", "ratio", "achieved share of the link bandwidth")                       \
    X(S_PER_MEM_BYTE, "s_per_mem_byte", "s/byte", "1 / (memory bandwidth * ETA_MEMORY)")           \
    X(S_PER_CACHE_BYTE, "s_per_cache_byte", "s/byte",                                              \
      "1 / (last-level cache bandwidth * ETA_MEMORY); 0 = none in the model")                      \
    X(S_PER_LINK_BYTE, "s_per_link_byte", "s/byte",                                                \
      "1 / (link bandwidth * ETA_LINK); host link when no other")                                  \
    X(LINK_LATENCY_S, "link_latency_s", "s", "alpha of one hop")                                   \
    X(LINK_DOMAIN, "link_domain", "devices", "devices that the link joins at this bandwidth")      \
    X(COLLECTIVE_FLOOR_S, "collective_floor_s", "s",                                               \
      "launch and synchronisation of one collective")                                              \
    X(OP_FLOOR_S, "op_floor_s", "s", "time of the smallest kernel on the device (t_0)")            \
    X(LAUNCH_S, "launch_s", "s",                                                                   \
      "host time to launch one kernel (tau_l); 0 without a launch queue")                          \
    X(MEM_USABLE_BYTES, "mem_usable_bytes", "byte",                                                \
      "capacity times the usable share, minus the runtime's reserve")                              \
    X(STATIC_W, "static_w", "W", "power when nothing switches")                                    \
    X(J_PER_MEM_BYTE, "j_per_mem_byte", "J/byte", "memory traffic, device and interface")          \
    X(J_PER_CACHE_BYTE, "j_per_cache_byte", "J/byte", "last-level cache traffic")                  \
    X(J_PER_LINK_BYTE, "j_per_link_byte", "J/byte", "link traffic")                                \
    X(CAPEX_USD_PER_S, "capex_usd_per_s", "USD/s",                                                 \
      "price / (life * utilisation), else cloud rent")                                             \
    X(ELECTRICITY_USD_PER_J, "electricity_usd_per_j", "USD/J",                                     \
      "electricity price times PUE; 0 when rent includes it")                                      \
    X(CARBON_G_PER_J, "carbon_g_per_j", "g/J", "grid carbon intensity times PUE")

enum rate {
#define RATE_ENUM(id, name, unit, doc) RATE_##id,
    RATE_LIST(RATE_ENUM)
#undef RATE_ENUM
        N_RATES
};

struct rates {
    const struct device *device;
    struct sourced rate[N_RATES];
    /* Per requested precision, after the fallback chain (fp4 -> fp8 -> bf16 ...): */
    enum precision used[N_PREC];       /* the precision really computed in */
    struct sourced s_per_flop[N_PREC]; /* 1 / (peak of used * ETA_COMPUTE), or measured */
    struct sourced j_per_flop[N_PREC]; /* of used; E(node) = E(5 nm) * max(node, 5) / 5 */
};

struct assumption {
    const char *key, *qualifier, *unit, *source; /* unit: SI, after reading */
    double value;                                /* SI */
    enum origin origin;
    unsigned line;
};

struct assumption_db {
    const char *path;
    const struct assumption *row;
    size_t n;
};

/** Reads assumptions.csv strictly. Values may be written in any unit of their key's dimension
 * (pJ/bit for J/byte); unknown keys, units and origins and repeated rows are errors. */
cosim_status assumption_db_load(struct assumption_db *db, const char *path, struct arena *a,
                                cosim_error *e);

/** As assumption_db_load from n bytes in memory. */
cosim_status assumption_db_parse(struct assumption_db *db, const char *name, const void *data,
                                 size_t n, struct arena *a, cosim_error *e);

/** The row with that key and qualifier (case-blind), else the one with qualifier "*", else NULL. */
const struct assumption *assumption_find(const struct assumption_db *db, const char *key,
                                         const char *qualifier);

/**
 * The most special row: tries each qualifier (NULLs are skipped) whole and then shortened from its
 * end, word by word and letter-digit run by run ("LPDDR5X-8533", "LPDDR5X", "LPDDR5", "LPDDR"),
 * at last "*".
 */
const struct assumption *assumption_best(const struct assumption_db *db, const char *key,
                                         const char *const *qualifier, size_t n);

/**
 * Unknown inputs give unknown rates (NaN, ORIGIN_UNKNOWN); strings point into db, device or arena.
 * The rate of an absent precision is that of the first present one of its fallback chain (never a
 * narrower one); without any, 16-bit falls back to an assumed share of int8, VECTOR to an assumed
 * share of the matrix unit. The origin of a product is its least certain factor's.
 */
cosim_status rates_make(struct rates *r, const struct device *d, const struct assumption_db *db,
                        struct arena *a, cosim_error *e);

const char *rate_name(enum rate r); /* lower case: eta_compute */
const char *rate_unit(enum rate r);
const char *rate_doc(enum rate r);

#endif
