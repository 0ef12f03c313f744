#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Requests over TLS, each with a handshake of its own, until SIGTERM or for some seconds.

load.py PORT SECONDS WORKERS PATH... - how many were answered as they should be, and how many were
not; each failure is said. Each worker is a process. What is answered is in the files PATH: the
names of them are asked for in turn, of TLS_HOST or 127.0.0.1. Versions of TLS change from request to request.
"""
import os
import signal
import socket
import ssl
import sys
import time

HOST = os.environ.get("TLS_HOST", "127.0.0.1")
VERSIONS = [(ssl.TLSVersion.TLSv1_2, "AES128-SHA:@SECLEVEL=0"),
            (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-GCM-SHA256"),
            (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"),
            (ssl.TLSVersion.TLSv1_3, None)]


def context(version, ciphers):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = made.maximum_version = version
    if ciphers:
        made.set_ciphers(ciphers)
    return made


def request(made, port, path, want):
    with socket.create_connection((HOST, port), timeout=60) as plain:
        with made.wrap_socket(plain) as secure:
            secure.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            answer = b""
            while part := secure.recv(65536):
                answer += part
    if not answer.startswith(b"HTTP/1.1 200") or not answer.endswith(want):
        raise OSError(f"answered {answer[:60]!r}")


def work(port, end, paths):
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    contexts = [context(*version) for version in VERSIONS]
    done = failed = 0
    while time.monotonic() < end and not stop:
        path, want = paths[done % len(paths)]
        try:
            request(contexts[done % len(contexts)], port, path, want)
        except OSError as error:
            failed += 1
            print(f"failed: {error}", flush=True)
        done += 1
    print(f"worker asked={done} failed={failed}", flush=True)


def main():
    port, seconds, workers = (int(word) for word in sys.argv[1:4])
    paths = []
    for name in sys.argv[4:]:
        with open(name, "rb") as file:
            paths.append(("/" + os.path.basename(name), file.read()))
    end = time.monotonic() + seconds
    children = []
    for _ in range(workers):
        pid = os.fork()
        if not pid:
            work(port, end, paths)
            sys.exit(0)
        children.append(pid)
    signal.signal(signal.SIGTERM, lambda *_: [os.kill(pid, signal.SIGTERM) for pid in children])
    for pid in children:
        os.waitpid(pid, 0)


main()
