/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A model as a Hugging Face config.json, for tools that read those. */
#ifndef MODEL_HF_WRITE_H
#define MODEL_HF_WRITE_H

#include "model/model.h"

/**
 * Writes a model of equal Llama or Mixtral layers (see model/model_synth.h) as `path`:
 * model_from_hf gives the same layers back. EUNSUPPORTED for what these families have not; EIO.
 */
cosim_status model_to_hf(const struct model *m, const char *path, cosim_error *e);

#endif
