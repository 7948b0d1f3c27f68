/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What measurements call things and what we call them: workloads/measured_names.csv
 * (kind, name, id, a, kv, layout, notes).
 *
 *   device, model   id = our id
 *   format          id = weight scheme; a and kv = formats when the source states no bits
 *   a, kv           name = bits, or "format/bits"; id = our format
 *   runtime         name = beginning of the runtime's name; id = its family; layout = how it
 *                   spreads over several devices when the source does not say: tp or pp
 *
 * An empty id says that the thing is known and deliberately not mapped; notes say why.
 */
#ifndef VALIDATE_NAMES_H
#define VALIDATE_NAMES_H

#include "core/arena.h"
#include "core/err.h"

struct foreign_name {
    const char *kind, *name;                  /* never NULL */
    const char *id, *a, *kv, *layout, *notes; /* NULL = empty */
    unsigned line;
};

struct foreign_names {
    const char *path;
    const struct foreign_name *row;
    size_t n;
};

/** Reads strictly: unknown kinds and repeated names are errors. Strings live in the arena. */
cosim_status names_load(struct foreign_names *f, const char *path, struct arena *a, cosim_error *e);

/** As names_load from n bytes in memory; `path` stands for the file in errors. */
cosim_status names_parse(struct foreign_names *f, const char *path, const void *data, size_t n,
                         struct arena *a, cosim_error *e);

/** The row of that kind and name, case-blind, or NULL. */
const struct foreign_name *names_find(const struct foreign_names *f, const char *kind,
                                      const char *name);

/** The row of that kind with the longest name that `name` begins with, case-blind, or NULL. */
const struct foreign_name *names_prefix(const struct foreign_names *f, const char *kind,
                                        const char *name);

#endif
