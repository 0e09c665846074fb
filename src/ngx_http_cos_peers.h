
/*
 * Copyright (C) nginx-cos contributors
 *
 * What a bucket has in one location: its addresses as peers of round robin,
 * with their failures and TLS sessions, and its idle connections.
 */


#ifndef _NGX_HTTP_COS_PEERS_H_INCLUDED_
#define _NGX_HTTP_COS_PEERS_H_INCLUDED_


#include "ngx_http_cos.h"
#include "ngx_http_cos_endpoint.h"


/*
 * One for each location that a bucket is used in: what TLS has verified with
 * the settings of one location says nothing to another.
 */
struct ngx_http_cos_pool_s {
    ngx_http_cos_pool_t           *next;
    void                          *conf;    /* of proxy, in the location */
    ngx_http_cos_peers_t          *peers;   /* of the last request, or NULL */
    ngx_queue_t                    idle;    /* of cos_keepalive.c */
    ngx_uint_t                     nidle;
};


struct ngx_http_cos_peers_s {
    ngx_http_cos_addrs_t          *addrs;
    ngx_pool_t                    *pool;
    ngx_uint_t                     refs;
    ngx_http_upstream_srv_conf_t   upstream;
};


/*
 * The pool of a bucket in the location with this configuration of proxy.  It
 * lives as long as the worker process.  NULL if there is no memory.
 */
ngx_http_cos_pool_t *ngx_http_cos_get_pool(ngx_http_cos_bucket_t *bucket,
    void *conf);

/*
 * The peers for a request, with a reference for the caller.  If the addresses
 * have changed, these are new ones, which know what the old ones did of the
 * addresses that they share.  NULL if there is no memory.
 */
ngx_http_cos_peers_t *ngx_http_cos_get_peers(ngx_http_cos_bucket_t *bucket,
    ngx_http_cos_pool_t *pool, ngx_http_cos_addrs_t *addrs);

/* gives back one reference */
void ngx_http_cos_release_peers(ngx_http_cos_peers_t *peers);

/* frees the pools of a bucket; they have no idle connections anymore */
void ngx_http_cos_free_pools(ngx_http_cos_bucket_t *bucket);


#endif /* _NGX_HTTP_COS_PEERS_H_INCLUDED_ */
