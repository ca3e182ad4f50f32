/* The one table of configuration: each row is a key, and everything else comes from the rows.
 *
 * struct config, parsing (file, environment, --set, settings table), checks, `bullfinch config
 * print|docs`, docs/configuration.md and the example file are all made from CONFIG_MAP. A new key
 * is a new row and nothing else.
 *
 * X(section, name, TYPE, min, max, default text, flags, help)
 *   INT       int64_t, min..max
 *   FRAC      int64_t in units of 1e-8 of one (0.01 = 1 %); min and max in the same units
 *   MONEY     money; min and max in 1e-8
 *   BOOL      bool
 *   STR       str; min and max = bytes
 *   CHOICE    str, one of the words in the default text: first|second|third; the first is the
 * default LIST      struct config_list of str; min and max = entries WEIGHTS   struct config_list
 * of name=fraction, "x:44196397=1.5"; min and max of the fraction
 *
 * Rows of a section stand together. A list of several sources is not a row: the file's `sources`
 * fills struct config's sources; source.kind and so on are its first entry, and each entry has the
 * keys of the section `source` and is checked by those rows. */
#ifndef BF_CONFIG_TABLE_H
#define BF_CONFIG_TABLE_H

#define CFG_RELOAD 1   /* may stand in the settings table and change while running */
#define CFG_SECRET 2   /* names a file or an environment variable that holds a secret */
#define CFG_ADVANCED 4 /* not in the short example file */
#define CFG_SWITCH 8   /* of a FRAC: true and false are taken for 1 and 0 */

#define FRAC_BP(bp) ((bp)*INT64_C(10000)) /* basis points in units of 1e-8 */

/* clang-format off */
#define CONFIG_MAP(X) \
  X(trading, mode, CHOICE, 0, 0, "auto|manual|observe|halted", 0, "Mode of a new store: auto trades, manual asks for each, observe only signals, halted opens nothing. Later changes are kept in the store.") \
  X(trading, strategy, STR, 1, 16, "post", CFG_ADVANCED, "Name of the strategy; part of the key that makes an intent unique. Without blanks and /.") \
  X(trading, signal_threshold, INT, 0, 100, "70", CFG_RELOAD, "Least score of a signal that trades.") \
  X(trading, position_size_percent, FRAC, FRAC_BP(1), FRAC_BP(2500), "0.01", CFG_RELOAD, "Share of equity in one position (0.01 is 1 %).") \
  X(trading, stop_loss_percent, FRAC, FRAC_BP(10), FRAC_BP(5000), "0.02", CFG_RELOAD, "Distance of the stop from the entry.") \
  X(trading, take_profit_percent, FRAC, FRAC_BP(10), FRAC_BP(10000), "0.04", CFG_RELOAD, "Distance of the target from the entry.") \
  X(trading, max_daily_drawdown, FRAC, FRAC_BP(10), FRAC_BP(10000), "0.05", CFG_RELOAD, "Loss of the UTC day's opening equity at which no more is opened that day.") \
  X(trading, max_open_positions, INT, 1, 64, "5", CFG_RELOAD, "Positions at a time; waiting and unknown ones count.") \
  X(trading, max_slippage_percent, FRAC, 0, FRAC_BP(1000), "0.005", CFG_RELOAD, "How far from the quote an entry may fill; the entry's price limit.") \
  X(trading, min_reward_risk, FRAC, 0, 100 * INT64_C(100000000), "1.5", CFG_RELOAD, "Least (target - costs) / (stop + costs).") \
  X(trading, max_signal_age_s, INT, 1, 86400, "120", CFG_RELOAD, "A post older than this at receipt is not traded.") \
  X(trading, max_hold_s, INT, 1, 2592000, "3600", CFG_RELOAD, "A position still open after this many seconds is closed.") \
  X(trading, cooldown_symbol_s, INT, 0, 604800, "900", CFG_RELOAD, "Seconds after a position closed before its symbol is traded again.") \
  X(trading, cooldown_author_s, INT, 0, 604800, "300", CFG_RELOAD, "Seconds after a trade on an author's post before the same author is traded again.") \
  X(trading, author_trades_per_day, INT, 1, 1000, "5", CFG_RELOAD, "Trades on one author's posts in a UTC day.") \
  X(trading, allow_short, BOOL, 0, 0, "true", CFG_RELOAD, "Open SHORT positions where the venue can.") \
  X(trading, short_closes_long, BOOL, 0, 0, "true", CFG_RELOAD, "Where the venue has no shorts: a SHORT signal closes the LONG position in its symbol.") \
  X(trading, leverage, INT, 1, 20, "1", CFG_RELOAD, "Most that all positions together may be worth, in multiples of equity.") \
  X(trading, approval_timeout_s, INT, 1, 86400, "300", CFG_RELOAD, "In manual mode: seconds until an intent that nobody approved expires.") \
  X(trading, on_retraction, CHOICE, 0, 0, "close|shrink|keep", CFG_RELOAD, "What becomes of a position whose post is taken back (deleted, denied by its author, edited into something else): close sells all, shrink one half, keep nothing. An edit that is only weaker sells one half unless this is keep.") \
  X(trading, retraction_weaker, FRAC, 0, FRAC_BP(10000), "0.75", CFG_RELOAD, "An edit, or a correction by the author, that keeps less than this share of the post's base score counts as weaker.") \
  X(trading, denial_window_s, INT, 0, 2592000, "86400", CFG_RELOAD, "For so many seconds after an entry, a later post of the same author can take the first one back; 0: never.") \
  X(trading, denial_score, INT, 1, 100, "50", CFG_RELOAD, "Least base score at which the opposite opinion on the same coin takes the author's earlier post back.") \
  X(trading, muted_authors, LIST, 0, 1000, "", CFG_RELOAD, "Authors that are read and never traded: names, or source:id.") \
  X(trading, muted_symbols, LIST, 0, 1000, "", CFG_RELOAD, "Symbols that are never traded.") \
  X(judge, author, FRAC, 0, FRAC_BP(10000), "1", CFG_RELOAD | CFG_SWITCH, "Weight of the factor author: 0 leaves it out of the score, 1 counts it in full (docs/scoring.md).") \
  X(judge, author_weights, WEIGHTS, 0, 2 * INT64_C(100000000), "", CFG_RELOAD, "The factor by author, 0 to 2: name, source:id, or source:id@name, which also says that the name is that id's alone. source:id counts before a name.") \
  X(judge, default_author_weight, FRAC, 0, 2 * INT64_C(100000000), "1", CFG_RELOAD, "The factor of an author that is not listed.") \
  X(judge, trade_strangers, BOOL, 0, 0, "false", CFG_RELOAD, "Trade also on authors that are not in judge.author_weights where the source lets anybody in (source.strangers). They are scored and stored either way.") \
  X(judge, habit, FRAC, 0, FRAC_BP(10000), "1", CFG_RELOAD | CFG_SWITCH, "Weight of the factor habit: a post that departs from all that its author wrote before.") \
  X(judge, guard, CHOICE, 0, 0, "halve|hold|off", CFG_RELOAD, "What becomes of a first mention of a coin, a host never linked to before, an hour in which the author never posts: halve multiplies the score by judge.habit_penalty, hold refuses it until another author says the same, off does nothing.") \
  X(judge, habit_penalty, FRAC, 0, FRAC_BP(10000), "0.5", CFG_RELOAD, "What such a post keeps of its score.") \
  X(judge, guard_posts, INT, 1, 1000000, "20", CFG_RELOAD, "An author has habits after so many posts, if judge.guard_days have passed as well.") \
  X(judge, guard_days, INT, 0, 3650, "7", CFG_RELOAD, "Days since an author was first seen until he has habits.") \
  X(judge, hold_s, INT, 1, 86400, "300", CFG_RELOAD, "With judge.guard hold: seconds within which somebody else has to say the same of the coin.") \
  X(judge, freshness, FRAC, 0, FRAC_BP(10000), "1", CFG_RELOAD | CFG_SWITCH, "Weight of the factor freshness: a score shrinks with the post's age.") \
  X(judge, freshness_half_life_s, INT, 1, 86400, "120", CFG_RELOAD, "Age at which the freshness factor is one half.") \
  X(judge, record, FRAC, 0, FRAC_BP(10000), "0.5", CFG_RELOAD | CFG_SWITCH, "Weight of the factor record: what came of the author's opinions so far. 0 leaves it out of the score, 1 counts it in full.") \
  X(judge, record_horizon_s, INT, 60, 86400, "1800", CFG_RELOAD, "An author was right when the price went his way for so many seconds.") \
  X(judge, copies, FRAC, 0, FRAC_BP(10000), "1", CFG_RELOAD | CFG_SWITCH, "Weight of the factor copies: who repeats what another author said adds little. Copies count as one opinion for the limits whatever the weight.") \
  X(judge, copy_penalty, FRAC, 0, FRAC_BP(10000), "0.5", CFG_RELOAD, "What a near-copy of another author's post keeps of its score.") \
  X(judge, copy_window_s, INT, 60, 86400, "86400", CFG_RELOAD, "How long after a post a near-copy counts as one.") \
  X(judge, lookalike, BOOL, 0, 0, "true", CFG_RELOAD, "Refuse authors whose name imitates a watched one (an author with a weight).") \
  X(judge, scam, BOOL, 0, 0, "true", CFG_RELOAD, "Refuse giveaway and phishing patterns.") \
  X(judge, priced_in, FRAC, 0, FRAC_BP(10000), "1", CFG_RELOAD | CFG_SWITCH, "Weight of the factor priced_in: the price has already moved in the signal's favour.") \
  X(judge, priced_in_sigmas, FRAC, 0, 1000 * INT64_C(100000000), "25", CFG_RELOAD, "The move since the post, in multiples of what was usual before it, at which it is refused as priced in; the factor falls to it. 0: the volatility does not count.") \
  X(judge, priced_in_percent, FRAC, 0, FRAC_BP(10000), "0.06", CFG_RELOAD, "The move since the post at which it is refused as priced in however volatile the price was; where the volatility is not known, or does not count, the factor falls to it.") \
  X(model, kind, CHOICE, 0, 0, "linear|roberta|cascade", 0, "Which model reads the posts: linear is in the program; roberta is the file model.file; cascade asks linear first, and roberta where a post names a coin and linear is not sure that it takes no side.") \
  X(model, file, STR, 0, 4096, "", 0, "The model file of roberta and cascade, made by bullfinch model convert (docs/model-card.md).") \
  X(model, threads, INT, 1, 64, "1", 0, "Threads that compute roberta, for all readers together.") \
  X(model, batch, INT, 1, 64, "8", CFG_ADVANCED, "Texts that roberta computes at once where so many wait; none is held back to wait for others. A post that names several coins is several texts.") \
  X(model, deadline_ms, INT, 10, 60000, "500", 0, "A post whose answer by roberta would come later than so many milliseconds after it came is read by linear instead, until the model has caught up. Not in virtual time.") \
  X(model, sure, FRAC, FRAC_BP(3400), FRAC_BP(10000), "0.8", CFG_ADVANCED, "cascade: from this probability of neutral on, linear has the last word.") \
  X(reader, workers, INT, 0, 64, "1", 0, "Reader threads; 0 takes one per processor.") \
  X(reader, symbols_file, STR, 0, 4096, "", 0, "A file of further names for coins, added to the built-in one: docs/symbols-file.md.") \
  X(source, kind, CHOICE, 0, 0, "replay|x_search|x_stream|x_activity|jetstream|push", 0, "Where posts come from: replay reads a file; x_search asks X's recent search again and again, x_stream is X's filtered stream, x_activity tells of what the listed authors post on X (all three cost money and need a token: section x); jetstream is Bluesky, free and without a key; push takes what is brought to POST /api/ingest. docs/sources.md has all of it.") \
  X(source, path, STR, 0, 4096, "", 0, "The posts file of a replay source: one JSON object a line, oldest first.") \
  X(source, name, STR, 0, 32, "", CFG_ADVANCED, "Name under which the source's posts are stored; the name in source:id of authors, too. Empty: by the kind, x for replay and X, bsky for jetstream; a push source must be given one, of a-z 0-9 _ and -.") \
  X(source, authors, LIST, 0, 1000, "", 0, "Whose posts: names on X (elonmusk), ids (44196397) or both (44196397@elonmusk), which costs nothing to look up; on Bluesky names (alice.bsky.social), dids (did:plc:...) or both (did:plc:...@alice.bsky.social). Empty: with jetstream everybody.") \
  X(source, query, STR, 0, 4096, "", 0, "A query of its own beside the authors: of x_search in the words of X's search, of x_stream a rule. Each post that it finds is billed.") \
  X(source, filter, STR, 0, 512, "-is:retweet -is:reply", CFG_ADVANCED, "What stands behind each query of authors on X: what it leaves out is not billed.") \
  X(source, keep, CHOICE, 0, 0, "auto|all|linked", CFG_ADVANCED, "Which posts are stored: all, or linked: only those that name a coin that can be traded. auto: linked for jetstream without authors (everybody on Bluesky), else all.") \
  X(source, url, STR, 0, 1024, "", CFG_ADVANCED, "Where the source is asked. Empty: by the kind, x.url for X; for jetstream wss://jetstream2.us-east.bsky.network wss://jetstream1.us-west.bsky.network wss://jetstream1.us-east.bsky.network wss://jetstream2.us-west.bsky.network: several with blanks between are taken in turn when one fails.") \
  X(source, strangers, CHOICE, 0, 0, "auto|yes|no", CFG_ADVANCED, "Does the source let anybody in? Then authors that are not in judge.author_weights are never traded. auto: yes for X and jetstream with a query of their own or without authors; no for replay and push.") \
  X(x, url, STR, 0, 256, "https://api.x.com", CFG_ADVANCED, "X's API; or http://127.0.0.1:PORT of a bullfinch sim on this machine.") \
  X(x, token_file, STR, 0, 4096, "", CFG_SECRET, "File with the app-only bearer token, readable by its owner alone.") \
  X(x, token_env, STR, 0, 64, "", CFG_SECRET, "Or the environment variable that holds it.") \
  X(x, interval_s, INT, 5, 3600, "60", 0, "x_search: seconds between two polls while it is quiet; after a post it asks sooner. An empty poll costs nothing.") \
  X(x, fastest_s, INT, 1, 3600, "2", CFG_ADVANCED, "x_search: never more often than that. X allows 450 polls in 15 minutes, one in 2 seconds.") \
  X(x, pages, INT, 1, 20, "3", CFG_ADVANCED, "x_search: pages of up to 100 posts that one poll may take; 100 posts cost half a dollar.") \
  X(x, monthly_budget, MONEY, 0, 1000000 * INT64_C(100000000), "10", 0, "Dollars that may be spent at X in a calendar month (UTC), spread over its days. 0 spends nothing: no post is fetched.") \
  X(x, monthly_posts, INT, 0, INT64_C(1000000000), "3000000", CFG_ADVANCED, "Posts a month that X lets an account read; past that nothing is asked.") \
  X(x, price_post, MONEY, 0, 100 * INT64_C(100000000), "0.005", CFG_ADVANCED, "Dollars for one post that search or the stream returns (X's price list).") \
  X(x, price_event, MONEY, 0, 100 * INT64_C(100000000), "0.005", CFG_ADVANCED, "Dollars for one event of x_activity.") \
  X(x, price_user, MONEY, 0, 100 * INT64_C(100000000), "0.010", CFG_ADVANCED, "Dollars for one author whose id is looked up; it is asked for once and kept.") \
  X(bluesky, resolver_url, STR, 0, 256, "https://public.api.bsky.app", CFG_ADVANCED, "Who says which did a name on Bluesky has.") \
  X(market, kind, CHOICE, 0, 0, "auto|candles|venue|binance_public", 0, "Where prices come from: candles reads the files of venue.prices; venue takes the best bids and asks of venue.stream_url, binance_public those of the real exchange (prices only, without a key). auto: with venue.kind paper candles for a replay and binance_public for live posts; else venue.") \
  X(market, public_stream_url, STR, 0, 256, "wss://data-stream.binance.vision", CFG_ADVANCED, "With market.kind binance_public: where the prices come from.") \
  X(market, public_rest_url, STR, 0, 256, "https://data-api.binance.vision", CFG_ADVANCED, "The same, asked where the stream is silent.") \
  X(venue, kind, CHOICE, 0, 0, "paper|binance_spot_testnet", 0, "Where orders go: paper fills them here against the prices; binance_spot_testnet sends them to Binance's Spot test network, to its demo mode, or to a bullfinch sim on this machine. No host that trades real money is ever connected to.") \
  X(venue, rest_url, STR, 0, 256, "https://testnet.binance.vision", 0, "REST of the test network; also https://api1.testnet.binance.vision, https://demo-api.binance.com (demo mode, with keys of its own), or http://127.0.0.1:PORT.") \
  X(venue, ws_api_url, STR, 0, 256, "wss://ws-api.testnet.binance.vision/ws-api/v3", 0, "Its WebSocket API, for news of orders; in demo mode wss://demo-ws-api.binance.com/ws-api/v3.") \
  X(venue, stream_url, STR, 0, 256, "wss://stream.testnet.binance.vision", 0, "Its price streams; in demo mode wss://demo-stream.binance.com.") \
  X(venue, key_file, STR, 0, 4096, "", CFG_SECRET, "File with the API key, readable by its owner alone.") \
  X(venue, key_env, STR, 0, 64, "", CFG_SECRET, "Or the environment variable that holds it.") \
  X(venue, secret_file, STR, 0, 4096, "", CFG_SECRET, "File with the key's secret.") \
  X(venue, secret_env, STR, 0, 64, "", CFG_SECRET, "Or the environment variable that holds it.") \
  X(venue, recv_window_ms, INT, 200, 10000, "1000", CFG_ADVANCED, "How old a request may be when it reaches the venue's matching engine; past half of it, it is not sent.") \
  X(venue, fee_percent, FRAC, 0, FRAC_BP(500), "0.001", 0, "Commission that sizes and expectations count with. The test network charges none unless that is switched on; what it charges is booked as it says.") \
  X(venue, prices, STR, 0, 4096, "", 0, "Directory of candle files SYMBOL-INTERVAL.csv.") \
  X(venue, exchange_info, STR, 0, 4096, "", 0, "A Binance exchangeInfo file with the symbols and their filters; empty: the built-in one.") \
  X(venue, quote_asset, STR, 2, 16, "USDT", CFG_ADVANCED, "Asset that everything is counted in.") \
  X(paper, balance, MONEY, INT64_C(100000000), INT64_C(100000000000000000), "10000", 0, "Quote balance of a new paper account.") \
  X(paper, margin, BOOL, 0, 0, "true", 0, "A margin account: shorts can be opened, up to paper.leverage.") \
  X(paper, leverage, INT, 1, 20, "3", 0, "What the paper venue lends: positions up to this many times equity.") \
  X(paper, fee_percent, FRAC, 0, FRAC_BP(500), "0.001", 0, "Commission on each fill.") \
  X(paper, spread_percent, FRAC, 0, FRAC_BP(1000), "0.0002", 0, "Bid to ask, where candles give only one price.") \
  X(paper, slippage_percent, FRAC, 0, FRAC_BP(1000), "0.0005", 0, "How much worse than the touch a market or stop order fills.") \
  X(paper, volume_cap_percent, FRAC, FRAC_BP(1), FRAC_BP(10000), "0.1", 0, "Share of a candle's volume that orders may take.") \
  X(paper, latency_ms, INT, 0, 60000, "0", CFG_ADVANCED, "Time an order takes to arrive; it fills at the first price after it.") \
  X(store, url, STR, 1, 4096, "sqlite:bullfinch.db", 0, "The database: sqlite:PATH, or postgresql://[USER@]HOST[:PORT]/DATABASE where several processes share it; ?schema=NAME, ?sslmode=MODE, ?host=/SOCKET/DIR behind it (docs/postgresql.md). Never with a password.") \
  X(store, password_file, STR, 0, 4096, "", CFG_SECRET, "File with the password of PostgreSQL's user, readable by its owner alone. Empty: ~/.pgpass, or what the server asks for otherwise.") \
  X(store, password_env, STR, 0, 64, "", CFG_ADVANCED | CFG_SECRET, "Or the environment variable that holds it.") \
  X(store, ca_file, STR, 0, 4096, "", CFG_ADVANCED, "File with the certificates (PEM) of those who may have signed the PostgreSQL server's. Empty: those that this system trusts.") \
  X(store, synchronous, CHOICE, 0, 0, "full|normal", CFG_ADVANCED, "How commits are made: full survives a power cut (on PostgreSQL it is as the server is set up), normal may lose the last ones to it.") \
  X(store, busy_timeout_ms, INT, 0, 600000, "5000", CFG_ADVANCED, "How long to wait for a locked database, or for a row that another process writes.") \
  X(retention, posts_days, INT, 0, 36500, "0", CFG_RELOAD, "Days that posts without a signal are kept. What is older, by when it was published and by when it was stored, goes once an hour while a trader runs, and with bullfinch db prune. 0, here and below: for ever. What was traded stays for ever, and the word of deletions too. docs/retention.md.") \
  X(retention, signals_days, INT, 0, 36500, "0", CFG_RELOAD, "Days that refused signals are kept, and their posts with them.") \
  X(retention, readings_days, INT, 0, 36500, "90", CFG_RELOAD, "Days that what the reader found in a post without a signal is kept beside its text: shares of the labels, mentions, misses, cues. Label, score, outcome and text stay as long as the post.") \
  X(retention, equity_hours, INT, 0, 876000, "48", CFG_RELOAD, "Hours that every sample of the equity is kept. Of each minute before that stay the first, the last, the least, the most and the worst fall.") \
  X(retention, equity_minutes_days, INT, 0, 36500, "30", CFG_RELOAD, "Days that this is so by the minute; of older samples as many stay an hour.") \
  X(retention, candles_days, INT, 0, 36500, "14", CFG_RELOAD, "Days that the minutes' candles of the charts are kept.") \
  X(retention, audit_days, INT, 0, 36500, "0", CFG_RELOAD, "Days that the audit log is kept. bullfinch audit verify proves what is left of it, and that nothing else was taken away.") \
  X(retention, commands_days, INT, 0, 36500, "365", CFG_RELOAD, "Days that answered commands are kept; an idempotency key counts as long as its command.") \
  X(retention, dead_letters_days, INT, 0, 36500, "30", CFG_RELOAD, "Days that dead letters are kept after they were retried or dropped. Others stay.") \
  X(retention, gaps_days, INT, 0, 36500, "365", CFG_RELOAD, "Days that gaps of sources are kept after they were filled or lost.") \
  X(retention, alerts_days, INT, 0, 36500, "90", CFG_RELOAD, "Days that alerts are kept after they were over, and what people were told.") \
  X(retention, authors_days, INT, 0, 36500, "365", CFG_RELOAD, "Days after their last post that authors are kept who made room for others, were never traded and have no record.") \
  X(retention, disk_mb, INT, 0, INT64_C(100000000), "0", CFG_RELOAD, "MiB that the store may take. From nine tenths on there is an alert; over it, where it is a file, what explains no trade goes before its age, the oldest first, never of the last day. 0: as much as there is.") \
  X(retention, disk_free_mb, INT, 0, INT64_C(100000000), "256", CFG_RELOAD, "An alert when less than so many MiB are free on the disk of the store's file. 0: never.") \
  X(queue, url, STR, 1, 4096, "memory:", 0, "Where jobs wait between processes that stand apart (ingest, analyze, trade): redis://[USER@]HOST[:PORT][/DB], rediss:// for TLS, or redis+unix:///PATH?db=DB for a socket; Redis 6.2 or newer, or Valkey. Never with a password. docs/queue.md. run is a single process, hands posts over directly and uses no queue: memory:.") \
  X(queue, password_file, STR, 0, 4096, "", CFG_SECRET, "File with the password of Redis' user, readable by its owner alone. Empty: none is sent.") \
  X(queue, password_env, STR, 0, 64, "", CFG_ADVANCED | CFG_SECRET, "Or the environment variable that holds it.") \
  X(queue, ca_file, STR, 0, 4096, "", CFG_ADVANCED, "File with the certificates (PEM) of those who may have signed the Redis server's. Empty: those that this system trusts.") \
  X(queue, insecure, BOOL, 0, 0, "false", CFG_ADVANCED, "Speak to a Redis on another machine without TLS: only where nobody else is on the wire, such as a network of containers.") \
  X(queue, prefix, STR, 1, 64, "bf", CFG_ADVANCED, "What all names in Redis begin with; installations that share a Redis need one each. Letters, digits, . _ and -.") \
  X(queue, timeout_ms, INT, 100, 60000, "2000", CFG_ADVANCED, "How long Redis may take to be connected to, and to answer.") \
  X(queue, capacity, INT, 16, 1000000, "20000", CFG_ADVANCED, "Jobs the queue holds; what finds no room waits in the store. Not used by run.") \
  X(queue, fresh_for_s, INT, 1, 86400, "60", CFG_ADVANCED, "A post that waited longer goes behind newer ones: what happens within trading.max_signal_age_s is worth more than what has nearly passed it. Not used by run.") \
  X(queue, claim_after_ms, INT, 6000, 3600000, "15000", CFG_ADVANCED, "A job that its process has said nothing of for so long is given to another. Those at work say something every five seconds. Not used by run.") \
  X(queue, max_attempts, INT, 1, 100, "4", CFG_ADVANCED, "Tries of a job before it becomes a dead letter. Not used by run.") \
  X(queue, backoff_ms, INT, 1, 3600000, "1000", CFG_ADVANCED, "Pause before the second try; doubles with each. Not used by run.") \
  X(api, listen, STR, 0, 256, "", 0, "Address and port that the HTTP interface listens on: 127.0.0.1:8080, [::1]:8080, or 0.0.0.0:8080 for others too, which needs a token first (bullfinch token create). Empty: there is none. docs/api.md.") \
  X(api, rate_limit, INT, 0, 1000000, "600", 0, "HTTP requests a minute with one token, and from one address without any that counts; more are answered 429 with Retry-After. 0: no limit.") \
  X(api, cors_origins, LIST, 0, 64, "", CFG_ADVANCED, "Origins of pages that may use the HTTP interface beside its own: https://bot.example.com. Put the public name here, too, where a proxy stands in front.") \
  X(api, tls_cert_file, STR, 0, 4096, "", CFG_ADVANCED, "File with the certificate (PEM, its chain behind it): the HTTP interface speaks TLS, and nothing else. Empty: plain HTTP.") \
  X(api, tls_key_file, STR, 0, 4096, "", CFG_ADVANCED | CFG_SECRET, "File with its private key (PEM, without a password), readable by its owner alone.") \
  X(api, web_dir, STR, 0, 256, "", CFG_ADVANCED, "A folder with the dashboard's files (web/out), read with each request, for who works on them. Empty: the dashboard that is part of the program, as it was built.") \
  X(metrics, listen, STR, 0, 256, "", 0, "Address and port at which this process answers GET /metrics, and GET /health, alone: 127.0.0.1:9464. Every role has it (run, ingest, analyze, trade, serve), and each process on a machine needs a port of its own. Empty: none; run and serve still answer at api.listen. docs/metrics.md.") \
  X(metrics, token_file, STR, 0, 4096, "", CFG_SECRET, "File with a word that must come with each request there (Authorization: Bearer WORD), readable by its owner alone. Needed where others than this machine reach metrics.listen.") \
  X(metrics, token_env, STR, 0, 64, "", CFG_ADVANCED | CFG_SECRET, "Or the environment variable that holds it.") \
  X(notify, events, LIST, 0, 64, "all, -signal, -command, -trade_other", CFG_RELOAD, "What is told, to each channel that has no list of its own: names as docs/notifications.md has them, all, and with a - in front what is left out. Later words count after earlier ones.") \
  X(notify, urgent, LIST, 0, 64, "halt, drawdown, protection, trader, store", CFG_RELOAD, "What of it is urgent: told in quiet hours too, and before the rest.") \
  X(notify, quiet_hours, STR, 0, 32, "", CFG_RELOAD, "Hours in which nothing but the urgent is told, such as 22:00-07:00 +02:00 (UTC where no distance from it is given). The rest is told when they are over. Empty: none.") \
  X(notify, per_minute, INT, 1, 20, "12", CFG_RELOAD, "Messages a minute to one channel; what comes faster is told together. Telegram takes 20 a minute in a group.") \
  X(notify, repeat_s, INT, 0, 86400, "600", CFG_RELOAD, "The same thing again within so many seconds is not told each time, but counted and told once at their end. 0: each time.") \
  X(notify, give_up_hours, INT, 1, 168, "24", CFG_RELOAD, "Hours for which a message that cannot be delivered is tried again.") \
  X(notify, name, STR, 0, 32, "", 0, "What messages call this installation, for who has several.") \
  X(notify, here, BOOL, 0, 0, "true", CFG_ADVANCED, "May this process send messages? Of the processes that may (run, trade, serve) one at a time does. A process that has no secrets of the channels: false.") \
  X(telegram, token_file, STR, 0, 4096, "", CFG_SECRET, "File with the token of a bot that @BotFather made, readable by its owner alone.") \
  X(telegram, token_env, STR, 0, 64, "", CFG_ADVANCED | CFG_SECRET, "Or the environment variable that holds it.") \
  X(telegram, chat, STR, 0, 64, "", 0, "The chat that is told, and the only one that is listened to: its id, a number (of a group it begins with -).") \
  X(telegram, users, LIST, 0, 64, "", 0, "Ids of the users whose orders are taken there. Empty: in a chat with the bot alone everybody's, which is one person's; in a group nobody's.") \
  X(telegram, orders, BOOL, 0, 0, "true", 0, "Take orders from the chat: status, positions, halt, resume, flatten, approve. false: it is only told.") \
  X(telegram, events, LIST, 0, 64, "", CFG_RELOAD, "What is told there. Empty: as notify.events.") \
  X(telegram, url, STR, 0, 256, "https://api.telegram.org", CFG_ADVANCED, "Telegram's Bot API, or a server of one's own that speaks it.") \
  X(discord, url_file, STR, 0, 4096, "", CFG_SECRET, "File with the URL of a webhook of a Discord channel, readable by its owner alone: who has it can write there.") \
  X(discord, url_env, STR, 0, 64, "", CFG_ADVANCED | CFG_SECRET, "Or the environment variable that holds it.") \
  X(discord, events, LIST, 0, 64, "", CFG_RELOAD, "What is told there. Empty: as notify.events.") \
  X(slack, url_file, STR, 0, 4096, "", CFG_SECRET, "File with the URL of an incoming webhook of Slack, readable by its owner alone.") \
  X(slack, url_env, STR, 0, 64, "", CFG_ADVANCED | CFG_SECRET, "Or the environment variable that holds it.") \
  X(slack, events, LIST, 0, 64, "", CFG_RELOAD, "What is told there. Empty: as notify.events.") \
  X(webhook, url_file, STR, 0, 4096, "", CFG_SECRET, "File with a URL that messages are posted to as JSON, signed (docs/notifications.md).") \
  X(webhook, url_env, STR, 0, 64, "", CFG_ADVANCED | CFG_SECRET, "Or the environment variable that holds it.") \
  X(webhook, secret_file, STR, 0, 4096, "", CFG_SECRET, "File with the secret that messages are signed with, at least 16 characters.") \
  X(webhook, secret_env, STR, 0, 64, "", CFG_ADVANCED | CFG_SECRET, "Or the environment variable that holds it.") \
  X(webhook, events, LIST, 0, 64, "", CFG_RELOAD, "What is told there. Empty: as notify.events.") \
  X(mail, url, STR, 0, 256, "", 0, "The mail server: smtps://HOST (TLS from the start, port 465) or smtp://HOST (port 587, turned to TLS before anything is said); without TLS only smtp://127.0.0.1:PORT.") \
  X(mail, user, STR, 0, 128, "", 0, "The user's name there. Empty: the server asks for none.") \
  X(mail, password_file, STR, 0, 4096, "", CFG_SECRET, "File with the password, readable by its owner alone.") \
  X(mail, password_env, STR, 0, 64, "", CFG_ADVANCED | CFG_SECRET, "Or the environment variable that holds it.") \
  X(mail, from, STR, 0, 254, "", 0, "The sender's address.") \
  X(mail, to, LIST, 0, 16, "", 0, "Addresses that mail goes to.") \
  X(mail, events, LIST, 0, 64, "", CFG_RELOAD, "What is told there. Empty: as notify.events.") \
  X(log, level, CHOICE, 0, 0, "info|trace|debug|unusual|broken", CFG_RELOAD, "Least level that is logged.") \
  X(log, format, CHOICE, 0, 0, "logfmt|json", 0, "Shape of log lines.") \
  X(run, dead_letters_an_hour, INT, 0, 1000000, "20", CFG_RELOAD, "More dead letters within an hour are an alert, once; it is over when no more than half as many came within one. A trader in real time looks once a minute. 0: never.") \
  X(run, dead_letters_mb, INT, 1, 1000000, "64", CFG_ADVANCED, "Megabytes that lines and messages which were no posts may take as dead letters, of all processes. Of more the oldest go, and are counted. Dead letters of stored posts and of jobs do not count.") \
  X(run, confine, CHOICE, 0, 0, "auto|required|off", CFG_ADVANCED, "run, ingest, analyze, trade and serve take rights from themselves at their start, where the kernel has Landlock: they then write below the store's folder alone, read what is configured and the system's libraries, and start no program. required: a kernel without it is an error. docs/security.md.") \
  X(run, seed, INT, 0, INT64_MAX, "1", CFG_ADVANCED, "Seed for chance. Nothing in this build is left to chance, so nothing uses it.")
/* clang-format on */

#endif
