# Sourced behind ci/lib/tools.sh: sets $python to a Python that has `websockets`, in the cache.

python=$cache/python/bin/python
websockets=17.4
if ! "$python" -c "import websockets.version as v; assert v.version == '$websockets'" 2>/dev/null; then
    need python3 python3 python3-venv
    echo "interop: installing Python's websockets $websockets"
    rm -rf "$cache/python"
    { python3 -m venv "$cache/python" && "$cache/python/bin/pip" install "websockets==$websockets"; } >"$cache/python.log" 2>&1 ||
        { tail -n 5 "$cache/python.log" >&2 && fail "cannot install websockets"; }
fi
