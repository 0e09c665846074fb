
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_relative.h"
#include "cos_uri.h"


static ngx_uint_t cos_relative_is_key(cos_relative_t *rel);
static ngx_int_t cos_relative_match(cos_relative_t *rel, u_char ch);
static ngx_int_t cos_relative_decode(const u_char *p, size_t len);


static const ngx_str_t  cos_relative_elements[] = {
    ngx_string("Key"),
    ngx_string("Prefix"),
    ngx_string("Marker"),
    ngx_string("NextMarker"),
    ngx_string("KeyMarker"),
    ngx_string("NextKeyMarker"),
    ngx_null_string
};


u_char *
cos_relative(cos_relative_t *rel, u_char *dst, const u_char *src, size_t len)
{
    u_char         ch;
    ngx_int_t      rc;
    const u_char  *last;

    last = src + len;

    while (src < last) {

        ch = *src;

        if (rel->state == COS_RELATIVE_KEY) {

            rc = (ch == '<') ? NGX_DECLINED : cos_relative_match(rel, ch);

            if (rc == NGX_AGAIN) {
                src++;
                continue;
            }

            rel->state = COS_RELATIVE_TEXT;

            if (rc == NGX_OK) {
                rel->nraw = 0;
                src++;
                continue;
            }

            /* NGX_DECLINED: the byte is looked at again */

            dst = cos_relative_end(rel, dst);
            continue;
        }

        *dst++ = ch;
        src++;

        switch (ch) {

        case '<':
            rel->state = COS_RELATIVE_TAG;
            rel->tag_len = 0;
            break;

        case '>':

            if (rel->state == COS_RELATIVE_TAG && cos_relative_is_key(rel)) {
                rel->state = COS_RELATIVE_KEY;
                rel->matched = 0;
                rel->escape = 0;

            } else {
                rel->state = COS_RELATIVE_TEXT;
            }

            break;

        default:

            if (rel->state == COS_RELATIVE_TAG
                && rel->tag_len < sizeof(rel->tag))
            {
                rel->tag[rel->tag_len++] = ch;
            }
        }
    }

    return dst;
}


u_char *
cos_relative_end(cos_relative_t *rel, u_char *dst)
{
    dst = ngx_cpymem(dst, rel->raw, rel->nraw);
    rel->nraw = 0;

    return dst;
}


static ngx_uint_t
cos_relative_is_key(cos_relative_t *rel)
{
    const ngx_str_t  *name;

    for (name = cos_relative_elements; name->len; name++) {
        if (name->len == rel->tag_len
            && ngx_strncmp(name->data, rel->tag, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* NGX_OK with the whole prefix, which has at least one byte */

static ngx_int_t
cos_relative_match(cos_relative_t *rel, u_char ch)
{
    size_t     len;
    u_char    *escape;
    ngx_int_t  byte;

    if (rel->escape) {
        escape = rel->raw + rel->escape - 1;
        len = rel->raw + rel->nraw - escape;

        if (len == COS_RELATIVE_ESCAPE) {
            return NGX_DECLINED;
        }

        if (*escape == '&' ? ch != ';' : len < 2) {
            rel->raw[rel->nraw++] = ch;
            return NGX_AGAIN;
        }

        escape[len] = ch;

        byte = cos_relative_decode(escape, len + 1);

    } else if (ch == '&' || (ch == '%' && rel->url)) {
        rel->raw[rel->nraw++] = ch;
        rel->escape = rel->nraw;
        return NGX_AGAIN;

    } else {
        byte = ch;

        if (ch == '+' && rel->url && rel->prefix.data[rel->matched] == ' ') {
            byte = ' ';
        }
    }

    if (byte != rel->prefix.data[rel->matched]) {
        return NGX_DECLINED;
    }

    rel->raw[rel->nraw++] = ch;
    rel->escape = 0;

    return (++rel->matched == rel->prefix.len) ? NGX_OK : NGX_AGAIN;
}


/* the entities that writers of XML use for text, or "%XX" */

static ngx_int_t
cos_relative_decode(const u_char *p, size_t len)
{
    u_char      ch;
    ngx_uint_t  i;

    static const struct {
        ngx_str_t   name;
        u_char      ch;
    } entities[] = {
        { ngx_string("&amp;"), '&' },
        { ngx_string("&lt;"), '<' },
        { ngx_string("&gt;"), '>' },
        { ngx_string("&quot;"), '"' },
        { ngx_string("&#34;"), '"' },
        { ngx_string("&apos;"), '\'' },
        { ngx_string("&#39;"), '\'' }
    };

    if (*p == '%') {
        return cos_unescape(&ch, p, len, 0) ? ch : NGX_ERROR;
    }

    for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (entities[i].name.len == len
            && ngx_strncmp(entities[i].name.data, p, len) == 0)
        {
            return entities[i].ch;
        }
    }

    return NGX_ERROR;
}
