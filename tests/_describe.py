"""Prints what lab_results.py finds in a storage, as JSON that tells types apart.

The arguments are the directory, and the keys to load; all when there are none.
"""
import datetime, json, re, struct, sys

import cbor2, numpy as np
from lab_results import Instance, entries, load

sys.setrecursionlimit(10_000)


def compact(description):
    return json.dumps(description, separators=(",", ":"))


class Description:
    def __init__(self):
        self.met = {}

    def of(self, value):
        if isinstance(value, (list, dict, set, Instance, bytearray, memoryview, np.ndarray)):
            if id(value) in self.met:
                return ["same", self.met[id(value)]]
            self.met[id(value)] = len(self.met)
        return self.new(value)

    def new(self, value):
        match value:
            case None | bool() | str():
                return value
            case _ if value is cbor2.undefined:
                return ["undefined"]
            case _ if value is ...:
                return ["hole"]
            case int():
                return ["int", hex(value)]
            case float():
                return ["float", "nan" if value != value else struct.pack(">d", value).hex()]
            case bytes() | bytearray() | memoryview():
                return [type(value).__name__, value.hex()]
            case np.ndarray():
                return ["ndarray", value.dtype.str, value.tobytes().hex()]
            case np.datetime64():
                return ["datetime64", str(value.astype(int)) if value == value else "NaT"]
            case datetime.datetime():
                assert value.utcoffset() == datetime.timedelta(0)
                return ["datetime", value.isoformat(timespec="milliseconds")]
            case list() | tuple():
                return [type(value).__name__, *map(self.of, value)]
            case set():
                return ["set", *sorted(map(self.of, value), key=compact)]
            case dict():
                return ["dict", *([self.of(key), self.of(entry)] for key, entry in value.items())]
            case Instance():
                return ["Instance", self.of(value.name), self.of(value.data)]
        raise TypeError(f"docs/python.md says nothing of {type(value)}")


def seen(entry):
    line = {key: entry[key] for key in ("key", "name", "params", "duration")}
    line["start"] = entry["start"].isoformat(timespec="milliseconds")
    if len(sys.argv) > 2 and entry["key"] not in sys.argv[2:]:
        return line
    try:
        value = load(entry)
    except (ValueError, cbor2.CBORDecodeError) as error:
        return line | {"error": re.sub(r"\S*/", "", str(error))}
    line["value"] = Description().of(value)
    if entry["params"].get("case") == "plain values":
        line["again"] = cbor2.dumps(value).hex()
    if entry["params"].get("case") == "views of one buffer":
        value["buffer"][0] = 7
        line["afterWriting"] = Description().of(value)
    return line


for entry in entries(sys.argv[1]):
    print(json.dumps(seen(entry)))
