"""All addresses: the admin, the API with its documents, health, and the demo chat."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from core.api.ping import PingView
from core.health import MetricsView, healthz, readyz
from runtime.inbound.views import webhook
from supportadmin import audit_page, chat
from supportadmin.help import help_article
from supportadmin.playground import playground

handler404 = "core.api.exceptions.page_not_found"
handler500 = "core.api.exceptions.server_error"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/playground/", playground, name="playground"),
    path("admin/audit/", audit_page.audit_map, name="audit-map"),
    path("admin/audit/sign/", audit_page.sign, name="audit-sign"),
    path("admin/audit/knowledge-base/", audit_page.check_knowledge_base, name="audit-kb"),
    path("admin/audit/rules/", audit_page.draft_rules, name="audit-rules"),
    path("admin/audit/version/<int:version>/", audit_page.version, name="audit-version"),
    path("admin/audit/export/<slug:kind>/", audit_page.export, name="audit-export"),
    path("admin/", admin.site.urls),
    path("demo/chat/", chat.chat, name="demo-chat"),
    path("demo/chat/send/", chat.send, name="demo-chat-send"),
    path("demo/chat/news/", chat.news, name="demo-chat-news"),
    path("demo/chat/history/", chat.history, name="demo-chat-history"),
    path("demo/chat/feedback/", chat.feedback, name="demo-chat-feedback"),
    path("help/<slug:slug>/", help_article, name="help-article"),
    path("webhooks/<slug:system>", webhook, name="webhook"),
    path("api/v1/ping", PingView.as_view(), name="ping"),
    path("api/v1/", include("tickets.urls")),
    path("api/v1/", include("kb.urls")),
    path("api/v1/", include("intents.urls")),
    path("api/v1/", include("runtime.urls")),
    path("api/v1/", include("pilot.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]
