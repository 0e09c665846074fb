
/*
 * Copyright (C) nginx-cos contributors
 */


#include "unit.h"
#include "cos_policy.h"


static void test_policy_text(void);
static void test_policy_write(void);
static void test_policy_escapes(void);
static ngx_str_t unit_policy(const cos_policy_t *policy);


void
test_policy(void)
{
    test_policy_text();
    test_policy_write();
    test_policy_escapes();
}


static void
test_policy_text(void)
{
    ngx_str_t   text;
    ngx_uint_t  i;

    static const char  *good[] = {
        "", "a", " ~", "\"\\/", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "a\xe4\xb8\xadz\xf0\x9f\x98\x80"
    };

    static const char  *bad[] = {
        "\x01", "a\x1f", "\t", "\r\n", "\x7f", "\x80", "\xbf", "\xc2",
        "\xc2" "a", "\xc0\x80", "\xc1\xbf", "\xc2\x80", "\xc2\x9f",
        "\xe0\x9f\xbf", "\xe4\xb8", "\xe4\xb8" "a", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80", "\xff", "\xe4\xb8\xad\xad"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        text = unit_str(good[i], strlen(good[i]));
        unit_ok(cos_policy_text(&text), "text %lu", (unsigned long) i);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = unit_str(bad[i], strlen(bad[i]));
        unit_ok(!cos_policy_text(&text), "no text %lu", (unsigned long) i);
    }

    text = unit_fill('\0', 1);
    unit_ok(!cos_policy_text(&text), "NUL is no text");
}


static void
test_policy_write(void)
{
    cos_pair_t    fields[2];
    cos_policy_t  policy;

    ngx_memzero(&policy, sizeof(cos_policy_t));
    ngx_memzero(fields, sizeof(fields));

    policy.expiration = S("2023-11-14T23:13:20.000Z");
    policy.secret_id = S("AKIDEXAMPLE");
    policy.key_time = S("1700000000;1700003600");
    policy.bucket = S("examplebucket-1250000000");

    unit_is(unit_policy(&policy),
            S("{\"expiration\":\"2023-11-14T23:13:20.000Z\",\"conditions\":"
              "[{\"q-sign-algorithm\":\"sha1\"},{\"q-ak\":\"AKIDEXAMPLE\"},"
              "{\"q-sign-time\":\"1700000000;1700003600\"},"
              "{\"bucket\":\"examplebucket-1250000000\"},"
              "[\"content-length-range\",0,0]]}"),
            "policy without fields");

    fields[0].name = S("key");
    fields[0].value = S("dir/a.jpg");
    fields[1].name = S("Content-Type");
    fields[1].value = S("image/jpeg");

    policy.fields = fields;
    policy.nfields = 2;
    policy.min_length = 10;
    policy.max_length = NGX_MAX_OFF_T_VALUE;

    unit_is(unit_policy(&policy),
            S("{\"expiration\":\"2023-11-14T23:13:20.000Z\",\"conditions\":"
              "[{\"q-sign-algorithm\":\"sha1\"},{\"q-ak\":\"AKIDEXAMPLE\"},"
              "{\"q-sign-time\":\"1700000000;1700003600\"},"
              "{\"bucket\":\"examplebucket-1250000000\"},"
              "[\"eq\",\"$key\",\"dir/a.jpg\"],"
              "[\"eq\",\"$Content-Type\",\"image/jpeg\"],"
              "[\"content-length-range\",10,9223372036854775807]]}"),
            "policy");
}


/* a JSON parser reads what was written */

static void
test_policy_escapes(void)
{
    json_t        *root, *conditions, *condition;
    ngx_str_t      text;
    cos_pair_t     field;
    cos_policy_t   policy;

    ngx_memzero(&policy, sizeof(cos_policy_t));
    ngx_memzero(&field, sizeof(cos_pair_t));

    field.name = S("x-cos-meta-a");
    field.value = S("\"]]}\\\"\\\\/\xe4\xb8\xad\xf0\x9f\x98\x80 $key");

    policy.bucket = S("\\\"");
    policy.fields = &field;
    policy.nfields = 1;

    text = unit_policy(&policy);
    root = json_loadb((char *) text.data, text.len, 0, NULL);

    unit_ok(root != NULL, "policy is JSON");

    conditions = json_object_get(root, "conditions");
    unit_ok(json_array_size(conditions) == 6, "conditions");

    condition = json_object_get(json_array_get(conditions, 3), "bucket");
    unit_is(unit_str(json_string_value(condition),
                     json_string_length(condition)),
            policy.bucket, "bucket escaped");

    condition = json_array_get(json_array_get(conditions, 4), 2);
    unit_is(unit_str(json_string_value(condition),
                     json_string_length(condition)),
            field.value, "value escaped");

    json_decref(root);
}


static ngx_str_t
unit_policy(const cos_policy_t *policy)
{
    size_t     size;
    u_char    *buf;
    ngx_str_t  text;

    size = cos_policy_size(policy);
    buf = unit_alloc(size);

    text.data = buf;
    text.len = cos_policy_write(buf, policy) - buf;

    unit_ok(text.len <= size, "size of the policy");

    return text;
}
