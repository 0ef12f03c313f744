/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of Crypto over Fabrics, both ends: messages, connections, paths,
 * associations and keys. Of a message only its header is in them: no key, no
 * cookie, no input, no output.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cof

#if !defined(_TRACE_COF_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_COF_H

#include <linux/tracepoint.h>
#include <uapi/linux/cof.h>

/* enum cof_opcode */
#define cof_show_opcode(opcode)							\
	__print_symbolic(opcode,						\
		{ 0x01, "CONNECT" }, { 0x02, "DISCONNECT" }, { 0x03, "IDENTIFY" },	\
		{ 0x04, "KEY_OPEN" }, { 0x05, "KEY_CLOSE" }, { 0x06, "KEEP_ALIVE" },	\
		{ 0x07, "EVENT" }, { 0x08, "KEY_LOOKUP" }, { 0x09, "TLS" },		\
		{ 0x40, "ENCRYPT" }, { 0x41, "DECRYPT" }, { 0x42, "SIGN" },		\
		{ 0x43, "VERIFY" }, { 0x48, "ABORT" }, { 0x49, "QUERY" })
/* struct cof_conn.accepted */
#define cof_show_side(accepted)							\
	__print_symbolic(accepted, { 0, "initiator" }, { 1, "target" })
/* enum cof_conn_event of drivers/crypto/cof/cof.h */
#define cof_show_conn_event(event)						\
	__print_symbolic(event, { 0, "started" }, { 1, "broken" }, { 2, "closed" })
/* enum cof_fault_kind of drivers/crypto/cof/fault.h */
#define cof_show_fault(kind)							\
	__print_symbolic(kind, { 0, "drop" }, { 1, "delay" }, { 2, "corrupt" },	\
			 { 3, "truncate" }, { 4, "reorder" }, { 5, "alloc" }, { 6, "close" })
/* enum cofi_state of drivers/crypto/cof/initiator/state.h */
#define cof_show_path_state(state)						\
	__print_symbolic(state, { 0, "disabled" }, { 1, "connecting" }, { 2, "live" },	\
			 { 3, "reconnecting" }, { 4, "failed" })

/* A message, by its header. The connection's number is the same in all its events. */
DECLARE_EVENT_CLASS(cof_msg,
	TP_PROTO(u32 conn, bool accepted, u16 qid, const char *peer, const struct cof_hdr *hdr),
	TP_ARGS(conn, accepted, qid, peer, hdr),
	TP_STRUCT__entry(
		__field(u32, conn)
		__field(bool, accepted)
		__field(u16, qid)
		__string(peer, peer)
		__field(u16, opcode)
		__field(u16, flags)
		__field(u16, status)
		__field(u32, length)
		__field(u64, tag)
	),
	TP_fast_assign(
		__entry->conn = conn;
		__entry->accepted = accepted;
		__entry->qid = qid;
		__assign_str(peer);
		__entry->opcode = le16_to_cpu(hdr->opcode);
		__entry->flags = le16_to_cpu(hdr->flags);
		__entry->status = le16_to_cpu(hdr->status);
		__entry->length = le32_to_cpu(hdr->length);
		__entry->tag = le64_to_cpu(hdr->tag);
	),
	TP_printk("side=%s conn=%u qid=%u peer=%s %s %s tag=%#llx length=%u status=%u",
		  cof_show_side(__entry->accepted), __entry->conn, __entry->qid,
		  __get_str(peer), cof_show_opcode(__entry->opcode),
		  __entry->flags & COF_F_RESPONSE ? "response" : "request", __entry->tag,
		  __entry->length, __entry->status)
);

/* The user gave it to the connection. */
DEFINE_EVENT(cof_msg, cof_msg_send,
	TP_PROTO(u32 conn, bool accepted, u16 qid, const char *peer, const struct cof_hdr *hdr),
	TP_ARGS(conn, accepted, qid, peer, hdr)
);

/* The transport has it complete; nothing but magic and lengths is checked. */
DEFINE_EVENT(cof_msg, cof_msg_recv,
	TP_PROTO(u32 conn, bool accepted, u16 qid, const char *peer, const struct cof_hdr *hdr),
	TP_ARGS(conn, accepted, qid, peer, hdr)
);

/* A connection's state; @err is why it broke. */
TRACE_EVENT(cof_conn_state,
	TP_PROTO(u32 conn, bool accepted, u16 qid, const char *peer, unsigned int event, int err),
	TP_ARGS(conn, accepted, qid, peer, event, err),
	TP_STRUCT__entry(
		__field(u32, conn)
		__field(bool, accepted)
		__field(u16, qid)
		__string(peer, peer)
		__field(unsigned int, event)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->conn = conn;
		__entry->accepted = accepted;
		__entry->qid = qid;
		__assign_str(peer);
		__entry->event = event;
		__entry->err = err;
	),
	TP_printk("side=%s conn=%u qid=%u peer=%s %s err=%d", cof_show_side(__entry->accepted),
		  __entry->conn, __entry->qid, __get_str(peer),
		  cof_show_conn_event(__entry->event), __entry->err)
);

/* A fault is injected: into a message; @opcode is 0 where it is not a message's. */
TRACE_EVENT(cof_fault,
	TP_PROTO(unsigned int kind, u32 conn, bool accepted, u16 qid, u16 opcode),
	TP_ARGS(kind, conn, accepted, qid, opcode),
	TP_STRUCT__entry(
		__field(unsigned int, kind)
		__field(u32, conn)
		__field(bool, accepted)
		__field(u16, qid)
		__field(u16, opcode)
	),
	TP_fast_assign(
		__entry->kind = kind;
		__entry->conn = conn;
		__entry->accepted = accepted;
		__entry->qid = qid;
		__entry->opcode = opcode;
	),
	TP_printk("%s side=%s conn=%u qid=%u opcode=%s", cof_show_fault(__entry->kind),
		  cof_show_side(__entry->accepted), __entry->conn, __entry->qid,
		  cof_show_opcode(__entry->opcode))
);

/* An initiator's path changed its state; @reason if it failed. */
TRACE_EVENT(cof_path_state,
	TP_PROTO(const char *path, unsigned int from, unsigned int to, const char *reason),
	TP_ARGS(path, from, to, reason),
	TP_STRUCT__entry(
		__string(path, path)
		__field(unsigned int, from)
		__field(unsigned int, to)
		__string(reason, reason)
	),
	TP_fast_assign(
		__assign_str(path);
		__entry->from = from;
		__entry->to = to;
		__assign_str(reason);
	),
	TP_printk("path=%s from=%s to=%s reason=\"%s\"", __get_str(path),
		  cof_show_path_state(__entry->from), cof_show_path_state(__entry->to),
		  __get_str(reason))
);

/*
 * An association, as one side sees it; @name is the initiator's path or the target's
 * pool. @status (enum cof_status) and @err say why it ended; @id is 0 before CONNECT
 * was answered.
 */
DECLARE_EVENT_CLASS(cof_assoc,
	TP_PROTO(bool target, const char *name, const char *host, u64 id, u16 status, int err),
	TP_ARGS(target, name, host, id, status, err),
	TP_STRUCT__entry(
		__field(bool, target)
		__string(name, name)
		__string(host, host)
		__field(u64, id)
		__field(u16, status)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->target = target;
		__assign_str(name);
		__assign_str(host);
		__entry->id = id;
		__entry->status = status;
		__entry->err = err;
	),
	TP_printk("side=%s %s=%s host=%s association=%llu status=%u err=%d",
		  cof_show_side(__entry->target), __entry->target ? "pool" : "path",
		  __get_str(name), __get_str(host), __entry->id, __entry->status, __entry->err)
);

DEFINE_EVENT(cof_assoc, cof_assoc_made,
	TP_PROTO(bool target, const char *name, const char *host, u64 id, u16 status, int err),
	TP_ARGS(target, name, host, id, status, err)
);

DEFINE_EVENT(cof_assoc, cof_assoc_ended,
	TP_PROTO(bool target, const char *name, const char *host, u64 id, u16 status, int err),
	TP_ARGS(target, name, host, id, status, err)
);

/* A key's handle, as one side sees it. */
DECLARE_EVENT_CLASS(cof_key,
	TP_PROTO(bool target, u64 assoc, u64 handle, int err),
	TP_ARGS(target, assoc, handle, err),
	TP_STRUCT__entry(
		__field(bool, target)
		__field(u64, assoc)
		__field(u64, handle)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->target = target;
		__entry->assoc = assoc;
		__entry->handle = handle;
		__entry->err = err;
	),
	TP_printk("side=%s association=%llu handle=%#llx err=%d", cof_show_side(__entry->target),
		  __entry->assoc, __entry->handle, __entry->err)
);

DEFINE_EVENT(cof_key, cof_key_open,
	TP_PROTO(bool target, u64 assoc, u64 handle, int err),
	TP_ARGS(target, assoc, handle, err)
);

/* An initiator does not wait for the answer. */
DEFINE_EVENT(cof_key, cof_key_close,
	TP_PROTO(bool target, u64 assoc, u64 handle, int err),
	TP_ARGS(target, assoc, handle, err)
);

/*
 * A request had its key with it: the initiator sent it; the target prepared the key, or could
 * not (@err), or need not any more. The key is not in the trace.
 */
TRACE_EVENT(cof_inline_key,
	TP_PROTO(bool target, u64 assoc, u16 qid, u64 tag, int err),
	TP_ARGS(target, assoc, qid, tag, err),
	TP_STRUCT__entry(
		__field(bool, target)
		__field(u64, assoc)
		__field(u16, qid)
		__field(u64, tag)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->target = target;
		__entry->assoc = assoc;
		__entry->qid = qid;
		__entry->tag = tag;
		__entry->err = err;
	),
	TP_printk("side=%s association=%llu qid=%u tag=%#llx err=%d",
		  cof_show_side(__entry->target), __entry->assoc, __entry->qid, __entry->tag,
		  __entry->err)
);

#endif /* _TRACE_COF_H */

/* Out of tree include/ is not where the kernel looks. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH trace/events
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE cof
#include <trace/define_trace.h>
