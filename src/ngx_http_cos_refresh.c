
/*
 * Copyright (C) nginx-cos contributors
 *
 * Asks every provider that can change for a newer secret, once a second, in
 * one worker; the others see the new generation in the shared zone.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_refresh.h"
#include "ngx_http_cos_zone.h"


#define NGX_HTTP_COS_REFRESH_INTERVAL  1000


static void ngx_http_cos_refresh_handler(ngx_event_t *ev);
static void ngx_http_cos_refresh(ngx_http_cos_main_conf_t *cmcf,
    ngx_log_t *log);


static ngx_event_t       ngx_http_cos_refresh_event;
static ngx_connection_t  ngx_http_cos_refresh_connection;


void
ngx_http_cos_start_refresh(ngx_cycle_t *cycle, ngx_http_cos_main_conf_t *cmcf)
{
    ngx_uint_t                    i;
    ngx_event_t                  *ev;
    ngx_http_cos_credentials_t  **cp;

    /* cache processes have worker number 0, too */

    if (ngx_process != NGX_PROCESS_SINGLE
        && (ngx_process != NGX_PROCESS_WORKER || ngx_worker != 0))
    {
        return;
    }

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        if (cp[i]->provider->poll) {
            break;
        }
    }

    if (i == cmcf->credentials.nelts) {
        return;
    }

    ngx_http_cos_refresh_connection.fd = (ngx_socket_t) -1;

    ev = &ngx_http_cos_refresh_event;

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_memzero(ev, sizeof(ngx_event_t));

    ev->handler = ngx_http_cos_refresh_handler;
    ev->data = &ngx_http_cos_refresh_connection;
    ev->log = cycle->log;
    ev->cancelable = 1;

    ngx_http_cos_refresh(cmcf, cycle->log);

    ngx_add_timer(ev, NGX_HTTP_COS_REFRESH_INTERVAL);
}


static void
ngx_http_cos_refresh_handler(ngx_event_t *ev)
{
    ngx_http_cos_main_conf_t  *cmcf;

    if (ngx_exiting || ngx_terminate || ngx_quit) {
        return;
    }

    cmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle, ngx_http_cos_module);

    ngx_http_cos_refresh(cmcf, ev->log);

    ngx_add_timer(ev, NGX_HTTP_COS_REFRESH_INTERVAL);
}


static void
ngx_http_cos_refresh(ngx_http_cos_main_conf_t *cmcf, ngx_log_t *log)
{
    ngx_uint_t                    i;
    ngx_http_cos_credentials_t  **cp;

    static ngx_http_cos_secret_t  secret;

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {

        if (cp[i]->provider->poll == NULL
            || cp[i]->provider->poll(cp[i], &secret, log) != NGX_OK)
        {
            continue;
        }

        ngx_http_cos_publish(cp[i], &secret);

        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "cos_credentials \"%V\" updated from \"%V\"",
                      &cp[i]->name, &cp[i]->provider->name);
    }

    ngx_explicit_memzero(&secret, sizeof(ngx_http_cos_secret_t));
}
