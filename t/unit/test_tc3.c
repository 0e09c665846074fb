
/*
 * Copyright (C) nginx-cos contributors
 */


#include "unit.h"


#if (COS_HAVE_TC3)


typedef struct {
    const char  *name;
    const char  *digest;
    u_char       key_ch;        /* key: key_len times key_ch, or key */
    size_t       key_len;
    const char  *key;
    u_char       data_ch;
    size_t       data_len;
    const char  *data;
} unit_hmac256_t;


typedef struct {
    time_t       timestamp;
    const char  *date;
} unit_date_t;


static void test_tc3_sha256(void);
static void test_tc3_hmac(void);
static void test_tc3_date(void);
static void test_tc3_days(void);
static void test_tc3_vector(json_t *entry);
static void test_tc3_keys(json_t *entry, const cos_tc3_t *tc3);
static void test_tc3_own(void);
static ngx_str_t unit_tc3(const cos_tc3_t *tc3);
static ngx_str_t unit_tc3_date(time_t timestamp);
static ngx_str_t unit_tc3_json(json_t *entry, const char *name);
static ngx_str_t unit_tc3_line(ngx_str_t text, const char *name);
static ngx_str_t unit_sha256(ngx_str_t data);
static ngx_str_t unit_hmac256(ngx_str_t key, ngx_str_t data);


/* RFC 4231, section 4; case 5 is of a truncated mac, its beginning */

static const unit_hmac256_t  unit_hmac256s[] = {

    { "1",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      0x0b, 20, NULL, 0, 0, "Hi There" },

    { "2",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      0, 0, "Jefe", 0, 0, "what do ya want for nothing?" },

    { "3",
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      0xaa, 20, NULL, 0xdd, 50, NULL },

    { "4",
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
      0, 0, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
      "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", 0xcd, 50, NULL },

    { "5",
      "a3b6167473100ee06e0c796c2955552b",
      0x0c, 20, NULL, 0, 0, "Test With Truncation" },

    { "6, a key longer than a block",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      0xaa, 131, NULL, 0, 0,
      "Test Using Larger Than Block-Size Key - Hash Key First" },

    { "7, a key and data longer than a block",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
      0xaa, 131, NULL, 0, 0,
      "This is a test using a larger than block-size key and a larger than "
      "block-size data. The key needs to be hashed before being used by the "
      "HMAC algorithm." }
};


static const unit_date_t  unit_dates[] = {
    { 0, "1970-01-01" },
    { 86399, "1970-01-01" },
    { 86400, "1970-01-02" },
    { 68169599, "1972-02-28" },
    { 68169600, "1972-02-29" },
    { 68256000, "1972-03-01" },
    { 951782400, "2000-02-29" },
    { 951868800, "2000-03-01" },
    { 1551113065, "2019-02-25" },
    { 1700000000, "2023-11-14" },
    { 1709164800, "2024-02-29" },
    { 1735689599, "2024-12-31" },
    { 1735689600, "2025-01-01" },
    { 2147483647, "2038-01-19" },
#if (NGX_TIME_T_SIZE > 4)
    { 2147483648, "2038-01-19" },
    { 4107542399, "2100-02-28" },
    { 4107542400, "2100-03-01" },
    { 13574563200, "2400-02-29" },
    { 253402300799, "9999-12-31" },
    { 253402300800, "9999-12-31" },
    { NGX_MAX_TIME_T_VALUE, "9999-12-31" },
    { -NGX_MAX_TIME_T_VALUE - 1, "1970-01-01" },
#endif
    { -1, "1970-01-01" }
};


void
test_tc3(json_t *root)
{
    size_t   i;
    json_t  *list, *entry;

    test_tc3_sha256();
    test_tc3_hmac();
    test_tc3_date();
    test_tc3_days();

    list = json_object_get(root, "tc3");

    unit_ok(json_array_size(list) >= 4, "vectors of tc3");

    json_array_foreach(list, i, entry) {
        test_tc3_vector(entry);
    }

    test_tc3_own();
}


/* FIPS 180 */

static void
test_tc3_sha256(void)
{
    ngx_str_t  empty;

    ngx_str_null(&empty);

    unit_is(unit_sha256(S("abc")),
            S("ba7816bf8f01cfea414140de5dae2223"
              "b00361a396177a9cb410ff61f20015ad"), "sha256 abc");

    unit_is(unit_sha256(S("abcdbcdecdefdefgefghfghighijhijk"
                          "ijkljklmklmnlmnomnopnopq")),
            S("248d6a61d20638b8e5c026930c3e6039"
              "a33ce45964ff2167f6ecedd419db06c1"), "sha256 two blocks");

    unit_is(unit_sha256(unit_fill('a', 1000000)),
            S("cdc76e5c9914fb9281a1c7e284d73e67"
              "f1809a48a497200e046d39ccc7112cd0"), "sha256 a million letters");

    unit_is(unit_sha256(empty),
            S("e3b0c44298fc1c149afbf4c8996fb924"
              "27ae41e4649b934ca495991b7852b855"), "sha256 empty, no address");
}


static void
test_tc3_hmac(void)
{
    size_t                 n;
    u_char                 mac[COS_SHA256_LEN];
    ngx_str_t              key, data, empty, digest, parts[3];
    ngx_uint_t             i, same;
    const unit_hmac256_t  *v;

    ngx_str_null(&empty);

    for (i = 0; i < sizeof(unit_hmac256s) / sizeof(unit_hmac256s[0]); i++) {
        v = &unit_hmac256s[i];

        key = v->key ? unit_str(v->key, strlen(v->key))
                     : unit_fill(v->key_ch, v->key_len);
        data = v->data ? unit_str(v->data, strlen(v->data))
                       : unit_fill(v->data_ch, v->data_len);

        digest = unit_hmac256(key, data);
        digest.len = strlen(v->digest);

        unit_is(digest, unit_str(v->digest, strlen(v->digest)),
                "hmac rfc 4231 case %s", v->name);

        /* the same key in three pieces, one of them empty or not */

        same = 1;

        for (n = 0; n <= key.len; n++) {
            parts[0] = unit_str(key.data, n);
            parts[1] = unit_str(key.data + n, (key.len - n) / 2);
            parts[2] = unit_str(key.data + n + parts[1].len,
                                key.len - n - parts[1].len);

            cos_hmac_sha256(parts, 3, &data, mac);

            same &= unit_eq(unit_hex(mac, COS_SHA256_LEN),
                            unit_hmac256(key, data));
        }

        unit_ok(same, "hmac rfc 4231 case %s, a key in pieces", v->name);
    }

    unit_is(unit_hmac256(empty, empty),
            S("b613679a0814d9ec772f95d778c35fc5"
              "ff1697c493715653c6c712144292c5ad"), "hmac256 all empty");

    /* a key of exactly one block is taken as it is, one byte more is not */

    unit_is(unit_hmac256(unit_fill('k', 64), S("x")),
            S("f91c4c403625fb06910ef93999265bbd"
              "2d62baeaec6ff36455498cc124fe3e66"), "hmac256 key of 64 bytes");

    unit_is(unit_hmac256(unit_fill('k', 65), S("x")),
            S("75092ca3ee2b307470c227697b42b3e6"
              "5376aa3bae98fb5a1f7b7536daa9588a"), "hmac256 key of 65 bytes");

    /* the mac may replace its key */

    key = unit_fill('k', COS_SHA256_LEN);
    data = unit_hmac256(key, S("x"));
    parts[0] = S("x");

    cos_hmac_sha256(&key, 1, &parts[0], key.data);

    unit_is(unit_hex(key.data, key.len), data, "hmac256 in place of its key");
}


static void
test_tc3_date(void)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(unit_dates) / sizeof(unit_dates[0]); i++) {
        unit_is(unit_tc3_date(unit_dates[i].timestamp),
                unit_str(unit_dates[i].date, strlen(unit_dates[i].date)),
                "date of %lld", (long long) unit_dates[i].timestamp);
    }
}


/* each day, against a calendar that counts */

static void
test_tc3_days(void)
{
    char        expected[sizeof("YYYY-MM-DD")];
    time_t      timestamp;
    u_char     *date;
    ngx_uint_t  i, day, days, leap, year, last, month, failed;

    static const ngx_uint_t  lengths[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    date = unit_alloc(COS_TC3_DATE_LEN);

    timestamp = 0;
    days = 0;
    failed = 0;

    last = (NGX_TIME_T_SIZE > 4) ? 9999 : 2037;

    for (year = 1970; year <= last; year++) {
        leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        for (month = 0; month < 12; month++) {

            for (day = 1; day <= lengths[month] + (month == 1 && leap);
                 day++)
            {
                expected[0] = '0' + year / 1000;
                expected[1] = '0' + year / 100 % 10;
                expected[2] = '0' + year / 10 % 10;
                expected[3] = '0' + year % 10;
                expected[4] = '-';
                expected[5] = '0' + (month + 1) / 10;
                expected[6] = '0' + (month + 1) % 10;
                expected[7] = '-';
                expected[8] = '0' + day / 10;
                expected[9] = '0' + day % 10;

                for (i = 0; i < 2; i++) {
                    cos_tc3_date(timestamp + (i ? 86399 : 0), date);

                    failed += ngx_memcmp(date, expected, COS_TC3_DATE_LEN)
                              != 0;
                }

                days++;
                timestamp += 86400;
            }
        }
    }

    unit_ok(failed == 0, "dates of %lu days, %lu failed",
            (unsigned long) days, (unsigned long) failed);
}


static void
test_tc3_vector(json_t *entry)
{
    ngx_str_t    request, text, digest, signature, expected;
    cos_tc3_t    tc3;
    const char  *id;

    id = json_string_value(json_object_get(entry, "id"));

    request = unit_tc3_json(entry, "canonical_request");
    text = unit_tc3_json(entry, "string_to_sign");
    signature = unit_tc3_json(entry, "signature");

    tc3.secret_id = unit_tc3_json(entry, "secret_id");
    tc3.secret_key = unit_tc3_json(entry, "secret_key");
    tc3.service = unit_tc3_json(entry, "service");
    tc3.body = unit_tc3_json(entry, "body");
    tc3.timestamp = json_integer_value(json_object_get(entry, "timestamp"));

    /* not all vectors have headers: what is signed is in the request */

    tc3.content_type = unit_tc3_line(request, "content-type:");
    tc3.host = unit_tc3_line(request, "host:");
    tc3.action = unit_tc3_line(request, "x-tc-action:");

    unit_is(unit_tc3_date(tc3.timestamp), unit_tc3_json(entry, "date"),
            "%s: date", id);

    digest = unit_sha256(tc3.body);

    unit_ok(request.len > digest.len
            && ngx_memcmp(request.data + request.len - digest.len,
                          digest.data, digest.len) == 0,
            "%s: sha256 of the body", id);

    digest = unit_sha256(request);

    unit_ok(text.len > digest.len
            && ngx_memcmp(text.data + text.len - digest.len,
                          digest.data, digest.len) == 0,
            "%s: sha256 of the request", id);

    test_tc3_keys(entry, &tc3);

    expected = unit_printf("TC3-HMAC-SHA256 Credential=%.*s/%s/%.*s/"
                           "tc3_request, SignedHeaders=content-type;host%s, "
                           "Signature=%.*s",
                           (int) tc3.secret_id.len, tc3.secret_id.data,
                           json_string_value(json_object_get(entry, "date")),
                           (int) tc3.service.len, tc3.service.data,
                           tc3.action.len ? ";x-tc-action" : "",
                           (int) signature.len, signature.data);

    unit_is(unit_tc3(&tc3), expected, "%s: authorization, signature", id);

    if (json_object_get(entry, "authorization")) {
        unit_is(unit_tc3(&tc3), unit_tc3_json(entry, "authorization"),
                "%s: authorization as given", id);
    }

    /* an action is signed in lower case, however it is written */

    if (tc3.action.len) {
        tc3.action = S("DescribeInstances");

        unit_is(unit_tc3(&tc3), expected, "%s: action of mixed case", id);
    }
}


/* the steps on the way to the signature, one by one */

static void
test_tc3_keys(json_t *entry, const cos_tc3_t *tc3)
{
    u_char       mac[COS_SHA256_LEN];
    ngx_str_t    data, key[2];
    ngx_uint_t   i;
    const char  *id;

    static const char  *names[] = {
        "secret_date_hex", "secret_service_hex", "secret_signing_hex",
        "signature"
    };

    id = json_string_value(json_object_get(entry, "id"));

    key[0] = S("TC3");
    key[1] = tc3->secret_key;

    for (i = 0; i < 4; i++) {

        switch (i) {

        case 0:
            data = unit_tc3_json(entry, "date");
            break;

        case 1:
            data = tc3->service;
            break;

        case 2:
            data = S("tc3_request");
            break;

        default:
            data = unit_tc3_json(entry, "string_to_sign");
            break;
        }

        cos_hmac_sha256(key, i ? 1 : 2, &data, mac);

        if (json_object_get(entry, names[i])) {
            unit_is(unit_hex(mac, COS_SHA256_LEN),
                    unit_tc3_json(entry, names[i]), "%s: %s", id, names[i]);
        }

        key[0] = unit_str(mac, COS_SHA256_LEN);
    }
}


/* made by another implementation, in Python */

static void
test_tc3_own(void)
{
    ngx_str_t   signature;
    cos_tc3_t   tc3, t;
    ngx_uint_t  i;

    static const struct {
        size_t       len;
        const char  *signature;
    } keys[] = {
        { 61,
          "12edf2c38716bfbd8642ce3854a09abd"
          "64ef19622dd1e5bb91355cad0b4c21c6" },
        { 62,
          "07140432c7c36636ea9c7748a004fa61"
          "f5922a7cc32b79426d6863395971271e" },
        { 1024,
          "42dde95ed3c14a71ebc709a463853c6a"
          "f3ed9fc49cebe4a8006bcb3799966f07" }

    }, actions[] = {
        { 63,
          "7ced5d624f38c4f479a2931886646722"
          "3da1715e7277533268bd5c3b2aee98d2" },
        { 64,
          "c6d3658581122eef68d0e8323b37dff0"
          "85f5274e567654aa6535e5c9a54ef814" },
        { 65,
          "6b3cb5b96e48e845516b197f117a4a66"
          "16ac882b29426ecf790a1e5790ef0bd1" },
        { 200,
          "b80d91dbd52e2037e7930b97e0bf8639"
          "b1d91e94b6dc9b2441a551a52d7d1b45" }
    };

    ngx_memzero(&t, sizeof(cos_tc3_t));

    unit_is(unit_tc3(&t),
            S("TC3-HMAC-SHA256 Credential=/1970-01-01//tc3_request, "
              "SignedHeaders=content-type;host, Signature="
              "c9ca3d38024c4ad2deb87c817b56e0ca"
              "73cc621ea0d1f977470cd63d90a6cd0d"),
            "all empty, no addresses");

#if (NGX_TIME_T_SIZE > 4)

    /* the longest StringToSign in the shortest buffer */

    t.timestamp = 253402300799;

    unit_is(unit_tc3(&t),
            S("TC3-HMAC-SHA256 Credential=/9999-12-31//tc3_request, "
              "SignedHeaders=content-type;host, Signature="
              "6618aaf96ef5edd29f02a119440850ba"
              "8a6729e1ab12a443ccc3fe027aaa5d61"),
            "all empty, end of time");

    t.timestamp = NGX_MAX_TIME_T_VALUE;
    signature = unit_tc3(&t);
    t.timestamp = 253402300799;

    unit_is(unit_tc3(&t), signature, "beyond the end of time");

#endif

    tc3.secret_id = S("AKID");
    tc3.secret_key = S("secret");
    tc3.service = S("sts");
    tc3.host = S("sts.tencentcloudapi.com");
    tc3.content_type = S("application/json");
    ngx_str_null(&tc3.action);
    tc3.body = S("{}");
    tc3.timestamp = 1700000000;

    t = tc3;
    ngx_str_null(&t.body);

    unit_is(unit_tc3(&t),
            S("TC3-HMAC-SHA256 Credential=AKID/2023-11-14/sts/tc3_request, "
              "SignedHeaders=content-type;host, Signature="
              "63c65047e5d96d15ea99837f40eea831"
              "8dbd8c91b1c90bce2e9d726c2eb706ca"),
            "empty body");

    t = tc3;
    t.host = S("STS.TencentCloudAPI.com");
    t.content_type = S("application/JSON; charset=UTF-8");

    unit_is(unit_tc3(&t),
            S("TC3-HMAC-SHA256 Credential=AKID/2023-11-14/sts/tc3_request, "
              "SignedHeaders=content-type;host, Signature="
              "36ed3a8b66f738bfb0f109eaab980e6e"
              "0b43aa9b248366f95debeb911e127a1a"),
            "two headers as they are");

    t.action = S("AssumeRole");

    unit_is(unit_tc3(&t),
            S("TC3-HMAC-SHA256 Credential=AKID/2023-11-14/sts/tc3_request, "
              "SignedHeaders=content-type;host;x-tc-action, Signature="
              "f536e30c11dc6bf71f185e68856a226d"
              "add121a6fc1286f609532e9a28158a50"),
            "three headers in lower case");

    /* "TC3" with the key is a block of 64 bytes, one more, and many */

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        t = tc3;
        t.secret_key = unit_fill('k', keys[i].len);

        unit_is(unit_tc3(&t),
                unit_printf("TC3-HMAC-SHA256 Credential=AKID/2023-11-14/sts/"
                            "tc3_request, SignedHeaders=content-type;host, "
                            "Signature=%s", keys[i].signature),
                "key of %lu bytes", (unsigned long) keys[i].len);
    }

    for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        t = tc3;
        t.action = unit_fill('A', actions[i].len);

        unit_is(unit_tc3(&t),
                unit_printf("TC3-HMAC-SHA256 Credential=AKID/2023-11-14/sts/"
                            "tc3_request, SignedHeaders=content-type;host;"
                            "x-tc-action, Signature=%s",
                            actions[i].signature),
                "action of %lu bytes", (unsigned long) actions[i].len);
    }

    /* the id and its length are not signed */

    t = tc3;
    signature = unit_tc3(&t);

    signature.data += signature.len - COS_SHA256_HEX_LEN;
    signature.len = COS_SHA256_HEX_LEN;

    for (i = 1; i <= 8192; i *= 2) {
        t.secret_id = unit_fill('i', i);

        unit_is(unit_tc3(&t),
                unit_printf("TC3-HMAC-SHA256 Credential=%.*s/2023-11-14/sts/"
                            "tc3_request, SignedHeaders=content-type;host, "
                            "Signature=%.*s",
                            (int) t.secret_id.len, t.secret_id.data,
                            (int) signature.len, signature.data),
                "id of %lu bytes", (unsigned long) i);
    }

    /* the scope is in both texts */

    t = tc3;
    t.service = unit_fill('s', 4096);
    ngx_str_null(&t.secret_id);

    signature = unit_tc3(&t);

    unit_is(signature,
            unit_printf("TC3-HMAC-SHA256 Credential=/2023-11-14/%.*s/"
                        "tc3_request, SignedHeaders=content-type;host, "
                        "Signature=7cf38188bdce2a221867ae2bccce8605"
                        "058c43ce350b86d638bb1f7da1329123",
                        (int) t.service.len, t.service.data),
            "service of 4096 bytes");
}


static ngx_str_t
unit_tc3(const cos_tc3_t *tc3)
{
    ngx_str_t  value;

    value.len = cos_tc3_authorization_len(tc3);
    value.data = unit_alloc(value.len);

    if (cos_tc3_authorization(tc3, value.data) != value.len) {
        unit_ok(0, "length of an authorization");
    }

    return value;
}


static ngx_str_t
unit_tc3_date(time_t timestamp)
{
    ngx_str_t  date;

    date.len = COS_TC3_DATE_LEN;
    date.data = unit_alloc(date.len);

    cos_tc3_date(timestamp, date.data);

    return date;
}


static ngx_str_t
unit_tc3_json(json_t *entry, const char *name)
{
    json_t     *value;
    ngx_str_t   empty;

    value = json_object_get(entry, name);

    if (value == NULL) {
        ngx_str_null(&empty);
        return empty;
    }

    return unit_str(json_string_value(value), json_string_length(value));
}


/* the value of a line that begins with the name; empty if there is none */

static ngx_str_t
unit_tc3_line(ngx_str_t text, const char *name)
{
    size_t     n, len, start;
    ngx_str_t  empty;

    len = strlen(name);

    for (start = 0; start + len <= text.len; start += n + 1) {

        for (n = 0; start + n < text.len; n++) {

            if (text.data[start + n] == '\n') {
                break;
            }
        }

        if (n >= len && ngx_memcmp(text.data + start, name, len) == 0) {
            return unit_str(text.data + start + len, n - len);
        }
    }

    ngx_str_null(&empty);

    return empty;
}


static ngx_str_t
unit_sha256(ngx_str_t data)
{
    u_char  digest[COS_SHA256_LEN];

    cos_sha256(&data, digest);

    return unit_hex(digest, COS_SHA256_LEN);
}


static ngx_str_t
unit_hmac256(ngx_str_t key, ngx_str_t data)
{
    u_char  mac[COS_SHA256_LEN];

    cos_hmac_sha256(&key, 1, &data, mac);

    return unit_hex(mac, COS_SHA256_LEN);
}


#else


void
test_tc3(json_t *root)
{
    unit_ok(1, "no tc3 # SKIP without OpenSSL");
}


#endif
