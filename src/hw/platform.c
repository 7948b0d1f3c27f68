/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hw/platform.h"

#include "core/csv.h"
#include "core/num.h"
#include "core/text.h"

#include <string.h>

struct raw_member {
    const char *platform, *member, *device, *device_class, *pool, *runs_on, *origin, *source,
        *notes;
    double compute_ratio, vector_ratio, mem_bw_ratio, pool_bytes, stream_bytes_per_s, static_w;
};

struct raw_link {
    const char *platform, *from, *to, *type, *origin, *source;
    double bytes_per_s, sync_s;
};

#define TEXT(struct_, name, member, flags)                                                         \
    {                                                                                              \
        name, REC_STR, offsetof(struct struct_, member), 0, 0, 0, flags                            \
    }
#define NUMBER(struct_, name, member, scale, lo, hi, flags)                                        \
    {                                                                                              \
        name, REC_F64, offsetof(struct struct_, member), scale, lo, hi, flags                      \
    }

static const struct rec_field member_fields[] = {
    TEXT(raw_member, "platform", platform, REC_REQUIRED),
    TEXT(raw_member, "member", member, REC_REQUIRED),
    TEXT(raw_member, "device", device, REC_REQUIRED),
    TEXT(raw_member, "class", device_class, 0),
    NUMBER(raw_member, "compute_ratio", compute_ratio, 1, 1e-4, 4, 0),
    NUMBER(raw_member, "vector_ratio", vector_ratio, 1, 1e-4, 4, 0),
    NUMBER(raw_member, "mem_bw_ratio", mem_bw_ratio, 1, 1e-4, 4, 0),
    TEXT(raw_member, "pool", pool, REC_REQUIRED),
    NUMBER(raw_member, "pool[GB]", pool_bytes, 1e9, 0.1, 1e6, 0),
    TEXT(raw_member, "runs_on", runs_on, 0),
    NUMBER(raw_member, "stream[GB/s]", stream_bytes_per_s, 1e9, 0.01, 1e4, 0),
    NUMBER(raw_member, "static[W]", static_w, 1, 0, 2000, 0),
    TEXT(raw_member, "origin", origin, REC_REQUIRED),
    TEXT(raw_member, "source", source, REC_REQUIRED),
    TEXT(raw_member, "notes", notes, 0),
};

static const struct rec_field link_fields[] = {
    TEXT(raw_link, "platform", platform, REC_REQUIRED),
    TEXT(raw_link, "from", from, REC_REQUIRED),
    TEXT(raw_link, "to", to, REC_REQUIRED),
    TEXT(raw_link, "type", type, REC_REQUIRED),
    NUMBER(raw_link, "bw[GB/s]", bytes_per_s, 1e9, 0.01, 1e4, 0),
    NUMBER(raw_link, "sync[us]", sync_s, 1e-6, 0, 1e6, REC_REQUIRED),
    TEXT(raw_link, "origin", origin, REC_REQUIRED),
    TEXT(raw_link, "source", source, REC_REQUIRED),
};

#define N_OF(x) (sizeof(x) / sizeof *(x))

static struct src_pos pos(const struct csv_doc *doc, size_t row, const char *column)
{
    return csv_pos(doc, csv_cell(doc, row, csv_column(doc, column)));
}

static cosim_status origin_of(const struct csv_doc *doc, size_t row, const char *text,
                              enum origin *out, cosim_error *e)
{
    const struct src_pos at = pos(doc, row, "origin");

    for (enum origin o = ORIGIN_SHEET; o <= ORIGIN_ASSUMED; o++)
        if (strcmp(origin_name(o), text) == 0) {
            *out = o;
            return COSIM_OK;
        }
    const cosim_status st = err_at(e, COSIM_EUNKNOWN, &at, "no origin '%s'", text);
    err_hint(e, "one of sheet, measured, derived, assumed");
    return st;
}

static cosim_status check_class(const struct csv_doc *doc, size_t row, const char *text,
                                cosim_error *e)
{
    static const char *const known[] = { "gpu", "cpu", "npu", "tpu", "fpga", "asic", "soc" };
    const struct src_pos at = pos(doc, row, "class");

    for (size_t i = 0; i < N_OF(known); i++)
        if (strcmp(known[i], text) == 0)
            return COSIM_OK;
    return err_at(e, COSIM_EUNKNOWN, &at, "no class '%s'", text);
}

static void scale(double *v, double ratio)
{
    if (is_known(ratio))
        *v *= ratio;
}

static void apply_shares(struct device *d, const struct raw_member *raw)
{
    for (int p = 0; p < N_PREC; p++)
        if (p != PREC_VECTOR)
            scale(&d->peak_flops_per_s[p], raw->compute_ratio);
    scale(&d->peak_flops_per_s[PREC_VECTOR],
          is_known(raw->vector_ratio) ? raw->vector_ratio : raw->compute_ratio);
    scale(&d->mamf_bf16_flops_per_s, raw->compute_ratio);
    scale(&d->mamf_fp8_flops_per_s, raw->compute_ratio);
    scale(&d->mem_bytes_per_s, raw->mem_bw_ratio);
    if (is_known(raw->pool_bytes) && !raw->runs_on)
        d->mem_bytes = raw->pool_bytes;
    if (raw->device_class)
        d->device_class = raw->device_class;
}

struct building {
    const struct csv_doc *doc;
    const struct raw_member *raw;
    const struct device_db *devices;
    struct platform *p;
    struct platform_member *member;
    struct platform_pool *pool;
};

static cosim_status find_pool(struct building *b, size_t row, struct platform_member *m,
                              cosim_error *e)
{
    const struct raw_member *raw = &b->raw[row];
    const struct src_pos at = pos(b->doc, row, "pool");
    const double bytes = is_known(raw->pool_bytes) ? raw->pool_bytes : m->device.mem_bytes;
    size_t i = 0;

    while (i < b->p->n_pools && strcmp(b->pool[i].name, raw->pool) != 0)
        i++;
    m->pool = i;
    if (!is_known(bytes))
        return err_at(e, COSIM_ESYNTAX, &at, "the size of memory '%s' is not known", raw->pool);
    if (i == b->p->n_pools)
        b->pool[b->p->n_pools++] = (struct platform_pool){ raw->pool, bytes };
    if (b->pool[i].mem_bytes != bytes)
        return err_at(e, COSIM_ERANGE, &at, "memory '%s' has %g GB here and %g GB before",
                      raw->pool, bytes / 1e9, b->pool[i].mem_bytes / 1e9);
    return COSIM_OK;
}

static cosim_status find_executor(struct building *b, size_t row, struct platform_member *m,
                                  cosim_error *e)
{
    const struct raw_member *raw = &b->raw[row];
    const struct src_pos at = pos(b->doc, row, raw->runs_on ? "runs_on" : "stream[GB/s]");
    const bool streams = is_known(raw->stream_bytes_per_s);
    size_t i = 0;

    m->runs_on = b->p->n_members;
    if (!raw->runs_on != !streams)
        return err_at(e, COSIM_ESYNTAX, &at, "a tier needs both runs_on and a stream rate");
    if (!raw->runs_on)
        return COSIM_OK;
    while (i < b->p->n_members && strcmp(b->member[i].name, raw->runs_on) != 0)
        i++;
    if (i == b->p->n_members)
        return err_at(e, COSIM_EUNKNOWN, &at, "no member '%s' above this row", raw->runs_on);
    if (b->member[i].runs_on != i)
        return err_at(e, COSIM_ERANGE, &at, "'%s' computes nothing itself", raw->runs_on);
    m->runs_on = i;
    return COSIM_OK;
}

static cosim_status add_member(struct building *b, size_t row, cosim_error *e)
{
    const struct raw_member *raw = &b->raw[row];
    const struct src_pos at = pos(b->doc, row, "member");
    const struct src_pos device_at = pos(b->doc, row, "device");
    struct platform_member *m = &b->member[b->p->n_members];
    const struct device *d;
    cosim_error own = { 0 };

    if (b->p->n_members == PLATFORM_MEMBERS_MAX)
        return err_at(e, COSIM_ERANGE, &at, "more than %u members", PLATFORM_MEMBERS_MAX);
    for (size_t i = 0; i < b->p->n_members; i++)
        if (strcmp(b->member[i].name, raw->member) == 0)
            return err_at(e, COSIM_ESYNTAX, &at, "member '%s' stands on line %u already",
                          raw->member, b->member[i].line);
    if (device_find(b->devices, raw->device, &d, &own) != COSIM_OK) {
        (void)err_at(e, own.status, &device_at, "%s", own.msg);
        if (own.hint[0])
            err_hint(e, "%s", own.hint);
        return own.status;
    }
    if (raw->device_class)
        TRY(check_class(b->doc, row, raw->device_class, e));
    *m = (struct platform_member){ .name = raw->member,
                                   .device = *d,
                                   .stream_bytes_per_s = raw->stream_bytes_per_s,
                                   .static_w = raw->static_w,
                                   .source = raw->source,
                                   .notes = raw->notes,
                                   .line = at.line };
    TRY(origin_of(b->doc, row, raw->origin, &m->origin, e));
    apply_shares(&m->device, raw);
    TRY(find_executor(b, row, m, e));
    TRY(find_pool(b, row, m, e));
    b->p->n_members++;
    return COSIM_OK;
}

static cosim_status read_members(struct platform_db *db, const struct device_db *devices,
                                 const struct csv_doc *doc, struct arena *a, cosim_error *e)
{
    struct building b = { .doc = doc, .devices = devices };
    struct platform *platform = ARENA_NEW(a, struct platform, doc->n_rows);
    void *raw;

    if (!platform)
        return err_set(e, COSIM_ENOMEM, "out of memory for %s", doc->path);
    TRY(csv_records(doc, member_fields, N_OF(member_fields), sizeof(struct raw_member), &raw, a,
                    e));
    b.raw = raw;
    for (size_t r = 0; r < doc->n_rows; r++) {
        const struct src_pos at = pos(doc, r, "platform");
        if (!b.p || strcmp(b.p->id, b.raw[r].platform) != 0) {
            for (size_t i = 0; i < db->n; i++)
                if (strcmp(platform[i].id, b.raw[r].platform) == 0)
                    return err_at(e, COSIM_ESYNTAX, &at, "the rows of '%s' do not stand together",
                                  b.raw[r].platform);
            b.p = &platform[db->n++];
            b.member = ARENA_NEW(a, struct platform_member, PLATFORM_MEMBERS_MAX);
            b.pool = ARENA_NEW(a, struct platform_pool, PLATFORM_MEMBERS_MAX);
            if (!b.member || !b.pool)
                return err_set(e, COSIM_ENOMEM, "out of memory for %s", doc->path);
            *b.p = (struct platform){ .id = b.raw[r].platform, .member = b.member, .pool = b.pool };
        }
        TRY(add_member(&b, r, e));
    }
    db->platform = platform;
    return COSIM_OK;
}

static cosim_status add_link(struct platform_db *db, const struct csv_doc *doc, size_t row,
                             const struct raw_link *raw, struct platform_link *out, cosim_error *e)
{
    const struct src_pos at = pos(doc, row, "platform"), from_at = pos(doc, row, "from"),
                         to_at = pos(doc, row, "to"), bw_at = pos(doc, row, "bw[GB/s]");
    struct platform *p = NULL;
    const struct {
        const char *name;
        const struct src_pos *at;
        size_t *member;
    } ends[] = { { raw->from, &from_at, &out->from }, { raw->to, &to_at, &out->to } };

    for (size_t i = 0; i < db->n && !p; i++)
        if (strcmp(db->platform[i].id, raw->platform) == 0)
            p = (struct platform *)(size_t)&db->platform[i];
    if (!p)
        return err_at(e, COSIM_EUNKNOWN, &at, "no platform '%s'", raw->platform);
    for (size_t i = 0; i < 2; i++) {
        cosim_error own = { 0 };
        if (platform_member_find(p, ends[i].name, ends[i].member, &own) != COSIM_OK)
            return err_at(e, own.status, ends[i].at, "%s", own.msg);
        if (p->member[*ends[i].member].runs_on != *ends[i].member)
            return err_at(e, COSIM_ERANGE, ends[i].at, "'%s' computes nothing itself",
                          ends[i].name);
    }
    if (out->from == out->to)
        return err_at(e, COSIM_ERANGE, &to_at, "a link joins two members");
    if (platform_link_between(p, out->from, out->to))
        return err_at(e, COSIM_ESYNTAX, &from_at, "this link stands in the file already");
    if ((strcmp(raw->type, "shared") == 0) == is_known(raw->bytes_per_s))
        return err_at(e, COSIM_ESYNTAX, &bw_at, "a link has a bandwidth, unless it is 'shared'");
    if (strcmp(raw->type, "shared") == 0 && p->member[out->from].pool != p->member[out->to].pool)
        return err_at(e, COSIM_ERANGE, &bw_at, "'%s' and '%s' have no memory in common", raw->from,
                      raw->to);
    out->type = raw->type;
    out->bytes_per_s = raw->bytes_per_s;
    out->sync_s = raw->sync_s;
    out->source = raw->source;
    out->line = at.line;
    TRY(origin_of(doc, row, raw->origin, &out->origin, e));
    if (p->n_links > 0 && &p->link[p->n_links] != out)
        return err_at(e, COSIM_ESYNTAX, &at, "the links of '%s' do not stand together",
                      raw->platform);
    if (p->n_links == 0)
        p->link = out;
    p->n_links++;
    return COSIM_OK;
}

static cosim_status read_links(struct platform_db *db, const struct csv_doc *doc, struct arena *a,
                               cosim_error *e)
{
    struct platform_link *link = ARENA_NEW(a, struct platform_link, doc->n_rows);
    const struct raw_link *raw;
    void *rows;

    if (!link)
        return err_set(e, COSIM_ENOMEM, "out of memory for %s", doc->path);
    TRY(csv_records(doc, link_fields, N_OF(link_fields), sizeof(struct raw_link), &rows, a, e));
    raw = rows;
    for (size_t r = 0; r < doc->n_rows; r++)
        TRY(add_link(db, doc, r, &raw[r], &link[r], e));
    return COSIM_OK;
}

static cosim_status all_joined(const struct platform_db *db, cosim_error *e)
{
    for (size_t i = 0; i < db->n; i++) {
        const struct platform *p = &db->platform[i];
        for (size_t x = 0; x < p->n_members; x++)
            for (size_t y = 0; y < x; y++) {
                const struct src_pos at = { db->path, p->member[x].line, 0 };
                if (p->member[x].runs_on == x && p->member[y].runs_on == y
                    && !platform_link_between(p, x, y))
                    return err_at(e, COSIM_ESYNTAX, &at, "'%s' has no link between '%s' and '%s'",
                                  p->id, p->member[y].name, p->member[x].name);
            }
    }
    return COSIM_OK;
}

static cosim_status read_both(struct platform_db *db, const struct device_db *devices,
                              const struct csv_doc *members, const struct csv_doc *links,
                              struct arena *a, cosim_error *e)
{
    *db = (struct platform_db){ .path = members->path, .links_path = links->path };
    TRY(read_members(db, devices, members, a, e));
    TRY(read_links(db, links, a, e));
    return all_joined(db, e);
}

cosim_status platform_db_load(struct platform_db *db, const struct device_db *devices,
                              const char *path, const char *links_path, struct arena *a,
                              cosim_error *e)
{
    struct csv_doc members, links;

    TRY(csv_load(&members, path, a, e));
    TRY(csv_load(&links, links_path, a, e));
    return read_both(db, devices, &members, &links, a, e);
}

cosim_status platform_db_parse(struct platform_db *db, const struct device_db *devices,
                               const char *name, const void *data, size_t n, const char *links_name,
                               const void *links, size_t n_links, struct arena *a, cosim_error *e)
{
    struct csv_doc member_doc, link_doc;

    TRY(csv_doc_parse(&member_doc, name, data, n, a, e));
    TRY(csv_doc_parse(&link_doc, links_name, links, n_links, a, e));
    return read_both(db, devices, &member_doc, &link_doc, a, e);
}

cosim_status platform_find(const struct platform_db *db, const char *id, const struct platform **p,
                           cosim_error *e)
{
    struct nearest near = { .want = id };

    for (size_t i = 0; i < db->n; i++) {
        *p = &db->platform[i];
        if (text_equal_nocase((*p)->id, id))
            return COSIM_OK;
        nearest_offer(&near, (*p)->id);
    }
    const cosim_status st = err_set(e, COSIM_EUNKNOWN, "no platform '%.60s'", id);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    else
        err_hint(e, "'cosim route' without a platform lists them");
    return st;
}

cosim_status platform_member_find(const struct platform *p, const char *name, size_t *member,
                                  cosim_error *e)
{
    struct nearest near = { .want = name };

    for (*member = 0; *member < p->n_members; ++*member) {
        if (text_equal_nocase(p->member[*member].name, name))
            return COSIM_OK;
        nearest_offer(&near, p->member[*member].name);
    }
    const cosim_status st =
        err_set(e, COSIM_EUNKNOWN, "platform '%s' has no member '%.60s'", p->id, name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '%s'?", nearest_suggestion(&near));
    return st;
}

const struct platform_link *platform_link_between(const struct platform *p, size_t x, size_t y)
{
    for (size_t i = 0; i < p->n_links; i++)
        if ((p->link[i].from == x && p->link[i].to == y)
            || (p->link[i].from == y && p->link[i].to == x))
            return &p->link[i];
    return NULL;
}
