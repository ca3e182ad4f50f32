/* Law: whatever a price stream or REST says, a quote that comes of it has bid, last and ask above
 * zero and in order, of a symbol that is listed; and the same text says the same twice. */
#include "fuzz.h"
#include "market/binance_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct symbol listed[] = {{.name = "BTCUSDT"}, {.name = "DOGEUSDT"}};
    const struct symbols symbols = {listed, COUNT_OF(listed)};
    const str text = str_from_bytes(data, (ptrdiff_t)bytes);
    struct quote q, again;
    int64_t update, twice;
    listed[0].tick = price_from_e8(1000000);
    listed[1].tick = price_from_e8(1000);
    if (!binance_ticker_parse(&symbols, text, &q, &update)) return 0;
    LAW(q.sym >= 0 && q.sym < symbols.count);
    LAW(price_e8(q.bid) > 0);
    LAW(price_cmp(q.bid, q.last) <= 0);
    LAW(price_cmp(q.last, q.ask) <= 0);
    LAW(q.interval == 0);
    LAW(update >= 0);
    LAW(binance_ticker_parse(&symbols, text, &again, &twice));
    LAW(update == twice && q.sym == again.sym && price_cmp(q.last, again.last) == 0);
    return 0;
}
