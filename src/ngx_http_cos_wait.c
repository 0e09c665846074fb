
/*
 * Copyright (C) nginx-cos contributors
 *
 * Workers have no way to wake each other, so a request looks now and then, as
 * one does that waits for a cache lock.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_wait.h"
#include "ngx_http_cos_zone.h"


#define NGX_HTTP_COS_WAIT_INTERVAL  50


typedef struct {
    ngx_http_request_t     *request;
    ngx_http_cos_ctx_t     *ctx;
    ngx_http_handler_pt     handler;
    ngx_msec_t              deadline;
    ngx_event_t             event;
} ngx_http_cos_wait_t;


static void ngx_http_cos_wait_handler(ngx_event_t *ev);
static void ngx_http_cos_wait_cleanup(void *data);


ngx_int_t
ngx_http_cos_wait(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_msec_t timeout, ngx_http_handler_pt handler)
{
    ngx_http_cleanup_t   *cln;
    ngx_http_cos_wait_t  *w;

    w = ngx_pcalloc(r->pool, sizeof(ngx_http_cos_wait_t));
    if (w == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_cos_wait_cleanup;
    cln->data = w;

    w->request = r;
    w->ctx = ctx;
    w->handler = handler;
    w->deadline = ngx_current_msec + timeout;

    w->event.handler = ngx_http_cos_wait_handler;
    w->event.data = w;
    w->event.log = r->connection->log;

    /* the caller may be deep inside of the upstream, so not at once */

    ngx_add_timer(&w->event, timeout ? NGX_HTTP_COS_WAIT_INTERVAL : 1);

    if (r == r->main) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->main->count++;

    return NGX_DONE;
}


static void
ngx_http_cos_wait_handler(ngx_event_t *ev)
{
    ngx_int_t               rc;
    ngx_uint_t              late;
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_cos_wait_t    *w;
    ngx_http_cos_secret_t  *secret;

    w = ev->data;
    r = w->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    late = (ngx_msec_int_t) (w->deadline - ngx_current_msec) <= 0;

    secret = ngx_http_cos_get_secret(w->ctx->credentials);

    if (!late
        && (secret == NULL
            || w->ctx->credentials->generation == w->ctx->refused))
    {
        ngx_add_timer(ev, NGX_HTTP_COS_WAIT_INTERVAL);
        return;
    }

    r->read_event_handler = ngx_http_block_reading;

    rc = secret ? w->handler(r) : ngx_http_cos_no_credential(r, w->ctx);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_cos_wait_cleanup(void *data)
{
    ngx_http_cos_wait_t *w = data;

    if (w->event.timer_set) {
        ngx_del_timer(&w->event);
    }
}
