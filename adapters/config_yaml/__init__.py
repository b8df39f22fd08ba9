"""Configuration files (YAML and CSV) into Settings: strict, all errors at once, each with its file and line."""

from adapters.config_yaml.errors import ConfigError, ConfigErrors
from adapters.config_yaml.history import PlanHistory, load_now, plans_folder
from adapters.config_yaml.router import load, store_of

__all__ = ["ConfigError", "ConfigErrors", "PlanHistory", "load", "load_now", "plans_folder", "store_of"]
