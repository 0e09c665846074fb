-- What one would write today without this module: a COS v5 signer for
-- lua-nginx-module.
--
--   set  $authorization "";
--
--   access_by_lua_block {
--       ngx.var.authorization = require("cos").authorization()
--   }
--
--   proxy_set_header  Host          $bucket_host;
--   proxy_set_header  Authorization $authorization;
--   proxy_pass        https://BUCKET.cos.REGION.myqcloud.com;
--
-- The server sets $bucket_host, $secret_id and $secret_key.  Signed are
-- Host and the parameters; a token is not supported.

local _M = {}

local concat, format, gsub, lower = table.concat, string.format, string.gsub,
    string.lower
local hmac_sha1, sha1_bin = ngx.hmac_sha1, ngx.sha1_bin

local digits, escapes = {}, {}

for i = 0, 255 do
    digits[string.char(i)] = format("%02x", i)
    escapes[string.char(i)] = format("%%%02X", i)
end

local function hex(text)
    return (gsub(text, ".", digits))
end

local function escape(text)
    return (gsub(text, "[^%w%-_.~]", escapes))
end

-- { { name, value }, ... } is two strings, sorted by what is sent

local function canonical(pairs)
    local items, names, texts = {}, {}, {}

    for i, pair in ipairs(pairs) do
        items[i] = { lower(escape(pair[1])), escape(pair[2]) }
    end

    table.sort(items, function(a, b)
        if a[1] ~= b[1] then
            return a[1] < b[1]
        end

        return a[2] < b[2]
    end)

    for i, item in ipairs(items) do
        names[i] = item[1]
        texts[i] = item[1] .. "=" .. item[2]
    end

    return concat(names, ";"), concat(texts, "&")
end

-- the key of five minutes is kept

local kept_id, kept_time, kept_key

local function sign_key(id, key, key_time)
    if kept_id ~= id or kept_time ~= key_time then
        kept_id, kept_time = id, key_time
        kept_key = hex(hmac_sha1(key, key_time))
    end

    return kept_key
end

function _M.sign(id, key, key_time, method, path, params, headers)
    local param_list, param_text = canonical(params)
    local header_list, header_text = canonical(headers)

    local http = concat({ lower(method), path, param_text, header_text, "" },
                        "\n")
    local text = concat({ "sha1", key_time, hex(sha1_bin(http)), "" }, "\n")

    return concat({
        "q-sign-algorithm=sha1&q-ak=", id, "&q-sign-time=", key_time,
        "&q-key-time=", key_time, "&q-header-list=", header_list,
        "&q-url-param-list=", param_list, "&q-signature=",
        hex(hmac_sha1(sign_key(id, key, key_time), text))
    })
end

function _M.authorization()
    local var = ngx.var
    local now = ngx.time()
    local start = now - now % 300 - 300
    local params = {}

    for name, value in pairs(ngx.req.get_uri_args()) do
        if type(value) ~= "table" then
            value = { value }
        end

        for _, one in ipairs(value) do
            params[#params + 1] = { name, one == true and "" or one }
        end
    end

    return _M.sign(var.secret_id, var.secret_key,
                   start .. ";" .. start + 1500, ngx.req.get_method(),
                   var.uri, params, { { "host", var.bucket_host } })
end

return _M
