"""The product's settings with a data folder and a broker of the test run's own.

DATABASE_URL and CELERY_BROKER_URL are taken from the environment, so that the suite runs on servers too.
"""

import atexit
import os
import shutil
import tempfile

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="supportadmin-tests-")
os.environ.setdefault("CELERY_BROKER_URL", "memory://")
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

from supportadmin.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; argon2 has a test of its own
