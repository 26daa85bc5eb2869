"""Runs nginx with the module, in a temporary folder and on a free port of the loopback interface."""
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time

TOKEN = "bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg"
TEMPLATE = {"v1": {"type": "integer", "min": 0, "max": 100}, "v2": {"type": "double"},
            "v3": {"type": "string", "max_len": 64}, "v4": {"type": "enumerable", "values": [0, 20, 130]},
            "v5": {"type": "location"}, "v6": {"type": "boolean"}}

# Seconds before a test gives up.
TIMEOUT = 120

CONFIG = """
load_module {module};
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log {level};
events {{ worker_connections {connections}; }}
http {{
    log_format without_token '$request_method $pinquery_path $status $pinquery_kind $pinquery_reason $pinquery_pin';
    access_log {access_log};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;

    # Accept `_` and `.`, which CGI-style backends do not distinguish from `-`.
    underscores_in_headers on;
    ignore_invalid_headers off;

    pinquery_devices devices.json;
    pinquery_header X-Pinquery-Updates;

    upstream backend {{
        server unix:{folder}/backend.sock;
    }}
    upstream recorder {{
        server unix:{folder}/recorder.sock;
    }}

    # The backend echoes what it receives.
    server {{
        listen unix:{folder}/backend.sock;
        access_log off;
        pinquery_header None;
        location / {{
            return 200 "$http_x_pinquery_updates|$http_x_other|$request_uri";
        }}
    }}

    server {{
        listen 127.0.0.1:{port};

        location /external/api/batch/update {{
            pinquery on;
            proxy_pass http://backend;
        }}
        location /log {{
            pinquery on;
            pinquery_bad_batch log;
            proxy_pass http://backend;
        }}
        location /off {{
            proxy_pass http://backend;
        }}
        location /variable {{
            pinquery on;
            proxy_set_header X-Other $pinquery_updates;
            proxy_pass http://backend;
        }}
        location /rewritten {{
            rewrite ^ /rewritten?token={token}&v1=7? break;
            pinquery on;
            proxy_pass http://backend;
        }}
        location /gif/on {{
            pinquery on;
            empty_gif;
        }}
        location /gif/off {{
            empty_gif;
        }}
        {server_block}
    }}
    {http_block}
}}
"""


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(description, condition):
    """Waits for a truthy result and returns it."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.02)
    raise RuntimeError(f"timed out: {description}")


class Recorder(http.server.BaseHTTPRequestHandler):
    """Records the target and headers of each request. Unlike `$http_NAME`, this shows repeated headers."""

    def do_GET(self):
        self.server.received.append((self.path, self.headers))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server:
    def __init__(self, module, access_log=True, connections=1024, level="info"):
        self.temporary = tempfile.TemporaryDirectory(prefix="pinquery-nginx-")
        # Workers may run as another user and need access to the socket.
        os.chmod(self.temporary.name, 0o755)
        self.folder = pathlib.Path(self.temporary.name)
        # The prefix differs from the folder of the configuration, as in Debian's package.
        self.configuration = self.folder / "conf"
        self.configuration.mkdir()
        self.module, self.access_log = os.path.abspath(module), access_log
        self.connections, self.level = connections, level
        self.devices({TOKEN: {"id": "roof", **TEMPLATE}})
        self.command = ["nginx", "-p", str(self.folder), "-c", str(self.configuration / "nginx.conf"),
                        "-e", str(self.folder / "error.log")]

    def configure(self, http_block="", server_block=""):
        """Writes the configuration, with additions to its http and server blocks."""
        log = f"{self.folder}/access.log without_token" if self.access_log else "off"
        self.config = CONFIG.format(module=self.module, folder=self.folder, port=self.port, token=TOKEN, access_log=log,
                                    connections=self.connections, level=self.level, http_block=http_block, server_block=server_block)
        (self.configuration / "nginx.conf").write_text(self.config)

    def devices(self, devices, name="devices.json"):
        text = devices if isinstance(devices, str) else json.dumps(devices)
        (self.configuration / name).write_text(text)

    @contextlib.contextmanager
    def recorded(self):
        """Listens as the upstream `recorder`. Yields the list of requests that it receives."""
        path = self.folder / "recorder.sock"
        with socketserver.UnixStreamServer(str(path), Recorder) as recorder:
            path.chmod(0o666)
            recorder.received = []
            thread = threading.Thread(target=recorder.serve_forever, args=[0.01])
            thread.start()
            try:
                yield recorder.received
            finally:
                recorder.shutdown()
                thread.join()

    def check(self):
        """Runs `nginx -t`. Returns whether the configuration is valid, and the messages."""
        done = subprocess.run([*self.command, "-t"], capture_output=True, text=True, timeout=TIMEOUT)
        return done.returncode == 0, done.stderr

    def __enter__(self):
        # Retried, because another program may take the port first.
        for _ in range(10):
            self.port = free_port()
            self.configure()
            # Keeps SIGXFSZ ignored, so that a write beyond a limit of the process fails as on a full disk.
            self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL, restore_signals=False)
            # nginx writes its pid file once it listens.
            pid = self.folder / "nginx.pid"
            eventually("nginx listens or exits", lambda: pid.exists() or self.process.poll() is not None)
            if pid.exists():
                return self
            # nginx does not remove its socket on failure.
            (self.folder / "backend.sock").unlink(missing_ok=True)
        raise RuntimeError(self.log("error"))

    def __exit__(self, *_):
        self.stop()
        self.temporary.cleanup()

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(TIMEOUT)

    def workers(self):
        pid = self.process.pid
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

    def reload(self):
        before = eventually("workers", self.workers)
        self.process.send_signal(signal.SIGHUP)
        eventually("new workers", lambda: self.workers() and not set(before) & set(self.workers()))

    def log(self, name):
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def accessed(self, count):
        """Waits for `count` lines in the access log, which may appear after the response. Returns all lines."""
        eventually("lines of the access log", lambda: len(self.log("access").splitlines()) >= count)
        return self.log("access").splitlines()

    def get(self, target, headers=(), method="GET", host="127.0.0.1"):
        """Returns status, content type and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, response.getheader("Content-Type"), body

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), TIMEOUT)

    def raw(self, request):
        """Sends raw bytes, which no client library would, and returns the response."""
        with self.connect() as connection:
            connection.sendall(request)
            response = b""
            while part := connection.recv(65536):
                response += part
        return response.decode()
