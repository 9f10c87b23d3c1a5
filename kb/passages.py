"""How near each article's best section is to one query, compared in full only where it matters.

``nearest`` holds for each article its cosine or, as long as it is not settled, more than that. Whoever ranks
by it settles what comes out on top, and is done when all of that is settled: what is below can only be lower.
"""

from __future__ import annotations

import numpy as np

from kb.sections import Sections, Selection

ALL_SHARE = 0.15  # from which share of the articles on comparing all of them is faster


class Passages:
    """The sections of one reader against one query."""

    def __init__(self, sections: Sections, query: np.ndarray, part: Selection, *, settled: bool) -> None:
        """Compare in full with ``settled``, else only as far as is quickly done."""
        self._sections, self._query, self._part = sections, query, part
        self._settled: np.ndarray | None = None  # None: all are
        if settled or part.rows is not None or sections.sketch is None:
            self.cosines = sections.cosines(query, part.rows)
        else:
            self.cosines = sections.ceilings(query)
            self._settled = np.zeros(len(sections), dtype=bool)
        self.nearest = sections.nearest(self.cosines, part.answers).astype(np.float64)

    def settle(self, slots: np.ndarray) -> bool:
        """Compare these articles in full; tell whether any had not been."""
        if self._settled is None:
            return False
        missing = slots[~self._settled[slots]]
        if not missing.size:
            return False
        if len(missing) > ALL_SHARE * len(self._sections):
            self._settled = None
            self.cosines = self._sections.cosines(self._query)
            self.nearest = self._sections.nearest(self.cosines, self._part.answers)
            return True
        rows = self._sections.rows_of(missing)
        cosines = self._compare(rows)
        sizes = self._sections.sizes[missing]
        answers = np.where(self._part.answers[rows], cosines, 0.0)
        self.nearest[missing] = np.maximum.reduceat(answers, np.cumsum(sizes) - sizes)
        self._settled[missing] = True
        return True

    def at_least(self, rows: np.ndarray, cosine: float) -> np.ndarray:
        """Return those of the rows that are so near, compared in full."""
        near = rows[self.cosines[rows] >= cosine]
        if self._settled is not None and near.size:
            near = near[self._compare(near) >= cosine]
        return near

    def _compare(self, rows: np.ndarray) -> np.ndarray:
        found = self._sections.cosines_of(rows, self._query)
        self.cosines[rows] = found
        return found
