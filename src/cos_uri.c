
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


size_t
cos_escape_len(const u_char *src, size_t len, cos_escape_e type)
{
    size_t  i, n;

    n = len;

    for (i = 0; i < len; i++) {

        if (cos_unreserved[src[i]]
            || (src[i] == '/' && type == COS_ESCAPE_PATH))
        {
            continue;
        }

        n += 2;
    }

    return n;
}


u_char *
cos_escape(u_char *dst, const u_char *src, size_t len, cos_escape_e type)
{
    u_char         ch;
    const u_char  *hex;

    static const u_char  upper[] = "0123456789ABCDEF";
    static const u_char  lower[] = "0123456789abcdef";

    hex = (type == COS_ESCAPE_NAME) ? lower : upper;

    while (len--) {
        ch = *src++;

        if (cos_unreserved[ch]) {
            *dst++ = (type == COS_ESCAPE_NAME) ? cos_unreserved[ch] : ch;
            continue;
        }

        if (ch == '/' && type == COS_ESCAPE_PATH) {
            *dst++ = ch;
            continue;
        }

        *dst++ = '%';
        *dst++ = hex[ch >> 4];
        *dst++ = hex[ch & 0xf];
    }

    return dst;
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
