
/*
 * Copyright (C) nginx-cos contributors
 */


#include "unit.h"


static void test_escape(void);
static void test_unescape(void);
static void test_key(void);
static ngx_str_t unit_unescape(ngx_str_t src, ngx_uint_t plus);
static ngx_uint_t unit_bad(ngx_str_t src);
static ngx_int_t unit_key(ngx_str_t key);


void
test_uri(void)
{
    test_escape();
    test_unescape();
    test_key();
}


static void
test_escape(void)
{
    char          expected[8];
    u_char        ch;
    ngx_str_t     src, got, empty;
    ngx_uint_t    i, bad, plain;
    cos_escape_e  type;

    static const char  *names[] = { "value", "name", "path" };

    ngx_str_null(&empty);

    /* every byte against the rule as it is written in RFC 3986 */

    for (type = COS_ESCAPE_VALUE; type <= COS_ESCAPE_PATH; type++) {
        bad = 0;

        for (i = 0; i < 256; i++) {
            ch = (u_char) i;

            plain = (i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z')
                    || (i >= '0' && i <= '9')
                    || i == '-' || i == '_' || i == '.' || i == '~'
                    || (i == '/' && type == COS_ESCAPE_PATH);

            if (plain) {
                snprintf(expected, sizeof(expected), "%c",
                         type == COS_ESCAPE_NAME ? tolower(ch) : ch);

            } else {
                snprintf(expected, sizeof(expected),
                         type == COS_ESCAPE_NAME ? "%%%02x" : "%%%02X", ch);
            }

            src = unit_str(&ch, 1);
            got = unit_escape(src, type);

            if (!unit_eq(got, unit_str(expected, strlen(expected)))
                || cos_is_plain(&ch, 1, type) != unit_eq(got, src))
            {
                bad++;
                continue;
            }

            if (type != COS_ESCAPE_NAME
                && !unit_eq(unit_unescape(got, 0), src))
            {
                bad++;
            }
        }

        unit_ok(bad == 0, "escape all bytes, or say that they are plain, %s, "
                "%lu wrong", names[type], (unsigned long) bad);

        unit_is(unit_escape(empty, type), empty, "escape nothing, %s",
                names[type]);
    }

    unit_is(unit_escape(S("a/B c+\xe4\xb8\xad~"), COS_ESCAPE_VALUE),
            S("a%2FB%20c%2B%E4%B8%AD~"), "escape a value");

    unit_is(unit_escape(S("a/B c+\xe4\xb8\xad~"), COS_ESCAPE_NAME),
            S("a%2fb%20c%2b%e4%b8%ad~"), "escape a name");

    unit_is(unit_escape(S("/a//B c+%2F\xe4\xb8\xad~"), COS_ESCAPE_PATH),
            S("/a//B%20c%2B%252F%E4%B8%AD~"), "escape a path");

    unit_is(unit_escape(S("a\0b"), COS_ESCAPE_PATH), S("a%00b"),
            "escape a zero byte");

    src = unit_fill('=', 4096);
    got = unit_escape(src, COS_ESCAPE_VALUE);

    unit_ok(got.len == 3 * src.len, "escape a long value");
    unit_is(unit_unescape(got, 0), src, "escape a long value and back");
}


static void
test_unescape(void)
{
    char        text[4];
    u_char      ch, *last;
    ngx_str_t   src, empty;
    ngx_uint_t  i, bad;

    ngx_str_null(&empty);

    unit_is(unit_unescape(S("%41%6a%4A%2f%2F"), 0), S("AjJ//"),
            "unescape digits of both cases");
    unit_is(unit_unescape(empty, 1), empty, "unescape nothing");
    unit_is(unit_unescape(S("a+b%2B%20+"), 0), S("a+b+ +"),
            "unescape, plus is a plus");
    unit_is(unit_unescape(S("a+b%2B%20+"), 1), S("a b+  "),
            "unescape, plus is a space");
    unit_is(unit_unescape(S("%252F%2500"), 0), S("%2F%00"),
            "unescape only once");
    unit_is(unit_unescape(S("%00%ff%FF"), 0), S("\0\xff\xff"),
            "unescape any byte");
    unit_is(unit_unescape(S("\0\xff"), 0), S("\0\xff"),
            "unescape leaves raw bytes");

    bad = 0;

    for (i = 0; i < 256; i++) {
        ch = (u_char) i;

        snprintf(text, sizeof(text), "%%%02x", ch);

        if (!unit_eq(unit_unescape(unit_str(text, 3), 1), unit_str(&ch, 1))) {
            bad++;
        }

        snprintf(text, sizeof(text), "%%%02X", ch);

        if (!unit_eq(unit_unescape(unit_str(text, 3), 0), unit_str(&ch, 1))) {
            bad++;
        }
    }

    unit_ok(bad == 0, "unescape all bytes in both cases");

    /* what is a digit, in both places */

    bad = 0;

    for (i = 0; i < 256; i++) {
        ch = (u_char) i;

        text[0] = '%';
        text[1] = (char) i;
        text[2] = '0';

        if (unit_bad(unit_str(text, 3)) != !isxdigit(ch)) {
            bad++;
        }

        text[1] = '0';
        text[2] = (char) i;

        if (unit_bad(unit_str(text, 3)) != !isxdigit(ch)) {
            bad++;
        }
    }

    unit_ok(bad == 0, "unescape takes hex digits only");

    unit_ok(unit_bad(S("%")), "unescape a lone percent");
    unit_ok(unit_bad(S("%2")), "unescape a short escape");
    unit_ok(unit_bad(S("abc%")), "unescape a percent at the end");
    unit_ok(unit_bad(S("abc%4")), "unescape a short escape at the end");
    unit_ok(unit_bad(S("%%41")), "unescape two percents");
    unit_ok(unit_bad(S("%zz")), "unescape no digits");
    unit_ok(unit_bad(S("%u0041")), "unescape %%u");

    src = S("%41+%42%25");
    last = cos_unescape(src.data, src.data, src.len, 1);

    unit_ok(last == src.data + 4 && ngx_memcmp(src.data, "A B%", 4) == 0,
            "unescape in place");
}


static void
test_key(void)
{
    u_char      ch, text[3];
    ngx_str_t   empty, key;
    ngx_uint_t  i, bad;

    ngx_str_null(&empty);

    unit_ok(unit_key(empty) == NGX_DECLINED, "key empty");
    unit_ok(unit_key(S("a")) == NGX_OK, "key of one byte");
    unit_ok(unit_key(unit_fill('k', 850)) == NGX_OK, "key of 850 bytes");
    unit_ok(unit_key(unit_fill('k', 851)) == NGX_DECLINED,
            "key of 851 bytes");

    unit_ok(unit_key(S("/")) == NGX_DECLINED, "key of a slash");
    unit_ok(unit_key(S("///")) == NGX_DECLINED, "key of slashes");
    unit_ok(unit_key(S("a/")) == NGX_OK, "key of a folder");
    unit_ok(unit_key(S("a//b")) == NGX_OK, "key with two slashes");

    unit_ok(unit_key(S(".")) == NGX_ERROR, "key .");
    unit_ok(unit_key(S("..")) == NGX_ERROR, "key ..");
    unit_ok(unit_key(S("./a")) == NGX_ERROR, "key ./a");
    unit_ok(unit_key(S("../a")) == NGX_ERROR, "key ../a");
    unit_ok(unit_key(S("a/.")) == NGX_ERROR, "key a/.");
    unit_ok(unit_key(S("a/..")) == NGX_ERROR, "key a/..");
    unit_ok(unit_key(S("a/./b")) == NGX_ERROR, "key a/./b");
    unit_ok(unit_key(S("a/../b")) == NGX_ERROR, "key a/../b");
    unit_ok(unit_key(S("a/../")) == NGX_ERROR, "key a/../");
    unit_ok(unit_key(S("/..")) == NGX_ERROR, "key /..");
    unit_ok(unit_key(S("a//../b")) == NGX_ERROR, "key a//../b");

    unit_ok(unit_key(S("...")) == NGX_OK, "key ...");
    unit_ok(unit_key(S("a/.../b")) == NGX_OK, "key a/.../b");
    unit_ok(unit_key(S(".a/..b/c./d..")) == NGX_OK, "key with dots in names");
    unit_ok(unit_key(S("a.b/..c/.d.")) == NGX_OK, "key with more dots");
    unit_ok(unit_key(S("%2e%2e/a%00+")) == NGX_OK,
            "key is not decoded again");
    unit_ok(unit_key(S("\xe4\xb8\xad \xff")) == NGX_OK,
            "key of spaces and high bytes");

    bad = 0;

    for (i = 0; i < 256; i++) {
        ch = (u_char) i;

        text[0] = 'a';
        text[1] = ch;
        text[2] = 'b';

        key = unit_str(text, 3);

        if ((unit_key(key) == NGX_ERROR) != (ch < 0x20 || ch == 0x7f)) {
            bad++;
        }
    }

    unit_ok(bad == 0, "key with each byte");
}


static ngx_str_t
unit_unescape(ngx_str_t src, ngx_uint_t plus)
{
    u_char     *last;
    ngx_str_t   str;

    str.data = unit_alloc(src.len);
    last = cos_unescape(str.data, src.data, src.len, plus);

    if (last == NULL) {
        return S("invalid escape");
    }

    str.len = last - str.data;

    return str;
}


static ngx_uint_t
unit_bad(ngx_str_t src)
{
    u_char  *dst;

    dst = unit_alloc(src.len);

    return cos_unescape(dst, src.data, src.len, 0) == NULL;
}


static ngx_int_t
unit_key(ngx_str_t key)
{
    ngx_int_t   rc;
    ngx_uint_t  plain;

    rc = cos_key_check(&key, &plain);

    if (rc == NGX_OK
        && plain != cos_is_plain(key.data, key.len, COS_ESCAPE_PATH))
    {
        unit_ok(0, "key, whether it is plain");
    }

    return rc;
}
