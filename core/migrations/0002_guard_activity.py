"""Have the database itself refuse changes to the activity log."""

from django.db import migrations

from core import activity_guard


def install(apps, schema_editor):
    activity_guard.install(schema_editor.connection)


def remove(apps, schema_editor):
    activity_guard.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
