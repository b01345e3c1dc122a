"""The smallest bot for a bridge that cannot reach its bot: fetches what is to be done, does it, and says so."""

import json
import os
from urllib.request import Request, urlopen

BRIDGE = os.environ.get("QUNWEI_BRIDGE", "http://127.0.0.1:8080/hooks/bridge/example")
TOKEN = {"authorization": "Bearer " + os.environ["QUNWEI_EXAMPLE_TOKEN"]}

def ask(path, body=None):
    data = body and json.dumps(body).encode()
    with urlopen(Request(BRIDGE + path, data, TOKEN), timeout=75) as answer:
        return json.load(answer)

while True:
    said = {"done": [], "failed": []}
    for action in ask("/actions?wait=30&max=50")["actions"]:  # waits until there is something, at most 30 seconds
        try:
            print("action:", action, flush=True)  # here the bot does it
            said["done"].append(action["id"])
        except OSError as error:  # handed out again in a moment; with "final": True never
            said["failed"].append({"id": action["id"], "error": str(error), "final": False})
    if said["done"] or said["failed"]:
        print("answer:", ask("/actions/ack", said), flush=True)
