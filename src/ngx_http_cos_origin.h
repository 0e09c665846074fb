
/*
 * Copyright (C) nginx-cos contributors
 *
 * Lists of origins, in the form in which browsers send them.
 */


#ifndef _NGX_HTTP_COS_ORIGIN_H_INCLUDED_
#define _NGX_HTTP_COS_ORIGIN_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Adds SCHEME://HOST[:PORT] to the list, which is made if it is NULL.  HOST may
 * begin with "*.", which stands for one or more labels.
 */
char *ngx_http_cos_add_origin(ngx_conf_t *cf, ngx_array_t **origins,
    ngx_str_t *value);

/* whether an origin is in the list; NULL has all of them */
ngx_uint_t ngx_http_cos_origin_allowed(ngx_array_t *origins,
    ngx_str_t *text);


#endif /* _NGX_HTTP_COS_ORIGIN_H_INCLUDED_ */
