
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_guard.h"
#include "ngx_http_cos_root.h"
#include "ngx_http_cos_url.h"


static ngx_int_t ngx_http_cos_confine_params(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);


static ngx_str_t  ngx_http_cos_encodings[] = {
    ngx_string("accept-encoding"),
    ngx_null_string
};


ngx_int_t
ngx_http_cos_set_root(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    size_t           len;
    u_char          *p;
    ngx_str_t        prefix;
    cos_relative_t  *rel;

    if (ctx->confined.len == 0) {
        return NGX_OK;
    }

    /* PREFIX is a directory, and "pub" must not list "public/" */

    prefix.len = ctx->confined.len;

    if (ctx->confined.data[prefix.len - 1] != '/') {
        prefix.len++;
    }

    len = cos_relative_size(prefix.len);

    rel = ngx_pcalloc(r->pool, sizeof(cos_relative_t) + prefix.len + len);
    if (rel == NULL) {
        return NGX_ERROR;
    }

    p = (u_char *) rel + sizeof(cos_relative_t);

    prefix.data = p;
    p = ngx_cpymem(p, ctx->confined.data, ctx->confined.len);

    if (ctx->confined.len < prefix.len) {
        *p++ = '/';
    }

    rel->prefix = prefix;
    rel->raw = p;

    ctx->relative = rel;
    ctx->confined = prefix;

    ctx->path.len -= ctx->key.len;
    ngx_str_null(&ctx->key);

    /* a redirect of a bucket is none to a key below the location */

    ngx_str_null(&ctx->base);

    /* names cannot be read in what is compressed */

    if (ngx_http_cos_drop_headers(r, ngx_http_cos_encodings) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_cos_confine_params(r, ctx);
}


static ngx_int_t
ngx_http_cos_confine_params(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    u_char      *p;
    ngx_str_t    value;
    ngx_uint_t   i, n, prefix;
    cos_pair_t  *params;

    if (r->method != NGX_HTTP_GET) {
        return NGX_OK;
    }

    n = ctx->nparams;

    params = ngx_palloc(r->pool, (n + 1) * sizeof(cos_pair_t));
    if (params == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(params, ctx->params, n * sizeof(cos_pair_t));

    prefix = 0;

    for (i = 0; i < n; i++) {

        if (ngx_http_cos_is(&params[i].name, "encoding-type")) {
            ctx->relative->url = (params[i].value.len != 0);
            continue;
        }

        if (ngx_http_cos_is(&params[i].name, "prefix")) {
            prefix = 1;

        } else if (params[i].value.len == 0
                   || !(ngx_http_cos_is(&params[i].name, "marker")
                        || ngx_http_cos_is(&params[i].name, "key-marker")))
        {
            continue;
        }

        value.len = ctx->confined.len + params[i].value.len;
        value.data = ngx_pnalloc(r->pool, value.len);
        if (value.data == NULL) {
            return NGX_ERROR;
        }

        p = ngx_cpymem(value.data, ctx->confined.data, ctx->confined.len);
        ngx_memcpy(p, params[i].value.data, params[i].value.len);

        params[i].value = value;
        ngx_str_null(&params[i].escaped);
        params[i].flags = 0;
    }

    if (!prefix) {
        ngx_str_set(&params[n].name, "prefix");
        params[n].value = ctx->confined;
        ngx_str_null(&params[n].escaped);
        params[n].flags = 0;

        n++;
    }

    ngx_http_cos_set_params(ctx, params, n);

    return NGX_OK;
}


void
ngx_http_cos_relative_header(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    /* an error names no keys to go on with */

    if (r->headers_out.status != NGX_HTTP_OK
        || r->headers_out.content_encoding)
    {
        ctx->relative = NULL;
        return;
    }

    r->filter_need_in_memory = 1;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_etag(r);
}


ngx_int_t
ngx_http_cos_relative_body(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_chain_t *in, ngx_chain_t **out)
{
    size_t           len;
    ngx_buf_t       *b, *buf;
    ngx_chain_t     *cl, **ll;
    cos_relative_t  *rel;

    rel = ctx->relative;
    ll = out;

    for ( /* void */ ; in; in = in->next) {

        buf = in->buf;
        len = ngx_buf_in_memory(buf) ? buf->last - buf->pos : 0;

        b = ngx_create_temp_buf(r->pool, rel->nraw + len + 1);
        if (b == NULL) {
            return NGX_ERROR;
        }

        if (len) {
            b->last = cos_relative(rel, b->last, buf->pos, len);
            buf->pos = buf->last;
        }

        if (buf->last_buf || buf->last_in_chain) {
            b->last = cos_relative_end(rel, b->last);
        }

        b->last_buf = buf->last_buf;
        b->last_in_chain = buf->last_in_chain;
        b->flush = buf->flush;
        b->sync = buf->sync;

        if (b->last == b->pos) {

            if (!b->last_buf && !b->last_in_chain && !b->flush && !b->sync) {
                continue;
            }

            b->temporary = 0;
        }

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = b;
        *ll = cl;
        ll = &cl->next;
    }

    *ll = NULL;

    return NGX_OK;
}
