"""Where Piccolo's own commands find the engine and the tables."""

from piccolo.conf.apps import AppRegistry

from backend.database.engine import ENGINE

DB = ENGINE
APP_REGISTRY = AppRegistry(apps=["backend.piccolo_app"])
