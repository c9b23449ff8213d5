"""The table of the problems that are solved."""

import pytest

from neuralpde.evaluation import BenchmarkRun, solved_table

ERROR = "test/relative_l2"
PROBLEMS = {
    "heat": {
        "title": "Heat",
        "error": ERROR,
        "published": [{"model": "A", "value": 0.5}, {"model": "B", "value": 5e-3}],
    },
    "wave": {"title": "Wave", "error": ERROR, "published": [{"model": "A", "value": 0.2}]},
    "flow": {"title": "Flow", "error": ERROR, "published": []},
}
ABSENT = [{"title": "Steps", "why": "no solver", "published": {"model": "A", "value": 1e-3}}]


def run(problem, model, seed, error):
    return BenchmarkRun(problem, model, seed, {ERROR: error}, None)


RUNS = [
    *(run("heat", "plain", seed, error) for seed, error in enumerate((0.3, 0.4, 0.5))),
    *(run("heat", "best", seed, error) for seed, error in enumerate((0.02, 0.009, 0.008))),
    run("wave", "best", 0, 0.01),
]


def test_the_median_of_the_best_model_counts_and_a_bound_is_not_below_itself():
    heat, wave, flow, steps, total = solved_table(PROBLEMS, ABSENT, RUNS, below=0.01).rows
    assert heat == ("Heat", "best", 0.009, 0.02, "yes", "B", 5e-3, "yes")
    assert wave == ("Wave", "best", 0.01, None, "no", "A", 0.2, "no")
    assert flow == ("Flow", None, None, None, "no", None, None, None)
    assert steps == ("Steps", "no solver", None, None, "no", "A", 1e-3, "yes")
    assert total[0] == "4 problems"
    assert (total[4], total[7]) == ("1 of 4", "2 of 4")


def test_an_error_that_is_no_number_solves_nothing():
    rows = solved_table({"wave": PROBLEMS["wave"]}, [], [run("wave", "best", 0, float("nan"))], below=0.01).rows
    assert rows[0][1:5] == (None, None, None, "no")


@pytest.mark.parametrize(("below", "title"), [(0.01, "Solved below 1%"), (1e-6, "Solved below 0.0001%")])
def test_the_title_says_the_bound(below, title):
    assert solved_table({}, [], [], below).title == title
