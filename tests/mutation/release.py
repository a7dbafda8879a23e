#!/usr/bin/env python3
"""Deletes each guard of the release core in turn and shows that the simulation then fails.

Works on a copy of the crate under .cache/mutation; the sources are not touched. A guard whose text is no longer found is an
error, so that this list follows the code. A guard that dies of missing coverage alone counts as caught and says so. Usage: release.py [NAME ...] (no name: all guards). PAWL_SCHEDULES: default 10000.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / ".cache" / "mutation" / "workspace"
# Never the project's own: cargo would take a mutant for the crate itself.
TARGET = ROOT / ".cache" / "mutation" / "target"
RELEASE = pathlib.Path("shared/release/src")

# The only tests that a mutant is built with, as they stand in the crate and in its copy.
SIMULATION = ("#[cfg(test)]\nmod simulation;", "#[cfg(any())]\nmod simulation;")

# name: (the guard, what stands there without it). The guard stands once in the crate, outside tests.
GUARDS = {
    "alarm of another endpoint": ("step/alarm.rs", "is_some_and(|endpoint| *endpoint != self.release.endpoint)", "is_some_and(|_| false)"),
    "suppressed alarm": ("step/alarm.rs", "if change.suppression == Suppression::Suppressed {", "if false {"),
    "duplicate alarm": ("step/alarm.rs", "Some(memory) if memory.at == change.at =>", "Some(_) if false =>"),
    "alarm out of order": ("step/alarm.rs", "Some(memory) if memory.at > change.at =>", "Some(_) if false =>"),
    "alarm of an older config": ("step/alarm.rs", "Some(false) => Concern::Past,", "Some(false) => Concern::Subject,"),
    "alarm from before the activation": ("step/alarm.rs", "Some(since) if ends(change) <= since =>", "Some(_) if false =>"),
    "flapping window": ("step/alarm.rs", "last.duration_since(*first) <= FLAPPING_WITHIN", "true"),
    "re-read alarm still fires": ("step/alarm.rs", "if state != Some(AlarmState::Alarm) {", "if false {"),
    "no rollback by itself when frozen": ("step/alarm.rs", "match (self.policy.when_stable, &self.release.freeze) {", "match (self.policy.when_stable, &None::<crate::Freeze>) {"),
    "newer generation only": ("step/guard.rs", "if candidate.generation <= self.release.generation {", "if false {"),
    "frozen": ("step/guard.rs", "if let Some(freeze) = &self.release.freeze {", "if let Some(freeze) = &None::<crate::Freeze> {"),
    "cool-down": ("step/guard.rs", "State::CoolDown { until } => return Some(HoldReason::CoolDown { until }),", "State::CoolDown { .. } => {}"),
    "endpoint busy": ("step/guard.rs", "                return Some(HoldReason::EndpointBusy);\n", ""),
    "revoked challenger": ("step/guard.rs", "if self.release.is_revoked(candidate) {", "if false {"),
    "challenger serves already": ("step/guard.rs", "if serving == Some(&request.candidate.config) {", "if false {"),
    "endpoint ready": ("step/guard.rs", "return Some(HoldReason::EndpointNotReady { found });", "let _ = found;"),
    "fallback exists": ("step/guard.rs", "TargetCheck::Checked { config, found: TargetPresence::Present } if", "TargetCheck::Checked { config, .. } if"),
    "something to go back to": ("step/guard.rs", "return Some(HoldReason::NoLastKnownGood { what });", "let _ = what; return None;"),
    "alarm lint": ("step/guard.rs", "(!lints.is_empty()).then_some(HoldReason::AlarmLint { lints })", "lints.is_empty().then_some(HoldReason::AlarmLint { lints }).filter(|_| false)"),
    "lease of a grant ends": ("step/endpoint.rs", "            && self.described_at < deploying.lease_until\n    }", "    }"),
    "a look that was overtaken tells what was": ("step/endpoint.rs", "if self.release.seen_at.is_some_and(|seen| look.at < seen) {", "if false {"),
    "who looked before a run gave up cannot tell": ("step/guard.rs", "                self.release.seen_at = Some(self.now);\n", ""),
    "a run that may still begin is waited for": ("step/endpoint.rs", "if self.may_still_begin(deploying) {", "if false {"),
    "a run speaks for its own generation": ("step/endpoint.rs", "            && deploying.candidate.generation == *generation\n", ""),
    "silent rollback": ("step/endpoint.rs", "if matches!(deploying.progress, Progress::Updating | Progress::Begun) {", "if false {"),
    "somebody else's update is not the run's": ("step/endpoint.rs", "deploying.progress != Progress::Begun\n", "deploying.progress == Progress::Granted\n"),
    "config compared while deploying": ("step/endpoint.rs", "State::Deploying(deploying) if deploying.candidate.config == *config => self.deployed(deploying),", "State::Deploying(deploying) => self.deployed(deploying),"),
    "config compared while watching": ("step/endpoint.rs", "State::Watching(_) if !serves_current =>", "State::Watching(_) if false =>"),
    "a permission holds until its lease ends": ("step/endpoint.rs", "if self.may_still_begin(&deploying) =>", "if false && self.may_still_begin(&deploying) =>"),
    "what comes back serves before anybody looks": ("step/endpoint.rs", "self.serve_since(rolling.to, rolling.since);", "self.serve(rolling.to);"),
    "the cool-down lasts": ("step/turn.rs", "State::CoolDown { until } if self.now >= until)", "State::CoolDown { .. })"),
    "questions are void once traffic goes back": ("step/moves.rs", "            .filter(|pending| pending.action.is_bookkeeping())\n            .collect();\n        let endpoint", "            .filter(|_| true)\n            .collect();\n        let endpoint"),
    "what was refused is not asked for again": ("step/performed.rs", "rolling.refused.push(rolling.to.config.clone());", ""),
    "a rollback is not given up for want of an answer": ("step/performed.rs", ".filter(|pending| pending.action.brings_back());", ".filter(|_| false);"),
    "what is to be taken out may not begin": ("step/guard.rs", "if let Some(cause) = deploying.intent {", "if let Some(cause) = deploying.intent.clone().filter(|_| false) {"),
    "a rejection is read in the registry": ("driver/rounds.rs", "        self.read_package().await?;\n", ""),
    "who came back is looked at once more": ("step/performed.rs", ".filter(|back| self.release.is_revoked(back))", ".filter(|_| false)"),
    "a shared alarm is compared first": ("step/watch.rs", "find(|alarm| is_own(alarm, &current.config))", "find(|_| true)"),
    "a re-read alarm is still of the subject": ("step/alarm.rs", "if self.concern(change) != Concern::Subject {", "if false {"),
    "force is for one deployment": ("step/guard.rs", "        self.release.pass = None;\n", ""),
    "what was left unwritten is appended first": ("driver/journal.rs", "        self.flush(&loaded.release).await?;\n        Ok(loaded)", "        Ok(loaded)"),
    "traffic moves in order": ("driver/handle.rs", "waiting |= !ready && !pending.action.is_bookkeeping();", "waiting &= ready;"),
    "intent is acted upon": ("step/endpoint.rs", "match intent {", "match intent.filter(|_| false) {"),
    "a rollback looks by itself": ("step/endpoint.rs", "        if matches!(self.release.state, State::RollingBack(_)) {\n            return DecisionRule::Wait;\n        }\n", ""),
    "lost rollback is asked for once more": ("step/endpoint.rs", "if rolling.attempts >= 2 {", "if false {"),
    "config compared after a rollback": ("step/endpoint.rs", "EndpointStatus::InService if config == Some(&rolling.to.config) => {", "EndpointStatus::InService => {"),
    "alarm in the watch": ("step/watch.rs", "find(|alarm| is_own(alarm, &current.config))", "find(|_| false)"),
    "all alarms are OK": ("step/watch.rs", "&& current.alarms.iter().all(calm)", "&& (current.alarms.iter().all(calm) || true)"),
    "enough requests": ("step/watch.rs", "requests >= self.policy.alarms.minimum_requests", "requests >= self.policy.alarms.minimum_requests || true"),
    "real rows were answered": ("step/watch.rs", "            && watching.smoke == Smoke::Passed\n", ""),
    "the bake is over": ("step/watch.rs", "if self.now < watching.until {", "if false {"),
    "time to decide is over": ("step/watch.rs", "is_some_and(|by| self.now >= by)", "is_some_and(|_| false)"),
    "what serves is looked after": ("step/watch.rs", "(Some(alarm), StateName::Stable) =>", "(Some(alarm), StateName::RollingBack) =>"),
    "one rollback for each generation": ("step/moves.rs", "if !by_person && self.release.was_rolled_back(from.generation) {", "if false {"),
    "two rollbacks lock": ("step/moves.rs", ".filter(|rollback| rollback.at > since).count() >= 2", ".filter(|rollback| rollback.at > since).count() >= 2000"),
    "revoked config never returns": ("record.rs", "!left_out(&good.config) && !self.is_revoked(good)", "!left_out(&good.config)"),
    "revoked fallback never returns": ("record.rs", "filter(|config| !self.revoked_configs.contains(config))", "filter(|_| true)"),
    "bad config is no target": ("record.rs", "!left_out(&good.config) && !self.is_revoked(good)", "!self.is_revoked(good)"),
    "own rejection starts nothing": ("step/person.rs", "|| self.release.rejected.contains(&change.arn)", ""),
    "operator heard once": ("step/person.rs", "    pub(super) fn operator(&mut self, operator: &Operator) -> DecisionRule {\n        let key = Signal::Operator(operator.clone()).dedupe_key();\n        if self.was_seen(&key) {", "    pub(super) fn operator(&mut self, operator: &Operator) -> DecisionRule {\n        let key = Signal::Operator(operator.clone()).dedupe_key();\n        if false {"),
    "tries are bounded": ("step/performed.rs", "if tries >= TRIES {", "if false {"),
    "busy is waited out": ("step/performed.rs", "ActionResult::Busy => self.postpone(at, BUSY),", "ActionResult::Busy => DecisionRule::TryLater,"),
    "pages are said once": ("step/turn.rs", "        if !self.was_seen(&key) {\n            self.release.remember(key, self.now);\n            self.page(message);\n        }", "        self.release.remember(key, self.now);\n        self.page(message);"),
    "lease keeps others out": ("driver/handle.rs", "Some(lease) if now < lease.until => Held::ByAnother,", "Some(lease) if now < lease.until && lease.holder.is_empty() => Held::ByAnother,"),
    "lease ends": ("driver/handle.rs", "Some(lease) if now < lease.until => Held::ByAnother,", "Some(_) => Held::ByAnother,"),
    "audit before action": ("driver/journal.rs", "                *loaded = Loaded { release: next, etag: Some(etag) };\n                self.flush(&loaded.release).await?;", "                *loaded = Loaded { release: next, etag: Some(etag) };"),
    "record swapped only unchanged": ("driver/journal.rs", "let when = Condition::unchanged_since(loaded.etag.take());", "let when = match loaded.etag.take() { _ => Condition::Always };"),
    "alarms stand before the grant": ("driver/handle.rs", "None if granted && loaded.release.pending.iter().any(alarms) =>", "None if false && granted && loaded.release.pending.iter().any(alarms) =>"),
    "a trial comes first": ("step/guard.rs", "Some(trial) if self.release.current.is_some() && !self.has_pass() => {", "Some(trial) if false && self.release.current.is_some() => {"),
    "only a trial that was won goes on": ("step/watch.rs", "Some(_) => verdict == Some(LiveVerdict::Promote) && self.release.freeze.is_none(),", "Some(_) => self.release.freeze.is_none(),"),
    "a lock holds a trial": ("step/watch.rs", "verdict == Some(LiveVerdict::Promote) && self.release.freeze.is_none(),", "verdict == Some(LiveVerdict::Promote),"),
    "harm in a trial": ("step/watch.rs", "filter(|trial| trial.verdict == LiveVerdict::Harm)", "filter(|_| false)"),
    "a trial is no good config": ("step/moves.rs", "self.release.current.as_ref().and_then(Deployment::next_stage) else {", "None::<Deployment> else {"),
    "a run speaks for the stage that it asked for": ("step/endpoint.rs", "            && deploying.candidate.config == *asked_for\n", ""),
    "a trial whose run stops goes back": ("step/moves.rs", "        match self.on_trial(candidate) {", "        match false {"),
    "a trial that comes back by itself goes back": ("step/endpoint.rs", "            if self.on_trial(&deploying.candidate) {", "            if false {"),
    "each stage is known on the way back": ("step/endpoint.rs", "config.is_some_and(|config| rolling.from.has_stage(config)) =>", "config == Some(&rolling.from.config) =>"),
    "upkeep at rest": ("step/moves.rs", "        self.queue(Action::Upkeep { generation });\n", "        let _ = generation;\n"),
}


def prepare() -> None:
    """A workspace of the release crate and the crates below it."""
    if COPY.exists():
        shutil.rmtree(COPY)
    COPY.mkdir(parents=True)
    # With new times: cargo would take the last mutant of an earlier run for the crate.
    ignore = shutil.ignore_patterns("target", "tests")
    shutil.copytree(ROOT / "shared", COPY / "shared", ignore=ignore, copy_function=shutil.copy)
    # All other tests stay out: they would only be compiled again with each mutant.
    for path in (COPY / RELEASE).rglob("*.rs"):
        source = path.read_text()
        path.write_text(source.replace("#[cfg(test)]\n", "#[cfg(any())]\n").replace(SIMULATION[1], SIMULATION[0]))
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(ROOT / name, COPY / name)
    manifest = COPY / "Cargo.toml"
    manifest.write_text(re.sub(r"(?s)members = \[.*?\]", 'members = ["shared/release"]', manifest.read_text(), count=1))


def simulate() -> tuple[str, str]:
    """Whether the simulation ran and what it says: `passed`, `failed`, or `broken` where it does not build."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET)}
    environment.setdefault("PAWL_SCHEDULES", "10000")
    command = ["cargo", "test", "--quiet", "-p", "pawl-release", "--lib", "production_never"]
    done = subprocess.run(command, cwd=COPY, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return "passed", ""
    for line in (done.stdout + done.stderr).splitlines():
        if line.startswith("seed "):
            return "failed", line[:140]
    text = done.stdout + done.stderr
    if "no longer reach everything" in text:
        return "failed", next((line.strip()[:140] for line in text.splitlines() if line.startswith("  left:")), "")
    return ("failed", "panicked") if "panicked at" in text else ("broken", done.stderr[-2000:])


def main() -> int:
    """Runs the chosen guards."""
    chosen = sys.argv[1:] or list(GUARDS)
    prepare()
    state, text = simulate()
    if state != "passed":
        print(f"the simulation fails with all guards in place: {text}")
        return 1
    survived = []
    for name in chosen:
        guard, without = GUARDS[name]
        found = guarded(guard)
        if len(found) != 1:
            print(f"ERROR    {name}: found {len(found)} times")
            survived.append(name)
            continue
        (path,) = found
        source = path.read_text()
        path.write_text(source.replace(guard, without))
        begun = time.monotonic()
        state, text = simulate()
        path.write_text(source)
        print(f"{'caught' if state == 'failed' else state.upper():8} {name} ({time.monotonic() - begun:.0f} s) {text}", flush=True)
        if state != "failed":
            survived.append(name)
    print(f"{len(chosen) - len(survived)} of {len(chosen)} deletions made the simulation fail")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
