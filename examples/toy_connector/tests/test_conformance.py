from pathlib import Path
from tempfile import gettempdir

from atlas_hub_paper.connector import Paper

from atlas_hub.testing.connector_suite import connector_suite

TestPaper = connector_suite(Paper, config={"folder": Path(gettempdir())}, secrets={})
