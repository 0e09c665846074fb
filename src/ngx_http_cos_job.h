
/*
 * Copyright (C) nginx-cos contributors
 *
 * The renewal of one cos_credentials block, in a thread of the refresher.
 */


#ifndef _NGX_HTTP_COS_JOB_H_INCLUDED_
#define _NGX_HTTP_COS_JOB_H_INCLUDED_


#include "ngx_http_cos_exchange.h"

#include <pthread.h>


/* what the thread knows of a block */
typedef struct {
    ngx_http_cos_credentials_t  *c;
    ngx_http_cos_transfer_t      transfer;
    ngx_uint_t                   busy;          /* unsigned  busy:1; */
    ngx_uint_t                   fallback;      /* unsigned  fallback:1; */
    ngx_uint_t                   failures;
    ngx_msec_t                   next;          /* not before */
} ngx_http_cos_job_t;


/* one thread and its jobs */
typedef struct {
    ngx_http_cos_main_conf_t    *cmcf;
    pthread_t                    thread;
    CURLM                       *multi;
    ngx_http_cos_job_t          *jobs;
    ngx_uint_t                   njobs;
    ngx_uint_t                   nbusy;
    unsigned int                 seed;
    ngx_atomic_t                 order;
    ngx_atomic_t                 ended;
} ngx_http_cos_refresher_t;


/* whether it renews the block: by exchanges, or by looking at a file */
ngx_uint_t ngx_http_cos_is_job(ngx_http_cos_credentials_t *c,
    ngx_uint_t exchanges);

/* looks at the file, or begins an exchange, if it is time for that */
void ngx_http_cos_run_job(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job, ngx_msec_t now);

/* reads the answer, which libcurl has got with that result */
void ngx_http_cos_finish_exchange(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job, CURLcode code);


#endif /* _NGX_HTTP_COS_JOB_H_INCLUDED_ */
