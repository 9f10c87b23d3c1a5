"""Search synonyms: who may change them, what is refused, and that the next search uses them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from core.actors import Actor
from core.errors import DomainError, InvalidInput, NotAllowed
from core.models import Activity, User
from kb import index_loading
from kb.contracts import Audience
from kb.models import Article, SearchSynonyms
from kb.retrieval import search
from kb.synonyms import current_synonyms, synonyms_delete, synonyms_save
from supportadmin.roles import roles_sync

pytestmark = pytest.mark.django_db
Live = Callable[..., Article]
LIST = "admin:kb_searchsynonyms_changelist"
OWNER = Actor.system("tests")


def refused(kind: type[DomainError], code: str, act: Callable[[], object]) -> None:
    with pytest.raises(kind) as refusal:
        act()
    assert refusal.value.code == code


def words_found(query: str) -> list[str]:
    hits = search(query, audience=Audience(), method="bm25").hits
    return [hit.title for hit in hits]


def test_a_synonym_counts_from_the_next_search_until_it_is_taken_away(live: Live) -> None:
    live("bill", "Where is my bill?", "# Where is my bill?\n\nOpen the list of bills.")
    live("tax", "Where is my tax rate?", "# Where is my tax rate?\n\nOpen the list of rates.")
    assert words_found("invoice") == []
    row = SearchSynonyms(phrase=" invoice ", same_as="bill,  receipt ,")
    synonyms_save(actor=OWNER, row=row)
    assert (row.phrase, row.same_as, str(row)) == ("invoice", "bill, receipt", "invoice = bill, receipt")
    assert words_found("invoice") == words_found("receipts") == ["Where is my bill?"]
    row.same_as = "tax"
    synonyms_save(actor=OWNER, row=row)
    assert words_found("invoice") == ["Where is my tax rate?"]
    synonyms_delete(actor=OWNER, row=row)
    assert words_found("invoice") == []
    lines = Activity.objects.filter(verb__startswith="search_synonyms").order_by("pk")
    assert [line.verb.partition(".")[2] for line in lines] == ["created", "changed", "deleted"]
    assert lines[1].before == {"phrase": "invoice", "same_as": "bill, receipt"}


def test_a_synonym_counts_although_new_texts_wait(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    live("bill", "Where is my bill?", "# Where is my bill?\n\nOpen the list of bills.")
    assert words_found("invoice") == []
    monkeypatch.setattr(index_loading, "AT_ONCE", 0)
    monkeypatch.setattr(index_loading, "refresh_start", lambda: None)
    live("tax", "Where is my tax rate?", "# Where is my tax rate?\n\nOpen the list of rates.")
    synonyms_save(actor=OWNER, row=SearchSynonyms(phrase="invoice", same_as="bill"))
    assert words_found("invoice") == ["Where is my bill?"]


def test_the_word_that_was_asked_for_comes_first(live: Live) -> None:
    for word in ("receipt", "invoice", "bill"):
        live(word, f"Where is my {word}?", f"# Where is my {word}?\n\nOpen the list.")
    synonyms_save(actor=OWNER, row=SearchSynonyms(phrase="invoice", same_as="bill, receipt"))
    for word in ("receipt", "invoice", "bill"):
        found = words_found(f"my {word}")
        assert found[0] == f"Where is my {word}?"
        assert len(found) == 3


@pytest.mark.row("2.5", "R55")
def test_a_synonym_opens_nothing(live: Live, audience_value: Callable[..., object]) -> None:
    live("bill", "Where is my bill?", "# Bill\n\nOpen it.", values=(audience_value("tier", "team"),))
    synonyms_save(actor=OWNER, row=SearchSynonyms(phrase="invoice", same_as="bill"))
    assert words_found("invoice") == []


def test_lines_that_cannot_work_and_people_who_may_not_are_refused(writer: Actor) -> None:
    synonyms_save(actor=OWNER, row=SearchSynonyms(phrase="invoice", same_as="bill"))
    row = SearchSynonyms(phrase="bills", same_as="account")
    refused(InvalidInput, "duplicate", lambda: synonyms_save(actor=OWNER, row=row))
    row = SearchSynonyms(phrase="sign in", same_as="the")
    refused(InvalidInput, "empty", lambda: synonyms_save(actor=OWNER, row=row))
    row = SearchSynonyms(phrase="sign in", same_as="log in")
    refused(NotAllowed, "not_allowed", lambda: synonyms_save(actor=writer, row=row))
    kept = SearchSynonyms.objects.get()
    refused(NotAllowed, "not_allowed", lambda: synonyms_delete(actor=writer, row=kept))
    assert str(kept) == "invoice = bill"
    assert [part.instead for part in current_synonyms().wanted("a bill")] == [((("invoic",), 0.7),)]


@pytest.mark.row("8.1")
def test_owners_change_the_list_in_the_admin_and_other_staff_see_it(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    roles_sync()
    client, page = sign_in(make_user("tagger", roles=("Tagger",))), reverse(LIST)
    assert "No synonyms yet." in client.get(page).content.decode()
    add = reverse("admin:kb_searchsynonyms_add")
    assert client.post(add, {"phrase": "sign in", "same_as": "log in"}).status_code == 403
    client = sign_in(make_user("owner", roles=("KB owner",)))
    assert client.post(add, {"phrase": "sign in", "same_as": "log in, login"}).status_code == 302
    answer = client.post(add, {"phrase": "login", "same_as": "entry"}).content.decode()
    assert "“login” is there already." in answer
    row = SearchSynonyms.objects.get()
    change = reverse("admin:kb_searchsynonyms_change", args=(row.pk,))
    assert client.post(change, {"phrase": "sign in", "same_as": "log in"}).status_code == 302
    delete = reverse("admin:kb_searchsynonyms_delete", args=(row.pk,))
    assert client.post(delete, {"post": "yes"}).status_code == 302
    assert Activity.objects.filter(verb__startswith="search_synonyms").count() == 3
