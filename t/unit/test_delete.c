
/*
 * Copyright (C) nginx-cos contributors
 */


#include "unit.h"

#include "cos_delete.h"


#define TEST_HEAD  "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Delete>"


static void test_accepted(void);
static void test_refused(void);
static void test_bounds(void);
static ngx_int_t unit_delete(ngx_str_t body, const char *prefix,
    ngx_str_t *out);
static ngx_str_t unit_repeat(const char *head, const char *text, ngx_uint_t n,
    const char *tail);


void
test_delete(void)
{
    test_accepted();
    test_refused();
    test_bounds();
}


static void
test_accepted(void)
{
    ngx_int_t   rc;
    ngx_str_t   out;
    ngx_uint_t  i;

    static const struct {
        const char  *name;
        const char  *body;
        const char  *prefix;
        const char  *out;
    } tests[] = {
        { "one key", "<Delete><Object><Key>a</Key></Object></Delete>", "",
          "<Quiet>false</Quiet><Object><Key>a</Key></Object>" },
        { "prefix", "<Delete><Object><Key>a</Key></Object>"
          "<Object><Key>b/c</Key></Object></Delete>", "p/&<q/",
          "<Quiet>false</Quiet><Object><Key>p/&amp;&lt;q/a</Key></Object>"
          "<Object><Key>p/&amp;&lt;q/b/c</Key></Object>" },
        { "quiet last", "<Delete><Object><Key>a</Key></Object>"
          "<Quiet>True</Quiet></Delete>", "",
          "<Quiet>true</Quiet><Object><Key>a</Key></Object>" },
        { "quiet first, not quiet", "<Delete><Quiet>false</Quiet>"
          "<Object><Key>a</Key></Object></Delete>", "",
          "<Quiet>false</Quiet><Object><Key>a</Key></Object>" },
        { "version", "<Delete><Object><VersionId>v1</VersionId><Key>a</Key>"
          "</Object></Delete>", "p/",
          "<Quiet>false</Quiet><Object><Key>p/a</Key><VersionId>v1"
          "</VersionId></Object>" },
        { "empty version", "<Delete><Object><Key>a</Key><VersionId/>"
          "</Object></Delete>", "",
          "<Quiet>false</Quiet><Object><Key>a</Key></Object>" },
        { "white space, comment and declaration",
          "<?xml version='1.0' encoding='utf-8' standalone=\"yes\"?>\r\n"
          "<!-- <Key> --><Delete xmlns=\"http://example.com/\">\n\t<Object>\n"
          "  <Key>a b </Key> </Object>\n</Delete>\n", "",
          "<Quiet>false</Quiet><Object><Key>a b </Key></Object>" },
        { "declaration without encoding", "<?xml version=\"1.0\"?><Delete>"
          "<Object><Key>a</Key></Object></Delete>", "",
          "<Quiet>false</Quiet><Object><Key>a</Key></Object>" },
        { "byte order mark", "\xef\xbb\xbf<Delete><Object><Key>a</Key>"
          "</Object></Delete>", "",
          "<Quiet>false</Quiet><Object><Key>a</Key></Object>" },
        { "escapes", "<Delete><Object><Key>&lt;&#x41;&amp;&#20013;&quot;&apos;"
          "]]&gt;</Key></Object></Delete>", "",
          "<Quiet>false</Quiet><Object><Key>&lt;A&amp;\xe4\xb8\xad\"']]&gt;"
          "</Key></Object>" },
        { "CDATA", "<Delete><Object><Key>a<![CDATA[<b>&amp;]]>c</Key></Object>"
          "</Delete>", "",
          "<Quiet>false</Quiet><Object><Key>a&lt;b&gt;&amp;amp;c</Key>"
          "</Object>" },
        { "comment in a key", "<Delete><Object><Key>a<!-- x -->b</Key>"
          "</Object></Delete>", "",
          "<Quiet>false</Quiet><Object><Key>ab</Key></Object>" },
        { "UTF-8", "<Delete><Object><Key>\xe4\xb8\xad\xf0\x9f\x98\x80</Key>"
          "</Object></Delete>", "",
          "<Quiet>false</Quiet><Object><Key>\xe4\xb8\xad\xf0\x9f\x98\x80"
          "</Key></Object>" },
        { "the same key twice", "<Delete><Object><Key>a</Key></Object>"
          "<Object><Key>a</Key></Object></Delete>", "",
          "<Quiet>false</Quiet><Object><Key>a</Key></Object>"
          "<Object><Key>a</Key></Object>" }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {

        rc = unit_delete(unit_str(tests[i].body, strlen(tests[i].body)),
                         tests[i].prefix, &out);

        unit_ok(rc == NGX_OK, "delete: %s", tests[i].name);

        if (rc == NGX_OK) {
            unit_is(out, unit_printf(TEST_HEAD "%s</Delete>", tests[i].out),
                    "delete: %s, written", tests[i].name);
        }
    }
}


static void
test_refused(void)
{
    size_t       n;
    ngx_str_t    body, out;
    ngx_uint_t   i;

    static const struct {
        const char  *name;
        const char  *body;
    } tests[] = {
        { "nothing", "" },
        { "not XML", "hello" },
        { "JSON", "{\"Delete\":{\"Object\":[{\"Key\":\"a\"}]}}" },
        { "another root",
          "<Remove><Object><Key>a</Key></Object></Remove>" },
        { "case of the root",
          "<delete><Object><Key>a</Key></Object></delete>" },
        { "no objects", "<Delete></Delete>" },
        { "quiet alone", "<Delete><Quiet>true</Quiet></Delete>" },
        { "no key", "<Delete><Object></Object></Delete>" },
        { "empty key", "<Delete><Object><Key></Key></Object></Delete>" },
        { "empty key, short", "<Delete><Object><Key/></Object></Delete>" },
        { "version without a key",
          "<Delete><Object><VersionId>v</VersionId></Object></Delete>" },
        { "an empty one among others", "<Delete><Object><Key>a</Key></Object>"
          "<Object/></Delete>" },
        { "two keys in an object",
          "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>" },
        { "two versions", "<Delete><Object><Key>a</Key><VersionId>1"
          "</VersionId><VersionId>2</VersionId></Object></Delete>" },
        { "quiet twice", "<Delete><Quiet>true</Quiet><Quiet>true</Quiet>"
          "<Object><Key>a</Key></Object></Delete>" },
        { "quiet of another kind", "<Delete><Quiet>1</Quiet><Object><Key>a"
          "</Key></Object></Delete>" },
        { "quiet without a value", "<Delete><Quiet/><Object><Key>a</Key>"
          "</Object></Delete>" },
        { "unknown element", "<Delete><Object><Key>a</Key></Object><Bucket>b"
          "</Bucket></Delete>" },
        { "unknown element in an object", "<Delete><Object><Key>a</Key><ETag>e"
          "</ETag></Object></Delete>" },
        { "element in a key",
          "<Delete><Object><Key>a<Key>b</Key></Key></Object></Delete>" },
        { "key without an object", "<Delete><Key>a</Key></Delete>" },
        { "text among the objects",
          "<Delete>x<Object><Key>a</Key></Object></Delete>" },
        { "text in an object",
          "<Delete><Object>x<Key>a</Key></Object></Delete>" },
        { "attribute",
          "<Delete><Object><Key x=\"y\">a</Key></Object></Delete>" },
        { "attribute of the root",
          "<Delete x=\"y\"><Object><Key>a</Key></Object></Delete>" },
        { "prefixed names", "<s:Delete xmlns:s=\"u\"><s:Object><s:Key>a</s:Key>"
          "</s:Object></s:Delete>" },
        { "namespace within", "<Delete><Object xmlns=\"u\"><Key>a</Key>"
          "</Object></Delete>" },
        { "document type", "<!DOCTYPE Delete><Delete><Object><Key>a</Key>"
          "</Object></Delete>" },
        { "entity", "<!DOCTYPE Delete [<!ENTITY e \"x\">]><Delete><Object>"
          "<Key>&e;</Key></Object></Delete>" },
        { "external entity", "<!DOCTYPE Delete [<!ENTITY e SYSTEM "
          "\"file:///etc/hostname\">]><Delete><Object><Key>&e;</Key></Object>"
          "</Delete>" },
        { "external subset", "<!DOCTYPE Delete SYSTEM \"file:///etc/hostname\">"
          "<Delete><Object><Key>a</Key></Object></Delete>" },
        { "parameter entity", "<!DOCTYPE Delete [<!ENTITY % p \"x\"> %p;]>"
          "<Delete><Object><Key>a</Key></Object></Delete>" },
        { "unknown entity",
          "<Delete><Object><Key>a&e;</Key></Object></Delete>" },
        { "entity of HTML",
          "<Delete><Object><Key>a&nbsp;</Key></Object></Delete>" },
        { "processing instruction", "<?x y?><Delete><Object><Key>a</Key>"
          "</Object></Delete>" },
        { "processing instruction in a key",
          "<Delete><Object><Key>a<?x y?></Key></Object></Delete>" },
        { "XInclude", "<Delete xmlns:xi=\"http://www.w3.org/2001/XInclude\">"
          "<Object><Key><xi:include href=\"/etc/hostname\"/></Key></Object>"
          "</Delete>" },
        { "truncated", "<Delete><Object><Key>a</Key></Object>" },
        { "truncated in a tag", "<Delete><Object><Key>a</Key></Object></De" },
        { "two roots", "<Delete><Object><Key>a</Key></Object></Delete>"
          "<Delete><Object><Key>b</Key></Object></Delete>" },
        { "text behind", "<Delete><Object><Key>a</Key></Object></Delete>x" },
        { "wrong end",
          "<Delete><Object><Key>a</Object></Key></Delete>" },
        { "unescaped ampersand",
          "<Delete><Object><Key>a&b</Key></Object></Delete>" },
        { "invalid UTF-8",
          "<Delete><Object><Key>a\xff</Key></Object></Delete>" },
        { "overlong UTF-8",
          "<Delete><Object><Key>a\xc0\xaf</Key></Object></Delete>" },
        { "overlong UTF-8 in CDATA", "<Delete><Object><Key><![CDATA[\xc0\xae"
          "\xc0\xae/a]]></Key></Object></Delete>" },
        { "overlong UTF-8 of three bytes", "<Delete><Object><Key><![CDATA["
          "\xe0\x80\xaf]]></Key></Object></Delete>" },
        { "overlong UTF-8 of four bytes", "<Delete><Object><Key><![CDATA["
          "\xf0\x80\x80\xaf]]></Key></Object></Delete>" },
        { "surrogate in CDATA", "<Delete><Object><Key><![CDATA[\xed\xa0\x80"
          "]]></Key></Object></Delete>" },
        { "beyond Unicode", "<Delete><Object><Key><![CDATA[\xf4\x90\x80\x80"
          "]]></Key></Object></Delete>" },
        { "five bytes", "<Delete><Object><Key><![CDATA[\xf8\x88\x80\x80\x80"
          "]]></Key></Object></Delete>" },
        { "half a character", "<Delete><Object><Key><![CDATA[\xe4\xb8]]></Key>"
          "</Object></Delete>" },
        { "rest of a character", "<Delete><Object><Key><![CDATA[\xb8]]></Key>"
          "</Object></Delete>" },
        { "not a character", "<Delete><Object><Key><![CDATA[\xef\xbf\xbf]]>"
          "</Key></Object></Delete>" },
        { "control character in CDATA", "<Delete><Object><Key><![CDATA[\x02]]>"
          "</Key></Object></Delete>" },
        { "surrogate",
          "<Delete><Object><Key>a\xed\xa0\x80</Key></Object></Delete>" },
        { "character that XML has not",
          "<Delete><Object><Key>a&#1;</Key></Object></Delete>" },
        { "raw control character",
          "<Delete><Object><Key>a\x01</Key></Object></Delete>" },
        { "GBK", "<?xml version=\"1.0\" encoding=\"GBK\"?><Delete><Object>"
          "<Key>a</Key></Object></Delete>" },
        { "ISO-8859-1", "<?xml version='1.0' encoding = 'ISO-8859-1'?><Delete>"
          "<Object><Key>\xe4</Key></Object></Delete>" },
        { "UTF-7", "<?xml version='1.0' encoding='utf-7'?><Delete><Object>"
          "<Key>a</Key></Object></Delete>" },
        { "longer name", "<?xml version='1.0' encoding='utf-8x'?><Delete>"
          "<Object><Key>a</Key></Object></Delete>" },
        { "declaration not first", " <?xml version='1.0'?><Delete><Object>"
          "<Key>a</Key></Object></Delete>" },
        { "XML 2.0", "<?xml version='2.0'?><Delete><Object><Key>a</Key>"
          "</Object></Delete>" }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        unit_ok(unit_delete(unit_str(tests[i].body, strlen(tests[i].body)),
                            "", &out)
                == NGX_DECLINED, "delete refused: %s", tests[i].name);
    }

    /* the same text in UTF-16, with and without its mark */

    body = unit_fill('\0', 2 * sizeof("<Delete><Object><Key>a</Key></Object>"
                                      "</Delete>"));

    body.data[0] = 0xff;
    body.data[1] = 0xfe;

    for (n = 1; n < body.len / 2; n++) {
        body.data[2 * n] = "<Delete><Object><Key>a</Key></Object></Delete>"
                           [n - 1];
    }

    unit_ok(unit_delete(body, "", &out) == NGX_DECLINED,
            "delete refused: UTF-16");

    body.data += 2;
    body.len -= 2;

    unit_ok(unit_delete(body, "", &out) == NGX_DECLINED,
            "delete refused: UTF-16 without a mark");

    body = unit_str("<Delete><Object><Key>a\0b</Key></Object></Delete>",
                    sizeof("<Delete><Object><Key>a_b</Key></Object></Delete>")
                    - 1);

    unit_ok(unit_delete(body, "", &out) == NGX_DECLINED,
            "delete refused: zero byte");
}


static void
test_bounds(void)
{
    ngx_str_t  out, key;

    unit_ok(unit_delete(unit_repeat("<Delete>",
                                    "<Object><Key>a</Key></Object>", 1000,
                                    "</Delete>"), "", &out)
            == NGX_OK, "delete: 1000 keys");

    unit_ok(unit_delete(unit_repeat("<Delete>",
                                    "<Object><Key>a</Key></Object>", 1001,
                                    "</Delete>"), "", &out)
            == NGX_DECLINED, "delete refused: 1001 keys");

    key = unit_repeat("<Delete><Object><Key>", "&amp;", 5000,
                      "</Key></Object></Delete>");

    unit_ok(unit_delete(key, "", &out) == NGX_OK, "delete: long key");
    unit_is(out, unit_repeat(TEST_HEAD "<Quiet>false</Quiet><Object><Key>",
                             "&amp;", 5000, "</Key></Object></Delete>"),
            "delete: long key, written");

    unit_ok(unit_delete(unit_repeat("", "<a>", 100000, ""), "", &out)
            == NGX_DECLINED, "delete refused: deep");

    /* what takes a parser long is not given to it */

    unit_ok(unit_delete(unit_repeat("<Delete", " a=''", 400000, "/>"), "",
                        &out)
            == NGX_DECLINED, "delete refused: many attributes");

    unit_ok(unit_delete(unit_repeat("<Delete", " xmlns:a='>'", 170000, "/>"),
                        "", &out)
            == NGX_DECLINED, "delete refused: many namespaces");

    unit_ok(unit_delete(unit_repeat("<!-- ", "x", 2000000, "--><Delete/>"),
                        "", &out)
            == NGX_DECLINED, "delete refused: long comment");

    unit_ok(unit_delete(unit_repeat("<Delete><Object><Key>", "<!---->",
                                    300000, ""), "", &out)
            == NGX_DECLINED, "delete refused: many comments");
}


static ngx_int_t
unit_delete(ngx_str_t body, const char *prefix, ngx_str_t *out)
{
    u_char        *text, *last;
    ngx_int_t      rc;
    ngx_str_t      str;
    cos_delete_t   d;

    str.len = strlen(prefix);
    str.data = (u_char *) prefix;

    text = unit_alloc(body.len);
    d.objects = unit_alloc(COS_DELETE_MAX * sizeof(cos_delete_object_t));

    rc = cos_delete_parse(&d, &body, text);

    if (rc != NGX_OK) {
        return rc;
    }

    out->len = cos_delete_len(&d, &str);
    out->data = unit_alloc(out->len + 1);

    last = cos_delete_write(out->data, &d, &str);

    if (last != out->data + out->len) {
        unit_ok(0, "delete: length");
    }

    return NGX_OK;
}


static ngx_str_t
unit_repeat(const char *head, const char *text, ngx_uint_t n, const char *tail)
{
    u_char     *p;
    size_t      len;
    ngx_str_t   str;

    len = strlen(text);

    str.len = strlen(head) + n * len + strlen(tail);
    str.data = unit_alloc(str.len + 1);

    p = ngx_cpymem(str.data, head, strlen(head));

    while (n--) {
        p = ngx_cpymem(p, text, len);
    }

    ngx_memcpy(p, tail, strlen(tail));

    return str;
}
