/* metric_doc: docs/metrics.md, made of the table (base/metrics.h). */
#include "base/buf.h"
#include "base/metric.h"

static void put_roles(struct buf *b, unsigned roles) {
    static const struct {
        unsigned bit;
        const char *name;
    } all[] = {
#define X(name, bit, text) {METRIC_##name, text},
        METRIC_ROLE_MAP(X)
#undef X
    };
    const char *sep = "";
    for (int i = 0; i < COUNT_OF(all); i++) {
        if (!(roles & all[i].bit)) continue;
        buf_printf(b, "%s%s", sep, all[i].name);
        sep = ", ";
    }
}

static void put_row(struct buf *b, const struct metric_family *f) {
    str rest = str_from_z(f->labels), label;
    const char *sep = "";
    buf_printf(b, "| `%s` | %s | %s | ", f->name, metric_kind_name(f->kind), f->unit);
    while (f->labels[0] != '\0' && str_cut(&rest, ',', &label)) {
        buf_printf(b, "%s`" STR_FMT "`", sep, STR_ARG(label));
        sep = ", ";
    }
    buf_printf(b, " | %d | ", f->most);
    put_roles(b, f->roles);
    buf_printf(b, " | %s |\n", f->help);
}

/* clang-format off */
static const char head[] =
    "# Metrics\n"
    "\n"
    "This page is made by `make docs` from the table in `src/base/metrics.h`.\n"
    "\n"
    "`GET /metrics` is Prometheus' text format, or OpenMetrics where the header `Accept` asks for it. `run` and `serve` answer it\n"
    "at `api.listen`, to whoever may read there; every role answers it at `metrics.listen`, where that is set, which is the way of\n"
    "ingest, analyze and trade. There a file may hold a word that is asked for (`metrics.token_file`), and must where others than\n"
    "this machine reach the address. `GET /health` at `metrics.listen` is 200 where the store, and the queue where the role has\n"
    "one, did what they were asked last, else 503.\n"
    "\n"
    "| | what | where it goes |\n"
    "|-|------|---------------|\n"
    "| [deploy/prometheus](../deploy/prometheus) | whom to scrape, alerts, what is recorded for them; `alerts_test.yaml`: a case that fires and one that does not for each | Prometheus' folder, the three beside each other |\n"
    "| [deploy/alertmanager](../deploy/alertmanager) | whom an alert wakes, and which ones say nothing new beside another | Alertmanager's folder |\n"
    "| [deploy/grafana](../deploy/grafana) | boards: trading, pipeline, venue, cost, system; `boards.py` writes them | `provisioning/` and `dashboards/` to `/etc/grafana`, with `BULLFINCH_PROMETHEUS`, the address of Prometheus, in Grafana's environment |\n"
    "\n"
    "How to read the table:\n"
    "\n"
    "- A family stands on the page of its roles from the start on, also where nothing was counted yet. What depends on what is\n"
    "  configured (a venue that is no paper, X, a source) has no series where that is not so.\n"
    "- A family has no more series than the table says; whatever comes behind them is counted as `other`.\n"
    "- Amounts are in the quote asset. Ages of orders and positions are by the trader's clock, which a replay moves; durations are\n"
    "  in real time.\n"
    "- What stands in the store (who works on it, dead letters, what waits there) is said by each `run` and `serve` with an\n"
    "  `api.listen`: take the `max` of it. So is what waits between processes (`queue=\"jobs: posts\"`, `\"jobs: readings\"`), by\n"
    "  each `ingest`, `analyze`, `trade` and `serve`, whether it takes from there or not. The rest is of the process: take the\n"
    "  `sum`.\n"
    "\n"
    "| name | type | unit | labels | series | roles | what |\n"
    "|------|------|------|--------|--------|-------|------|\n";
/* clang-format on */

void metric_doc(struct buf *b) {
    buf_put(b, str_from_z(head));
    for (int i = 0; i < METRIC_COUNT; i++) put_row(b, &metric_families[i]);
}
