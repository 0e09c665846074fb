
/*
 * Copyright (C) nginx-cos contributors
 *
 * The handlers of the upstream that proxy has set are wrapped while a request
 * is signed.  An error is told by its XML, so the header of one is complete
 * only when its body, as far as it fits into the buffer, is there.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_lease.h"
#include "ngx_http_cos_pass.h"
#include "ngx_http_cos_post.h"
#include "ngx_http_cos_retry.h"
#include "ngx_http_cos_wait.h"


/* seconds: what is taken for a clock that differs, as SDKs do, and the most */

#define NGX_HTTP_COS_MIN_SKEW  30
#define NGX_HTTP_COS_MAX_SKEW  86400


typedef enum {
    NGX_HTTP_COS_REFUSED_OTHER = 0,
    NGX_HTTP_COS_REFUSED_CREDENTIAL,
    NGX_HTTP_COS_REFUSED_TIME
} ngx_http_cos_refused_e;


static ngx_int_t ngx_http_cos_process_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_reinit_request(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_process_error(ngx_http_request_t *r);
static ngx_uint_t ngx_http_cos_error_complete(ngx_http_request_t *r,
    ngx_http_upstream_t *u);
static ngx_http_cos_refused_e ngx_http_cos_classify(ngx_http_request_t *r,
    ngx_str_t *code);
static ngx_int_t ngx_http_cos_element(ngx_str_t *body, const char *tag,
    ngx_str_t *text);
static time_t ngx_http_cos_clock_error(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
static ngx_int_t ngx_http_cos_correct_clock(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, time_t error);


void
ngx_http_cos_watch(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (u->process_header == ngx_http_cos_process_header) {
        return;
    }

    ctx->process_header = u->process_header;
    ctx->reinit_request = u->reinit_request;

    u->process_header = ngx_http_cos_process_header;
    u->reinit_request = ngx_http_cos_reinit_request;
}


static ngx_int_t
ngx_http_cos_process_header(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_cos_ctx_t   *ctx;
    ngx_http_upstream_t  *u;

    u = r->upstream;
    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    /* proxy changes it after the status line */

    u->process_header = ctx->process_header;
    rc = u->process_header(r);
    ctx->process_header = u->process_header;

    u->process_header = ngx_http_cos_process_header;

    if (rc != NGX_OK
        || (u->headers_in.status_n != NGX_HTTP_FORBIDDEN
            && u->headers_in.status_n != NGX_HTTP_BAD_REQUEST))
    {
        return rc;
    }

#if (NGX_HTTP_CACHE)

    /* a stale response, which was no error of this kind */

    if (r->cached) {
        return rc;
    }

#endif

    u->process_header = ngx_http_cos_process_error;

    return ngx_http_cos_process_error(r);
}


static ngx_int_t
ngx_http_cos_reinit_request(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_cos_ctx_t   *ctx;
    ngx_http_upstream_t  *u;

    u = r->upstream;
    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    rc = ctx->reinit_request(r);

    ctx->process_header = u->process_header;
    u->process_header = ngx_http_cos_process_header;

    return rc;
}


static ngx_int_t
ngx_http_cos_process_error(ngx_http_request_t *r)
{
    time_t                    error;
    ngx_int_t                 rc;
    ngx_str_t                 code;
    ngx_msec_t                wait;
    ngx_http_cos_ctx_t       *ctx;
    ngx_http_upstream_t      *u;
    ngx_http_cos_refused_e    refused;
    ngx_http_cos_loc_conf_t  *cclf;

    u = r->upstream;

    if (!ngx_http_cos_error_complete(r, u)) {
        return NGX_AGAIN;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    refused = ngx_http_cos_classify(r, &code);

    if (refused == NGX_HTTP_COS_REFUSED_OTHER) {
        return NGX_OK;
    }

#if (NGX_HTTP_CACHE)
    u->cacheable = 0;
#endif

    wait = 0;
    error = 0;

    if (refused == NGX_HTTP_COS_REFUSED_TIME) {
        error = ngx_http_cos_clock_error(r, ctx);
    }

    if (error) {
        rc = ngx_http_cos_correct_clock(r, ctx, error);

    } else {
        rc = ngx_http_cos_renew(ctx->credentials, ctx->generation);

        if (rc == NGX_DONE) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "COS refused cos_credentials \"%V\" with %V, "
                          "which is renewed early",
                          &ctx->credentials->name, &code);
            rc = NGX_AGAIN;
        }

        if (rc == NGX_AGAIN && !r->background) {
            cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

            ctx->refused = ctx->generation;
            wait = cclf->wait;
            rc = wait ? NGX_OK : NGX_DECLINED;
        }
    }

    if (rc != NGX_OK || ctx->retried || !ngx_http_cos_replayable(r)) {
        return NGX_OK;
    }

    ctx->retried = 1;

    if (u->state) {
        u->state->status = u->headers_in.status_n;
    }

    return ngx_http_cos_restart(r, ctx, wait);
}


static ngx_uint_t
ngx_http_cos_error_complete(ngx_http_request_t *r, ngx_http_upstream_t *u)
{
    ngx_str_t  *method;

    method = u->method.len ? &u->method : &r->method_name;

    if (u->buffer.last == u->buffer.end
        || ngx_http_cos_is(method, "HEAD")
        || ngx_strlcasestrn(u->buffer.pos, u->buffer.last,
                            (u_char *) "</Error>", sizeof("</Error>") - 2))
    {
        return 1;
    }

    if (!u->headers_in.chunked) {

        /* without a length it would end with the connection */

        return u->headers_in.content_length_n
               <= u->buffer.last - u->buffer.pos;
    }

    /* chunks without an error document, the last of which is empty */

    return u->buffer.last - u->buffer.pos >= 5
           && ngx_memcmp(u->buffer.last - 5, "0" CRLF CRLF, 5) == 0;
}


static ngx_http_cos_refused_e
ngx_http_cos_classify(ngx_http_request_t *r, ngx_str_t *code)
{
    ngx_str_t             body, message;
    ngx_http_cos_ctx_t   *ctx;
    ngx_http_upstream_t  *u;

    u = r->upstream;
    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    body.data = u->buffer.pos;
    body.len = u->buffer.last - u->buffer.pos;

    if (body.len == 0) {

        /* the answer to HEAD has nothing to tell it by but its date */

        if (u->headers_in.status_n == NGX_HTTP_FORBIDDEN
            && ngx_http_cos_clock_error(r, ctx))
        {
            ngx_str_set(code, "status 403");
            return NGX_HTTP_COS_REFUSED_TIME;
        }

        return NGX_HTTP_COS_REFUSED_OTHER;
    }

    if (ngx_http_cos_element(&body, "<Code>", code) != NGX_OK) {
        return NGX_HTTP_COS_REFUSED_OTHER;
    }

    if (ngx_http_cos_is(code, "InvalidAccessKeyId")
        || ngx_http_cos_is(code, "ExpiredToken"))
    {
        return NGX_HTTP_COS_REFUSED_CREDENTIAL;
    }

    if (ngx_http_cos_is(code, "RequestTimeTooSkewed")) {
        return NGX_HTTP_COS_REFUSED_TIME;
    }

    if (ngx_http_cos_is(code, "AccessDenied")
        && ngx_http_cos_element(&body, "<Message>", &message) == NGX_OK
        && ngx_http_cos_is(&message, "Request has expired"))
    {
        return NGX_HTTP_COS_REFUSED_TIME;
    }

    return NGX_HTTP_COS_REFUSED_OTHER;
}


/* the text of the first such element; the texts we look for have no escapes */

static ngx_int_t
ngx_http_cos_element(ngx_str_t *body, const char *tag, ngx_str_t *text)
{
    u_char  *p, *end, *last;

    last = body->data + body->len;

    p = ngx_strlcasestrn(body->data, last, (u_char *) tag,
                         ngx_strlen(tag) - 1);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    p += ngx_strlen(tag);

    end = ngx_strlchr(p, last, '<');
    if (end == NULL) {
        return NGX_DECLINED;
    }

    text->data = p;
    text->len = end - p;

    return NGX_OK;
}


/* by how many seconds the clock of COS is ahead of what was signed */

static time_t
ngx_http_cos_clock_error(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    time_t            date, error;
    ngx_table_elt_t  *h;

    h = r->upstream->headers_in.date;

    if (h == NULL) {
        return 0;
    }

    date = ngx_parse_http_time(h->value.data, h->value.len);

    if (date == NGX_ERROR) {
        return 0;
    }

    error = date - (ngx_time() + ctx->skew);

    if (error > -NGX_HTTP_COS_MIN_SKEW && error < NGX_HTTP_COS_MIN_SKEW) {
        return 0;
    }

    return error;
}


static ngx_int_t
ngx_http_cos_correct_clock(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    time_t error)
{
    time_t  skew;

    skew = ctx->skew + error;

    if (skew > NGX_HTTP_COS_MAX_SKEW || skew < -NGX_HTTP_COS_MAX_SKEW) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the clock differs from that of COS by %T s, "
                      "which is too much to be corrected", skew);
        return NGX_DECLINED;
    }

    if (ctx->bucket->skew != ctx->skew) {

        /* learnt by another request after this one was signed */

        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "the clock differs from that of COS by %T s, "
                  "signatures for \"%V\" are made with the time of COS",
                  skew, &ctx->bucket->host);

    ctx->bucket->skew = skew;

    return NGX_OK;
}


ngx_uint_t
ngx_http_cos_replayable(ngx_http_request_t *r)
{
    return !r->request_body_no_buffering && !r->reading_body;
}


/*
 * The cleanup handler of the upstream finalizes it, as it does when a request
 * goes elsewhere, but without an answer to the client.  It drops a reference,
 * and so does nginx when it sees the error.
 */

void
ngx_http_cos_leave_upstream(ngx_http_request_t *r)
{
    r->main->count += 2;

    (*r->upstream->cleanup)(r);

    r->write_event_handler = ngx_http_request_empty_handler;
}


ngx_int_t
ngx_http_cos_restart(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_msec_t timeout)
{
    ngx_http_cos_leave_upstream(r);

    ngx_http_finalize_request(r, ngx_http_cos_wait(r, ctx, timeout,
                                                   ngx_http_cos_again));

    return NGX_ERROR;
}


ngx_int_t
ngx_http_cos_again(ngx_http_request_t *r)
{
    ngx_http_cos_ctx_t       *ctx;
    ngx_http_cos_loc_conf_t  *cclf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx->post) {
        return ngx_http_cos_post_again(r);
    }

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    return cclf->pass->proxy(r);
}
