/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the evaluator multiplies by: prices of work on one device, each with its origin.
 * Made from a device and hwdb/assumptions.csv (key, qualifier, value, unit, origin, source).
 */
#ifndef HW_RATES_H
#define HW_RATES_H

#include "core/sourced.h"
#include "hw/device.h"

/* id, unit, doc. "cosim show DEVICE" prints them in this order. */
#define RATE_LIST(X)                                                                               \
    X(ETA_COMPUTE, "ratio", "achieved share of the peak rate (large matrix products)")             \
    X(ETA_MEMORY, "ratio", "achieved share of the memory bandwidth (streaming)")                   \
    X(ETA_LINK, "ratio", "achieved share of the link bandwidth")                                   \
    X(S_PER_MEM_BYTE, "s/byte", "1 / (memory bandwidth * ETA_MEMORY)")                             \
    X(S_PER_CACHE_BYTE, "s/byte", "1 / (last-level cache bandwidth * ETA_MEMORY); 0 = unknown")    \
    X(S_PER_LINK_BYTE, "s/byte", "1 / (link bandwidth * ETA_LINK); host link when no other")       \
    X(LINK_LATENCY_S, "s", "alpha of one hop")                                                     \
    X(LINK_DOMAIN, "devices", "devices that the link joins at this bandwidth")                     \
    X(COLLECTIVE_FLOOR_S, "s", "launch and synchronisation of one collective")                     \
    X(OP_FLOOR_S, "s", "time of the smallest kernel on the device (t_0)")                          \
    X(LAUNCH_S, "s", "host time to launch one kernel (tau_l); 0 without a launch queue")           \
    X(MEM_USABLE_BYTES, "byte", "capacity times the usable share, minus the runtime's reserve")    \
    X(STATIC_W, "W", "power when nothing switches")                                                \
    X(J_PER_MEM_BYTE, "J/byte", "memory traffic, device and interface")                            \
    X(J_PER_CACHE_BYTE, "J/byte", "last-level cache traffic")                                      \
    X(J_PER_LINK_BYTE, "J/byte", "link traffic")                                                   \
    X(CAPEX_USD_PER_S, "USD/s", "price / (life * utilisation), else cloud rent")                   \
    X(ELECTRICITY_USD_PER_J, "USD/J", "electricity price times PUE; 0 when rent includes it")      \
    X(CARBON_G_PER_J, "g/J", "grid carbon intensity times PUE")

enum rate {
#define RATE_ENUM(id, unit, doc) RATE_##id,
    RATE_LIST(RATE_ENUM)
#undef RATE_ENUM
        N_RATES
};

struct rates {
    const struct device *device;
    struct sourced rate[N_RATES];
    /* Per requested precision, after the fallback chain (fp4 -> fp8 -> bf16 ...): */
    enum precision used[N_PREC];       /* the precision really computed in */
    struct sourced s_per_flop[N_PREC]; /* 1 / (peak of used * ETA_COMPUTE) */
    struct sourced j_per_flop[N_PREC]; /* of used */
};

struct assumption {
    const char *key, *qualifier, *unit, *origin, *source;
    double value;
    unsigned line;
};

struct assumption_db {
    const char *path;
    const struct assumption *row;
    size_t n;
};

cosim_status assumption_db_load(struct assumption_db *db, const char *path, struct arena *a,
                                cosim_error *e);

/** The row with that key and qualifier, else the one with qualifier "*", else NULL. */
const struct assumption *assumption_find(const struct assumption_db *db, const char *key,
                                         const char *qualifier);

/** Unknown inputs give unknown rates (NaN, ORIGIN_UNKNOWN); strings point into db, device or arena.
 */
cosim_status rates_make(struct rates *r, const struct device *d, const struct assumption_db *db,
                        struct arena *a, cosim_error *e);

const char *rate_name(enum rate r); /* lower case: eta_compute */
const char *rate_unit(enum rate r);
const char *rate_doc(enum rate r);

#endif
