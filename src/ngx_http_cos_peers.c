
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_peers.h"


/* as nginx has for the addresses of a name in proxy_pass */

#define NGX_HTTP_COS_MAX_FAILS     1
#define NGX_HTTP_COS_FAIL_TIMEOUT  10


static ngx_http_cos_peers_t *ngx_http_cos_create_peers(
    ngx_http_cos_bucket_t *bucket, ngx_http_cos_addrs_t *addrs);
static void ngx_http_cos_inherit_peers(ngx_http_cos_peers_t *peers,
    ngx_http_cos_peers_t *old);


ngx_http_cos_pool_t *
ngx_http_cos_get_pool(ngx_http_cos_bucket_t *bucket, void *conf)
{
    ngx_http_cos_pool_t  *pool;

    for (pool = bucket->pools; pool; pool = pool->next) {
        if (pool->conf == conf) {
            return pool;
        }
    }

    pool = ngx_calloc(sizeof(ngx_http_cos_pool_t), ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    pool->conf = conf;
    pool->next = bucket->pools;
    bucket->pools = pool;

    ngx_queue_init(&pool->idle);

    return pool;
}


ngx_http_cos_peers_t *
ngx_http_cos_get_peers(ngx_http_cos_bucket_t *bucket,
    ngx_http_cos_pool_t *pool, ngx_http_cos_addrs_t *addrs)
{
    ngx_http_cos_peers_t  *peers, *old;

    old = pool->peers;

    if (old && old->addrs == addrs) {
        old->refs++;
        return old;
    }

    peers = ngx_http_cos_create_peers(bucket, addrs);
    if (peers == NULL) {
        return NULL;
    }

    if (old) {
        ngx_http_cos_inherit_peers(peers, old);
        ngx_http_cos_release_peers(old);
    }

    pool->peers = peers;

    peers->refs++;

    return peers;
}


static ngx_http_cos_peers_t *
ngx_http_cos_create_peers(ngx_http_cos_bucket_t *bucket,
    ngx_http_cos_addrs_t *addrs)
{
    ngx_uint_t                      i;
    ngx_pool_t                     *pool;
    ngx_http_cos_peers_t           *peers;
    ngx_http_upstream_rr_peer_t    *peer, **peerp;
    ngx_http_upstream_rr_peers_t   *rr;

    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    peers = ngx_pcalloc(pool, sizeof(ngx_http_cos_peers_t));
    rr = ngx_pcalloc(pool, sizeof(ngx_http_upstream_rr_peers_t));
    peer = ngx_pcalloc(pool,
                       addrs->naddrs * sizeof(ngx_http_upstream_rr_peer_t));

    if (peers == NULL || rr == NULL || peer == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    rr->single = (addrs->naddrs == 1);
    rr->number = addrs->naddrs;
    rr->total_weight = addrs->naddrs;
    rr->tries = addrs->naddrs;
    rr->name = &bucket->endpoint;

    peerp = &rr->peer;

    for (i = 0; i < addrs->naddrs; i++) {
        peer[i].sockaddr = addrs->addrs[i].sockaddr;
        peer[i].socklen = addrs->addrs[i].socklen;
        peer[i].name = addrs->addrs[i].name;
        peer[i].weight = 1;
        peer[i].effective_weight = 1;
        peer[i].max_fails = NGX_HTTP_COS_MAX_FAILS;
        peer[i].fail_timeout = NGX_HTTP_COS_FAIL_TIMEOUT;
        *peerp = &peer[i];
        peerp = &peer[i].next;
    }

    peers->pool = pool;
    peers->refs = 1;
    peers->upstream.peer.data = rr;

    peers->addrs = addrs;
    addrs->refs++;

    return peers;
}


static void
ngx_http_cos_inherit_peers(ngx_http_cos_peers_t *peers,
    ngx_http_cos_peers_t *old)
{
    ngx_http_upstream_rr_peer_t   *peer, *from;
    ngx_http_upstream_rr_peers_t  *rr, *old_rr;

    rr = peers->upstream.peer.data;
    old_rr = old->upstream.peer.data;

    for (peer = rr->peer; peer; peer = peer->next) {

        for (from = old_rr->peer; from; from = from->next) {
            if (ngx_cmp_sockaddr(peer->sockaddr, peer->socklen,
                                 from->sockaddr, from->socklen, 1)
                == NGX_OK)
            {
                break;
            }
        }

        if (from == NULL) {
            continue;
        }

        peer->fails = from->fails;
        peer->accessed = from->accessed;
        peer->checked = from->checked;
        peer->effective_weight = from->effective_weight;

#if (NGX_HTTP_SSL)
        peer->ssl_session = from->ssl_session;
        from->ssl_session = NULL;
#endif
    }
}


void
ngx_http_cos_release_peers(ngx_http_cos_peers_t *peers)
{
#if (NGX_HTTP_SSL)
    ngx_http_upstream_rr_peer_t   *peer;
    ngx_http_upstream_rr_peers_t  *rr;
#endif

    if (--peers->refs) {
        return;
    }

#if (NGX_HTTP_SSL)

    rr = peers->upstream.peer.data;

    for (peer = rr->peer; peer; peer = peer->next) {
        if (peer->ssl_session) {
            ngx_ssl_free_session(peer->ssl_session);
        }
    }

#endif

    ngx_http_cos_release_addrs(peers->addrs);

    ngx_destroy_pool(peers->pool);
}


void
ngx_http_cos_free_pools(ngx_http_cos_bucket_t *bucket)
{
    ngx_http_cos_pool_t  *pool, *next;

    for (pool = bucket->pools; pool; pool = next) {
        next = pool->next;

        if (pool->peers) {
            ngx_http_cos_release_peers(pool->peers);
        }

        ngx_free(pool);
    }

    bucket->pools = NULL;
}
