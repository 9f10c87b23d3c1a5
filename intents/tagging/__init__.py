"""Turning customers' messages from closed tickets into labelled phrasings, decided by people.

``sampling`` and ``agreement`` are pure; ``filling`` chooses what is worth a look, ``claiming`` gives each
person the next messages, ``deciding`` and ``settling`` keep what people said and make examples of it.
"""
