/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/journal.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/num.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)1 << 36)
#define NUMBER_MAX 64u

/* Rows and prices one after the other: n_vars numbers, the violation, n_obj objectives. */
struct search_journal {
    uint64_t problem;
    size_t n_vars, n_obj, width;
    double *row;
    size_t n, cap_rows;
    size_t *slot; /* row + 1, 0 = free */
    size_t n_slots;
    const char *path;
    FILE *file; /* NULL: memory only */
};

cosim_status journal_new(struct search_journal **j, uint64_t problem, size_t n_vars, size_t n_obj,
                         cosim_error *e)
{
    *j = calloc(1, sizeof **j);
    if (!*j)
        return err_set(e, COSIM_ENOMEM, "no memory for a journal");
    **j = (struct search_journal){
        .problem = problem, .n_vars = n_vars, .n_obj = n_obj, .width = n_vars + 1 + n_obj
    };
    return COSIM_OK;
}

void journal_close(struct search_journal *j)
{
    if (!j)
        return;
    if (j->file)
        (void)fclose(j->file);
    free(j->row);
    free(j->slot);
    free(j);
}

size_t journal_size(const struct search_journal *j)
{
    return j->n;
}

/* -0 and 0 are one value of an axis. */
static bool same_point(const double *x, const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] < y[i] || x[i] > y[i])
            return false;
    return true;
}

static size_t slot_of(const struct search_journal *j, const double *x)
{
    uint64_t h = HASH_START;

    for (size_t i = 0; i < j->n_vars; i++) {
        const double v = x[i] + 0.0;
        h = hash_bytes(h, &v, sizeof v);
    }
    size_t at = (size_t)splitmix64(h) & (j->n_slots - 1);
    while (j->slot[at] && !same_point(j->row + (j->slot[at] - 1) * j->width, x, j->n_vars))
        at = (at + 1) & (j->n_slots - 1);
    return at;
}

static cosim_status grow(struct search_journal *j, cosim_error *e)
{
    const size_t cap = j->cap_rows ? 2 * j->cap_rows : 1024;
    double *row = realloc(j->row, cap * j->width * sizeof *row);
    if (row)
        j->row = row;
    size_t *slot = row ? calloc(4 * cap, sizeof *slot) : NULL;

    if (!slot)
        return err_set(e, COSIM_ENOMEM, "no memory for a journal of %zu points", cap);
    free(j->slot);
    j->slot = slot;
    j->n_slots = 4 * cap;
    j->cap_rows = cap;
    for (size_t i = 0; i < j->n; i++)
        j->slot[slot_of(j, j->row + i * j->width)] = i + 1;
    return COSIM_OK;
}

/* Rows have their prices behind them; the first price of a point stays. */
static cosim_status remember(struct search_journal *j, const double *row, bool *is_new,
                             cosim_error *e)
{
    if (j->n == j->cap_rows)
        TRY(grow(j, e));
    const size_t at = slot_of(j, row);
    *is_new = j->slot[at] == 0;
    if (!*is_new)
        return COSIM_OK;
    memcpy(j->row + j->n * j->width, row, j->width * sizeof *row);
    j->slot[at] = ++j->n;
    return COSIM_OK;
}

bool journal_get(const struct search_journal *j, const double *x, struct priced *f)
{
    if (j->n == 0)
        return false;
    const size_t at = j->slot[slot_of(j, x)];
    if (at == 0)
        return false;
    const double *price = j->row + (at - 1) * j->width + j->n_vars;
    f->violation = price[0];
    memcpy(f->obj, price + 1, j->n_obj * sizeof *price);
    return true;
}

static cosim_status lost(const struct search_journal *j, cosim_error *e)
{
    return err_set(e, COSIM_EIO, "cannot write the journal '%s'", j->path);
}

cosim_status journal_put(struct search_journal *j, const double *x, const struct priced *f,
                         cosim_error *e)
{
    bool is_new = isfinite(f->violation);

    for (size_t k = 0; k < j->n_obj; k++)
        is_new = is_new && isfinite(f->obj[k]);
    if (!is_new)
        return COSIM_OK;
    if (j->n == j->cap_rows)
        TRY(grow(j, e));
    double *row = j->row + j->n * j->width;
    memcpy(row, x, j->n_vars * sizeof *x);
    row[j->n_vars] = f->violation;
    memcpy(row + j->n_vars + 1, f->obj, j->n_obj * sizeof *row);
    TRY(remember(j, row, &is_new, e));
    if (!is_new || !j->file)
        return COSIM_OK;
    for (size_t i = 0; i < j->width; i++)
        if (fprintf(j->file, "%.17g%c", row[i], i + 1 < j->width ? ',' : '\n') < 0)
            return lost(j, e);
    return COSIM_OK;
}

cosim_status journal_flush(struct search_journal *j, cosim_error *e)
{
    return j->file && fflush(j->file) != 0 ? lost(j, e) : COSIM_OK;
}

/* --- the file ------------------------------------------------------------------------------ */

#define HEAD_MAX 128u

static void head_of(const struct search_journal *j, char head[HEAD_MAX])
{
    (void)snprintf(head, HEAD_MAX,
                   "# cosim journal 1, problem %016llx, %zu variables, %zu objectives",
                   (unsigned long long)j->problem, j->n_vars, j->n_obj);
}

static cosim_status check_head(const struct search_journal *j, const char *name, const char *line,
                               size_t n, cosim_error *e)
{
    static const char kind[] = "# cosim journal 1, ";
    const struct src_pos at = { name, 1, 1 };
    char head[HEAD_MAX];

    head_of(j, head);
    if (n == strlen(head) && memcmp(line, head, n) == 0)
        return COSIM_OK;
    if (n < sizeof kind - 1 || memcmp(line, kind, sizeof kind - 1) != 0)
        return err_at(e, COSIM_ESYNTAX, &at, "this is no journal of a search");
    const cosim_status st = err_at(e, COSIM_ERANGE, &at, "the journal is of another problem");
    err_hint(e, "axes, objectives, limits or the data differ; give another file, or remove it");
    return st;
}

/* One line of numbers without its newline. */
static cosim_status read_line(struct search_journal *j, const char *name, unsigned number,
                              const char *line, size_t n, double *row, cosim_error *e)
{
    size_t from = 0;
    bool is_new;

    for (size_t i = 0; i < j->width; i++) {
        char text[NUMBER_MAX];
        size_t end = from;
        while (end < n && line[end] != ',')
            end++;
        const struct src_pos at = { name, number, (unsigned)from + 1 };
        const bool last = i + 1 == j->width;
        if (last ? end != n : end == n)
            return err_at(e, COSIM_ESYNTAX, &at, "a point has %zu numbers", j->width);
        const size_t length = end - from < NUMBER_MAX - 1 ? end - from : NUMBER_MAX - 1;
        memcpy(text, line + from, length);
        text[length] = '\0';
        if (end - from >= NUMBER_MAX || memchr(text, '\0', length) || !text_to_f64(text, &row[i]))
            return err_at(e, COSIM_ESYNTAX, &at, "'%.40s' is no number", text);
        from = end + 1;
    }
    return remember(j, row, &is_new, e);
}

cosim_status journal_read(struct search_journal *j, const char *name, const char *data, size_t n,
                          size_t *used, cosim_error *e)
{
    double *row = calloc(j->width, sizeof *row);
    cosim_status st = row ? COSIM_OK : err_set(e, COSIM_ENOMEM, "no memory for a journal");
    unsigned number = 0;

    *used = 0;
    while (st == COSIM_OK && *used < n) {
        const char *line = data + *used, *end = memchr(line, '\n', n - *used);
        if (!end)
            break;
        const size_t length = (size_t)(end - line);
        st = number++ == 0 ? check_head(j, name, line, length, e)
                           : read_line(j, name, number, line, length, row, e);
        *used += length + 1;
    }
    free(row);
    return st;
}

/* Goes on behind the last whole line. */
static cosim_status begin_append(struct search_journal *j, size_t used, cosim_error *e)
{
    char head[HEAD_MAX];

    j->file = fopen(j->path, used > 0 ? "r+b" : "wb");
    if (!j->file
        || (used > 0
            && (ftruncate(fileno(j->file), (off_t)used) != 0 || fseek(j->file, 0, SEEK_END) != 0)))
        return lost(j, e);
    if (used > 0)
        return COSIM_OK;
    head_of(j, head);
    if (fprintf(j->file, "%s\n", head) < 0)
        return lost(j, e);
    return journal_flush(j, e);
}

cosim_status journal_open(struct search_journal **j, const char *path, uint64_t problem,
                          size_t n_vars, size_t n_obj, cosim_error *e)
{
    struct file_bytes bytes = { NULL, 0 };
    size_t used = 0;

    TRY(journal_new(j, problem, n_vars, n_obj, e));
    (*j)->path = path;
    cosim_status st =
        access(path, F_OK) == 0 ? file_read(&bytes, path, FILE_BYTES_MAX, e) : COSIM_OK;
    if (st == COSIM_OK && bytes.n > 0)
        st = journal_read(*j, path, (const char *)bytes.data, bytes.n, &used, e);
    if (st == COSIM_OK && used == 0 && bytes.n > 0) /* somebody else's file is not overwritten */
        st = check_head(*j, path, (const char *)bytes.data, bytes.n, e);
    file_release(&bytes);
    if (st == COSIM_OK)
        st = begin_append(*j, used, e);
    if (st != COSIM_OK) {
        journal_close(*j);
        *j = NULL;
    }
    return st;
}
