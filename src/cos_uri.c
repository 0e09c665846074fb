
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_uri.h"


static ngx_inline ngx_int_t cos_hex_byte(const u_char *p);
static ngx_uint_t cos_is_dots(const u_char *segment, size_t len);


const u_char  cos_unreserved[256] =
    "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0" "\0\0\0\0\0-.\0"
    "01234567"         "89\0\0\0\0\0\0"
    "\0abcdefg"        "hijklmno"
    "pqrstuvw"         "xyz\0\0\0\0_"
    "\0abcdefg"        "hijklmno"
    "pqrstuvw"         "xyz\0\0\0~\0";


/* the value of a hexadecimal digit and 0x10; zero for what is none */

static const u_char  cos_digits[256] =
    "\0\0\0\0\0\0\0\0"                 "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0"                 "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0"                 "\0\0\0\0\0\0\0\0"
    "\x10\x11\x12\x13\x14\x15\x16\x17" "\x18\x19\0\0\0\0\0\0"
    "\0\x1a\x1b\x1c\x1d\x1e\x1f\0"     "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0"                 "\0\0\0\0\0\0\0\0"
    "\0\x1a\x1b\x1c\x1d\x1e\x1f\0";


/* and "/", which stays in paths */

#define cos_stays(ch, slash)  (cos_unreserved[ch] || (ch) == (slash))


size_t
cos_escape_len(const u_char *src, size_t len, cos_escape_e type)
{
    u_char  slash;
    size_t  i, n;

    /* "." is no byte that would be escaped */

    slash = (type == COS_ESCAPE_PATH) ? '/' : '.';
    n = len;

    for (i = 0; i < len; i++) {
        if (!cos_stays(src[i], slash)) {
            n += 2;
        }
    }

    return n;
}


u_char *
cos_escape(u_char *dst, const u_char *src, size_t len, cos_escape_e type)
{
    u_char         ch, slash;
    const u_char  *hex;

    static const u_char  upper[] = "0123456789ABCDEF";
    static const u_char  lower[] = "0123456789abcdef";

    if (type == COS_ESCAPE_NAME) {
        hex = lower;

        while (len--) {
            ch = *src++;

            if (cos_unreserved[ch]) {
                *dst++ = cos_unreserved[ch];
                continue;
            }

            *dst++ = '%';
            *dst++ = hex[ch >> 4];
            *dst++ = hex[ch & 0xf];
        }

        return dst;
    }

    hex = upper;
    slash = (type == COS_ESCAPE_PATH) ? '/' : '.';

    while (len--) {
        ch = *src++;

        if (cos_stays(ch, slash)) {
            *dst++ = ch;
            continue;
        }

        *dst++ = '%';
        *dst++ = hex[ch >> 4];
        *dst++ = hex[ch & 0xf];
    }

    return dst;
}


ngx_uint_t
cos_is_plain(const u_char *src, size_t len, cos_escape_e type)
{
    u_char  slash;
    size_t  i;

    if (type == COS_ESCAPE_NAME) {
        for (i = 0; i < len; i++) {
            if (cos_unreserved[src[i]] != src[i] || src[i] == '\0') {
                return 0;
            }
        }

        return 1;
    }

    slash = (type == COS_ESCAPE_PATH) ? '/' : '.';

    for (i = 0; i < len; i++) {
        if (!cos_stays(src[i], slash)) {
            return 0;
        }
    }

    return 1;
}


u_char *
cos_unescape(u_char *dst, const u_char *src, size_t len, ngx_uint_t plus)
{
    u_char     ch;
    ngx_int_t  byte;

    while (len--) {
        ch = *src++;

        if (ch == '%') {

            if (len < 2) {
                return NULL;
            }

            byte = cos_hex_byte(src);
            if (byte == NGX_ERROR) {
                return NULL;
            }

            ch = (u_char) byte;
            src += 2;
            len -= 2;

        } else if (ch == '+' && plus) {
            ch = ' ';
        }

        *dst++ = ch;
    }

    return dst;
}


u_char *
cos_unescape_query(u_char *p, u_char stop, u_char **last,
    ngx_uint_t *canonical)
{
    u_char     ch, *dst;
    ngx_int_t  byte;

    for (dst = p; /* void */ ; p++) {
        ch = *p;

        if (cos_unreserved[ch]) {
            *dst++ = ch;
            continue;
        }

        if (ch == '%') {

            /* what ends the part is no digit, so it does not look further */

            byte = cos_hex_byte(p + 1);
            if (byte == NGX_ERROR) {
                return NULL;
            }

            ch = (u_char) byte;

            if (cos_unreserved[ch] || p[1] >= 'a' || p[2] >= 'a') {
                *canonical = 0;
            }

            p += 2;

        } else if (ch == '&' || ch == stop) {
            *last = dst;
            return p;

        } else {
            *canonical = 0;

            if (ch == '+') {
                ch = ' ';
            }
        }

        if (ch < 0x20 || ch == 0x7f) {
            return NULL;
        }

        *dst++ = ch;
    }
}


ngx_int_t
cos_key_check(const ngx_str_t *key, ngx_uint_t *plain)
{
    u_char         ch;
    ngx_uint_t     named, escape;
    const u_char  *p, *last, *segment;

    if (key->len == 0 || key->len > COS_KEY_LEN) {
        return NGX_DECLINED;
    }

    named = 0;
    escape = 0;
    segment = key->data;
    last = key->data + key->len;

    for (p = key->data; p < last; p++) {
        ch = *p;

        if (cos_unreserved[ch]) {
            continue;
        }

        if (ch == '/') {

            if (cos_is_dots(segment, p - segment)) {
                return NGX_ERROR;
            }

            named |= (p != segment);
            segment = p + 1;

        } else if (ch < 0x20 || ch == 0x7f) {
            return NGX_ERROR;

        } else {
            escape = 1;
        }
    }

    if (cos_is_dots(segment, last - segment)) {
        return NGX_ERROR;
    }

    named |= (last != segment);

    if (plain) {
        *plain = !escape;
    }

    /* whoever merges slashes would make a bucket operation of it */

    return named ? NGX_OK : NGX_DECLINED;
}


/* the second one is looked at only if the first one is a digit */

static ngx_inline ngx_int_t
cos_hex_byte(const u_char *p)
{
    u_char  high, low;

    high = cos_digits[p[0]];
    if (high == 0) {
        return NGX_ERROR;
    }

    low = cos_digits[p[1]];
    if (low == 0) {
        return NGX_ERROR;
    }

    return (high & 0xf) << 4 | (low & 0xf);
}


static ngx_uint_t
cos_is_dots(const u_char *segment, size_t len)
{
    return (len == 1 || len == 2)
           && segment[0] == '.' && segment[len - 1] == '.';
}
