# The same for datagrams: one sendto for each line typed, a thread prints what comes.
import socket
import sys
import threading

server = (sys.argv[1], int(sys.argv[2]))
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def receive():
    while True:
        data, _ = sock.recvfrom(65535)
        print(data.decode(errors="replace"))


sock.bind(("0.0.0.0", 0))
threading.Thread(target=receive, daemon=True).start()
while True:
    try:
        message = input()
    except EOFError:
        break
    sock.sendto(message.encode(), server)
