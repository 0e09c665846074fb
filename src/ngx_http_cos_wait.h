
/*
 * Copyright (C) nginx-cos contributors
 *
 * Requests that wait: for the first credential, for one that works, or for
 * addresses.
 */


#ifndef _NGX_HTTP_COS_WAIT_H_INCLUDED_
#define _NGX_HTTP_COS_WAIT_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Parks a request, which has a ctx, until the timeout in milliseconds is over,
 * or until ngx_http_cos_wake() if there is a queue.  Then the handler is
 * called as a content handler is; it may park the request again.  Returns what
 * the content handler has to return.
 */
ngx_int_t ngx_http_cos_park(ngx_http_request_t *r, ngx_queue_t *queue,
    ngx_msec_t timeout, ngx_http_handler_pt handler);

/* the handlers of all requests in the queue are called from the event loop */
void ngx_http_cos_wake(ngx_queue_t *queue);

/*
 * Parks a request until there is a credential of another generation than
 * ctx->refused, or until the timeout in milliseconds is over, then calls the
 * handler; if there is no credential then, it answers 503.  Returns what the
 * content handler has to return.
 */
ngx_int_t ngx_http_cos_wait(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_msec_t timeout, ngx_http_handler_pt handler);


#endif /* _NGX_HTTP_COS_WAIT_H_INCLUDED_ */
