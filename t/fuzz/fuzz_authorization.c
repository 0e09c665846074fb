
/*
 * Copyright (C) nginx-cos contributors
 *
 * Signatures taken apart: any text and any query are survived, and a request
 * made of the input is signed and parsed back in all three forms.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_query.h"
#include "cos_sign.h"


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);

static void fuzz_text(const ngx_str_t *text);
static void fuzz_sign_slowly(const cos_sign_t *sign, const ngx_str_t *text);
static void fuzz_sign(const ngx_str_t *args, const cos_pair_t *pairs,
    ngx_uint_t n);
static void fuzz_query(const ngx_str_t *args, const cos_authorization_t *a);
static ngx_uint_t fuzz_eq(const ngx_str_t *one, const ngx_str_t *two);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char      *buf;
    ngx_str_t    text;
    ngx_uint_t   n, canonical;
    cos_pair_t  *pairs;

    text.len = size;
    text.data = (u_char *) data;

    fuzz_text(&text);

    n = cos_query_count(&text);
    pairs = malloc(n * sizeof(cos_pair_t));
    buf = malloc(size + 1);

    if (cos_query_parse(&text, pairs, &n, buf, &canonical) == NGX_OK) {
        fuzz_sign(&text, pairs, n);
    }

    free(pairs);
    free(buf);

    return 0;
}


static void
fuzz_text(const ngx_str_t *text)
{
    u_char               *start, *end;
    ngx_uint_t            i;
    cos_authorization_t   a;
    ngx_str_t            *fields[] = {
        &a.secret_id, &a.sign_time, &a.key_time, &a.header_list,
        &a.param_list, &a.signature
    };

    if (cos_authorization_parse(text, &a) != NGX_OK) {
        return;
    }

    start = text->data;
    end = start + text->len;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {

        if (fields[i]->data < start || fields[i]->data + fields[i]->len > end)
        {
            abort();
        }
    }

    if (a.signature.len != COS_SHA1_HEX_LEN
        || a.sign_time.len < 3 || a.key_time.len < 3)
    {
        abort();
    }
}


/* the first pairs are headers, the others parameters */

static void
fuzz_sign(const ngx_str_t *args, const cos_pair_t *pairs, ngx_uint_t n)
{
    u_char               *buf, *copy;
    ngx_str_t             text, query;
    cos_sign_t            sign;
    cos_hmac_t            sign_key;
    cos_pair_t            pair;
    cos_authorization_t   a;

    (void) cos_authorization_from_query(pairs, n, &a);

    ngx_memzero(&sign, sizeof(cos_sign_t));

    ngx_str_set(&sign.method, "GET");
    ngx_str_set(&sign.key_time, "1700000000;1700003600");

    sign.path = *args;
    sign.nheaders = n / 2;
    sign.headers = pairs;
    sign.nparams = n - n / 2;
    sign.params = pairs + n / 2;

    /* the header form has no escape for what parts its fields */

    if (n) {
        sign.secret_id.data = pairs[0].value.data;

        while (sign.secret_id.len < pairs[0].value.len
               && sign.secret_id.data[sign.secret_id.len] != '&')
        {
            sign.secret_id.len++;
        }
    }

    cos_sign_key(&sign_key, args, &sign.key_time);
    sign.sign_key = &sign_key;

    buf = malloc(cos_sign_size(&sign));
    cos_sign(&sign, buf, &text);
    fuzz_sign_slowly(&sign, &text);

    copy = malloc(text.len);
    ngx_memcpy(copy, text.data, text.len);
    text.data = copy;

    if (cos_authorization_parse(&text, &a) != NGX_OK
        || !fuzz_eq(&a.secret_id, &sign.secret_id)
        || !fuzz_eq(&a.sign_time, &sign.key_time)
        || !fuzz_eq(&a.key_time, &sign.key_time))
    {
        abort();
    }

    /* presigned in seven parameters, then in one */

    cos_sign_query(&sign, buf, &query);
    fuzz_query(&query, &a);

    free(buf);

    ngx_memzero(&pair, sizeof(cos_pair_t));

    ngx_str_set(&pair.name, "sign");
    pair.value = text;

    query.len = cos_query_len(&pair, 1);
    query.data = malloc(query.len);

    (void) cos_query_write(query.data, &pair, 1);

    fuzz_query(&query, &a);

    free(query.data);
    free(copy);
}


/* what is known of the pairs makes no difference */

static void
fuzz_sign_slowly(const cos_sign_t *sign, const ngx_str_t *text)
{
    u_char      *buf;
    ngx_str_t    again;
    cos_sign_t   slow;
    ngx_uint_t   i, n;
    cos_pair_t  *pairs;

    n = sign->nheaders + sign->nparams;
    pairs = malloc(n * sizeof(cos_pair_t));

    for (i = 0; i < n; i++) {
        pairs[i] = sign->headers[i];
        pairs[i].flags = 0;
        ngx_str_null(&pairs[i].escaped);
    }

    slow = *sign;
    slow.headers = pairs;
    slow.params = pairs + sign->nheaders;

    buf = malloc(cos_sign_size(&slow));
    cos_sign(&slow, buf, &again);

    if (!fuzz_eq(text, &again)) {
        abort();
    }

    free(buf);
    free(pairs);
}


static void
fuzz_query(const ngx_str_t *args, const cos_authorization_t *a)
{
    u_char               *buf;
    ngx_uint_t            n, canonical;
    cos_pair_t           *pairs;
    cos_authorization_t   b;

    n = cos_query_count(args);
    pairs = malloc(n * sizeof(cos_pair_t));
    buf = malloc(args->len + 1);

    if (cos_query_parse(args, pairs, &n, buf, &canonical) != NGX_OK
        || cos_authorization_from_query(pairs, n, &b) != NGX_OK)
    {
        abort();
    }

    if (!fuzz_eq(&a->secret_id, &b.secret_id)
        || !fuzz_eq(&a->sign_time, &b.sign_time)
        || !fuzz_eq(&a->key_time, &b.key_time)
        || !fuzz_eq(&a->header_list, &b.header_list)
        || !fuzz_eq(&a->param_list, &b.param_list)
        || !fuzz_eq(&a->signature, &b.signature))
    {
        abort();
    }

    free(pairs);
    free(buf);
}


static ngx_uint_t
fuzz_eq(const ngx_str_t *one, const ngx_str_t *two)
{
    return one->len == two->len
           && (one->len == 0
               || ngx_memcmp(one->data, two->data, one->len) == 0);
}
