"""What must be masked, and what only looks like it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.redaction import redact

RANDOM = "x7Qp2LmZ9tRb4VnK8sWd3Yh6"  # stands where a maker's random part would
DIGITS = "4929" + "1234" + "5678" + "9015"

POSITIVE = [
    ("email", "jane.doe@example.com", "Please write to {} today"),
    ("email", "j+billing@mail.example.co.uk", "my address: {}."),
    ("email", "o'neil@example.ie", "<{}>"),
    ("email", "jürgen@müller.example.de", "an {} bitte"),
    ("email", "JANE_DOE99@EXAMPLE.ORG", "ACCOUNT {}"),
    ("email", "jane [at] example [dot] com", "Mail me: {}"),
    ("email", "jane(at)example.com", "it is {} thanks"),
    ("email", "first.last@sub.domain.example.io", "cc {}, please"),
    ("email", "x@y.zz", "login {}"),
    ("email", "ops-team@example.museum", "mailto:{}"),
    ("phone", "+1 415-555-2671", "call {} please"),
    ("phone", "(977) 625-2661", "My number: {}"),
    ("phone", "977.625.2661", "you can reach me on {} after 5"),
    ("phone", "977-625-2661", "phone {}"),
    ("phone", "9776252661", "phone number is {}"),
    ("phone", "+44 20 7946 0958", "London office {}"),
    ("phone", "020 7946 0958", "ring {}"),
    ("phone", "+49 (0)30 901820", "Tel. {}"),
    ("phone", "030 901820", "unter {} erreichbar"),
    ("phone", "06 12 34 56 78", "mon numéro {}"),
    ("phone", "0412 345 678", "mobile {}"),
    ("phone", "0033 6 12 34 56 78", "depuis {}"),
    ("phone", "+919876543210", "WhatsApp {}"),
    ("phone", "555 0199 22", "my cell is {}"),
    ("card", "4111 1111 1111 1111", "my card {} was charged"),
    ("card", "4111111111111111", "card {}"),
    ("card", "5555-5555-5555-4444", "MC {} exp 12/27"),
    ("card", "378282246310005", "amex {}"),
    ("card", "3782 822463 10005", "amex {}"),
    ("card", "6011 1111 1111 1117", "{} is declined"),
    ("card", "3530 1113 3330 0000", "JCB {}"),
    ("card", "30569309025904", "diners {}"),
    ("card", "2223 0031 2200 3222", "{}"),
    ("card", "4111 1111 1111 1111", "order 99817 paid with {} on Monday"),
    ("card", "４１１１１１１１１１１１１１１１", "full width {}"),
    ("card", DIGITS, "it ends in 9015, whole: {}"),
    ("iban", "DE89 3704 0044 0532 0130 00", "refund to {} please"),
    ("iban", "DE89370400440532013000", "IBAN {}"),
    ("iban", "GB29 NWBK 6016 1331 9268 19", "my account is {} THANKS"),
    ("iban", "FR14 2004 1010 0505 0001 3M02 606", "vers {}"),
    ("iban", "nl91 abna 0417 1643 00", "to {}"),
    ("iban", "CH9300762011623852957", "{}"),
    ("iban", "ES9121000418450200051332", "a {}."),
    ("token", "sk_" + "live_" + RANDOM, "our key {} stopped"),
    ("token", "ghp_" + RANDOM + "AbCd12345678", "with {}"),
    ("token", "github_" + "pat_" + RANDOM, "{}"),
    ("token", "xox" + "b-123456789012-" + RANDOM, "slack {}"),
    ("token", "AKIA" + "Q4ZX7PLM2KD9VB3N", "aws {}"),
    ("token", "AIza" + RANDOM + "0123456789a", "maps {}"),
    ("token", "glpat-" + RANDOM, "gitlab {}"),
    ("token", "whsec_" + RANDOM, "hook secret {}"),
    ("token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0." + RANDOM, "jwt {}"),
    ("token", "SG." + RANDOM + "." + RANDOM * 2, "sendgrid {}"),
    ("token", RANDOM, "Authorization: Bearer {}"),
    ("token", "a1b2c3d4e5f60718", "my api key is {}"),
    ("token", "s3cr3t-v4lu3-99", "client_secret={}"),
    ("token", "9f86d081884c7d659a2feaa0c55ad015", '"access_token": "{}"'),
    ("token", RANDOM + "Qq77Zz11Xx", "it printed {} and stopped"),
    ("token", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "here: {}"),
    ("token", "tok12345", "open https://example.com/login?access_token={}&x=1"),
    ("token", "abcd1234", "https://example.com/d?sig={} fails"),
    ("token", RANDOM, "https://example.com/reset-password/{}"),
    ("token", "T01AB23CD/B04EF56GH/" + RANDOM, "https://hooks.example.com/services/{}"),
    ("password", "admin:hunter2", "https://{}@example.com/"),
    ("password", "app:pa55", "postgres://{}@db.example.com/main"),
    ("password", "hunter2", "my password is {}"),
    ("password", "correcthorse", "password: {}"),
    ("password", "Tr0ub4dor&3", "Password = {}"),
    ("password", "Sommer2024!", "mein Passwort ist {}"),
    ("password", "S3same#1", "I changed my password to {}"),
    ("password", "letmein", "user jane pw: {}"),
    ("password", "4821", "my PIN is {}"),
    ("password", "839201", "the verification code is {}"),
    ("password", "123", "CVV: {}"),
    ("password", "sesame", 'the passphrase is "{}"'),
]

NEGATIVE = [
    "My order number is 3348917502.",
    "Order #1234567890123 has not arrived",
    "order 112-7654321-1234567 is late",
    "Invoice INV-2024-000123 is wrong",
    "Ticket 4506515275548 was closed",
    "Version 1.8.19 crashes, 2.0.0-rc.9.1 does not",
    "firmware 10.15.7.19042 build 19042.1237",
    "It happened on 2024-01-15 at 10:45:30",
    "since 12/31/2023 or 31.12.2023 or 01 12 2024",
    "between 2019-2023 and 2020-2024",
    "It costs $1,234.56 or 1.234,56 € a year",
    "from 10 000 000 to 12 500 000 users",
    "We pay 4 999 999.00 kr",
    "My password is not working",
    "password is wrong",
    "The password is incorrect, please help",
    "Password reset link expired",
    "How do I change my password?",
    "password: how can I reset it?",
    "The pin is missing from the box",
    "The PIN is wrong",
    "I forgot my password to log in",
    "Where do I find the API key?",
    "Our API key is invalid",
    "The access token is expired",
    "token: how do I create one?",
    "Error 0x80070005 on start",
    "ERR_CONNECTION_REFUSED in Chrome",
    "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b broke it",
    "uuid 123e4567-e89b-12d3-a456-426614174000",
    "See https://example.com/help/articles/360018131120-reset-your-password",
    "https://example.com/search?q=billing&page=2&key=",
    "https://example.com/orders/3348917502?tab=items",
    "Open /settings/billing and click Save",
    "The IP is 192.168.100.200 and the port 8080",
    "MAC 00:1B:44:11:3A:B7",
    "tracking 1Z999AA10123456784",
    "tracking number 9400111899223100001234",
    "I am @jane on the forum",
    "5 x 1080p screens at 60 Hz, 16:9",
    "Room 0123, seat 45",
    "ISBN 978-3-16-148410-0",
    "EAN 4006381333931",
    "card ending in 4242 expires 12/27",
    "4111 1111 1111 1112 is not a card number",
    "DE89 3704 0044 0532 0130 01 has a wrong check digit",
    "timestamp 1700000000 and 1700000000123",
    "case numbers 00123456 and 00123457",
    "I bought 3 items, 2 arrived, 1 missing (2024/11/23)",
    "The session code is explained in section 12.4.2",
    "ARDUINO_NANO_RP2040_CONNECT_BOARD_PACKAGE",
    "see https://example.com/articles/4404691106066-update",
    "Reset-the-flash-memory-on-STM32H747-based-devices and ScienceKit/Nano33BLESenseRev2Firmware",
    "id: 4406236035858",
    "thisisaverylongidentifierwithoutdigitsorcapitals",
]


@pytest.mark.row("1.11")
@pytest.mark.parametrize(("kind", "secret", "sentence"), POSITIVE)
def test_a_secret_is_masked_with_its_kind(kind, secret, sentence):
    masked = redact(sentence.format(secret))
    assert secret not in masked.text
    assert masked.text == sentence.format(f"[{kind}]")
    assert [span.kind for span in masked.found] == [kind]


@pytest.mark.row("1.11")
@pytest.mark.parametrize("text", NEGATIVE)
def test_what_only_looks_like_a_secret_stays(text):
    assert redact(text).text == text


def test_the_golden_set_covers_every_kind():
    assert len(POSITIVE) >= 60
    assert len(NEGATIVE) >= 40
    assert {kind for kind, _, _ in POSITIVE} == {"email", "phone", "card", "iban", "token", "password"}


def test_several_secrets_of_one_text_are_masked_in_order():
    masked = redact("jane@example.com, +44 20 7946 0958, card 4111 1111 1111 1111")
    assert masked.text == "[email], [phone], card [card]"
    assert [span.kind for span in masked.found] == ["email", "phone", "card"]


def test_masking_again_changes_nothing():
    once = redact("jane@example.com pays with 4111 1111 1111 1111, password: hunter22, key is none").text
    assert redact(once).text == once


@given(st.text(max_size=200))
def test_spans_are_ordered_apart_and_explain_the_text(text):
    masked = redact(text)
    end, rebuilt = 0, ""
    for span in masked.found:
        assert end <= span.start < span.end <= len(text)
        rebuilt += text[end : span.start] + f"[{span.kind}]"
        end = span.end
    assert rebuilt + text[end:] == masked.text


HOSTILE = [
    "1 " * 50_000,
    "1" * 100_000,
    "4111 " * 20_000,
    "a@" * 50_000,
    "a." * 50_000,
    "a@" + "b." * 50_000,
    "x" * 100_000,
    "http://" * 14_000,
    "https://a.b/?" + "token=" * 16_000,
    "https://a.b/" + "reset/" * 16_000,
    "password " * 11_000,
    "password:" * 11_000,
    "eyJ" * 33_000,
    "eyJaaaaaaaaa." * 7_000,
    "DE89 " * 20_000,
    "A1" * 50_000,
    "+1(" * 33_000,
    "(" * 100_000,
    "-----BEGIN PRIVATE KEY-----" * 3_700,
    " [at] " * 16_000,
    "sk_live_" * 12_000,
    "call me at " * 9_000,
    "0" + " 0" * 50_000,
    "6 " * 50_000,
    "4 " * 50_000,
    "\u0661" * 100_000,
    "my api key is " * 7_000,
]


@pytest.mark.row("R15")
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_a_hostile_text_of_100_kilobytes_takes_no_longer_than_a_second(text):
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 10  # linear: takes about a second; quadratic would take minutes
