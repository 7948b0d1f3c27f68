/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings of cosim_arch become a study of architectures. */
#include "api/arch.h"
#include "api/arch_keys.h"

#include "core/text.h"
#include "model/hf_write.h"

#include <string.h>

static const cosim_key keys[N_ARCH_KEYS] = {
#define ARCH_KEY_ROW(id, key, arg, def, doc) { key, arg, def, doc },
    ARCH_KEY_LIST(ARCH_KEY_ROW)
#undef ARCH_KEY_ROW
};

/* What errors name as the place of a value. */
static const char *const origins[N_ARCH_KEYS] = {
#define ARCH_KEY_ORIGIN(id, key, arg, def, doc) "--" key,
    ARCH_KEY_LIST(ARCH_KEY_ORIGIN)
#undef ARCH_KEY_ORIGIN
};

const cosim_key *cosim_arch_key(size_t i)
{
    return i < N_ARCH_KEYS ? &keys[i] : NULL;
}

static cosim_status read_setting(struct arch_given *g, const cosim_setting *s, cosim_error *e)
{
    struct nearest near = { .want = s->name };

    for (size_t i = 0; i < N_ARCH_KEYS; i++) {
        nearest_offer(&near, keys[i].key);
        if (strcmp(keys[i].key, s->name) != 0)
            continue;
        if (keys[i].arg && !s->value)
            return err_set(e, COSIM_EUSAGE, "'--%s' needs a value", s->name);
        g->trained = g->trained || i == KEY_TRAINED;
        g->key[i] = (struct setting){ s->value, { origins[i], 0, 0 } };
        return COSIM_OK;
    }
    const cosim_status st = err_set(e, COSIM_EUSAGE, "unknown option '--%s'", s->name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '--%s'?", nearest_suggestion(&near));
    return st;
}

static cosim_status read_settings(struct arch_given *g, const cosim_setting *s, size_t n,
                                  cosim_error *e)
{
    memset(g, 0, sizeof *g);
    for (size_t i = 0; i < N_ARCH_KEYS; i++)
        g->key[i] = (struct setting){ keys[i].def, { origins[i], 0, 0 } };
    for (size_t i = 0; i < n; i++)
        TRY(read_setting(g, &s[i], e));
    return COSIM_OK;
}

static const struct {
    const char *name;
    cosim_status (*show)(struct table **t, const struct arch_study *s, cosim_error *e);
} shows[] = {
    { "best", arch_show_best }, { "front", arch_show_front },   { "region", arch_show_region },
    { "iso", arch_show_iso },   { "shadow", arch_show_shadow }, { "closed", arch_show_closed },
};

static cosim_status show(const struct arch_study *s, const struct arch_given *g, struct table **t,
                         cosim_error *e)
{
    const struct setting *what = &g->key[KEY_SHOW];
    struct nearest near = { .want = what->text };

    for (size_t i = 0; i < sizeof shows / sizeof *shows; i++) {
        if (strcmp(shows[i].name, what->text) == 0)
            return shows[i].show(t, s, e);
        nearest_offer(&near, shows[i].name);
    }
    const cosim_status st =
        err_at(e, COSIM_EUSAGE, &what->at, "'%.40s' cannot be shown", what->text);
    err_hint(e,
             nearest_suggestion(&near) ? "did you mean '%s'?"
                                       : "best, front, region, iso, shadow or closed%s",
             nearest_suggestion(&near) ? nearest_suggestion(&near) : "");
    return st;
}

/* The picked design, or the best one. */
static cosim_status write_config(const struct arch_study *s, const struct arch_given *g,
                                 cosim_error *e)
{
    struct arch_point best;
    struct arena a = { 0 };
    struct model m;
    uint64_t id = 0;

    if (!g->key[KEY_CONFIG].text)
        return g->key[KEY_PICK].text ? err_set(e, COSIM_EUSAGE, "--pick belongs to --config")
                                     : COSIM_OK;
    if (g->key[KEY_PICK].text) {
        TRY(setting_u64(&g->key[KEY_PICK], 0, arch_n_points(s) - 1, &id, e));
        best.arch = arch_grid_point(s, id);
    } else {
        TRY(arch_optimum(&best, s, ARCH_DEPTH_WHOLE, e));
    }
    const struct model_shape shape = arch_shape(s, &best.arch);
    cosim_status st = model_synth(&m, &shape, &a, e);
    if (st == COSIM_OK)
        st = model_to_hf(&m, g->key[KEY_CONFIG].text, e);
    arena_release(&a);
    return st;
}

cosim_status cosim_arch(cosim *c, const cosim_study *study, const cosim_setting *setting, size_t n,
                        cosim_table **t, cosim_error *e)
{
    struct arch_study s;
    struct arch_given g;

    *t = NULL;
    TRY(read_settings(&g, setting, n, e));
    cosim_status st = arch_study_open(&s, c, study, &g, e);
    if (st == COSIM_OK)
        st = show(&s, &g, t, e);
    if (st == COSIM_OK)
        st = write_config(&s, &g, e);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    arch_study_release(&s);
    return st;
}
