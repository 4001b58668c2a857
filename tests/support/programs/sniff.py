"""Shows every IP packet that this network namespace's interfaces carry, but for loopback and what IPv6 needs to find
its neighbours and groups. Root, or CAP_NET_RAW.

A line each: {"in": true, "udp": true, "from": ["203.0.113.1", 9999], "to": [...], "bytes": n, "text": "..."}; bytes are
the packet's, IP header included. Fragments of IPv6, and all but the first of IPv4, are not "udp".
"""
import json
import socket
import struct

ETH_P_ALL, PACKET_OUTGOING = 3, 4
EXTENSIONS = {0, 43, 60}  # of IPv6: hop by hop, routing, destination
NEIGHBOURS = set(range(130, 138)) | {143}  # types of ICMPv6

sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
print("sniffing", flush=True)
while True:
    data, (interface, _, kind, *_) = sniffer.recvfrom(65536)
    if interface == "lo" or not data:
        continue
    if data[0] >> 4 == 4:
        family, size, protocol, at = socket.AF_INET, struct.unpack("!H", data[2:4])[0], data[9], (data[0] & 15) * 4
        source, target = data[12:16], data[16:20]
        if struct.unpack("!H", data[6:8])[0] & 0x1FFF:
            protocol = 44  # a later fragment has no ports
    elif data[0] >> 4 == 6:
        family, size, protocol, at = socket.AF_INET6, 40 + struct.unpack("!H", data[4:6])[0], data[6], 40
        source, target = data[8:24], data[24:40]
        while protocol in EXTENSIONS:
            protocol, at = data[at], at + 8 * (data[at + 1] + 1)
        if protocol == socket.IPPROTO_ICMPV6 and data[at] in NEIGHBOURS:
            continue
    else:
        continue  # ARP
    udp = protocol == socket.IPPROTO_UDP
    ports = struct.unpack("!HH", data[at:at + 4]) if udp else (0, 0)
    print(json.dumps({
        "in": kind != PACKET_OUTGOING, "udp": udp, "bytes": size,
        "from": [socket.inet_ntop(family, source), ports[0]], "to": [socket.inet_ntop(family, target), ports[1]],
        "text": data[at + 8:size].decode("latin-1") if udp else "",
    }), flush=True)
