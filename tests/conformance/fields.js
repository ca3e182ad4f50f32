// The members that the exchange's documentation gives each answer, written down from it; what comes
// only under a condition stands apart.
'use strict';

const names = text => text.trim().split(/\s+/);

const ORDER_ACK = names('symbol orderId orderListId clientOrderId transactTime');
const ORDER_RESULT = ORDER_ACK.concat(names(`price origQty executedQty origQuoteOrderQty
    cummulativeQuoteQty status timeInForce type side workingTime selfTradePreventionMode`));
const ORDER_FULL = ORDER_RESULT.concat(['fills']);
const ORDER_STORED = names(`symbol orderId orderListId clientOrderId price origQty executedQty
    cummulativeQuoteQty status timeInForce type side stopPrice icebergQty time updateTime isWorking
    workingTime origQuoteOrderQty selfTradePreventionMode`);
const ORDER_CANCELED = names(`symbol origClientOrderId orderId orderListId clientOrderId transactTime
    price origQty executedQty origQuoteOrderQty cummulativeQuoteQty status timeInForce type side
    selfTradePreventionMode`);
const ORDER_CONDITIONAL = names(`stopPrice icebergQty trailingDelta trailingTime strategyId strategyType
    expiryReason`);
const FILL = names('price qty commission commissionAsset tradeId');
const LIST_STORED = names(`orderListId contingencyType listStatusType listOrderStatus listClientOrderId
    transactionTime symbol orders`);
const LIST = LIST_STORED.concat(['orderReports']);
const LIST_ORDER = names('symbol orderId clientOrderId');
const TRADE = names(`symbol id orderId orderListId price qty quoteQty commission commissionAsset time
    isBuyer isMaker isBestMatch`);
const ACCOUNT = names(`makerCommission takerCommission buyerCommission sellerCommission commissionRates
    canTrade canWithdraw canDeposit brokered requireSelfTradePrevention preventSor updateTime
    accountType balances permissions uid`);
const COMMISSION = names('symbol standardCommission specialCommission taxCommission discount');
const INFO = names('timezone serverTime rateLimits exchangeFilters symbols');
const INFO_SYMBOL = names(`symbol status baseAsset baseAssetPrecision quoteAsset quotePrecision
    quoteAssetPrecision baseCommissionPrecision quoteCommissionPrecision orderTypes icebergAllowed
    ocoAllowed otoAllowed opoAllowed quoteOrderQtyMarketAllowed allowTrailingStop
    cancelReplaceAllowed amendAllowed pegInstructionsAllowed isSpotTradingAllowed
    isMarginTradingAllowed filters permissions permissionSets defaultSelfTradePreventionMode
    allowedSelfTradePreventionModes`);
const RATE_LIMIT = names('rateLimitType interval intervalNum limit');
const FILTERS = {
    PRICE_FILTER: names('filterType minPrice maxPrice tickSize'),
    LOT_SIZE: names('filterType minQty maxQty stepSize'),
    MARKET_LOT_SIZE: names('filterType minQty maxQty stepSize'),
    ICEBERG_PARTS: names('filterType limit'),
    TRAILING_DELTA: names(`filterType minTrailingAboveDelta maxTrailingAboveDelta
        minTrailingBelowDelta maxTrailingBelowDelta`),
    PERCENT_PRICE: names('filterType multiplierUp multiplierDown avgPriceMins'),
    PERCENT_PRICE_BY_SIDE: names(`filterType bidMultiplierUp bidMultiplierDown askMultiplierUp
        askMultiplierDown avgPriceMins`),
    NOTIONAL: names('filterType minNotional applyMinToMarket maxNotional applyMaxToMarket avgPriceMins'),
    MIN_NOTIONAL: names('filterType minNotional applyToMarket avgPriceMins'),
    MAX_NUM_ORDERS: names('filterType maxNumOrders'),
    MAX_NUM_ALGO_ORDERS: names('filterType maxNumAlgoOrders'),
    MAX_NUM_ICEBERG_ORDERS: names('filterType maxNumIcebergOrders'),
    MAX_NUM_ORDER_LISTS: names('filterType maxNumOrderLists'),
    MAX_NUM_ORDER_AMENDS: names('filterType maxNumOrderAmends'),
    MAX_POSITION: names('filterType maxPosition'),
};
const DEPTH = names('lastUpdateId bids asks');
const BOOK_TICKER = names('symbol bidPrice bidQty askPrice askQty');
const AVG_PRICE = names('mins price closeTime');
const PUBLIC_TRADE = names('id price qty quoteQty time isBuyerMaker isBestMatch');
const AGG_TRADE = names('a p q f l T m M');
const TICKER_MINI = names(`symbol openPrice highPrice lowPrice lastPrice volume quoteVolume openTime
    closeTime firstId lastId count`);
const TICKER = TICKER_MINI.concat(names(`priceChange priceChangePercent weightedAvgPrice prevClosePrice
    lastQty bidPrice bidQty askPrice askQty`));
const REPLACED = names('cancelResult newOrderResult cancelResponse newOrderResponse');
const AMENDED = names('transactTime executionId amendedOrder');
const AMENDED_ORDER = names(`symbol orderId orderListId origClientOrderId clientOrderId price qty
    executedQty preventedQty quoteOrderQty cumulativeQuoteQty status timeInForce type side
    workingTime selfTradePreventionMode`);
const EXECUTION_REPORT = names(`e E s c S o f q p P F g C x X r i l z L n N T t I w m M O Z Y Q V`);
const EXECUTION_REPORT_CONDITIONAL = names('W d D j J eR v A B u U Cs pl pL pY');

module.exports = {
    ORDER_ACK, ORDER_RESULT, ORDER_FULL, ORDER_STORED, ORDER_CANCELED, ORDER_CONDITIONAL, FILL,
    LIST_STORED, LIST, LIST_ORDER, TRADE, ACCOUNT, COMMISSION, INFO, INFO_SYMBOL, RATE_LIMIT, FILTERS,
    DEPTH, BOOK_TICKER, AVG_PRICE, PUBLIC_TRADE, AGG_TRADE, TICKER, TICKER_MINI, REPLACED, AMENDED,
    AMENDED_ORDER, EXECUTION_REPORT, EXECUTION_REPORT_CONDITIONAL,
};
