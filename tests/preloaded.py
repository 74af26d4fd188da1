"""What a process of ``tests.new_process`` has when it begins: all imports, and the names of generated newswire."""

import gc
import os

os.environ["TRANSFORMERS_VERBOSITY"] = "error"  # as `charbert.runs.errors.reported` does before anything is imported

import charbert.pipelines.redraw
import charbert.pipelines.search.search
import charbert.pipelines.train.finetune  # noqa: F401
from charbert.config.data.sets import NewswireSettings
from charbert.synthetic.generator import Newswire

Newswire(NewswireSettings().seed)
gc.collect()
gc.freeze()  # each training collects garbage, which takes long among all those objects
