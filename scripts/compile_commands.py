#!/usr/bin/env python3
"""compile_commands.json from pairs of arguments: a source file, the command that compiles it."""

import json
import os
import sys

pairs = zip(sys.argv[1::2], sys.argv[2::2])
print(json.dumps([{"directory": os.getcwd(), "file": file, "command": command} for file, command in pairs], indent=1))
