"""The smallest bot for Qunwei's bridge: sends one message in, prints what it is asked to do about it."""

import json
import os
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import Request, urlopen

from standardwebhooks import Webhook  # pip install standardwebhooks

hook = Webhook(os.environ["QUNWEI_EXAMPLE_SECRET"])

class Actions(BaseHTTPRequestHandler):
    def do_POST(self):  # an action: check who signed it, do it, answer 2xx
        body = self.rfile.read(int(self.headers["content-length"]))
        print("action:", hook.verify(body, dict(self.headers)))
        self.send_response(204)
        self.end_headers()

bot = HTTPServer(("127.0.0.1", 9000), Actions)
event = {"id": "m-1", "type": "message", "group": "g1", "sender": {"id": "u1", "name": "小王"}, "text": "加 薇 信 abc12345"}
body, now = json.dumps(event), datetime.now(timezone.utc)  # the library wants UTC
headers = {"webhook-id": "m-1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": hook.sign("m-1", now, body)}
print("answer:", urlopen(Request("http://127.0.0.1:8080/hooks/bridge/example", body.encode(), headers)).read().decode())
bot.handle_request()  # two actions come: the message is to be deleted, its author to be told
bot.handle_request()
