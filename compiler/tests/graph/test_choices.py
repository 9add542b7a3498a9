"""Choices by arithmetic equal choices by trying every combination."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from remit.graph.choices import Pattern, choices, cubes, taken

counts = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3), max_size=4)


@st.composite
def routes(draw: st.DrawFn) -> tuple[dict[str, int], list[Pattern]]:
    of = draw(counts)
    patterns = st.fixed_dictionaries(
        {}, optional={name: st.lists(st.integers(0, count - 1), max_size=2) for name, count in of.items()}
    )
    return of, draw(st.lists(patterns, max_size=4))


def holds(pattern: Pattern, combination: dict[str, int]) -> bool:
    return all(combination[name] in values for name, values in pattern.items())


@given(routes())
def test_each_combination_is_taken_by_its_first_route(drawn: tuple[dict[str, int], list[Pattern]]) -> None:
    counted, patterns = drawn
    of = choices(counted)
    assert of is not None
    result = taken(of, patterns)

    for values in product(*(range(count) for count in counted.values())):
        combination = dict(zip(counted, values, strict=True))
        bit = of.all
        for name, value in combination.items():
            bit &= of.of[name][value]
        first = next((at for at, pattern in enumerate(patterns) if holds(pattern, combination)), None)
        assert bit.bit_count() == 1
        assert [bool(mine & bit) for mine in result.routes] == [at == first for at in range(len(patterns))]
        assert bool(result.left & bit) == (first is None)


@given(routes())
def test_cubes_are_what_is_left_and_no_field_of_one_can_be_left_out(
    drawn: tuple[dict[str, int], list[Pattern]],
) -> None:
    counted, patterns = drawn
    of = choices(counted)
    assert of is not None
    left = taken(of, patterns).left

    covered = 0
    for cube in cubes(of, left):
        mask = taken(of, [{name: (value,) for name, value in cube.items()}]).routes[0]
        covered |= mask
        for name in cube:
            wider = {other: (value,) for other, value in cube.items() if other != name}
            assert taken(of, [wider]).routes[0] & ~left
    assert covered == left
