"""Watch: the state of one model while its windows are judged, and what one window changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import pyarrow as pa

from driftline.alarms.calibration import SPANS, Calibration
from driftline.alarms.evidence import Evidence
from driftline.alarms.judge import judge, judge_independent
from driftline.alarms.season import phases_of
from driftline.alarms.verdict import Verdict
from driftline.incidents import Advanced, Finding, SecondLook
from driftline.performance.judge import PerformancePolicy
from driftline.profiles.codec import encode_profile
from driftline.profiles.profile import Profile
from driftline.quality import Expectations
from driftline.records import (
    Changes,
    Fault,
    IncidentKind,
    ModelState,
    WindowResult,
    WindowStatus,
)
from driftline.reference import Reference
from driftline.service.bad_labels import OF_LABELS, bad_labels
from driftline.service.basis import Bases, Basis, kept_windows, load_bases, memory
from driftline.service.cases import DRIFT, Cases, both
from driftline.service.faults import missing_values, window_faults
from driftline.service.findings import (
    Known,
    drift_findings,
    quality_findings,
)
from driftline.service.intake import Intake
from driftline.service.learned import Learned, Scored
from driftline.service.ledger import Ledger
from driftline.service.ledger_store import load_ledger
from driftline.service.routing import outbox_rows
from driftline.service.silence import Silence
from driftline.settings.models import ModelSettings
from driftline.stores import Store
from driftline.versions import versions_with
from driftline.windows import Window

Judged = tuple[WindowResult, Profile]
"""A window as it was judged."""


@dataclass
class Watch:
    """One model as it stands: what to judge with, what is open, where it goes on."""

    model: ModelSettings
    state: ModelState
    reference: Reference
    expected: Expectations
    bases: Bases
    basis: Basis
    policy: PerformancePolicy
    ledger: Ledger | None
    cases: Cases
    recent: list[tuple[Window, Evidence]] = field(default_factory=list)
    labels_missing: bool = False
    """Labels cannot be read at present: those of this time will be joined when they can."""
    silence: Silence = field(default_factory=Silence)
    run: str = ""
    """Names the run: what it has to tell is one notice for each channel."""

    @property
    def calibration(self) -> Calibration | None:
        return self.basis.calibration

    @cached_property
    def _nothing(self) -> bytes:
        """The encoded profile of a window without rows."""
        return encode_profile(Profile.empty(self.reference.grids))

    def _encoded(self, profile: Profile) -> bytes:
        return encode_profile(profile) if profile.rows else self._nothing

    def judge_window(self, window: Window, intake: Intake, labels: Sequence[pa.Table]) -> Changes:
        """Everything that `window` changes, with the labels that were known by its end."""
        profile = intake.profiles[window]
        if self.ledger is not None:
            self.ledger.take(window, intake.rows.get(window, []), labels, profile.rows)
        self._stand_on(window)
        of_labels = bad_labels(self.ledger, window)
        if not self.labels_missing:
            of_labels += self.silence.at(self.ledger, window)
        result = self._result(window, profile, intake, window.end, of_labels)
        self.bases.add(result)
        found = self._findings(result, profile)
        advanced = self.cases.advance(found, window.end, result.status == "judged")
        changes = self._with_performance(window.end, window.end, advanced, self._joined(window.end))
        return replace(changes, windows=(result,), profiles={window: self._encoded(profile)})

    def _stand_on(self, window: Window) -> None:
        """Compare with what `window` is to be compared with, as are the windows before it."""
        before, self.basis = self.basis.calibration, self.bases.at(window)
        if self.calibration is not before:
            self.recent = self._evidence(kept_windows(self.bases, window.start))

    def stand_at(self, changes: Changes) -> Changes:
        """Go on behind `changes`, the last steps together, when they are recorded as one."""
        self.state = changes.state
        return changes

    def judge_again(
        self, window: Window, intake: Intake, known: Mapping[Window, Judged], now: datetime
    ) -> Changes:
        """Everything that `window` changes, of which there is more now. `known` are the newest
        windows, it among them, and those before it on whose evidence it was judged."""
        self.basis = self.bases.at(window)
        first, seen = known[window]
        before = self._findings(first, seen)
        profile = intake.profiles[window]
        if self.ledger is not None:
            self.ledger.add_late_rows(window, intake.rows.get(window, []), profile.rows)
        self.recent = self._evidence((w, known[w][1]) for w in sorted(known) if w < window)
        of_labels = tuple(fault for fault in first.faults if fault.code in OF_LABELS)
        result = self._result(window, profile, intake, now, of_labels)
        self.bases.add(result)
        newest = [known[w] if w != window else (result, profile) for w in sorted(known)]
        self.recent = self._evidence((judged.window, seen) for judged, seen in newest)
        advanced = Advanced()
        for kind, found in self._findings(result, profile).items():
            if kind in DRIFT and first.status != "judged":
                step = self.cases.advance({kind: found}, now)
            else:
                look = SecondLook(before.get(kind, ()), found, [judged for judged, _ in newest])
                step = self.cases.look_again(kind, look, now)
            advanced = both(advanced, step)
        changes = self._with_performance(
            self.state.position, now, advanced, self.state.labels_until
        )
        return replace(changes, windows=(result,), profiles={window: self._encoded(profile)})

    def _findings(
        self, result: WindowResult, profile: Profile
    ) -> dict[IncidentKind, list[Finding]]:
        """What a window says, by the kinds of which it says something."""
        faults = quality_findings(result)
        drift = drift_findings(result, self._compared, profile, self._outputs, self.cases.drifting)
        findings = [*drift, *faults]
        kinds: list[IncidentKind] = ["data_quality"]
        if result.status == "judged":
            kinds += DRIFT
        return {kind: [f for f in findings if f.kind == kind] for kind in kinds}

    def _evidence(self, windows: Iterable[tuple[Window, Profile]]) -> list[tuple[Window, Evidence]]:
        """The evidence of the last of some windows, as far as they have enough rows."""
        if self.calibration is None:
            return []
        large = [(w, p) for w, p in windows if p.rows >= self.model.alarms.min_rows]
        score = self.calibration.scorer.score
        return [(w, score(self.basis.of(p), phases_of(w))) for w, p in large[-max(SPANS) :]]

    def recall(self) -> None:
        """Know the evidence of the newest windows: as the last run has left it where nothing has
        happened since, otherwise scored anew."""
        known = self.bases.learned.scored
        if known is not None and known.holds(self.state.revision, self.calibration):
            self.recent = list(known.recent)
        else:
            self.recent = self._evidence(kept_windows(self.bases, self.state.position))

    def leave(self) -> None:
        """Leave the evidence of the newest windows to the next run in this process."""
        left = Scored(self.state.revision, self.calibration, tuple(self.recent))
        self.bases.learned.scored = left

    def judge_labels(self, labels: Sequence[pa.Table], now: datetime) -> Changes | None:
        """What labels alone change behind the last window; None when nothing."""
        if self.ledger is None:
            return None
        self.ledger.add_labels(labels)
        if not self.ledger.changed:
            return None
        position = self.state.position
        return self._with_performance(position, now, Advanced(), self._joined(position))

    @property
    def _compared(self) -> Profile:
        return self.basis.total

    @property
    def _outputs(self) -> set[str]:
        predictions = self.model.predictions
        return {name for name in (predictions.prediction, predictions.score) if name}

    def _result(
        self,
        window: Window,
        profile: Profile,
        intake: Intake,
        now: datetime,
        of_labels: tuple[Fault, ...],
    ) -> WindowResult:
        found = window_faults(self.model, self.expected, window, profile, intake)
        least, unjudged = self.model.alarms.min_rows, self.basis.plan.still_to_have
        lost = missing_values(unjudged, self.basis.total, profile, least)
        faults = (*found, *lost, *of_labels)
        status: WindowStatus = "judged"
        if profile.rows < least:
            status = "too_few_rows" if profile.rows else "empty"
        verdict = None
        if status == "judged":
            verdict = self._verdict(window, profile).naming(intake.newcomers(window))
        return WindowResult(window, profile.rows, status, verdict, faults, now)

    def _verdict(self, window: Window, profile: Profile) -> Verdict:
        verdict = self._judged(window, self.basis.of(profile))
        return replace(verdict, note=self.basis.told(verdict.note))

    def _judged(self, window: Window, profile: Profile) -> Verdict:
        least = self.model.alarms.least_effect
        if not profile.columns:
            return Verdict(False, 1.0, (), "independent_rows")
        if self.calibration is None:
            return judge_independent(
                self.basis.of(self.basis.total), profile, self.bases.learned.rate, least
            )
        since = window.start - memory(self.model)
        kept = [seen for seen in self.recent if seen[0].start >= since]
        evidence = self.calibration.scorer.score(profile, phases_of(window))
        self.recent = [*kept[1 - max(SPANS) :], (window, evidence)]
        return judge(self.calibration, [evidence for _, evidence in self.recent], profile, least)

    def _joined(self, position: datetime) -> datetime | None:
        """Up to where labels are joined when those known by `position` were asked for."""
        return self.state.labels_until if self.labels_missing else position

    def _with_performance(
        self, position: datetime, now: datetime, advanced: Advanced, joined: datetime | None
    ) -> Changes:
        """The changes so far, with what the ledger has to say, and the model's new state."""
        named = versions_with(self.state.versions, self.model.version, self.state.position)
        state = self.state.next(
            position=position, labels_until=None, early_labels=None, versions=named
        )
        changes = Changes(state)
        if self.ledger is not None:
            settled = self.ledger.settle()
            judged = self.ledger.judge(position, now, self.policy)
            advanced = both(advanced, self.cases.performance(judged, self.policy, now))
            early = self.ledger.encoded_early()
            state = replace(state, labels_until=joined, early_labels=early)
            changes = replace(
                changes,
                state=state,
                performance=tuple(result for result, _ in judged),
                **settled._asdict(),
            )
        self.state = state
        newest_first = self.ledger.judged.back() if self.ledger else ()
        known = Known.of(result for _, result in newest_first)
        advanced = self.cases.cross_reference(advanced, known, self.basis.movement)
        return replace(
            changes,
            incidents=advanced.incidents,
            events=advanced.events,
            outbox=outbox_rows(advanced.events, self.model.channels, self.run),
        )


def load_watch(
    model: ModelSettings,
    policy: PerformancePolicy,
    store: Store,
    state: ModelState,
    learned: Learned,
) -> Watch:
    """The watch as the store left it."""
    reference = learned.reference
    bases = load_bases(model, learned, store, state)
    known = store.incidents(model.name, open_only=True)
    watch = Watch(
        model=model,
        state=state,
        reference=reference,
        expected=learned.expected,
        bases=bases,
        basis=bases.at(Window(state.position, state.position + model.window)),
        policy=policy,
        ledger=None,
        cases=Cases(model, [incident for incident in known if incident.cause is None]),
    )
    if model.labels is not None:
        watch.ledger = load_ledger(model, reference, store, state)
        watch.ledger.normal_since = bases.performance_since
    watch.recall()
    return watch
