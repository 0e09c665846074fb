
/*
 * Copyright (C) nginx-cos contributors
 *
 * Memory that has secrets in it: left out of core dumps, and wiped when the
 * libraries that have read a secret free it.
 */


#ifndef _NGX_HTTP_COS_MEMORY_H_INCLUDED_
#define _NGX_HTTP_COS_MEMORY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* leaves whole pages out of core dumps, where the platform can */
void ngx_http_cos_no_dump(void *addr, size_t size);

/*
 * Zeroed pages that are left out of core dumps, and are unmapped with the
 * pool; NULL on error.
 */
void *ngx_http_cos_secret_pages(ngx_pool_t *pool, size_t size);

/*
 * Between these libjansson wipes what it frees, whoever has allocated it and
 * at whatever time; calls may be nested.  To be called while the process has
 * one thread.
 */
void ngx_http_cos_json_wipe(void);
void ngx_http_cos_json_unwipe(void);

/*
 * curl_global_init(), with functions that wipe what is freed; if somebody else
 * has been first, his stay in place.
 */
ngx_int_t ngx_http_cos_curl_init(ngx_log_t *log);


#endif /* _NGX_HTTP_COS_MEMORY_H_INCLUDED_ */
