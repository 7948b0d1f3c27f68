/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which device and weight format serve Llama-3.1-8B best? A sweep through the public library,
 * its frontier on standard output, the same as CSV in a file.
 *
 *   cc sweep.c $(pkg-config --cflags --libs cosim) -o sweep && ./sweep DATADIR front.csv
 *
 * DATADIR holds the folders hwdb and workloads: $(pkg-config --variable=datadir cosim).
 */
#include <cosim.h>

#include <stdio.h>
#include <string.h>

/* key and value as in a study file; `cosim help sweep` lists the keys */
static const char *const study_text[][2] = {
    { "model", "llama-3.1-8b" },
    { "device", "h100-sxm, a100-80gb-sxm, l40s, rtx-4090, l4" },
    { "w", "bf16, int8, q4_k_m" },
    { "batch", "1, 8, 64" },
    { "prompt", "2048" },
    { "output", "256" },
    { "objectives", "tpot_s, j_per_token, tokens_per_s" },
    { "max", "ttft_s=2" },
};

static int report(const cosim_error *e)
{
    fprintf(stderr, "%s%s%s\n", e->file, e->file[0] ? ": " : "", e->msg);
    if (e->hint[0])
        fprintf(stderr, "hint: %s\n", e->hint);
    return cosim_status_exit_code(e->status);
}

/* Tables are read by column name, so that new columns change nothing here. */
static void print_front(const cosim_table *t)
{
    const size_t device = cosim_table_find(t, "device"), w = cosim_table_find(t, "w");
    const size_t batch = cosim_table_find(t, "batch"), tpot = cosim_table_find(t, "tpot_s");
    const size_t joules = cosim_table_find(t, "j_per_token");

    for (size_t row = 0; row < cosim_table_rows(t); row++)
        printf("%-16s %-8s batch %3.0f: %6.2f ms and %6.3f J per token\n",
               cosim_table_text(t, row, device), cosim_table_text(t, row, w),
               cosim_table_number(t, row, batch), 1e3 * cosim_table_number(t, row, tpot),
               cosim_table_number(t, row, joules));
}

static cosim_status write_csv(cosim *c, const cosim_table *t, const char *path, cosim_error *e)
{
    const cosim_write_options o = { .size = sizeof o, .format = "csv" };
    FILE *out = fopen(path, "wb");

    if (!out) {
        perror(path);
        return COSIM_EIO;
    }
    const cosim_status st = cosim_write(c, t, &o, out, e);
    return fclose(out) == 0 ? st : COSIM_EIO;
}

/* Every call fills `e` when it fails; the first error ends the chain. */
static cosim_status sweep(cosim *c, const char *path, cosim_error *e)
{
    cosim_study *s = NULL;
    cosim_table *t = NULL;
    cosim_sweep_info info;
    cosim_status st = cosim_study_new(&s, e);

    for (size_t i = 0; st == COSIM_OK && i < sizeof study_text / sizeof *study_text; i++)
        st = cosim_study_set(s, study_text[i][0], study_text[i][1], NULL, e);
    if (st == COSIM_OK)
        st = cosim_sweep(c, s, NULL, NULL, &t, &info, e);
    if (st == COSIM_OK) {
        printf("%llu points, %llu on the frontier\n", (unsigned long long)info.n_points,
               (unsigned long long)info.n_front);
        print_front(t);
        st = write_csv(c, t, path, e);
    }
    cosim_table_free(t);
    cosim_study_free(s);
    return st;
}

int main(int argc, char **argv)
{
    char hwdb[1024], workloads[1024];
    cosim_error e = { .status = COSIM_OK };
    cosim *c = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: sweep DATADIR FRONT.csv\n");
        return 2;
    }
    snprintf(hwdb, sizeof hwdb, "%s/hwdb", argv[1]);
    snprintf(workloads, sizeof workloads, "%s/workloads", argv[1]);
    const cosim_options o = { .size = sizeof o, .hwdb = hwdb, .workloads = workloads };
    cosim_status st = cosim_open(&c, &o, &e);
    if (st == COSIM_OK)
        st = sweep(c, argv[2], &e);
    cosim_close(c);
    return st == COSIM_OK ? 0 : report(&e);
}
