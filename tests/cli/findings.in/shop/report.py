from .db import pool


def audit():
    connection = pool.getconn()  # poolgate: ignore[unreleased-client] the process ends here
    connection.execute("SELECT 1")


def idle():
    return 1  # poolgate: ignore[pool-per-call] nothing is made here
