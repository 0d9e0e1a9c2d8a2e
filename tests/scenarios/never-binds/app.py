"""Says that it serves, and listens nowhere."""

import time

print("ready to serve", flush=True)
time.sleep(600)
