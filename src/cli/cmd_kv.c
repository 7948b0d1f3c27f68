/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kv: key and value cache precision per layer. */
#include "cli/cli.h"

#include <string.h>

#define KV_OPTIONS_MAX 64u

const struct option *kv_options(void)
{
    static struct option table[KV_OPTIONS_MAX + 1];

    if (!table[0].name)
        for (size_t n = 0; n < KV_OPTIONS_MAX && cosim_kv_key(n); n++) {
            const cosim_key *k = cosim_kv_key(n);
            table[n] = (struct option){ k->key, 0, k->arg, k->doc };
        }
    return table;
}

int cmd_kv(const struct args *a)
{
    cosim_setting setting[ARGS_MAX];
    cosim_error e = { .status = COSIM_OK };
    cosim_table *t = NULL;
    size_t n = 0;
    int code = EXIT_USAGE;

    if (a->n_operands != 1)
        return usage_error(
            "say which step: cosim kv sensitivity, search, preset, presets, measure or tune");
    for (size_t i = 0; i < a->n_options; i++)
        for (size_t k = 0; cosim_kv_key(k); k++)
            if (strcmp(a->option[i].name, cosim_kv_key(k)->key) == 0)
                setting[n++] = (cosim_setting){ a->option[i].name, a->option[i].value };
    cosim *c = open_context(a, &code);
    if (!c)
        return code;
    const cosim_status st = cosim_kv(c, a->operand[0], setting, n, &t, &e);
    code = st == COSIM_OK ? write_result(c, t, a, st) : report_error(&e);
    cosim_table_free(t);
    cosim_close(c);
    return code;
}
