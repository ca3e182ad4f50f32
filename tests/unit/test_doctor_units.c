/* What is read out of unit files and their drop-ins, and what of it is told. */
#include "app/doctor_units.h"

#include "wirekit.h"

static struct doctor doctor;
static char first[160], second[160];

static int set_up(void **state) {
    (void)state;
    wirekit_open();
    snprintf(first, sizeof first, "%s/etc", wirekit_dir);
    snprintf(second, sizeof second, "%s/lib", wirekit_dir);
    assert_int_equal(mkdir(first, 0700) + mkdir(second, 0700), 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    return wirekit_close();
}

/* As shipped. */
static void copy_unit(const char *name, const char *folder) {
    char command[512];
    const char *const root = getenv("BF_SOURCE_ROOT");
    snprintf(command, sizeof command, "cp '%s/deploy/systemd/%s' '%s/%s/'", root ? root : ".", name,
             wirekit_dir, folder);
    assert_int_equal(system(command), 0);
}

static void look(const char *text) {
    const char *const folders[] = {first, second};
    configure(text, NULL);
    doctor = (struct doctor){.app = &app};
    doctor_units(&doctor, folders, COUNT_OF(folders));
}

static void found(int i, grade g, const char *words) {
    assert_true(i < doctor.count);
    const struct finding *const f = &doctor.v[i];
    assert_string_equal(f->what, "unit");
    if (f->grade != g || strstr(f->text, words) == NULL)
        fail_msg("grade %d: %s; want %d: %s", f->grade, f->text, g, words);
}

static void test_units_as_shipped_have_all_their_walls(void **state) {
    (void)state;
    look("reader: {workers: 1}\n");
    assert_int_equal(doctor.count, 0); /* none is installed */
    copy_unit("bullfinch.service", "lib");
    copy_unit("bullfinch-trade@.service", "lib");
    look("reader: {workers: 1}\n");
    assert_int_equal(doctor.count, 2);
    found(0, GRADE_OK, "bullfinch.service has all its walls");
    found(1, GRADE_OK, "bullfinch-trade@.service has all its walls");
}

static void test_what_a_unit_lacks_is_named(void **state) {
    (void)state;
    put_file("lib/bullfinch.service",
             "[Service]\nExecStart=/usr/local/bin/bullfinch run\n"
             "#NoNewPrivileges=yes\nUser=bullfinch\nUMask=0022\n",
             0600);
    look("reader: {workers: 1}\n");
    assert_int_equal(doctor.count, 1);
    found(0, GRADE_WARN,
          "bullfinch.service lacks NoNewPrivileges, CapabilityBoundingSet, "
          "ProtectSystem, ProtectHome and 14 more: take the one of");
    copy_unit("bullfinch.service", "etc");
    char command[512];
    snprintf(command, sizeof command, "sed -i 's/^UMask=.*/UMask=0022/' '%s/bullfinch.service'",
             first);
    assert_int_equal(system(command), 0);
    look("reader: {workers: 1}\n");
    found(0, GRADE_WARN, "bullfinch.service lacks UMask: ");
}

static void test_the_first_folder_counts_and_drop_ins_change_it(void **state) {
    (void)state;
    char folder[256];
    copy_unit("bullfinch.service", "etc");
    put_file("lib/bullfinch.service", "[Service]\nUser=root\n", 0600);
    look("reader: {workers: 1}\n");
    assert_int_equal(doctor.count, 1);
    found(0, GRADE_OK, "all its walls");
    snprintf(folder, sizeof folder, "%s/bullfinch.service.d", second);
    assert_int_equal(mkdir(folder, 0700), 0);
    put_file("lib/bullfinch.service.d/weak.conf", "[Service]\nProtectHome=no\n", 0600);
    look("reader: {workers: 1}\n");
    found(0, GRADE_WARN, "lacks ProtectHome: ");
    snprintf(folder, sizeof folder, "%s/bullfinch.service.d", first);
    assert_int_equal(mkdir(folder, 0700), 0);
    put_file("etc/bullfinch.service.d/a.conf", "[Service]\nProtectHome = yes\n", 0600);
    look("reader: {workers: 1}\n");
    found(0, GRADE_OK, "all its walls");
}

static void test_a_model_that_makes_code_needs_memory_for_it(void **state) {
    (void)state;
    char folder[256], command[512];
    const char *const roberta = "model: {kind: roberta, file: /m}\n";
    copy_unit("bullfinch.service", "lib");
    look(roberta);
    found(0, GRADE_WARN, "deploy/systemd/machine-code.conf");
    snprintf(folder, sizeof folder, "%s/bullfinch.service.d", second);
    assert_int_equal(mkdir(folder, 0700), 0);
    const char *const root = getenv("BF_SOURCE_ROOT");
    snprintf(command, sizeof command, "cp '%s/deploy/systemd/machine-code.conf' '%s/'",
             root ? root : ".", folder);
    assert_int_equal(system(command), 0);
    look(roberta);
    found(0, GRADE_OK, "all its walls");
    look("reader: {workers: 1}\n"); /* and who does not need it is told that it is open */
    found(0, GRADE_WARN, "lacks MemoryDenyWriteExecute: ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_units_as_shipped_have_all_their_walls, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_a_unit_lacks_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_first_folder_counts_and_drop_ins_change_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_model_that_makes_code_needs_memory_for_it, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("doctor_units", tests, NULL, NULL);
}
