"""Stands for aiohttp while the corpus runs."""

from harness.holding import watch


class Request:
    """A request, awaited or entered."""

    def __await__(self):
        return watch.wait_async().__await__()

    async def __aenter__(self):
        return await watch.wait_async()

    async def __aexit__(self, *_):
        return None


class ClientSession:
    """A session; its requests wait once they are awaited or entered."""

    def __init__(self, **_):
        pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None

    def request(self, *_, **__):
        """A request of any method."""
        return Request()

    get = post = put = patch = delete = request
