"""What is copied to a branch beside the objects: encrypted secrets, byte for byte."""

from __future__ import annotations

from composer.diagnostic import Diagnostic, Rejected
from composer.model.conventions import tenant_namespace
from composer.model.stack import Stack
from composer.pipeline.inputs import encrypted_secrets
from composer.stages.load import read_sops


def encrypted(stack: Stack) -> tuple[dict[str, bytes], list[Diagnostic]]:
    """Path on the branch -> bytes, and what is wrong with files of which not all is encrypted.

    They lie with the tenant's walls: its delivery account may touch no Secret.
    """
    found: dict[str, bytes] = {}
    findings: list[Diagnostic] = []
    for tenant in stack.tenants:
        namespace = tenant_namespace(tenant)
        for name, file in encrypted_secrets(stack, tenant).items():
            try:
                content = read_sops(stack.fleet, file, name, namespace)
            except Rejected as rejected:
                findings += rejected.diagnostics
            else:
                found[f"platform/{namespace}/secret-{name}.sops.yaml"] = content
    return found, findings
