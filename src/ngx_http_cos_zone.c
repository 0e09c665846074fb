
/*
 * Copyright (C) nginx-cos contributors
 *
 * The shared zone: a slot for each cos_credentials block.  A worker looks at
 * the generation of a slot and copies the secret when it has changed.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_atomic.h"
#include "ngx_http_cos_lease.h"
#include "ngx_http_cos_memory.h"
#include "ngx_http_cos_slot.h"
#include "ngx_http_cos_zone.h"


/* a reload keeps the zone as long as this many blocks are enough */

#define NGX_HTTP_COS_MIN_SLOTS  32

#define NGX_HTTP_COS_LAYOUT     3

/* what a worker signs with */
typedef struct {
    ngx_http_cos_secret_t    secret;
    cos_hmac_t               sign_key;
} ngx_http_cos_copy_t;


static ngx_int_t ngx_http_cos_init_zone(ngx_shm_zone_t *shm_zone, void *data);
static ngx_int_t ngx_http_cos_assign_slots(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_zone_t *zone);
static ngx_http_cos_slot_t *ngx_http_cos_find_slot(ngx_http_cos_zone_t *zone,
    ngx_http_cos_credentials_t *c);
static ngx_http_cos_slot_t *ngx_http_cos_free_slot(ngx_http_cos_zone_t *zone);
static void ngx_http_cos_change_slot(ngx_http_cos_slot_t *slot);
static void ngx_http_cos_fill_slot(ngx_http_cos_slot_t *slot,
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret);
static ngx_inline ngx_uint_t ngx_http_cos_usable(
    ngx_http_cos_secret_t *secret);


static ngx_uint_t  ngx_http_cos_nconfigurations;


char *
ngx_http_cos_add_zone(ngx_conf_t *cf, ngx_http_cos_main_conf_t *cmcf)
{
    size_t                        size;
    ngx_str_t                     name;
    ngx_uint_t                    i, n;
    ngx_http_cos_copy_t          *copies;
    ngx_http_cos_credentials_t  **cp;

    if (cmcf->credentials.nelts == 0) {
        return NGX_CONF_OK;
    }

    /* each worker has its own, after the fork */

    copies = ngx_http_cos_secret_pages(cf->pool, cmcf->credentials.nelts
                                                 * sizeof(ngx_http_cos_copy_t));
    if (copies == NULL) {
        return NGX_CONF_ERROR;
    }

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        cp[i]->secret = &copies[i].secret;
        cp[i]->sign_key = &copies[i].sign_key;
    }

    for (n = NGX_HTTP_COS_MIN_SLOTS; n < cmcf->credentials.nelts; n *= 2) {
        /* void */
    }

    /* the slab pool keeps a table with an entry for each page */

    size = sizeof(ngx_http_cos_zone_t) + n * sizeof(ngx_http_cos_slot_t);
    size += size / 16 + 8 * ngx_pagesize;
    size = ngx_align(size, ngx_pagesize);

    /* configurations are loaded by the master alone */

    cmcf->configuration = ++ngx_http_cos_nconfigurations;

    ngx_str_set(&name, "ngx_http_cos");

    cmcf->shm_zone = ngx_shared_memory_add(cf, &name, size,
                                           &ngx_http_cos_module);
    if (cmcf->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    cmcf->shm_zone->init = ngx_http_cos_init_zone;
    cmcf->shm_zone->data = (void *) n;

    return NGX_CONF_OK;
}


/*
 * Runs before it is known whether the new configuration will be used, so a
 * zone of the old one is only looked at.
 */

static ngx_int_t
ngx_http_cos_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    size_t                size;
    ngx_uint_t            nslots;
    ngx_slab_pool_t      *shpool;
    ngx_http_cos_zone_t  *zone;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    ngx_http_cos_no_dump(shm_zone->shm.addr, shm_zone->shm.size);

    if (data || shm_zone->shm.exists) {
        shm_zone->data = shpool->data;
        return NGX_OK;
    }

    nslots = (ngx_uint_t) (uintptr_t) shm_zone->data;

    size = sizeof(ngx_http_cos_zone_t) + nslots * sizeof(ngx_http_cos_slot_t);

    zone = ngx_slab_calloc(shpool, size);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->layout = NGX_HTTP_COS_LAYOUT;
    zone->nslots = nslots;

    shpool->data = zone;
    shm_zone->data = zone;

    return NGX_OK;
}


ngx_int_t
ngx_http_cos_attach_slots(ngx_http_cos_main_conf_t *cmcf, ngx_log_t *log)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_slab_pool_t              *shpool;
    ngx_http_cos_zone_t          *zone;
    ngx_http_cos_credentials_t  **cp;

    if (cmcf->shm_zone == NULL) {
        return NGX_OK;
    }

    zone = cmcf->shm_zone->data;
    shpool = (ngx_slab_pool_t *) cmcf->shm_zone->shm.addr;

    cp = cmcf->credentials.elts;

    ngx_shmtx_lock(&shpool->mutex);

    /* a late worker of an older configuration takes what it finds */

    rc = NGX_OK;

    if (zone->configuration < cmcf->configuration) {
        rc = ngx_http_cos_assign_slots(cmcf, zone);

        if (rc == NGX_OK) {
            zone->configuration = cmcf->configuration;
        }
    }

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        cp[i]->slot = ngx_http_cos_find_slot(zone, cp[i]);

        if (cp[i]->slot) {
            cp[i]->version = cp[i]->slot->version;
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_CRIT, log, 0,
                      "not enough slots for cos_credentials");
        return NGX_ERROR;
    }

    for (i = 0; i < cmcf->credentials.nelts; i++) {

        cp[i]->generation = 0;
        (void) ngx_http_cos_get_secret(cp[i]);

        /* it is in the zone now */

        if (cp[i]->first) {
            ngx_explicit_memzero(cp[i]->first, sizeof(ngx_http_cos_secret_t));
            cos_wipe(cp[i]->secret_key.data, cp[i]->secret_key.len);
            cos_wipe(cp[i]->token.data, cp[i]->token.len);
        }
    }

    return NGX_OK;
}


/* under the mutex, by the first process of a configuration */

static ngx_int_t
ngx_http_cos_assign_slots(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_zone_t *zone)
{
    ngx_uint_t                    i, k;
    ngx_http_cos_slot_t          *slot;
    ngx_http_cos_credentials_t  **cp, *c;

    cp = cmcf->credentials.elts;

    for (k = 0; k < zone->nslots; k++) {
        zone->slots[k].used = 0;
    }

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        slot = ngx_http_cos_find_slot(zone, cp[i]);

        if (slot) {
            slot->used = 1;
        }
    }

    for (i = 0; i < cmcf->credentials.nelts; i++) {

        c = cp[i];
        slot = ngx_http_cos_find_slot(zone, c);

        if (slot == NULL) {

            slot = ngx_http_cos_free_slot(zone);
            if (slot == NULL) {
                return NGX_ERROR;
            }

            slot->used = 1;
            ngx_memcpy(slot->name, c->name_hash, COS_SHA1_LEN);
            ngx_memzero(slot->fingerprint, COS_SHA1_LEN);
        }

        if (ngx_memcmp(slot->fingerprint, c->fingerprint, COS_SHA1_LEN) != 0) {

            /* a secret of another source must not be used any more */

            ngx_http_cos_change_slot(slot);

            ngx_explicit_memzero(&slot->secret, sizeof(ngx_http_cos_secret_t));
            ngx_memzero(&slot->version, sizeof(ngx_http_cos_version_t));
            ngx_memcpy(slot->fingerprint, c->fingerprint, COS_SHA1_LEN);
            slot->refresh = 0;
            slot->refused = 0;
            slot->fetcher = 0;

            (void) ngx_atomic_fetch_add(&slot->generation, 1);
        }

        if (c->first
            && ngx_memcmp(c->first, &slot->secret,
                          sizeof(ngx_http_cos_secret_t))
               != 0)
        {
            ngx_http_cos_fill_slot(slot, c, c->first);
        }
    }

    /* those of blocks that have gone; old workers serve on with their copies */

    for (k = 0; k < zone->nslots; k++) {
        if (!zone->slots[k].used) {
            ngx_explicit_memzero(&zone->slots[k].secret,
                                 sizeof(ngx_http_cos_secret_t));
        }
    }

    return NGX_OK;
}


static ngx_http_cos_slot_t *
ngx_http_cos_find_slot(ngx_http_cos_zone_t *zone,
    ngx_http_cos_credentials_t *c)
{
    ngx_uint_t  i;

    for (i = 0; i < zone->nslots; i++) {
        if (ngx_memcmp(zone->slots[i].name, c->name_hash, COS_SHA1_LEN) == 0) {
            return &zone->slots[i];
        }
    }

    return NULL;
}


/* one that was never used, or else that of a block that has gone */

static ngx_http_cos_slot_t *
ngx_http_cos_free_slot(ngx_http_cos_zone_t *zone)
{
    ngx_uint_t            i;
    ngx_http_cos_slot_t  *slot;

    slot = NULL;

    for (i = 0; i < zone->nslots; i++) {

        if (zone->slots[i].used) {
            continue;
        }

        if (zone->slots[i].generation == 0) {
            return &zone->slots[i];
        }

        if (slot == NULL) {
            slot = &zone->slots[i];
        }
    }

    return slot;
}


ngx_uint_t
ngx_http_cos_own_slot(ngx_http_cos_credentials_t *c)
{
    return ngx_memcmp(c->slot->name, c->name_hash, COS_SHA1_LEN) == 0
           && ngx_memcmp(c->slot->fingerprint, c->fingerprint, COS_SHA1_LEN)
              == 0;
}


ngx_uint_t
ngx_http_cos_valid_slot(ngx_http_cos_slot_t *slot)
{
    return (slot->generation & 1) == 0 && slot->secret.id_len
           && (slot->secret.expire == 0 || slot->secret.expire > time(NULL));
}


/*
 * Under the mutex, which the master unlocks if this process is killed: others
 * see then that the slot is not as it should be.
 */

static void
ngx_http_cos_change_slot(ngx_http_cos_slot_t *slot)
{
    (void) ngx_atomic_fetch_add(&slot->generation,
                                (slot->generation & 1) ? 2 : 1);
}


static void
ngx_http_cos_fill_slot(ngx_http_cos_slot_t *slot,
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret)
{
    ngx_http_cos_change_slot(slot);

    ngx_memcpy(&slot->secret, secret, sizeof(ngx_http_cos_secret_t));
    slot->version = c->version;

    (void) ngx_atomic_fetch_add(&slot->generation, 1);
}


void
ngx_http_cos_publish(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret,
    time_t refresh)
{
    ngx_uint_t            ours;
    ngx_slab_pool_t      *shpool;
    ngx_http_cos_slot_t  *slot;
    ngx_http_cos_zone_t  *zone;

    slot = c->slot;

    if (slot == NULL) {
        return;
    }

    zone = cmcf->shm_zone->data;
    shpool = (ngx_slab_pool_t *) cmcf->shm_zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    /*
     * After a reload, or without the lease, others say what is newest, but
     * they wait for a fetch that was begun before.
     */

    if (refresh) {
        ours = (slot->fetcher == ngx_pid);

    } else {
        ours = (zone->configuration == cmcf->configuration
                && zone->owner == ngx_pid);
    }

    if (ours && ngx_http_cos_own_slot(c)) {
        ngx_http_cos_fill_slot(slot, c, secret);

        slot->refresh = refresh;
        slot->renew = ngx_http_cos_monotonic()
                      + (ngx_msec_t) (refresh - time(NULL)) * 1000;
        slot->fetcher = 0;
    }

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_int_t
ngx_http_cos_read_slot(ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret,
    time_t *expire)
{
    ngx_int_t         rc;
    ngx_slab_pool_t  *shpool;

    if (c->slot == NULL) {
        return NGX_DECLINED;
    }

    rc = NGX_DECLINED;

    shpool = (ngx_slab_pool_t *) cmcf->shm_zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    if (ngx_http_cos_own_slot(c) && ngx_http_cos_valid_slot(c->slot)) {

        if (secret) {
            ngx_memcpy(secret, &c->slot->secret,
                       sizeof(ngx_http_cos_secret_t));
        }

        if (expire) {
            *expire = c->slot->secret.expire;
        }

        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return rc;
}


ngx_uint_t
ngx_http_cos_credential_to_come(ngx_http_cos_credentials_t *c)
{
    return !c->seen && (c->provider->poll || c->provider->request);
}


ngx_http_cos_secret_t *
ngx_http_cos_get_secret(ngx_http_cos_credentials_t *c)
{
    ngx_slab_pool_t           *shpool;
    ngx_http_cos_secret_t     *secret;
    ngx_http_cos_main_conf_t  *cmcf;

    secret = c->secret;

    if (c->slot
        && ngx_http_cos_atomic_load(&c->slot->generation) != c->generation)
    {

        cmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                                   ngx_http_cos_module);

        shpool = (ngx_slab_pool_t *) cmcf->shm_zone->shm.addr;

        ngx_shmtx_lock(&shpool->mutex);

        /* an old worker keeps what it has when its slot was taken over */

        if (ngx_http_cos_own_slot(c) && (c->slot->generation & 1) == 0) {
            ngx_memcpy(secret, &c->slot->secret,
                       sizeof(ngx_http_cos_secret_t));
        }

        c->generation = c->slot->generation;

        ngx_shmtx_unlock(&shpool->mutex);

        c->plain_token = cos_is_plain(secret->token, secret->token_len,
                                      COS_ESCAPE_VALUE);

        ngx_explicit_memzero(c->sign_key, sizeof(cos_hmac_t));
        c->start = 0;

        c->seen |= ngx_http_cos_usable(secret);
    }

    return ngx_http_cos_usable(secret) ? secret : NULL;
}


/* what is sent in the last second may come too late */

static ngx_inline ngx_uint_t
ngx_http_cos_usable(ngx_http_cos_secret_t *secret)
{
    return secret->id_len
           && (secret->expire == 0 || secret->expire > ngx_time() + 1);
}


void
ngx_http_cos_read_slots(ngx_http_cos_main_conf_t *cmcf)
{
    ngx_uint_t                    i;
    ngx_http_cos_credentials_t  **cp;

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        (void) ngx_http_cos_get_secret(cp[i]);
    }
}


const cos_hmac_t *
ngx_http_cos_sign_key(ngx_http_cos_credentials_t *c, time_t start, time_t end,
    ngx_str_t *key_time)
{
    ngx_str_t  key;

    if (c->start != start || c->end != end) {

        c->key_time.data = c->key_time_buf;
        c->key_time.len = ngx_sprintf(c->key_time_buf, "%T;%T", start, end)
                          - c->key_time_buf;

        key.data = c->secret->key;
        key.len = c->secret->key_len;

        cos_sign_key(c->sign_key, &key, &c->key_time);

        c->start = start;
        c->end = end;
    }

    *key_time = c->key_time;

    return c->sign_key;
}


void
ngx_http_cos_wipe_secrets(ngx_http_cos_main_conf_t *cmcf)
{
    ngx_uint_t                    i;
    ngx_http_cos_credentials_t  **cp;

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        ngx_explicit_memzero(cp[i]->secret, sizeof(ngx_http_cos_secret_t));
        ngx_explicit_memzero(cp[i]->sign_key, sizeof(cos_hmac_t));
        cp[i]->generation = 0;
        cp[i]->start = 0;
    }
}


void
ngx_http_cos_detach_slots(ngx_http_cos_main_conf_t *cmcf)
{
    ngx_uint_t                    i;
    ngx_http_cos_credentials_t  **cp;

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        cp[i]->slot = NULL;
    }
}
