from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from charbert.tasks.tagging.reader import overlapping_windows, stitch

COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=60)


@given(COUNTS, st.integers(4, 20))
def test_windows_cover_all_words_in_order_within_the_limit(counts: list[int], room: int) -> None:
    windows = overlapping_windows(counts, room, room // 4)
    assert windows[0][0] == 0
    assert windows[-1][1] == len(counts)
    for (first, end), (following, following_end) in pairwise(windows):
        assert first < following <= end < following_end  # no gap, and each window sees something new
        assert sum(counts[following:end]) <= room // 4
    for first, end in windows:
        assert end - first == 1 or sum(counts[first:end]) <= room
        assert end == len(counts) or sum(counts[first : end + 1]) > room  # no room for one word more


@given(COUNTS, st.integers(4, 20))
def test_stitching_equal_windows_gives_the_whole(counts: list[int], room: int) -> None:
    words = list(range(len(counts)))
    windows = overlapping_windows(counts, room, room // 4)
    assert stitch([(first, words[first:end]) for first, end in windows], lambda word: word % 3 == 1) == words


def test_windows_are_joined_where_neither_has_an_entity() -> None:
    # the middle of the six shared words lies inside an entity of the old window, and of the new one
    old = ["O", "O", "O", "O", "B", "I", "I", "O"]
    new = ["O", "O", "B", "I", "I", "O", "O"]
    joined = stitch([(0, old), (2, new)], lambda tag: tag == "I")
    assert joined in (["O", "O", "O", "O", "B", "I", "I", "O", "O"], ["O", "O", "O", "O", "B", "I", "I", "O", "O"])
    assert all(tag != "I" or joined[place - 1] in "BI" for place, tag in enumerate(joined))


def test_an_entity_that_only_the_old_window_sees_whole_is_not_cut() -> None:
    old = ["O", "B", "I", "I", "O", "O"]
    new = ["I", "I", "O", "O", "O", "B"]  # begins within the entity
    assert stitch([(0, old), (2, new)], lambda tag: tag == "I") == ["O", "B", "I", "I", "O", "O", "O", "B"]


def test_an_entity_that_only_the_new_window_sees_whole_is_not_cut() -> None:
    old = ["O", "O", "O", "B", "I"]
    new = ["O", "B", "I", "I", "O", "O"]
    assert stitch([(0, old), (2, new)], lambda tag: tag == "I") == ["O", "O", "O", "B", "I", "I", "O", "O"]
