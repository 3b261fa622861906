"""Course assignments: making the students' notebooks, running submissions in a sandbox, scoring and reporting."""
