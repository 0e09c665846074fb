
/*
 * Copyright (C) nginx-cos contributors
 */


#include "unit.h"

#include "cos_relative.h"


static ngx_str_t unit_relative(const char *prefix, ngx_uint_t url,
    const char *xml, size_t first);


void
test_relative(void)
{
    size_t      first;
    ngx_str_t   out, expected;
    ngx_uint_t  i, wrong;

    static const struct {
        const char  *name;
        const char  *prefix;
        ngx_uint_t   url;
        const char  *xml;
        const char  *out;
    } tests[] = {
        { "keys", "p/", 0,
          "<a><Key>p/x</Key><Key>p/</Key><Prefix>p/q/</Prefix></a>",
          "<a><Key>x</Key><Key></Key><Prefix>q/</Prefix></a>" },
        { "markers", "p/", 0,
          "<Marker>p/a</Marker><NextMarker>p/b</NextMarker>"
          "<KeyMarker>p/c</KeyMarker><NextKeyMarker>p/d</NextKeyMarker>",
          "<Marker>a</Marker><NextMarker>b</NextMarker>"
          "<KeyMarker>c</KeyMarker><NextKeyMarker>d</NextKeyMarker>" },
        { "other elements", "p/", 0,
          "<Name>p/x</Name><Keys>p/x</Keys><Delimiter>p/</Delimiter>p/<Key/>",
          "<Name>p/x</Name><Keys>p/x</Keys><Delimiter>p/</Delimiter>p/<Key/>" },
        { "not below", "pub/", 0,
          "<Key>public/x</Key><Key>pub</Key><Key></Key><Key>p&amp;b/</Key>",
          "<Key>public/x</Key><Key>pub</Key><Key></Key><Key>p&amp;b/</Key>" },
        { "once", "p/", 0, "<Key>p/p/x</Key>", "<Key>p/x</Key>" },
        { "escapes of XML", "a&b<c>'\"/", 0,
          "<Key>a&amp;b&lt;c&gt;&apos;&quot;/x</Key>"
          "<Key>a&amp;b&lt;c>&#39;&#34;/y&amp;</Key><Key>a&amp;b'\"/</Key>",
          "<Key>x</Key><Key>y&amp;</Key><Key>a&amp;b'\"/</Key>" },
        { "no escape", "a&b/", 0, "<Key>a&unknown;b/</Key><Key>a&am<Key>a&am",
          "<Key>a&unknown;b/</Key><Key>a&am<Key>a&am" },
        { "url", "a b/\xe4\xb8\xad+/", 1,
          "<Key>a%20b%2F%e4%B8%AD%2B/x%2Fy</Key><Key>a+b/%E4%B8%AD+/z</Key>"
          "<Key>a%2</Key><Key>a%zzb</Key><Key>a%20b/%E4%B8%AE/</Key>",
          "<Key>x%2Fy</Key><Key>z</Key>"
          "<Key>a%2</Key><Key>a%zzb</Key><Key>a%20b/%E4%B8%AE/</Key>" },
        { "percent signs without url", "a%20b/", 0,
          "<Key>a%20b/x</Key><Key>a b/x</Key>",
          "<Key>x</Key><Key>a b/x</Key>" },
        { "truncated", "pre/fix/", 0, "<Key>pre/f", "<Key>pre/f" }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {

        expected.len = strlen(tests[i].out);
        expected.data = (u_char *) tests[i].out;

        wrong = 0;

        for (first = 0; first <= strlen(tests[i].xml); first++) {
            out = unit_relative(tests[i].prefix, tests[i].url, tests[i].xml,
                                first);

            if (!unit_eq(out, expected)) {
                wrong++;
                break;
            }
        }

        unit_is(out, expected, "relative: %s", tests[i].name);
        unit_ok(!wrong, "relative: %s, in two parts", tests[i].name);
    }
}


static ngx_str_t
unit_relative(const char *prefix, ngx_uint_t url, const char *xml,
    size_t first)
{
    u_char          *p;
    size_t           len;
    ngx_str_t        out;
    cos_relative_t   rel;

    ngx_memzero(&rel, sizeof(cos_relative_t));

    rel.prefix = unit_str(prefix, strlen(prefix));
    rel.url = url;
    rel.raw = unit_alloc(cos_relative_size(rel.prefix.len));

    len = strlen(xml);

    out.data = unit_alloc(len);

    p = cos_relative(&rel, out.data, (u_char *) xml, first);
    p = cos_relative(&rel, p, (u_char *) xml + first, len - first);
    p = cos_relative_end(&rel, p);

    out.len = p - out.data;

    return out;
}
