
/*
 * Copyright (C) nginx-cos contributors
 *
 * The content handler finds bucket and key, asks the gate, and hands over to
 * the handler of proxy_pass.  Proxy takes the URL and the headers from the
 * variables below; Authorization is evaluated while an upstream request is
 * created, once for each, and never for a cache hit.  It also turns that
 * request to our own upstream, whose peer.init() connects to the endpoint of
 * the bucket, and only if the signature was made.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_constant.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_delete.h"
#include "ngx_http_cos_endpoint.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_keepalive.h"
#include "ngx_http_cos_operation.h"
#include "ngx_http_cos_pass.h"
#include "ngx_http_cos_post.h"
#include "ngx_http_cos_proxy.h"
#include "ngx_http_cos_retry.h"
#include "ngx_http_cos_sign.h"
#include "ngx_http_cos_target.h"
#include "ngx_http_cos_url.h"
#include "ngx_http_cos_wait.h"
#include "ngx_http_cos_zone.h"


/* the name cannot be resolved: nothing but peer.init() gives an address */

#define NGX_HTTP_COS_UPSTREAM  "cos.invalid"


static ngx_int_t ngx_http_cos_init_upstream(ngx_conf_t *cf,
    ngx_http_upstream_srv_conf_t *us);
static ngx_int_t ngx_http_cos_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);
static ngx_int_t ngx_http_cos_init_no_peer(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static ngx_uint_t ngx_http_cos_has_stale(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_get_no_peer(ngx_peer_connection_t *pc,
    void *data);
static void ngx_http_cos_free_no_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state);
static ngx_int_t ngx_http_cos_hand_over(ngx_http_request_t *r);
static ngx_uint_t ngx_http_cos_may_be_cached(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_prepare(ngx_http_request_t *r,
    ngx_http_cos_loc_conf_t *cclf, ngx_http_cos_ctx_t *ctx);
static ngx_int_t ngx_http_cos_client_signed(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);


ngx_int_t
ngx_http_cos_add_upstream(ngx_conf_t *cf)
{
    ngx_url_t                  u;
    ngx_http_cos_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    if (cmcf->upstream) {
        return NGX_OK;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    ngx_str_set(&u.url, NGX_HTTP_COS_UPSTREAM);
    u.default_port = 80;
    u.no_resolve = 1;

    cmcf->upstream = ngx_http_upstream_add(cf, &u, 0);
    if (cmcf->upstream == NULL) {
        return NGX_ERROR;
    }

    cmcf->upstream->peer.init_upstream = ngx_http_cos_init_upstream;

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_init_upstream(ngx_conf_t *cf, ngx_http_upstream_srv_conf_t *us)
{
    us->peer.init = ngx_http_cos_init_peer;

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_init_peer(ngx_http_request_t *r, ngx_http_upstream_srv_conf_t *us)
{
    ngx_int_t            rc;
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || !ctx->ready) {
        return ngx_http_cos_init_no_peer(r, ctx);
    }

    rc = ngx_http_cos_find_addrs(r, ctx->bucket);

    if (rc == NGX_AGAIN
        && !ctx->looked_up
        && !r->background
        && !ngx_http_cos_has_stale(r)
        && ngx_http_cos_replayable(r))
    {
        /* it was not in the cache, so it waits now */

        ctx->looked_up = 1;

        ngx_http_cos_leave_upstream(r);
        ngx_http_finalize_request(r, ngx_http_cos_wait_addrs(r, ctx->bucket,
                                                     ngx_http_cos_again));
        return NGX_ERROR;
    }

    rc = ngx_http_cos_init_bucket_peer(r, ctx->bucket);

    if (rc == NGX_DECLINED) {
        return ngx_http_cos_init_no_peer(r, ctx);
    }

#if (NGX_HTTP_SSL)
    r->upstream->ssl_name = ctx->bucket->server_name;
#endif

    return rc;
}


/*
 * No connection is made.  A stale response may be served instead, or else the
 * request waits for its credential now, as it was not in the cache.
 */

static ngx_int_t
ngx_http_cos_init_no_peer(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_http_upstream_t      *u;
    ngx_http_cos_loc_conf_t  *cclf;

    static ngx_str_t  name = ngx_string("unsigned request");

    u = r->upstream;

#if (NGX_HTTP_CACHE)

    /* or proxy_cache_valid could keep the error */

    u->cacheable = 0;

#endif

    if (ctx && ctx->missing) {

        if (!r->background
            && !ngx_http_cos_has_stale(r)
            && ngx_http_cos_replayable(r))
        {
            cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

            return ngx_http_cos_restart(r, ctx,
                             ngx_http_cos_credential_to_come(ctx->credentials)
                             ? cclf->wait : 0);
        }

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "no valid credential in cos_credentials \"%V\"",
                      &ctx->credentials->name);
    }

    u->peer.data = (ctx && ctx->ready) ? &ctx->bucket->endpoint : &name;
    u->peer.get = ngx_http_cos_get_no_peer;
    u->peer.free = ngx_http_cos_free_no_peer;
    u->peer.tries = 0;

    return NGX_OK;
}


/* a stale response is there, and may be served if there is no peer */

static ngx_uint_t
ngx_http_cos_has_stale(ngx_http_request_t *r)
{
#if (NGX_HTTP_CACHE)

    ngx_http_upstream_t  *u;

    u = r->upstream;

    return u->cache_status == NGX_HTTP_CACHE_EXPIRED
           && ((u->conf->cache_use_stale & NGX_HTTP_UPSTREAM_FT_NOLIVE)
               || r->cache->stale_error);

#else

    return 0;

#endif
}


static ngx_int_t
ngx_http_cos_get_no_peer(ngx_peer_connection_t *pc, void *data)
{
    pc->name = data;

    return NGX_BUSY;
}


static void
ngx_http_cos_free_no_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state)
{
    pc->tries = 0;
}


ngx_int_t
ngx_http_cos_handler(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_cos_ctx_t       *ctx;
    ngx_http_cos_loc_conf_t  *cclf;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_cos_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_cos_module);

    if (ngx_http_cos_is_form(r)) {
        return ngx_http_cos_post(r, ctx);
    }

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    rc = ngx_http_cos_prepare(r, cclf, ctx);

    if (rc == NGX_OK) {
        return ngx_http_cos_proceed(r);
    }

    if (rc == NGX_AGAIN) {

        /* it is only the first one that is worth while waiting for */

        if (cclf->wait && ngx_http_cos_credential_to_come(ctx->credentials)) {
            return ngx_http_cos_wait(r, ctx, cclf->wait,
                                     ngx_http_cos_proceed);
        }

        return ngx_http_cos_no_credential(r, ctx);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_cos_send_error(r, ctx);
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_int_t
ngx_http_cos_proceed(ngx_http_request_t *r)
{
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    /* what is in the cache needs no address */

    if (!ctx->looked_up
        && !ngx_http_cos_may_be_cached(r)
        && ngx_http_cos_find_addrs(r, ctx->bucket) == NGX_AGAIN)
    {
        ctx->looked_up = 1;

        return ngx_http_cos_wait_addrs(r, ctx->bucket, ngx_http_cos_hand_over);
    }

    return ngx_http_cos_hand_over(r);
}


static ngx_int_t
ngx_http_cos_hand_over(ngx_http_request_t *r)
{
    ngx_http_cos_ctx_t       *ctx;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    ctx->armed = 1;

    if (ctx->delete_many) {
        return ngx_http_cos_delete_handler(r);
    }

    ngx_http_cos_use_constant(r, ctx);

    return cclf->pass->proxy(r);
}


static ngx_uint_t
ngx_http_cos_may_be_cached(ngx_http_request_t *r)
{
#if (NGX_HTTP_CACHE)

    ngx_http_upstream_conf_t  *ucf;

    ucf = ngx_http_cos_proxy_upstream_conf(r);

    return ucf->cache > 0 && (r->method & ucf->cache_methods);

#else

    return 0;

#endif
}


/* NGX_DECLINED if the request is refused, NGX_AGAIN without a credential */

static ngx_int_t
ngx_http_cos_prepare(ngx_http_request_t *r, ngx_http_cos_loc_conf_t *cclf,
    ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_cos_find_target(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_cos_parse_query(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    if (cclf->sign == NGX_HTTP_COS_SIGN_UNLESS_SIGNED) {
        rc = ngx_http_cos_client_signed(r, ctx);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (!ctx->client_signed) {
        ctx->credentials = ngx_http_cos_signer(cclf, ctx->bucket);
    }

    rc = ngx_http_cos_check_operation(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->allowed = 1;

    /* what is in the cache is served without a credential */

    if (ctx->credentials
        && ngx_http_cos_get_secret(ctx->credentials) == NULL
        && !ngx_http_cos_may_be_cached(r))
    {
        return NGX_AGAIN;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_cos_url_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || !ctx->armed) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_http_cos_write_url(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    v->len = ctx->url.len;
    v->data = ctx->url.data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/*
 * An error here would only leave the header out, so the request is not made
 * ready, and peer.init() gives it no address.
 */

ngx_int_t
ngx_http_cos_authorization_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t             rc;
    ngx_str_t             authorization, *header;
    ngx_http_cos_ctx_t   *ctx;
    ngx_http_upstream_t  *u;

    v->not_found = 1;

    u = r->upstream;
    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || !ctx->armed || u == NULL) {
        return NGX_OK;
    }

    /* not the host of the URL, but the location's upstream, which is ours */

    u->resolved = NULL;

    ngx_http_cos_set_redirect(r);

    ctx->ready = 0;
    ctx->missing = 0;
    ngx_str_null(&ctx->token);
    ngx_str_null(&authorization);

    if (ctx->post) {

        /* its signature is in it; proxy believes that it is all there */

        if (r->reading_body) {
            r->request_body_no_buffering = 1;
        }

        if (ngx_http_cos_check_set_headers(r) != NGX_OK) {
            return NGX_OK;
        }

        if (ctx->credentials) {
            ngx_http_cos_watch(r, ctx);
        }

    } else if (ctx->client_signed) {

        if (ngx_http_cos_check_set_headers(r) != NGX_OK) {
            return NGX_OK;
        }

        authorization = ctx->authorization;

        header = ngx_http_cos_header(&r->headers_in.headers,
                                     "x-cos-security-token");
        if (header) {
            ctx->token = *header;
        }

    } else if (ctx->credentials) {

        rc = ngx_http_cos_sign_request(r, ctx, &authorization);

        if (rc != NGX_OK) {
            ctx->missing = (rc == NGX_DECLINED);
            return NGX_OK;
        }

        ngx_http_cos_watch(r, ctx);

    } else if (ngx_http_cos_check_set_headers(r) != NGX_OK) {
        return NGX_OK;
    }

    ctx->ready = 1;

    if (authorization.len) {
        v->len = authorization.len;
        v->data = authorization.data;
        v->valid = 1;
        v->no_cacheable = 0;
        v->not_found = 0;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_cos_token_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || !ctx->ready || ctx->token.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = ctx->token.len;
    v->data = ctx->token.data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/*
 * What is got with rights or with a key of the client is for it alone, and
 * what others got is not for it.  What was deleted is not in the cache key.
 */

ngx_int_t
ngx_http_cos_private_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    /* there may be a response in the cache */

    if (ctx && ctx->armed && r->upstream) {
        ngx_http_cos_set_redirect(r);
    }

    if (ctx == NULL
        || (!ctx->client_signed && !ctx->delete_many && ctx->post == NULL
            && !ctx->customer_key))
    {
        v->not_found = 1;
        return NGX_OK;
    }

    /* the client has signed HEAD, not the GET that caching makes of it */

    if (ctx->client_signed && r->upstream) {
        ngx_str_null(&r->upstream->method);
    }

    v->len = 1;
    v->data = (u_char *) "1";
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


ngx_str_t *
ngx_http_cos_header(ngx_list_t *headers, const char *lowcase)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(lowcase);

    part = &headers->part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (header[i].key.len == len
            && ngx_strncmp(header[i].lowcase_key, lowcase, len) == 0)
        {
            return &header[i].value;
        }
    }
}


/* in the header, or as a presigned URL; of two COS could take either */

static ngx_int_t
ngx_http_cos_client_signed(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t             rc;
    ngx_str_t            *header;
    cos_authorization_t   a;

    rc = cos_authorization_from_query(ctx->params, ctx->nparams, &a);

    if (rc == NGX_ERROR) {
        goto invalid;
    }

    header = ngx_http_cos_header(&r->headers_in.headers, "authorization");

    if (header && cos_authorization_parse(header, &a) == NGX_OK) {

        if (rc == NGX_OK) {
            goto invalid;
        }

        ctx->authorization = *header;
        rc = NGX_OK;
    }

    ctx->client_signed = (rc == NGX_OK);

    return NGX_OK;

invalid:

    return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                               "InvalidArgument", "invalid signature");
}
