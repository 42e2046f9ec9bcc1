"""Stands for Celery while the corpus runs."""

from harness.holding import watch


class Task:
    """A task; sending it waits for the broker, calling it runs it."""

    delay = apply_async = staticmethod(watch.wait)

    def __init__(self, function):
        self.run = function

    def __call__(self, *args, **kwargs):
        return self.run(*args, **kwargs)


def shared_task(function=None, **_):
    """A decorator, bare or called."""
    return Task if function is None else Task(function)


class Celery:
    """An application."""

    def __init__(self, *_, **__):
        pass

    task = staticmethod(shared_task)
    send_task = staticmethod(watch.wait)
