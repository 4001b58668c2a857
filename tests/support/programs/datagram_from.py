# A datagram from any source address, as only root can send it: datagram_from.py SOURCE PORT DESTINATION PORT TEXT
import socket
import struct
import sys

source, source_port, destination, port, text = sys.argv[1:]
payload = text.encode()
udp = struct.pack("!HHHH", int(source_port), int(port), 8 + len(payload), 0) + payload  # checksum 0: none
ip = struct.pack(
    "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0,
    socket.inet_aton(source), socket.inet_aton(destination))
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
    sock.sendto(ip + udp, (destination, 0))
