/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/study.h"

#include <stdlib.h>

static const cosim_key keys[N_STUDY_KEYS] = {
#define KEY_ROW(id, key, arg, def, doc) { key, arg, def, doc },
    STUDY_KEY_LIST(KEY_ROW)
#undef KEY_ROW
};

const cosim_key *cosim_study_key(size_t i)
{
    return i < N_STUDY_KEYS ? &keys[i] : NULL;
}

cosim_status cosim_study_new(cosim_study **s, cosim_error *e)
{
    *s = calloc(1, sizeof **s);
    return *s ? COSIM_OK : err_set(e, COSIM_ENOMEM, "out of memory for a study");
}

void cosim_study_free(cosim_study *s)
{
    if (!s)
        return;
    arena_release(&s->arena);
    free(s);
}

cosim_status cosim_study_set(cosim_study *s, const char *key, const char *value, const char *origin,
                             cosim_error *e)
{
    return study_set(s, key, value, (struct src_pos){ origin, 0, 0 }, e);
}

cosim_status cosim_study_load(cosim_study *s, const char *path, cosim_error *e)
{
    return study_load(s, path, e);
}
