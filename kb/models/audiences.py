"""What articles are segmented and sorted by: audiences, product pages, labels."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kb import access


class AudienceValue(models.Model):
    """One value of one facet by which articles are segmented, such as tier = enterprise."""

    class Kind(models.TextChoices):
        USER_TYPE = access.USER_TYPE, "User type"
        PRODUCT_AREA = access.PRODUCT_AREA, "Product area"
        TIER = access.TIER, "Subscription tier"

    kind = models.CharField(max_length=12, choices=Kind)
    value = models.SlugField(max_length=60)
    label = models.CharField(max_length=100)

    class Meta:
        ordering = ["kind", "label"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="kb_one_audience_value_per_kind"),
            models.CheckConstraint(condition=Q(kind__in=access.KINDS), name="kb_known_audience_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.label}"


class ProductPage(models.Model):
    """A place in the product, known by the pattern of its addresses (see kb.pages)."""

    name = models.CharField(max_length=100, unique=True)
    pattern = models.CharField(
        max_length=200,
        unique=True,
        help_text="A path such as /settings/billing. * stands for one segment, ** for any number of them.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.pattern})"


class Label(models.Model):
    """A word by which people sort articles; says nothing about who may read them."""

    name = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
