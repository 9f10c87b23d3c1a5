"""Articles in and out: help centres and Markdown folders, each change through review, nothing overwritten.

In: ``reading`` (a path or an upload → rows) → ``decision`` (what becomes of a row) → ``applying`` (writes
it).
Out: ``exporting``. An upload of the admin is an ``ArticleImport``: ``imports`` moves it. ``conflicts`` are
settled by people.
"""
