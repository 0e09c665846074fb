
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_uri.h"
#include "cos_query.h"


static u_char *cos_query_find(u_char *p, u_char *last, u_char ch);
static u_char *cos_query_decode(ngx_str_t *str, u_char *dst, u_char *src,
    size_t len, ngx_uint_t *canonical);


ngx_uint_t
cos_query_count(const ngx_str_t *args)
{
    u_char      *p, *last;
    ngx_uint_t   n;

    if (args->len == 0) {
        return 0;
    }

    n = 0;
    p = args->data;
    last = p + args->len;

    while (p < last) {

        if (*p == '&') {
            p++;
            continue;
        }

        n++;
        p = cos_query_find(p, last, '&');
    }

    return n;
}


ngx_int_t
cos_query_parse(const ngx_str_t *args, cos_pair_t *pairs, ngx_uint_t *n,
    u_char *buf)
{
    u_char      *p, *last, *equal, *end;
    ngx_uint_t   canonical;
    cos_pair_t  *pair;

    *n = 0;

    if (args->len == 0) {
        return NGX_OK;
    }

    pair = pairs;
    p = args->data;
    last = p + args->len;

    while (p < last) {

        if (*p == '&') {
            p++;
            continue;
        }

        end = cos_query_find(p, last, '&');
        equal = cos_query_find(p, end, '=');

        pair->flags = 0;

        if (cos_is_plain(p, equal - p, COS_ESCAPE_NAME)) {
            pair->name.len = equal - p;
            pair->name.data = p;
            pair->flags |= COS_PAIR_PLAIN_NAME;

        } else {
            buf = cos_query_decode(&pair->name, buf, p, equal - p,
                                   &canonical);
            if (buf == NULL) {
                return NGX_ERROR;
            }
        }

        if (equal < end) {
            equal++;

        } else {
            pair->flags |= COS_PAIR_BARE;
        }

        buf = cos_query_decode(&pair->value, buf, equal, end - equal,
                               &canonical);
        if (buf == NULL) {
            return NGX_ERROR;
        }

        pair->escaped.data = canonical ? equal : NULL;
        pair->escaped.len = canonical ? (size_t) (end - equal) : 0;

        pair++;
        p = end;
    }

    *n = pair - pairs;

    return NGX_OK;
}


static u_char *
cos_query_find(u_char *p, u_char *last, u_char ch)
{
    p = memchr(p, ch, last - p);

    return p ? p : last;
}


/* the usual text has nothing to decode, and nothing to escape again later */

static u_char *
cos_query_decode(ngx_str_t *str, u_char *dst, u_char *src, size_t len,
    ngx_uint_t *canonical)
{
    u_char  *last;

    if (cos_is_plain(src, len, COS_ESCAPE_VALUE)) {
        str->len = len;
        str->data = src;
        *canonical = 1;

        return dst;
    }

    last = cos_unescape_query(dst, src, len, canonical);
    if (last == NULL) {
        return NULL;
    }

    str->len = last - dst;
    str->data = dst;

    return last;
}


size_t
cos_query_len(const cos_pair_t *pairs, ngx_uint_t n)
{
    size_t             len;
    ngx_uint_t         i;
    const cos_pair_t  *pair;

    len = 0;

    for (i = 0; i < n; i++) {
        pair = &pairs[i];

        len += (i != 0);
        len += (pair->flags & COS_PAIR_PLAIN_NAME)
               ? pair->name.len
               : cos_escape_len(pair->name.data, pair->name.len,
                                COS_ESCAPE_VALUE);

        /* a value is written even if "bare" denies it: it is signed, too */

        if (!(pair->flags & COS_PAIR_BARE) || pair->value.len) {
            len += 1;
            len += pair->escaped.data
                   ? pair->escaped.len
                   : cos_escape_len(pair->value.data, pair->value.len,
                                    COS_ESCAPE_VALUE);
        }
    }

    return len;
}


u_char *
cos_query_write(u_char *dst, const cos_pair_t *pairs, ngx_uint_t n)
{
    ngx_uint_t         i;
    const cos_pair_t  *pair;

    for (i = 0; i < n; i++) {
        pair = &pairs[i];

        if (i) {
            *dst++ = '&';
        }

        dst = (pair->flags & COS_PAIR_PLAIN_NAME)
              ? ngx_cpymem(dst, pair->name.data, pair->name.len)
              : cos_escape(dst, pair->name.data, pair->name.len,
                           COS_ESCAPE_VALUE);

        if (!(pair->flags & COS_PAIR_BARE) || pair->value.len) {
            *dst++ = '=';
            dst = pair->escaped.data
                  ? ngx_cpymem(dst, pair->escaped.data, pair->escaped.len)
                  : cos_escape(dst, pair->value.data, pair->value.len,
                               COS_ESCAPE_VALUE);
        }
    }

    return dst;
}
