"""Mail."""

import smtplib
from email.message import EmailMessage

SMTP_HOST = "mail.internal"


def build_message(recipient, subject):
    message = EmailMessage()
    message["To"] = recipient
    message["Subject"] = subject
    return message


def send_mail(recipient, subject):
    with smtplib.SMTP(SMTP_HOST, timeout=10) as server:
        server.send_message(build_message(recipient, subject))
