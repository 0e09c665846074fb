
/*
 * Copyright (C) nginx-cos contributors
 *
 * When credentials are looked at again.
 */


#ifndef _NGX_HTTP_COS_REFRESH_H_INCLUDED_
#define _NGX_HTTP_COS_REFRESH_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * To be called in every process that signs: one of them will run the
 * refresher.  NGX_ERROR after a message.
 */
ngx_int_t ngx_http_cos_start_refresh(ngx_cycle_t *cycle,
    ngx_http_cos_main_conf_t *cmcf);

/* before the zone goes away; returns when the threads have ended */
void ngx_http_cos_end_refresh(void);

/*
 * The same when the process exits.  It does not wait for ever: what is under
 * way has a second to end, and a thread that is stuck is left behind, with the
 * memory it uses.
 */
void ngx_http_cos_exit_refresh(ngx_cycle_t *cycle);


#endif /* _NGX_HTTP_COS_REFRESH_H_INCLUDED_ */
