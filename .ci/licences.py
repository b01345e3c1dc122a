"""Licences and sources of every dependency, from `cargo metadata`: only what is listed here may be linked in."""

import json
import re
import subprocess
import sys

ALLOWED = {
    "MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "ISC",
    "Unicode-3.0", "Unlicense", "Zlib", "0BSD", "CC0-1.0", "CDLA-Permissive-2.0", "MIT-0",
}
SOURCE = "registry+https://github.com/rust-lang/crates.io-index"


def allowed(expression: str) -> bool:
    """Whether an SPDX expression can be met by the allowed licences alone."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either() -> bool:
        result = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            result = both() or result
        return result

    def both() -> bool:
        result = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            result = one() and result
        return result

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            result = either()
            tokens.pop(0)
            return result
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token += " WITH " + tokens.pop(0)
        return token in ALLOWED

    return either()


def main() -> int:
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["packages"]
    faults = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if package["source"] is None:
            continue  # this package itself
        if package["source"] != SOURCE:
            faults.append(f"{name}: comes from {package['source']}")
        if not package["license"] or not allowed(package["license"]):
            faults.append(f"{name}: licence {package['license']!r} is not on the list")
        if package["name"] in ("aws-lc-rs", "openssl-sys"):
            faults.append(f"{name}: a second TLS provider; see Cargo.toml")
    print("\n".join(faults) or f"{len(packages)} packages: licences and sources are as they should be")
    return 1 if faults else 0


sys.exit(main())
