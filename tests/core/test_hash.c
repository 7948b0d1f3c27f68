/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/hash.h"

#include "support/close.h"

#include <stdlib.h>
#include <string.h>

/* source: test vectors of the FNV authors' reference code (test_fnv.c, 64-bit FNV-1a) */
static void published_vectors_come_out(void **state)
{
    static const struct {
        const char *text;
        uint64_t hash;
    } row[] = {
        { "", UINT64_C(0xcbf29ce484222325) },
        { "a", UINT64_C(0xaf63dc4c8601ec8c) },
        { "foobar", UINT64_C(0x85944171f73967e8) },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_int_equal(hash_bytes(HASH_START, row[i].text, strlen(row[i].text)), row[i].hash);
}

static void pieces_hash_like_the_whole(void **state)
{
    (void)state;
    assert_int_equal(hash_bytes(hash_bytes(HASH_START, "foo", 3), "bar", 3),
                     hash_bytes(HASH_START, "foobar", 6));
}

static void a_file_hashes_like_its_bytes(void **state)
{
    char path[] = "/tmp/cosim-hash-XXXXXX";
    unsigned char data[40000];
    uint64_t h = 0;
    const int fd = mkstemp(path);
    FILE *f = fdopen(fd, "wb");

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 7);
    assert_int_equal(fwrite(data, 1, sizeof data, f), sizeof data);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(hash_file(path, &h, NULL), COSIM_OK);
    assert_int_equal(h, hash_bytes(HASH_START, data, sizeof data));
    assert_int_equal(remove(path), 0);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    uint64_t h;
    cosim_error e = { 0 };

    (void)state;
    assert_int_equal(hash_file("/nonexistent/x", &h, &e), COSIM_EIO);
    assert_string_equal(e.file, "/nonexistent/x");
    err_clear(&e);
    assert_int_equal(hash_file("/", &h, &e), COSIM_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_come_out),
        cmocka_unit_test(pieces_hash_like_the_whole),
        cmocka_unit_test(a_file_hashes_like_its_bytes),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
