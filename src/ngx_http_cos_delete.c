
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_action.h"
#include "ngx_http_cos_delete.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_guard.h"
#include "ngx_http_cos_pass.h"

#include "cos_delete.h"

#include <ngx_md5.h>


/* a thousand keys, with as much again and more for escapes and markup */

#define NGX_HTTP_COS_DELETE_BODY  (2 * 1024 * 1024)

#define NGX_HTTP_COS_VERSION_LEN  1024


static void ngx_http_cos_delete_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_delete_replace(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static ngx_int_t ngx_http_cos_delete_body(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *body);
static ngx_int_t ngx_http_cos_delete_check_md5(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *body);
static ngx_int_t ngx_http_cos_delete_check(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, cos_delete_t *d);
static void ngx_http_cos_delete_md5(ngx_str_t *body, ngx_str_t *md5);
static ngx_int_t ngx_http_cos_delete_set_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_cos_delete_set_headers(ngx_http_request_t *r,
    ngx_str_t *md5);
static ngx_table_elt_t *ngx_http_cos_delete_add_header(ngx_http_request_t *r,
    char *name, char *lowcase, ngx_str_t *value);


/* headers that describe the body of the client */

static ngx_str_t  ngx_http_cos_delete_headers[] = {
    ngx_string("content-encoding"),
    ngx_string("content-md5"),
    ngx_string("content-type"),
    ngx_null_string
};


ngx_int_t
ngx_http_cos_delete_handler(ngx_http_request_t *r)
{
    ngx_int_t            rc;
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (r->headers_in.content_length_n > NGX_HTTP_COS_DELETE_BODY) {

        if (ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST, "MalformedXML",
                                "the body is too large")
            != NGX_DECLINED)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_cos_send_error(r, ctx);
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_cos_delete_read);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_cos_delete_read(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_cos_ctx_t       *ctx;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    rc = ngx_http_cos_delete_replace(r, ctx);

    if (rc == NGX_OK) {

        /* it finds the body read */

        rc = cclf->pass->proxy(r);

    } else if (rc == NGX_DECLINED) {
        rc = ngx_http_cos_send_error(r, ctx);

    } else {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_cos_delete_replace(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    u_char        *text;
    ngx_int_t      rc;
    ngx_str_t      body, md5;
    cos_delete_t   d;
    u_char         buf[ngx_base64_encoded_length(16)];

    rc = ngx_http_cos_delete_body(r, ctx, &body);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_cos_delete_check_md5(r, ctx, &body);
    if (rc != NGX_OK) {
        return rc;
    }

    text = ngx_pnalloc(r->pool, body.len);
    if (text == NULL) {
        return NGX_ERROR;
    }

    d.objects = ngx_palloc(r->pool,
                           COS_DELETE_MAX * sizeof(cos_delete_object_t));
    if (d.objects == NULL) {
        return NGX_ERROR;
    }

    rc = cos_delete_parse(&d, &body, text);

    if (rc == NGX_DECLINED) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "MalformedXML",
                                   "the body is not a list of up to %d keys",
                                   COS_DELETE_MAX);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_cos_delete_check(r, ctx, &d);
    if (rc != NGX_OK) {
        return rc;
    }

    /* of this body is the digest that the client has signed */

    if (ctx->client_signed) {
        return NGX_OK;
    }

    body.len = cos_delete_len(&d, &ctx->confined);
    body.data = ngx_pnalloc(r->pool, body.len);
    if (body.data == NULL) {
        return NGX_ERROR;
    }

    (void) cos_delete_write(body.data, &d, &ctx->confined);

    md5.data = buf;
    ngx_http_cos_delete_md5(&body, &md5);

    if (ngx_http_cos_delete_set_headers(r, &md5) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_cos_delete_set_body(r, &body);
}


/* the body in one piece */

static ngx_int_t
ngx_http_cos_delete_body(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *body)
{
    off_t         len;
    u_char       *p;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl, *bufs;

    bufs = r->request_body ? r->request_body->bufs : NULL;
    len = 0;

    for (cl = bufs; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    if (len == 0) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "MissingRequestBodyError",
                                   "the body is empty");
    }

    if (len > NGX_HTTP_COS_DELETE_BODY) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "MalformedXML", "the body is too large");
    }

    if (bufs->next == NULL && ngx_buf_in_memory(bufs->buf)) {
        body->len = len;
        body->data = bufs->buf->pos;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->len = len;
    body->data = p;

    for (cl = bufs; cl; cl = cl->next) {

        b = cl->buf;
        len = ngx_buf_size(b);

        if (len == 0) {
            continue;
        }

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, len);
            continue;
        }

        n = ngx_read_file(b->file, p, len, b->file_pos);

        if (n != (ssize_t) len) {

            if (n != NGX_ERROR) {
                ngx_log_error(NGX_LOG_CRIT, r->connection->log, 0,
                              ngx_read_file_n " read only %z of %O from "
                              "\"%V\"", n, len, &b->file->name);
            }

            return NGX_ERROR;
        }

        p += len;
    }

    return NGX_OK;
}


/* COS will not see the body that the client has computed it from */

static ngx_int_t
ngx_http_cos_delete_check_md5(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *body)
{
    u_char      buf[ngx_base64_encoded_length(16)];
    ngx_str_t   md5, *value;

    value = ngx_http_cos_header(&r->headers_in.headers, "content-md5");

    if (value == NULL) {
        return NGX_OK;
    }

    md5.data = buf;
    ngx_http_cos_delete_md5(body, &md5);

    if (value->len == md5.len
        && ngx_memcmp(value->data, md5.data, md5.len) == 0)
    {
        return NGX_OK;
    }

    return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST, "BadDigest",
                               "the body does not match Content-MD5");
}


/* what a DELETE of the same key would be checked for */

static ngx_int_t
ngx_http_cos_delete_check(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    cos_delete_t *d)
{
    size_t       k;
    ngx_str_t   *key, *version;
    ngx_uint_t   i;

    for (i = 0; i < d->nobjects; i++) {

        key = &d->objects[i].key;
        version = &d->objects[i].version_id;

        if (ctx->confined.len + key->len > COS_KEY_LEN) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "KeyTooLong", "Your key is too long");
        }

        if (cos_key_check(key, NULL) != NGX_OK
            || key->data[0] == '/' || key->data[0] == '\\')
        {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "InvalidArgument",
                                       "a key begins with a slash, has a "
                                       "control character, or has a dot "
                                       "segment");
        }

        if (version->len == 0) {
            continue;
        }

        if (!ngx_http_cos_allows_action(r, "DeleteObjectVersion")) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN,
                                       "AccessDenied",
                                       "operation \"DeleteObjectVersion\" "
                                       "is not allowed here");
        }

        for (k = 0; k < version->len; k++) {
            if (version->data[k] <= 0x20 || version->data[k] >= 0x7f) {
                break;
            }
        }

        if (k < version->len || version->len > NGX_HTTP_COS_VERSION_LEN) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "InvalidArgument",
                                       "invalid version of a key");
        }
    }

    return NGX_OK;
}


static void
ngx_http_cos_delete_md5(ngx_str_t *body, ngx_str_t *md5)
{
    u_char     digest[16];
    ngx_md5_t  ctx;
    ngx_str_t  bin;

    ngx_md5_init(&ctx);
    ngx_md5_update(&ctx, body->data, body->len);
    ngx_md5_final(digest, &ctx);

    bin.len = 16;
    bin.data = digest;

    ngx_encode_base64(md5, &bin);
}


/* a subrequest shares the body of its parent, and leaves it as it is */

static ngx_int_t
ngx_http_cos_delete_set_body(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    rb = ngx_palloc(r->pool, sizeof(ngx_http_request_body_t));
    if (rb == NULL) {
        return NGX_ERROR;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    cl = ngx_alloc_chain_link(r->pool);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    b->start = body->data;
    b->pos = body->data;
    b->last = body->data + body->len;
    b->end = b->last;
    b->temporary = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    *rb = *r->request_body;

    rb->bufs = cl;
    rb->buf = b;
    rb->temp_file = NULL;

    r->request_body = rb;

    r->headers_in.content_length_n = body->len;
    r->headers_in.chunked = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_delete_set_headers(ngx_http_request_t *r, ngx_str_t *md5)
{
    ngx_str_t         type, value;
    ngx_table_elt_t  *h;

    value.len = md5->len;
    value.data = ngx_pstrdup(r->pool, md5);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_cos_drop_headers(r, ngx_http_cos_delete_headers) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_cos_delete_add_header(r, "Content-MD5", "content-md5",
                                       &value)
        == NULL)
    {
        return NGX_ERROR;
    }

    ngx_str_set(&type, "application/xml");

    h = ngx_http_cos_delete_add_header(r, "Content-Type", "content-type",
                                       &type);
    if (h == NULL) {
        return NGX_ERROR;
    }

    r->headers_in.content_type = h;

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_cos_delete_add_header(ngx_http_request_t *r, char *name,
    char *lowcase, ngx_str_t *value)
{
    ngx_table_elt_t     *h;
    ngx_http_cos_ctx_t  *ctx;

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NULL;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);
    ctx->nheaders++;

    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);
    h->value = *value;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return h;
}
