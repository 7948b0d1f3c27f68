/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/csv.h"

#include "support/close.h"

#include <string.h>

struct row {
    const char *id;
    double bytes;
};

static const struct rec_field fields[] = {
    { "id", REC_STR, offsetof(struct row, id), 0, 0, 0, REC_REQUIRED | REC_UNIQUE },
    { "size[GB]", REC_F64, offsetof(struct row, bytes), 1e9, 0.5, 100, 0 },
};

static cosim_status load(const char *text, struct row **rows, size_t *n, cosim_error *e)
{
    static struct arena a;
    struct csv_doc doc;
    void *out = NULL;

    arena_release(&a);
    cosim_status st = csv_doc_parse(&doc, "t.csv", text, strlen(text), &a, e);
    if (st == COSIM_OK)
        st = csv_records(&doc, fields, 2, sizeof(struct row), &out, &a, e);
    *rows = out;
    *n = doc.n_rows;
    if (st != COSIM_OK)
        arena_release(&a);
    return st;
}

static void records_are_read_in_si_units(void **state)
{
    cosim_error e = { 0 };
    struct row *r;
    size_t n;

    (void)state;
    assert_int_equal(load("\xEF\xBB\xBFid,size[GB]\r\n\"a, b\",2\r\nc,\r\n", &r, &n, &e), COSIM_OK);
    assert_int_equal(n, 2);
    assert_string_equal(r[0].id, "a, b");
    assert_rel(r[0].bytes, 2e9, 0);
    assert_true(isnan(r[1].bytes));
    assert_int_equal(load("id,size[GB]\n", &r, &n, &e), COSIM_OK);
    assert_int_equal(n, 0);
    assert_int_equal(load("id,size[GB]\na,1\n", &r, &n, &e), COSIM_OK);
    /* leave nothing allocated for the leak checker */
    (void)load("", &r, &n, &e);
}

static void each_error_has_its_place(void **state)
{
    static const struct {
        const char *text, *msg;
        unsigned line, col;
        cosim_status st;
    } bad[] = {
        { "", "empty file", 1, 1, COSIM_ESYNTAX },
        { "id,sise[GB]\n", "unknown column 'sise[GB]'", 1, 4, COSIM_EUNKNOWN },
        { "id\na\n", "column 'size[GB]' is missing", 1, 1, COSIM_ESYNTAX },
        { "id,id\n", "appears twice", 1, 4, COSIM_ESYNTAX },
        { "id,size[GB]\na,1\nb\n", "row has 1 cells", 3, 1, COSIM_ESYNTAX },
        { "id,size[GB]\n\n\"x\ny\",1\nb,1e9\n", "outside the allowed range", 5, 3, COSIM_ERANGE },
        { "id,size[GB]\na,1\nb, nan\n", "not a finite number", 3, 3, COSIM_ESYNTAX },
        { "id,size[GB]\na,1e999\n", "not a finite number", 2, 3, COSIM_ESYNTAX },
        { "id,size[GB]\na,1\na,2\n", "stands on line 2 already", 3, 1, COSIM_ESYNTAX },
        { "id,size[GB]\n,2\n", "must not be empty", 2, 1, COSIM_ESYNTAX },
        { "id,size[GB]\n\"a,2\n", "not closed", 2, 1, COSIM_ESYNTAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cosim_error e = { 0 };
        struct row *r;
        size_t n;
        assert_int_equal(load(bad[i].text, &r, &n, &e), bad[i].st);
        if (!strstr(e.msg, bad[i].msg) || e.line != bad[i].line || e.col != bad[i].col)
            fail_msg("case %zu: %s:%u:%u: %s", i, e.file, e.line, e.col, e.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read_in_si_units),
        cmocka_unit_test(each_error_has_its_place),
    };
    return cmocka_run_group_tests_name("core/csv", tests, NULL, NULL);
}
