"""How the detector of anger is fitted to the team's own labels."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class AngerCalibration(models.Model):
    """A recalibration of the detector of anger, fitted to the team's labels. Changed by services only.

    ``detector`` names the detector whose scores it recalibrates: with another one it is not applied.
    """

    number = models.PositiveIntegerField(unique=True)
    detector = models.CharField(max_length=16)
    slope = models.FloatField()
    intercept = models.FloatField()
    angry = models.PositiveIntegerField(help_text="Labels that said angry.")
    calm = models.PositiveIntegerField(help_text="Labels that said not angry.")
    log_loss_before = models.FloatField(help_text="Mean surprise of the labels under the scores as shipped.")
    log_loss_after = models.FloatField(help_text="The same under this recalibration.")
    active = models.BooleanField(default=False)
    fitted_by = models.CharField(max_length=150)
    fitted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        permissions = [("calibrate_anger", "Can fit and activate recalibrations of anger")]
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=Q(active=True), name="one_active_anger_calibration"
            ),
            models.CheckConstraint(condition=Q(slope__gt=0), name="anger_calibration_keeps_the_order"),
        ]

    def __str__(self) -> str:
        return f"recalibration {self.number}"
