#!/usr/bin/env python3
"""Makes the sample that `weir demo` plays: make_sample.py TUNNEL.pcap OUT.pcap [--seed N] [--clean]

Two days of a small office on 10.0.2.0/24, generated from a seed: sixteen hosts that look names up
at the resolver 10.0.2.20 and talk to web, mail and time servers, more by day than by night. Into it
are set:

  hour 34        the DNS tunnel recorded in TUNNEL.pcap (iodine, 10.0.2.30 by 10.0.2.20), moved in
                 time and otherwise as it was captured
  hour 39        an upload of 64 MB by 10.0.2.37 to an address and port that nobody used before
  hour 44        half an hour of eight times the usual connections

With --clean the three are left out. Packets are cut after their headers, but for DNS; lengths in
the headers tell what passed. The same seed gives the same bytes.
"""
import argparse
import math
import random
import struct

START = 1718582400  # Monday, 2024-06-17T00:00:00Z
HOURS = 48
RESOLVER = "10.0.2.20"
HOSTS = [f"10.0.2.{i}" for i in range(30, 46)]
PER_HOUR = 90
SITES = [("news", "com"), ("mail", "org"), ("video", "net"), ("shop", "com"), ("wiki", "org"),
         ("bank", "eu"), ("maps", "com"), ("cdn", "net"), ("code", "io"), ("cloud", "com"),
         ("music", "fm"), ("weather", "org"), ("travel", "com"), ("forum", "net"), ("ads", "com")]
WORDS = ("www", "api", "static", "img", "login", "m", "assets", "edge")


def address(text):
    return bytes(int(part) for part in text.split("."))


def mac(ip):
    return b"\x02\x00" + address(ip) if ip.startswith("10.0.2.") else b"\x02\xfe\x00\x00\x00\x01"


def ipv4(source, target, protocol, payload, length=None):
    """A packet whose IP header says length bytes, and that holds what payload does."""
    total = 20 + (length if length is not None else len(payload))
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, total, 0, 0x4000, 64, protocol, 0,
                       address(source), address(target))
    summed = sum(struct.unpack(">10H", head))
    while summed >> 16:
        summed = (summed & 0xFFFF) + (summed >> 16)
    head = head[:10] + struct.pack(">H", ~summed & 0xFFFF) + head[12:]
    return mac(target) + mac(source) + b"\x08\x00" + head + payload, 14 + total


class Sample:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.packets = []
        self.servers = {}

    def add(self, time, frame):
        data, wire = frame
        self.packets.append((round(time * 1000000), data, wire))

    def server(self, name):
        """An address of the public Internet for a name, always the same."""
        if name not in self.servers:
            own = random.Random(name)
            self.servers[name] = f"93.{own.randrange(180, 190)}.{own.randrange(256)}.{own.randrange(1, 255)}"
        return self.servers[name]

    def udp(self, time, source, sport, target, dport, payload):
        self.add(time, ipv4(source, target, 17,
                            struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload))

    def look_up(self, time, host, name):
        rng = self.rng
        port, ident = rng.randrange(32768, 61000), rng.randrange(65536)
        question = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1\0\1"
        self.udp(time, host, port, RESOLVER, 53,
                 struct.pack(">HHHHHH", ident, 0x0100, 1, 0, 0, 0) + question)
        answer = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 300, 4) + address(self.server(name))
        self.udp(time + 0.004 + rng.random() * 0.03, RESOLVER, 53, host, port,
                 struct.pack(">HHHHHH", ident, 0x8180, 1, 1, 0, 0) + question + answer)

    def tcp(self, time, source, sport, target, dport, sent, got):
        """One conversation: handshake, data in few large segments, end."""
        rng = self.rng
        seq, ack = rng.randrange(1 << 32), rng.randrange(1 << 32)
        rtt = 0.01 + rng.random() * 0.05

        def segment(at, back, flags, length=0):
            nonlocal seq, ack
            ends = (target, source, dport, sport) if back else (source, target, sport, dport)
            numbers = (ack, seq) if back else (seq, ack)
            head = struct.pack(">HHIIBBHHH", ends[2], ends[3], numbers[0] & 0xFFFFFFFF,
                               numbers[1] & 0xFFFFFFFF, 0x50, flags, 64000, 0, 0)
            self.add(at, ipv4(ends[0], ends[1], 6, head, 20 + length))
            step = length + (1 if flags & 3 else 0)
            if back:
                ack += step
            else:
                seq += step

        segment(time, False, 2)
        segment(time + rtt, True, 18)
        segment(time + 1.5 * rtt, False, 16)
        at = time + 2 * rtt
        for back, left in ((False, sent), (True, got)):
            while left > 0:
                size = min(left, 43200)
                segment(at, back, 24, size)
                left -= size
                at += 0.002 + rng.random() * 0.01
        segment(at + rtt, False, 17)
        segment(at + 2 * rtt, True, 17)
        segment(at + 2.5 * rtt, False, 16)

    def visit(self, time):
        rng = self.rng
        host = rng.choice(HOSTS)
        site = SITES[min(int(rng.expovariate(0.25)), len(SITES) - 1)]
        name = f"{rng.choice(WORDS)}.{site[0]}-{rng.randrange(4)}.{site[1]}"
        self.look_up(time, host, name)
        port = rng.choices((443, 80, 993, 8443), (80, 12, 5, 3))[0]
        self.tcp(time + 0.05, host, rng.randrange(32768, 61000), self.server(name), port,
                 int(rng.lognormvariate(7.6, 0.9)), int(rng.lognormvariate(9.6, 1.2)))

    def clock(self, time):
        host = self.rng.choice(HOSTS)
        target = self.server("ntp.example.org")
        port = self.rng.randrange(32768, 61000)
        self.udp(time, host, port, target, 123, b"\x23" + bytes(47))
        self.udp(time + 0.03, target, 123, host, port, b"\x24" + bytes(47))

    def days(self):
        for hour in range(HOURS):
            busy = 1 + 0.45 * math.sin((hour % 24 - 8) / 24 * 2 * math.pi)
            for _ in range(max(0, round(self.rng.gauss(PER_HOUR * busy, math.sqrt(PER_HOUR))))):
                self.visit(START + (hour + self.rng.random()) * 3600)
            for _ in range(12):
                self.clock(START + (hour + self.rng.random()) * 3600)

    def upload(self, hour):
        self.tcp(START + hour * 3600 + 420, "10.0.2.37", 50123, "45.77.12.34", 4447, 64_000_000,
                 2000)

    def flood(self, hour):
        begin = START + hour * 3600
        for _ in range(round(PER_HOUR / 2 * 7)):
            self.visit(begin + self.rng.random() * 1800)

    def tunnel(self, hour, path):
        data = open(path, "rb").read()
        order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
        at, first = 24, None
        while at + 16 <= len(data):
            seconds, micro, kept, wire = struct.unpack_from(order + "IIII", data, at)
            time = seconds + micro / 1e6
            first = time if first is None else first
            self.packets.append((round((START + hour * 3600 + 600 + time - first) * 1000000),
                                 data[at + 16:at + 16 + kept], wire))
            at += 16 + kept

    def write(self, path):
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for time, data, wire in sorted(self.packets, key=lambda p: p[0]):
                out.write(struct.pack("<IIII", *divmod(time, 1000000), len(data), wire))
                out.write(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tunnel")
    parser.add_argument("target")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--clean", action="store_true")
    args = parser.parse_args()
    sample = Sample(args.seed)
    sample.days()
    if not args.clean:
        sample.tunnel(34, args.tunnel)
        sample.upload(39)
        sample.flood(44)
    sample.write(args.target)


if __name__ == "__main__":
    main()
