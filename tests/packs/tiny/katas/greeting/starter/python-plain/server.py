import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import psycopg

from greetings import greetings


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        place = urlsplit(self.path)
        if place.path == "/healthz":
            return self.answer({"status": "ok"})
        limit = int(parse_qs(place.query)["limit"][0])
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            self.answer({"greetings": greetings(connection, os.environ["GREETING"], limit)})

    def answer(self, body):
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
