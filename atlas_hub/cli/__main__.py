"""`python -m atlas_hub.cli`, for processes that the hub starts itself."""

from atlas_hub.cli.main import main

main()
