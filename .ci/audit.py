"""What can be known of the dependencies without a network, from `cargo metadata`: which run code while they are built or bring code in
other languages (each is listed here by a person who looked at it), which are there in several versions, and which locked versions an
advisory is about. Those are kept beside this (advisories.json: ids and versions, of the public domain); with the path of a checkout of
https://github.com/rustsec/advisory-db as argument they are taken anew from there, which is due with every new dependency."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".ci/advisories.json"

# Build scripts that only look at the compiler or the target: autocfg, rustc probes, generated tables.
PROBES = set(
    "ahash anyhow crc32fast encoding_rs fast2s getrandom httparse icu_normalizer_data icu_properties_data inotify-sys libc "
    "mime_guess num-traits parking_lot_core pinyin portable-atomic proc-macro2 prometheus-client quote rustix rustls "
    "rustversion serde serde_core serde_json thiserror zerocopy zmij".split()
)
# These compile C or assembly that they carry: SQLite, the allocator, the cryptography of TLS.
NATIVE = set("libmimalloc-sys libsqlite3-sys ring alloca".split())
# Known, looked at, and why they stay.
KNOWN = {
    "RUSTSEC-2023-0071": "rsa: the time of decryptions tells of the key, to who can ask for many; nobody can (ARCHITECTURE.md, WeCom)",
    "RUSTSEC-2025-0141": "bincode is not maintained: fast2s reads its own table with it, nothing from outside",
}


def packages() -> tuple[list[dict], set[str]]:
    """Every package, and the ids of those that are built for this machine."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"]
    data = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return data["packages"], {node["id"] for node in data["resolve"]["nodes"]}


def version(text: str) -> tuple[int, int, int, int]:
    """A version that can be compared; one before a release comes before it."""
    core, _, before = text.split("+")[0].partition("-")
    numbers = ([int(number) for number in re.findall(r"\d+", core)] + [0, 0, 0])[:3]
    return (*numbers, 0 if before else 1)


def meets(found: tuple[int, int, int, int], requirement: str) -> bool:
    """Whether a version meets all parts of a requirement, as cargo writes them."""
    for part in requirement.split(","):
        sign, text = re.match(r"\s*(>=|<=|>|<|=|\^|~)?\s*(.+)", part).groups()
        low = version(text)
        if sign in (None, "^"):
            first = next((place for place in range(3) if low[place]), 2)
            high = (*[*low[:first], low[first] + 1, 0, 0][:3], 0)
            good = low <= found < high
        elif sign == "~":
            good = low <= found < (low[0], low[1] + 1, 0, 0)
        else:
            good = {">=": found >= low, ">": found > low, "<": found < low, "<=": found <= low, "=": found == low}[sign]
        if not good:
            return False
    return True


def locked() -> dict[str, set[str]]:
    """Every locked package, with its versions."""
    found = {}
    for lock in (ROOT / "Cargo.lock", ROOT / "fuzz/Cargo.lock"):
        for package in tomllib.loads(lock.read_text())["package"]:
            found.setdefault(package["name"], set()).add(package["version"])
    return found


def keep(database: Path) -> None:
    """Takes from a checkout what it says of the packages that are locked."""
    advisories = {}
    for name in sorted(locked()):
        advisories[name] = {}
        for path in sorted(database.glob(f"crates/{name}/RUSTSEC-*.md")):
            told = tomllib.loads(re.search(r"```toml\n(.*?)```", path.read_text(), re.S)[1])
            if not told["advisory"].get("withdrawn"):
                about = told.get("versions", {})
                advisories[name][told["advisory"]["id"]] = about.get("patched", []) + about.get("unaffected", [])
    command = ["git", "-C", str(database), "log", "-1", "--format=%cs"]
    date = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(of)}" for name, of in advisories.items())
    KEPT.write_text(f'{{\n  "date": "{date}",\n  "advisories": {{\n{lines}\n  }}\n}}\n')


def advised(kept: dict) -> list[str]:
    """Locked versions that an advisory is about and none of its mended or untouched versions."""
    faults = []
    for name, versions in sorted(locked().items()):
        if name not in kept["advisories"]:
            faults.append(f"{name}: nobody has looked for advisories; take them anew (head of .ci/audit.py)")
        for advisory, good in kept["advisories"].get(name, {}).items():
            for one in sorted(versions):
                if advisory not in KNOWN and not any(meets(version(one), requirement) for requirement in good):
                    faults.append(f"{name} {one}: https://rustsec.org/advisories/{advisory}")
    return faults


def main() -> int:
    all_packages, built = packages()
    faults, scripts, versions = [], set(), {}
    for package in (package for package in all_packages if package["id"] in built):
        versions.setdefault(package["name"], []).append(package["version"])
        if any("custom-build" in target["kind"] for target in package["targets"]):
            scripts.add(package["name"])
    for name in sorted(scripts - PROBES - NATIVE):
        faults.append(f"{name}: runs code while it is built; look at its build.rs and list it in .ci/audit.py")
    several = {name: found for name, found in sorted(versions.items()) if len(found) > 1}
    if len(sys.argv) > 1:
        keep(Path(sys.argv[1]))
    kept = json.loads(KEPT.read_text())
    faults += advised(kept)
    print("\n".join(faults) or f"{len(built)} packages built here: {len(scripts)} build scripts, all known")
    print("in several versions: " + (", ".join(f"{name} {' '.join(found)}" for name, found in several.items()) or "none"))
    number = sum(map(len, kept["advisories"].values()))
    print(f"advisories of {kept['date']}: {number} about packages that are locked, compared")
    return 1 if faults else 0


sys.exit(main())
