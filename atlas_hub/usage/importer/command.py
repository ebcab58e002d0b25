"""The command: options in, exit code out."""

from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from atlas_hub.usage.importer.options import Options
from atlas_hub.usage.importer.progress import Progress
from atlas_hub.usage.importer.report import Report
from atlas_hub.usage.importer.run import dry_run, import_file
from atlas_hub.usage.importer.send import Sender
from atlas_hub_core.errors import InvalidInput, Unavailable


def import_events(
    options: Options,
    *,
    url: str,
    key: str,
    resume: bool = True,
    only_try: bool = False,
    report_file: Path | None = None,
) -> int:
    """Import a file; return 0 if every row was accepted or a repeat, 1 if some were rejected.

    Raises:
        AtlasError: the import could not run, or not to its end.
    """
    if not only_try:
        _check_hub(url, key)
    with ExitStack() as stack:
        report = Report(Console(), report_file)
        if only_try:
            dry_run(options, report)
        else:
            sender = Sender(url, key)
            stack.callback(sender.close)
            progress = Progress(options, url) if resume else None
            try:
                import_file(options, sender, progress, report)
            except (Unavailable, KeyboardInterrupt):
                report.close()
                report.console.print("Interrupted. The same command goes on from here.")
                raise
        report.close()
    return 1 if report.counts.rejected else 0


def _check_hub(url: str, key: str) -> None:
    if not url.startswith(("http://", "https://")):
        message = f"{url!r} is no address of a hub. Write --url as http://127.0.0.1:8000."
        raise InvalidInput(message, code="invalid_url", field="--url")
    if not key:
        message = "The hub wants an API key. Give one by --key, or in ATLAS_API_KEY."
        raise InvalidInput(message, code="missing_key", field="--key")
