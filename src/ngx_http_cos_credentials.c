
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_exchange.h"
#include "ngx_http_cos_provider.h"


#define NGX_HTTP_COS_TIMEOUT             5000
#define NGX_HTTP_COS_MAX_SOURCE_HEADERS  8


typedef enum {
    NGX_HTTP_COS_TEXT = 0,
    NGX_HTTP_COS_FILE,
    NGX_HTTP_COS_SECONDS,
    NGX_HTTP_COS_MSEC,
    NGX_HTTP_COS_FLAG,
    NGX_HTTP_COS_HEADER
} ngx_http_cos_param_e;


typedef struct {
    ngx_str_t                name;
    ngx_uint_t               bit;       /* NGX_HTTP_COS_PARAM_* */
    ngx_http_cos_param_e     type;
    size_t                   offset;
} ngx_http_cos_credentials_param_t;


static ngx_uint_t ngx_http_cos_bad_name(ngx_str_t *name);
static char *ngx_http_cos_credentials_block_param(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_cos_credentials_set(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c, ngx_http_cos_credentials_param_t *param,
    ngx_str_t *value);
static char *ngx_http_cos_credentials_provider(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static ngx_uint_t ngx_http_cos_bad_secret(ngx_str_t *text);
static void ngx_http_cos_name_hash(ngx_str_t *name, u_char *hash);
static void ngx_http_cos_fingerprint(ngx_http_cos_credentials_t *c);


static const ngx_http_cos_provider_t  *ngx_http_cos_providers[] = {
    &ngx_http_cos_provider_static,
    &ngx_http_cos_provider_env,
    &ngx_http_cos_provider_file,
    &ngx_http_cos_provider_cvm,
    &ngx_http_cos_provider_tke,
    &ngx_http_cos_provider_assume_role,
    &ngx_http_cos_provider_federation,
    &ngx_http_cos_provider_http,
    &ngx_http_cos_provider_auto,
    NULL
};


static ngx_http_cos_credentials_param_t  ngx_http_cos_credentials_params[] = {

    { ngx_string("secret_id"), NGX_HTTP_COS_PARAM_SECRET, NGX_HTTP_COS_TEXT,
      offsetof(ngx_http_cos_credentials_t, secret_id) },

    { ngx_string("secret_key"), NGX_HTTP_COS_PARAM_SECRET, NGX_HTTP_COS_TEXT,
      offsetof(ngx_http_cos_credentials_t, secret_key) },

    { ngx_string("token"), NGX_HTTP_COS_PARAM_SECRET, NGX_HTTP_COS_TEXT,
      offsetof(ngx_http_cos_credentials_t, token) },

    { ngx_string("profile"), NGX_HTTP_COS_PARAM_PROFILE, NGX_HTTP_COS_TEXT,
      offsetof(ngx_http_cos_credentials_t, profile) },

    { ngx_string("base"), NGX_HTTP_COS_PARAM_BASE, NGX_HTTP_COS_TEXT,
      offsetof(ngx_http_cos_credentials_t, base_name) },

    { ngx_string("endpoint"), NGX_HTTP_COS_PARAM_ENDPOINT, NGX_HTTP_COS_TEXT,
      offsetof(ngx_http_cos_credentials_t, endpoint) },

    { ngx_string("session_name"), NGX_HTTP_COS_PARAM_SESSION, NGX_HTTP_COS_TEXT,
      offsetof(ngx_http_cos_credentials_t, session_name) },

    { ngx_string("external_id"), NGX_HTTP_COS_PARAM_SESSION, NGX_HTTP_COS_TEXT,
      offsetof(ngx_http_cos_credentials_t, external_id) },

    { ngx_string("policy"), NGX_HTTP_COS_PARAM_POLICY, NGX_HTTP_COS_TEXT,
      offsetof(ngx_http_cos_credentials_t, policy) },

    { ngx_string("duration"), NGX_HTTP_COS_PARAM_POLICY, NGX_HTTP_COS_SECONDS,
      offsetof(ngx_http_cos_credentials_t, duration) },

    { ngx_string("header"), NGX_HTTP_COS_PARAM_HEADER, NGX_HTTP_COS_HEADER,
      offsetof(ngx_http_cos_credentials_t, headers) },

    { ngx_string("trusted_certificate"), NGX_HTTP_COS_PARAM_FETCH,
      NGX_HTTP_COS_FILE,
      offsetof(ngx_http_cos_credentials_t, trusted_certificate) },

    { ngx_string("refresh_before"), NGX_HTTP_COS_PARAM_FETCH,
      NGX_HTTP_COS_SECONDS,
      offsetof(ngx_http_cos_credentials_t, refresh_before) },

    { ngx_string("timeout"), NGX_HTTP_COS_PARAM_FETCH, NGX_HTTP_COS_MSEC,
      offsetof(ngx_http_cos_credentials_t, timeout) },

    { ngx_string("vend"), NGX_HTTP_COS_PARAM_VEND, NGX_HTTP_COS_FLAG,
      offsetof(ngx_http_cos_credentials_t, vend) },

    { ngx_null_string, 0, 0, 0 }
};


char *
ngx_http_cos_credentials(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_cos_main_conf_t *cmcf = conf;

    char                         *rv;
    ngx_str_t                    *value;
    ngx_uint_t                    i, params;
    ngx_conf_t                    save;
    ngx_http_cos_credentials_t   *c, **cp;

    value = cf->args->elts;

    if (ngx_http_cos_bad_name(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\" of cos_credentials, it must "
                           "consist of letters, digits, \"_\", \"-\" and "
                           "\".\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    c = ngx_http_cos_find_credentials(cmcf, &value[1]);

    if (c != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate cos_credentials \"%V\", "
                           "previously declared in %s:%ui",
                           &value[1], c->file_name, c->line);
        return NGX_CONF_ERROR;
    }

    c = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_credentials_t));
    if (c == NULL) {
        return NGX_CONF_ERROR;
    }

    c->name = value[1];
    ngx_http_cos_name_hash(&c->name, c->name_hash);

    c->file_name = cf->conf_file->file.name.data;
    c->line = cf->conf_file->line;

    cp = ngx_array_push(&cmcf->credentials);
    if (cp == NULL) {
        return NGX_CONF_ERROR;
    }

    *cp = c;

    save = *cf;
    cf->handler = ngx_http_cos_credentials_block_param;
    cf->handler_conf = c;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (c->provider == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "cos_credentials \"%V\" must have \"provider\"",
                           &c->name);
        return NGX_CONF_ERROR;
    }

    params = c->provider->params;

    if (c->provider->request) {
        params |= NGX_HTTP_COS_PARAM_FETCH;
    }

    for (i = 0; ngx_http_cos_credentials_params[i].name.len; i++) {
        if ((c->given & (1 << i))
            && !(ngx_http_cos_credentials_params[i].bit & params))
        {
            return ngx_http_cos_provider_needless(cf, c,
                    (char *) ngx_http_cos_credentials_params[i].name.data);
        }
    }

    if (c->timeout == 0) {
        c->timeout = NGX_HTTP_COS_TIMEOUT;
    }

    if (c->provider->init(cf, c) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_http_cos_fingerprint(c);

    return NGX_CONF_OK;
}


/* names are a part of URLs */

static ngx_uint_t
ngx_http_cos_bad_name(ngx_str_t *name)
{
    size_t  i;
    u_char  ch, c;

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];
        c = (u_char) (ch | 0x20);

        if ((c < 'a' || c > 'z') && (ch < '0' || ch > '9')
            && ch != '_' && ch != '-' && ch != '.')
        {
            return 1;
        }
    }

    /* "-" stands for nobody */

    return name->len == 0 || (name->len == 1 && name->data[0] == '-');
}


static char *
ngx_http_cos_credentials_block_param(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    ngx_http_cos_credentials_t *c = conf;

    ngx_str_t                         *value;
    ngx_http_cos_credentials_param_t  *param;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "provider") == 0) {
        return ngx_http_cos_credentials_provider(cf, c);
    }

    for (param = ngx_http_cos_credentials_params; param->name.len; param++) {

        if (ngx_strcmp(value[0].data, param->name.data) != 0) {
            continue;
        }

        if (cf->args->nelts != 2) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of arguments in \"%V\"",
                               &param->name);
            return NGX_CONF_ERROR;
        }

        return ngx_http_cos_credentials_set(cf, c, param, &value[1]);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown parameter \"%V\" in cos_credentials",
                       &value[0]);
    return NGX_CONF_ERROR;
}


static char *
ngx_http_cos_credentials_set(ngx_conf_t *cf, ngx_http_cos_credentials_t *c,
    ngx_http_cos_credentials_param_t *param, ngx_str_t *value)
{
    char         *field;
    time_t        sec;
    ngx_str_t    *text;
    ngx_uint_t    bit;
    ngx_array_t **headers;

    bit = 1 << (param - ngx_http_cos_credentials_params);

    if ((c->given & bit) && param->type != NGX_HTTP_COS_HEADER) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is duplicate", &param->name);
        return NGX_CONF_ERROR;
    }

    c->given |= bit;

    field = (char *) c + param->offset;

    switch (param->type) {

    case NGX_HTTP_COS_TEXT:
        *(ngx_str_t *) field = *value;
        return NGX_CONF_OK;

    case NGX_HTTP_COS_FILE:
        *(ngx_str_t *) field = *value;
        return ngx_conf_full_name(cf->cycle, (ngx_str_t *) field, 1) == NGX_OK
               ? NGX_CONF_OK : NGX_CONF_ERROR;

    case NGX_HTTP_COS_SECONDS:
        sec = ngx_parse_time(value, 1);

        if (sec == (time_t) NGX_ERROR || sec == 0) {
            break;
        }

        *(time_t *) field = sec;
        return NGX_CONF_OK;

    case NGX_HTTP_COS_MSEC:
        *(ngx_msec_t *) field = ngx_parse_time(value, 0);

        if (*(ngx_msec_t *) field == (ngx_msec_t) NGX_ERROR
            || *(ngx_msec_t *) field == 0)
        {
            break;
        }

        return NGX_CONF_OK;

    case NGX_HTTP_COS_FLAG:

        if (ngx_strcmp(value->data, "on") == 0) {
            *(ngx_uint_t *) field = 1;

        } else if (ngx_strcmp(value->data, "off") != 0) {
            break;
        }

        return NGX_CONF_OK;

    default: /* NGX_HTTP_COS_HEADER */

        headers = (ngx_array_t **) field;

        if (ngx_strlchr(value->data, value->data + value->len, ':') == NULL
            || value->data[0] == ':'
            || ngx_strlchr(value->data, value->data + value->len, CR)
            || ngx_strlchr(value->data, value->data + value->len, LF))
        {
            /* it may be a secret */

            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value of \"%V\"", &param->name);
            return NGX_CONF_ERROR;
        }

        if (*headers == NULL) {
            *headers = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
            if (*headers == NULL) {
                return NGX_CONF_ERROR;
            }
        }

        if ((*headers)->nelts == NGX_HTTP_COS_MAX_SOURCE_HEADERS) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "too many headers");
            return NGX_CONF_ERROR;
        }

        text = ngx_array_push(*headers);
        if (text == NULL) {
            return NGX_CONF_ERROR;
        }

        *text = *value;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"%V\"", value,
                       &param->name);
    return NGX_CONF_ERROR;
}


static char *
ngx_http_cos_credentials_provider(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = cf->args->elts;

    if (c->provider) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"provider\" is duplicate");
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts < 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"provider\"");
        return NGX_CONF_ERROR;
    }

    for (i = 0; ngx_http_cos_providers[i]; i++) {

        if (ngx_strcmp(value[1].data, ngx_http_cos_providers[i]->name.data)
            != 0)
        {
            continue;
        }

        if (cf->args->nelts > 2 + ngx_http_cos_providers[i]->nargs
            || (ngx_http_cos_providers[i] == &ngx_http_cos_provider_file
                && cf->args->nelts != 3))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of arguments in "
                               "\"provider %V\"", &value[1]);
            return NGX_CONF_ERROR;
        }

        if (cf->args->nelts == 3) {
            c->path = value[2];
        }

        c->provider = ngx_http_cos_providers[i];

        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown provider \"%V\"", &value[1]);
    return NGX_CONF_ERROR;
}


ngx_http_cos_credentials_t *
ngx_http_cos_find_credentials(ngx_http_cos_main_conf_t *cmcf, ngx_str_t *name)
{
    ngx_uint_t                    i;
    ngx_http_cos_credentials_t  **cp;

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        if (cp[i]->name.len == name->len
            && ngx_strncmp(cp[i]->name.data, name->data, name->len) == 0)
        {
            return cp[i];
        }
    }

    return NULL;
}


const char *
ngx_http_cos_set_secret(ngx_http_cos_secret_t *secret, ngx_str_t *id,
    ngx_str_t *key, ngx_str_t *token, time_t expire)
{
    if (id->len == 0) {
        return "no secret id";
    }

    if (key->len == 0) {
        return "no secret key";
    }

    if (id->len > NGX_HTTP_COS_ID_LEN || key->len > NGX_HTTP_COS_KEY_LEN
        || token->len > NGX_HTTP_COS_TOKEN_LEN)
    {
        return "too long secret";
    }

    /*
     * Id and token are sent in headers, and the id is a field of
     * Authorization, which "&" would end.
     */

    if (ngx_http_cos_bad_secret(id)
        || ngx_http_cos_bad_secret(token)
        || ngx_strlchr(id->data, id->data + id->len, '&'))
    {
        return "invalid character in secret";
    }

    secret->expire = expire;

    secret->id_len = id->len;
    ngx_memcpy(secret->id, id->data, id->len);

    secret->key_len = key->len;
    ngx_memcpy(secret->key, key->data, key->len);

    secret->token_len = token->len;
    ngx_memcpy(secret->token, token->data, token->len);

    return NULL;
}


static ngx_uint_t
ngx_http_cos_bad_secret(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] <= 0x20 || text->data[i] >= 0x7f) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_cos_name_hash(ngx_str_t *name, u_char *hash)
{
    cos_sha1_t  sha1;

    cos_sha1_init(&sha1);
    cos_sha1_update(&sha1, name->data, name->len);
    cos_sha1_final(hash, &sha1);
}


/* what makes a stored secret the secret of this block */

static void
ngx_http_cos_fingerprint(ngx_http_cos_credentials_t *c)
{
    cos_sha1_t   sha1;
    ngx_str_t   *text;
    ngx_uint_t   i;
    ngx_str_t   *texts[] = { &c->path, &c->profile, &c->base_name,
                             &c->endpoint, &c->session_name, &c->external_id,
                             &c->policy, &c->provider_id, &c->token_file };

    cos_sha1_init(&sha1);

    cos_sha1_update(&sha1, c->provider->name.data, c->provider->name.len + 1);
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cos_sha1_update(&sha1, texts[i]->data, texts[i]->len);
        cos_sha1_update(&sha1, "", 1);
    }

    cos_sha1_update(&sha1, &c->duration, sizeof(time_t));

    if (c->headers) {
        text = c->headers->elts;

        for (i = 0; i < c->headers->nelts; i++) {
            cos_sha1_update(&sha1, text[i].data, text[i].len);
            cos_sha1_update(&sha1, "", 1);
        }
    }

    if (c->provider->poll == NULL && c->first) {
        cos_sha1_update(&sha1, c->first, sizeof(ngx_http_cos_secret_t));
    }

    cos_sha1_final(c->fingerprint, &sha1);
}


ngx_int_t
ngx_http_cos_init_credentials(ngx_conf_t *cf, ngx_http_cos_main_conf_t *cmcf)
{
    cos_sha1_t                    sha1;
    ngx_uint_t                    i, n;
    ngx_http_cos_credentials_t  **cp, *c;

    cp = cmcf->credentials.elts;

    for (i = 0; i < cmcf->credentials.nelts; i++) {

        c = cp[i];

        if (c->base_name.len == 0) {
            continue;
        }

        c->base = ngx_http_cos_find_credentials(cmcf, &c->base_name);

        if (c->base == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown cos_credentials \"%V\" in %s:%ui",
                          &c->base_name, c->file_name, c->line);
            return NGX_ERROR;
        }

        if (ngx_http_cos_is_template(c->base)) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "cos_credentials \"%V\" has placeholders and "
                          "cannot be a base in %s:%ui",
                          &c->base_name, c->file_name, c->line);
            return NGX_ERROR;
        }

        /* whoever has a base can ask for more than is handed out */

        if (c->base->vend) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "cos_credentials \"%V\" has \"vend on\" and "
                          "cannot be a base in %s:%ui",
                          &c->base_name, c->file_name, c->line);
            return NGX_ERROR;
        }
    }

    for (i = 0; i < cmcf->credentials.nelts; i++) {

        n = 0;

        for (c = cp[i]; c; c = c->base) {
            if (n++ > cmcf->credentials.nelts) {
                ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                              "cos_credentials \"%V\" has itself as a base "
                              "in %s:%ui", &cp[i]->name, cp[i]->file_name,
                              cp[i]->line);
                return NGX_ERROR;
            }
        }
    }

    for (i = 0; i < cmcf->credentials.nelts; i++) {
        ngx_memcpy(cp[i]->own_fingerprint, cp[i]->fingerprint, COS_SHA1_LEN);
    }

    /* a secret that came by another base is another secret */

    for (i = 0; i < cmcf->credentials.nelts; i++) {

        cos_sha1_init(&sha1);

        for (c = cp[i]; c; c = c->base) {
            cos_sha1_update(&sha1, c->own_fingerprint, COS_SHA1_LEN);
        }

        cos_sha1_final(cp[i]->fingerprint, &sha1);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_cos_is_template(ngx_http_cos_credentials_t *c)
{
    return c->provider == &ngx_http_cos_provider_http
           && (ngx_strstr(c->path.data, "{Bucket}")
               || ngx_strstr(c->path.data, "{Region}"));
}


ngx_http_cos_credentials_t *
ngx_http_cos_bucket_credentials(ngx_conf_t *cf, ngx_http_cos_credentials_t *c,
    ngx_str_t *bucket, ngx_str_t *region)
{
    u_char                       *p, *last, *dst;
    ngx_http_cos_main_conf_t     *cmcf;
    ngx_http_cos_credentials_t   *own, **cp;

    if (!ngx_http_cos_is_template(c)) {
        return c;
    }

    own = ngx_palloc(cf->pool, sizeof(ngx_http_cos_credentials_t));
    if (own == NULL) {
        return NULL;
    }

    *own = *c;

    own->name.data = ngx_pnalloc(cf->pool, c->name.len + 1 + bucket->len);

    /* a placeholder is no longer than what the names may add */

    p = c->path.data;
    last = p + c->path.len;

    own->path.data = ngx_pnalloc(cf->pool, c->path.len + 1
                                 + (c->path.len / 8 + 1)
                                   * (bucket->len + region->len));

    if (own->name.data == NULL || own->path.data == NULL) {
        return NULL;
    }

    own->name.len = ngx_sprintf(own->name.data, "%V~%V", &c->name, bucket)
                    - own->name.data;

    dst = own->path.data;

    while (p < last) {

        if (ngx_strncmp(p, "{Bucket}", 8) == 0) {
            dst = ngx_cpymem(dst, bucket->data, bucket->len);
            p += 8;

        } else if (ngx_strncmp(p, "{Region}", 8) == 0) {
            dst = ngx_cpymem(dst, region->data, region->len);
            p += 8;

        } else {
            *dst++ = *p++;
        }
    }

    *dst = '\0';
    own->path.len = dst - own->path.data;

    ngx_http_cos_name_hash(&own->name, own->name_hash);
    ngx_http_cos_fingerprint(own);

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    cp = ngx_array_push(&cmcf->credentials);
    if (cp == NULL) {
        return NULL;
    }

    *cp = own;

    return own;
}
