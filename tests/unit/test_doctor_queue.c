/* doctor_queue: what is found of the Redis in queue.url, on a real one. */
#include "app/doctor.h"

#include "redis_server.h"
#include "wirekit.h"

#include "app/wire.h"

static struct redis_server server;
static struct doctor doctor;

static int set_up(void **state) {
    (void)state;
    wirekit_open();
    redis_server_open(&server, NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    redis_server_close(&server);
    return wirekit_close();
}

static void look(const char *more) {
    char text[400];
    snprintf(text, sizeof text, "queue: {url: '%s', capacity: 16, fresh_for_s: 60%s}\n", server.url,
             more);
    configure(text, NULL);
    doctor = (struct doctor){.app = &app};
    doctor_look_at_queue(&doctor);
}

/* There is one finding of `what`, so graded, and its text holds the words. */
static void found(const char *what, grade g, const char *words) {
    int count = 0;
    for (int i = 0; i < doctor.count; i++) {
        const struct finding *f = &doctor.v[i];
        if (strcmp(f->what, what) != 0) continue;
        count++;
        if (f->grade != g || strstr(f->text, words) == NULL)
            fail_msg("%s: grade %d, %s; want %d, %s", what, f->grade, f->text, g, words);
    }
    assert_int_equal(count, 1);
}

static void test_a_queue_of_one_process_is_not_looked_at(void **state) {
    (void)state;
    configure("queue: {url: 'memory:'}\n", NULL);
    doctor = (struct doctor){.app = &app};
    doctor_look_at_queue(&doctor);
    assert_int_equal(doctor.count, 0);
}

static void test_a_server_that_is_well_is_described_and_left_as_it_is(void **state) {
    (void)state;
    look("");
    for (int i = 0; i < doctor.count; i++)
        if (doctor.v[i].grade == GRADE_BAD) fail_msg("%s", doctor.v[i].text);
    found("queue data", GRADE_OK, "outlives a restart");
    found("queue posts", GRADE_OK, "0 of 16 jobs");
    found("readings", GRADE_OK, "0 of 16 jobs");
    assert_int_equal(redis_server_number(&server, "DBSIZE"), 0);
    redis_server_do(&server, "CONFIG SET appendonly no");
    look("");
    found("queue data", GRADE_OK, "from the database");
    redis_server_do(&server, "CONFIG SET appendonly yes");
}

static void test_a_server_that_throws_the_queue_away_is_bad(void **state) {
    (void)state;
    redis_server_do(&server, "CONFIG SET maxmemory-policy allkeys-lfu");
    look("");
    found("queue memory", GRADE_BAD, "noeviction (it is allkeys-lfu)");
    redis_server_do(&server, "CONFIG SET maxmemory-policy noeviction");
    redis_server_do(&server, "CONFIG SET maxmemory 1000mb");
    look("");
    found("queue memory", GRADE_OK, "of 1000 MiB");
    redis_server_do(&server, "CONFIG SET maxmemory 1mb");
    look("");
    found("queue memory", GRADE_WARN, "of 1 MiB");
    redis_server_do(&server, "CONFIG SET maxmemory 0");
}

static void put(usec at, int count) {
    struct wired_queues q;
    struct error err;
    assert_ok(wire_queues(&app, &q, &err), &err);
    for (int i = 0; i < count; i++) assert_ok(queue_put(q.posts, STR("x"), at, 0, &err), &err);
    wire_queues_close(&q);
}

/* Somebody who takes from the queue of posts: known by his first job, as long as it is open. */
static void begin_to_take(struct wired_queues *q) {
    struct error err;
    struct job *job;
    int n;
    assert_ok(wire_queues(&app, q, &err), &err);
    assert_ok(queue_put(q->posts, STR("x"), time_wall_us(), 0, &err), &err);
    assert_ok(queue_take(q->posts, &job, 1, time_wall_us(), USEC_PER_MIN, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_ok(queue_ack(q->posts, job, &err), &err);
}

static void test_what_waits_for_long_or_fills_the_queue_is_told(void **state) {
    (void)state;
    struct wired_queues taker;
    look("");
    put(time_wall_us(), 3);
    look("");
    found("queue posts", GRADE_WARN, "3 fresh, 0 late, 0 pausing, 0 in the hands of 0 consumers");
    found("queue posts", GRADE_WARN,
          "(bullfinch analyze); the oldest has waited 0 s: nobody takes");
    redis_server_do(&server, "FLUSHALL");
    look("");
    begin_to_take(&taker);
    put(time_wall_us(), 3);
    look("");
    found("queue posts", GRADE_OK, "3 of 16 jobs: 3 fresh, 0 late, 0 pausing, 0 in the hands of 1");
    put(time_wall_us(), 9);
    look("");
    found("queue posts", GRADE_WARN, "12 of 16 jobs");
    found("queue posts", GRADE_WARN, "nearly full: start more");
    put(time_wall_us(), 4);
    look("");
    found("queue posts", GRADE_WARN, "it is full");
    wire_queues_close(&taker);
    redis_server_do(&server, "FLUSHALL");
    look("");
    begin_to_take(&taker);
    put(time_wall_us() - 27 * USEC_PER_S, 1); /* fresh_for_s is 60 */
    look("");
    found("queue posts", GRADE_WARN, "that is long: start more");
    wire_queues_close(&taker);
    redis_server_do(&server, "FLUSHALL");
    put(time_wall_us(), 16);
}

/* Nobody listens there, and nobody else can. */
static int hold_port(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void test_a_server_that_is_not_there_or_not_ours_is_bad(void **state) {
    (void)state;
    redis_server_do(&server, "CONFIG SET requirepass s3cret");
    look("");
    found("queue", GRADE_BAD, "queue.password_file");
    put_file("redis-password", "s3cret\n", 0600);
    look(", password_file: '%DIR/redis-password'");
    found("queue posts", GRADE_WARN, "16 of 16 jobs");
    put_file("redis-password", "s3cret\n", 0644);
    look(", password_file: '%DIR/redis-password'");
    found("queue", GRADE_BAD, "queue.password_file");
    assert_true(doctor.refused);
    redis_server_kill(&server);
    const int held = hold_port(server.port); /* or somebody else may answer there by now */
    look("");
    found("queue", GRADE_BAD, "no Redis at redis://127.0.0.1:");
    close(held);
    configure("queue: {url: 'redis://redis.example.com'}\n", NULL);
    doctor = (struct doctor){.app = &app};
    doctor_look_at_queue(&doctor);
    found("queue", GRADE_BAD, "queue.insecure");
    assert_true(doctor.refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_queue_of_one_process_is_not_looked_at),
        cmocka_unit_test(test_a_server_that_is_well_is_described_and_left_as_it_is),
        cmocka_unit_test(test_a_server_that_throws_the_queue_away_is_bad),
        cmocka_unit_test(test_what_waits_for_long_or_fills_the_queue_is_told),
        cmocka_unit_test(test_a_server_that_is_not_there_or_not_ours_is_bad),
    };
    return cmocka_run_group_tests_name("doctor: the queue", tests, set_up, tear_down);
}
