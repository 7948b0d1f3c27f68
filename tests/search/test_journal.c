/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/journal.h"

#include "core/file.h"
#include "core/num.h"
#include "search/run.h"
#include "search/testproblem.h"
#include "support/close.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBLEM UINT64_C(0x123)

/* A costly problem that counts its prices and interrupts itself after some. */
struct counted {
    const struct search_problem *p;
    unsigned *n_priced, stop_after;
    int *stop;
};

static void evaluate(const void *ctx, size_t n, const double *x, double *const *obj,
                     double *violation)
{
    const struct counted *c = ctx;

    c->p->evaluate(c->p->ctx, n, x, obj, violation);
    *c->n_priced += (unsigned)n;
    if (*c->n_priced >= c->stop_after)
        *c->stop = 1;
}

static char path[] = "/tmp/cosim-journal-XXXXXX";

static int make_path(void **state)
{
    const int fd = mkstemp(path);

    (void)state;
    if (fd < 0 || close(fd) != 0 || unlink(path) != 0)
        return -1;
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    (void)unlink(path);
    return 0;
}

/* Runs a search that is interrupted after `stop_after` prices; gives the number of prices. */
static unsigned search(const char *algorithm, unsigned stop_after, bool keep,
                       struct archive **front, struct search_result *r)
{
    static struct search_axis axis[TESTPROBLEM_MAX_VARS];
    static struct search_problem zdt1;
    unsigned n_priced = 0;
    int stop = 0;
    zdt1 = testproblem_problem(testproblem_find("zdt1"), axis);
    const struct counted counted = { &zdt1, &n_priced, stop_after, &stop };
    struct search_problem p = zdt1;
    struct search_options o = { .budget = 2000, .seed = 5, .threads = 1, .stop = &stop };
    cosim_error e = { 0 };

    p.ctx = &counted;
    p.evaluate = evaluate;
    if (keep
        && journal_open(&o.journal, path, PROBLEM, problem_n_vars(&p), p.n_obj, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(archive_new(front, p.n_obj, &e), COSIM_OK);
    if (search_run(&p, search_algo_find(algorithm), &o, *front, r, &e) != COSIM_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(archive_sort(*front, &e), COSIM_OK);
    journal_close(o.journal);
    return n_priced;
}

/* A power cut in the middle of a line. */
static void tear(void)
{
    struct file_bytes b;

    assert_int_equal(file_read(&b, path, 1 << 30, NULL), COSIM_OK);
    assert_true(b.n > 200);
    assert_int_equal(truncate(path, (off_t)b.n - 37), 0);
    file_release(&b);
}

static void an_interrupted_search_ends_as_if_it_had_not_been(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_search_algos; k++) {
        const char *name = search_algos[k]->name;
        struct search_result whole, part, rest;
        struct archive *a, *b, *c;
        if (strcmp(name, "exhaustive") == 0) /* no space of points */
            continue;
        const unsigned all = search(name, UINT32_MAX, false, &a, &whole);
        const unsigned before = search(name, 700, true, &b, &part);
        assert_int_equal(part.stop, STOP_SIGNAL);
        tear();
        const unsigned after = search(name, UINT32_MAX, true, &c, &rest);
        assert_true(before >= 700 && before < all);
        if (before + after > all + 1 || rest.known < before - 1)
            fail_msg("%s: %u prices, then %u of %u; %llu known", name, before, after, all,
                     (unsigned long long)rest.known);
        assert_int_equal(rest.evaluations, whole.evaluations);
        assert_int_equal(rest.stop, whole.stop);
        assert_int_equal(archive_size(a), archive_size(c));
        assert_memory_equal(archive_ids(a), archive_ids(c), archive_size(a) * sizeof(uint64_t));
        for (size_t j = 0; j < archive_n_obj(a); j++)
            assert_memory_equal(archive_objective(a, j), archive_objective(c, j),
                                archive_size(a) * sizeof(double));
        archive_free(a);
        archive_free(b);
        archive_free(c);
        search_result_release(&whole);
        search_result_release(&part);
        search_result_release(&rest);
        (void)unlink(path);
    }
}

static void prices_come_back_to_the_last_bit(void **state)
{
    struct search_journal *j;
    struct priced f = { 0.1, { 1.0 / 3.0, 5e-324, -1e300 } }, g;
    double x[2] = { -0.0, 0.7 };

    (void)state;
    assert_int_equal(journal_open(&j, path, PROBLEM, 2, 3, NULL), COSIM_OK);
    for (unsigned i = 0; i < 5000; i++) {
        x[1] = i / 7.0;
        assert_int_equal(journal_put(j, x, &f, NULL), COSIM_OK);
    }
    f.obj[0] = UNKNOWN_F64;
    x[0] = 1.0;
    assert_int_equal(journal_put(j, x, &f, NULL), COSIM_OK); /* is not kept */
    journal_close(j);
    assert_int_equal(journal_open(&j, path, PROBLEM, 2, 3, NULL), COSIM_OK);
    assert_int_equal(journal_size(j), 5000);
    assert_false(journal_get(j, x, &g));
    for (unsigned i = 0; i < 5000; i++) {
        x[0] = 0.0;
        x[1] = i / 7.0;
        assert_true(journal_get(j, x, &g));
        assert_true(g.violation == 0.1 && g.obj[0] == 1.0 / 3.0 && g.obj[1] == 5e-324
                    && g.obj[2] == -1e300);
    }
    x[1] = 0.123;
    assert_false(journal_get(j, x, &g));
    journal_close(j);
    (void)unlink(path);
}

static void other_files_are_refused_and_left_alone(void **state)
{
#define HEAD "# cosim journal 1, problem 0000000000000123, 1 variables, 2 objectives\n"
    static const struct {
        const char *text;
        cosim_status st;
        unsigned line, col;
    } rows[] = {
        { "precious", COSIM_ESYNTAX, 1, 1 },
        { "precious\nthings\n", COSIM_ESYNTAX, 1, 1 },
        { "# cosim journal 1, problem 0000000000000124, 1 variables, 2 objectives\n", COSIM_ERANGE,
          1, 1 },
        { HEAD "1,2,3,4\n1,2,x,4\n", COSIM_ESYNTAX, 3, 5 },
        { HEAD "1,2,3\n", COSIM_ESYNTAX, 2, 5 },
        { HEAD "1,2,3,4,5\n", COSIM_ESYNTAX, 2, 7 },
        { HEAD "\n", COSIM_ESYNTAX, 2, 1 },
        { HEAD "1,2,nan,4\n", COSIM_ESYNTAX, 2, 5 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct search_journal *j;
        struct file_bytes b;
        cosim_error e = { 0 };
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        (void)fputs(rows[i].text, f);
        (void)fclose(f);
        if (journal_open(&j, path, PROBLEM, 1, 2, &e) != rows[i].st || e.line != rows[i].line
            || e.col != rows[i].col)
            fail_msg("row %zu: %s at %u:%u", i, e.msg, e.line, e.col);
        assert_null(j);
        assert_int_equal(file_read(&b, path, 1000, NULL), COSIM_OK);
        assert_string_equal((const char *)b.data, rows[i].text);
        file_release(&b);
    }
    (void)unlink(path);
}

static void a_place_that_cannot_be_written_is_an_error(void **state)
{
    struct search_journal *j;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(journal_open(&j, "/no/such/folder/j", PROBLEM, 1, 2, &e), COSIM_EIO);
    assert_null(j);
    e = (cosim_error){ 0 };
    assert_int_equal(journal_open(&j, "/tmp", PROBLEM, 1, 2, &e), COSIM_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupted_search_ends_as_if_it_had_not_been),
        cmocka_unit_test(prices_come_back_to_the_last_bit),
        cmocka_unit_test(other_files_are_refused_and_left_alone),
        cmocka_unit_test(a_place_that_cannot_be_written_is_an_error),
    };

    return cmocka_run_group_tests_name("search/journal", tests, make_path, remove_path);
}
