
/*
 * Copyright (C) nginx-cos contributors
 *
 * The URL that is sent to COS, and the addresses in what comes back.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_url.h"


void
ngx_http_cos_set_params(ngx_http_cos_ctx_t *ctx, cos_pair_t *params,
    ngx_uint_t n)
{
    ctx->params = params;
    ctx->nparams = n;

    ngx_str_null(&ctx->args);
}


/*
 * The one place where a URL is written: what is signed is its decoded form.
 */

ngx_int_t
ngx_http_cos_write_url(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    u_char                 *p;
    size_t                  len, path;
    ngx_http_cos_bucket_t  *bucket;

    if (ctx->url.len) {
        return NGX_OK;
    }

    bucket = ctx->bucket;

    path = ctx->plain ? ctx->path.len
                      : cos_escape_len(ctx->path.data, ctx->path.len,
                                       COS_ESCAPE_PATH);

    len = ngx_http_cos_origin_len(bucket, ctx->credentials) + path
          + 1 + (ctx->args.len ? ctx->args.len
                               : cos_query_len(ctx->params, ctx->nparams));

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->url.data = p;

    p = ngx_http_cos_write_origin(p, bucket, ctx->credentials);

    p = ctx->plain
        ? ngx_cpymem(p, ctx->path.data, path)
        : cos_escape(p, ctx->path.data, ctx->path.len, COS_ESCAPE_PATH);

    if (ctx->nparams) {
        *p++ = '?';
        p = ctx->args.len
            ? ngx_cpymem(p, ctx->args.data, ctx->args.len)
            : cos_query_write(p, ctx->params, ctx->nparams);
    }

    ctx->url.len = p - ctx->url.data;

    return NGX_OK;
}


size_t
ngx_http_cos_origin_len(ngx_http_cos_bucket_t *bucket,
    ngx_http_cos_credentials_t *credentials)
{
    return bucket->schema.len + (credentials ? credentials->name.len : 1) + 1
           + bucket->host.len;
}


u_char *
ngx_http_cos_write_origin(u_char *p, ngx_http_cos_bucket_t *bucket,
    ngx_http_cos_credentials_t *credentials)
{
    p = ngx_cpymem(p, bucket->schema.data, bucket->schema.len);

    if (credentials) {
        p = ngx_cpymem(p, credentials->name.data, credentials->name.len);

    } else {
        *p++ = '-';
    }

    *p++ = '@';

    return ngx_cpymem(p, bucket->host.data, bucket->host.len);
}


ngx_int_t
ngx_http_cos_rewrite_redirect(ngx_http_request_t *r, ngx_table_elt_t *h,
    size_t prefix)
{
    u_char                 *p, *last, *dst;
    size_t                  len;
    ngx_str_t               value, *host;
    ngx_http_cos_ctx_t     *ctx;
    ngx_http_cos_bucket_t  *bucket;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || ctx->bucket == NULL) {
        return NGX_DECLINED;
    }

    bucket = ctx->bucket;
    host = &bucket->server_name;

    value.data = h->value.data + prefix;
    value.len = h->value.len - prefix;

    p = value.data;
    last = p + value.len;

    if (value.len > 8 && ngx_strncasecmp(p, (u_char *) "https://", 8) == 0) {
        p += 8;

    } else if (value.len > 7
               && ngx_strncasecmp(p, (u_char *) "http://", 7) == 0)
    {
        p += 7;

    } else if (value.len > 2 && p[0] == '/' && p[1] == '/') {
        p += 2;

    } else {
        return NGX_DECLINED;
    }

    if ((size_t) (last - p) < host->len
        || ngx_strncasecmp(p, host->data, host->len) != 0)
    {
        return NGX_DECLINED;
    }

    p += host->len;

    if (p < last && *p == ':') {
        for (p++; p < last && *p >= '0' && *p <= '9'; p++) { /* void */ }
    }

    if (p < last && *p != '/' && *p != '?' && *p != '#') {
        return NGX_DECLINED;
    }

    if (p < last && *p == '/') {
        p++;
    }

    if (bucket->force_path_style) {
        len = bucket->name.len;

        if ((size_t) (last - p) <= len
            || ngx_strncmp(p, bucket->name.data, len) != 0 || p[len] != '/')
        {
            goto drop;
        }

        p += len + 1;
    }

    len = cos_escape_len(ctx->confined.data, ctx->confined.len,
                         COS_ESCAPE_PATH);

    dst = ngx_pnalloc(r->pool, len + prefix + (last - p) + 1
                      + cos_escape_len(ctx->base.data, ctx->base.len,
                                       COS_ESCAPE_PATH));
    if (dst == NULL) {
        return NGX_ERROR;
    }

    (void) cos_escape(dst, ctx->confined.data, ctx->confined.len,
                      COS_ESCAPE_PATH);

    if (ctx->base.len == 0 || (size_t) (last - p) < len
        || ngx_strncmp(p, dst, len) != 0)
    {
        goto drop;
    }

    p += len;

    value.data = dst;
    dst = ngx_cpymem(dst, h->value.data, prefix);
    dst = cos_escape(dst, ctx->base.data, ctx->base.len, COS_ESCAPE_PATH);

    dst = ngx_cpymem(dst, p, last - p);

    h->value.len = dst - value.data;
    h->value.data = value.data;

    return NGX_OK;

drop:

    h->hash = 0;

    return NGX_DECLINED;
}
