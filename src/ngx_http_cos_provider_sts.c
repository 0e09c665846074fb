
/*
 * Copyright (C) nginx-cos contributors
 *
 * providers assume_role, federation and tke: STS of Tencent Cloud
 * (cos-protocol, sections 6.2 and 6.3).
 */


#include "ngx_http_cos.h"
#include "cos_tc3.h"
#include "ngx_http_cos_exchange.h"
#include "ngx_http_cos_provider.h"
#include "ngx_http_cos_zone.h"

#include <jansson.h>


#define NGX_HTTP_COS_STS          "https://sts.tencentcloudapi.com"
#define NGX_HTTP_COS_STS_VERSION  "2018-08-13"
#define NGX_HTTP_COS_STS_REGION   "ap-guangzhou"
#define NGX_HTTP_COS_STS_TYPE     "application/json"

#define NGX_HTTP_COS_SESSION      "nginx-cos"
#define NGX_HTTP_COS_TOKEN_FILE   8192


static char *ngx_http_cos_provider_assume_role_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static char *ngx_http_cos_provider_federation_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static char *ngx_http_cos_provider_sts_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c, time_t longest);
static char *ngx_http_cos_provider_tke_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static ngx_int_t ngx_http_cos_provider_assume_role_request(
    ngx_http_cos_credentials_t *c, ngx_http_cos_exchange_t *x);
static ngx_int_t ngx_http_cos_provider_federation_request(
    ngx_http_cos_credentials_t *c, ngx_http_cos_exchange_t *x);
static ngx_int_t ngx_http_cos_sts_set_policy(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, json_t *body);
static ngx_int_t ngx_http_cos_sts_request(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, const char *action, json_t *body);
static ngx_int_t ngx_http_cos_sts_sign(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, time_t now);
static ngx_int_t ngx_http_cos_sts_response(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, ngx_http_cos_secret_t *secret);


const ngx_http_cos_provider_t  ngx_http_cos_provider_assume_role = {
    ngx_string("assume_role"),
    1,
    NGX_HTTP_COS_PARAM_BASE|NGX_HTTP_COS_PARAM_ENDPOINT
    |NGX_HTTP_COS_PARAM_SESSION|NGX_HTTP_COS_PARAM_POLICY
    |NGX_HTTP_COS_PARAM_VEND,
    ngx_http_cos_provider_assume_role_init,
    NULL,
    ngx_http_cos_provider_assume_role_request,
    ngx_http_cos_sts_response
};


const ngx_http_cos_provider_t  ngx_http_cos_provider_federation = {
    ngx_string("federation"),
    0,
    NGX_HTTP_COS_PARAM_BASE|NGX_HTTP_COS_PARAM_ENDPOINT
    |NGX_HTTP_COS_PARAM_POLICY|NGX_HTTP_COS_PARAM_VEND,
    ngx_http_cos_provider_federation_init,
    NULL,
    ngx_http_cos_provider_federation_request,
    ngx_http_cos_sts_response
};


const ngx_http_cos_provider_t  ngx_http_cos_provider_tke = {
    ngx_string("tke"),
    0,
    NGX_HTTP_COS_PARAM_ENDPOINT,
    ngx_http_cos_provider_tke_init,
    NULL,
    ngx_http_cos_provider_tke_request,
    ngx_http_cos_sts_response
};


static char *
ngx_http_cos_provider_assume_role_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c)
{
    if (c->path.len == 0) {
        return ngx_http_cos_provider_missing(cf, c, "a role");
    }

    /* what clients get is to be read here, and not in CAM alone */

    if (c->vend && c->policy.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "cos_credentials \"%V\" must have \"policy\" "
                           "with \"vend on\"", &c->name);
        return NGX_CONF_ERROR;
    }

    if (c->session_name.len == 0) {
        ngx_str_set(&c->session_name, NGX_HTTP_COS_SESSION);
    }

    return ngx_http_cos_provider_sts_init(cf, c, 43200);
}


static char *
ngx_http_cos_provider_federation_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c)
{
    if (c->policy.len == 0) {
        return ngx_http_cos_provider_missing(cf, c, "policy");
    }

    return ngx_http_cos_provider_sts_init(cf, c, 129600);
}


/* with the longest life that STS gives, or 0 for a call without a base */

static char *
ngx_http_cos_provider_sts_init(ngx_conf_t *cf, ngx_http_cos_credentials_t *c,
    time_t longest)
{
    json_t        *policy, *json;
    ngx_str_t     *texts[] = { &c->path, &c->session_name, &c->external_id,
                               &c->provider_id };
    ngx_uint_t     i;
    json_error_t   error;

    if (longest && c->base_name.len == 0) {
        return ngx_http_cos_provider_missing(cf, c, "base");
    }

    if (longest && c->duration > longest) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"duration\" of cos_credentials \"%V\" "
                           "is more than %T seconds", &c->name, longest);
        return NGX_CONF_ERROR;
    }

#if !(COS_HAVE_TC3)

    if (longest) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "provider \"%V\" requires OpenSSL",
                           &c->provider->name);
        return NGX_CONF_ERROR;
    }

#endif

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

        if (texts[i]->len == 0) {
            continue;
        }

        json = json_stringn((char *) texts[i]->data, texts[i]->len);

        if (json == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" of cos_credentials \"%V\" is not UTF-8",
                               texts[i], &c->name);
            return NGX_CONF_ERROR;
        }

        json_decref(json);
    }

    if (c->policy.len) {
        policy = json_loadb((char *) c->policy.data, c->policy.len, 0, &error);

        if (!json_is_object(policy)) {
            json_decref(policy);
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"policy\" of cos_credentials \"%V\" "
                               "is not a JSON object", &c->name);
            return NGX_CONF_ERROR;
        }

        json_decref(policy);
    }

    if (c->endpoint.len == 0) {
        ngx_str_set(&c->endpoint, NGX_HTTP_COS_STS);
    }

    return ngx_http_cos_provider_check_url(cf, &c->endpoint, 0);
}


static char *
ngx_http_cos_provider_tke_init(ngx_conf_t *cf, ngx_http_cos_credentials_t *c)
{
    size_t  i;

    if (ngx_http_cos_getenv(cf, "TKE_PROVIDER_ID", &c->provider_id) != NGX_OK
        || ngx_http_cos_getenv(cf, "TKE_WEB_IDENTITY_TOKEN_FILE",
                               &c->token_file)
           != NGX_OK
        || ngx_http_cos_getenv(cf, "TKE_ROLE_ARN", &c->path) != NGX_OK
        || ngx_http_cos_getenv(cf, "TKE_REGION", &c->region) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* it becomes a header */

    for (i = 0; i < c->region.len; i++) {
        if (c->region.data[i] <= 0x20 || c->region.data[i] >= 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"TKE_REGION\"");
            return NGX_CONF_ERROR;
        }
    }

    if (c->provider_id.len == 0) {
        return ngx_http_cos_provider_missing(cf, c, "$TKE_PROVIDER_ID");
    }

    if (c->token_file.len == 0) {
        return ngx_http_cos_provider_missing(cf, c,
                                             "$TKE_WEB_IDENTITY_TOKEN_FILE");
    }

    if (c->path.len == 0) {
        return ngx_http_cos_provider_missing(cf, c, "$TKE_ROLE_ARN");
    }

    return ngx_http_cos_provider_sts_init(cf, c, 0);
}


static ngx_int_t
ngx_http_cos_provider_assume_role_request(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x)
{
    json_t  *body;

    body = json_pack("{s:s%, s:s%, s:I}",
                     "RoleArn", c->path.data, c->path.len,
                     "RoleSessionName", c->session_name.data,
                     c->session_name.len,
                     "DurationSeconds",
                     (json_int_t) (c->duration ? c->duration : 7200));

    if (body && c->external_id.len
        && json_object_set_new(body, "ExternalId",
                               json_stringn((char *) c->external_id.data,
                                            c->external_id.len))
           != 0)
    {
        json_decref(body);
        body = NULL;
    }

    return ngx_http_cos_sts_request(c, x, "AssumeRole", body);
}


static ngx_int_t
ngx_http_cos_provider_federation_request(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x)
{
    json_t  *body;

    body = json_pack("{s:s, s:I}", "Name", "nginxcos", "DurationSeconds",
                     (json_int_t) (c->duration ? c->duration : 1800));

    return ngx_http_cos_sts_request(c, x, "GetFederationToken", body);
}


ngx_int_t
ngx_http_cos_provider_tke_request(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x)
{
    u_char           token[NGX_HTTP_COS_TOKEN_FILE];
    json_t          *body;
    ssize_t          i, n;
    ngx_fd_t         fd;
    ngx_file_info_t  fi;

    /* it is replaced from time to time; what is no file could block */

    fd = ngx_open_file(c->token_file.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_http_cos_exchange_error(x, "cannot open \"%V\"", &c->token_file);
        return NGX_ERROR;
    }

    n = -1;

    if (ngx_fd_info(fd, &fi) != NGX_FILE_ERROR && ngx_is_file(&fi)) {
        n = ngx_read_fd(fd, token, NGX_HTTP_COS_TOKEN_FILE);
    }

    (void) ngx_close_file(fd);

    if (n == NGX_HTTP_COS_TOKEN_FILE) {
        ngx_explicit_memzero(token, n);
        n = -1;
    }

    while (n > 0 && (token[n - 1] == LF || token[n - 1] == CR
                     || token[n - 1] == ' '))
    {
        n--;
    }

    if (n <= 0) {
        ngx_http_cos_exchange_error(x, "no token in \"%V\"", &c->token_file);
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (token[i] <= 0x20 || token[i] >= 0x7f) {
            ngx_explicit_memzero(token, n);
            ngx_http_cos_exchange_error(x, "invalid token in \"%V\"",
                                        &c->token_file);
            return NGX_ERROR;
        }
    }

    body = json_pack("{s:s%, s:s%, s:s%, s:s, s:I}",
                     "ProviderId", c->provider_id.data, c->provider_id.len,
                     "WebIdentityToken", token, (size_t) n,
                     "RoleArn", c->path.data, c->path.len,
                     "RoleSessionName", NGX_HTTP_COS_SESSION,
                     "DurationSeconds", (json_int_t) 7200);

    ngx_explicit_memzero(token, n);

    return ngx_http_cos_sts_request(c, x, "AssumeRoleWithWebIdentity", body);
}


/* STS wants the text of a policy URL-encoded */

static ngx_int_t
ngx_http_cos_sts_set_policy(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, json_t *body)
{
    u_char  *p, *last;

    if (c->policy.len == 0) {
        return NGX_OK;
    }

    p = malloc(cos_escape_len(c->policy.data, c->policy.len,
                              COS_ESCAPE_VALUE));
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = cos_escape(p, c->policy.data, c->policy.len, COS_ESCAPE_VALUE);

    if (json_object_set_new(body, "Policy",
                            json_stringn((char *) p, last - p))
        != 0)
    {
        free(p);
        return NGX_ERROR;
    }

    free(p);

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_sts_request(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, const char *action, json_t *body)
{
    char        *text;
    time_t       now;
    ngx_int_t    rc;
    ngx_uint_t   n;

    if (body == NULL || ngx_http_cos_sts_set_policy(c, x, body) != NGX_OK) {
        json_decref(body);
        ngx_http_cos_exchange_error(x, "no memory");
        return NGX_ERROR;
    }

    text = json_dumps(body, JSON_COMPACT);
    json_decref(body);

    if (text == NULL) {
        ngx_http_cos_exchange_error(x, "no memory");
        return NGX_ERROR;
    }

    x->body = ngx_http_cos_exchange_printf(x, "%s", text);

    ngx_explicit_memzero(text, ngx_strlen(text));
    free(text);

    now = time(NULL);

    x->url = ngx_http_cos_exchange_printf(x, "%V/", &c->endpoint);

    n = 0;
    x->headers[n++] = "Content-Type: " NGX_HTTP_COS_STS_TYPE;
    x->headers[n++] = "X-TC-Version: " NGX_HTTP_COS_STS_VERSION;
    x->headers[n++] = ngx_http_cos_exchange_printf(x, "X-TC-Action: %s",
                                                   action);
    x->headers[n++] = ngx_http_cos_exchange_printf(x, "X-TC-Timestamp: %T",
                                                   now);
    x->headers[n++] = c->region.len
                      ? ngx_http_cos_exchange_printf(x, "X-TC-Region: %V",
                                                     &c->region)
                      : "X-TC-Region: " NGX_HTTP_COS_STS_REGION;
    x->headers[n++] = "Expect:";
    x->headers[n] = NULL;

    if (x->body == NULL || x->url == NULL || x->headers[2] == NULL
        || x->headers[3] == NULL || x->headers[4] == NULL)
    {
        return NGX_ERROR;
    }

    if (c->base == NULL) {
        x->headers[n++] = "Authorization: SKIP";
        return NGX_OK;
    }

    rc = ngx_http_cos_sts_sign(c, x, now);

    return rc;
}


static ngx_int_t
ngx_http_cos_sts_sign(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, time_t now)
{
#if (COS_HAVE_TC3)

    u_char                 *p, *last;
    cos_tc3_t               tc3;
    ngx_uint_t              n;
    ngx_http_cos_secret_t   secret;

    if (ngx_http_cos_read_slot(x->cmcf, c->base, &secret, NULL) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_memzero(&tc3, sizeof(cos_tc3_t));

    tc3.secret_id.data = secret.id;
    tc3.secret_id.len = secret.id_len;
    tc3.secret_key.data = secret.key;
    tc3.secret_key.len = secret.key_len;
    ngx_str_set(&tc3.service, "sts");
    ngx_str_set(&tc3.content_type, NGX_HTTP_COS_STS_TYPE);
    tc3.body.data = (u_char *) x->body;
    tc3.body.len = ngx_strlen(x->body);
    tc3.timestamp = now;

    /* host of the URL, with its port as it is sent */

    p = c->endpoint.data;
    last = p + c->endpoint.len;

    /* libcurl leaves the default port out */

    if (ngx_strncasecmp(p, (u_char *) "https:", 6) == 0
        && ngx_strncmp(last - 4, ":443", 4) == 0)
    {
        last -= 4;

    } else if (ngx_strncasecmp(p, (u_char *) "http:", 5) == 0
               && ngx_strncmp(last - 3, ":80", 3) == 0)
    {
        last -= 3;
    }

    p = (u_char *) ngx_strstr(p, "//") + 2;

    tc3.host.data = p;
    tc3.host.len = last - p;

    for (n = 0; x->headers[n]; n++) { /* void */ }

    p = x->mem + x->size;

    if (sizeof("Authorization: ") + cos_tc3_authorization_len(&tc3)
        + sizeof("X-TC-Token: ") + secret.token_len
        > NGX_HTTP_COS_MEM_SIZE - x->size)
    {
        ngx_explicit_memzero(&secret, sizeof(ngx_http_cos_secret_t));
        ngx_http_cos_exchange_error(x, "too long request");
        return NGX_ERROR;
    }

    x->headers[n++] = (char *) p;

    p = ngx_cpymem(p, "Authorization: ", sizeof("Authorization: ") - 1);
    p += cos_tc3_authorization(&tc3, p);
    *p++ = '\0';

    if (secret.token_len) {
        x->headers[n++] = (char *) p;

        p = ngx_cpymem(p, "X-TC-Token: ", sizeof("X-TC-Token: ") - 1);
        p = ngx_cpymem(p, secret.token, secret.token_len);
        *p++ = '\0';
    }

    x->headers[n] = NULL;
    x->size = p - x->mem;

    ngx_explicit_memzero(&secret, sizeof(ngx_http_cos_secret_t));

    return NGX_OK;

#else

    return NGX_ERROR;

#endif
}


static ngx_int_t
ngx_http_cos_sts_response(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, ngx_http_cos_secret_t *secret)
{
    return ngx_http_cos_provider_answer(x, secret);
}
