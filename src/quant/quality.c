/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/quality.h"

#include "core/csv.h"
#include "core/num.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct quality_map {
    const char *method, *w, *a, *k, *v, *doc;
    double rank;
};

struct quality_proxy {
    const char *model, *measured_model, *reason;
};

struct quality_row {
    const char *model, *method, *metric, *dataset, *confidence, *source, *notes;
    double value, fp16_value, context_tokens;
    const struct quality_map *map;
};

#define ROW_STR(column, member, flags)                                                             \
    {                                                                                              \
        column, REC_STR, offsetof(struct quality_row, member), 0, 0, 0, flags                      \
    }
#define ROW_NUM(column, member, lo, hi, flags)                                                     \
    {                                                                                              \
        column, REC_F64, offsetof(struct quality_row, member), 0, lo, hi, flags                    \
    }
#define MAP_STR(column, member, flags)                                                             \
    {                                                                                              \
        column, REC_STR, offsetof(struct quality_map, member), 0, 0, 0, flags                      \
    }
#define PROXY_STR(column, member)                                                                  \
    {                                                                                              \
        column, REC_STR, offsetof(struct quality_proxy, member), 0, 0, 0, REC_REQUIRED             \
    }

static const struct rec_field row_fields[] = {
    ROW_STR("model", model, REC_REQUIRED),
    ROW_STR("method", method, REC_REQUIRED),
    ROW_STR("metric", metric, REC_REQUIRED),
    ROW_NUM("value", value, 0, 1e9, REC_REQUIRED),
    ROW_NUM("fp16_value", fp16_value, 0, 1e9, REC_REQUIRED),
    ROW_STR("dataset", dataset, REC_REQUIRED),
    ROW_NUM("context[token]", context_tokens, 1, 1e9, 0),
    ROW_STR("confidence", confidence, REC_REQUIRED),
    ROW_STR("source", source, REC_REQUIRED),
    ROW_STR("notes", notes, 0),
};

static const struct rec_field map_fields[] = {
    MAP_STR("method", method, REC_REQUIRED | REC_UNIQUE),
    MAP_STR("w", w, REC_REQUIRED),
    MAP_STR("a", a, REC_REQUIRED),
    MAP_STR("k", k, REC_REQUIRED),
    MAP_STR("v", v, REC_REQUIRED),
    { "rank", REC_F64, offsetof(struct quality_map, rank), 0, 1, 9, REC_REQUIRED },
    MAP_STR("doc", doc, REC_REQUIRED),
};

static const struct rec_field proxy_fields[] = {
    PROXY_STR("model", model),
    PROXY_STR("measured_model", measured_model),
    PROXY_STR("reason", reason),
};

#define COUNT_OF(x) (sizeof(x) / sizeof *(x))
#define PERPLEXITY "perplexity"
#define KL "kl_divergence"
#define BEST_DATASET "WikiText-2"
#define UNCERTAIN "config-uncertain"
#define WIDE "16"

static cosim_status load_table(const char *dir, const char *file, const struct rec_field *field,
                               size_t n_fields, size_t stride, struct csv_doc *doc, void **rows,
                               struct arena *a, cosim_error *e)
{
    const char *path = arena_printf(a, "%s/%s", dir, file);

    if (!path)
        return err_set(e, COSIM_ENOMEM, "out of memory for %s/%s", dir, file);
    TRY(csv_load(doc, path, a, e));
    return csv_records(doc, field, n_fields, stride, rows, a, e);
}

/* Joins a row with its method; a perplexity at 16 bits must be above zero to compare with. */
static cosim_status link_row(struct quality_row *r, const struct quality_map *map, size_t n_map,
                             const struct src_pos *at, cosim_error *e)
{
    struct nearest near = { .want = r->method };

    for (size_t i = 0; i < n_map && !r->map; i++) {
        nearest_offer(&near, map[i].method);
        if (strcmp(map[i].method, r->method) == 0)
            r->map = &map[i];
    }
    if (!r->map) {
        const cosim_status st =
            err_at(e, COSIM_EUNKNOWN, at, "method '%s' is missing in quality_map.csv", r->method);
        if (nearest_suggestion(&near))
            err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
        return st;
    }
    if (strcmp(r->metric, PERPLEXITY) == 0) {
        if (!(r->value >= 1.0 && r->fp16_value >= 1.0))
            return err_at(e, COSIM_ERANGE, at, "a perplexity cannot be below 1");
    } else if (strcmp(r->metric, KL) != 0) {
        return err_at(e, COSIM_EUNKNOWN, at, "metric '%s' is neither '%s' nor '%s'", r->metric,
                      PERPLEXITY, KL);
    }
    return COSIM_OK;
}

cosim_status quality_db_load(struct quality_db *db, const char *dir, struct arena *a,
                             cosim_error *e)
{
    struct csv_doc doc, map_doc, proxy_doc;
    void *rows = NULL, *map = NULL, *proxy = NULL;

    memset(db, 0, sizeof *db);
    TRY(load_table(dir, "quality_map.csv", map_fields, COUNT_OF(map_fields),
                   sizeof(struct quality_map), &map_doc, &map, a, e));
    TRY(load_table(dir, "quality_proxy.csv", proxy_fields, COUNT_OF(proxy_fields),
                   sizeof(struct quality_proxy), &proxy_doc, &proxy, a, e));
    TRY(load_table(dir, "quality.csv", row_fields, COUNT_OF(row_fields), sizeof(struct quality_row),
                   &doc, &rows, a, e));
    struct quality_row *r = rows;
    for (size_t i = 0; i < doc.n_rows; i++) {
        const struct src_pos at = csv_pos(&doc, csv_cell(&doc, i, 0));
        TRY(link_row(&r[i], map, map_doc.n_rows, &at, e));
    }
    db->path = doc.path;
    db->row = r;
    db->n = doc.n_rows;
    db->proxy = proxy;
    db->n_proxies = proxy_doc.n_rows;
    return COSIM_OK;
}

/* What is looked up: format ids with every wide float called "16". */
struct combination {
    const char *w, *a, *k, *v;
};

static const char *canonical(const char *id)
{
    static const char *const wide[] = { "bf16", "fp16", "fp32", "f16", "f32", WIDE };

    for (size_t i = 0; i < COUNT_OF(wide); i++)
        if (text_equal_nocase(wide[i], id))
            return WIDE;
    return id;
}

static bool is_wide(const char *id)
{
    return strcmp(id, WIDE) == 0;
}

static bool matches(const struct quality_row *r, const char *model, const char *metric,
                    const struct combination *c)
{
    return text_equal_nocase(r->model, model) && strcmp(r->metric, metric) == 0
           && text_equal_nocase(r->map->w, c->w) && text_equal_nocase(r->map->a, c->a)
           && text_equal_nocase(r->map->k, c->k) && text_equal_nocase(r->map->v, c->v);
}

static double increase(const struct quality_row *r)
{
    return r->value / r->fp16_value - 1.0;
}

static bool better(const struct quality_row *x, const struct quality_row *y)
{
    const bool wiki_x = strcmp(x->dataset, BEST_DATASET) == 0,
               wiki_y = strcmp(y->dataset, BEST_DATASET) == 0;

    if (x->map->rank != y->map->rank)
        return x->map->rank < y->map->rank;
    if (wiki_x != wiki_y)
        return wiki_x;
    return increase(x) < increase(y);
}

static const struct quality_row *best_row(const struct quality_db *db, const char *model,
                                          const struct combination *c)
{
    const struct quality_row *best = NULL;

    for (size_t i = 0; i < db->n; i++)
        if (matches(&db->row[i], model, PERPLEXITY, c) && (!best || better(&db->row[i], best)))
            best = &db->row[i];
    return best;
}

/* A measurement and the proxy it came through, NULL = the model itself. */
struct hit {
    const struct quality_row *row;
    const struct quality_proxy *proxy;
};

static struct hit find(const struct quality_db *db, const char *model, const struct combination *c)
{
    struct hit h = { best_row(db, model, c), NULL };

    for (size_t i = 0; i < db->n_proxies && !h.row; i++) {
        if (!text_equal_nocase(db->proxy[i].model, model))
            continue;
        h.row = best_row(db, db->proxy[i].measured_model, c);
        h.proxy = &db->proxy[i];
    }
    return h;
}

static struct quality_fact fact(const struct quality_row *r)
{
    return (struct quality_fact){ r->model, r->method, r->dataset, r->source, r->context_tokens };
}

static double kl_of(const struct quality_db *db, const struct quality_row *r)
{
    for (size_t i = 0; i < db->n; i++) {
        const struct quality_row *k = &db->row[i];
        if (strcmp(k->metric, KL) == 0 && strcmp(k->model, r->model) == 0
            && strcmp(k->method, r->method) == 0 && strcmp(k->source, r->source) == 0)
            return k->value;
    }
    return UNKNOWN_F64;
}

static bool uncertain(const struct hit *h)
{
    return strcmp(h->row->confidence, UNCERTAIN) == 0;
}

static void set_one(const struct quality_db *db, const struct hit *h, struct quality *out)
{
    out->ppl_increase_ratio = increase(h->row);
    out->kl_nats = kl_of(db, h->row);
    out->proxy = h->proxy != NULL;
    out->uncertain = uncertain(h);
    out->origin = out->proxy || uncertain(h) ? ORIGIN_ASSUMED : ORIGIN_MEASURED;
    out->weights = fact(h->row);
    (void)snprintf(out->doc, sizeof out->doc, "%s%s on %s, %s%s%s%s%s",
                   out->origin == ORIGIN_ASSUMED ? "assumed: " : "", h->row->method, h->row->model,
                   h->row->dataset, h->proxy ? "; proxy: " : "", h->proxy ? h->proxy->reason : "",
                   uncertain(h) ? "; configuration of the measurement uncertain" : "",
                   h->row->map->rank > 1.0 ? "; no plain calibrated result known" : "");
}

static void set_sum(const struct hit *w, const struct hit *kv, struct quality *out)
{
    out->ppl_increase_ratio = expm1(log1p(increase(w->row)) + log1p(increase(kv->row)));
    out->proxy = w->proxy || kv->proxy;
    out->uncertain = uncertain(w) || uncertain(kv);
    out->additive = true;
    out->origin = ORIGIN_ASSUMED;
    out->weights = fact(w->row);
    out->cache = fact(kv->row);
    (void)snprintf(out->doc, sizeof out->doc,
                   "assumed: additive (ln ratios of %s on %s and %s on %s)%s", w->row->method,
                   w->row->model, kv->row->method, kv->row->model,
                   out->proxy ? "; proxy model" : "");
}

void quality_lookup(const struct quality_db *db, const char *model, const char *weights,
                    const char *a, const char *k, const char *v, struct quality *out)
{
    const struct combination c = { canonical(weights), canonical(a), canonical(k), canonical(v) };
    const bool wide_w = is_wide(c.w) && is_wide(c.a), wide_kv = is_wide(c.k) && is_wide(c.v);

    *out = (struct quality){ .ppl_increase_ratio = UNKNOWN_F64, .kl_nats = UNKNOWN_F64 };
    if (wide_w && wide_kv) {
        out->ppl_increase_ratio = 0.0;
        out->origin = ORIGIN_DERIVED;
        (void)snprintf(out->doc, sizeof out->doc, "reference: 16 bits everywhere");
        return;
    }
    const struct hit whole = find(db, model, &c);
    if (whole.row) {
        set_one(db, &whole, out);
        return;
    }
    const struct hit w = find(db, model, &(struct combination){ c.w, c.a, WIDE, WIDE });
    const struct hit kv = find(db, model, &(struct combination){ WIDE, WIDE, c.k, c.v });
    if (!wide_w && !wide_kv && w.row && kv.row)
        set_sum(&w, &kv, out);
    else
        (void)snprintf(out->doc, sizeof out->doc, "no measurement of this combination known");
}
