"""When a broker that is parted from the others is restarted."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.files.rabbitmq_mend import parted

FIXTURES = Path(__file__).parent / "fixtures" / "rabbitmq"


def nodes(**partitions: list[str]) -> str:
    return json.dumps([{"name": name, "partitions": parted_from} for name, parted_from in partitions.items()])


def test_the_minority_of_a_partition_is_restarted_and_the_majority_is_not() -> None:
    answer = nodes(cc01=["cc02"], cc02=["cc01", "cc03"], cc03=["cc02"])
    assert parted(answer, "cc02")
    assert not parted(answer, "cc01") and not parted(answer, "cc03")


def test_real_answers() -> None:
    for fixture in ("healthy", "partitioned", "peer-down"):
        lines = (FIXTURES / f"{fixture}.txt").read_text().splitlines()
        answer = next(line for line in lines if line.startswith("[{"))
        assert not any(parted(answer, f"rabbit@cc0{number}") for number in (1, 2, 3))


def test_no_answer_is_no_reason() -> None:
    for answer in ("", "{}", "[]", "[1]", '[{"name": "cc01"}]', '[{"name": "cc01", "partitions": null}]'):
        assert not parted(answer, "cc01")


def test_half_is_no_majority() -> None:
    assert not parted(nodes(cc01=["cc02"], cc02=["cc01"]), "cc01")
