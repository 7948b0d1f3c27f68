/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of making a routing problem: the model's part (route_nodes.c) and the platform's
 * (route_setup.c). */
#ifndef API_ROUTE_MAKING_H
#define API_ROUTE_MAKING_H

#include "api/route.h"
#include "eval/load.h"

enum part { PART_EMBEDDING, PART_LAYER, PART_FFN, PART_HEAD, N_PARTS };

/* A node of the chain and the operators of it. */
struct piece {
    enum part part;
    size_t layer, cls;
};

struct making {
    struct route_setup *u;
    const struct load *load;
    const struct assumption_db *assumptions;
    const struct rates *const *rates; /* of each member; NULL = made from its device */
    bool split;
    struct arena *a;
    struct piece *piece;
    struct route_node *node;
    size_t *class_of_op; /* n_cls: before and after the layers */
    enum part *part_of_op;
};

/** Names, sizes and kinds of the nodes. */
cosim_status route_nodes_list(struct making *k, cosim_error *e);

/** Costs of nodes and operators on every member, whose rates are known. */
cosim_status route_nodes_price(struct making *k, cosim_error *e);

#endif
