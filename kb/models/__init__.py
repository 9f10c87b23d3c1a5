"""Rows of the knowledge base: articles and their immutable revisions, audiences, pages, and the index.

Effects belong to the services: saving a row here does nothing but save it.
"""

from kb.models.articles import TITLE_LENGTH, Article, ArticleAudience, Revision
from kb.models.audiences import AudienceValue, Label, ProductPage
from kb.models.audit import KnowledgeBaseAudit
from kb.models.bulk import BulkMove, BulkMoveRow
from kb.models.exchange import ArticleImport, ArticleImportRow, ArticleSource, ExchangeSystem
from kb.models.findings import ArticleClaim, ComparedArticle, PairFinding
from kb.models.gaps import SIGNAL_LENGTH, DraftSource, Gap, GapChange, GapSignal
from kb.models.index import ArticleIndexState, ChunkEmbedding, IndexedChunk, IndexVersion
from kb.models.lint import SAMPLE_LENGTH, TONE_LENGTH, RevisionLint, VoiceGuide, VoiceTerm
from kb.models.policy import PublishingPolicy
from kb.models.questions import QUESTION_LENGTH, ArticleQuestion, QuestionRun
from kb.models.review import TITLE_LINE, LineComment, UnsavedDraft
from kb.models.synonyms import SearchSynonyms
from kb.models.usage import ArticleUsage, ArticleVote, Watermark

__all__ = [
    "QUESTION_LENGTH",
    "SAMPLE_LENGTH",
    "SIGNAL_LENGTH",
    "TITLE_LENGTH",
    "TITLE_LINE",
    "TONE_LENGTH",
    "Article",
    "ArticleAudience",
    "ArticleClaim",
    "ArticleImport",
    "ArticleImportRow",
    "ArticleIndexState",
    "ArticleQuestion",
    "ArticleSource",
    "ArticleUsage",
    "ArticleVote",
    "AudienceValue",
    "BulkMove",
    "BulkMoveRow",
    "ChunkEmbedding",
    "ComparedArticle",
    "DraftSource",
    "ExchangeSystem",
    "Gap",
    "GapChange",
    "GapSignal",
    "IndexVersion",
    "IndexedChunk",
    "KnowledgeBaseAudit",
    "Label",
    "LineComment",
    "PairFinding",
    "ProductPage",
    "PublishingPolicy",
    "QuestionRun",
    "Revision",
    "RevisionLint",
    "SearchSynonyms",
    "UnsavedDraft",
    "VoiceGuide",
    "VoiceTerm",
    "Watermark",
]
