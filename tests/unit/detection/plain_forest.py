"""The default profile written plainly, one event and one tree at a time: the kernels' oracle."""

import math
from collections.abc import Sequence
from statistics import median

from floodline.detection.kernels.logarithm import exp2, log2
from floodline.detection.level_trees import draw
from floodline.detection.parameters import DefaultProfile

EIGHTHS = 8
FAR_OFF = 1e150


def within(value: float, low: float, high: float) -> float:
    """The value, or the nearer end of the interval."""
    return min(max(value, low), high)


class PlainScale:
    """One feature's mean and deviation."""

    def __init__(self, parameters: DefaultProfile) -> None:
        self.parameters = parameters
        self.first: list[float] = []
        self.known = False
        self.mean, self.variance, self.age = 0.0, 0.0, 0
        self.values: list[float] = []

    @property
    def limit(self) -> float:
        return self.parameters.winsor * math.sqrt(self.variance)

    @property
    def deviation(self) -> float:
        return max(math.sqrt(self.variance), 1e-12 * abs(self.mean), 1e-300)

    def know(self) -> None:
        """From the first values: median and deviation, each value cut; then mean and variance."""
        middle = median(self.first)
        far = [abs(value - middle) for value in self.first]
        limit = self.parameters.winsor * 1.4826022185056018 * median(far)
        if limit == 0.0 and len(far) > 1:
            limit = sorted(far)[-2]
        total = squares = 0.0
        for value in self.first:
            cut = within(value - middle, -limit, limit)
            total += cut
            squares += cut * cut
        shift = total / len(far)
        self.mean = middle + shift
        self.variance = max(0.0, squares / len(far) - shift * shift)
        self.age, self.known, self.values = len(far), True, []

    def end_window(self) -> None:
        """Move towards the window's own mean and variance."""
        present = len(self.values)
        if present:
            cuts = [within(value - self.mean, -self.limit, self.limit) for value in self.values]
            total = squares = 0.0
            for cut in cuts:
                total += cut
                squares += cut * cut
            self.age += present
            share = min(1.0, present / min(self.age, self.parameters.memory))
            shift = total / present
            spread = max(0.0, squares / present - shift * shift)
            if self.variance == 0.0:
                far = sorted([0.0, 0.0] + [abs(value - self.mean) for value in self.values])
                spread = min(far[-2], FAR_OFF) ** 2 / present
            self.mean += share * shift
            self.variance = (1.0 - share) * self.variance + share * (
                spread + (1.0 - share) * shift * shift
            )
        self.values = []


class PlainForest:
    """Scores, then learns; `bits` has the bits of the last event, `flagged` whether it was held."""

    def __init__(
        self,
        parameters: DefaultProfile,
        features: int,
        weights: Sequence[Sequence[float]] | None = None,
    ) -> None:
        self.parameters = parameters
        self.weights = weights
        self.usual, self.scored = math.nan, list[float]()
        self.trees = draw(parameters.trees, parameters.height, features, parameters.seed)
        self.scales = [PlainScale(parameters) for _ in range(features)]
        self.leaves = 2**parameters.height
        self.mass = [[0] * self.leaves for _ in range(parameters.trees)]
        self.counts = [[0] * self.leaves for _ in range(parameters.trees)]
        self.table = [[0.0] * self.leaves for _ in range(parameters.trees)]
        self.total = self.seen = self.left = 0
        self.first: list[list[float]] = []
        self.frozen: list[tuple[float, float]] = []
        self.level = math.inf
        self.window_bits: list[float] = []
        self.flagged: list[list[float]] = []
        self.waiting: list[list[float]] = []
        self.pressure, self.calm, self.open = 0, True, False

    def score_learn_one(self, event: Sequence[float]) -> float:
        row = [within(value, -FAR_OFF, FAR_OFF) if value == value else value for value in event]
        self.seen += 1
        if self.seen <= self.parameters.start:
            self.first.append(row)
            if self.seen == self.parameters.start:
                self._start()
            return 0.0
        bits = self.bits(row)
        self.scored.append(bits)
        published = self._published(bits, row)
        heard = min(bits, published)
        self.window_bits.append(heard)
        suspect = self.parameters.guard > 0 and heard >= self.level
        if suspect:
            self.flagged.append(row)
        if not suspect or self.open:
            self._learn(row)
        self.left -= 1
        if self.left == 0:
            self._end_window()
        return 1.0 / (1.0 + exp2(-published))

    def lesson(self, row: list[float]) -> float:
        """The sum of the leaves' weights."""
        total = 0.0
        for tree, weights in enumerate(self.weights or ()):
            total += weights[self._leaf(tree, row)]
        return total

    def _published(self, bits: float, row: list[float]) -> float:
        """A lesson raises the surprise, or lowers it to a twentieth of itself at most."""
        if self.weights is None or self.usual != self.usual:
            return bits
        surprise = bits - self.usual
        floor = min(surprise, 0.05 * surprise)
        return bits + (max(surprise + self.lesson(row), floor) - surprise)

    def bits(self, row: list[float]) -> float:
        """The mean over the trees, and the tail."""
        total = 0.0
        for tree in range(self.parameters.trees):
            total += self.table[tree][self._leaf(tree, row)]
        total /= self.parameters.trees
        return total + self._tail(row) if self.parameters.tail else total

    def _tail(self, row: list[float]) -> float:
        squares, farthest, present = 0.0, 0.0, 0
        for scale, value in zip(self.scales, row, strict=True):
            if scale.known and value == value:
                far = abs(value - scale.mean) * (1.0 / scale.deviation)
                far = min(far, self.parameters.tail_clip)
                squares, farthest, present = squares + far * far, max(farthest, far), present + 1
        return self.parameters.tail * (farthest + log2(0.5 + squares / max(1, present)))

    def _leaf(self, tree: int, row: list[float]) -> int:
        """The leaf; where features are missing, the one with the fewest bits, then the first."""
        reached = [0]
        width = self.parameters.widths[tree % len(self.parameters.widths)]
        for depth, feature in enumerate(self.trees.levels[tree].tolist()):
            mean, deviation = self.frozen[feature]
            value = row[feature] if self.scales[feature].known else math.nan
            below = []
            for place in reached:
                drawn = float(self.trees.thresholds[tree, 2**depth - 1 + place])
                threshold = mean + deviation * ((2.0 * drawn - 1.0) * width)
                sides = (0, 1) if value != value else (int(value >= threshold),)
                below += [2 * place + side for side in sides]
            reached = below
        return min(reached, key=lambda leaf: (self.table[tree][leaf], leaf))

    def _count(self, row: list[float]) -> None:
        """An event without any feature on a scale teaches nothing."""
        known = [scale.known for scale in self.scales]
        if any(value == value and here for value, here in zip(row, known, strict=True)):
            for tree in range(self.parameters.trees):
                self.counts[tree][self._leaf(tree, row)] += 1

    def _learn(self, row: list[float]) -> None:
        self._count(row)
        for scale, value in zip(self.scales, row, strict=True):
            if value == value:
                if scale.known:
                    scale.values.append(value)
                elif len(scale.first) < self.parameters.start:
                    scale.first.append(value)

    def _start(self) -> None:
        """The first events set the scales of what half of them have; then they are learnt."""
        for feature, scale in enumerate(self.scales):
            scale.first = [row[feature] for row in self.first if row[feature] == row[feature]]
            if 2 * len(scale.first) >= self.parameters.start:
                scale.know()
        self._freeze()
        for row in self.first:
            self._count(row)
        self._end_window()

    def _freeze(self) -> None:
        self.frozen = [
            (scale.mean, scale.deviation if scale.known else 1.0) for scale in self.scales
        ]

    def _end_window(self) -> None:
        usual = len(self.flagged) <= 1 + int(5.0 * self.parameters.guard * self.parameters.window)
        if usual:
            for row in self.waiting:
                self._learn(row)
        self._remember()
        for feature, scale in enumerate(self.scales):
            if scale.known:
                scale.end_window()
            elif len(scale.first) == self.parameters.start:
                scale.know()
                self._spread(feature)
        self._freeze()
        self._weigh()
        if self.parameters.guard > 0 and len(self.window_bits) == self.parameters.window:
            self._move_guard(usual)
        self._move_usual()
        self.left = min(self.parameters.window, self.seen)
        self.window_bits, self.flagged = [], []

    def _move_usual(self) -> None:
        """A running mean of the plain bits, window by window."""
        if self.scored:
            total = 0.0
            for bits in self.scored:
                total += bits
            mean = total / len(self.scored)
            scored = self.seen - self.parameters.start
            share = min(1.0, len(self.scored) / min(scored, self.parameters.memory))
            known = self.usual == self.usual
            self.usual = self.usual + (mean - self.usual) * share if known else mean
        self.scored = []

    def _remember(self) -> None:
        """An event is eight eighths; an eighth of every mass goes, rounded up."""
        self.total += EIGHTHS * sum(self.counts[0])
        for mass, counts in zip(self.mass, self.counts, strict=True):
            mass[:] = [m + EIGHTHS * count for m, count in zip(mass, counts, strict=True)]
            counts[:] = [0] * self.leaves
        while self.total > 9 * self.parameters.memory:
            self.total -= math.ceil(self.total / 8)
            for mass in self.mass:
                mass[:] = [m - math.ceil(m / 8) for m in mass]

    def _spread(self, feature: int) -> None:
        """At each level of the feature both sides get half of what they had together."""
        for mass, levels in zip(self.mass, self.trees.levels.tolist(), strict=True):
            for depth, of_level in enumerate(levels):
                if of_level == feature:
                    step = self.leaves >> (depth + 1)
                    for leaf in range(self.leaves):
                        if leaf // step % 2 == 0:
                            both = mass[leaf] + mass[leaf + step]
                            mass[leaf], mass[leaf + step] = both // 2, both - both // 2

    def _weigh(self) -> None:
        """log2(M / (2^h (m + 1/2))), of m + 1/2 the first twelve binary digits."""
        top = log2(max(1, self.total) / EIGHTHS) - self.parameters.height
        for mass, table in zip(self.mass, self.table, strict=True):
            for leaf in range(self.leaves):
                units = mass[leaf] + EIGHTHS // 2
                octaves = max(0, units.bit_length() - 12)
                table[leaf] = top + ((3.0 - octaves) - log2(float(units >> octaves)))

    def _move_guard(self, usual: bool) -> None:
        window, guard = self.parameters.window, self.parameters.guard
        self.waiting = self.flagged if usual and self.calm else []
        if usual:
            gone = math.ceil(self.pressure * window / self.parameters.memory)
            self.pressure = max(0, self.pressure - gone)
        else:
            patience = self.parameters.guard_patience
            self.pressure = min(self.pressure + len(self.flagged), 2 * patience)
        self.open = self.pressure >= self.parameters.guard_patience
        self.calm = usual and not self.open
        if usual or self.open or self.level == math.inf:
            level = sorted(self.window_bits)[window - 1 - int(guard * window)]
            old = level if self.level == math.inf else self.level
            self.level = old + (level - old) / 8.0
