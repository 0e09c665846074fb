
/*
 * Copyright (C) nginx-cos contributors
 *
 * A connection is only used again for the same bucket, which means the same
 * Host, SNI and verified name, in the same location, which means the same
 * proxy_ssl_* and proxy_bind.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_keepalive.h"
#include "ngx_http_cos_peers.h"


/* as the defaults of nginx are */

#define NGX_HTTP_COS_KEEPALIVE_TIMEOUT   60000
#define NGX_HTTP_COS_KEEPALIVE_TIME      3600000
#define NGX_HTTP_COS_KEEPALIVE_REQUESTS  1000


/* in the pool of its connection */
typedef struct {
    ngx_queue_t                        queue;
    ngx_connection_t                  *connection;
    ngx_http_cos_pool_t               *pool;
    socklen_t                          socklen;
    ngx_sockaddr_t                     sockaddr;
} ngx_http_cos_idle_t;


typedef struct {
    ngx_http_upstream_rr_peer_data_t   rrp;     /* must be first */

    ngx_http_upstream_t               *upstream;
    ngx_http_cos_pool_t               *pool;
    ngx_http_cos_peers_t              *peers;
    ngx_http_cos_idle_t               *idle;    /* of the connection */

    ngx_uint_t                         keep;    /* idle ones at most */
    ngx_uint_t                         reuse;   /* unsigned  reuse:1; */
} ngx_http_cos_peer_data_t;


static void ngx_http_cos_peer_cleanup(void *data);
static ngx_uint_t ngx_http_cos_settings_vary(ngx_http_upstream_conf_t *conf);
static ngx_uint_t ngx_http_cos_may_repeat(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_get_peer(ngx_peer_connection_t *pc, void *data);
static void ngx_http_cos_free_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state);
static ngx_uint_t ngx_http_cos_was_closed(ngx_peer_connection_t *pc,
    ngx_http_cos_peer_data_t *kp, ngx_uint_t state);
static void ngx_http_cos_forget_try(ngx_http_upstream_rr_peer_data_t *rrp);
static ngx_int_t ngx_http_cos_keep_connection(ngx_peer_connection_t *pc,
    ngx_http_cos_peer_data_t *kp, ngx_uint_t state);
static void ngx_http_cos_remove_idle(ngx_http_cos_idle_t *idle);
static void ngx_http_cos_set_reusable(ngx_connection_t *c,
    ngx_uint_t reusable);
static void ngx_http_cos_idle_write_handler(ngx_event_t *ev);
static void ngx_http_cos_idle_read_handler(ngx_event_t *ev);
static void ngx_http_cos_close_connection(ngx_connection_t *c);
#if (NGX_HTTP_SSL)
static ngx_int_t ngx_http_cos_no_session(ngx_peer_connection_t *pc,
    void *data);
static void ngx_http_cos_drop_session(ngx_peer_connection_t *pc, void *data);
#endif
static void ngx_http_cos_close_bucket(ngx_http_cos_bucket_t *bucket);


ngx_int_t
ngx_http_cos_init_bucket_peer(ngx_http_request_t *r,
    ngx_http_cos_bucket_t *bucket)
{
    ngx_http_upstream_t       *u;
    ngx_pool_cleanup_t        *cln;
    ngx_http_cos_loc_conf_t   *cclf;
    ngx_http_cos_peer_data_t  *kp;

    if (bucket->at == NULL || bucket->at->addrs == NULL) {
        return NGX_DECLINED;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_cos_peer_data_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    u = r->upstream;
    kp = cln->data;

    kp->upstream = u;
    kp->idle = NULL;
    kp->keep = 0;
    kp->reuse = 0;

    /* not u->conf, of which a location may have two, see cos_constant.c */

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    kp->pool = ngx_http_cos_get_pool(bucket, cclf->proxy_conf);
    if (kp->pool == NULL) {
        return NGX_ERROR;
    }

    kp->peers = ngx_http_cos_get_peers(bucket, kp->pool, bucket->at->addrs);
    if (kp->peers == NULL) {
        return NGX_ERROR;
    }

    /* variables have their names until the request is logged */

    cln->handler = ngx_http_cos_peer_cleanup;

    u->peer.data = &kp->rrp;

    if (ngx_http_upstream_init_round_robin_peer(r, &kp->peers->upstream)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    u->peer.get = ngx_http_cos_get_peer;
    u->peer.free = ngx_http_cos_free_peer;

    if (ngx_http_cos_settings_vary(u->conf)) {

#if (NGX_HTTP_SSL)
        u->peer.set_session = ngx_http_cos_no_session;
        u->peer.save_session = ngx_http_cos_drop_session;
#endif

        return NGX_OK;
    }

    kp->keep = bucket->keepalive;

    if (kp->keep) {
        kp->reuse = ngx_http_cos_may_repeat(r);
    }

    return NGX_OK;
}


static void
ngx_http_cos_peer_cleanup(void *data)
{
    ngx_http_cos_peer_data_t *kp = data;

    ngx_http_cos_release_peers(kp->peers);
}


/* from one request to another, within a location */

static ngx_uint_t
ngx_http_cos_settings_vary(ngx_http_upstream_conf_t *conf)
{
    if (conf->local && conf->local->value && conf->local->value->lengths) {
        return 1;
    }

#if (NGX_HTTP_SSL)

    if ((conf->ssl_name && conf->ssl_name->lengths)
        || (conf->ssl_certificate && conf->ssl_certificate->lengths)
        || (conf->ssl_certificate_key && conf->ssl_certificate_key->lengths))
    {
        return 1;
    }

#endif

    return 0;
}


/*
 * COS may close a connection while a request is on its way.  Nobody knows then
 * whether it was carried out, so only what may be sent again is sent over a
 * connection that has been idle.
 */

static ngx_uint_t
ngx_http_cos_may_repeat(ngx_http_request_t *r)
{
    ngx_uint_t  mask;

    mask = NGX_HTTP_UPSTREAM_FT_ERROR;

    if (r->method & (NGX_HTTP_POST|NGX_HTTP_LOCK|NGX_HTTP_PATCH)) {
        mask |= NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT;
    }

    return (r->upstream->conf->next_upstream & mask) == mask
           && !r->request_body_no_buffering;
}


static ngx_int_t
ngx_http_cos_get_peer(ngx_peer_connection_t *pc, void *data)
{
    ngx_http_cos_peer_data_t *kp = data;

    ngx_int_t             rc;
    ngx_queue_t          *q, *head;
    ngx_connection_t     *c;
    ngx_http_cos_idle_t  *idle;

    kp->idle = NULL;

    rc = ngx_http_upstream_get_round_robin_peer(pc, &kp->rrp);

    if (rc != NGX_OK || !kp->reuse) {
        return rc;
    }

    head = &kp->pool->idle;

    for (q = ngx_queue_head(head);
         q != ngx_queue_sentinel(head);
         q = ngx_queue_next(q))
    {
        idle = ngx_queue_data(q, ngx_http_cos_idle_t, queue);

        if (ngx_memn2cmp((u_char *) &idle->sockaddr, (u_char *) pc->sockaddr,
                         idle->socklen, pc->socklen)
            != 0)
        {
            continue;
        }

        c = idle->connection;

        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, pc->log, 0,
                       "cos keepalive: using connection %p", c);

        ngx_http_cos_remove_idle(idle);

        c->idle = 0;
        c->sent = 0;
        c->data = NULL;
        c->log = pc->log;
        c->read->log = pc->log;
        c->write->log = pc->log;
        c->pool->log = pc->log;

        if (c->read->timer_set) {
            ngx_del_timer(c->read);
        }

        kp->idle = idle;

        pc->connection = c;
        pc->cached = 1;

        return NGX_DONE;
    }

    return NGX_OK;
}


static void
ngx_http_cos_free_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state)
{
    ngx_http_cos_peer_data_t *kp = data;

    if (ngx_http_cos_was_closed(pc, kp, state)) {

        /* this says nothing of the address: once more, on a new connection */

        ngx_http_upstream_free_round_robin_peer(pc, &kp->rrp, 0);
        ngx_http_cos_forget_try(&kp->rrp);

        kp->reuse = 0;

        return;
    }

    if (ngx_http_cos_keep_connection(pc, kp, state) == NGX_OK) {
        pc->connection = NULL;
    }

    ngx_http_upstream_free_round_robin_peer(pc, &kp->rrp, state);
}


static ngx_uint_t
ngx_http_cos_was_closed(ngx_peer_connection_t *pc,
    ngx_http_cos_peer_data_t *kp, ngx_uint_t state)
{
    ngx_connection_t  *c;

    c = pc->connection;

    return (state & NGX_PEER_FAILED)
           && pc->cached
           && c
           && !c->read->timedout
           && !c->write->timedout
           && kp->upstream->state->bytes_received == 0;
}


static void
ngx_http_cos_forget_try(ngx_http_upstream_rr_peer_data_t *rrp)
{
    uintptr_t                     m;
    ngx_uint_t                    i, n;
    ngx_http_upstream_rr_peer_t  *peer;

    for (peer = rrp->peers->peer, i = 0; peer; peer = peer->next, i++) {

        if (peer == rrp->current) {
            n = i / (8 * sizeof(uintptr_t));
            m = (uintptr_t) 1 << i % (8 * sizeof(uintptr_t));

            rrp->tried[n] &= ~m;

            return;
        }
    }
}


/* the conditions are those of ngx_http_upstream_keepalive_module */

static ngx_int_t
ngx_http_cos_keep_connection(ngx_peer_connection_t *pc,
    ngx_http_cos_peer_data_t *kp, ngx_uint_t state)
{
    ngx_connection_t     *c;
    ngx_http_cos_idle_t  *idle;
    ngx_http_cos_pool_t  *pool;
    ngx_http_upstream_t  *u;

    u = kp->upstream;
    c = pc->connection;
    pool = kp->pool;

    if (!kp->keep
        || state & NGX_PEER_FAILED
        || c == NULL
        || c->read->eof
        || c->read->error
        || c->read->timedout
        || c->write->error
        || c->write->timedout)
    {
        return NGX_DECLINED;
    }

    if (c->requests >= NGX_HTTP_COS_KEEPALIVE_REQUESTS
        || ngx_current_msec - c->start_time > NGX_HTTP_COS_KEEPALIVE_TIME)
    {
        return NGX_DECLINED;
    }

    if (!u->keepalive || !u->request_body_sent) {
        return NGX_DECLINED;
    }

    if (ngx_terminate || ngx_exiting) {
        return NGX_DECLINED;
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        return NGX_DECLINED;
    }

    idle = kp->idle;

    if (idle == NULL) {
        idle = ngx_palloc(c->pool, sizeof(ngx_http_cos_idle_t));
        if (idle == NULL) {
            return NGX_DECLINED;
        }

        idle->connection = c;
        idle->pool = pool;
        idle->socklen = pc->socklen;
        ngx_memcpy(&idle->sockaddr, pc->sockaddr, pc->socklen);
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, pc->log, 0,
                   "cos keepalive: saving connection %p", c);

    ngx_queue_insert_head(&pool->idle, &idle->queue);
    pool->nidle++;

    c->read->delayed = 0;
    ngx_add_timer(c->read, NGX_HTTP_COS_KEEPALIVE_TIMEOUT);

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    c->write->handler = ngx_http_cos_idle_write_handler;
    c->read->handler = ngx_http_cos_idle_read_handler;

    c->data = idle;
    c->idle = 1;
    c->log = ngx_cycle->log;
    c->read->log = ngx_cycle->log;
    c->write->log = ngx_cycle->log;
    c->pool->log = ngx_cycle->log;

    ngx_http_cos_set_reusable(c, 1);

    if (c->read->ready) {
        ngx_http_cos_idle_read_handler(c->read);
    }

    if (pool->nidle > kp->keep) {
        idle = ngx_queue_data(ngx_queue_last(&pool->idle),
                              ngx_http_cos_idle_t, queue);
        c = idle->connection;

        ngx_http_cos_remove_idle(idle);
        ngx_http_cos_close_connection(c);
    }

    return NGX_OK;
}


static void
ngx_http_cos_remove_idle(ngx_http_cos_idle_t *idle)
{
    ngx_queue_remove(&idle->queue);
    idle->pool->nidle--;

    ngx_http_cos_set_reusable(idle->connection, 0);
}


/*
 * With many buckets, idle connections could use up worker_connections.  Those
 * that are reusable are closed before; but ngx_reusable_connection() counts
 * them as waiting clients, in memory that all workers share.
 */

static void
ngx_http_cos_set_reusable(ngx_connection_t *c, ngx_uint_t reusable)
{
    if (reusable) {

        /* need cast as ngx_cycle is volatile */

        ngx_queue_insert_head(
            (ngx_queue_t *) &ngx_cycle->reusable_connections_queue, &c->queue);
        ngx_cycle->reusable_connections_n++;

    } else {
        ngx_queue_remove(&c->queue);
        ngx_cycle->reusable_connections_n--;
    }

    c->reusable = reusable;
}


static void
ngx_http_cos_idle_write_handler(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "cos keepalive: write handler");
}


/* COS has closed it, or it is to be closed here */

static void
ngx_http_cos_idle_read_handler(ngx_event_t *ev)
{
    ssize_t            n;
    u_char             buf[1];
    ngx_connection_t  *c;

    c = ev->data;

    if (c->close || c->read->timedout) {
        goto close;
    }

    n = recv(c->fd, buf, 1, MSG_PEEK);

    if (n == -1 && ngx_socket_errno == NGX_EAGAIN) {
        ev->ready = 0;

        if (ngx_handle_read_event(c->read, 0) == NGX_OK) {
            return;
        }
    }

close:

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "cos keepalive: closing connection %p", c);

    ngx_http_cos_remove_idle(c->data);
    ngx_http_cos_close_connection(c);
}


static void
ngx_http_cos_close_connection(ngx_connection_t *c)
{
#if (NGX_HTTP_SSL)

    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;

        if (ngx_ssl_shutdown(c) == NGX_AGAIN) {
            c->ssl->handler = ngx_http_cos_close_connection;
            return;
        }
    }

#endif

    ngx_destroy_pool(c->pool);
    ngx_close_connection(c);
}


#if (NGX_HTTP_SSL)

static ngx_int_t
ngx_http_cos_no_session(ngx_peer_connection_t *pc, void *data)
{
    return NGX_OK;
}


static void
ngx_http_cos_drop_session(ngx_peer_connection_t *pc, void *data)
{
    return;
}

#endif


void
ngx_http_cos_close_peers(ngx_http_cos_main_conf_t *cmcf)
{
    ngx_uint_t               i;
    ngx_http_cos_bucket_t  **bucketp;

    bucketp = cmcf->buckets.elts;

    for (i = 0; i < cmcf->buckets.nelts; i++) {
        ngx_http_cos_close_bucket(bucketp[i]);
    }

    bucketp = cmcf->services.elts;

    for (i = 0; i < cmcf->services.nelts; i++) {
        ngx_http_cos_close_bucket(bucketp[i]);
    }

    ngx_http_cos_close_endpoints(cmcf);
}


static void
ngx_http_cos_close_bucket(ngx_http_cos_bucket_t *bucket)
{
    ngx_connection_t     *c;
    ngx_http_cos_idle_t  *idle;
    ngx_http_cos_pool_t  *pool;

    for (pool = bucket->pools; pool; pool = pool->next) {

        while (pool->nidle) {
            idle = ngx_queue_data(ngx_queue_head(&pool->idle),
                                  ngx_http_cos_idle_t, queue);
            c = idle->connection;

            ngx_http_cos_remove_idle(idle);
            ngx_http_cos_close_connection(c);
        }
    }

    ngx_http_cos_free_pools(bucket);
}
