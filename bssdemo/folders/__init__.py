"""Whole folders of recordings: found once, cut into tasks, each file a result of its own, and resumable.

files -> found.Entry -> plan: tasks -> machine.tasks: processes, or machine.cluster: Dask -> work.do -> Outcome
"""
