"""Sends datagrams from source addresses that are not its own. Root, or CAP_NET_RAW.

A line of standard input is one order: {"from": [["203.0.113.9", 5000], ...], "to": ["198.51.100.1", 9999],
"texts": ["hi", ...]}. Every text is sent from every source. The answer is a line {"datagrams": n, "bytes": n}, headers
included.
"""
import json
import socket
import struct
import sys


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(family, source, target, text):
    src, dst = (socket.inet_pton(family, host) for host, _ in (source, target))
    length = 8 + len(text)
    pseudo = src + dst + struct.pack("!II", length, socket.IPPROTO_UDP)
    ports = struct.pack("!HHH", source[1], target[1], length)
    udp = ports + struct.pack("!H", checksum(pseudo + ports + b"\0\0" + text) or 0xFFFF) + text
    if family == socket.AF_INET6:
        return struct.pack("!IHBB", 6 << 28, length, socket.IPPROTO_UDP, 64) + src + dst + udp
    # The kernel fills in the header's checksum and identification.
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP, 0) + src + dst + udp


raw = {}
for order in map(json.loads, sys.stdin):
    target = order["to"]
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    if family not in raw:
        raw[family] = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)  # headers are ours
    sent = size = 0
    for source in order["from"]:
        for text in order["texts"]:
            data = packet(family, source, target, text.encode())
            raw[family].sendto(data, (target[0], 0))
            sent += 1
            size += len(data)
    print(json.dumps({"datagrams": sent, "bytes": size}), flush=True)
