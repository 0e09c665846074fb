
/*
 * Copyright (C) nginx-cos contributors
 *
 * The query parser: what it accepts is written and read back as the same
 * pairs, and the written form is its own canonical form.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_query.h"
#include "cos_uri.h"


typedef struct {
    cos_pair_t  *pairs;
    u_char      *buf;
    ngx_uint_t   n;
    ngx_uint_t   canonical;
} fuzz_query_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);

static ngx_int_t fuzz_parse(const ngx_str_t *args, fuzz_query_t *query);
static ngx_uint_t fuzz_inside(const ngx_str_t *str, const u_char *data,
    size_t len);
static void fuzz_escaped(const cos_pair_t *pair);
static ngx_str_t fuzz_write(const fuzz_query_t *query);
static void fuzz_same(const ngx_str_t *one, const ngx_str_t *two);
static ngx_uint_t fuzz_eq(const ngx_str_t *one, const ngx_str_t *two);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    ngx_str_t     args, one, two;
    ngx_uint_t    i;
    fuzz_query_t  query, again;

    args.len = size;
    args.data = (u_char *) data;

    if (fuzz_parse(&args, &query) == NGX_OK) {
        one = fuzz_write(&query);

        if (!query.canonical != !fuzz_eq(&one, &args)) {
            abort();
        }

        if (fuzz_parse(&one, &again) != NGX_OK || again.n != query.n
            || !again.canonical)
        {
            abort();
        }

        for (i = 0; i < query.n; i++) {
            fuzz_same(&query.pairs[i].name, &again.pairs[i].name);
            fuzz_same(&query.pairs[i].value, &again.pairs[i].value);

            if (((query.pairs[i].flags ^ again.pairs[i].flags) & COS_PAIR_BARE)
                || ((query.pairs[i].flags & COS_PAIR_BARE)
                    && query.pairs[i].value.len))
            {
                abort();
            }

            /* what was written is known to be escaped */

            if (again.pairs[i].escaped.data == NULL) {
                abort();
            }
        }

        two = fuzz_write(&again);
        fuzz_same(&one, &two);

        free(one.data);
        free(two.data);
        free(again.pairs);
        free(again.buf);
    }

    free(query.pairs);
    free(query.buf);

    return 0;
}


static ngx_int_t
fuzz_parse(const ngx_str_t *args, fuzz_query_t *query)
{
    size_t      i, k;
    ngx_int_t   rc;
    ngx_str_t  *str;
    ngx_uint_t  count;

    count = cos_query_count(args);

    query->pairs = malloc(count * sizeof(cos_pair_t));
    query->buf = malloc(args->len + 1);

    query->n = count;
    rc = cos_query_parse(args, query->pairs, &query->n, query->buf,
                         &query->canonical);

    if (rc != NGX_OK) {
        return rc;
    }

    if (query->n != count) {
        abort();
    }

    for (i = 0; i < 2 * count; i++) {
        str = (i & 1) ? &query->pairs[i / 2].value : &query->pairs[i / 2].name;

        if (!fuzz_inside(str, query->buf, args->len)
            && !fuzz_inside(str, args->data, args->len))
        {
            abort();
        }

        for (k = 0; k < str->len; k++) {

            if (str->data[k] < 0x20 || str->data[k] == 0x7f) {
                abort();
            }
        }
    }

    for (i = 0; i < count; i++) {
        fuzz_escaped(&query->pairs[i]);
    }

    return NGX_OK;
}


static ngx_uint_t
fuzz_inside(const ngx_str_t *str, const u_char *data, size_t len)
{
    return str->data >= data && str->data + str->len <= data + len;
}


/* what is said to need no escaping, or to be the escaped value */

static void
fuzz_escaped(const cos_pair_t *pair)
{
    ngx_str_t  name, value;

    name.data = malloc(3 * pair->name.len);
    name.len = cos_escape(name.data, pair->name.data, pair->name.len,
                          COS_ESCAPE_NAME)
               - name.data;

    value.data = malloc(3 * pair->value.len);
    value.len = cos_escape(value.data, pair->value.data, pair->value.len,
                           COS_ESCAPE_VALUE)
                - value.data;

    if (pair->flags & COS_PAIR_PLAIN_NAME) {
        fuzz_same(&name, &pair->name);
    }

    if (pair->escaped.data) {
        fuzz_same(&value, &pair->escaped);
    }

    free(name.data);
    free(value.data);
}


static ngx_str_t
fuzz_write(const fuzz_query_t *query)
{
    ngx_str_t  str;

    str.len = cos_query_len(query->pairs, query->n);
    str.data = malloc(str.len);

    if (cos_query_write(str.data, query->pairs, query->n)
        != str.data + str.len)
    {
        abort();
    }

    return str;
}


static void
fuzz_same(const ngx_str_t *one, const ngx_str_t *two)
{
    if (!fuzz_eq(one, two)) {
        abort();
    }
}


static ngx_uint_t
fuzz_eq(const ngx_str_t *one, const ngx_str_t *two)
{
    return one->len == two->len
           && (one->len == 0
               || ngx_memcmp(one->data, two->data, one->len) == 0);
}
