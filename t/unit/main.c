
/*
 * Copyright (C) nginx-cos contributors
 *
 * usage: unit cos-vectors.json
 */


#include "unit.h"


typedef struct unit_block_s  unit_block_t;

struct unit_block_s {
    unit_block_t  *next;
    void          *data;
};


static void unit_result(ngx_uint_t ok, const char *fmt, va_list args);
static void unit_print(const char *label, ngx_str_t str);


static ngx_uint_t     unit_tests;
static ngx_uint_t     unit_failed;
static unit_block_t  *unit_blocks;


int
main(int argc, char *argv[])
{
    json_t        *root;
    json_error_t   error;

    if (argc != 2) {
        fprintf(stderr, "usage: %s cos-vectors.json\n", argv[0]);
        return 2;
    }

    root = json_load_file(argv[1], JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fprintf(stderr, "%s:%d: %s\n", argv[1], error.line, error.text);
        return 2;
    }

    test_hmac();
    unit_free();

    test_uri();
    unit_free();

    test_query();
    unit_free();

    test_sign();
    unit_free();

    test_authorization();
    unit_free();

    test_delete();
    unit_free();

    test_relative();
    unit_free();

    test_form();
    unit_free();

    test_policy();
    unit_free();

    test_tc3(root);
    unit_free();

    test_vectors(root);
    unit_free();

    json_decref(root);

    printf("1..%lu\n", (unsigned long) unit_tests);

    if (unit_failed) {
        printf("# failed %lu of %lu\n", (unsigned long) unit_failed,
               (unsigned long) unit_tests);
    }

    return unit_failed ? 1 : 0;
}


ngx_uint_t
unit_ok(ngx_uint_t ok, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    unit_result(ok, fmt, args);
    va_end(args);

    return ok;
}


ngx_uint_t
unit_is(ngx_str_t got, ngx_str_t expected, const char *fmt, ...)
{
    va_list     args;
    ngx_uint_t  ok;

    ok = unit_eq(got, expected);

    va_start(args, fmt);
    unit_result(ok, fmt, args);
    va_end(args);

    if (!ok) {
        unit_print("got", got);
        unit_print("expected", expected);
    }

    return ok;
}


static void
unit_result(ngx_uint_t ok, const char *fmt, va_list args)
{
    unit_tests++;

    if (!ok) {
        unit_failed++;
    }

    printf("%sok %lu - ", ok ? "" : "not ", (unsigned long) unit_tests);
    vprintf(fmt, args);
    printf("\n");
}


static void
unit_print(const char *label, ngx_str_t str)
{
    size_t  i;

    printf("# %s (%lu): \"", label, (unsigned long) str.len);

    for (i = 0; i < str.len && i < 1000; i++) {

        if (str.data[i] < 0x20 || str.data[i] == 0x7f) {
            printf("\\x%02x", str.data[i]);

        } else {
            putchar(str.data[i]);
        }
    }

    printf("\"\n");
}


void *
unit_alloc(size_t size)
{
    unit_block_t  *block;

    block = malloc(sizeof(unit_block_t));
    if (block == NULL) {
        abort();
    }

    block->data = malloc(size);
    if (block->data == NULL && size) {
        abort();
    }

    block->next = unit_blocks;
    unit_blocks = block;

    return block->data;
}


void
unit_free(void)
{
    unit_block_t  *block;

    while (unit_blocks) {
        block = unit_blocks;
        unit_blocks = block->next;

        free(block->data);
        free(block);
    }
}


ngx_str_t
unit_str(const void *data, size_t len)
{
    ngx_str_t  str;

    str.len = len;
    str.data = unit_alloc(len);

    if (len) {
        ngx_memcpy(str.data, data, len);
    }

    return str;
}


ngx_str_t
unit_fill(u_char ch, size_t len)
{
    ngx_str_t  str;

    str.len = len;
    str.data = unit_alloc(len);

    ngx_memset(str.data, ch, len);

    return str;
}


ngx_str_t
unit_printf(const char *fmt, ...)
{
    int        n;
    char      *text;
    va_list    args;
    ngx_str_t  str;

    va_start(args, fmt);
    n = vasprintf(&text, fmt, args);
    va_end(args);

    if (n < 0) {
        abort();
    }

    str = unit_str(text, n);
    free(text);

    return str;
}


ngx_uint_t
unit_eq(ngx_str_t one, ngx_str_t two)
{
    return one.len == two.len
           && (one.len == 0 || ngx_memcmp(one.data, two.data, one.len) == 0);
}


ngx_str_t
unit_escape(ngx_str_t src, cos_escape_e type)
{
    u_char     *last;
    ngx_str_t   str;

    str.len = cos_escape_len(src.data, src.len, type);
    str.data = unit_alloc(str.len);

    last = cos_escape(str.data, src.data, src.len, type);

    if (last != str.data + str.len) {
        unit_ok(0, "escaped length");
    }

    return str;
}


ngx_str_t
unit_hex(const u_char *data, size_t len)
{
    u_char     *last;
    ngx_str_t   str;

    str.len = 2 * len;
    str.data = unit_alloc(str.len);

    last = cos_hex(str.data, data, len);

    if (last != str.data + str.len) {
        unit_ok(0, "hex length");
    }

    return str;
}


ngx_int_t
unit_query(ngx_str_t args, cos_pair_t **pairs, ngx_uint_t *n)
{
    u_char      *buf;
    ngx_int_t    rc;
    ngx_uint_t   count, canonical;

    count = cos_query_count(&args);

    *pairs = unit_alloc(count * sizeof(cos_pair_t));
    buf = unit_alloc(args.len + 1);

    *n = count;
    rc = cos_query_parse(&args, *pairs, n, buf, &canonical);

    if (rc != NGX_OK) {
        return rc;
    }

    if (*n != count) {
        unit_ok(0, "as many pairs as counted");
    }

    if (!canonical != !unit_eq(unit_query_write(*pairs, *n), args)) {
        unit_ok(0, "query is what would be written");
    }

    return NGX_OK;
}


ngx_str_t
unit_query_write(const cos_pair_t *pairs, ngx_uint_t n)
{
    u_char     *last;
    ngx_str_t   str;

    str.len = cos_query_len(pairs, n);
    str.data = unit_alloc(str.len);

    last = cos_query_write(str.data, pairs, n);

    if (last != str.data + str.len) {
        unit_ok(0, "query length");
    }

    return str;
}
