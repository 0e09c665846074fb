
/*
 * Copyright (C) nginx-cos contributors
 *
 * Which location a URI belongs to that nobody has asked for.
 */


#ifndef _NGX_HTTP_COS_LOCATION_H_INCLUDED_
#define _NGX_HTTP_COS_LOCATION_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Whether nginx would serve another URI by another location, although it is
 * in reach of the one that it serves the request by.  That of "location = URI"
 * or of a URI that was rewritten reaches no other one.  For a named location it
 * is the one that nginx has found before.
 */
ngx_uint_t ngx_http_cos_other_location(ngx_http_request_t *r, ngx_str_t *uri);


#endif /* _NGX_HTTP_COS_LOCATION_H_INCLUDED_ */
