
/*
 * Copyright (C) nginx-cos contributors
 *
 * The addresses of a bucket as peers of round robin, with their failures and
 * TLS sessions.
 */


#ifndef _NGX_HTTP_COS_PEERS_H_INCLUDED_
#define _NGX_HTTP_COS_PEERS_H_INCLUDED_


#include "ngx_http_cos.h"
#include "ngx_http_cos_endpoint.h"


/*
 * One for each location that a bucket is used in: what TLS has verified with
 * the settings of one location says nothing to another.
 */
struct ngx_http_cos_peers_s {
    ngx_http_cos_peers_t          *next;
    void                          *conf;    /* of proxy, in the location */
    ngx_http_cos_addrs_t          *addrs;
    ngx_pool_t                    *pool;
    ngx_uint_t                     refs;
    ngx_http_upstream_srv_conf_t   upstream;
};


/*
 * The peers for a request, with a reference for the caller.  If the addresses
 * have changed, these are new ones, which know what the old ones did of the
 * addresses that they share.  NULL if there is no memory.
 */
ngx_http_cos_peers_t *ngx_http_cos_get_peers(ngx_http_cos_bucket_t *bucket,
    void *conf, ngx_http_cos_addrs_t *addrs);

/* gives back one reference */
void ngx_http_cos_release_peers(ngx_http_cos_peers_t *peers);

/* gives back the bucket's own references */
void ngx_http_cos_forget_peers(ngx_http_cos_bucket_t *bucket);


#endif /* _NGX_HTTP_COS_PEERS_H_INCLUDED_ */
