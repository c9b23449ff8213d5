"""Calls make all steps of a run once, and none runs over an evaluation or a checkpoint."""

import pytest

from neuralpde.training import TrainingArgumentError
from neuralpde.training.plan import Plan, make_plan


def ends(plan, start=0):
    """The step after each call."""
    found = [start]
    while found[-1] < plan.steps:
        found.append(found[-1] + plan.count(found[-1]))
    return found[1:]


PLANS = [Plan(100, 7, 10, 25), Plan(23, 5, 23, 4), Plan(12, 50, 5, 3), Plan(1, 1, 1, 1), Plan(9, 2, 100, 100)]


@pytest.mark.parametrize("plan", PLANS)
def test_calls_end_wherever_something_is_due(plan):
    stops = ends(plan)
    lengths = [b - a for a, b in zip([0, *stops], stops, strict=False)]
    assert stops[-1] == plan.steps and all(1 <= n <= plan.steps_per_call for n in lengths)
    for step in range(1, plan.steps + 1):
        due = step % plan.evaluate_every == 0 or step % plan.checkpoint_every == 0
        assert not due or step in stops
    assert plan.evaluates(plan.steps) and plan.saves(plan.steps)


@pytest.mark.parametrize("plan", PLANS)
def test_calls_after_a_resume_end_at_the_same_evaluations(plan):
    for start in range(plan.steps):
        due = [step for step in ends(plan) if step > start and (plan.evaluates(step) or plan.saves(step))]
        assert [step for step in ends(plan, start) if plan.evaluates(step) or plan.saves(step)] == due


@pytest.mark.parametrize("steps", [1, 19, 100, 1234, 10_000])
def test_left_out_numbers_give_about_twenty_evaluations_of_whole_calls(steps):
    plan = make_plan(steps, None, None, None)
    assert plan.evaluate_every % plan.steps_per_call == 0
    evaluations = sum(plan.evaluates(step) for step in ends(plan))
    assert 1 <= evaluations <= 20 and (steps < 100 or evaluations >= 15)
    assert plan.checkpoint_every == plan.evaluate_every


def test_checkpoints_follow_evaluations_unless_told():
    assert make_plan(100, 5, 30, None).checkpoint_every == 30
    assert make_plan(100, 5, 30, 7).checkpoint_every == 7


@pytest.mark.parametrize("name", ["steps", "steps_per_call", "evaluate_every", "checkpoint_every"])
def test_numbers_below_one_are_refused_by_name(name):
    arguments = {"steps": 10, "steps_per_call": 5, "evaluate_every": 5, "checkpoint_every": 5} | {name: 0}
    with pytest.raises(TrainingArgumentError, match=f"got {name}=0"):
        make_plan(**arguments)
