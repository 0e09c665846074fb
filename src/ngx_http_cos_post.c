
/*
 * Copyright (C) nginx-cos contributors
 *
 * The body is read by nginx, and looked at by the filter of cos_post_body.c.
 * When the head is complete, or without proxy_request_buffering all of the
 * form, a new head is put in front of what is left, and the request is handed
 * over to proxy.
 *
 * At any time the request says that its body is as long as what is left of
 * it, whoever may come to read that.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_operation.h"
#include "ngx_http_cos_pass.h"
#include "ngx_http_cos_post.h"
#include "ngx_http_cos_proxy.h"
#include "ngx_http_cos_target.h"
#include "ngx_http_cos_wait.h"
#include "ngx_http_cos_zone.h"


static ngx_int_t ngx_http_cos_post_init(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static ngx_int_t ngx_http_cos_post_preread(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static void ngx_http_cos_post_read(ngx_http_request_t *r);
static void ngx_http_cos_post_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_post_complete(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static ngx_int_t ngx_http_cos_post_prepare(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static ngx_int_t ngx_http_cos_post_proceed(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_post_prepend(ngx_http_request_t *r,
    ngx_http_cos_post_t *post, ngx_str_t *head);
static void ngx_http_cos_post_resize(ngx_http_request_t *r, off_t delta);
static void ngx_http_cos_post_drop(ngx_http_request_t *r);
static void ngx_http_cos_post_abort(ngx_event_t *ev);
static void ngx_http_cos_post_cleanup(void *data);


ngx_uint_t
ngx_http_cos_is_form(ngx_http_request_t *r)
{
    return r->method == NGX_HTTP_POST && r->args.len == 0
           && r->headers_in.content_type
           && cos_form_type(&r->headers_in.content_type->value)
           && ngx_http_cos_is_root(r);
}


ngx_int_t
ngx_http_cos_post(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t             rc;
    ngx_http_cos_post_t  *post;

    post = ngx_pcalloc(r->pool, sizeof(ngx_http_cos_post_t));
    if (post == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->post = post;

    rc = ngx_http_cos_post_init(r, ctx);

    /* as with mirror, or with client_body_early_read */

    if (rc == NGX_OK && r->request_body) {
        rc = ngx_http_cos_post_preread(r, ctx);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_cos_send_error(r, ctx);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* COS wants to know the length of a form, and so do we */

    if (post->length > 0 && ngx_http_cos_proxy_unbuffered(r)) {
        r->request_body_no_buffering = 1;
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_cos_post_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* what can be refused before anything is read */

static ngx_int_t
ngx_http_cos_post_init(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t             rc;
    ngx_http_cos_post_t  *post;

    post = ctx->post;

    rc = ngx_http_cos_check_operation(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    if (cos_form_init(&post->form, &r->headers_in.content_type->value)
        != NGX_OK)
    {
        return ngx_http_cos_post_malformed(r, ctx, post->form.error);
    }

    /* it is that of another body than the one that is sent */

    if (ngx_http_cos_header(&r->headers_in.headers, "content-md5")) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "InvalidArgument",
                                   "Content-MD5 of a form is a field of it");
    }

    post->length = r->headers_in.chunked ? -1
                                         : r->headers_in.content_length_n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_post_preread(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_buf_t                *b;
    ngx_chain_t              *cl, *ln, **ll;
    ngx_http_request_body_t  *rb;

    /* the original is for others, too */

    rb = ngx_palloc(r->pool, sizeof(ngx_http_request_body_t));
    if (rb == NULL) {
        return NGX_ERROR;
    }

    *rb = *r->request_body;
    rb->bufs = NULL;

    ll = &rb->bufs;

    for (ln = r->request_body->bufs; ln; ln = ln->next) {

        if (!ngx_buf_in_memory(ln->buf) && ngx_buf_size(ln->buf)) {
            return ngx_http_cos_refuse(r, ctx, NGX_HTTP_NOT_IMPLEMENTED,
                                       "NotImplemented",
                                       "the form has been read to a file "
                                       "before");
        }

        b = ngx_alloc_buf(r->pool);
        if (b == NULL) {
            return NGX_ERROR;
        }

        *b = *ln->buf;

        if (ngx_http_cos_post_take(r, ctx, b) != NGX_OK) {
            return NGX_ERROR;
        }

        if (b->pos == b->last) {
            continue;
        }

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = b;
        cl->next = NULL;

        *ll = cl;
        ll = &cl->next;
    }

    r->request_body = rb;

    return NGX_OK;
}


/* while the head is read without buffering */

static void
ngx_http_cos_post_read(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_cos_ctx_t   *ctx;
    ngx_http_cos_post_t  *post;

    rc = ngx_http_read_unbuffered_request_body(r);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {

        /* an error page may lead to another location */

        r->read_event_handler = ngx_http_block_reading;
        ngx_http_cos_post_drop(r);

        ngx_http_finalize_request(r, rc);
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);
    post = ctx->post;

    if (!r->reading_body || post->headed || post->refused) {
        r->read_event_handler = ngx_http_block_reading;
        ngx_http_cos_post_body(r);
    }
}


static void
ngx_http_cos_post_body(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_cos_ctx_t       *ctx;
    ngx_http_cos_post_t      *post;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);
    post = ctx->post;

    if (r->reading_body) {

        if (!post->headed && !post->refused) {
            r->read_event_handler = ngx_http_cos_post_read;
            return;
        }

        /* from here on proxy says when to read */

        if (r->connection->read->timer_set) {
            ngx_del_timer(r->connection->read);
        }
    }

    rc = ngx_http_cos_post_complete(r, ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_cos_post_prepare(r, ctx);
    }

    switch (rc) {

    case NGX_OK:
        rc = ngx_http_cos_post_proceed(r);
        break;

    case NGX_AGAIN:

        if (cclf->wait && ngx_http_cos_credential_to_come(ctx->credentials)) {
            rc = ngx_http_cos_wait(r, ctx, cclf->wait,
                                   ngx_http_cos_post_proceed);
            break;
        }

        ngx_http_cos_post_drop(r);
        rc = ngx_http_cos_no_credential(r, ctx);
        break;

    case NGX_DECLINED:
        ngx_http_cos_post_drop(r);
        rc = ngx_http_cos_send_error(r, ctx);
        break;

    default:
        ngx_http_cos_post_drop(r);
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_finalize_request(r, rc);
}


/* what has been read is a form, or at least the head of one */

static ngx_int_t
ngx_http_cos_post_complete(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_http_cos_post_t  *post;

    post = ctx->post;

    if (!r->reading_body) {

        if (!post->refused && cos_form_end(&post->form) != NGX_OK) {
            return ngx_http_cos_post_malformed(r, ctx, post->form.error);
        }

        /* if it was not known before */

        r->headers_in.content_length_n = post->received;
    }

    if (post->refused) {
        return NGX_DECLINED;
    }

    ngx_http_cos_post_resize(r, -(off_t) post->form.head_len);

    return NGX_OK;
}


/* NGX_DECLINED if the request is refused, NGX_AGAIN without a credential */

static ngx_int_t
ngx_http_cos_post_prepare(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_http_cos_post_t      *post;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);
    post = ctx->post;

    rc = ngx_http_cos_check_fields(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_cos_check_features(r, ctx, post->features);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_cos_find_form_target(r, ctx, &post->key);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->client_signed
        && (ctx->key.len != post->key.len
            || ngx_memcmp(ctx->key.data, post->key.data, ctx->key.len) != 0))
    {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                                   "the client has signed another key");
    }

    if (!ctx->client_signed) {
        ctx->credentials = ngx_http_cos_signer(cclf, ctx->bucket);
    }

    ctx->allowed = 1;

    if (ctx->credentials && ngx_http_cos_get_secret(ctx->credentials) == NULL)
    {
        return NGX_AGAIN;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_post_proceed(ngx_http_request_t *r)
{
    off_t                 min, max, tail;
    ngx_int_t             rc;
    ngx_str_t             head;
    ngx_http_cos_ctx_t   *ctx;
    ngx_http_cos_post_t  *post;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);
    post = ctx->post;

    min = post->form.file_len;
    max = min;

    if (r->reading_body) {

        /* the last line of a form may have its CRLF or not */

        tail = post->form.delimiter_len + 2;
        max = ngx_max(post->length - (off_t) post->form.head_len - tail, 0);
        min = ngx_max(max - 2, 0);
    }

    rc = ngx_http_cos_write_head(r, ctx, min, max, &head);

    if (rc == NGX_DECLINED) {
        ngx_http_cos_post_drop(r);
        return ngx_http_cos_no_credential(r, ctx);
    }

    if (rc != NGX_OK || ngx_http_cos_post_prepend(r, post, &head) != NGX_OK) {
        ngx_http_cos_post_drop(r);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    post->sent = 1;

    return ngx_http_cos_proceed(r);
}


ngx_int_t
ngx_http_cos_post_again(ngx_http_request_t *r)
{
    ngx_chain_t  *cl;

    /* the head, which proxy has sent a copy of */

    cl = r->request_body->bufs;
    r->request_body->bufs = cl->next;

    ngx_http_cos_post_resize(r, -ngx_buf_size(cl->buf));

    return ngx_http_cos_post_proceed(r);
}


static ngx_int_t
ngx_http_cos_post_prepend(ngx_http_request_t *r, ngx_http_cos_post_t *post,
    ngx_str_t *head)
{
    ngx_buf_t           *b;
    ngx_chain_t         *cl;
    ngx_http_cleanup_t  *cln;

    if (r->reading_body) {

        cln = ngx_http_cleanup_add(r, 0);
        if (cln == NULL) {
            return NGX_ERROR;
        }

        cln->handler = ngx_http_cos_post_cleanup;
        cln->data = post;

        post->event.handler = ngx_http_cos_post_abort;
        post->event.data = r;
        post->event.log = r->connection->log;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->start = head->data;
    b->pos = head->data;
    b->last = head->data + head->len;
    b->end = b->last;
    b->memory = 1;

    cl = ngx_alloc_chain_link(r->pool);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    cl->buf = b;
    cl->next = r->request_body->bufs;
    r->request_body->bufs = cl;

    ngx_http_cos_post_resize(r, head->len);

    return NGX_OK;
}


/* HTTP/2 and HTTP/3 compare what they have received with what was declared */

static void
ngx_http_cos_post_resize(ngx_http_request_t *r, off_t delta)
{
    r->headers_in.content_length_n += delta;
    r->request_body->received += delta;
}


/* or an error page could pass a part of it on */

static void
ngx_http_cos_post_drop(ngx_http_request_t *r)
{
    r->headers_in.content_length_n = 0;

    if (r->request_body) {
        r->request_body->bufs = NULL;
    }
}


/* not within the filter, which the upstream has called */

static void
ngx_http_cos_post_abort(ngx_event_t *ev)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;
    ngx_http_cos_ctx_t  *ctx;

    r = ev->data;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    /* COS has answered before, maybe with what led to another location */

    if (ctx == NULL || ctx->post == NULL || ev != &ctx->post->event
        || r->header_sent || r->upstream == NULL
        || r->upstream->cleanup == NULL)
    {
        return;
    }

    /* as ngx_http_upstream_create() ends another one */

    r->main->count++;
    (*r->upstream->cleanup)(r);

    r->read_event_handler = ngx_http_block_reading;
    ngx_http_cos_post_drop(r);

    rc = ngx_http_cos_send_error(r, ctx);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_cos_post_cleanup(void *data)
{
    ngx_http_cos_post_t *post = data;

    if (post->event.posted) {
        ngx_delete_posted_event(&post->event);
    }
}
