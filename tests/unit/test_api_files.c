/* The dashboard's files: which paths lead to them, what a page may run; and what answers wear. */
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "api/dress.h"
#include "api/files.h"
#include "apikit.h"

static struct apikit k;
static struct api_file file;

static int begin(void **state) {
    (void)state;
    apikit_begin(&k);
    return 0;
}

static int end(void **state) {
    (void)state;
    apikit_end(&k);
    return 0;
}

static void put(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", k.dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static struct api_files *in_dir(void) {
    char path[256];
    snprintf(path, sizeof path, "%s/web", k.dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/web/sub", k.dir);
    assert_int_equal(mkdir(path, 0700), 0);
    put("secret", "outside");
    put("web/index.html", "<p>overview");
    put("web/trade.html", "<p>trade");
    put("web/sub/index.html", "<p>sub");
    put("web/sub/a-1.js", "1;");
    put("web/.hidden", "hidden");
    snprintf(path, sizeof path, "%s/web/link.html", k.dir);
    assert_int_equal(symlink("../secret", path), 0);
    snprintf(path, sizeof path, "%s/web/linked", k.dir);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/web", k.dir);
    return api_files_new(&k.boot, str_dup(&k.boot, str_from_z(path)));
}

static bool finds(const struct api_files *f, const char *path) {
    return api_files_find(f, &k.boot, str_from_z(path), &file);
}

static void is(const struct api_files *f, const char *path, const char *text, const char *type) {
    assert_true(finds(f, path) || (print_error("%s\n", path), false));
    assert_true(str_eq(file.bytes, str_from_z(text)));
    assert_string_equal(file.type, type);
}

static void test_a_path_leads_to_its_page(void **state) {
    (void)state;
    struct api_files *f = in_dir();
    assert_true(api_files_exist(f));
    is(f, "/", "<p>overview", "text/html; charset=utf-8");
    is(f, "/index.html", "<p>overview", "text/html; charset=utf-8");
    is(f, "/trade", "<p>trade", "text/html; charset=utf-8");
    is(f, "/trade/", "<p>trade", "text/html; charset=utf-8");
    is(f, "/%74rade.html", "<p>trade", "text/html; charset=utf-8");
    is(f, "/sub", "<p>sub", "text/html; charset=utf-8");
    is(f, "/sub/a-1.js", "1;", "text/javascript; charset=utf-8");
    assert_null(file.csp);
    assert_false(finds(f, "/trades"));
    assert_false(finds(f, "/sub/b"));
}

static void test_no_path_leads_out_or_to_what_is_hidden(void **state) {
    (void)state;
    static const char *const paths[] = {"",
                                        "secret",
                                        "/../secret",
                                        "/..%2fsecret",
                                        "/%2e%2e/secret",
                                        "/sub/../..",
                                        "/sub/../../secret",
                                        "//secret",
                                        "/./index.html",
                                        "/.hidden",
                                        "/%2ehidden",
                                        "/link.html",
                                        "/link",
                                        "/linked/secret",
                                        "/linked/web/trade",
                                        "/trade%00",
                                        "/trade.html%00",
                                        "/trade%",
                                        "/trade%4",
                                        "/trade%zz",
                                        "/sub\\a",
                                        "/trade.html/",
                                        "/trade.html/..",
                                        "/\xc3\xa9",
                                        "/sub/",
                                        "/*",
                                        "/trade?id=1"};
    struct api_files *f = in_dir();
    for (int i = 0; i < COUNT_OF(paths); i++) {
        const bool found = finds(f, paths[i]);
        if (strcmp(paths[i], "/sub/") == 0) {
            assert_true(found); /* the one that is well-formed */
            continue;
        }
        if (found && str_eq(file.bytes, STR("<p>trade"))) {
            assert_string_equal(paths[i], "/trade.html/"); /* a slash at the end is passed over */
            continue;
        }
        if (found) fail_msg("%s: found " STR_FMT, paths[i], STR_ARG(file.bytes));
    }
    char path[4096];
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_false(finds(f, path));
}

static void test_what_was_built_in_is_found_and_packed_the_same(void **state) {
    (void)state;
    struct api_files *f = api_files_new(&k.boot, STR(""));
    assert_int_equal(api_files_exist(f), bf_web_file_count > 0);
    for (int i = 0; i < bf_web_file_count; i++) {
        const struct web_file *const w = &bf_web_files[i];
        if (i > 0) assert_true(strcmp(bf_web_files[i - 1].path, w->path) < 0);
        assert_true(finds(f, w->path) || strchr(w->path, '/') == NULL);
        assert_int_equal(file.bytes.n, w->bytes);
        assert_int_equal(file.csp != NULL, str_ends(str_from_z(w->path), STR(".html")));
        if (file.packed.p == NULL) continue;
        z_stream z = {0};
        char *const out = malloc((size_t)w->bytes);
        assert_int_equal(inflateInit2(&z, 31), Z_OK);
        z.next_in = (Bytef *)(uintptr_t)file.packed.p;
        z.avail_in = (uInt)file.packed.n;
        z.next_out = (Bytef *)out;
        z.avail_out = (uInt)w->bytes;
        assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
        assert_memory_equal(out, file.bytes.p, (size_t)w->bytes);
        inflateEnd(&z);
        free(out);
    }
    assert_false(finds(f, "/../index.html"));
    assert_false(finds(f, "/zzz"));
}

static void test_a_page_runs_its_own_scripts_alone(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 8192);
    /* printf 'alert(1)' | openssl dgst -sha256 -binary | base64 */
    api_csp_put(&b, STR("<script src=\"/a.js\"></script><SCRIPT>alert(1)</SCRIPT><p "
                        "data-x=\"<script>\"><script async data-src='x'>alert(1)</script>"));
    assert_non_null(strstr(buf_z(&b), "script-src 'self' "
                                      "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"));
    assert_null(strstr(buf_z(&b), "script-src 'self' 'unsafe"));
    assert_non_null(strstr(buf_z(&b), "frame-ancestors 'none'"));
    buf_clear(&b);
    api_csp_put(&b, STR("<p>none</p><script>never ends"));
    assert_non_null(strstr(buf_z(&b), "script-src 'self';"));
    buf_fini(&b);
}

/* --- what answers wear -------------------------------------------------------------------- */

static void test_gzip_is_given_to_who_takes_it(void **state) {
    (void)state;
    static const struct {
        const char *header;
        bool takes;
    } cases[] = {{"gzip", true},
                 {"deflate, gzip;q=1.0, *;q=0.5", true},
                 {"br;q=1, GZIP", true},
                 {"gzip;q=0", false},
                 {"gzip; q=0.000", false},
                 {"gzip;q=0.001", true},
                 {"*", true},
                 {"*;q=0", false},
                 {"identity", false},
                 {"", false},
                 {"*, gzip;q=0", false},
                 {"gzipped", false}};
    for (int i = 0; i < COUNT_OF(cases); i++)
        if (api_takes_gzip(str_from_z(cases[i].header)) != cases[i].takes)
            fail_msg("%s", cases[i].header);
    assert_false(api_takes_gzip((str){0}));
}

static void fill(struct api_answer *a, int lines) {
    api_answer_init(a);
    for (int i = 0; i < lines; i++) buf_printf(&a->body, "{\"line\":%d}\n", i);
}

static void test_an_answer_that_one_has_is_not_sent_again(void **state) {
    (void)state;
    struct api_answer a;
    char tag[64], list[128];
    struct api_head h = {.method = STR("GET")};
    fill(&a, 3);
    api_answer_dress(&a, &h);
    snprintf(tag, sizeof tag, "%s", api_answer_header_get(&a, "ETag"));
    assert_int_equal(a.status, 200);
    assert_string_equal(api_answer_header_get(&a, "Cache-Control"), "private, no-cache");
    assert_null(api_answer_header_get(&a, "Content-Encoding"));
    api_answer_fini(&a);
    snprintf(list, sizeof list, "\"x\" , W/%s", tag);
    h.if_none_match = str_from_z(list);
    fill(&a, 3);
    api_answer_dress(&a, &h);
    assert_int_equal(a.status, 304);
    assert_int_equal(a.body.len, 0);
    assert_string_equal(api_answer_header_get(&a, "ETag"), tag);
    api_answer_fini(&a);
    fill(&a, 4); /* another one */
    api_answer_dress(&a, &h);
    assert_int_equal(a.status, 200);
    api_answer_fini(&a);
    fill(&a, 3);
    api_answer_header(&a, "Cache-Control", "no-store");
    api_answer_dress(&a, &h);
    assert_int_equal(a.status, 200);
    assert_null(api_answer_header_get(&a, "ETag"));
    api_answer_fini(&a);
    fill(&a, 3);
    h.method = STR("POST");
    api_answer_dress(&a, &h);
    assert_int_equal(a.status, 200);
    api_answer_fini(&a);
}

static void test_a_large_answer_is_packed_and_named_apart(void **state) {
    (void)state;
    struct api_answer plain, packed;
    char out[65536];
    struct api_head h = {.method = STR("HEAD")};
    fill(&plain, 1000);
    api_answer_dress(&plain, &h);
    h.accept_encoding = STR("gzip");
    fill(&packed, 1000);
    api_answer_dress(&packed, &h);
    assert_string_equal(api_answer_header_get(&packed, "Content-Encoding"), "gzip");
    assert_string_equal(api_answer_header_get(&packed, "Vary"), "Accept-Encoding");
    assert_string_equal(api_answer_header_get(&plain, "Vary"), "Accept-Encoding");
    assert_string_not_equal(api_answer_header_get(&packed, "ETag"),
                            api_answer_header_get(&plain, "ETag"));
    assert_true(packed.body.len < plain.body.len / 4);
    z_stream z = {0};
    assert_int_equal(inflateInit2(&z, 31), Z_OK);
    z.next_in = (Bytef *)packed.body.p;
    z.avail_in = (uInt)packed.body.len;
    z.next_out = (Bytef *)out;
    z.avail_out = sizeof out;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, plain.body.len);
    assert_memory_equal(out, plain.body.p, (size_t)plain.body.len);
    inflateEnd(&z);
    api_answer_fini(&plain);
    api_answer_fini(&packed);
    fill(&packed, 3); /* too small to gain */
    api_answer_dress(&packed, &h);
    assert_null(api_answer_header_get(&packed, "Content-Encoding"));
    api_answer_fini(&packed);
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {T(test_a_path_leads_to_its_page),
                                       T(test_no_path_leads_out_or_to_what_is_hidden),
                                       T(test_what_was_built_in_is_found_and_packed_the_same),
                                       T(test_a_page_runs_its_own_scripts_alone),
                                       T(test_gzip_is_given_to_who_takes_it),
                                       T(test_an_answer_that_one_has_is_not_sent_again),
                                       T(test_a_large_answer_is_packed_and_named_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
