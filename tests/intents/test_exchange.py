"""Phrasings from CSV, Rasa and Dialogflow files, and out again: nothing lost, nothing invented."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from core.actors import Actor
from core.errors import DomainError
from core.models import Activity, User
from intents.exchange.applying import phrasings_import
from intents.exchange.cells import guarded, unguarded
from intents.exchange.contracts import Phrasing, Reading
from intents.exchange.csv_files import read_csv, write_csv
from intents.exchange.exporting import phrasings_export, text_of
from intents.exchange.planning import plan
from intents.exchange.rasa import MAX_BYTES, plain, read_rasa, write_rasa
from intents.exchange.reading import read
from intents.models import Example, Intent
from intents.services import NewCase, case_add, intent_archive

CSV_FILE = b"""text,label,source_ref,origin
Where is my bill?,billing_inquiry,T-1,
I was charged twice,billing_inquiry,T-2,ticket
Said in a review,billing_inquiry,R-3,review
Somebody made this up,billing_inquiry,,
"""
RASA_FILE = b"""version: "3.1"
nlu:
- intent: book_flight
  examples: |
    - fly me to [Oslo](city)
    - [two]{"entity": "number", "value": 2} seats please
    # a comment
    no dash here
    - just a seat
- intent: chitchat/ask_name
  examples:
  - text: |
      - who are you
    metadata: {source_ref: T-7, origin: ticket}
  - text: what is your name
- synonym: NYC
  examples: |
    - New York
- regex: zip
  examples: |
    - \\d{5}
- lookup: cities
  examples: |
    - Oslo
rules:
- rule: greet
"""


def values(reading: Reading) -> list[tuple[str, str, str, str]]:
    return [(p.text, p.label, p.origin, p.source_ref) for p in reading.phrasings]


def refusal_of(act: Callable[[], object]) -> DomainError:
    with pytest.raises(DomainError) as refusal:
        act()
    return refusal.value


def zipped(files: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_csv_needs_text_and_label_in_whatever_order_and_names_the_line_of_each_row() -> None:
    reading = read_csv(b"Label;Notes;UTTERANCE\r\nbilling;x;'Where; now?\r\n\r\nbilling;y;why", "a.csv")
    assert values(reading) == [("'Where", "billing", "", "")] or reading.problems
    reading = read_csv(CSV_FILE, "a.csv")
    assert [p.where for p in reading.phrasings] == [f"a.csv, line {n}" for n in (2, 3, 4, 5)]
    assert values(reading)[2] == ("Said in a review", "billing_inquiry", "review", "R-3")
    reading = read_csv(b"label,extra,intent_id,text\nbilling,1,2,Why?\n", "a.csv")
    assert values(reading) == [("Why?", "billing", "", "")]
    assert dict(reading.ignored) == {"column extra": 1, "column intent_id": 1}


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"text,name\na,b\n", "no_column", "a.csv, line 1: the header has no column label"),
        (b"text,label\nok,b\nna\xefve,b\n", "not_utf8", "a.csv, line 3: this is not UTF-8"),
        (b'text,label\n"a"b,c\n', "bad_csv", "a.csv, line 2: this is not sound CSV"),
        (b'text,label\nx,y\n"never closed,c\n', "bad_csv", "a.csv, line 3"),
        (b"", "no_column", "line 1"),
    ],
)
def test_a_csv_that_cannot_be_read_is_refused_with_its_line(data: bytes, code: str, words: str) -> None:
    refusal = refusal_of(lambda: read_csv(data, "a.csv"))
    assert refusal.code == code
    assert words in refusal.message


def test_rows_that_do_not_fit_are_problems_and_the_others_are_read() -> None:
    reading = read_csv(b"text,label\nhello, world,billing\nfine,billing\nno label,\n", "a.csv")
    assert values(reading) == [("fine", "billing", "", "")]
    assert [(p.where, p.text) for p in reading.problems] == [
        ("a.csv, line 2", "hello"),
        ("a.csv, line 4", "no label"),
    ]


def test_utf_16_with_its_mark_and_utf_8_with_its_mark_are_read() -> None:
    text = "text,label\nWo ist mein Geld für März?,billing\n"
    for data in (text.encode("utf-16"), text.encode("utf-8-sig")):
        assert values(read_csv(data, "a.csv")) == [("Wo ist mein Geld für März?", "billing", "", "")]


@given(st.text(max_size=30))
def test_a_cell_always_comes_back_and_is_never_a_formula(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\x00"), min_size=1),
            st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
        ),
        max_size=8,
    )
)
def test_a_written_csv_reads_back_as_it_was(rows: list[tuple[str, str]]) -> None:
    written = write_csv([Phrasing(text, label, "", "synthetic") for text, label in rows])
    read_back = read_csv(written.encode(), "a.csv")
    assert [(p.text, p.label) for p in read_back.phrasings] == rows
    assert read_back.problems == []


def test_rasa_lines_and_lists_lose_their_entity_marks_and_keep_their_metadata() -> None:
    reading = read_rasa(RASA_FILE, "nlu.yml")
    assert values(reading) == [
        ("fly me to Oslo", "book_flight", "", ""),
        ("two seats please", "book_flight", "", ""),
        ("just a seat", "book_flight", "", ""),
        ("who are you", "chitchat/ask_name", "ticket", "T-7"),
        ("what is your name", "chitchat/ask_name", "", ""),
    ]
    assert [p.where for p in reading.phrasings[:3]] == [f"nlu.yml, line {n}" for n in (5, 6, 9)]
    assert [(p.where, p.text) for p in reading.problems] == [("nlu.yml, line 8", "no dash here")]
    assert dict(reading.ignored) == {
        "synonyms": 1,
        "regular expressions": 1,
        "look-up tables": 1,
        "section rules": 1,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Oslo](city)", "Oslo"),
        ('from [A](city)[x] to [B]{"entity": "city", "role": "to"}', "from A[x] to B"),
        ('[ABC][{"entity": "a"}, {"entity": "b"}]', "ABC"),
        ("an [array] (of things)", "an [array] (of things)"),
        ("f(x) [", "f(x) ["),
    ],
)
def test_entity_marks_go_and_other_brackets_stay(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"nlu:\n- intent: a\n  examples: &x |\n    - b\n- intent: c\n  examples: *x\n", "yaml_alias"),
        (b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "yaml_alias"),
        (b"nlu:\n- intent: a\n  examples: [unclosed\n", "bad_yaml"),
        (b"[" * 5_000, "yaml_depth"),
        (b"- just\n- a list\n", "not_rasa"),
        (b"nlu: \xff", "not_utf8"),
        (b"nlu: \x07", "bad_yaml"),
        (b"x" * (MAX_BYTES + 1), "too_large"),
    ],
)
def test_yaml_bombs_and_broken_yaml_are_refused(data: bytes, code: str) -> None:
    assert refusal_of(lambda: read_rasa(data, "nlu.yml")).code == code


def test_yaml_tags_build_nothing() -> None:
    data = b"nlu:\n- intent: a\n  examples: !!python/object/apply:os.system ['- touch x']\n"
    reading = read_rasa(data, "nlu.yml")
    assert values(reading) == [("- touch x", "a", "", "")]


def test_a_written_nlu_file_reads_back() -> None:
    given_rows = [
        Phrasing("- a dash: and a colon", "a", "", "ticket", "T-1"),
        Phrasing("yes", "a", "", "synthetic"),
        Phrasing("2024-01-01", "b", "", "review", "R-1"),
    ]
    read_back = read_rasa(write_rasa(given_rows).encode(), "nlu.yml")
    assert values(read_back) == [(p.text, p.label, p.origin, p.source_ref) for p in given_rows]


ES = {
    "agent.json": "{}",
    "package.json": "{}",
    "entities/city.json": "{}",
    "intents/book.flight.json": json.dumps({"name": "book.flight"}),
    "intents/book.flight_usersays_en.json": json.dumps(
        [
            {"id": "1", "data": [{"text": "fly me to "}, {"text": "Oslo", "alias": "city", "meta": "@city"}]},
            {"id": "2", "data": [{"text": "go to @city:city"}], "isTemplate": True},
            {"id": "3", "data": []},
        ]
    ),
    "intents/Default Fallback Intent.json": json.dumps({"name": "Fallback", "fallbackIntent": True}),
    "intents/Default Fallback Intent_usersays_en.json": json.dumps([{"data": [{"text": "eh"}]}]),
    "intents/broken_usersays_en.json": '[\n{"data": ',
}
CX = {
    "agent.json": "{}",
    "intents/Book Flight/Book Flight.json": json.dumps({"displayName": "Book flight"}),
    "intents/Book Flight/trainingPhrases/en.json": json.dumps(
        {"trainingPhrases": [{"parts": [{"text": "fly "}, {"text": "there", "parameterId": "x"}]}]}
    ),
    "intents/Book Flight/trainingPhrases/de.json": json.dumps(
        {"trainingPhrases": [{"parts": [{"text": "flieg hin"}], "languageCode": "de"}]}
    ),
}


def test_dialogflow_es_parts_are_joined_and_fallbacks_and_templates_left_out(tmp_path: Path) -> None:
    path = tmp_path / "agent.zip"
    path.write_bytes(zipped(dict(ES)))
    reading = read(path, "dialogflow")
    assert values(reading) == [("fly me to Oslo", "book.flight", "", "")]
    assert [(p.where, p.message) for p in reading.problems] == [
        ("intents/book.flight_usersays_en.json, phrase 3", "The phrase has no parts with text."),
        (
            "intents/broken_usersays_en.json, line 2",
            "This is not sound JSON (Expecting value).",
        ),
    ]
    assert dict(reading.ignored) == {
        "file agent.json": 1,
        "file package.json": 1,
        "files under entities": 1,
        "template phrases": 1,
        "fallback intents": 1,
    }


def test_dialogflow_cx_phrases_of_all_languages_are_read(tmp_path: Path) -> None:
    path = tmp_path / "agent.zip"
    path.write_bytes(zipped(dict(CX)))
    assert values(read(path, "dialogflow")) == [
        ("flieg hin", "Book flight", "", ""),
        ("fly there", "Book flight", "", ""),
    ]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"../intents/a_usersays_en.json": "[]"}, "suspicious_archive"),
        ({"/etc/intents/a_usersays_en.json": "[]"}, "suspicious_archive"),
        ({"intents/a_usersays_en.json": b" " * 30_000_000}, "suspicious_archive"),
        ({"intents/readme.txt": "x"}, "nothing_found"),
        ({"agent.json": "{}"}, "nothing_found"),
    ],
)
def test_zip_bombs_paths_that_lead_out_and_empty_zips_are_refused(
    tmp_path: Path, files: dict[str, str | bytes], code: str
) -> None:
    path = tmp_path / "agent.zip"
    path.write_bytes(zipped(files))
    assert refusal_of(lambda: read(path, "dialogflow")).code == code


def test_of_several_files_a_damaged_one_is_a_problem_and_the_others_count(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"nlu:\n- intent: a\n  examples: |\n    - hello\n")
    (tmp_path / "b.yml").write_bytes(b"nlu: [unclosed")
    reading = read(tmp_path, "rasa")
    assert values(reading) == [("hello", "a", "", "")]
    assert [p.where for p in reading.problems] == ["b.yml"]


@pytest.mark.row("3.4")
@pytest.mark.django_db
def test_phrasings_with_a_source_count_and_others_are_synthetic(actor: Actor) -> None:
    phrasings_import(actor=actor, reading=read_csv(CSV_FILE, "a.csv"))
    intent = Intent.objects.get()
    assert (intent.slug, intent.label, intent.state) == ("billing_inquiry", "Billing inquiry", "draft")
    assert list(Example.objects.order_by("id").values_list("origin", "source_ref")) == [
        ("ticket", "T-1"),
        ("ticket", "T-2"),
        ("review", "R-3"),
        ("synthetic", ""),
    ]
    assert Intent.objects.with_example_counts().get().real_examples == 3


@pytest.mark.django_db
def test_what_would_become_of_each_row_is_what_becomes_of_it(
    actor: Actor, make_intent: Callable[..., Intent]
) -> None:
    billing = make_intent("billing_inquiry", real=1)
    intent_archive(actor=actor, intent=make_intent("old"))
    other = make_intent("other", real=1)
    taken, elsewhere = billing.examples.get().text, other.examples.get().text
    lines = [
        ("a new one", "Billing Inquiry", "T-1", ""),  # by its label, whatever the case
        (taken.upper(), "billing_inquiry", "T-1", ""),
        (elsewhere, "billing_inquiry", "T-1", ""),
        ("said twice", "fresh intent", "T-2", ""),
        ("Said twice!", "fresh intent", "T-3", ""),
        ("said twice", "billing_inquiry", "T-4", ""),
        ("no source", "fresh intent", "", "ticket"),
        ("bad origin", "fresh intent", "T-5", "guess"),
        ("archived", "old", "T-6", ""),
        ("no name", "!!!", "T-7", ""),
        (" ", "never created", "T-8", ""),
    ]
    reading = Reading([Phrasing(t, lab, f"line {n}", o, s) for n, (t, lab, s, o) in enumerate(lines)])
    before = (Intent.objects.count(), Example.objects.count(), Activity.objects.count())
    planned = plan(reading)
    assert (Intent.objects.count(), Example.objects.count(), Activity.objects.count()) == before
    assert [row.outcome for row in planned.rows] == [
        "created",
        "unchanged",
        "refused",
        "created",
        "unchanged",
        "refused",
        *["refused"] * 5,
    ]
    assert planned.new_intents == {"fresh_intent": "Fresh intent"}
    done = phrasings_import(actor=actor, reading=reading)
    assert done == planned
    assert Example.objects.count() == before[1] + 2
    again = phrasings_import(actor=actor, reading=reading)
    assert again.counts == {"created": 0, "unchanged": 4, "refused": 7}
    assert Example.objects.count() == before[1] + 2


@pytest.mark.django_db
def test_a_test_phrase_is_refused_in_the_preview_already(
    actor: Actor, make_intent: Callable[..., Intent]
) -> None:
    case = NewCase("where is my bill", make_intent("billing_inquiry"), "review", "R-1")
    case_add(actor=actor, case=case)
    reading = read_csv(CSV_FILE, "a.csv")
    [refused] = [row for row in plan(reading).rows if row.outcome == "refused"]
    assert (refused.text, refused.reason) == (
        "Where is my bill?",
        "Models are tested with this phrase, so none may learn it.",
    )
    assert phrasings_import(actor=actor, reading=reading).counts["created"] == 3


@pytest.mark.django_db
def test_an_export_imported_into_an_empty_workspace_exports_the_same_bytes(
    actor: Actor, support_intents: dict[str, Intent]
) -> None:
    nasty = ["=1+1", "'=2+2", "-", "'quoted'", 'say "hi", ok', "@home", "ünï cödé", "– dash", "a;b\tc"]
    rows = [Phrasing(text, "account_access", "", "ticket", f"={n}") for n, text in enumerate(nasty)]
    counts = phrasings_import(actor=actor, reading=Reading(rows)).counts
    assert counts["created"] == len(nasty)
    first = text_of(phrasings_export(), "csv")
    same = {(p.text, p.label, p.origin, p.source_ref) for p in phrasings_export()}
    Example.objects.all().delete()
    Intent.objects.all().delete()
    counts = phrasings_import(actor=actor, reading=read_csv(first.encode(), "a.csv")).counts
    assert (counts["unchanged"], counts["refused"]) == (0, 0)
    assert {(p.text, p.label, p.origin, p.source_ref) for p in phrasings_export()} == same
    assert text_of(phrasings_export(), "csv") == first


@pytest.mark.django_db
def test_an_export_leaves_out_retired_phrasings_and_archived_intents(
    actor: Actor, make_intent: Callable[..., Intent]
) -> None:
    make_intent("billing", real=2)
    Example.objects.filter(pk=Example.objects.earliest("pk").pk).update(state="retired")
    intent_archive(actor=actor, intent=make_intent("old", real=2))
    assert [p.label for p in phrasings_export()] == ["billing"]


@pytest.mark.django_db
def test_who_may_not_add_intents_imports_nothing(make_user: Callable[..., User]) -> None:
    someone = Actor.of_user(make_user("kim", "intents.add_example"))
    reading = read_csv(CSV_FILE, "a.csv")
    assert refusal_of(lambda: phrasings_import(actor=someone, reading=reading)).code == "not_allowed"
    assert (Intent.objects.count(), Example.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_an_import_that_breaks_off_leaves_nothing(actor: Actor) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        phrasings_import(actor=actor, reading=read_csv(CSV_FILE, "a.csv"), progress=stop)
    assert (Intent.objects.count(), Example.objects.count(), Activity.objects.count()) == (0, 0, 0)


def run(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=err)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_the_commands_end_with_0_1_or_2_and_say_what_happened(tmp_path: Path) -> None:
    path, result = tmp_path / "a.csv", tmp_path / "result.json"
    path.write_bytes(CSV_FILE)
    assert run("import_intents", str(path), "--dry-run")[0] == 0
    assert Example.objects.count() == 0
    status, out, _ = run("import_intents", str(path), "--source", "csv", "--json", str(result))
    assert (status, json.loads(result.read_text())["created"]) == (0, 4)
    assert "4 phrasings created, 0 unchanged, 0 refused." in out
    assert "New intents, as drafts: billing_inquiry." in out
    path.write_bytes(CSV_FILE + b"No label here,,T-9,\n")
    status, _, err = run("import_intents", str(path), "--json", str(result))
    assert (status, "a.csv, line 6: The label is empty." in err) == (1, True)
    said: dict[str, Any] = json.loads(result.read_text())
    assert (said["unchanged"], said["refused"], said["rejected"][0]["where"]) == (4, 1, "a.csv, line 6")
    status, _, err = run("import_intents", str(tmp_path / "none.csv"))
    assert (status, "does not exist" in err) == (2, True)
    status, out, _ = run("export_intents")
    assert (status, out.splitlines()[0]) == (0, "text,label,source_ref,origin")
    assert out == text_of(phrasings_export(), "csv")
    target = tmp_path / "out.yml"
    assert run("export_intents", str(target), "--format", "rasa", "--json", str(result))[0] == 0
    assert json.loads(result.read_text()) == {"phrasings": 4, "intents": 1}
    assert len(read_rasa(target.read_bytes(), "out.yml").phrasings) == 4
    assert run("export_intents", str(tmp_path / "no" / "folder.csv"))[0] == 2
