"""INI files of other programs: a key set or taken away, and all else as it is, to the byte."""

from __future__ import annotations

import pytest
from pyinfra.api.exceptions import PyinfraError

from operations.ini import Keys, literal, told, with_keys

TEXT = """\
# The package's.
[DEFAULT]
; Where it logs.
log_dir = /var/log/keystone
sql_connection = mysql://old
filter = one
filter = two

[database]

# What it stores in.
#connection = <None>
connection_debug=0
[token]
"""


def test_what_is_so_already_changes_nothing_to_the_byte() -> None:
    for text in (TEXT, TEXT.removesuffix("\n"), ""):
        assert with_keys(text, "/etc/x", {}) == text
        assert with_keys(text, "/etc/x", {"none": {"key": None}}) == text
    assert with_keys(TEXT, "/etc/x", {"database": {"connection_debug": "0"}}) == TEXT


def test_a_key_is_set_where_it_stands_or_right_below_its_section() -> None:
    made = with_keys(TEXT, "/etc/x", {"database": {"connection_debug": "1"}, "DEFAULT": {"log_dir": "/x"}})
    assert made == TEXT.replace("connection_debug=0", "connection_debug = 1").replace("/var/log/keystone", "/x")
    made = with_keys(TEXT, "/etc/x", {"database": {"connection": "a://b"}, "token": {"provider": "fernet"}})
    assert made == TEXT.replace("[database]\n", "[database]\nconnection = a://b\n") + "provider = fernet\n"
    assert with_keys(made, "/etc/x", {"database": {"connection": "a://b"}, "token": {"provider": "fernet"}}) == made


def test_a_section_that_is_missing_comes_last_and_a_key_has_the_case_that_it_has() -> None:
    assert with_keys("[a]\nb = 1", "/etc/x", {"c": {"Key": "2"}}) == "[a]\nb = 1\n[c]\nKey = 2\n"
    assert with_keys("", "/etc/x", {"c": {"d": "2"}}) == "[c]\nd = 2\n"


def test_a_key_that_is_not_to_be_there_goes_each_time_that_it_stands() -> None:
    made = with_keys(TEXT, "/etc/x", {"DEFAULT": {"sql_connection": None, "filter": None}})
    assert made == TEXT.replace("sql_connection = mysql://old\nfilter = one\nfilter = two\n", "")
    assert with_keys(TEXT, "/etc/x", {"DEFAULT": {"filter": "one"}}) == TEXT.replace("filter = two\n", "")


def test_what_goes_is_told_by_section_and_key() -> None:
    wanted: Keys = {
        "DEFAULT": {"sql_connection": None, "admin_token": None, "log_dir": "/x"},
        "database": {"filter": None},
    }
    assert told(TEXT, "/etc/x", wanted) == (
        "take [DEFAULT] sql_connection away, which its release does not read, and put what is hatui's into"
    )
    assert told(TEXT, "/etc/x", {"DEFAULT": {"log_dir": "/x"}}) == "put what is hatui's into"


@pytest.mark.parametrize("text", ["key = 1\n", "<VirtualHost>\n", "[section\nkey = 1\n"])
def test_what_is_no_ini_file_is_refused_by_name(text: str) -> None:
    with pytest.raises(PyinfraError, match=r"/etc/x is no INI file that can be amended: .*Mend it by hand"):
        with_keys(text, "/etc/x", {"a": {"b": "1"}})


def test_a_value_stands_for_itself() -> None:
    assert literal("a$b$$c") == "a$$b$$$$c"
