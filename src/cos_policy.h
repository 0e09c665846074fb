
/*
 * Copyright (C) nginx-cos contributors
 *
 * The policy of a form upload and its signature (cos-protocol, section 5.1).
 */


#ifndef _COS_POLICY_H_INCLUDED_
#define _COS_POLICY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_hmac.h"
#include "cos_query.h"


/* what is allowed: this upload and no other one; all strings are borrowed */
typedef struct {
    ngx_str_t          bucket;
    const cos_pair_t  *fields;      /* exact values, of cos_policy_text() */
    ngx_uint_t         nfields;
    off_t              min_length;  /* of the file */
    off_t              max_length;
    ngx_str_t          expiration;  /* ISO 8601, UTC */
    ngx_str_t          secret_id;
    ngx_str_t          key_time;    /* "start;end", Unix seconds */
} cos_policy_t;


/* whether JSON can carry it as it is: UTF-8 without control characters */
ngx_uint_t cos_policy_text(const ngx_str_t *text);

/* the size of the buffer that cos_policy_write() needs, an upper bound */
size_t cos_policy_size(const cos_policy_t *policy);

/* writes the policy, before Base64; returns the end */
u_char *cos_policy_write(u_char *dst, const cos_policy_t *policy);

/*
 * The value of q-signature, COS_SHA1_HEX_LEN bytes, for the text of a policy;
 * sign_key is made by cos_sign_key() for its key_time.  Returns the end.
 */
u_char *cos_policy_sign(u_char *dst, const cos_hmac_t *sign_key,
    const u_char *text, size_t len);


#endif /* _COS_POLICY_H_INCLUDED_ */
