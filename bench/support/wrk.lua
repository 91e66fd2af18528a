-- Sends one header value of a file after the other, and prints the result as one line of JSON. With a third argument,
-- introspects the bearer tokens of the file instead, with that value of the header.
local requests = {}
local last = 0

function init(args)
  for value in io.lines(args[2]) do
    if args[3] then
      local headers = { [args[1]] = args[3], ["Content-Type"] = "application/x-www-form-urlencoded" }
      table.insert(requests, wrk.format("POST", nil, headers, "token=" .. value:match("Bearer (.+)")))
    else
      table.insert(requests, wrk.format("GET", nil, { [args[1]] = value }))
    end
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"rejected":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
