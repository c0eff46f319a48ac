#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Community IDs from the specification alone: prints the table of test_community.c."""
import base64
import hashlib
import ipaddress
import struct

ICMP = {8: 0, 0: 8, 10: 9, 9: 10, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17}
ICMP6 = {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130, 144: 145,
         145: 144, 139: 140, 140: 139}


def community_id(proto, src, dst, sport=0, dport=0):
    a, b = ipaddress.ip_address(src).packed, ipaddress.ip_address(dst).packed
    one_way = False
    if proto in (1, 58):
        table = ICMP if proto == 1 else ICMP6
        one_way = sport not in table
        dport = table.get(sport, dport)
    if not one_way and (a, sport) > (b, dport):
        a, b, sport, dport = b, a, dport, sport
    data = struct.pack("!H", 0) + a + b + bytes([proto, 0])
    if proto in (1, 6, 17, 58, 132):
        data += struct.pack("!HH", sport, dport)
    return "1:" + base64.b64encode(hashlib.sha1(data).digest()).decode()


CASES = [
    (6, "128.232.110.120", "66.35.250.204", 34855, 80),
    (6, "66.35.250.204", "128.232.110.120", 80, 34855),
    (17, "192.168.1.52", "8.8.8.8", 54585, 53),
    (132, "192.168.170.8", "192.168.170.56", 7, 80),
    (1, "192.168.0.89", "192.168.0.1", 8, 0),
    (1, "192.168.0.1", "192.168.0.89", 0, 0),
    (1, "192.168.0.89", "192.168.0.1", 20, 0),
    (1, "192.168.0.89", "192.168.0.1", 3, 1),
    (1, "192.168.0.1", "192.168.0.89", 3, 1),
    (58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0),
    (58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0),
    (58, "3ffe:507:0:1:260:97ff:fe07:69ea", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0),
    (6, "2001:db8::1", "2001:db8::2", 1000, 443),
    (17, "10.0.0.1", "10.0.0.1", 5353, 53),
    (47, "10.0.0.1", "10.0.0.2", 0, 0),
]

if __name__ == "__main__":
    for case in CASES:
        proto, src, dst, sport, dport = case
        print('    {%d, "%s", "%s", %d, %d, "%s"},' % (*case, community_id(*case)))
