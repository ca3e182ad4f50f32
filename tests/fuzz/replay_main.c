/* Runs one fuzz target over stored inputs: every file that is named, every file of a folder that is
 * named (not of folders inside it), in the order of their names. For `make test`, with any compiler
 * and without libFuzzer, and to look at one finding: replay_NAME crash-1234.
 *
 * Each input lies in a block of its own of exactly its size, so that a sanitizer sees a byte read
 * too many. An argument without any input is a failure: a corpus that is not there tests nothing.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_BYTES_MAX (1 << 20)

/* Targets may have it: libFuzzer's start-up hook. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int replay_file(const char *path) {
    static char whole[INPUT_BYTES_MAX];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return -1;
    }
    size_t bytes = fread(whole, 1, sizeof whole, f);
    bool failed = ferror(f) || !feof(f);
    fclose(f);
    if (failed) {
        fprintf(stderr, "%s: not readable, or over %d bytes\n", path, INPUT_BYTES_MAX);
        return -1;
    }
    uint8_t *exact = malloc(bytes ? bytes : 1);
    if (!exact) return -1;
    memcpy(exact, whole, bytes);
    fprintf(stderr, "%s\n", path); /* the last one named is the one that broke the law */
    LLVMFuzzerTestOneInput(bytes ? exact : exact + 1, bytes);
    free(exact);
    return 1;
}

static int no_hidden(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* How many inputs were run; -1 when something could not be read. */
static int replay_path(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) {
        perror(path);
        return -1;
    }
    if (!S_ISDIR(info.st_mode)) return replay_file(path);
    struct dirent **entries;
    int count = scandir(path, &entries, no_hidden, alphasort), done = 0;
    for (int i = 0; i < count; i++) {
        char file[4096];
        int n = snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        free(entries[i]);
        if (done < 0 || n >= (int)sizeof file || stat(file, &info) != 0) {
            done = -1;
        } else if (S_ISREG(info.st_mode)) {
            done = replay_file(file) < 0 ? -1 : done + 1;
        }
    }
    if (count >= 0) free(entries);
    return count < 0 ? -1 : done;
}

int main(int argc, char **argv) {
    if (LLVMFuzzerInitialize) LLVMFuzzerInitialize(&argc, &argv);
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int done = replay_path(argv[i]);
        if (done <= 0) {
            fprintf(stderr, "%s: no inputs\n", argv[i]);
            return 1;
        }
        total += done;
    }
    printf("%d inputs\n", total);
    return argc > 1 ? 0 : 2;
}
