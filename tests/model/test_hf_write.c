/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/hf_write.h"
#include "model/model_synth.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;
static char folder[] = "/tmp/cosim-hf-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof path, "%s/config.json", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    (void)unlink(path);
    return rmdir(folder);
}

static void what_is_written_is_read_back(void **state)
{
    static const struct model_shape shapes[] = {
        { 17, 1792, 64, 0, 4, 0.5, 16, 1, 151936, 32768, true },
        { 24, 896, 64, 0, 7, 4864.0 / 896, 8, 2, 32000, 4096, false },
        { 24, 896, 64, 0, 7, 4864.0 / 896, 1, 1, 151936, 4096, true },
        { 1, 128, 128, 0, 1, 4, 0, 0, 2, 1, false },
        { 32, 4096, 128, 16, 2, 2, 1, 1, 128256, 131072, false }, /* heads narrower than d */
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct model m, back;
        cosim_error e = { 0 };

        if (model_synth(&m, &shapes[i], &arena, &e) != COSIM_OK
            || model_to_hf(&m, path, &e) != COSIM_OK
            || model_from_hf(&back, path, &arena, &e) != COSIM_OK)
            fail_msg("shape %zu: %s", i, e.msg);
        assert_int_equal(back.n_layers, m.n_layers);
        assert_memory_equal(back.layer, m.layer, m.n_layers * sizeof *m.layer);
        assert_rel(back.n_params, m.n_params, 0);
        assert_rel(back.n_active_params, m.n_active_params, 0);
        assert_rel(back.d_model, m.d_model, 0);
        assert_rel(back.vocab, m.vocab, 0);
        assert_rel(back.max_ctx_tokens, m.max_ctx_tokens, 0);
        assert_string_equal(back.family, m.family);
        assert_null(back.notes); /* nothing had to be assumed */
    }
}

static void what_these_families_have_not_is_refused(void **state)
{
    static const char *const ids[] = { "qwen2.5-0.5b", "gemma-2-2b", "deepseek-moe-16b",
                                       "gpt-2-125m", "mamba-2.8b" };
    struct model_db db;

    (void)state;
    assert_int_equal(model_db_load(&db, "workloads/models.csv", &arena, NULL), COSIM_OK);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const struct model *m = NULL;

        assert_int_equal(model_find(&db, ids[i], &m, NULL), COSIM_OK);
        assert_int_equal(model_to_hf(m, path, NULL), COSIM_EUNSUPPORTED);
    }
}

static void a_file_that_cannot_be_written_is_an_error(void **state)
{
    const struct model_shape s = { 2, 128, 64, 0, 1, 1, 1, 1, 100, 100, true };
    cosim_error e = { 0 };
    struct model m;

    (void)state;
    assert_int_equal(model_synth(&m, &s, &arena, NULL), COSIM_OK);
    assert_int_equal(model_to_hf(&m, "/nowhere/at/all.json", &e), COSIM_EIO);
    assert_string_equal(e.file, "/nowhere/at/all.json");
    assert_int_equal(model_to_hf(&m, "/dev/full", NULL), COSIM_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(what_these_families_have_not_is_refused),
        cmocka_unit_test(a_file_that_cannot_be_written_is_an_error),
    };
    return cmocka_run_group_tests_name("model/hf_write", tests, setup, teardown);
}
