"""Muster as a Piccolo app: its tables and its migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

APP_CONFIG = AppConfig(
    app_name="muster",
    migrations_folder_path=str(Path(__file__).parent / "migrations"),
    table_classes=table_finder(["backend.tables"]),
)
