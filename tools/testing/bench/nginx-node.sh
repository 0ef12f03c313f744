#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The machines of nginx.sh, see there: does what the client asks for, a line for a connection. While
# nobody asks it costs nothing, as no loop that looks for files would.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../selftests/lib/tap.sh"
port=7000

# ---- the guest ------------------------------------------------------------------

conf=/tmp/nginx

# configure WORKERS - the published configuration; one port for each kind of TLS, and plain HTTP
configure()
{
	mkdir -p $conf/html $conf/logs
	cp /run/lab/files/nginx/*.pem $conf/
	cp /run/lab/files/nginx/index.html $conf/html/
	cat >$conf/nginx.conf <<-CONF
		user root;
		worker_processes $1;
		worker_rlimit_nofile 65536;
		pid $conf/nginx.pid;
		error_log $conf/logs/error.log warn;
		events {
			use epoll;
			worker_connections 8192;
			multi_accept on;
			accept_mutex on;
		}
		http {
			access_log off;
			keepalive_timeout 0;
			default_type text/html;
			root $conf/html;
			ssl_certificate $conf/rsa-cert.pem;
			ssl_certificate_key $conf/rsa-key.pem;
			ssl_session_tickets off;
			ssl_session_cache off;
			ssl_prefer_server_ciphers on;
			server {
				listen 80 reuseport backlog=131072 so_keepalive=off;
				location /proxy { proxy_pass http://$CLIENT_ADDR:8080/; }
			}
			server {
				listen 443 ssl reuseport backlog=131072 so_keepalive=off;
				ssl_protocols TLSv1.2;
				ssl_ciphers AES128-SHA;
				location /proxy { proxy_pass http://$CLIENT_ADDR:8080/; }
			}
			server {
				listen 444 ssl reuseport backlog=131072 so_keepalive=off;
				ssl_protocols TLSv1.3;
			}
			server {
				listen 445 ssl reuseport backlog=131072 so_keepalive=off;
				ssl_protocols TLSv1.3;
				ssl_certificate $conf/ecdsa-cert.pem;
				ssl_certificate_key $conf/ecdsa-key.pem;
			}
		}
	CONF
}

nginx_stop()
{
	local pid
	read -r pid 2>/dev/null <$conf/nginx.pid || return 0
	kill -TERM "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

# nginx_start software|offloaded WORKERS
nginx_start()
{
	local env=()
	configure "$2"
	nginx_stop
	sysctl -qw net.core.somaxconn=131072 net.ipv4.tcp_max_syn_backlog=131072
	ulimit -n 65536
	if [ "$1" = offloaded ]; then
		cp /run/lab/files/nginx/lkcf/* $conf/
		env=("OPENSSL_CONF=$conf/lkcf.cnf" "OPENSSL_MODULES=$conf")
	fi
	env "${env[@]}" nginx -c $conf/nginx.conf -e $conf/logs/error.log </dev/null &&
		echo "started $1"
}

errors() { cat $conf/logs/error.log 2>/dev/null; }

# ---- counters -------------------------------------------------------------------

# cpus - how many, how long they were idle, and the time, ns
cpus()
{
	awk '$1 == "cpu" { idle = $5 + $6 }
		/^cpu[0-9]/ { n++ }
		END { printf "cpus %d\nidle_ns %d0000000\n", n, idle }' /proc/stat
	awk '{ printf "uptime_ns %d\n", $1 * 1e9 }' /proc/uptime
}

# threads PID - of a nested QEMU: what its processors, vhost's thread and the others ran, ns
threads()
{
	local task name ran rest
	for task in /proc/"$1"/task/*; do
		read -r name <"$task/comm"
		read -r ran rest <"$task/schedstat"
		case $name in
		CPU*) echo "vcpu $ran" ;;
		vhost-*) echo "vhost $ran" ;;
		*) echo "other $ran" ;;
		esac
	done | awk '{ sum[$1] += $2 } END { for (name in sum) print name "_ns", sum[name] }'
}

# exits PID - how often its processors were left
exits()
{
	local file
	for file in exits io_exits halt_exits irq_exits irq_injections; do
		cat /sys/kernel/debug/kvm/"$1"-*/$file 2>/dev/null | sed "s/^/kvm_$file /"
	done
}

counters()
{
	cpus
	hops
	case $ROLE in
	host)
		threads "$(cat /run/guest.pid)"
		exits "$(cat /run/guest.pid)"
		echo counters | socat -t 600 - "TCP:${TARGET_ADDRS%% *}:$port" | sed 's/^/pool_/' ;;
	esac
}

if [ "${1:-}" = _serve ]; then
	read -r line
	eval "$line" 2>&1
	exit
fi
# A hundred times the default, as are the times here, by a clock that is slower.
[ "$ROLE" != host ] || echo $((5000 / DILATE)) >/sys/kernel/config/vdpa_crypto/crypto0/coalesce_usecs ||
	exit 1
socat -t 600 TCP-LISTEN:$port,reuseaddr,fork,backlog=16 EXEC:"bash $here/nginx-node.sh _serve" &
mkfifo /run/nothing
exec 3<>/run/nothing
while [ ! -e /run/lab/files/nginx/end ]; do read -rt 5 -u 3; done
kill $!
exit 0
