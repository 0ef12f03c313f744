// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: messages, statuses, names, addresses and the loop guard, against
 * sections 3, 4 and 6 of cof-protocol.rst. Numbers are written out here, not
 * taken from sizeof(), so that the tests say what the specification says.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/types.h>
#include "../addr.h"
#include "../hops.h"
#include "../msg.h"

#define SEED	20261124
#define TAG	0x1122334455667788ULL

/* ---- one good message of each kind --------------------------------------- */

struct sample {
	const char *name;
	u16 opcode;
	bool response;
	bool admin;
	enum cof_side receiver;
	u16 hlen;
	u32 data_len;
	u16 status;
};

#define ASK(name, admin, hlen, data) \
	{ #name, COF_##name, false, admin, COF_TARGET, hlen, data, COF_S_OK }
#define TELL(name, admin, hlen, status) \
	{ #name " told", COF_##name, false, admin, COF_INITIATOR, hlen, 0, status }
#define ANSWER(name, admin, hlen, data, status) \
	{ #name " answer " #status, COF_##name, true, admin, COF_INITIATOR, hlen, data, status }

static const struct sample samples[] = {
	ASK(CONNECT, true, 208, 0),
	ASK(CONNECT, false, 208, 0),
	ASK(DISCONNECT, true, 32, 0),
	ASK(DISCONNECT, false, 32, 0),
	ASK(IDENTIFY, true, 32, 0),
	ASK(KEY_OPEN, true, 40, 1),
	ASK(KEY_OPEN, true, 40, 1190),
	ASK(KEY_OPEN, true, 40, 4096),
	ASK(KEY_CLOSE, true, 40, 0),
	ASK(KEEP_ALIVE, true, 32, 0),
	ASK(ENCRYPT, false, 64, 0),
	ASK(ENCRYPT, false, 64, 245),
	ASK(DECRYPT, false, 64, 256),
	ASK(SIGN, false, 64, 32),
	ASK(SIGN, false, 64, 512),
	ASK(VERIFY, false, 64, 512 + 64),
	ASK(ABORT, false, 40, 0),
	ASK(QUERY, false, 40, 0),
	TELL(EVENT, true, 40, COF_S_OK),
	TELL(DISCONNECT, true, 32, COF_S_DRAINING),
	TELL(DISCONNECT, false, 32, COF_S_PROTOCOL),
	ANSWER(CONNECT, true, 88, 0, COF_S_OK),
	ANSWER(CONNECT, false, 88, 0, COF_S_OK),
	ANSWER(CONNECT, true, 88, 0, COF_S_VERSION),
	ANSWER(IDENTIFY, true, 168, 0, COF_S_OK),
	ANSWER(KEY_OPEN, true, 48, 0, COF_S_OK),
	ANSWER(KEY_OPEN, true, 48, 0, COF_S_NO_KEY_ROOM),
	ANSWER(KEY_CLOSE, true, 32, 0, COF_S_OK),
	ANSWER(KEEP_ALIVE, true, 32, 0, COF_S_OK),
	ANSWER(ENCRYPT, false, 40, 256, COF_S_OK),
	ANSWER(DECRYPT, false, 40, 0, COF_S_OK),
	ANSWER(DECRYPT, false, 40, 0, COF_S_OVERFLOW),
	ANSWER(SIGN, false, 40, 512, COF_S_OK),
	ANSWER(VERIFY, false, 40, 0, COF_S_KEY_REJECTED),
	ANSWER(ABORT, false, 32, 0, COF_S_NOT_SUPPORTED),
	ANSWER(QUERY, false, 32, 0, COF_S_UNKNOWN_HANDLE),
};

static bool is_io(u16 opcode)
{
	return opcode >= 0x40 && opcode <= 0x43;
}

static void fill_io(struct cof_io_req *io, u32 data_len)
{
	bool verify = cof_msg_opcode(&io->hdr) == COF_VERIFY;

	io->handle = cpu_to_le64(5);
	io->algo = 1;
	io->padding = 1;
	io->hash = 6;
	io->hops = 1;
	io->src_len = cpu_to_le32(verify ? data_len - 64 : data_len);
	io->digest_len = cpu_to_le32(verify ? 64 : 0);
	io->out_len = cpu_to_le32(verify ? 0 : 512);
}

static void fill_connect(struct cof_connect_req *req, bool admin)
{
	req->version_min = cpu_to_le16(1);
	req->version_max = cpu_to_le16(1);
	req->max_msg = cpu_to_le32(8192);
	if (admin) {
		req->queues = cpu_to_le16(4);
		req->depth = cpu_to_le32(128);
		req->kato_ms = cpu_to_le32(5000);
	} else {
		req->qid = cpu_to_le16(1);
		memset(req->cookie, 0xc0, sizeof(req->cookie));
	}
	cof_name_put(req->hostid, "host-1");
	cof_name_put(req->pool, "pool0");
}

static void fill_connect_rsp(struct cof_connect_rsp *rsp)
{
	rsp->version = cpu_to_le16(1);
	rsp->version_min = cpu_to_le16(1);
	rsp->queues = cpu_to_le16(2);
	rsp->depth = cpu_to_le32(64);
	rsp->max_msg = cpu_to_le32(8192);
	rsp->kato_ms = cpu_to_le32(5000);
	rsp->assoc_id = cpu_to_le64(9);
}

/* @hlen + @data_len bytes at @msg */
static void make(struct cof_hdr *msg, const struct sample *s)
{
	u32 i;

	if (s->response)
		cof_response_init(msg, s->opcode, TAG, s->status, s->hlen, s->data_len);
	else
		cof_request_init(msg, s->opcode, s->hlen, s->data_len, TAG);
	msg->status = cpu_to_le16(s->status);
	for (i = 0; i < s->data_len; i++)
		((u8 *)msg)[s->hlen + i] = i * 7 + 1;

	if (s->opcode == COF_CONNECT && s->response)
		fill_connect_rsp((struct cof_connect_rsp *)msg);
	else if (s->opcode == COF_CONNECT)
		fill_connect((struct cof_connect_req *)msg, s->admin);
	else if (s->opcode == COF_KEY_OPEN && !s->response)
		((struct cof_key_open_req *)msg)->der_len = cpu_to_le32(s->data_len);
	else if (is_io(s->opcode) && s->response)
		((struct cof_io_rsp *)msg)->out_len =
			cpu_to_le32(s->status == COF_S_OVERFLOW ? 256 : s->data_len);
	else if (is_io(s->opcode))
		fill_io((struct cof_io_req *)msg, s->data_len);
	else if (s->opcode == COF_EVENT)
		((struct cof_event *)msg)->event = cpu_to_le32(COF_EVENT_DRAINING);
	if (s->opcode == COF_KEY_OPEN && !s->response)
		((struct cof_key_open_req *)msg)->algo = 1;
}

/* In memory of exactly its length, so that KASAN sees who reads beyond. */
static struct cof_hdr *make_alone(struct kunit *test, const struct sample *s)
{
	struct cof_hdr *msg = kunit_kzalloc(test, s->hlen + s->data_len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, msg);
	make(msg, s);
	return msg;
}

static int check(const struct cof_hdr *msg, u32 len, const struct sample *s)
{
	return cof_msg_check(msg, len, s->receiver, s->admin);
}

static const struct sample *find(struct kunit *test, u16 opcode, bool response, u32 data_len)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(samples); i++)
		if (samples[i].opcode == opcode && samples[i].response == response &&
		    samples[i].data_len == data_len)
			return &samples[i];
	KUNIT_FAIL_AND_ABORT(test, "no sample of opcode %x", opcode);
	return NULL;
}

/* ---- the header ----------------------------------------------------------- */

static void every_message_is_taken_as_it_was_made(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		struct cof_hdr *msg = make_alone(test, s);

		KUNIT_EXPECT_EQ_MSG(test, 0, check(msg, s->hlen + s->data_len, s), "%s", s->name);
		KUNIT_EXPECT_EQ(test, s->opcode, cof_msg_opcode(msg));
		KUNIT_EXPECT_EQ(test, TAG, cof_msg_tag(msg));
		KUNIT_EXPECT_EQ(test, s->status, cof_msg_status(msg));
		KUNIT_EXPECT_EQ(test, s->data_len, cof_msg_data_len(msg));
		KUNIT_EXPECT_PTR_EQ(test, (const u8 *)msg + s->hlen, cof_msg_data(msg));
		KUNIT_EXPECT_EQ(test, 0, memcmp(msg, "COF1", 4));
	}
}

static void every_message_has_one_direction_and_kind_of_queue(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		struct sample s = samples[i];
		struct cof_hdr *msg = make_alone(test, &s);
		u32 len = s.hlen + s.data_len;

		if (s.opcode == COF_DISCONNECT)
			continue;	/* goes everywhere */
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO,
				    cof_msg_check(msg, len, s.receiver == COF_TARGET ?
						  COF_INITIATOR : COF_TARGET, s.admin),
				    "%s, to the other side", s.name);
		if (s.opcode == COF_CONNECT)
			continue;	/* begins on both kinds */
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, cof_msg_check(msg, len, s.receiver, !s.admin),
				    "%s, on the other kind of queue", s.name);
	}
}

static void truncated_at(struct kunit *test, const struct sample *s, const u8 *whole, u32 len)
{
	struct cof_hdr *msg = kmemdup(whole, len, GFP_KERNEL);
	const char *how = "as it is";
	int err = -EPROTO;

	KUNIT_ASSERT_NOT_NULL(test, msg);
	if (check(msg, len, s) != err)
		goto bad;
	/* With headers that pretend: first length, then hlen as well. */
	if (len < sizeof(*msg))
		goto free;
	msg->length = cpu_to_le32(len);
	how = "length adapted";
	if (check(msg, len, s) != err)
		goto bad;
	msg->hlen = cpu_to_le16(min_t(u32, len, s->hlen));
	how = "length and hlen adapted";
	/* The short form of "I do not know this opcode" is a response of its own. */
	if (len == sizeof(*msg) && s->status == COF_S_NOT_SUPPORTED)
		err = 0;
	if (check(msg, len, s) == err)
		goto free;
bad:
	KUNIT_FAIL(test, "%s: %u of %u bytes taken, %s", s->name, len, s->hlen + s->data_len, how);
free:
	kfree(msg);
}

static void truncation_is_noticed_at_every_byte(struct kunit *test)
{
	unsigned int i;
	u32 len;

	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		struct cof_hdr *msg = make_alone(test, s);

		for (len = 1; len < s->hlen + s->data_len; len++)
			truncated_at(test, s, (u8 *)msg, len);
	}
}

static void a_byte_more_is_noticed(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		u32 len = s->hlen + s->data_len;
		struct cof_hdr *msg = kunit_kzalloc(test, len + 1, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, msg);
		make(msg, s);
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(msg, len + 1, s), "%s", s->name);
		msg->length = cpu_to_le32(len + 1);
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(msg, len + 1, s), "%s", s->name);
	}
}

/* A little-endian field of @size bytes at @at; @add is added to it if @value is 0xbad. */
static const struct {
	const char *field;
	u8 at, size;
	u32 value;
	s8 add;
} wrong_fields[] = {
	{ "magic", 0, 4, COF_MAGIC ^ 0x20, 0 }, { "magic", 0, 4, 0, 0 },
	{ "flags", 6, 2, 0x0002, 0 }, { "flags", 6, 2, 0x0003, 0 }, { "flags", 6, 2, 0x8001, 0 },
	{ "length", 8, 4, 0xbad, -1 }, { "length", 8, 4, 0xbad, 1 }, { "length", 8, 4, 0, 0 },
	{ "length", 8, 4, 31, 0 }, { "length", 8, 4, 0x7fffffff, 0 },
	{ "length", 8, 4, 0x80000000, 0 }, { "length", 8, 4, 0xffffffff, 0 },
	{ "hlen", 12, 2, 0xbad, -1 }, { "hlen", 12, 2, 0xbad, 1 }, { "hlen", 12, 2, 0, 0 },
	{ "hlen", 12, 2, 31, 0 }, { "hlen", 12, 2, 0x7fff, 0 }, { "hlen", 12, 2, 0xffff, 0 },
	{ "hdr_crc", 24, 4, 1, 0 }, { "hdr_crc", 24, 4, 0x80000000, 0 },
	{ "data_crc", 28, 4, 1, 0 }, { "data_crc", 28, 4, 0xff000000, 0 },
};

static void header_fields_are_exact(struct kunit *test)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		struct cof_hdr *msg = make_alone(test, s);
		u32 len = s->hlen + s->data_len;

		for (j = 0; j < ARRAY_SIZE(wrong_fields); j++) {
			__le32 value = cpu_to_le32(wrong_fields[j].value);

			make(msg, s);
			if (wrong_fields[j].value == 0xbad)
				value = cpu_to_le32((wrong_fields[j].size == 4 ? len : s->hlen) +
						    wrong_fields[j].add);
			memcpy((u8 *)msg + wrong_fields[j].at, &value, wrong_fields[j].size);
			KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(msg, len, s), "%s: %s, case %u",
					    s->name, wrong_fields[j].field, j);
		}
		make(msg, s);
		if (s->response || s->opcode == COF_DISCONNECT)
			continue;
		msg->status = cpu_to_le16(COF_S_BUSY);
		KUNIT_EXPECT_EQ_MSG(test, -EPROTO, check(msg, len, s), "%s: status", s->name);
	}
}

static void unknown_opcodes_are_told_from_broken_messages(struct kunit *test)
{
	static const u16 known[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
				     0x40, 0x41, 0x42, 0x43, 0x48, 0x49 };
	struct cof_hdr *msg = kunit_kzalloc(test, sizeof(*msg), GFP_KERNEL);
	unsigned int i, j;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, msg);
	for (i = 0; i <= 0xffff; i++) {
		for (j = 0; j < ARRAY_SIZE(known) && known[j] != i; j++)
			;
		cof_request_init(msg, i, sizeof(*msg), 0, TAG);
		err = cof_msg_check(msg, sizeof(*msg), COF_TARGET, true);
		if (j < ARRAY_SIZE(known)) {
			KUNIT_ASSERT_NE_MSG(test, -EOPNOTSUPP, err, "opcode %#x", i);
			continue;
		}
		KUNIT_ASSERT_EQ_MSG(test, -EOPNOTSUPP, err, "opcode %#x", i);
		KUNIT_ASSERT_EQ(test, 0, cof_request_hlen(i));
		KUNIT_ASSERT_EQ(test, 0, cof_response_hlen(i));
		msg->data_crc = cpu_to_le32(1);
		KUNIT_ASSERT_EQ(test, -EPROTO,
				cof_msg_check(msg, sizeof(*msg), COF_TARGET, true));
	}
}

static void fixed_lengths_are_those_of_the_specification(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(samples); i++)
		KUNIT_EXPECT_EQ_MSG(test, samples[i].hlen, samples[i].response ?
				    cof_response_hlen(samples[i].opcode) :
				    cof_request_hlen(samples[i].opcode), "%s", samples[i].name);
	KUNIT_EXPECT_EQ(test, 0, cof_response_hlen(COF_DISCONNECT));
	KUNIT_EXPECT_EQ(test, 0, cof_response_hlen(COF_EVENT));
	KUNIT_EXPECT_EQ(test, 8192, COF_MIN_MSG);
	KUNIT_EXPECT_LE(test, COF_IO_REQ_MAX, COF_MIN_MSG);
	KUNIT_EXPECT_LE(test, COF_ADMIN_MAX, COF_MIN_MSG);
}

/* ---- values --------------------------------------------------------------- */

/* Code that reads an I/O request after cof_msg_check() relies on this. */
static void io_is_safe(struct kunit *test, const struct cof_io_req *io)
{
	u64 sum = (u64)le32_to_cpu(io->src_len) + le32_to_cpu(io->digest_len) +
		  le32_to_cpu(io->key_len);

	KUNIT_EXPECT_EQ(test, sum, cof_msg_data_len(&io->hdr));
	KUNIT_EXPECT_LE(test, le32_to_cpu(io->src_len), 512);
	KUNIT_EXPECT_LE(test, le32_to_cpu(io->digest_len), 64);
	KUNIT_EXPECT_LE(test, le32_to_cpu(io->out_len), 512);
	KUNIT_EXPECT_LE(test, le32_to_cpu(io->key_len), 4096);
	KUNIT_EXPECT_LT(test, io->padding, 2);
	KUNIT_EXPECT_LE(test, io->hash, 9);
}

static void mutated(struct kunit *test, const struct sample *s, const struct cof_hdr *msg, u32 len)
{
	int err = check(msg, len, s);

	KUNIT_EXPECT_TRUE(test, err == 0 || err == -EPROTO || err == -EINVAL ||
			  err == -EOPNOTSUPP);
	if (err)
		return;
	KUNIT_EXPECT_EQ(test, len, le32_to_cpu(msg->length));
	if (is_io(cof_msg_opcode(msg)) && !s->response)
		io_is_safe(test, (const struct cof_io_req *)msg);
	else if (is_io(cof_msg_opcode(msg)))
		KUNIT_EXPECT_LE(test, cof_msg_data_len(msg), 512);
	else if (cof_msg_opcode(msg) == COF_KEY_OPEN && !s->response)
		KUNIT_EXPECT_LE(test, cof_msg_data_len(msg), 4096);
	else
		KUNIT_EXPECT_EQ(test, 0, cof_msg_data_len(msg));
}

static void what_passes_is_safe_to_read(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int i, bit;

	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		u32 len = s->hlen + s->data_len;
		struct cof_hdr *msg = make_alone(test, s);
		u8 *byte;

		for (bit = 0; bit < 8 * s->hlen; bit++) {	/* each bit of the fixed part */
			((u8 *)msg)[bit / 8] ^= BIT(bit % 8);
			mutated(test, s, msg, len);
			((u8 *)msg)[bit / 8] ^= BIT(bit % 8);
		}
		for (bit = 0; bit < 200; bit++) {		/* several bytes of it */
			make(msg, s);
			byte = (u8 *)msg + 4 + prandom_u32_state(&rnd) % (s->hlen - 4);
			*byte = prandom_u32_state(&rnd);
			byte = (u8 *)msg + 32 + prandom_u32_state(&rnd) % (len - 31) - 1;
			*byte = prandom_u32_state(&rnd);
			mutated(test, s, msg, len);
		}
	}
}

struct io_fields {
	int err;
	u16 opcode;
	u32 data, src, digest, out, key;
	u8 padding, hash, hops, key_private, rsvd;
	u64 handle;
	u8 algo, curve;
};

static const struct io_fields io_bounds[] = {
	/* err, opcode, data, src, digest, out, key, pad, hash, hops, private, rsvd, handle */
	{ 0, COF_SIGN, 512, 512, 0, 512, 0, 1, 6, 1, 0, 0, 1 },
	{ 0, COF_SIGN, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, ~0ULL },
	{ 0, COF_VERIFY, 576, 512, 64, 0, 0, 1, 9, 1, 0, 0, 1 },
	{ 0, COF_SIGN, 4096 + 1, 1, 0, 512, 4096, 1, 6, 1, 1, 0, 0 },
	{ 0, COF_ENCRYPT, 1 + 1, 1, 0, 512, 1, 1, 0, 1, 0, 0, 0 },
	{ -EINVAL, COF_SIGN, 513, 513, 0, 512, 0, 1, 6, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 512, 512, 0, 513, 0, 1, 6, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 512, 512, 0, 0xffffffff, 0, 1, 6, 1, 0, 0, 1 },
	{ -EINVAL, COF_VERIFY, 577, 512, 65, 0, 0, 1, 6, 1, 0, 0, 1 },
	{ -EINVAL, COF_VERIFY, 576, 512, 64, 1, 0, 1, 6, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 33, 32, 1, 512, 0, 1, 6, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 2, 6, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 255, 6, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 1, 1, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 1, 3, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 1, 10, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 1, 255, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 1, 6, 0, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 1, 6, 17, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 4097, 0, 0, 512, 4097, 1, 6, 1, 1, 0, 0 },
	{ -EINVAL, COF_SIGN, 33, 32, 0, 512, 1, 1, 6, 1, 2, 0, 0 },
	{ -EINVAL, COF_SIGN, 33, 32, 0, 512, 1, 1, 6, 1, 0, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 1, 6, 1, 1, 0, 1 },
	{ -EINVAL, COF_SIGN, 32, 32, 0, 512, 0, 1, 6, 1, 0, 0, 0 },
	{ -EPROTO, COF_SIGN, 32, 32, 0, 512, 0, 1, 6, 1, 0, 1, 1 },
	{ -EPROTO, COF_SIGN, 32, 31, 0, 512, 0, 1, 6, 1, 0, 0, 1 },
	{ -EPROTO, COF_SIGN, 32, 33, 0, 512, 0, 1, 6, 1, 0, 0, 1 },
	/* sums that would be right in 32 bits */
	{ -EPROTO, COF_VERIFY, 32, 0xffffffff, 33, 0, 0, 1, 6, 1, 0, 0, 1 },
	{ -EPROTO, COF_VERIFY, 32, 33, 0xffffffff, 0, 0, 1, 6, 1, 0, 0, 1 },
	{ -EPROTO, COF_VERIFY, 32, 0x80000000, 0x80000020, 0, 0, 1, 6, 1, 0, 0, 1 },
	{ -EPROTO, COF_SIGN, 32, 33, 0, 512, 0xffffffff, 1, 6, 1, 0, 0, 0 },
	/* ..., algo (0: RSA), curve of an inline key; which there are, the target knows */
	{ 0, COF_SIGN, 33, 32, 0, 72, 1, 0, 0, 1, 1, 0, 0, 3, 3 },
	{ 0, COF_SIGN, 33, 32, 0, 72, 1, 0, 0, 1, 1, 0, 0, 3, 0 },
	{ 0, COF_SIGN, 33, 32, 0, 72, 1, 0, 0, 1, 1, 0, 0, 3, 255 },
	{ 0, COF_VERIFY, 104, 72, 32, 0, 0, 0, 0, 1, 0, 0, 1, 3, 0 },
	{ -EINVAL, COF_VERIFY, 104, 72, 32, 0, 0, 0, 0, 1, 0, 0, 1, 3, 3 },
	{ -EINVAL, COF_SIGN, 33, 32, 0, 72, 1, 0, 0, 1, 1, 0, 0, 1, 3 },
};

static void operations_are_bounded(struct kunit *test)
{
	struct cof_io_req *io = kunit_kzalloc(test, 8192, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, io);
	for (i = 0; i < ARRAY_SIZE(io_bounds); i++) {
		const struct io_fields *f = &io_bounds[i];

		cof_request_init(&io->hdr, f->opcode, 64, f->data, TAG);
		io->handle = cpu_to_le64(f->handle);
		io->algo = f->algo ?: ASYM_RSA;
		io->padding = f->padding;
		io->hash = f->hash;
		io->hops = f->hops;
		io->src_len = cpu_to_le32(f->src);
		io->digest_len = cpu_to_le32(f->digest);
		io->out_len = cpu_to_le32(f->out);
		io->key_len = cpu_to_le32(f->key);
		io->key_private = f->key_private;
		io->key_curve = f->curve;
		io->rsvd[i % 2] = f->rsvd;
		KUNIT_EXPECT_EQ_MSG(test, f->err,
				    cof_msg_check(&io->hdr, 64 + f->data, COF_TARGET, false),
				    "case %u", i);
	}
}

static void keys_are_bounded(struct kunit *test)
{
	static const struct {
		int err;
		u32 data, der_len;
		u8 is_private, rsvd, algo, curve;
	} cases[] = {
		{ 0, 1, 1, 0, 0 },
		{ 0, 4096, 4096, 1, 0 },
		{ -EINVAL, 0, 0, 1, 0 },
		{ -EINVAL, 4097, 4097, 1, 0 },
		{ -EINVAL, 10, 10, 2, 0 },
		{ -EINVAL, 10, 10, 255, 0 },
		{ -EPROTO, 10, 9, 1, 0 },
		{ -EPROTO, 10, 11, 1, 0 },
		{ -EPROTO, 10, 0, 1, 0 },
		{ -EPROTO, 10, 0xffffffff, 1, 0 },
		{ -EPROTO, 10, 10, 1, 1 },
		{ -EPROTO, 10, 10, 1, 0x80 },
		{ 0, 65, 65, 0, 0, ASYM_ECDSA, 3 },
		{ 0, 65, 65, 0, 0, ASYM_ECDSA, 255 },
		{ -EINVAL, 65, 65, 0, 0, ASYM_RSA, 3 },
	};
	struct cof_key_open_req *req = kunit_kzalloc(test, 8192, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, req);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cof_request_init(&req->hdr, COF_KEY_OPEN, 40, cases[i].data, TAG);
		req->algo = cases[i].algo ?: ASYM_RSA;
		req->is_private = cases[i].is_private;
		req->curve = cases[i].curve;
		req->rsvd = cases[i].rsvd;
		req->der_len = cpu_to_le32(cases[i].der_len);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err,
				    cof_msg_check(&req->hdr, 40 + cases[i].data, COF_TARGET, true),
				    "case %u", i);
	}
}

static void connect_is_bounded(struct kunit *test)
{
	static const struct {
		int err;
		u16 qid, queues;
		u32 depth, max_msg, kato_ms;
		u64 features;
		u8 cookie;
	} cases[] = {
		{ 0, 0, 1, 1, 8192, 0, 0, 0 },
		{ 0, 0, 64, 1024, 65536, 100, ~0ULL, 0 },
		{ 0, 0, 64, 1024, 65536, 300000, 0, 0 },
		{ 0, 1, 0, 0, 8192, 0, 0, 1 },
		{ 0, 64, 0, 0, 65536, 0, 0, 0 },
		{ -EINVAL, 0, 0, 1, 8192, 0, 0, 0 },
		{ -EINVAL, 0, 65, 1, 8192, 0, 0, 0 },
		{ -EINVAL, 0, 1, 0, 8192, 0, 0, 0 },
		{ -EINVAL, 0, 1, 1025, 8192, 0, 0, 0 },
		{ -EINVAL, 0, 1, 0xffffffff, 8192, 0, 0, 0 },
		{ -EINVAL, 0, 1, 1, 8191, 0, 0, 0 },
		{ -EINVAL, 0, 1, 1, 65537, 0, 0, 0 },
		{ -EINVAL, 0, 1, 1, 0, 0, 0, 0 },
		{ -EINVAL, 0, 1, 1, 8192, 99, 0, 0 },
		{ -EINVAL, 0, 1, 1, 8192, 300001, 0, 0 },
		{ -EINVAL, 0, 1, 1, 8192, 0, 0, 1 },
		{ -EINVAL, 65, 0, 0, 8192, 0, 0, 0 },
		{ -EINVAL, 1, 1, 0, 8192, 0, 0, 0 },
		{ -EINVAL, 1, 0, 1, 8192, 0, 0, 0 },
		{ -EINVAL, 1, 0, 0, 8192, 100, 0, 0 },
		{ -EINVAL, 1, 0, 0, 8192, 0, 1, 0 },
	};
	struct cof_connect_req *req = kunit_kzalloc(test, sizeof(*req), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, req);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cof_request_init(&req->hdr, COF_CONNECT, 208, 0, TAG);
		req->qid = cpu_to_le16(cases[i].qid);
		req->queues = cpu_to_le16(cases[i].queues);
		req->depth = cpu_to_le32(cases[i].depth);
		req->max_msg = cpu_to_le32(cases[i].max_msg);
		req->kato_ms = cpu_to_le32(cases[i].kato_ms);
		req->features = cpu_to_le64(cases[i].features);
		req->cookie[15] = cases[i].cookie;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err, cof_connect_check(req), "case %u", i);
	}
	req->rsvd = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, -EPROTO, cof_msg_check(&req->hdr, 208, COF_TARGET, true));
}

static void what_is_granted_is_bounded(struct kunit *test)
{
	static const struct {
		int err;
		u16 version, queues;
		u32 depth, max_msg, kato_ms;
		u64 features;
		u16 qid;
	} cases[] = {	/* asked for: 4 queues of 128, features 0x5 */
		{ 0, 1, 4, 128, 8192, 100, 5 },
		{ 0, 1, 1, 1, 65536, 300000, 0 },
		{ -EPROTO, 0, 4, 128, 8192, 5000, 0 },
		{ -EPROTO, 2, 4, 128, 8192, 5000, 0 },
		{ -EPROTO, 1, 0, 128, 8192, 5000, 0 },
		{ -EPROTO, 1, 5, 128, 8192, 5000, 0 },
		{ -EPROTO, 1, 4, 0, 8192, 5000, 0 },
		{ -EPROTO, 1, 4, 129, 8192, 5000, 0 },
		{ -EPROTO, 1, 4, 128, 8191, 5000, 0 },
		{ -EPROTO, 1, 4, 128, 65537, 5000, 0 },
		{ -EPROTO, 1, 4, 128, 8192, 0, 0 },
		{ -EPROTO, 1, 4, 128, 8192, 99, 0 },
		{ -EPROTO, 1, 4, 128, 8192, 300001, 0 },
		{ -EPROTO, 1, 4, 128, 8192, 5000, 2 },
		{ -EPROTO, 1, 4, 128, 8192, 5000, 1ULL << 63 },
		{ -EPROTO, 1, 4, 128, 8192, 5000, 0, 1 },
	};
	struct cof_connect_rsp *rsp = kunit_kzalloc(test, sizeof(*rsp), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, rsp);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cof_response_init(&rsp->hdr, COF_CONNECT, TAG, COF_S_OK, 88, 0);
		rsp->version = cpu_to_le16(cases[i].version);
		rsp->qid = cpu_to_le16(cases[i].qid);
		rsp->queues = cpu_to_le16(cases[i].queues);
		rsp->depth = cpu_to_le32(cases[i].depth);
		rsp->max_msg = cpu_to_le32(cases[i].max_msg);
		rsp->kato_ms = cpu_to_le32(cases[i].kato_ms);
		rsp->features = cpu_to_le64(cases[i].features);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err, cof_connect_rsp_check(rsp, 4, 128, 5),
				    "case %u", i);
	}
}

static void results_are_bounded(struct kunit *test)
{
	static const struct {
		int err;
		u16 opcode, status;
		u32 data, out;
		u32 rsvd;
	} cases[] = {
		{ 0, COF_SIGN, COF_S_OK, 512, 512, 0 },
		{ 0, COF_SIGN, COF_S_OVERFLOW, 0, 512, 0 },
		{ 0, COF_SIGN, COF_S_INTERNAL, 0, 0, 0 },
		{ 0, COF_VERIFY, COF_S_OK, 0, 0, 0 },
		{ 0, COF_SIGN, 0xffff, 0, 0, 0 },
		{ -EPROTO, COF_SIGN, COF_S_OK, 513, 513, 0 },
		{ -EPROTO, COF_SIGN, COF_S_OK, 256, 255, 0 },
		{ -EPROTO, COF_SIGN, COF_S_OK, 256, 0, 0 },
		{ -EPROTO, COF_SIGN, COF_S_OK, 0, 256, 0 },
		{ -EPROTO, COF_SIGN, COF_S_OK, 256, 256, 1 },
		{ -EPROTO, COF_SIGN, COF_S_OVERFLOW, 0, 513, 0 },
		{ -EPROTO, COF_SIGN, COF_S_OVERFLOW, 256, 256, 0 },
		{ -EPROTO, COF_SIGN, COF_S_INTERNAL, 256, 256, 0 },
		{ -EPROTO, COF_SIGN, COF_S_INTERNAL, 0, 1, 0 },
		{ -EPROTO, COF_VERIFY, COF_S_OK, 1, 1, 0 },
	};
	struct cof_io_rsp *rsp = kunit_kzalloc(test, 8192, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, rsp);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cof_response_init(&rsp->hdr, cases[i].opcode, TAG, cases[i].status, 40,
				  cases[i].data);
		rsp->out_len = cpu_to_le32(cases[i].out);
		rsp->rsvd = cpu_to_le32(cases[i].rsvd);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err,
				    cof_msg_check(&rsp->hdr, 40 + cases[i].data, COF_INITIATOR,
						  false), "case %u", i);
	}
}

static void the_short_refusal_is_a_response(struct kunit *test)
{
	const struct sample *s = find(test, COF_IDENTIFY, true, 0);
	struct cof_hdr *msg = make_alone(test, s);

	cof_response_init(msg, COF_IDENTIFY, TAG, COF_S_NOT_SUPPORTED, 32, 0);
	KUNIT_EXPECT_EQ(test, 0, cof_msg_check(msg, 32, COF_INITIATOR, true));
	msg->status = cpu_to_le16(COF_S_OK);
	KUNIT_EXPECT_EQ(test, -EPROTO, cof_msg_check(msg, 32, COF_INITIATOR, true));
	msg->status = cpu_to_le16(COF_S_BUSY);
	KUNIT_EXPECT_EQ(test, -EPROTO, cof_msg_check(msg, 32, COF_INITIATOR, true));
}

/* ---- statuses ------------------------------------------------------------- */

static void statuses_and_errnos_are_one_to_one(struct kunit *test)
{
	static const int errnos[] = {
		0, -EKEYREJECTED, -EBADMSG, -ESTALE, -ENOSPC, -EBUSY, -ESHUTDOWN, -EACCES,
		-ENOENT, -EPROTONOSUPPORT, -EPERM, -EINVAL, -EOVERFLOW, -EIO, -EOPNOTSUPP,
		-EPROTO, -ELOOP, -ETIMEDOUT, -ENOTCONN, -ENOMEM, -ECANCELED, -EILSEQ,
	};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(errnos), COF_S_NR);
	for (i = 0; i < COF_S_NR; i++) {
		KUNIT_EXPECT_EQ(test, errnos[i], cof_status_to_errno(i));
		KUNIT_EXPECT_EQ(test, i, cof_errno_to_status(errnos[i]));
		KUNIT_EXPECT_NOT_NULL(test, cof_status_name(i));
	}
	KUNIT_EXPECT_EQ(test, -EIO, cof_status_to_errno(COF_S_NR));
	KUNIT_EXPECT_EQ(test, -EIO, cof_status_to_errno(0xffff));
	KUNIT_EXPECT_EQ(test, 13, cof_errno_to_status(-EAGAIN));
	KUNIT_EXPECT_EQ(test, 13, cof_errno_to_status(EINVAL));
	KUNIT_EXPECT_STREQ(test, "unknown status", cof_status_name(COF_S_NR));
}

static struct kunit_case msg_cases[] = {
	KUNIT_CASE(every_message_is_taken_as_it_was_made),
	KUNIT_CASE(every_message_has_one_direction_and_kind_of_queue),
	KUNIT_CASE_SLOW(truncation_is_noticed_at_every_byte),
	KUNIT_CASE(a_byte_more_is_noticed),
	KUNIT_CASE(header_fields_are_exact),
	KUNIT_CASE_SLOW(unknown_opcodes_are_told_from_broken_messages),
	KUNIT_CASE(fixed_lengths_are_those_of_the_specification),
	KUNIT_CASE(what_passes_is_safe_to_read),
	KUNIT_CASE(operations_are_bounded),
	KUNIT_CASE(keys_are_bounded),
	KUNIT_CASE(connect_is_bounded),
	KUNIT_CASE(what_is_granted_is_bounded),
	KUNIT_CASE(results_are_bounded),
	KUNIT_CASE(the_short_refusal_is_a_response),
	KUNIT_CASE(statuses_and_errnos_are_one_to_one),
	{}
};

static struct kunit_suite msg_suite = {
	.name = "cof_msg",
	.test_cases = msg_cases,
};

/* ---- names, addresses, hops ------------------------------------------------ */

static void names_are_checked(struct kunit *test)
{
	static const char * const good[] = { "a", "host-1", "10.0.0.1", "nqn:x_y+z", "A-Z.0" };
	static const char * const bad[] = {
		"", " ", "a b", "a/b", "a\n", "\xc3\xa9", "a\x7f", "%s",
	};
	char name[COF_NAME_LEN + 1];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_TRUE_MSG(test, cof_name_valid(good[i]), "%s", good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_FALSE_MSG(test, cof_name_valid(bad[i]), "case %u", i);
	memset(name, 'n', sizeof(name));
	name[63] = '\0';
	KUNIT_EXPECT_TRUE(test, cof_name_valid(name));
	name[63] = 'n';
	name[64] = '\0';
	KUNIT_EXPECT_FALSE(test, cof_name_valid(name));
}

static void names_on_the_wire_are_padded(struct kunit *test)
{
	u8 *field = kunit_kmalloc(test, COF_NAME_LEN, GFP_KERNEL);	/* KASAN watches its end */
	char name[COF_NAME_LEN];

	KUNIT_ASSERT_NOT_NULL(test, field);
	memset(field, 0xff, COF_NAME_LEN);
	cof_name_put(field, "pool0");
	KUNIT_EXPECT_NULL(test, memchr_inv(field + 5, 0, COF_NAME_LEN - 5));
	KUNIT_EXPECT_EQ(test, 0, cof_name_get(name, field));
	KUNIT_EXPECT_STREQ(test, "pool0", name);

	field[63] = 'x';	/* garbage behind the NUL */
	KUNIT_EXPECT_EQ(test, -EINVAL, cof_name_get(name, field));
	KUNIT_EXPECT_STREQ(test, "", name);
	memset(field, 'n', COF_NAME_LEN);	/* no NUL */
	KUNIT_EXPECT_EQ(test, -EINVAL, cof_name_get(name, field));
	memset(field, 0, COF_NAME_LEN);
	KUNIT_EXPECT_EQ(test, -EINVAL, cof_name_get(name, field));
	strscpy(field, "a b", COF_NAME_LEN);
	KUNIT_EXPECT_EQ(test, -EINVAL, cof_name_get(name, field));
}

static void addresses_are_told_apart(struct kunit *test)
{
	static const struct {
		const char *traddr, *trsvcid;
		int err;
		bool loopback;
		const char *text;
	} cases[] = {
		{ "127.0.0.1", "4430", 0, true, "127.0.0.1:4430" },
		{ "127.255.255.254", "1", 0, true, "127.255.255.254:1" },
		{ "126.255.255.255", "1", 0, false, "126.255.255.255:1" },
		{ "128.0.0.1", "65535", 0, false, "128.0.0.1:65535" },
		{ "0.0.0.0", "1", 0, false, "0.0.0.0:1" },
		{ "10.9.9.1", "1", 0, false, "10.9.9.1:1" },
		{ "::1", "1", 0, true, "[::1]:1" },
		{ "::2", "1", 0, false, NULL },
		{ "::", "1", 0, false, NULL },
		{ "::ffff:127.0.0.1", "1", 0, true, NULL },
		{ "::ffff:10.0.0.1", "1", 0, false, NULL },
		{ "2001:db8::1", "1", 0, false, "[2001:db8::1]:1" },
		{ "127.0.0.1", "0", -EINVAL, false, NULL },
		{ "127.0.0.1", "65536", -EINVAL, false, NULL },
		{ "127.0.0.1", "", -EINVAL, false, NULL },
		{ "127.0.0.1", "http", -EINVAL, false, NULL },
		{ "localhost", "1", -EINVAL, false, NULL },
		{ "", "1", -EINVAL, false, NULL },
		{ "127.0.0", "1", -EINVAL, false, NULL },
		{ "fe80::77%lo", "1", 0, false, "[fe80::77]:1" },
		{ "fe80::77%12345", "1", 0, false, "[fe80::77]:1" },
		{ "fe80:1111:2222:3333:4444:5555:6666:7777%lo", "1", 0, false, NULL },
		{ "fe80::77%cofnone0", "1", -ENODEV, false, NULL },
		{ "fe80::77%sixteencharacter", "1", -EINVAL, false, NULL },
		{ "fe80::77%a/b", "1", -EINVAL, false, NULL },
		{ "fe80::77%", "1", -EINVAL, false, NULL },
		{ "2001:db8::1%lo", "1", -EINVAL, false, NULL },
		{ "10.9.9.1%lo", "1", -EINVAL, false, NULL },
	};
	struct sockaddr_storage addr;
	char text[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int err = cof_addr_parse(&addr, cases[i].traddr, cases[i].trsvcid);

		KUNIT_EXPECT_EQ_MSG(test, cases[i].err, err, "case %u", i);
		if (!strcmp(cases[i].trsvcid, "1"))
			KUNIT_EXPECT_EQ_MSG(test, err != -EINVAL, cof_addr_valid(cases[i].traddr),
					    "%s", cases[i].traddr);
		if (err)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].loopback, cof_addr_is_loopback(&addr),
				    "%s", cases[i].traddr);
		cof_addr_format(text, sizeof(text), &addr);
		if (cases[i].text)
			KUNIT_EXPECT_STREQ(test, cases[i].text, text);
	}
	memset(&addr, 0, sizeof(addr));
	KUNIT_EXPECT_FALSE(test, cof_addr_is_loopback(&addr));
}

static void hops_count_from_the_highest_pool(struct kunit *test)
{
	u8 before = cof_hops();

	cof_hops_add(14);
	KUNIT_EXPECT_EQ(test, 15, cof_hops());
	cof_hops_add(15);
	cof_hops_add(15);
	KUNIT_EXPECT_EQ(test, 16, cof_hops());
	cof_hops_del(14);
	cof_hops_del(15);
	KUNIT_EXPECT_EQ(test, 16, cof_hops());
	cof_hops_del(15);
	KUNIT_EXPECT_EQ(test, before, cof_hops());
}

static struct kunit_case addr_cases[] = {
	KUNIT_CASE(names_are_checked),
	KUNIT_CASE(names_on_the_wire_are_padded),
	KUNIT_CASE(addresses_are_told_apart),
	KUNIT_CASE(hops_count_from_the_highest_pool),
	{}
};

static struct kunit_suite addr_suite = {
	.name = "cof_addr",
	.test_cases = addr_cases,
};

kunit_test_suites(&msg_suite, &addr_suite);
