"""Speaks, but not HTTP."""

import os
import socket

listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.sendall(b"220 \x1b[31mwelcome\x1b[0m to my server\r\n")
    connection.close()
