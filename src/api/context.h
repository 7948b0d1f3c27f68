/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of a cosim context: all tables, loaded once, then only read. */
#ifndef API_CONTEXT_H
#define API_CONTEXT_H

#include "api/study.h"
#include "eval/space.h"
#include "hw/device.h"
#include "hw/rates.h"
#include "model/model.h"
#include "model/model_scenario.h"
#include "quant/quality.h"
#include "quant/scheme.h"

#include <signal.h>

struct cosim {
    struct arena arena;
    const char *hwdb, *workloads, *reports;
    struct device_db devices;
    struct assumption_db assumptions;
    struct format_db formats;
    struct scheme_db schemes;
    struct model_db models;
    struct scenario_db scenarios;
    struct quality_db quality;
    volatile sig_atomic_t stop;
};

/** Joins folder and file in the arena. */
cosim_status context_path(struct arena *a, const char *folder, const char *file, const char **path,
                          cosim_error *e);

#endif
