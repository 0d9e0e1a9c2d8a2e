"""Listens, and never takes a connection."""

import os
import socket
import time

listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
print("listening", flush=True)
time.sleep(600)
