"""SQL of acts as runs."""

# SQL: several tables in one question.
LEFT_TRACE = """
SELECT EXISTS (SELECT FROM run_fact WHERE run_id = $1) OR EXISTS (SELECT FROM run WHERE caused_by = $1)
    OR EXISTS (SELECT FROM run_change WHERE run_id = $1)
    -- Its rows are written by a worker afterwards.
    OR EXISTS (SELECT FROM import_job WHERE run_id = $1)
"""
