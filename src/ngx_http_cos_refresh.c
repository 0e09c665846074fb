
/*
 * Copyright (C) nginx-cos contributors
 *
 * Two threads of one worker look at the sources of all credentials: one asks
 * those that are asked by HTTP, in time before they expire, one looks at files,
 * whose file system may hang.  They touch nginx through the shared zone alone;
 * the worker keeps the lease for them, logs their messages and ends them.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_atomic.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_job.h"
#include "ngx_http_cos_lease.h"
#include "ngx_http_cos_memory.h"
#include "ngx_http_cos_refresh.h"
#include "ngx_http_cos_report.h"
#include "ngx_http_cos_zone.h"

#include <jansson.h>
#include <pthread.h>


/* milliseconds */

#define NGX_HTTP_COS_LEASE_INTERVAL   500
#define NGX_HTTP_COS_STOP_INTERVAL    50

/* for what is under way to come to its end, and then for its thread */

#define NGX_HTTP_COS_FINISH_TIME      1000
#define NGX_HTTP_COS_STOP_TIME        500


/* what a thread is told */

#define NGX_HTTP_COS_RUN     0
#define NGX_HTTP_COS_FINISH  1      /* what is under way */
#define NGX_HTTP_COS_STOP    2


static ngx_uint_t ngx_http_cos_count_jobs(ngx_http_cos_main_conf_t *cmcf,
    ngx_uint_t exchanges);
static void ngx_http_cos_lease_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_cos_start_thread(ngx_http_cos_main_conf_t *cmcf,
    ngx_uint_t exchanges, ngx_log_t *log);
static ngx_int_t ngx_http_cos_stop_threads(void);
static void ngx_http_cos_free_thread(ngx_http_cos_refresher_t *rf);
static void ngx_http_cos_end_process(void *data);
static void *ngx_http_cos_refresher_main(void *data);


/* of this process; a single process may have another ngx_cycle by now */

static ngx_http_cos_main_conf_t  *ngx_http_cos_refresh_conf;
static ngx_event_t                ngx_http_cos_lease_event;
static ngx_connection_t           ngx_http_cos_lease_connection;

/* that of files, that of exchanges; and what they have been told */
static ngx_http_cos_refresher_t  *ngx_http_cos_refreshers[2];
static ngx_uint_t                 ngx_http_cos_order;
static ngx_msec_t                 ngx_http_cos_finish_deadline;


ngx_int_t
ngx_http_cos_start_refresh(ngx_cycle_t *cycle, ngx_http_cos_main_conf_t *cmcf)
{
    ngx_event_t  *ev;

    if (ngx_http_cos_count_jobs(cmcf, 0) == 0
        && ngx_http_cos_count_jobs(cmcf, 1) == 0)
    {
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


static ngx_uint_t
ngx_http_cos_count_jobs(ngx_http_cos_main_conf_t *cmcf, ngx_uint_t exchanges)
{
    ngx_uint_t                    i, n;
    ngx_http_cos_credentials_t  **cp;

    n = 0;
    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        n += ngx_http_cos_is_job(cp[i], exchanges);
    }

    return n;
}


static void
ngx_http_cos_lease_handler(ngx_event_t *ev)
{
    ngx_uint_t                 i;
    ngx_http_cos_main_conf_t  *cmcf;

    cmcf = ngx_http_cos_refresh_conf;

    if (cmcf == NULL) {
        return;
    }

    if (ngx_exiting || ngx_terminate || ngx_quit) {
        ngx_http_cos_release_lease(cmcf);

        /* while there are connections it ends in the background */

        if (ngx_http_cos_stop_threads() == NGX_AGAIN) {
            ngx_add_timer(ev, NGX_HTTP_COS_STOP_INTERVAL);
        }

        return;
    }

    /* a worker without requests must not keep what has been replaced */

    ngx_http_cos_read_slots(cmcf);

    if (ngx_http_cos_lease(cmcf) == NGX_OK
        && ngx_http_cos_order == NGX_HTTP_COS_RUN)
    {
        for (i = 0; i < 2; i++) {
            if (ngx_http_cos_start_thread(cmcf, i, ev->log) != NGX_OK) {
                ngx_http_cos_release_lease(cmcf);
                break;
            }
        }

    } else if (ngx_http_cos_stop_threads() == NGX_AGAIN) {
        ngx_add_timer(ev, NGX_HTTP_COS_STOP_INTERVAL);
        return;
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

    ngx_http_cos_release_lease(cmcf);

    while (ngx_http_cos_stop_threads() == NGX_AGAIN) {
        ngx_msleep(1);
    }

    ngx_http_cos_json_unwipe();
}


/*
 * A new configuration has the lease when its workers start and the old ones
 * exit.  It waits for a fetch that the old owner has begun, so that the source
 * is not asked twice, but an old worker waits no longer than a second for it.
 */

void
ngx_http_cos_exit_refresh(ngx_cycle_t *cycle)
{
    ngx_msec_t           start, limit;
    ngx_pool_cleanup_t  *cln;

    if (ngx_http_cos_refresh_conf == NULL) {
        return;
    }

    ngx_http_cos_release_lease(ngx_http_cos_refresh_conf);

    start = ngx_http_cos_monotonic();

    while (ngx_http_cos_stop_threads() == NGX_AGAIN) {

        limit = NGX_HTTP_COS_STOP_TIME;
        limit += ngx_terminate ? 0 : NGX_HTTP_COS_FINISH_TIME;

        if (ngx_http_cos_monotonic() - start > limit) {
            goto stuck;
        }

        ngx_msleep(1);
    }

    ngx_http_cos_json_unwipe();

    return;

stuck:

    ngx_http_cos_leave_reports();

    ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                  "exiting while a source of cos_credentials hangs");

    /*
     * When its thread comes back, it must not find that memory, or the module
     * itself, is gone: the process ends before the cycle is freed.
     */

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln) {
        cln->handler = ngx_http_cos_end_process;
    }
}


static void
ngx_http_cos_end_process(void *data)
{
    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "exit");

    _exit(0);
}


static ngx_int_t
ngx_http_cos_start_thread(ngx_http_cos_main_conf_t *cmcf,
    ngx_uint_t exchanges, ngx_log_t *log)
{
    int                           err;
    sigset_t                      all, old;
    ngx_uint_t                    i, n;
    ngx_http_cos_refresher_t     *rf;
    ngx_http_cos_credentials_t  **cp;

    n = ngx_http_cos_count_jobs(cmcf, exchanges);

    if (n == 0 || ngx_http_cos_refreshers[exchanges]) {
        return NGX_OK;
    }

    rf = ngx_calloc(sizeof(ngx_http_cos_refresher_t), log);
    if (rf == NULL) {
        return NGX_ERROR;
    }

    rf->cmcf = cmcf;
    rf->seed = (unsigned int) (ngx_pid ^ time(NULL));
    rf->multi = curl_multi_init();
    rf->jobs = ngx_calloc(n * sizeof(ngx_http_cos_job_t), log);

    if (rf->multi == NULL || rf->jobs == NULL) {
        goto failed;
    }

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {

        if (!ngx_http_cos_is_job(cp[i], exchanges)) {
            continue;
        }

        rf->jobs[rf->njobs].c = cp[i];

        if (exchanges
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

    ngx_http_cos_refreshers[exchanges] = rf;

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


/*
 * To be called again and again: NGX_AGAIN while there are threads.  They begin
 * nothing new, and come to an end at once after some time.
 */

static ngx_int_t
ngx_http_cos_stop_threads(void)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_msec_t                 now;
    ngx_atomic_uint_t          order;
    ngx_http_cos_refresher_t  *rf;

    now = ngx_http_cos_monotonic();

    if (ngx_http_cos_order == NGX_HTTP_COS_RUN) {
        ngx_http_cos_order = NGX_HTTP_COS_FINISH;
        ngx_http_cos_finish_deadline = now + NGX_HTTP_COS_FINISH_TIME;

    } else if (ngx_terminate
               || (ngx_msec_int_t) (ngx_http_cos_finish_deadline - now) <= 0)
    {
        ngx_http_cos_order = NGX_HTTP_COS_STOP;
    }

    rc = NGX_OK;

    for (i = 0; i < 2; i++) {

        rf = ngx_http_cos_refreshers[i];

        if (rf == NULL) {
            continue;
        }

        if (ngx_http_cos_atomic_load(&rf->ended)) {
            ngx_http_cos_free_thread(rf);
            ngx_http_cos_refreshers[i] = NULL;
            continue;
        }

        order = ngx_http_cos_atomic_load(&rf->order);

        if (order != ngx_http_cos_order) {
            (void) ngx_atomic_cmp_set(&rf->order, order, ngx_http_cos_order);
            curl_multi_wakeup(rf->multi);
        }

        rc = NGX_AGAIN;
    }

    if (rc == NGX_OK) {
        ngx_http_cos_order = NGX_HTTP_COS_RUN;
    }

    return rc;
}


static void
ngx_http_cos_free_thread(ngx_http_cos_refresher_t *rf)
{
    ngx_uint_t           i;
    ngx_http_cos_job_t  *job;

    (void) pthread_join(rf->thread, NULL);

    for (i = 0; i < rf->njobs; i++) {

        job = &rf->jobs[i];

        if (job->busy) {
            curl_multi_remove_handle(rf->multi, job->transfer.easy);
            ngx_http_cos_end_fetch(rf->cmcf, job->c);
        }

        ngx_http_cos_transfer_destroy(&job->transfer);
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
    ngx_uint_t            i, order;
    ngx_msec_t            now;

    for ( ;; ) {

        order = ngx_http_cos_atomic_load(&rf->order);

        if (order == NGX_HTTP_COS_STOP
            || (order == NGX_HTTP_COS_FINISH && rf->nbusy == 0))
        {
            break;
        }

        now = ngx_http_cos_monotonic();

        for (i = 0; order == NGX_HTTP_COS_RUN && i < rf->njobs; i++) {
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

        /* what has ended may be all that there was to finish */

        if (order == NGX_HTTP_COS_RUN || rf->nbusy) {
            curl_multi_poll(rf->multi, NULL, 0, 200, NULL);
        }
    }

    (void) ngx_atomic_fetch_add(&rf->ended, 1);

    return NULL;
}
