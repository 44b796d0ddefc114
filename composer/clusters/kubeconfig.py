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

_SECTIONS = ("contexts", "clusters", "users")


class _Merger(_PACKAGE.KubeConfigMerger):  # type: ignore[misc]
    """The same, where each name is looked up and not searched for: a fleet's kubeconfig may have ten thousand of each."""

    def __init__(self, paths: str) -> None:
        self.sections: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}
        super().__init__(paths)

    def _merge(self, item: str, add_cfg: Any, path: str) -> None:
        """What the first file says of a name holds."""
        known = self.sections[item]
        for new in add_cfg:
            known.setdefault(new["name"], _PACKAGE.ConfigNode(path, new, path))

    def only(self, context: str) -> Any:
        """The kubeconfig with this context alone, and what it names."""
        found = self.sections["contexts"].get(context)
        if found is None:
            raise Unreachable(f"the kubeconfig has no context {context}")
        names = {
            "contexts": context,
            "clusters": found["context"]["cluster"],
            "users": found["context"].safe_get("user"),
        }
        parts = {section: [self.sections[section].get(name)] for section, name in names.items()}
        chosen = {section: [each for each in nodes if each is not None] for section, nodes in parts.items()}
        return _PACKAGE.ConfigNode("kubeconfig", {**self.config.value, **chosen}, self.config.path)


class Kubeconfig:
    """The contexts of kubeconfig files, read once; *paths* names them as KUBECONFIG does.

    Keys that stand in them have to lie in files to be used; those are written to *folder*, which the caller removes.
    """

    def __init__(self, paths: str, folder: Path) -> None:
        self.folder = folder
        self._problem = ""
        # What a program that gives credentials says goes to the log, which would print it.
        logging.getLogger().addHandler(logging.NullHandler())
        try:
            self._known = _Merger(paths)
        except Exception as problem:  # the parser's too, whose messages repeat lines that may hold a token
            mark = getattr(problem, "problem_mark", None)
            self._problem = f"the kubeconfig cannot be read{f', line {mark.line + 1}' if mark else ''}"
        if not self._problem and self._known.config is None:
            self._problem = "there is no kubeconfig; KUBECONFIG names one"

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
        except Unreachable:
            raise
        except ConfigException as problem:
            raise Unreachable(_told(context, problem)) from None
        except Exception as problem:  # whatever a credential of a strange form brings about; it stands in the message
            raise Unreachable(f"context {context} cannot be used: {type(problem).__name__}") from None
        given = settings.auth_settings().values()
        headers = {auth["key"]: auth["value"].strip() for auth in given if auth["in"] == "header" and auth["value"]}
        return Connection(settings.host, pool, headers, seconds)

    def _loader(self, context: str) -> Any:
        return _PACKAGE.KubeConfigLoader(
            self._known.only(context),
            active_context=context,
            config_base_path=None,
            temp_file_path=str(self.folder),
        )


def _told(context: str, problem: Exception) -> str:
    """What is wrong with a context, as far as it can be said without repeating what stands there."""
    text = str(problem)
    if text.startswith("File does not exist"):
        return f"context {context}: {text[0].lower()}{text[1:]}"
    return f"the kubeconfig has no usable context {context}"
