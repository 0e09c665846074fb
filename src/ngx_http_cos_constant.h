
/*
 * Copyright (C) nginx-cos contributors
 *
 * A constant proxy_pass, for the usual requests.
 */


#ifndef _NGX_HTTP_COS_CONSTANT_H_INCLUDED_
#define _NGX_HTTP_COS_CONSTANT_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Makes the second settings of all locations that have "cos_pass BUCKET".  To
 * be called when everything is merged.
 */
ngx_int_t ngx_http_cos_init_constant(ngx_conf_t *cf);

/*
 * Lets the request use them if proxy makes the same URL with them, byte for
 * byte.  To be called before the handler of proxy.
 */
void ngx_http_cos_use_constant(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/*
 * Has redirects of COS rewritten, unless there is a proxy_redirect.  To be
 * called after proxy has set up r->upstream, before there is a response.
 */
void ngx_http_cos_set_redirect(ngx_http_request_t *r);


#endif /* _NGX_HTTP_COS_CONSTANT_H_INCLUDED_ */
