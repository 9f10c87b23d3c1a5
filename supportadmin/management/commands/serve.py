"""`manage.py serve`: web, worker and beat under one command, until Ctrl-C."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core import jobs
from supportadmin import credentials
from supportadmin.supervisor import Program, Supervisor

REFUSED = 2
FIGURES_DIR = settings.DATA_DIR / "prometheus"  # where the web processes add up their counts


class Command(BaseCommand):
    """Supervise gunicorn, one Celery worker and Celery beat."""

    help = "Run the web server, the worker and the scheduler until Ctrl-C."
    requires_system_checks = ["__all__"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="first migrate, and fill an empty database",
        )
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if options["prepare"]:
            call_command("migrate", verbosity=0)
            call_command("quickstart", if_empty=True, stdout=self.stdout)
            jobs.enqueue("kb.tasks.follow_encoder", dedupe_key="kb.tasks.follow_encoder")
        self._refuse_unapplied_migrations()
        self._refuse_taken_port(host, port)
        announced = False

        def announce() -> None:
            nonlocal announced
            if not announced and _answers(host, port):
                announced = True
                url = f"http://{_visible(host)}:{port}"
                self.stdout.write(self.style.SUCCESS(f"Ready at {url} (Ctrl-C ends)"))
                self.stdout.write(credentials.announce(url))
                self.stdout.flush()

        connection.close()
        shutil.rmtree(FIGURES_DIR, ignore_errors=True)
        FIGURES_DIR.mkdir(parents=True)
        Supervisor(programs(host, port)).run(on_tick=announce)
        self.stdout.write("Stopped.")

    def _refuse_unapplied_migrations(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            raise CommandError(
                f"{len(plan)} migrations are not applied; run `python manage.py migrate` first.",
                returncode=REFUSED,
            )

    def _refuse_taken_port(self, host: str, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"Port {port} on {host} cannot be used ({error.strerror}); set PORT to another one.",
                    returncode=REFUSED,
                ) from error


def programs(host: str, port: int) -> list[Program]:
    """Return the three programs that make up the product."""
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "supportadmin", "--quiet"]
    web = [python, "-m", "gunicorn", "--config", "python:supportadmin.gunicorn_conf", "supportadmin.wsgi"]
    worker = [*celery, "worker", "--pool=prefork", "--concurrency=1", "--loglevel=WARNING"]
    beat = [*celery, "beat", "--loglevel=WARNING", "--pidfile="]
    return [
        Program("web", web, {"HOST": host, "PORT": str(port), "PROMETHEUS_MULTIPROC_DIR": str(FIGURES_DIR)}),
        Program("worker", [*worker, "--without-gossip", "--without-mingle"]),
        Program("beat", beat),
    ]


def _visible(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - shown, not bound


def _answers(host: str, port: int) -> bool:
    """Whether the web server answers at all; what it says is another question."""
    web = http.client.HTTPConnection(_visible(host), port, timeout=0.5)
    try:
        web.request("GET", "/healthz")
        web.getresponse().read()
    except (OSError, http.client.HTTPException):
        time.sleep(0.1)
        return False
    finally:
        web.close()
    return True
