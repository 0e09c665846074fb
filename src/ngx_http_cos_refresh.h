
/*
 * Copyright (C) nginx-cos contributors
 *
 * When credentials are looked at again.
 */


#ifndef _NGX_HTTP_COS_REFRESH_H_INCLUDED_
#define _NGX_HTTP_COS_REFRESH_H_INCLUDED_


#include "ngx_http_cos.h"


/* starts the refresher in the one process that runs it */
void ngx_http_cos_start_refresh(ngx_cycle_t *cycle,
    ngx_http_cos_main_conf_t *cmcf);


#endif /* _NGX_HTTP_COS_REFRESH_H_INCLUDED_ */
