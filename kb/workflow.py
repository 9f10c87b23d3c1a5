"""The life of a revision, as data: which state may follow which, and what each step needs.

Pure. Decides what is possible; who may do it is decided by permissions in the admin and by kb.review.
"""

from __future__ import annotations

DRAFT = "draft"
IN_REVIEW = "in_review"
CHANGES_REQUESTED = "changes_requested"
APPROVED = "approved"
PUBLISHED = "published"
SUPERSEDED = "superseded"
ARCHIVED = "archived"

OPEN = (DRAFT, IN_REVIEW, CHANGES_REQUESTED, APPROVED)  # the newest text, on its way to being published

# A revision's text never changes: an edit makes the next revision and supersedes the open one, whatever its
# state, so approval never outlives the text that was approved.
REVISION_STEPS: dict[str, tuple[str, ...]] = {
    DRAFT: (IN_REVIEW, SUPERSEDED),
    IN_REVIEW: (APPROVED, CHANGES_REQUESTED, SUPERSEDED),
    CHANGES_REQUESTED: (SUPERSEDED,),
    APPROVED: (PUBLISHED, SUPERSEDED),
    PUBLISHED: (ARCHIVED,),
    SUPERSEDED: (),
    ARCHIVED: (),
}
