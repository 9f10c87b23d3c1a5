"""The product's settings with a data folder of the test run's own.

Database and broker are those of the environment, so that the suite runs on servers too; by default SQLite and
the file transport, in that folder.
"""

import atexit
import os
import shutil
import tempfile

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="supportadmin-tests-")
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

from supportadmin.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; argon2 has a test of its own
