"""Operators that take email: a pool of SMTP conversations behind the port OperatorGateway."""
