"""Takes every connection and says nothing."""

import os
import socket

listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
kept = []
while True:
    kept.append(listener.accept())
