"""Results as JUnit XML, which every build server reads. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # nosec B405 - writes, never reads

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(suites: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> bytes:
    """Return the document for suites with their results (name, passed, failures, ms)."""
    root = Element("testsuites")
    for name, results in suites:
        suite = SubElement(root, "testsuite", _counts(results) | {"name": _clean(name)})
        for one in results:
            seconds = f"{one['ms'] / 1000:.3f}"
            case = SubElement(
                suite, "testcase", {"name": _clean(one["name"]), "classname": _clean(name), "time": seconds}
            )
            for failure in one["failures"]:
                _failure(case, failure)
    for key, value in _counts([one for _, results in suites for one in results]).items():
        root.set(key, value)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _counts(results: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(not one["passed"] for one in results)),
        "errors": "0",
        "time": f"{sum(one['ms'] for one in results) / 1000:.3f}",
    }


def _failure(case: Element, failure: Mapping[str, Any]) -> None:
    where = f"step {failure['step']}" if failure["step"] else "conversation"
    said = f"{where}, {failure['check']}: expected {failure['expected']}, got {failure['got']}"
    element = SubElement(case, "failure", {"message": _clean(said), "type": _clean(failure["check"])})
    element.text = _clean(said)


def _clean(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)
