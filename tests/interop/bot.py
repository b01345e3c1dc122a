"""A bridge bot written with the stock `standardwebhooks` library, as a user would write one.

Prints {"port": ...} where it takes actions. Then reads commands on stdin, one JSON object a line:
  {"post": [event, ...], "to": url}  posts the events (one object when there is one) and prints {"status": ..., "answer": ...}
  {"post": [...], "spoil": "signature"|"time"|"body"}  the same, with something wrong
  {"actions": n}          waits until n actions have come and prints {"actions": [...], "refused": n}
Its secret comes from QUNWEI_EXAMPLE_SECRET.
"""

import json
import os
import sys
import threading
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook

webhook = Webhook(os.environ["QUNWEI_EXAMPLE_SECRET"])
arrived = threading.Condition()
actions, refused = [], []


class Bot(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            action = webhook.verify(body, dict(self.headers.items()))
            assert action["id"] == self.headers["webhook-id"]
            status, answer = 200, {"message": "became-" + action["id"]}
        except Exception as error:  # whatever the library says
            action, status, answer = None, 401, {"error": repr(error)}
        with arrived:
            (refused if action is None else actions).append(action or answer)
            arrived.notify_all()
        written = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *args):
        pass


def post(url, number, events, spoil):
    body = json.dumps(events[0] if len(events) == 1 else events, ensure_ascii=False)
    at = datetime.now(tz=timezone.utc) - timedelta(minutes=10 if spoil == "time" else 0)
    signature = webhook.sign("msg_%d" % number, at, body)
    if spoil == "signature":
        signature = signature[:-6] + "AAAAA="
    if spoil == "body":
        body = body.replace("text", "Text", 1)
    headers = {
        "content-type": "application/json",
        "webhook-id": "msg_%d" % number,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    request = urllib.request.Request(url, body.encode(), headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as response:
            return {"status": response.status, "answer": json.load(response)}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "answer": json.load(error)}


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    for number, line in enumerate(sys.stdin):
        command = json.loads(line)
        if "post" in command:
            answer = post(command["to"], number, command["post"], command.get("spoil"))
        else:
            with arrived:
                arrived.wait_for(lambda: len(actions) + len(refused) >= command["actions"], timeout=20)
                answer = {"actions": actions, "refused": refused}
        print(json.dumps(answer), flush=True)


main()
