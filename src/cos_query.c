
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_uri.h"
#include "cos_query.h"


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
        p = memchr(p, '&', last - p);

        if (p == NULL) {
            break;
        }
    }

    return n;
}


/*
 * The usual text has nothing to decode, and nothing to escape again later.
 * It is read in a copy that ends with "&", so that its end need not be looked
 * for, and what is decoded stays where it is.
 */

ngx_int_t
cos_query_parse(const ngx_str_t *args, cos_pair_t *pairs, ngx_uint_t *n,
    u_char *buf, ngx_uint_t *canonical)
{
    u_char      *p, *last, *end;
    ngx_uint_t   same;
    cos_pair_t  *pair, *most;

    pair = pairs;
    most = pairs + *n;

    *n = 0;
    *canonical = 1;

    if (args->len == 0) {
        return NGX_OK;
    }

    last = ngx_cpymem(buf, args->data, args->len);
    *last = '&';

    /* it would be taken for a character that is not escaped */

    if (memchr(buf, '\0', args->len)) {
        return NGX_ERROR;
    }

    for (p = buf; p <= last; p++) {

        if (*p == '&') {
            *canonical = 0;
            continue;
        }

        if (pair == most) {
            return NGX_ERROR;
        }

        pair->name.data = p;

        while (cos_unreserved[*p] == *p) {
            p++;
        }

        pair->flags = (*p == '=' || *p == '&') ? COS_PAIR_PLAIN_NAME : 0;

        while (cos_unreserved[*p]) {
            p++;
        }

        end = p;

        if (*p != '=' && *p != '&') {
            p = cos_unescape_query(p, '=', &end, canonical);
            if (p == NULL) {
                return NGX_ERROR;
            }
        }

        pair->name.len = end - pair->name.data;

        if (*p == '=') {
            p++;

        } else {
            pair->flags |= COS_PAIR_BARE;
        }

        pair->value.data = p;
        pair->escaped.data = args->data + (p - buf);

        while (cos_unreserved[*p]) {
            p++;
        }

        end = p;
        same = 1;

        if (*p != '&') {
            p = cos_unescape_query(p, '&', &end, &same);
            if (p == NULL) {
                return NGX_ERROR;
            }
        }

        pair->value.len = end - pair->value.data;
        pair->escaped.len = p - pair->value.data;

        if (!same) {
            ngx_str_null(&pair->escaped);
            *canonical = 0;
        }

        pair++;
    }

    *n = pair - pairs;

    return NGX_OK;
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
