"""The commands, each imported when it is run, so that `--help` is quick."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from atlas_hub_core.errors import (
    AtlasError,
    Forbidden,
    InvalidInput,
    Unauthenticated,
    Unavailable,
)

app = typer.Typer(
    name="atlas-hub",
    help="Atlas Hub: usage in, exact invoices out, connected to the systems you already run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
db = typer.Typer(help="The database.", no_args_is_help=True)
events = typer.Typer(help="Usage events.", no_args_is_help=True)
connectors = typer.Typer(help="Installed plugins.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(events, name="events")
app.add_typer(connectors, name="connectors")

SafeMode = Annotated[bool, typer.Option("--safe-mode", help="Load no third-party plugins.")]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Run a worker process as well.")
    ] = True,
    safe_mode: SafeMode = False,
) -> None:
    """Run the hub: API, a worker, and, without settings, its own PostgreSQL and Valkey."""
    from atlas_hub.cli.serve import serve as run

    run(host=host, port=port, with_worker=with_worker, safe_mode=safe_mode)


@app.command()
def worker(
    parent: Annotated[
        int | None, typer.Option(help="Stop when this process is gone.", hidden=True)
    ] = None,
    lease_seconds: Annotated[
        float, typer.Option(min=1.0, help="How soon another worker takes over after a crash.")
    ] = 7.0,
    safe_mode: SafeMode = False,
) -> None:
    """Run a worker: deliveries, billing and everything else that is not a request."""
    from atlas_hub.cli.worker import worker as run

    run(parent=parent, lease_seconds=lease_seconds, safe_mode=safe_mode)


@app.command()
def sandbox(
    name: Annotated[str, typer.Argument(help="Slug of a connector, such as `stripe`.")],
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 0,
) -> None:
    """Run a connector's sandbox: a simulated vendor on this machine."""
    from atlas_hub.cli.sandbox import sandbox as run

    run(name, port)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running.")] = False,
    given: Annotated[
        list[Path] | None,
        typer.Option(
            "--input",
            metavar="FILE...",
            help="Bill these files (columns TIMESTAMP, ContextTokens, GeneratedTokens) instead; "
            "each is one customer.",
        ),
    ] = None,
    more: Annotated[list[Path] | None, typer.Argument(hidden=True)] = None,
) -> None:
    """Play the main job end to end: usage in, invoices out, paid at a simulated Stripe."""
    from atlas_hub.cli.demo.command import demo as run

    run([*(given or []), *(more or [])], keep=keep)


@app.command()
def doctor() -> None:
    """Check this installation: settings, database, Redis, schema, worker, plugins, dead jobs."""
    from atlas_hub.cli.doctor import doctor as run

    raise typer.Exit(run())


@app.command()
def verify() -> None:
    """Check that stored invoices add up and that no audit entry was changed; report differences."""
    from atlas_hub.cli.verify import verify as run

    raise typer.Exit(run())


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to the schema of this version."""
    from atlas_hub.cli.services import load_services
    from atlas_hub.db.migrate import upgrade_blocking

    upgrade_blocking(load_services().database_url)
    typer.echo("The database has the schema of this version.")


@events.command("import")
def events_import(
    file: Annotated[
        Path, typer.Argument(help="CSV, or NDJSON if it ends in .ndjson or .jsonl.", exists=True)
    ],
    event_name: Annotated[str, typer.Option(help="Name of the events, such as `llm.request`.")],
    timestamp_column: Annotated[str, typer.Option(help="Column of the time.")],
    customer: Annotated[
        str | None, typer.Option(metavar="REF", help="Whose usage all rows are.")
    ] = None,
    customer_column: Annotated[
        str | None, typer.Option(help="Column that says whose usage a row is.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Zone of times that name none.")
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option(help="Column of the event's id. Without one the row's number is the id."),
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            metavar="NAME=COLUMN:type",
            help="A property to keep; types: string, integer, number, boolean, json. Repeatable.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Source of the events; the file's name if left out.")
    ] = None,
    url: Annotated[
        str, typer.Option(envvar="ATLAS_URL", help="The hub.")
    ] = "http://127.0.0.1:8000",
    key: Annotated[str, typer.Option(envvar="ATLAS_API_KEY", help="An API key.")] = "",
    report: Annotated[
        Path | None, typer.Option(help="Write every rejected row to this file, as NDJSON.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--restart", help="Go on where an interrupted import ended.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every row, send none, show the first events.")
    ] = False,
) -> None:
    """Import usage from a file. Importing it again changes nothing; changed rows are conflicts.

    An empty cell is a property left out. Without --id-column the number of the row is the id, so
    rows must keep their order. An interrupted import goes on where it ended.

    Exit codes: 0 every row is in the hub, 1 some were rejected, 2 the import cannot be done so,
    3 the hub does not answer.
    """
    from atlas_hub.usage.importer.command import import_events
    from atlas_hub.usage.importer.options import Options, parse_properties

    options = Options(
        file=file,
        event_name=event_name,
        customer=customer,
        customer_column=customer_column,
        timestamp_column=timestamp_column,
        timezone=timezone,
        id_column=id_column,
        properties=parse_properties(properties or []),
        source=source or file.name,
    )
    code = import_events(
        options, url=url, key=key, resume=resume, only_try=dry_run, report_file=report
    )
    raise typer.Exit(code)


@connectors.command("list")
def connectors_list(safe_mode: SafeMode = False) -> None:
    """List installed plugins with version, state and what their connections take."""
    from atlas_hub.cli.connectors import list_plugins

    list_plugins(safe_mode=safe_mode)


def main() -> None:
    """Run the command; errors made on purpose become one line and an exit code.

    2: what was asked for cannot be; 3: something that is needed is away, try again; else 1.
    """
    try:
        app(standalone_mode=True)
    except AtlasError as error:
        typer.secho(f"atlas-hub: {error.message}", fg="red", err=True)
        wrong_call = isinstance(error, InvalidInput | Unauthenticated | Forbidden)
        sys.exit(2 if wrong_call else 3 if isinstance(error, Unavailable) else 1)
