"""Dies as for lack of memory."""

import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
