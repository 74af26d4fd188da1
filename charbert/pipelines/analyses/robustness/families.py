"""One fine-tuned model on test sets with noise of several families."""

from collections.abc import Mapping
from pathlib import Path

from charbert.config.schema import Settings
from charbert.errors import DataError
from charbert.pipelines.analyses.robustness.noisy_scores import NoisySets, record_noisy_scores
from charbert.pipelines.build.data import task_files
from charbert.pipelines.build.eval_sets import build_noisy_sets
from charbert.runs.analysis_keys import ROBUSTNESS, training_noise_comparison
from charbert.runs.run import Run


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the scores of the settings' model on all families; see `record_noisy_scores`."""
    (run,) = runs.values()
    files = family_files(settings)
    copies = [Path(settings.data.root) / copy.operations for copy in task_files(settings).noisy.values()]
    details = {"training_noise": training_noise_comparison(settings)}
    record_noisy_scores(settings, run, ROBUSTNESS, NoisySets(build_noisy_sets, [*files, *copies], details))


def family_files(settings: Settings) -> list[Path]:
    """Return the files that the families read.

    Raises:
        DataError: if one is missing.
    """
    files = []
    for name, attack in settings.robustness.families.items():
        for path in attack.files(settings.paths.data):
            if not path.is_file():
                family, setting = f"robustness.families.{name}", "misspellings=[FILE]" if attack.misspellings else ""
                raise DataError.at(
                    path,
                    None,
                    expected=f"a file of {family}",
                    found="no such file",
                    hint=f"set paths.data to the folder that holds it, or {family}.{setting or 'confusions=FILE'}, or "
                    f"leave the family out with ~{family}",
                )
            files.append(path)
    return files
