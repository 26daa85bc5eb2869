"""An nginx of its own with the module: its prefix is a temporary folder, its port any free one of loopback."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

TOKEN = "bFFtSHNCZZDWQ__Zs96cP5jLMhLoJofg"
TEMPLATE = {"v1": {"type": "integer", "min": 0, "max": 100}, "v2": {"type": "double"},
            "v3": {"type": "string", "max_len": 64}, "v4": {"type": "enumerable", "values": [0, 20, 130]},
            "v5": {"type": "location"}, "v6": {"type": "boolean"}}

# Seconds that anything may take.
PATIENCE = 120

CONFIG = """
load_module {module};
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    # The request line and $args hold the token; $uri does not.
    log_format without_token '$request_method $uri $status $pinquery_kind $pinquery_reason $pinquery_pin';
    access_log {access_log};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;

    # As CGI reads headers, `_` is `-`.
    underscores_in_headers on;

    pinquery_devices devices.json;
    pinquery_header X-Pinquery-Updates;

    # What stands behind nginx: it answers what it was handed.
    server {{
        listen unix:{folder}/behind.sock;
        access_log off;
        location / {{
            return 200 "$http_x_pinquery_updates|$http_x_other|$request_uri";
        }}
    }}

    server {{
        listen 127.0.0.1:{port};

        location /external/api/batch/update {{
            pinquery on;
            proxy_pass http://unix:{folder}/behind.sock;
        }}
        location /log {{
            pinquery on;
            pinquery_bad_batch log;
            proxy_pass http://unix:{folder}/behind.sock;
        }}
        location /off {{
            proxy_pass http://unix:{folder}/behind.sock;
        }}
        location /variable {{
            pinquery on;
            proxy_set_header X-Other $pinquery_updates;
            proxy_pass http://unix:{folder}/behind.sock;
        }}
        location /rewritten {{
            rewrite ^ /rewritten?token={token}&v1=7? break;
            pinquery on;
            proxy_pass http://unix:{folder}/behind.sock;
        }}
        location /gif/on {{
            pinquery on;
            empty_gif;
        }}
        location /gif/off {{
            empty_gif;
        }}
    }}
}}
"""


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, holds):
    """What this gives, once it is something: far later than any machine takes, it fails."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.02)
    raise RuntimeError(f"never: {what}")


class Server:
    def __init__(self, module, access_log=True):
        self.holder = tempfile.TemporaryDirectory(prefix="pinquery-nginx-")
        # Workers may run as another user, and reach the socket in here.
        os.chmod(self.holder.name, 0o755)
        self.folder = pathlib.Path(self.holder.name)
        self.module, self.access_log = os.path.abspath(module), access_log
        self.devices({TOKEN: {"id": "roof", **TEMPLATE}})
        self.command = ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"),
                        "-e", str(self.folder / "error.log")]

    def configure(self):
        """The configuration, with a port that is free now."""
        log = f"{self.folder}/access.log without_token" if self.access_log else "off"
        self.port = free_port()
        self.config = CONFIG.format(module=self.module, folder=self.folder, port=self.port, token=TOKEN, access_log=log)
        (self.folder / "nginx.conf").write_text(self.config)

    def devices(self, devices):
        text = devices if isinstance(devices, str) else json.dumps(devices)
        (self.folder / "devices.json").write_text(text)

    def check(self):
        """`nginx -t`: whether the configuration is right, and what is said."""
        done = subprocess.run([*self.command, "-t"], capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode == 0, done.stderr

    def __enter__(self):
        # Another program may take a port between our looking and nginx's taking it.
        for _ in range(10):
            self.configure()
            self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
            # nginx writes its id once it listens.
            pid = self.folder / "nginx.pid"
            eventually("nginx listens or has ended", lambda: pid.exists() or self.process.poll() is not None)
            if pid.exists():
                return self
            # nginx leaves the socket that it could listen on.
            (self.folder / "behind.sock").unlink(missing_ok=True)
        raise RuntimeError(self.log("error"))

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(PATIENCE)
        self.holder.cleanup()

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
        """The lines of the access log, each written once its answer is sent: so many are waited for."""
        eventually("lines of the access log", lambda: len(self.log("access").splitlines()) >= count)
        return self.log("access").splitlines()

    def get(self, target, headers=(), method="GET"):
        """Status, content type and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, answer.getheader("Content-Type"), body

    def raw(self, request):
        """The answer to bytes that no client library would send."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(request)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        return answer.decode()
