"""Rows of the knowledge base: articles and their immutable revisions, audiences, pages, and the index.

Effects belong to the services: saving a row here does nothing but save it.
"""

from kb.models.articles import TITLE_LENGTH, Article, ArticleAudience, Revision
from kb.models.audiences import AudienceValue, Label, ProductPage
from kb.models.audit import KnowledgeBaseAudit
from kb.models.index import ArticleIndexState, ChunkEmbedding, IndexedChunk, IndexVersion
from kb.models.lint import RevisionLint, VoiceTerm
from kb.models.policy import PublishingPolicy
from kb.models.review import TITLE_LINE, LineComment, UnsavedDraft

__all__ = [
    "TITLE_LENGTH",
    "TITLE_LINE",
    "Article",
    "ArticleAudience",
    "ArticleIndexState",
    "AudienceValue",
    "ChunkEmbedding",
    "IndexVersion",
    "IndexedChunk",
    "KnowledgeBaseAudit",
    "Label",
    "LineComment",
    "ProductPage",
    "PublishingPolicy",
    "Revision",
    "RevisionLint",
    "UnsavedDraft",
    "VoiceTerm",
]
