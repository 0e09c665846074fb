
/*
 * Copyright (C) nginx-cos contributors
 *
 * When a block is renewed, and what follows from an answer, good or bad.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_job.h"
#include "ngx_http_cos_lease.h"
#include "ngx_http_cos_report.h"
#include "ngx_http_cos_zone.h"


/* milliseconds */

#define NGX_HTTP_COS_POLL_INTERVAL    1000

#define NGX_HTTP_COS_BACKOFF_FIRST    1000
#define NGX_HTTP_COS_BACKOFF_MAX      60000

/* without a credential, and shortly before */

#define NGX_HTTP_COS_BACKOFF_EXPIRED  10000
#define NGX_HTTP_COS_BACKOFF_MIN      500

/* seconds, for an exchange to come to its end */

#define NGX_HTTP_COS_REFRESH_MIN      2

/* one or two for a source, see cvm */

#define NGX_HTTP_COS_EXCHANGES        2

/* the longest life that STS gives is 36 hours */

#define NGX_HTTP_COS_REFRESH_MAX      129600


static void ngx_http_cos_start_exchange(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job);
static void ngx_http_cos_job_failed(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job);
static ngx_http_cos_credentials_t *ngx_http_cos_job_source(
    ngx_http_cos_job_t *job);
static time_t ngx_http_cos_refresh_time(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret);
static ngx_uint_t ngx_http_cos_jitter(ngx_http_cos_refresher_t *rf,
    ngx_uint_t n);


/* one with placeholders in its URL is for others to be made of */

ngx_uint_t
ngx_http_cos_is_job(ngx_http_cos_credentials_t *c, ngx_uint_t exchanges)
{
    return !ngx_http_cos_is_template(c)
           && (exchanges ? c->provider->request != NULL
                         : c->provider->poll != NULL);
}


void
ngx_http_cos_run_job(ngx_http_cos_refresher_t *rf, ngx_http_cos_job_t *job,
    ngx_msec_t now)
{
    ngx_http_cos_secret_t        secret;
    ngx_http_cos_credentials_t  *c;

    if (job->busy || (ngx_msec_int_t) (job->next - now) > 0) {
        return;
    }

    c = job->c;

    if (c->provider->poll) {

        job->next = now + NGX_HTTP_COS_POLL_INTERVAL;

        if (c->provider->poll(c, &secret, NULL) == NGX_OK) {
            ngx_http_cos_publish(rf->cmcf, c, &secret, 0);

            ngx_http_cos_report(NGX_LOG_NOTICE, NULL, 0,
                                "cos_credentials \"%V\" updated from \"%V\"",
                                &c->name, &c->provider->name);
        }

        ngx_explicit_memzero(&secret, sizeof(ngx_http_cos_secret_t));

        return;
    }

    if (ngx_http_cos_begin_fetch(rf->cmcf, c,
                                 NGX_HTTP_COS_EXCHANGES
                                 * ngx_http_cos_job_source(job)->timeout)
        != NGX_OK)
    {
        return;
    }

    job->transfer.x.step = 0;

    ngx_http_cos_start_exchange(rf, job);
}


static ngx_http_cos_credentials_t *
ngx_http_cos_job_source(ngx_http_cos_job_t *job)
{
    return job->fallback ? job->c->fallback : job->c;
}


static void
ngx_http_cos_start_exchange(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job)
{
    ngx_int_t                    rc;
    ngx_http_cos_transfer_t     *t;
    ngx_http_cos_credentials_t  *source;

    t = &job->transfer;
    source = ngx_http_cos_job_source(job);

    rc = source->provider->request(source, &t->x);

    if (rc == NGX_DECLINED) {

        /* its base has not come yet */

        ngx_http_cos_transfer_wipe(t);
        ngx_http_cos_end_fetch(rf->cmcf, job->c);
        job->next = ngx_http_cos_monotonic() + 200;
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_cos_job_failed(rf, job);
        return;
    }

    if (ngx_http_cos_transfer_prepare(t, source) != NGX_OK
        || curl_multi_add_handle(rf->multi, t->easy) != CURLM_OK)
    {
        ngx_http_cos_exchange_error(&t->x, "no memory");
        ngx_http_cos_job_failed(rf, job);
        return;
    }

    job->busy = 1;
    rf->nbusy++;
}


void
ngx_http_cos_finish_exchange(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job, CURLcode code)
{
    ngx_int_t                    rc;
    ngx_http_cos_secret_t        secret;
    ngx_http_cos_transfer_t     *t;
    ngx_http_cos_credentials_t  *source;

    t = &job->transfer;
    source = ngx_http_cos_job_source(job);

    curl_multi_remove_handle(rf->multi, t->easy);
    job->busy = 0;
    rf->nbusy--;

    rc = ngx_http_cos_transfer_done(t, code);

    if (rc == NGX_OK) {
        rc = source->provider->response(source, &t->x, &secret);
    }

    if (rc == NGX_AGAIN) {
        ngx_http_cos_transfer_wipe(t);
        t->x.step++;
        ngx_http_cos_start_exchange(rf, job);
        return;
    }

    if (rc != NGX_OK) {
        ngx_explicit_memzero(&secret, sizeof(ngx_http_cos_secret_t));
        ngx_http_cos_job_failed(rf, job);
        return;
    }

    ngx_http_cos_transfer_wipe(t);

    job->failures = 0;
    job->next = ngx_http_cos_monotonic();

    ngx_http_cos_publish(rf->cmcf, job->c, &secret,
                         ngx_http_cos_refresh_time(rf, job->c, &secret));

    ngx_http_cos_report(NGX_LOG_NOTICE, NULL, 0,
                        "cos_credentials \"%V\" updated from \"%V\", "
                        "valid for %T s", &job->c->name,
                        &source->provider->name, secret.expire - time(NULL));

    ngx_explicit_memzero(&secret, sizeof(ngx_http_cos_secret_t));
}


/* one line, then a longer and longer rest; what there is stays in use */

static void
ngx_http_cos_job_failed(ngx_http_cos_refresher_t *rf, ngx_http_cos_job_t *job)
{
    time_t      expire;
    ngx_msec_t  delay, max;

    delay = NGX_HTTP_COS_BACKOFF_FIRST << ngx_min(job->failures, 6);

    /* the nearer the end of what there is, the shorter */

    if (ngx_http_cos_read_slot(rf->cmcf, job->c, NULL, &expire) == NGX_OK) {
        max = (expire - time(NULL)) * 1000 / 4;
        max = ngx_max(max, NGX_HTTP_COS_BACKOFF_MIN);
        max = ngx_min(max, NGX_HTTP_COS_BACKOFF_MAX);

    } else {
        max = NGX_HTTP_COS_BACKOFF_EXPIRED;
    }

    delay = ngx_min(delay, max);
    delay -= ngx_http_cos_jitter(rf, delay / 4);

    ngx_http_cos_report(NGX_LOG_ERR, NULL, 0,
                        "cos_credentials \"%V\" could not be updated from "
                        "\"%V\": %s, next attempt in %M ms", &job->c->name,
                        &ngx_http_cos_job_source(job)->provider->name,
                        job->transfer.x.err, delay);

    ngx_http_cos_transfer_wipe(&job->transfer);
    ngx_http_cos_end_fetch(rf->cmcf, job->c);

    job->failures++;
    job->next = ngx_http_cos_monotonic() + delay;

    if (job->c->fallback) {
        job->fallback = !job->fallback;
    }
}


/* a tenth of its life before the end, or what is configured if that is more */

static time_t
ngx_http_cos_refresh_time(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret)
{
    time_t  now, life, before;

    now = time(NULL);
    life = secret->expire - now;

    before = ngx_max(life / 10, c->refresh_before);
    before = ngx_max(before, NGX_HTTP_COS_REFRESH_MIN);
    before += ngx_http_cos_jitter(rf, life / 20);

    /* a time in milliseconds, taken for seconds, is far away */

    if (life > NGX_HTTP_COS_REFRESH_MAX) {
        return now + NGX_HTTP_COS_REFRESH_MAX;
    }

    /* but not at once again */

    if (before > life / 2) {
        before = life / 2;
    }

    return secret->expire - before;
}


static ngx_uint_t
ngx_http_cos_jitter(ngx_http_cos_refresher_t *rf, ngx_uint_t n)
{
    return n ? (ngx_uint_t) rand_r(&rf->seed) % n : 0;
}
