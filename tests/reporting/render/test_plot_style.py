"""What all figures share."""

from charbert.reporting.render.layout import Cell
from charbert.reporting.render.plot_style import add_legend, fit_scores, line_look, panels


def test_one_long_name_does_not_cost_the_legend_its_columns() -> None:
    with panels(1, width=9, height=3) as (figure, [axis]):
        names = [f"model {number}" for number in range(8)]
        for name in [*names, "a very long name of a model that has many words, one after the other"]:
            axis.plot([0, 1], label=name)
        add_legend(figure, [axis])
        assert figure.legends[0]._ncols > 1


def test_lines_differ_without_their_color() -> None:
    looks = [line_look(number) for number in range(40)]
    assert len({(look["linestyle"], look["marker"]) for look in looks}) == len(looks)


def test_the_spread_of_scores_is_not_cut_off() -> None:
    with panels(1, width=5, height=4) as (_, (axis,)):
        fit_scores(axis, [Cell((80.0, 90.0)), Cell((86.0,), published=87.0)])  # 85 and 7.07 around it
        low, high = axis.get_ylim()
    assert low < 77.9 and high > 92.1
