
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_origin.h"


/* SCHEME://HOST, or with "wildcard" SCHEME:// and .HOST */
typedef struct {
    ngx_str_t      scheme;
    ngx_str_t      host;
    ngx_uint_t     wildcard;    /* unsigned  wildcard:1; */
} ngx_http_cos_origin_t;


static size_t ngx_http_cos_origin_chars(u_char *data, size_t len,
    const char *others);


char *
ngx_http_cos_add_origin(ngx_conf_t *cf, ngx_array_t **origins,
    ngx_str_t *value)
{
    u_char                 *p, *last, *port;
    ngx_http_cos_origin_t  *origin;

    p = (u_char *) ngx_strstr(value->data, "://");

    if (p == NULL || p == value->data) {
        goto invalid;
    }

    if (*origins == NULL) {
        *origins = ngx_array_create(cf->pool, 4,
                                    sizeof(ngx_http_cos_origin_t));
        if (*origins == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    origin = ngx_array_push(*origins);
    if (origin == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_strlow(value->data, value->data, value->len);

    p += 3;
    last = value->data + value->len;

    origin->scheme.data = value->data;
    origin->scheme.len = p - value->data;

    origin->wildcard = (last - p > 2 && p[0] == '*' && p[1] == '.');

    if (origin->wildcard) {
        p++;
    }

    origin->host.data = p;
    origin->host.len = last - p;

    if (origin->host.len == 0
        || ngx_http_cos_origin_chars(value->data, origin->scheme.len - 3,
                                     "+.-")
           != origin->scheme.len - 3
        || ngx_http_cos_origin_chars(p, last - p, ".-_:[]")
           != origin->host.len)
    {
        goto invalid;
    }

    port = ngx_strlchr(p, last, ':');

    if (port) {
        port++;
    }

    if (port && ((ngx_strcmp(port, "443") == 0
                  && ngx_strncmp(value->data, "https://", 8) == 0)
                 || (ngx_strcmp(port, "80") == 0
                     && ngx_strncmp(value->data, "http://", 7) == 0)))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "origin \"%V\" has the default port, "
                           "which browsers leave out", value);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid origin \"%V\", it must be of the form "
                       "SCHEME://HOST[:PORT]", value);
    return NGX_CONF_ERROR;
}


/* how many of the bytes are lower-case letters, digits or one of the others */

static size_t
ngx_http_cos_origin_chars(u_char *data, size_t len, const char *others)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < len; i++) {
        ch = data[i];

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9')
            && (ch == '\0' || ngx_strchr(others, ch) == NULL))
        {
            break;
        }
    }

    return i;
}


ngx_uint_t
ngx_http_cos_origin_allowed(ngx_array_t *origins, ngx_str_t *text)
{
    u_char                 *p, *host;
    size_t                  len;
    ngx_uint_t              i;
    ngx_http_cos_origin_t  *origin;

    if (origins == NULL) {
        return 1;
    }

    origin = origins->elts;

    for (i = 0; i < origins->nelts; i++) {

        len = origin[i].scheme.len + origin[i].host.len;

        if (text->len < len || (text->len > len && !origin[i].wildcard)) {
            continue;
        }

        host = text->data + text->len - origin[i].host.len;

        if (ngx_strncmp(text->data, origin[i].scheme.data,
                        origin[i].scheme.len)
            != 0
            || ngx_strncmp(host, origin[i].host.data, origin[i].host.len) != 0)
        {
            continue;
        }

        p = text->data + origin[i].scheme.len;

        if (!origin[i].wildcard) {
            return 1;
        }

        /* one or more labels; the dot that ends them is a part of host */

        len = host - p;

        if (len && *p != '.'
            && ngx_http_cos_origin_chars(p, len, ".-_") == len)
        {
            return 1;
        }
    }

    return 0;
}
