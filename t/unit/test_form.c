
/*
 * Copyright (C) nginx-cos contributors
 */


#include "unit.h"
#include "form.h"


#define TYPE  "multipart/form-data; boundary=B"
#define DISP  "Content-Disposition: form-data; name="
#define PART  "--B\r\n" DISP
#define KEY   PART "\"key\"\r\n\r\nk\r\n"
#define FILE_ PART "\"file\"; filename=\"f\"\r\n\r\n"
#define END   "\r\n--B--\r\n"


typedef struct {
    const char  *type;
    const char  *body;
    const char  *expected;  /* name|value; fields, then name, type, file */
} unit_form_t;


static void test_types(void);
static void test_good_forms(void);
static void test_bad_forms(void);
static void test_long_forms(void);
static void test_splits(const unit_form_t *f, ngx_str_t expected);
static ngx_str_t unit_form_dump(cos_form_t *form, ngx_int_t rc,
    ngx_str_t body);
static ngx_str_t unit_form(const unit_form_t *f, form_piece_pt piece,
    void *data);


static const unit_form_t  unit_forms[] = {

    { TYPE, KEY FILE_ "contents" END, "key|k;f||contents" },
    { TYPE, KEY FILE_ END, "key|k;f||" },
    { TYPE, FILE_ "x" END, "f||x" },
    { TYPE, KEY FILE_ "x\r\n--B--", "key|k;f||x" },
    { TYPE, PART "\"key\"\r\n\r\n\r\n" FILE_ "x" END, "key|;f||x" },
    { TYPE, PART "\"a\"\r\n\r\n\r\n\r\n" KEY FILE_ "x" END,
      "a|\r\n;key|k;f||x" },
    { TYPE, PART "\"a\"\r\n\r\n-B\n--B\r\n-\r\n" FILE_ "x" END,
      "a|-B\n--B\r\n-;f||x" },

    /* beginnings of the delimiter */

    { TYPE, FILE_ "\r" END, "f||\r" },
    { TYPE, FILE_ "\r\n" END, "f||\r\n" },
    { TYPE, FILE_ "\r\n-" END, "f||\r\n-" },
    { TYPE, FILE_ "\r\n--" END, "f||\r\n--" },
    { TYPE, FILE_ "\r\r\n\r\n-\r\n--\r\r\n\r\n" END,
      "f||\r\r\n\r\n-\r\n--\r\r\n\r\n" },
    { TYPE, FILE_ "-B--\r\n\n-\n--\n\r--B--\r" END,
      "f||-B--\r\n\n-\n--\n\r--B--\r" },
    { TYPE, FILE_ "---B--\n" END, "f||---B--\n" },
    { "multipart/form-data; boundary=--B",
      "----B\r\n" DISP "\"file\"\r\n\r\n\r\n--\r\n---\r\n----\r\n----b"
      "\r\n----B--", "||\r\n--\r\n---\r\n----\r\n----b" },

    /* how clients write it */

    { "Multipart/Form-Data ;\tBOUNDARY=\"B\"", KEY FILE_ "x" END,
      "key|k;f||x" },
    { "multipart/form-data; charset=utf-8; boundary=B", FILE_ "x" END,
      "f||x" },
    { "multipart/form-data; boundary=B ; charset=\"utf-8\"", FILE_ "x" END,
      "f||x" },
    { "multipart/form-data; boundary=\"a b\"",
      "--a b\r\n" DISP "file\r\n\r\nx\r\n--a b--", "||x" },
    { "multipart/form-data; boundary='()+_,-./:=?",
      "--'()+_,-./:=?\r\n" DISP "file\r\n\r\nx\r\n--'()+_,-./:=?--", "||x" },
    { TYPE, PART "key\r\n\r\nk\r\n" PART "file;filename=f\r\n\r\nx" END,
      "key|k;f||x" },
    { TYPE, "--B\r\ncontent-disposition:FORM-DATA ; NAME = \"key\"\r\n\r\n"
      "k\r\n" FILE_ "x" END, "invalid Content-Disposition in the form" },
    { TYPE, "--B\r\ncontent-disposition:FORM-DATA ;NAME=\"key\" \r\n\r\nk\r\n"
      FILE_ "x" END, "key|k;f||x" },
    { TYPE, "--B\r\nContent-Type: text/plain; charset=utf-8\r\n" DISP
      "\"key\"\r\nContent-Length: 1\r\n\r\nk\r\n--B\r\nContent-Type: a/b \r\n"
      "Content-Transfer-Encoding: Binary\r\n" DISP "\"FILE\"; filename=\"\"; "
      "filename*=UTF-8''%41\r\nX-Y:\r\n\r\nx" END, "key|k;|a/b|x" },
    { TYPE, PART "\"file\"; filename=\"C:\\dir\\a.png\"\r\n\r\nx" END,
      "C:\\dir\\a.png||x" },
    { TYPE, PART "\"file\"; filename=\"a\\\"; name=\\\"b\"\r\n\r\nx" END,
      "a\\\"; name=\\\"b||x" },
    { TYPE, PART "\"file\"; filename=\"a;b=c, \xe4\xb8\xad\"\r\n\r\nx" END,
      "a;b=c, \xe4\xb8\xad||x" }
};


static const unit_form_t  unit_bad_forms[] = {

    { "multipart/form-data", KEY FILE_ END, "the form has no boundary" },
    { "multipart/mixed; boundary=B", KEY FILE_ END, "no form" },
    { "multipart/form-database; boundary=B", KEY FILE_ END, "no form" },
    { "", KEY FILE_ END, "no form" },
    { "multipart/form-data;", KEY FILE_ END,
      "invalid Content-Type of the form" },
    { "multipart/form-data; boundary", KEY FILE_ END,
      "invalid Content-Type of the form" },
    { "multipart/form-data; boundary=", KEY FILE_ END,
      "invalid Content-Type of the form" },
    { "multipart/form-data; boundary=B C", KEY FILE_ END,
      "invalid Content-Type of the form" },
    { "multipart/form-data; boundary=\"B", KEY FILE_ END,
      "invalid Content-Type of the form" },
    { "multipart/form-data; boundary=\"B\\\"", KEY FILE_ END,
      "invalid Content-Type of the form" },
    { "multipart/form-data; boundary=B; x=y", KEY FILE_ END,
      "invalid Content-Type of the form" },
    { "multipart/form-data; boundary=B; charset=utf-7", KEY FILE_ END,
      "invalid Content-Type of the form" },
    { "multipart/form-data; charset=\"; boundary=C\"; boundary=B", KEY FILE_
      END, "invalid Content-Type of the form" },
    { "multipart/form-data; boundary=\"\"", KEY FILE_ END,
      "invalid boundary of the form" },
    { "multipart/form-data; boundary=\"B \"", KEY FILE_ END,
      "invalid boundary of the form" },
    { "multipart/form-data; boundary=\"B\\B\"", KEY FILE_ END,
      "invalid boundary of the form" },
    { "multipart/form-data; boundary=B; Boundary=B", KEY FILE_ END,
      "invalid boundary of the form" },
    { "multipart/form-data; boundary=B*", KEY FILE_ END,
      "invalid boundary of the form" },

    { TYPE, "", "the form is not complete" },
    { TYPE, "-", "the form is not complete" },
    { TYPE, "--B", "the form is not complete" },
    { TYPE, "x" KEY FILE_ "x" END,
      "the form does not begin with its boundary" },
    { TYPE, END, "the form does not begin with its boundary" },
    { TYPE, "--B--\r\n", "the form has no file" },
    { TYPE, KEY "--B--\r\n", "the form has no file" },
    { TYPE, KEY "--B \r\n", "invalid boundary line in the form" },
    { TYPE, KEY "--B-\r\n", "invalid boundary line in the form" },
    { TYPE, KEY "--BB\r\n", "invalid boundary line in the form" },
    { TYPE, FILE_ "x\r\n--BB--\r\n", "invalid boundary line in the form" },
    { TYPE, FILE_ "x\r\n--B-\r\n", "invalid boundary line in the form" },
    { TYPE, FILE_ "x\r\n--B\n", "invalid boundary line in the form" },
    { TYPE, PART "\"a\"\r\n\r\n--B\r\n-\r\n" FILE_ "x" END,
      "invalid boundary line in the form" },
    { TYPE, PART "\"a\"\r\n\r\n" FILE_ "x" END,
      "invalid boundary line in the form" },
    { TYPE, FILE_ "--B--\r\n" END, "invalid boundary line in the form" },
    { TYPE, FILE_ "--B--", "invalid boundary line in the form" },
    { TYPE, FILE_ "x\n--B\r\n" END, "invalid boundary line in the form" },
    { TYPE, FILE_ "\n--B--\r\n" END, "invalid boundary line in the form" },
    { TYPE, FILE_ "x\r\n\n--B" END, "invalid boundary line in the form" },
    { TYPE, FILE_ "x\r-\n--B" END, "invalid boundary line in the form" },
    { TYPE, FILE_ "x\r\n" FILE_ "x" END,
      "the file is not the last part of the form" },
    { TYPE, FILE_ "x\r\n" KEY "--B--",
      "the file is not the last part of the form" },
    { TYPE, FILE_ "x" END "\r\n", "there is something behind the form" },
    { TYPE, FILE_ "x\r\n--B--x", "there is something behind the form" },
    { TYPE, FILE_ "x\r\n--B--\n", "there is something behind the form" },
    { TYPE, FILE_ "x\r\n--B--\rx", "there is something behind the form" },
    { TYPE, FILE_ "x\r\n--B--\r", "the form is not complete" },
    { TYPE, FILE_ "x\r\n--B-", "the form is not complete" },
    { TYPE, FILE_ "x\r\n--", "the form is not complete" },
    { TYPE, FILE_ "x", "the form is not complete" },
    { TYPE, PART "\"key\"\r\n\r\nk", "the form is not complete" },

    { TYPE, "--B\r\n\r\nk\r\n" FILE_ END, "a part of the form has no name" },
    { TYPE, "--B\r\nX: y\r\n\r\nk\r\n" FILE_ END,
      "a part of the form has no name" },
    { TYPE, "--B\r\nX\r\n\r\nk\r\n" FILE_ END, "invalid header in the form" },
    { TYPE, "--B\r\n: y\r\n\r\nk\r\n" FILE_ END,
      "invalid header in the form" },
    { TYPE, "--B\r\nX : y\r\n\r\nk\r\n" FILE_ END,
      "invalid header in the form" },
    { TYPE, PART "\"key\";\r\n x=y\r\n\r\nk\r\n" FILE_ END,
      "invalid Content-Disposition in the form" },
    { TYPE, PART "\"key\"\r\n x=y\r\n\r\nk\r\n" FILE_ END,
      "invalid header in the form" },
    { TYPE, PART "\"key\"\nX: y\r\n\r\nk\r\n" FILE_ END,
      "control character in a header of the form" },
    { TYPE, PART "\"key\"\rX: y\r\n\r\nk\r\n" FILE_ END,
      "control character in a header of the form" },
    { TYPE, PART "\"key\"\r\r\n\r\nk\r\n" FILE_ END,
      "control character in a header of the form" },
    { TYPE, PART "\"k\x01y\"\r\n\r\nk\r\n" FILE_ END,
      "control character in a header of the form" },
    { TYPE, "--B\r\nContent-Disposition: attachment; name=\"key\"\r\n\r\n"
      "k\r\n" FILE_ END, "invalid Content-Disposition in the form" },
    { TYPE, "--B\r\nContent-Disposition: form-data\r\n\r\nk\r\n" FILE_ END,
      "a part of the form has no name" },
    { TYPE, PART "\"\"\r\n\r\nk\r\n" FILE_ END,
      "invalid Content-Disposition in the form" },
    { TYPE, PART "\r\n\r\nk\r\n" FILE_ END,
      "invalid Content-Disposition in the form" },
    { TYPE, PART "\"key\r\n\r\nk\r\n" FILE_ END,
      "invalid Content-Disposition in the form" },
    { TYPE, PART "\"key\"x\r\n\r\nk\r\n" FILE_ END,
      "invalid Content-Disposition in the form" },
    { TYPE, PART "\"key\" x=y\r\n\r\nk\r\n" FILE_ END,
      "invalid Content-Disposition in the form" },
    { TYPE, PART "\"key\"; name=\"acl\"\r\n\r\nk\r\n" FILE_ END,
      "invalid Content-Disposition in the form" },
    { TYPE, PART "\"key\"; name*=acl\r\n\r\nk\r\n" FILE_ END,
      "invalid Content-Disposition in the form" },
    { TYPE, PART "\"file\"; filename=\"a\"; filename=\"b\"\r\n\r\nx" END,
      "invalid Content-Disposition in the form" },
    { TYPE, PART "\"key\"\r\n" DISP "\"acl\"\r\n\r\nk\r\n" FILE_ END,
      "duplicate Content-Disposition in the form" },
    { TYPE, PART "\"a\\\"b\"\r\n\r\nk\r\n" FILE_ END,
      "invalid name of a field in the form" },
    { TYPE, PART "\"a b\"\r\n\r\nk\r\n" FILE_ END,
      "invalid name of a field in the form" },
    { TYPE, PART "\"a%22\"\r\n\r\nk\r\n" FILE_ END,
      "invalid name of a field in the form" },
    { TYPE, PART "\"a\xc3\xa4\"\r\n\r\nk\r\n" FILE_ END,
      "invalid name of a field in the form" },
    { TYPE, PART "\"photo\"; filename=\"f\"\r\n\r\nx" END,
      "a file of the form is not named \"file\"" },
    { TYPE, PART "\"file\"\r\nContent-Type: MULTIPART/mixed\r\n\r\nx" END,
      "a part of the form has parts" },
    { TYPE, PART "\"file\"\r\nContent-Transfer-Encoding: base64\r\n\r\nx" END,
      "a part of the form has a transfer encoding" },
    { TYPE, PART "\"file\"\r\nContent-Transfer-Encoding:\r\n\r\nx" END,
      "a part of the form has a transfer encoding" }
};


void
test_form(void)
{
    test_types();
    test_good_forms();
    test_bad_forms();
    test_long_forms();
}


static void
test_types(void)
{
    ngx_str_t   type;
    ngx_uint_t  i;

    static const char  *types[] = {
        "multipart/form-data", "MULTIPART/FORM-DATA;x", "multipart/form-data ",
        "multipart/form-data\t; boundary=B"
    };

    static const char  *others[] = {
        "", "multipart/form-dat", "multipart/form-data2", "multipart/form",
        " multipart/form-data", "multipart/form-data, a/b",
        "application/x-www-form-urlencoded"
    };

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        type = unit_str(types[i], strlen(types[i]));
        unit_ok(cos_form_type(&type), "type \"%s\"", types[i]);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        type = unit_str(others[i], strlen(others[i]));
        unit_ok(!cos_form_type(&type), "other type \"%s\"", others[i]);
    }
}


static void
test_good_forms(void)
{
    size_t              all;
    ngx_str_t           expected;
    ngx_uint_t          i;
    const unit_form_t  *f;

    all = (size_t) -1;

    for (i = 0; i < sizeof(unit_forms) / sizeof(unit_forms[0]); i++) {
        f = &unit_forms[i];

        expected = unit_str(f->expected, strlen(f->expected));

        unit_is(unit_form(f, form_piece_of, &all), expected, "form %lu",
                (unsigned long) i);
        test_splits(f, expected);
    }
}


static void
test_bad_forms(void)
{
    size_t              all;
    ngx_str_t           expected;
    ngx_uint_t          i;
    const unit_form_t  *f;

    all = (size_t) -1;

    for (i = 0; i < sizeof(unit_bad_forms) / sizeof(unit_bad_forms[0]); i++) {
        f = &unit_bad_forms[i];

        expected = unit_str(f->expected, strlen(f->expected));

        unit_is(unit_form(f, form_piece_of, &all), expected, "bad form %lu",
                (unsigned long) i);
        test_splits(f, expected);
    }
}


static void
test_splits(const unit_form_t *f, ngx_str_t expected)
{
    size_t      i;
    ngx_uint_t  bad;

    bad = 0;

    for (i = 1; i < strlen(f->body); i++) {

        bad += !unit_eq(unit_form(f, form_piece_split, &i), expected);
        bad += !unit_eq(unit_form(f, form_piece_of, &i), expected);
    }

    unit_ok(bad == 0, "split at every byte, in pieces of every length");
}


static void
test_long_forms(void)
{
    char         *p, *body;
    size_t        all;
    ngx_str_t     boundary, type;
    cos_form_t    form;
    unit_form_t   f;
    ngx_uint_t    i, n;

    all = (size_t) -1;

    for (n = COS_FORM_BOUNDARY_LEN; n <= COS_FORM_BOUNDARY_LEN + 1; n++) {

        boundary = unit_fill('b', n);
        type = unit_printf("multipart/form-data; boundary=%.*s", (int) n,
                           boundary.data);

        unit_ok((cos_form_init(&form, &type) == NGX_OK)
                == (n == COS_FORM_BOUNDARY_LEN), "boundary of %lu bytes",
                (unsigned long) n);
    }

    body = unit_alloc((COS_FORM_FIELDS + 1) * sizeof(KEY) + sizeof(FILE_ END));

    for (n = COS_FORM_FIELDS; n <= COS_FORM_FIELDS + 1; n++) {

        for (i = 0, p = body; i < n; i++) {
            p = (char *) ngx_cpymem(p, KEY, sizeof(KEY) - 1);
        }

        ngx_memcpy(p, FILE_ END, sizeof(FILE_ END));

        f.type = TYPE;
        f.body = body;

        unit_ok(unit_eq(unit_form(&f, form_piece_of, &all),
                        S("the form has too many fields"))
                == (n > COS_FORM_FIELDS), "%lu fields", (unsigned long) n);
    }
}


static ngx_str_t
unit_form(const unit_form_t *f, form_piece_pt piece, void *data)
{
    ngx_int_t   rc;
    ngx_str_t   type, body;
    cos_form_t  form;

    type.data = (u_char *) f->type;
    type.len = strlen(f->type);

    body.data = (u_char *) f->body;
    body.len = strlen(f->body);

    rc = form_read(&form, &type, &body, piece, data);

    return unit_form_dump(&form, rc, body);
}


static ngx_str_t
unit_form_dump(cos_form_t *form, ngx_int_t rc, ngx_str_t body)
{
    u_char            *p;
    ngx_str_t          str;
    ngx_uint_t         i;
    cos_form_field_t  *field;

    if (rc != NGX_OK) {
        return unit_str(form->error, strlen(form->error));
    }

    str.data = unit_alloc(body.len);
    p = str.data;

    for (i = 0; i < form->nfields; i++) {
        field = &form->fields[i];

        p = ngx_cpymem(p, body.data + field->name.start, field->name.len);
        *p++ = '|';
        p = ngx_cpymem(p, body.data + field->value.start, field->value.len);
        *p++ = ';';
    }

    p = ngx_cpymem(p, body.data + form->filename.start, form->filename.len);
    *p++ = '|';
    p = ngx_cpymem(p, body.data + form->file_type.start, form->file_type.len);
    *p++ = '|';
    p = ngx_cpymem(p, body.data + form->head_len, form->file_len);

    str.len = p - str.data;

    return str;
}
