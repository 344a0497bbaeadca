"""The database schema's history; applied by `floodline db upgrade`, never at a process's start."""
