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
RELEASE = COPY / "shared" / "release" / "src"

# The only tests that a mutant is built with, as they stand in the crate and in its copy.
SIMULATION = ("#[cfg(test)]\nmod simulation;", "#[cfg(any())]\nmod simulation;")

# name: (the guard, what stands there without it). The guard stands once in the crate, outside tests; where its text stands in two
# files, the third names the one that is meant.
GUARDS = {
    "alarm of another endpoint": ("is_some_and(|endpoint| *endpoint != self.release.endpoint)", "is_some_and(|_| false)"),
    "suppressed alarm": ("if change.suppression == Suppression::Suppressed {", "if false {"),
    "duplicate alarm": ("Some(memory) if memory.at == change.at =>", "Some(_) if false =>"),
    "alarm out of order": ("Some(memory) if memory.at > change.at =>", "Some(_) if false =>"),
    "alarm of an older config": ("Some(false) => Concern::Past,", "Some(false) => Concern::Subject,"),
    "alarm from before the activation": ("Some(since) if ends(change) <= since =>", "Some(_) if false =>"),
    "flapping window": ("last.duration_since(*first) <= FLAPPING_WITHIN", "true"),
    "re-read alarm still fires": ("if state != Some(AlarmState::Alarm) {", "if false {"),
    "no rollback by itself when frozen": ("match (self.policy.when_stable, &self.release.freeze) {", "match (self.policy.when_stable, &None::<crate::Freeze>) {"),
    "newer generation only": ("if candidate.generation <= self.release.generation {", "if false {"),
    "frozen": ("if let Some(freeze) = &self.release.freeze {", "if let Some(freeze) = &None::<crate::Freeze> {"),
    "cool-down": ("State::CoolDown { until } => return Some(HoldReason::CoolDown { until }),", "State::CoolDown { .. } => {}"),
    "endpoint busy": ("                return Some(HoldReason::EndpointBusy);\n", ""),
    "revoked challenger": ("if self.release.is_revoked(candidate) {", "if false {"),
    "challenger serves already": ("if serving == Some(&request.candidate.config) {", "if false {"),
    "somebody else's endpoint": ("if request.look.origin != EndpointOrigin::Ours {", "if false {"),
    "autoscaling's instances survive": ("let retains = instances && to.instances == InstanceCount::Kept;", "let retains = instances;"),
    "endpoint ready": ("return Some(HoldReason::EndpointNotReady { found });", "let _ = found;"),
    "fallback exists": ("TargetCheck::Checked { config, found: TargetPresence::Present } if", "TargetCheck::Checked { config, .. } if"),
    "something to go back to": ("return Some(HoldReason::NoLastKnownGood { what });", "let _ = what; return None;"),
    "alarm lint": ("(!lints.is_empty()).then_some(HoldReason::AlarmLint { lints })", "lints.is_empty().then_some(HoldReason::AlarmLint { lints }).filter(|_| false)"),
    "lease of a grant ends": ("            && self.described_at < deploying.lease_until\n    }", "    }"),
    "a look that was overtaken tells what was": ("if self.release.seen_at.is_some_and(|seen| look.at < seen) {", "if false {"),
    "who looked before a run gave up cannot tell": ("                self.release.seen_at = Some(self.now);\n", ""),
    "a run that may still begin is waited for": ("if self.may_still_begin(deploying) {", "if false {"),
    "a run speaks for its own generation": ("            && deploying.candidate.generation == *generation\n", ""),
    "silent rollback": ("if matches!(deploying.progress, Progress::Updating | Progress::Begun) {", "if false {", "step/endpoint.rs"),
    "somebody else's update is not the run's": ("deploying.progress != Progress::Begun\n", "deploying.progress == Progress::Granted\n"),
    "config compared while deploying": ("State::Deploying(deploying) if deploying.candidate.config == *config => self.deployed(deploying),", "State::Deploying(deploying) => self.deployed(deploying),"),
    "config compared while watching": ("State::Watching(_) if !serves_current =>", "State::Watching(_) if false =>"),
    "a permission holds until its lease ends": ("if self.may_still_begin(&deploying) =>", "if false && self.may_still_begin(&deploying) =>"),
    "what comes back serves before anybody looks": ("self.serve_since(rolling.to, rolling.since);", "self.serve(rolling.to);"),
    "the cool-down lasts": ("State::CoolDown { until } if self.now >= until)", "State::CoolDown { .. })"),
    "questions are void once traffic goes back": ("            .filter(|pending| pending.action.is_bookkeeping())\n            .collect();\n        let endpoint", "            .filter(|_| true)\n            .collect();\n        let endpoint"),
    "what was refused is not asked for again": ("rolling.refused.push(rolling.to.config.clone());", ""),
    "a rollback is not given up for want of an answer": (".filter(|pending| pending.action.brings_back());", ".filter(|_| false);"),
    "what is to be taken out may not begin": ("if let Some(cause) = deploying.intent {", "if let Some(cause) = deploying.intent.clone().filter(|_| false) {"),
    "a rejection is read in the registry": ("        self.read_package().await?;\n", ""),
    "who came back is looked at once more": (".filter(|back| self.release.is_revoked(back))", ".filter(|_| false)"),
    "a shared alarm is compared first": ("find(|alarm| is_own(alarm, &current.config))", "find(|_| true)"),
    "a re-read alarm is still of the subject": ("if self.concern(change) != Concern::Subject {", "if false {"),
    "force is for one deployment": ("        self.release.pass = None;\n", "", "step/guard.rs"),
    "what was left unwritten is appended first": ("        self.flush(&loaded.release).await?;\n        Ok(loaded)", "        Ok(loaded)"),
    "traffic moves in order": ("waiting |= !ready && !pending.action.is_bookkeeping();", "waiting &= ready;"),
    "intent is acted upon": ("match intent {", "match intent.filter(|_| false) {"),
    "a rollback looks by itself": ("        if matches!(self.release.state, State::RollingBack(_)) {\n            return ReleaseRule::Wait;\n        }\n", ""),
    "lost rollback is asked for once more": ("if rolling.attempts >= 2 {", "if false {"),
    "config compared after a rollback": ("EndpointStatus::InService if config == Some(&rolling.to.config) => {", "EndpointStatus::InService => {"),
    "alarm in the watch": ("find(|alarm| is_own(alarm, &current.config))", "find(|_| false)"),
    "all alarms are OK": ("&& current.alarms.iter().all(calm)", "&& (current.alarms.iter().all(calm) || true)"),
    "enough requests": ("requests >= self.policy.alarms.minimum_requests", "requests >= self.policy.alarms.minimum_requests || true"),
    "real rows were answered": ("            && watching.smoke == Smoke::Passed\n", ""),
    "the bake is over": ("if self.now < watching.until {", "if false {"),
    "time to decide is over": ("is_some_and(|by| self.now >= by)", "is_some_and(|_| false)"),
    "what serves is looked after": ("(Some(alarm), StateName::Stable) =>", "(Some(alarm), StateName::RollingBack) =>"),
    "one rollback for each generation": ("if !by_person && self.release.was_rolled_back(from.generation) {", "if false {"),
    "two rollbacks lock": (".filter(|rollback| rollback.at > since).count() >= 2", ".filter(|rollback| rollback.at > since).count() >= 2000"),
    "revoked config never returns": ("!left_out(&good.config) && !self.is_revoked(good)", "!left_out(&good.config)"),
    "revoked fallback never returns": ("filter(|config| !self.revoked_configs.contains(config))", "filter(|_| true)"),
    "bad config is no target": ("!left_out(&good.config) && !self.is_revoked(good)", "!self.is_revoked(good)"),
    "own rejection starts nothing": ("|| self.release.rejected.contains(&change.arn)", ""),
    "operator heard once": ("    pub(super) fn operator(&mut self, operator: &Operator) -> ReleaseRule {\n        let key = Signal::Operator(operator.clone()).dedupe_key();\n        if self.was_seen(&key) {", "    pub(super) fn operator(&mut self, operator: &Operator) -> ReleaseRule {\n        let key = Signal::Operator(operator.clone()).dedupe_key();\n        if false {"),
    "tries are bounded": ("if tries >= TRIES {", "if false {"),
    "busy is waited out": ("ActionResult::Busy => self.postpone(at, BUSY),", "ActionResult::Busy => ReleaseRule::TryLater,"),
    "pages are said once": ("        if !self.was_seen(&key) {\n            self.release.remember(key, self.now);\n            self.page(message);\n        }", "        self.release.remember(key, self.now);\n        self.page(message);"),
    "lease keeps others out": ("Some(lease) if now < lease.until => Held::ByAnother,", "Some(lease) if now < lease.until && lease.holder.is_empty() => Held::ByAnother,"),
    "lease ends": ("Some(lease) if now < lease.until => Held::ByAnother,", "Some(_) => Held::ByAnother,"),
    "audit before action": ("                *loaded = Loaded { release: next, etag: Some(etag) };\n                self.flush(&loaded.release).await?;", "                *loaded = Loaded { release: next, etag: Some(etag) };"),
    "record swapped only unchanged": ("let when = Condition::unchanged_since(loaded.etag.take());", "let when = match loaded.etag.take() { _ => Condition::Always };"),
    "alarms stand before the grant": ("None if granted && loaded.release.pending.iter().any(alarms) =>", "None if false && granted && loaded.release.pending.iter().any(alarms) =>"),
    "a trial comes first": ("Some(trial) if self.release.current.is_some() && !self.has_pass() => {", "Some(trial) if false && self.release.current.is_some() => {"),
    "only a trial that was won goes on": ("Some(_) => verdict == Some(LiveVerdict::Promote) && self.release.freeze.is_none(),", "Some(_) => self.release.freeze.is_none(),"),
    "a lock holds a trial": ("verdict == Some(LiveVerdict::Promote) && self.release.freeze.is_none(),", "verdict == Some(LiveVerdict::Promote),"),
    "harm in a trial": ("filter(|trial| trial.verdict == LiveVerdict::Harm)", "filter(|_| false)"),
    "a trial is no good config": ("self.release.current.as_ref().and_then(Deployment::next_stage) else {", "None::<Deployment> else {"),
    "a run speaks for the stage that it asked for": ("            && deploying.candidate.config == *asked_for\n", ""),
    "a trial whose run stops goes back": ("        match self.on_trial(candidate) {", "        match false {"),
    "a trial that comes back by itself goes back": ("            if self.on_trial(&deploying.candidate) {", "            if false {"),
    "each stage is known on the way back": ("config.is_some_and(|config| rolling.from.has_stage(config)) =>", "config == Some(&rolling.from.config) =>"),
    "upkeep at rest": ("        self.queue(Action::Upkeep { generation });\n", "        let _ = generation;\n"),
}


def prepare() -> None:
    """A workspace of the core crate alone."""
    if COPY.exists():
        shutil.rmtree(COPY)
    COPY.mkdir(parents=True)
    # With new times: cargo would take the last mutant of an earlier run for the crate.
    ignore = shutil.ignore_patterns("target", "tests")
    shutil.copytree(ROOT / "shared", COPY / "shared", ignore=ignore, copy_function=shutil.copy)
    # All other tests stay out: they would only be compiled again with each mutant.
    for path in RELEASE.rglob("*.rs"):
        source = path.read_text()
        path.write_text(source.replace("#[cfg(test)]\n", "#[cfg(any())]\n").replace(SIMULATION[1], SIMULATION[0]))
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(ROOT / name, COPY / name)
    manifest = COPY / "Cargo.toml"
    # What the release depends on comes in by its paths.
    text = re.sub(r"members = \[.*?\]", 'members = ["shared/release"]', manifest.read_text(), count=1, flags=re.DOTALL)
    manifest.write_text(text)


def guarded(guard: str, file: str = "") -> list[pathlib.Path]:
    """The file in which the guard stands, once for each time that it stands there."""
    files = [path for path in sorted(RELEASE.rglob("*.rs")) if "simulation" not in path.parts]
    files = [path for path in files if path.as_posix().endswith(file)]
    return [path for path in files for _ in range(path.read_text().count(guard))]


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
        guard, without, *file = GUARDS[name]
        found = guarded(guard, *file)
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
