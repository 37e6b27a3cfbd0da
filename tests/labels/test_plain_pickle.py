"""Foreign pickles: plain values and NumPy's numbers come back, everything else is refused unrun."""

import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesort.errors import LabelError
from facesort.labels import plain_pickle


def load(folder: Path, data: bytes) -> Any:
    file = folder / "a.pkl"
    file.write_bytes(data)
    return plain_pickle.load(file, "plain values")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
)


@given(value=plain, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_values(tmp_path_factory: pytest.TempPathFactory, value: Any, protocol: int) -> None:
    assert load(tmp_path_factory.getbasetemp(), pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [
        np.array([], np.float64),
        np.array([1, -2, 3], np.int64),
        np.array([[1.5, 2], [3, 4]], ">f4"),
        np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3)),
        np.float32(2.5),
        np.int64(-7),
        np.bool_(True),
    ],
    ids=repr,
)
def test_numpy_numbers(tmp_path: Path, value: Any, protocol: int) -> None:
    found = load(tmp_path, pickle.dumps({"box": value}, protocol))["box"]
    assert (found.tolist() if isinstance(found, plain_pickle.Array) else found) == value.tolist()


class Runs:
    """Pickled, this says: call ``function(*args)``."""

    def __init__(self, function: Any, *args: Any) -> None:
        self._call = function, args

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("function", [os.system, eval, exec, os.mkdir])
def test_a_malicious_pickle_does_not_run(tmp_path: Path, function: Any, protocol: int) -> None:
    victim = tmp_path / "ran"
    args = {os.system: f"mkdir '{victim}'", os.mkdir: str(victim)}
    bad = Runs(function, args.get(function, f"__import__('os').mkdir({str(victim)!r})"))
    data = pickle.dumps({1: {"url": "", "faces": [bad]}}, protocol)
    with pytest.raises(LabelError, match="nothing was run"):
        load(tmp_path, data)
    assert not victim.exists()
    pickle.loads(data)  # the pickle of this test is one that would have
    assert victim.exists()


ARRAY = b"cnumpy\nndarray\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no pickle, or a damaged one"),
        (b"no pickle", "no pickle, or a damaged one"),
        (pickle.dumps({1: [2, 3]})[:-4], "no pickle, or a damaged one"),
        (pickle.dumps(OrderedDict(a=1)), "asks for collections.OrderedDict"),
        (pickle.dumps(Path("x")), "asks for pathlib"),
        (pickle.dumps(np.array([{}, []], object)), "holds an odd NumPy array"),
        (pickle.dumps(np.array(["a"])), "of type U1"),
        (b"cnumpy\nload\n(S'x'\ntR.", "asks for numpy.load"),
        (b"cnumpy.testing._private.utils\nrunstring\n.", "asks for numpy.testing"),
        (b"\x80\x02\x82\x01.", "asks for extension 1"),
        (b"Pid\n.", "refers to something outside"),
        (ARRAY + b"}S'__call__'\nS'x'\nsb.", "changes a function"),
        (ARRAY + b")\x81.", "no pickle, or a damaged one"),
        (ARRAY + b"(tRS'state'\nb.", "holds an odd NumPy array"),
        (ARRAY + b"(tRS'odd'\nb.", "no pickle, or a damaged one"),
        # asks for 8 exabytes of text, and for a memo of 4 billion places
        (b"\x80\x04\x8d" + struct.pack("<Q", 2**63 - 1) + b"x.", "no pickle, or a damaged one"),
        (b"]r\xff\xff\xff\xff0.", "no pickle, or a damaged one"),
    ],
)
def test_what_is_not_plain_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(LabelError, match=why):
        load(tmp_path, data)
