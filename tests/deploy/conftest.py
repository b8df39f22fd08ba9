"""A daemon and its operators, as the scenarios have them."""

from tests.scenarios.conftest import world as world
