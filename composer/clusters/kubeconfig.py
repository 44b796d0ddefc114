"""The person's kubeconfig: which server a context means, and how one logs in there."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.config import ConfigException, kube_config

from composer.clusters.connection import Connection, Unreachable

_PACKAGE: Any = kube_config
"""The module of the kubernetes package, most of which says no types."""


class Kubeconfig:
    """The contexts of kubeconfig files, read once; *paths* names them as KUBECONFIG does.

    Keys that stand in them have to lie in files to be used; those are written to *folder*, which the caller removes.
    """

    def __init__(self, paths: str, folder: Path) -> None:
        self.folder = folder
        self._problem = ""
        self._config: Any = None
        # What a program that gives credentials says goes to the log, which would print it.
        logging.getLogger().addHandler(logging.NullHandler())
        try:
            self._config = _PACKAGE.KubeConfigMerger(paths).config
        except Exception as problem:  # the parser's too, whose messages repeat lines that may hold a token
            mark = getattr(problem, "problem_mark", None)
            self._problem = f"the kubeconfig cannot be read{f', line {mark.line + 1}' if mark else ''}"
        if self._config is None and not self._problem:
            self._problem = "there is no kubeconfig"

    def connect(self, context: str, seconds: float) -> Connection:
        """A connection to the server of a context. Nothing is asked yet; a program may run that gives credentials.

        Raises Unreachable where the context is not there or cannot be used.
        """
        if self._problem:
            raise Unreachable(self._problem)
        settings: Any = client.Configuration()
        try:
            self._loader(context).load_and_set(settings)
            pool = client.ApiClient(settings).rest_client.pool_manager
        except ConfigException as problem:
            raise Unreachable(_told(context, problem)) from None
        except Exception as problem:  # whatever a credential of a strange form brings about; it stands in the message
            raise Unreachable(f"context {context} cannot be used: {type(problem).__name__}") from None
        given = settings.auth_settings().values()
        headers = {auth["key"]: auth["value"] for auth in given if auth["in"] == "header" and auth["value"]}
        return Connection(settings.host, pool, headers, seconds)

    def _loader(self, context: str) -> Any:
        return _PACKAGE.KubeConfigLoader(
            self._config, active_context=context, config_base_path=None, temp_file_path=str(self.folder)
        )


def _told(context: str, problem: Exception) -> str:
    """What is wrong with a context, as far as it can be said without repeating what stands there."""
    text = str(problem)
    if "Expected object with name" in text and "contexts" in text:
        return f"the kubeconfig has no context {context}"
    if text.startswith("File does not exist"):
        return f"context {context}: {text[0].lower()}{text[1:]}"
    return f"the kubeconfig has no usable context {context}"
