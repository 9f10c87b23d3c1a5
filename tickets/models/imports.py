"""Rows of closed tickets: each import with its evidence, the tickets, their cleaned and their raw texts.

The database is the last guard: one ticket once, every row of an import accounted for, and nothing counts that
is not closed. Raw texts stand apart, under a permission of their own, and are deleted after a while.
"""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from tickets import workflow
from tickets.querysets import ImportBatchQuerySet, RawTextQuerySet, TicketQuerySet


class Source(models.TextChoices):
    """Where tickets come from: the names of the readers in integrations."""

    ZENDESK = "zendesk", "Zendesk"
    FRESHDESK = "freshdesk", "Freshdesk"
    INTERCOM = "intercom", "Intercom"
    CSV = "csv", "CSV"


class ImportBatch(models.Model):
    """One import of one file, or of what a help desk's API gives (``address``).

    ``rows_in`` is also the position from which a file is gone on with after a stop; an API is by ``cursor``.
    """

    class State(models.TextChoices):
        DRAFT = workflow.DRAFT, "Needs its columns"
        QUEUED = workflow.QUEUED, "Queued"
        RUNNING = workflow.RUNNING, "Running"
        DONE = workflow.DONE, "Done"
        FAILED = workflow.FAILED, "Failed"
        STOPPED = workflow.STOPPED, "Stopped"

    source = models.CharField(max_length=20, choices=Source)
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64, db_index=True, editable=False)
    file_bytes = models.PositiveBigIntegerField(default=0, editable=False)
    stored_name = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Of the uploaded file, as long as it is kept."
    )
    address = models.CharField(max_length=200, blank=True, editable=False)
    cursor = models.CharField(max_length=1000, blank=True, editable=False)
    mapping = models.JSONField(default=dict, blank=True, help_text="Which column is what, for a CSV file.")
    window_days = models.PositiveSmallIntegerField(
        "window, days",
        default=workflow.DEFAULT_WINDOW_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(workflow.MAX_WINDOW_DAYS)],
        help_text="Only tickets closed within so many days before the import count.",
    )
    columns_key = models.CharField(
        max_length=64, blank=True, db_index=True, editable=False, help_text="The same for the same columns."
    )
    ends_with_newest = models.BooleanField(
        "the window ends with the newest ticket of the file",
        default=False,
        help_text="For an export that is older than today. Otherwise it ends now.",
    )
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    error = models.TextField(blank=True)
    job = models.ForeignKey("core.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    rows_total = models.PositiveIntegerField(
        null=True, help_text="Rows of the file: about so many until the import is done."
    )
    rows_in = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    outside_window = models.PositiveIntegerField(
        default=0, help_text="Closed outside the window, or not closed at all."
    )
    not_closed = models.PositiveIntegerField(default=0, help_text="Those of them that are not closed.")
    created_by = models.ForeignKey("core.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = "import"
        ordering = ["-id"]
        indexes = [models.Index(fields=["state"], name="import_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    rows_in=F("created") + F("updated") + F("unchanged") + F("rejected") + F("outside_window")
                ),
                name="import_accounts_for_every_row",
            ),
            models.CheckConstraint(
                condition=Q(not_closed__lte=F("outside_window")), name="import_not_closed_is_outside"
            ),
            models.CheckConstraint(
                condition=Q(window_start__lt=F("window_end")), name="import_window_has_a_length"
            ),
            models.CheckConstraint(
                condition=~Q(state=workflow.DONE) | Q(finished_at__isnull=False, rows_total=F("rows_in")),
                name="import_done_has_read_everything",
            ),
            models.CheckConstraint(
                condition=~Q(state=workflow.DRAFT) | Q(rows_in=0), name="import_draft_is_empty"
            ),
            models.UniqueConstraint(
                fields=["stored_name"], condition=~Q(stored_name=""), name="one_import_per_stored_file"
            ),
        ]

    def __str__(self) -> str:
        return f"Import {self.pk} of {self.file_name}"


class ImportRejection(models.Model):
    """A row that could not be taken, and why; the first ones of each import."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rejections")
    line = models.PositiveIntegerField()
    code = models.CharField(max_length=60)
    message = models.CharField(max_length=500)

    class Meta:
        verbose_name = "rejected row"
        ordering = ["batch", "id"]

    def __str__(self) -> str:
        return f"Line {self.line}: {self.code}"


class Ticket(models.Model):
    """One closed ticket. ``created_at`` … ``closed_at`` are the help desk's own times."""

    class Status(models.TextChoices):
        NEW = "new", "New"
        OPEN = "open", "Open"
        PENDING = "pending", "Pending"
        HOLD = "hold", "On hold"
        SOLVED = "solved", "Solved"
        CLOSED = "closed", "Closed"
        MERGED = "merged", "Merged"
        DELETED = "deleted", "Deleted"

    source = models.CharField(max_length=20, choices=Source)
    external_id = models.CharField("id at the source", max_length=100)
    content_hash = models.CharField(
        max_length=64, editable=False, help_text="Of the row; empty: read it anew."
    )
    subject = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=Status)
    channel = models.CharField(max_length=60, blank=True)
    kind = models.CharField(max_length=120, blank=True, help_text="The help desk's own type or category.")
    priority = models.CharField(max_length=60, blank=True)
    group = models.CharField(max_length=120, blank=True, help_text="The team that had it last.")
    tags = models.JSONField(default=list)
    extra = models.JSONField(default=dict)
    customer_external_id = models.CharField("customer", max_length=200, blank=True, db_index=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField()
    csat = models.PositiveSmallIntegerField("CSAT", null=True)
    reopens = models.PositiveIntegerField(null=True)
    agent_replies = models.PositiveIntegerField(null=True)
    reassignments = models.PositiveIntegerField(null=True)
    first_reply_seconds = models.PositiveBigIntegerField(null=True)
    resolution_seconds = models.PositiveBigIntegerField(null=True)
    escalated = models.BooleanField(null=True, help_text="Empty: the source does not say.")
    in_window = models.BooleanField(
        "counts", default=True, help_text="Closed, and inside the window of its last import."
    )
    first_batch = models.ForeignKey(
        ImportBatch, on_delete=models.PROTECT, related_name="+", verbose_name="first import"
    )
    last_batch = models.ForeignKey(
        ImportBatch, on_delete=models.PROTECT, related_name="+", verbose_name="last import"
    )

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["-closed_at", "-id"]
        indexes = [
            models.Index(fields=["-closed_at", "-id"], name="ticket_newest"),
            models.Index(fields=["in_window", "-closed_at"], name="ticket_counting"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="one_ticket_per_source_and_id"),
            models.CheckConstraint(
                condition=Q(in_window=False) | Q(status__in=sorted(workflow.CLOSED_STATUSES)),
                name="only_closed_tickets_count",
            ),
            models.CheckConstraint(
                condition=Q(csat__isnull=True) | Q(csat__range=(1, 5)), name="ticket_csat_is_1_to_5"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.external_id}"


class TicketText(models.Model):
    """What a ticket says, cleaned and with personal data masked: the text that is searched and learned from.

    ``conversation`` is [{"author", "at", "is_public", "text"}, …] in order of time.
    """

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, primary_key=True, related_name="text")
    customer_words = models.TextField(blank=True)
    conversation = models.JSONField(default=list)
    csat_comment = models.TextField(blank=True)
    pipeline_version = models.CharField(max_length=40)

    class Meta:
        verbose_name = "cleaned text"

    def __str__(self) -> str:
        return self.customer_words[:80]


class RawText(models.Model):
    """What came in, word for word, for those who may compare; gone after ``delete_after``.

    ``conversation`` is [{"author", "at", "is_public", "is_html", "text"}, …] in order of time.
    """

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, primary_key=True, related_name="raw_text")
    subject = models.TextField(blank=True)
    conversation = models.JSONField(default=list)
    csat_comment = models.TextField(blank=True)
    delete_after = models.DateField(db_index=True)

    objects = RawTextQuerySet.as_manager()

    class Meta:
        verbose_name = "raw text"

    def __str__(self) -> str:
        return f"Raw text of {self.ticket_id}"
