
/*
 * Copyright (C) nginx-cos contributors
 *
 * Directives, variables, merging, process hooks.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_action.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_constant.h"
#include "ngx_http_cos_cors.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_keepalive.h"
#include "ngx_http_cos_lookup.h"
#include "ngx_http_cos_pass.h"
#include "ngx_http_cos_presign.h"
#include "ngx_http_cos_proxy.h"
#include "ngx_http_cos_refresh.h"
#include "ngx_http_cos_sign.h"
#include "ngx_http_cos_sts.h"
#include "ngx_http_cos_zone.h"


static ngx_int_t ngx_http_cos_string_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_cos_request_id_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_cos_expire_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

static ngx_int_t ngx_http_cos_add_variables(ngx_conf_t *cf);
static ngx_int_t ngx_http_cos_init(ngx_conf_t *cf);
static void *ngx_http_cos_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_cos_init_main_conf(ngx_conf_t *cf, void *conf);
static void ngx_http_cos_cleanup(void *data);
static void *ngx_http_cos_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_cos_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_cos_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_cos_init_process(ngx_cycle_t *cycle);
static void ngx_http_cos_exit_process(ngx_cycle_t *cycle);


static ngx_conf_enum_t  ngx_http_cos_sign_modes[] = {
    { ngx_string("off"), NGX_HTTP_COS_SIGN_OFF },
    { ngx_string("on"), NGX_HTTP_COS_SIGN_ON },
    { ngx_string("unless_signed"), NGX_HTTP_COS_SIGN_UNLESS_SIGNED },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_cos_commands[] = {

    { ngx_string("cos_credentials"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_cos_credentials,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cos_bucket"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_cos_bucket,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cos_pass"),
      NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF|NGX_HTTP_LMT_CONF|NGX_CONF_1MORE,
      ngx_http_cos_pass,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("cos_allow"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_cos_allow,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_cos_loc_conf_t, allow),
      NULL },

    { ngx_string("cos_sign"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_cos_loc_conf_t, sign),
      &ngx_http_cos_sign_modes },

    { ngx_string("cos_sign_headers"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_cos_sign_headers,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_cos_loc_conf_t, sign_headers),
      NULL },

    { ngx_string("cos_wait"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_cos_loc_conf_t, wait),
      NULL },

    { ngx_string("cos_presign_expires"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_cos_loc_conf_t, presign_expires),
      &ngx_http_cos_presign_expires_post },

    { ngx_string("cos_cors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_cos_cors,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_cos_loc_conf_t, cors),
      NULL },

    { ngx_string("cos_sts"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_cos_sts,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_cos_module_ctx = {
    ngx_http_cos_add_variables,            /* preconfiguration */
    ngx_http_cos_init,                     /* postconfiguration */

    ngx_http_cos_create_main_conf,         /* create main configuration */
    ngx_http_cos_init_main_conf,           /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_cos_create_loc_conf,          /* create location configuration */
    ngx_http_cos_merge_loc_conf            /* merge location configuration */
};


ngx_module_t  ngx_http_cos_module = {
    NGX_MODULE_V1,
    &ngx_http_cos_module_ctx,              /* module context */
    ngx_http_cos_commands,                 /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_cos_init_module,              /* init module */
    ngx_http_cos_init_process,             /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_cos_exit_process,             /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* what ngx_http_cos_string_variable() gives */

#define NGX_HTTP_COS_VAR_BUCKET       0
#define NGX_HTTP_COS_VAR_REGION       1
#define NGX_HTTP_COS_VAR_KEY          2
#define NGX_HTTP_COS_VAR_ACTION       3
#define NGX_HTTP_COS_VAR_HOST         4
#define NGX_HTTP_COS_VAR_CREDENTIALS  5
#define NGX_HTTP_COS_VAR_ERROR_CODE   6


static ngx_http_variable_t  ngx_http_cos_vars[] = {

    { ngx_string("cos_bucket"), NULL, ngx_http_cos_string_variable,
      NGX_HTTP_COS_VAR_BUCKET, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_region"), NULL, ngx_http_cos_string_variable,
      NGX_HTTP_COS_VAR_REGION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_key"), NULL, ngx_http_cos_string_variable,
      NGX_HTTP_COS_VAR_KEY, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_action"), NULL, ngx_http_cos_string_variable,
      NGX_HTTP_COS_VAR_ACTION, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_host"), NULL, ngx_http_cos_string_variable,
      NGX_HTTP_COS_VAR_HOST, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_credentials"), NULL, ngx_http_cos_string_variable,
      NGX_HTTP_COS_VAR_CREDENTIALS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_credentials_expire"), NULL,
      ngx_http_cos_expire_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_presigned_url"), NULL,
      ngx_http_cos_presigned_url_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_error_code"), NULL, ngx_http_cos_string_variable,
      NGX_HTTP_COS_VAR_ERROR_CODE, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_request_id"), NULL, ngx_http_cos_request_id_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("cos_internal_url"), NULL, ngx_http_cos_url_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_NOHASH, 0 },

    { ngx_string("cos_internal_authorization"), NULL,
      ngx_http_cos_authorization_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_NOHASH, 0 },

    { ngx_string("cos_internal_token"), NULL, ngx_http_cos_token_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_NOHASH, 0 },

    { ngx_string("cos_internal_private"), NULL,
      ngx_http_cos_private_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_NOHASH, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_cos_string_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t            value;
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    ngx_str_null(&value);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    switch (data) {

    case NGX_HTTP_COS_VAR_BUCKET:
        if (ctx->bucket) {
            value = ctx->bucket->name;
        }
        break;

    case NGX_HTTP_COS_VAR_REGION:
        if (ctx->bucket) {
            value = ctx->bucket->region;
        }
        break;

    case NGX_HTTP_COS_VAR_KEY:
        value = ctx->key;
        break;

    case NGX_HTTP_COS_VAR_ACTION:
        if (ctx->operation) {
            value = ctx->operation->action;
        }
        break;

    case NGX_HTTP_COS_VAR_HOST:
        if (ctx->bucket) {
            value = ctx->bucket->host;
        }
        break;

    case NGX_HTTP_COS_VAR_CREDENTIALS:
        if (ctx->credentials) {
            value = ctx->credentials->name;
        }
        break;

    default: /* NGX_HTTP_COS_VAR_ERROR_CODE */
        value = ctx->error_code;
        break;
    }

    if (value.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = value.len;
    v->data = value.data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* the id of COS, or of our own refusal */

static ngx_int_t
ngx_http_cos_request_id_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t           *value;
    ngx_http_cos_ctx_t  *ctx;

    value = NULL;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx && ctx->request_id.len) {
        value = &ctx->request_id;

    } else if (ctx && r->upstream) {
        value = ngx_http_cos_header(&r->upstream->headers_in.headers,
                                    "x-cos-request-id");
    }

    if (value == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = value->len;
    v->data = value->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_expire_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                 *p;
    ngx_http_cos_ctx_t     *ctx;
    ngx_http_cos_secret_t  *secret;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || ctx->credentials == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    secret = ngx_http_cos_get_secret(ctx->credentials);

    if (secret == NULL || secret->expire == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(p, "%T", secret->expire) - p;
    v->data = p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_cos_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/*
 * On reload of a single process, which has no init_process() then, the old
 * zone is still there, but not for long.
 */

static ngx_int_t
ngx_http_cos_init_module(ngx_cycle_t *cycle)
{
    ngx_http_cos_main_conf_t  *cmcf;

    if (ngx_process != NGX_PROCESS_SINGLE || ngx_is_init_cycle(ngx_cycle)) {
        return NGX_OK;
    }

    ngx_http_cos_end_refresh();

    cmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle, ngx_http_cos_module);

    if (cmcf) {
        ngx_http_cos_detach_slots(cmcf);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_init_process(ngx_cycle_t *cycle)
{
    ngx_http_cos_main_conf_t  *cmcf;

    if (ngx_process != NGX_PROCESS_SINGLE && ngx_process != NGX_PROCESS_WORKER)
    {
        return NGX_OK;
    }

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_cos_module);

    if (cmcf == NULL) {
        return NGX_OK;
    }

    if (ngx_http_cos_attach_slots(cmcf, cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_cos_start_refresh(cycle, cmcf);
}


static void
ngx_http_cos_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_cos_main_conf_t  *cmcf;

    ngx_http_cos_exit_refresh(cycle);

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_cos_module);

    if (cmcf) {
        ngx_http_cos_close_peers(cmcf);
        ngx_http_cos_wipe_secrets(cmcf);
    }

    ngx_http_cos_end_lookups();
}


static ngx_int_t
ngx_http_cos_init(ngx_conf_t *cf)
{
    if (ngx_http_cos_init_actions(cf) != NGX_OK
        || ngx_http_cos_init_constant(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_cos_cors_init(cf);
}


static void *
ngx_http_cos_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_cos_main_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->shm_zone = NULL;
     *     conf->upstream = NULL;
     *     conf->cors = 0;
     *     conf->endpoint_list = NULL;
     */

    if (ngx_array_init(&conf->credentials, cf->pool, 4,
                       sizeof(ngx_http_cos_credentials_t *))
        != NGX_OK
        || ngx_array_init(&conf->buckets, cf->pool, 16,
                          sizeof(ngx_http_cos_bucket_t *))
           != NGX_OK
        || ngx_array_init(&conf->services, cf->pool, 1,
                          sizeof(ngx_http_cos_bucket_t *))
           != NGX_OK
        || ngx_array_init(&conf->passes, cf->pool, 4,
                          sizeof(ngx_http_cos_pass_t *))
           != NGX_OK
        || ngx_array_init(&conf->sts, cf->pool, 1,
                          sizeof(ngx_http_cos_sts_t *))
           != NGX_OK)
    {
        return NULL;
    }

    ngx_rbtree_init(&conf->bucket_names, &conf->bucket_sentinel,
                    ngx_str_rbtree_insert_value);

    ngx_rbtree_init(&conf->endpoints, &conf->endpoint_sentinel,
                    ngx_str_rbtree_insert_value);

    conf->pool = cf->pool;

    return conf;
}


static char *
ngx_http_cos_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_cos_main_conf_t *cmcf = conf;

    ngx_uint_t                  i;
    ngx_pool_cleanup_t         *cln;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *core;

    if (ngx_http_cos_proxy_init(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* nobody but proxy, whose headers are not compiled yet, may see these */

    core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    v = core->variables.elts;

    for (i = 0; i < core->variables.nelts; i++) {
        if (v[i].name.len < 13
            || ngx_strncmp(v[i].name.data, "cos_internal_", 13) != 0)
        {
            continue;
        }

        /* the one that cos_pass has used already */

        if (v[i].name.len != sizeof("cos_internal_url") - 1
            || ngx_strncmp(v[i].name.data, "cos_internal_url", v[i].name.len)
               != 0)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "variable \"$%V\" is internal", &v[i].name);
            return NGX_CONF_ERROR;
        }
    }

    cmcf->ncredentials = cmcf->credentials.nelts;

    if (ngx_http_cos_init_credentials(cf, cmcf) != NGX_OK
        || ngx_http_cos_init_buckets(cf, cmcf) != NGX_OK
        || ngx_http_cos_init_sts(cf, cmcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* of a single process that has reloaded its configuration */

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_cos_cleanup;
    cln->data = cmcf;

    return ngx_http_cos_add_zone(cf, cmcf);
}


static void
ngx_http_cos_cleanup(void *data)
{
    ngx_http_cos_main_conf_t *cmcf = data;

    ngx_http_cos_close_peers(cmcf);
}


static void *
ngx_http_cos_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_cos_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->pass = NULL;
     *     conf->sts = NULL;
     *     conf->strip = 0;
     *     conf->proxy_conf = NULL;
     *     conf->headers = NULL;
     *     conf->set_headers = NULL;
     *     conf->injected = 0;
     *     conf->user_set = 0;
     *     conf->defaults = 0;
     */

    conf->allow = NGX_CONF_UNSET_PTR;
    conf->sign = NGX_CONF_UNSET_UINT;
    conf->sign_headers = NGX_CONF_UNSET_PTR;
    conf->wait = NGX_CONF_UNSET_MSEC;
    conf->presign_expires = NGX_CONF_UNSET;
    conf->cors = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_http_cos_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_cos_loc_conf_t *prev = parent;
    ngx_http_cos_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_ptr_value(conf->allow, prev->allow,
                             ngx_http_cos_allow_default());
    ngx_conf_merge_uint_value(conf->sign, prev->sign, NGX_HTTP_COS_SIGN_ON);
    ngx_conf_merge_ptr_value(conf->sign_headers, prev->sign_headers, NULL);
    ngx_conf_merge_msec_value(conf->wait, prev->wait, 5000);
    ngx_conf_merge_sec_value(conf->presign_expires, prev->presign_expires,
                             900);
    ngx_conf_merge_ptr_value(conf->cors, prev->cors, NULL);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->pass && clcf->handler != ngx_http_cos_handler) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"cos_pass\" cannot be used beside another content "
                      "handler of the location in %s:%ui",
                      conf->pass->file_name, conf->pass->line);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_cos_sts_merge(cf, prev, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (clcf->noname) {

        /* an "if" or "limit_except" block belongs to its location */

        conf->strip = prev->strip;

        if (conf->pass == NULL && prev->pass && clcf->handler == NULL) {

            conf->pass = prev->pass;
            ngx_http_cos_proxy_inherit(cf, prev, conf);

            /* or proxy would install its own */

            if (clcf->lmt_excpt) {
                clcf->handler = ngx_http_cos_handler;
            }

            return NGX_CONF_OK;
        }

    } else if (clcf->name.len && clcf->name.data[0] == '/'
#if (NGX_PCRE)
               && clcf->regex == NULL
#endif
               && !clcf->named)
    {
        conf->strip = clcf->name.len;
    }

    if (conf->pass
        && ngx_http_cos_pass_resolve(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_cos_proxy_merge(cf, prev, conf);
}
