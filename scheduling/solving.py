"""Small integer programs, solved to proven optimality by HiGHS: always the same answer to the same question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np

INFINITE = highspy.kHighsInf
# Costs are whole numbers: a gap below one is none.
GAP = 0.99
SEED = 20_261
Terms = Iterable[tuple[int, float]]


class OutOfTime(Exception):
    """Time was up before anything was found, or before it was known that there is nothing."""


@dataclass(frozen=True)
class Solution:
    """`proven` says that nothing costs less. Where time was up before that, it is the best that was found."""

    values: Sequence[float]
    cost: int
    proven: bool

    def has(self, column: int) -> bool:
        return self.values[column] > 0.5


@dataclass
class IntegerProgram:
    """Columns with what they cost, and rows that bound sums of them. All costs are whole numbers."""

    costs: list[int] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[list[tuple[int, float]], float, float]] = field(default_factory=list)

    def choice(self, cost: int = 0) -> int:
        """A column that is 0 or 1."""
        return self._column(cost, 1, whole=True)

    def amount(self, cost: int = 0, most: float = INFINITE) -> int:
        """A column from 0 up. Where it matters that it is whole, the rows have to see to it."""
        return self._column(cost, most, whole=False)

    def bound(self, terms: Terms, *, least: float = -INFINITE, most: float = INFINITE) -> None:
        self.rows.append((list(terms), least, most))

    def solve(self, *, seconds: float) -> Solution | None:
        """None where no values keep every bound. Raises OutOfTime."""
        if seconds <= 0:
            raise OutOfTime
        solver = _solver(seconds)
        solver.passModel(self._model())
        solver.run()
        status = solver.getModelStatus()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return None
        proven = status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)
        info = solver.getInfo()
        if not proven and info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            raise OutOfTime
        return Solution(list(solver.getSolution().col_value), round(info.objective_function_value), proven)

    def _column(self, cost: int, most: float, *, whole: bool) -> int:
        self.costs.append(cost)
        self.most.append(most)
        self.whole.append(whole)
        return len(self.costs) - 1

    def _model(self) -> highspy.HighsLp:
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.costs), len(self.rows)
        model.col_cost_ = np.array(self.costs, dtype=np.double)
        model.col_lower_ = np.zeros(len(self.costs))
        model.col_upper_ = np.array(self.most, dtype=np.double)
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[whole] for whole in self.whole]
        model.row_lower_ = np.array([least for _terms, least, _most in self.rows], dtype=np.double)
        model.row_upper_ = np.array([most for _terms, _least, most in self.rows], dtype=np.double)
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kRowwise
        lengths = [len(terms) for terms, _least, _most in self.rows]
        matrix.start_ = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
        matrix.index_ = np.array([at for terms, *_bounds in self.rows for at, _factor in terms], dtype=np.int32)
        matrix.value_ = np.array([factor for terms, *_bounds in self.rows for _at, factor in terms], dtype=np.double)
        return model


def _solver(seconds: float) -> highspy.Highs:
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    options: dict[str, bool | int | float | str] = {
        "output_flag": False,
        "threads": 1,
        "parallel": "off",
        "random_seed": SEED,
        "time_limit": seconds,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": GAP,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    return solver
