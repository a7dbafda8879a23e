"""The serving half: /ping, /invocations, what is refused and how."""

import concurrent.futures
import http.client
import json
import random
import signal
import subprocess
import sys

import pytest
import rentals
from bike_programs import CONTAINER, clean_environment, start_server
from generate import live_rows

MONTH = [dict(zip(rentals.COLUMNS, row)) for row in rentals.month_rows(rentals.parse_month("2011-07"), 1)]
ROWS = list(live_rows(MONTH, 40, {}, random.Random("rows")))
ROW = ROWS[0]


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def scores(text):
    answer = [json.loads(line) for line in text.splitlines()]
    assert all(set(line) == {"score"} and 0 <= line["score"] <= 1 for line in answer)
    return [line["score"] for line in answer]


def test_ping(server):
    assert server.request("/ping")[0] == 200


def test_every_content_type_gives_the_same_scores_in_order(server):
    status, text = server.invoke(lines(ROWS))
    assert status == 200
    expected = scores(text)
    assert len(expected) == len(ROWS) and len(set(expected)) > 20
    assert scores(server.invoke(json.dumps(ROWS), "application/json")[1]) == expected
    assert scores(server.invoke(json.dumps(ROW), "application/json; charset=utf-8")[1]) == expected[:1]
    plain = "\n".join(",".join(str(row[name]) for name in rentals.FEATURES) for row in ROWS)
    assert scores(server.invoke(plain, "text/csv")[1]) == expected
    backwards = list(reversed(rentals.FEATURES))
    named = "\n".join([",".join(backwards), *(",".join(str(row[name]) for name in backwards) for row in ROWS)])
    assert scores(server.invoke(named + "\n", "text/csv")[1]) == expected


def test_numbers_may_arrive_as_text_and_other_fields_are_left_alone(server):
    texts = {name: str(value) for name, value in ROW.items()}
    assert server.invoke(lines([{**texts, "customer": "x"}])) == server.invoke(lines([ROW]))


def test_blank_lines_and_carriage_returns_are_no_rows(server):
    body = lines(ROWS[:2]).replace("\n", "\r\n\r\n")
    assert server.invoke(body) == server.invoke(lines(ROWS[:2]))


def test_a_missing_value_is_imputed(server, job):
    encoder = json.loads((job.model / "encoder.json").read_text(encoding="utf-8"))
    filled = server.invoke(lines([{**ROW, "temp": encoder["fill"]["temp"]}]))
    assert filled[0] == 200
    assert server.invoke(lines([{**ROW, "temp": None}])) == filled
    assert server.invoke(lines([{**ROW, "temp": " "}])) == filled


def test_a_strict_model_is_fine_until_a_value_is_missing(strict_server):
    assert strict_server.invoke(lines(ROWS))[0] == 200
    status, text = strict_server.invoke(lines([ROW, {**ROW, "temp": None}]))
    assert status == 500
    assert "row 2: feature temp has no value" in json.loads(text)["error"]
    assert strict_server.request("/ping")[0] == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status", "reason"),
    [
        ("", "application/jsonlines", 400, "no row"),
        ("[]", "application/json", 400, "no row"),
        ("{", "application/json", 400, "not JSON"),
        ("[" * 100_000, "application/json", 400, "not JSON"),
        (lines([ROW]) + "{oops}\n", "application/jsonlines", 400, "row 2 is not JSON"),
        ("[1]", "application/json", 400, "row 1 is not an object"),
        (json.dumps({**ROW, "hr": "noon"}), "application/json", 400, "feature hr: 'noon' is not a finite number"),
        (json.dumps({**ROW, "hr": True}), "application/json", 400, "feature hr: True is not a finite number"),
        (json.dumps({**ROW, "hr": [1]}), "application/json", 400, "feature hr: [1] is not a finite number"),
        (json.dumps({**ROW, "hr": float("nan")}), "application/json", 400, "NaN is not a JSON value"),
        (json.dumps({**ROW, "hr": "1e999"}), "application/json", 400, "is not a finite number"),
        (json.dumps({k: v for k, v in ROW.items() if k != "hum"}), "application/json", 400, "feature hum is absent"),
        ("1,2,3", "text/csv", 400, "row 1 has 3 fields"),
        ('"', "text/csv", 400, "not CSV"),
        (b"\xff\xfe", "application/json", 400, "not UTF-8"),
        (lines([ROW]), "application/x-npy", 415, "send one of application/jsonlines"),
    ],
)
def test_a_malformed_request_is_refused_with_its_reason(server, body, content_type, status, reason):
    answered, text = server.invoke(body, content_type)
    assert answered == status
    assert reason in json.loads(text)["error"]


def test_unknown_paths_and_sizes_are_refused(server):
    assert server.request("/models")[0] == 404
    assert server.request("/predict", lines([ROW]))[0] == 404
    for headers, status in (({}, 411), ({"Content-Length": "-1"}, 411), ({"Content-Length": str(2**40)}, 413)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.putrequest("POST", "/invocations")
        connection.putheader("Content-Type", "application/jsonlines")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()


def test_many_clients_at_once_each_get_their_own_answer(server):
    expected = scores(server.invoke(lines(ROWS))[1])
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda row: server.invoke(lines([row])), ROWS * 5))
    assert [scores(text)[0] for _, text in answers] == expected * 5


def test_one_connection_carries_many_requests(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(3):
        connection.request("POST", "/invocations", lines([ROW]), {"Content-Type": "application/jsonlines"})
        answer = connection.getresponse()
        assert answer.status == 200 and len(scores(answer.read().decode())) == 1
    connection.close()


def test_termination_is_a_clean_exit(job):
    process, _ = start_server(job.model)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_model_that_cannot_be_read_ends_the_server(tmp_path):
    environment = clean_environment(SM_MODEL_DIR=tmp_path, SAGEMAKER_BIND_HOST="127.0.0.1", SAGEMAKER_BIND_TO_PORT="0")
    done = subprocess.run(
        [sys.executable, CONTAINER / "serve"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "the model cannot be loaded" in done.stderr and "encoder.json" in done.stderr
