
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_uri.h"


static ngx_int_t cos_hex_digit(u_char ch);


/* what stays as it is, lower-cased; zero for what has to be escaped */

static const u_char  cos_unreserved[256] =
    "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0" "\0\0\0\0\0-.\0"
    "01234567"         "89\0\0\0\0\0\0"
    "\0abcdefg"        "hijklmno"
    "pqrstuvw"         "xyz\0\0\0\0_"
    "\0abcdefg"        "hijklmno"
    "pqrstuvw"         "xyz\0\0\0~\0";


/* and "/", which stays in paths */

#define cos_stays(ch, slash)  (cos_unreserved[ch] || (ch) == (slash))


size_t
cos_escape_len(const u_char *src, size_t len, cos_escape_e type)
{
    u_char        slash;
    size_t        n;
    const u_char *last;

    /* "." is no byte that would be escaped */

    slash = (type == COS_ESCAPE_PATH) ? '/' : '.';
    n = len;

    for (last = src + len; src < last; src++) {
        if (!cos_stays(*src, slash)) {
            n += 2;
        }
    }

    return n;
}


u_char *
cos_escape(u_char *dst, const u_char *src, size_t len, cos_escape_e type)
{
    u_char         ch, slash;
    const u_char  *last, *hex;

    static const u_char  upper[] = "0123456789ABCDEF";
    static const u_char  lower[] = "0123456789abcdef";

    last = src + len;

    if (type == COS_ESCAPE_NAME) {
        hex = lower;

        while (src < last) {
            ch = cos_unreserved[*src];

            if (ch) {
                *dst++ = ch;
                src++;
                continue;
            }

            ch = *src++;

            *dst++ = '%';
            *dst++ = hex[ch >> 4];
            *dst++ = hex[ch & 0xf];
        }

        return dst;
    }

    hex = upper;
    slash = (type == COS_ESCAPE_PATH) ? '/' : '.';

    while (src < last) {
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
    u_char         bad;
    const u_char  *last;

    bad = 0;

    if (type == COS_ESCAPE_NAME) {
        for (last = src + len; src < last; src++) {
            bad |= cos_unreserved[*src] ^ *src;
        }

        return !bad;
    }

    for (last = src + len; src < last; src++) {
        bad |= !cos_unreserved[*src];
    }

    return !bad;
}


u_char *
cos_unescape(u_char *dst, const u_char *src, size_t len, ngx_uint_t plus)
{
    u_char     ch;
    ngx_int_t  high, low;

    while (len--) {
        ch = *src++;

        if (ch == '%') {

            if (len < 2) {
                return NULL;
            }

            high = cos_hex_digit(src[0]);
            low = cos_hex_digit(src[1]);

            if (high == NGX_ERROR || low == NGX_ERROR) {
                return NULL;
            }

            ch = (u_char) (high << 4 | low);
            src += 2;
            len -= 2;

        } else if (ch == '+' && plus) {
            ch = ' ';
        }

        *dst++ = ch;
    }

    return dst;
}


static ngx_int_t
cos_hex_digit(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    if (ch >= 'a' && ch <= 'f') {
        return ch - 'a' + 10;
    }

    return NGX_ERROR;
}


ngx_int_t
cos_key_check(const ngx_str_t *key)
{
    u_char      ch;
    size_t      i, dots, other;
    ngx_uint_t  named;

    if (key->len == 0 || key->len > COS_KEY_LEN) {
        return NGX_DECLINED;
    }

    named = 0;
    dots = 0;
    other = 0;

    for (i = 0; i < key->len; i++) {
        ch = key->data[i];

        if (ch < 0x20 || ch == 0x7f) {
            return NGX_ERROR;
        }

        if (ch == '/') {

            if (other == 0 && (dots == 1 || dots == 2)) {
                return NGX_ERROR;
            }

            dots = 0;
            other = 0;
            continue;
        }

        named = 1;

        if (ch == '.') {
            dots++;

        } else {
            other++;
        }
    }

    if (other == 0 && (dots == 1 || dots == 2)) {
        return NGX_ERROR;
    }

    /* whoever merges slashes would make a bucket operation of it */

    return named ? NGX_OK : NGX_DECLINED;
}
