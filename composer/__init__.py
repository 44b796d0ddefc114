"""Edge stack composer: from short YAML documents about sites to complete Kubernetes manifests on Git branches."""

__version__ = "0.1.0"
