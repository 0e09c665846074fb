
/*
 * Copyright (C) nginx-cos contributors
 *
 * Host names of buckets: the domain templates of the SDKs (cos-protocol,
 * sections 3.1 and 3.2).
 */


#ifndef _NGX_HTTP_COS_DOMAIN_H_INCLUDED_
#define _NGX_HTTP_COS_DOMAIN_H_INCLUDED_


#include "ngx_http_cos.h"


/* the value of "domain="; NGX_ERROR after a message with file and line */
ngx_int_t ngx_http_cos_set_domain(ngx_conf_t *cf,
    ngx_http_cos_bucket_t *bucket, ngx_str_t *domain);

/*
 * Sets schema, host, server_name and port of the bucket from its template, and
 * the endpoint where there is none.  NGX_ERROR after a message.
 */
ngx_int_t ngx_http_cos_init_host(ngx_conf_t *cf,
    ngx_http_cos_bucket_t *bucket);


#endif /* _NGX_HTTP_COS_DOMAIN_H_INCLUDED_ */
