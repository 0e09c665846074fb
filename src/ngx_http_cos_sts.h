
/*
 * Copyright (C) nginx-cos contributors
 *
 * cos_sts: a location that hands out a temporary credential.
 */


#ifndef _NGX_HTTP_COS_STS_H_INCLUDED_
#define _NGX_HTTP_COS_STS_H_INCLUDED_


#include "ngx_http_cos.h"


/* cos_sts */
char *ngx_http_cos_sts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * Finds the block of each directive, before the zone is sized: a block with
 * placeholders gets one for the bucket.  NGX_ERROR after a message.
 */
ngx_int_t ngx_http_cos_init_sts(ngx_conf_t *cf,
    ngx_http_cos_main_conf_t *cmcf);

/* "if" and limit_except belong to their location */
char *ngx_http_cos_sts_merge(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *prev,
    ngx_http_cos_loc_conf_t *conf);


#endif /* _NGX_HTTP_COS_STS_H_INCLUDED_ */
