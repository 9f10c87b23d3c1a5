"""Plumbing shared by all REST endpoints."""
