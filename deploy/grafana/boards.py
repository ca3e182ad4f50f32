#!/usr/bin/env python3
"""boards: writes the boards, dashboards/*.json, which Grafana reads (provisioning/).

    deploy/grafana/boards.py [FOLDER]      FOLDER: dashboards beside this file, if none is given

What is changed is changed here. A panel is a title and its queries, each with a legend; metrics are those
of docs/metrics.md, and names with a colon are recorded by deploy/prometheus/recording.yaml. A query that
several processes answer says which of them counts: max where all know the same, sum where each has a part.
"""

import json
import pathlib
import sys

SOURCE = {"type": "prometheus", "uid": "bullfinch"}
GOOD_BELOW_1 = [("green", None), ("red", 1)]


def target(n, query, kind):
    expr, legend = query if isinstance(query, tuple) else (query, "__auto")
    t = {"refId": chr(ord("A") + n), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
    if kind in ("stat", "table"):
        t["instant"] = True
    if kind in ("table", "heatmap"):
        t["format"] = kind
    return t


def panel(title, *queries, kind="timeseries", unit="short", size=(8, 7), about=None, steps=None, names=None,
          low=None, high=None, text="auto"):
    """steps: colours from a value on; names: of values, with their colour."""
    defaults = {"unit": unit}
    if steps:
        defaults["thresholds"] = {"mode": "absolute", "steps": [{"color": c, "value": v} for c, v in steps]}
    if names:
        options = {str(k): {"text": name, "color": colour} for k, (name, colour) in names.items()}
        defaults["mappings"] = [{"type": "value", "options": options}]
    if low is not None:
        defaults["min"] = low
    if high is not None:
        defaults["max"] = high
    p = {"title": title, "type": kind, "datasource": SOURCE, "size": size,
         "targets": [target(n, q, kind) for n, q in enumerate(queries)],
         "fieldConfig": {"defaults": defaults, "overrides": []}}
    if about:
        p["description"] = about
    if kind == "stat":
        p["options"] = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "textMode": text}
    return p


def stat(title, *queries, size=(4, 4), **more):
    return panel(title, *queries, kind="stat", size=size, **more)


def share(quantile, histogram, *by, over="5m", where=""):
    """So many of the observations are at most so large."""
    groups = ", ".join([*by, "le"])
    return f"histogram_quantile({quantile}, sum by ({groups}) (rate({histogram}_bucket{where}[{over}])))"


def two(histogram, *by, over="5m", where="", legend=""):
    """What half of them are under, and 99 of 100."""
    comma = ", " if legend else ""
    return [(share(0.5, histogram, *by, over=over, where=where), f"{legend}{comma}half"),
            (share(0.99, histogram, *by, over=over, where=where), f"{legend}{comma}99 of 100")]


def lay_out(rows):
    """Panels from the left to the right, row by row; each row has a heading."""
    panels, y = [], 0
    for heading, members in rows:
        panels.append({"id": len(panels) + 1, "type": "row", "title": heading, "collapsed": False,
                       "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}, "panels": []})
        y, x, tallest = y + 1, 0, 0
        for p in members:
            w, h = p.pop("size")
            if x + w > 24:
                x, y, tallest = 0, y + tallest, 0
            panels.append({"id": len(panels) + 1, **p, "gridPos": {"x": x, "y": y, "w": w, "h": h}})
            x, tallest = x + w, max(tallest, h)
        y += tallest
    return panels


def board(name, rows):
    alerts = {"name": "Alerts", "type": "dashboard", "enable": True, "iconColor": "red", "datasource": SOURCE,
              "expr": 'ALERTS{alertstate="firing"}', "titleFormat": "{{alertname}}"}
    others = {"type": "dashboards", "tags": ["bullfinch"], "title": "bullfinch", "asDropdown": True, "keepTime": True}
    return {"uid": f"bullfinch-{name}", "title": f"bullfinch: {name}", "tags": ["bullfinch"], "schemaVersion": 38,
            "version": 1, "editable": True, "timezone": "utc", "refresh": "15s",
            "time": {"from": "now-6h", "to": "now"}, "links": [others], "annotations": {"list": [alerts]},
            "templating": {"list": []}, "panels": lay_out(rows)}


TRADING = [
    ("Now", [
        stat("Equity", "max(bullfinch_equity)"),
        stat("Profit", "max(bullfinch_current_pnl)", steps=[("red", None), ("green", 0)]),
        stat("Drawdown, of its limit", "bullfinch:drawdown:share", unit="percentunit",
             steps=[("green", None), ("orange", 0.8), ("red", 1)]),
        stat("Mode", ("max by (mode) (bullfinch_mode) == 1", "{{mode}}"), text="name"),
        stat("Open positions", "max(bullfinch_positions)"),
        stat("Traders that lead", "sum(bullfinch_trader_leads)", steps=[("red", None), ("green", 1)]),
    ]),
    ("Money", [
        panel("Equity, cash", ("max(bullfinch_equity)", "equity"), ("max(bullfinch_cash)", "cash")),
        panel("Profit", ("max(bullfinch_current_pnl)", "all"),
              ("max(bullfinch_unrealized_pnl)", "of what is held")),
        panel("Drawdown and its limit", ("max(bullfinch_drawdown_ratio)", "drawdown"),
              ("max(bullfinch_drawdown_limit_ratio)", "limit"), unit="percentunit", low=0),
        panel("Fees an hour", ("sum(increase(bullfinch_fees_total[1h]))", "fees")),
        panel("Slippage of entries", *two("bullfinch_slippage_ratio", "side", over="1h", legend="{{side}}"),
              unit="percentunit"),
        panel("Trades an hour", ("sum by (symbol, side) (increase(bullfinch_trades_executed_total[1h]))",
                                 "{{symbol}} {{side}}")),
    ]),
    ("Decisions", [
        panel("Signals an hour by score", ("sum by (le) (increase(bullfinch_signal_score_bucket[1h]))", "{{le}}"),
              kind="heatmap"),
        panel("Refusals an hour by reason",
              ("topk(10, sum by (reason) (increase(bullfinch_refusals_total[1h])) > 0)", "{{reason}}")),
        panel("Posts an hour by what became of them",
              ("sum by (outcome) (increase(bullfinch_posts_decided_total[1h]))", "{{outcome}}")),
    ]),
    ("Orders and positions", [
        panel("Orders by state", ("sum by (state) (bullfinch_orders)", "{{state}}"),
              about="Those that the trader cares for."),
        panel("Moves of orders a minute", ("sum by (state) (rate(bullfinch_order_moves_total[5m])) * 60", "{{state}}")),
        panel("Orders of unknown fate", ("max(bullfinch_unknown_orders)", "how many"),
              ("max(bullfinch_unknown_order_oldest_seconds)", "seconds of the oldest"), steps=GOOD_BELOW_1),
        panel("Bare positions", ("max(bullfinch_bare_positions)", "how many"),
              ("max(bullfinch_bare_position_oldest_seconds)", "seconds of the oldest"),
              ("sum(increase(bullfinch_bare_positions_found_total[1h]))", "found an hour"), steps=GOOD_BELOW_1),
        panel("What the venue said otherwise, an hour",
              ("sum by (kind) (increase(bullfinch_reconcile_mismatches_total[1h]))", "{{kind}}")),
        panel("Halted by the program", ("max(bullfinch_halted_by_program)", "1: waits for a person"), low=0, high=1),
    ]),
]

PIPELINE = [
    ("From a post to an order", [
        panel("Post to signal; 5 s are allowed", *two("bullfinch_post_to_signal_seconds", over="15m"), unit="s",
              steps=[("green", None), ("red", 5)]),
        panel("Post to order; 7 s are allowed", *two("bullfinch_post_to_order_seconds", over="15m"), unit="s",
              steps=[("green", None), ("red", 7)]),
        panel("Age of posts", *two("bullfinch_post_age_seconds", "at", over="15m", legend="at {{at}}"), unit="s"),
        panel("Stages, half are under", (share(0.5, "bullfinch_stage_duration_seconds", "stage"), "{{stage}}"), unit="s",
              size=(12, 7)),
        panel("Stages, 99 of 100 are under", ("bullfinch:stage_duration_seconds:p99_5m", "{{stage}}"), unit="s",
              size=(12, 7)),
    ]),
    ("Posts", [
        panel("Posts a minute by source",
              ("sum by (source, outcome) (rate(bullfinch_source_posts_total[5m])) * 60", "{{source}} {{outcome}}")),
        panel("Read a minute by model", ("sum by (model) (rate(bullfinch_readings_total[5m])) * 60", "{{model}}")),
        panel("Processed a minute", ("sum(rate(bullfinch_tweets_processed_total[5m])) * 60", "posts")),
        panel("Sources: state", ("max by (source) (bullfinch_source_state)", "{{source}}"),
              about="1 is live; docs/metrics.md has the others."),
        panel("Blind seconds of the day", ("max by (source) (bullfinch_source_blind_today_seconds)", "{{source}}"),
              unit="s"),
        panel("Blind seconds an hour",
              ("sum by (source) (increase(bullfinch_source_blind_seconds_total[1h]))", "{{source}}"), unit="s"),
        panel("Since the last sign of a source",
              ("time() - max by (source) (bullfinch_source_last_sign_timestamp_seconds > 0)", "{{source}}"), unit="s"),
        panel("Requests an hour by source", ("sum by (source) (increase(bullfinch_source_calls_total[1h]))", "{{source}}"),
              ("sum by (source) (increase(bullfinch_source_failures_total[1h]))", "{{source}}, failed")),
        panel("The model", "max by (kind, file) (bullfinch_model_info)", kind="table"),
    ]),
    ("What waits", [
        panel("Waiting, by queue", ("max by (queue) (bullfinch_queue_waiting)", "{{queue}}")),
        panel("Full, by queue", ("max by (queue) (bullfinch_queue_waiting / bullfinch_queue_capacity)", "{{queue}}"),
              unit="percentunit", low=0, high=1),
        panel("Age of the oldest", ("bullfinch:queue_age_seconds or max by (queue) (bullfinch_queue_waiting * 0)",
                                    "{{queue}}"), unit="s", steps=[("green", None), ("orange", 60), ("red", 120)]),
        panel("Between processes", ('max by (queue) (bullfinch_queue_waiting{queue=~"jobs: .*"})', "{{queue}}"),
              about="All that is not done with, in hands or not; each process tells the same."),
        panel("Between processes: age of the oldest",
              ('bullfinch:queue_age_seconds{queue=~"jobs: .*"} '
               'or max by (queue) (bullfinch_queue_waiting{queue=~"jobs: .*"} * 0)', "{{queue}}"),
              unit="s", steps=[("green", None), ("orange", 60), ("red", 120)]),
        panel("For the trader, for a person", ("max by (what) (bullfinch_store_waiting)", "{{what}}")),
        panel("Age of the oldest of these",
              ("max by (what) ((time() - bullfinch_store_waiting_oldest_timestamp_seconds) * "
               "(bullfinch_store_waiting_oldest_timestamp_seconds > bool 0))", "{{what}}"), unit="s"),
        panel("Dead letters", ("max(bullfinch_dead_letters)", "that nobody dealt with"),
              ("sum by (kind) (increase(bullfinch_dead_letters_written_total[1h]))", "{{kind}}, an hour")),
    ]),
    ("Who works", [
        panel("Workers", ("max by (role, state) (bullfinch_workers) > 0", "{{role}} {{state}}")),
        panel("Done a minute", ("max by (role) (bullfinch_workers_done_per_minute)", "{{role}}")),
        panel("Done and failed a minute, as the processes count",
              ("sum by (role) (rate(bullfinch_worker_done_total[5m])) * 60", "{{role}} done"),
              ("sum by (role) (rate(bullfinch_worker_failed_total[5m])) * 60", "{{role}} failed")),
        panel("A task, 99 of 100 are under", (share(0.99, "bullfinch_worker_task_duration_seconds", "task_name"),
                                              "{{task_name}}"), unit="s"),
    ]),
]

PRICE_AGE = "time() - max(bullfinch_price_last_timestamp_seconds > 0)"
VENUE = [
    ("Now", [
        stat("State", "min(bullfinch_venue_state)",
             names={2: ("up", "green"), 1: ("degraded", "orange"), 0: ("down", "red")}),
        stat("Last price", PRICE_AGE, unit="s", steps=[("green", None), ("red", 60)]),
        stat("Last comparison", "time() - max(bullfinch_reconcile_last_timestamp_seconds > 0)", unit="s"),
        stat("Its clock against ours", "max(bullfinch_venue_clock_offset_seconds)", unit="s"),
        stat("Breakers that are open", "sum(bullfinch_venue_breaker > bool 1)", steps=GOOD_BELOW_1),
        stat("Calls without an answer", "max(bullfinch_venue_call_failures)"),
    ]),
    ("Calls", [
        panel("Breakers (2 is open)", ("max by (group) (bullfinch_venue_breaker)", "{{group}}"), low=0, high=2),
        panel("Weight of a minute", ("max(bullfinch_venue_used_weight)", "used"),
              ("max(bullfinch_venue_weight_limit)", "limit")),
        panel("New orders", ("max by (span) (bullfinch_venue_orders_used)", "used, {{span}}"),
              ("max by (span) (bullfinch_venue_orders_limit)", "limit, {{span}}")),
        panel("A request: until it is sent, until it is answered",
              *two("bullfinch_stage_duration_seconds", "stage", where='{stage=~"lane|venue"}', legend="{{stage}}"),
              unit="s"),
        panel("Calls without an answer, an hour", ("max(delta(bullfinch_venue_call_failures[1h]))", "calls")),
        panel("Streams opened, an hour", ("sum(increase(bullfinch_venue_stream_connects_total[1h]))", "attempts")),
        panel("Its clock against ours", ("max(bullfinch_venue_clock_offset_seconds)", "venue"), unit="s"),
        panel("State (2 up, 1 degraded, 0 down)", ("min(bullfinch_venue_state)", "venue"), low=0, high=2),
        panel("Age of prices", (PRICE_AGE, "any symbol"), unit="s"),
    ]),
]

SPENT = 'max(bullfinch_x_spent_dollars{period="month"})'
COST = [
    ("X", [
        stat("Spent today", 'max(bullfinch_x_spent_dollars{period="today"})', unit="currencyUSD"),
        stat("Spent this month", SPENT, unit="currencyUSD"),
        stat("Left of the month", "max(bullfinch_x_left_dollars)", unit="currencyUSD",
             steps=[("red", None), ("green", 1)]),
        stat("May be spent now", "max(bullfinch_x_allowed_dollars)", unit="currencyUSD"),
        stat("The month at this pace", "max(bullfinch_x_projected_dollars)", unit="currencyUSD"),
        stat("What the budget allows", "max(bullfinch_x_cost_level)",
             names={0: ("all", "green"), 1: ("less", "orange"), 2: ("nothing", "red")}),
        panel("The month against its budget", (SPENT, "spent"), ("max(bullfinch_x_projected_dollars)", "at this pace"),
              ("max(bullfinch_x_budget_dollars)", "budget"), unit="currencyUSD", size=(12, 7)),
        panel("Billed an hour", ("sum by (resource) (increase(bullfinch_x_billed_total[1h]))", "{{resource}}"),
              size=(12, 7)),
    ]),
    ("What came of it", [
        panel("Posts an hour by source", ("sum by (source) (increase(bullfinch_source_posts_total[1h]))", "{{source}}")),
        panel("Trades an hour", ("sum(increase(bullfinch_trades_executed_total[1h]))", "trades")),
        panel("Trading fees since the beginning, in the quote asset", ("max(bullfinch_fees_total)", "fees")),
    ]),
]

EACH = "{{job}} {{instance}}"
SYSTEM = [
    ("Now", [
        panel("Processes", "max by (job, role, version, instance) (bullfinch_build_info)", kind="table", size=(12, 6)),
        stat("Answering", ('sum by (job) (up{job=~"bullfinch.*"})', "{{job}}"), size=(6, 6)),
        stat("Store and queue", ("min by (job) (bullfinch_store_up)", "{{job}} store"),
             ("min by (job) (bullfinch_queue_up)", "{{job}} queue"), size=(6, 6),
             names={1: ("up", "green"), 0: ("away", "red")}),
    ]),
    ("Processes", [
        panel("Memory", ("max by (job, instance) (bullfinch_process_resident_memory_bytes)", EACH), unit="bytes"),
        panel("Processors", ("max by (job, instance) (rate(bullfinch_process_cpu_seconds_total[5m]))", EACH),
              unit="percentunit"),
        panel("Open files and connections, of those allowed",
              ("max by (job, instance) (bullfinch_process_open_fds / bullfinch_process_max_fds)", EACH),
              unit="percentunit"),
        panel("Open files and connections", ("max by (job, instance) (bullfinch_process_open_fds)", EACH)),
        panel("Threads", ("max by (job, instance) (bullfinch_process_threads)", EACH)),
        panel("Up for", ("time() - max by (job, instance) (bullfinch_process_start_time_seconds)", EACH), unit="s"),
    ]),
    ("Store", [
        panel("Commits", *two("bullfinch_store_commit_duration_seconds", "job", legend="{{job}}"), unit="s"),
        panel("Transactions, 99 of 100 are under", (share(0.99, "bullfinch_store_transaction_duration_seconds", "job"),
                                                    "{{job}}"), unit="s"),
        panel("Commits a second", ("sum by (job) (rate(bullfinch_store_commit_duration_seconds_count[5m]))", "{{job}}")),
        panel("Room on its disk", ("min by (instance) (bullfinch_store_disk_free_bytes / bullfinch_store_disk_size_bytes)",
                                   "{{instance}}"), unit="percentunit", low=0, high=1,
              steps=[("red", None), ("green", 0.1)]),
        panel("Its files", ("max by (instance) (bullfinch_store_file_bytes)", "{{instance}}"), unit="bytes"),
        panel("Rows that went for their age, an hour",
              ("sum by (table) (increase(bullfinch_pruned_rows_total[1h]))", "{{table}}")),
        panel("Its clock against ours", ("max by (job) (bullfinch_store_clock_offset_seconds)", "{{job}}"), unit="s"),
    ]),
    ("HTTP interface", [
        panel("Answers, 99 of 100 are under; 0.5 s are allowed",
              ("bullfinch:api_request_duration_seconds:p99_5m", "all"),
              (f'topk(5, {share(0.99, "bullfinch_api_request_duration_seconds", "endpoint")})', "{{endpoint}}"),
              unit="s", steps=[("green", None), ("red", 0.5)]),
        panel("Requests a second",
              ("topk(10, sum by (endpoint) (rate(bullfinch_api_request_duration_seconds_count[5m])))", "{{endpoint}}")),
        panel("Refused a minute", ("sum(rate(bullfinch_api_refused_total[5m])) * 60", "before a route saw them")),
        panel("Days until the certificate ends",
              ("(min(bullfinch_certificate_expiry_timestamp_seconds > 0) - time()) / 86400", "certificate"),
              steps=[("red", None), ("green", 14)]),
        panel("Days until a token ends", ("(min(bullfinch_token_expiry_timestamp_seconds > 0) - time()) / 86400", "token"),
              steps=[("red", None), ("green", 7)]),
        panel("Alerts", ('count by (alertname) (ALERTS{alertstate="firing"}) or vector(0)', "{{alertname}}")),
    ]),
]


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    boards = {"trading": TRADING, "pipeline": PIPELINE, "venue": VENUE, "cost": COST, "system": SYSTEM}
    for name, rows in boards.items():
        text = json.dumps(board(name, rows), indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    beside = pathlib.Path(__file__).resolve().parent / "dashboards"
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else beside)
