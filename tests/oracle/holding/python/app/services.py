"""Services that other modules build on."""

from sqlalchemy import text

from app.db import engine
from app.notify import post_hook


class Service:
    """Runs its own step in a transaction."""

    def run(self, key):
        with engine.begin() as conn:
            conn.execute(text("SELECT status FROM orders WHERE id = :id FOR UPDATE"), {"id": key})
            return self.step(conn, key)

    def step(self, conn, key):
        raise NotImplementedError

    def announce(self, key):
        post_hook(type(self).__name__, key=key)


class TwoStepService:
    """Writes first, tells afterwards."""

    def run(self, key):
        with engine.begin() as conn:
            self.write(conn, key)
        self.after(key)

    def write(self, conn, key):
        raise NotImplementedError

    def after(self, key):
        post_hook("after", key=key)
