
/*
 * Copyright (C) nginx-cos contributors
 *
 * Which process renews which secret.
 */


#ifndef _NGX_HTTP_COS_LEASE_H_INCLUDED_
#define _NGX_HTTP_COS_LEASE_H_INCLUDED_


#include "ngx_http_cos_credentials.h"


/*
 * Takes the right to run the refresher, or prolongs it: NGX_OK if this process
 * has it for the next seconds, NGX_DECLINED if another one has.
 */
ngx_int_t ngx_http_cos_lease(ngx_http_cos_main_conf_t *cmcf);
void ngx_http_cos_release_lease(ngx_http_cos_main_conf_t *cmcf);

/*
 * Marks the slot of a block that is asked for by exchanges, all of which take
 * no longer than the timeout: NGX_OK if there is need for it.  NGX_DECLINED if
 * not, if another process is at it, or if this process has not the lease.  For
 * any thread, as are the next ones.
 */
ngx_int_t ngx_http_cos_begin_fetch(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_credentials_t *c, ngx_msec_t timeout);

/* takes the mark away, if this process has made it */
void ngx_http_cos_end_fetch(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_credentials_t *c);

/*
 * COS has refused the secret of that generation: asks for an early renewal.
 * NGX_OK if there is another secret already, NGX_DONE if one is asked for now,
 * NGX_AGAIN if it was a moment ago, NGX_DECLINED if none is to be expected.
 */
ngx_int_t ngx_http_cos_renew(ngx_http_cos_credentials_t *c,
    ngx_atomic_uint_t generation);

/* milliseconds of a clock that nobody sets, the same in all processes */
ngx_msec_t ngx_http_cos_monotonic(void);


#endif /* _NGX_HTTP_COS_LEASE_H_INCLUDED_ */
