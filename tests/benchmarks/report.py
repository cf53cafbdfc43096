"""What benchmarks say: a line for each figure as soon as it is known, and all of them again at the end."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    """The figures of one run. A ratio compares two things of the same run; whatever else is context."""

    lines: list[str] = field(default_factory=list)

    def say(self, name: str, value: float, unit: str) -> None:
        """Print `bench NAME VALUE unit`."""
        self.lines.append(f"bench {name} {_short(value)} {unit}")
        print(self.lines[-1], flush=True)

    def repeat(self) -> None:
        print("\n" + "\n".join(self.lines), flush=True)


def _short(value: float) -> str:
    """Three figures that mean something, and no more decimals than that takes."""
    if value and abs(value) < 1:
        return f"{value:.3f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
