"""Answers as a TLS server does that is sent plain HTTP."""

import os
import socket

listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.sendall(bytes.fromhex("15030100020246"))
    connection.close()
