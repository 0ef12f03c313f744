# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154	# of the test: tmp
# Servers of TLS whose keys are in the kernel, and clients that are not OpenSSL, or are. After
# lkcf.sh. All of it is in $tmp, and on 127.0.0.1; or the server is on GUEST_ADDR, which clients call
# TLS_HOST, if that is set.
tls_host=${TLS_HOST:-localhost}

servers=

# certificates: of both kinds of key, for localhost: rsa.pem, rsa.key, ec.pem, ec.key; what to serve
certificates() {
	local kind key
	for kind in rsa:2048 ec:p256; do
		key=$KEY_DIR/${kind#*:}.pem
		cp "$key" "$tmp/${kind%:*}.key"
		plain req -x509 -new -key "$key" -subj /CN=localhost -days 10 -addext \
			"subjectAltName=DNS:localhost,DNS:guest,IP:127.0.0.1" -out "$tmp/${kind%:*}.pem" || return
	done
	cat "$tmp/rsa.pem" "$tmp/ec.pem" >"$tmp/ca.pem"
	mkdir -p "$tmp/www"
	chmod 755 "$tmp" "$tmp/www"
	echo "a small file" >"$tmp/www/index.html"
	head -c 3000 /dev/urandom >"$tmp/www/other"
}

listens() {
	ss -Htln "sport = :$1" | grep -q .
}

# server PORT COMMAND...: in the background, with the provider; until it listens
server() {
	local port=$1
	shift
	(cd "$tmp/www" && LD_PRELOAD=$preload exec "$@") >>"$tmp/server.log" 2>&1 </dev/null &
	servers="$servers $!"
	within 120 listens "$port"
}

# stop_servers: and whatever they left
stop_servers() {
	local pid
	for pid in $servers; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	servers=
}

# nginx_conf PORT WORKERS [LINE]: not reuseport, whose sockets lose connections when they close
nginx_conf() {
	cat >"$tmp/nginx.conf" <<-CONF
		user www-data;
		worker_processes $2;
		daemon off;
		pid $tmp/nginx.pid;
		error_log stderr warn;
		env LOSE_KEYS;
		env KEEP_COUNTERS;
		worker_shutdown_timeout 30s;
		$3
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $tmp/nginx-1;
			proxy_temp_path $tmp/nginx-2;
			fastcgi_temp_path $tmp/nginx-3;
			uwsgi_temp_path $tmp/nginx-4;
			scgi_temp_path $tmp/nginx-5;
			keepalive_timeout 0;
			lingering_close off;
			server {
				listen ${TLS_LISTEN:-127.0.0.1}:$1 ssl backlog=4096;
				root $tmp/www;
				ssl_certificate $tmp/rsa.pem;
				ssl_certificate_key $tmp/rsa.key;
				ssl_certificate $tmp/ec.pem;
				ssl_certificate_key $tmp/ec.key;
				ssl_protocols TLSv1.2 TLSv1.3;
				ssl_ciphers ALL:@SECLEVEL=0;
				ssl_session_tickets off;
				ssl_session_cache off;
			}
		}
	CONF
}

# start_server KIND PORT
start_server() {
	local key certs=(-cert "$tmp/rsa.pem" -key "$tmp/rsa.key" -dcert "$tmp/ec.pem" -dkey "$tmp/ec.key")
	case $1 in
	s_server)
		server "$2" openssl s_server -accept "$2" -cipher ALL:@SECLEVEL=0 "${certs[@]}" -WWW ;;
	s_server-async)
		server "$2" openssl s_server -accept "$2" -cipher ALL:@SECLEVEL=0 "${certs[@]}" -WWW \
			-async ;;
	nginx)
		nginx_conf "$2" 2
		server "$2" nginx -c "$tmp/nginx.conf" ;;
	haproxy)
		for key in rsa ec; do cat "$tmp/$key.pem" "$tmp/$key.key" >"$tmp/both.pem.${key/ec/ecdsa}"; done
		cat >"$tmp/haproxy.cfg" <<-CONF
			global
				ssl-default-bind-ciphers ALL:@SECLEVEL=0
				ssl-default-bind-options ssl-min-ver TLSv1.2
			defaults
				mode http
				timeout connect 10s
				timeout client 60s
				timeout server 60s
			frontend f
				bind 127.0.0.1:$2 ssl crt $tmp/both.pem.rsa crt $tmp/both.pem.ecdsa
				http-request return status 200 content-type text/plain string "a small file"
		CONF
		server "$2" haproxy -db -f "$tmp/haproxy.cfg" ;;
	python)
		server "$2" "$here/server.py" "$2" "$tmp/rsa.pem" "$tmp/rsa.key" "$tmp/ec.pem" "$tmp/ec.key" ;;
	esac
}

# What there is of handshakes: name, TLS version, OpenSSL's cipher, or signature, GnuTLS's priority,
# whose key
handshakes() {
	cat <<-'LIST'
		1.2-RSA 1.2 AES128-SHA:@SECLEVEL=0 -KX-ALL:+RSA rsa
		1.2-ECDHE-RSA 1.2 ECDHE-RSA-AES128-GCM-SHA256 -KX-ALL:+ECDHE-RSA rsa
		1.2-ECDHE-ECDSA 1.2 ECDHE-ECDSA-AES128-GCM-SHA256 -KX-ALL:+ECDHE-ECDSA ecdsa
		1.3-RSA 1.3 RSA-PSS+SHA256 -SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256 rsa
		1.3-ECDSA 1.3 ECDSA+SHA256 -SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SHA256 ecdsa
	LIST
}

get() {
	printf 'GET /index.html HTTP/1.0\r\n\r\n'
}

# client KIND PORT VERSION CIPHER PRIORITY: asks for the small file, and sees it
client() {
	local how
	export OPENSSL_CONF=$plain_cnf
	case $1 in
	curl)
		how=(--tls-max "$3" "--tlsv$3" --ciphers "$4")
		# It has no option for what is signed in TLS 1.3: take what comes.
		[ "$3" = 1.2 ] || how=(--tlsv1.3 --sigalgs "$4")
		curl -sS --http1.0 --max-time 60 --cacert "$tmp/ca.pem" "${how[@]}" \
			"https://$tls_host:$2/index.html" ;;
	s_client)
		how=(-tls1_2 -cipher "$4")
		[ "$3" = 1.2 ] || how=(-tls1_3 -sigalgs "$4")
		# It names no server by itself that has no dot, and HAProxy then takes the first certificate.
		get | timeout 60 openssl s_client -connect "$tls_host:$2" -servername "$tls_host" \
			-CAfile "$tmp/ca.pem" -verify_return_error -ign_eof -quiet "${how[@]}" 2>&1 ;;
	gnutls)
		(get; sleep 1) | timeout 60 gnutls-cli --x509cafile "$tmp/ca.pem" \
			--priority "NORMAL:-VERS-ALL:+VERS-TLS$3:$5" -p "$2" "$tls_host" 2>&1 ;;
	python)
		python3 - "$2" "$3" "$4" "$tmp/ca.pem" <<-'PYTHON'
			import socket, ssl, sys
			port, version, ciphers, ca = sys.argv[1:]
			made = ssl.create_default_context(cafile=ca)
			made.minimum_version = made.maximum_version = \
			    ssl.TLSVersion.TLSv1_3 if version == "1.3" else ssl.TLSVersion.TLSv1_2
			if version != "1.3":
			    made.set_ciphers(ciphers)
			with socket.create_connection(("localhost", int(port)), 60) as plain:
			    with made.wrap_socket(plain, server_hostname="localhost") as secure:
			        secure.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
			        while part := secure.recv(4096):
			            sys.stdout.write(part.decode())
		PYTHON
		;;
	esac | tee "$tmp/client.out" | grep -qF 'a small file'
}
