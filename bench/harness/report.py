# SPDX-License-Identifier: Apache-2.0
"""Results as one table, for people and as JSON."""
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess

HEADERS = ["job", "Rowhaul s", "peer", "peer s", "ratio", "target", "", "Rowhaul MiB", "peer MiB"]


class Comparison:
    """The runs of one job against one peer, pair by pair."""

    def __init__(self, job, peer, ours, theirs):
        self.job, self.peer, self.ours, self.theirs = job, peer, ours[:len(theirs)], theirs
        self.ratios = [our.seconds / their.seconds for our, their in zip(ours, theirs)]
        self.ratio = statistics.median(self.ratios)

    def holds(self):
        return self.peer.target is None or self.ratio <= self.peer.target

    def cells(self):
        return [self.job.title, f"{median(self.ours):.2f}", self.peer.name, f"{median(self.theirs):.2f}",
                f"{self.ratio:.2f}" if self.ratio >= 0.1 else f"{self.ratio:.3f}",
                "" if self.peer.target is None else f"≤ {self.peer.target}",
                "" if self.peer.target is None else "holds" if self.holds() else "MISSED",
                peak_text(self.ours), peak_text(self.theirs)]

    def as_json(self):
        return {"job": self.job.name, "peer": self.peer.name, "ratio": round(self.ratio, 3),
                "ratios": [round(ratio, 3) for ratio in self.ratios], "target": self.peer.target,
                "holds": self.holds(), "rowhaul": runs_json(self.ours), "peer_runs": runs_json(self.theirs)}


def median(runs):
    return statistics.median(run.seconds for run in runs)


def peak(runs):
    """0 when nobody measured it."""
    return max(run.mebibytes for run in runs)


def peak_text(runs):
    return f"{peak(runs):.0f}" if peak(runs) > 0 else ""


def runs_json(runs):
    return [{"seconds": round(run.seconds, 3), "cpu_seconds": round(run.cpu_seconds, 3),
             "mebibytes": round(run.mebibytes, 1), "bytes": run.bytes} for run in runs]


def table(comparisons):
    lines = [HEADERS, *(comparison.cells() for comparison in comparisons)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADERS))]
    right = {1, 3, 4, 7, 8}

    def row(cells):
        padded = (cell.rjust(width) if column in right else cell.ljust(width)
                  for column, (cell, width) in enumerate(zip(cells, widths)))
        return "| " + " | ".join(padded) + " |"
    dashes = "|" + "|".join("-" * (width + 1) + (":" if column in right else "-")
                            for column, width in enumerate(widths)) + "|"
    return "\n".join([row(lines[0]), dashes, *map(row, lines[1:])])


# A peer's name, and what prints its version.
VERSIONS = [("psql", "--version"), ("mariadb", "--version"), ("sqlite3", "--version"), ("ssh", "-V"),
            ("rclone", "--version"), ("curl", "--version"), ("lftp", "--version"), ("pbzip2", "--version"),
            ("pigz", "--version"), ("zstd", "--version"), ("mlr", "--version"), ("xlsx2csv", "--version"),
            ("pgloader", "--version")]


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()


def version(name, option):
    found = re.search(r"\d+(\.\d+)+[\w.-]*", output_of(name, option).replace("Ver 15.", ""))
    return f"{name} {found.group() if found else 'of unknown version'}"


def machine():
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {"processor": model, "cores": os.cpu_count(), "memory_gib": round(memory, 1),
            "system": release.get("PRETTY_NAME", "").strip('"'), "kernel": platform.release(),
            "load_before": round(os.getloadavg()[0], 1), "commit": output_of("git", "rev-parse", "--short", "HEAD"),
            "versions": [version(*command) for command in VERSIONS]}


def markdown(date, described, data, runs, comparisons):
    judged = [comparison for comparison in comparisons if comparison.peer.target is not None]
    missed = [comparison for comparison in judged if not comparison.holds()]
    largest = max((peak(comparison.ours) for comparison in comparisons), default=0)
    return "\n".join([
        f"# Speed and memory, {date}", "",
        f"{described['cores']} cores of {described['processor']}, {described['memory_gib']} GiB, {described['system']}, "
        f"Linux {described['kernel']}; load {described['load_before']} when it began; Rowhaul at "
        f"{described['commit']}.", "",
        f"{data['rows']:,} rows of {data['columns']} mixed columns, {data['bytes'] / 1e6:,.0f} MB of CSV. Medians of "
        f"{runs} runs that alternate between Rowhaul and its peers, after one run of each that does not count; ratio: "
        "the median of the pairs' own. Memory: the peak of the largest process in any run.", "",
        table(comparisons), "",
        (f"Missed: {len(missed)} of {len(judged)}." if missed else "All targets hold.")
        + f" Rowhaul's largest peak was {largest:.0f} MiB.", "",
        "Peers: " + "; ".join(described["versions"]) + ". Their commands are in `bench/peers`.", ""])


def save(folder, name, date, described, data, runs, comparisons):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(markdown(date, described, data, runs, comparisons), encoding="utf-8")
    document = {"date": date, "machine": described, "data": data,
                "comparisons": [comparison.as_json() for comparison in comparisons]}
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
