/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers in a study: 512, 1..64, 128..4096:*2, 0.5..1:+0.1. */
#include "api/study.h"

#include "core/num.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX 100000u
#define STEP_SLACK 1e-9 /* of a step: 0.5..1:+0.1 ends with 1 */

/* What a list takes. */
struct rule {
    double lo, hi;
    bool whole;
};

struct numbers {
    double *v;
    size_t n, cap;
};

static cosim_status no_memory(cosim_error *e)
{
    return err_set(e, COSIM_ENOMEM, "out of memory for a study");
}

static cosim_status add_number(struct numbers *x, double v, struct src_pos at, cosim_error *e)
{
    if (x->n >= NUMBERS_MAX)
        return err_at(e, COSIM_ERANGE, &at, "more than %u values", NUMBERS_MAX);
    if (x->n == x->cap) {
        const size_t cap = x->cap ? 2 * x->cap : 16;
        double *more = realloc(x->v, cap * sizeof *more);
        if (!more)
            return no_memory(e);
        x->v = more;
        x->cap = cap;
    }
    x->v[x->n++] = v;
    return COSIM_OK;
}

static bool read_number(const struct rule *rule, const char *text, double *v)
{
    uint64_t u;

    if (!rule->whole)
        return text_to_f64(text, v);
    if (!text_to_u64(text, &u))
        return false;
    *v = (double)u;
    return true;
}

static cosim_status bad_number(const struct rule *rule, const char *token, struct src_pos at,
                               cosim_error *e)
{
    if (rule->whole && *token && token[strspn(token, "0123456789")] == '\0')
        return err_at(e, COSIM_ERANGE, &at, "%s is far too large", token);
    const cosim_status st =
        err_at(e, COSIM_ESYNTAX, &at,
               rule->whole ? "'%s' is no positive whole number" : "'%s' is no number", token);

    err_hint(e, rule->whole
                    ? "write 512, a range 1..64, or a range with a step: 128..4096:*2, 10..100:+10"
                    : "write 0.8, or a range with a step: 0.5..1:+0.1");
    return st;
}

static cosim_status bad_range(const struct rule *rule, const char *token, struct src_pos at,
                              cosim_error *e)
{
    const cosim_status st = err_at(e, COSIM_ESYNTAX, &at, "'%s' is no range", token);

    err_hint(e, rule->whole
                    ? "write 1..64 from small to large, or with a step: 128..4096:*2, 10..100:+10"
                    : "write it from small to large with a step: 0.5..1:+0.1, 0.25..8:*2");
    return st;
}

/* a..b[:+s|:*f]; only whole numbers have a step of their own */
static cosim_status add_range(struct numbers *x, const struct rule *rule, char *token, char *dots,
                              struct src_pos at, cosim_error *e)
{
    char *colon = strchr(dots, ':'), whole[LIST_TOKEN_MAX + 1];
    double first, last, step = 1.0;
    bool times = false;

    (void)snprintf(whole, sizeof whole, "%s", token);
    *dots = '\0';
    if (!colon && !rule->whole)
        return bad_range(rule, whole, at, e);
    if (colon) {
        *colon = '\0';
        times = colon[1] == '*';
        if ((colon[1] != '*' && colon[1] != '+') || !read_number(rule, colon + 2, &step)
            || !(step > 0.0) || step > rule->hi || (times && !(step > 1.0)))
            return bad_range(rule, whole, at, e);
    }
    if (!read_number(rule, token, &first) || !read_number(rule, dots + 2, &last) || first > last)
        return bad_range(rule, whole, at, e);
    if (first < rule->lo || last > rule->hi)
        return err_at(e, COSIM_ERANGE, &at, "range is outside %g to %g", rule->lo, rule->hi);
    const double slack = rule->whole ? 0.0 : STEP_SLACK * (times ? last : step);
    double v = first;
    for (double i = 1.0; v <= last + slack; i += 1.0) {
        TRY(add_number(x, min_f64(v, last), at, e));
        if (times && !(v > 0.0))
            break;
        v = times ? v * step : first + i * step;
    }
    return COSIM_OK;
}

static cosim_status add_token(struct numbers *x, const struct rule *rule, char *token,
                              struct src_pos at, cosim_error *e)
{
    char *dots = strstr(token, "..");
    double v;

    if (dots)
        return add_range(x, rule, token, dots, at, e);
    if (!read_number(rule, token, &v))
        return bad_number(rule, token, at, e);
    if (v < rule->lo || v > rule->hi)
        return err_at(e, COSIM_ERANGE, &at, "%s is outside %.10g to %.10g", token, rule->lo,
                      rule->hi);
    return add_number(x, v, at, e);
}

static cosim_status read_list(const struct setting *s, const struct rule *rule, double **values,
                              size_t *n, struct arena *a, cosim_error *e)
{
    struct list_walk w = { .list = *s };
    struct numbers x = { NULL, 0, 0 };
    cosim_status st = COSIM_OK;

    while (st == COSIM_OK && list_next(&w, &st, e))
        st = add_token(&x, rule, w.token, w.at, e);
    if (st == COSIM_OK) {
        *n = x.n;
        *values = ARENA_NEW(a, double, x.n);
        if (!*values)
            st = no_memory(e);
        else
            memcpy(*values, x.v, x.n * sizeof *x.v);
    }
    free(x.v);
    return st;
}

cosim_status list_numbers(const struct setting *s, double lo, double hi, double **values, size_t *n,
                          struct arena *a, cosim_error *e)
{
    return read_list(s, &(struct rule){ lo, hi, true }, values, n, a, e);
}

cosim_status list_reals(const struct setting *s, double lo, double hi, double **values, size_t *n,
                        struct arena *a, cosim_error *e)
{
    return read_list(s, &(struct rule){ lo, hi, false }, values, n, a, e);
}

#define PAIRS_MAX 256u

cosim_status list_pairs(const struct setting *s, double hi, double **first, double **second,
                        size_t *n, struct arena *a, cosim_error *e)
{
    struct list_walk w = { .list = *s };
    cosim_status st;

    *n = 0;
    *first = ARENA_NEW(a, double, PAIRS_MAX);
    *second = ARENA_NEW(a, double, PAIRS_MAX);
    if (!*first || !*second)
        return no_memory(e);
    while (list_next(&w, &st, e)) {
        const char *colon = strchr(w.token, ':');
        char head[sizeof w.token];
        uint64_t x = 0, y = 0;
        (void)snprintf(head, sizeof head, "%.*s", colon ? (int)(colon - w.token) : 0, w.token);
        if (!colon || !text_to_u64(head, &x) || !text_to_u64(colon + 1, &y) || y < 1 || y > x
            || (double)x > hi) {
            st = err_at(e, COSIM_ESYNTAX, &w.at, "'%.40s' is no pair", w.token);
            err_hint(e, "write 8:2 for two of eight, 1:1 for one of one");
            return st;
        }
        if (*n == PAIRS_MAX)
            return err_at(e, COSIM_ERANGE, &w.at, "more than %u pairs", PAIRS_MAX);
        (*first)[*n] = (double)x;
        (*second)[(*n)++] = (double)y;
    }
    return st;
}

cosim_status setting_u64(const struct setting *s, uint64_t lo, uint64_t hi, uint64_t *v,
                         cosim_error *e)
{
    if (!text_to_u64(s->text, v))
        return bad_number(&(struct rule){ 0, 0, true }, s->text, s->at, e);
    if (*v < lo || *v > hi)
        return err_at(e, COSIM_ERANGE, &s->at, "%s is outside %llu to %llu", s->text,
                      (unsigned long long)lo, (unsigned long long)hi);
    return COSIM_OK;
}
