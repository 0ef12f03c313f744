/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of asym_provider: an operation's way, and key sessions. No key,
 * input or output is in them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM asym

#if !defined(_TRACE_ASYM_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_ASYM_H

#include <linux/tracepoint.h>

/* enum asym_op, asym_padding, asym_hash */
#define asym_show_op(op)							\
	__print_symbolic(op, { 0, "encrypt" }, { 1, "decrypt" }, { 2, "sign" }, { 3, "verify" })
#define asym_show_padding(padding)						\
	__print_symbolic(padding, { 0, "raw" }, { 1, "pkcs1" })
#define asym_show_hash(hash)							\
	__print_symbolic(hash, { 0, "none" }, { 4, "md5" }, { 5, "sha1" }, { 6, "sha256" },	\
			 { 7, "sha384" }, { 8, "sha512" }, { 9, "sha224" })
/* enum provider_where of drivers/crypto/asym/provider/op/place.h */
#define asym_show_where(where)							\
	__print_symbolic(where, { 0, "device" }, { 1, "software" }, { 2, "nowhere" })

/*
 * A caller asks for an operation. Its address is what the following events of the
 * same operation are known by.
 */
TRACE_EVENT(asym_op_start,
	TP_PROTO(const void *id, const char *class, u8 op, u8 padding, u8 hash,
		 unsigned int bits),
	TP_ARGS(id, class, op, padding, hash, bits),
	TP_STRUCT__entry(
		__field(const void *, id)
		__string(class, class)
		__field(u8, op)
		__field(u8, padding)
		__field(u8, hash)
		__field(unsigned int, bits)
	),
	TP_fast_assign(
		__entry->id = id;
		__assign_str(class);
		__entry->op = op;
		__entry->padding = padding;
		__entry->hash = hash;
		__entry->bits = bits;
	),
	TP_printk("id=%p class=%s op=%s padding=%s hash=%s bits=%u", __entry->id,
		  __get_str(class), asym_show_op(__entry->op),
		  asym_show_padding(__entry->padding), asym_show_hash(__entry->hash),
		  __entry->bits)
);

/* It is offered to a device, with the key in it or for an open session. */
TRACE_EVENT(asym_op_submit,
	TP_PROTO(const void *id, const char *device, bool inline_key),
	TP_ARGS(id, device, inline_key),
	TP_STRUCT__entry(
		__field(const void *, id)
		__string(device, device)
		__field(bool, inline_key)
	),
	TP_fast_assign(
		__entry->id = id;
		__assign_str(device);
		__entry->inline_key = inline_key;
	),
	TP_printk("id=%p device=%s inline_key=%d", __entry->id, __get_str(device),
		  __entry->inline_key)
);

/* It is answered: where it was computed, and the errno the caller gets. */
TRACE_EVENT(asym_op_done,
	TP_PROTO(const void *id, const char *class, u8 where, int err),
	TP_ARGS(id, class, where, err),
	TP_STRUCT__entry(
		__field(const void *, id)
		__string(class, class)
		__field(u8, where)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->id = id;
		__assign_str(class);
		__entry->where = where;
		__entry->err = err;
	),
	TP_printk("id=%p class=%s where=%s err=%d", __entry->id, __get_str(class),
		  asym_show_where(__entry->where), __entry->err)
);

DECLARE_EVENT_CLASS(asym_session,
	TP_PROTO(const void *id, const char *device, unsigned int bits, int err),
	TP_ARGS(id, device, bits, err),
	TP_STRUCT__entry(
		__field(const void *, id)
		__string(device, device)
		__field(unsigned int, bits)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->id = id;
		__assign_str(device);
		__entry->bits = bits;
		__entry->err = err;
	),
	TP_printk("session=%p device=%s bits=%u err=%d", __entry->id, __get_str(device),
		  __entry->bits, __entry->err)
);

DEFINE_EVENT(asym_session, asym_session_open,
	TP_PROTO(const void *id, const char *device, unsigned int bits, int err),
	TP_ARGS(id, device, bits, err)
);

/* @bits is 0: the key may be gone. */
DEFINE_EVENT(asym_session, asym_session_close,
	TP_PROTO(const void *id, const char *device, unsigned int bits, int err),
	TP_ARGS(id, device, bits, err)
);

#endif /* _TRACE_ASYM_H */

/* Out of tree include/ is not where the kernel looks. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH trace/events
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE asym
#include <trace/define_trace.h>
