
/*
 * Copyright (C) nginx-cos contributors
 */


#include "unit.h"


typedef struct {
    const char  *args;
    const char  *expected;      /* "name|value" or "name" if bare; ";" */
    const char  *canonical;
} unit_query_t;


static void test_query_escaped(void);
static void test_query_canonical(void);
static void test_query_room(void);
static ngx_str_t unit_dump(const cos_pair_t *pairs, ngx_uint_t n);


static const unit_query_t  unit_queries[] = {
    { "", "", "" },
    { "&", "", "" },
    { "&&&", "", "" },
    { "acl", "acl;", "acl" },
    { "acl=", "acl|;", "acl=" },
    { "=", "|;", "=" },
    { "=b", "|b;", "=b" },
    { "a=b", "a|b;", "a=b" },
    { "a=b=c", "a|b=c;", "a=b%3Dc" },
    { "a==", "a|=;", "a=%3D" },
    { "&a=1&&b&", "a|1;b;", "a=1&b" },
    { "a=1&a=2&a", "a|1;a|2;a;", "a=1&a=2&a" },
    { "z=1&A=2&m=3", "z|1;A|2;m|3;", "z=1&A=2&m=3" },
    { "a+b=c+d", "a b|c d;", "a%20b=c%20d" },
    { "a%20b=c%20d", "a b|c d;", "a%20b=c%20d" },
    { "a%2Bb=c%2bd", "a+b|c+d;", "a%2Bb=c%2Bd" },
    { "a%3Db=c%26d", "a=b|c&d;", "a%3Db=c%26d" },
    { "a%253D=%2541", "a%3D|%41;", "a%253D=%2541" },
    { "imageMogr2/thumbnail/!50p%7CimageInfo",
      "imageMogr2/thumbnail/!50p|imageInfo;",
      "imageMogr2%2Fthumbnail%2F%2150p%7CimageInfo" },
    { "prefix=%E4%B8%AD/\xe6\x96\x87", "prefix|\xe4\xb8\xad/\xe6\x96\x87;",
      "prefix=%E4%B8%AD%2F%E6%96%87" },
    { "a=%41%2D%7e%5f%2E", "a|A-~_.;", "a=A-~_." },
    { "a?b=c#d", "a?b|c#d;", "a%3Fb=c%23d" }
};


static const char  *unit_bad_queries[] = {
    "%", "a%", "a%4", "a=%", "a=%4", "a=%4&b", "%&", "a=%zz", "%zz=a",
    "a=%0", "a=b%&c=41", "a%3=b", "a=%00", "%00=a", "a%00", "a=b%0A",
    "a=%0d%0aX-Y:z", "a=%1f", "a=%7f", "%7F", "a=\x01", "a\x7f=b", "x=1&y=%0",
    "a=%09"
};


void
test_query(void)
{
    ngx_str_t            args, written, empty;
    ngx_int_t            rc;
    cos_pair_t          *pairs, *again, pair;
    ngx_uint_t           i, n, m, bad;
    const unit_query_t  *q;

    ngx_str_null(&empty);

    for (i = 0; i < sizeof(unit_queries) / sizeof(unit_queries[0]); i++) {
        q = &unit_queries[i];

        args = unit_str(q->args, strlen(q->args));

        rc = unit_query(args, &pairs, &n);

        if (!unit_ok(rc == NGX_OK, "query \"%s\"", q->args)) {
            continue;
        }

        unit_ok(cos_query_count(&args) == n, "query \"%s\", count", q->args);

        unit_is(unit_dump(pairs, n), unit_str(q->expected,
                                              strlen(q->expected)),
                "query \"%s\", pairs", q->args);

        written = unit_query_write(pairs, n);

        unit_is(written, unit_str(q->canonical, strlen(q->canonical)),
                "query \"%s\", written", q->args);

        rc = unit_query(written, &again, &m);

        unit_ok(rc == NGX_OK && m == n
                && unit_eq(unit_dump(again, m), unit_dump(pairs, n)),
                "query \"%s\", read again", q->args);
    }

    test_query_escaped();
    test_query_canonical();
    test_query_room();

    for (i = 0;
         i < sizeof(unit_bad_queries) / sizeof(unit_bad_queries[0]);
         i++)
    {
        args = unit_str(unit_bad_queries[i], strlen(unit_bad_queries[i]));

        unit_ok(unit_query(args, &pairs, &n) == NGX_ERROR,
                "query refused, number %lu", (unsigned long) i + 1);
    }

    unit_ok(unit_query(S("a\0b"), &pairs, &n) == NGX_ERROR,
            "query with a raw zero byte");

    unit_ok(unit_query(empty, &pairs, &n) == NGX_OK && n == 0,
            "query without an address");

    unit_is(unit_query_write(NULL, 0), empty, "query of no pairs");

    /* all that is not a control character survives */

    bad = 0;

    for (i = 0; i < 256; i++) {
        args = unit_printf("%%%02lx=%%%02lX", (unsigned long) i,
                           (unsigned long) i);

        rc = unit_query(args, &pairs, &n);

        if (i < 0x20 || i == 0x7f) {
            bad += (rc != NGX_ERROR);
            continue;
        }

        if (rc != NGX_OK || n != 1
            || pairs[0].name.len != 1 || pairs[0].name.data[0] != i
            || pairs[0].value.len != 1 || pairs[0].value.data[0] != i
            || (pairs[0].flags & COS_PAIR_BARE))
        {
            bad++;
        }
    }

    unit_ok(bad == 0, "query of each byte");

    /* what is signed is sent */

    ngx_memzero(&pair, sizeof(cos_pair_t));

    pair.name = S("a");
    pair.value = S("b");
    pair.flags = COS_PAIR_BARE;

    unit_is(unit_query_write(&pair, 1), S("a=b"),
            "query of a bare parameter with a value");
}


/* an escaped value is taken as it is only if we would write the same */

static void
test_query_escaped(void)
{
    ngx_int_t    rc;
    ngx_uint_t   i, n;
    cos_pair_t  *pairs;

    static const struct {
        const char  *args;
        ngx_uint_t   plain;
        ngx_uint_t   escaped;
    } cases[] = {
        { "acl", 1, 1 },
        { "a-b_c.d~=A-b_c.D~", 1, 1 },
        { "a=%2F%C3%A9%20", 1, 1 },
        { "a=%2f", 1, 0 },
        { "a=%E4%b8", 1, 0 },
        { "a=%41", 1, 0 },
        { "a=b/c", 1, 0 },
        { "a=b=c", 1, 0 },
        { "a=b+c", 1, 0 },
        { "a=\xc3\xa9", 1, 0 },
        { "versionId=1", 0, 1 },
        { "%61=1", 0, 1 },
        { "a%2Fb=1", 0, 1 },
        { "a/b=1", 0, 1 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        rc = unit_query(unit_str(cases[i].args, strlen(cases[i].args)),
                        &pairs, &n);

        unit_ok(rc == NGX_OK && n == 1
                && !(pairs[0].flags & COS_PAIR_PLAIN_NAME) == !cases[i].plain
                && !pairs[0].escaped.data == !cases[i].escaped,
                "query \"%s\", what is known of it", cases[i].args);
    }
}


/* for each query that is parsed here, see also unit_query() */

static void
test_query_canonical(void)
{
    u_char      *buf;
    ngx_int_t    rc;
    ngx_str_t    args;
    ngx_uint_t   i, n, canonical;
    cos_pair_t   pairs[4];

    static const struct {
        const char  *args;
        ngx_uint_t   canonical;
    } cases[] = {
        { "", 1 },
        { "acl", 1 },
        { "acl=", 1 },
        { "=", 1 },
        { "=&=a", 1 },
        { "versionId=1&a%2FB=%C3%A9%20&c", 1 },
        { "&", 0 },
        { "a&", 0 },
        { "&a", 0 },
        { "a=1&&b", 0 },
        { "a=%2f", 0 },
        { "a%2f=1", 0 },
        { "%61=1", 0 },
        { "a=%7E", 0 },
        { "a/b", 0 },
        { "a==", 0 },
        { "a=1+1", 0 },
        { "a+b&c", 0 },
        { "a=\xc3\xa9", 0 },
        { "a=/&b=%2F", 0 },
        { "a%2F=/", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        args = unit_str(cases[i].args, strlen(cases[i].args));
        buf = unit_alloc(args.len + 1);
        n = 4;

        rc = cos_query_parse(&args, pairs, &n, buf, &canonical);

        unit_ok(rc == NGX_OK && !canonical == !cases[i].canonical,
                "query \"%s\", canonical or not", cases[i].args);
    }
}


static void
test_query_room(void)
{
    u_char      *buf;
    ngx_str_t    args;
    ngx_uint_t   i, n, bad, canonical;
    cos_pair_t  *pairs;

    args = S("&a=1&&b&c=%20&");
    bad = 0;

    for (i = 0; i < 5; i++) {
        pairs = unit_alloc(i * sizeof(cos_pair_t));
        buf = unit_alloc(args.len + 1);
        n = i;

        if (cos_query_parse(&args, pairs, &n, buf, &canonical)
            != (i < 3 ? NGX_ERROR : NGX_OK)
            || (i >= 3 && n != 3))
        {
            bad++;
        }
    }

    unit_ok(bad == 0, "query of three pairs, with room for some");
}


static ngx_str_t
unit_dump(const cos_pair_t *pairs, ngx_uint_t n)
{
    size_t      len;
    u_char     *p;
    ngx_str_t   str;
    ngx_uint_t  i;

    len = 0;

    for (i = 0; i < n; i++) {
        len += pairs[i].name.len + pairs[i].value.len + 2;
    }

    str.data = unit_alloc(len);
    p = str.data;

    for (i = 0; i < n; i++) {

        if (pairs[i].name.len) {
            p = ngx_cpymem(p, pairs[i].name.data, pairs[i].name.len);
        }

        if (!(pairs[i].flags & COS_PAIR_BARE)) {
            *p++ = '|';
        }

        if (pairs[i].value.len) {
            p = ngx_cpymem(p, pairs[i].value.data, pairs[i].value.len);
        }

        *p++ = ';';
    }

    str.len = p - str.data;

    return str;
}
