
/*
 * Copyright (C) nginx-cos contributors
 *
 * The operation gate: method, sub-resource and headers give one CAM action,
 * which cos_allow names or not (cos-protocol, sections 4 and 8).
 */


#ifndef _NGX_HTTP_COS_OPERATION_H_INCLUDED_
#define _NGX_HTTP_COS_OPERATION_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Decodes the query string into ctx->params.  NGX_DECLINED if the request is
 * refused, NGX_ERROR.
 */
ngx_int_t ngx_http_cos_parse_query(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/*
 * Takes the client's signature out of ctx->params, finds the operation and
 * checks it against cos_allow.  NGX_OK with ctx->operation set, NGX_DECLINED
 * if the request is refused, NGX_ERROR.
 */
ngx_int_t ngx_http_cos_check_operation(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/*
 * Checks features that ride on ctx->operation against cos_allow.
 * NGX_DECLINED if the request is refused, NGX_ERROR.
 */
ngx_int_t ngx_http_cos_check_features(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_uint_t features);


#endif /* _NGX_HTTP_COS_OPERATION_H_INCLUDED_ */
