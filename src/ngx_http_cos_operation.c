
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_guard.h"
#include "ngx_http_cos_operation.h"
#include "ngx_http_cos_proxy.h"
#include "ngx_http_cos_root.h"


/* a bound, since they are compared pair by pair */

#define NGX_HTTP_COS_MAX_PARAMS         100


/* levels */

#define NGX_HTTP_COS_OBJECT             0
#define NGX_HTTP_COS_BUCKET             1
#define NGX_HTTP_COS_SERVICE            2
#define NGX_HTTP_COS_FORM               3

/* a bucket, or what a location with a PREFIX has instead of one */

#define NGX_HTTP_COS_ROOT               4

/* groups */

#define NGX_HTTP_COS_READ               0x01
#define NGX_HTTP_COS_WRITE              0x02
#define NGX_HTTP_COS_LIST               0x04
#define NGX_HTTP_COS_DELETE             0x08

#define NGX_HTTP_COS_UPLOAD                                                  \
    (NGX_HTTP_COS_ACL|NGX_HTTP_COS_SSE|NGX_HTTP_COS_CALLBACK                 \
     |NGX_HTTP_COS_TAGGING|NGX_HTTP_COS_PIC_OPERATIONS)

#define NGX_HTTP_COS_DOWNLOAD                                                \
    (NGX_HTTP_COS_RESPONSE_OVERRIDE|NGX_HTTP_COS_IMAGE|NGX_HTTP_COS_SSE)

#define NGX_HTTP_COS_LISTING                                                 \
    "prefix delimiter marker max-keys encoding-type"


static ngx_int_t ngx_http_cos_check_params(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static const ngx_http_cos_operation_t *ngx_http_cos_find_operation(
    ngx_uint_t method, ngx_http_cos_ctx_t *ctx, ngx_uint_t *features,
    ngx_str_t **unknown);
static ngx_uint_t ngx_http_cos_allowed(ngx_http_cos_allow_t *allow,
    const ngx_http_cos_operation_t *operation);
static ngx_uint_t ngx_http_cos_param_feature(ngx_http_cos_ctx_t *ctx,
    ngx_str_t *name);
static ngx_uint_t ngx_http_cos_signature_param(ngx_str_t *name);
static ngx_uint_t ngx_http_cos_in_list(const char *list, ngx_str_t *name,
    ngx_uint_t *n);
static ngx_str_t *ngx_http_cos_feature_name(ngx_uint_t feature);


/*
 * cos-protocol, section 4.  A request is the operation whose selectors it has
 * and whose selectors, parameters and features account for all that it has;
 * a request that no row accounts for is refused.
 */

static const ngx_http_cos_operation_t  ngx_http_cos_operations[] = {

#define OBJECT(action, method, group, features, selectors, params)           \
    { ngx_string(action), NGX_HTTP_COS_OBJECT, NGX_HTTP_##method,            \
      group, features, selectors, params }

#define BUCKET(action, method, group, selectors, params)                     \
    { ngx_string(action), NGX_HTTP_COS_BUCKET, NGX_HTTP_##method,            \
      group, 0, selectors, params }

#define ROOT(action, method, group, selectors, params)                       \
    { ngx_string(action), NGX_HTTP_COS_ROOT, NGX_HTTP_##method,              \
      group, 0, selectors, params }

    OBJECT("GetObject", GET, NGX_HTTP_COS_READ, NGX_HTTP_COS_DOWNLOAD,
           "", "versionId"),
    OBJECT("HeadObject", HEAD, NGX_HTTP_COS_READ, NGX_HTTP_COS_DOWNLOAD,
           "", "versionId"),
    OBJECT("OptionsObject", OPTIONS, NGX_HTTP_COS_READ, 0, "", ""),

    OBJECT("PutObject", PUT, NGX_HTTP_COS_WRITE,
           NGX_HTTP_COS_UPLOAD|NGX_HTTP_COS_COPY, "", ""),
    OBJECT("AppendObject", POST, NGX_HTTP_COS_WRITE, NGX_HTTP_COS_UPLOAD,
           "append position", ""),
    OBJECT("InitiateMultipartUpload", POST, NGX_HTTP_COS_WRITE,
           NGX_HTTP_COS_UPLOAD, "uploads", ""),
    OBJECT("UploadPart", PUT, NGX_HTTP_COS_WRITE,
           NGX_HTTP_COS_COPY|NGX_HTTP_COS_SSE, "partNumber uploadId", ""),
    OBJECT("CompleteMultipartUpload", POST, NGX_HTTP_COS_WRITE,
           NGX_HTTP_COS_CALLBACK|NGX_HTTP_COS_PIC_OPERATIONS, "uploadId", ""),
    OBJECT("AbortMultipartUpload", DELETE, NGX_HTTP_COS_WRITE, 0,
           "uploadId", ""),
    OBJECT("ListParts", GET, NGX_HTTP_COS_WRITE, 0,
           "uploadId", "encoding-type max-parts part-number-marker"),

    OBJECT("DeleteObject", DELETE, NGX_HTTP_COS_DELETE, 0, "", ""),
    OBJECT("DeleteObjectVersion", DELETE, 0, 0, "versionId", ""),

    OBJECT("GetObjectACL", GET, 0, 0, "acl", "versionId"),
    OBJECT("PutObjectACL", PUT, 0, NGX_HTTP_COS_ACL, "acl", "versionId"),
    OBJECT("GetObjectTagging", GET, 0, 0, "tagging", "versionId"),
    OBJECT("PutObjectTagging", PUT, 0, 0, "tagging", "versionId"),
    OBJECT("DeleteObjectTagging", DELETE, 0, 0, "tagging", "versionId"),
    OBJECT("PostObjectRestore", POST, 0, 0, "restore", "versionId"),
    OBJECT("SelectObjectContent", POST, 0, 0, "select select-type", ""),
    OBJECT("GetObjectRetention", GET, 0, 0, "retention", "versionId"),
    OBJECT("PutObjectRetention", PUT, 0, 0, "retention", "versionId"),
    OBJECT("GetSymlink", GET, 0, 0, "symlink", "versionId"),

    ROOT("GetBucket", GET, NGX_HTTP_COS_LIST, "", NGX_HTTP_COS_LISTING),
    BUCKET("HeadBucket", HEAD, NGX_HTTP_COS_LIST, "", ""),
    ROOT("GetBucketObjectVersions", GET, NGX_HTTP_COS_LIST, "versions",
         "prefix delimiter key-marker version-id-marker max-keys "
         "encoding-type"),
    ROOT("ListMultipartUploads", GET, NGX_HTTP_COS_LIST, "uploads",
         "prefix delimiter encoding-type max-uploads key-marker "
         "upload-id-marker"),
    ROOT("DeleteMultipleObjects", POST, NGX_HTTP_COS_DELETE, "delete", ""),
    BUCKET("GetBucketLocation", GET, 0, "location", ""),

    BUCKET("PutBucket", PUT, 0, "", ""),
    BUCKET("DeleteBucket", DELETE, 0, "", ""),
    BUCKET("GetBucketACL", GET, 0, "acl", ""),
    BUCKET("PutBucketACL", PUT, 0, "acl", ""),
    BUCKET("GetBucketCORS", GET, 0, "cors", ""),
    BUCKET("PutBucketCORS", PUT, 0, "cors", ""),
    BUCKET("DeleteBucketCORS", DELETE, 0, "cors", ""),
    BUCKET("GetBucketLifecycle", GET, 0, "lifecycle", ""),
    BUCKET("PutBucketLifecycle", PUT, 0, "lifecycle", ""),
    BUCKET("DeleteBucketLifecycle", DELETE, 0, "lifecycle", ""),
    BUCKET("GetBucketPolicy", GET, 0, "policy", ""),
    BUCKET("PutBucketPolicy", PUT, 0, "policy", ""),
    BUCKET("DeleteBucketPolicy", DELETE, 0, "policy", ""),
    BUCKET("GetBucketReferer", GET, 0, "referer", ""),
    BUCKET("PutBucketReferer", PUT, 0, "referer", ""),
    BUCKET("DeleteBucketReferer", DELETE, 0, "referer", ""),
    BUCKET("GetBucketTagging", GET, 0, "tagging", ""),
    BUCKET("PutBucketTagging", PUT, 0, "tagging", ""),
    BUCKET("DeleteBucketTagging", DELETE, 0, "tagging", ""),
    BUCKET("GetBucketWebsite", GET, 0, "website", ""),
    BUCKET("PutBucketWebsite", PUT, 0, "website", ""),
    BUCKET("DeleteBucketWebsite", DELETE, 0, "website", ""),
    BUCKET("ListBucketInventory", GET, 0, "inventory", "continuation-token"),
    BUCKET("GetBucketInventory", GET, 0, "inventory id", ""),
    BUCKET("PutBucketInventory", PUT, 0, "inventory id", ""),
    BUCKET("DeleteBucketInventory", DELETE, 0, "inventory id", ""),
    BUCKET("PostBucketInventory", POST, 0, "inventory id", ""),
    BUCKET("GetBucketVersioning", GET, 0, "versioning", ""),
    BUCKET("PutBucketVersioning", PUT, 0, "versioning", ""),
    BUCKET("GetBucketReplication", GET, 0, "replication", ""),
    BUCKET("PutBucketReplication", PUT, 0, "replication", ""),
    BUCKET("DeleteBucketReplication", DELETE, 0, "replication", ""),
    BUCKET("GetBucketLogging", GET, 0, "logging", ""),
    BUCKET("PutBucketLogging", PUT, 0, "logging", ""),
    BUCKET("GetBucketDomain", GET, 0, "domain", ""),
    BUCKET("PutBucketDomain", PUT, 0, "domain", ""),
    BUCKET("DeleteBucketDomain", DELETE, 0, "domain", ""),
    BUCKET("GetBucketDomainCertificate", GET, 0, "domaincertificate",
           "domainname"),
    BUCKET("PutBucketDomainCertificate", PUT, 0, "domaincertificate", ""),
    BUCKET("DeleteBucketDomainCertificate", DELETE, 0, "domaincertificate",
           "domainname"),
    BUCKET("GetBucketOrigin", GET, 0, "origin", ""),
    BUCKET("PutBucketOrigin", PUT, 0, "origin", ""),
    BUCKET("DeleteBucketOrigin", DELETE, 0, "origin", ""),
    BUCKET("GetBucketAccelerate", GET, 0, "accelerate", ""),
    BUCKET("PutBucketAccelerate", PUT, 0, "accelerate", ""),
    BUCKET("GetBucketEncryption", GET, 0, "encryption", ""),
    BUCKET("PutBucketEncryption", PUT, 0, "encryption", ""),
    BUCKET("DeleteBucketEncryption", DELETE, 0, "encryption", ""),
    BUCKET("GetBucketIntelligentTiering", GET, 0, "intelligenttiering", ""),
    BUCKET("GetBucketNotification", GET, 0, "notification", ""),
    BUCKET("PutBucketNotification", PUT, 0, "notification", ""),

    /* a page of any other site can send a form: never by a group */

    { ngx_string("PostObject"), NGX_HTTP_COS_FORM, NGX_HTTP_POST, 0,
      NGX_HTTP_COS_UPLOAD|NGX_HTTP_COS_REDIRECT, "", "" },

    { ngx_string("GetService"), NGX_HTTP_COS_SERVICE, NGX_HTTP_GET,
      NGX_HTTP_COS_LIST, 0, "",
      "region tagkey tagvalue create-time range marker max-keys" }

#undef OBJECT
#undef BUCKET
#undef ROOT
};

#define NGX_HTTP_COS_NOPERATIONS                                             \
    (sizeof(ngx_http_cos_operations) / sizeof(ngx_http_cos_operation_t))


static ngx_conf_bitmask_t  ngx_http_cos_groups[] = {
    { ngx_string("read"), NGX_HTTP_COS_READ },
    { ngx_string("write"), NGX_HTTP_COS_WRITE },
    { ngx_string("list"), NGX_HTTP_COS_LIST },
    { ngx_string("delete"), NGX_HTTP_COS_DELETE },
    { ngx_null_string, 0 }
};


static ngx_conf_bitmask_t  ngx_http_cos_features[] = {
    { ngx_string("acl"), NGX_HTTP_COS_ACL },
    { ngx_string("copy"), NGX_HTTP_COS_COPY },
    { ngx_string("response_override"), NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("image"), NGX_HTTP_COS_IMAGE|NGX_HTTP_COS_PIC_OPERATIONS },
    { ngx_string("sse"), NGX_HTTP_COS_SSE },
    { ngx_string("callback"), NGX_HTTP_COS_CALLBACK },
    { ngx_string("tagging"), NGX_HTTP_COS_TAGGING },
    { ngx_string("redirect"), NGX_HTTP_COS_REDIRECT },
    { ngx_null_string, 0 }
};


/* parameters of GetObject and HeadObject that ride on it */

static ngx_http_cos_guard_t  ngx_http_cos_param_guards[] = {

    { ngx_string("response-cache-control"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-content-disposition"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-content-encoding"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-content-language"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-content-type"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-expires"), 0, NGX_HTTP_COS_RESPONSE_OVERRIDE },

    { ngx_string("imageMogr2"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("imageView2"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("imageInfo"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("imageAve"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("exif"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("watermark/"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("ci-process"), 0, NGX_HTTP_COS_IMAGE },

    { ngx_null_string, 0, 0 }
};


/* without a value they select nothing */

static const char  ngx_http_cos_valued_params[] =
    "uploadId partNumber position id";


/*
 * What may stand beside "ci-process".  Not "expires", which pm3u8 needs: it
 * signs whatever objects a playlist names.
 */

static const char  ngx_http_cos_ci_params[] =
    "time format width height mode rotate scale interval page sheet srcType "
    "dstType quality imageDpi";


static ngx_http_cos_allow_t  ngx_http_cos_allow_read;


char *
ngx_http_cos_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t             *value;
    ngx_uint_t             i, k, group, found;
    ngx_conf_bitmask_t    *mask;
    ngx_http_cos_allow_t  *allow, **allowp;

    allowp = (ngx_http_cos_allow_t **) (p + cmd->offset);

    if (*allowp != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    allow = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_allow_t));
    if (allow == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        found = 0;
        group = 0;

        for (mask = ngx_http_cos_features; mask->name.len; mask++) {
            if (ngx_strcmp(value[i].data, mask->name.data) == 0) {
                allow->features |= mask->mask;
                found = 1;
            }
        }

        for (mask = ngx_http_cos_groups; mask->name.len; mask++) {
            if (ngx_strcmp(value[i].data, mask->name.data) == 0) {
                group = mask->mask;
            }
        }

        for (k = 0; k < NGX_HTTP_COS_NOPERATIONS; k++) {
            if ((ngx_http_cos_operations[k].group & group)
                || ngx_strcmp(value[i].data,
                              ngx_http_cos_operations[k].action.data)
                   == 0)
            {
                allow->operations[k / 64] |= (uint64_t) 1 << (k % 64);
                found = 1;
            }
        }

        if (!found) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown action, group or feature \"%V\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    *allowp = allow;

    return NGX_CONF_OK;
}


ngx_http_cos_allow_t *
ngx_http_cos_allow_default(void)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_COS_NOPERATIONS; i++) {
        if (ngx_http_cos_operations[i].group & NGX_HTTP_COS_READ) {
            ngx_http_cos_allow_read.operations[i / 64] |= (uint64_t) 1
                                                          << (i % 64);
        }
    }

    return &ngx_http_cos_allow_read;
}


ngx_int_t
ngx_http_cos_check_operation(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                       *unknown;
    ngx_uint_t                       features;
    ngx_http_cos_allow_t            *allow;
    ngx_http_cos_loc_conf_t         *cclf;
    const ngx_http_cos_operation_t  *operation;
#if (NGX_HTTP_CACHE)
    ngx_http_upstream_conf_t        *ucf;
    const ngx_http_cos_operation_t  *get;
#endif

    features = 0;
    unknown = NULL;

    rc = ngx_http_cos_check_params(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    operation = ngx_http_cos_find_operation(r->method, ctx, &features,
                                            &unknown);

    if (operation == NULL) {

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
            get = ngx_http_cos_find_operation(NGX_HTTP_GET, ctx, &features,
                                              &unknown);

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

    rc = ngx_http_cos_check_headers(r, ctx, &features);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_cos_check_features(r, ctx, features);
    if (rc != NGX_OK) {
        return rc;
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


ngx_uint_t
ngx_http_cos_allows_action(ngx_http_request_t *r, const char *action)
{
    ngx_uint_t                i;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    for (i = 0; i < NGX_HTTP_COS_NOPERATIONS; i++) {
        if (ngx_strcmp(ngx_http_cos_operations[i].action.data, action) == 0) {
            return ngx_http_cos_allowed(cclf->allow,
                                        &ngx_http_cos_operations[i]);
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_cos_allowed(ngx_http_cos_allow_t *allow,
    const ngx_http_cos_operation_t *operation)
{
    ngx_uint_t  i;

    i = operation - ngx_http_cos_operations;

    return (allow->operations[i / 64] >> (i % 64)) & 1;
}


ngx_uint_t
ngx_http_cos_allowed_methods(ngx_http_cos_allow_t *allow)
{
    ngx_uint_t  i, methods;

    methods = 0;

    for (i = 0; i < NGX_HTTP_COS_NOPERATIONS; i++) {
        if (ngx_http_cos_allowed(allow, &ngx_http_cos_operations[i])) {
            methods |= ngx_http_cos_operations[i].method;
        }
    }

    return methods;
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
ngx_http_cos_check_params(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_str_t   *name;
    ngx_uint_t   i, k, n;

    /* the client's own signature stays here unless it is what is used */

    n = ctx->nparams;

    for (i = 0, k = 0; i < n; i++) {
        if (!ctx->client_signed
            && ngx_http_cos_signature_param(&ctx->params[i].name))
        {
            continue;
        }

        ctx->params[k++] = ctx->params[i];
    }

    if (k < n) {
        n = k;
        ctx->nparams = n;
        ngx_str_null(&ctx->args);
    }

    for (i = 0; i < n; i++) {

        name = &ctx->params[i].name;

        for (k = 0; k < i; k++) {
            if (name->len == ctx->params[k].name.len
                && ngx_strncasecmp(name->data, ctx->params[k].name.data,
                                   name->len)
                   == 0)
            {
                return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                           "InvalidArgument",
                                           "duplicate query parameter \"%V\"",
                                           ngx_http_cos_printable(r, name));
            }
        }

        /* a server could take it for an operation without the parameter */

        if (ctx->params[i].value.len == 0
            && ngx_http_cos_in_list(ngx_http_cos_valued_params, name, NULL))
        {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "InvalidArgument",
                                       "query parameter \"%V\" is empty",
                                       name);
        }
    }

    return NGX_OK;
}


static const ngx_http_cos_operation_t *
ngx_http_cos_find_operation(ngx_uint_t method, ngx_http_cos_ctx_t *ctx,
    ngx_uint_t *features, ngx_str_t **unknown)
{
    ngx_uint_t                       i, k, n, level, root, feature, found;
    ngx_str_t                       *name;
    const ngx_http_cos_operation_t  *op;

    root = 0;

    if (ctx->post) {
        level = NGX_HTTP_COS_FORM;

    } else if (ctx->bucket->name.len == 0) {
        level = NGX_HTTP_COS_SERVICE;

    } else {
        level = ctx->key.len ? NGX_HTTP_COS_OBJECT : NGX_HTTP_COS_BUCKET;

        /* what a client has signed itself cannot get PREFIX */

        root = (ctx->key.len == 0
                || (ctx->key.len == ctx->confined.len && !ctx->client_signed));
    }

    for (i = 0; i < NGX_HTTP_COS_NOPERATIONS; i++) {

        op = &ngx_http_cos_operations[i];

        if (!(op->method & method)
            || !(op->level == level
                 || (op->level == NGX_HTTP_COS_ROOT && root)))
        {
            continue;
        }

        *features = 0;
        found = 0;

        for (k = 0; k < ctx->nparams; k++) {

            name = &ctx->params[k].name;

            if (ngx_http_cos_in_list(op->selectors, name, NULL)) {
                found++;
                continue;
            }

            if (ngx_http_cos_in_list(op->params, name, NULL)) {
                continue;
            }

            feature = ngx_http_cos_param_feature(ctx, name);

            if (op->features & feature) {
                *features |= feature;
                continue;
            }

            if (ctx->client_signed && ngx_http_cos_signature_param(name)) {
                continue;
            }

            if (*unknown == NULL) {
                *unknown = name;
            }

            break;
        }

        if (k < ctx->nparams) {
            continue;
        }

        (void) ngx_http_cos_in_list(op->selectors, NULL, &n);

        if (found == n) {
            return op;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_http_cos_param_feature(ngx_http_cos_ctx_t *ctx, ngx_str_t *name)
{
    ngx_str_t             *other;
    ngx_uint_t             i;
    ngx_http_cos_guard_t  *guard;

    guard = ngx_http_cos_guard(ngx_http_cos_param_guards, name);

    if (guard) {
        return guard->feature;
    }

    if (ngx_http_cos_in_list(ngx_http_cos_ci_params, name, NULL)) {

        for (i = 0; i < ctx->nparams; i++) {
            other = &ctx->params[i].name;

            if (ngx_http_cos_is(other, "ci-process")) {
                return NGX_HTTP_COS_IMAGE;
            }
        }
    }

    return 0;
}


/* cos-protocol, section 8.2: in any case, whatever the algorithm */

static ngx_uint_t
ngx_http_cos_signature_param(ngx_str_t *name)
{
    static ngx_str_t  token = ngx_string("x-cos-security-token");

    if (name->len >= 2 && ngx_strncasecmp(name->data, (u_char *) "q-", 2) == 0)
    {
        return 1;
    }

    if (name->len == 4 && ngx_strncasecmp(name->data, (u_char *) "sign", 4)
                          == 0)
    {
        return 1;
    }

    return name->len == token.len
           && ngx_strncasecmp(name->data, token.data, token.len) == 0;
}


/* whether a list of words has the name; without a name, counts the words */

static ngx_uint_t
ngx_http_cos_in_list(const char *list, ngx_str_t *name, ngx_uint_t *n)
{
    size_t       len;
    ngx_uint_t   count;
    const char  *p, *next;

    count = 0;

    for (p = list; *p; p = next) {

        for (next = p; *next && *next != ' '; next++) { /* void */ }

        len = next - p;
        count++;

        if (name && name->len == len && ngx_strncmp(name->data, p, len) == 0) {
            return 1;
        }

        if (*next) {
            next++;
        }
    }

    if (n) {
        *n = count;
    }

    return 0;
}


static ngx_str_t *
ngx_http_cos_feature_name(ngx_uint_t feature)
{
    ngx_conf_bitmask_t  *mask;

    for (mask = ngx_http_cos_features; mask->name.len; mask++) {
        if (mask->mask & feature) {
            break;
        }
    }

    return &mask->name;
}
