
/*
 * Copyright (C) nginx-cos contributors
 *
 * A preflight has neither a password nor a signature, so it is answered before
 * anything could ask for one: before the directives of the rewrite phase, and
 * once more after them, since "if" may have brought cos_pass.  The headers of
 * responses are set in a filter, behind the cache and behind errors of nginx.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_action.h"
#include "ngx_http_cos_cors.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_origin.h"
#include "ngx_http_cos_pass.h"


#define NGX_HTTP_COS_MAX_AGE  "600"

#define NGX_HTTP_COS_EXPOSED                                                 \
    "ETag, Content-Length, Content-Range, Accept-Ranges, Content-Encoding, " \
    "Content-Disposition, Date, Location, Retry-After"


struct ngx_http_cos_cors_s {
    ngx_array_t   *origins;     /* of cos_origin.c, NULL is any */
    ngx_str_t      max_age;
};


static ngx_int_t ngx_http_cos_cors_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_preflight(ngx_http_request_t *r,
    ngx_http_cos_loc_conf_t *cclf, ngx_str_t *origin);
static ngx_int_t ngx_http_cos_preflight_methods(ngx_http_request_t *r,
    ngx_http_cos_loc_conf_t *cclf);
static ngx_int_t ngx_http_cos_preflight_headers(ngx_http_request_t *r);

static ngx_int_t ngx_http_cos_cors_remember(ngx_http_request_t *r,
    ngx_http_cos_cors_t *cors);
static ngx_http_cos_cors_t *ngx_http_cos_cors_find(ngx_http_request_t *r);
static void ngx_http_cos_cors_cleanup(void *data);
static ngx_uint_t ngx_http_cos_cors_clear(ngx_http_request_t *r);
static ngx_uint_t ngx_http_cos_varies_by_origin(ngx_str_t *value);
static ngx_int_t ngx_http_cos_cors_expose(ngx_http_request_t *r);
static size_t ngx_http_cos_cors_own_names(ngx_http_request_t *r, u_char *p);


static ngx_int_t
ngx_http_cos_cors_handler(ngx_http_request_t *r)
{
    ngx_str_t                *origin;
    ngx_http_cos_loc_conf_t  *cclf;

    if (r != r->main) {
        return NGX_DECLINED;
    }

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    if (cclf->pass == NULL && cclf->sts == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_http_cos_cors_remember(r, cclf->cors) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (cclf->cors == NULL || r->method != NGX_HTTP_OPTIONS) {
        return NGX_DECLINED;
    }

    origin = ngx_http_cos_header(&r->headers_in.headers, "origin");

    if (origin == NULL
        || ngx_http_cos_header(&r->headers_in.headers,
                               "access-control-request-method")
           == NULL)
    {
        return NGX_DECLINED;
    }

    ngx_http_finalize_request(r, ngx_http_cos_preflight(r, cclf, origin));

    return NGX_DONE;
}


static ngx_int_t
ngx_http_cos_preflight(ngx_http_request_t *r, ngx_http_cos_loc_conf_t *cclf,
    ngx_str_t *origin)
{
    ngx_http_cos_ctx_t        *ctx;
    ngx_http_complex_value_t   cv;

    if (!ngx_http_cos_origin_allowed(cclf->cors->origins, origin)) {

        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_cos_ctx_t));
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_http_set_ctx(r, ctx, ngx_http_cos_module);

        if (ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                                "origin \"%V\" is not allowed here",
                                ngx_http_cos_printable(r, origin))
            != NGX_DECLINED)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_cos_send_error(r, ctx);
    }

    if (ngx_http_cos_preflight_methods(r, cclf) != NGX_OK
        || ngx_http_cos_preflight_headers(r) != NGX_OK
        || ngx_http_cos_add_header(r, "Access-Control-Max-Age",
                                   &cclf->cors->max_age)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    return ngx_http_send_response(r, NGX_HTTP_NO_CONTENT, NULL, &cv);
}


/* those of the operations that the gate lets through */

static ngx_int_t
ngx_http_cos_preflight_methods(ngx_http_request_t *r,
    ngx_http_cos_loc_conf_t *cclf)
{
    u_char              *p;
    ngx_str_t            value;
    ngx_uint_t           methods;
    ngx_conf_bitmask_t  *m;

    static ngx_conf_bitmask_t  names[] = {
        { ngx_string("GET"), NGX_HTTP_GET },
        { ngx_string("HEAD"), NGX_HTTP_HEAD },
        { ngx_string("PUT"), NGX_HTTP_PUT },
        { ngx_string("POST"), NGX_HTTP_POST },
        { ngx_string("DELETE"), NGX_HTTP_DELETE },
        { ngx_null_string, 0 }
    };

    methods = cclf->sts ? NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST
                        : ngx_http_cos_allowed_methods(cclf->allow);

    p = ngx_pnalloc(r->pool, sizeof("GET, HEAD, PUT, POST, DELETE, "));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    for (m = names; m->name.len; m++) {

        if (!(methods & m->mask)) {
            continue;
        }

        if (p != value.data) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, m->name.data, m->name.len);
    }

    value.len = p - value.data;

    return ngx_http_cos_add_header(r, "Access-Control-Allow-Methods", &value);
}


/*
 * All that the page asks for: what is refused, the gate refuses, and says so
 * in an answer that the page can read.
 */

static ngx_int_t
ngx_http_cos_preflight_headers(ngx_http_request_t *r)
{
    size_t      i;
    u_char      ch, c;
    ngx_str_t  *value;

    static ngx_str_t  others = ngx_string("0123456789!#$%&'*+-.^_`|~, \t");

    value = ngx_http_cos_header(&r->headers_in.headers,
                                "access-control-request-headers");

    if (value == NULL || value->len == 0) {
        return NGX_OK;
    }

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];
        c = (u_char) (ch | 0x20);

        if ((c < 'a' || c > 'z')
            && ngx_strlchr(others.data, others.data + others.len, ch) == NULL)
        {
            return NGX_OK;
        }
    }

    return ngx_http_cos_add_header(r, "Access-Control-Allow-Headers", value);
}


/*
 * An error_page or another internal redirect leads to a location that may not
 * be ours, and clears the contexts of modules; so it is kept in the pool.
 */

static ngx_int_t
ngx_http_cos_cors_remember(ngx_http_request_t *r, ngx_http_cos_cors_t *cors)
{
    ngx_pool_cleanup_t  *cln;

    if (cors == NULL && !r->internal) {
        return NGX_OK;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_cos_cors_cleanup) {
            *(ngx_http_cos_cors_t **) cln->data = cors;
            return NGX_OK;
        }
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_cos_cors_t *));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_cos_cors_cleanup;
    *(ngx_http_cos_cors_t **) cln->data = cors;

    return NGX_OK;
}


static ngx_http_cos_cors_t *
ngx_http_cos_cors_find(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t       *cln;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    if (cclf->pass || cclf->sts) {
        return cclf->cors;
    }

    if (!r->internal) {
        return NULL;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_cos_cors_cleanup) {
            return *(ngx_http_cos_cors_t **) cln->data;
        }
    }

    /* the error may have come before our handler, as 413 does */

    return r->error_page ? cclf->cors : NULL;
}


static void
ngx_http_cos_cors_cleanup(void *data)
{
    /* void */
}


ngx_int_t
ngx_http_cos_cors_set_headers(ngx_http_request_t *r)
{
    ngx_str_t            *origin, value;
    ngx_uint_t            vary;
    ngx_http_cos_cors_t  *cors;

    cors = ngx_http_cos_cors_find(r);

    if (cors == NULL) {
        return NGX_OK;
    }

    vary = ngx_http_cos_cors_clear(r);

    if (cors->origins == NULL) {
        ngx_str_set(&value, "*");

    } else {

        /* also without an origin, for the caches of others */

        ngx_str_set(&value, "Origin");

        if (!vary && ngx_http_cos_add_header(r, "Vary", &value) != NGX_OK) {
            return NGX_ERROR;
        }

        origin = ngx_http_cos_header(&r->headers_in.headers, "origin");

        if (origin == NULL
            || !ngx_http_cos_origin_allowed(cors->origins, origin))
        {
            return NGX_OK;
        }

        value = *origin;
    }

    if (ngx_http_cos_add_header(r, "Access-Control-Allow-Origin", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_cos_cors_expose(r);
}


/* what the bucket has said; returns whether responses vary by origin already */

static ngx_uint_t
ngx_http_cos_cors_clear(ngx_http_request_t *r)
{
    ngx_uint_t        i, vary;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    if (r->upstream == NULL) {
        return 0;
    }

    vary = 0;
    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return vary;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash == 0) {
            continue;
        }

        if (h[i].key.len > 15
            && ngx_strncasecmp(h[i].key.data, (u_char *) "access-control-", 15)
               == 0)
        {
            h[i].hash = 0;
        }

        if (h[i].key.len == 4
            && ngx_strncasecmp(h[i].key.data, (u_char *) "vary", 4) == 0
            && ngx_http_cos_varies_by_origin(&h[i].value))
        {
            vary = 1;
        }
    }
}


static ngx_uint_t
ngx_http_cos_varies_by_origin(ngx_str_t *value)
{
    u_char  *p, *last;

    p = value->data;
    last = p + value->len;

    for ( ;; ) {

        p = ngx_strlcasestrn(p, last, (u_char *) "origin", 6 - 1);
        if (p == NULL) {
            return 0;
        }

        if ((p == value->data || p[-1] == ',' || p[-1] == ' ')
            && (p + 6 == last || p[6] == ',' || p[6] == ' '))
        {
            return 1;
        }

        p += 6;
    }
}


/* by their names, since "*" is not known to all browsers */

static ngx_int_t
ngx_http_cos_cors_expose(ngx_http_request_t *r)
{
    ngx_str_t  value;

    value.len = sizeof(NGX_HTTP_COS_EXPOSED) - 1
                + ngx_http_cos_cors_own_names(r, NULL);

    value.data = ngx_pnalloc(r->pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_cos_cors_own_names(r, ngx_cpymem(value.data,
                                            NGX_HTTP_COS_EXPOSED,
                                            sizeof(NGX_HTTP_COS_EXPOSED) - 1));

    return ngx_http_cos_add_header(r, "Access-Control-Expose-Headers", &value);
}


/* writes them if there is a buffer, returns their length */

static size_t
ngx_http_cos_cors_own_names(ngx_http_request_t *r, u_char *p)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = 0;
    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return len;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash == 0 || h[i].key.len < 6
            || (ngx_strncasecmp(h[i].key.data, (u_char *) "x-cos-", 6) != 0
                && ngx_strncasecmp(h[i].key.data, (u_char *) "x-ci-", 5) != 0))
        {
            continue;
        }

        len += 2 + h[i].key.len;

        if (p) {
            *p++ = ',';
            *p++ = ' ';
            p = ngx_cpymem(p, h[i].key.data, h[i].key.len);
        }
    }
}


char *
ngx_http_cos_cors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    time_t                     age;
    ngx_str_t                 *value, text;
    ngx_uint_t                 i, any;
    ngx_http_cos_cors_t       *cors, **corsp;
    ngx_http_cos_main_conf_t  *cmcf;

    corsp = (ngx_http_cos_cors_t **) (p + cmd->offset);

    if (*corsp != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        *corsp = NULL;
        return NGX_CONF_OK;
    }

    cors = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_cors_t));
    if (cors == NULL) {
        return NGX_CONF_ERROR;
    }

    any = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "*") == 0) {
            any = 1;
            continue;
        }

        if (ngx_strncmp(value[i].data, "max_age=", 8) == 0) {

            text.len = value[i].len - 8;
            text.data = value[i].data + 8;

            age = ngx_parse_time(&text, 1);

            if (age == (time_t) NGX_ERROR || cors->max_age.len) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid parameter \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            cors->max_age.data = ngx_pnalloc(cf->pool, NGX_TIME_T_LEN);
            if (cors->max_age.data == NULL) {
                return NGX_CONF_ERROR;
            }

            cors->max_age.len = ngx_sprintf(cors->max_age.data, "%T", age)
                                - cors->max_age.data;
            continue;
        }

        if (ngx_http_cos_add_origin(cf, &cors->origins, &value[i])
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (any == (cors->origins != NULL)) {
        return any ? "cannot have \"*\" and other origins"
                   : "must have an origin";
    }

    if (cors->max_age.len == 0) {
        ngx_str_set(&cors->max_age, NGX_HTTP_COS_MAX_AGE);
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);
    cmcf->cors = 1;

    *corsp = cors;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_cos_cors_init(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *core;
    ngx_http_cos_main_conf_t   *cmcf;

    static ngx_uint_t  phases[] = {
        NGX_HTTP_REWRITE_PHASE,
        NGX_HTTP_PREACCESS_PHASE
    };

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    if (!cmcf->cors) {
        return NGX_OK;
    }

    core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    for (i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {

        h = ngx_array_push(&core->phases[phases[i]].handlers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = ngx_http_cos_cors_handler;
    }

    return NGX_OK;
}
