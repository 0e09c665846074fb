
/*
 * Copyright (C) nginx-cos contributors
 *
 * A request body filter takes the head of a form away, which grows in a buffer
 * of its own, and follows the file to its end.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_post.h"


#define NGX_HTTP_COS_HEAD_FIRST  4096
#define NGX_HTTP_COS_HEAD_LEN    65536


static ngx_int_t ngx_http_cos_post_take_head(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_buf_t *b);


ngx_int_t
ngx_http_cos_post_filter(ngx_http_request_t *r, ngx_chain_t *in,
    ngx_http_request_body_filter_pt next)
{
    ngx_int_t             rc;
    ngx_buf_t            *b;
    ngx_chain_t          *cl, *out, **ll;
    ngx_http_cos_ctx_t   *ctx;
    ngx_http_cos_post_t  *post;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx == NULL || ctx->post == NULL || in == NULL) {
        return next(r, in);
    }

    post = ctx->post;

    out = NULL;
    ll = &out;

    for ( /* void */ ; in; in = in->next) {

        b = in->buf;

        if (ngx_http_cos_post_take(r, ctx, b) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (b->pos == b->last) {

            /* an upload that has begun must not come to its end */

            if (!b->last_buf || (post->refused && post->sent)) {
                continue;
            }

            b->temporary = 0;
        }

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        cl->buf = b;
        cl->next = NULL;

        *ll = cl;
        ll = &cl->next;
    }

    rc = next(r, out);

    while (out) {
        cl = out;
        out = out->next;
        ngx_free_chain(r->pool, cl);
    }

    return rc;
}


ngx_int_t
ngx_http_cos_post_take(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_buf_t *b)
{
    ngx_int_t             rc;
    cos_form_t           *form;
    ngx_http_cos_post_t  *post;

    post = ctx->post;
    form = &post->form;

    post->received += b->last - b->pos;

    rc = NGX_OK;

    if (!post->refused && !post->headed) {
        rc = ngx_http_cos_post_take_head(r, ctx, b);
    }

    if (rc == NGX_OK && post->headed && !post->refused) {

        rc = cos_form_file(form, b->pos, b->last);

        /* known before its last byte is passed on */

        if (rc == NGX_OK && post->received == post->length) {
            rc = cos_form_end(form);
        }

        if (rc != NGX_OK) {
            rc = ngx_http_cos_post_malformed(r, ctx, form->error);
        }
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (post->refused) {
        b->pos = b->last;
        b->start = b->pos;

        if (post->sent && !post->event.posted) {
            ngx_post_event(&post->event, &ngx_posted_events);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_post_take_head(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_buf_t *b)
{
    u_char               *p;
    size_t                n, size;
    ngx_int_t             rc;
    ngx_http_cos_post_t  *post;

    post = ctx->post;

    if (b->pos == b->last) {
        return NGX_OK;
    }

    n = ngx_min(b->last - b->pos,
                (ssize_t) (NGX_HTTP_COS_HEAD_LEN - post->len));

    if (post->len + n > post->size) {

        size = ngx_max(post->size, NGX_HTTP_COS_HEAD_FIRST / 2);

        do {
            size *= 2;
        } while (size < post->len + n);

        p = ngx_palloc(r->pool, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (post->buf) {
            ngx_memcpy(p, post->buf, post->len);
            (void) ngx_pfree(r->pool, post->buf);
        }

        post->buf = p;
        post->size = size;
    }

    ngx_memcpy(post->buf + post->len, b->pos, n);
    post->len += n;
    b->pos += n;

    rc = cos_form_head(&post->form, post->buf, post->len);

    switch (rc) {

    case NGX_OK:
        b->pos -= post->len - post->form.head_len;
        post->len = post->form.head_len;
        post->headed = 1;
        break;

    case NGX_AGAIN:

        if (post->len < NGX_HTTP_COS_HEAD_LEN) {
            rc = NGX_OK;
            break;
        }

        post->form.error = "the fields before the file are too long";

        /* fall through */

    default:
        rc = ngx_http_cos_post_malformed(r, ctx, post->form.error);
    }

    /* a retry begins here */

    b->start = b->pos;

    return rc;
}


ngx_int_t
ngx_http_cos_post_malformed(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    const char *error)
{
    ctx->post->refused = 1;

    return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                               "MalformedPOSTRequest", "%s", error);
}
