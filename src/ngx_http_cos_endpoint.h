
/*
 * Copyright (C) nginx-cos contributors
 *
 * The hosts that buckets are at, and their addresses.  These are of one worker
 * process and one configuration, and are looked up when a request needs them.
 */


#ifndef _NGX_HTTP_COS_ENDPOINT_H_INCLUDED_
#define _NGX_HTTP_COS_ENDPOINT_H_INCLUDED_


#include "ngx_http_cos.h"
#include "ngx_http_cos_lookup.h"


typedef struct {
    ngx_uint_t                     refs;
    ngx_pool_t                    *pool;
    ngx_uint_t                     naddrs;
    ngx_addr_t                    *addrs;
} ngx_http_cos_addrs_t;


/* one for all buckets with this host and port */
struct ngx_http_cos_endpoint_s {
    ngx_str_node_t                 sn;          /* must be first; HOST:PORT */
    ngx_str_t                      host;
    in_port_t                      port;

    ngx_http_cos_addrs_t          *addrs;       /* NULL if none are known */
    ngx_msec_t                     expire;      /* time to look up again */

    ngx_resolver_ctx_t            *ctx;         /* what is going on */
    ngx_http_cos_lookup_t         *lookup;
    ngx_queue_t                    waiting;     /* requests */

    ngx_http_cos_endpoint_t       *next;

    unsigned                       literal:1;   /* an address, not a name */
};


/*
 * Looks up the addresses of the bucket's host, if they are not known or if
 * their time has passed.  NGX_OK if the request can go on at once, with those
 * that there are, or none; NGX_AGAIN if it should wait for the lookup.
 */
ngx_int_t ngx_http_cos_find_addrs(ngx_http_request_t *r,
    ngx_http_cos_bucket_t *bucket);

/*
 * After NGX_AGAIN: parks the request and calls the handler when the lookup has
 * come to its end, or has taken too long.  Returns what the content handler
 * has to return.
 */
ngx_int_t ngx_http_cos_wait_addrs(ngx_http_request_t *r,
    ngx_http_cos_bucket_t *bucket, ngx_http_handler_pt handler);

/* gives back one reference */
void ngx_http_cos_release_addrs(ngx_http_cos_addrs_t *addrs);

/* ends what is going on and forgets all addresses */
void ngx_http_cos_close_endpoints(ngx_http_cos_main_conf_t *cmcf);


#endif /* _NGX_HTTP_COS_ENDPOINT_H_INCLUDED_ */
