"""Stands for requests while the corpus runs."""

from harness.holding import Answer, watch

get = post = put = patch = delete = request = head = watch.wait


class RequestException(Exception):
    """The base of what requests raises."""


class Session(Answer):
    """A session; its requests wait."""

    headers = {}

    get = post = put = patch = delete = request = staticmethod(watch.wait)
