
/*
 * Copyright (C) nginx-cos contributors
 *
 * The module-wide types: what the configuration says, what a request carries.
 */


#ifndef _NGX_HTTP_COS_H_INCLUDED_
#define _NGX_HTTP_COS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "cos_hmac.h"
#include "cos_query.h"
#include "cos_relative.h"
#include "cos_sign.h"
#include "cos_uri.h"


#define NGX_HTTP_COS_SIGN_OFF           0
#define NGX_HTTP_COS_SIGN_ON            1
#define NGX_HTTP_COS_SIGN_UNLESS_SIGNED 2


/* whether a ngx_str_t * is a literal */

#define ngx_http_cos_is(str, literal)                                        \
    ((str)->len == sizeof(literal) - 1                                       \
     && ngx_strncmp((str)->data, literal, sizeof(literal) - 1) == 0)


typedef struct ngx_http_cos_bucket_s       ngx_http_cos_bucket_t;
typedef struct ngx_http_cos_credentials_s  ngx_http_cos_credentials_t;
typedef struct ngx_http_cos_endpoint_s     ngx_http_cos_endpoint_t;
typedef struct ngx_http_cos_operation_s    ngx_http_cos_operation_t;
typedef struct ngx_http_cos_sts_s          ngx_http_cos_sts_t;
typedef struct ngx_http_cos_cors_s         ngx_http_cos_cors_t;
typedef struct ngx_http_cos_post_s         ngx_http_cos_post_t;
typedef struct ngx_http_cos_peers_s        ngx_http_cos_peers_t;
typedef struct ngx_http_cos_pool_s         ngx_http_cos_pool_t;
typedef struct ngx_http_cos_parked_s       ngx_http_cos_parked_t;


/* one bit for each row of the operation table and each guarded feature */
typedef struct {
    uint64_t                       operations[2];
    ngx_uint_t                     features;
} ngx_http_cos_allow_t;


typedef struct {
    ngx_array_t                    credentials;
                                     /* of ngx_http_cos_credentials_t * */
    ngx_uint_t                     ncredentials;    /* as configured */
    ngx_array_t                    buckets;  /* of ngx_http_cos_bucket_t * */
    ngx_rbtree_t                   bucket_names;    /* names and aliases */
    ngx_rbtree_node_t              bucket_sentinel;
    ngx_array_t                    services;  /* of ngx_http_cos_bucket_t * */
    ngx_array_t                    sts;      /* of ngx_http_cos_sts_t * */
    ngx_array_t                    passes;   /* of ngx_http_cos_pass_t * */
    ngx_shm_zone_t                *shm_zone;
    ngx_uint_t                     configuration;   /* number of this one */
    ngx_uint_t                     cors;            /* unsigned  cors:1; */

    /* every cos_pass goes through this one upstream, see cos_pass.c */
    ngx_http_upstream_srv_conf_t  *upstream;

    /* of one worker process, see cos_endpoint.h */
    ngx_pool_t                    *pool;
    ngx_rbtree_t                   endpoints;
    ngx_rbtree_node_t              endpoint_sentinel;
    ngx_http_cos_endpoint_t       *endpoint_list;
} ngx_http_cos_main_conf_t;


typedef enum {
    NGX_HTTP_COS_PASS_BUCKET = 0,
    NGX_HTTP_COS_PASS_PATH_STYLE,
    NGX_HTTP_COS_PASS_HOST_STYLE,
    NGX_HTTP_COS_PASS_SERVICE
} ngx_http_cos_pass_e;


/* a cos_pass directive */
typedef struct {
    ngx_http_cos_pass_e            mode;
    ngx_http_cos_bucket_t         *bucket;      /* of modes bucket, service */
    ngx_str_t                      prefix;
    ngx_http_complex_value_t      *key;         /* set if it has variables */
    ngx_array_t                   *names;       /* ngx_str_t, as written */
    ngx_array_t                   *buckets;     /* ngx_http_cos_bucket_t * */
    ngx_str_t                      credentials_name;
    ngx_http_cos_credentials_t    *credentials;
    ngx_http_handler_pt            proxy;       /* the handler we wrap */

    /* of cos_constant.c: the location, its second settings and their signer */
    ngx_http_conf_ctx_t           *conf_ctx;
    void                         **constant;
    ngx_str_t                      constant_uri;
    ngx_http_cos_credentials_t    *constant_credentials;
    ngx_uint_t                     no_redirect; /* unsigned  no_redirect:1; */

    u_char                        *file_name;
    ngx_uint_t                     line;
} ngx_http_cos_pass_t;


typedef struct {
    ngx_http_cos_pass_t           *pass;
    ngx_http_cos_sts_t            *sts;
    ngx_http_cos_allow_t          *allow;
    ngx_uint_t                     sign;
    ngx_array_t                   *sign_headers;    /* ngx_str_t, lower case */
    ngx_msec_t                     wait;
    time_t                         presign_expires;
    ngx_http_cos_cors_t           *cors;

    size_t                         strip;   /* length of the location prefix */

    /* the settings of ngx_http_proxy_module at this level, see cos_proxy.c */
    void                          *proxy_conf;
    ngx_array_t                   *headers; /* proxy_set_header, without ours */
    ngx_array_t                   *set_headers; /* those that we look at */
    ngx_array_t                   *cache_bypass;
    ngx_array_t                   *no_cache;
    ngx_uint_t                     cache;       /* unsigned  cache:1; */
    ngx_uint_t                     injected;    /* unsigned  injected:1; */
    ngx_uint_t                     user_set;    /* by the user, here or above */
    ngx_uint_t                     defaults;    /* set by us */
} ngx_http_cos_loc_conf_t;


/* a header of proxy_set_header that is signed or has variables */
typedef struct {
    ngx_str_t                      name;        /* lower case */
    ngx_http_complex_value_t       value;
    ngx_uint_t                     sign;        /* unsigned  sign:1; */
} ngx_http_cos_set_header_t;


typedef struct {
    ngx_http_cos_bucket_t          *bucket;
    ngx_http_cos_credentials_t     *credentials;    /* NULL if unsigned */
    const ngx_http_cos_operation_t *operation;

    ngx_str_t                       path;   /* signed, begins with "/" */
    ngx_str_t                       key;    /* its tail, empty for a bucket */
    ngx_str_t                       base;   /* of the client's URI, then key */
    ngx_str_t                       confined;   /* what key begins with */
    cos_pair_t                     *params;
    ngx_uint_t                      nparams;
    ngx_str_t                       args;   /* params as written, or null */
    ngx_uint_t                      nheaders;   /* in headers_in, to sign */
    ngx_str_t                       url;    /* empty until it is needed */

    ngx_http_cos_post_t            *post;   /* if it is a form */

    ngx_str_t                       authorization;  /* of the client */

    /* of the last signature */
    ngx_str_t                       token;
    ngx_atomic_uint_t               generation;     /* of the secret */
    time_t                          skew;           /* of the clock */

    /* of cos_retry.c: wrapped handlers, a generation not to wait for */
    ngx_int_t                     (*process_header)(ngx_http_request_t *r);
    ngx_int_t                     (*reinit_request)(ngx_http_request_t *r);
    ngx_atomic_uint_t               refused;

    ngx_http_cos_parked_t          *parked; /* of cos_wait.c */

    ngx_uint_t                      error_status;
    ngx_str_t                       error_code;
    ngx_str_t                       error_message;
    ngx_str_t                       request_id;

    /* of cos_root.c: keys in the answer become relative to the location */
    cos_relative_t                 *relative;

    /* of cos_filter.c: the name of the element that is being read */
    size_t                          tag_len;
    u_char                          tag[16];

    unsigned                        link:1;     /* for presigned_url alone */
    unsigned                        allowed:1;
    unsigned                        armed:1;
    unsigned                        ready:1;
    unsigned                        missing:1;      /* a credential */
    unsigned                        retried:1;
    unsigned                        looked_up:1;    /* waited for addresses */
    unsigned                        plain:1;    /* path, as it is escaped */
    unsigned                        client_signed:1;
    unsigned                        customer_key:1; /* came with the request */
    unsigned                        mask:1;
    unsigned                        masking:1;
    unsigned                        in_tag:1;
    unsigned                        delete_many:1;
} ngx_http_cos_ctx_t;


extern ngx_module_t  ngx_http_cos_module;


#endif /* _NGX_HTTP_COS_H_INCLUDED_ */
