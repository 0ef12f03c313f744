#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""server.py PORT CERTIFICATE KEY [CERTIFICATE KEY]... - HTTPS by Python's ssl, which is told nothing
of any provider: the configuration of OpenSSL is."""
import http.server
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
for certificate, key in zip(sys.argv[2::2], sys.argv[3::2]):
    context.load_cert_chain(certificate, key)
context.set_ciphers("ALL:@SECLEVEL=0")


class Server(http.server.ThreadingHTTPServer):
    def get_request(self):
        plain, address = self.socket.accept()
        return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        pass


Server(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
