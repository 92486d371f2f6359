"""A finished run, and its JSON form: what `--json` prints and `POST /summarize` answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from pipeline.tree import join_stretches

if TYPE_CHECKING:
    from pipeline.core.plan import Plan
    from pipeline.evidence.trace import Evidence
    from pipeline.tree import LeftOut, StandIn, Summary


@dataclass(frozen=True)
class Result:
    """A finished run: the summary, its tree, and the evidence of what was read.

    `verified` calls had their prompt confirmed by the server token for token. `exact` says whether
    tokens were counted with the model's own vocabulary, as known at the end of the run. `anew` are
    the stretches of the document, in characters, that were read in this run; the rest had been read
    before. `left_out` are sentences of answers, not of the summary. `share` is how much of the
    text's characters the model itself read, from 0 to 1. `evidence` traces the summary's sentences,
    where that was asked for.
    """

    summary: str
    root: Summary = field(repr=False)  # asyncio writes out what a task returns
    plan: Plan = field(repr=False)
    model: str
    model_digest: str
    exact: bool
    map_calls: int
    merge_calls: int
    retry_calls: int
    cached_calls: int
    prompt_tokens: int
    output_tokens: int
    verified: int
    stand_ins: tuple[StandIn, ...]
    left_out: tuple[LeftOut, ...]
    anew: tuple[tuple[int, int], ...]
    warnings: tuple[str, ...]
    seconds: float
    share: float = 1.0
    language: str | None = None
    evidence: Evidence | None = None

    @property
    def calls(self) -> dict[str, int]:
        """The numbers of calls: `map` and `merge` are the plan's, `cached` of them were kept."""
        return {
            "map": self.map_calls,
            "merge": self.merge_calls,
            "retry": self.retry_calls,
            "cached": self.cached_calls,
        }

    @property
    def usage(self) -> dict[str, int]:
        """Tokens that the model read and wrote in this run."""
        return {"prompt_tokens": self.prompt_tokens, "output_tokens": self.output_tokens}

    def to_dict(self) -> dict[str, object]:
        """Return the JSON form that `--json` prints and `POST /summarize` answers."""
        document, plan = self.plan.document, self.plan
        evidence = {} if self.evidence is None else self.evidence.to_dict()
        removed = document.removed.to_dict()
        return {
            "summary": self.summary,
            "named": self.plan.named,
            "model": self.model,
            "model_digest": self.model_digest,
            "input": {
                "name": document.name,
                "characters": len(document.text),
                "tokens": plan.tokens,
                **({"removed": removed} if removed else {}),
            },
            "chunks": len(plan.chunks),
            "levels": plan.levels,
            "calls": self.calls,
            "usage": self.usage,
            "read": {
                "exact": self.exact,
                "verified": self.verified,
                "stand_ins": [
                    {"start": s.start, "end": s.end, "reason": s.reason} for s in self.stand_ins
                ],
                "anew": [list(stretch) for stretch in self.anew],
                "share": round(self.share, 3),
                "off_topic": [
                    list(stretch)
                    for stretch in join_stretches((c.start, c.end) for c in plan.off_topic)
                ],
            },
            "language": {
                "text": plan.languages.text,
                "asked": plan.languages.asked,
                "summary": self.language,
            },
            "left_out": [asdict(one) for one in self.left_out],
            "warnings": list(self.warnings),
            "seconds": round(self.seconds, 3),
            **evidence,
        }
