"""What the greetings cost, and what a crash costs."""


def check_cost_is_flat(http, growth):
    growth.must_be_flat(
        "statements",
        (3, 12, 48),
        lambda size: http.get("/greetings", params={"limit": size}),
        label="GET /greetings?limit={size}",
        per="person",
    )


def check_survives_a_kill(http, service):
    before = http.get("/greetings", params={"limit": 3}).json()
    service.kill()
    service.start()
    assert http.get("/greetings", params={"limit": 3}).json() == before, "the greetings changed"
