"""What the greetings must say."""

from shared_people import greetings_of


def check_greets_by_name(http, database, variables, rng):
    limit = rng.randint(2, 40)
    answer = http.get("/greetings", params={"limit": limit})
    assert answer.status == 200, f"GET /greetings answered {answer.status}"
    expected = greetings_of(database, variables["GREETING"], limit)
    assert answer.json() == {"greetings": expected}, f"the first greeting should be {expected[0]!r}"
