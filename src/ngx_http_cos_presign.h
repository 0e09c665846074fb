
/*
 * Copyright (C) nginx-cos contributors
 *
 * Links: $cos_presigned_url.
 */


#ifndef _NGX_HTTP_COS_PRESIGN_H_INCLUDED_
#define _NGX_HTTP_COS_PRESIGN_H_INCLUDED_


#include "ngx_http_cos.h"


/* checks the value of cos_presign_expires */
extern ngx_conf_post_t  ngx_http_cos_presign_expires_post;

/*
 * $cos_presigned_url: the address of the object at COS with a signature in the
 * query string, in any phase.  It is not found where the gate refuses the
 * request; before the content phase a context is left that says why.
 */
ngx_int_t ngx_http_cos_presigned_url_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

/*
 * For the header filter: whether the response was to carry a link that has
 * been refused.  If so, the refusal is to be sent in its place.
 */
ngx_uint_t ngx_http_cos_link_refused(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/* sends it; returns what the header filter has to return */
ngx_int_t ngx_http_cos_send_link_error(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);


#endif /* _NGX_HTTP_COS_PRESIGN_H_INCLUDED_ */
