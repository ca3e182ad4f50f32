#!/usr/bin/env python3
"""A hub of models on loopback, for tests: serves a folder as Hugging Face does, with faults.

    hub.py FOLDER [FAULT=FILE...]      prints its port, then serves until it is killed

Faults, each of one file: cut (the first two answers break off half-way), redirect (to another path
first, with X-Linked-ETag on the redirect), lie (a SHA-256 that is not the file's), change (a new ETag
after the first, broken, answer), busy (status 503 twice), noetag (no ETag at all),
login (a page with status 200), long (20 MB more), partial (a part that nobody asked for), shifted (breaks
off, then another part than was asked for).
"""
import hashlib
import http.server
import os
import sys

FOLDER = sys.argv[1]
FAULTS = dict(pair.split('=', 1)[::-1] for pair in sys.argv[2:])
asked = {}


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        sys.stderr.write(f'{self.command} {self.path} {self.headers.get("Range", "")}\n')

    def plain(self, status, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def do_GET(self):
        name = os.path.basename(self.path)
        path = os.path.join(FOLDER, name)
        if not os.path.isfile(path):
            return self.plain(404)
        with open(path, 'rb') as f:
            body = f.read()
        fault = FAULTS.get(name, '')
        if fault == 'login':
            body = b'<!DOCTYPE html>\n<html>login</html>\n'
        if fault == 'long':
            body += b' ' * 20000000
        asked[name] = asked.get(name, 0) + 1
        sum_ = hashlib.sha256(body + (b'!' if fault == 'lie' else b'')).hexdigest()
        etag = f'"{sum_}"'
        if fault == 'redirect' and '/cdn/' not in self.path:
            return self.plain(302, [('Location', f'/cdn/{name}'), ('X-Linked-ETag', etag), ('ETag', '"of-the-redirect"')])
        if fault == 'redirect':
            etag = '"of-the-cdn"'
        if fault == 'change':
            etag = f'"version-{asked[name]}"'
        if fault == 'busy' and asked[name] <= 2:
            return self.plain(503)
        start = 0
        wanted = self.headers.get('Range', '')
        if wanted.startswith('bytes=') and self.headers.get('If-Range', etag) == etag:
            start = int(wanted[6:].split('-')[0])
        if start >= len(body) > 0:
            return self.plain(416)
        part = body[start:]
        if fault == 'partial':
            part = body[:len(body) // 2]
            self.send_response(206)
            self.send_header('Content-Range', f'bytes 0-{len(part) - 1}/{len(body)}')
        elif fault == 'shifted' and start:
            part = body[start + 7:]
            self.send_response(206)
            self.send_header('Content-Range', f'bytes {start + 7}-{len(body) - 1}/{len(body)}')
        else:
            self.send_response(206 if start else 200)
        if start and fault != 'shifted':
            self.send_header('Content-Range', f'bytes {start}-{len(body) - 1}/{len(body)}')
        if fault != 'noetag':
            self.send_header('ETag', etag)
        self.send_header('Content-Length', str(len(part)))
        self.end_headers()
        if fault in ('cut', 'change', 'shifted') and asked[name] <= (2 if fault == 'cut' else 1):
            part = part[:len(part) // 2]
            self.close_connection = True
        try:
            self.wfile.write(part)
        except ConnectionError:
            pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Hub)
print(server.server_address[1], flush=True)
server.serve_forever()
