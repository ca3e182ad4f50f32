/* files: where the dashboard's files come from, and what a page may run.
 *
 * In: a path of a request. Out: bytes with their type. The files are those that were in web/out
 * when the program was built, found by comparing names, so that no path leads anywhere else; or,
 * for who works on the dashboard, those of a folder (api.web_dir), opened step by step without
 * following links, so that none leads out of it. A page's inline scripts are named in its policy by
 * their SHA-256, as the page has them: nothing else runs, whoever wrote it into a page. Failure:
 * what cannot be read is not there. Thread: any.
 */
#include "api/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/hash.h"

#define PATH_BYTES_MAX 512
#define FILE_BYTES_MAX (8 << 20)
#define CSP_BYTES_MAX 8192

struct api_files {
    str dir;
    const char **csp; /* of each file of the program, NULL where it is no page */
};

/* --- the policy --------------------------------------------------------------------------- */

static bool starts_nocase(str s, str prefix) {
    return s.n >= prefix.n && str_eq_nocase(str_head(s, prefix.n), prefix);
}

/* Has the tag (what stands between < and >) this attribute? */
static bool has_attribute(str tag, str name) {
    for (ptrdiff_t i = 1; i + name.n <= tag.n; i++) {
        const char before = tag.p[i - 1];
        if (before != ' ' && before != '\n' && before != '\t' && before != '"') continue;
        if (starts_nocase(str_tail(tag, i), name)) return true;
    }
    return false;
}

static ptrdiff_t find_nocase(str s, str needle) {
    for (ptrdiff_t i = 0; i + needle.n <= s.n; i++)
        if (starts_nocase(str_tail(s, i), needle)) return i;
    return -1;
}

static void put_hash(struct buf *out, str script) {
    uint8_t hash[SHA256_BYTES];
    unsigned char text[4 * ((SHA256_BYTES + 2) / 3) + 1];
    sha256_once(script, hash);
    POST(EVP_EncodeBlock(text, hash, SHA256_BYTES) == (int)sizeof text - 1);
    buf_printf(out, " 'sha256-%s'", (const char *)text);
}

void api_csp_put(struct buf *out, str html) {
    str rest = html;
    buf_put(out, STR("default-src 'none'; script-src 'self'"));
    for (;;) {
        const ptrdiff_t at = find_nocase(rest, STR("<script"));
        if (at < 0) break;
        rest = str_tail(rest, at);
        const ptrdiff_t tag = str_find_byte(rest, '>');
        if (tag < 0) break;
        const str head = str_head(rest, tag);
        rest = str_tail(rest, tag + 1);
        const ptrdiff_t end = find_nocase(rest, STR("</script"));
        if (end < 0) break;
        if (!has_attribute(head, STR("src="))) put_hash(out, str_head(rest, end));
        rest = str_tail(rest, end);
    }
    buf_put(out, STR("; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
                     "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action "
                     "'self'; frame-ancestors 'none'"));
}

static const char *csp_of(struct arena *a, str html) {
    struct buf b;
    buf_init(&b, CSP_BYTES_MAX);
    api_csp_put(&b, html);
    /* a page with more scripts than that runs none of them, rather than any */
    const char *const csp =
        str_dupz(a, buf_full(&b) ? STR("default-src 'none'; frame-ancestors 'none'") : buf_str(&b));
    buf_fini(&b);
    return csp;
}

static bool is_page(const char *type) { return str_starts(str_from_z(type), STR("text/html")); }

struct api_files *api_files_new(struct arena *boot, str dir) {
    struct api_files *f = NEW(boot, struct api_files);
    f->dir = dir;
    f->csp = NEW_ARRAY(boot, const char *, bf_web_file_count + 1);
    for (int i = 0; i < bf_web_file_count && dir.n == 0; i++) {
        const struct web_file *const w = &bf_web_files[i];
        if (is_page(w->type)) f->csp[i] = csp_of(boot, (str){bf_web + w->at, w->bytes});
    }
    return f;
}

bool api_files_exist(const struct api_files *f) { return f->dir.n > 0 || bf_web_file_count > 0; }

/* --- the program's own -------------------------------------------------------------------- */

static bool find_built(const struct api_files *f, str path, struct api_file *ret) {
    int lo = 0, hi = bf_web_file_count;
    while (lo < hi) {
        const int mid = lo + (hi - lo) / 2;
        if (str_cmp(str_from_z(bf_web_files[mid].path), path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct web_file *const w = &bf_web_files[lo];
    if (lo == bf_web_file_count || !str_eq(str_from_z(w->path), path)) return false;
    *ret = (struct api_file){.type = w->type,
                             .bytes = {bf_web + w->at, w->bytes},
                             .tag = str_from_z(w->tag),
                             .forever = w->forever,
                             .is_page = f->csp[lo] != NULL,
                             .csp = f->csp[lo]};
    if (w->packed_bytes > 0) ret->packed = (str){bf_web + w->at + w->bytes, w->packed_bytes};
    return true;
}

/* --- a folder's --------------------------------------------------------------------------- */

static const char *type_of(str path) {
    static const struct {
        const char *end, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".json", "application/json"},
                 {".txt", "text/plain; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".png", "image/png"},
                 {".ico", "image/x-icon"},
                 {".woff2", "font/woff2"},
                 {".webmanifest", "application/manifest+json"}};
    for (int i = 0; i < COUNT_OF(types); i++)
        if (str_ends(path, str_from_z(types[i].end))) return types[i].type;
    return "application/octet-stream";
}

/* The file at "/a/b/c" below `dir`, no step of it a link; -1: none. */
static int open_below(str dir, str path) {
    char name[PATH_BYTES_MAX];
    str rest = str_tail(path, 1), step;
    if (!str_copyz(dir, name, sizeof name)) return -1;
    int at = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0 && str_cut(&rest, '/', &step)) {
        const bool last = rest.p == NULL;
        int next = -1;
        if (step.n > 0 && step.p[0] != '.' && str_copyz(step, name, sizeof name))
            next =
                openat(at, name,
                       O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
        close(at);
        at = next;
        if (last) break;
    }
    return at;
}

static bool read_all(int fd, struct arena *a, ptrdiff_t bytes, str *ret) {
    char *const p = arena_alloc(a, 1, 1, bytes + 1);
    ptrdiff_t n = 0;
    while (n < bytes) {
        const ssize_t got = read(fd, p + n, (size_t)(bytes - n));
        if (got <= 0) return false;
        n += got;
    }
    *ret = (str){p, n};
    return true;
}

static bool find_in_dir(const struct api_files *f, struct arena *a, str path,
                        struct api_file *ret) {
    struct stat st;
    char tag[64];
    const int fd = open_below(f->dir, path);
    if (fd < 0) return false;
    struct api_file file = {.type = type_of(path)};
    const bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_BYTES_MAX &&
                    read_all(fd, a, (ptrdiff_t)st.st_size, &file.bytes);
    close(fd);
    if (!ok) return false;
    snprintf(tag, sizeof tag, "%llx-%llx-%llx", (unsigned long long)st.st_size,
             (unsigned long long)st.st_mtim.tv_sec, (unsigned long long)st.st_mtim.tv_nsec);
    file.tag = str_dup(a, str_from_z(tag));
    file.is_page = is_page(file.type);
    if (file.is_page) file.csp = csp_of(a, file.bytes);
    *ret = file;
    return true;
}

/* --- paths -------------------------------------------------------------------------------- */

static bool find_one(const struct api_files *f, struct arena *a, str path, struct api_file *ret) {
    return f->dir.n > 0 ? find_in_dir(f, a, path, ret) : find_built(f, path, ret);
}

static int hex_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Unescaped; false for what no file of ours is called. */
static bool clean(str path, char out[PATH_BYTES_MAX], str *ret) {
    static const char others[] = "-_.~/()[]@$+,=!";
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < path.n; i++) {
        char c = path.p[i];
        if (c == '%') {
            const int hi = i + 2 < path.n ? hex_of(path.p[i + 1]) : -1;
            const int lo = i + 2 < path.n ? hex_of(path.p[i + 2]) : -1;
            if (hi < 0 || lo < 0) return false;
            c = (char)(hi * 16 + lo);
            i += 2;
        }
        const char lower = (char)(c | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') &&
            (c == '\0' || strchr(others, c) == NULL))
            return false;
        if (n > 0 && out[n - 1] == '/' && (c == '.' || c == '/')) return false;
        if (n == PATH_BYTES_MAX - 16) return false;
        out[n++] = c;
    }
    *ret = (str){out, n};
    return n > 0 && out[0] == '/';
}

static bool find_with(const struct api_files *f, struct arena *a, str path, const char *end,
                      struct api_file *ret) {
    char text[PATH_BYTES_MAX + 16];
    snprintf(text, sizeof text, STR_FMT "%s", STR_ARG(path), end);
    return find_one(f, a, str_from_z(text), ret);
}

bool api_files_find(const struct api_files *f, struct arena *a, str path, struct api_file *ret) {
    char text[PATH_BYTES_MAX];
    str at;
    if (!clean(path, text, &at)) return false;
    if (at.n == 1) return find_one(f, a, STR("/index.html"), ret);
    if (at.p[at.n - 1] == '/') at.n--;
    return find_one(f, a, at, ret) || find_with(f, a, at, ".html", ret) ||
           find_with(f, a, at, "/index.html", ret);
}
