"""Stands for smtplib while the corpus runs."""

from harness.holding import watch


class SMTPException(OSError):
    """The base of what smtplib raises."""


class SMTP:
    """A connection to a mail server; making it waits, too."""

    def __init__(self, *_, **__):
        watch.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    send_message = sendmail = login = starttls = quit = staticmethod(watch.wait)


SMTP_SSL = SMTP
