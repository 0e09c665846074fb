
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

/* before the process or its zone ends; returns when the thread has ended */
void ngx_http_cos_end_refresh(void);


#endif /* _NGX_HTTP_COS_REFRESH_H_INCLUDED_ */
