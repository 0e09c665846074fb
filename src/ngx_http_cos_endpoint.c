
/*
 * Copyright (C) nginx-cos contributors
 *
 * Addresses are looked up by the "resolver" of the location, or by that of the
 * system, when a request comes and their time has passed.  Requests that come
 * often enough go on with what there was meanwhile; others wait.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_endpoint.h"
#include "ngx_http_cos_wait.h"


/* milliseconds */

#define NGX_HTTP_COS_TTL_MIN      1000
#define NGX_HTTP_COS_TTL_MAX      600000

/* the resolver of the system does not tell */

#define NGX_HTTP_COS_TTL_SYSTEM   30000

/* until the next attempt, with the old addresses or without any */

#define NGX_HTTP_COS_RETRY_OLD    5000
#define NGX_HTTP_COS_RETRY_NONE   1000

/* for how long old addresses are used while new ones are looked up */

#define NGX_HTTP_COS_GRACE        10000

/* then a request waits, but not longer than this */

#define NGX_HTTP_COS_WAIT_OLD     1000


static ngx_http_cos_endpoint_t *ngx_http_cos_get_endpoint(
    ngx_http_request_t *r, ngx_http_cos_bucket_t *bucket);
static ngx_int_t ngx_http_cos_literal_endpoint(ngx_http_cos_endpoint_t *ep);
static void ngx_http_cos_start_lookup(ngx_http_request_t *r,
    ngx_http_cos_endpoint_t *ep);
static void ngx_http_cos_resolve_handler(ngx_resolver_ctx_t *ctx);
static void ngx_http_cos_system_handler(void *data, int err,
    struct addrinfo *list);
static void ngx_http_cos_lookup_failed(ngx_http_cos_endpoint_t *ep,
    const char *reason);
static ngx_http_cos_addrs_t *ngx_http_cos_create_addrs(ngx_uint_t n);
static ngx_int_t ngx_http_cos_add_addr(ngx_http_cos_addrs_t *addrs,
    struct sockaddr *sockaddr, socklen_t socklen, in_port_t port);
static void ngx_http_cos_set_addrs(ngx_http_cos_endpoint_t *ep,
    ngx_http_cos_addrs_t *addrs, ngx_msec_t ttl);
static ngx_uint_t ngx_http_cos_same_addrs(ngx_http_cos_addrs_t *a,
    ngx_http_cos_addrs_t *b);


ngx_int_t
ngx_http_cos_find_addrs(ngx_http_request_t *r, ngx_http_cos_bucket_t *bucket)
{
    ngx_msec_int_t            late;
    ngx_http_cos_endpoint_t  *ep;

    ep = bucket->at;

    if (ep && ep->literal) {
        return NGX_OK;
    }

    if (ep == NULL) {
        ep = ngx_http_cos_get_endpoint(r, bucket);
        if (ep == NULL) {
            return NGX_OK;
        }
    }

    late = (ngx_msec_int_t) (ngx_current_msec - ep->expire);

    if (ep->literal || late < 0) {
        return NGX_OK;
    }

    if (ep->ctx == NULL && ep->lookup == NULL) {

        ngx_http_cos_start_lookup(r, ep);

        if (ep->ctx == NULL && ep->lookup == NULL) {
            return NGX_OK;
        }
    }

    return (ep->addrs && late < NGX_HTTP_COS_GRACE) ? NGX_OK : NGX_AGAIN;
}


static ngx_http_cos_endpoint_t *
ngx_http_cos_get_endpoint(ngx_http_request_t *r, ngx_http_cos_bucket_t *bucket)
{
    u_char                    *p;
    size_t                     len;
    uint32_t                   hash;
    ngx_str_t                  name;
    ngx_http_cos_endpoint_t   *ep;
    ngx_http_cos_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_cos_module);

    len = bucket->endpoint.len + sizeof(":65535") - 1;

    name.data = ngx_pnalloc(r->pool, len);
    if (name.data == NULL) {
        return NULL;
    }

    ngx_strlow(name.data, bucket->endpoint.data, bucket->endpoint.len);

    p = name.data + bucket->endpoint.len;
    name.len = ngx_sprintf(p, ":%ui", (ngx_uint_t) bucket->endpoint_port)
               - name.data;

    hash = ngx_murmur_hash2(name.data, name.len);

    ep = (ngx_http_cos_endpoint_t *)
             ngx_str_rbtree_lookup(&cmcf->endpoints, &name, hash);

    if (ep) {
        bucket->at = ep;
        return ep;
    }

    /* it lives as long as the bucket does */

    ep = ngx_pcalloc(cmcf->pool, sizeof(ngx_http_cos_endpoint_t));
    if (ep == NULL) {
        return NULL;
    }

    ep->sn.node.key = hash;
    ep->sn.str.len = name.len;
    ep->sn.str.data = ngx_pstrdup(cmcf->pool, &name);
    if (ep->sn.str.data == NULL) {
        return NULL;
    }

    ep->host.len = bucket->endpoint.len;
    ep->host.data = ep->sn.str.data;
    ep->port = bucket->endpoint_port;
    ep->expire = ngx_current_msec;

    ngx_queue_init(&ep->waiting);

    if (ngx_http_cos_literal_endpoint(ep) == NGX_ERROR) {
        return NULL;
    }

    ep->next = cmcf->endpoint_list;
    cmcf->endpoint_list = ep;

    ngx_rbtree_insert(&cmcf->endpoints, &ep->sn.node);

    bucket->at = ep;

    return ep;
}


static ngx_int_t
ngx_http_cos_literal_endpoint(ngx_http_cos_endpoint_t *ep)
{
    ngx_int_t              rc;
    ngx_addr_t             addr;
    ngx_pool_t            *pool;
    ngx_http_cos_addrs_t  *addrs;

    pool = ngx_create_pool(256, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_parse_addr(pool, &addr, ep->host.data, ep->host.len);

    if (rc != NGX_OK) {
        goto done;
    }

    addrs = ngx_http_cos_create_addrs(1);

    if (addrs == NULL
        || ngx_http_cos_add_addr(addrs, addr.sockaddr, addr.socklen, ep->port)
           != NGX_OK)
    {
        rc = NGX_ERROR;
        goto done;
    }

    ep->addrs = addrs;
    ep->literal = 1;

done:

    ngx_destroy_pool(pool);

    return rc;
}


/* it may be over when this returns: a resolver keeps what it was told */

static void
ngx_http_cos_start_lookup(ngx_http_request_t *r, ngx_http_cos_endpoint_t *ep)
{
    ngx_resolver_ctx_t        *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "cos lookup: \"%V\"", &ep->host);

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->resolver == NULL || clcf->resolver->connections.nelts == 0) {

        ep->lookup = ngx_http_cos_lookup(&ep->host,
                                         ngx_http_cos_system_handler, ep);
        if (ep->lookup == NULL) {
            ngx_http_cos_lookup_failed(ep, "cannot be started");
        }

        return;
    }

    /*
     * A resolver answers with what it has kept, for as long as that is valid.
     * What nobody has asked for lately is forgotten when a lookup is done.
     */

    ctx = ngx_resolve_start(clcf->resolver, NULL);

    if (ctx && ctx != NGX_NO_RESOLVER) {
        ngx_resolve_name_done(ctx);
    }

    ctx = ngx_resolve_start(clcf->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_http_cos_lookup_failed(ep, "cannot be started");
        return;
    }

    ctx->name = ep->host;
    ctx->handler = ngx_http_cos_resolve_handler;
    ctx->data = ep;
    ctx->timeout = clcf->resolver_timeout;
    ctx->cancelable = 1;

    ep->ctx = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        ep->ctx = NULL;
        ngx_http_cos_lookup_failed(ep, "cannot be started");
    }
}


static void
ngx_http_cos_resolve_handler(ngx_resolver_ctx_t *ctx)
{
    time_t                    valid;
    ngx_uint_t                i;
    ngx_http_cos_addrs_t     *addrs;
    ngx_http_cos_endpoint_t  *ep;

    ep = ctx->data;
    ep->ctx = NULL;

    if (ctx->state) {
        ngx_http_cos_lookup_failed(ep, ngx_resolver_strerror(ctx->state));
        goto done;
    }

    addrs = ngx_http_cos_create_addrs(ctx->naddrs);

    for (i = 0; addrs && i < ctx->naddrs; i++) {
        if (ngx_http_cos_add_addr(addrs, ctx->addrs[i].sockaddr,
                                  ctx->addrs[i].socklen, ep->port)
            != NGX_OK)
        {
            addrs = NULL;
        }
    }

    /* in the second of "valid" the resolver would give the same again */

    valid = ctx->valid - ngx_time() + 1;
    valid = ngx_max(valid, 0);
    valid = ngx_min(valid, NGX_HTTP_COS_TTL_MAX / 1000);

    ngx_http_cos_set_addrs(ep, addrs, (ngx_msec_t) valid * 1000);

done:

    ngx_resolve_name_done(ctx);

    ngx_http_cos_wake(&ep->waiting);
}


static void
ngx_http_cos_system_handler(void *data, int err, struct addrinfo *list)
{
    ngx_http_cos_endpoint_t *ep = data;

    ngx_uint_t             i, n;
    struct addrinfo       *ai;
    ngx_http_cos_addrs_t  *addrs;

    static int  families[] = {
        AF_INET,
#if (NGX_HAVE_INET6)
        AF_INET6
#endif
    };

    ep->lookup = NULL;

    if (err) {
        ngx_http_cos_lookup_failed(ep, gai_strerror(err));
        goto done;
    }

    n = 0;

    for (ai = list; ai; ai = ai->ai_next) {
        n++;
    }

    addrs = ngx_http_cos_create_addrs(n);

    /* as nginx does: IPv4 before IPv6 */

    for (i = 0; i < sizeof(families) / sizeof(int); i++) {
        for (ai = list; addrs && ai; ai = ai->ai_next) {
            if (ai->ai_family == families[i]
                && ngx_http_cos_add_addr(addrs, ai->ai_addr, ai->ai_addrlen,
                                         ep->port)
                   != NGX_OK)
            {
                addrs = NULL;
            }
        }
    }

    ngx_http_cos_set_addrs(ep, addrs, NGX_HTTP_COS_TTL_SYSTEM);

done:

    ngx_http_cos_wake(&ep->waiting);
}


static void
ngx_http_cos_lookup_failed(ngx_http_cos_endpoint_t *ep, const char *reason)
{
    if (ep->addrs) {
        ep->expire = ngx_current_msec + NGX_HTTP_COS_RETRY_OLD;

        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "endpoint \"%V\" could not be resolved (%s), "
                      "its last addresses remain in use", &ep->host, reason);
        return;
    }

    ep->expire = ngx_current_msec + NGX_HTTP_COS_RETRY_NONE;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "endpoint \"%V\" could not be resolved (%s)",
                  &ep->host, reason);
}


static ngx_http_cos_addrs_t *
ngx_http_cos_create_addrs(ngx_uint_t n)
{
    ngx_pool_t            *pool;
    ngx_http_cos_addrs_t  *addrs;

    pool = ngx_create_pool(512, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    addrs = ngx_pcalloc(pool, sizeof(ngx_http_cos_addrs_t));
    if (addrs == NULL) {
        goto failed;
    }

    addrs->addrs = ngx_palloc(pool, n * sizeof(ngx_addr_t));
    if (addrs->addrs == NULL) {
        goto failed;
    }

    addrs->pool = pool;
    addrs->refs = 1;

    return addrs;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


/* an error leaves nothing behind */

static ngx_int_t
ngx_http_cos_add_addr(ngx_http_cos_addrs_t *addrs, struct sockaddr *sockaddr,
    socklen_t socklen, in_port_t port)
{
    u_char            *p;
    ngx_addr_t        *addr;
    struct sockaddr   *sa;

    addr = &addrs->addrs[addrs->naddrs];

    sa = ngx_palloc(addrs->pool, socklen);
    if (sa == NULL) {
        goto failed;
    }

    ngx_memcpy(sa, sockaddr, socklen);
    ngx_inet_set_port(sa, port);

    p = ngx_pnalloc(addrs->pool, NGX_SOCKADDR_STRLEN);
    if (p == NULL) {
        goto failed;
    }

    addr->sockaddr = sa;
    addr->socklen = socklen;
    addr->name.data = p;
    addr->name.len = ngx_sock_ntop(sa, socklen, p, NGX_SOCKADDR_STRLEN, 1);

    addrs->naddrs++;

    return NGX_OK;

failed:

    ngx_destroy_pool(addrs->pool);

    return NGX_ERROR;
}


/* the same addresses stay what they are, whatever their order */

static void
ngx_http_cos_set_addrs(ngx_http_cos_endpoint_t *ep,
    ngx_http_cos_addrs_t *addrs, ngx_msec_t ttl)
{
    if (addrs == NULL) {
        ngx_http_cos_lookup_failed(ep, "no memory");
        return;
    }

    if (addrs->naddrs == 0) {
        ngx_http_cos_release_addrs(addrs);
        ngx_http_cos_lookup_failed(ep, "no addresses");
        return;
    }

    ep->expire = ngx_current_msec + ngx_max(ttl, NGX_HTTP_COS_TTL_MIN);

    if (ep->addrs) {

        if (ngx_http_cos_same_addrs(ep->addrs, addrs)) {
            ngx_http_cos_release_addrs(addrs);
            return;
        }

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                      "endpoint \"%V\" has other addresses now", &ep->host);

        ngx_http_cos_release_addrs(ep->addrs);
    }

    ep->addrs = addrs;
}


static ngx_uint_t
ngx_http_cos_same_addrs(ngx_http_cos_addrs_t *a, ngx_http_cos_addrs_t *b)
{
    ngx_uint_t  i, j;

    if (a->naddrs != b->naddrs) {
        return 0;
    }

    for (i = 0; i < a->naddrs; i++) {

        for (j = 0; j < b->naddrs; j++) {
            if (ngx_cmp_sockaddr(a->addrs[i].sockaddr, a->addrs[i].socklen,
                                 b->addrs[j].sockaddr, b->addrs[j].socklen, 1)
                == NGX_OK)
            {
                break;
            }
        }

        if (j == b->naddrs) {
            return 0;
        }
    }

    return 1;
}


void
ngx_http_cos_release_addrs(ngx_http_cos_addrs_t *addrs)
{
    if (--addrs->refs == 0) {
        ngx_destroy_pool(addrs->pool);
    }
}


ngx_int_t
ngx_http_cos_wait_addrs(ngx_http_request_t *r, ngx_http_cos_bucket_t *bucket,
    ngx_http_handler_pt handler)
{
    ngx_http_cos_endpoint_t   *ep;
    ngx_http_core_loc_conf_t  *clcf;

    ep = bucket->at;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    return ngx_http_cos_park(r, &ep->waiting,
                             ep->addrs ? NGX_HTTP_COS_WAIT_OLD
                                       : clcf->resolver_timeout,
                             handler);
}


void
ngx_http_cos_close_endpoints(ngx_http_cos_main_conf_t *cmcf)
{
    ngx_http_cos_endpoint_t  *ep;

    for (ep = cmcf->endpoint_list; ep; ep = ep->next) {

        if (ep->ctx) {
            ngx_resolve_name_done(ep->ctx);
            ep->ctx = NULL;
        }

        if (ep->lookup) {
            ngx_http_cos_cancel_lookup(ep->lookup);
            ep->lookup = NULL;
        }

        if (ep->addrs) {
            ngx_http_cos_release_addrs(ep->addrs);
            ep->addrs = NULL;
        }
    }
}
