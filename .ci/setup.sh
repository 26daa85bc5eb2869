# Sourced by the jobs: goes to the root of the repository, sets the environment, and defines functions that install
# tools. Runs as root on Debian.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 RUST_BACKTRACE=0
# Some jobs compare sorted lists and messages of tools.
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

# The toolchain for fuzzing and for the snapshot of the public API.
export NIGHTLY=${NIGHTLY:-nightly}

# Tools that are not from Debian are kept between runs.
TOOLS=${XDG_CACHE_HOME:-$HOME/.cache}/pinquery-tools

# Installs the Debian packages of missing programs: programs PROGRAM[:PACKAGE]…
programs() {
    local missing=() program
    for program; do
        command -v "${program%:*}" >/dev/null || missing+=("${program#*:}")
    done
    packages "${missing[@]}"
}

# Installs Debian packages: packages [PACKAGE]…
packages() {
    local tries
    [ $# != 0 ] || return 0
    # Another apt may hold the lock for a moment.
    for tries in 1 2 3 4 5; do
        apt-get -o Acquire::Retries=3 update -q && break
        [ "$tries" != 5 ] || return 1
        sleep 10
    done
    apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 install -qy --no-install-recommends "$@"
}

# Installs Python packages into a separate folder, because Debian's Python is externally managed:
# python_packages FOLDER ARGUMENT…
python_packages() {
    python3 -m pip --version >/dev/null 2>&1 || packages python3-pip
    python3 -m pip install --quiet --no-warn-script-location --upgrade --target "$@"
}

# Installs a program of a crate: cargo_tool CRATE VERSION. Without optimisation, it compiles in half the time, and it
# only starts other programs.
cargo_tool() {
    [ "$("$1" --version 2>/dev/null)" = "$1 $2" ] || cargo install --quiet --locked --debug --force "$1" --version "=$2"
}

# Fails with advice if there is no nightly toolchain.
nightly() {
    cargo "+$NIGHTLY" --version || { echo 'The nightly toolchain of May 2026 is needed: rustup toolchain install nightly-2026-05-20'; return 1; }
}
