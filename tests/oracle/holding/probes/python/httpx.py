"""Stands for httpx while the corpus runs."""

from harness.holding import watch

get = post = put = patch = delete = request = watch.wait


class HTTPError(Exception):
    """The base of what httpx raises."""


class Client:
    """A client; its requests wait."""

    get = post = put = patch = delete = request = staticmethod(watch.wait)

    def __init__(self, **_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def close(self):
        """Nothing to close."""


class AsyncClient:
    """The asynchronous one."""

    get = post = put = patch = delete = request = staticmethod(watch.wait_async)

    def __init__(self, **_):
        pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None

    async def aclose(self):
        """Nothing to close."""
