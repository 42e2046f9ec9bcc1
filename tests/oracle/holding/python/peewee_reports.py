"""Reports, through Peewee."""

import subprocess

import requests
from app.db import database
from app.notify import post_hook
from peewee import IntegerField, Model, TextField


class Job(Model):
    status = TextField()
    payload = TextField()

    class Meta:
        database = database
        table_name = "jobs"


class Account(Model):
    name = TextField()
    active = IntegerField()

    class Meta:
        database = database
        table_name = "users"


def render_report(job_id):
    with database.connection_context():
        with database.atomic():
            Job.update(status="rendering").where(Job.id == job_id).execute()
            subprocess.run(["render", str(job_id)], check=True)


def print_report(job_id):
    with database.connection_context():
        with database.atomic():
            Job.update(status="printing").where(Job.id == job_id).execute()
    subprocess.run(["print", str(job_id)], check=True)


def view_report(job_id):
    with database.connection_context():
        job = Job.get_by_id(job_id)
        requests.post("https://reports.example.com", json={"status": job.status}, timeout=5)


def preview_report(job_id):
    with database.connection_context():
        job = Job.get_by_id(job_id)
    requests.post("https://reports.example.com", json={"status": job.status}, timeout=5)


def save_report(job_id):
    with database:
        Job.update(status="saved").where(Job.id == job_id).execute()
        post_hook("saved", job=job_id)


def keep_report(job_id):
    with database:
        Job.update(status="kept").where(Job.id == job_id).execute()
    post_hook("kept", job=job_id)


def send_report(job_id):
    database.connect()
    try:
        with database.transaction() as transaction:
            Job.update(status="sent").where(Job.id == job_id).execute()
            transaction.commit()
    finally:
        database.close()
    post_hook("sent", job=job_id)


def publish_report(job_id):
    database.connect()
    try:
        with database.transaction():
            Job.update(status="published").where(Job.id == job_id).execute()
            post_hook("published", job=job_id)
    finally:
        database.close()
