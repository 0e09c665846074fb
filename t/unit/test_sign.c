
/*
 * Copyright (C) nginx-cos contributors
 */


#include "unit.h"


typedef struct {
    ngx_str_t    name;
    ngx_str_t    raw;
    ngx_str_t    value;
} unit_item_t;


static void test_sign_empty(void);
static void test_sign_limits(void);
static void test_sign_order(void);
static void test_sign_random(void);
static ngx_str_t unit_sign(cos_sign_t *sign, ngx_str_t secret_key,
    ngx_uint_t query);
static ngx_str_t unit_reference(const cos_sign_t *sign, ngx_str_t secret_key,
    ngx_uint_t query);
static unit_item_t *unit_items(const cos_pair_t *pairs, ngx_uint_t n);
static int unit_item_cmp(const void *one, const void *two);
static int unit_str_cmp(const ngx_str_t *one, const ngx_str_t *two);
static ngx_str_t unit_list(const unit_item_t *items, ngx_uint_t n);
static ngx_str_t unit_pairs(const unit_item_t *items, ngx_uint_t n);
static ngx_str_t unit_join(ngx_uint_t n, ...);
static ngx_str_t unit_hmac(ngx_str_t key, ngx_str_t data);
static void unit_check(cos_sign_t *sign, const char *name);
static ngx_str_t unit_random_str(size_t max, ngx_uint_t any);
static cos_pair_t *unit_random_pairs(ngx_uint_t n, size_t max);
static ngx_uint_t unit_random(ngx_uint_t n);


static uint32_t  unit_seed = 1;


void
test_sign(void)
{
    test_sign_empty();
    test_sign_limits();
    test_sign_order();
    test_sign_random();
}


static void
test_sign_empty(void)
{
    cos_sign_t  sign;

    ngx_memzero(&sign, sizeof(cos_sign_t));

    unit_check(&sign, "sign nothing at all");

    sign.method = S("GET");
    sign.path = S("/");
    sign.key_time = S("1;2");

    unit_check(&sign, "sign neither parameters nor headers");
}


static void
test_sign_limits(void)
{
    ngx_str_t   one, two;
    ngx_uint_t  i;
    cos_sign_t  sign;
    cos_pair_t  params[3], headers[2];

    ngx_memzero(&sign, sizeof(cos_sign_t));
    ngx_memzero(params, sizeof(params));
    ngx_memzero(headers, sizeof(headers));

    sign.method = S("PUT");
    sign.path = unit_fill(0xe4, 851);
    sign.path.data[0] = '/';
    sign.secret_id = unit_fill('I', 1024);
    sign.key_time = S("1700000000;1700003600");

    headers[0].name = S("x-cos-security-token");
    headers[0].value = unit_fill('=', 4096);
    headers[1].name = S("Host");
    headers[1].value = S("b-1.cos.ap-guangzhou.myqcloud.com");

    sign.headers = headers;
    sign.nheaders = 2;

    unit_check(&sign, "sign a long key, id and token");

    /* every length around the size of the piece that is hashed at once */

    for (i = 300; i < 380; i++) {
        headers[0].value.len = i;
        unit_check(&sign, NULL);
    }

    headers[0].value.len = 1;

    for (i = 980; i < 1060; i++) {
        sign.path = unit_fill('p', i);
        unit_check(&sign, NULL);
    }

    sign.path = S("/k");
    sign.method = unit_fill('M', 3000);

    unit_check(&sign, "sign lengths around the chunk size");

    /* all has to be escaped, in the query form twice */

    sign.secret_id = unit_fill('/', 100);
    sign.key_time = unit_fill(';', 50);

    params[0].name = unit_fill('/', 1000);
    params[0].value = unit_fill('/', 1000);
    params[1].name = S(";");
    headers[0].name = unit_fill(':', 500);
    headers[1].name = unit_fill(0xff, 500);

    sign.params = params;
    sign.nparams = 3;

    unit_check(&sign, "sign the longest escapes");

    /* each alone, with no room left over by the others */

    sign.nparams = 0;
    sign.nheaders = 0;

    unit_check(&sign, "sign the longest id and time");

    sign.secret_id.len = 0;

    unit_check(&sign, "sign the longest time");

    sign.key_time.len = 0;
    sign.nparams = 1;

    unit_check(&sign, "sign the longest parameter");

    sign.nparams = 0;
    sign.nheaders = 1;

    unit_check(&sign, "sign the longest header");

    /* an empty value is signed, given or not */

    ngx_memzero(&sign, sizeof(cos_sign_t));
    ngx_memzero(headers, sizeof(headers));

    sign.method = S("GET");
    sign.path = S("/a");
    sign.key_time = S("1;2");
    sign.headers = headers;
    sign.nheaders = 1;

    headers[0].name = S("cache-control");
    one = unit_sign(&sign, S("key"), 0);

    unit_is(one, unit_reference(&sign, S("key"), 0),
            "sign a header without a value");

    ngx_memzero(params, sizeof(params));

    sign.params = params;
    sign.nparams = 1;
    sign.nheaders = 0;

    params[0].name = S("acl");
    ngx_str_null(&params[0].escaped);
    params[0].flags = COS_PAIR_BARE;
    one = unit_sign(&sign, S("key"), 0);

    params[0].flags = 0;
    two = unit_sign(&sign, S("key"), 0);

    unit_is(one, two, "sign acl as acl=");

    sign.method = S("gEt");

    unit_is(unit_sign(&sign, S("key"), 0), one,
            "sign a method of any case");
}


static void
test_sign_order(void)
{
    ngx_str_t    one, two, list;
    ngx_uint_t   i;
    cos_sign_t   sign;
    cos_pair_t  *pairs, params[4], swapped[4];

    ngx_memzero(&sign, sizeof(cos_sign_t));
    ngx_memzero(params, sizeof(params));

    sign.method = S("GET");
    sign.path = S("/");
    sign.key_time = S("1;2");
    sign.params = params;
    sign.nparams = 4;

    params[0].name = S("B");
    params[0].value = S("1");
    params[1].name = S("a");
    params[1].value = S("10");
    params[2].name = S("A");
    params[2].value = S("1");
    params[3].name = S("aa");

    one = unit_sign(&sign, S("key"), 0);
    list = S("q-url-param-list=a;a;aa;b&");

    unit_ok(one.len > list.len + 40
            && ngx_memcmp(one.data + one.len - list.len - 52, list.data,
                          list.len) == 0,
            "sign names in order");

    for (i = 0; i < 4; i++) {
        swapped[i] = params[3 - i];
    }

    sign.params = swapped;
    two = unit_sign(&sign, S("key"), 0);

    unit_is(one, two, "sign in any order");
    unit_check(&sign, "sign equal names by value");

    /* many, in the worst order */

    pairs = unit_alloc(4000 * sizeof(cos_pair_t));

    for (i = 0; i < 4000; i++) {
        pairs[i].name = unit_printf("%04lu", (unsigned long) (3999 - i));
        pairs[i].value = S("v");
        ngx_str_null(&pairs[i].escaped);
        pairs[i].flags = 0;
    }

    sign.params = pairs;
    sign.nparams = 4000;

    unit_check(&sign, "sign 4000 parameters");
}


static void
test_sign_random(void)
{
    ngx_uint_t  i;
    cos_sign_t  sign;

    static const char  *methods[] = { "GET", "put", "Head", "DELETE", "POST" };

    for (i = 0; i < 1000; i++) {
        ngx_memzero(&sign, sizeof(cos_sign_t));

        sign.method = unit_str(methods[i % 5], strlen(methods[i % 5]));
        sign.path = unit_random_str(900, 1);
        sign.secret_id = unit_random_str(100, 1);
        sign.key_time = S("1700000000;1700003600");
        sign.nparams = unit_random(i % 10 ? 6 : 60);
        sign.params = unit_random_pairs(sign.nparams, 30);
        sign.nheaders = unit_random(8);
        sign.headers = unit_random_pairs(sign.nheaders, i % 10 ? 30 : 2000);

        unit_check(&sign, NULL);
    }

    unit_check(&sign, "sign 1000 random requests");
}


/* both forms, made at every alignment, against the reference */

static void
unit_check(cos_sign_t *sign, const char *name)
{
    ngx_str_t  header, query, secret_key;

    static ngx_uint_t  failed;

    secret_key = S("ExampleSecretKeyForUnitTests0001");

    header = unit_reference(sign, secret_key, 0);
    query = unit_reference(sign, secret_key, 1);

    failed += !unit_eq(unit_sign(sign, secret_key, 0), header);
    failed += !unit_eq(unit_sign(sign, secret_key, 1), query);

    if (name) {
        unit_ok(failed == 0, "%s", name);
        failed = 0;
    }
}


static ngx_str_t
unit_sign(cos_sign_t *sign, ngx_str_t secret_key, ngx_uint_t query)
{
    size_t       size, shift;
    u_char      *buf;
    ngx_str_t    got;
    cos_hmac_t   sign_key;

    static size_t  shifts;

    cos_sign_key(&sign_key, &secret_key, &sign->key_time);
    sign->sign_key = &sign_key;

    /* the buffer need not be aligned, and no byte of it is too many */

    size = cos_sign_size(sign);
    shift = shifts++ % NGX_ALIGNMENT;
    buf = unit_alloc(shift + size);
    buf += shift;

    if (query) {
        cos_sign_query(sign, buf, &got);

    } else {
        cos_sign(sign, buf, &got);
    }

    if (got.data < buf || got.data + got.len > buf + size) {
        unit_ok(0, "the result is not in the buffer");
    }

    sign->sign_key = NULL;

    return unit_str(got.data, got.len);
}


/* the same by the letter of the protocol, with neither speed nor bounds */

static ngx_str_t
unit_reference(const cos_sign_t *sign, ngx_str_t secret_key, ngx_uint_t query)
{
    size_t        i;
    u_char        digest[COS_SHA1_LEN];
    ngx_str_t     text, method, sign_key, signature, id, key_time;
    ngx_str_t     param_list, header_list;
    cos_sha1_t    sha1;
    unit_item_t  *params, *headers;

    params = unit_items(sign->params, sign->nparams);
    headers = unit_items(sign->headers, sign->nheaders);

    method = unit_str(sign->method.data, sign->method.len);

    for (i = 0; i < method.len; i++) {
        method.data[i] = (u_char) tolower(method.data[i]);
    }

    text = unit_join(8, method, S("\n"), sign->path, S("\n"),
                     unit_pairs(params, sign->nparams), S("\n"),
                     unit_pairs(headers, sign->nheaders), S("\n"));

    cos_sha1_init(&sha1);
    cos_sha1_update(&sha1, text.data, text.len);
    cos_sha1_final(digest, &sha1);

    sign_key = unit_hmac(secret_key, sign->key_time);

    signature = unit_hmac(sign_key,
                          unit_join(5, S("sha1\n"), sign->key_time, S("\n"),
                                    unit_hex(digest, COS_SHA1_LEN), S("\n")));

    id = sign->secret_id;
    key_time = sign->key_time;
    header_list = unit_list(headers, sign->nheaders);
    param_list = unit_list(params, sign->nparams);

    if (query) {
        id = unit_escape(id, COS_ESCAPE_VALUE);
        key_time = unit_escape(key_time, COS_ESCAPE_VALUE);
        header_list = unit_escape(header_list, COS_ESCAPE_VALUE);
        param_list = unit_escape(param_list, COS_ESCAPE_VALUE);
    }

    return unit_join(12, S("q-sign-algorithm=sha1&q-ak="), id,
                     S("&q-sign-time="), key_time,
                     S("&q-key-time="), key_time,
                     S("&q-header-list="), header_list,
                     S("&q-url-param-list="), param_list,
                     S("&q-signature="), signature);
}


static unit_item_t *
unit_items(const cos_pair_t *pairs, ngx_uint_t n)
{
    ngx_uint_t    i;
    unit_item_t  *items;

    items = unit_alloc(n * sizeof(unit_item_t));

    for (i = 0; i < n; i++) {
        items[i].name = unit_escape(pairs[i].name, COS_ESCAPE_NAME);
        items[i].raw = pairs[i].value;
        items[i].value = unit_escape(pairs[i].value, COS_ESCAPE_VALUE);
    }

    qsort(items, n, sizeof(unit_item_t), unit_item_cmp);

    return items;
}


static int
unit_item_cmp(const void *one, const void *two)
{
    int                 rc;
    const unit_item_t  *a, *b;

    a = one;
    b = two;

    rc = unit_str_cmp(&a->name, &b->name);

    return rc ? rc : unit_str_cmp(&a->raw, &b->raw);
}


static int
unit_str_cmp(const ngx_str_t *one, const ngx_str_t *two)
{
    size_t  i;

    for (i = 0; i < one->len && i < two->len; i++) {

        if (one->data[i] != two->data[i]) {
            return one->data[i] - two->data[i];
        }
    }

    return (int) (one->len - two->len);
}


static ngx_str_t
unit_list(const unit_item_t *items, ngx_uint_t n)
{
    u_char      *p;
    ngx_str_t    str;
    ngx_uint_t   i;

    str.len = 0;

    for (i = 0; i < n; i++) {
        str.len += items[i].name.len + 1;
    }

    str.data = unit_alloc(str.len);
    p = str.data;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, items[i].name.data, items[i].name.len);
        *p++ = ';';
    }

    if (n) {
        str.len--;
    }

    return str;
}


static ngx_str_t
unit_pairs(const unit_item_t *items, ngx_uint_t n)
{
    u_char      *p;
    ngx_str_t    str;
    ngx_uint_t   i;

    str.len = 0;

    for (i = 0; i < n; i++) {
        str.len += items[i].name.len + items[i].value.len + 2;
    }

    str.data = unit_alloc(str.len);
    p = str.data;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, items[i].name.data, items[i].name.len);
        *p++ = '=';
        p = ngx_cpymem(p, items[i].value.data, items[i].value.len);
        *p++ = '&';
    }

    if (n) {
        str.len--;
    }

    return str;
}


static ngx_str_t
unit_join(ngx_uint_t n, ...)
{
    u_char      *p;
    va_list      args;
    ngx_str_t    str, part;
    ngx_uint_t   i;

    str.len = 0;

    va_start(args, n);

    for (i = 0; i < n; i++) {
        str.len += va_arg(args, ngx_str_t).len;
    }

    va_end(args);

    str.data = unit_alloc(str.len);
    p = str.data;

    va_start(args, n);

    for (i = 0; i < n; i++) {
        part = va_arg(args, ngx_str_t);

        if (part.len) {
            p = ngx_cpymem(p, part.data, part.len);
        }
    }

    va_end(args);

    return str;
}


static ngx_str_t
unit_hmac(ngx_str_t key, ngx_str_t data)
{
    u_char      mac[COS_SHA1_LEN];
    cos_hmac_t  hmac;

    cos_hmac_key(&hmac, key.data, key.len);
    cos_hmac(&hmac, data.data, data.len, mac);

    return unit_hex(mac, COS_SHA1_LEN);
}


static ngx_str_t
unit_random_str(size_t max, ngx_uint_t any)
{
    size_t     i;
    ngx_str_t  str;

    static const u_char  few[] = "aAb:-%";

    str = unit_fill(0, unit_random(max + 1));

    for (i = 0; i < str.len; i++) {

        if (any) {
            str.data[i] = (u_char) unit_random(256);

        } else {
            str.data[i] = few[unit_random(sizeof(few) - 1)];
        }
    }

    return str;
}


static cos_pair_t *
unit_random_pairs(ngx_uint_t n, size_t max)
{
    ngx_uint_t   i, any;
    cos_pair_t  *pairs;

    pairs = unit_alloc(n * sizeof(cos_pair_t));

    for (i = 0; i < n; i++) {

        /* a small alphabet makes equal names and prefixes */

        any = (unit_random(3) == 0);

        pairs[i].name = unit_random_str(any ? max : 3, any);
        pairs[i].value = unit_random_str(any ? max : 3, any);
        ngx_str_null(&pairs[i].escaped);
        pairs[i].flags = 0;
    }

    return pairs;
}


static ngx_uint_t
unit_random(ngx_uint_t n)
{
    /* the same sequence each time, so that a failure can be repeated */

    unit_seed = unit_seed * 1103515245 + 12345;

    return (unit_seed >> 8) % n;
}
