/* What went wrong on PostgreSQL, in this program's words.
 *
 * In: a result, or a connection that is gone. Out: an error whose code says what a caller may do
 * about it (try again, make room, give up; ERR_CONFIG: nothing here will work before a person has
 * changed something), and whose text names the statement, the address and what a person can do. The
 * server's details are left out: they quote values, which may be what people wrote. Failure: none.
 */
#include "store/pg_int.h"

/* -- the statement ----------------------------------------------------------------------------- */

static bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

static void put_table(struct buf *b, const char *at) {
    while (*at == ' ' || *at == '(') at++;
    while (is_name(*at)) buf_put_byte(b, *at++);
}

str pg_what(const char *text, char block[64]) {
    static const char *const writes[] = {"INSERT INTO ", "UPDATE ", "DELETE FROM "};
    struct buf b;
    buf_init_fixed(&b, block, 64);
    for (int i = 0; i < COUNT_OF(writes); i++) {
        if (strncmp(text, writes[i], strlen(writes[i])) != 0) continue;
        buf_printf(&b, "%s", writes[i]);
        put_table(&b, text + strlen(writes[i]));
        return buf_str(&b);
    }
    const char *const from = strstr(text, " FROM ");
    if (strncmp(text, "SELECT", 6) == 0 && from != NULL && is_name(from[6])) {
        buf_put(&b, STR("SELECT "));
        put_table(&b, from + 6);
    } else {
        while (*text >= 'A' && *text <= 'Z') buf_put_byte(&b, *text++);
    }
    return b.len > 0 ? buf_str(&b) : STR("store");
}

/* -- codes ------------------------------------------------------------------------------------- */

struct judgement {
    const char *state; /* SQLSTATE, or the beginning of it */
    err_code code;
    const char *advice; /* NULL: what the server says is enough */
};

/* The first that fits. */
static const struct judgement judgements[] = {
    {PG_FENCED, ERR_REFUSED, "this one stops"},
    {"23505", ERR_EXISTS, NULL},
    {"23", ERR_STATE, NULL},
    {"40001", ERR_BUSY, "another transaction was first: do it again"},
    {"40P01", ERR_BUSY, "do it again"},
    {"55P03", ERR_BUSY,
     "another session holds a lock; if it does not end, look into pg_stat_activity"},
    {"57014", ERR_TIMEOUT, NULL},
    {"53100", ERR_FULL, "make room on the database's disk, then try again"},
    {"53300", ERR_IO, "raise max_connections, or run fewer processes"},
    {"53", ERR_IO, NULL},
    {"58030", ERR_IO, "look at the database's disk and its log"},
    {"42501", ERR_CONFIG,
     "the role lacks a right: `bullfinch db roles` says which it needs, and grants them"},
    {"25006", ERR_IO, "the server only reads (a standby?): name the one that writes in store.url"},
    {"28", ERR_CONFIG,
     "check the user in store.url, store.password_file and the server's pg_hba.conf"},
    {"3D000", ERR_NOT_FOUND, "make it: createdb --encoding UTF8 NAME"},
    {"3F000", ERR_CONFIG, "check the schema in store.url, or run `bullfinch db migrate`"},
    {"42P01", ERR_CONFIG, "run `bullfinch db migrate`"},
    {"42703", ERR_CONFIG, "run `bullfinch db migrate`"},
    {"XX001", ERR_DAMAGED, "keep a copy of the database's files, and restore a backup"},
    {"XX002", ERR_DAMAGED, "REINDEX it"},
    {"22", ERR_RANGE, NULL},
    {"P0001", ERR_STATE, NULL},
    {"0A000", ERR_STATE, NULL},
    {"42", ERR_CONFIG, NULL}, /* the tables are not what this program takes them for */
    {"25P03", ERR_IO, "the transaction stood still for too long"},
    {"57P03", ERR_IO, "wait for it"},
    {"57P", ERR_IO, "is the server being stopped? try again"},
    {"08", ERR_IO, NULL},
    {"", ERR_IO, NULL},
};

static const struct judgement *judge(const char *state) {
    const struct judgement *v = judgements;
    while (strncmp(state, v->state, strlen(v->state)) != 0) v++;
    return v;
}

/* The first line, without the blanks at its end. */
static str first_line(const char *message) {
    str rest = str_from_z(message), line = {0};
    IGNORE(!str_cut(&rest, '\n', &line), "there is no second");
    return str_trim(line);
}

bool pg_fail_result(struct error *err, const struct pg_store *s, const PGresult *res,
                    const char *text) {
    char block[64];
    const char *const state = res ? pq.resultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *const says = res ? pq.resultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (state == NULL || says == NULL) return pg_fail_lost(err, s, text);
    const struct judgement *const v = judge(state);
    const str what = pg_what(text, block), message = first_line(says);
    return fail(err, v->code, 0, STR_FMT ": %s: " STR_FMT " (%s)%s%s", STR_ARG(what), s->base.path,
                STR_ARG(message), state, v->advice ? ": " : "", v->advice ? v->advice : "");
}

bool pg_fail_lost(struct error *err, const struct pg_store *s, const char *text) {
    char block[64];
    const str what = pg_what(text, block);
    const str says = s->conn ? first_line(pq.errorMessage(s->conn)) : (str){0};
    return fail(err, ERR_IO, 0, STR_FMT ": %s: the connection is lost%s" STR_FMT, STR_ARG(what),
                s->base.path, says.n > 0 ? ": " : "", STR_ARG(says));
}

/* Behind what libpq says of the address, which is named already. */
static str behind(str says, str mark) {
    const ptrdiff_t at = str_find(says, mark);
    return at < 0 ? says : str_trim(str_tail(says, at + mark.n));
}

static bool is_digit_or_capital(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

/* A server's word, as libpq shows it: severity, two blanks, perhaps the code, what it says. The
 * line of it: of a host that has several addresses each that was tried has one. */
static bool server_line(const char *message, str *ret_says, str *ret_state) {
    str rest = str_from_z(message), line;
    while (str_cut(&rest, '\n', &line)) {
        const ptrdiff_t at = str_find(line, STR(":  "));
        if (at < 0) continue;
        *ret_says = str_trim(str_tail(line, at + 3));
        *ret_state = str_head(*ret_says, 5);
        for (ptrdiff_t i = 0; i < ret_state->n; i++)
            if (!is_digit_or_capital(ret_state->p[i])) ret_state->n = 0;
        if (ret_state->n == 5 && str_starts(str_tail(*ret_says, 5), STR(": ")))
            *ret_says = str_tail(*ret_says, 7);
        else
            *ret_state = (str){0};
        return true;
    }
    return false;
}

bool pg_server_spoke(const char *message) {
    str says, state;
    return server_line(message, &says, &state);
}

static bool fail_refused(struct error *err, const struct pg_store *s, str says, str state) {
    char code[8];
    IGNORE(!str_copyz(state, code, sizeof code), "it has five letters");
    const struct judgement *const v = judge(code);
    if (str_eq(state, STR("3D000")))
        return fail(err, ERR_NOT_FOUND, 0,
                    "there is no database at %s: createdb --encoding UTF8 %s, then `bullfinch db "
                    "migrate`",
                    s->base.path, s->url.database);
    return fail(err, v->code, 0, "connect to %s: " STR_FMT "%s%s", s->base.path, STR_ARG(says),
                v->advice ? ": " : "", v->advice ? v->advice : "");
}

/* What libpq itself finds wrong has no code, and is told in English. Of what is no matter of the
 * wire waiting mends nothing. */
bool pg_fail_connect(struct error *err, const struct pg_store *s, const char *message) {
    static const struct {
        const char *says, *advice;
    } wrongs[] = {
        {"password", "check store.password_file, and the user in store.url"},
        {"authentication", "check the user in store.url, and the server's pg_hba.conf"},
        {"certificate", "check store.ca_file, and the host in store.url"},
        {"SSL was required", "switch TLS on there, or check sslmode in store.url"},
    };
    str says, state;
    if (server_line(message, &says, &state)) return fail_refused(err, s, says, state);
    says = behind(first_line(message), STR(" failed: "));
    for (int i = 0; i < COUNT_OF(wrongs); i++)
        if (str_find(says, str_from_z(wrongs[i].says)) >= 0)
            return fail(err, ERR_CONFIG, 0, "connect to %s: " STR_FMT ": %s", s->base.path,
                        STR_ARG(says), wrongs[i].advice);
    return fail(err, ERR_IO, 0, "connect to %s: " STR_FMT, s->base.path, STR_ARG(says));
}
