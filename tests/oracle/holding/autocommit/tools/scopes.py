"""Scopes around connections."""

from contextlib import contextmanager

from tools.db import autocommit_pool


@contextmanager
def plain_connection():
    with autocommit_pool.connection() as conn:
        yield conn
