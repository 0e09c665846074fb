
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_memory.h"
#include "ngx_http_cos_provider.h"

#include <jansson.h>


static json_t *ngx_http_cos_json_any(json_t *object, const char **names);
static ngx_int_t ngx_http_cos_json_string(json_t *object, const char **names,
    ngx_str_t *value);
static time_t ngx_http_cos_json_expire(json_t *object);
static time_t ngx_http_cos_parse_rfc3339(const char *text);
static void ngx_http_cos_error_text(char *err, const char *text,
    const char *code);


char *
ngx_http_cos_provider_missing(ngx_conf_t *cf, ngx_http_cos_credentials_t *c,
    const char *param)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "cos_credentials \"%V\" must have \"%s\" with "
                       "provider \"%V\"", &c->name, param, &c->provider->name);
    return NGX_CONF_ERROR;
}


char *
ngx_http_cos_provider_needless(ngx_conf_t *cf, ngx_http_cos_credentials_t *c,
    const char *param)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "cos_credentials \"%V\" cannot have \"%s\" with "
                       "provider \"%V\"", &c->name, param, &c->provider->name);
    return NGX_CONF_ERROR;
}


char *
ngx_http_cos_provider_first(ngx_conf_t *cf, ngx_http_cos_credentials_t *c,
    ngx_str_t *id, ngx_str_t *key, ngx_str_t *token, time_t expire)
{
    const char  *err;

    c->first = ngx_http_cos_secret_pages(cf->pool,
                                         sizeof(ngx_http_cos_secret_t));
    if (c->first == NULL) {
        return NGX_CONF_ERROR;
    }

    err = ngx_http_cos_set_secret(c->first, id, key, token, expire);

    if (err) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in cos_credentials \"%V\"", err, &c->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_cos_provider_check_url(ngx_conf_t *cf, ngx_str_t *url,
    ngx_uint_t path)
{
    u_char     *p, *last;
    size_t      scheme, len;
    ngx_url_t   u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    last = url->data + url->len;

    if (ngx_strncasecmp(url->data, (u_char *) "http://", 7) == 0) {
        scheme = 7;

    } else if (ngx_strncasecmp(url->data, (u_char *) "https://", 8) == 0) {
        scheme = 8;

    } else {
        goto invalid;
    }

    p = ngx_strlchr(url->data + scheme, last, '/');

    u.url.data = url->data + scheme;
    u.url.len = (p ? p : last) - u.url.data;
    u.no_resolve = 1;

    if (ngx_strlchr(url->data, last, ' ')
        || ngx_strlchr(url->data, last, '#')
        || ngx_strlchr(u.url.data, u.url.data + u.url.len, '@')
        || ngx_strlchr(u.url.data, u.url.data + u.url.len, '?')
        || ngx_parse_url(cf->pool, &u) != NGX_OK
        || u.host.len == 0)
    {
        goto invalid;
    }

    /* an address is often copied with the slash at its end */

    if (!path && p) {

        if (p + 1 != last) {
            goto invalid;
        }

        len = p - url->data;

        p = ngx_pnalloc(cf->pool, len + 1);
        if (p == NULL) {
            return NGX_CONF_ERROR;
        }

        (void) ngx_cpystrn(p, url->data, len + 1);

        url->data = p;
        url->len = len;
    }

    return NGX_CONF_OK;

invalid:

    /* there may be a secret in it */

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid URL in cos_credentials");

    return NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_cos_getenv(ngx_conf_t *cf, const char *name, ngx_str_t *value)
{
    char             *text;
    ngx_str_t        *env;
    ngx_core_conf_t  *ccf;

    ngx_str_null(value);

    text = getenv(name);

    if (text == NULL || *text == '\0') {
        return NGX_OK;
    }

    value->data = (u_char *) text;
    value->len = ngx_strlen(text);

    /*
     * As with the "env" directive: without it the variable would be gone
     * after a binary upgrade.
     */

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);

    env = ngx_array_push(&ccf->env);
    if (env == NULL) {
        return NGX_ERROR;
    }

    env->data = (u_char *) name;
    env->len = ngx_strlen(name);

    return NGX_OK;
}


ngx_int_t
ngx_http_cos_provider_answer(ngx_http_cos_exchange_t *x,
    ngx_http_cos_secret_t *secret)
{
    if (ngx_http_cos_parse_json(&x->response, secret, x->err) != NGX_OK) {
        return NGX_ERROR;
    }

    if (secret->token_len == 0) {
        ngx_http_cos_error_text(x->err, "no token", NULL);
        return NGX_ERROR;
    }

    if (secret->expire == 0) {
        ngx_http_cos_error_text(x->err, "no expiration time", NULL);
        return NGX_ERROR;
    }

    if (secret->expire <= time(NULL)) {
        ngx_http_cos_error_text(x->err, "already expired", NULL);
        return NGX_ERROR;
    }

    secret->issued = time(NULL);

    return NGX_OK;
}


ngx_int_t
ngx_http_cos_parse_json(ngx_str_t *text, ngx_http_cos_secret_t *secret,
    char *err)
{
    time_t         expire;
    json_t        *root, *object, *inner;
    ngx_int_t      rc;
    ngx_str_t      id, key, token;
    const char    *wrong;
    json_error_t   error;

    static const char  *credentials[] = { "credentials", "Credentials", NULL };
    static const char  *response[] = { "Response", NULL };
    static const char  *ids[] = { "tmpSecretId", "TmpSecretId", "secretId",
                                  NULL };
    static const char  *keys[] = { "tmpSecretKey", "TmpSecretKey", "secretKey",
                                   NULL };
    static const char  *tokens[] = { "sessionToken", "SessionToken", "Token",
                                     "token", NULL };

    rc = NGX_ERROR;
    wrong = NULL;

    ngx_memzero(secret, sizeof(ngx_http_cos_secret_t));

    root = json_loadb((const char *) text->data, text->len,
                      JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        ngx_http_cos_error_text(err, "invalid JSON", NULL);
        return NGX_ERROR;
    }

    object = json_is_object(root) ? root : NULL;

    inner = ngx_http_cos_json_any(object, response);
    if (inner) {
        object = inner;
    }

    /* STS says so with the status 200, metadata likewise */

    inner = json_object_get(json_object_get(object, "Error"), "Code");

    if (inner == NULL) {
        inner = json_object_get(object, "Code");
    }

    if (json_is_string(inner)
        && ngx_strcmp(json_string_value(inner), "Success") != 0)
    {
        ngx_http_cos_error_text(err, "error ", json_string_value(inner));
        goto done;
    }

    inner = ngx_http_cos_json_any(object, credentials);
    if (inner == NULL) {
        inner = object;
    }

    if (ngx_http_cos_json_string(inner, ids, &id) != NGX_OK
        || ngx_http_cos_json_string(inner, keys, &key) != NGX_OK
        || ngx_http_cos_json_string(inner, tokens, &token) != NGX_OK)
    {
        wrong = "secret that is not a string";
        goto done;
    }

    expire = ngx_http_cos_json_expire(object);

    if (expire == -1) {
        wrong = "invalid expiration time";
        goto done;
    }

    wrong = ngx_http_cos_set_secret(secret, &id, &key, &token, expire);
    if (wrong) {
        goto done;
    }

    rc = NGX_OK;

done:

    if (wrong) {
        ngx_http_cos_error_text(err, wrong, NULL);
    }

    json_decref(root);

    return rc;
}


/* of what a peer has written only letters, digits and dots */

static void
ngx_http_cos_error_text(char *err, const char *text, const char *code)
{
    size_t  n;

    n = ngx_strlen(text);
    ngx_memcpy(err, text, n);

    for ( /* void */ ; code && *code && n < 100; code++) {
        err[n++] = (isalnum((u_char) *code) || *code == '.') ? *code : '?';
    }

    err[n] = '\0';
}


static json_t *
ngx_http_cos_json_any(json_t *object, const char **names)
{
    json_t  *value;

    for ( /* void */ ; *names; names++) {
        value = json_object_get(object, *names);

        if (value) {
            return value;
        }
    }

    return NULL;
}


/* a value that is not there is an empty string */

static ngx_int_t
ngx_http_cos_json_string(json_t *object, const char **names, ngx_str_t *value)
{
    json_t  *json;

    ngx_str_null(value);

    json = ngx_http_cos_json_any(object, names);

    if (json == NULL || json_is_null(json)) {
        return NGX_OK;
    }

    if (!json_is_string(json)) {
        return NGX_ERROR;
    }

    value->data = (u_char *) json_string_value(json);
    value->len = json_string_length(json);

    return NGX_OK;
}


static time_t
ngx_http_cos_json_expire(json_t *object)
{
    json_t  *json;

    static const char  *seconds[] = { "expiredTime", "ExpiredTime", NULL };
    static const char  *texts[] = { "expiration", "Expiration", NULL };

    json = ngx_http_cos_json_any(object, seconds);

    if (json) {
        if (!json_is_integer(json) || json_integer_value(json) <= 0) {
            return -1;
        }

        return (time_t) json_integer_value(json);
    }

    json = ngx_http_cos_json_any(object, texts);

    if (json) {
        if (!json_is_string(json)) {
            return -1;
        }

        return ngx_http_cos_parse_rfc3339(json_string_value(json));
    }

    return 0;
}


/* YYYY-MM-DDTHH:MM:SS[.fraction](Z|+HH:MM|-HH:MM) */

static time_t
ngx_http_cos_parse_rfc3339(const char *text)
{
    char         sign, *end;
    time_t       t;
    struct tm    tm;
    ngx_int_t    hours, minutes;
    const char  *p;

    ngx_memzero(&tm, sizeof(struct tm));

    end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (end == NULL) {
        return -1;
    }

    t = timegm(&tm);
    p = end;

    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9'; p++) { /* void */ }
    }

    if (p[0] == 'Z' && p[1] == '\0') {
        return t > 0 ? t : -1;
    }

    sign = *p++;

    if ((sign != '+' && sign != '-') || ngx_strlen(p) != 5 || p[2] != ':') {
        return -1;
    }

    hours = ngx_atoi((u_char *) p, 2);
    minutes = ngx_atoi((u_char *) p + 3, 2);

    if (hours == NGX_ERROR || minutes == NGX_ERROR) {
        return -1;
    }

    minutes += hours * 60;
    t += (sign == '+') ? -60 * minutes : 60 * minutes;

    return t > 0 ? t : -1;
}
