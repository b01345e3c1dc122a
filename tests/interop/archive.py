"""Reads a session archive with one of the packages that wrap WeCom's library, as a user of it would.

usage: archive.py PACKAGE LIBRARY SECRET KEY.pem
Prints one JSON object a message, in order, as the package gives it.
"""

import base64
import json
import sys

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def messages_of_pyweworkfinance(library, secret, open_key):
    from pyweworkfinance import WeWorkFinance

    sdk = WeWorkFinance("ww1", secret, dll_path=library)
    seq = 0
    while True:
        page = sdk.get_chat_data(seq=seq, limit=7).chatdata
        for sealed in page:
            seq = sealed.seq
            yield sdk.decrypt_data(open_key(sealed.encrypt_random_key), sealed.encrypt_chat_msg)
        if len(page) < 7:
            return


def messages_of_pywecomarchive(library, secret, open_key):
    from pydantic import TypeAdapter
    from pywecomarchive import WecomArchiveSdk

    anything = TypeAdapter(dict)
    with WecomArchiveSdk("ww1", secret, library_path=library) as sdk:
        seq = 0
        while True:
            page = sdk.get_chat_data(seq, 7).chatdata
            for sealed in page:
                seq = sealed.seq
                key, text = open_key(sealed.encrypt_random_key), sealed.encrypt_chat_msg
                sdk.decrypt_data(key, text)  # its own models take it
                yield sdk.decrypt_data(key, text, adapter=anything)
            if len(page) < 7:
                return


def main():
    package, library, secret, key = sys.argv[1:]
    with open(key, "rb") as file:
        private = load_pem_private_key(file.read(), None)

    def open_key(sealed):
        return private.decrypt(base64.b64decode(sealed), padding.PKCS1v15()).decode()

    for message in globals()["messages_of_" + package](library, secret, open_key):
        print(json.dumps(message, ensure_ascii=False, sort_keys=True))


main()
