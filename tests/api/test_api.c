/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The public interface alone, as a program that links the library uses it. */
#include "cosim.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cosim *c;

static cosim_status open_as(cosim **out, const char *hwdb, const char *workloads, cosim_error *e)
{
    const cosim_options o = { .size = sizeof o, .hwdb = hwdb, .workloads = workloads };

    return cosim_open(out, &o, e);
}

static int open_context(void **state)
{
    cosim_error e = { 0 };

    (void)state;
    if (open_as(&c, "hwdb", "workloads", &e) == COSIM_OK)
        return 0;
    print_error("%s:%u:%u: %s\n", e.file, e.line, e.col, e.msg);
    return 1;
}

static int close_context(void **state)
{
    (void)state;
    cosim_close(c);
    return 0;
}

/* Pairs of key and value, NULL at the end. */
static cosim_study *study_of(const char *const *pairs)
{
    cosim_study *s = NULL;
    cosim_error e = { 0 };

    assert_int_equal(cosim_study_new(&s, &e), COSIM_OK);
    for (; pairs[0]; pairs += 2)
        if (cosim_study_set(s, pairs[0], pairs[1], "test", &e) != COSIM_OK)
            fail_msg("%s = %s: %s", pairs[0], pairs[1], e.msg);
    return s;
}

#define STUDY(...) study_of((const char *const[]){ __VA_ARGS__, NULL, NULL })

static double number(const cosim_table *t, size_t row, const char *column)
{
    const size_t col = cosim_table_find(t, column);

    if (col == SIZE_MAX)
        fail_msg("no column '%s'", column);
    return cosim_table_number(t, row, col);
}

static const char *text(const cosim_table *t, size_t row, const char *column)
{
    const char *s = cosim_table_text(t, row, cosim_table_find(t, column));

    return s ? s : "";
}

static void wrong_options_are_a_status(void **state)
{
    const cosim_options none = { 0 }, no_folder = { .size = sizeof no_folder },
                        small = { .size = 3, .hwdb = "hwdb", .workloads = "workloads" };
    const cosim_options *const wrong[] = { NULL, &none, &no_folder, &small };
    cosim *other = c;
    cosim_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        other = c;
        assert_int_equal(cosim_open(&other, wrong[i], NULL), COSIM_EUSAGE);
        assert_null(other);
    }
    assert_int_equal(open_as(&other, "/no/such/folder", "workloads", &e), COSIM_EIO);
    assert_null(other);
    assert_non_null(strstr(e.file, "/no/such/folder"));
    assert_int_not_equal(open_as(&other, "workloads", "hwdb", NULL), COSIM_OK);
    cosim_close(NULL);
    cosim_table_free(NULL);
    cosim_study_free(NULL);
}

static void statuses_have_names_and_exit_codes(void **state)
{
    (void)state;
    assert_string_equal(cosim_status_name(COSIM_ERANGE), "ERANGE");
    assert_int_equal(cosim_status_exit_code(COSIM_OK), 0);
    assert_int_equal(cosim_status_exit_code(COSIM_EUSAGE), 2);
    assert_int_equal(cosim_status_exit_code(COSIM_EINTERRUPTED), 130);
    assert_int_equal(cosim_status_exit_code((cosim_status)12345), 5);
    assert_non_null(cosim_status_text((cosim_status)-1));
    char version[32];
    (void)snprintf(version, sizeof version, "%d.%d.%d", COSIM_VERSION_MAJOR, COSIM_VERSION_MINOR,
                   COSIM_VERSION_PATCH);
    assert_string_equal(cosim_version(), version);
}

static void lists_show_what_there_is(void **state)
{
    static const struct {
        const char *kind;
        size_t least;
    } rows[] = { { "devices", 100 },  { "models", 160 },  { "formats", 60 },
                 { "recipes", 10 },   { "scenarios", 5 }, { "objectives", 10 },
                 { "algorithms", 2 }, { "axes", 12 },     { "operators", 7 } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cosim_table *t = NULL;
        cosim_error e = { 0 };
        if (cosim_list(c, rows[i].kind, &t, &e) != COSIM_OK)
            fail_msg("%s: %s", rows[i].kind, e.msg);
        if (cosim_table_rows(t) < rows[i].least)
            fail_msg("%s: %zu rows", rows[i].kind, cosim_table_rows(t));
        assert_true(cosim_table_columns(t) > 1);
        cosim_table_free(t);
    }
}

static void unknown_names_are_suggested(void **state)
{
    cosim_table *t = NULL;
    cosim_study *s = NULL;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(cosim_list(c, "devises", &t, &e), COSIM_EUSAGE);
    assert_null(t);
    assert_non_null(strstr(e.hint, "devices"));
    e = (cosim_error){ 0 };
    assert_int_equal(cosim_show(c, "h100-sxn", &t, &e), COSIM_EUNKNOWN);
    assert_null(t);
    assert_non_null(strstr(e.hint, "h100-sxm"));
    assert_int_equal(cosim_check(c, "hw", &t, NULL), COSIM_EUSAGE);
    cosim_table *summary = NULL;
    assert_int_equal(cosim_validate_operators(c, "x", NULL, &summary, &t, NULL), COSIM_EUSAGE);
    assert_int_equal(cosim_hypervolume(NULL, NULL, &t, NULL), COSIM_EUSAGE);
    assert_int_equal(cosim_route(c, NULL, "x", NULL, &t, NULL), COSIM_EUSAGE);
    assert_null(t);
    assert_null(t);
    e = (cosim_error){ 0 };
    assert_int_equal(cosim_study_new(&s, &e), COSIM_OK);
    assert_int_equal(cosim_study_set(s, "modle", "x", "--modle", &e), COSIM_EUNKNOWN);
    assert_string_equal(e.file, "--modle");
    assert_non_null(strstr(e.hint, "model"));
    assert_int_equal(cosim_study_set(s, "model", "x", NULL, NULL), COSIM_OK);
    assert_int_equal(cosim_estimate(c, s, &t, NULL), COSIM_EUSAGE); /* no device */
    assert_null(t);
    cosim_study_free(s);
}

static void every_key_of_a_study_can_be_set(void **state)
{
    cosim_study *s = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(cosim_study_new(&s, NULL), COSIM_OK);
    for (const cosim_key *k; (k = cosim_study_key(n)) != NULL; n++) {
        assert_true(k->key && k->doc && k->arg);
        assert_int_equal(cosim_study_set(s, k->key, k->def ? k->def : "x", NULL, NULL), COSIM_OK);
    }
    assert_true(n > 15);
    assert_null(cosim_study_key(n + 1000));
    cosim_study_free(s);
}

static void an_estimate_has_a_row_for_every_point(void **state)
{
    cosim_study *s = STUDY("model", "llama-3.1-8b", "device", "h100-sxm,rtx-4090", "w",
                           "bf16,int4-g128", "batch", "1,8");
    cosim_table *t = NULL;
    cosim_error e = { 0 };

    (void)state;
    if (cosim_estimate(c, s, &t, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(cosim_table_rows(t), 8);
    for (size_t i = 0; i < 8; i++) {
        assert_rel(number(t, i, "point"), (double)i, 0);
        assert_string_equal(text(t, i, "feasible"), "feasible");
        assert_rel(number(t, i, "e2e_s"), number(t, i, "ttft_s") + 127 * number(t, i, "tpot_s"),
                   1e-12);
        assert_string_equal(text(t, i, "device"), i % 2 ? "rtx-4090" : "h100-sxm");
    }
    assert_true(number(t, 4, "tpot_s") < number(t, 0, "tpot_s")); /* int4 reads less */
    assert_true(number(t, 4, "memory_bytes") < number(t, 0, "memory_bytes"));
    cosim_table_free(t);
    assert_int_equal(cosim_study_set(s, "prompt", "1..5000", NULL, NULL), COSIM_OK);
    assert_int_equal(cosim_estimate(c, s, &t, &e), COSIM_ERANGE);
    assert_null(t);
    cosim_study_free(s);
}

/* What explain says of the operators adds up to what estimate says of the point. */
static void an_explanation_adds_up_to_the_estimate(void **state)
{
    cosim_study *s = STUDY("model", "llama-3.1-8b", "device", "h100-sxm,a100-80gb-sxm", "tp", "2",
                           "prompt", "512", "output", "1");
    cosim_table *estimate = NULL, *t = NULL;
    cosim_error e = { 0 };
    const uint64_t point = 1, beyond = 2;
    double prefill_s = 0.0, decode_s = 0.0;

    (void)state;
    assert_int_equal(cosim_estimate(c, s, &estimate, NULL), COSIM_OK);
    if (cosim_explain(c, s, &point, &t, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < cosim_table_rows(t); i++)
        *(strcmp(text(t, i, "phase"), "prefill") == 0 ? &prefill_s : &decode_s) +=
            number(t, i, "total_s");
    assert_rel(number(estimate, 1, "ttft_s"), prefill_s, 1e-12);
    assert_rel(number(estimate, 1, "tpot_s"), decode_s, 1e-12);
    cosim_table_free(t);
    assert_int_not_equal(cosim_explain(c, s, NULL, &t, NULL), COSIM_OK); /* which one? */
    assert_null(t);
    assert_int_not_equal(cosim_explain(c, s, &beyond, &t, NULL), COSIM_OK);
    assert_null(t);
    cosim_table_free(estimate);
    cosim_study_free(s);
}

static void a_sweep_gives_a_frontier_that_estimate_confirms(void **state)
{
    cosim_study *s =
        STUDY("model", "qwen2.5-7b", "device", "class:gpu", "w", "bf16,int8,int4-g128", "batch",
              "1,16", "objectives", "tpot_s,j_per_token", "threads", "2", "cloud", "50");
    cosim_table *t = NULL;
    cosim_sweep_info info;
    cosim_error e = { 0 };
    char signature[17];
    size_t n_front = 0;

    (void)state;
    if (cosim_sweep(c, s, NULL, NULL, &t, &info, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(info.n_evaluated, info.n_points);
    assert_false(info.partial);
    assert_true(info.n_front > 0 && info.n_front <= info.n_feasible);
    assert_int_equal(cosim_signature(c, s, signature, NULL), COSIM_OK);
    assert_string_equal(signature, info.signature);
    for (size_t i = 0; i < cosim_table_rows(t); i++) {
        n_front += number(t, i, "on_front") == 1.0;
        for (size_t k = 0; k < info.n_front; k++) /* nobody beats a member */
            assert_false(number(t, i, "tpot_s") < number(t, k, "tpot_s")
                         && number(t, i, "j_per_token") < number(t, k, "j_per_token"));
    }
    assert_int_equal(n_front, info.n_front);
    assert_true(cosim_table_rows(t) > n_front);
    cosim_table_free(t);
    cosim_study_free(s);
}

static void stop_now(void *user, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    cosim_stop(user);
}

static void an_interrupted_sweep_comes_with_its_table(void **state)
{
    cosim_study *s =
        STUDY("model", "qwen2.5-7b", "device", "h100-sxm", "prompt", "1..2000", "threads", "1");
    cosim_table *t = NULL;
    cosim_sweep_info info;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(cosim_sweep(c, s, stop_now, c, &t, &info, &e), COSIM_EINTERRUPTED);
    assert_non_null(t);
    assert_true(info.partial);
    assert_true(info.n_evaluated > 0 && info.n_evaluated < info.n_points);
    cosim_table_free(t);
    assert_int_equal(cosim_sweep(c, s, NULL, NULL, &t, &info, NULL), COSIM_OK); /* starts anew */
    assert_int_equal(info.n_evaluated, info.n_points);
    cosim_table_free(t);
    cosim_study_free(s);
}

static void contexts_do_not_interact(void **state)
{
    cosim *other = NULL;
    cosim_study *s = STUDY("model", "llama-3.1-8b", "device", "h100-sxm");
    cosim_table *a = NULL, *b = NULL;

    (void)state;
    assert_int_equal(open_as(&other, "hwdb", "workloads", NULL), COSIM_OK);
    cosim_stop(other);
    assert_int_equal(cosim_estimate(c, s, &a, NULL), COSIM_OK);
    assert_int_equal(cosim_estimate(other, s, &b, NULL), COSIM_OK);
    cosim_close(other); /* results outlive their context */
    assert_rel(number(b, 0, "tpot_s"), number(a, 0, "tpot_s"), 0);
    assert_string_equal(text(b, 0, "model"), "llama-3.1-8b");
    cosim_table_free(a);
    cosim_table_free(b);
    cosim_study_free(s);
}

static void columns_are_chosen_in_order(void **state)
{
    cosim_study *s = STUDY("model", "llama-3.1-8b", "device", "h100-sxm,t4");
    cosim_table *t = NULL, *few = NULL;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(cosim_estimate(c, s, &t, NULL), COSIM_OK);
    assert_int_equal(cosim_table_select(t, "tpot_s, device,point", &few, &e), COSIM_OK);
    assert_int_equal(cosim_table_columns(few), 3);
    assert_int_equal(cosim_table_rows(few), 2);
    assert_string_equal(cosim_table_column_name(few, 0), "tpot_s");
    assert_string_equal(cosim_table_column_unit(few, 0), "s");
    assert_rel(cosim_table_number(few, 0, 0), number(t, 0, "tpot_s"), 0);
    assert_string_equal(cosim_table_text(few, 1, 1), "t4");
    cosim_table_free(few);

    assert_int_equal(cosim_table_select(t, "tpott_s", &few, &e), COSIM_EUNKNOWN);
    assert_null(few);
    assert_non_null(strstr(e.hint, "tpot_s"));
    assert_int_not_equal(cosim_table_select(t, "", &few, NULL), COSIM_OK);
    assert_null(few);
    cosim_table_free(t);
    cosim_study_free(s);
}

static void cells_outside_are_unknown(void **state)
{
    cosim_study *s = STUDY("model", "llama-3.1-8b", "device", "h100-sxm");
    cosim_table *t = NULL;

    (void)state;
    assert_int_equal(cosim_estimate(c, s, &t, NULL), COSIM_OK);
    assert_true(isnan(cosim_table_number(t, 1, 0)));
    assert_true(isnan(cosim_table_number(t, 0, SIZE_MAX)));
    assert_true(isnan(number(t, 0, "device"))); /* a text */
    assert_null(cosim_table_text(t, 0, cosim_table_find(t, "tpot_s")));
    assert_null(cosim_table_text(t, SIZE_MAX, 0));
    assert_null(cosim_table_column_name(t, 1000));
    assert_null(cosim_table_column_unit(t, 1000));
    assert_int_equal(cosim_table_find(t, "nothing"), SIZE_MAX);
    cosim_table_free(t);
    cosim_study_free(s);
}

/* Written as CSV and read again: the same numbers to the last bit, unknown stays unknown. */
static void a_written_table_reads_back(void **state)
{
    char path[] = "/tmp/cosim_test_XXXXXX";
    const int fd = mkstemp(path);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    const cosim_write_options o = { .size = sizeof o, .format = "csv" };
    cosim_study *s = STUDY("model", "llama-3.1-8b,mixtral-8x7b", "device", "h100-sxm,t4", "w",
                           "bf16,int4-g128+ffn_down@0,1=int8");
    cosim_table *t = NULL, *back = NULL;
    cosim_error e = { 0 };

    (void)state;
    assert_non_null(f);
    assert_int_equal(cosim_estimate(c, s, &t, NULL), COSIM_OK);
    if (cosim_write(c, t, &o, f, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(fclose(f), 0);
    if (cosim_table_read(path, &back, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    (void)unlink(path);
    assert_int_equal(cosim_table_rows(back), cosim_table_rows(t));
    assert_int_equal(cosim_table_columns(back), cosim_table_columns(t));
    for (size_t col = 0; col < cosim_table_columns(t); col++) {
        assert_string_equal(cosim_table_column_name(back, col), cosim_table_column_name(t, col));
        for (size_t row = 0; row < cosim_table_rows(t); row++) {
            const double x = cosim_table_number(t, row, col),
                         y = cosim_table_number(back, row, col);
            const char *a = cosim_table_text(t, row, col), *b = cosim_table_text(back, row, col);
            assert_true(x == y || (isnan(x) && isnan(y)));
            assert_string_equal(a ? a : "", b ? b : "");
        }
    }
    cosim_table_free(t);
    cosim_table_free(back);
    cosim_study_free(s);
}

static void a_table_that_cannot_be_read_is_no_table(void **state)
{
    cosim_table *t = NULL;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(cosim_table_read("/no/such/file.csv", &t, &e), COSIM_EIO);
    assert_null(t);
    assert_int_not_equal(cosim_table_read("tests", &t, NULL), COSIM_OK);
    assert_null(t);
}

/* A full disk or a closed pipe is noticed. */
static void lost_output_is_an_error(void **state)
{
    const cosim_write_options o = { .size = sizeof o, .format = "csv" }, wrong = { .size = 1 },
                              unknown = { .size = sizeof unknown, .format = "xml" };
    cosim_table *t = NULL;
    FILE *full = fopen("/dev/full", "w"), *null = fopen("/dev/null", "w");
    cosim_error e = { 0 };

    (void)state;
    assert_non_null(null);
    assert_int_equal(cosim_list(c, "devices", &t, NULL), COSIM_OK);
    assert_int_equal(cosim_write(c, t, &wrong, null, NULL), COSIM_EUSAGE);
    assert_int_equal(cosim_write(c, t, NULL, null, NULL), COSIM_EUSAGE);
    assert_int_equal(cosim_write_meta(c, t, NULL, null, NULL), COSIM_EUSAGE);
    assert_int_equal(cosim_plot(c, t, NULL, "-", null, NULL), COSIM_EUSAGE);
    assert_int_not_equal(cosim_write(c, t, &unknown, null, &e), COSIM_OK);
    if (full) {
        e = (cosim_error){ 0 };
        assert_int_equal(cosim_write(c, t, &o, full, &e), COSIM_EIO);
        (void)fclose(full);
    }
    (void)fclose(null);
    cosim_table_free(t);
}

static void the_shipped_data_passes_its_checks(void **state)
{
    static const char *const what[] = { "hwdb", "workloads" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        cosim_table *t = NULL;
        cosim_error e = { 0 };
        if (cosim_check(c, what[i], &t, &e) != COSIM_OK)
            fail_msg("%s: %s", what[i], e.msg);
        assert_non_null(t);
        cosim_table_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_options_are_a_status),
        cmocka_unit_test(statuses_have_names_and_exit_codes),
        cmocka_unit_test(lists_show_what_there_is),
        cmocka_unit_test(unknown_names_are_suggested),
        cmocka_unit_test(every_key_of_a_study_can_be_set),
        cmocka_unit_test(an_estimate_has_a_row_for_every_point),
        cmocka_unit_test(an_explanation_adds_up_to_the_estimate),
        cmocka_unit_test(a_sweep_gives_a_frontier_that_estimate_confirms),
        cmocka_unit_test(an_interrupted_sweep_comes_with_its_table),
        cmocka_unit_test(contexts_do_not_interact),
        cmocka_unit_test(columns_are_chosen_in_order),
        cmocka_unit_test(cells_outside_are_unknown),
        cmocka_unit_test(a_written_table_reads_back),
        cmocka_unit_test(a_table_that_cannot_be_read_is_no_table),
        cmocka_unit_test(lost_output_is_an_error),
        cmocka_unit_test(the_shipped_data_passes_its_checks),
    };

    return cmocka_run_group_tests(tests, open_context, close_context);
}
