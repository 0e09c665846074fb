
/*
 * Copyright (C) nginx-cos contributors
 *
 * The operation gate: method, sub-resource and headers give one CAM action,
 * which cos_allow names or not (cos-protocol, sections 4 and 8).
 */


#ifndef _NGX_HTTP_COS_OPERATION_H_INCLUDED_
#define _NGX_HTTP_COS_OPERATION_H_INCLUDED_


#include "ngx_http_cos.h"


/* a row of the table */
struct ngx_http_cos_operation_s {
    ngx_str_t    action;        /* CAM action, without "name/cos:" */
    ngx_uint_t   level;         /* object, bucket, root, service or form */
    ngx_uint_t   method;
    ngx_uint_t   group;         /* of cos_allow, or 0 */
    ngx_uint_t   features;      /* that may ride on it */
    const char  *selectors;     /* parameters that must be there */
    const char  *params;        /* parameters that may be there */
};


/* cos_allow; its slot is a ngx_http_cos_allow_t * */
char *ngx_http_cos_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* the default of cos_allow: "read" */
ngx_http_cos_allow_t *ngx_http_cos_allow_default(void);

/* the methods of what is allowed, as NGX_HTTP_* */
ngx_uint_t ngx_http_cos_allowed_methods(ngx_http_cos_allow_t *allow);

/*
 * Decodes the query string into ctx->params.  NGX_DECLINED if the request is
 * refused, NGX_ERROR.
 */
ngx_int_t ngx_http_cos_parse_query(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/*
 * Takes the client's signature out of ctx->params, finds the operation and
 * checks it against cos_allow.  NGX_OK with ctx->operation set, NGX_DECLINED
 * if the request is refused, NGX_ERROR.
 */
ngx_int_t ngx_http_cos_check_operation(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/* whether cos_allow names an operation that rides on another one */
ngx_uint_t ngx_http_cos_allows_action(ngx_http_request_t *r,
    const char *action);


/*
 * Checks features that ride on ctx->operation against cos_allow.
 * NGX_DECLINED if the request is refused, NGX_ERROR.
 */
ngx_int_t ngx_http_cos_check_features(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_uint_t features);


#endif /* _NGX_HTTP_COS_OPERATION_H_INCLUDED_ */
