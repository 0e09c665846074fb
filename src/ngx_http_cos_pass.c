
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
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_operation.h"
#include "ngx_http_cos_pass.h"
#include "ngx_http_cos_proxy.h"
#include "ngx_http_cos_sign.h"
#include "ngx_http_cos_target.h"


/* the name cannot be resolved: nothing but peer.init() gives an address */

#define NGX_HTTP_COS_UPSTREAM  "cos.invalid"


static char *ngx_http_cos_pass_bucket(ngx_conf_t *cf,
    ngx_http_cos_pass_t *pass, ngx_str_t *value);
static char *ngx_http_cos_pass_add_bucket(ngx_conf_t *cf,
    ngx_http_cos_pass_t *pass, ngx_array_t **buckets, ngx_str_t *name);
static ngx_int_t ngx_http_cos_add_upstream(ngx_conf_t *cf);
static ngx_int_t ngx_http_cos_init_upstream(ngx_conf_t *cf,
    ngx_http_upstream_srv_conf_t *us);
static ngx_int_t ngx_http_cos_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);
static ngx_int_t ngx_http_cos_get_no_peer(ngx_peer_connection_t *pc,
    void *data);
static void ngx_http_cos_free_no_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state);
static ngx_int_t ngx_http_cos_prepare(ngx_http_request_t *r,
    ngx_http_cos_loc_conf_t *cclf, ngx_http_cos_ctx_t *ctx);
static ngx_int_t ngx_http_cos_client_signed(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);


char *
ngx_http_cos_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_cos_loc_conf_t *cclf = conf;

    char                      *rv;
    ngx_int_t                  rc;
    ngx_str_t                 *value, *name, url;
    ngx_uint_t                 i;
    ngx_http_cos_pass_t       *pass;
    ngx_http_core_loc_conf_t  *clcf;

    if (cclf->pass) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "cannot be used beside another content handler "
               "of the location";
    }

    pass = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_pass_t));
    if (pass == NULL) {
        return NGX_CONF_ERROR;
    }

    pass->file_name = cf->conf_file->file.name.data;
    pass->line = cf->conf_file->line;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "path_style") == 0) {
        pass->mode = NGX_HTTP_COS_PASS_PATH_STYLE;

    } else if (ngx_strcmp(value[1].data, "host_style") == 0) {
        pass->mode = NGX_HTTP_COS_PASS_HOST_STYLE;

    } else if (ngx_strcmp(value[1].data, "service") == 0) {
        pass->mode = NGX_HTTP_COS_PASS_SERVICE;

        pass->bucket = ngx_http_cos_service(cf);
        if (pass->bucket == NULL) {
            return NGX_CONF_ERROR;
        }

    } else {
        rv = ngx_http_cos_pass_bucket(cf, pass, &value[1]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (pass->mode == NGX_HTTP_COS_PASS_SERVICE) {

            rc = ngx_http_cos_bucket_param(cf, pass->bucket, &value[i]);

            if (rc == NGX_ERROR) {
                return NGX_CONF_ERROR;
            }

            if (rc == NGX_OK) {
                continue;
            }

        } else if (ngx_strncmp(value[i].data, "credentials=", 12) == 0) {

            if (pass->credentials_name.len) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate parameter \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            pass->credentials_name.data = value[i].data + 12;
            pass->credentials_name.len = value[i].len - 12;

            if (pass->credentials_name.len) {
                continue;
            }

        } else if (pass->mode != NGX_HTTP_COS_PASS_BUCKET
                   && ngx_strlchr(value[i].data,
                                  value[i].data + value[i].len, '=')
                      == NULL)
        {
            if (pass->names == NULL) {
                pass->names = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
                if (pass->names == NULL) {
                    return NGX_CONF_ERROR;
                }
            }

            name = ngx_array_push(pass->names);
            if (name == NULL) {
                return NGX_CONF_ERROR;
            }

            *name = value[i];
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_cos_add_upstream(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_str_set(&url, "$cos_internal_url");

    rv = ngx_http_cos_proxy_pass(cf, &url);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    pass->proxy = clcf->handler;
    clcf->handler = ngx_http_cos_handler;

    cclf->pass = pass;

    return NGX_CONF_OK;
}


/* BUCKET[/PREFIX], or BUCKET/KEY with variables in KEY */

static char *
ngx_http_cos_pass_bucket(ngx_conf_t *cf, ngx_http_cos_pass_t *pass,
    ngx_str_t *value)
{
    u_char                            *p, *last;
    ngx_str_t                         *name, rest;
    ngx_http_compile_complex_value_t   ccv;

    pass->mode = NGX_HTTP_COS_PASS_BUCKET;

    last = value->data + value->len;

    p = ngx_strlchr(value->data, last, '/');
    if (p == NULL) {
        p = last;
    }

    if (ngx_strlchr(value->data, p, '$')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "bucket in \"%V\" must not be a variable", value);
        return NGX_CONF_ERROR;
    }

    pass->names = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
    if (pass->names == NULL) {
        return NGX_CONF_ERROR;
    }

    name = ngx_array_push(pass->names);
    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    name->data = value->data;
    name->len = p - value->data;

    if (p == last) {
        return NGX_CONF_OK;
    }

    rest.data = p + 1;
    rest.len = last - rest.data;

    if (ngx_http_script_variables_count(&rest) == 0) {

        if (rest.len && (rest.data[0] == '/'
                         || cos_key_check(&rest) != NGX_OK))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid key prefix \"%V\"", &rest);
            return NGX_CONF_ERROR;
        }

        pass->prefix = rest;

        return NGX_CONF_OK;
    }

    pass->key = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (pass->key == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &rest;
    ccv.complex_value = pass->key;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_cos_pass_resolve(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *conf)
{
    ngx_str_t                  *name;
    ngx_uint_t                  i;
    ngx_array_t                *buckets;
    ngx_http_cos_pass_t        *pass;
    ngx_http_cos_bucket_t     **bucketp;
    ngx_http_cos_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);
    pass = conf->pass;

    if (pass->credentials_name.len) {

        pass->credentials = ngx_http_cos_find_credentials(cmcf,
                                                      &pass->credentials_name);
        if (pass->credentials == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown cos_credentials \"%V\" in %s:%ui",
                          &pass->credentials_name,
                          pass->file_name, pass->line);
            return NGX_CONF_ERROR;
        }
    }

    buckets = NULL;

    if (pass->names) {
        name = pass->names->elts;

        for (i = 0; i < pass->names->nelts; i++) {
            if (ngx_http_cos_pass_add_bucket(cf, pass, &buckets, &name[i])
                != NGX_CONF_OK)
            {
                return NGX_CONF_ERROR;
            }
        }
    }

    if (pass->mode == NGX_HTTP_COS_PASS_BUCKET) {
        bucketp = buckets->elts;
        pass->bucket = bucketp[0];

    } else if (pass->mode == NGX_HTTP_COS_PASS_SERVICE) {
        buckets = &cmcf->services;

    } else if (buckets) {
        pass->buckets = buckets;

    } else {
        buckets = &cmcf->buckets;

        if (buckets->nelts == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no \"cos_bucket\" is declared for \"cos_pass\" "
                          "in %s:%ui", pass->file_name, pass->line);
            return NGX_CONF_ERROR;
        }
    }

    if (conf->sign == NGX_HTTP_COS_SIGN_OFF || pass->credentials) {
        return NGX_CONF_OK;
    }

    bucketp = buckets->elts;

    for (i = 0; i < buckets->nelts; i++) {

        if (bucketp[i]->credentials
            || (pass->bucket && pass->bucket != bucketp[i]))
        {
            continue;
        }

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no credentials for %s \"%V\" that \"cos_pass\" "
                      "signs for in %s:%ui: %s",
                      bucketp[i]->name.len ? "bucket" : "service",
                      bucketp[i]->name.len ? &bucketp[i]->name
                                           : &bucketp[i]->host,
                      pass->file_name, pass->line,
                      cmcf->credentials.nelts
                      ? "there are several \"cos_credentials\", "
                        "choose with \"credentials=\""
                      : "there is no \"cos_credentials\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_cos_pass_add_bucket(ngx_conf_t *cf, ngx_http_cos_pass_t *pass,
    ngx_array_t **buckets, ngx_str_t *name)
{
    ngx_http_cos_bucket_t     *bucket, **bucketp;
    ngx_http_cos_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    bucket = ngx_http_cos_find_bucket(cmcf, name);

    if (bucket == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "bucket \"%V\" is not declared with \"cos_bucket\" "
                      "in %s:%ui", name, pass->file_name, pass->line);
        return NGX_CONF_ERROR;
    }

    if (*buckets == NULL) {
        *buckets = ngx_array_create(cf->pool, 4,
                                    sizeof(ngx_http_cos_bucket_t *));
        if (*buckets == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    bucketp = ngx_array_push(*buckets);
    if (bucketp == NULL) {
        return NGX_CONF_ERROR;
    }

    *bucketp = bucket;

    return NGX_CONF_OK;
}


static ngx_int_t
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
    ngx_http_cos_ctx_t   *ctx;
    ngx_http_upstream_t  *u;

    u = r->upstream;
    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || !ctx->ready) {
        u->peer.get = ngx_http_cos_get_no_peer;
        u->peer.free = ngx_http_cos_free_no_peer;
        u->peer.tries = 0;

#if (NGX_HTTP_CACHE)
        /* or proxy_cache_valid could keep the error */
        u->cacheable = 0;
#endif

        return NGX_OK;
    }

    if (ngx_http_upstream_init_round_robin_peer(r, ctx->bucket->upstream)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

#if (NGX_HTTP_SSL)
    u->ssl_name = ctx->bucket->server_name;
#endif

    return NGX_OK;
}


/* no connection is made; a stale response may be served instead */

static ngx_int_t
ngx_http_cos_get_no_peer(ngx_peer_connection_t *pc, void *data)
{
    static ngx_str_t  name = ngx_string("unsigned request");

    pc->name = &name;

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

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    rc = ngx_http_cos_prepare(r, cclf, ctx);

    if (rc == NGX_OK) {
        ctx->armed = 1;
        return cclf->pass->proxy(r);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_cos_send_error(r, ctx);
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* NGX_DECLINED if the request is refused */

static ngx_int_t
ngx_http_cos_prepare(ngx_http_request_t *r, ngx_http_cos_loc_conf_t *cclf,
    ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t                  rc;
#if (NGX_HTTP_CACHE)
    ngx_http_upstream_conf_t  *ucf;
#endif

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

    if (cclf->sign != NGX_HTTP_COS_SIGN_OFF && !ctx->client_signed) {
        ctx->credentials = cclf->pass->credentials ? cclf->pass->credentials
                                                   : ctx->bucket->credentials;
    }

    rc = ngx_http_cos_check_operation(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->credentials && ngx_http_cos_get_secret(ctx->credentials) == NULL)
    {
#if (NGX_HTTP_CACHE)
        ucf = ngx_http_cos_proxy_upstream_conf(r);

        /* what is in the cache is served without a credential */

        if (ucf->cache <= 0)
#endif
        {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "ServiceUnavailable",
                                       "no valid credential at the moment");
        }
    }

    return ngx_http_cos_set_url(r, ctx);
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

    /* proxy has just made it, and sets its own if there is proxy_redirect */

    if (r->upstream && r->upstream->rewrite_redirect == NULL) {
        r->upstream->rewrite_redirect = ngx_http_cos_rewrite_redirect;
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
    ngx_int_t                  rc;
    ngx_str_t                  authorization, *header;
    ngx_http_cos_ctx_t        *ctx;
    ngx_http_upstream_t       *u;
    ngx_http_cos_main_conf_t  *cmcf;

    v->not_found = 1;

    u = r->upstream;
    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || !ctx->armed || u == NULL || u->resolved == NULL) {
        return NGX_OK;
    }

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_cos_module);

    u->resolved->host = cmcf->upstream->host;
    u->resolved->port = cmcf->upstream->port;
    u->resolved->no_port = cmcf->upstream->no_port;
    u->resolved->sockaddr = NULL;

    ctx->ready = 0;
    ngx_str_null(&ctx->token);
    ngx_str_null(&authorization);

    if (ctx->client_signed) {
        authorization = ctx->authorization;

        header = ngx_http_cos_header(&r->headers_in.headers,
                                     "x-cos-security-token");
        if (header) {
            ctx->token = *header;
        }

    } else if (ctx->credentials) {

        rc = ngx_http_cos_sign_request(r, ctx, &authorization);

        if (rc == NGX_DECLINED) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "no valid credential in cos_credentials \"%V\"",
                          &ctx->credentials->name);
        }

        if (rc != NGX_OK) {
            return NGX_OK;
        }
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
 * what others got is not for it.
 */

ngx_int_t
ngx_http_cos_private_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL
        || (!ctx->client_signed
            && ngx_http_cos_header(&r->headers_in.headers,
                          "x-cos-server-side-encryption-customer-algorithm")
               == NULL
            && ngx_http_cos_header(&r->headers_in.headers,
                          "x-cos-server-side-encryption-customer-key")
               == NULL))
    {
        v->not_found = 1;
        return NGX_OK;
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
