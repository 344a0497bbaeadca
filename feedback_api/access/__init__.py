"""Who may do what: keys, sessions, roles, origins."""
