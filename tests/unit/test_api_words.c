/* What the API says of the words of a post: those that flow/weigh.h finds, where they stand in the
 * text, and whether it is what the stored score was made of. */
#include "api/words.h"

#include "flow/weigh.h"
#include "readkit.h"

static struct readkit kit;
static struct buf out;
static struct arena mem;

static int begin(void **state) {
    (void)state;
    readkit_open(&kit, &(struct reader_options){0});
    arena_open(&mem, 64 << 20);
    buf_init(&out, 1 << 20);
    return 0;
}

static int end(void **state) {
    (void)state;
    buf_fini(&out);
    arena_close(&mem);
    readkit_close(&kit);
    return 0;
}

/* What the store would have of a post with this text, read by our own reader. */
static struct view_said said_of(const char *text, struct buf *mentions) {
    const struct reading *const rd = readkit_read(&kit, str_from_z(text));
    store_put_mentions(mentions, rd);
    return (struct view_said){.text = kit.post.text,
                              .model = str_from_z(rd->model),
                              .sentiment_bp = rd->sentiment_bp,
                              .mentions = buf_str(mentions)};
}

static void put(const struct view_said *said, const struct reader *r) {
    buf_clear(&out);
    words_put(r, mem, said, &out);
}

static void shows(const char *what) {
    if (strstr(buf_z(&out), what) == NULL) fail_msg("no %s in %s", what, buf_z(&out));
}

static void test_each_word_stands_with_its_place_and_what_it_does_to_each_coin(void **state) {
    (void)state;
    struct weights *const w = NEW(&mem, struct weights);
    struct buf mentions, want;
    buf_init(&mentions, 8192);
    buf_init(&want, 8192);
    const struct view_said said = said_of("€ Bitcoin is crashing, Dogecoin will moon", &mentions);
    weigh_words(kit.reader, mem, &kit.post, &kit.reading, w);
    put(&said, kit.reader);
    shows(
        "{\"state\":\"weighed\",\"model\":\"linear-2\",\"stored_by\":\"linear-2\",\"agrees\":true");
    assert_true(w->count >= 6 && kit.reading.mention_count == 2);
    for (int i = 0; i < w->count; i++) {
        const struct weight *const v = &w->v[i];
        const int32_t bp = v->value_bp[0];
        buf_clear(&want);
        buf_printf(&want, "{\"begin\":%d,\"end\":%d,\"text\":\"" STR_FMT "\"", (int)v->begin,
                   (int)v->end,
                   STR_ARG(str_head(str_tail(said.text, v->begin), v->end - v->begin)));
        shows(buf_z(&want));
        if (bp == 0 || v->names) continue;
        buf_clear(&want);
        buf_printf(&want, "{\"symbol\":\"BTCUSDT\",\"value\":%s%d.%04d", bp < 0 ? "-" : "",
                   abs(bp) / 10000, abs(bp) % 10000);
        buf_printf(&want, ",\"alone\":%s%d.%04d,\"names\":false", v->alone_bp[0] < 0 ? "-" : "",
                   abs(v->alone_bp[0]) / 10000, abs(v->alone_bp[0]) % 10000);
        shows(buf_z(&want));
    }
    shows("\"text\":\"Bitcoin\"");
    shows("\"names\":true,\"links\":true}");
    buf_fini(&want);
    buf_fini(&mentions);
}

static void test_a_score_by_another_reader_is_told_from_ours(void **state) {
    (void)state;
    struct buf mentions;
    buf_init(&mentions, 8192);
    struct view_said said = said_of("Bitcoin is crashing", &mentions);
    said.model = STR("linear-1");
    put(&said, kit.reader);
    shows("\"model\":\"linear-2\",\"stored_by\":\"linear-1\",\"agrees\":false");
    said.model = STR("linear-2");
    said.mentions = STR("[]"); /* other names of coins */
    put(&said, kit.reader);
    shows("\"stored_by\":\"linear-2\",\"agrees\":false");
    said.mentions = (str){0}; /* not kept any more */
    put(&said, kit.reader);
    shows("\"stored_by\":\"linear-2\",\"agrees\":null");
    said.model = STR("");
    put(&said, kit.reader);
    shows("\"stored_by\":null,\"agrees\":null");
    buf_fini(&mentions);
}

static void test_what_cannot_be_weighed_says_why(void **state) {
    (void)state;
    const struct view_said gone = {.deleted = true, .text = STR(""), .model = STR("linear-2")};
    put(&gone, kit.reader);
    shows("{\"state\":\"deleted\",\"model\":null,\"stored_by\":\"linear-2\",\"agrees\":null");
    shows("\"coins\":[],\"words\":[]}");
    const struct view_said here = {.text = STR("Bitcoin is crashing"), .mentions = STR("[]")};
    put(&here, NULL);
    shows("{\"state\":\"no_reader\",\"model\":null,\"stored_by\":null");
}

static void test_of_a_long_text_the_first_words_are_weighed(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, POST_TEXT_BYTES_MAX);
    while (text.len < 100000) buf_put(&text, STR("good "));
    const struct view_said said = {.text = buf_str(&text), .mentions = STR("[]")};
    put(&said, kit.reader);
    shows("\"cut\":true");
    int words = 0;
    for (const char *p = buf_z(&out); (p = strstr(p, "\"begin\":")) != NULL; p++) words++;
    assert_int_equal(words, WEIGH_BYTES_MAX / 2 / 100000);
    buf_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_word_stands_with_its_place_and_what_it_does_to_each_coin),
        cmocka_unit_test(test_a_score_by_another_reader_is_told_from_ours),
        cmocka_unit_test(test_what_cannot_be_weighed_says_why),
        cmocka_unit_test(test_of_a_long_text_the_first_words_are_weighed),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
