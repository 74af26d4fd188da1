"""What a process of ``tests.new_process`` has when it begins: all imports, and the names of generated newswire.

It is forked, which is safe while no library has begun threads: a child would wait for those of OpenMP for ever.
"""

import gc
import os
from pathlib import Path

os.environ["TRANSFORMERS_VERBOSITY"] = "error"  # as `charbert.runs.errors.reported` does before anything is imported

import charbert.pipelines.redraw
import charbert.pipelines.search.search
import charbert.pipelines.train.finetune  # noqa: F401
from charbert.config.data.sets import NewswireSettings
from charbert.synthetic.generator import Newswire

Newswire(NewswireSettings().seed)
gc.collect()
gc.freeze()  # each training collects garbage, which takes long among all those objects

_tasks = Path("/proc/self/task").glob("*/comm")  # none on a system without /proc
_threads = {task.read_text().strip() for task in _tasks if task.parent.name != str(os.getpid())}
assert _threads <= {"jemalloc_bg_thd"}, f"threads that a fork would lose: {_threads}"  # pyarrow's, which knows of forks
