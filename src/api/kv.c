/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kv/kv.h"

#include "api/context.h"
#include "api/kv_device.h"
#include "api/kv_preset.h"
#include "core/text.h"

#include <string.h>

/* The options of all steps in one struct, so that one table of keys can fill them. */
struct kv_options {
    struct kv_sensitivity_options sensitivity;
    struct kv_search_options search;
    struct kv_measure_options measure;
    struct kv_tune_options tune;
    struct kv_preset_options preset;
    struct kv_device_options device;
};

enum key_type { KEY_TEXT, KEY_COUNT, KEY_NUMBER, KEY_FLAG };

#define OFFSET(step, member)                                                                       \
    (offsetof(struct kv_options, step) + offsetof(struct kv_##step##_options, member))
#define NONE SIZE_MAX

/* name, argument, steps that take it, doc, type, up to four places that it fills */
static const struct kv_key {
    cosim_key key;
    enum key_type type;
    size_t at[4];
} keys[] = {
    { { "model", "FILE.gguf", "sensitivity measure tune", "small model to run" },
      KEY_TEXT,
      { OFFSET(sensitivity, model), OFFSET(measure, model), OFFSET(tune, model), NONE } },
    { { "text", "FILE", "sensitivity measure tune", "text to run it on" },
      KEY_TEXT,
      { OFFSET(sensitivity, text), OFFSET(measure, text), OFFSET(tune, text), NONE } },
    { { "mode", "MODE", "sensitivity search measure tune", "quantiser: pertoken or kivi" },
      KEY_TEXT,
      { OFFSET(sensitivity, mode), OFFSET(search, mode), OFFSET(measure, mode),
        OFFSET(tune, mode) } },
    { { "windows", "N", "sensitivity measure", "windows of 256 bytes" },
      KEY_COUNT,
      { OFFSET(sensitivity, n_windows), OFFSET(measure, n_windows), NONE, NONE } },
    { { "calibrate", NULL, "sensitivity", "also measure the KL of each layer and side" },
      KEY_FLAG,
      { OFFSET(sensitivity, calibrate), NONE, NONE, NONE } },
    { { "tensors", "FILE", "sensitivity", "dumped Q, K, V: layer.N.q, .k, .v (safetensors, GGUF)" },
      KEY_TEXT,
      { OFFSET(sensitivity, tensors), NONE, NONE, NONE } },
    { { "q", "FILE.npy", "sensitivity", "queries [layers][tokens][heads][dim]" },
      KEY_TEXT,
      { OFFSET(sensitivity, q), NONE, NONE, NONE } },
    { { "k", "FILE.npy", "sensitivity", "keys" },
      KEY_TEXT,
      { OFFSET(sensitivity, k), NONE, NONE, NONE } },
    { { "v", "FILE.npy", "sensitivity", "values" },
      KEY_TEXT,
      { OFFSET(sensitivity, v), NONE, NONE, NONE } },
    { { "heads-first", NULL, "sensitivity", "tensors are [heads][tokens][dim]" },
      KEY_FLAG,
      { OFFSET(sensitivity, heads_first), NONE, NONE, NONE } },
    { { "repository-rule", NULL, "sensitivity", "rounded zero point, as KVTuner's repository" },
      KEY_FLAG,
      { OFFSET(sensitivity, repository_rule), NONE, NONE, NONE } },
    { { "sensitivity", "FILE.csv", "search", "table that the step sensitivity wrote" },
      KEY_TEXT,
      { OFFSET(search, sensitivity), NONE, NONE, NONE } },
    { { "groups", "FILE.csv", "search", "published layer groups; default: prune and cluster here" },
      KEY_TEXT,
      { OFFSET(search, groups), NONE, NONE, NONE } },
    { { "groups-model", "NAME", "search", "model of the groups file" },
      KEY_TEXT,
      { OFFSET(search, model), NONE, NONE, NONE } },
    { { "loss", "COLUMN", "search", "e_o (the paper's) or kl_nats" },
      KEY_TEXT,
      { OFFSET(search, loss), NONE, NONE, NONE } },
    { { "gamma", "X", "search", "how errors grow through the layers" },
      KEY_NUMBER,
      { OFFSET(search, gamma), NONE, NONE, NONE } },
    { { "eps", "X", "search", "DBSCAN radius" },
      KEY_NUMBER,
      { OFFSET(search, eps), NONE, NONE, NONE } },
    { { "no-prune", NULL, "search", "all pairs stay candidates" },
      KEY_FLAG,
      { OFFSET(search, no_prune), NONE, NONE, NONE } },
    { { "kv-heads", "N", "search", "K/V heads of a layer" },
      KEY_NUMBER,
      { OFFSET(search, n_kv_heads), NONE, NONE, NONE } },
    { { "head-dim", "N", "search", "head size" },
      KEY_NUMBER,
      { OFFSET(search, head_dim), NONE, NONE, NONE } },
    { { "context", "N", "search", "cached tokens" },
      KEY_NUMBER,
      { OFFSET(search, context_tokens), NONE, NONE, NONE } },
    { { "bytes-per-s", "X", "search", "memory bandwidth of the device" },
      KEY_NUMBER,
      { OFFSET(search, bytes_per_s), NONE, NONE, NONE } },
    { { "j-per-byte", "X", "search", "energy of a byte from memory" },
      KEY_NUMBER,
      { OFFSET(search, j_per_byte), NONE, NONE, NONE } },
    { { "device", "ID", "search", "decode step of --model-id on this device" },
      KEY_TEXT,
      { OFFSET(device, device), NONE, NONE, NONE } },
    { { "model-id", "ID", "search", "model of models.csv; sets heads and head size too" },
      KEY_TEXT,
      { OFFSET(device, model), NONE, NONE, NONE } },
    { { "w", "SCHEME", "search", "weight scheme of that model, default bf16" },
      KEY_TEXT,
      { OFFSET(device, w), NONE, NONE, NONE } },
    { { "limit-bits", "X", "search", "average nominal bits of the preset to write" },
      KEY_NUMBER,
      { OFFSET(search, limit_bits), NONE, NONE, NONE } },
    { { "preset", "FILE.yaml", "search preset", "write the pairs of the layers there" },
      KEY_TEXT,
      { OFFSET(search, preset_out), OFFSET(preset, preset_out), NONE, NONE } },
    { { "cache", "K:V", "preset", "formats of the cache with layers: kv4+*@0-3=kv8:kv4" },
      KEY_TEXT,
      { OFFSET(preset, cache), NONE, NONE, NONE } },
    { { "layers", "N", "preset", "layers of the model" },
      KEY_COUNT,
      { OFFSET(preset, n_layers), NONE, NONE, NONE } },
    { { "formats", "LIST", "measure", "KV8, K8V4, q8_0/q4_0, w:q4_k, preset.yaml" },
      KEY_TEXT,
      { OFFSET(measure, formats), NONE, NONE, NONE } },
    { { "hadamard", NULL, "measure", "rotate K and V before ggml formats" },
      KEY_FLAG,
      { OFFSET(measure, hadamard), NONE, NONE, NONE } },
    { { "weights", NULL, "tune", "search weight formats per matrix instead of K/V pairs" },
      KEY_FLAG,
      { OFFSET(tune, weights), NONE, NONE, NONE } },
    { { "losses", "FILE.csv", "tune",
        "with --weights: write the loss of every matrix, for cosim allocate --sensitivity" },
      KEY_TEXT,
      { OFFSET(tune, losses_out), NONE, NONE, NONE } },
    { { "single-layers", NULL, "tune", "also measure every layer and pair alone" },
      KEY_FLAG,
      { OFFSET(tune, single_layers), NONE, NONE, NONE } },
    { { "calibration-windows", "N", "tune", "default 8" },
      KEY_COUNT,
      { OFFSET(tune, calibration_windows), NONE, NONE, NONE } },
    { { "test-windows", "N", "tune", "default 16" },
      KEY_COUNT,
      { OFFSET(tune, test_windows), NONE, NONE, NONE } },
};

#define N_KEYS (sizeof keys / sizeof *keys)

const cosim_key *cosim_kv_key(size_t i)
{
    return i < N_KEYS ? &keys[i].key : NULL;
}

static cosim_status store(struct kv_options *o, const struct kv_key *k, const char *value,
                          cosim_error *e)
{
    double number = 0.0;
    const bool flag = true;
    uint64_t count = 0;

    if (k->type == KEY_NUMBER && !(value && text_to_f64(value, &number)))
        return err_set(e, COSIM_EUSAGE, "'--%s' needs a number", k->key.key);
    if (k->type == KEY_COUNT && !(value && text_to_u64(value, &count) && count <= 1000000))
        return err_set(e, COSIM_EUSAGE, "'--%s' needs a whole number up to 1000000", k->key.key);
    const size_t n = (size_t)count;
    for (size_t i = 0; i < 4 && k->at[i] != NONE; i++) {
        char *to = (char *)o + k->at[i];
        switch (k->type) {
        case KEY_TEXT:
            memcpy(to, &value, sizeof value);
            break;
        case KEY_NUMBER:
            memcpy(to, &number, sizeof number);
            break;
        case KEY_COUNT:
            memcpy(to, &n, sizeof n);
            break;
        case KEY_FLAG:
            memcpy(to, &flag, sizeof flag);
            break;
        }
    }
    return COSIM_OK;
}

/* Is `step` one of the blank-separated steps of a key? */
static bool takes(const struct kv_key *k, const char *step)
{
    const size_t n = strlen(step);

    for (const char *s = k->key.def; s; s = strchr(s, ' ') ? strchr(s, ' ') + 1 : NULL)
        if (strncmp(s, step, n) == 0 && (s[n] == ' ' || s[n] == '\0'))
            return true;
    return false;
}

static cosim_status apply(struct kv_options *o, const char *step, const cosim_setting *s,
                          cosim_error *e)
{
    struct nearest near = { .want = s->name };

    for (size_t i = 0; i < N_KEYS; i++) {
        nearest_offer(&near, keys[i].key.key);
        if (strcmp(keys[i].key.key, s->name) != 0)
            continue;
        if (!takes(&keys[i], step))
            return err_set(e, COSIM_EUSAGE, "'--%s' belongs to: %s", s->name, keys[i].key.def);
        return store(o, &keys[i], s->value, e);
    }
    const cosim_status st = err_set(e, COSIM_EUSAGE, "unknown option '--%s'", s->name);
    if (nearest_suggestion(&near))
        err_hint(e, "did you mean '--%s'?", nearest_suggestion(&near));
    return st;
}

static cosim_status tune(const struct kv_tune_options *o, struct table **t, cosim_error *e)
{
    struct kv_tune_result r;

    return kv_tune_run(o, &r, t, e);
}

static cosim_status search_on_device(cosim *c, struct kv_options *o, struct table **t,
                                     struct arena *a, cosim_error *e)
{
    struct kv_device d;

    TRY(kv_device_open(&d, c, &o->device, &o->search, a, e));
    TRY(kv_search_run(&o->search, t, e));
    return kv_device_columns(&d, c, &o->search, t, e);
}

static cosim_status search(cosim *c, struct kv_options *o, struct table **t, cosim_error *e)
{
    struct arena a = { 0 };

    if (!o->device.device && !o->device.model && !o->device.w)
        return kv_search_run(&o->search, t, e);
    const cosim_status st = search_on_device(c, o, t, &a, e);
    arena_release(&a);
    if (st != COSIM_OK) {
        table_free(*t);
        *t = NULL;
    }
    return st;
}

static cosim_status presets(cosim *c, struct table **t, cosim_error *e)
{
    const char *dir;

    TRY(context_path(&c->arena, c->workloads, "kvtuner", &dir, e));
    return kv_presets_check(dir, t, e);
}

cosim_status cosim_kv(cosim *c, const char *step, const cosim_setting *setting, size_t n,
                      cosim_table **t, cosim_error *e)
{
    struct kv_options o = { .sensitivity = { .model = NULL } };

    *t = NULL;
    for (size_t i = 0; i < n; i++)
        TRY(apply(&o, step, &setting[i], e));
    if (strcmp(step, "sensitivity") == 0)
        return kv_sensitivity_run(&o.sensitivity, t, e);
    if (strcmp(step, "search") == 0)
        return search(c, &o, t, e);
    if (strcmp(step, "presets") == 0)
        return presets(c, t, e);
    if (strcmp(step, "measure") == 0)
        return kv_measure_run(&o.measure, t, e);
    if (strcmp(step, "tune") == 0)
        return tune(&o.tune, t, e);
    if (strcmp(step, "preset") == 0)
        return kv_preset_run(c, &o.preset, t, e);
    const cosim_status st = err_set(e, COSIM_EUSAGE, "there is no step '%s'", step);
    err_hint(e, "steps: sensitivity, search, preset, presets, measure, tune");
    return st;
}
