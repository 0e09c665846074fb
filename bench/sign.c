
/*
 * Copyright (C) nginx-cos contributors
 *
 * What one signature over an HttpString of 300 bytes costs, beside what it
 * cannot do without:
 *
 *   blocks   the SHA-1 compressions alone
 *   ready    HttpString is there already: SHA-1, HMAC with a key that is
 *            prepared, hex digits
 *   sign     cos_sign(), from method, path, parameters and headers to
 *            Authorization
 *
 * usage: sign              nanoseconds of each, "NAME BEST MEDIAN" lines
 *        sign NAME COUNT   COUNT times, to be counted by callgrind
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "cos_hmac.h"
#include "cos_query.h"
#include "cos_sign.h"


#define BENCH_HTTP_STRING  300
#define BENCH_BATCH        200
#define BENCH_BATCHES      3000

#define BENCH_KEY_TIME     "1767225300;1767226560"


typedef struct {
    const char  *name;
    void       (*run)(ngx_uint_t n);
    uint64_t     ns[BENCH_BATCHES];
} bench_t;


static void bench_init(void);
static void bench_blocks(ngx_uint_t n);
static void bench_ready(ngx_uint_t n);
static void bench_sign(ngx_uint_t n);
static void bench_hex(u_char *dst, const u_char *src);
static void bench_check(void);
static uint64_t bench_now(void);
static int bench_cmp(const void *one, const void *two);


/* with what is known of them in a request */

static cos_pair_t  bench_params[] = {
    { ngx_string("response-content-type"), ngx_string("image/jpeg"),
      ngx_string("image%2Fjpeg"), COS_PAIR_PLAIN_NAME },
    { ngx_string("versionId"), ngx_string("MTg0NDUxNTc0ODU0MTI4"),
      ngx_string("MTg0NDUxNTc0ODU0MTI4"), 0 }
};

static cos_pair_t  bench_headers[] = {
    { ngx_string("host"),
      ngx_string("images-1250000000.cos.ap-guangzhou.myqcloud.com"),
      ngx_string("images-1250000000.cos.ap-guangzhou.myqcloud.com"),
      COS_PAIR_PLAIN_NAME },
    { ngx_string("x-cos-traffic-limit"), ngx_string("819200"),
      ngx_null_string, 0 }
};

static bench_t  benches[] = {
    { "blocks", bench_blocks, { 0 } },
    { "ready", bench_ready, { 0 } },
    { "sign", bench_sign, { 0 } }
};

#define BENCHES  (sizeof(benches) / sizeof(benches[0]))


static u_char      bench_http[BENCH_HTTP_STRING + 1];
static u_char      bench_path[BENCH_HTTP_STRING];
static u_char      bench_buf[4096];
static u_char      bench_signature[2 * SHA_DIGEST_LENGTH];
static ngx_str_t   bench_authorization;
static cos_hmac_t  bench_key;
static cos_sign_t  bench_input;
static SHA_CTX     bench_inner;
static SHA_CTX     bench_outer;


int
main(int argc, char *argv[])
{
    uint64_t    start;
    ngx_uint_t  i, k;

    bench_init();
    bench_check();

    if (argc == 3) {

        for (i = 0; i < BENCHES; i++) {
            if (strcmp(benches[i].name, argv[1]) == 0) {
                benches[i].run(strtoul(argv[2], NULL, 10));
                return 0;
            }
        }
    }

    if (argc != 1) {
        fprintf(stderr, "usage: %s [blocks|ready|sign COUNT]\n", argv[0]);
        return 2;
    }

    for (k = 0; k < BENCH_BATCHES; k++) {
        for (i = 0; i < BENCHES; i++) {
            start = bench_now();
            benches[i].run(BENCH_BATCH);
            benches[i].ns[k] = bench_now() - start;
        }
    }

    for (i = 0; i < BENCHES; i++) {
        qsort(benches[i].ns, BENCH_BATCHES, sizeof(uint64_t), bench_cmp);

        printf("%s %.1f %.1f\n", benches[i].name,
               (double) benches[i].ns[0] / BENCH_BATCH,
               (double) benches[i].ns[BENCH_BATCHES / 2] / BENCH_BATCH);
    }

    return 0;
}


/* a path that makes HttpString as long as it has to be */

static void
bench_init(void)
{
    int         len;
    u_char      pad[SHA_CBLOCK], key[2 * SHA_DIGEST_LENGTH];
    ngx_str_t   secret, key_time;
    ngx_uint_t  i;

    static const char  head[] = "get\n";
    static const char  tail[] =
        "\nresponse-content-type=image%2Fjpeg&versionid=MTg0NDUxNTc0ODU0MTI4\n"
        "host=images-1250000000.cos.ap-guangzhou.myqcloud.com"
        "&x-cos-traffic-limit=819200\n";

    len = BENCH_HTTP_STRING - (sizeof(head) - 1) - (sizeof(tail) - 1);

    memset(bench_path, 'a', len);

    for (i = 0; i < (ngx_uint_t) len; i += 16) {
        bench_path[i] = '/';
    }

    (void) snprintf((char *) bench_http, sizeof(bench_http), "%s%.*s%s",
                    head, len, bench_path, tail);

    ngx_str_set(&secret, "ExampleSecretKeyForUnitTests0001");
    ngx_str_set(&key_time, BENCH_KEY_TIME);

    cos_sign_key(&bench_key, &secret, &key_time);

    ngx_str_set(&bench_input.method, "GET");
    bench_input.path.data = bench_path;
    bench_input.path.len = len;
    bench_input.params = bench_params;
    bench_input.nparams = sizeof(bench_params) / sizeof(bench_params[0]);
    bench_input.headers = bench_headers;
    bench_input.nheaders = sizeof(bench_headers) / sizeof(bench_headers[0]);
    ngx_str_set(&bench_input.secret_id,
                "AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0001");
    bench_input.key_time = key_time;
    bench_input.sign_key = &bench_key;

    /* the same by hand: HMAC (RFC 2104) with the key that COS wants */

    (void) HMAC(EVP_sha1(), secret.data, secret.len, key_time.data,
                key_time.len, pad, NULL);
    bench_hex(key, pad);

    ngx_memzero(pad, sizeof(pad));
    ngx_memcpy(pad, key, sizeof(key));

    for (i = 0; i < sizeof(pad); i++) {
        pad[i] ^= 0x36;
    }

    SHA1_Init(&bench_inner);
    SHA1_Update(&bench_inner, pad, sizeof(pad));

    for (i = 0; i < sizeof(pad); i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }

    SHA1_Init(&bench_outer);
    SHA1_Update(&bench_outer, pad, sizeof(pad));
}


/*
 * HttpString with its padding is five blocks, StringToSign behind the inner
 * pad two, the digest behind the outer pad one.
 */

static void
bench_blocks(ngx_uint_t n)
{
    SHA_CTX     sha1;
    ngx_uint_t  i;

    SHA1_Init(&sha1);

    while (n--) {
        for (i = 0; i < (BENCH_HTTP_STRING + 8) / SHA_CBLOCK + 1 + 2 + 1; i++)
        {
            SHA1_Transform(&sha1, bench_http);
        }
    }

    ngx_memcpy(bench_signature, &sha1.h0, sizeof(sha1.h0));
}


static void
bench_ready(ngx_uint_t n)
{
    u_char   text[128], digest[SHA_DIGEST_LENGTH], *p;
    SHA_CTX  sha1;

    while (n--) {
        SHA1_Init(&sha1);
        SHA1_Update(&sha1, bench_http, BENCH_HTTP_STRING);
        SHA1_Final(digest, &sha1);

        p = ngx_cpymem(text, "sha1\n" BENCH_KEY_TIME "\n",
                       sizeof("sha1\n" BENCH_KEY_TIME "\n") - 1);
        bench_hex(p, digest);
        p += 2 * SHA_DIGEST_LENGTH;
        *p++ = '\n';

        sha1 = bench_inner;
        SHA1_Update(&sha1, text, p - text);
        SHA1_Final(digest, &sha1);

        sha1 = bench_outer;
        SHA1_Update(&sha1, digest, SHA_DIGEST_LENGTH);
        SHA1_Final(digest, &sha1);

        bench_hex(bench_signature, digest);
    }
}


static void
bench_sign(ngx_uint_t n)
{
    while (n--) {

        if (cos_sign_size(&bench_input) > sizeof(bench_buf)) {
            abort();
        }

        cos_sign(&bench_input, bench_buf, &bench_authorization);
    }
}


static void
bench_hex(u_char *dst, const u_char *src)
{
    ngx_uint_t  i;

    static const u_char  hex[] = "0123456789abcdef";

    for (i = 0; i < SHA_DIGEST_LENGTH; i++) {
        *dst++ = hex[src[i] >> 4];
        *dst++ = hex[src[i] & 0xf];
    }
}


/* both ways give the same, or something else is measured */

static void
bench_check(void)
{
    bench_ready(1);
    bench_sign(1);

    if (bench_authorization.len <= sizeof(bench_signature)
        || ngx_memcmp(bench_authorization.data + bench_authorization.len
                      - sizeof(bench_signature),
                      bench_signature, sizeof(bench_signature))
           != 0)
    {
        fprintf(stderr, "the signatures differ:\n%.*s\n%.*s\n",
                (int) bench_authorization.len, bench_authorization.data,
                (int) sizeof(bench_signature), bench_signature);
        exit(1);
    }
}


static uint64_t
bench_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static int
bench_cmp(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return (a > b) - (a < b);
}
