"""What all figures share."""

from charbert.reporting.render.plot_style import add_legend, line_look, panels


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
