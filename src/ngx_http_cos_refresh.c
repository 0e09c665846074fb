
/*
 * Copyright (C) nginx-cos contributors
 *
 * One thread of one worker asks the sources of all credentials, in time before
 * they expire.  It touches nginx through the shared zone alone; the worker
 * keeps the lease for it, logs its messages and ends it.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_exchange.h"
#include "ngx_http_cos_memory.h"
#include "ngx_http_cos_refresh.h"
#include "ngx_http_cos_report.h"
#include "ngx_http_cos_zone.h"

#include <jansson.h>
#include <pthread.h>


/* milliseconds */

#define NGX_HTTP_COS_LEASE_INTERVAL   500
#define NGX_HTTP_COS_POLL_INTERVAL    1000
#define NGX_HTTP_COS_BACKOFF_FIRST    1000
#define NGX_HTTP_COS_BACKOFF_MAX      60000

/* seconds, for an exchange to come to its end */

#define NGX_HTTP_COS_REFRESH_MIN      2

/* the longest life that STS gives is 36 hours */

#define NGX_HTTP_COS_REFRESH_MAX      129600


/* what the thread knows of a block */
typedef struct {
    ngx_http_cos_credentials_t  *c;
    ngx_http_cos_transfer_t      transfer;
    ngx_uint_t                   busy;          /* unsigned  busy:1; */
    ngx_uint_t                   fallback;      /* unsigned  fallback:1; */
    ngx_uint_t                   failures;
    ngx_msec_t                   next;          /* not before */
} ngx_http_cos_job_t;


typedef struct {
    ngx_http_cos_main_conf_t    *cmcf;
    pthread_t                    thread;
    CURLM                       *multi;
    ngx_http_cos_job_t          *jobs;
    ngx_uint_t                   njobs;
    unsigned int                 seed;
    ngx_atomic_t                 stop;
} ngx_http_cos_refresher_t;


static ngx_uint_t ngx_http_cos_needs_refresh(ngx_http_cos_credentials_t *c);
static void ngx_http_cos_lease_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_cos_start_thread(ngx_http_cos_main_conf_t *cmcf,
    ngx_log_t *log);
static void ngx_http_cos_stop_thread(void);
static void *ngx_http_cos_refresher_main(void *data);
static void ngx_http_cos_run_job(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job, ngx_msec_t now);
static void ngx_http_cos_start_exchange(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job);
static void ngx_http_cos_finish_exchange(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job, CURLcode code);
static void ngx_http_cos_job_failed(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_job_t *job);
static ngx_http_cos_credentials_t *ngx_http_cos_job_source(
    ngx_http_cos_job_t *job);
static time_t ngx_http_cos_refresh_time(ngx_http_cos_refresher_t *rf,
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret);
static ngx_uint_t ngx_http_cos_jitter(ngx_http_cos_refresher_t *rf,
    ngx_uint_t n);


/* of this process; a single process may have another ngx_cycle by now */

static ngx_http_cos_main_conf_t  *ngx_http_cos_refresh_conf;
static ngx_event_t                ngx_http_cos_lease_event;
static ngx_connection_t           ngx_http_cos_lease_connection;
static ngx_http_cos_refresher_t  *ngx_http_cos_refresher;


ngx_int_t
ngx_http_cos_start_refresh(ngx_cycle_t *cycle, ngx_http_cos_main_conf_t *cmcf)
{
    ngx_uint_t                    i;
    ngx_event_t                  *ev;
    ngx_http_cos_credentials_t  **cp;

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        if (ngx_http_cos_needs_refresh(cp[i])) {
            break;
        }
    }

    if (i == cmcf->credentials.nelts) {
        return NGX_OK;
    }

    /* before there is a second thread */

    if (ngx_http_cos_curl_init(cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    json_object_seed(0);
    ngx_http_cos_json_wipe();

    ngx_http_cos_refresh_conf = cmcf;

    ngx_http_cos_lease_connection.fd = (ngx_socket_t) -1;

    ev = &ngx_http_cos_lease_event;

    ngx_memzero(ev, sizeof(ngx_event_t));

    ev->handler = ngx_http_cos_lease_handler;
    ev->data = &ngx_http_cos_lease_connection;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_http_cos_lease_handler(ev);

    return NGX_OK;
}


/* one with placeholders in its URL is for others to be made of */

static ngx_uint_t
ngx_http_cos_needs_refresh(ngx_http_cos_credentials_t *c)
{
    return !ngx_http_cos_is_template(c)
           && (c->provider->poll || c->provider->request);
}


static void
ngx_http_cos_lease_handler(ngx_event_t *ev)
{
    ngx_http_cos_main_conf_t  *cmcf;

    cmcf = ngx_http_cos_refresh_conf;

    if (cmcf == NULL) {
        return;
    }

    if (ngx_exiting || ngx_terminate || ngx_quit) {
        ngx_http_cos_end_refresh();
        return;
    }

    /* a worker without requests must not keep what has been replaced */

    ngx_http_cos_read_slots(cmcf);

    if (ngx_http_cos_lease(cmcf) != NGX_OK) {
        ngx_http_cos_stop_thread();

    } else if (ngx_http_cos_refresher == NULL
               && ngx_http_cos_start_thread(cmcf, ev->log) != NGX_OK)
    {
        ngx_http_cos_release_lease(cmcf);
    }

    ngx_add_timer(ev, NGX_HTTP_COS_LEASE_INTERVAL);
}


void
ngx_http_cos_end_refresh(void)
{
    ngx_http_cos_main_conf_t  *cmcf;

    cmcf = ngx_http_cos_refresh_conf;

    if (cmcf == NULL) {
        return;
    }

    ngx_http_cos_refresh_conf = NULL;

    if (ngx_http_cos_lease_event.timer_set) {
        ngx_del_timer(&ngx_http_cos_lease_event);
    }

    ngx_http_cos_stop_thread();
    ngx_http_cos_release_lease(cmcf);
    ngx_http_cos_json_unwipe();
}


static ngx_int_t
ngx_http_cos_start_thread(ngx_http_cos_main_conf_t *cmcf, ngx_log_t *log)
{
    int                           err;
    sigset_t                      all, old;
    ngx_uint_t                    i;
    ngx_http_cos_refresher_t     *rf;
    ngx_http_cos_credentials_t  **cp;

    rf = ngx_calloc(sizeof(ngx_http_cos_refresher_t), log);
    if (rf == NULL) {
        return NGX_ERROR;
    }

    rf->cmcf = cmcf;
    rf->seed = (unsigned int) (ngx_pid ^ time(NULL));
    rf->multi = curl_multi_init();
    rf->jobs = ngx_calloc(cmcf->credentials.nelts * sizeof(ngx_http_cos_job_t),
                          log);

    if (rf->multi == NULL || rf->jobs == NULL) {
        goto failed;
    }

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {

        if (!ngx_http_cos_needs_refresh(cp[i])) {
            continue;
        }

        rf->jobs[rf->njobs].c = cp[i];

        if (cp[i]->provider->request
            && ngx_http_cos_transfer_init(&rf->jobs[rf->njobs].transfer)
               != NGX_OK)
        {
            goto failed;
        }

        rf->jobs[rf->njobs++].transfer.x.cmcf = cmcf;
    }

    if (ngx_http_cos_open_reports(log) != NGX_OK) {
        goto failed;
    }

    /* signals are for the worker itself */

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);

    err = pthread_create(&rf->thread, NULL, ngx_http_cos_refresher_main, rf);

    pthread_sigmask(SIG_SETMASK, &old, NULL);

    if (err) {
        ngx_log_error(NGX_LOG_CRIT, log, err, "pthread_create() failed");
        ngx_http_cos_close_reports();
        goto failed;
    }

    ngx_http_cos_refresher = rf;

    return NGX_OK;

failed:

    for (i = 0; i < rf->njobs; i++) {
        ngx_http_cos_transfer_destroy(&rf->jobs[i].transfer);
    }

    if (rf->multi) {
        curl_multi_cleanup(rf->multi);
    }

    ngx_free(rf->jobs);
    ngx_free(rf);

    return NGX_ERROR;
}


static void
ngx_http_cos_stop_thread(void)
{
    ngx_uint_t                 i;
    ngx_http_cos_refresher_t  *rf;

    rf = ngx_http_cos_refresher;

    if (rf == NULL) {
        return;
    }

    ngx_http_cos_refresher = NULL;

    (void) ngx_atomic_cmp_set(&rf->stop, 0, 1);
    curl_multi_wakeup(rf->multi);

    (void) pthread_join(rf->thread, NULL);

    for (i = 0; i < rf->njobs; i++) {

        if (rf->jobs[i].busy) {
            curl_multi_remove_handle(rf->multi, rf->jobs[i].transfer.easy);
        }

        ngx_http_cos_transfer_destroy(&rf->jobs[i].transfer);
    }

    curl_multi_cleanup(rf->multi);

    ngx_http_cos_close_reports();

    ngx_free(rf->jobs);
    ngx_free(rf);
}


static void *
ngx_http_cos_refresher_main(void *data)
{
    ngx_http_cos_refresher_t *rf = data;

    int                   running, left;
    CURLMsg              *msg;
    ngx_uint_t            i;
    ngx_msec_t            now;

    while (!ngx_atomic_fetch_add(&rf->stop, 0)) {

        now = ngx_http_cos_monotonic();

        for (i = 0; i < rf->njobs; i++) {
            ngx_http_cos_run_job(rf, &rf->jobs[i], now);
        }

        curl_multi_perform(rf->multi, &running);

        for ( ;; ) {
            msg = curl_multi_info_read(rf->multi, &left);
            if (msg == NULL) {
                break;
            }

            if (msg->msg != CURLMSG_DONE) {
                continue;
            }

            for (i = 0; i < rf->njobs; i++) {
                if (rf->jobs[i].transfer.easy == msg->easy_handle) {
                    ngx_http_cos_finish_exchange(rf, &rf->jobs[i],
                                                 msg->data.result);
                    break;
                }
            }
        }

        curl_multi_poll(rf->multi, NULL, 0, 200, NULL);
    }

    return NULL;
}


static void
ngx_http_cos_run_job(ngx_http_cos_refresher_t *rf, ngx_http_cos_job_t *job,
    ngx_msec_t now)
{
    time_t                       refresh;
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

    if (ngx_http_cos_read_slot(rf->cmcf, c, NULL, &refresh) == NGX_OK
        && refresh > time(NULL))
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
}


static void
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
    ngx_msec_t  delay;

    delay = NGX_HTTP_COS_BACKOFF_FIRST << ngx_min(job->failures, 6);
    delay = ngx_min(delay, NGX_HTTP_COS_BACKOFF_MAX);
    delay -= ngx_http_cos_jitter(rf, delay / 4);

    ngx_http_cos_report(NGX_LOG_ERR, NULL, 0,
                        "cos_credentials \"%V\" could not be updated from "
                        "\"%V\": %s, next attempt in %M ms", &job->c->name,
                        &ngx_http_cos_job_source(job)->provider->name,
                        job->transfer.x.err, delay);

    ngx_http_cos_transfer_wipe(&job->transfer);

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
