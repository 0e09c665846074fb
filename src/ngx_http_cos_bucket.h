
/*
 * Copyright (C) nginx-cos contributors
 *
 * Declared buckets: names, host names.
 */


#ifndef _NGX_HTTP_COS_BUCKET_H_INCLUDED_
#define _NGX_HTTP_COS_BUCKET_H_INCLUDED_


#include "ngx_http_cos.h"


/* a name or an alias in the tree of names */
typedef struct {
    ngx_str_node_t                 sn;      /* must be first */
    ngx_http_cos_bucket_t         *bucket;
} ngx_http_cos_bucket_node_t;


struct ngx_http_cos_bucket_s {
    ngx_str_t                      name;        /* BUCKET-APPID */
    ngx_str_t                      region;
    ngx_str_t                      alias;

    ngx_str_t                      schema;      /* "https://" */
    ngx_str_t                      host;        /* Host as sent and signed */
    ngx_str_t                      escaped_host;
    ngx_str_t                      server_name; /* SNI, verified name */
    in_port_t                      port;

    ngx_str_t                      domain;      /* template */
    ngx_str_t                      endpoint;    /* host to connect to */
    in_port_t                      endpoint_port;
    ngx_uint_t                     keepalive;   /* idle connections */

    ngx_str_t                      credentials_name;
    ngx_http_cos_credentials_t    *credentials;

    ngx_http_cos_bucket_node_t     name_node;
    ngx_http_cos_bucket_node_t     alias_node;

    /* of one worker process */

    time_t                         skew;        /* of COS's clock, learnt */
    ngx_http_cos_endpoint_t       *at;          /* NULL until it is used */
    ngx_http_cos_pool_t           *pools;       /* of its locations */

    u_char                        *file_name;
    ngx_uint_t                     line;

    unsigned                       protocol_set:1;
    unsigned                       use_accelerate:1;
    unsigned                       force_path_style:1;
    unsigned                       ssl:1;
};


/* cos_bucket */
char *ngx_http_cos_bucket(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * Parses one "domain=", "protocol=", "endpoint=", "keepalive=" or
 * "credentials=" parameter of cos_bucket or of "cos_pass service".
 * NGX_DECLINED if it is none of these, NGX_ERROR after a message.
 */
ngx_int_t ngx_http_cos_bucket_param(ngx_conf_t *cf,
    ngx_http_cos_bucket_t *bucket, ngx_str_t *param);

/* the bucket of "cos_pass service": ServiceDomain of the SDKs */
ngx_http_cos_bucket_t *ngx_http_cos_service(ngx_conf_t *cf);

/* finds a declared bucket by name or alias; NULL if there is none */
ngx_http_cos_bucket_t *ngx_http_cos_find_bucket(
    ngx_http_cos_main_conf_t *cmcf, ngx_str_t *name);

/*
 * Finds the declared bucket that a host name of COS belongs to, as written in
 * x-cos-copy-source; NULL if there is none (cos-protocol, section 3.1).
 */
ngx_http_cos_bucket_t *ngx_http_cos_find_bucket_by_host(
    ngx_http_cos_main_conf_t *cmcf, ngx_str_t *host);

/*
 * Fills in the host names and finds the credentials of every bucket and
 * service.
 */
ngx_int_t ngx_http_cos_init_buckets(ngx_conf_t *cf,
    ngx_http_cos_main_conf_t *cmcf);


#endif /* _NGX_HTTP_COS_BUCKET_H_INCLUDED_ */
