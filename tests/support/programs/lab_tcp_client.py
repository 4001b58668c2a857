# The chat client of many networking courses: what is typed is sent as it is, without a line end,
# and a thread prints whatever recv gives.
import socket
import sys
import threading


def receive(sock):
    while True:
        data = sock.recv(1024)
        if not data:
            break
        print(data.decode(errors="replace"))


sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
sock.connect((sys.argv[1], int(sys.argv[2])))
threading.Thread(target=receive, args=(sock,), daemon=True).start()
while True:
    try:
        message = input()
    except EOFError:
        break
    sock.send(message.encode())
