
/*
 * Copyright (C) nginx-cos contributors
 *
 * Who renews: one process of all has the lease for the refresher, and marks
 * the slot that it asks for.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_lease.h"
#include "ngx_http_cos_slot.h"


/* an owner of the refresher that has not been heard of for so long is dead */

#define NGX_HTTP_COS_LEASE      3000

/*
 * Milliseconds: how often a secret that was refused is renewed early, and how
 * long it may take until the new one is there.
 */

#define NGX_HTTP_COS_RENEW_INTERVAL  10000
#define NGX_HTTP_COS_RENEW_TIME      5000

/* to a fetch beyond the timeouts of its exchanges */

#define NGX_HTTP_COS_FETCH_SLACK  1000


static ngx_uint_t ngx_http_cos_alive(ngx_pid_t pid);


ngx_int_t
ngx_http_cos_lease(ngx_http_cos_main_conf_t *cmcf)
{
    ngx_int_t             rc;
    ngx_msec_t            now;
    ngx_slab_pool_t      *shpool;
    ngx_http_cos_zone_t  *zone;

    zone = cmcf->shm_zone->data;
    shpool = (ngx_slab_pool_t *) cmcf->shm_zone->shm.addr;

    now = ngx_http_cos_monotonic();

    ngx_shmtx_lock(&shpool->mutex);

    rc = NGX_DECLINED;

    if (zone->configuration == cmcf->configuration
        && (zone->owner == ngx_pid
            || zone->owner_configuration < cmcf->configuration
            || (ngx_msec_int_t) (zone->owner_deadline - now) <= 0
            || !ngx_http_cos_alive(zone->owner)))
    {
        zone->owner = ngx_pid;
        zone->owner_configuration = cmcf->configuration;
        zone->owner_deadline = now + NGX_HTTP_COS_LEASE;

        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


void
ngx_http_cos_release_lease(ngx_http_cos_main_conf_t *cmcf)
{
    ngx_slab_pool_t      *shpool;
    ngx_http_cos_zone_t  *zone;

    zone = cmcf->shm_zone->data;
    shpool = (ngx_slab_pool_t *) cmcf->shm_zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    if (zone->owner == ngx_pid) {
        zone->owner = 0;
        zone->owner_configuration = 0;
    }

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_int_t
ngx_http_cos_begin_fetch(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_credentials_t *c, ngx_msec_t timeout)
{
    ngx_int_t             rc;
    ngx_msec_t            now;
    ngx_slab_pool_t      *shpool;
    ngx_http_cos_slot_t  *slot;
    ngx_http_cos_zone_t  *zone;

    slot = c->slot;

    /* a single process has none after a reload */

    if (slot == NULL) {
        return NGX_DECLINED;
    }

    zone = cmcf->shm_zone->data;
    shpool = (ngx_slab_pool_t *) cmcf->shm_zone->shm.addr;

    now = ngx_http_cos_monotonic();

    ngx_shmtx_lock(&shpool->mutex);

    rc = NGX_DECLINED;

    if (zone->configuration == cmcf->configuration
        && zone->owner == ngx_pid
        && ngx_http_cos_own_slot(c)
        && (!ngx_http_cos_valid_slot(slot)
            || slot->refused == slot->generation
            || slot->refresh <= time(NULL)
            || (ngx_msec_int_t) (slot->renew - now) <= 0)

        /* the owner before may still be at it */

        && (slot->fetcher == ngx_pid
            || (ngx_msec_int_t) (slot->fetch_deadline - now) <= 0
            || !ngx_http_cos_alive(slot->fetcher)))
    {
        slot->fetcher = ngx_pid;
        slot->fetch_deadline = now + timeout + NGX_HTTP_COS_FETCH_SLACK;

        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


void
ngx_http_cos_end_fetch(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_credentials_t *c)
{
    ngx_slab_pool_t  *shpool;

    if (c->slot == NULL) {
        return;
    }

    shpool = (ngx_slab_pool_t *) cmcf->shm_zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    if (c->slot->fetcher == ngx_pid) {
        c->slot->fetcher = 0;
    }

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_int_t
ngx_http_cos_renew(ngx_http_cos_credentials_t *c, ngx_atomic_uint_t generation)
{
    ngx_int_t                  rc;
    ngx_msec_t                 passed;
    ngx_slab_pool_t           *shpool;
    ngx_http_cos_slot_t       *slot;
    ngx_http_cos_main_conf_t  *cmcf;

    slot = c->slot;

    if (slot == NULL) {
        return NGX_DECLINED;
    }

    cmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle, ngx_http_cos_module);
    shpool = (ngx_slab_pool_t *) cmcf->shm_zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    passed = ngx_http_cos_monotonic() - slot->refused_at;

    if (!ngx_http_cos_own_slot(c)) {
        rc = NGX_DECLINED;

    } else if (slot->generation != generation) {
        rc = NGX_OK;

    } else if (c->provider->request == NULL) {
        rc = NGX_DECLINED;

    } else if (slot->refused == generation) {
        rc = (passed < NGX_HTTP_COS_RENEW_TIME) ? NGX_AGAIN : NGX_DECLINED;

    } else if (slot->refused && passed < NGX_HTTP_COS_RENEW_INTERVAL) {
        rc = NGX_DECLINED;

    } else {
        slot->refused = generation;
        slot->refused_at += passed;
        rc = NGX_DONE;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


/* a worker that was killed is gone as soon as the master knows it */

static ngx_uint_t
ngx_http_cos_alive(ngx_pid_t pid)
{
    return pid && (kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH);
}


/* the same for all processes, and not set by anybody */

ngx_msec_t
ngx_http_cos_monotonic(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (ngx_msec_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
