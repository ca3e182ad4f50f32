-- random_pages: wrk asks for pages of a list that begin at random places.
--   wrk -t1 -c32 -d10s --latency -s bench/random_pages.lua URL -- tweets FIRST LAST
-- FIRST and LAST: what the cursors' first numbers (times of posts in microseconds) or, for the lists
-- that are in the order of their ids, the ids are between.
local list, first, last
function init(args)
    list, first, last = args[1], tonumber(args[2]), tonumber(args[3])
    math.randomseed(17)
end
function request()
    local at = math.floor(first + math.random() * (last - first))
    local cursor = list == "tweets" and string.format("%x-0", at) or string.format("0-%x", at)
    return wrk.format("GET", "/api/" .. list .. "?limit=50&before=" .. cursor)
end
