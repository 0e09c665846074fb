
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_wait.h"
#include "ngx_http_cos_zone.h"


#define NGX_HTTP_COS_WAIT_INTERVAL  50


struct ngx_http_cos_parked_s {
    ngx_http_request_t     *request;
    ngx_http_cos_ctx_t     *ctx;
    ngx_http_handler_pt     handler;
    ngx_event_t             event;

    ngx_queue_t             queue;
    ngx_uint_t              queued;     /* unsigned  queued:1; */

    /* of those that wait for a credential */
    ngx_http_handler_pt     then;
    ngx_msec_t              deadline;
};


static void ngx_http_cos_parked_handler(ngx_event_t *ev);
static void ngx_http_cos_parked_cleanup(void *data);
static void ngx_http_cos_unpark(ngx_http_cos_parked_t *parked);
static ngx_int_t ngx_http_cos_wait_handler(ngx_http_request_t *r);


ngx_int_t
ngx_http_cos_park(ngx_http_request_t *r, ngx_queue_t *queue,
    ngx_msec_t timeout, ngx_http_handler_pt handler)
{
    ngx_http_cleanup_t     *cln;
    ngx_http_cos_ctx_t     *ctx;
    ngx_http_cos_parked_t  *parked;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);
    parked = ctx->parked;

    if (parked == NULL) {

        parked = ngx_pcalloc(r->pool, sizeof(ngx_http_cos_parked_t));
        if (parked == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        cln = ngx_http_cleanup_add(r, 0);
        if (cln == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        cln->handler = ngx_http_cos_parked_cleanup;
        cln->data = parked;

        parked->request = r;
        parked->ctx = ctx;
        parked->event.handler = ngx_http_cos_parked_handler;
        parked->event.data = parked;
        parked->event.log = r->connection->log;

        ctx->parked = parked;
    }

    parked->handler = handler;

    ngx_add_timer(&parked->event, timeout);

    if (queue) {
        ngx_queue_insert_tail(queue, &parked->queue);
        parked->queued = 1;
    }

    if (r == r->main) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->main->count++;

    return NGX_DONE;
}


void
ngx_http_cos_wake(ngx_queue_t *queue)
{
    ngx_queue_t            *q;
    ngx_http_cos_parked_t  *parked;

    while (!ngx_queue_empty(queue)) {
        q = ngx_queue_head(queue);
        parked = ngx_queue_data(q, ngx_http_cos_parked_t, queue);

        ngx_queue_remove(q);
        parked->queued = 0;

        ngx_post_event(&parked->event, &ngx_posted_events);
    }
}


static void
ngx_http_cos_parked_handler(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_cos_parked_t  *parked;

    parked = ev->data;
    r = parked->request;
    c = r->connection;

    ngx_http_cos_unpark(parked);

    ngx_http_set_log_request(c->log, r);

    r->read_event_handler = ngx_http_block_reading;

    ngx_http_finalize_request(r, parked->handler(r));
    ngx_http_run_posted_requests(c);
}


/*
 * A cleanup handler is called once.  Before nginx 1.25.4, a subrequest that
 * waits for a file may go on when the request has been terminated, so it needs
 * another one if it is parked again.
 */

static void
ngx_http_cos_parked_cleanup(void *data)
{
    ngx_http_cos_parked_t *parked = data;

    ngx_http_cos_unpark(parked);

    parked->ctx->parked = NULL;
}


static void
ngx_http_cos_unpark(ngx_http_cos_parked_t *parked)
{
    if (parked->queued) {
        parked->queued = 0;
        ngx_queue_remove(&parked->queue);
    }

    if (parked->event.timer_set) {
        ngx_del_timer(&parked->event);
    }

    if (parked->event.posted) {
        ngx_delete_posted_event(&parked->event);
    }
}


ngx_int_t
ngx_http_cos_wait(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_msec_t timeout, ngx_http_handler_pt handler)
{
    ngx_int_t  rc;

    /* the caller may be deep inside of the upstream, so not at once */

    rc = ngx_http_cos_park(r, NULL, timeout ? NGX_HTTP_COS_WAIT_INTERVAL : 1,
                           ngx_http_cos_wait_handler);

    if (rc == NGX_DONE) {
        ctx->parked->then = handler;
        ctx->parked->deadline = ngx_current_msec + timeout;
    }

    return rc;
}


/*
 * Workers have no way to wake each other, so a request looks now and then, as
 * one does that waits for a cache lock.
 */

static ngx_int_t
ngx_http_cos_wait_handler(ngx_http_request_t *r)
{
    ngx_uint_t              late;
    ngx_http_cos_ctx_t     *ctx;
    ngx_http_cos_secret_t  *secret;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    late = (ngx_msec_int_t) (ctx->parked->deadline - ngx_current_msec) <= 0;

    secret = ngx_http_cos_get_secret(ctx->credentials);

    if (!late
        && (secret == NULL || ctx->credentials->generation == ctx->refused))
    {
        return ngx_http_cos_park(r, NULL, NGX_HTTP_COS_WAIT_INTERVAL,
                                 ngx_http_cos_wait_handler);
    }

    return secret ? ctx->parked->then(r) : ngx_http_cos_no_credential(r, ctx);
}
