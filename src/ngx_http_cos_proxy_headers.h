
/*
 * Copyright (C) nginx-cos contributors
 *
 * The headers of the upstream request: the user's proxy_set_header, and ours.
 */


#ifndef _NGX_HTTP_COS_PROXY_HEADERS_H_INCLUDED_
#define _NGX_HTTP_COS_PROXY_HEADERS_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * The headers of a location with cos_pass: ours, then those of conf->headers
 * that are not ours, then what keeps headers of the client back.  Also fills
 * conf->set_headers.  NULL on an error, after a message where it is the
 * user's.
 */
ngx_array_t *ngx_http_cos_add_headers(ngx_conf_t *cf,
    ngx_http_cos_loc_conf_t *conf);

/* a copy of conf->headers, empty if there are none; NULL if out of memory */
ngx_array_t *ngx_http_cos_copy_headers(ngx_conf_t *cf,
    ngx_http_cos_loc_conf_t *conf);


#endif /* _NGX_HTTP_COS_PROXY_HEADERS_H_INCLUDED_ */
