"""Who is told: a small HTTP server that behaves as Telegram's Bot API, Discord's and Slack's webhooks and
one of one's own do, and a real SMTP server (aiosmtpd).

    receiver.py DIR

writes its ports to DIR/http.port and DIR/smtp.port, and what came to DIR/SERVICE.log, a JSON object a
line, SERVICE being telegram, discord, slack, webhook or mail; what was taken of the first three stands in
chat.log, discord_took.log and slack_took.log, too. DIR/SERVICE.plan, where it is there, says
what becomes of the next requests, a word a line, each used once: ok; 429 (retry after two seconds); 500;
503; 401; 404; 400; close (the connection, without an answer); half (an answer that is cut); slow (an
answer after three seconds); of mail an SMTP code. What is said to the bot is read from
DIR/updates.jsonl. Bodies are checked as the services check them.
"""

import asyncio
import email
import email.policy
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.smtp import AuthResult, SMTP

FOLDER = sys.argv[1]
BOT = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
CHAT = "4711"
SECRET = b"the-secret-that-messages-are-signed-with"
lock = threading.Lock()


def path(name):
    return os.path.join(FOLDER, name)


def log(service, **what):
    with lock, open(path(service + ".log"), "a", encoding="utf-8") as f:
        f.write(json.dumps(what, ensure_ascii=False) + "\n")


def next_step(service):
    """The first line of the plan, which it loses."""
    with lock:
        try:
            with open(path(service + ".plan"), encoding="utf-8") as f:
                lines = f.read().split()
        except FileNotFoundError:
            return "ok"
        if not lines:
            return "ok"
        with open(path(service + ".plan"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines[1:]))
        return lines[0]


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


def updates(offset):
    try:
        with open(path("updates.jsonl"), encoding="utf-8") as f:
            rows = [json.loads(line) for line in f if line.endswith("\n")]
    except FileNotFoundError:
        return []
    return [row for row in rows if row["update_id"] >= offset]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, headers=(), kind="application/json"):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def hang_up(self, half):
        if half:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target, _, query = self.path.partition("?")
        if target.startswith("/bot"):
            self.telegram(target[4:], json.loads(body))
        elif target == "/api/webhooks/1234/of-discord":
            self.hook("discord", json.loads(body), query)
        elif target == "/services/T0/B0/of-slack":
            self.hook("slack", json.loads(body), query)
        elif target == "/told":
            self.own(body)
        else:
            self.answer(404, {"message": "Unknown Webhook", "code": 10015})

    def planned(self, service, body):
        """True: the plan has answered."""
        step = next_step(service)
        log(service, step=step, body=body, at=time.time())
        if step == "slow":
            time.sleep(3)
        elif step in ("close", "half"):
            self.hang_up(step == "half")
            return True
        elif step == "429":
            told = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 2",
                    "parameters": {"retry_after": 2}, "message": "You are being rate limited.",
                    "retry_after": 2.5, "global": False}
            self.answer(429, told, [] if service == "telegram" else [("Retry-After", "2")])
            return True
        elif step != "ok":
            self.answer(int(step), {"ok": False, "error_code": int(step), "description": "planned",
                                    "echo": self.path})
            return True
        return False

    def telegram(self, rest, body):
        token, _, method = rest.partition("/")
        if token != BOT:
            self.answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        elif method == "getMe":
            self.answer(200, {"ok": True, "result": {"id": 110201543, "is_bot": True, "username": "our_bot"}})
        elif method == "getUpdates":
            log("asked", offset=body["offset"])
            until = time.time() + min(body["timeout"], 2)
            while not updates(body["offset"]) and time.time() < until:
                time.sleep(0.05)
            self.answer(200, {"ok": True, "result": updates(body["offset"])[:body["limit"]]})
        elif self.planned("telegram", body):
            pass
        elif body["chat_id"] != CHAT:
            self.answer(400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"})
        elif not 1 <= utf16(body["text"]) <= 4096 or "parse_mode" in body:
            self.answer(400, {"ok": False, "error_code": 400, "description": "Bad Request: message is too long"})
        else:
            log("chat", text=body["text"])
            self.answer(200, {"ok": True, "result": {"message_id": 1, "text": body["text"]}})

    def hook(self, service, body, query):
        if self.planned(service, body):
            return
        if service == "discord":
            good = 1 <= utf16(body["content"]) <= 2000 and body["allowed_mentions"] == {"parse": []}
            if not good or "wait=true" not in query:
                self.answer(400, {"code": 50035, "message": "Invalid Form Body"})
            else:
                log("discord_took", text=body["content"])
                self.answer(200, {"id": "1", "content": body["content"]})
        elif not 1 <= len(body["text"]) <= 40000:
            self.answer(400, "invalid_payload", kind="text/plain")
        else:
            log("slack_took", text=body["text"])
            self.answer(200, "ok", kind="text/plain")

    def own(self, raw):
        head = self.headers
        signed = head.get("X-Bullfinch-Timestamp", "").encode() + b"." + raw
        want = "v1=" + hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
        good = hmac.compare_digest(want, head.get("X-Bullfinch-Signature", ""))
        fresh = abs(time.time() - int(head.get("X-Bullfinch-Timestamp", 0))) < 60
        body = json.loads(raw)
        body["signed"] = good and fresh
        body["delivery"] = head.get("X-Bullfinch-Delivery")
        if not self.planned("webhook", body):
            self.answer(200, {})


class Mail:
    async def handle_DATA(self, server, session, envelope):
        step = next_step("mail")
        m = email.message_from_bytes(envelope.content, policy=email.policy.default)
        log("mail", step=step, sender=envelope.mail_from, to=envelope.rcpt_tos, subject=m["Subject"],
            message_id=m["Message-ID"], date=str(m["Date"].datetime), text=m.get_content(),
            user=getattr(session, "login_data", None))
        return "250 OK" if step == "ok" else step + " planned"


def login(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"bird", b"of-the-mail")
    return AuthResult(success=good, handled=True, auth_data=data.login.decode())


def serve_mail():
    """On a port that the kernel gives; returns it."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(
        lambda: SMTP(Mail(), authenticator=login, auth_required=True, auth_require_tls=False,
                     hostname="here", loop=loop), "127.0.0.1", 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return server.sockets[0].getsockname()[1]


def write(name, text):
    with open(path(name + ".new"), "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path(name + ".new"), path(name))


def main():
    write("smtp.port", str(serve_mail()))
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    write("http.port", str(http.server_port))
    http.serve_forever()


main()
