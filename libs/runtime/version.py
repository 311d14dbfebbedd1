"""The version of Everframe, for everything that says it."""

VERSION = "0.1.0"
