
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_uri.h"
#include "cos_query.h"


static u_char *cos_query_decode(ngx_str_t *str, u_char *dst,
    const u_char *src, size_t len);
static size_t cos_query_text_len(const ngx_str_t *text, ngx_uint_t plain);
static u_char *cos_query_text(u_char *dst, const ngx_str_t *text,
    ngx_uint_t plain);


ngx_uint_t
cos_query_count(const ngx_str_t *args)
{
    u_char      prev;
    size_t      i;
    ngx_uint_t  n;

    n = 0;
    prev = '&';

    for (i = 0; i < args->len; i++) {

        if (prev == '&' && args->data[i] != '&') {
            n++;
        }

        prev = args->data[i];
    }

    return n;
}


ngx_int_t
cos_query_parse(const ngx_str_t *args, cos_pair_t *pairs, ngx_uint_t *n,
    u_char *buf)
{
    ngx_uint_t     i;
    cos_pair_t    *pair;
    const u_char  *p, *last, *start, *equal;

    *n = 0;

    if (args->len == 0) {
        return NGX_OK;
    }

    i = 0;
    p = args->data;
    last = p + args->len;

    for ( ;; ) {

        while (p < last && *p == '&') {
            p++;
        }

        if (p == last) {
            break;
        }

        start = p;
        equal = NULL;

        for ( /* void */ ; p < last && *p != '&'; p++) {

            if (*p == '=') {
                equal = p++;
                break;
            }
        }

        while (p < last && *p != '&') {
            p++;
        }

        pair = &pairs[i++];
        pair->flags = 0;

        if (equal == NULL) {
            pair->flags |= COS_PAIR_BARE;
            equal = p;
        }

        buf = cos_query_decode(&pair->name, buf, start, equal - start);
        if (buf == NULL) {
            return NGX_ERROR;
        }

        if (equal < p) {
            equal++;
        }

        buf = cos_query_decode(&pair->value, buf, equal, p - equal);
        if (buf == NULL) {
            return NGX_ERROR;
        }

        if (cos_is_plain(pair->name.data, pair->name.len, COS_ESCAPE_NAME)) {
            pair->flags |= COS_PAIR_PLAIN_NAME;
        }

        if (pair->value.data == equal) {
            pair->flags |= COS_PAIR_PLAIN_VALUE;
        }
    }

    *n = i;

    return NGX_OK;
}


/* the usual text has nothing to decode, and nothing to escape again later */

static u_char *
cos_query_decode(ngx_str_t *str, u_char *dst, const u_char *src, size_t len)
{
    u_char  *p, *last;

    if (cos_is_plain(src, len, COS_ESCAPE_VALUE)) {
        str->len = len;
        str->data = (u_char *) src;

        return dst;
    }

    last = cos_unescape(dst, src, len, 1);
    if (last == NULL) {
        return NULL;
    }

    for (p = dst; p < last; p++) {

        if (*p < 0x20 || *p == 0x7f) {
            return NULL;
        }
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
        len += cos_query_text_len(&pair->name,
                                  pair->flags & COS_PAIR_PLAIN_NAME);

        /* a value is written even if "bare" denies it: it is signed, too */

        if (!(pair->flags & COS_PAIR_BARE) || pair->value.len) {
            len += 1 + cos_query_text_len(&pair->value,
                                          pair->flags & COS_PAIR_PLAIN_VALUE);
        }
    }

    return len;
}


static size_t
cos_query_text_len(const ngx_str_t *text, ngx_uint_t plain)
{
    return plain ? text->len
                 : cos_escape_len(text->data, text->len, COS_ESCAPE_VALUE);
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

        dst = cos_query_text(dst, &pair->name,
                             pair->flags & COS_PAIR_PLAIN_NAME);

        if (!(pair->flags & COS_PAIR_BARE) || pair->value.len) {
            *dst++ = '=';
            dst = cos_query_text(dst, &pair->value,
                                 pair->flags & COS_PAIR_PLAIN_VALUE);
        }
    }

    return dst;
}


static u_char *
cos_query_text(u_char *dst, const ngx_str_t *text, ngx_uint_t plain)
{
    if (plain) {
        return text->len ? ngx_cpymem(dst, text->data, text->len) : dst;
    }

    return cos_escape(dst, text->data, text->len, COS_ESCAPE_VALUE);
}
