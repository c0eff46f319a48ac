#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the small databases in data/ in MaxMind's format (version 2.0), invented places only."""
import ipaddress
import os
import struct


class U16(int):
    kind = 5


class U64(int):
    kind = 9


def encode(v):
    def head(kind, size):
        assert size < 29 + 256
        first, extra = (size, b"") if size < 29 else (29, bytes([size - 29]))
        if kind < 8:
            return bytes([kind << 5 | first]) + extra
        return bytes([first, kind - 7]) + extra
    if isinstance(v, dict):
        return head(7, len(v)) + b"".join(encode(k) + encode(x) for k, x in v.items())
    if isinstance(v, list):
        return head(11, len(v)) + b"".join(encode(x) for x in v)
    if isinstance(v, str):
        b = v.encode()
        return head(2, len(b)) + b
    if isinstance(v, bytes):
        return head(2, len(v)) + v  # a text that is no UTF-8
    if isinstance(v, float):
        return head(3, 8) + struct.pack("!d", v)
    b = v.to_bytes((v.bit_length() + 7) // 8, "big")
    return head(getattr(v, "kind", 6), len(b)) + b


def write(path, kind, nets):
    nodes, data, leaves = [[None, None]], b"", []
    for text, record in nets:
        net = ipaddress.ip_network(text)
        bits = net.prefixlen + (96 if net.version == 4 else 0)
        number = int(net.network_address)
        at = 0
        for i in range(bits):
            bit = number >> (127 - i) & 1
            if i == bits - 1:
                nodes[at][bit] = ("leaf", len(leaves))
            else:
                if nodes[at][bit] is None:
                    nodes.append([None, None])
                    nodes[at][bit] = len(nodes) - 1
                at = nodes[at][bit]
        leaves.append(len(data))
        data += encode(record)
    count, tree = len(nodes), b""
    for node in nodes:
        for side in node:
            v = count if side is None else side
            if isinstance(v, tuple):
                v = count + 16 + leaves[v[1]]
            tree += struct.pack("!I", v)[1:]
    meta = {"binary_format_major_version": U16(2),
            "binary_format_minor_version": U16(0), "build_epoch": U64(1700000000), "database_type": kind,
            "description": {"en": "for tests"}, "ip_version": U16(6), "languages": ["en"], "node_count": count, "record_size": U16(24)}
    with open(path, "wb") as f:
        f.write(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(meta))


here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
write(os.path.join(here, "city.mmdb"), "Weir-Test-City", [
    ("81.2.69.0/24", {
        "city": {"names": {"en": "Weirford"}},
        "continent": {"code": "EU", "names": {"en": "Europe"}},
        "country": {"iso_code": "GB", "names": {"en": "United Kingdom"}},
        "location": {"latitude": 51.5, "longitude": -0.125, "time_zone": "Europe/London"},
        "postal": {"code": "W1"},
        "subdivisions": [{"iso_code": "ENG", "names": {"en": "England"}}]}),
    ("89.160.20.0/24", {"country": {"iso_code": "SE"}, "city": {"names": {"en": b"bad\xff"}}}),
    ("2a02:1234::/32", {"country": {"iso_code": "DE", "names": {"en": "Germany"}}}),
])
write(os.path.join(here, "asn.mmdb"), "Weir-Test-ASN", [
    ("81.2.69.0/24", {"autonomous_system_number": 64500,
                      "autonomous_system_organization": "Sluice Networks"}),
])
write(os.path.join(here, "flat.mmdb"), "ipinfo weir_test.mmdb", [
    ("81.2.69.0/24", {"country_code": "FR", "country": "France", "asn": "AS64501",
                      "as_name": "Ecluse"}),
])
write(os.path.join(here, "other.mmdb"), "Weir-Test-Anonymous", [("81.2.69.0/24", {"x": 1})])
