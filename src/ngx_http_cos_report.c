
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_http_cos_atomic.h"
#include "ngx_http_cos_report.h"

#include <pthread.h>


#define NGX_HTTP_COS_REPORTS     64
#define NGX_HTTP_COS_REPORT_LEN  1024


typedef struct {
    ngx_uint_t    level;
    ngx_err_t     err;
    size_t        len;
    u_char        text[NGX_HTTP_COS_REPORT_LEN];
} ngx_http_cos_report_t;


static void ngx_http_cos_report_handler(ngx_event_t *rev);
static void ngx_http_cos_log_reports(ngx_log_t *log);


/*
 * One thread writes at a time, another one reads: whoever changes a counter is
 * the only one to do so, after he is done with the message.
 */

static ngx_http_cos_report_t  ngx_http_cos_reports[NGX_HTTP_COS_REPORTS];
static ngx_atomic_t           ngx_http_cos_reports_written;
static ngx_atomic_t           ngx_http_cos_reports_read;
static ngx_atomic_t           ngx_http_cos_reports_lost;

static pthread_mutex_t        ngx_http_cos_reports_mutex =
    PTHREAD_MUTEX_INITIALIZER;

static ngx_uint_t             ngx_http_cos_reports_threads;
static ngx_connection_t      *ngx_http_cos_reports_connection;
static ngx_socket_t           ngx_http_cos_reports_fd;


ngx_int_t
ngx_http_cos_open_reports(ngx_log_t *log)
{
    ngx_socket_t       fds[2];
    ngx_connection_t  *c;

    if (ngx_http_cos_reports_threads) {
        ngx_http_cos_reports_threads++;
        return NGX_OK;
    }

    if (pipe(fds) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno, "pipe() failed");
        return NGX_ERROR;
    }

    if (ngx_nonblocking(fds[0]) == -1 || ngx_nonblocking(fds[1]) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      ngx_nonblocking_n " failed");
        goto failed;
    }

    c = ngx_get_connection(fds[0], log);
    if (c == NULL) {
        goto failed;
    }

    c->log = log;
    c->read->log = log;
    c->write->log = log;
    c->read->handler = ngx_http_cos_report_handler;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_free_connection(c);
        goto failed;
    }

    ngx_http_cos_reports_connection = c;
    ngx_http_cos_reports_fd = fds[1];
    ngx_http_cos_reports_threads = 1;

    return NGX_OK;

failed:

    (void) close(fds[0]);
    (void) close(fds[1]);

    return NGX_ERROR;
}


void
ngx_http_cos_close_reports(void)
{
    ngx_http_cos_log_reports(ngx_http_cos_reports_connection->log);

    if (--ngx_http_cos_reports_threads) {
        return;
    }

    ngx_http_cos_leave_reports();

    (void) close(ngx_http_cos_reports_fd);
}


void
ngx_http_cos_leave_reports(void)
{
    ngx_connection_t  *c;

    c = ngx_http_cos_reports_connection;

    ngx_http_cos_log_reports(c->log);

    ngx_close_connection(c);

    ngx_http_cos_reports_connection = NULL;
}


void
ngx_http_cos_report(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    u_char                 *last;
    va_list                 args;
    ngx_atomic_uint_t       n;
    ngx_http_cos_report_t  *report, local;

    if (log) {
        report = &local;

    } else {
        (void) pthread_mutex_lock(&ngx_http_cos_reports_mutex);

        n = ngx_http_cos_atomic_load(&ngx_http_cos_reports_written);

        if (n - ngx_http_cos_atomic_load(&ngx_http_cos_reports_read)
            == NGX_HTTP_COS_REPORTS)
        {
            (void) ngx_atomic_fetch_add(&ngx_http_cos_reports_lost, 1);
            (void) pthread_mutex_unlock(&ngx_http_cos_reports_mutex);
            return;
        }

        report = &ngx_http_cos_reports[n % NGX_HTTP_COS_REPORTS];
    }

    va_start(args, fmt);
    last = ngx_vslprintf(report->text, report->text + NGX_HTTP_COS_REPORT_LEN,
                         fmt, args);
    va_end(args);

    report->level = level;
    report->err = err;
    report->len = last - report->text;

    if (log) {
        ngx_log_error(level, log, err, "%*s", report->len, report->text);
        return;
    }

    (void) ngx_atomic_fetch_add(&ngx_http_cos_reports_written, 1);

    (void) pthread_mutex_unlock(&ngx_http_cos_reports_mutex);

    /* if the pipe is full the worker will wake up anyway */

    while (write(ngx_http_cos_reports_fd, "", 1) == -1
           && ngx_errno == NGX_EINTR)
    {
        /* void */
    }
}


static void
ngx_http_cos_report_handler(ngx_event_t *rev)
{
    u_char             buf[64];
    ssize_t            n;
    ngx_connection_t  *c;

    c = rev->data;

    do {
        n = read(c->fd, buf, sizeof(buf));
    } while (n > 0 || (n == -1 && ngx_errno == NGX_EINTR));

    rev->ready = 0;

    ngx_http_cos_log_reports(c->log);

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, c->log, 0,
                      "messages about cos_credentials will be late");
    }
}


static void
ngx_http_cos_log_reports(ngx_log_t *log)
{
    ngx_atomic_uint_t       n, lost;
    ngx_http_cos_report_t  *report;

    for ( ;; ) {

        n = ngx_http_cos_atomic_load(&ngx_http_cos_reports_read);

        if (n == ngx_http_cos_atomic_load(&ngx_http_cos_reports_written)) {
            break;
        }

        report = &ngx_http_cos_reports[n % NGX_HTTP_COS_REPORTS];

        ngx_log_error(report->level, log, report->err, "%*s", report->len,
                      report->text);

        (void) ngx_atomic_fetch_add(&ngx_http_cos_reports_read, 1);
    }

    lost = ngx_http_cos_atomic_load(&ngx_http_cos_reports_lost);

    if (lost) {
        (void) ngx_atomic_fetch_add(&ngx_http_cos_reports_lost, -lost);

        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "%uA messages about cos_credentials were dropped", lost);
    }
}
