"""Settings of gunicorn, which serves the application."""

import os

bind = "0.0.0.0:8000"
workers = int(os.getenv("WEB_CONCURRENCY", 16))
worker_class = "uvicorn.workers.UvicornWorker"
timeout = 60
