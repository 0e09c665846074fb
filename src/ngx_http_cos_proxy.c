
/*
 * Copyright (C) nginx-cos contributors
 *
 * The offset of a directive in the command table tells where its value lives,
 * in every version of nginx; the fields are read and set through it alone.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_proxy.h"
#include "ngx_http_cos_proxy_headers.h"


#define NGX_HTTP_COS_VERIFY_DEPTH  5

#define ngx_http_cos_field(conf, i, type)                                    \
    (*(type *) ((char *) (conf)->proxy_conf                                  \
                + ngx_http_cos_commands[i].offset))


typedef struct {
    ngx_str_t     name;
    char       *(*set)(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
    ngx_uint_t    offset;
} ngx_http_cos_command_t;


typedef enum {
    NGX_HTTP_COS_CONNECT_TIMEOUT = 0,
    NGX_HTTP_COS_SET_HEADER,
    NGX_HTTP_COS_SET_BODY,
    NGX_HTTP_COS_METHOD,
    NGX_HTTP_COS_HTTP_VERSION,
#if (NGX_HTTP_CACHE)
    NGX_HTTP_COS_CACHE_BYPASS,
    NGX_HTTP_COS_NO_CACHE,
#endif
#if (NGX_HTTP_SSL)
    NGX_HTTP_COS_SSL_SERVER_NAME,
    NGX_HTTP_COS_SSL_VERIFY,
    NGX_HTTP_COS_SSL_VERIFY_DEPTH,
    NGX_HTTP_COS_SSL_TRUSTED_CERTIFICATE
#endif
} ngx_http_cos_command_e;


static ngx_command_t *ngx_http_cos_find_command(ngx_str_t *name);
static ngx_uint_t ngx_http_cos_proxy_own_set(ngx_http_cos_loc_conf_t *conf);
#if (NGX_HTTP_CACHE)
static ngx_int_t ngx_http_cos_add_predicate(ngx_conf_t *cf,
    ngx_http_cos_loc_conf_t *conf, ngx_uint_t command, ngx_array_t *user);
#endif
static char *ngx_http_cos_proxy_defaults(ngx_conf_t *cf,
    ngx_http_cos_loc_conf_t *conf);
static void ngx_http_cos_restore_defaults(ngx_http_cos_loc_conf_t *prev,
    ngx_http_cos_loc_conf_t *conf);
#if (NGX_HTTP_SSL)
static ngx_uint_t ngx_http_cos_may_use_ssl(ngx_conf_t *cf,
    ngx_http_cos_pass_t *pass);
static ngx_str_t *ngx_http_cos_ca_bundle(void);
#endif


extern ngx_module_t  ngx_http_proxy_module;


/* in the order of ngx_http_cos_command_e */

static ngx_http_cos_command_t  ngx_http_cos_commands[] = {
    { ngx_string("proxy_connect_timeout"), ngx_conf_set_msec_slot, 0 },
    { ngx_string("proxy_set_header"), ngx_conf_set_keyval_slot, 0 },
    { ngx_string("proxy_set_body"), ngx_conf_set_str_slot, 0 },
    { ngx_string("proxy_method"), ngx_http_set_complex_value_slot, 0 },
    { ngx_string("proxy_http_version"), ngx_conf_set_enum_slot, 0 },
#if (NGX_HTTP_CACHE)
    { ngx_string("proxy_cache_bypass"), ngx_http_set_predicate_slot, 0 },
    { ngx_string("proxy_no_cache"), ngx_http_set_predicate_slot, 0 },
#endif
#if (NGX_HTTP_SSL)
    { ngx_string("proxy_ssl_server_name"), ngx_conf_set_flag_slot, 0 },
    { ngx_string("proxy_ssl_verify"), ngx_conf_set_flag_slot, 0 },
    { ngx_string("proxy_ssl_verify_depth"), ngx_conf_set_num_slot, 0 },
    { ngx_string("proxy_ssl_trusted_certificate"), ngx_conf_set_str_slot, 0 },
#endif
    { ngx_null_string, NULL, 0 }
};


char *
ngx_http_cos_proxy_set(ngx_conf_t *cf, const char *name, ngx_str_t *value)
{
    char           *rv;
    ngx_str_t       args[2];
    ngx_array_t     array, *save;
    ngx_command_t  *cmd;

    args[0].len = ngx_strlen(name);
    args[0].data = (u_char *) name;
    args[1] = *value;

    cmd = ngx_http_cos_find_command(&args[0]);
    if (cmd == NULL) {
        return "requires ngx_http_proxy_module";
    }

    ngx_memzero(&array, sizeof(ngx_array_t));

    array.elts = args;
    array.nelts = 2;
    array.size = sizeof(ngx_str_t);
    array.nalloc = 2;
    array.pool = cf->pool;

    save = cf->args;
    cf->args = &array;

    rv = cmd->set(cf, cmd,
                  ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module));

    cf->args = save;

    return rv;
}


static ngx_command_t *
ngx_http_cos_find_command(ngx_str_t *name)
{
    ngx_command_t  *cmd;

    cmd = ngx_http_proxy_module.commands;

    for ( /* void */ ; cmd->name.len; cmd++) {
        if (cmd->name.len == name->len
            && ngx_strcmp(cmd->name.data, name->data) == 0)
        {
            return cmd;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_cos_proxy_init(ngx_conf_t *cf)
{
    ngx_uint_t                i;
    ngx_array_t              *headers;
    ngx_command_t            *cmd;
    ngx_http_cos_command_t   *known;
    ngx_http_cos_loc_conf_t  *conf;

    for (i = 0; cf->cycle->modules[i]; i++) {

        if (cf->cycle->modules[i] == &ngx_http_cos_module) {
            break;
        }

        if (cf->cycle->modules[i] == &ngx_http_proxy_module) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "ngx_http_cos_module must stand before "
                          "ngx_http_proxy_module in the order of modules");
            return NGX_ERROR;
        }
    }

    for (known = ngx_http_cos_commands; known->name.len; known++) {

        cmd = ngx_http_cos_find_command(&known->name);

        if (cmd == NULL || cmd->set != known->set
            || cmd->conf != NGX_HTTP_LOC_CONF_OFFSET)
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "ngx_http_cos_module does not know \"%V\" "
                          "of this nginx version", &known->name);
            return NGX_ERROR;
        }

        known->offset = cmd->offset;
    }

    conf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_cos_module);

    conf->proxy_conf = ngx_http_conf_get_module_loc_conf(cf,
                                                       ngx_http_proxy_module);

    headers = ngx_http_cos_field(conf, NGX_HTTP_COS_SET_HEADER, ngx_array_t *);

    conf->headers = (headers == NGX_CONF_UNSET_PTR) ? NULL : headers;
    conf->user_set = ngx_http_cos_proxy_own_set(conf);

#if (NGX_HTTP_CACHE)

    conf->cache_bypass = ngx_http_cos_field(conf, NGX_HTTP_COS_CACHE_BYPASS,
                                            ngx_array_t *);
    conf->no_cache = ngx_http_cos_field(conf, NGX_HTTP_COS_NO_CACHE,
                                        ngx_array_t *);

    conf->cache = (ngx_http_cos_upstream_conf(conf->proxy_conf)->cache > 0);

#endif

    return NGX_OK;
}


char *
ngx_http_cos_proxy_merge(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *prev,
    ngx_http_cos_loc_conf_t *conf)
{
    ngx_uint_t                 own_set;
    ngx_array_t               *headers;
    ngx_http_cos_main_conf_t  *cmcf;
#if (NGX_HTTP_CACHE)
    ngx_http_upstream_conf_t  *ucf;
#endif

    conf->proxy_conf = ngx_http_conf_get_module_loc_conf(cf,
                                                       ngx_http_proxy_module);

    headers = ngx_http_cos_field(conf, NGX_HTTP_COS_SET_HEADER, ngx_array_t *);

    if (headers == NGX_CONF_UNSET_PTR || headers == NULL) {
        headers = prev->headers;
    }

    conf->headers = headers;

    own_set = ngx_http_cos_proxy_own_set(conf);
    conf->user_set = prev->user_set | own_set;

#if (NGX_HTTP_CACHE)

    conf->cache_bypass = ngx_http_cos_field(conf, NGX_HTTP_COS_CACHE_BYPASS,
                                            ngx_array_t *);
    ngx_conf_merge_ptr_value(conf->cache_bypass, prev->cache_bypass, NULL);

    conf->no_cache = ngx_http_cos_field(conf, NGX_HTTP_COS_NO_CACHE,
                                        ngx_array_t *);
    ngx_conf_merge_ptr_value(conf->no_cache, prev->no_cache, NULL);

    ucf = ngx_http_cos_upstream_conf(conf->proxy_conf);

    conf->cache = (ucf->cache == NGX_CONF_UNSET) ? prev->cache
                                                 : (ucf->cache > 0);

#endif

    if (conf->pass) {

        /* for requests that are ready, see cos_pass.c */

        cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);
        ngx_http_cos_upstream_conf(conf->proxy_conf)->upstream =
                                                               cmcf->upstream;

        /* what is inherited from a cos_pass above is ours, too */

        conf->defaults = prev->defaults & ~own_set;

#if (NGX_HTTP_CACHE)

        /* nginx evaluates them even if there is no cache */

        if (conf->cache
            && (ngx_http_cos_add_predicate(cf, conf, NGX_HTTP_COS_CACHE_BYPASS,
                                           conf->cache_bypass)
                != NGX_OK
                || ngx_http_cos_add_predicate(cf, conf, NGX_HTTP_COS_NO_CACHE,
                                              conf->no_cache)
                   != NGX_OK))
        {
            return NGX_CONF_ERROR;
        }

#endif

        if (ngx_http_cos_proxy_defaults(cf, conf) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }

        headers = ngx_http_cos_add_headers(cf, conf);
        if (headers == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_http_cos_field(conf, NGX_HTTP_COS_SET_HEADER, ngx_array_t *) =
                                                                      headers;
        conf->injected = 1;

    } else if (prev->injected) {

        /* a plain proxy_pass below cos_pass must not inherit what is ours */

        headers = ngx_http_cos_copy_headers(cf, conf);
        if (headers == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_http_cos_field(conf, NGX_HTTP_COS_SET_HEADER, ngx_array_t *) =
                                                                      headers;

        ngx_http_cos_restore_defaults(prev, conf);
    }

    return NGX_CONF_OK;
}


void
ngx_http_cos_proxy_inherit(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *prev,
    ngx_http_cos_loc_conf_t *conf)
{
    conf->proxy_conf = ngx_http_conf_get_module_loc_conf(cf,
                                                       ngx_http_proxy_module);
    conf->headers = prev->headers;
    conf->set_headers = prev->set_headers;
    conf->cache = prev->cache;
    conf->injected = prev->injected;
    conf->user_set = prev->user_set;
    conf->defaults = prev->defaults;
}


#if (NGX_HTTP_CACHE)

/*
 * Puts $cos_internal_private before what the user has in proxy_cache_bypass or
 * proxy_no_cache: evaluation ends with the first that applies.
 */

static ngx_int_t
ngx_http_cos_add_predicate(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *conf,
    ngx_uint_t command, ngx_array_t *user)
{
    ngx_str_t                          value;
    ngx_array_t                       *predicates;
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    predicates = ngx_array_create(cf->pool, 1 + (user ? user->nelts : 0),
                                  sizeof(ngx_http_complex_value_t));
    if (predicates == NULL) {
        return NGX_ERROR;
    }

    cv = ngx_array_push(predicates);
    if (cv == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&value, "$cos_internal_private");

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value;
    ccv.complex_value = cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_ERROR;
    }

    if (user) {
        cv = ngx_array_push_n(predicates, user->nelts);
        if (cv == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(cv, user->elts,
                   user->nelts * sizeof(ngx_http_complex_value_t));
    }

    ngx_http_cos_field(conf, command, ngx_array_t *) = predicates;

    return NGX_OK;
}

#endif


static ngx_uint_t
ngx_http_cos_proxy_own_set(ngx_http_cos_loc_conf_t *conf)
{
    ngx_uint_t                 set;
    ngx_http_complex_value_t  *method;

    set = 0;

    method = ngx_http_cos_field(conf, NGX_HTTP_COS_METHOD,
                                ngx_http_complex_value_t *);

    if (method != NULL && method != NGX_CONF_UNSET_PTR) {
        set |= 1 << NGX_HTTP_COS_METHOD;
    }

    if (ngx_http_cos_field(conf, NGX_HTTP_COS_HTTP_VERSION, ngx_uint_t)
        != NGX_CONF_UNSET_UINT)
    {
        set |= 1 << NGX_HTTP_COS_HTTP_VERSION;
    }

#if (NGX_HTTP_SSL)

    if (ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_SERVER_NAME, ngx_flag_t)
        != NGX_CONF_UNSET)
    {
        set |= 1 << NGX_HTTP_COS_SSL_SERVER_NAME;
    }

    if (ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_VERIFY, ngx_flag_t)
        != NGX_CONF_UNSET)
    {
        set |= 1 << NGX_HTTP_COS_SSL_VERIFY;
    }

    if (ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_VERIFY_DEPTH, ngx_int_t)
        != NGX_CONF_UNSET)
    {
        set |= 1 << NGX_HTTP_COS_SSL_VERIFY_DEPTH;
    }

    if (ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_TRUSTED_CERTIFICATE,
                           ngx_str_t).data
        != NULL)
    {
        set |= 1 << NGX_HTTP_COS_SSL_TRUSTED_CERTIFICATE;
    }

#endif

    return set;
}


static char *
ngx_http_cos_proxy_defaults(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *conf)
{
    ngx_uint_t   unset;
#if (NGX_HTTP_SSL)
    ngx_str_t   *bundle;
#endif

    unset = ~conf->user_set;

    if (!(unset & (1 << NGX_HTTP_COS_METHOD))) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"proxy_method\" cannot be used with cos_pass "
                      "in %s:%ui", conf->pass->file_name, conf->pass->line);
        return NGX_CONF_ERROR;
    }

    /* COS takes chunked uploads */

    if (unset & (1 << NGX_HTTP_COS_HTTP_VERSION)) {
        ngx_http_cos_field(conf, NGX_HTTP_COS_HTTP_VERSION, ngx_uint_t) =
                                                         NGX_HTTP_VERSION_11;
        conf->defaults |= 1 << NGX_HTTP_COS_HTTP_VERSION;
    }

#if (NGX_HTTP_SSL)

    if (!ngx_http_cos_may_use_ssl(cf, conf->pass)) {
        return NGX_CONF_OK;
    }

    if (unset & (1 << NGX_HTTP_COS_SSL_SERVER_NAME)) {
        ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_SERVER_NAME, ngx_flag_t) = 1;
        conf->defaults |= 1 << NGX_HTTP_COS_SSL_SERVER_NAME;
    }

    if (unset & (1 << NGX_HTTP_COS_SSL_VERIFY)) {
        ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_VERIFY, ngx_flag_t) = 1;
        conf->defaults |= 1 << NGX_HTTP_COS_SSL_VERIFY;
    }

    if (unset & (1 << NGX_HTTP_COS_SSL_VERIFY_DEPTH)) {
        ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_VERIFY_DEPTH, ngx_int_t) =
                                                    NGX_HTTP_COS_VERIFY_DEPTH;
        conf->defaults |= 1 << NGX_HTTP_COS_SSL_VERIFY_DEPTH;
    }

    if (unset & (1 << NGX_HTTP_COS_SSL_TRUSTED_CERTIFICATE)) {
        bundle = ngx_http_cos_ca_bundle();

        if (bundle) {
            ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_TRUSTED_CERTIFICATE,
                               ngx_str_t) = *bundle;
            conf->defaults |= 1 << NGX_HTTP_COS_SSL_TRUSTED_CERTIFICATE;
        }
    }

#endif

    return NGX_CONF_OK;
}


/* the defaults of nginx, where ours would be inherited */

static void
ngx_http_cos_restore_defaults(ngx_http_cos_loc_conf_t *prev,
    ngx_http_cos_loc_conf_t *conf)
{
    ngx_uint_t  restore;

    restore = prev->defaults & ~conf->user_set;

    if (restore & (1 << NGX_HTTP_COS_HTTP_VERSION)) {
        ngx_http_cos_field(conf, NGX_HTTP_COS_HTTP_VERSION, ngx_uint_t) =
#if (nginx_version >= 1029007)
                                                         NGX_HTTP_VERSION_11;
#else
                                                         NGX_HTTP_VERSION_10;
#endif
    }

#if (NGX_HTTP_SSL)

    if (restore & (1 << NGX_HTTP_COS_SSL_SERVER_NAME)) {
        ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_SERVER_NAME, ngx_flag_t) = 0;
    }

    if (restore & (1 << NGX_HTTP_COS_SSL_VERIFY)) {
        ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_VERIFY, ngx_flag_t) = 0;
    }

    if (restore & (1 << NGX_HTTP_COS_SSL_VERIFY_DEPTH)) {
        ngx_http_cos_field(conf, NGX_HTTP_COS_SSL_VERIFY_DEPTH, ngx_int_t) = 1;
    }

    if (restore & (1 << NGX_HTTP_COS_SSL_TRUSTED_CERTIFICATE)) {
        ngx_str_set(&ngx_http_cos_field(conf,
                                        NGX_HTTP_COS_SSL_TRUSTED_CERTIFICATE,
                                        ngx_str_t),
                    "");
    }

#endif
}


#if (NGX_HTTP_SSL)

static ngx_uint_t
ngx_http_cos_may_use_ssl(ngx_conf_t *cf, ngx_http_cos_pass_t *pass)
{
    ngx_uint_t                 i;
    ngx_array_t               *buckets;
    ngx_http_cos_bucket_t    **bucketp;
    ngx_http_cos_main_conf_t  *cmcf;

    if (pass->bucket) {
        return pass->bucket->ssl;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    buckets = pass->buckets ? pass->buckets : &cmcf->buckets;
    bucketp = buckets->elts;

    for (i = 0; i < buckets->nelts; i++) {
        if (bucketp[i]->ssl) {
            return 1;
        }
    }

    return 0;
}


/* where systems keep the certificates that they trust */

static ngx_str_t *
ngx_http_cos_ca_bundle(void)
{
    ngx_str_t        *path;
    ngx_file_info_t   fi;

    static ngx_str_t  paths[] = {
        ngx_string("/etc/ssl/certs/ca-certificates.crt"),
        ngx_string("/etc/pki/tls/certs/ca-bundle.crt"),
        ngx_string("/etc/ssl/ca-bundle.pem"),
        ngx_string("/etc/ssl/cert.pem"),
        ngx_string("/usr/local/etc/ssl/cert.pem"),
        ngx_null_string
    };

    for (path = paths; path->len; path++) {
        if (ngx_file_info(path->data, &fi) != NGX_FILE_ERROR
            && ngx_is_file(&fi))
        {
            return path;
        }
    }

    return NULL;
}

#endif


ngx_http_upstream_conf_t *
ngx_http_cos_proxy_upstream_conf(ngx_http_request_t *r)
{
    return ngx_http_cos_upstream_conf(
                      ngx_http_get_module_loc_conf(r, ngx_http_proxy_module));
}


ngx_http_upstream_conf_t *
ngx_http_cos_upstream_conf(void *conf)
{
    return (ngx_http_upstream_conf_t *)
               ((char *) conf
                + ngx_http_cos_commands[NGX_HTTP_COS_CONNECT_TIMEOUT]
                           .offset
                - offsetof(ngx_http_upstream_conf_t, connect_timeout));
}


ngx_uint_t
ngx_http_cos_proxy_unbuffered(ngx_http_request_t *r)
{
    char                      *conf;
    ngx_str_t                 *body;
    ngx_http_upstream_conf_t  *ucf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_proxy_module);
    body = (ngx_str_t *) (conf
                         + ngx_http_cos_commands[NGX_HTTP_COS_SET_BODY].offset);

    ucf = ngx_http_cos_proxy_upstream_conf(r);

    return !ucf->request_buffering && ucf->pass_request_body
           && body->data == NULL;
}
