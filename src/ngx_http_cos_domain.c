
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_domain.h"


#define NGX_HTTP_COS_DOMAIN          "{Bucket}.cos.{Region}.myqcloud.com"
#define NGX_HTTP_COS_DOMAIN_OLD      "{Bucket}.{Region}.myqcloud.com"
#define NGX_HTTP_COS_DOMAIN_PATH     "cos.{Region}.myqcloud.com"
#define NGX_HTTP_COS_DOMAIN_SERVICE  "service.cos.myqcloud.com"


typedef struct {
    ngx_str_t    name;
    ngx_uint_t   bucket;    /* names the bucket */
    ngx_str_t  (*value)(ngx_http_cos_bucket_t *bucket);
} ngx_http_cos_placeholder_t;


static ngx_http_cos_placeholder_t *ngx_http_cos_placeholder(ngx_str_t *text);
static ngx_str_t ngx_http_cos_long_name(ngx_http_cos_bucket_t *bucket);
static ngx_str_t ngx_http_cos_short_name(ngx_http_cos_bucket_t *bucket);
static ngx_str_t ngx_http_cos_appid(ngx_http_cos_bucket_t *bucket);
static ngx_str_t ngx_http_cos_region(ngx_http_cos_bucket_t *bucket);
static ngx_uint_t ngx_http_cos_bad_host(ngx_str_t *host);


/* cos-protocol, section 3.2; the longer forms stand first */

static ngx_http_cos_placeholder_t  ngx_http_cos_placeholders[] = {

    { ngx_string("{{Bucket}}"), 1, ngx_http_cos_short_name },
    { ngx_string("{{Region}}"), 0, ngx_http_cos_region },
    { ngx_string("{{AppId}}"), 0, ngx_http_cos_appid },
    { ngx_string("{BucketName}"), 1, ngx_http_cos_short_name },
    { ngx_string("{Bucket}"), 1, ngx_http_cos_long_name },
    { ngx_string("{Region}"), 0, ngx_http_cos_region },
    { ngx_string("{AppId}"), 0, ngx_http_cos_appid },

    { ngx_null_string, 0, NULL }
};


/* regions of the time before "cos." became a part of the host name */

static ngx_str_t  ngx_http_cos_old_regions[] = {
    ngx_string("cn-south"),
    ngx_string("cn-south-2"),
    ngx_string("cn-north"),
    ngx_string("cn-east"),
    ngx_string("cn-southwest"),
    ngx_string("sg"),
    ngx_null_string
};


ngx_int_t
ngx_http_cos_set_domain(ngx_conf_t *cf, ngx_http_cos_bucket_t *bucket,
    ngx_str_t *domain)
{
    u_char                      *p, *last;
    ngx_str_t                    rest;
    ngx_http_cos_placeholder_t  *ph;

    if (domain->len == 0) {
        goto invalid;
    }

    p = domain->data;
    last = p + domain->len;

    while (p < last) {

        if (*p == '{') {
            rest.data = p;
            rest.len = last - p;

            ph = ngx_http_cos_placeholder(&rest);

            if (ph == NULL) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "unknown placeholder in domain template "
                                   "\"%V\"", domain);
                return NGX_ERROR;
            }

            p += ph->name.len;
            continue;
        }

        if ((*p < 'a' || *p > 'z') && (*p < 'A' || *p > 'Z')
            && (*p < '0' || *p > '9') && *p != '-' && *p != '.' && *p != ':')
        {
            goto invalid;
        }

        p++;
    }

    bucket->domain = *domain;

    return NGX_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid domain template \"%V\", "
                       "it must be a host name with an optional port",
                       domain);
    return NGX_ERROR;
}


static ngx_http_cos_placeholder_t *
ngx_http_cos_placeholder(ngx_str_t *text)
{
    ngx_http_cos_placeholder_t  *ph;

    for (ph = ngx_http_cos_placeholders; ph->name.len; ph++) {
        if (text->len >= ph->name.len
            && ngx_strncasecmp(text->data, ph->name.data, ph->name.len) == 0)
        {
            return ph;
        }
    }

    return NULL;
}


static ngx_str_t
ngx_http_cos_long_name(ngx_http_cos_bucket_t *bucket)
{
    return bucket->name;
}


static ngx_str_t
ngx_http_cos_short_name(ngx_http_cos_bucket_t *bucket)
{
    ngx_str_t  name;

    name = bucket->name;

    while (name.len && name.data[name.len - 1] != '-') {
        name.len--;
    }

    if (name.len) {
        name.len--;
    }

    return name;
}


static ngx_str_t
ngx_http_cos_appid(ngx_http_cos_bucket_t *bucket)
{
    size_t     len;
    ngx_str_t  appid;

    len = ngx_http_cos_short_name(bucket).len;

    if (bucket->name.len == 0) {
        ngx_str_null(&appid);
        return appid;
    }

    appid.data = bucket->name.data + len + 1;
    appid.len = bucket->name.len - len - 1;

    return appid;
}


static ngx_str_t
ngx_http_cos_region(ngx_http_cos_bucket_t *bucket)
{
    static ngx_str_t  accelerate = ngx_string("accelerate");

    return bucket->use_accelerate ? accelerate : bucket->region;
}


ngx_int_t
ngx_http_cos_init_host(ngx_conf_t *cf, ngx_http_cos_bucket_t *bucket)
{
    u_char                      *p, *last, *dst;
    size_t                       len;
    ngx_int_t                    port;
    ngx_str_t                   *region, rest, value;
    ngx_uint_t                   named;
    ngx_http_cos_placeholder_t  *ph;

    if (bucket->domain.len == 0) {

        if (bucket->name.len == 0) {
            ngx_str_set(&bucket->domain, NGX_HTTP_COS_DOMAIN_SERVICE);

        } else if (bucket->force_path_style) {
            ngx_str_set(&bucket->domain, NGX_HTTP_COS_DOMAIN_PATH);

        } else {
            ngx_str_set(&bucket->domain, NGX_HTTP_COS_DOMAIN);

            for (region = ngx_http_cos_old_regions; region->len; region++) {
                if (region->len == bucket->region.len
                    && !bucket->use_accelerate
                    && ngx_strncmp(region->data, bucket->region.data,
                                   region->len)
                       == 0)
                {
                    ngx_str_set(&bucket->domain, NGX_HTTP_COS_DOMAIN_OLD);
                    break;
                }
            }
        }
    }

    /* no placeholder grows by more than what stands for it */

    len = bucket->domain.len;
    p = bucket->domain.data;
    last = p + bucket->domain.len;

    for ( /* void */ ; p < last; p++) {
        if (*p == '{') {
            len += bucket->name.len + bucket->region.len
                   + sizeof("accelerate") - 1;
        }
    }

    dst = ngx_pnalloc(cf->pool, len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    bucket->host.data = dst;
    named = 0;

    p = bucket->domain.data;

    while (p < last) {

        rest.data = p;
        rest.len = last - p;

        ph = (*p == '{') ? ngx_http_cos_placeholder(&rest) : NULL;

        if (ph == NULL) {
            *dst++ = ngx_tolower(*p);
            p++;
            continue;
        }

        value = ph->value(bucket);
        dst = ngx_cpymem(dst, value.data, value.len);
        p += ph->name.len;

        if (ph->bucket) {
            named = 1;
        }
    }

    bucket->host.len = dst - bucket->host.data;

    if (ngx_http_cos_bad_host(&bucket->host)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "invalid domain template \"%V\", it gives \"%V\" "
                      "in %s:%ui", &bucket->domain, &bucket->host,
                      bucket->file_name, bucket->line);
        return NGX_ERROR;
    }

    if (!named && !bucket->force_path_style && bucket->name.len) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "domain template \"%V\" of bucket \"%V\" "
                      "has no \"{Bucket}\" in %s:%ui",
                      &bucket->domain, &bucket->name,
                      bucket->file_name, bucket->line);
        return NGX_ERROR;
    }

    if (bucket->ssl) {
        ngx_str_set(&bucket->schema, "https://");
        bucket->port = 443;

    } else {
        ngx_str_set(&bucket->schema, "http://");
        bucket->port = 80;
    }

    bucket->server_name = bucket->host;

    p = ngx_strlchr(bucket->host.data, dst, ':');

    if (p != NULL) {
        port = ngx_atoi(p + 1, dst - p - 1);

        if (port < 1 || port > 65535 || p == bucket->host.data) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "invalid port in domain template \"%V\" in %s:%ui",
                          &bucket->domain, bucket->file_name, bucket->line);
            return NGX_ERROR;
        }

        bucket->server_name.len = p - bucket->host.data;

        /* clients leave out the default port, and so does what is signed */

        if (port == bucket->port) {
            bucket->host.len = bucket->server_name.len;
        }

        bucket->port = (in_port_t) port;
    }

    bucket->escaped_host = bucket->host;

    if (!cos_is_plain(bucket->host.data, bucket->host.len, COS_ESCAPE_VALUE)) {

        p = ngx_pnalloc(cf->pool, 3 * bucket->host.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        bucket->escaped_host.data = p;
        bucket->escaped_host.len = cos_escape(p, bucket->host.data,
                                              bucket->host.len,
                                              COS_ESCAPE_VALUE)
                                   - p;
    }

    if (bucket->endpoint.len == 0) {
        bucket->endpoint = bucket->server_name;
    }

    if (bucket->endpoint_port == 0) {
        bucket->endpoint_port = bucket->port;
    }

    return NGX_OK;
}


/* an empty label */

static ngx_uint_t
ngx_http_cos_bad_host(ngx_str_t *host)
{
    size_t  i;
    u_char  ch, prev;

    prev = '.';

    for (i = 0; i < host->len; i++) {
        ch = host->data[i];

        if ((ch == '.' || ch == ':') && prev == '.') {
            return 1;
        }

        if (ch == ':') {
            break;
        }

        prev = ch;
    }

    return prev == '.';
}
