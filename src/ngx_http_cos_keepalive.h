
/*
 * Copyright (C) nginx-cos contributors
 *
 * The peers of an upstream request: an address of the bucket's host, and a
 * connection to it that an earlier request has left open.
 */


#ifndef _NGX_HTTP_COS_KEEPALIVE_H_INCLUDED_
#define _NGX_HTTP_COS_KEEPALIVE_H_INCLUDED_


#include "ngx_http_cos.h"


/* NGX_DECLINED if no address of the bucket is known */
ngx_int_t ngx_http_cos_init_bucket_peer(ngx_http_request_t *r,
    ngx_http_cos_bucket_t *bucket);

/* closes the idle connections and forgets the addresses of all buckets */
void ngx_http_cos_close_peers(ngx_http_cos_main_conf_t *cmcf);


#endif /* _NGX_HTTP_COS_KEEPALIVE_H_INCLUDED_ */
