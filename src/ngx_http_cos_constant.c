
/*
 * Copyright (C) nginx-cos contributors
 *
 * With variables in it, the URL of proxy_pass is parsed for each request.  It
 * need not be where the bucket is named, and nothing in the path is escaped.
 * So such a location has a second set of proxy settings, which are those of
 * the first but for proxy_pass, which has the constant that somebody without
 * this module would write.  URL, cache key and variables are the same.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_constant.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_pass.h"
#include "ngx_http_cos_proxy.h"
#include "ngx_http_cos_url.h"


static ngx_int_t ngx_http_cos_create_constant(ngx_conf_t *cf,
    ngx_http_cos_pass_t *pass);
static ngx_int_t ngx_http_cos_constant_url(ngx_conf_t *cf,
    ngx_http_cos_pass_t *pass, ngx_str_t *url);
static u_char *ngx_http_cos_constant_path(ngx_http_cos_pass_t *pass,
    u_char *p);
static ngx_int_t ngx_http_cos_set_constant(ngx_conf_t *cf,
    ngx_http_cos_pass_t *pass, ngx_str_t *url);
static ngx_uint_t ngx_http_cos_constant_fits(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_http_cos_pass_t *pass);


extern ngx_module_t  ngx_http_proxy_module;


ngx_int_t
ngx_http_cos_init_constant(ngx_conf_t *cf)
{
    ngx_uint_t                 i;
    ngx_http_cos_pass_t      **passp;
    ngx_http_cos_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    passp = cmcf->passes.elts;

    for (i = 0; i < cmcf->passes.nelts; i++) {
        if (passp[i]->mode == NGX_HTTP_COS_PASS_BUCKET
            && passp[i]->key == NULL
            && ngx_http_cos_create_constant(cf, passp[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_create_constant(ngx_conf_t *cf, ngx_http_cos_pass_t *pass)
{
    void                     **loc_conf, *save;
    ngx_int_t                  rc;
    ngx_str_t                  url;
    ngx_http_conf_ctx_t        conf_ctx;
    ngx_http_core_loc_conf_t   clcf;

    rc = ngx_http_cos_constant_url(cf, pass, &url);
    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    loc_conf = ngx_palloc(cf->pool, ngx_http_max_module * sizeof(void *));
    if (loc_conf == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(loc_conf, pass->conf_ctx->loc_conf,
               ngx_http_max_module * sizeof(void *));

    /* proxy_pass changes settings of the location */

    clcf = *(ngx_http_core_loc_conf_t *)
                                   loc_conf[ngx_http_core_module.ctx_index];

    loc_conf[ngx_http_core_module.ctx_index] = &clcf;

    conf_ctx = *pass->conf_ctx;
    conf_ctx.loc_conf = loc_conf;

    save = cf->ctx;
    cf->ctx = &conf_ctx;

    rc = ngx_http_cos_set_constant(cf, pass, &url);

    cf->ctx = save;

    loc_conf[ngx_http_core_module.ctx_index] =
                pass->conf_ctx->loc_conf[ngx_http_core_module.ctx_index];

    pass->constant = loc_conf;

    return rc;
}


/* NGX_DECLINED if there is none that proxy would understand as we do */

static ngx_int_t
ngx_http_cos_constant_url(ngx_conf_t *cf, ngx_http_cos_pass_t *pass,
    ngx_str_t *url)
{
    u_char                      *p;
    ngx_http_cos_bucket_t       *bucket;
    ngx_http_cos_loc_conf_t     *cclf;
    ngx_http_cos_credentials_t  *c;

    cclf = pass->conf_ctx->loc_conf[ngx_http_cos_module.ctx_index];
    bucket = pass->bucket;

    c = ngx_http_cos_signer(cclf, bucket);

    if (!cos_is_plain(bucket->host.data, bucket->host.len, COS_ESCAPE_VALUE)
        || (c && !cos_is_plain(c->name.data, c->name.len, COS_ESCAPE_VALUE))
        || !cos_is_plain(pass->prefix.data, pass->prefix.len, COS_ESCAPE_PATH))
    {
        return NGX_DECLINED;
    }

    url->len = ngx_http_cos_origin_len(bucket, c);

    p = ngx_pnalloc(cf->pool, url->len + bucket->name.len + pass->prefix.len
                              + sizeof("///"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    pass->constant_uri.data = ngx_http_cos_write_origin(p, bucket, c);
    pass->constant_credentials = c;

    p = ngx_http_cos_constant_path(pass, pass->constant_uri.data);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    pass->constant_uri.len = p - pass->constant_uri.data;
    url->len += pass->constant_uri.len;

    *p = '\0';

    return NGX_OK;
}


/* what proxy puts before the rest of the URI, and the end of it, or NULL */

static u_char *
ngx_http_cos_constant_path(ngx_http_cos_pass_t *pass, u_char *p)
{
    u_char                    *start;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = pass->conf_ctx->loc_conf[ngx_http_core_module.ctx_index];

    if (clcf->named
        || clcf->noname
#if (NGX_PCRE)
        || clcf->regex
#endif
        || clcf->name.len == 0)
    {
        /* the URI stays as it is */

        return (pass->prefix.len || pass->bucket->force_path_style) ? NULL : p;
    }

    start = p;
    *p++ = '/';

    if (pass->bucket->force_path_style) {
        p = ngx_cpymem(p, pass->bucket->name.data, pass->bucket->name.len);
        *p++ = '/';
    }

    p = ngx_cpymem(p, pass->prefix.data, pass->prefix.len);

    if (p[-1] != '/') {
        *p++ = '/';
    }

    /* there is one slash between them */

    if (clcf->name.data[clcf->name.len - 1] != '/') {
        p--;
    }

    return (p == start) ? NULL : p;
}


static ngx_int_t
ngx_http_cos_set_constant(ngx_conf_t *cf, ngx_http_cos_pass_t *pass,
    ngx_str_t *url)
{
    void                           *conf, *prev, **loc_conf;
    ngx_str_t                       off;
    ngx_uint_t                      n;
    ngx_http_module_t              *proxy;
    ngx_http_upstream_conf_t       *ucf;
    ngx_http_upstream_main_conf_t  *umcf;

    proxy = ngx_http_proxy_module.ctx;

    conf = proxy->create_loc_conf(cf);
    if (conf == NULL) {
        return NGX_ERROR;
    }

    loc_conf = ((ngx_http_conf_ctx_t *) cf->ctx)->loc_conf;
    prev = loc_conf[ngx_http_proxy_module.ctx_index];
    loc_conf[ngx_http_proxy_module.ctx_index] = conf;

    ucf = ngx_http_cos_upstream_conf(conf);

#if (NGX_HTTP_SSL)

    /* the SSL context that is made of this is not used */

    ucf->ssl_verify = 0;
    ucf->ssl_certificate = NULL;
    ucf->ssl_certificate_key = NULL;
    ucf->ssl_passwords = NULL;

#endif

    umcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_upstream_module);
    n = umcf->upstreams.nelts;

    ngx_str_set(&off, "off");

    if (ngx_http_cos_proxy_set(cf, "proxy_pass", url) != NGX_CONF_OK
        || ngx_http_cos_proxy_set(cf, "proxy_redirect", &off) != NGX_CONF_OK
        || proxy->merge_loc_conf(cf, prev, conf) != NGX_CONF_OK)
    {
        return NGX_ERROR;
    }

    /* nor is the upstream that proxy_pass has added */

    umcf->upstreams.nelts = n;

    *ucf = *ngx_http_cos_upstream_conf(prev);

#if (NGX_HTTP_SSL)

    /* what there is for variables, which may be https */

    if (!pass->bucket->ssl) {
        ucf->ssl = NULL;
    }

#endif

    return NGX_OK;
}


void
ngx_http_cos_use_constant(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_http_cos_pass_t      *pass;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);
    pass = cclf->pass;

    if (pass->constant == NULL) {
        return;
    }

    /* of a subrequest that goes on as its parent did, or begun again */

    if (r->loc_conf == pass->constant) {
        r->loc_conf = pass->conf_ctx->loc_conf;
    }

    /* an "if" block has settings of its own */

    if (!pass->no_redirect
        || r->loc_conf != pass->conf_ctx->loc_conf
        || ctx->credentials != pass->constant_credentials)
    {
        return;
    }

    if (ngx_http_cos_constant_fits(r, ctx, pass)) {
        r->loc_conf = pass->constant;
    }
}


/* does what proxy does, see ngx_http_proxy_create_request() */

static ngx_uint_t
ngx_http_cos_constant_fits(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_http_cos_pass_t *pass)
{
    size_t                     len;
    ngx_str_t                  args, uri;
    ngx_http_core_loc_conf_t  *clcf;

    if (!ctx->plain) {
        return 0;
    }

    if (pass->constant_uri.len == 0) {

        if (!r->valid_unparsed_uri) {
            return 0;
        }

        len = 0;
        uri = r->unparsed_uri;

        if (uri.len < ctx->path.len) {
            return 0;
        }

        args.len = uri.len - ctx->path.len;
        args.data = uri.data + ctx->path.len;
        uri.len = ctx->path.len;

        /* a "?" without anything behind it would be sent */

        if (args.len && (*args.data++ != '?' || --args.len == 0)) {
            return 0;
        }

    } else {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

        if (!r->valid_location || r->uri.len < clcf->name.len) {
            return 0;
        }

        len = pass->constant_uri.len;

        uri.len = r->uri.len - clcf->name.len;
        uri.data = r->uri.data + clcf->name.len;

        args = r->args;
    }

    /* the path may be a part of the URI */

    if (ctx->path.len != len + uri.len
        || ngx_memcmp(ctx->path.data, pass->constant_uri.data, len) != 0
        || (ctx->path.data + len != uri.data
            && ngx_memcmp(ctx->path.data + len, uri.data, uri.len) != 0))
    {
        return 0;
    }

    if (args.len == 0) {
        return ctx->nparams == 0;
    }

    return args.len == ctx->args.len
           && (args.data == ctx->args.data
               || ngx_memcmp(args.data, ctx->args.data, args.len) == 0);
}


void
ngx_http_cos_set_redirect(ngx_http_request_t *r)
{
    ngx_http_upstream_t      *u;
    ngx_http_cos_loc_conf_t  *cclf;

    u = r->upstream;

    if (u->rewrite_redirect) {
        return;
    }

    u->rewrite_redirect = ngx_http_cos_rewrite_redirect;

    /* only now it is known that there is no proxy_redirect in the location */

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    if (r->loc_conf == cclf->pass->conf_ctx->loc_conf) {
        cclf->pass->no_redirect = 1;
    }
}
