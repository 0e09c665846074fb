
/*
 * Copyright (C) nginx-cos contributors
 *
 * cos_cors: requests of web pages from other origins.
 */


#ifndef _NGX_HTTP_COS_CORS_H_INCLUDED_
#define _NGX_HTTP_COS_CORS_H_INCLUDED_


#include "ngx_http_cos.h"


/* cos_cors; its slot is a ngx_http_cos_cors_t *, NULL is "off" */
char *ngx_http_cos_cors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* adds the handlers of preflights, if there is a cos_cors anywhere */
ngx_int_t ngx_http_cos_cors_init(ngx_conf_t *cf);

/*
 * For the header filter: puts our headers in place of those of the bucket,
 * where cos_cors applies.
 */
ngx_int_t ngx_http_cos_cors_set_headers(ngx_http_request_t *r);


#endif /* _NGX_HTTP_COS_CORS_H_INCLUDED_ */
