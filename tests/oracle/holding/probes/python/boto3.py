"""Stands for boto3 while the corpus runs."""

from harness.holding import watch


class Client:
    """A client of any service; each of its methods waits."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return watch.wait


def client(*_, **__):
    """A client; makes no request."""
    return Client()
