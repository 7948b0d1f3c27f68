/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of the lint: what the rules see and how they report. */
#ifndef HW_LINT_RULES_H
#define HW_LINT_RULES_H

#include "core/num.h"
#include "hw/lint.h"

#define LINT_BLAMED_MAX 64

struct lint {
    const struct device_db *db;
    const struct device *d;
    size_t i_device;
    const char *rule;
    struct table *table;
    cosim_error *e;
    cosim_status st;
    size_t blamed[LINT_BLAMED_MAX]; /* offsets of this device's cells with a finding */
    size_t n_blamed;
};

#define LINT_RULE_DECL(id, doc) void lint_##id(struct lint *l);
LINT_RULES(LINT_RULE_DECL)
#undef LINT_RULE_DECL

/** A finding about the column that feeds the member at `offset`; `hint` may be NULL. */
void lint_blame(struct lint *l, size_t offset, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/** The member in SI, or unknown when it is already blamed. */
double lint_value(const struct lint *l, size_t offset);

/** As lint_value, in the unit of the file. */
double lint_cell(const struct lint *l, size_t offset);

/** Blames a known value (as written) outside lo..hi. */
void lint_window(struct lint *l, size_t offset, double lo, double hi, const char *what);

#define AT(member) offsetof(struct device, member)

/** Whether text begins with prefix; false for NULL. */
bool lint_begins(const char *text, const char *prefix);

#endif
