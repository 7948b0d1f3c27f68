/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api/resolve.h"

#include "support/close.h"

#include <string.h>

static cosim *c;

static int open_context(void **state)
{
    const cosim_options o = { .size = sizeof o, .hwdb = "hwdb", .workloads = "workloads" };
    cosim_error e = { 0 };

    (void)state;
    if (cosim_open(&c, &o, &e) == COSIM_OK)
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

/* Study text to space; resolved_release it. */
static cosim_status resolve_text(struct resolved *r, const char *text, cosim_error *e)
{
    struct study s = { 0 };

    *r = (struct resolved){ 0 };
    *e = (cosim_error){ 0 };
    cosim_status st = study_parse(&s, "s.study", text, e);
    if (st == COSIM_OK)
        st = resolve(r, c, &s, e);
    arena_release(&s.arena);
    return st;
}

static void resolve_ok(struct resolved *r, const char *text)
{
    cosim_error e;

    if (resolve_text(r, text, &e) != COSIM_OK)
        fail_msg("%u:%u: %s", e.line, e.col, e.msg);
}

static void texts_become_axes(void **state)
{
    struct resolved r;
    char b[32];

    (void)state;
    resolve_ok(&r, "model = llama-3.1-8b, LLAMA-3.1-8B, qwen2.5-7b\n"
                   "device = h100-sxm, rtx-4090\n"
                   "w = int4-g128+ffn_down@0-3,31=int8, bf16\n"
                   "kv = kv8:kv4, bf16\n"
                   "tp = 1..4:*2\n"
                   "prompt = 128, 256\n"
                   "max = ttft_s=0.5\n"
                   "min = tokens_per_s=20\n"
                   "objectives = tpot_s, tokens_per_s");
    const struct space *s = &r.space;
    assert_int_equal(s->n[AXIS_MODEL], 2); /* named twice, taken once */
    assert_int_equal(s->n[AXIS_W], 2);
    assert_string_equal(space_label(s, AXIS_W, 0, b), "int4-g128+ffn_down@0-3,31=int8");
    assert_string_equal(space_label(s, AXIS_KV, 0, b), "kv8:kv4");
    assert_string_equal(space_label(s, AXIS_TP, 2, b), "4");
    assert_string_equal(space_label(s, AXIS_DEVICE, 1, b), "rtx-4090");
    assert_int_equal(s->n_points, 2 * 2 * 2 * 2 * 3 * 2);
    assert_int_equal(r.request.n_objectives, 2);
    assert_int_equal(r.request.objective[1], METRIC_TOKENS_PER_S);
    assert_int_equal(r.request.n_limits, 2);
    assert_int_equal(r.request.limit[0].metric, METRIC_TTFT);
    assert_rel(r.request.limit[0].bound, 0.5, 0);
    assert_int_equal(r.request.limit[1].sense, -1);
    resolved_release(&r);
}

static void point_ids_are_mixed_radix_numbers(void **state)
{
    struct resolved r;

    (void)state;
    resolve_ok(&r, "model = llama-3.1-8b,qwen2.5-7b\ndevice = h100-sxm,rtx-4090,t4\n"
                   "batch = 1..5\nprompt = 128,256\nw = bf16,int8");
    for (uint64_t id = 0; id < r.space.n_points; id++) {
        size_t digit[N_AXES];
        uint64_t back = 0;
        space_digits(&r.space, id, digit);
        for (int a = 0; a < N_AXES; a++) {
            assert_true(digit[a] < r.space.n[a]);
            back = back * r.space.n[a] + digit[a];
        }
        assert_int_equal(back, id);
        assert_int_equal(digit[AXIS_DEVICE], id % 3);
    }
    resolved_release(&r);
}

static void a_device_at_a_clock_is_a_lane(void **state)
{
    struct resolved r;
    size_t digit[N_AXES];
    char b[32];

    (void)state;
    resolve_ok(&r, "model = llama-3.1-8b\ndevice = h100-sxm,t4\nclock = 0.5..1:+0.25\nbatch = 1,2");
    assert_int_equal(r.space.n_lanes, 6);
    assert_int_equal(r.space.n_blocks, 2);
    space_digits(&r.space, 7 + 3, digit); /* batch 2, t4, 0.75 */
    assert_int_equal(digit[AXIS_BATCH], 1);
    assert_int_equal(space_lane(&r.space, digit), 4);
    assert_string_equal(space_label(&r.space, AXIS_DEVICE, digit[AXIS_DEVICE], b), "t4");
    assert_string_equal(space_label(&r.space, AXIS_CLOCK, digit[AXIS_CLOCK], b), "0.75");
    const struct rates *fast = &r.space.rates[5], *slow = &r.space.rates[3];
    assert_string_equal(slow->device->id, "t4");
    assert_rel(slow->s_per_flop[PREC_FP16].value, 2.0 * fast->s_per_flop[PREC_FP16].value, 1e-15);
    resolved_release(&r);
}

static void globs_and_classes_pick_many(void **state)
{
    struct resolved r;

    (void)state;
    resolve_ok(&r, "model = all\ndevice = all");
    assert_int_equal(r.space.n[AXIS_DEVICE], c->devices.n);
    assert_true(r.space.n[AXIS_MODEL] > 120 && r.space.n[AXIS_MODEL] < c->models.n);
    resolved_release(&r);
    resolve_ok(&r, "model = qwen2.5-*\ndevice = class:gpu, h100-sxm");
    assert_int_equal(r.space.n[AXIS_MODEL], 7);
    for (size_t i = 0; i < r.space.n[AXIS_DEVICE]; i++)
        assert_string_equal(r.space.rates[i].device->device_class, "gpu");
    resolved_release(&r);
}

static void a_scenario_sets_what_is_not_given(void **state)
{
    struct resolved r;

    (void)state;
    resolve_ok(&r, "model = llama-3.1-8b\ndevice = t4\nscenario = batch\nprompt = 77");
    assert_rel(r.space.number[AXIS_PROMPT][0], 77, 0);
    assert_rel(r.space.number[AXIS_OUTPUT][0], 512, 0);
    assert_rel(r.space.number[AXIS_BATCH][0], 64, 0);
    resolved_release(&r);
}

static void measured_quality_follows_the_formats(void **state)
{
    struct resolved r;

    (void)state;
    resolve_ok(&r, "model = llama-3.1-8b\ndevice = t4\nw = bf16, aqlm-2x8");
    assert_rel(r.space.ppl_increase[0], 0, 0);
    assert_true(isnan(r.space.ppl_increase[1]) || r.space.ppl_increase[1] > 0);
    resolved_release(&r);
}

#define BASE "model = llama-3.1-8b\ndevice = h100-sxm\n"

static void mistakes_point_at_their_text(void **state)
{
    static const struct {
        const char *text;
        cosim_status st;
        unsigned line, col;
        const char *hint;
    } rows[] = {
        { "model = llama-3.1-8c\ndevice = t4", COSIM_EUNKNOWN, 1, 9, "llama-3.1-8b" },
        { "model = zzz*\ndevice = t4", COSIM_EUNKNOWN, 1, 9, "" },
        { "model = llama-3.1-8b\ndevice = t4, h100-sxn", COSIM_EUNKNOWN, 2, 14, "h100-sxm" },
        { BASE "w = bf16, int4-g129", COSIM_EUNKNOWN, 3, 11, "int4-g128" },
        { BASE "w = bf16+ffn_dwn=int8", COSIM_EUNKNOWN, 3, 0, "ffn_down" },
        { BASE "a = q4_k_m", COSIM_EUNKNOWN, 3, 5, "" },
        { BASE "kv = kv9", COSIM_EUNKNOWN, 3, 6, "kv" },
        { BASE "kv = kv8:kv9", COSIM_EUNKNOWN, 3, 0, "kv" },
        { BASE "tp = 0", COSIM_ERANGE, 3, 6, "" },
        { BASE "scenario = chatt", COSIM_EUNKNOWN, 3, 12, "chat" },
        { BASE "objectives = tpot_s", COSIM_ERANGE, 3, 0, "" },
        { BASE "objectives = tpot_s, tpott_s", COSIM_EUNKNOWN, 3, 22, "tpot_s" },
        { BASE "objectives = tpot_s, ttft_s, tpot_s", COSIM_ESYNTAX, 3, 30, "" },
        { BASE "objectives = ttft_s,tpot_s,e2e_s,power_w,price_usd,n_devices", COSIM_ERANGE, 3, 52,
          "" },
        { BASE "max = tpot_s", COSIM_ESYNTAX, 3, 7, "" },
        { BASE "max = tpot_s=fast", COSIM_ESYNTAX, 3, 7, "" },
        { BASE "max = tpot_s=nan", COSIM_ESYNTAX, 3, 7, "" },
        { BASE "min = tpot=1", COSIM_EUNKNOWN, 3, 7, "tpot_s" },
        { BASE "seed = -1", COSIM_ESYNTAX, 3, 8, "" },
        { BASE "threads = 5000", COSIM_ERANGE, 3, 11, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct resolved r;
        cosim_error e;
        const cosim_status st = resolve_text(&r, rows[i].text, &e);
        resolved_release(&r);
        if (st != rows[i].st || e.line != rows[i].line || (rows[i].col && e.col != rows[i].col)
            || strcmp(e.file, "s.study") != 0 || !strstr(e.hint, rows[i].hint))
            fail_msg("'%s': %s %s:%u:%u %s (%s)", rows[i].text, cosim_status_name(st), e.file,
                     e.line, e.col, e.msg, e.hint);
    }
}

static void what_is_missing_or_too_much_is_said(void **state)
{
    struct resolved r;
    cosim_error e;

    (void)state;
    assert_int_equal(resolve_text(&r, "device = t4", &e), COSIM_EUSAGE);
    assert_non_null(strstr(e.msg, "model"));
    resolved_release(&r);
    assert_int_equal(resolve_text(&r, "model = llama-3.1-8b", &e), COSIM_EUSAGE);
    assert_non_null(strstr(e.msg, "device"));
    resolved_release(&r);
    assert_int_equal(resolve_text(&r, "model = mamba-130m\ndevice = t4", &e), COSIM_EUNSUPPORTED);
    resolved_release(&r);
    assert_int_equal(resolve_text(&r,
                                  "model = all\ndevice = all\nprompt = 1..90000\n"
                                  "output = 1..90000\nbatch = 1..90000",
                                  &e),
                     COSIM_ERANGE);
    assert_non_null(strstr(e.msg, "2^53"));
    resolved_release(&r);
}

static void a_signature_is_of_the_axes_and_nothing_else(void **state)
{
    static const char *const same[] = {
        BASE "batch = 1,2",
        BASE "batch = 1..2",
        BASE "batch = 1, 2\nseed = 9\nthreads = 2\nobjectives = tpot_s,power_w\nmax = tpot_s=1",
        "device = H100-SXM\nmodel = Llama-3.1-8B\nbatch = 1,2\nw = bf16\ntp = 1",
    };
    static const char *const other[] = {
        BASE "batch = 2,1",
        BASE "batch = 1",
        BASE "batch = 1,2\nw = int8",
        BASE "batch = 1,2\nkv = kv8",
        BASE "batch = 1,2\na = fp8",
        BASE "batch = 1,2\ntp = 2",
        BASE "batch = 1,2\npp = 2",
        BASE "tp = 1,2\npp = 3",
        BASE "tp = 1\npp = 2,3", /* the same numbers in a row */
        BASE "prompt = 1,2",
        BASE "output = 1,2",
        "model = llama-3.1-8b\ndevice = h100-pcie\nbatch = 1,2",
        "model = qwen2.5-7b\ndevice = h100-sxm\nbatch = 1,2",
    };
    char first[17], seen[sizeof other / sizeof *other][17];
    struct resolved r;

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        resolve_ok(&r, same[i]);
        assert_int_equal(strlen(r.signature), 16);
        if (i == 0)
            memcpy(first, r.signature, sizeof first);
        assert_string_equal(r.signature, first);
        resolved_release(&r);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        resolve_ok(&r, other[i]);
        assert_string_not_equal(r.signature, first);
        memcpy(seen[i], r.signature, sizeof seen[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(seen[k], seen[i]);
        resolved_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_axes),
        cmocka_unit_test(point_ids_are_mixed_radix_numbers),
        cmocka_unit_test(a_device_at_a_clock_is_a_lane),
        cmocka_unit_test(globs_and_classes_pick_many),
        cmocka_unit_test(a_scenario_sets_what_is_not_given),
        cmocka_unit_test(measured_quality_follows_the_formats),
        cmocka_unit_test(mistakes_point_at_their_text),
        cmocka_unit_test(what_is_missing_or_too_much_is_said),
        cmocka_unit_test(a_signature_is_of_the_axes_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, open_context, close_context);
}
