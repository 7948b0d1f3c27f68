/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/csv.h"
#include "core/num.h"
#include "report/writer.h"

#include "support/close.h"

#include <float.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct report_input inputs[] = { { "hwdb/devices.csv", 0xABC } };
static const struct report_meta meta = {
    .version = "0.1.0",
    .command_line = "cosim sweep --model \"x\"",
    .seeded = true,
    .seed = 7,
    .schema = 1,
    .n_inputs = 1,
    .input = inputs,
};

enum { NAME, LATENCY, MEMORY, ID, FITS, N_COLUMNS };

static const struct column columns[] = {
    { "name", "", "which", CELL_STR },
    { "latency_s", "s", "of a step", CELL_F64 },
    { "memory_bytes", "byte", "peak", CELL_F64 },
    { "id", "", "of the point", CELL_U64 },
    { "fits", "", "in memory", CELL_BOOL },
};

static struct table *sample(void)
{
    struct table *t = NULL;
    size_t r;

    assert_int_equal(table_new(&t, "A title", columns, N_COLUMNS, NULL), COSIM_OK);
    assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
    assert_int_equal(table_set_str(t, r, NAME, "h100, \"sxm\"", NULL), COSIM_OK);
    table_set_f64(t, r, LATENCY, 0.1);
    table_set_f64(t, r, MEMORY, 16.5e9);
    table_set_u64(t, r, ID, UINT64_MAX);
    table_set_flag(t, r, FITS, true);
    assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
    assert_int_equal(table_set_str(t, r, NAME, "µ\n|x", NULL), COSIM_OK);
    table_set_f64(t, r, LATENCY, 1.0 / 3.0);
    table_set_flag(t, r, FITS, false);
    assert_int_equal(table_note(t, NULL, "assumed: %d", 1), COSIM_OK);
    return t;
}

/* The written text; free it. */
static char *written(const struct table *t, const char *format, const struct report_meta *m)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    assert_int_equal(report_write(t, format, m, out, NULL), COSIM_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_written(const char *format, const struct report_meta *m, const char *want)
{
    struct table *t = sample();
    char *text = written(t, format, m);

    assert_string_equal(text, want);
    free(text);
    table_free(t);
}

static void csv_bytes_are_rfc_4180(void **state)
{
    (void)state;
    assert_written("csv", &meta,
                   "name,latency_s,memory_bytes,id,fits\r\n"
                   "\"h100, \"\"sxm\"\"\",0.1,16500000000,18446744073709551615,true\r\n"
                   "\"µ\n|x\",0.3333333333333333,,,false\r\n");
}

static void json_lines_start_with_the_metadata(void **state)
{
    (void)state;
    assert_written(
        "json", &meta,
        "{\"meta\": {\"cosim\": \"0.1.0\", \"commit\": null, \"schema\": 1, "
        "\"command\": \"cosim sweep --model \\\"x\\\"\", \"seed\": 7, \"partial\": false, "
        "\"inputs\": [{\"name\": \"hwdb/devices.csv\", \"fnv1a64\": \"0000000000000abc\"}], "
        "\"title\": \"A title\", \"rows\": 2, \"columns\": ["
        "{\"name\": \"name\", \"unit\": \"\", \"type\": \"string\", \"doc\": \"which\"}, "
        "{\"name\": \"latency_s\", \"unit\": \"s\", \"type\": \"number\", \"doc\": \"of a step\"}, "
        "{\"name\": \"memory_bytes\", \"unit\": \"byte\", \"type\": \"number\", \"doc\": "
        "\"peak\"}, "
        "{\"name\": \"id\", \"unit\": \"\", \"type\": \"integer\", \"doc\": \"of the point\"}, "
        "{\"name\": \"fits\", \"unit\": \"\", \"type\": \"boolean\", \"doc\": \"in memory\"}], "
        "\"notes\": [\"assumed: 1\"]}}\n"
        "{\"name\": \"h100, \\\"sxm\\\"\", \"latency_s\": 0.1, \"memory_bytes\": 16500000000, "
        "\"id\": 18446744073709551615, \"fits\": true}\n"
        "{\"name\": \"µ\\n|x\", \"latency_s\": 0.3333333333333333, \"memory_bytes\": null, "
        "\"id\": null, \"fits\": false}\n");
}

static void tables_are_aligned_and_scaled(void **state)
{
    (void)state;
    assert_written("table", &meta,
                   "A title\n\n"
                   "name          latency    memory                    id  fits\n"
                   "───────────  ────────  ────────  ────────────────────  ────\n"
                   "h100, \"sxm\"  100.0 ms  16.50 GB  18446744073709551615   yes\n"
                   "µ?|x         333.3 ms         -                     -    no\n"
                   "\nnote: assumed: 1\n");
}

static void a_narrow_table_cuts_text_but_no_number(void **state)
{
    struct report_meta m = meta;

    (void)state;
    m.width = 56;
    m.colour = true;
    m.partial = true;
    assert_written(
        "table", &m,
        "\033[1mA title\033[0m\n\n"
        "\033[1mname       latency    memory                    id  fits\033[0m\n"
        "────────  ────────  ────────  ────────────────────  ────\n"
        "h100, \"…  100.0 ms  16.50 GB  18446744073709551615   yes\n"
        "µ?|x      333.3 ms  \033[2m       -  \033[0m\033[2m                   -  \033[0m"
        "  no\n"
        "\nnote: assumed: 1\n"
        "partial: the run was interrupted; these are the rows found until then\n");
}

static void markdown_escapes_what_would_be_markup(void **state)
{
    (void)state;
    assert_written("markdown", &meta,
                   "**A title**\n\n"
                   "| name | latency | memory | id | fits |\n"
                   "|---|--:|--:|--:|--:|\n"
                   "| h100, \"sxm\" | 100.0 ms | 16.50 GB | 18446744073709551615 | yes |\n"
                   "| µ \\|x | 333.3 ms | - | - | no |\n"
                   "\n- assumed: 1\n");
}

static const double awkward[] = { 0.1,     1e-300,  DBL_MAX, DBL_MIN, 4.9406564584124654e-324,
                                  -0.0,    1.0 / 3, 2.0 / 3, 1e22,    123456789012345678.0,
                                  3.35e12, 1e-5,    1e15,    1e16,    0.30000000000000004 };
#define N_AWKWARD (sizeof awkward / sizeof *awkward)

static void doubles_come_back_bit_for_bit(void **state)
{
    char buf[REPORT_F64_CHARS];

    (void)state;
    for (size_t i = 0; i < N_AWKWARD; i++) {
        const double back = strtod(report_f64(buf, awkward[i]), NULL);
        assert_memory_equal(&back, &awkward[i], sizeof back);
    }
    assert_string_equal(report_f64(buf, 0.1), "0.1");
    assert_string_equal(report_f64(buf, 0.30000000000000004), "0.30000000000000004");
}

static const char *const hostile[] = {
    "plain",         "\"",     "a\"b\"",   "\\",       "tab\there",
    "line\r\nbreak", "comma,", " blanks ", "\x01\x1f", "\x7f é ☃ 😀",
};
#define N_HOSTILE (sizeof hostile / sizeof *hostile)

static struct table *hostile_table(void)
{
    static const struct column text[] = { { "te\"xt,", "", "", CELL_STR },
                                          { "x", "s", "", CELL_F64 } };
    struct table *t = NULL;
    size_t r;

    assert_int_equal(table_new(&t, "\"\\\n", text, 2, NULL), COSIM_OK);
    for (size_t i = 0; i < N_HOSTILE; i++) {
        assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
        assert_int_equal(table_set_str(t, r, 0, hostile[i], NULL), COSIM_OK);
        table_set_f64(t, r, 1, awkward[i]);
    }
    return t;
}

static void csv_reads_back_through_our_own_reader(void **state)
{
    struct table *t = hostile_table();
    struct arena a = { 0 };
    struct csv_doc doc;
    char *text = written(t, "csv", &meta);

    (void)state;
    assert_int_equal(csv_doc_parse(&doc, "x.csv", text, strlen(text), &a, NULL), COSIM_OK);
    assert_int_equal(doc.n_rows, N_HOSTILE);
    assert_string_equal(doc.header[0].text, "te\"xt,");
    for (size_t i = 0; i < N_HOSTILE; i++) {
        assert_string_equal(csv_cell(&doc, i, 0)->text, hostile[i]);
        assert_true(strtod(csv_cell(&doc, i, 1)->text, NULL) == awkward[i]);
    }
    arena_release(&a);
    free(text);
    table_free(t);
}

static void each_json_line_parses_and_holds_the_same_values(void **state)
{
    struct table *t = hostile_table();
    char *text = written(t, "json", &meta), *rest = text;

    (void)state;
    for (size_t line = 0; line <= N_HOSTILE; line++) {
        char *end = strchr(rest, '\n');
        json_t *j = json_loadb(rest, (size_t)(end - rest), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(j);
        if (line == 0) {
            assert_string_equal(
                json_string_value(json_object_get(json_object_get(j, "meta"), "title")), "\"\\\n");
        } else {
            assert_string_equal(json_string_value(json_object_get(j, "te\"xt,")),
                                hostile[line - 1]);
            assert_true(json_number_value(json_object_get(j, "x")) == awkward[line - 1]);
        }
        json_decref(j);
        rest = end + 1;
    }
    assert_string_equal(rest, "");
    free(text);
    table_free(t);
}

static void bytes_that_are_no_utf8_become_replacement_characters(void **state)
{
    static const struct column text[] = { { "s", "", "", CELL_STR } };
    struct table *t = NULL;
    size_t r;

    (void)state;
    assert_int_equal(table_new(&t, "", text, 1, NULL), COSIM_OK);
    assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
    /* bare continuation, overlong '/', surrogate, cut sequence */
    assert_int_equal(table_set_str(t, r, 0, "\x80 \xC0\xAF \xED\xA0\x80 \xE2\x82", NULL), COSIM_OK);
    char *text_out = written(t, "csv", &meta);
    assert_string_equal(text_out, "s\r\n� �� ��� ��\r\n");
    free(text_out);
    table_free(t);
}

static void unknown_and_infinite_are_not_numbers(void **state)
{
    static const struct column text[] = { { "x_s", "s", "", CELL_F64 } };
    struct table *t = NULL;
    size_t r;

    (void)state;
    assert_int_equal(table_new(&t, "", text, 1, NULL), COSIM_OK);
    assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
    table_set_f64(t, r, 0, UNKNOWN_F64);
    assert_int_equal(table_add_row(t, &r, NULL), COSIM_OK);
    table_set_f64(t, r, 0, -INF_F64);
    char *csv = written(t, "csv", &meta), *json = written(t, "json", &meta);
    assert_string_equal(csv, "x_s\r\n\"\"\r\n-inf\r\n");
    assert_non_null(strstr(json, "}\n{\"x_s\": null}\n{\"x_s\": null}\n"));
    free(csv);
    free(json);
    table_free(t);
}

static void the_metadata_beside_a_csv_is_one_json_object(void **state)
{
    struct table *t = hostile_table();
    struct report_meta m = meta;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    m.partial = true;
    m.seeded = false;
    m.commit = "0123abc";
    assert_int_equal(report_write_meta_json(t, &m, out, NULL), COSIM_OK);
    assert_int_equal(fclose(out), 0);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    assert_true(json_is_true(json_object_get(j, "partial")));
    assert_true(json_is_null(json_object_get(j, "seed")));
    assert_string_equal(json_string_value(json_object_get(j, "commit")), "0123abc");
    assert_int_equal(json_integer_value(json_object_get(j, "rows")), N_HOSTILE);
    assert_int_equal(json_array_size(json_object_get(j, "columns")), 2);
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json_object_get(j, "inputs"), 0), "fnv1a64")),
                        "0000000000000abc");
    json_decref(j);
    free(text);
    table_free(t);
}

static void a_misspelt_format_is_named_with_the_nearest_one(void **state)
{
    struct table *t = sample();
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(report_write(t, "jsn", &meta, stdout, &e), COSIM_EUNKNOWN);
    assert_string_equal(e.msg, "unknown format 'jsn'");
    assert_string_equal(e.hint, "did you mean 'json'?");
    table_free(t);
}

static void a_full_disk_is_an_error_in_every_format(void **state)
{
    struct table *t = sample();

    (void)state;
    for (size_t i = 0; i < n_writers; i++) {
        for (int buffered = 0; buffered < 2; buffered++) {
            cosim_error e = { 0 };
            FILE *out = fopen("/dev/full", "w");
            assert_non_null(out);
            if (!buffered)
                assert_int_equal(setvbuf(out, NULL, _IONBF, 0), 0);
            assert_int_equal(report_write(t, writer_list[i].name, &meta, out, &e), COSIM_EIO);
            assert_non_null(strstr(e.msg, "cannot write the output"));
            (void)fclose(out);
        }
    }
    table_free(t);
}

static void a_closed_pipe_is_an_error(void **state)
{
    struct table *t = sample();
    int fd[2];

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(close(fd[0]), 0);
    FILE *out = fdopen(fd[1], "w");
    cosim_error e = { 0 };
    assert_int_equal(report_write(t, "csv", &meta, out, &e), COSIM_EIO);
    assert_non_null(strstr(e.msg, "pipe"));
    (void)fclose(out);
    (void)signal(SIGPIPE, SIG_DFL);
    table_free(t);
}

static void headings_that_would_collide_keep_their_units(void **state)
{
    static const struct column two[] = { { "energy_j", "J", "", CELL_F64 },
                                         { "energy_j_per_token", "J/token", "", CELL_F64 } };
    struct table *t = NULL;

    (void)state;
    assert_int_equal(table_new(&t, "", two, 2, NULL), COSIM_OK);
    char *text = written(t, "table", &meta);
    assert_string_equal(text, "energy_j  energy_j_per_token\n────────  ──────────────────\n"
                              "(no rows)\n");
    free(text);
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_bytes_are_rfc_4180),
        cmocka_unit_test(json_lines_start_with_the_metadata),
        cmocka_unit_test(tables_are_aligned_and_scaled),
        cmocka_unit_test(a_narrow_table_cuts_text_but_no_number),
        cmocka_unit_test(markdown_escapes_what_would_be_markup),
        cmocka_unit_test(doubles_come_back_bit_for_bit),
        cmocka_unit_test(csv_reads_back_through_our_own_reader),
        cmocka_unit_test(each_json_line_parses_and_holds_the_same_values),
        cmocka_unit_test(bytes_that_are_no_utf8_become_replacement_characters),
        cmocka_unit_test(unknown_and_infinite_are_not_numbers),
        cmocka_unit_test(the_metadata_beside_a_csv_is_one_json_object),
        cmocka_unit_test(a_misspelt_format_is_named_with_the_nearest_one),
        cmocka_unit_test(a_full_disk_is_an_error_in_every_format),
        cmocka_unit_test(a_closed_pipe_is_an_error),
        cmocka_unit_test(headings_that_would_collide_keep_their_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
