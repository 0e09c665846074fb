
/*
 * Copyright (C) nginx-cos contributors
 *
 * provider file: JSON of sts.php or tccli, or the INI files of the official
 * tools (cos-protocol, sections 6.1 and 6.4), read again when they change.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_memory.h"
#include "ngx_http_cos_provider.h"
#include "ngx_http_cos_report.h"


#define NGX_HTTP_COS_FILE_SIZE  65536


static char *ngx_http_cos_provider_file_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static ngx_int_t ngx_http_cos_provider_file_poll(
    ngx_http_cos_credentials_t *c, ngx_http_cos_secret_t *secret,
    ngx_log_t *log);
static ngx_int_t ngx_http_cos_file_error(ngx_http_cos_credentials_t *c,
    ngx_log_t *log, ngx_uint_t level, char *text);
static ngx_int_t ngx_http_cos_read_file(ngx_http_cos_credentials_t *c,
    ngx_http_cos_secret_t *secret, ngx_http_cos_version_t *version,
    ngx_log_t *log, ngx_uint_t level);
static void ngx_http_cos_file_version(ngx_file_info_t *fi,
    ngx_http_cos_version_t *version);
static ngx_uint_t ngx_http_cos_same_version(ngx_http_cos_version_t *a,
    ngx_http_cos_version_t *b);
static ngx_int_t ngx_http_cos_parse_ini(ngx_str_t *text, ngx_str_t *profile,
    ngx_http_cos_secret_t *secret, const char **err);
static ngx_uint_t ngx_http_cos_ini_section(ngx_str_t *name,
    ngx_str_t *profile);
static void ngx_http_cos_trim(ngx_str_t *text);


const ngx_http_cos_provider_t  ngx_http_cos_provider_file = {
    ngx_string("file"),
    1,
    NGX_HTTP_COS_PARAM_PROFILE,
    ngx_http_cos_provider_file_init,
    ngx_http_cos_provider_file_poll,
    NULL,
    NULL
};


static char *
ngx_http_cos_provider_file_init(ngx_conf_t *cf, ngx_http_cos_credentials_t *c)
{
    ngx_int_t  rc;

    if (c->path.len && c->path.data[0] == '~') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"~\" in \"%V\" is not expanded, "
                           "write the whole path", &c->path);
        return NGX_CONF_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, &c->path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    c->first = ngx_http_cos_secret_pages(cf->pool,
                                         sizeof(ngx_http_cos_secret_t));
    if (c->first == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_http_cos_json_wipe();

    rc = ngx_http_cos_read_file(c, c->first, &c->version, cf->log,
                                NGX_LOG_EMERG);

    ngx_http_cos_json_unwipe();

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "cannot read cos_credentials \"%V\" from \"%V\"",
                           &c->name, &c->path);
        return NGX_CONF_ERROR;
    }

    if (rc == NGX_DECLINED) {

        /* it may be written later, by a job that starts after nginx */

        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "no file \"%V\" of cos_credentials \"%V\" yet",
                           &c->path, &c->name);
        c->first = NULL;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_cos_provider_file_poll(ngx_http_cos_credentials_t *c,
    ngx_http_cos_secret_t *secret, ngx_log_t *log)
{
    ngx_int_t               rc;
    ngx_file_info_t         fi;
    ngx_http_cos_version_t  version;

    if (ngx_file_info(c->path.data, &fi) == NGX_FILE_ERROR) {

        /* while the file is away the last secret serves on */

        return NGX_DECLINED;
    }

    ngx_http_cos_file_version(&fi, &version);

    if (ngx_http_cos_same_version(&version, &c->version)
        || ngx_http_cos_same_version(&version, &c->refused))
    {
        return NGX_DECLINED;
    }

    rc = ngx_http_cos_read_file(c, secret, &version, log, NGX_LOG_ERR);

    /* what has expired, which was said, is no reason to drop what has not */

    if (rc == NGX_OK && secret->expire && secret->expire <= time(NULL)) {
        c->refused = version;
        return NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        c->version = version;
        c->err = 0;

    } else if (rc == NGX_ERROR) {

        /* one message for each state of the file */

        c->refused = version;
    }

    return rc;
}


/*
 * An error of the system may go away while the file stays as it is: it is
 * tried again, but reported once.
 */

static ngx_int_t
ngx_http_cos_file_error(ngx_http_cos_credentials_t *c, ngx_log_t *log,
    ngx_uint_t level, char *text)
{
    ngx_err_t  err;

    err = ngx_errno;

    if (c->err != err) {
        c->err = err;
        ngx_http_cos_report(level, log, err, "%s \"%V\" failed", text,
                            &c->path);
    }

    return NGX_ABORT;
}


/*
 * NGX_DECLINED if there is no such file, NGX_ABORT if it cannot be read now,
 * NGX_ERROR if it is not good.
 */

static ngx_int_t
ngx_http_cos_read_file(ngx_http_cos_credentials_t *c,
    ngx_http_cos_secret_t *secret, ngx_http_cos_version_t *version,
    ngx_log_t *log, ngx_uint_t level)
{
    size_t            size;
    u_char           *buf, *p, *last;
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_int_t         rc;
    ngx_str_t         text;
    const char       *wrong;
    char              err[128];
    ngx_file_info_t   fi;

    fd = ngx_open_file(c->path.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {

        if (ngx_errno == NGX_ENOENT) {
            return NGX_DECLINED;
        }

        return ngx_http_cos_file_error(c, log, level, ngx_open_file_n);
    }

    rc = NGX_ERROR;
    size = 0;

    /* in the thread of the refresher there is no pool */

    buf = malloc(NGX_HTTP_COS_FILE_SIZE);
    if (buf == NULL) {
        rc = ngx_http_cos_file_error(c, log, level, "malloc() for");
        goto done;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        rc = ngx_http_cos_file_error(c, log, level, ngx_fd_info_n);
        goto done;
    }

    ngx_http_cos_file_version(&fi, version);

    if (!ngx_is_file(&fi)) {
        ngx_http_cos_report(level, log, 0, "\"%V\" is not a regular file",
                            &c->path);
        goto done;
    }

    while (size < NGX_HTTP_COS_FILE_SIZE) {

        n = ngx_read_fd(fd, buf + size,
                        NGX_HTTP_COS_FILE_SIZE - size);

        if (n == -1) {
            rc = ngx_http_cos_file_error(c, log, level, ngx_read_fd_n);
            goto done;
        }

        if (n == 0) {
            break;
        }

        size += n;
    }

    if (size == NGX_HTTP_COS_FILE_SIZE) {
        ngx_http_cos_report(level, log, 0, "\"%V\" is too large", &c->path);
        goto done;
    }

    ngx_memzero(secret, sizeof(ngx_http_cos_secret_t));

    text.data = buf;
    text.len = size;

    /* some editors begin a file with a byte order mark */

    if (text.len >= 3 && ngx_memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text.data += 3;
        text.len -= 3;
    }

    p = text.data;
    last = p + text.len;

    while (p < last && (*p == ' ' || *p == '\t' || *p == CR || *p == LF)) {
        p++;
    }

    if (p < last && *p == '{') {
        rc = ngx_http_cos_parse_json(&text, secret, err);

    } else {
        rc = ngx_http_cos_parse_ini(&text, &c->profile, secret, &wrong);

        if (rc != NGX_OK) {
            ngx_memcpy(err, wrong, ngx_strlen(wrong) + 1);
        }
    }

    if (rc != NGX_OK) {
        ngx_http_cos_report(level, log, 0,
                            "%s in \"%V\" of cos_credentials \"%V\"", err,
                            &c->path, &c->name);
        goto done;
    }

    if (secret->expire && secret->expire <= time(NULL)) {
        ngx_http_cos_report(NGX_LOG_WARN, log, 0,
                            "credentials in \"%V\" of cos_credentials \"%V\" "
                            "have expired", &c->path, &c->name);
    }

done:

    ngx_explicit_memzero(buf, size);
    free(buf);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_http_cos_report(NGX_LOG_ALERT, log, ngx_errno,
                            ngx_close_file_n " \"%V\" failed", &c->path);
    }

    return rc;
}


static void
ngx_http_cos_file_version(ngx_file_info_t *fi, ngx_http_cos_version_t *version)
{
    ngx_memzero(version, sizeof(ngx_http_cos_version_t));

    version->mtime = ngx_file_mtime(fi);
    version->size = ngx_file_size(fi);
    version->uniq = ngx_file_uniq(fi);

#if (NGX_LINUX)
    version->nsec = fi->st_mtim.tv_nsec;
#endif
}


static ngx_uint_t
ngx_http_cos_same_version(ngx_http_cos_version_t *a, ngx_http_cos_version_t *b)
{
    return a->mtime == b->mtime && a->nsec == b->nsec && a->size == b->size
           && a->uniq == b->uniq;
}


static ngx_int_t
ngx_http_cos_parse_ini(ngx_str_t *text, ngx_str_t *profile,
    ngx_http_cos_secret_t *secret, const char **err)
{
    u_char      *p, *last, *end, *eq;
    ngx_str_t    line, name, value, id, key, token;
    ngx_uint_t   inside, seen;

    ngx_str_null(&id);
    ngx_str_null(&key);
    ngx_str_null(&token);

    inside = 0;
    seen = 0;

    last = text->data + text->len;

    for (p = text->data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, LF);
        if (end == NULL) {
            end = last;
        }

        line.data = p;
        line.len = end - p;
        ngx_http_cos_trim(&line);

        if (line.len == 0 || line.data[0] == '#' || line.data[0] == ';') {
            continue;
        }

        if (line.data[0] == '[') {

            if (line.data[line.len - 1] != ']') {
                *err = "invalid section";
                return NGX_ERROR;
            }

            name.data = line.data + 1;
            name.len = line.len - 2;
            ngx_http_cos_trim(&name);

            /* the first of the sections that fit */

            inside = !seen && ngx_http_cos_ini_section(&name, profile);
            seen |= inside;

            continue;
        }

        if (!inside) {
            continue;
        }

        eq = ngx_strlchr(line.data, line.data + line.len, '=');
        if (eq == NULL) {
            *err = "invalid line";
            return NGX_ERROR;
        }

        name.data = line.data;
        name.len = eq - line.data;
        ngx_http_cos_trim(&name);

        value.data = eq + 1;
        value.len = line.data + line.len - eq - 1;
        ngx_http_cos_trim(&value);

        if (name.len == 9 && ngx_strncmp(name.data, "secret_id", 9) == 0) {
            id = value;

        } else if (name.len == 10
                   && ngx_strncmp(name.data, "secret_key", 10) == 0)
        {
            key = value;

        } else if (name.len == 5 && ngx_strncmp(name.data, "token", 5) == 0) {
            token = value;
        }
    }

    if (!seen) {
        *err = "no section of the profile";
        return NGX_ERROR;
    }

    *err = ngx_http_cos_set_secret(secret, &id, &key, &token, 0);

    return *err ? NGX_ERROR : NGX_OK;
}


/* [default] of ~/.tencentcloud/credentials, [common] of ~/.cos.conf */

static ngx_uint_t
ngx_http_cos_ini_section(ngx_str_t *name, ngx_str_t *profile)
{
    if (profile->len) {
        return name->len == profile->len
               && ngx_strncmp(name->data, profile->data, name->len) == 0;
    }

    return (name->len == 7 && ngx_strncmp(name->data, "default", 7) == 0)
           || (name->len == 6 && ngx_strncmp(name->data, "common", 6) == 0);
}


static void
ngx_http_cos_trim(ngx_str_t *text)
{
    while (text->len
           && (text->data[0] == ' ' || text->data[0] == '\t'
               || text->data[0] == CR))
    {
        text->data++;
        text->len--;
    }

    while (text->len
           && (text->data[text->len - 1] == ' '
               || text->data[text->len - 1] == '\t'
               || text->data[text->len - 1] == CR))
    {
        text->len--;
    }
}
