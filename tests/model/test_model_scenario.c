/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model_scenario.h"

#include "core/num.h"
#include "support/close.h"

#include <string.h>

static void scenarios_are_rows(void **state)
{
    const struct scenario *s = NULL;
    struct scenario_db db;
    struct arena a = { 0 };
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(scenario_db_load(&db, "workloads/scenarios.csv", &a, &e), COSIM_OK);
    assert_true(db.n >= 5);
    assert_int_equal(scenario_find(&db, "Demo", &s, &e), COSIM_OK);
    assert_rel(s->prompt_tokens, 2048, 0);
    assert_rel(s->output_tokens, 256, 0);
    assert_int_equal(scenario_find(&db, "batch", &s, &e), COSIM_OK);
    assert_false(is_known(s->ttft_slo_s));
    assert_int_equal(scenario_find(&db, "sumarise", &s, &e), COSIM_EUNKNOWN);
    assert_non_null(strstr(e.hint, "summarise"));
    for (size_t i = 0; i < db.n; i++)
        assert_non_null(strstr("sheet measured derived assumed", db.scenario[i].origin));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(scenarios_are_rows) };
    return cmocka_run_group_tests_name("model/scenario", tests, NULL, NULL);
}
