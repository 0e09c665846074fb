
/*
 * Copyright (C) nginx-cos contributors
 *
 * DeleteMultipleObjects.  The keys are in the body, so it is read before
 * anything is signed, and COS gets a document of our own with the same keys
 * (cos-protocol, section 8.21).
 */


#ifndef _NGX_HTTP_COS_DELETE_H_INCLUDED_
#define _NGX_HTTP_COS_DELETE_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * A content handler: reads the body, replaces it with its Content-MD5, and
 * goes on with the handler of proxy; or refuses the request.  A body that the
 * client has signed is checked, and left as it is.
 */
ngx_int_t ngx_http_cos_delete_handler(ngx_http_request_t *r);


#endif /* _NGX_HTTP_COS_DELETE_H_INCLUDED_ */
