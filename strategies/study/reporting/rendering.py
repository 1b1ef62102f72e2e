"""A report rendered for `pennyfix study report`: terminal tables and sentences, JSON figures, HTML page, SVG chart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from strategies.study.reporting.chart import chart
from strategies.study.reporting.compare import compare, comparison_sentences, select
from strategies.study.reporting.page import PageTable
from strategies.study.reporting.paper import load_paper
from strategies.study.reporting.paper_report import paper_page, section
from strategies.study.reporting.study_report import (
    Study,
    compare_json,
    compare_page,
    compare_table,
    endings,
    guidelines,
    study_json,
    study_page,
    svg,
    table,
)
from strategies.study.running.record import read_records


@dataclass(frozen=True, slots=True)
class RenderedReport:
    """One report. `svg` is "" where there is no single picture."""

    tables: tuple[PageTable, ...]
    sentences: tuple[str, ...]
    figures: object
    page: str
    svg: str = ""


def render_study(folder: Path | None, compared_names: tuple[str, str] | None) -> RenderedReport:
    """A study's report, with a comparison where two are named. Raises TaskError."""
    compared = None
    if compared_names is not None:
        compared = compare(select(compared_names[0], folder), select(compared_names[1], folder), compared_names)
    comparison_text = comparison_sentences(compared) if compared else ()
    differing = (compare_table(compared),) if compared and compared.differs else ()
    if folder is None:
        assert compared is not None  # noqa: S101 - the command line asks for a folder or a comparison
        return RenderedReport(differing, comparison_text, compare_json(compared), compare_page(compared))
    study = Study.of(read_records(folder))
    return RenderedReport(
        (table(study), endings(study), *differing),
        (*guidelines(study), *comparison_text),
        study_json(study, compared),
        study_page(study, compared),
        svg(study, alone=True),
    )


def render_paper(path: Path) -> RenderedReport:
    """The literature's table, redrawn. Raises OutcomesError; its one picture is that of the first pair."""
    pairs = load_paper(path)
    sections = [section(p) for p in pairs]
    figures = [
        {
            "pair": s.title,
            "front": [p.name for p in pair.front],
            "hull": [p.name for p in pair.hull],
            "sentences": list(s.sentences),
        }
        for s, pair in zip(sections, pairs, strict=True)
    ]
    first = pairs[0]
    ends = (first.named("Base Weak"), first.named("Base Strong"))
    picture = chart(first.points, title=sections[0].title, cost_label="US dollars", flip=ends, alone=True)
    return RenderedReport(
        tuple(t for s in sections for t in s.tables),
        tuple(f"{s.title}: {x}" for s in sections for x in s.sentences),
        figures,
        paper_page(pairs),
        picture,
    )
