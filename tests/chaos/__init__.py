"""Faults on purpose: servers, connections, disks and processes that give way while a fleet is published."""
