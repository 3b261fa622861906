"""Course assignments: make the students' notebooks, run submissions in a sandbox, score and report."""
