/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef API_JOINT_SEARCH_H
#define API_JOINT_SEARCH_H

#include "api/search_job.h"

/** Searches what a study with joint keys describes (api/joint.h); `t` is new also after a stop. */
cosim_status joint_search(struct search_job *job, cosim *c, const struct study *s, struct table **t,
                          cosim_error *e);

#endif
