
/*
 * Copyright (C) nginx-cos contributors
 *
 * What a refused signature leads to.
 */


#ifndef _NGX_HTTP_COS_RETRY_H_INCLUDED_
#define _NGX_HTTP_COS_RETRY_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Looks at the answer to the upstream request that has just been signed.  To
 * be called while it is created.
 *
 * An answer that says that the credential or the time was wrong (cos-protocol,
 * section 7.1) is never cached.  It asks for an early renewal, or corrects the
 * clock that signatures for this bucket are made with; then the request is
 * signed and sent once more, if its body is still there.
 */
void ngx_http_cos_watch(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx);

/*
 * Ends the upstream request and calls proxy again, as soon as there is a
 * credential other than ctx->refused, at the latest after timeout; then, if
 * there is none at all, it answers 503.  Returns NGX_ERROR, which the caller
 * has to return to ngx_http_upstream: it takes that for an upstream that was
 * finalized.  Only while the client's body can be sent again, see below.
 */
ngx_int_t ngx_http_cos_restart(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_msec_t timeout);

/*
 * The first half of it: the caller finalizes the request with what parks it,
 * and returns NGX_ERROR as above.
 */
void ngx_http_cos_leave_upstream(ngx_http_request_t *r);

/* the second half: calls proxy once more; the body has been prepared before */
ngx_int_t ngx_http_cos_again(ngx_http_request_t *r);

/* whether what there is of a body can be sent again with another signature */
ngx_uint_t ngx_http_cos_replayable(ngx_http_request_t *r);


#endif /* _NGX_HTTP_COS_RETRY_H_INCLUDED_ */
