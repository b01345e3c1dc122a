#!/usr/bin/env python3
"""Goes through the Dockerfile's steps without a container engine, then tries what came of them.

    sudo .ci/image.py [FOLDER]      # 1 GB of disk; needs debootstrap, and a Rust toolchain in $CARGO_HOME and $RUSTUP_HOME

The base images are stood in for by Debian packages in roots of their own: `rust` by a new Debian with a C compiler and this
machine's toolchain, `distroless/cc` by the packages that it consists of. The result is run as the image's user, with a
read-only root but for its volume, and is asked for its health and stopped.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SUITE = "bookworm"
RUNTIME = ["base-files", "ca-certificates", "libc6", "libgcc-s1", "libstdc++6", "netbase", "tzdata"]


def run(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, **more)


def instructions():
    """The Dockerfile, an instruction and its text at a time."""
    text = (REPOSITORY / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line.strip():
            word, rest = line.split(maxsplit=1)
            yield word, rest


def stand_in(image, root):
    """A root with what the base image has."""
    if image.startswith("rust:"):
        run("debootstrap", "--variant=minbase", "--include=gcc,libc6-dev,ca-certificates", SUITE, root)
        return
    assert "distroless/cc" in image, f"nothing stands in for {image}"
    with tempfile.TemporaryDirectory() as packages:
        os.chmod(packages, 0o777)  # apt downloads as a user of its own
        run("apt-get", "download", "-q", *RUNTIME, cwd=packages)
        for package in Path(packages).glob("*.deb"):
            run("dpkg-deb", "-x", package, root)
    (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
    certificates = b"".join(path.read_bytes() for path in sorted((root / "usr/share/ca-certificates").rglob("*.crt")))
    (root / "etc/ssl/certs/ca-certificates.crt").write_bytes(certificates)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/sbin/nologin\nnonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n")
    (root / "etc/group").write_text("root:x:0:\nnonroot:x:65532:\n")
    for folder in ("proc", "dev", "tmp"):
        (root / folder).mkdir(exist_ok=True)
    assert not (root / "bin/sh").exists(), "distroless has no shell"


def ignored(path):
    patterns = [line for line in (REPOSITORY / ".dockerignore").read_text().split("\n") if line and line[0] != "#"]
    name = str(path.relative_to(REPOSITORY))
    return any(fnmatch.fnmatch(name, each.removeprefix("**/")) or fnmatch.fnmatch(name, f"*/{each.removeprefix('**/')}")
               if each.startswith("**/") else fnmatch.fnmatch(name, each) for each in patterns)


def context(folder, names):
    return {name for name in names if ignored(Path(folder) / name)}


def in_root(root, script, *spaces):
    """A script in a mount and process space of its own, and others that are named."""
    mounts = f"mount -t proc proc {root}/proc && mount --bind /dev {root}/dev"
    return run("unshare", "--mount", "--pid", "--fork", *spaces, "sh", "-euc", f"{mounts}\n{script}")


def build(root, where, text):
    """A RUN, with this machine's toolchain bound to where the `rust` image has it. Its cache is kept in the root."""
    command = re.sub(r"--mount=\S+\s+", "", text)
    tools = []
    for name, there in (("RUSTUP_HOME", "rustup"), ("CARGO_HOME", "cargo")):
        here = os.environ.get(name, str(Path.home() / f".{there}"))
        (root / "usr/local" / there).mkdir(parents=True, exist_ok=True)
        tools.append(f"mount --bind {here} {root}/usr/local/{there}")
    environment = ["PATH=/usr/local/cargo/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root",
                   "RUSTUP_HOME=/usr/local/rustup", "CARGO_HOME=/usr/local/cargo"]
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    words = shlex.join(["chroot", str(root), "env", "-i", *environment, "sh", "-euc", f"cd {where} && {command}"])
    in_root(root, "\n".join([*tools, words]))


def copy(text, stages, root, where):
    words = text.split()
    if words[0].startswith("--from="):
        source = stages[words[0].removeprefix("--from=")] / words[1].strip("/")
        run("cp", "-a", f"{source}/.", root / words[2].strip("/"))
    else:
        target = root / where.strip("/")
        shutil.copytree(REPOSITORY / words[0], target, symlinks=True, ignore=context, dirs_exist_ok=True)


def try_out(root, image):
    """Runs it as a container would: read-only, the image's user, environment and command."""
    environment = [*shlex.split(image["ENV"]), "PATH=/usr/local/bin"]
    start = [*json.loads(image["ENTRYPOINT"]), *json.loads(image["CMD"])]
    health = json.loads(image["HEALTHCHECK"].split("CMD", 1)[1])
    inside = f"chroot --userspec={image['USER']} {root} env -i {shlex.join(environment)}"
    (root / "bin").mkdir(exist_ok=True)
    shutil.copy("/usr/bin/env", root / "bin/env")  # for the line above; the image has none
    volume = image["VOLUME"]
    in_root(root, f"""
        ip link set lo up
        mount --bind {root} {root} && mount -o remount,ro,bind {root}
        mount -t tmpfs -o mode=0750,uid=65532,gid=65532 volume {root}{volume}
        mount -t proc proc {root}/proc
        {inside} {shlex.join(start)} >{root}{volume}/stdout &
        wait_for() {{ for i in $(seq 300); do "$@" && return; sleep 0.1; done; echo "waited in vain: $*" >&2; exit 1; }}
        wait_for grep -q '^ready listen=' {root}{volume}/stdout
        cat {root}{volume}/stdout
        daemon=$!
        grep -E '^(Uid|Gid|Groups):' {root}/proc/$daemon/status
        {inside} {shlex.join(health)} && echo healthy
        {inside} {start[0]} check
        ls -ln {root}{volume}
        kill -TERM $daemon
        wait %1 && echo "stopped by SIGTERM with exit code 0"
        ! {inside} {shlex.join(health)}
    """, "--net")


def main():
    work = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="qunwei-image-")).resolve()
    stages, image, root, where = {}, {}, None, "/"
    for word, text in instructions():
        print(f"== {word} {text}", flush=True)
        if word == "FROM":
            base, *name = text.split(" AS ")
            root, where, image = work / (name or ["image"])[0], "/", {}
            stages[root.name] = root
            if not root.exists():
                root.mkdir(parents=True)
                stand_in(base, root)
        elif word == "WORKDIR":
            where = text
            (root / where.strip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            copy(text, stages, root, where)
        elif word == "RUN":
            build(root, where, text)
        else:
            image[word] = text
    size = run("du", "-sh", root / "usr/local/bin/qunwei", root, capture_output=True, text=True).stdout
    print(f"== what came of it\n{size}", end="", flush=True)
    try_out(root, image)


if __name__ == "__main__":
    main()
