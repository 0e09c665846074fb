
/*
 * Copyright (C) nginx-cos contributors
 *
 * The secrets that all workers share.
 */


#ifndef _NGX_HTTP_COS_ZONE_H_INCLUDED_
#define _NGX_HTTP_COS_ZONE_H_INCLUDED_


#include "ngx_http_cos_credentials.h"


/* declares the shared zone; it sizes itself by the number of blocks */
char *ngx_http_cos_add_zone(ngx_conf_t *cf, ngx_http_cos_main_conf_t *cmcf);

/*
 * Finds or takes the slot of each block; the first process of a configuration
 * puts in what init() has read.  In every process that signs or refreshes,
 * after the fork, since until then a reload may still fail.
 */
ngx_int_t ngx_http_cos_attach_slots(ngx_http_cos_main_conf_t *cmcf,
    ngx_log_t *log);

/*
 * Puts a newer secret, of c->version, into the slot for all workers, and when
 * to ask for the next one, which ends a fetch.  Without such a time, for a
 * source that is looked at, only the owner of the lease can do so.  For any
 * thread, as is the next one.
 */
void ngx_http_cos_publish(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret,
    time_t refresh);

/*
 * What is in the slot; secret and expire may be NULL.  NGX_DECLINED if there
 * is nothing or if it has expired.
 */
ngx_int_t ngx_http_cos_read_slot(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret,
    time_t *expire);

/*
 * The secret to sign with now, in memory of the worker; it may change at the
 * next call.  NULL if there is none or if it has expired.
 */
ngx_http_cos_secret_t *ngx_http_cos_get_secret(ngx_http_cos_credentials_t *c);

/* brings all copies of the worker up to date */
void ngx_http_cos_read_slots(ngx_http_cos_main_conf_t *cmcf);

/*
 * Whether this worker has had no secret yet, or only one that had expired when
 * it started, but there may be one soon.
 */
ngx_uint_t ngx_http_cos_credential_to_come(ngx_http_cos_credentials_t *c);

/*
 * SignKey of that secret for a window in Unix seconds; key_time gets the
 * "start;end" it was made for.  To be called after ngx_http_cos_get_secret().
 */
const cos_hmac_t *ngx_http_cos_sign_key(ngx_http_cos_credentials_t *c,
    time_t start, time_t end, ngx_str_t *key_time);

/* before the zone goes away */
void ngx_http_cos_detach_slots(ngx_http_cos_main_conf_t *cmcf);

/* wipes the worker's copies */
void ngx_http_cos_wipe_secrets(ngx_http_cos_main_conf_t *cmcf);


#endif /* _NGX_HTTP_COS_ZONE_H_INCLUDED_ */
