"""Experiments of the Neurorobotics Platform: a script that advances engines step by step."""
