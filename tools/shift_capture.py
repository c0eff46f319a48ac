#!/usr/bin/env python3
"""Moves a capture in time: shift_capture.py IN.pcap OUT.pcap (--by SECONDS | --start EPOCH_SECONDS)

Only the record times of a classic pcap file change. With --start the first packet gets that time.
"""
import argparse
import struct


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("target")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--by", type=float)
    group.add_argument("--start", type=float)
    args = parser.parse_args()
    data = open(args.source, "rb").read()
    magics = {b"\xd4\xc3\xb2\xa1": ("<", 10**6), b"\xa1\xb2\xc3\xd4": (">", 10**6),
              b"\x4d\x3c\xb2\xa1": ("<", 10**9), b"\xa1\xb2\x3c\x4d": (">", 10**9)}
    if data[:4] not in magics:
        raise SystemExit(f"{args.source}: expected a pcap file")
    order, unit = magics[data[:4]]
    out = bytearray(data)
    at, shift = 24, None
    while at + 16 <= len(out):
        seconds, part, kept, _ = struct.unpack_from(order + "IIII", out, at)
        time = seconds * unit + part
        if shift is None:
            shift = round(args.by * unit) if args.by is not None else round(args.start * unit) - time
        struct.pack_into(order + "II", out, at, *divmod(time + shift, unit))
        at += 16 + kept
    open(args.target, "wb").write(out)


if __name__ == "__main__":
    main()
