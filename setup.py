"""Shim for tools that still look for setup.py; every fact lives in pyproject.toml."""

from setuptools import setup

setup()
