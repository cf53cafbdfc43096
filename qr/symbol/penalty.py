"""How hard a symbol is to read, by the four rules of section 7.8.3.1, on all modules at once.

A plane is one integer with a bit for each module, rows apart by `stride` = size + 1 bits, so that no run goes
on from one row into the next. ANDing a plane with itself shifted by one bit (a row: by `stride`) leaves a bit
wherever two neighbours share the colour, and so on: each rule is a handful of such steps and a bit count.
"""

_RUN_POINTS = 2
_BLOCK_POINTS = 3
_FINDER_POINTS = 40
_BALANCE_POINTS = 10


def penalty(dark: int, light: int, *, stride: int) -> int:
    """The points of a symbol; fewer is better.

    Args:
        dark: bits of the dark modules.
        light: bits of the light modules; the gaps between rows are in neither.
        stride: distance of a module from the one below it.
    """
    points = 0
    for step in (1, stride):
        pairs_dark, pairs_light = dark & dark >> step, light & light >> step
        points += _runs(dark, pairs_dark, step) + _runs(light, pairs_light, step)
        points += _finders(dark, light, pairs_dark, pairs_light, step)
        if step == 1:
            blocks = (pairs_dark & pairs_dark >> stride) | (pairs_light & pairs_light >> stride)
            points += _BLOCK_POINTS * blocks.bit_count()
    return points + _balance(dark.bit_count(), light.bit_count())


def _runs(plane: int, pairs: int, step: int) -> int:
    """Rule 1: a run of 5 costs 3 points, every further module 1."""
    fives = pairs & pairs >> 2 * step & plane >> 4 * step
    count = fives.bit_count()
    starts = count - (fives & fives >> step).bit_count()
    return count + _RUN_POINTS * starts


def _finders(dark: int, light: int, pairs_dark: int, pairs_light: int, step: int) -> int:
    """Rule 3: 1:1:3:1:1 like a finder pattern, with four light modules before or after it."""
    finder = (
        dark
        & light >> step
        & pairs_dark >> 2 * step
        & dark >> 4 * step
        & light >> 5 * step
        & dark >> 6 * step
    )
    fours = pairs_light & pairs_light >> 2 * step
    after = finder & fours >> 7 * step
    before = finder >> 4 * step & fours
    return _FINDER_POINTS * (after.bit_count() + before.bit_count())


def _balance(dark: int, light: int) -> int:
    """Rule 4: 10 points for every whole 5 % that dark modules are away from half."""
    return _BALANCE_POINTS * (abs(dark - light) * 10 // (dark + light))
