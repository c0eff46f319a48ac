#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes deflate.csv: texts (hexadecimal) and the size of zlib's output at level 6 for them.

Usage: python3 deflate.py > deflate.csv     (standard library only)
"""
import random
import zlib

r = random.Random(6)
letters = "abcdefghijklmnopqrstuvwxyz0123456789"
words = ["mail", "www", "cdn", "api", "static", "img", "login", "update", "node", "edge", "europe", "west"]


def token(n, alphabet):
    return "".join(r.choice(alphabet) for _ in range(n))


def names(kind, n):
    for _ in range(n):
        if kind == "hosts":
            yield f"{r.choice(words)}{r.randrange(30)}.{r.choice(words)}.example.com"
        elif kind == "tunnel":
            yield f"{token(60, '0123456789abcdef')}.{token(50, '0123456789abcdef')}.t.example.org"
        elif kind == "base32":
            yield f"{token(52, letters)}.example.net"
        elif kind == "paths":
            yield f"/{r.choice(words)}/{r.choice(words)}/{r.randrange(10000)}.html"
        else:
            yield "".join(chr(r.randrange(256)) for _ in range(20))


print("# made by deflate.py; do not edit")
for kind in ("hosts", "tunnel", "base32", "paths", "bytes"):
    for n in (1, 3, 10, 40, 150):
        text = "".join(names(kind, n)).encode("latin-1")[:3000]
        print(f"{kind},{text.hex()},{len(zlib.compress(text, 6))}")
print(f"same,{(b'a' * 5000).hex()},{len(zlib.compress(b'a' * 5000, 6))}")
