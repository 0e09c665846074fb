
/*
 * Copyright (C) nginx-cos contributors
 *
 * The answer has the form of sts.php (cos-protocol, section 6.1).  It is made
 * of the secret that the worker has: no request asks STS for anything.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_sts.h"
#include "ngx_http_cos_wait.h"
#include "ngx_http_cos_zone.h"


/*
 * Seconds.  Clocks differ, and what was signed in the last moment has to come
 * to COS; for short lives it is a tenth.
 */

#define NGX_HTTP_COS_STS_PAST    60
#define NGX_HTTP_COS_STS_MARGIN  30


struct ngx_http_cos_sts_s {
    ngx_str_t                    name;
    ngx_str_t                    bucket;
    ngx_http_cos_credentials_t  *credentials;
    u_char                      *file_name;
    ngx_uint_t                   line;
};


static ngx_int_t ngx_http_cos_sts_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_sts_check(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static ngx_http_cos_secret_t *ngx_http_cos_sts_secret(
    ngx_http_cos_credentials_t *c);
static time_t ngx_http_cos_sts_end(ngx_http_cos_secret_t *secret);
static ngx_int_t ngx_http_cos_sts_send(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_sts_json(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_http_cos_secret_t *secret, ngx_str_t *body);
static u_char *ngx_http_cos_sts_string(u_char *p, const char *name,
    u_char *data, size_t len);
static void ngx_http_cos_sts_wipe(void *data);

static ngx_int_t ngx_http_cos_sts_resolve(ngx_conf_t *cf,
    ngx_http_cos_main_conf_t *cmcf, ngx_http_cos_sts_t *sts);


static ngx_int_t
ngx_http_cos_sts_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_cos_ctx_t          *ctx;
    ngx_http_cos_loc_conf_t     *cclf;
    ngx_http_cos_credentials_t  *c;

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_cos_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_cos_module);

    rc = ngx_http_cos_sts_check(r, ctx);

    if (rc == NGX_DECLINED) {
        return ngx_http_cos_send_error(r, ctx);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    c = cclf->sts->credentials;
    ctx->credentials = c;

    if (ngx_http_cos_sts_secret(c) != NULL) {
        return ngx_http_cos_sts_send(r);
    }

    if (ngx_http_cos_get_secret(c) != NULL) {

        /* it is about to end, so the next one is about to come */

        ctx->refused = c->generation;

    } else if (!ngx_http_cos_credential_to_come(c)) {
        return ngx_http_cos_no_credential(r, ctx);
    }

    return ngx_http_cos_wait(r, ctx, cclf->wait, ngx_http_cos_sts_send);
}


static ngx_int_t
ngx_http_cos_sts_check(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    /* nobody has asked it for a password, and its answer goes into a page */

    if (r != r->main) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                                   "no credential for a subrequest");
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_NOT_ALLOWED,
                                   "MethodNotAllowed",
                                   "method \"%V\" is not known for this "
                                   "request", &r->method_name);
    }

    return NGX_OK;
}


static ngx_http_cos_secret_t *
ngx_http_cos_sts_secret(ngx_http_cos_credentials_t *c)
{
    ngx_http_cos_secret_t  *secret;

    secret = ngx_http_cos_get_secret(c);

    if (secret == NULL || ngx_http_cos_sts_end(secret) <= ngx_time()) {
        return NULL;
    }

    return secret;
}


static time_t
ngx_http_cos_sts_end(ngx_http_cos_secret_t *secret)
{
    time_t  margin;

    margin = (secret->expire - secret->issued) / 10;

    return secret->expire - ngx_min(margin, NGX_HTTP_COS_STS_MARGIN);
}


static ngx_int_t
ngx_http_cos_sts_send(ngx_http_request_t *r)
{
    ngx_str_t                  type, value;
    ngx_http_cos_ctx_t        *ctx;
    ngx_http_cos_secret_t     *secret;
    ngx_http_complex_value_t   cv;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    secret = ngx_http_cos_sts_secret(ctx->credentials);

    if (secret == NULL) {
        return ngx_http_cos_no_credential(r, ctx);
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    if (ngx_http_cos_sts_json(r, ctx, secret, &cv.value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&value, "no-store");

    if (ngx_http_cos_add_header(r, "Cache-Control", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->disable_not_modified = 1;

    ngx_str_set(&type, "application/json");

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &cv);
}


static ngx_int_t
ngx_http_cos_sts_json(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_http_cos_secret_t *secret, ngx_str_t *body)
{
    u_char              *p;
    time_t               end;
    size_t               len;
    ngx_tm_t             tm;
    ngx_pool_cleanup_t  *cln;

    if (ngx_http_cos_get_request_id(r, &ctx->request_id) != NGX_OK) {
        return NGX_ERROR;
    }

    end = ngx_http_cos_sts_end(secret);

    len = sizeof("{\"expiredTime\":,\"expiration\":\"\",\"credentials\":{"
                 "\"sessionToken\":\"\",\"tmpSecretId\":\"\","
                 "\"tmpSecretKey\":\"\"},\"requestId\":\"\","
                 "\"startTime\":}\n")
          + 2 * NGX_TIME_T_LEN + sizeof("1970-09-28T12:00:00Z")
          + secret->token_len + secret->id_len + secret->key_len
          + ngx_escape_json(NULL, secret->token, secret->token_len)
          + ngx_escape_json(NULL, secret->id, secret->id_len)
          + ngx_escape_json(NULL, secret->key, secret->key_len)
          + ctx->request_id.len
          + ngx_escape_json(NULL, ctx->request_id.data, ctx->request_id.len);

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_str_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    body->len = len;

    cln->handler = ngx_http_cos_sts_wipe;
    *(ngx_str_t *) cln->data = *body;

    ngx_gmtime(end, &tm);

    p = ngx_sprintf(p, "{\"expiredTime\":%T,\"expiration\":"
                    "\"%4d-%02d-%02dT%02d:%02d:%02dZ\",\"credentials\":{",
                    end, tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                    tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);

    p = ngx_http_cos_sts_string(p, "sessionToken", secret->token,
                                secret->token_len);
    *p++ = ',';
    p = ngx_http_cos_sts_string(p, "tmpSecretId", secret->id, secret->id_len);
    *p++ = ',';
    p = ngx_http_cos_sts_string(p, "tmpSecretKey", secret->key,
                                secret->key_len);
    p = ngx_cpymem(p, "},", 2);
    p = ngx_http_cos_sts_string(p, "requestId", ctx->request_id.data,
                                ctx->request_id.len);

    p = ngx_sprintf(p, ",\"startTime\":%T}\n",
                    secret->issued - NGX_HTTP_COS_STS_PAST);

    body->len = p - body->data;

    return NGX_OK;
}


static u_char *
ngx_http_cos_sts_string(u_char *p, const char *name, u_char *data, size_t len)
{
    p = ngx_sprintf(p, "\"%s\":\"", name);
    p = (u_char *) ngx_escape_json(p, data, len);
    *p++ = '"';

    return p;
}


static void
ngx_http_cos_sts_wipe(void *data)
{
    ngx_str_t *body = data;

    ngx_explicit_memzero(body->data, body->len);
}


char *
ngx_http_cos_sts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_cos_loc_conf_t *cclf = conf;

    ngx_str_t                 *value;
    ngx_http_cos_sts_t        *sts, **stsp;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_cos_main_conf_t  *cmcf;

    if (cclf->sts) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "cannot be used beside another content handler "
               "of the location";
    }

    sts = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_sts_t));
    if (sts == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    sts->name = value[1];

    if (cf->args->nelts == 3) {
        sts->bucket = value[2];
    }

    sts->file_name = cf->conf_file->file.name.data;
    sts->line = cf->conf_file->line;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    stsp = ngx_array_push(&cmcf->sts);
    if (stsp == NULL) {
        return NGX_CONF_ERROR;
    }

    *stsp = sts;

    cclf->sts = sts;
    clcf->handler = ngx_http_cos_sts_handler;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_cos_init_sts(ngx_conf_t *cf, ngx_http_cos_main_conf_t *cmcf)
{
    ngx_uint_t            i;
    ngx_http_cos_sts_t  **stsp;

    stsp = cmcf->sts.elts;

    for (i = 0; i < cmcf->sts.nelts; i++) {
        if (ngx_http_cos_sts_resolve(cf, cmcf, stsp[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_sts_resolve(ngx_conf_t *cf, ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_sts_t *sts)
{
    ngx_str_t                    name;
    const char                  *problem;
    ngx_http_cos_bucket_t       *bucket;
    ngx_http_cos_credentials_t  *c;

    c = ngx_http_cos_find_credentials(cmcf, &sts->name);

    if (c == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "unknown cos_credentials \"%V\" in %s:%ui",
                      &sts->name, sts->file_name, sts->line);
        return NGX_ERROR;
    }

    if (!c->vend) {
        problem = "must have \"vend on\" to be handed out";
        goto failed;
    }

    if (!ngx_http_cos_is_template(c)) {

        if (sts->bucket.len) {
            problem = "has no placeholders that a bucket could fill";
            goto failed;
        }

        sts->credentials = c;

        return NGX_OK;
    }

    if (sts->bucket.len == 0) {
        problem = "has placeholders, name a bucket behind it";
        goto failed;
    }

    bucket = ngx_http_cos_find_bucket(cmcf, &sts->bucket);

    if (bucket == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "bucket \"%V\" is not declared with \"cos_bucket\" "
                      "in %s:%ui", &sts->bucket, sts->file_name, sts->line);
        return NGX_ERROR;
    }

    /* the bucket or another location may have it already */

    name.data = ngx_pnalloc(cf->pool, c->name.len + 1 + bucket->name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    name.len = ngx_sprintf(name.data, "%V~%V", &c->name, &bucket->name)
               - name.data;

    sts->credentials = ngx_http_cos_find_credentials(cmcf, &name);

    if (sts->credentials == NULL) {
        sts->credentials = ngx_http_cos_bucket_credentials(cf, c,
                                                           &bucket->name,
                                                           &bucket->region);
    }

    return sts->credentials ? NGX_OK : NGX_ERROR;

failed:

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "cos_credentials \"%V\" %s in %s:%ui",
                  &sts->name, problem, sts->file_name, sts->line);

    return NGX_ERROR;
}


char *
ngx_http_cos_sts_merge(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *prev,
    ngx_http_cos_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->sts && clcf->handler != ngx_http_cos_sts_handler) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"cos_sts\" cannot be used beside another content "
                      "handler of the location in %s:%ui",
                      conf->sts->file_name, conf->sts->line);
        return NGX_CONF_ERROR;
    }

    if (clcf->noname && prev->sts && clcf->handler == NULL) {
        conf->sts = prev->sts;
        clcf->handler = ngx_http_cos_sts_handler;
    }

    return NGX_CONF_OK;
}
