
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_guard.h"
#include "ngx_http_cos_sign.h"


/* a bound, since they are compared pair by pair */

#define NGX_HTTP_COS_MAX_HEADERS  100


static ngx_int_t ngx_http_cos_check_copy_source(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *value);


/* request headers that mean something to COS; others of COS are refused */

static ngx_http_cos_guard_t  ngx_http_cos_header_guards[] = {

    { ngx_string("x-cos-acl"), 0, NGX_HTTP_COS_ACL },
    { ngx_string("x-cos-grant-"), 1, NGX_HTTP_COS_ACL },
    { ngx_string("x-cos-copy-source"), 1, NGX_HTTP_COS_COPY },
    { ngx_string("x-cos-metadata-directive"), 0, NGX_HTTP_COS_COPY },
    { ngx_string("x-cos-tagging"), 1, NGX_HTTP_COS_TAGGING },
    { ngx_string("x-cos-server-side-encryption"), 1, NGX_HTTP_COS_SSE },
    { ngx_string("x-cos-callback"), 1, NGX_HTTP_COS_CALLBACK },
    { ngx_string("x-cos-return-body"), 0, NGX_HTTP_COS_CALLBACK },
    { ngx_string("pic-operations"), 0, NGX_HTTP_COS_PIC_OPERATIONS },

    { ngx_string("x-cos-meta-"), 1, 0 },
    { ngx_string("x-cos-storage-class"), 0, 0 },
    { ngx_string("x-cos-traffic-limit"), 0, 0 },
    { ngx_string("x-cos-forbid-overwrite"), 0, 0 },
    { ngx_string("x-cos-sdk-retry"), 0, 0 },

    { ngx_null_string, 0, 0 }
};


/* fields of forms; those that are named as headers mean the same */

static ngx_http_cos_guard_t  ngx_http_cos_field_guards[] = {

    { ngx_string("acl"), 0, NGX_HTTP_COS_ACL },
    { ngx_string("success_action_redirect"), 0, NGX_HTTP_COS_REDIRECT },

    { ngx_string("success_action_status"), 0, 0 },
    { ngx_string("cache-control"), 0, 0 },
    { ngx_string("content-disposition"), 0, 0 },
    { ngx_string("content-encoding"), 0, 0 },
    { ngx_string("content-md5"), 0, 0 },
    { ngx_string("content-type"), 0, 0 },
    { ngx_string("expires"), 0, 0 },

    { ngx_null_string, 0, 0 }
};


ngx_str_t  ngx_http_cos_client_only_headers[] = {
    ngx_string("authorization"),
    ngx_string("x-cos-security-token"),
    ngx_string("x-ci-security-token"),
    ngx_string("token"),
    ngx_string("clientip"),
    ngx_string("clientua"),
    ngx_string("proxy-authorization"),
    ngx_null_string
};


ngx_int_t
ngx_http_cos_check_headers(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_uint_t *features)
{
    u_char                    ch;
    ngx_int_t                 rc;
    ngx_str_t                 name;
    ngx_uint_t                i, k, n;
    ngx_list_part_t          *part;
    ngx_table_elt_t          *header;
    ngx_http_cos_guard_t     *guard;
    ngx_http_cos_loc_conf_t  *cclf;
    ngx_str_t                 seen[NGX_HTTP_COS_MAX_HEADERS];

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    n = 0;
    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        name.len = header[i].key.len;
        name.data = header[i].lowcase_key;

        if (name.len == 0) {
            continue;
        }

        /* most headers are neither signed nor guarded */

        ch = name.data[0];

        if (ch != 'x' && ch != 'c' && ch != 'p' && cclf->sign_headers == NULL)
        {
            continue;
        }

        /* the dialect of another service, which COS may know as well */

        if (name.len > 6 && ngx_strncmp(name.data, "x-amz-", 6) == 0) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN,
                                       "AccessDenied",
                                       "header \"%V\" is not known",
                                       ngx_http_cos_printable(r, &name));
        }

        /* the framing of another service, which COS would store as it is */

        if (name.len == sizeof("content-encoding") - 1
            && ngx_strncmp(name.data, "content-encoding", name.len) == 0
            && ngx_strlcasestrn(header[i].value.data,
                                header[i].value.data + header[i].value.len,
                                (u_char *) "aws-chunked", 11 - 1))
        {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "InvalidArgument",
                                       "content encoding is not supported");
        }

        if (!ngx_http_cos_signed_header(cclf, &name)) {
            continue;
        }

        for (k = 0; k < n; k++) {
            if (seen[k].len == name.len
                && ngx_strncmp(seen[k].data, name.data, name.len) == 0)
            {
                return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                           "InvalidArgument",
                                           "duplicate header \"%V\"",
                                           ngx_http_cos_printable(r, &name));
            }
        }

        if (n == NGX_HTTP_COS_MAX_HEADERS) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "InvalidArgument",
                                       "too many headers to sign");
        }

        seen[n++] = name;
        ctx->nheaders = n;

        if (ngx_http_cos_client_only(&name)
            || !ngx_http_cos_service_header(&name))
        {
            continue;
        }

        guard = ngx_http_cos_guard(ngx_http_cos_header_guards, &name);

        if (guard == NULL) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN,
                                       "AccessDenied",
                                       "header \"%V\" is not known",
                                       ngx_http_cos_printable(r, &name));
        }

        *features |= guard->feature;

        if (name.len == sizeof("x-cos-copy-source") - 1
            && guard->feature == NGX_HTTP_COS_COPY)
        {
            rc = ngx_http_cos_check_copy_source(r, ctx, &header[i].value);
            if (rc != NGX_OK) {
                return rc;
            }
        }

        if (name.len > 38
            && ngx_strncmp(name.data, "x-cos-server-side-encryption-customer-",
                           38)
               == 0)
        {
            ctx->customer_key = 1;
        }

        /* the rules of pic-operations write to keys that they name */

        if (guard->feature == NGX_HTTP_COS_PIC_OPERATIONS
            && (cclf->pass->prefix.len || cclf->pass->key))
        {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN,
                                       "AccessDenied",
                                       "header \"%V\" is not allowed where "
                                       "keys are confined", &name);
        }

        if (name.len > 30
            && ngx_strncmp(name.data, "x-cos-copy-source-server-side-", 30)
               == 0)
        {
            *features |= NGX_HTTP_COS_SSE;
        }
    }

    return NGX_OK;
}


/*
 * A copy reads with the rights of the gateway, so its source has to be what
 * a GET in the same location could reach (cos-protocol, section 8.3).
 */

static ngx_int_t
ngx_http_cos_check_copy_source(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *value)
{
    u_char                    *p, *last, *query;
    ngx_str_t                  host, key, *prefix;
    ngx_uint_t                 i;
    ngx_http_cos_pass_t       *pass;
    ngx_http_cos_bucket_t     *bucket, **bucketp;
    ngx_http_cos_loc_conf_t   *cclf;
    ngx_http_cos_main_conf_t  *cmcf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);
    cmcf = ngx_http_get_module_main_conf(r, ngx_http_cos_module);

    pass = cclf->pass;
    last = value->data + value->len;

    p = ngx_strlchr(value->data, last, '/');
    if (p == NULL) {
        goto invalid;
    }

    host.data = value->data;
    host.len = p++ - value->data;

    query = ngx_strlchr(p, last, '?');
    if (query == NULL) {
        query = last;
    }

    key.data = ngx_pnalloc(r->pool, query - p + 1);
    if (key.data == NULL) {
        return NGX_ERROR;
    }

    last = cos_unescape(key.data, p, query - p, 0);
    if (last == NULL) {
        goto invalid;
    }

    key.len = last - key.data;

    if (cos_key_check(&key, NULL) != NGX_OK) {
        goto invalid;
    }

    bucket = ngx_http_cos_find_bucket_by_host(cmcf, &host);
    if (bucket == NULL) {
        goto denied;
    }

    if (pass->key) {
        goto denied;
    }

    if (pass->bucket && bucket != pass->bucket) {
        goto denied;
    }

    prefix = &ctx->confined;

    if (key.len < prefix->len
        || ngx_memcmp(key.data, prefix->data, prefix->len) != 0)
    {
        goto denied;
    }

    /* at the root of its location PREFIX may stand without its slash */

    if (prefix->len && prefix->data[prefix->len - 1] != '/'
        && key.len > prefix->len && key.data[prefix->len] != '/')
    {
        goto denied;
    }

    if (pass->buckets) {
        bucketp = pass->buckets->elts;

        for (i = 0; i < pass->buckets->nelts; i++) {
            if (bucketp[i] == bucket) {
                break;
            }
        }

        if (i == pass->buckets->nelts) {
            goto denied;
        }
    }

    /* one signature reads the source and writes the target */

    if (pass->credentials == NULL && bucket->credentials != ctx->credentials) {
        goto denied;
    }

    return NGX_OK;

denied:

    return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                               "the source of the copy is not allowed here");

invalid:

    return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                               "InvalidArgument", "invalid copy source");
}


ngx_http_cos_guard_t *
ngx_http_cos_guard(ngx_http_cos_guard_t *guard, ngx_str_t *name)
{
    for ( /* void */ ; guard->name.len; guard++) {

        if (name->len < guard->name.len
            || (!guard->prefix && name->len != guard->name.len))
        {
            continue;
        }

        if (ngx_strncmp(name->data, guard->name.data, guard->name.len) == 0) {
            return guard;
        }
    }

    return NULL;
}


ngx_http_cos_guard_t *
ngx_http_cos_field_guard(ngx_str_t *lowcase)
{
    ngx_http_cos_guard_t  *guard;

    guard = ngx_http_cos_guard(ngx_http_cos_field_guards, lowcase);

    return guard ? guard
                 : ngx_http_cos_guard(ngx_http_cos_header_guards, lowcase);
}


ngx_uint_t
ngx_http_cos_client_only(ngx_str_t *lowcase)
{
    ngx_str_t  *only;

    for (only = ngx_http_cos_client_only_headers; only->len; only++) {
        if (only->len == lowcase->len
            && ngx_strncmp(only->data, lowcase->data, only->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_cos_drop_headers(ngx_http_request_t *r, ngx_str_t *names)
{
    ngx_str_t        *name;
    ngx_uint_t        i;
    ngx_list_part_t   first, *part;
    ngx_table_elt_t  *h, *header;

    first = r->headers_in.headers.part;

    if (ngx_list_init(&r->headers_in.headers, r->pool, 20,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    part = &first;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        for (name = names; name->len; name++) {
            if (name->len == header[i].key.len
                && ngx_strncmp(name->data, header[i].lowcase_key, name->len)
                   == 0)
            {
                break;
            }
        }

        if (name->len) {
            continue;
        }

        h = ngx_list_push(&r->headers_in.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = header[i];
    }

    return NGX_OK;
}
