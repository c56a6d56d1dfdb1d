"""The ready files for cron, systemd and GitHub Actions, tried as they are written as far as one machine allows."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from apscheduler.triggers.cron import CronTrigger

from pipelines.config import ROOT, Settings
from pipelines.generations.draft import current
from tests.faults.test_schedule_child import NEVER, nothing_is_due
from web import liveness

DEPLOY = ROOT / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
WORKFLOW = (DEPLOY / "refresh.yml").read_text()
RUNS = re.findall(r"^ +(?:- )?run: (.+)$", WORKFLOW, re.MULTILINE)
HOME = "/opt/crashday"


@pytest.fixture
def installed(tmp_path: Path, own: Settings) -> Path:
    """Crashday as it lies in its folder, with state of its own and nothing due; the interpreter is this one."""
    home = tmp_path / "opt"
    (home / ".venv" / "bin").mkdir(parents=True)
    (home / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (home / "pipelines").symlink_to(ROOT / "pipelines")
    shutil.copytree(own.data_dir, home / "data")
    (home / "data" / "reference").symlink_to(ROOT / "data" / "reference")
    nothing_is_due(home / "data")
    return home


def run(command: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As cron does it: by the plain shell, with next to no environment."""
    never = {f"CRASHDAY_SCHEDULE_{group}": NEVER for group in ("FAST", "HOURLY", "DAILY")}
    plain = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "CRASHDAY_DATA_DIR": str(home / "data"),
        "CRASHDAY_REFERENCE_DIR": str(ROOT / "data" / "reference"),
    }
    return subprocess.run(
        ["/bin/sh", "-c", command],
        env=plain | never | environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
    )


def cron_lines() -> list[str]:
    lines = (DEPLOY / "crashday.cron").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_crontab_is_one_setting_and_times_with_commands() -> None:
    setting, *jobs = cron_lines()
    assert setting == f"CRASHDAY={HOME}"
    for job in jobs:
        if not job.startswith("@reboot "):
            CronTrigger.from_crontab(" ".join(job.split()[:5]))
        assert "%" not in job, "cron ends a command at a percent sign"


def test_the_command_of_the_crontab_refreshes_what_is_due(installed: Path) -> None:
    (job,) = [line for line in cron_lines() if line.startswith("*/10")]
    done = run(job.split(maxsplit=5)[5], installed, CRASHDAY=str(installed))
    log = (installed / "data" / "schedule.log").read_text()
    assert done.returncode == 0, done.stderr + log
    assert log.startswith("fast: cron") and "daily: cron" in log


def test_a_missed_group_is_refreshed_and_then_not_due_any_more(installed: Path) -> None:
    """The fast group has members only where something is recorded; its last run was never."""
    runs = installed / "data" / "runs.jsonl"
    lines = [json.loads(line) for line in runs.read_text().splitlines()]
    kept = [line for line in lines if not line["loader"].startswith("recorded")]
    runs.write_text("".join(json.dumps(line) + "\n" for line in kept))
    (installed / "data" / "inbox" / "recorded_okx").mkdir(parents=True)
    every_minute = {"CRASHDAY_SCHEDULE_FAST": "0 0 1 1 *"}
    command = f"{sys.executable} -m pipelines schedule --once"
    first = run(command, installed, **every_minute)
    assert first.returncode == 0 and "recorded_okx: unchanged" in first.stdout, first.stdout + first.stderr
    second = run(command, installed, **every_minute)
    assert second.returncode == 0 and "recorded_okx: unchanged" not in second.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed here")
    for one in UNITS:
        # Where the files say /opt/crashday, this machine has the repository elsewhere.
        (tmp_path / one.name).write_text(one.read_text().replace(f"{HOME}/.venv/bin/python", sys.executable))
    checked = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / unit.name],
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
        capture_output=True,
        text=True,
    )
    ours = [line for line in checked.stderr.splitlines() if "crashday" in line]
    assert checked.returncode == 0 and ours == [], checked.stderr


def test_the_timer_starts_the_service_and_the_services_run_our_commands(installed: Path) -> None:
    commands = {}
    for unit in UNITS:
        parsed = configparser.ConfigParser(strict=False, interpolation=None)
        parsed.read_string(unit.read_text())
        if unit.suffix == ".service":
            commands[unit.stem] = parsed["Service"]["ExecStart"].removeprefix(f"{HOME}/.venv/bin/python ")
        else:
            assert (DEPLOY / f"{unit.stem}.service").exists() and parsed["Timer"]["Persistent"] == "true"
    web = commands.pop("crashday-web")
    assert web.startswith("-m streamlit run app.py ")
    assert run(f"{sys.executable} {web} --help", ROOT).returncode == 0
    assert commands == {"crashday": "-m pipelines schedule --once", "crashday-record": "-m pipelines record"}
    assert run(f"{sys.executable} {commands['crashday']}", installed).returncode == 0
    assert run(f"{sys.executable} {commands['crashday-record']} --help", installed).returncode == 0


def test_a_web_server_that_ended_is_started_again_and_has_files_for_many_readers() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(DEPLOY / "crashday-web.service")
    service = unit["Service"]
    assert service["Restart"] == "always" and int(service["LimitNOFILE"]) >= 10_000
    assert int(service["TimeoutStopSec"]) > liveness.STOP


def test_the_steps_of_the_workflow_run_one_after_the_other(installed: Path) -> None:
    install, *steps = RUNS
    assert install == "pip install --require-hashes -r requirements.lock" and (ROOT / "requirements.lock").exists()
    for step in steps:
        done = run(step.replace("python ", f"{sys.executable} ", 1), installed)
        assert done.returncode == 0, done.stderr
    published = current(installed / "data" / "warehouse")
    assert published is not None
    assert (installed / "tables" / "bars.parquet").exists() and (installed / "tables" / "dictionary.csv").exists()


def test_the_workflow_keeps_its_state_asks_for_no_rights_and_never_overlaps() -> None:
    assert RUNS[1:] == [
        "python -m pipelines build",
        "python -m pipelines schedule --once || [ $? -eq 3 ]",
        "python -m pipelines export tables --parquet",
    ]
    (cron,) = re.findall(r'- cron: "(.+)"', WORKFLOW)
    CronTrigger.from_crontab(cron)
    for line in ("contents: read", "cancel-in-progress: false", "CRASHDAY_DATA_DIR: ${{ github.workspace }}/state"):
        assert line in WORKFLOW
    assert WORKFLOW.count("path: state") == 2 and "\t" not in WORKFLOW
