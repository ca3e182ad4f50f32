/* metrics: the one table of what this program measures. A row is a family: everything else, the
 * pages of /metrics, docs/metrics.md and the test that holds a running process against it, comes
 * from the rows.
 *
 * X(id, kind, name, unit, scale, labels, most, bounds, roles, help)
 *   kind    COUNTER, GAUGE, HISTOGRAM, INFO (always 1; its labels say it)
 *   name    with the prefix bullfinch_; a counter ends in _total, an INFO in _info
 *   unit    the end of the name without that: seconds, bytes, ratio, dollars; "": a number
 *   scale   the stored integer is divided by it
 *   labels  names with commas between
 *   most    series there may be; what comes behind them is counted together, as "other"
 *   bounds  of a histogram: METRIC_BOUNDS_MAP
 *   roles   whose page has it (METRIC_RUN, ...)
 *
 * Names stand in other people's boards and alerts: they do not change, and none goes away. */
#ifndef BF_BASE_METRICS_H
#define BF_BASE_METRICS_H

/* clang-format off */

/* Upper bounds in stored units, ascending; at most METRIC_BOUNDS_MAX. */
#define METRIC_BOUNDS_MAP(X) \
    X(NONE, 0) \
    X(QUICK, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 250000, 500000, 1000000, 5000000, 10000000) \
    X(TASK, 1000, 5000, 10000, 50000, 100000, 500000, 1000000, 5000000, 10000000, 30000000, 60000000, 300000000) \
    X(STAGE, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000, 300000000) \
    X(AGE, 100000, 250000, 500000, 1000000, 2000000, 5000000, 10000000, 20000000, 30000000, 60000000, 120000000, 300000000, 900000000, 3600000000, 86400000000) \
    X(BATCH, 1, 2, 4, 8, 16, 32, 64) \
    X(MODEL, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000) \
    X(SCORE, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100) \
    X(SHARE, 0, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2000000, 5000000)

#define METRIC_MAP(X) \
    /* --- the process */ \
    X(BUILD, INFO, "bullfinch_build_info", "", 1, "version,role", 1, NONE, ALL, "What runs: its version, and which role it has.") \
    X(PROCESS_START, GAUGE, "bullfinch_process_start_time_seconds", "seconds", USEC_PER_S, "", 1, NONE, ALL, "When the process began, in seconds since 1970.") \
    X(PROCESS_CPU, COUNTER, "bullfinch_process_cpu_seconds_total", "seconds", USEC_PER_S, "", 1, NONE, ALL, "Time of processors that it used.") \
    X(PROCESS_MEMORY, GAUGE, "bullfinch_process_resident_memory_bytes", "bytes", 1, "", 1, NONE, ALL, "Memory that it has.") \
    X(PROCESS_FDS, GAUGE, "bullfinch_process_open_fds", "", 1, "", 1, NONE, ALL, "Files and connections that it has open.") \
    X(PROCESS_FDS_MAX, GAUGE, "bullfinch_process_max_fds", "", 1, "", 1, NONE, ALL, "How many it may have open.") \
    X(PROCESS_THREADS, GAUGE, "bullfinch_process_threads", "", 1, "", 1, NONE, ALL, "Threads that it has.") \
    /* --- posts */ \
    X(TWEETS_PROCESSED, COUNTER, "bullfinch_tweets_processed_total", "", 1, "", 1, NONE, READS, "Posts read and stored.") \
    X(POSTS_DECIDED, COUNTER, "bullfinch_posts_decided_total", "", 1, "source,outcome", 512, NONE, READS | METRIC_TRADE, "Posts by what became of them: signal, or the reason why there was none. Those about no coin are done with where they are read.") \
    X(READINGS, COUNTER, "bullfinch_readings_total", "", 1, "model", 8, NONE, READERS, "Posts read, by the model that had the last word.") \
    X(MODEL, INFO, "bullfinch_model_info", "", 1, "kind,file", 4, NONE, READS, "The model that reads, as model.kind and model.file say.") \
    X(MODEL_POSTS, COUNTER, "bullfinch_model_posts_total", "", 1, "", 1, NONE, BRINGS | METRIC_ANALYZE, "Posts that the slow model has read.") \
    X(MODEL_SHED, COUNTER, "bullfinch_model_shed_posts_total", "", 1, "", 1, NONE, BRINGS | METRIC_ANALYZE, "Posts that were left to the linear model because the slow one was behind.") \
    X(MODEL_SHEDS, GAUGE, "bullfinch_model_sheds", "", 1, "", 1, NONE, BRINGS | METRIC_ANALYZE, "1: the slow model is behind, and posts are left to the linear one.") \
    X(MODEL_BATCH, HISTOGRAM, "bullfinch_model_batch_posts", "", 1, "", 1, BATCH, BRINGS | METRIC_ANALYZE, "Posts that the slow model read at once.") \
    X(MODEL_BATCH_TIME, HISTOGRAM, "bullfinch_model_batch_duration_seconds", "seconds", USEC_PER_S, "", 1, MODEL, BRINGS | METRIC_ANALYZE, "What the slow model took for them.") \
    X(POST_AGE, HISTOGRAM, "bullfinch_post_age_seconds", "seconds", USEC_PER_S, "at", 4, AGE, TRADES, "How old posts were, by when they were published: at their receipt, and when their order was made, by the trader's clock.") \
    X(SOURCE_POSTS, COUNTER, "bullfinch_source_posts_total", "", 1, "source,outcome", 64, NONE, BRINGS, "Posts and word of deletions that a source gave: as they came (live), fetched after a gap (missed), of a file (replayed), deletions (deleted).") \
    X(SOURCE_STATE, GAUGE, "bullfinch_source_state", "", 1, "source", 20, NONE, FETCHES, "How a source stands: 0 starting, 1 live, 2 retrying, 3 broken, 4 limited, 5 too many connections, 6 usage cap, 7 credits, 8 spend cap, 9 budget, 10 token, 11 forbidden, 12 config, 13 ended.") \
    X(SOURCE_CALLS, COUNTER, "bullfinch_source_calls_total", "", 1, "source", 20, NONE, FETCHES, "Requests and connections that a source made.") \
    X(SOURCE_FAILURES, COUNTER, "bullfinch_source_failures_total", "", 1, "source", 20, NONE, FETCHES, "Requests and connections of a source that failed.") \
    X(SOURCE_LAST_SIGN, GAUGE, "bullfinch_source_last_sign_timestamp_seconds", "seconds", USEC_PER_S, "source", 20, NONE, FETCHES, "When the last byte came from the other side; 0 never.") \
    X(SOURCE_BREAKER, GAUGE, "bullfinch_source_breaker_open", "", 1, "source", 20, NONE, FETCHES, "1 while a source waits because the same failed too often in a row.") \
    X(SOURCE_BLIND, COUNTER, "bullfinch_source_blind_seconds_total", "seconds", USEC_PER_S, "source", 20, NONE, BRINGS, "Time in which a source saw no posts, from the beginning of the UTC day in which the program began.") \
    X(SOURCE_BLIND_TODAY, GAUGE, "bullfinch_source_blind_today_seconds", "seconds", USEC_PER_S, "source", 20, NONE, BRINGS, "Time of the UTC day in which a source saw no posts, by the gap ledger and what goes beyond it.") \
    /* --- money spent on posts */ \
    X(X_SPENT, GAUGE, "bullfinch_x_spent_dollars", "dollars", E8, "period", 2, NONE, FETCHES, "Dollars spent on X, by UTC day and month.") \
    X(X_PROJECTED, GAUGE, "bullfinch_x_projected_dollars", "dollars", E8, "", 1, NONE, FETCHES, "What the month comes to at the pace of seven days.") \
    X(X_BUDGET, GAUGE, "bullfinch_x_budget_dollars", "dollars", E8, "", 1, NONE, FETCHES, "What a month may cost: x.monthly_budget.") \
    X(X_LEFT, GAUGE, "bullfinch_x_left_dollars", "dollars", E8, "", 1, NONE, FETCHES, "What is left of the month's budget.") \
    X(X_ALLOWED, GAUGE, "bullfinch_x_allowed_dollars", "dollars", E8, "", 1, NONE, FETCHES, "What may be spent on X now, with the budget paced over the month.") \
    X(X_LEVEL, GAUGE, "bullfinch_x_cost_level", "", 1, "", 1, NONE, FETCHES, "What the budget allows: 0 all, 1 less is asked for, 2 nothing.") \
    X(X_BILLED, COUNTER, "bullfinch_x_billed_total", "", 1, "resource", 8, NONE, FETCHES, "What X bills, counted from the month's beginning.") \
    /* --- how long it takes */ \
    X(STAGE, HISTOGRAM, "bullfinch_stage_duration_seconds", "seconds", USEC_PER_S, "stage", 12, STAGE, ALL, "How long posts were in each stage, in real time: store (receipt to durable), posts_queue, read, readings_queue, inbox (until the trader took it), decide, commit, lane (a request until it was sent), venue (sent to answered).") \
    X(POST_TO_SIGNAL, HISTOGRAM, "bullfinch_post_to_signal_seconds", "seconds", USEC_PER_S, "", 1, STAGE, TRADES, "From the receipt of a post to its signals in the store, in real time.") \
    X(POST_TO_ORDER, HISTOGRAM, "bullfinch_post_to_order_seconds", "seconds", USEC_PER_S, "", 1, STAGE, TRADES, "From the receipt of a post to the venue's word that it has the order, in real time.") \
    X(WORKER_TASK, HISTOGRAM, "bullfinch_worker_task_duration_seconds", "seconds", USEC_PER_S, "task_name", 8, TASK, ALL, "How long workers of this process were at one task.") \
    X(WORKER_DONE, COUNTER, "bullfinch_worker_done_total", "", 1, "role", 8, NONE, ALL, "Pieces of work that workers of this process finished.") \
    X(WORKER_FAILED, COUNTER, "bullfinch_worker_failed_total", "", 1, "role", 8, NONE, ALL, "Pieces of work that workers of this process could not finish.") \
    X(WORKERS, GAUGE, "bullfinch_workers", "", 1, "role,state", 40, NONE, SERVES, "Workers on the store, of all processes, by their state where they are well; stuck; silent: killed, say, and nobody has begun in their place; lost: silent, and replaced.") \
    X(WORKERS_PER_MINUTE, GAUGE, "bullfinch_workers_done_per_minute", "", 1, "role", 8, NONE, SERVES, "Pieces of work that they finished in the last minute.") \
    /* --- what waits */ \
    X(QUEUE_WAITING, GAUGE, "bullfinch_queue_waiting", "", 1, "queue", 64, NONE, ALL, "What waits in a queue. Of jobs: posts (ingest to analyze) and jobs: readings (analyze to trade), which processes share, all that is not done with, in somebody's hands or not.") \
    X(QUEUE_CAPACITY, GAUGE, "bullfinch_queue_capacity", "", 1, "queue", 64, NONE, ALL, "What a queue has room for.") \
    X(QUEUE_OLDEST, GAUGE, "bullfinch_queue_oldest_timestamp_seconds", "seconds", USEC_PER_S, "queue", 64, NONE, ALL, "When the oldest of what waits came; 0: nothing waits. Of jobs also one in the hands of a process that died; not those that pause after a failure.") \
    X(QUEUE_UP, GAUGE, "bullfinch_queue_up", "", 1, "", 1, NONE, QUEUES, "1: the queue that processes share (queue.url) did what it was asked last; 0: it did not.") \
    X(STORE_WAITING, GAUGE, "bullfinch_store_waiting", "", 1, "what", 4, NONE, SERVES, "What waits in the store: commands for the trader, signals for a person (approvals).") \
    X(STORE_WAITING_OLDEST, GAUGE, "bullfinch_store_waiting_oldest_timestamp_seconds", "seconds", USEC_PER_S, "what", 4, NONE, SERVES, "Since when the oldest of them does; 0: nothing waits.") \
    X(DEAD_LETTERS, GAUGE, "bullfinch_dead_letters", "", 1, "", 1, NONE, SERVES, "Dead letters that nobody has retried or dropped.") \
    X(DEAD_LETTERS_WRITTEN, COUNTER, "bullfinch_dead_letters_written_total", "", 1, "kind", 4, NONE, ALL, "Dead letters that this process wrote.") \
    X(DEAD_LETTERS_DROPPED, COUNTER, "bullfinch_dead_letters_dropped_total", "", 1, "", 1, NONE, ALL, "Dead letters of input that this process let go of, as there were more than run.dead_letters_mb.") \
    /* --- signals and refusals */ \
    X(SIGNAL_SCORE, HISTOGRAM, "bullfinch_signal_score", "", 1, "side", 2, SCORE, TRADES, "Signals, by their score from 0 to 100.") \
    X(REFUSALS, COUNTER, "bullfinch_refusals_total", "", 1, "reason", 96, NONE, TRADES, "What was not traded, by the reason.") \
    /* --- orders and positions */ \
    X(TRADER_LEADS, GAUGE, "bullfinch_trader_leads", "", 1, "", 1, NONE, TRADES, "1: this process trades; 0: it stands by.") \
    X(TRADES_EXECUTED, COUNTER, "bullfinch_trades_executed_total", "", 1, "symbol,side", 1024, NONE, TRADES, "Trades whose entry filled.") \
    X(ORDERS, GAUGE, "bullfinch_orders", "", 1, "state", 16, NONE, TRADES, "Orders that the trader cares for, by their state.") \
    X(ORDER_MOVES, COUNTER, "bullfinch_order_moves_total", "", 1, "state", 16, NONE, TRADES, "How often an order came into a state.") \
    X(UNKNOWN_ORDERS, GAUGE, "bullfinch_unknown_orders", "", 1, "", 1, NONE, TRADES, "Orders of which it is not known what became of them.") \
    X(UNKNOWN_OLDEST, GAUGE, "bullfinch_unknown_order_oldest_seconds", "seconds", USEC_PER_S, "", 1, NONE, TRADES, "For how long that is so of the oldest of them; 0: of none.") \
    X(POSITIONS, GAUGE, "bullfinch_positions", "", 1, "", 1, NONE, TRADES, "Positions that are open.") \
    X(BARE_POSITIONS, GAUGE, "bullfinch_bare_positions", "", 1, "", 1, NONE, TRADES, "Positions that no stop, target or exit guards.") \
    X(BARE_OLDEST, GAUGE, "bullfinch_bare_position_oldest_seconds", "seconds", USEC_PER_S, "", 1, NONE, TRADES, "For how long that is so of the oldest of them; 0: of none.") \
    X(BARE_FOUND, COUNTER, "bullfinch_bare_positions_found_total", "", 1, "", 1, NONE, TRADES, "How often a position was found bare.") \
    X(SLIPPAGE, HISTOGRAM, "bullfinch_slippage_ratio", "ratio", E8, "side", 2, SHARE, TRADES, "How much worse entries filled than the quote when they were sent, as a share of it; better ones count as 0.") \
    X(MISMATCHES, COUNTER, "bullfinch_reconcile_mismatches_total", "", 1, "kind", 16, NONE, TRADES, "Where what the venue says and what we believed differed.") \
    X(RECONCILED_AT, GAUGE, "bullfinch_reconcile_last_timestamp_seconds", "seconds", USEC_PER_S, "", 1, NONE, TRADES, "When the account was last compared with the venue; 0: not yet, or the venue has no such picture.") \
    /* --- money and mode */ \
    X(CURRENT_PNL, GAUGE, "bullfinch_current_pnl", "", E8, "", 1, NONE, TRADES, "Profit since the account began, in the quote asset, with what is held at its last price.") \
    X(EQUITY, GAUGE, "bullfinch_equity", "", E8, "", 1, NONE, TRADES, "Equity in the quote asset.") \
    X(CASH, GAUGE, "bullfinch_cash", "", E8, "", 1, NONE, TRADES, "Balance in the quote asset, as our fills explain it.") \
    X(UNREALIZED, GAUGE, "bullfinch_unrealized_pnl", "", E8, "", 1, NONE, TRADES, "Profit of what is held at its last price, in the quote asset.") \
    X(FEES, COUNTER, "bullfinch_fees_total", "", E8, "", 1, NONE, TRADES, "Fees paid since the account began, in the quote asset.") \
    X(DRAWDOWN, GAUGE, "bullfinch_drawdown_ratio", "ratio", 10000, "", 1, NONE, TRADES, "Loss of the UTC day's opening equity.") \
    X(DRAWDOWN_LIMIT, GAUGE, "bullfinch_drawdown_limit_ratio", "ratio", E8, "", 1, NONE, TRADES, "At which nothing more is opened on that day: trading.max_daily_drawdown.") \
    X(MODE, GAUGE, "bullfinch_mode", "", 1, "mode", 8, NONE, TRADES, "1 for the mode that holds, 0 for the others.") \
    X(HALTED_BY_PROGRAM, GAUGE, "bullfinch_halted_by_program", "", 1, "", 1, NONE, TRADES, "1: the program halted itself, and waits for a person.") \
    /* --- the venue and prices */ \
    X(PRICE_AT, GAUGE, "bullfinch_price_last_timestamp_seconds", "seconds", USEC_PER_S, "", 1, NONE, TRADES, "When the last price of any symbol came, in real time; 0: none has.") \
    X(VENUE_STATE, GAUGE, "bullfinch_venue_state", "", 1, "", 1, NONE, TRADES, "How it stands with the venue: 2 up, 1 degraded, 0 down.") \
    X(VENUE_OFFSET, GAUGE, "bullfinch_venue_clock_offset_seconds", "seconds", USEC_PER_S, "", 1, NONE, TRADES, "The venue's clock against ours.") \
    X(VENUE_WEIGHT, GAUGE, "bullfinch_venue_used_weight", "", 1, "", 1, NONE, TRADES, "Request weight of this minute, as the venue last told.") \
    X(VENUE_WEIGHT_LIMIT, GAUGE, "bullfinch_venue_weight_limit", "", 1, "", 1, NONE, TRADES, "What it allows a minute; 0: not known yet.") \
    X(VENUE_ORDERS, GAUGE, "bullfinch_venue_orders_used", "", 1, "span", 2, NONE, TRADES, "New orders of the last 10 seconds and of the day, as the venue last told.") \
    X(VENUE_ORDERS_LIMIT, GAUGE, "bullfinch_venue_orders_limit", "", 1, "span", 2, NONE, TRADES, "What it allows of them; 0: not known yet.") \
    X(VENUE_CONNECTS, COUNTER, "bullfinch_venue_stream_connects_total", "", 1, "", 1, NONE, TRADES, "Attempts to open the user data stream.") \
    X(VENUE_FAILURES, GAUGE, "bullfinch_venue_call_failures", "", 1, "", 1, NONE, TRADES, "Calls since the start without a readable answer.") \
    X(VENUE_BREAKER, GAUGE, "bullfinch_venue_breaker", "", 1, "group", 8, NONE, TRADES, "0 closed, 1 half-open, 2 open.") \
    /* --- who is told */ \
    X(NOTIFY_MESSAGES, COUNTER, "bullfinch_notify_messages_total", "", 1, "channel,outcome", 16, NONE, SERVES | METRIC_TRADE, "Messages to people: sent, failed for good, or to be retried.") \
    X(NOTIFY_WAITING, GAUGE, "bullfinch_notify_waiting", "", 1, "channel", 8, NONE, SERVES | METRIC_TRADE, "What waits to be told through a channel.") \
    X(NOTIFY_UP, GAUGE, "bullfinch_notify_channel_up", "", 1, "channel", 8, NONE, SERVES | METRIC_TRADE, "1: what was sent through the channel last arrived.") \
    /* --- the store */ \
    X(STORE_UP, GAUGE, "bullfinch_store_up", "", 1, "", 1, NONE, ALL, "1: the store did what it was asked last; 0: it could not be reached, or not be written.") \
    X(STORE_COMMIT, HISTOGRAM, "bullfinch_store_commit_duration_seconds", "seconds", USEC_PER_S, "", 1, STAGE, ALL, "How long commits took.") \
    X(STORE_TRANSACTION, HISTOGRAM, "bullfinch_store_transaction_duration_seconds", "seconds", USEC_PER_S, "", 1, STAGE, ALL, "From the begin of a transaction that was committed to its end.") \
    X(STORE_OFFSET, GAUGE, "bullfinch_store_clock_offset_seconds", "seconds", USEC_PER_S, "", 1, NONE, ALL, "The store's clock against ours, when it was last asked; a file has ours.") \
    X(CLOCK_AHEAD, GAUGE, "bullfinch_clock_ahead_seconds", "seconds", USEC_PER_S, "", 1, NONE, TRADES, "How far the trader's clock is ahead of the database's.") \
    X(STORE_BYTES, GAUGE, "bullfinch_store_file_bytes", "bytes", 1, "", 1, NONE, SERVES | METRIC_TRADE, "Size of the store's files; 0 where it is a server.") \
    X(STORE_DISK_FREE, GAUGE, "bullfinch_store_disk_free_bytes", "bytes", 1, "", 1, NONE, SERVES | METRIC_TRADE, "Room on the disk that the store's files are on.") \
    X(STORE_DISK_SIZE, GAUGE, "bullfinch_store_disk_size_bytes", "bytes", 1, "", 1, NONE, SERVES | METRIC_TRADE, "Size of that disk.") \
    X(PRUNED, COUNTER, "bullfinch_pruned_rows_total", "", 1, "table", 20, NONE, TRADES, "Rows that this process removed, or thinned, for their age.") \
    /* --- the HTTP interface */ \
    X(API_SECONDS, HISTOGRAM, "bullfinch_api_request_duration_seconds", "seconds", USEC_PER_S, "endpoint", 96, QUICK, SERVES, "From the end of a request's header to its answer.") \
    X(API_REFUSED, COUNTER, "bullfinch_api_refused_total", "", 1, "", 1, NONE, SERVES, "Requests that were refused before a route saw them.") \
    X(CERTIFICATE_EXPIRY, GAUGE, "bullfinch_certificate_expiry_timestamp_seconds", "seconds", USEC_PER_S, "", 1, NONE, SERVES, "When the certificate of the HTTP interface ends; 0: it has none.") \
    X(TOKEN_EXPIRY, GAUGE, "bullfinch_token_expiry_timestamp_seconds", "seconds", USEC_PER_S, "", 1, NONE, SERVES, "When the first of the tokens that still count ends; 0: none does.")
/* clang-format on */

#endif
