
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_action.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_guard.h"
#include "ngx_http_cos_operation.h"
#include "ngx_http_cos_proxy.h"
#include "ngx_http_cos_root.h"
#include "ngx_http_cos_url.h"


/* a bound, since they are compared pair by pair */

#define NGX_HTTP_COS_MAX_PARAMS         100


/* what the parameters of a request are in the table */
typedef struct {
    uint64_t     words;
    uint64_t     needs;
    ngx_uint_t   features;
    ngx_uint_t   unknown;   /* unsigned  unknown:1; */
} ngx_http_cos_asked_t;


static ngx_int_t ngx_http_cos_check_params(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_http_cos_asked_t *asked);
static ngx_uint_t ngx_http_cos_levels(ngx_http_cos_ctx_t *ctx);
static const ngx_http_cos_operation_t *ngx_http_cos_find_operation(
    ngx_http_cos_asked_t *asked, ngx_uint_t levels, ngx_uint_t method);
static ngx_str_t *ngx_http_cos_unknown_param(ngx_http_cos_ctx_t *ctx,
    ngx_http_cos_asked_t *asked, ngx_uint_t levels, ngx_uint_t method);
static ngx_uint_t ngx_http_cos_signature_param(ngx_str_t *name);


ngx_int_t
ngx_http_cos_check_operation(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                       *unknown;
    ngx_uint_t                       features, levels;
    ngx_http_cos_allow_t            *allow;
    ngx_http_cos_asked_t             asked;
    ngx_http_cos_loc_conf_t         *cclf;
    const ngx_http_cos_operation_t  *operation;
#if (NGX_HTTP_CACHE)
    ngx_http_upstream_conf_t        *ucf;
    const ngx_http_cos_operation_t  *get;
#endif

    rc = ngx_http_cos_check_params(r, ctx, &asked);
    if (rc != NGX_OK) {
        return rc;
    }

    levels = ngx_http_cos_levels(ctx);

    operation = ngx_http_cos_find_operation(&asked, levels, r->method);

    if (operation == NULL) {
        unknown = ngx_http_cos_unknown_param(ctx, &asked, levels, r->method);

        if (unknown) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN,
                                       "AccessDenied",
                                       "query parameter \"%V\" is not known "
                                       "for this request",
                                       ngx_http_cos_printable(r, unknown));
        }

        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_NOT_ALLOWED,
                                   "MethodNotAllowed",
                                   "method \"%V\" is not known for this "
                                   "request", &r->method_name);
    }

    ctx->operation = operation;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);
    allow = cclf->allow;

    if (!ngx_http_cos_allowed(allow, operation)) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                                   "operation \"%V\" is not allowed here",
                                   &operation->action);
    }

#if (NGX_HTTP_CACHE)

    /* proxy_cache_convert_head makes another operation of it */

    if (r->method == NGX_HTTP_HEAD) {
        ucf = ngx_http_cos_proxy_upstream_conf(r);

        if (ucf->cache > 0 && ucf->cache_convert_head && !ctx->client_signed) {
            get = ngx_http_cos_find_operation(&asked, levels, NGX_HTTP_GET);

            if (get == NULL || !ngx_http_cos_allowed(allow, get)) {
                return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN,
                                           "AccessDenied",
                                           "operation \"%V\", which caching "
                                           "needs, is not allowed here",
                                           get ? &get->action
                                               : &operation->action);
            }
        }
    }

#endif

    features = asked.features;

    rc = ngx_http_cos_check_headers(r, ctx, &features);
    if (rc != NGX_OK) {
        return rc;
    }

    if (features) {
        rc = ngx_http_cos_check_features(r, ctx, features);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (operation->level == NGX_HTTP_COS_ROOT) {
        ctx->delete_many = (operation->method == NGX_HTTP_POST);
        return ngx_http_cos_set_root(r, ctx);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_cos_check_features(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_uint_t features)
{
    ngx_uint_t                denied;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    denied = features & ~(ctx->operation->features & cclf->allow->features);

    if (denied) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                                   "feature \"%V\" is not allowed here "
                                   "with operation \"%V\"",
                                   ngx_http_cos_feature_name(denied),
                                   &ctx->operation->action);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_cos_parse_query(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    u_char      *buf;
    ngx_uint_t   n, canonical;
    cos_pair_t   params[NGX_HTTP_COS_MAX_PARAMS];

    if (r->args.len == 0) {
        return NGX_OK;
    }

    buf = ngx_pnalloc(r->pool, r->args.len + 1);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    n = NGX_HTTP_COS_MAX_PARAMS;

    if (cos_query_parse(&r->args, params, &n, buf, &canonical) != NGX_OK) {

        if (cos_query_count(&r->args) > NGX_HTTP_COS_MAX_PARAMS) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "InvalidURI",
                                       "too many query parameters");
        }

        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "InvalidURI", "invalid query string");
    }

    if (n == 0) {
        return NGX_OK;
    }

    ctx->params = ngx_palloc(r->pool, n * sizeof(cos_pair_t));
    if (ctx->params == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->params, params, n * sizeof(cos_pair_t));
    ctx->nparams = n;

    if (canonical) {
        ctx->args = r->args;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_check_params(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_http_cos_asked_t *asked)
{
    uint64_t              bit, seen;
    ngx_str_t            *name;
    ngx_uint_t            i, k, n, last;
    cos_pair_t           *params;
    ngx_http_cos_word_t  *word;

    ngx_memzero(asked, sizeof(ngx_http_cos_asked_t));

    n = 0;
    seen = 0;
    params = ctx->params;

    for (i = 0; i < ctx->nparams; i++) {

        name = &params[i].name;
        word = ngx_http_cos_find_word(name);

        if (word) {
            asked->words |= word->bit;
            asked->needs |= word->needs;
            asked->features |= word->feature;

        } else if (!ngx_http_cos_signature_param(name)) {
            asked->unknown = 1;

        } else if (!ctx->client_signed) {

            /* the client's own signature stays here unless it is used */

            continue;
        }

        /* names that are the same in any case have one length and end */

        last = name->len ? name->data[name->len - 1] | 0x20 : 0;
        bit = (uint64_t) 1 << ((name->len + last) % 64);

        for (k = (seen & bit) ? 0 : n; k < n; k++) {
            if (name->len == params[k].name.len
                && ngx_strncasecmp(name->data, params[k].name.data, name->len)
                   == 0)
            {
                return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                           "InvalidArgument",
                                           "duplicate query parameter \"%V\"",
                                           ngx_http_cos_printable(r, name));
            }
        }

        seen |= bit;

        /* a server could take it for an operation without the parameter */

        if (params[i].value.len == 0 && word && word->valued) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "InvalidArgument",
                                       "query parameter \"%V\" is empty",
                                       name);
        }

        if (n != i) {
            params[n] = params[i];
        }

        n++;
    }

    if (n != ctx->nparams) {
        ngx_http_cos_set_params(ctx, params, n);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_cos_levels(ngx_http_cos_ctx_t *ctx)
{
    ngx_uint_t  levels;

    if (ctx->post) {
        return NGX_HTTP_COS_FORM;
    }

    if (ctx->bucket->name.len == 0) {
        return NGX_HTTP_COS_SERVICE;
    }

    levels = ctx->key.len ? NGX_HTTP_COS_OBJECT : NGX_HTTP_COS_BUCKET;

    /* what a client has signed itself cannot get PREFIX */

    if (ctx->key.len == 0
        || (ctx->key.len == ctx->confined.len && !ctx->client_signed))
    {
        levels |= NGX_HTTP_COS_ROOT;
    }

    return levels;
}


static const ngx_http_cos_operation_t *
ngx_http_cos_find_operation(ngx_http_cos_asked_t *asked, ngx_uint_t levels,
    ngx_uint_t method)
{
    const ngx_http_cos_operation_t  *op;

    if (asked->unknown || (asked->needs & ~asked->words)) {
        return NULL;
    }

    op = NULL;

    while ((op = ngx_http_cos_next_operation(op, levels, method)) != NULL) {

        if ((op->required & ~asked->words) == 0
            && (asked->words & ~op->accepted) == 0
            && (asked->features & ~op->features) == 0)
        {
            break;
        }
    }

    return op;
}


/* the first that the first row that has one does not account for */

static ngx_str_t *
ngx_http_cos_unknown_param(ngx_http_cos_ctx_t *ctx,
    ngx_http_cos_asked_t *asked, ngx_uint_t levels, ngx_uint_t method)
{
    ngx_str_t                       *name;
    ngx_uint_t                       i;
    ngx_http_cos_word_t             *word;
    const ngx_http_cos_operation_t  *op;

    op = NULL;

    while ((op = ngx_http_cos_next_operation(op, levels, method)) != NULL) {

        for (i = 0; i < ctx->nparams; i++) {

            name = &ctx->params[i].name;
            word = ngx_http_cos_find_word(name);

            if (word == NULL) {
                if (ctx->client_signed && ngx_http_cos_signature_param(name)) {
                    continue;
                }

                return name;
            }

            if ((word->bit & ~op->accepted)
                || (word->needs & ~asked->words)
                || (word->feature & ~op->features))
            {
                return name;
            }
        }
    }

    return NULL;
}


/* cos-protocol, section 8.2: in any case, whatever the algorithm */

static ngx_uint_t
ngx_http_cos_signature_param(ngx_str_t *name)
{
    static ngx_str_t  token = ngx_string("x-cos-security-token");

    /* most parameters are not of a signature */

    switch (name->len ? ngx_tolower(name->data[0]) : 0) {

    case 'q':
        return name->len >= 2 && name->data[1] == '-';

    case 's':
        return name->len == 4
               && ngx_strncasecmp(name->data, (u_char *) "sign", 4) == 0;

    case 'x':
        return name->len == token.len
               && ngx_strncasecmp(name->data, token.data, token.len) == 0;
    }

    return 0;
}
