/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/groups.h"

#include "core/csv.h"
#include "core/num.h"

#include <string.h>

struct group_row {
    const char *model, *mode, *layers, *pairs, *source;
    double n_layers;
};

static const struct rec_field group_fields[] = {
    { "model", REC_STR, offsetof(struct group_row, model), 0, 0, 0, REC_REQUIRED },
    { "mode", REC_STR, offsetof(struct group_row, mode), 0, 0, 0, REC_REQUIRED },
    { "n_layers", REC_F64, offsetof(struct group_row, n_layers), 0, 1, KV_LAYERS_MAX,
      REC_REQUIRED },
    { "layers", REC_STR, offsetof(struct group_row, layers), 0, 0, 0, REC_REQUIRED },
    { "pairs", REC_STR, offsetof(struct group_row, pairs), 0, 0, 0, REC_REQUIRED },
    { "source", REC_STR, offsetof(struct group_row, source), 0, 0, 0, REC_REQUIRED },
};

#define COUNT(x) (sizeof(x) / sizeof *(x))

static struct src_pos position(const struct csv_doc *doc, size_t row, const char *column)
{
    return csv_pos(doc, csv_cell(doc, row, csv_column(doc, column)));
}

cosim_status kv_pairs_parse(const char *text, const struct src_pos *at, size_t *pair, size_t cap,
                            size_t *n, cosim_error *e)
{
    *n = 0;
    for (const char *s = text; *(s += strspn(s, " ")); s += strcspn(s, " ")) {
        char word[16] = "";
        const size_t len = strcspn(s, " ");
        if (len < sizeof word)
            memcpy(word, s, len);
        const size_t id = kv_pair_parse(word);
        if (id == KV_N_PAIRS)
            return err_at(e, COSIM_EUNKNOWN, at, "'%.*s' is no precision pair such as KV8 or K8V4",
                          (int)(len < 40 ? len : 40), s);
        if (*n == cap)
            return err_at(e, COSIM_ERANGE, at, "more than %zu pairs", cap);
        pair[(*n)++] = id;
    }
    return *n ? COSIM_OK : err_at(e, COSIM_ESYNTAX, at, "no precision pairs");
}

static bool read_index(const char **s, size_t *v)
{
    if (**s < '0' || **s > '9')
        return false;
    for (*v = 0; **s >= '0' && **s <= '9' && *v <= KV_LAYERS_MAX; ++*s)
        *v = *v * 10 + (size_t)(**s - '0');
    return true;
}

/* "0,4-7,9": marks owner[layer] with the row's number, counted from 1. */
static cosim_status mark_layers(const char *text, const struct src_pos *at, size_t row,
                                size_t *owner, size_t n_layers, size_t *n_marked, cosim_error *e)
{
    const char *s = text;

    for (*n_marked = 0;; s++) {
        size_t first, last;
        if (!read_index(&s, &first))
            return err_at(e, COSIM_ESYNTAX, at, "'%s' is no list of layers such as 0,4-7", text);
        last = first;
        if (*s == '-' && (s++, !read_index(&s, &last)))
            return err_at(e, COSIM_ESYNTAX, at, "'%s' is no list of layers such as 0,4-7", text);
        if (last < first || last >= n_layers)
            return err_at(e, COSIM_ERANGE, at, "layers %zu to %zu of a model with %zu", first, last,
                          n_layers);
        for (size_t l = first; l <= last; l++) {
            if (owner[l])
                return err_at(e, COSIM_ESYNTAX, at, "layer %zu stands in two groups", l);
            owner[l] = row;
            ++*n_marked;
        }
        if (*s == '\0')
            return COSIM_OK;
        if (*s != ',')
            return err_at(e, COSIM_ESYNTAX, at, "'%s' is no list of layers such as 0,4-7", text);
    }
}

static cosim_status read_group(const struct csv_doc *doc, const struct group_row *row, size_t r,
                               size_t *owner, struct kv_group *g, struct arena *a, cosim_error *e)
{
    const struct src_pos at_layers = position(doc, r, "layers"),
                         at_pairs = position(doc, r, "pairs");
    size_t pair[KV_N_PAIRS], n, fill = 0;

    TRY(mark_layers(row->layers, &at_layers, r + 1, owner, (size_t)row->n_layers, &g->n_layers, e));
    TRY(kv_pairs_parse(row->pairs, &at_pairs, pair, KV_N_PAIRS, &n, e));
    for (size_t i = 0; i < n; i++)
        g->set = (kv_pair_set)(g->set | 1u << pair[i]);
    size_t *layer = ARENA_NEW(a, size_t, g->n_layers);
    if (!layer)
        return err_set(e, COSIM_ENOMEM, "layer group");
    for (size_t l = 0; l < (size_t)row->n_layers; l++)
        if (owner[l] == r + 1)
            layer[fill++] = l;
    g->layer = layer;
    return COSIM_OK;
}

static bool same_grouping(const struct group_row *a, const struct group_row *b)
{
    return !strcmp(a->model, b->model) && !strcmp(a->mode, b->mode);
}

/* Rows [r, end) belong to one model and mode. */
static cosim_status read_grouping(const struct csv_doc *doc, const struct group_row *row, size_t r,
                                  size_t end, struct kv_grouping *g, struct arena *a,
                                  cosim_error *e)
{
    struct kv_group *group = ARENA_NEW(a, struct kv_group, end - r);
    size_t owner[KV_LAYERS_MAX] = { 0 };

    if (!group)
        return err_set(e, COSIM_ENOMEM, "layer groups");
    *g = (struct kv_grouping){ row[r].model, row[r].mode, row[r].source, (size_t)row[r].n_layers,
                               end - r,      group };
    for (size_t i = r; i < end; i++) {
        const struct src_pos at = position(doc, i, "n_layers");
        if (row[i].n_layers < row[r].n_layers || row[i].n_layers > row[r].n_layers)
            return err_at(e, COSIM_ESYNTAX, &at, "another number of layers than the row above");
        TRY(read_group(doc, &row[i], i, owner, &group[i - r], a, e));
    }
    for (size_t l = 0; l < g->n_layers; l++)
        if (!owner[l]) {
            const struct src_pos at = position(doc, end - 1, "layers");
            return err_at(e, COSIM_ESYNTAX, &at, "layer %zu of %s %s stands in no group", l,
                          g->model, g->mode);
        }
    return COSIM_OK;
}

cosim_status kv_groupings_load(struct kv_groupings *g, const char *path, struct arena *a,
                               cosim_error *e)
{
    struct csv_doc doc;
    void *rows = NULL;

    *g = (struct kv_groupings){ 0 };
    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, group_fields, COUNT(group_fields), sizeof(struct group_row), &rows, a,
                    e));
    const struct group_row *row = rows;
    struct kv_grouping *out = ARENA_NEW(a, struct kv_grouping, doc.n_rows + 1);
    if (!out)
        return err_set(e, COSIM_ENOMEM, "layer groups");
    for (size_t r = 0, end; r < doc.n_rows; r = end) {
        for (end = r + 1; end < doc.n_rows && same_grouping(&row[r], &row[end]);)
            end++;
        for (size_t k = 0; k < r; k++)
            if (same_grouping(&row[k], &row[r])) {
                const struct src_pos at = position(&doc, r, "model");
                return err_at(e, COSIM_ESYNTAX, &at, "rows of %s %s do not follow one another",
                              row[r].model, row[r].mode);
            }
        TRY(read_grouping(&doc, row, r, end, &out[g->n++], a, e));
    }
    g->grouping = out;
    return COSIM_OK;
}

double kv_combinations(const struct kv_grouping *g)
{
    double n = 1;

    for (size_t i = 0; i < g->n_groups; i++)
        n *= (double)kv_set_count(g->group[i].set);
    return n;
}

const struct kv_grouping *kv_grouping_find(const struct kv_groupings *g, const char *model,
                                           const char *mode)
{
    for (size_t i = 0; i < g->n; i++)
        if (!strcmp(g->grouping[i].model, model) && !strcmp(g->grouping[i].mode, mode))
            return &g->grouping[i];
    return NULL;
}

struct preset_row {
    const char *model, *mode, *preset, *pairs, *source;
    double budget_bits, average_bits;
};

static const struct rec_field preset_fields[] = {
    { "model", REC_STR, offsetof(struct preset_row, model), 0, 0, 0, REC_REQUIRED },
    { "mode", REC_STR, offsetof(struct preset_row, mode), 0, 0, 0, REC_REQUIRED },
    { "budget_bits", REC_F64, offsetof(struct preset_row, budget_bits), 0, 1, 16, REC_REQUIRED },
    { "preset", REC_STR, offsetof(struct preset_row, preset), 0, 0, 0, REC_REQUIRED },
    { "average_bits", REC_F64, offsetof(struct preset_row, average_bits), 0, 1, 16, REC_REQUIRED },
    { "pairs", REC_STR, offsetof(struct preset_row, pairs), 0, 0, 0, REC_REQUIRED },
    { "source", REC_STR, offsetof(struct preset_row, source), 0, 0, 0, REC_REQUIRED },
};

double kv_average_bits(const size_t *pair, size_t n_layers)
{
    double sum = 0;

    for (size_t l = 0; l < n_layers; l++)
        sum += (double)kv_pair_bits(kv_pair_of(pair[l]));
    return sum / (2 * (double)n_layers);
}

static cosim_status read_preset(const struct csv_doc *doc, const struct preset_row *row, size_t r,
                                struct kv_preset *p, struct arena *a, cosim_error *e)
{
    const struct src_pos at = position(doc, r, "pairs"), at_bits = position(doc, r, "average_bits");
    size_t pair[KV_LAYERS_MAX];

    *p = (struct kv_preset){ .model = row->model,
                             .mode = row->mode,
                             .name = row->preset,
                             .budget_bits = row->budget_bits,
                             .average_bits = row->average_bits };
    TRY(kv_pairs_parse(row->pairs, &at, pair, KV_LAYERS_MAX, &p->n_layers, e));
    size_t *own = ARENA_NEW(a, size_t, p->n_layers);
    if (!own)
        return err_set(e, COSIM_ENOMEM, "preset");
    memcpy(own, pair, p->n_layers * sizeof *own);
    p->pair = own;
    const double got = kv_average_bits(pair, p->n_layers);
    if (fabs(got - p->average_bits) > 0.5e-4 + 1e-9)
        return err_at(e, COSIM_ESYNTAX, &at_bits, "the pairs average %.4f bits, not %.4f", got,
                      p->average_bits);
    return COSIM_OK;
}

cosim_status kv_presets_load(struct kv_presets *p, const char *path, struct arena *a,
                             cosim_error *e)
{
    struct csv_doc doc;
    void *rows = NULL;

    *p = (struct kv_presets){ 0 };
    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, preset_fields, COUNT(preset_fields), sizeof(struct preset_row), &rows, a,
                    e));
    struct kv_preset *out = ARENA_NEW(a, struct kv_preset, doc.n_rows + 1);
    if (!out)
        return err_set(e, COSIM_ENOMEM, "presets");
    for (; p->n < doc.n_rows; p->n++)
        TRY(read_preset(&doc, (const struct preset_row *)rows + p->n, p->n, &out[p->n], a, e));
    p->preset = out;
    return COSIM_OK;
}

struct anchor_row {
    const char *model, *mode, *quantity, *pair, *source;
    double value;
};

static const struct rec_field anchor_fields[] = {
    { "model", REC_STR, offsetof(struct anchor_row, model), 0, 0, 0, REC_REQUIRED },
    { "mode", REC_STR, offsetof(struct anchor_row, mode), 0, 0, 0, REC_REQUIRED },
    { "quantity", REC_STR, offsetof(struct anchor_row, quantity), 0, 0, 0, REC_REQUIRED },
    { "pair", REC_STR, offsetof(struct anchor_row, pair), 0, 0, 0, REC_REQUIRED },
    { "value", REC_F64, offsetof(struct anchor_row, value), 0, 0, 1e9, REC_REQUIRED },
    { "source", REC_STR, offsetof(struct anchor_row, source), 0, 0, 0, REC_REQUIRED },
};

static struct kv_anchor *anchor_slot(struct kv_anchor *all, size_t *n, const struct anchor_row *row)
{
    for (size_t i = 0; i < *n; i++)
        if (!strcmp(all[i].model, row->model) && !strcmp(all[i].mode, row->mode)
            && !strcmp(all[i].quantity, row->quantity))
            return &all[i];
    struct kv_anchor *k = &all[(*n)++];
    *k = (struct kv_anchor){ row->model, row->mode, row->quantity, row->source, { 0 } };
    for (size_t p = 0; p < KV_N_PAIRS; p++)
        k->value[p] = UNKNOWN_F64;
    return k;
}

cosim_status kv_anchors_load(struct kv_anchors *k, const char *path, struct arena *a,
                             cosim_error *e)
{
    struct csv_doc doc;
    void *rows = NULL;

    *k = (struct kv_anchors){ 0 };
    TRY(csv_load(&doc, path, a, e));
    TRY(csv_records(&doc, anchor_fields, COUNT(anchor_fields), sizeof(struct anchor_row), &rows, a,
                    e));
    struct kv_anchor *out = ARENA_NEW(a, struct kv_anchor, doc.n_rows + 1);
    if (!out)
        return err_set(e, COSIM_ENOMEM, "anchors");
    for (size_t r = 0; r < doc.n_rows; r++) {
        const struct anchor_row *row = (const struct anchor_row *)rows + r;
        const struct src_pos at = position(&doc, r, "pair");
        size_t pair, n;
        TRY(kv_pairs_parse(row->pair, &at, &pair, 1, &n, e));
        struct kv_anchor *slot = anchor_slot(out, &k->n, row);
        if (is_known(slot->value[pair]))
            return err_at(e, COSIM_ESYNTAX, &at, "pair '%s' has a value already", row->pair);
        slot->value[pair] = row->value;
    }
    k->anchor = out;
    return COSIM_OK;
}

const struct kv_anchor *kv_anchor_find(const struct kv_anchors *k, const char *model,
                                       const char *mode, const char *quantity)
{
    for (size_t i = 0; i < k->n; i++)
        if (!strcmp(k->anchor[i].model, model) && !strcmp(k->anchor[i].mode, mode)
            && !strcmp(k->anchor[i].quantity, quantity))
            return &k->anchor[i];
    return NULL;
}
