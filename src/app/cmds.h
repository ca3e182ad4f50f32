/* cmds: the commands, each defined in the file of its family. */
#ifndef BF_APP_CMDS_H
#define BF_APP_CMDS_H

#include "app/app.h"

/* clang-format off */
#define CMD_LIST(X) \
    X(run) X(serve) \
    X(ingest) X(analyze) X(trade) \
    X(halt) X(resume) X(mode) X(flatten) X(approve) X(reject) X(reconcile) \
    X(sim) \
    X(score) X(show) X(workers) X(cost) X(doctor) X(health) X(notify_test) X(notify_list) \
    X(config_check) X(config_print) X(config_set) X(config_example) X(config_docs) \
    X(db_migrate) X(db_check) X(db_copy) X(db_backup) X(db_restore) X(db_forget) X(db_prune) X(db_roles) X(db_environment) \
    X(dlq_list) X(dlq_show) X(dlq_retry) X(dlq_drop) X(audit_verify) \
    X(token_create) X(token_list) X(token_revoke) \
    X(eval) X(train) \
    X(model_pull) X(model_convert) X(model_verify) X(model_list) X(model_run) X(model_bench) X(model_tokenize) \
    X(version) X(help)
/* clang-format on */

#define X(name) extern const struct cmd cmd_##name;
CMD_LIST(X)
#undef X

/* All of them, in the order of the help. */
extern const struct cmd *const commands_all[];
extern const int commands_count;

/* Options that every command takes. */
extern const struct opt commands_common[];

void help_all(struct buf *out);
void help_one(const struct cmd *c, struct buf *out);
void help_family(str family, struct buf *out); /* "db": all its commands */
void help_man(struct buf *out);                /* bullfinch(1), roff */

/* Completion for a shell, a script made of the same rows. False: no such shell. */
bool complete_script(str shell, struct buf *out);

#endif
