/* cpu: which of the kernels this processor has. Asked once a model is opened; any thread. */
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <string.h>

#include "model/kernels.h"

extern const struct kernels kernels_plain;

#if defined(__x86_64__)
extern const struct kernels kernels_avx2, kernels_avx512;

bool cpu_has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("fma");
}

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool cpu_has_vnni(void) { return cpu_has_avx512() && __builtin_cpu_supports("avx512vnni"); }
bool cpu_has_bfloat(void) { return cpu_has_avx512() && __builtin_cpu_supports("avx512bf16"); }

bool cpu_has_tiles(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & d >> 24 & d >> 25 & 1);
}

#else
bool cpu_has_avx512(void) { return false; }
bool cpu_has_vnni(void) { return false; }
bool cpu_has_bfloat(void) { return false; }
bool cpu_has_tiles(void) { return false; }
#endif

const struct kernels *kernels_best(const char *name) {
#if defined(__x86_64__)
    if (cpu_has_avx512() && (!name || strcmp(name, "avx512") == 0)) return &kernels_avx512;
    if (has_avx2() && (!name || strcmp(name, "avx2") == 0)) return &kernels_avx2;
#endif
    return !name || strcmp(name, "plain") == 0 ? &kernels_plain : NULL;
}
