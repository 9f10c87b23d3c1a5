"""``manage.py replay_rules``: table, JSON and exit status."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from core.actors import Actor
from escalation.models import BacktestRun, Rule
from escalation.services import defaults_install

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    defaults_install(actor=Actor.system("test"))


def status(*arguments: str) -> int:
    try:
        call_command("replay_rules", *arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.row("4.9")
def test_the_live_rules_are_replayed(capsys, tmp_path) -> None:
    file = tmp_path / "out.json"
    assert status("--json", str(file)) == 0
    assert "No case flips." in capsys.readouterr().out
    found = json.loads(file.read_text())
    assert (found["after"]["cases"], found["after"]["reached"], found["flips"]) == (6, 1, {})


@pytest.mark.row("4.9")
def test_a_threshold_is_tried_and_nothing_is_kept(capsys, tmp_path) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file in files:
        assert status("--threshold", "minimum_confidence=0.61", "--minutes", "5", "--json", str(file)) == 0
    out = capsys.readouterr().out
    assert "“Intent not certain” with minimum confidence = 0.61" in out
    assert "3 cases flip: {'answer>clarify': 3}" in out
    assert files[0].read_bytes() == files[1].read_bytes()
    assert json.loads(files[0].read_text())["after"]["minutes"] == 20.0
    assert BacktestRun.objects.count() == 0


def test_a_rule_is_left_out(capsys) -> None:
    human = Rule.objects.get(trigger="human_request")
    assert status("--without", str(human.pk)) == 0
    assert "“Customer asks for a person” disabled" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--threshold", "nothing=1"),
        ("--threshold", "minimum_confidence"),
        ("--threshold", "minimum_confidence=much"),
        ("--rule", "999"),
        ("--days", "0"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_status_2(arguments, capsys) -> None:
    assert status(*arguments) == 2
    assert "Refused: " in capsys.readouterr().err


def test_unread_tickets_are_told_by_status_1(source, capsys) -> None:
    source.unread = 7
    assert status() == 1
    assert "7 closed tickets are not read yet" in capsys.readouterr().err
