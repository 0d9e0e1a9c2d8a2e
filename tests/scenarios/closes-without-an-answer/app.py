"""Takes the request and hangs up."""

import os
import socket

listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.close()
