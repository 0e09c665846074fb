
/*
 * Copyright (C) nginx-cos contributors
 *
 * Messages of the refresher.  nginx's log is for one thread: a writer of
 * syslog uses a connection, and times come from a cache that the event loop
 * updates.  So the threads put messages into a queue and wake the worker up,
 * which logs them.
 */


#ifndef _NGX_HTTP_COS_REPORT_H_INCLUDED_
#define _NGX_HTTP_COS_REPORT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* before a thread starts, and after it has ended, which logs the rest */
ngx_int_t ngx_http_cos_open_reports(ngx_log_t *log);
void ngx_http_cos_close_reports(void);

/* at the exit of the process, while a thread may still write */
void ngx_http_cos_leave_reports(void);

/*
 * As ngx_log_error(); with NULL for the log the message is queued.
 */
void ngx_http_cos_report(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...);


#endif /* _NGX_HTTP_COS_REPORT_H_INCLUDED_ */
