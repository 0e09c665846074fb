
/*
 * Copyright (C) nginx-cos contributors
 *
 * Refusals in the form of COS (cos-protocol, section 7.1).
 */


#ifndef _NGX_HTTP_COS_ERROR_H_INCLUDED_
#define _NGX_HTTP_COS_ERROR_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Records why a request is refused: status, code, and a message made as by
 * ngx_sprintf() (at most 512 bytes), for the client and for the error log;
 * info for 4xx but 403, else error.  Returns NGX_DECLINED, or NGX_ERROR if
 * there is no memory: never NGX_OK, so that a check may return it.
 */
ngx_int_t ngx_http_cos_refuse(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_uint_t status, const char *code, const char *fmt, ...);

/*
 * A name that the client chose, for a message: escaped, since quotes in it
 * could pass for the end of it in the log, and at most 64 bytes of it.
 */
ngx_str_t *ngx_http_cos_printable(ngx_http_request_t *r, ngx_str_t *name);

/*
 * Answers with the COS error XML of what was recorded; where the location has
 * an error_page for the status, that page is left to nginx.  Returns what a
 * content handler has to return.
 */
ngx_int_t ngx_http_cos_send_error(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/* the answer to a request that cannot be signed for now: 503, Retry-After */
ngx_int_t ngx_http_cos_no_credential(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/* the id that nginx may log as well: a client can name its request */
ngx_int_t ngx_http_cos_get_request_id(ngx_http_request_t *r, ngx_str_t *id);

/*
 * Gives an id to an error of a cos_pass location that has none, as those of
 * nginx itself, such as 413 or 502.  Some SDKs take an error without one for
 * trouble of the network and go on at another host (cos-protocol, section 5).
 */
ngx_int_t ngx_http_cos_identify_error(ngx_http_request_t *r);

/* adds a header to the response; the name is a literal */
ngx_int_t ngx_http_cos_add_header(ngx_http_request_t *r, char *name,
    ngx_str_t *value);


#endif /* _NGX_HTTP_COS_ERROR_H_INCLUDED_ */
