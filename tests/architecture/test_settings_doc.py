"""The settings reference says what the model says."""

from pathlib import Path

from atlas_hub.settings import Settings, settings_table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_page_has_the_table_of_the_model() -> None:
    assert settings_table() in PAGE.read_text(), (
        "docs/reference/settings.md is out of date: paste the output of"
        " python -c 'from atlas_hub.settings import settings_table; print(settings_table())'"
    )


def test_every_setting_is_described() -> None:
    bare = [name for name, field in Settings.model_fields.items() if not field.description]
    assert not bare
