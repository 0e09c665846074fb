
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_credentials.h"


typedef struct {
    ngx_str_t                name;
    size_t                   offset;
} ngx_http_cos_credentials_param_t;


static ngx_uint_t ngx_http_cos_bad_name(ngx_str_t *name);
static char *ngx_http_cos_credentials_block_param(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_cos_credentials_provider(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static ngx_uint_t ngx_http_cos_bad_secret(ngx_str_t *text);
static void ngx_http_cos_name_hash(ngx_str_t *name, u_char *hash);
static void ngx_http_cos_fingerprint(ngx_http_cos_credentials_t *c);


static const ngx_http_cos_provider_t  *ngx_http_cos_providers[] = {
    &ngx_http_cos_provider_static,
    &ngx_http_cos_provider_env,
    &ngx_http_cos_provider_file,
    NULL
};


static ngx_http_cos_credentials_param_t  ngx_http_cos_credentials_params[] = {

    { ngx_string("secret_id"),
      offsetof(ngx_http_cos_credentials_t, secret_id) },

    { ngx_string("secret_key"),
      offsetof(ngx_http_cos_credentials_t, secret_key) },

    { ngx_string("token"),
      offsetof(ngx_http_cos_credentials_t, token) },

    { ngx_string("profile"),
      offsetof(ngx_http_cos_credentials_t, profile) },

    { ngx_null_string, 0 }
};


char *
ngx_http_cos_credentials(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_cos_main_conf_t *cmcf = conf;

    char                         *rv;
    ngx_str_t                    *value;
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

    c->secret = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_secret_t));
    if (c->secret == NULL) {
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

    ngx_str_t                         *value, *field;
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

        field = (ngx_str_t *) ((char *) c + param->offset);

        if (field->data) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is duplicate", &param->name);
            return NGX_CONF_ERROR;
        }

        *field = value[1];

        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown parameter \"%V\" in cos_credentials",
                       &value[0]);
    return NGX_CONF_ERROR;
}


static char *
ngx_http_cos_credentials_provider(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c)
{
    ngx_str_t   *value;
    ngx_uint_t   i, path;

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

        path = (ngx_http_cos_providers[i] == &ngx_http_cos_provider_file);

        if (cf->args->nelts != 2 + path) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of arguments in "
                               "\"provider %V\"", &value[1]);
            return NGX_CONF_ERROR;
        }

        if (path) {
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
    cos_sha1_t  sha1;

    cos_sha1_init(&sha1);

    cos_sha1_update(&sha1, c->provider->name.data, c->provider->name.len + 1);
    cos_sha1_update(&sha1, c->path.data, c->path.len);
    cos_sha1_update(&sha1, "", 1);
    cos_sha1_update(&sha1, c->profile.data, c->profile.len);
    cos_sha1_update(&sha1, "", 1);

    if (c->provider->poll == NULL && c->first) {
        cos_sha1_update(&sha1, c->first, sizeof(ngx_http_cos_secret_t));
    }

    cos_sha1_final(c->fingerprint, &sha1);
}
