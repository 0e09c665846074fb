
/*
 * Copyright (C) nginx-cos contributors
 *
 * What is in the shared zone, for those who keep it: zone.c and lease.c.
 */


#ifndef _NGX_HTTP_COS_SLOT_H_INCLUDED_
#define _NGX_HTTP_COS_SLOT_H_INCLUDED_


#include "ngx_http_cos_credentials.h"


struct ngx_http_cos_slot_s {
    /* 0 was never used; odd while it changes, or if who did it was killed */
    ngx_atomic_t             generation;

    u_char                   name[COS_SHA1_LEN];
    u_char                   fingerprint[COS_SHA1_LEN];
    ngx_uint_t               used;      /* by the current configuration */
    ngx_http_cos_version_t   version;

    /* when to ask for the next one: the earlier of both clocks */
    time_t                   refresh;
    ngx_msec_t               renew;     /* of a monotonic clock */

    /* the worker that asks for it now */
    ngx_pid_t                fetcher;
    ngx_msec_t               fetch_deadline;

    ngx_atomic_uint_t        refused;   /* the generation that COS refused, */
    ngx_msec_t               refused_at;    /* and when, by the monotonic */

    ngx_http_cos_secret_t    secret;
};


/* read by workers of several generations: a new layout needs a new number */
typedef struct {
    ngx_uint_t               layout;
    ngx_uint_t               nslots;
    ngx_uint_t               configuration;     /* the latest one */

    /* the worker that runs the refresher */
    ngx_pid_t                owner;
    ngx_uint_t               owner_configuration;
    ngx_msec_t               owner_deadline;    /* of a monotonic clock */

    ngx_http_cos_slot_t      slots[1];
} ngx_http_cos_zone_t;


/*
 * Whether the slot still is that of the block, and whether its secret can be
 * used now; both under the mutex.
 */
ngx_uint_t ngx_http_cos_own_slot(ngx_http_cos_credentials_t *c);
ngx_uint_t ngx_http_cos_valid_slot(ngx_http_cos_slot_t *slot);


#endif /* _NGX_HTTP_COS_SLOT_H_INCLUDED_ */
