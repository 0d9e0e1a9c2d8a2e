"""What the environment says."""

import os

JWT_SECRET = os.environ.get("JWT_SECRET", "change-me")
ACCESS_TOKEN_TTL_SECONDS = int(os.environ.get("ACCESS_TOKEN_TTL_SECONDS", "900"))
