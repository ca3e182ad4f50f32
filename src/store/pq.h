/* pq: libpq, loaded when the first connection to PostgreSQL is opened.
 *
 * Who keeps the store in a file should neither wait for it nor need it (net/late.h). Its functions
 * are called through the table `pq`: PQgetResult() is pq.getResult(). */
#ifndef BF_STORE_PQ_H
#define BF_STORE_PQ_H

#include <libpq-fe.h>

#include "base/error.h"

#define PQ_FUNCTIONS(X)                                                                            \
    X(clear)                                                                                       \
    X(cmdTuples)                                                                                   \
    X(connectdbParams)                                                                             \
    X(consumeInput)                                                                                \
    X(enterPipelineMode)                                                                           \
    X(errorMessage)                                                                                \
    X(exec)                                                                                        \
    X(exitPipelineMode)                                                                            \
    X(finish)                                                                                      \
    X(flush)                                                                                       \
    X(freemem)                                                                                     \
    X(ftype)                                                                                       \
    X(getResult)                                                                                   \
    X(getisnull)                                                                                   \
    X(getlength)                                                                                   \
    X(getvalue)                                                                                    \
    X(nfields)                                                                                     \
    X(notifies)                                                                                    \
    X(nparams)                                                                                     \
    X(ntuples)                                                                                     \
    X(parameterStatus)                                                                             \
    X(paramtype)                                                                                   \
    X(pipelineSync)                                                                                \
    X(reset)                                                                                       \
    X(resultErrorField)                                                                            \
    X(resultErrorMessage)                                                                          \
    X(resultStatus)                                                                                \
    X(sendDescribePrepared)                                                                        \
    X(sendPrepare)                                                                                 \
    X(sendQueryParams)                                                                             \
    X(sendQueryPrepared)                                                                           \
    X(serverVersion)                                                                               \
    X(setErrorVerbosity)                                                                           \
    X(setNoticeReceiver)                                                                           \
    X(setSingleRowMode)                                                                            \
    X(setnonblocking)                                                                              \
    X(socket)                                                                                      \
    X(sslInUse)                                                                                    \
    X(status)                                                                                      \
    X(transactionStatus)                                                                           \
    X(user)                                                                                        \
    X(backendPID)                                                                                  \
    X(libVersion)

struct pq_library {
#define X(name) __typeof__(&PQ##name) name;
    PQ_FUNCTIONS(X)
#undef X
};
extern struct pq_library pq;

/* Any thread; no work after the first time. Errors: ERR_NOT_FOUND. */
MUST_CHECK bool pq_load(struct error *err);

#endif
