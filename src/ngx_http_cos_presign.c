
/*
 * Copyright (C) nginx-cos contributors
 *
 * A link is made for the request that the location would pass to COS, and the
 * same gate decides on it.  It is used in "return" above all, that is, in the
 * rewrite phase, before there is a content handler.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_operation.h"
#include "ngx_http_cos_pass.h"
#include "ngx_http_cos_presign.h"
#include "ngx_http_cos_target.h"
#include "ngx_http_cos_url.h"
#include "ngx_http_cos_zone.h"


/* seconds, for clocks that differ */

#define NGX_HTTP_COS_LINK_PAST  60


static ngx_int_t ngx_http_cos_prepare_link(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static ngx_int_t ngx_http_cos_sign_link(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *query);
static ngx_int_t ngx_http_cos_write_link(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *query, ngx_str_t *link);
static char *ngx_http_cos_check_presign_expires(ngx_conf_t *cf, void *post,
    void *data);


ngx_conf_post_t  ngx_http_cos_presign_expires_post = {
    ngx_http_cos_check_presign_expires
};


ngx_int_t
ngx_http_cos_presigned_url_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                 rc;
    ngx_str_t                 query, link;
    ngx_http_cos_ctx_t       *ctx, passed;
    ngx_http_cos_loc_conf_t  *cclf;

    v->not_found = 1;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    if (cclf->pass == NULL) {
        return NGX_OK;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || ctx->link) {

        /* the location may be another one than last time */

        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_cos_ctx_t));
        if (ctx == NULL) {
            return NGX_ERROR;
        }

        ctx->link = 1;
        ngx_http_set_ctx(r, ctx, ngx_http_cos_module);

        rc = ngx_http_cos_prepare_link(r, ctx);

    } else if (!ctx->allowed || ctx->error_status || ctx->client_signed
               || ctx->key.len == 0
               || !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)))
    {
        return NGX_OK;

    } else {

        /* it goes on with its own parameters and may be signed again */

        passed = *ctx;
        ctx = &passed;

        rc = NGX_OK;
    }

    ngx_str_null(&query);
    ngx_str_null(&link);

    if (rc == NGX_OK && ctx->credentials) {
        rc = ngx_http_cos_sign_link(r, ctx, &query);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_cos_write_link(r, ctx, &query, &link);
    }

    if (rc == NGX_ERROR) {
        ctx->error_status = NGX_HTTP_INTERNAL_SERVER_ERROR;
        ngx_str_set(&ctx->error_code, "InternalError");
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    v->len = link.len;
    v->data = link.data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/*
 * Not for uploads: whoever has such a link could add headers that are not
 * signed, x-cos-copy-source for one.
 */

static ngx_int_t
ngx_http_cos_prepare_link(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_NOT_ALLOWED,
                                   "MethodNotAllowed",
                                   "no link for the method \"%V\"",
                                   &r->method_name);
    }

    rc = ngx_http_cos_find_target(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->key.len == 0) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST, "InvalidURI",
                                   "no link without a key");
    }

    rc = ngx_http_cos_parse_query(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->credentials = ngx_http_cos_signer(cclf, ctx->bucket);

    rc = ngx_http_cos_check_operation(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    /* the root of a location with a PREFIX may be that of its bucket */

    if (ctx->key.len == 0) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST, "InvalidURI",
                                   "no link without a key");
    }

    return NGX_OK;
}


/*
 * Of the headers only Host is signed.  The token is, as some of the SDKs have
 * it: a bucket may want all parameters signed (cos-protocol, sections 1.7 and
 * 8.9).
 */

static ngx_int_t
ngx_http_cos_sign_link(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *query)
{
    u_char                   *buf, key_time[2 * NGX_TIME_T_LEN + 1];
    time_t                    now, end;
    ngx_str_t                 key, token;
    cos_pair_t               *params, host;
    cos_hmac_t                sign_key;
    cos_sign_t                sign;
    ngx_http_cos_secret_t    *secret;
    ngx_http_cos_loc_conf_t  *cclf;

    secret = ngx_http_cos_get_secret(ctx->credentials);

    if (secret == NULL) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_SERVICE_UNAVAILABLE,
                                   "ServiceUnavailable",
                                   "no valid credential at the moment");
    }

    if (secret->token_len) {
        params = ngx_palloc(r->pool, (ctx->nparams + 1) * sizeof(cos_pair_t));
        token.data = ngx_pnalloc(r->pool, secret->token_len);

        if (params == NULL || token.data == NULL) {
            return NGX_ERROR;
        }

        token.len = secret->token_len;
        ngx_memcpy(token.data, secret->token, token.len);

        ngx_str_set(&params[0].name, "x-cos-security-token");
        params[0].value = token;
        ngx_str_null(&params[0].escaped);
        params[0].flags = COS_PAIR_PLAIN_NAME;

        if (ctx->nparams) {
            ngx_memcpy(&params[1], ctx->params,
                       ctx->nparams * sizeof(cos_pair_t));
        }

        ngx_http_cos_set_params(ctx, params, ctx->nparams + 1);
    }

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    now = ngx_time() + ctx->bucket->skew;
    end = now + cclf->presign_expires;

    if (secret->expire && secret->expire < end) {
        end = secret->expire;
    }

    ngx_memzero(&sign, sizeof(cos_sign_t));

    sign.key_time.data = key_time;
    sign.key_time.len = ngx_sprintf(key_time, "%T;%T",
                                    now - NGX_HTTP_COS_LINK_PAST, end)
                        - key_time;

    key.data = secret->key;
    key.len = secret->key_len;

    cos_sign_key(&sign_key, &key, &sign.key_time);

    ngx_str_set(&host.name, "host");
    host.value = ctx->bucket->host;
    host.escaped = ctx->bucket->escaped_host;
    host.flags = COS_PAIR_PLAIN_NAME;

    sign.sign_key = &sign_key;
    sign.method = r->method_name;
    sign.path = ctx->path;
    sign.params = ctx->params;
    sign.nparams = ctx->nparams;
    sign.headers = &host;
    sign.nheaders = 1;
    sign.secret_id.data = secret->id;
    sign.secret_id.len = secret->id_len;

    buf = ngx_pnalloc(r->pool, cos_sign_size(&sign));

    if (buf) {
        cos_sign_query(&sign, buf, query);
    }

    ngx_explicit_memzero(&sign_key, sizeof(cos_hmac_t));

    return buf ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_cos_write_link(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *query, ngx_str_t *link)
{
    u_char                 *p;
    ngx_http_cos_bucket_t  *bucket;

    bucket = ctx->bucket;

    p = ngx_pnalloc(r->pool, bucket->schema.len + bucket->host.len
                    + cos_escape_len(ctx->path.data, ctx->path.len,
                                     COS_ESCAPE_PATH)
                    + sizeof("?&") - 1 + query->len
                    + cos_query_len(ctx->params, ctx->nparams));
    if (p == NULL) {
        return NGX_ERROR;
    }

    link->data = p;

    p = ngx_cpymem(p, bucket->schema.data, bucket->schema.len);
    p = ngx_cpymem(p, bucket->host.data, bucket->host.len);
    p = cos_escape(p, ctx->path.data, ctx->path.len, COS_ESCAPE_PATH);

    if (query->len) {
        *p++ = '?';
        p = ngx_cpymem(p, query->data, query->len);
    }

    if (ctx->nparams) {
        *p++ = query->len ? '&' : '?';
        p = cos_query_write(p, ctx->params, ctx->nparams);
    }

    link->len = p - link->data;

    return NGX_OK;
}


ngx_uint_t
ngx_http_cos_link_refused(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_http_cos_loc_conf_t  *cclf;

    if (!ctx->link || ctx->error_status == 0
        || r->headers_out.status >= NGX_HTTP_BAD_REQUEST)
    {
        return 0;
    }

    /* a rewrite may have led elsewhere since */

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    return cclf->pass != NULL;
}


/*
 * Without it, clients would get a redirect to nowhere or a success that has no
 * link.  The caller has a body of its own to send, and must not.
 */

ngx_int_t
ngx_http_cos_send_link_error(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_clean_header(r);

    /* or it would replace the status */

    r->err_status = 0;

    rc = ngx_http_cos_send_error(r, ctx);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return NGX_ERROR;
    }

    r->header_only = 1;

    return rc;
}


static char *
ngx_http_cos_check_presign_expires(ngx_conf_t *cf, void *post, void *data)
{
    time_t *expires = data;

    return *expires ? NGX_CONF_OK : "must not be zero";
}
