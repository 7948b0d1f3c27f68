/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Platforms: unequal devices with links between them (hwdb/platforms.csv, platform_links.csv).
 *
 * A member is a device of devices.csv, or a share of one: the CPU cores of a chip whose row
 * describes its GPU. Members of one pool keep weights and KV in the same memory. A tier is a member
 * that only stores weights: each use streams them to the member that it runs on (flash of a phone,
 * host memory of a GPU).
 */
#ifndef HW_PLATFORM_H
#define HW_PLATFORM_H

#include "core/sourced.h"
#include "hw/device.h"
#include "hw/rates.h"

#define PLATFORM_MEMBERS_MAX 6u

struct platform_member {
    const char *name;          /* unique in its platform: gpu, cpu, npu, flash */
    struct device device;      /* a copy of the row, shares applied; `device_class` may differ */
    size_t pool;               /* index of the memory that holds its weights */
    size_t runs_on;            /* member that computes and holds KV: itself unless a tier */
    double stream_bytes_per_s; /* a tier: nominal rate of reading weights; else NaN */
    double static_w;           /* NaN = as hw/rates.h has it for the device */
    enum origin origin;
    const char *source, *notes;
    unsigned line;
};

struct platform_pool {
    const char *name;
    double mem_bytes; /* nominal */
};

struct platform_link {
    size_t from, to;    /* members; both directions alike */
    const char *type;   /* as link types of assumptions.csv, or "shared": no copy */
    double bytes_per_s; /* one direction, nominal; NaN when shared */
    double sync_s;      /* one hand-over: signal, wait, first launch */
    enum origin origin;
    const char *source;
    unsigned line;
};

struct platform {
    const char *id;
    const struct platform_member *member;
    size_t n_members;
    const struct platform_pool *pool;
    size_t n_pools;
    const struct platform_link *link;
    size_t n_links;
};

struct platform_db {
    const char *path, *links_path;
    const struct platform *platform; /* in file order */
    size_t n;
};

/**
 * Reads both files strictly: unknown devices, members, classes and origins, pools of unequal size,
 * tiers of tiers, repeated and missing links (every pair of computing members needs one) are errors
 * with their place.
 */
cosim_status platform_db_load(struct platform_db *db, const struct device_db *devices,
                              const char *path, const char *links_path, struct arena *a,
                              cosim_error *e);

/** As platform_db_load from memory. */
cosim_status platform_db_parse(struct platform_db *db, const struct device_db *devices,
                               const char *name, const void *data, size_t n, const char *links_name,
                               const void *links, size_t n_links, struct arena *a, cosim_error *e);

/** By id, case-blind; EUNKNOWN with a suggestion. */
cosim_status platform_find(const struct platform_db *db, const char *id, const struct platform **p,
                           cosim_error *e);

/** Index of a member; EUNKNOWN with the members as a hint. */
cosim_status platform_member_find(const struct platform *p, const char *name, size_t *member,
                                  cosim_error *e);

/** The link between two members, either way round, or NULL. */
const struct platform_link *platform_link_between(const struct platform *p, size_t x, size_t y);

#endif
