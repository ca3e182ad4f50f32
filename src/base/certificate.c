/* certificate: see the header. By libcrypto; a file of its own, as names of its headers and of our
 * errors are the same. Failure: what it cannot read is none. Thread: any. */
#include "base/certificate.h"

#include <limits.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

usec certificate_end(str pem) {
    struct tm at;
    usec ret = 0;
    if (pem.n <= 0 || pem.n > INT_MAX) return 0;
    BIO *const bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *const x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    if (x != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(x), &at) == 1)
        ret = (usec)timegm(&at) * USEC_PER_S;
    X509_free(x);
    BIO_free(bio);
    return ret;
}
