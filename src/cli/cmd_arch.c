/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arch: architectures under the budgets of a device. */
#include "cli/cli.h"

#include <string.h>

#define ARCH_OPTIONS_MAX 32u

const struct option *arch_options(void)
{
    static struct option table[ARCH_OPTIONS_MAX + 1];

    if (!table[0].name)
        for (size_t n = 0; n < ARCH_OPTIONS_MAX && cosim_arch_key(n); n++) {
            const cosim_key *k = cosim_arch_key(n);
            table[n] = (struct option){ k->key, 0, k->arg, k->doc };
        }
    return table;
}

/* What a picture of each table shows unless options say otherwise. */
static const struct {
    const char *show;
    cosim_plot_options usual;
} pictures[] = {
    { "front", { .kind = "pareto", .x = "e2e_s", .y = "loss", .group = "what" } },
    { "region", { .kind = "heatmap", .x = "width", .y = "layers", .value = "loss" } },
    { "iso", { .kind = "curve", .x = "width", .y = "loss", .group = "what", .value = "layers" } },
};

static int draw(cosim *c, const cosim_table *t, const struct args *a, const char *shown)
{
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        if (strcmp(pictures[i].show, shown) == 0)
            return draw_pictures(c, t, a, &pictures[i].usual);
    return usage_error("'--show %s' has no picture: front, region and iso have one", shown);
}

int cmd_arch(const struct args *a)
{
    cosim_setting setting[ARGS_MAX];
    cosim_error e = { .status = COSIM_OK };
    const char *shown = args_get(a, "show");
    cosim_table *t = NULL;
    size_t n = 0;
    int code = check_outputs(a);

    if (code != 0)
        return code;
    for (size_t i = 0; i < a->n_options; i++)
        for (size_t k = 0; cosim_arch_key(k); k++)
            if (strcmp(a->option[i].name, cosim_arch_key(k)->key) == 0)
                setting[n++] = (cosim_setting){ a->option[i].name, a->option[i].value };
    cosim *c = open_context(a, &code);
    cosim_study *s = c ? open_study(a, &code) : NULL;
    if (s) {
        catch_interrupts(c);
        const cosim_status st = cosim_arch(c, s, setting, n, &t, &e);
        catch_interrupts(NULL);
        code = st == COSIM_OK ? write_result(c, t, a, st) : report_error(&e);
        if (code == 0 && args_has(a, "plot"))
            code = draw(c, t, a, shown ? shown : "best");
    }
    cosim_table_free(t);
    cosim_study_free(s);
    cosim_close(c);
    return code;
}
