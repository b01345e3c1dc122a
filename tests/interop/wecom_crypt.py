"""Seals and opens callbacks with the `wechatpy` library. One JSON object a line on stdin, one on stdout:

  {"seal": text, "token": ..., "key": ..., "receiveid": ..., "timestamp": ..., "nonce": ...}  -> {"encrypted": ..., "signature": ...}
  {"open": encrypted, "signature": ..., ...}                                                 -> {"text": ...} or {"error": ...}
"""

import json
import sys

import xmltodict
from wechatpy.enterprise.crypto import WeChatCrypto

for line in sys.stdin:
    asked = json.loads(line)
    crypto = WeChatCrypto(asked["token"], asked["key"], asked["receiveid"])
    try:
        if "seal" in asked:
            xml = crypto.encrypt_message(asked["seal"], asked["nonce"], asked["timestamp"])
            sealed = xmltodict.parse(xml)["xml"]
            answer = {"encrypted": sealed["Encrypt"], "signature": sealed["MsgSignature"]}
        else:
            text = crypto.check_signature(asked["signature"], asked["timestamp"], asked["nonce"], asked["open"])
            answer = {"text": text.decode() if isinstance(text, bytes) else text}
    except Exception as error:  # whatever the library says
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
