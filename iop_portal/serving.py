"""How gunicorn serves the portal. Read by `gunicorn --config python:iop_portal.serving`."""

import os

from iop_portal.settings import LOGGING

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 30
graceful_timeout = 20
# Memory that leaks somewhere in a library does not add up for weeks.
max_requests = 5000
max_requests_jitter = 500
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  a heartbeat that never waits for a disk
control_socket_disable = True
# The request log of iop_portal.logs says what may be said; gunicorn's own would repeat whole addresses.
accesslog = None
logconfig_dict = LOGGING
