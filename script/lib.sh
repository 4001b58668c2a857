# Shared by the scripts here; sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages="g++ cmake ninja-build libboost1.81-dev nlohmann-json3-dev libcli11-dev libtomlplusplus-dev libspdlog-dev libicu-dev libsodium-dev libedit-dev libsqlite3-dev brotli esbuild"
test_packages="catch2 python3 python3-websockets nodejs npm chromium netcat-openbsd ncat socat telnet curl procps iproute2 valgrind"
fuzz_packages="clang-14 libclang-rt-14-dev"

# What of the named packages is not there. A program of the same name on PATH counts: it may come from elsewhere.
missing_packages() {
  local package program out=""
  for package in "$@"; do
    case $package in
      ninja-build) program=ninja ;;
      gnuplot-nox) program=gnuplot ;;
      nodejs) program=node ;;
      netcat-openbsd) program=nc.openbsd ;;
      procps) program=ps ;;
      iproute2) program=ip ;;
      *) program=$package ;;
    esac
    command -v "$program" >/dev/null 2>&1 && continue
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || out="$out $package"
  done
  printf '%s' "$out"
}

# Installs what is missing, or says which command does.
need() {
  local missing sudo=""
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  command -v apt-get >/dev/null 2>&1 || {
    echo "missing:$missing - on Debian 12: apt-get install$missing" >&2
    exit 1
  }
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
      echo "missing:$missing - as root: apt-get install$missing" >&2
      exit 1
    }
    sudo=sudo
  fi
  echo "installing:$missing" >&2
  # shellcheck disable=SC2086  # lists of packages
  if ! { $sudo apt-get update -q && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } >&2; then
    echo "could not install; try: apt-get update && apt-get install$missing" >&2
    exit 1
  fi
}

# configure PRESET [cmake arguments…]
configure() {
  local preset=$1 launcher=()
  shift
  mkdir -p "$root/build"
  command -v ccache >/dev/null 2>&1 && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake --preset "$preset" "${launcher[@]}" "$@" >"$root/build/$preset.log" 2>&1 || {
    cat "$root/build/$preset.log" >&2
    exit 1
  }
}
