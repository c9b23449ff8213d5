# Sourced by scripts/train and scripts/test: makes and updates the private environment of this checkout.
#
# prepare_environment EXTRAS   installs the package with EXTRAS (such as "[test]", or "") into .venv, or into
#                              .venv-X.Y where PYTHON names an interpreter, and sets $environment to its folder.
#                              Installs again only when pyproject.toml or constraints.txt changed.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

prepare_environment() {
    local extras=$1 python version stamp state
    python=$(find_python "${PYTHON:-python3}") || true
    if ! version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); then
        echo "${PYTHON:-python3} does not start; set PYTHON to a Python interpreter of version 3.11 or later." >&2
        return 1
    fi
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "$python is Python $version, neuralpde needs 3.11 or later: PYTHON=python3.12 $0" >&2
        return 1
    fi
    environment=$root/.venv${PYTHON:+-$version}
    stamp=$environment/.installed$extras
    # The folder is part of the state: an editable install points at it, and breaks when the checkout moves.
    state="$root $(cat "$root/pyproject.toml" "$root/constraints.txt" | cksum)"
    if [ -x "$environment/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$state" ]; then
        return 0
    fi
    echo "Installing neuralpde$extras into $environment (once) ..." >&2
    if command -v uv >/dev/null 2>&1; then
        install_with_uv "$python" "$extras"
    else
        install_with_pip "$python" "$extras"
    fi
    printf '%s' "$state" >"$stamp"
}

find_python() {
    if "$1" -c '' 2>/dev/null; then
        command -v "$1"
    else # pyenv's shims start the selected versions only: look among all that are installed
        ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"$1" 2>/dev/null | tail -n 1
    fi
}

install_with_uv() {
    if [ ! -x "$environment/bin/python" ]; then
        rm -rf "$environment"
        uv venv --quiet --python "$1" "$environment"
    fi
    (cd "$root" && uv pip install --quiet --python "$environment/bin/python" -c constraints.txt -e ".$2")
}

install_with_pip() {
    [ -x "$environment/bin/pip" ] || "$1" -m venv --clear "$environment"
    (cd "$root" && "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        -c constraints.txt -e ".$2")
}
