-- SPDX-License-Identifier: GPL-2.0-or-later OR MIT
--
-- Wireshark dissector of Crypto over Fabrics, version 1, over TCP:
-- Documentation/crypto/cof-protocol.rst, include/uapi/linux/cof.h.
-- Documentation/admin-guide/cof-wireshark.rst says how to use it.
--
-- Keys, and what is encrypted with them, appear as their length only. Nothing of a message that is
-- malformed appears as bytes: a key may be anywhere in it.

local cof = Proto("cof", "Crypto over Fabrics")

local MAGIC = 0x434f4631	-- 'C' 'O' 'F' '1', as it lies in the stream
local HDR_LEN = 32
local MIN_LEN = 16		-- enough to know the length
local MAX_MSG = 65536
local RESPONSE = 0x0001

local CONNECT, DISCONNECT, IDENTIFY, KEY_OPEN, KEY_CLOSE, KEEP_ALIVE, EVENT = 1, 2, 3, 4, 5, 6, 7
local ENCRYPT, DECRYPT, SIGN, VERIFY, ABORT, QUERY = 0x40, 0x41, 0x42, 0x43, 0x48, 0x49
local S_OK, S_VERSION, S_OVERFLOW, S_NOT_SUPPORTED = 0, 9, 12, 14

local opcodes = {
	[CONNECT] = "CONNECT", [DISCONNECT] = "DISCONNECT", [IDENTIFY] = "IDENTIFY",
	[KEY_OPEN] = "KEY_OPEN", [KEY_CLOSE] = "KEY_CLOSE", [KEEP_ALIVE] = "KEEP_ALIVE",
	[EVENT] = "EVENT", [0x08] = "KEY_LOOKUP", [0x09] = "TLS",
	[ENCRYPT] = "ENCRYPT", [DECRYPT] = "DECRYPT", [SIGN] = "SIGN", [VERIFY] = "VERIFY",
	[ABORT] = "ABORT", [QUERY] = "QUERY",
	[0x50] = "KEY_AGREE", [0x51] = "KEM_ENCAP", [0x52] = "KEM_DECAP",
}

-- Length of the fixed part: of the request, of the response (nil: there is none).
local hlens = {
	[CONNECT] = { 208, 88 }, [DISCONNECT] = { 32, nil }, [IDENTIFY] = { 32, 168 },
	[KEY_OPEN] = { 40, 48 }, [KEY_CLOSE] = { 40, 32 }, [KEEP_ALIVE] = { 32, 32 },
	[EVENT] = { 40, nil },
	[ENCRYPT] = { 64, 40 }, [DECRYPT] = { 64, 40 }, [SIGN] = { 64, 40 }, [VERIFY] = { 64, 40 },
	[ABORT] = { 40, 32 }, [QUERY] = { 40, 32 },
}

local statuses = {
	[0] = "OK", "KEY_REJECTED", "BAD_MESSAGE", "UNKNOWN_HANDLE", "NO_KEY_ROOM", "BUSY", "DRAINING",
	"HOST_DENIED", "UNKNOWN_POOL", "VERSION", "CLEAR_TEXT", "INVALID", "OVERFLOW", "INTERNAL",
	"NOT_SUPPORTED", "PROTOCOL", "LOOP", "TIMEOUT", "NO_ASSOCIATION", "NO_MEMORY", "ABORTED",
	"BAD_CRC",
}
local events = { "capabilities changed", "quota changed", "draining" }
local algos = { [1] = "RSA", [3] = "ECDSA" }
local curves = { [0] = "none", [1] = "P-192", [3] = "P-256", [4] = "P-384", [5] = "P-521" }
local ops = { [0] = "encrypt", "decrypt", "sign", "verify" }
local paddings = { [0] = "raw", "PKCS#1 v1.5" }
local hashes = {
	[0] = "none", [4] = "md5", [5] = "sha1", [6] = "sha256", [7] = "sha384", [8] = "sha512",
	[9] = "sha224",
}
local features = { [0] = "HDR_CRC", "DATA_CRC", "INLINE_KEY", "ABORT", "NAMED_KEYS", "TLS" }

local f = {
	magic = ProtoField.string("cof.magic", "Magic"),
	opcode = ProtoField.uint16("cof.opcode", "Opcode", base.HEX, opcodes),
	flags = ProtoField.uint16("cof.flags", "Flags", base.HEX),
	response = ProtoField.bool("cof.flags.response", "Response", 16, nil, RESPONSE),
	length = ProtoField.uint32("cof.length", "Length of the message"),
	hlen = ProtoField.uint16("cof.hlen", "Length of the fixed part"),
	status = ProtoField.uint16("cof.status", "Status", base.DEC, statuses),
	tag = ProtoField.uint64("cof.tag", "Tag", base.HEX),
	hdr_crc = ProtoField.uint32("cof.hdr_crc", "CRC32C of the fixed part", base.HEX),
	data_crc = ProtoField.uint32("cof.data_crc", "CRC32C of the data", base.HEX),
	crc_status = ProtoField.string("cof.crc.status", "Digest"),
	request_in = ProtoField.framenum("cof.request_in", "Request in", base.NONE, frametype.REQUEST),
	response_in = ProtoField.framenum("cof.response_in", "Response in", base.NONE,
		frametype.RESPONSE),
	time = ProtoField.relative_time("cof.time", "Time since the request"),
	reserved = ProtoField.bytes("cof.reserved", "Reserved"),
	data_len = ProtoField.uint32("cof.data_len", "Length of the data"),
	garbage_len = ProtoField.uint32("cof.garbage_len", "Bytes that are no message"),

	version_min = ProtoField.uint16("cof.version_min", "Lowest version"),
	version_max = ProtoField.uint16("cof.version_max", "Highest version"),
	version = ProtoField.uint16("cof.version", "Version"),
	qid = ProtoField.uint16("cof.qid", "Queue (0: admin)"),
	queues = ProtoField.uint16("cof.queues", "I/O queues"),
	depth = ProtoField.uint32("cof.depth", "Depth of a queue"),
	max_msg = ProtoField.uint32("cof.max_msg", "Longest message taken"),
	kato_ms = ProtoField.uint32("cof.kato_ms", "Keep-alive time-out (ms)"),
	features = ProtoField.uint64("cof.features", "Features", base.HEX),
	cookie = ProtoField.bytes("cof.cookie", "Cookie"),
	hostid = ProtoField.stringz("cof.hostid", "Host"),
	pool = ProtoField.stringz("cof.pool", "Pool"),
	assoc_id = ProtoField.uint64("cof.assoc_id", "Association"),

	algos = ProtoField.uint32("cof.algos", "Algorithms", base.HEX),
	rsa_ops = ProtoField.uint32("cof.rsa_ops", "RSA operations", base.HEX),
	rsa_paddings = ProtoField.uint32("cof.rsa_paddings", "RSA paddings", base.HEX),
	rsa_hashes = ProtoField.uint32("cof.rsa_hashes", "RSA hashes", base.HEX),
	rsa_min_bits = ProtoField.uint32("cof.rsa_min_bits", "Smallest RSA key (bits)"),
	rsa_max_bits = ProtoField.uint32("cof.rsa_max_bits", "Largest RSA key (bits)"),
	max_keys = ProtoField.uint32("cof.max_keys", "Keys an association may hold"),
	max_der = ProtoField.uint32("cof.max_der", "Longest key (bytes)"),
	ec_curves = ProtoField.uint32("cof.ec_curves", "EC curves", base.HEX),
	ec_ops = ProtoField.uint32("cof.ec_ops", "EC operations", base.HEX),
	ops_per_sec = ProtoField.uint64("cof.ops_per_sec", "Quota: operations per second"),
	bytes_per_sec = ProtoField.uint64("cof.bytes_per_sec", "Quota: input bytes per second"),
	units_per_sec = ProtoField.uint64("cof.units_per_sec", "Quota: cost units per second"),
	burst_ms = ProtoField.uint32("cof.burst_ms", "Quota: burst (ms)"),
	max_inflight = ProtoField.uint32("cof.max_inflight", "Quota: operations in flight"),
	driver = ProtoField.stringz("cof.driver", "Driver"),

	algo = ProtoField.uint8("cof.algo", "Algorithm", base.DEC, algos),
	is_private = ProtoField.uint8("cof.is_private", "Private key"),
	curve = ProtoField.uint8("cof.curve", "Curve", base.DEC, curves),
	der_len = ProtoField.uint32("cof.der_len", "Length of the key"),
	handle = ProtoField.uint64("cof.handle", "Key handle", base.HEX),
	key_bytes = ProtoField.uint32("cof.key_bytes", "Size of the modulus, or of the longest signature (bytes)"),
	event = ProtoField.uint32("cof.event", "Event", base.DEC, events),
	abort_tag = ProtoField.uint64("cof.abort_tag", "Tag of the operation", base.HEX),

	padding = ProtoField.uint8("cof.padding", "Padding", base.DEC, paddings),
	hash = ProtoField.uint8("cof.hash", "Hash", base.DEC, hashes),
	hops = ProtoField.uint8("cof.hops", "Fabrics crossed, this one included"),
	src_len = ProtoField.uint32("cof.src_len", "Length of the input"),
	digest_len = ProtoField.uint32("cof.digest_len", "Length of the digest"),
	out_len = ProtoField.uint32("cof.out_len", "Length of the result"),
	key_len = ProtoField.uint32("cof.key_len", "Length of the inline key"),
	key_private = ProtoField.uint8("cof.key_private", "Inline key is private"),
	key_curve = ProtoField.uint8("cof.key_curve", "Curve of the inline key", base.DEC, curves),
	input = ProtoField.bytes("cof.input", "Input"),
	digest = ProtoField.bytes("cof.digest", "Digest"),
	result = ProtoField.bytes("cof.result", "Result"),
	secret = ProtoField.string("cof.secret", "Not shown"),
}
for bit_nr, name in pairs(features) do
	f["feature" .. bit_nr] = ProtoField.bool("cof.features." .. name:lower(), name, 64, nil,
		1 << bit_nr)
end
for _, field in pairs(f) do
	table.insert(cof.fields, field)
end

local e = {
	status = ProtoExpert.new("cof.expert.status", "The target answers with an error",
		expert.group.RESPONSE_CODE, expert.severity.NOTE),
	disconnect = ProtoExpert.new("cof.expert.disconnect", "The connection is ended for a reason",
		expert.group.RESPONSE_CODE, expert.severity.NOTE),
	unmatched = ProtoExpert.new("cof.expert.unmatched", "No request with this tag is in flight",
		expert.group.SEQUENCE, expert.severity.NOTE),
	opcode = ProtoExpert.new("cof.expert.opcode", "Unknown opcode",
		expert.group.UNDECODED, expert.severity.NOTE),
	malformed = ProtoExpert.new("cof.expert.malformed", "A rule of the protocol is broken",
		expert.group.MALFORMED, expert.severity.WARN),
	reserved = ProtoExpert.new("cof.expert.reserved", "Reserved, not zero",
		expert.group.MALFORMED, expert.severity.WARN),
	value = ProtoExpert.new("cof.expert.value", "Value out of bounds",
		expert.group.PROTOCOL, expert.severity.WARN),
	tag = ProtoExpert.new("cof.expert.tag", "Tag that is in flight",
		expert.group.SEQUENCE, expert.severity.WARN),
	crc = ProtoExpert.new("cof.expert.crc", "Wrong digest",
		expert.group.CHECKSUM, expert.severity.ERROR),
}
for _, field in pairs(e) do
	table.insert(cof.experts, field)
end

cof.prefs.ports = Pref.range("TCP ports", "4430",
	"Connections with these are CoF. Others are if they begin with the magic.", 65535)
cof.prefs.verify = Pref.bool("Verify digests", true, "Compute CRC32C where a message carries it")

local tcp_stream = Field.new("tcp.stream")

-- ---- CRC32C -------------------------------------------------------------------------------------

local crc_table = {}
for i = 0, 255 do
	local crc = i
	for _ = 1, 8 do
		crc = crc & 1 ~= 0 and crc >> 1 ~ 0x82f63b78 or crc >> 1
	end
	crc_table[i] = crc
end

local function crc32c(bytes)
	local crc = 0xffffffff
	for i = 1, #bytes do
		crc = crc_table[(crc ~ bytes:byte(i)) & 0xff] ~ crc >> 8
	end
	return crc ~ 0xffffffff
end

-- ---- requests and responses ---------------------------------------------------------------------

local pending		-- [stream][tag]: a request that has no answer yet
local granted		-- [stream]: features, once CONNECT was answered
local exchanges		-- [message]: what a request and its response know of each other
local unmatched		-- [message]: a response without request
local repeated		-- [message]: a request with a tag that is in flight
local ungranted		-- [message]: carries a digest, and none was negotiated
local last_frame

function cof.init()
	pending, granted, exchanges, unmatched, repeated, ungranted = {}, {}, {}, {}, {}, {}
	last_frame = nil
end

local function message_id(m)
	return m.frame .. ":" .. m.tag .. ":" .. (m.is_response and 1 or 0) .. ":" .. m.opcode
end

-- Once for each message, in the order of the capture.
local function follow(m, pinfo)
	local id = message_id(m)
	if pinfo.visited then
		return id
	end
	local stream = m.stream
	pending[stream] = pending[stream] or {}
	local open = pending[stream]
	if granted[stream] then
		ungranted[id] = (m.hdr_crc ~= 0 and granted[stream] & 1 == 0) or
			(m.data_crc ~= 0 and granted[stream] & 2 == 0)
	end
	if m.opcode == DISCONNECT or m.opcode == EVENT then
		return id
	end
	if not m.is_response then
		repeated[id] = open[m.tag] ~= nil
		local exchange = { request = m.frame, time = m.time, opcode = m.opcode, features = 0 }
		open[m.tag] = exchange
		exchanges[id] = exchange
		return id
	end
	local exchange = open[m.tag]
	if not exchange or exchange.opcode ~= m.opcode then
		unmatched[id] = true
		return id
	end
	open[m.tag] = nil
	exchange.response = m.frame
	exchange.delta = m.time - exchange.time
	exchanges[id] = exchange
	return id
end

local function show_exchange(m, id, tree)
	local exchange = exchanges[id]
	if m.is_response and exchange then
		local ns = math.floor(exchange.delta * 1e9 + 0.5)
		tree:add(f.request_in, exchange.request):set_generated()
		tree:add(f.time, NSTime.new(ns // 1000000000, ns % 1000000000)):set_generated()
	elseif not m.is_response and exchange and exchange.response then
		tree:add(f.response_in, exchange.response):set_generated()
	end
	if unmatched[id] then
		tree:add_proto_expert_info(e.unmatched, "No request with this tag and opcode is in flight: " ..
			"late, or the capture begins after it")
	end
	if repeated[id] then
		tree:add_proto_expert_info(e.tag, "A request with this tag is in flight")
	end
end

-- ---- parts of messages --------------------------------------------------------------------------

local function bad(item, text)
	item:add_proto_expert_info(e.malformed, text)
end

local function bounds(item, value, low, high)
	if value < low or value > high then
		item:add_proto_expert_info(e.value, ("%d: must be %d to %d"):format(value, low, high))
	end
end

local function reserved(tree, range)
	local item = tree:add(f.reserved, range)
	if range:raw():find("[^%z]") then
		item:add_proto_expert_info(e.reserved)
	end
end

local function le(tree, field, range)
	return tree:add_le(field, range), range:le_uint()
end

local function bounded(tree, field, range, low, high)
	local item, value = le(tree, field, range)
	bounds(item, value, low, high)
	return value
end

-- The names of the bits that are set.
local function mask(tree, field, range, names)
	local item, value = le(tree, field, range)
	local list = {}
	for i = 0, 31 do
		if value >> i & 1 ~= 0 then
			list[#list + 1] = names[i] or "bit " .. i
		end
	end
	item:append_text(" (" .. table.concat(list, ", ") .. ")")
end

local function name(tree, field, range)
	local raw = range:raw()		-- add() shortens the range to the string
	local item = tree:add(field, range)
	local text = raw:match("^[A-Za-z0-9._:+-]*")
	if #text > 63 or text == "" or raw:sub(#text + 1):find("[^%z]") then
		item:add_proto_expert_info(e.value, "1 to 63 of [A-Za-z0-9._:+-], then NUL to the end")
	end
	return text
end

local function show_features(tree, range)
	local item = tree:add_le(f.features, range)
	for i = 0, 5 do
		item:add_le(f["feature" .. i], range)
	end
end

-- What nobody should see: no bytes belong to the item, so none can be shown, or exported.
local function secret(tree, range, what)
	if range then
		tree:add(f.secret, range:range(0, 0), ("%s, %d bytes"):format(what, range:len()))
	end
end

-- The data, or nil if there is none.
local function data_of(m, tvb)
	return m.length > m.hlen and tvb:range(m.hlen, m.length - m.hlen) or nil
end

local function crc_item(tree, field, range, bytes, what)
	local item, value = le(tree, field, range)
	if value == 0 or not cof.prefs.verify then
		return value
	end
	local wanted = crc32c(bytes)
	if value == wanted then
		item:append_text(" (correct)")
		item:add(f.crc_status, "good"):set_generated()
	else
		item:append_text((" (wrong, should be 0x%08x)"):format(wanted))
		item:add(f.crc_status, "bad"):set_generated()
		item:add_proto_expert_info(e.crc, ("CRC32C of the %s is 0x%08x"):format(what, wanted))
	end
	return value
end

-- ---- opcodes ------------------------------------------------------------------------------------
-- Each gets the message, its tree, its bytes, its data (or nil); returns text for the Info column.
-- The fixed part has the length that it should have.

local request, response = {}, {}

request[CONNECT] = function(m, tree, tvb, data)
	local qid = tvb:range(36, 2):le_uint()
	local low = bounded(tree, f.version_min, tvb:range(32, 2), 1, 65535)
	bounded(tree, f.version_max, tvb:range(34, 2), low, 65535)
	bounded(tree, f.qid, tvb:range(36, 2), 0, 64)
	bounded(tree, f.queues, tvb:range(38, 2), qid == 0 and 1 or 0, qid == 0 and 64 or 0)
	bounded(tree, f.depth, tvb:range(40, 4), qid == 0 and 1 or 0, qid == 0 and 1024 or 0)
	bounded(tree, f.max_msg, tvb:range(44, 4), 8192, 65536)
	local kato, value = le(tree, f.kato_ms, tvb:range(48, 4))
	if value ~= 0 then
		bounds(kato, value, qid == 0 and 100 or 0, qid == 0 and 300000 or 0)
	end
	reserved(tree, tvb:range(52, 4))
	show_features(tree, tvb:range(56, 8))
	local cookie = tree:add(f.cookie, tvb:range(64, 16))
	if qid == 0 and tvb:range(64, 16):raw():find("[^%z]") then
		cookie:add_proto_expert_info(e.value, "0 on the admin queue")
	end
	local host = name(tree, f.hostid, tvb:range(80, 64))
	local pool = name(tree, f.pool, tvb:range(144, 64))
	return ("queue %d, host %s, pool %s"):format(qid, host, pool), data == nil
end

response[CONNECT] = function(m, tree, tvb, data)
	tree:add_le(f.version, tvb:range(32, 2))
	tree:add_le(f.version_min, tvb:range(34, 2))
	tree:add_le(f.qid, tvb:range(36, 2))
	tree:add_le(f.queues, tvb:range(38, 2))
	tree:add_le(f.depth, tvb:range(40, 4))
	local max_msg, size = le(tree, f.max_msg, tvb:range(44, 4))
	local kato, ms = le(tree, f.kato_ms, tvb:range(48, 4))
	reserved(tree, tvb:range(52, 4))
	show_features(tree, tvb:range(56, 8))
	tree:add_le(f.assoc_id, tvb:range(64, 8))
	tree:add(f.cookie, tvb:range(72, 16))
	if m.status == S_OK then
		bounds(max_msg, size, 8192, 65536)
		bounds(kato, ms, 100, 300000)
		granted[m.stream] = tvb:range(56, 4):le_uint()
		return ("queue %d of %d, depth %d"):format(tvb:range(36, 2):le_uint(),
			tvb:range(38, 2):le_uint(), tvb:range(40, 4):le_uint()), data == nil
	end
	if m.status == S_VERSION then
		return ("the target speaks %d to %d"):format(tvb:range(34, 2):le_uint(),
			tvb:range(32, 2):le_uint()), data == nil
	end
	return nil, data == nil
end

response[IDENTIFY] = function(m, tree, tvb, data)
	mask(tree, f.algos, tvb:range(32, 4), algos)
	mask(tree, f.rsa_ops, tvb:range(36, 4), ops)
	mask(tree, f.rsa_paddings, tvb:range(40, 4), paddings)
	mask(tree, f.rsa_hashes, tvb:range(44, 4), hashes)
	for i, field in ipairs { "rsa_min_bits", "rsa_max_bits", "max_keys", "max_der" } do
		tree:add_le(f[field], tvb:range(44 + 4 * i, 4))
	end
	mask(tree, f.ec_curves, tvb:range(64, 4), curves)
	mask(tree, f.ec_ops, tvb:range(68, 4), ops)
	for i, field in ipairs { "ops_per_sec", "bytes_per_sec", "units_per_sec" } do
		tree:add_le(f[field], tvb:range(64 + 8 * i, 8))
	end
	tree:add_le(f.burst_ms, tvb:range(96, 4))
	tree:add_le(f.max_inflight, tvb:range(100, 4))
	tree:add(f.driver, tvb:range(104, 64))
	return m.status == S_OK and "driver " .. tvb:range(104, 64):stringz() or nil, data == nil
end

-- What there may be of a curve: with RSA nothing, else the target knows.
local function max_curve(algo)
	return algo:uint() == 1 and 0 or 255
end

request[KEY_OPEN] = function(m, tree, tvb, data)
	local private = tvb:range(33, 1):uint()
	tree:add(f.algo, tvb:range(32, 1))
	bounded(tree, f.is_private, tvb:range(33, 1), 0, 1)
	bounded(tree, f.curve, tvb:range(34, 1), 0, max_curve(tvb:range(32, 1)))
	reserved(tree, tvb:range(35, 1))
	local der_len = bounded(tree, f.der_len, tvb:range(36, 4), 1, 4096)
	secret(tree, data, private == 0 and "public key" or "private key")
	return ("%s key, %d bytes"):format(private == 0 and "public" or "private", der_len),
		der_len == (data and data:len() or 0)
end

response[KEY_OPEN] = function(m, tree, tvb, data)
	tree:add_le(f.handle, tvb:range(32, 8))
	tree:add_le(f.key_bytes, tvb:range(40, 4))
	reserved(tree, tvb:range(44, 4))
	return m.status == S_OK and ("handle 0x%s"):format(tvb:range(32, 8):le_uint64():tohex()) or nil,
		data == nil
end

request[KEY_CLOSE] = function(m, tree, tvb, data)
	tree:add_le(f.handle, tvb:range(32, 8))
	return ("handle 0x%s"):format(tvb:range(32, 8):le_uint64():tohex()), data == nil
end

request[EVENT] = function(m, tree, tvb, data)
	local event = tvb:range(32, 4):le_uint()
	tree:add_le(f.event, tvb:range(32, 4))
	reserved(tree, tvb:range(36, 4))
	return events[event] or ("event %d"):format(event), data == nil
end

request[ABORT] = function(m, tree, tvb, data)
	tree:add_le(f.abort_tag, tvb:range(32, 8))
	return ("of 0x%s"):format(tvb:range(32, 8):le_uint64():tohex()), data == nil
end
request[QUERY] = request[ABORT]

local function operation(m, tree, tvb, data)
	local inline = tvb:range(32, 8):le_uint64() == UInt64(0)
	tree:add_le(f.handle, tvb:range(32, 8))
	tree:add(f.algo, tvb:range(40, 1))
	bounded(tree, f.padding, tvb:range(41, 1), 0, 1)
	local hash, hash_nr = le(tree, f.hash, tvb:range(42, 1))
	if not hashes[hash_nr] then
		hash:add_proto_expert_info(e.value, "No such hash")
	end
	bounded(tree, f.hops, tvb:range(43, 1), 1, 16)
	local src_len = bounded(tree, f.src_len, tvb:range(44, 4), 0, 512)
	local digest_len = bounded(tree, f.digest_len, tvb:range(48, 4), 0, m.opcode == VERIFY and 64 or 0)
	bounded(tree, f.out_len, tvb:range(52, 4), 0, m.opcode == VERIFY and 0 or 512)
	local key_len = bounded(tree, f.key_len, tvb:range(56, 4), inline and 1 or 0, inline and 4096 or 0)
	if key_len > 0 and granted[m.stream] and granted[m.stream] & 4 == 0 then
		tree:add_proto_expert_info(e.value, "An inline key, and the feature was not granted")
	end
	local private = tvb:range(60, 1):uint()
	bounded(tree, f.key_private, tvb:range(60, 1), 0, inline and 1 or 0)
	bounded(tree, f.key_curve, tvb:range(61, 1), 0, inline and max_curve(tvb:range(40, 1)) or 0)
	reserved(tree, tvb:range(62, 2))

	local whole = src_len + digest_len + key_len == (data and data:len() or 0)
	if whole and data then
		if src_len > 0 and m.opcode == ENCRYPT then
			secret(tree, data:range(0, src_len), "plaintext")
		elseif src_len > 0 then
			tree:add(f.input, data:range(0, src_len))
		end
		if digest_len > 0 then
			tree:add(f.digest, data:range(src_len, digest_len))
		end
		if key_len > 0 then
			secret(tree, data:range(src_len + digest_len, key_len),
				private == 0 and "public key" or "private key")
		end
	end
	return ("%s, %s, %s"):format(inline and ("inline key of %d bytes"):format(key_len) or
			"handle 0x" .. tvb:range(32, 8):le_uint64():tohex(),
		paddings[tvb:range(41, 1):uint()] or "?", hashes[hash_nr] or "?"), whole
end

local function result(m, tree, tvb, data)
	local out_len = bounded(tree, f.out_len, tvb:range(32, 4), 0, 512)
	reserved(tree, tvb:range(36, 4))
	local wanted = m.status == S_OVERFLOW and 0 or out_len
	local whole = wanted == (data and data:len() or 0) and
		(m.status == S_OK or not data) and (m.opcode ~= VERIFY or not data)
	if whole and data then
		if m.opcode == DECRYPT then
			secret(tree, data, "plaintext")
		else
			tree:add(f.result, data)
		end
	end
	return m.status == S_OVERFLOW and ("%d bytes are needed"):format(out_len) or nil, whole
end

for _, opcode in ipairs { ENCRYPT, DECRYPT, SIGN, VERIFY } do
	request[opcode] = operation
	response[opcode] = result
end

-- ---- messages -----------------------------------------------------------------------------------

-- Length of the message at offset, or nil and why there is none.
local function message_length(tvb, offset)
	local length = tvb:range(offset + 8, 4):le_uint()
	if tvb:range(offset, 4):uint() ~= MAGIC then
		return nil, "This does not begin with the magic"
	elseif length < HDR_LEN or length > MAX_MSG then
		return nil, ("A length of %d: must be %d to %d"):format(length, HDR_LEN, MAX_MSG)
	end
	return length
end

local function set_info(pinfo, text)
	pinfo.cols.info:set((last_frame == pinfo.number and "; " or "") .. text)
	pinfo.cols.info:fence()
	last_frame = pinfo.number
end

local function dissect_header(m, tree, tvb)
	local function check(item, fine, text)
		if not fine then
			bad(item, text)
		end
	end
	local is_request = not m.is_response
	local known = hlens[m.opcode]

	tree:add(f.magic, tvb:range(0, 4))
	local opcode = tree:add_le(f.opcode, tvb:range(4, 2))
	if not known then
		opcode:add_proto_expert_info(e.opcode)
	end
	check(opcode, is_request or not known or known[2], "This opcode has no response")
	local flags = tree:add_le(f.flags, tvb:range(6, 2))
	flags:add_le(f.response, tvb:range(6, 2))
	if m.flags & ~RESPONSE ~= 0 then
		flags:add_proto_expert_info(e.reserved)
	end
	tree:add_le(f.length, tvb:range(8, 4))

	local wanted = known and known[is_request and 1 or 2]
	-- An opcode that the target does not know: the header alone comes back.
	local bare = m.is_response and m.hlen == HDR_LEN and m.length == HDR_LEN and
		m.status == S_NOT_SUPPORTED
	local hlen = tree:add_le(f.hlen, tvb:range(12, 2))
	check(hlen, m.hlen >= HDR_LEN and m.hlen <= m.length,
		("%d: must be %d to the message's length, %d"):format(m.hlen, HDR_LEN, m.length))
	check(hlen, not wanted or wanted == m.hlen or bare,
		("%d: must be %d for this opcode"):format(m.hlen, wanted or 0))

	local status = tree:add_le(f.status, tvb:range(14, 2))
	local text = statuses[m.status] or ("status %d"):format(m.status)
	if m.is_response then
		if m.status ~= S_OK then
			status:add_proto_expert_info(e.status, text)
		end
		if not statuses[m.status] then
			status:add_proto_expert_info(e.value, "Unknown status: counts as INTERNAL")
		end
	elseif m.opcode == DISCONNECT then
		if m.status ~= S_OK then
			status:add_proto_expert_info(e.disconnect, text)
		end
	else
		check(status, m.status == 0, "A request has no status")
	end

	local tag = tree:add_le(f.tag, tvb:range(16, 8))
	check(tag, (m.opcode ~= DISCONNECT and m.opcode ~= EVENT) or m.tag == "0000000000000000",
		"This opcode has tag 0")
	return (wanted == m.hlen or bare) and m.hlen <= m.length and wanted ~= nil and not bare
end

local function dissect_message(tvb, pinfo, root)
	local length, why = message_length(tvb, 0)
	pinfo.cols.protocol = "CoF"
	if not length then
		local tree = root:add(cof, tvb(), ("Crypto over Fabrics, %d bytes that are no message"):format(
			tvb:len()))
		tree:add(f.garbage_len, tvb:range(0, 0), tvb:len())
		bad(tree, why)
		set_info(pinfo, "no message: " .. why)
		return tvb:len()
	end

	local m = {
		frame = pinfo.number, time = pinfo.rel_ts, stream = tcp_stream() and tcp_stream().value or 0,
		opcode = tvb:range(4, 2):le_uint(), flags = tvb:range(6, 2):le_uint(), length = length,
		hlen = tvb:range(12, 2):le_uint(), status = tvb:range(14, 2):le_uint(),
		tag = tvb:range(16, 8):le_uint64():tohex(), hdr_crc = tvb:range(24, 4):le_uint(),
		data_crc = tvb:range(28, 4):le_uint(),
	}
	m.is_response = m.flags & RESPONSE ~= 0
	local what = ("%s%s"):format(opcodes[m.opcode] or ("opcode 0x%x"):format(m.opcode),
		m.is_response and " response" or "")
	local tree = root:add(cof, tvb:range(0, length), "Crypto over Fabrics, " .. what)
	local readable = dissect_header(m, tree, tvb)

	if m.hlen >= HDR_LEN and m.hlen <= m.length then
		local fixed = tvb:range(0, m.hlen):raw()
		crc_item(tree, f.hdr_crc, tvb:range(24, 4),
			fixed:sub(1, 24) .. "\0\0\0\0" .. fixed:sub(29), "fixed part")
		local data = data_of(m, tvb)
		crc_item(tree, f.data_crc, tvb:range(28, 4), data and data:raw() or "", "data")
	else
		tree:add_le(f.hdr_crc, tvb:range(24, 4))
		tree:add_le(f.data_crc, tvb:range(28, 4))
	end
	local id = follow(m, pinfo)
	if ungranted[id] then
		bad(tree, "Carries a digest that was not negotiated")
	end
	if m.opcode == CONNECT and (m.hdr_crc ~= 0 or m.data_crc ~= 0) then
		bad(tree, "CONNECT carries no digest")
	end

	local text
	if readable then
		local data = data_of(m, tvb)
		local body = (m.is_response and response or request)[m.opcode]
		local whole = data == nil
		if body then
			text, whole = body(m, tree, tvb, data)
		end
		if not whole then
			bad(tree, ("%d bytes of data: not what the fields say"):format(data and data:len() or 0))
		end
	end
	if m.length > m.hlen then
		tree:add(f.data_len, tvb:range(0, 0), m.length - m.hlen):set_generated()
	end
	show_exchange(m, id, tree)

	if (m.is_response or m.opcode == DISCONNECT) and m.status ~= S_OK then
		what = what .. ": " .. (statuses[m.status] or ("status %d"):format(m.status))
	end
	what = what .. (text and ", " .. text or "")
	tree:append_text(text and ", " .. text or "")
	set_info(pinfo, what)
	return length
end

local function get_length(tvb, _, offset)
	return message_length(tvb, offset) or tvb:len() - offset
end

function cof.dissector(tvb, pinfo, tree)
	dissect_tcp_pdus(tvb, tree, MIN_LEN, get_length, dissect_message)
	return tvb:len()
end

cof:register_heuristic("tcp", function(tvb, pinfo, tree)
	if tvb:len() < 4 or tvb:range(0, 4):uint() ~= MAGIC then
		return false
	end
	pinfo.conversation = cof
	cof.dissector(tvb, pinfo, tree)
	return true
end)

local tcp_port = DissectorTable.get("tcp.port")
local ports = cof.prefs.ports

tcp_port:add(ports, cof)
function cof.prefs_changed()
	if ports ~= cof.prefs.ports then
		tcp_port:remove(ports, cof)
		ports = cof.prefs.ports
		tcp_port:add(ports, cof)
	end
end
