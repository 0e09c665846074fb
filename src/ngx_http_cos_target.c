
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_location.h"
#include "ngx_http_cos_target.h"


static ngx_int_t ngx_http_cos_check_uri(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static ngx_uint_t ngx_http_cos_has_control(ngx_str_t *text);
static void ngx_http_cos_strip(ngx_http_request_t *r, ngx_str_t *uri);
static ngx_int_t ngx_http_cos_locate(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *uri, ngx_str_t *form_key);
static ngx_http_cos_bucket_t *ngx_http_cos_select_bucket(
    ngx_http_request_t *r, ngx_http_cos_pass_t *pass, ngx_str_t *name);
static ngx_int_t ngx_http_cos_set_key(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *prefix, ngx_uint_t slash,
    ngx_str_t *rest);
static ngx_int_t ngx_http_cos_check_key(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);


ngx_int_t
ngx_http_cos_find_target(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_cos_check_uri(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_cos_locate(r, ctx, &r->uri, NULL);
}


ngx_uint_t
ngx_http_cos_is_root(ngx_http_request_t *r)
{
    u_char                   *p;
    ngx_str_t                 rest;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    if (cclf->pass->mode == NGX_HTTP_COS_PASS_SERVICE || r->uri.len == 0) {
        return 0;
    }

    if (cclf->pass->key) {
        return r->uri.data[r->uri.len - 1] == '/';
    }

    rest = r->uri;
    ngx_http_cos_strip(r, &rest);

    if (rest.len && rest.data[0] == '/'
        && (rest.data == r->uri.data || rest.data[-1] != '/'))
    {
        rest.data++;
        rest.len--;
    }

    if (cclf->pass->mode == NGX_HTTP_COS_PASS_PATH_STYLE) {
        p = ngx_strlchr(rest.data, rest.data + rest.len, '/');

        return p == NULL || p == rest.data + rest.len - 1;
    }

    return rest.len == 0;
}


ngx_int_t
ngx_http_cos_find_form_target(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *key)
{
    u_char                    *p;
    ngx_int_t                  rc;
    ngx_str_t                  uri;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_core_srv_conf_t  *cscf;

    rc = ngx_http_cos_check_uri(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    if (key->len == 0) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "InvalidArgument", "the form has no key");
    }

    /* COS replaces ${filename}; no client could ask for a key with "//" */

    if (key->data[0] == '/' || key->data[0] == '\\'
        || ngx_strlcasestrn(key->data, key->data + key->len,
                            (u_char *) "${", 2 - 1)
        || (cscf->merge_slashes
            && ngx_strlcasestrn(key->data, key->data + key->len,
                                (u_char *) "//", 2 - 1)))
    {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "InvalidArgument",
                                   "the key of the form begins with a slash, "
                                   "or has \"//\" or \"${\"");
    }

    p = ngx_pnalloc(r->pool, r->uri.len + 1 + key->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    uri.data = p;

    p = ngx_cpymem(p, r->uri.data, r->uri.len);

    if (p[-1] != '/') {
        *p++ = '/';
    }

    uri.len = ngx_cpymem(p, key->data, key->len) - uri.data;

    rc = ngx_http_cos_locate(r, ctx, &uri, key);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->key.len == ctx->confined.len) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "InvalidArgument",
                                   "the key of the form is that of a bucket");
    }

    /* a variable of cos_pass may have brought it */

    if (ngx_strlcasestrn(ctx->key.data, ctx->key.data + ctx->key.len,
                         (u_char *) "${", 2 - 1))
    {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "InvalidArgument",
                                   "the key of the object has \"${\"");
    }

    /* whose rules would not be applied */

    if (ngx_http_cos_other_location(r, &uri)) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                                   "the key of the form belongs to another "
                                   "location");
    }

    /* no path is in a location of "=" but its own */

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->exact_match) {
        ngx_str_null(&ctx->base);
    }

    /* it is sent to the bucket */

    ctx->path.len -= ctx->key.len;

    return NGX_OK;
}


/*
 * Locations were matched on the normalised URI, and the key is taken from it.
 * Where the client's path decodes to something else, COS would be asked for
 * another object than the one that the rules were applied to.
 */

static ngx_int_t
ngx_http_cos_check_uri(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    u_char     *p, *last;
    ngx_str_t   raw;

    if (r->uri.len == 0 || r->uri.data[0] != '/') {
        goto invalid;
    }

    raw = r->unparsed_uri;

    /* nginx has found nothing to decode, and nothing was changed since */

    if (r->valid_unparsed_uri
        && raw.data == r->uri.data
        && (raw.len == r->uri.len
            || (raw.len > r->uri.len && raw.data[r->uri.len] == '?')))
    {
        return NGX_OK;
    }

    p = ngx_strlchr(raw.data, raw.data + raw.len, '?');
    if (p) {
        raw.len = p - raw.data;
    }

    /* an absolute URI without a path */

    if (raw.len == 0) {
        ngx_str_set(&raw, "/");
    }

    if (ngx_strlchr(raw.data, raw.data + raw.len, '%')) {

        p = ngx_pnalloc(r->pool, raw.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        last = cos_unescape(p, raw.data, raw.len, 0);
        if (last == NULL) {
            goto invalid;
        }

        raw.data = p;
        raw.len = last - p;
    }

    /*
     * Captures and $uri are decoded, and nginx puts them into headers as they
     * are; so this is for URIs, too, that a rewrite has replaced since.
     */

    if (ngx_http_cos_has_control(&raw) || ngx_http_cos_has_control(&r->uri)) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST, "InvalidURI",
                                   "the path has a control character");
    }

    /* set by nginx or by a rewrite, not by the client */

    if (!r->valid_unparsed_uri) {
        return NGX_OK;
    }

    if (raw.len != r->uri.len
        || ngx_memcmp(raw.data, r->uri.data, raw.len) != 0)
    {
        goto invalid;
    }

    return NGX_OK;

invalid:

    return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST, "InvalidURI",
                               "the path is not in its normal form");
}


static ngx_uint_t
ngx_http_cos_has_control(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20 || text->data[i] == 0x7f) {
            return 1;
        }
    }

    return 0;
}


/* takes the prefix of the location away */

static void
ngx_http_cos_strip(ngx_http_request_t *r, ngx_str_t *uri)
{
    ngx_http_cos_loc_conf_t   *cclf;
    ngx_http_core_loc_conf_t  *clcf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (cclf->strip && r->valid_location && uri->len >= cclf->strip
        && ngx_memcmp(uri->data, clcf->name.data, cclf->strip) == 0)
    {
        uri->data += cclf->strip;
        uri->len -= cclf->strip;
    }
}


/* with form_key, the key of a form is the end of the URI */

static ngx_int_t
ngx_http_cos_locate(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *uri, ngx_str_t *form_key)
{
    u_char                   *p;
    ngx_str_t                 rest, name, none, *prefix;
    ngx_uint_t                slash;
    ngx_http_cos_pass_t      *pass;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    pass = cclf->pass;
    rest = *uri;

    ngx_str_null(&none);
    prefix = &none;

    ngx_http_cos_strip(r, &rest);

    if (pass->mode == NGX_HTTP_COS_PASS_BUCKET) {

        ctx->bucket = pass->bucket;

        if (pass->key) {

            if (ngx_http_complex_value(r, pass->key, &rest) != NGX_OK) {
                return NGX_ERROR;
            }

            if (rest.len == 0) {
                return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                           "InvalidURI", "the key is empty");
            }

            if (form_key) {

                if (rest.data[rest.len - 1] != '/') {
                    return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN,
                                               "AccessDenied",
                                               "keys of forms are not "
                                               "allowed here");
                }

                ctx->base.data = uri->data;
                ctx->base.len = uri->len - form_key->len;

                return ngx_http_cos_set_key(r, ctx, &rest, 0, form_key);
            }

            return ngx_http_cos_set_key(r, ctx, &none, 0, &rest);
        }

        prefix = &pass->prefix;
    }

    /*
     * PREFIX is joined with one slash: the one that ends the location's prefix
     * or the one that comes next.  Without either, "location /img" would lead
     * from "/img-private/x" to keys that other rules may guard.
     */

    slash = 0;

    if (rest.len && rest.data[0] == '/'
        && (rest.data == uri->data || rest.data[-1] != '/'))
    {
        rest.data++;
        rest.len--;
        slash = 1;

    } else if (rest.len && rest.data[-1] != '/') {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_NOT_FOUND, "NoSuchKey",
                                   "The specified key does not exist.");

    } else if (rest.len) {
        slash = 1;
    }

    switch (pass->mode) {

    case NGX_HTTP_COS_PASS_PATH_STYLE:

        p = ngx_strlchr(rest.data, rest.data + rest.len, '/');

        name.data = rest.data;
        name.len = p ? (size_t) (p - rest.data) : rest.len;

        rest.data += name.len;
        rest.len -= name.len;

        if (rest.len) {
            rest.data++;
            rest.len--;
        }

        ctx->bucket = ngx_http_cos_select_bucket(r, pass, &name);
        break;

    case NGX_HTTP_COS_PASS_HOST_STYLE:

        name = r->headers_in.server;

        if (name.len) {
            p = ngx_strlchr(name.data, name.data + name.len, '.');
            if (p) {
                name.len = p - name.data;
            }
        }

        ctx->bucket = ngx_http_cos_select_bucket(r, pass, &name);
        break;

    case NGX_HTTP_COS_PASS_SERVICE:

        ctx->bucket = pass->bucket;

        if (rest.len) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "InvalidURI",
                                       "the service has no objects");
        }

        break;

    default: /* NGX_HTTP_COS_PASS_BUCKET */
        break;
    }

    ctx->base.data = uri->data;
    ctx->base.len = rest.data - uri->data;

    if (ctx->bucket == NULL) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_NOT_FOUND, "NoSuchBucket",
                                   "The specified bucket does not exist.");
    }

    if (prefix->len == 0
        && !ctx->bucket->force_path_style
        && rest.data != uri->data
        && rest.data[-1] == '/')
    {
        /* the path is there already */

        ctx->path.len = 1 + rest.len;
        ctx->path.data = rest.data - 1;
        ctx->key = rest;
        ctx->confined.data = rest.data;

        return ngx_http_cos_check_key(r, ctx);
    }

    return ngx_http_cos_set_key(r, ctx, prefix, slash, &rest);
}


static ngx_http_cos_bucket_t *
ngx_http_cos_select_bucket(ngx_http_request_t *r, ngx_http_cos_pass_t *pass,
    ngx_str_t *name)
{
    ngx_uint_t                  i;
    ngx_http_cos_bucket_t      *bucket, **bucketp;
    ngx_http_cos_main_conf_t   *cmcf;

    if (name->len == 0) {
        return NULL;
    }

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_cos_module);

    bucket = ngx_http_cos_find_bucket(cmcf, name);

    if (bucket == NULL || pass->buckets == NULL) {
        return bucket;
    }

    bucketp = pass->buckets->elts;

    for (i = 0; i < pass->buckets->nelts; i++) {
        if (bucketp[i] == bucket) {
            return bucket;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_cos_set_key(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *prefix, ngx_uint_t slash, ngx_str_t *rest)
{
    u_char  *p;
    size_t   len;

    slash = slash && prefix->len && prefix->data[prefix->len - 1] != '/';

    len = 1 + prefix->len + slash + rest->len;

    if (ctx->bucket->force_path_style) {
        len += ctx->bucket->name.len + 1;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->path.len = len;
    ctx->path.data = p;

    *p++ = '/';

    if (ctx->bucket->force_path_style) {
        p = ngx_cpymem(p, ctx->bucket->name.data, ctx->bucket->name.len);
        *p++ = '/';
    }

    ctx->key.len = prefix->len + slash + rest->len;
    ctx->key.data = p;

    ctx->confined.len = prefix->len + slash;
    ctx->confined.data = p;

    p = ngx_cpymem(p, prefix->data, prefix->len);

    if (slash) {
        *p++ = '/';
    }

    ngx_memcpy(p, rest->data, rest->len);

    return ngx_http_cos_check_key(r, ctx);
}


static ngx_int_t
ngx_http_cos_check_key(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_uint_t  plain, too_long;

    ctx->plain = 1;

    if (ctx->key.len == 0) {
        return NGX_OK;
    }

    /* no key of COS begins so; a name that is cleaned up could be another */

    if (cos_key_check(&ctx->key, &plain) == NGX_OK
        && ctx->key.data[0] != '/' && ctx->key.data[0] != '\\')
    {
        ctx->plain = plain;

        return NGX_OK;
    }

    too_long = (ctx->key.len > COS_KEY_LEN);

    /* variables must not show it */

    ngx_str_null(&ctx->key);

    if (too_long) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST, "KeyTooLong",
                                   "Your key is too long");
    }

    return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST, "InvalidURI",
                               "the key begins with a slash, has a control "
                               "character, or has a dot segment");
}
