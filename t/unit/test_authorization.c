
/*
 * Copyright (C) nginx-cos contributors
 */


#include "unit.h"


#define SIGNATURE  "d64d9a1bd6d26fbbaee43aa48146717554c3b0f8"

#define HEAD  "q-sign-algorithm=sha1&q-ak=AKID&"
#define TIME  "q-sign-time=1;20&q-key-time=3;40&"
#define LISTS "q-header-list=host;x&q-url-param-list=acl&"
#define TAIL  "q-signature=" SIGNATURE


static void test_authorization_header(void);
static void test_authorization_query(void);
static ngx_int_t unit_parse(ngx_str_t text, cos_authorization_t *a);
static ngx_int_t unit_from_query(ngx_str_t args, cos_authorization_t *a);
static ngx_uint_t unit_as_expected(cos_authorization_t *a);


static const char  *unit_bad_texts[] = {
    "",
    "&",
    "x",
    "=",
    "q-ak",
    "q-ak=",

    /* a field is missing */

    "q-ak=AKID&" TIME LISTS TAIL,
    "q-sign-algorithm=sha1&" TIME LISTS TAIL,
    HEAD "q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=1;20&" LISTS TAIL,
    HEAD TIME "q-url-param-list=acl&" TAIL,
    HEAD TIME "q-header-list=host;x&" TAIL,
    HEAD TIME LISTS "q-signature",
    HEAD TIME "q-header-list=host;x&q-url-param-list=acl",

    /* given twice */

    HEAD "q-ak=AKID&" TIME LISTS TAIL,
    HEAD TIME LISTS TAIL "&" TAIL,
    HEAD TIME LISTS "q-header-list=host&" TAIL,
    "q-sign-algorithm=sha1&" HEAD TIME LISTS TAIL,

    /* unknown */

    HEAD TIME LISTS TAIL "&q-foo=bar",
    HEAD TIME LISTS TAIL "&x-cos-security-token=t",
    HEAD TIME LISTS TAIL "&sign=x",
    HEAD TIME LISTS "Q-signature=" SIGNATURE,
    HEAD TIME LISTS " " TAIL,
    HEAD TIME LISTS "q-signatur=" SIGNATURE,
    HEAD TIME LISTS "q-signature2=" SIGNATURE,

    /* empty segments */

    "&" HEAD TIME LISTS TAIL,
    HEAD TIME LISTS TAIL "&",
    HEAD "&" TIME LISTS TAIL,
    HEAD TIME LISTS "x&" TAIL,

    /* another algorithm */

    "q-sign-algorithm=sha256&q-ak=AKID&" TIME LISTS TAIL,
    "q-sign-algorithm=SHA1&q-ak=AKID&" TIME LISTS TAIL,
    "q-sign-algorithm=sha&q-ak=AKID&" TIME LISTS TAIL,
    "q-sign-algorithm=&q-ak=AKID&" TIME LISTS TAIL,
    "COS " HEAD TIME LISTS TAIL,

    /* a time */

    HEAD "q-sign-time=&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=1;20&q-key-time=&" LISTS TAIL,
    HEAD "q-sign-time=1&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=;20&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=1;&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=;&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=1;2;3&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=1;;2&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=1;20&q-key-time=3;40;&" LISTS TAIL,
    HEAD "q-sign-time=-1;20&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=1;2a&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=1; 2&q-key-time=3;40&" LISTS TAIL,
    HEAD "q-sign-time=1%3B20&q-key-time=3;40&" LISTS TAIL,

    /* a signature */

    HEAD TIME LISTS "q-signature=",
    HEAD TIME LISTS "q-signature=d64d9a1bd6d26fbbaee43aa48146717554c3b0f",
    HEAD TIME LISTS "q-signature=d64d9a1bd6d26fbbaee43aa48146717554c3b0f80",
    HEAD TIME LISTS "q-signature=D64D9A1BD6D26FBBAEE43AA48146717554C3B0F8",
    HEAD TIME LISTS "q-signature=g64d9a1bd6d26fbbaee43aa48146717554c3b0f8",
    HEAD TIME LISTS "q-signature=d64d9a1bd6d26fbbaee43aa48146717554c3b0f:",
    HEAD TIME LISTS "q-signature=d64d9a1bd6d26fbbaee43aa48146717554c3b0f/",
    HEAD TIME LISTS "q-signature=d64d9a1bd6d26fbbaee43aa48146717554c3b0f`",
    HEAD TIME LISTS TAIL "=",
    HEAD TIME LISTS TAIL " "
};


void
test_authorization(void)
{
    test_authorization_header();
    test_authorization_query();
}


static void
test_authorization_header(void)
{
    ngx_str_t            text, empty;
    ngx_uint_t           i;
    cos_authorization_t  a;

    ngx_str_null(&empty);

    text = S(HEAD TIME LISTS TAIL);

    unit_ok(unit_parse(text, &a) == NGX_OK && unit_as_expected(&a),
            "authorization");

    unit_ok(a.secret_id.data > text.data
            && a.signature.data + a.signature.len == text.data + text.len,
            "authorization, strings in the source");

    unit_ok(unit_parse(S(TAIL "&q-url-param-list=acl&q-header-list=host;x&"
                         "q-key-time=3;40&q-sign-time=1;20&q-ak=AKID&"
                         "q-sign-algorithm=sha1"), &a)
            == NGX_OK && unit_as_expected(&a),
            "authorization in another order");

    unit_ok(unit_parse(S(HEAD TIME "q-header-list=&q-url-param-list=&" TAIL),
                       &a)
            == NGX_OK && a.header_list.len == 0 && a.param_list.len == 0,
            "authorization of empty lists");

    unit_ok(unit_parse(S("q-sign-algorithm=sha1&q-ak=a=b&" TIME LISTS TAIL),
                       &a)
            == NGX_OK && unit_eq(a.secret_id, S("a=b")),
            "authorization, the first equals sign parts");

    unit_ok(unit_parse(empty, &a) == NGX_ERROR,
            "authorization without an address");

    unit_ok(unit_parse(S(HEAD TIME LISTS TAIL "\0"), &a) == NGX_ERROR,
            "authorization with a zero byte");

    for (i = 0;
         i < sizeof(unit_bad_texts) / sizeof(unit_bad_texts[0]);
         i++)
    {
        text = unit_str(unit_bad_texts[i], strlen(unit_bad_texts[i]));

        unit_ok(unit_parse(text, &a) == NGX_ERROR,
                "authorization refused: \"%s\"", unit_bad_texts[i]);
    }

    /* no prefix of a good one is good */

    text = S(HEAD TIME LISTS TAIL);

    for (i = 0; i < text.len; i++) {

        if (unit_parse(unit_str(text.data, i), &a) != NGX_ERROR) {
            break;
        }
    }

    unit_ok(i == text.len, "authorization cut short");
}


static void
test_authorization_query(void)
{
    ngx_str_t            merged, text;
    ngx_uint_t           i, bad;
    cos_authorization_t  a;

    merged = unit_escape(S(HEAD TIME LISTS TAIL), COS_ESCAPE_VALUE);

    unit_ok(unit_from_query(S(HEAD TIME LISTS TAIL), &a) == NGX_OK
            && unit_as_expected(&a),
            "query of seven parameters");

    unit_ok(unit_from_query(S("acl&" LISTS "b=c&" TAIL "&q-foo=1&" TIME
                              "q-sign-algorithm=sha1&q-ak=AKID&sig=n"), &a)
            == NGX_OK && unit_as_expected(&a),
            "query of seven parameters among others");

    unit_ok(unit_from_query(S(HEAD "q-sign-time=1%3B20&q-key-time=3%3b40&"
                              "q-header-list=host%3Bx&q-url-param-list=acl&"
                              TAIL), &a)
            == NGX_OK && unit_as_expected(&a),
            "query of escaped parameters");

    text = unit_printf("a=b&sign=%.*s&c", (int) merged.len, merged.data);

    unit_ok(unit_from_query(text, &a) == NGX_OK && unit_as_expected(&a),
            "query of a merged signature");

    unit_ok(unit_from_query(S(""), &a) == NGX_DECLINED, "query of nothing");

    unit_ok(unit_from_query(S("acl&signs=1&sig=2&Sign=3&q-foo=4&q=5&q-=6"),
                            &a)
            == NGX_DECLINED,
            "query without a signature");

    text = unit_printf("%s&sign=%.*s", HEAD TIME LISTS TAIL,
                       (int) merged.len, merged.data);

    unit_ok(unit_from_query(text, &a) == NGX_ERROR, "query of both forms");

    text = unit_printf("q-ak=AKID&sign=%.*s", (int) merged.len, merged.data);

    unit_ok(unit_from_query(text, &a) == NGX_ERROR,
            "query of a merged signature and one parameter");

    text = unit_printf("sign=%.*s&sign=%.*s", (int) merged.len, merged.data,
                       (int) merged.len, merged.data);

    unit_ok(unit_from_query(text, &a) == NGX_ERROR,
            "query of two merged signatures");

    unit_ok(unit_from_query(S("sign"), &a) == NGX_ERROR, "query sign");
    unit_ok(unit_from_query(S("sign="), &a) == NGX_ERROR, "query sign=");
    unit_ok(unit_from_query(S("sign=a%3D1%26b%3Db"), &a) == NGX_ERROR,
            "query of an older signature");

    unit_ok(unit_from_query(S(HEAD TIME LISTS TAIL "&q-ak=AKID"), &a)
            == NGX_ERROR,
            "query with a parameter twice");

    unit_ok(unit_from_query(S("q-signature=" SIGNATURE), &a) == NGX_ERROR,
            "query of one parameter");

    /* what is refused in the header is refused in the merged form */

    bad = 0;

    for (i = 0;
         i < sizeof(unit_bad_texts) / sizeof(unit_bad_texts[0]);
         i++)
    {
        text = unit_escape(unit_str(unit_bad_texts[i],
                                    strlen(unit_bad_texts[i])),
                           COS_ESCAPE_VALUE);
        text = unit_printf("sign=%.*s", (int) text.len, text.data);

        bad += (unit_from_query(text, &a) != NGX_ERROR);
    }

    unit_ok(bad == 0, "query of malformed merged signatures");
}


static ngx_int_t
unit_parse(ngx_str_t text, cos_authorization_t *a)
{
    return cos_authorization_parse(&text, a);
}


static ngx_int_t
unit_from_query(ngx_str_t args, cos_authorization_t *a)
{
    ngx_uint_t   n;
    cos_pair_t  *pairs;

    if (unit_query(args, &pairs, &n) != NGX_OK) {
        unit_ok(0, "query is parsed");
        return NGX_ABORT;
    }

    return cos_authorization_from_query(pairs, n, a);
}


static ngx_uint_t
unit_as_expected(cos_authorization_t *a)
{
    return unit_eq(a->secret_id, S("AKID"))
           && unit_eq(a->sign_time, S("1;20"))
           && unit_eq(a->key_time, S("3;40"))
           && unit_eq(a->header_list, S("host;x"))
           && unit_eq(a->param_list, S("acl"))
           && unit_eq(a->signature, S(SIGNATURE));
}
