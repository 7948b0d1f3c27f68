/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hw/platform.h"

#include "core/num.h"

#include "support/close.h"

#include <string.h>

#define HEAD                                                                                       \
    "platform,member,device,class,compute_ratio,vector_ratio,mem_bw_ratio,pool,pool[GB],runs_on,"  \
    "stream[GB/s],static[W],origin,source,notes\n"
#define GPU "p,gpu,rtx-4090,,,,,vram,,,,,sheet,s,\n"
#define CPU "p,cpu,core-i9-13900k,,,,0.5,host,64,,,,assumed,s,\n"
#define LINK_HEAD "platform,from,to,type,bw[GB/s],sync[us],origin,source\n"
#define LINK "p,gpu,cpu,PCIe4 x16,32,20,assumed,s\n"

static struct device_db devices;
static struct arena data;

static int load_devices(void **state)
{
    (void)state;
    return device_db_load(&devices, "hwdb/devices.csv", &data, NULL) != COSIM_OK;
}

static int release_devices(void **state)
{
    (void)state;
    arena_release(&data);
    return 0;
}

static cosim_status parse(struct platform_db *db, const char *members, const char *links,
                          struct arena *a, cosim_error *e)
{
    return platform_db_parse(db, &devices, "members", members, strlen(members), "links", links,
                             strlen(links), a, e);
}

static void shares_scale_rates_and_memories(void **state)
{
    struct arena a = { 0 };
    struct platform_db db;

    (void)state;
    assert_int_equal(parse(&db, HEAD GPU CPU "p,ram,rtx-4090,,,,,host,64,gpu,26,0,derived,s,\n",
                           LINK_HEAD LINK, &a, NULL),
                     COSIM_OK);
    const struct platform *p = &db.platform[0];
    assert_int_equal(db.n, 1);
    assert_int_equal(p->n_members, 3);
    assert_int_equal(p->n_pools, 2);
    assert_rel(p->member[1].device.mem_bytes_per_s, 44.8e9, 1e-12);
    assert_rel(p->member[1].device.mem_bytes, 64e9, 0);
    assert_rel(p->member[2].stream_bytes_per_s, 26e9, 1e-12);
    assert_int_equal(p->member[2].runs_on, 0);
    assert_int_equal(p->member[2].pool, 1);
    assert_rel(p->pool[1].mem_bytes, 64e9, 0);
    assert_ptr_equal(platform_link_between(p, 1, 0), p->link);
    assert_rel(p->link->sync_s, 20e-6, 1e-12);
    arena_release(&a);
}

static void mistakes_are_found_with_their_place(void **state)
{
    static const struct {
        const char *members, *links, *message;
        unsigned line;
    } rows[] = {
        { HEAD "p,gpu,rtx-4091,,,,,vram,,,,,sheet,s,\n", LINK_HEAD, "no device 'rtx-4091'", 2 },
        { HEAD GPU GPU, LINK_HEAD, "stands on line 2 already", 3 },
        { HEAD GPU CPU, LINK_HEAD, "no link between 'gpu' and 'cpu'", 3 },
        { HEAD GPU CPU, LINK_HEAD LINK LINK, "in the file already", 3 },
        { HEAD GPU CPU, LINK_HEAD "p,gpu,cpu,shared,,20,assumed,s\n", "no memory in common", 2 },
        { HEAD GPU CPU, LINK_HEAD "p,gpu,cpu,PCIe4,,20,assumed,s\n", "has a bandwidth", 2 },
        { HEAD GPU CPU, LINK_HEAD "p,gpu,npu,PCIe4,32,20,assumed,s\n", "no member 'npu'", 2 },
        { HEAD GPU CPU, LINK_HEAD "p,gpu,cpu,PCIe4,32,20,guessed,s\n", "no origin 'guessed'", 2 },
        { HEAD GPU CPU, LINK_HEAD "p,gpu,gpu,PCIe4,32,20,sheet,s\n", "joins two members", 2 },
        { HEAD GPU "p,x,rtx-4090,,,,,host,64,,26,,sheet,s,\n", LINK_HEAD, "needs both", 3 },
        { HEAD GPU "p,x,rtx-4090,,,,,host,64,cpu,26,,sheet,s,\n", LINK_HEAD, "no member 'cpu'", 3 },
        { HEAD GPU "p,x,rtx-4090,,,,,vram,64,gpu,26,,sheet,s,\n", LINK_HEAD, "has 64 GB here", 3 },
        { HEAD "p,gpu,rtx-4090,card,,,,vram,,,,,sheet,s,\n", LINK_HEAD, "no class 'card'", 2 },
        { HEAD "p,gpu,rtx-4090,,9,,,vram,,,,,sheet,s,\n", LINK_HEAD, "", 2 },
        { HEAD GPU "q,gpu,rtx-4090,,,,,vram,,,,,sheet,s,\n" CPU, LINK_HEAD, "stand together", 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a = { 0 };
        struct platform_db db;
        cosim_error e = { .status = COSIM_OK };
        assert_int_not_equal(parse(&db, rows[i].members, rows[i].links, &a, &e), COSIM_OK);
        if (!strstr(e.msg, rows[i].message) || e.line != rows[i].line)
            fail_msg("row %zu: line %u: %s", i, e.line, e.msg);
        arena_release(&a);
    }
}

static void the_platforms_of_the_repository_are_read(void **state)
{
    struct arena a = { 0 };
    struct platform_db db;
    const struct platform *p;
    cosim_error e = { .status = COSIM_OK };
    size_t member;

    (void)state;
    assert_int_equal(
        platform_db_load(&db, &devices, "hwdb/platforms.csv", "hwdb/platform_links.csv", &a, NULL),
        COSIM_OK);
    assert_true(db.n >= 8);
    for (size_t i = 0; i < db.n; i++)
        for (size_t m = 0; m < db.platform[i].n_members; m++)
            assert_true(db.platform[i].member[m].origin != ORIGIN_UNKNOWN);
    assert_int_equal(platform_find(&db, "Jetson-AGX-Orin", &p, NULL), COSIM_OK);
    assert_int_equal(platform_member_find(p, "cpu", &member, NULL), COSIM_OK);
    assert_string_equal(p->member[member].device.device_class, "cpu");
    assert_int_equal(platform_find(&db, "jetson-agx-orinn", &p, &e), COSIM_EUNKNOWN);
    assert_non_null(strstr(e.hint, "jetson-agx-orin"));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_scale_rates_and_memories),
        cmocka_unit_test(mistakes_are_found_with_their_place),
        cmocka_unit_test(the_platforms_of_the_repository_are_read),
    };

    return cmocka_run_group_tests(tests, load_devices, release_devices);
}
