-- Requests of devices, one in ten of them rejected: wrk -s batches.lua URL -- PATH TOKEN
local requests, at = {}, 0

function init(arguments)
    local path, token = arguments[1], arguments[2]
    math.randomseed(1)
    for i = 1, 1000 do
        local query = string.format("token=%s&v1=%d&v2=%.2f&v3=water+%d&v6=%d", token, math.random(-20, 120),
            math.random() * 200 - 50, i, i % 2)
        local bad = {"&v1=1", "&v9=1", "&v256=1", "&v4=7", "&v5=1"}
        if i % 10 == 0 then query = query .. bad[i / 10 % #bad + 1] end
        requests[i] = wrk.format("GET", path .. "?" .. query)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end
